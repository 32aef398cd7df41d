"""What a training run needs to go on from a stored point as if it had never stopped."""

import io
from dataclasses import dataclass

import numpy as np

from service.backprop.arrays import FloatArray


@dataclass(frozen=True)
class TrainingState:
    """After `epoch` epochs and `steps` optimizer steps. Random draws need no state: they are functions of the epoch."""

    epoch: int
    steps: int
    best_epoch: int
    best_loss: float
    parameters: FloatArray
    slots: dict[str, FloatArray]

    def to_bytes(self) -> bytes:
        """An NPZ archive; every bit survives, -0.0 too."""
        stream = io.BytesIO()
        numbers = np.array([self.epoch, self.steps, self.best_epoch], dtype="<i8")
        slots = {f"slot_{name}": vector for name, vector in self.slots.items()}
        arrays = {"numbers": numbers, "best_loss": np.float64(self.best_loss), "parameters": self.parameters, **slots}
        np.savez(stream, allow_pickle=False, **arrays)  # type: ignore[arg-type]
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> "TrainingState":
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            epoch, steps, best_epoch = (int(number) for number in archive["numbers"])
            slots = {name.removeprefix("slot_"): archive[name] for name in archive.files if name.startswith("slot_")}
            return cls(epoch, steps, best_epoch, float(archive["best_loss"]), archive["parameters"], slots)
