"""What a training run needs to go on from a stored point as if it had never stopped."""

import io
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

import numpy as np

from service.backprop.arrays import FloatArray

SLOT = "slot_"


@dataclass(frozen=True)
class OptimizerState:
    """What an optimizer has gathered in `steps` steps: its vectors by name."""

    steps: int
    slots: dict[str, FloatArray]

    @property
    def nbytes(self) -> int:
        """What its vectors take."""
        return sum(vector.nbytes for vector in self.slots.values())

    def to_bytes(self) -> bytes:
        """An NPZ archive; every bit survives."""
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
class PartialEpoch:
    """An epoch that is under way: `batches` of its steps are taken, in `seconds`.

    `loss` and `normaliser` are sums over their rows, `memories` what the metrics hold of them, as arrays.
    """

    batches: int
    seconds: float
    loss: float
    normaliser: float
    memories: list[list[FloatArray]]

    def to_arrays(self) -> dict[str, Any]:
        """As `TrainingState.write` writes it."""
        return {
            "begun_counts": np.array([self.batches, *map(len, self.memories)], dtype="<i8"),
            "begun_values": np.array([self.seconds, self.loss, self.normaliser], dtype="<f8"),
            **{
                f"begun_{metric}_{index}": array
                for metric, arrays in enumerate(self.memories)
                for index, array in enumerate(arrays)
            },
        }

    @classmethod
    def from_arrays(cls, archive: Any) -> "PartialEpoch":
        batches, *counts = archive["begun_counts"].tolist()
        memories = [
            [archive[f"begun_{metric}_{index}"] for index in range(count)] for metric, count in enumerate(counts)
        ]
        seconds, loss, normaliser = archive["begun_values"].tolist()
        return cls(batches, seconds, loss, normaliser, memories)


@dataclass(frozen=True)
class TrainingState:
    """After `epoch` epochs and `steps` optimizer steps. Random draws need no state: they are functions of the epoch.

    `vector` holds parameters and running statistics, `slots` the optimizer's vectors, `memory` what schedules, early
    stopping and the detection of plateaus have seen, `partial_epoch` what is done of the next epoch, if anything is.
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
        """The optimizer's part of it."""
        return OptimizerState(self.steps, self.slots)

    @property
    def nbytes(self) -> int:
        """What its vectors take."""
        return self.vector.nbytes + self.optimizer.nbytes

    def to_bytes(self) -> bytes:
        """What `write` writes."""
        stream = io.BytesIO()
        self.write(stream)
        return stream.getvalue()

    def write(self, stream: BinaryIO) -> None:
        """An NPZ archive; every bit survives, -0.0 too. Vectors pass in pieces, so that no copy is made of them."""
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
    """Gives a run's state after an epoch or after a batch, while training has not gone on from there."""

    def __call__(self, copied: bool = True) -> TrainingState:
        """A copy, or else views of the living vectors: those must be written before training goes on."""


class Checkpoint(Protocol):
    """Where the state is kept within epochs that are long.

    Asked before every step or chunk but an epoch's first, and before that one where training stops there.
    """

    def is_due(self, stopping: bool) -> bool:
        """Whether to keep it now; `stopping`: training ends here."""

    def store(self, state: StateTaker) -> bool:
        """Store it; whether training is to end here, within the epoch. Else it goes on when this returns."""
