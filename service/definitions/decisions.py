"""Decisions: from which output on the second of two classes is meant."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from service.definitions.base import Model, Number, answer_model
from service.errors import Invalid

MEANT = "the second class is meant where its output, single or one of two, is at least that"


class Decision(Model):
    """How outputs become one of two classes."""

    threshold: Annotated[Number, Field(description=MEANT)]


@answer_model
class DecisionAnswer(TypedDict):
    """How outputs become one of two classes; without it the larger output does, or the half of a single one."""

    threshold: Annotated[float, Field(description=MEANT)]


def check_decision(
    decision: Decision | None,
    labels: Sequence[Any] | None,
    reached: tuple[float, float],
    where: str = "#/decision",
) -> None:
    """Raise `Invalid` unless a decision is for two classes, with a threshold that their outputs can reach.

    `labels` are the classes, None for values; `reached` are the smallest and the largest output.
    """
    if decision is None:
        return
    if labels is None:
        raise Invalid.at(where, "is for two classes, and what is predicted here are values; leave it out")
    if len(labels) != 2:
        detail = f"is for two classes, and here are {len(labels)}, of which the largest output decides; leave it out"
        raise Invalid.at(where, detail)
    low, high = reached
    if not low <= decision.threshold <= high:
        detail = f"must be from {low:g} to {high:g}, which the output reaches, got {decision.threshold:g}"
        raise Invalid.at(f"{where}/threshold", detail)


def to_store(decision: Decision | None) -> dict[str, Any] | None:
    """Return a decision as the database holds it."""
    return None if decision is None else decision.model_dump()


def threshold_of(stored: dict[str, Any] | None) -> float | None:
    """Return the threshold of a stored decision; None without one."""
    return None if stored is None else float(stored["threshold"])
