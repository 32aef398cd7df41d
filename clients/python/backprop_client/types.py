"""What the service answers, as typed dicts: an answer is the JSON as it came, so a newer service may add fields.

`/openapi.json` of the service describes every field; those of which programs decide something stand here. Times are
RFC 3339 in UTC, durations are seconds, sizes are bytes.
"""

from typing import Any, Literal, NotRequired, TypedDict

from backprop_client.job_types import (
    ENDED,
    Basis,
    Epoch,
    Estimate,
    EstimatedBytes,
    EstimatedRows,
    Event,
    Job,
    JobError,
    JobModel,
    JobSummary,
    Metrics,
    PlannedJob,
    PlannedModel,
    Progress,
    Queue,
    Range,
    Status,
    Stopped,
    Targets,
)

__all__ = [
    "ENDED",
    "Alias",
    "Basis",
    "BatchPrediction",
    "Column",
    "Dataset",
    "Delivery",
    "Epoch",
    "Estimate",
    "EstimatedBytes",
    "EstimatedRows",
    "Event",
    "ExportFormat",
    "Fault",
    "Job",
    "JobError",
    "JobModel",
    "JobSummary",
    "Key",
    "Metrics",
    "Model",
    "Network",
    "PlannedJob",
    "PlannedModel",
    "Progress",
    "Queue",
    "Range",
    "Scope",
    "Status",
    "Stopped",
    "Targets",
    "Version",
    "Webhook",
]

Scope = Literal["read", "predict", "train", "admin"]
ExportFormat = Literal["onnx", "safetensors", "npz", "keras", "python"]


class Fault(TypedDict):
    """One fault of an input, and where it is."""

    detail: str
    pointer: NotRequired[str]
    row: NotRequired[int]
    column: NotRequired[str]


class Network(TypedDict):
    """A definition of a network; `parameters` is null until its inputs or outputs are known."""

    name: str
    object: str
    created_at: str
    inputs: int | None
    layers: NotRequired[list[dict[str, Any]] | None]
    hidden: NotRequired[list[int] | None]
    parameters: int | None


class Column(TypedDict):
    """A column of a dataset, with statistics of its numbers or the categories of its text."""

    name: str
    role: str
    type: str
    minimum: float | None
    maximum: float | None
    mean: float | None
    standard_deviation: float | None
    missing: int
    categories: list[str] | None


class Dataset(TypedDict):
    """A version of a dataset; lists leave `columns` out."""

    name: str
    version: int
    object: str
    created_at: str
    rows: int
    bytes: int
    sha256: str
    scale: float | None
    target_type: str | None
    columns: NotRequired[list[Column]]
    read: dict[str, Any]
    warnings: list[str]


class Model(TypedDict):
    """A model: its versions, the names for them, and of the version that its name means a body that predict takes."""

    name: str
    object: str
    ready: bool
    latest: int | None
    versions: list[Any]
    aliases: dict[str, int]
    example: NotRequired[dict[str, Any] | None]
    inputs: NotRequired[list[dict[str, Any]]]
    outputs: NotRequired[list[dict[str, Any]]]


class Version(TypedDict):
    """A version of a model, which never changes, and what it was made of."""

    model: str
    version: int
    object: str
    created_at: str
    origin: str
    job: str | None
    epoch: int | None
    dataset: str | None
    dataset_version: int | None
    test: dict[str, Any] | None


class Alias(TypedDict):
    """A name for one version, until it is moved."""

    model: str
    alias: str
    version: int
    previous_version: int | None
    moved_at: str
    moved: NotRequired[bool]
    because: NotRequired[str]


class BatchPrediction(TypedDict):
    """The prediction of a whole dataset, which is queued, runs and ends as a job does."""

    id: str
    object: str
    status: Status
    created_at: str
    model: JobModel
    dataset: str
    dataset_version: int
    progress: dict[str, Any]
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    warnings: list[Any]
    metadata: dict[str, str]


class Key(TypedDict):
    """A key; its text, `key`, is in the answer that makes it and in no other."""

    id: str
    object: str
    name: str | None
    scopes: list[Scope]
    expires_at: str | None
    key: NotRequired[str]


class Webhook(TypedDict):
    """An address that events are sent to; its `secret` is in the answer that makes it and in no other."""

    id: str
    object: str
    url: str
    events: list[str]
    enabled: bool
    disabled_because: str | None
    failures: int
    created_at: str
    secret: NotRequired[str]


class Delivery(TypedDict):
    """One event for one webhook, and how sending it went; `body` is left out of lists."""

    id: str
    object: str
    webhook: str
    type: str
    status: str
    created_at: str
    due_at: str | None
    attempts: list[dict[str, Any]]
    body: NotRequired[dict[str, Any]]
