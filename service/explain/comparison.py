"""Which of two versions is better on a dataset, by the loss or by a metric."""

import math
from dataclasses import dataclass, replace
from typing import Any

from service.backprop.metrics import METRICS, Metric
from service.definitions.aliases import LOSS
from service.definitions.dataset_names import DatasetReference
from service.definitions.job_parts import BetterOn
from service.errors import Fault, Invalid
from service.explain.answers import ComparisonAnswer, EvaluateAnswer
from service.explain.evaluation import default_settings, evaluate
from service.explain.subjects import Subject
from service.services import Services


@dataclass(frozen=True)
class Comparison:
    """A version and the `current` one of an alias, measured on a dataset; None for a number that is not finite."""

    dataset: str
    dataset_version: int
    metric: str
    larger_is_better: bool
    value: float | None
    current_version: int
    current_value: float | None

    @property
    def is_better(self) -> bool:
        if self.value is None or self.current_value is None:
            return self.value is not None
        return self.value > self.current_value if self.larger_is_better else self.value < self.current_value

    @property
    def sentence(self) -> str:
        """Say both figures."""
        verdict = "better" if self.is_better else "not better"
        return (
            f"its {self.metric} on `{self.dataset}@{self.dataset_version}` is {_shown(self.value)}, {verdict} than the "
            f"{_shown(self.current_value)} of version {self.current_version}"
        )

    def answer(self, version: int) -> ComparisonAnswer:
        """Return the comparison of that version as clients read it."""
        return {
            "dataset": self.dataset,
            "dataset_version": self.dataset_version,
            "metric": self.metric,
            "larger_is_better": self.larger_is_better,
            "version": version,
            "value": self.value,
            "current_version": self.current_version,
            "current_value": self.current_value,
            "is_better": self.is_better,
        }


def compare(services: Services, gate: BetterOn, subject: Subject, current: Subject, current_version: int) -> Comparison:
    """Measure two networks on the gate's dataset, by one measure and without weights of classes.

    Raises
    ------
    Invalid
        When one of them cannot be measured on it, or their figures could not be compared.
    """
    metric = None if gate.metric == LOSS else _metric(gate.metric, subject, current)
    mine, theirs = _plain(subject, metric), _plain(current, metric)
    if metric is None:
        _check_losses(mine, theirs)
    found, other = _evaluate(services, gate, mine), _evaluate(services, gate, theirs)
    return Comparison(
        dataset=found["dataset"],
        dataset_version=found["dataset_version"],
        metric=gate.metric,
        larger_is_better=metric is not None and metric.larger_is_better,
        value=_finite(found, metric),
        current_version=current_version,
        current_value=_finite(other, metric),
    )


def _metric(name: str, *subjects: Subject) -> Metric:
    metric: Metric = METRICS[name]()
    if metric.for_classes and any(subject.preprocessing.labels is None for subject in subjects):
        raise Invalid.at("#/if_better_on/metric", f"`{name}` is for classes, and the versions predict values")
    return metric


def _plain(subject: Subject, metric: Metric | None) -> Subject:
    """Return a network as it is measured: with one metric, and without what weighs classes."""
    settings = subject.settings or default_settings(subject)
    metrics = () if metric is None else (metric,)
    return replace(subject, settings=replace(settings, metrics=metrics, class_weights=None, label_smoothing=0.0))


def _check_losses(subject: Subject, current: Subject) -> None:
    """Raise `Invalid` for two losses of different functions, or of targets that were scaled in different ways."""
    own, other = subject.trained().loss, current.trained().loss
    if own != other:
        reason = f"the version was trained with {own.name}, and the one that has the alias with {other.name}"
    elif _scaling(subject) != _scaling(current):
        reason = "the losses of the two versions are of targets that were scaled in different ways"
    else:
        return
    raise Invalid.at("#/if_better_on/metric", f"{reason}: compare them by a metric")


def _scaling(subject: Subject) -> Any:
    fitted = subject.preprocessing
    return None if fitted.target_scale is None else [(each.offset, each.divisor) for each in fitted.targets]


def _evaluate(services: Services, gate: BetterOn, subject: Subject) -> EvaluateAnswer:
    try:
        return evaluate(services, subject, DatasetReference(gate.dataset, gate.dataset_version))
    except Invalid as error:
        raise Invalid.from_faults([_pointed(fault) for fault in error.faults]) from None


def _pointed(fault: Fault) -> Fault:
    """Return a fault of the dataset with a pointer to where the gate names it."""
    return replace(fault, pointer=(fault.pointer or "#/dataset").replace("#/", "#/if_better_on/", 1))


def _finite(found: EvaluateAnswer, metric: Metric | None) -> float | None:
    value = found["loss"] if metric is None else found["metrics"][metric.key]
    return value if value is not None and math.isfinite(value) else None


def _shown(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.6g}"
