"""What a training run needs to go on from a stored point as if it had never stopped."""

import io
from dataclasses import dataclass
from typing import BinaryIO, Protocol

import numpy as np

from service.backprop.arrays import FloatArray


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
    def nbytes(self) -> int:
        """What its vectors take."""
        return self.vector.nbytes + sum(vector.nbytes for vector in self.slots.values())

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
            **{f"slot_{name}": vector for name, vector in self.slots.items()},
        }
        np.savez(stream, allow_pickle=False, **arrays)  # type: ignore[arg-type]

    @classmethod
    def from_bytes(cls, data: bytes) -> "TrainingState":
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            epoch, steps, best_epoch = (int(number) for number in archive["numbers"])
            slots = {name.removeprefix("slot_"): archive[name] for name in archive.files if name.startswith("slot_")}
            names, values = archive["memory_names"].tolist(), archive["memory_values"].tolist()
            memory = dict(zip(names, values, strict=True))
            return cls(epoch, steps, best_epoch, float(archive["best_value"]), archive["vector"], slots, memory)


class StateTaker(Protocol):
    """Gives a run's state after an epoch, while the next one has not begun."""

    def __call__(self, copied: bool = True) -> TrainingState:
        """A copy, or else views of the living vectors: those must be written before training goes on."""
