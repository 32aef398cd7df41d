"""What training tells after an epoch, and what it needs to go on as if it had never stopped.

Owns EpochResult and TrainingState with its bytes. Imports NumPy and `service.errors`.
"""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO

import numpy as np

from service.backprop.arrays import FloatArray
from service.errors import Malformed

FORMAT = 1
SLOT = "slot_"


@dataclass(frozen=True, eq=False)
class TrainingState:
    """Everything that training after `epoch` depends on beside its settings and rows; randomness needs no state.

    `steps` counts the optimizer's steps. The best epoch is the one of the smallest validation loss, without validation
    the smallest training loss.
    """

    epoch: int
    steps: int
    parameters: FloatArray
    slots: dict[str, FloatArray]
    best_epoch: int
    best_loss: float
    best_parameters: FloatArray

    def to_bytes(self) -> bytes:
        """An uncompressed NPZ file; every number keeps all its bits."""
        arrays = {
            "format": np.int64(FORMAT),
            "counts": np.array([self.epoch, self.steps, self.best_epoch], np.int64),
            "best_loss": np.float64(self.best_loss),
            "parameters": self.parameters,
            "best_parameters": self.best_parameters,
            **{SLOT + name: slot for name, slot in self.slots.items()},
        }
        stream = BytesIO()
        np.savez(stream, allow_pickle=False, **arrays)
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "TrainingState":
        """What `to_bytes` wrote; `Malformed` when the bytes are something else."""
        try:
            with np.load(BytesIO(data), allow_pickle=False) as arrays:
                if arrays["format"] != FORMAT:
                    raise Malformed(f"the training state has format {arrays['format']}; this program reads {FORMAT}")
                epoch, steps, best_epoch = (int(count) for count in arrays["counts"])
                slots = {name.removeprefix(SLOT): arrays[name] for name in arrays if name.startswith(SLOT)}
                best_loss = float(arrays["best_loss"])
                parameters, best_parameters = arrays["parameters"], arrays["best_parameters"]
                return cls(epoch, steps, parameters, slots, best_epoch, best_loss, best_parameters)
        except (ValueError, TypeError, KeyError, AttributeError, OSError, EOFError, zipfile.BadZipFile) as error:
            raise Malformed("the training state cannot be read: it is cut off or damaged") from error


@dataclass(frozen=True, eq=False, slots=True)
class EpochResult:
    """One epoch: epoch 0 is before training. Losses are means over rows.

    `training_loss` and `training_metrics` are gathered over the epoch's batches, each before its update; those of epoch
    0 are measured on the first rows. `learning_rate` is the one that was used. `parameters` and `best_parameters` are
    read-only views that stay as they are until the next epoch ends: copy to keep.
    """

    epoch: int
    training_loss: float
    validation_loss: float | None
    training_metrics: dict[str, float]
    validation_metrics: dict[str, float]
    learning_rate: float
    seconds: float
    best_epoch: int
    parameters: FloatArray
    best_parameters: FloatArray
    _state: Callable[[], TrainingState] = field(repr=False)

    def state(self) -> TrainingState:
        """Copies of all that is needed to go on from here; to be called before the next epoch ends."""
        return self._state()
