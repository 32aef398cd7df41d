"""The answer models of everything but jobs and models.

See `service.jobs.answers` for what an answer model is.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Generic, Literal, NotRequired, TypeVar

from pydantic import Field, RootModel
from typing_extensions import TypedDict

from service.definitions.base import answer_model
from service.definitions.columns import ColumnType, Role
from service.definitions.job_columns import TargetType
from service.definitions.keras import KerasSequential
from service.definitions.network_answers import ChosenActivation, LayerAnswer
from service.definitions.training_answers import SuggestedTrainingAnswer
from service.explain.answers import ComparisonAnswer

T = TypeVar("T")
ABSENT = {"default": None}  # of a field that is left out where it does not apply


@answer_model
class FaultAnswer(TypedDict):
    """One thing that is wrong: where in the body or the query, or in which row and column of a dataset, and why."""

    pointer: NotRequired[str]
    row: NotRequired[int]
    column: NotRequired[str]
    detail: str


@answer_model
class Problem(TypedDict):
    """RFC 9457: what went wrong. `errors` points into the body or at a dataset's row and column."""

    type: str
    title: str
    status: int
    detail: str
    request_id: NotRequired[Annotated[str | None, Field(json_schema_extra=ABSENT)]]
    errors: NotRequired[Annotated[list[FaultAnswer] | None, Field(json_schema_extra=ABSENT)]]
    nearest: NotRequired[Annotated[int | None, Field(description="the nearest stored epoch, of one that is not")]]
    comparison: NotRequired[
        Annotated[ComparisonAnswer, Field(description="of two versions, where an alias stays as none is better")]
    ]


@answer_model
class ProblemPage(TypedDict):
    """What a type of problem means, and how a request that gets it is mended. Requests are commands for curl."""

    object: Literal["problem"]
    type: str
    title: str
    status: Annotated[int | None, Field(description="null where several have it")]
    explanation: str
    causes: Annotated[list[str], Field(description="what usually causes it")]
    before: Annotated[list[str], Field(description="requests that make what the two need")]
    request: Annotated[str, Field(description="a request that gets the problem")]
    when: Annotated[str | None, Field(description="when it does, where it does not always")]
    mended_request: str
    way_out: str


@answer_model
class ProblemPages(TypedDict):
    """All types of problems."""

    object: Literal["list"]
    data: list[ProblemPage]


@answer_model
class NetworkAnswer(TypedDict):
    """A network with every default filled in; `parameters` is their count, null while the output layer is open."""

    name: str
    object: Literal["network"]
    created_at: datetime
    inputs: int | None
    parameters: int | None
    layers: NotRequired[Annotated[list[LayerAnswer] | None, Field(json_schema_extra=ABSENT)]]
    hidden: NotRequired[Annotated[list[int] | None, Field(json_schema_extra=ABSENT)]]
    activation: NotRequired[Annotated[ChosenActivation, Field(description="of the layers in `hidden`")]]
    training: NotRequired[
        Annotated[
            SuggestedTrainingAnswer | None,
            Field(description="the defaults of a job's training", json_schema_extra=ABSENT),
        ]
    ]


class NetworkInEitherFormat(RootModel[NetworkAnswer | KerasSequential]):
    """A network, or with `?format=keras` Keras's JSON of it."""


class ColumnFields(TypedDict):
    """What every answer about a column of a dataset has."""

    name: str
    role: Role
    type: Annotated[ColumnType, Field(description="`number` (dates too, as days since 1970-01-01) or `category`")]
    minimum: Annotated[float | None, Field(description="null for categories, as are the next three")]
    maximum: float | None
    mean: float | None
    standard_deviation: Annotated[float | None, Field(description="of the population")]
    missing: Annotated[int, Field(description="how many values are missing")]


@answer_model
class ColumnAnswer(ColumnFields):
    """What a column of a dataset holds; its statistics are in the units of the dataset as it was sent."""

    categories: Annotated[
        list[str] | None, Field(description="in numeric order if all are numbers, else in code point order")
    ]


@answer_model
class ReadAnswer(TypedDict):
    """How a file was read; delimiter, separators, header and encoding are those of CSV."""

    format: Literal["csv", "json", "jsonl", "parquet", "arrow", "npz"]
    encoding: NotRequired[Annotated[str, Field(description="of the characters")]]
    delimiter: NotRequired[Annotated[str, Field(description="what separates cells")]]
    header: NotRequired[Annotated[bool, Field(description="whether the first line holds the columns' names")]]
    decimal: NotRequired[Annotated[str, Field(description="the decimal separator")]]
    thousands: NotRequired[Annotated[str | None, Field(description="null where thousands are not separated")]]
    missing: NotRequired[Annotated[list[str], Field(description="texts of missing values; `` is the empty cell")]]
    dates: NotRequired[Annotated[list[str], Field(description="columns of dates, stored as days since 1970-01-01")]]
    codes: NotRequired[Annotated[list[str], Field(description="columns of whole numbers that are read as text")]]


