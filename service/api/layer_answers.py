"""The answers about the layers of a network after an epoch: their parameters, and what was measured of them."""

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from service.definitions.base import answer_model
from service.jobs.held_out_answers import Nonfinite


@answer_model
class LayerMeasures(TypedDict):
    """What was measured of a layer; null where it has no such thing, or the number is not finite."""

    delta: Annotated[float | None, Field(description="the norm of the error summed over the rows of the batch")]
    weights: Annotated[float | None, Field(description="the norm of the parameters; null without any")]
    updates: Annotated[float | None, Field(description="the norm of their step")]
    saturated: Annotated[float | None, Field(description="the share of outputs with a derivative below 0.01")]
    dead: Annotated[float | None, Field(description="the share of units with a derivative of 0 on all rows")]
    error: NotRequired[Annotated[float | None, Field(description="the norm of the errors of all rows of the batch")]]


@answer_model
class LayerMeasuresAnswer(TypedDict):
    """What was measured of each layer after an epoch."""

    epoch: int
    layers: list[LayerMeasures]
    nonfinite: NotRequired[Nonfinite]


@answer_model
class LayerParameters(TypedDict, total=False):
    """The arrays of a layer; none of one without parameters."""

    weights: Annotated[
        list[list[float]] | list[float], Field(description="inputs x units; of normalization one a unit")
    ]
    biases: list[float]
    running_mean: Annotated[list[float], Field(description="of batch normalization, as is the next one")]
    running_variance: list[float]


@answer_model
class ParametersAnswer(TypedDict):
    """The parameters after an epoch, layer by layer."""

    epoch: int
    layers: list[LayerParameters]
    sha256: str
