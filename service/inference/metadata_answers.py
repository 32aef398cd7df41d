"""The answers of the Open Inference Protocol, its extensions by Triton, and TensorFlow Serving's metadata.

See `service.jobs.answers` for what an answer model is.
"""

from typing import Annotated, Any, NotRequired

from pydantic import Field, RootModel
from typing_extensions import TypedDict

from service.definitions.base import answer_model
from service.models.signature_answers import InputAnswer


@answer_model
class InferenceError(TypedDict):
    """What went wrong, in words."""

    error: str


@answer_model
class ServerLiveAnswer(TypedDict):
    """The process is alive."""

    live: bool


@answer_model
class ServerReadyAnswer(TypedDict):
    """Whether the service is ready; the protocol's text calls the field both `ready` and `live`."""

    ready: bool
    live: bool
    error: NotRequired[Annotated[str, Field(description="why it is not ready")]]


@answer_model
class ServerMetadataAnswer(TypedDict):
    """The service and the extensions of the protocol that it has."""

    name: str
    version: str
    extensions: list[str]


@answer_model
class TensorMetadata(TypedDict):
    """An input or output; a dimension of -1 is the number of rows."""

    name: str
    datatype: str
    shape: list[int]
    parameters: NotRequired[
        Annotated[dict[str, Any], Field(description="the columns of an input; the labels or targets of an output")]
    ]


class ModelParameters(TypedDict):
    """What this service says of a model beyond the protocol."""

    version: str
    epoch: Annotated[int | None, Field(description="null for parameters that a client sent")]
    targets: Annotated[list[str], Field(description="the names of what is predicted")]
    labels: Annotated[list[str | int] | None, Field(description="the classes; null for values")]
    columns: Annotated[list[InputAnswer], Field(description="the input columns in their order")]
    example: Annotated[dict[str, Any], Field(description="a request that infer takes")]
    most_bytes: Annotated[int, Field(description="of a request")]


@answer_model
class ModelMetadataAnswer(TypedDict):
    """A model's versions, and the inputs and outputs of the one that is described."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]
    parameters: ModelParameters


@answer_model
class ModelReadyAnswer(TypedDict):
    """A version that can be asked."""

    name: str
    version: str
    ready: bool


@answer_model
class ModelConfigAnswer(TypedDict):
    """A version as Triton's `ModelConfig` describes it; `dims` leave the dimension of rows out."""

    name: str
    platform: str
    backend: str
    version_policy: dict[str, Any]
    max_batch_size: Annotated[int, Field(description="rows that a request of the largest size has")]
    input: list[dict[str, Any]]
    output: list[dict[str, Any]]
    parameters: dict[str, dict[str, str]]


@answer_model
class SignatureAnswer(TypedDict):
    """A version as TensorFlow Serving's `GetModelMetadataResponse` describes it."""

    model_spec: dict[str, str]
    metadata: dict[str, Any]


@answer_model
class InferAnswer(TypedDict):
    """The outputs; one that was asked for as binary data has its bytes behind the JSON."""

    id: NotRequired[Annotated[str, Field(description="that of the request")]]
    model_name: str
    model_version: str
    parameters: dict[str, Any]
    outputs: list[dict[str, Any]]


@answer_model
class IndexEntry(TypedDict):
    """A version of a model."""

    name: str
    version: str
    state: str
    reason: str


class RepositoryIndex(RootModel[list[IndexEntry]]):
    """All versions of all models."""


@answer_model
class DoneAnswer(TypedDict):
    """An empty object: it is done."""


@answer_model
class DurationStatistic(TypedDict):
    """How often something was done, and the nanoseconds that it took in all."""

    count: int
    ns: int


@answer_model
class InferenceStatistics(TypedDict):
    """The durations of requests, and of their parts."""

    success: DurationStatistic
    fail: DurationStatistic
    queue: DurationStatistic
    compute_input: DurationStatistic
    compute_infer: DurationStatistic
    compute_output: DurationStatistic
    cache_hit: DurationStatistic
    cache_miss: DurationStatistic


@answer_model
class ModelStatistics(TypedDict):
    """What was counted of a version since the service was started."""

    name: str
    version: str
    last_inference: Annotated[int, Field(description="milliseconds since 1970; 0 for none")]
    inference_count: Annotated[int, Field(description="rows predicted")]
    execution_count: Annotated[int, Field(description="requests computed")]
    inference_stats: InferenceStatistics
    batch_stats: Annotated[list[dict[str, Any]], Field(description="empty: nothing is counted by the number of rows")]


@answer_model
class StatisticsAnswer(TypedDict):
    """The statistics of models and their versions."""

    model_stats: list[ModelStatistics]
