"""The answers about predictions of whole datasets, as the OpenAPI document shows them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from service.definitions.base import answer_model
from service.jobs.answers import WaitingAnswer
from service.store.records import Status
from service.webhooks.answers import NotifyAnswer


@answer_model
class PredictionModel(TypedDict):
    """The version that predicts, as the request's reference meant when it was submitted."""

    name: str
    version: int


@answer_model
class PredictionProgress(TypedDict):
    """The rows whose predictions are stored, of how many, and how fast they are computed."""

    rows: int
    rows_total: int
    fraction: float
    rows_per_second: float | None
    eta_seconds: float | None


@answer_model
class PredictionResult(TypedDict):
    """What was computed; it is read at `links.result`."""

    rows: int
    bytes: Annotated[int, Field(description="as it is stored, which counts to the tenant's limit")]
    sha256: Annotated[str, Field(description="of what is stored: the same numbers have the same one")]


@answer_model
class PredictionError(TypedDict):
    """Why a prediction failed."""

    code: str
    detail: str


@answer_model
class PredictionWarning(TypedDict):
    """What is likely to be unintended."""

    code: str
    detail: str


@answer_model
class PredictionAnswer(TypedDict):
    """A version of a model applied to all rows of a dataset."""

    id: str
    object: Literal["prediction"]
    status: Annotated[Status, Field(description="`queued`, `running`, then `succeeded`, `failed` or `cancelled`")]
    requested: Annotated[str | None, Field(description="`cancel` until a worker has obeyed it")]
    waiting: WaitingAnswer | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    model: PredictionModel
    epoch: Annotated[int | None, Field(description="of the network; null for parameters that were sent")]
    dataset: str
    dataset_version: int
    keep: Annotated[list[str], Field(description="columns of the dataset that go into the result as they are")]
    ignored: Annotated[list[str], Field(description="columns of the dataset that have no effect")]
    attempt: int
    progress: PredictionProgress
    result: Annotated[PredictionResult | None, Field(description="null until it has succeeded")]
    error: PredictionError | None
    warnings: list[PredictionWarning]
    notify: Annotated[NotifyAnswer | None, Field(description="the webhook that events of this prediction are sent to")]
    metadata: dict[str, str]
    links: dict[str, str]
