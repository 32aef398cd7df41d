"""The answers about webhooks and deliveries, and what receivers get, as the OpenAPI document shows them."""

from datetime import datetime
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from service.definitions.base import answer_model


@answer_model
class WebhookAnswer(TypedDict):
    """An address that events are sent to."""

    id: str
    object: Literal["webhook"]
    url: str
    events: list[str]
    job: Annotated[str | None, Field(description="the only job whose events it gets, which was submitted with it")]
    prediction: Annotated[str | None, Field(description="the only prediction, likewise")]
    enabled: bool
    disabled_at: datetime | None
    disabled_because: Annotated[str | None, Field(description="why nothing is sent until it is enabled again")]
    failures: Annotated[int, Field(description="attempts that failed since one succeeded")]
    failing_since: datetime | None
    held_until: Annotated[datetime | None, Field(description="when its receiver may be sent to again, as it has asked")]
    last_success_at: datetime | None
    old_secret_until: Annotated[
        datetime | None, Field(description="until when deliveries are signed with the secret before, too")
    ]
    created_at: datetime
    secret: NotRequired[
        Annotated[str, Field(description="in the answer that makes it alone: receivers verify with it")]
    ]
    links: dict[str, str]


@answer_model
class AttemptAnswer(TypedDict):
    """One attempt at a delivery: the answer's status and how it begins, or the error."""

    at: str
    milliseconds: int
    status: int | None
    excerpt: Annotated[str | None, Field(description="the first 1024 bytes of the answer's body")]
    error: Annotated[str | None, Field(description="why there was no answer")]


@answer_model
class DeliverySummaryAnswer(TypedDict):
    """An event for one webhook, as lists have it."""

    id: Annotated[str, Field(description="that receivers get as `webhook-id`, the same in each attempt")]
    object: Literal["delivery"]
    webhook: str
    type: str
    status: Annotated[str, Field(description="`pending` until it has `succeeded` or `failed`")]
    created_at: datetime
    due_at: Annotated[datetime | None, Field(description="when the next attempt is made; null once it has ended")]
    ended_at: datetime | None
    failures: Annotated[int, Field(description="attempts that failed, which say how long the next one is away")]
    attempts: Annotated[list[AttemptAnswer], Field(description="the latest 20, oldest first")]


@answer_model
class DeliveryAnswer(DeliverySummaryAnswer):
    """An event for one webhook, with what is sent."""

    body: Annotated[dict[str, Any], Field(description="the JSON that is sent; receivers verify its bytes")]


@answer_model
class NotifyAnswer(TypedDict):
    """The webhook that a job or a prediction was submitted with; its address is shown by `/v1/webhooks/{webhook}`."""

    webhook: str
    events: list[str]
    secret: NotRequired[Annotated[str, Field(description="in the answer to the submission alone")]]


@answer_model
class ModelOfEvent(TypedDict):
    """A version of a model; `version` is null until there is one."""

    name: str
    version: int | None


@answer_model
class ErrorOfEvent(TypedDict):
    """Why a job or a prediction failed."""

    code: str
    detail: str
    epoch: NotRequired[int | None]


class RunEventData(TypedDict):
    """What the events of a job and of a prediction of a dataset have in common: its state at the time of the event."""

    id: str
    status: str
    attempt: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    dataset: str
    dataset_version: int
    model: ModelOfEvent
    progress: dict[str, int]
    error: ErrorOfEvent | None
    metadata: dict[str, str]
    links: dict[str, str]


@answer_model
class JobEventData(RunEventData):
    """A job in the state that the event is about; the job itself has more."""

    object: Literal["job"]
    best_epoch: int | None
    stopped: dict[str, Any] | None
    test: Annotated[dict[str, Any] | None, Field(description="the loss and metrics of the version on its test rows")]
    promoted: dict[str, Any] | None


@answer_model
class PredictionEventData(RunEventData):
    """A prediction of a dataset in the state that the event is about."""

    object: Literal["prediction"]


@answer_model
class VersionEventData(TypedDict):
    """A new version of a model; `job` and `epoch` are null where a client has sent its parameters."""

    object: Literal["model_version"]
    model: str
    version: int
    job: str | None
    epoch: int | None
    links: dict[str, str]


@answer_model
class AliasEventData(TypedDict):
    """An alias that names another version now, or a new one, whose `previous` is null."""

    object: Literal["alias"]
    model: str
    name: str
    version: int
    previous: int | None
    links: dict[str, str]


@answer_model
class TestEventData(TypedDict):
    """The webhook that a client has asked to test."""

    object: Literal["webhook"]
    id: str


OCCURRED = Field(description="of the event; the header `webhook-timestamp` is the attempt's")


@answer_model
class JobEvent(TypedDict):
    """The body of a delivery about a job."""

    type: str
    timestamp: Annotated[datetime, OCCURRED]
    data: JobEventData


@answer_model
class PredictionEvent(TypedDict):
    """The body of a delivery about a prediction of a dataset."""

    type: str
    timestamp: Annotated[datetime, OCCURRED]
    data: PredictionEventData


@answer_model
class VersionEvent(TypedDict):
    """The body of a delivery about a new version of a model."""

    type: str
    timestamp: Annotated[datetime, OCCURRED]
    data: VersionEventData


@answer_model
class AliasEvent(TypedDict):
    """The body of a delivery about an alias that was moved."""

    type: str
    timestamp: Annotated[datetime, OCCURRED]
    data: AliasEventData


@answer_model
class TestEvent(TypedDict):
    """The body of a delivery that `:test` has asked for."""

    type: str
    timestamp: Annotated[datetime, OCCURRED]
    data: TestEventData
