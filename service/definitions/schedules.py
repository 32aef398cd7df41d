"""Checks that a schedule of the learning rate fits the optimizer and the number of epochs."""

from service.backprop.optimizers import OPTIMIZERS
from service.definitions.choices import build
from service.definitions.resolved import Choice
from service.errors import Invalid

WHERE = "#/training/schedule"


def check_schedule(schedule: Choice | None, optimizer: Choice, epochs: int) -> None:
    """Raise `Invalid` for a schedule that would raise the rate it is to lower, or that ends before it starts."""
    if not isinstance(schedule, dict):
        return
    rate, minimum = build(OPTIMIZERS, optimizer).learning_rate, schedule.get("minimum", 0.0)
    if minimum > rate:
        raise Invalid.at(
            f"{WHERE}/minimum", f"must be at most the optimizer's learning_rate, {rate:g}, got {minimum:g}"
        )
    warmup = schedule.get("warmup_epochs", 0)
    if warmup > epochs:
        raise Invalid.at(f"{WHERE}/warmup_epochs", f"must be at most the job's epochs, {epochs}, got {warmup}")
