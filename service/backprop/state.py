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
class TrainingState:
    """After `epoch` epochs and `steps` optimizer steps. Random draws need no state: they are functions of the epoch.

    `vector` holds parameters and running statistics, `slots` the optimizer's vectors, `memory` what schedules, early
    stopping and the watch for plateaus have seen.
    """

    epoch: int
    steps: int
    best_epoch: int
    best_value: float
    vector: FloatArray
    slots: dict[str, FloatArray]
    memory: dict[str, float]

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
        }
        np.savez(stream, allow_pickle=False, **arrays)  # type: ignore[arg-type]

    @classmethod
    def from_bytes(cls, data: bytes) -> "TrainingState":
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            epoch, steps, best_epoch = (int(number) for number in archive["numbers"])
            names, values = archive["memory_names"].tolist(), archive["memory_values"].tolist()
            memory = dict(zip(names, values, strict=True))
            best_value, vector = float(archive["best_value"]), archive["vector"]
            return cls(epoch, steps, best_epoch, best_value, vector, _slots(archive), memory)


class StateTaker(Protocol):
    """Gives a run's state after an epoch, while the next one has not begun."""

    def __call__(self, copied: bool = True) -> TrainingState:
        """A copy, or else views of the living vectors: those must be written before training goes on."""
