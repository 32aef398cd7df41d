"""The answer about what a job will cost, as the OpenAPI document shows it."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from service.definitions.base import answer_model
from service.jobs.answers import PlannedJobAnswer


@answer_model
class RangeAnswer(TypedDict):
    """An expected number of seconds, and the range in which it is expected to lie."""

    expected: float
    low: float
    high: float


@answer_model
class EstimatedRowsAnswer(TypedDict):
    """How many rows train, validate and test."""

    training: int
    validation: int
    test: int


@answer_model
class BasisAnswer(TypedDict):
    """What an estimate of seconds rests on."""

    source: Annotated[
        str,
        Field(
            description="`measured`: jobs alike that this deployment has run; `calibration`: what its workers measured "
            "of themselves; `constants`: those of another machine, as none of its workers has measured yet"
        ),
    ]
    jobs: Annotated[int, Field(description="jobs of this deployment that were compared")]
    similarity: Annotated[float, Field(description="of the job most alike, from 0 to 1")]
    fingerprint: Annotated[str | None, Field(description="of the workers that the estimate is for; null without one")]
    detail: str


@answer_model
class EstimatedBytesAnswer(TypedDict):
    """Bytes that the job is going to store."""

    parameters: Annotated[int, Field(description="of the epochs that stay stored")]
    optimizer_states: Annotated[int, Field(description="of the same epochs")]
    epochs: Annotated[int, Field(description="the records of all epochs: losses, metrics, hashes")]
    model_version: int
    dataset: Annotated[int, Field(description="rows that came with the request; 0 where they are stored already")]
    total: int
    while_running: Annotated[int, Field(description="the state to resume from, which is removed at the end")]
    stored_epochs: Annotated[int, Field(description="how many epochs' parameters stay stored")]


@answer_model
class QueueAnswer(TypedDict):
    """When the job would run if it were submitted now; nothing is reserved."""

    position: Annotated[int, Field(description="among this tenant's queued jobs, counted from 1")]
    workers: Annotated[int, Field(description="how many jobs can run at once")]
    running: Annotated[int, Field(description="jobs and predictions of all tenants that run now")]
    starts_in_seconds: Annotated[float | None, Field(description="null while no worker is alive")]
    starts_at: datetime | None
    ends_at: Annotated[datetime | None, Field(description="null while no worker is alive, and for a job on `hold`")]
    reason: Annotated[str | None, Field(description="why it would not start, or not end; null where it would")]


@answer_model
class EstimateAnswer(TypedDict):
    """What a job would cost, and when it would run; nothing is stored."""

    object: Literal["estimate"]
    job: PlannedJobAnswer
    parameters: int
    rows: EstimatedRowsAnswer
    epochs: int
    batches_per_epoch: int
    seconds_per_epoch: RangeAnswer
    seconds: Annotated[
        RangeAnswer, Field(description="from the start to the end of the job, if all epochs are trained")
    ]
    may_end_sooner: Annotated[
        list[str], Field(description="the settings by which training may stop before its last epoch")
    ]
    basis: BasisAnswer
    bytes: EstimatedBytesAnswer
    memory_bytes: Annotated[int, Field(description="that the worker takes at its peak beyond what it has when idle")]
    queue: QueueAnswer
