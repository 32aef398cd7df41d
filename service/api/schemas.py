"""What answers look like, for the OpenAPI document."""

from datetime import datetime
from typing import Any

from pydantic import Field, RootModel

from service.definitions.base import Answer
from service.definitions.keras import KerasSequential


class Problem(Answer):
    """RFC 9457: what went wrong. `errors` points into the body or at a dataset's row and column."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str | None = None
    errors: list[dict[str, Any]] | None = None


class NetworkAnswer(Answer):
    """A network with every default filled in; `parameters` is their count, null while the output layer is open."""

    name: str
    object: str
    created_at: datetime
    inputs: int | None
    parameters: int | None
    layers: list[dict[str, Any]] | None = None
    hidden: list[int] | None = None
    training: dict[str, Any] | None = Field(default=None, description="what a job takes that does not say otherwise")


class NetworkInEitherFormat(RootModel[NetworkAnswer | KerasSequential]):
    """A network, or with `?format=keras` Keras's JSON of it."""


class ColumnAnswer(Answer):
    name: str
    role: str
    type: str
    minimum: float | None
    maximum: float | None
    mean: float | None
    standard_deviation: float | None
    missing: int
    categories: list[str] | None


class DatasetAnswer(Answer):
    """A stored dataset: what its columns hold."""

    name: str
    object: str
    created_at: datetime
    rows: int
    bytes: int
    sha256: str
    columns: list[ColumnAnswer]


class ListAnswer(Answer):
    """Part of a list."""

    object: str
    data: list[dict[str, Any]]
    has_more: bool
    first_id: str | int | None
    last_id: str | int | None


class JobAnswer(Answer):
    """A job: its definition with every default, where it stands, and what it made."""

    id: str
    object: str
    status: str
    requested: str | None
    waiting: dict[str, Any] | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    network: dict[str, Any]
    dataset: str
    targets: dict[str, Any]
    training: dict[str, Any]
    attempt: int
    progress: dict[str, Any]
    latest: dict[str, Any] | None
    best_epoch: int | None
    stopped: dict[str, Any] | None = Field(description="`reason` and `epoch`, when training ended early")
    reached_epoch: int | None = Field(description="the epoch at which `stop_when` was reached")
    confusion_matrix: dict[str, Any] | None = Field(
        description="of the version's `epoch`: `counts`, a row for each true class, a column for each told"
    )
    chain: str | None = Field(description="SHA-256 over the hashes of all epochs up to the newest, in order")
    forked_from: dict[str, Any] | None = Field(
        description="`job` and `epoch` that epoch 0 is, and whether the optimizer's state was `stored` or is `fresh`"
    )
    replay: dict[str, Any] | None = Field(
        description="of a replay: the job it is `of`, whether all is `identical`, else the `first_difference`"
    )
    model: dict[str, Any]
    error: dict[str, Any] | None
    warnings: list[Any]
    priority: int
    on_other_machine: str
    metadata: dict[str, str]
    links: dict[str, str]


class ParametersAnswer(Answer):
    """The parameters after an epoch, layer by layer."""

    epoch: int
    layers: list[dict[str, Any]]
    sha256: str


class PredictAnswer(Answer):
    """Predictions; rows sent as `inputs` are answered as `outputs`."""

    predictions: list[Any] | None = None
    outputs: list[Any] | None = None
    labels: list[str | int] | None
    model: str
    version: int | None
    epoch: int


class ModelAnswer(Answer):
    """A model and its versions."""

    name: str
    object: str
    created_at: datetime
    ready: bool
    latest: int | None
    aliases: dict[str, int]
    versions: list[dict[str, Any]]
    example: dict[str, Any] | None = Field(description="a body that predict takes")


class VersionAnswer(Answer):
    model: str
    version: int
    object: str
    job: str
    epoch: int
    created_at: datetime
    sha256: str


class HealthAnswer(Answer):
    status: str
