"""The answers about test rows, which are held out from training, as the OpenAPI document shows them."""

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from service.definitions.base import answer_model

Nonfinite = Annotated[list[str], Field(description="those that are null as they were not finite, if there are any")]


@answer_model
class TestMatrixAnswer(TypedDict):
    """How many test rows of each class (a row of `counts`) are predicted to be of each class (its columns)."""

    classes: list[str | int]
    counts: Annotated[list[list[int]], Field(description="a row for each true class, a column for each predicted one")]


@answer_model
class TestAnswer(TypedDict):
    """What the version was measured to be on the test rows, which have chosen nothing."""

    epoch: Annotated[int, Field(description="the version's")]
    dataset: Annotated[str | None, Field(description="another dataset, all of whose rows test")]
    dataset_version: Annotated[int | None, Field(description="the version of that dataset")]
    rows: Annotated[int, Field(description="how many rows test")]
    loss: Annotated[float | None, Field(description="null where it is not finite")]
    metrics: Annotated[dict[str, float | None], Field(description="by name; null where one is not defined")]
    confusion_matrix: Annotated[TestMatrixAnswer | None, Field(description="for at most 100 classes, else null")]
    nonfinite: NotRequired[Nonfinite]