@answer_model
class DatasetSummaryAnswer(TypedDict):
    """A version of a stored dataset, as lists have it: without its columns, which the dataset itself shows."""

    name: str
    version: Annotated[int, Field(description="of the name, from 1; each other content that is put makes the next one")]
    object: Literal["dataset"]
    created_at: datetime
    rows: int
    bytes: Annotated[int, Field(description="the size of the stored rows")]
    sha256: Annotated[str, Field(description="of the columns' descriptions, the scale and the rows")]
    scale: Annotated[float, Field(description="inputs are divided by it wherever they meet a network")]
    target_type: Annotated[
        TargetType | None, Field(description="what the client said the targets are; null leaves it to the job")
    ]
    read: Annotated[
        ReadAnswer | None,
        Field(description="how the file was read; null for a dataset stored by a release that did not record it"),
    ]
    warnings: Annotated[list[str], Field(description="what is likely to be unintended, in sentences")]


@answer_model
class DatasetAnswer(DatasetSummaryAnswer):
    """A version of a stored dataset: what its columns hold."""

    columns: list[ColumnAnswer]


@answer_model
class ColumnHistogramAnswer(TypedDict):
    """How often values occur in a column; each bin of numbers lacks its upper edge, but for the last one."""

    edges: Annotated[
        list[float] | None,
        Field(description="of the bins of numbers, one more than `counts`; null for categories"),
    ]
    categories: Annotated[list[str] | None, Field(description="the most frequent first; null for numbers")]
    counts: list[int]
    other: Annotated[int, Field(description="how many values have categories that are not listed")]
    missing: Annotated[int, Field(description="how many of the rows have no value")]
    rows: Annotated[
        int, Field(description="how many rows were counted: all, or of a large dataset a sample at even distances")
    ]


@answer_model
class ColumnPictureAnswer(ColumnFields):
    """A column of a dataset with its histogram; statistics are of all rows, in the units of the dataset as sent."""

    index: Annotated[int, Field(description="among the dataset's columns, from 0; what `after` takes")]
    distinct: Annotated[int | None, Field(description="how many categories there are; null for numbers")]
    histogram: ColumnHistogramAnswer


@answer_model
class RowAnswer(TypedDict):
    """One row of a dataset as it was sent, counted from 0; null where a value is missing."""

    row: int
    values: dict[str, float | str | None]


@answer_model
class ListAnswer(TypedDict, Generic[T]):
    """Part of a list."""

    object: Literal["list"]
    data: Sequence[T]
    has_more: bool
    first_id: str | int | None
    last_id: str | int | None


@answer_model
class WorkerAnswer(TypedDict):
    """A process that trains. What a worker of an earlier release does not report of itself is null."""

    id: Annotated[str, Field(description="host, PID namespace, process id of the parent, process id")]
    object: Literal["worker"]
    alive: Annotated[bool, Field(description="whether it has reported within the last 30 s; it does every 5 s")]
    host: str | None
    places: Annotated[int, Field(description="how many jobs it trains at once")]
    threads: Annotated[int | None, Field(description="with which it trains a job")]
    version: Annotated[str | None, Field(description="of the service")]
    started_at: datetime | None
    heartbeat_at: Annotated[datetime, Field(description="when it reported last; it is forgotten after an hour")]
    fingerprint: Annotated[
        str | None, Field(description="of how it computes: those with the same one compute the same bits")
    ]
    waits_for: Annotated[str | None, Field(description="why it begins no job, for want of space")]
    job: Annotated[str | None, Field(description="the job that it runs now")]
    prediction: Annotated[str | None, Field(description="the prediction of a dataset that it computes now")]


@answer_model
class CheckAnswer(TypedDict):
    """Whether a part of the service is in order."""

    ok: bool
    detail: NotRequired[Annotated[str, Field(description="what is wrong, and the way out")]]
    seconds: Annotated[float, Field(description="how long the check took")]
    since: NotRequired[
        Annotated[
            datetime,
            Field(description="when the part answered last, as it does not now; what else is said of it is as of then"),
        ]
    ]
    revision: NotRequired[Annotated[str, Field(description="of the database's schema")]]
    places: NotRequired[Annotated[int, Field(description="how many jobs the workers can train at once")]]
    free_bytes: NotRequired[Annotated[int, Field(description="free on the disk of the data folder")]]
    networks: NotRequired[Annotated[int, Field(description="networks ready to predict in this process' memory")]]
    bytes: NotRequired[Annotated[int, Field(description="how many bytes they take")]]


@answer_model
class HealthAnswer(TypedDict):
    """Whether the service, and in `/readyz` each of its parts, is in order."""

    status: str
    checks: NotRequired[dict[str, CheckAnswer]]
