"""The answers about models, their versions and their predictions, as the OpenAPI document shows them."""

from datetime import datetime
from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from service.definitions.base import answer_model
from service.jobs.answers import EpochMetrics

ABSENT = Field(json_schema_extra={"default": None})  # a field that is left out where it does not apply


@answer_model
class VersionRecordAnswer(TypedDict):
    """The losses and metrics of the epoch that a version is."""

    training_loss: float | None
    validation_loss: float | None
    metrics: EpochMetrics


@answer_model
class ModelVersionAnswer(TypedDict):
    """A version in the answer of its model."""

    version: int
    object: str
    job: str
    epoch: int
    created_at: datetime
    record: VersionRecordAnswer
    sha256: str


@answer_model
class VersionAnswer(TypedDict):
    """One version of a model."""

    model: str
    version: int
    object: str
    job: str
    epoch: int
    created_at: datetime
    record: VersionRecordAnswer
    sha256: str


@answer_model
class ExampleAnswer(TypedDict):
    """A body that predict takes: one row."""

    instances: list[list[str | float]]


@answer_model
class ModelAnswer(TypedDict):
    """A model and its versions."""

    name: str
    object: str
    created_at: datetime
    ready: bool
    latest: int | None
    aliases: dict[str, int]
    versions: list[ModelVersionAnswer]
    example: Annotated[ExampleAnswer | None, Field(description="a body that predict takes")]


@answer_model
class PredictAnswer(TypedDict):
    """Predictions; rows sent as `inputs` are answered as `outputs`."""

    predictions: NotRequired[Annotated[list[Any] | None, ABSENT]]
    outputs: NotRequired[Annotated[list[Any] | None, ABSENT]]
    labels: list[str | int] | None
    model: str
    version: int | None
    epoch: int
    ignored: NotRequired[
        Annotated[list[str], Field(description="fields of rows that are no columns, where there are any")]
    ]
