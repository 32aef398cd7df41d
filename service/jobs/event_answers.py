"""The answers about the events of jobs, as the OpenAPI document shows them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from service.definitions.base import answer_model
from service.jobs.answers import EpochAnswer, JobErrorAnswer, JobModelAnswer, WarningAnswer
from service.store.records import Kind, Request, Status


@answer_model
class StatusEventData(TypedDict):
    """The data of an event of type `status`: each change of a job's status and of what was requested of it."""

    status: Status
    requested: Request | None
    attempt: int


@answer_model
class EndEventData(TypedDict):
    """The data of an event of type `end`, the last one of a job."""

    status: Status
    epoch: int | None
    error: JobErrorAnswer | None
    model: JobModelAnswer


@answer_model
class GapEventData(TypedDict):
    """The data of an event of type `gap`: the events past `after`, up to and including `through`, are not kept."""

    after: int
    through: int
    detail: str


EventData = StatusEventData | EpochAnswer | WarningAnswer | EndEventData | GapEventData


@answer_model
class EventAnswer(TypedDict):
    """Something that took place with a job; ids grow in the order of commits."""

    id: int
    object: Literal["event"]
    type: Annotated[Kind, Field(description="`status`, `epoch`, `warning`, `end`, or `gap` for events no longer kept")]
    job: Annotated[str | None, Field(description="null for a gap in the events of all jobs")]
    created_at: datetime
    data: EventData
