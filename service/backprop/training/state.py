"""The state from which a training run continues as if it had never stopped, and its NPZ format."""

import io
import math
from dataclasses import astuple, dataclass
from typing import Any, BinaryIO, Protocol

import numpy as np

from service.backprop.arrays import FloatArray
from service.backprop.training.diagnostics import LayerDiagnostics

SLOT = "slot_"


@dataclass(frozen=True)
class OptimizerState:
    """The optimizer's state after `steps` steps: its vectors (parameters,) by name."""

    steps: int
    slots: dict[str, FloatArray]

    @property
    def nbytes(self) -> int:
        """The size of its vectors in bytes."""
        return sum(vector.nbytes for vector in self.slots.values())

    def to_bytes(self) -> bytes:
        """Return an NPZ archive; every bit is preserved."""
        stream = io.BytesIO()
        np.savez(stream, allow_pickle=False, steps=np.int64(self.steps), **_named(self.slots))
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "OptimizerState":
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return cls(int(archive["steps"]), _slots(archive))


def _named(slots: dict[str, FloatArray]) -> dict[str, FloatArray]:
    return {SLOT + name: vector for name, vector in slots.items()}


def _slots(archive: Any) -> dict[str, FloatArray]:
    return {name.removeprefix(SLOT): archive[name] for name in archive.files if name.startswith(SLOT)}


@dataclass(frozen=True)
class Sums:
    """The sums over some rows: of their losses and weights, and what each metric has accumulated, as arrays."""

    loss: float
    normaliser: float
    memories: list[list[FloatArray]]

    def to_arrays(self, prefix: str) -> dict[str, FloatArray]:
        """Return the metrics' arrays by the names under which they are stored."""
        return {
            f"{prefix}_{metric}_{index}": array
            for metric, arrays in enumerate(self.memories)
            for index, array in enumerate(arrays)
        }

    @classmethod
    def from_arrays(cls, archive: Any, prefix: str, values: list[float], counts: list[int]) -> "Sums":
        """Return the sums with their metrics' arrays from an archive, `counts` of them for each metric."""
        memories = [
            [archive[f"{prefix}_{metric}_{index}"] for index in range(count)] for metric, count in enumerate(counts)
        ]
        loss, normaliser = values
        return cls(loss, normaliser, memories)


@dataclass(frozen=True)
class PartialEpoch:
    """The completed part of an epoch: `batches` of its steps and `validated_rows` of its validation, in `seconds`.

    `validation` holds the sums over those rows, `layers` the diagnostics after the last step. The names of stored
    arrays are a format; those of validation and layers may be absent.
    """

    batches: int
    seconds: float
    training: Sums
    layers: tuple[LayerDiagnostics, ...] | None = None
    validated_rows: int = 0
    validation: Sums | None = None

    def to_arrays(self) -> dict[str, Any]:
        """Return the arrays that `TrainingState.write` stores for it."""
        training, validation = self.training, self.validation
        arrays: dict[str, Any] = {
            "begun_counts": np.array([self.batches, *map(len, training.memories)], dtype="<i8"),
            "begun_values": np.array([self.seconds, training.loss, training.normaliser], dtype="<f8"),
            **training.to_arrays("begun"),  # a stored format
        }
        if self.layers is not None:
            values = [[math.nan if value is None else value for value in astuple(layer)] for layer in self.layers]
            arrays["layers"] = np.array(values, dtype="<f8")
        if validation is not None:
            arrays["validation_counts"] = np.array([self.validated_rows, *map(len, validation.memories)], dtype="<i8")
            arrays["validation_values"] = np.array([validation.loss, validation.normaliser], dtype="<f8")
            arrays |= validation.to_arrays("validation")
        return arrays

    @classmethod
    def from_arrays(cls, archive: Any) -> "PartialEpoch":
        batches, *counts = archive["begun_counts"].tolist()
        seconds, *sums = archive["begun_values"].tolist()
        layers, validated_rows, validation = None, 0, None
        if "layers" in archive.files:
            rows = archive["layers"].tolist()
            layers = tuple(LayerDiagnostics(row[0], *map(_defined, row[1:])) for row in rows)  # 5 values before `error`
        if "validation_counts" in archive.files:
            validated_rows, *of_metrics = archive["validation_counts"].tolist()
            validation = Sums.from_arrays(archive, "validation", archive["validation_values"].tolist(), of_metrics)
        training = Sums.from_arrays(archive, "begun", sums, counts)
        return cls(batches, seconds, training, layers, validated_rows, validation)


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value


@dataclass(frozen=True)
class TrainingState:
    """The state of training after an epoch or within the next one. Random draws need no state: see `randomness`.

    Attributes
    ----------
    epoch, steps
        The number of the last complete epoch, and of optimizer steps.
    vector
        Parameters and running statistics.
    slots
        The optimizer's vectors.
    memory
        What schedules, early stopping and the detection of plateaus have stored.
    partial_epoch
        The completed part of the next epoch, or None.
    """

    epoch: int
    steps: int
    best_epoch: int
    best_value: float
    vector: FloatArray
    slots: dict[str, FloatArray]
    memory: dict[str, float]
    partial_epoch: PartialEpoch | None = None

    @property
    def optimizer(self) -> OptimizerState:
        """The optimizer's part of the state."""
        return OptimizerState(self.steps, self.slots)

    @property
    def nbytes(self) -> int:
        """The size of its vectors in bytes."""
        return self.vector.nbytes + self.optimizer.nbytes

    def to_bytes(self) -> bytes:
        """Return the bytes that `write` writes."""
        stream = io.BytesIO()
        self.write(stream)
        return stream.getvalue()

    def write(self, stream: BinaryIO) -> None:
        """Write an NPZ archive that preserves every bit. Vectors are written in pieces, so that none is copied."""
        arrays = {
            "numbers": np.array([self.epoch, self.steps, self.best_epoch], dtype="<i8"),
            "best_value": np.float64(self.best_value),
            "vector": self.vector,
            "memory_names": np.array(list(self.memory), dtype=np.str_),
            "memory_values": np.array(list(self.memory.values()), dtype="<f8"),
            **_named(self.slots),
            **({} if self.partial_epoch is None else self.partial_epoch.to_arrays()),
        }
        np.savez(stream, allow_pickle=False, **arrays)

    @classmethod
    def from_bytes(cls, data: bytes) -> "TrainingState":
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            epoch, steps, best_epoch = (int(number) for number in archive["numbers"])
            names, values = archive["memory_names"].tolist(), archive["memory_values"].tolist()
            memory = dict(zip(names, values, strict=True))
            best_value, vector = float(archive["best_value"]), archive["vector"]
            partial_epoch = PartialEpoch.from_arrays(archive) if "begun_counts" in archive.files else None
            return cls(epoch, steps, best_epoch, best_value, vector, _slots(archive), memory, partial_epoch)


class StateTaker(Protocol):
    """Returns the state of a run; valid until training continues."""

    def __call__(self, copied: bool = True) -> TrainingState:
        """Return a copy, or else views of the vectors in use, which must be written before training continues."""


class Checkpoint(Protocol):
    """Stores the state within long epochs.

    It is called before every step or chunk of an epoch except the first, before the first if training stops there, and
    before every chunk of validation rows.
    """

    def is_due(self, stopping: bool) -> bool:
        """Return whether to store the state now; `stopping` says that training ends here."""

    def store(self, state: StateTaker) -> bool:
        """Store the state; return whether training is to end here, within the epoch."""
