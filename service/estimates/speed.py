"""How fast a machine does the work of an epoch: seconds for each count of `Work`, corrected by what a worker measured.

The seconds were fitted to trainings of 27 shapes on one core (docs/decisions/0060-estimates.md). A worker measures
three small trainings when it starts (`service.estimates.calibration`), which says by how much its machine differs.
"""

from dataclasses import dataclass, fields
from typing import Any

from service.backprop.training.kernels import NUMBA, NUMPY
from service.estimates.shapes import Shape
from service.estimates.work import Work

STEPS = frozenset({"epochs", "batches", "layer_steps", "validations"})  # calls, whatever the size of their arrays
WITH_TWO_THREADS = 0.75  # of one thread's seconds: two share large steps, or one gathers rows ahead

Seconds = dict[str, float]
SECONDS: dict[tuple[str, str], Seconds] = {
    (NUMBA, "float32"): {
        "epochs": 0.00027,
        "batches": 4e-07,
        "layer_steps": 3e-06,
        "gathered": 2.3e-09,
        "listed": 2.7e-11,
        "small_products": 9.9e-12,
        "large_products": 1.1e-11,
        "cheap_units": 1.2e-09,
        "exponentials": 2.3e-09,
        "updates": 9.1e-11,
        "slot_updates": 3.3e-10,
        "validated": 1.2e-11,
        "validated_units": 4.5e-10,
        "validations": 1.7e-05,
        "scored": 1.4e-08,
    },
    (NUMBA, "float64"): {
        "epochs": 0.00034,
        "batches": 4e-07,
        "layer_steps": 2.6e-06,
        "gathered": 3e-09,
        "listed": 6.1e-11,
        "small_products": 2.4e-11,
        "large_products": 1.8e-11,
        "cheap_units": 2e-09,
        "exponentials": 3.7e-09,
        "updates": 3.4e-10,
        "slot_updates": 9.1e-11,
        "validated": 6.1e-12,
        "validated_units": 4.5e-10,
        "validations": 1.4e-05,
        "scored": 1.7e-08,
    },
    (NUMPY, "float32"): {
        "epochs": 0.00012,
        "batches": 2.7e-05,
        "layer_steps": 1.4e-05,
        "gathered": 9.9e-10,
        "listed": 0.0,
        "small_products": 1.2e-11,
        "large_products": 1.1e-11,
        "cheap_units": 2.2e-09,
        "exponentials": 4e-09,
        "updates": 1.4e-10,
        "slot_updates": 1.2e-09,
        "validated": 4.5e-12,
        "validated_units": 4.5e-10,
        "validations": 1.9e-05,
        "scored": 1.4e-08,
    },
    (NUMPY, "float64"): {
        "epochs": 6.3e-05,
        "batches": 3.3e-05,
        "layer_steps": 6.6e-06,
        "gathered": 3e-10,
        "listed": 0.0,
        "small_products": 8.4e-12,
        "large_products": 1.9e-11,
        "cheap_units": 5.3e-09,
        "exponentials": 1.2e-08,
        "updates": 7.8e-10,
        "slot_updates": 1.5e-09,
        "validated": 4.5e-12,
        "validated_units": 4.5e-10,
        "validations": 8.4e-05,
        "scored": 2.7e-08,
    },
}


@dataclass(frozen=True)
class Calibration:
    """By which factors a machine differs from the one of `SECONDS`: in calls, and in what is done with each number."""

    steps: float = 1.0
    arithmetic: float = 1.0

    def to_json(self) -> dict[str, float]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> "Calibration":
        return cls(**{field.name: float(record[field.name]) for field in fields(cls)})


def seconds_of(work: Work, kernels: str, precision: str, threads: int) -> Seconds:
    """Return the seconds of one epoch by the counts of its work, on the machine of the constants."""
    is_shared = kernels == NUMBA and threads > 1 and work.epochs == 1.0
    shared = WITH_TWO_THREADS if is_shared else 1.0
    seconds = SECONDS[kernels, precision]
    return {name: n * seconds[name] * (1.0 if name in STEPS else shared) for name, n in work.counts().items()}


def parts_of(shape: Shape, calibration: Calibration) -> Seconds:
    """Return the seconds of one epoch by the counts of its work, on a machine with this calibration."""
    kernels = NUMBA if shape.is_compiled else NUMPY
    parts = seconds_of(shape.work, kernels, shape.training.precision, shape.settings.threads)
    return {
        name: seconds * (calibration.steps if name in STEPS else calibration.arithmetic)
        for name, seconds in parts.items()
    }
