"""The answers about the alias that a job moves, as the OpenAPI document shows them."""

from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from service.definitions.base import answer_model


@answer_model
class BetterOnAnswer(TypedDict):
    """On which dataset, and by which measure, the version must be better than the one that has the alias."""

    dataset: str
    dataset_version: Annotated[int | None, Field(description="null for the latest when the job ends")]
    metric: str


@answer_model
class PromoteAnswer(TypedDict):
    """The alias that a job moves to its version when it succeeds, and on which condition."""

    alias: str
    if_better_on: NotRequired[BetterOnAnswer | None]


@answer_model
class PromotedAnswer(TypedDict):
    """What became of the alias."""

    alias: str
    version: Annotated[int, Field(description="the version that the job made")]
    moved: bool
    because: str
