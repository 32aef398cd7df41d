"""What a training run needs to go on from a stored point as if it had never stopped."""

import io
from dataclasses import dataclass

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

    def to_bytes(self) -> bytes:
        """An NPZ archive; every bit survives, -0.0 too."""
        stream = io.BytesIO()
        arrays = {
            "numbers": np.array([self.epoch, self.steps, self.best_epoch], dtype="<i8"),
            "best_value": np.float64(self.best_value),
            "vector": self.vector,
            "memory_names": np.array(list(self.memory), dtype=np.str_),
            "memory_values": np.array(list(self.memory.values()), dtype="<f8"),
            **{f"slot_{name}": vector for name, vector in self.slots.items()},
        }
        np.savez(stream, allow_pickle=False, **arrays)  # type: ignore[arg-type]
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "TrainingState":
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            epoch, steps, best_epoch = (int(number) for number in archive["numbers"])
            slots = {name.removeprefix("slot_"): archive[name] for name in archive.files if name.startswith("slot_")}
            names, values = archive["memory_names"].tolist(), archive["memory_values"].tolist()
            memory = dict(zip(names, values, strict=True))
            return cls(epoch, steps, best_epoch, float(archive["best_value"]), archive["vector"], slots, memory)
