"""Decisions: from which output on the second of two classes is meant. Imports the engine's activations."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from service.backprop.activations import Activation
from service.definitions.base import Model, Number, answer_model
from service.errors import Invalid


class Decision(Model):
    """How outputs become one of two classes."""

    threshold: Annotated[
        Number, Field(description="the second class is meant where its output, single or one of two, is at least that")
    ]


@answer_model
class DecisionAnswer(TypedDict):
    """How outputs become one of two classes; without one the largest output does, or which half a single one is in."""

    threshold: Annotated[float, Field(description="the second class is meant where its output is at least that")]


def check_decision(
    decision: Decision | None, labels: Sequence[Any] | None, activation: Activation, where: str = "#/decision"
) -> None:
    """Raise `Invalid` unless a decision is for two classes, with a threshold that their outputs can reach.

    `labels` are the classes, None for values; `activation` is the output's.
    """
    if decision is None:
        return
    if labels is None:
        raise Invalid.at(where, "is for two classes, and what is predicted here are values; leave it out")
    if len(labels) != 2:
        detail = f"is for two classes, and here are {len(labels)}, of which the largest output decides; leave it out"
        raise Invalid.at(where, detail)
    low, high = activation.bounds
    if not low <= decision.threshold <= high:
        detail = (
            f"must be from {low:g} to {high:g}, which a {activation.name} output reaches, got {decision.threshold:g}"
        )
        raise Invalid.at(f"{where}/threshold", detail)
