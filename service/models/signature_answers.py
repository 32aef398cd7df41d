"""The answers about what a trained network takes and gives, as the OpenAPI document shows them."""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from service.definitions.base import answer_model

Cell = float | str


@answer_model
class InputAnswer(TypedDict):
    """One input column of a model, in the units in which its dataset was sent."""

    name: str
    type: Annotated[
        Literal["number", "date", "category"], Field(description="a date is sent as ISO 8601 text or days since 1970")
    ]
    categories: NotRequired[Annotated[list[str], Field(description="those seen in training; any other is all zeros")]]
    minimum: NotRequired[Annotated[Cell, Field(description="of the column of the training dataset, where known")]]
    maximum: NotRequired[Annotated[Cell, Field(description="likewise")]]
    mean: NotRequired[Annotated[Cell, Field(description="likewise")]]
    missing: Annotated[
        Literal["error", "zeros", "mean", "median", "indicator"],
        Field(description="what null becomes: a 422, all zeros (a category), or `fill`; `indicator` also tells of it"),
    ]
    fill: NotRequired[Annotated[Cell, Field(description="what a missing number is replaced by")]]


@answer_model
class OutputAnswer(TypedDict):
    """One thing that a model predicts: a class, or a value in the units of its dataset."""

    name: str
    type: Literal["category", "number"]
    classes: NotRequired[Annotated[list[str | int], Field(description="in the order of the outputs of a row")]]
    width: Annotated[int, Field(description="how many numbers of each row of `predictions` belong to it")]
    minimum: NotRequired[Annotated[float, Field(description="what its numbers can reach, where that is bounded")]]
    maximum: NotRequired[Annotated[float, Field(description="likewise")]]


@answer_model
class ExampleAnswer(TypedDict):
    """A body that predict takes: one row, by column."""

    instances: list[dict[str, Cell]]


class SignatureFields(TypedDict):
    """What a trained network takes and gives."""

    inputs: Annotated[list[InputAnswer], Field(description="the columns of a row to predict, in their order")]
    outputs: Annotated[list[OutputAnswer], Field(description="what is predicted")]
