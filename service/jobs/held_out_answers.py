"""The answers about test rows, which are held out from training, as the OpenAPI document shows them."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from service.definitions.base import answer_model


@answer_model
class TestMatrixAnswer(TypedDict):
    """How many test rows of each class (a row of `counts`) are predicted to be of each class (its columns)."""

    classes: list[str | int]
    counts: list[list[int]]


@answer_model
class TestAnswer(TypedDict):
    """What the version was measured to be on the test rows, which have chosen nothing."""

    epoch: int
    dataset: Annotated[str | None, Field(description="another dataset, all of whose rows test")]
    dataset_version: int | None
    rows: int
    loss: float | None
    metrics: dict[str, float | None]
    confusion_matrix: TestMatrixAnswer | None
