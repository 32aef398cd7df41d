"""The answers about models, their versions and their predictions, as the OpenAPI document shows them."""

from datetime import datetime
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from service.definitions.base import answer_model
from service.definitions.decisions import DecisionAnswer
from service.jobs.answers import EpochMetrics
from service.jobs.held_out_answers import Nonfinite, TestAnswer
from service.models.signature_answers import ExampleAnswer, InputAnswer, OutputAnswer, SignatureFields
from service.store.model_records import Origin

ABSENT = Field(json_schema_extra={"default": None})  # a field that is left out where it does not apply


@answer_model
class VersionRecordAnswer(TypedDict):
    """The losses and metrics of the epoch that a version is."""

    training_loss: float | None
    validation_loss: float | None
    metrics: EpochMetrics
    nonfinite: NotRequired[Nonfinite]


@answer_model
class VersionStatus(TypedDict):
    """A version as TensorFlow Serving's clients read it."""

    version: Annotated[str, Field(description="its number")]
    state: Annotated[str, Field(description="`AVAILABLE`, as every version can be asked")]
    status: Annotated[dict[str, str], Field(description="`error_code` and `error_message`")]


@answer_model
class ModelVersionAnswer(TypedDict):
    """A version in the answer of its model."""

    version: int
    object: Literal["model_version"]
    aliases: Annotated[list[str], Field(description="the aliases that name it")]
    origin: Annotated[Origin, Field(description="a job's end, an epoch of one, or parameters that were sent")]
    job: Annotated[str | None, Field(description="null for parameters that were sent, as the epoch is")]
    dataset: Annotated[str | None, Field(description="what the job was trained on, where that is known")]
    dataset_version: Annotated[int | None, Field(description="which version of it")]
    epoch: int | None
    created_at: datetime
    record: VersionRecordAnswer
    test: Annotated[TestAnswer | None, Field(description="on the rows that the job's `training.test` holds out")]
    sha256: str
    decision: DecisionAnswer | None
    keep_until: Annotated[datetime | None, Field(description="it is deleted after that, unless an alias points to it")]


class ScaleAnswer(TypedDict):
    """What numbers to predict are divided by; null, with a sentence, where it is not known."""

    scale: Annotated[
        float | None,
        Field(description="numbers to predict are divided by it first, as those of the training dataset were"),
    ]
    scale_note: NotRequired[Annotated[str, Field(description="why the scale is null")]]


@answer_model
class VersionAnswer(ScaleAnswer, SignatureFields):
    """One version of a model."""

    model: str
    version: int
    object: Literal["model_version"]
    aliases: Annotated[list[str], Field(description="the aliases that name it")]
    origin: Annotated[Origin, Field(description="a job's end, an epoch of one, or parameters that were sent")]
    job: Annotated[str | None, Field(description="null for parameters that were sent, as the epoch is")]
    dataset: Annotated[str | None, Field(description="what the job was trained on, where that is known")]
    dataset_version: Annotated[int | None, Field(description="which version of it")]
    epoch: int | None
    created_at: datetime
    record: VersionRecordAnswer
    test: Annotated[TestAnswer | None, Field(description="on the rows that the job's `training.test` holds out")]
    sha256: str
    decision: DecisionAnswer | None
    keep_until: Annotated[datetime | None, Field(description="it is deleted after that, unless an alias points to it")]
    example: Annotated[ExampleAnswer, Field(description="a body that predict takes")]
    model_version_status: Annotated[list[VersionStatus], Field(description="for TensorFlow Serving's clients")]


@answer_model
class ModelAnswer(ScaleAnswer):
    """A model and its versions.

    `inputs`, `outputs`, `example` and `scale` are those of the version that its name alone means: that of the alias
    `default` where it is set, else the latest.
    """

    name: str
    owner: NotRequired[Annotated[str, Field(description="the tenant that granted it, where it is another one's")]]
    object: Literal["model"]
    created_at: datetime
    ready: bool
    latest: int | None
    aliases: Annotated[dict[str, int], Field(description="the version that each alias names")]
    versions: list[ModelVersionAnswer]
    example: Annotated[ExampleAnswer | None, Field(description="a body that predict takes")]
    inputs: NotRequired[
        Annotated[list[InputAnswer], Field(description="the columns of a row to predict; left out in lists")]
    ]
    outputs: NotRequired[Annotated[list[OutputAnswer], Field(description="what is predicted; left out in lists")]]
    model_version_status: NotRequired[
        Annotated[list[VersionStatus], Field(description="for TensorFlow Serving's clients; left out in lists")]
    ]


@answer_model
class UnknownAnswer(TypedDict):
    """A category never seen in training; its row is counted from 0, in the order of the predictions."""

    row: int
    column: Annotated[str, Field(description="the input column")]
    value: Annotated[str | bool, Field(description="as it was sent")]


@answer_model
class PredictAnswer(TypedDict):
    """Predictions; rows sent as `inputs` are answered as `outputs`."""

    predictions: NotRequired[Annotated[list[Any] | None, ABSENT]]
    outputs: NotRequired[Annotated[list[Any] | None, ABSENT]]
    labels: Annotated[list[str | int] | None, Field(description="the class of each row; null for values")]
    model: str
    version: Annotated[int | None, Field(description="null for an epoch of a job")]
    epoch: Annotated[int | None, Field(description="null for parameters that were sent")]
    ignored: NotRequired[
        Annotated[list[str], Field(description="fields of rows that are no columns, where there are any")]
    ]
    unknown: NotRequired[
        Annotated[
            list[UnknownAnswer],
            Field(description="categories never seen in training, which become all zeros: the first 100"),
        ]
    ]
    unknown_more: NotRequired[Annotated[int, Field(description="how many more there are, where `unknown` has 100")]]
    scale: NotRequired[Annotated[None, Field(description="given, as null, where the version's scale is not known")]]
    scale_note: NotRequired[Annotated[str, Field(description="why the scale is null")]]
