"""Counts predictions by the version of a model that made them, for the statistics of the Open Inference Protocol."""

from typing import cast

from service.api.context import model_statistics
from service.api.granted import services_of
from service.api.timing import Timing
from service.models.cache import TrainedNetwork
from service.ops.model_statistics import Counted


def count_answered(trained: TrainedNetwork, rows: int, timing: Timing) -> None:
    """Count a prediction of so many rows, with its three steps; epochs of jobs are not."""
    if trained.version is not None:
        model_statistics().count(_counted(trained, trained.version), rows, *timing.nanoseconds)


def count_refused(trained: TrainedNetwork, timing: Timing) -> None:
    """Count a request to predict that was refused once its version was found."""
    if trained.version is not None:
        timing.end("refuse")
        model_statistics().count_failure(_counted(trained, trained.version), sum(timing.nanoseconds))


def _counted(trained: TrainedNetwork, version: int) -> Counted:
    """Return whose statistics a request is counted in: those of the tenant that has the model."""
    return Counted(cast(int, services_of(trained.name).tenant), trained.name, version)
