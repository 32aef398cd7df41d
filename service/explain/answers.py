"""The answers about backpropagation and evaluations, as the OpenAPI document shows them."""

from typing import Annotated, Any, Literal, NotRequired, TypeVar, cast

from pydantic import Field, WithJsonSchema
from typing_extensions import TypedDict

from service.definitions.base import answer_model
from service.definitions.decisions import DecisionAnswer
from service.explain.claim_answers import ClaimAnswer
from service.jobs.held_out_answers import TestMatrixAnswer

SUMMARISED = "arrays of more than 1,000 numbers are summarised by shape, extremes, mean, norm and largest entries"

MATRIX = {"type": "array", "items": {"type": "array", "items": {"anyOf": [{"type": "number"}, {"type": "null"}]}}}


def _absent(description: str | None = None) -> Any:
    """Describe a field that is left out where it does not apply."""
    return Field(description=description, json_schema_extra={"default": None})


Nonfinite = Annotated[list[str] | None, _absent("where null stands for NaN or an infinity")]


@answer_model
class SubjectFields(TypedDict):
    """Where the explained parameters come from: an epoch of a job, a version of a model, or an untrained network."""

    job: NotRequired[Annotated[str, Field(description="with `epoch`, of an epoch of a job")]]
    model: NotRequired[Annotated[str, Field(description="with `version` and `epoch`, of a model")]]
    version: NotRequired[int | None]
    epoch: NotRequired[Annotated[int | None, Field(description="null for parameters that a client sent")]]
    network: NotRequired[Annotated[str, Field(description="of an untrained network")]]
    seed: NotRequired[Annotated[int, Field(description="of the parameters that were drawn for an untrained network")]]


@answer_model
class TraceAnswer(SubjectFields):
    """One step of backpropagation: forward, the error, back from the output layer, the update."""

    object: Literal["trace"]
    inputs: Annotated[Any, Field(description=f"as the network takes them, (rows, inputs); {SUMMARISED}")]
    targets: Any
    loss: float | None
    loss_function: str
    forward: list[dict[str, Any]]
    backward: Annotated[list[dict[str, Any]], Field(description="from the output layer back")]
    update: list[dict[str, Any]]
    update_equations: dict[str, str]
    optimizer: dict[str, Any]
    learning_rate: float
    optimizer_state: Annotated[str, Field(description="`fresh`: the step is the optimizer's first one; or `stored`")]
    predicted_change: float | None
    actual_change: float | None
    loss_after: float | None
    claim: NotRequired[
        Annotated[ClaimAnswer | None, _absent("of a request with `claim`: which of its numbers are wrong")]
    ]
    modes: Annotated[dict[str, str], Field(description="how dropout and batch normalization act here")]
    formulas: NotRequired[Annotated[list[dict[str, Any]] | None, _absent("with `?explain=true`")]]
    formulas_left_out: NotRequired[
        Annotated[int | None, _absent("of large networks only the largest errors and contributions are written")]
    ]
    nonfinite: NotRequired[Nonfinite]


@answer_model
class GradientCheckAnswer(SubjectFields):
    """Backpropagation against central differences."""

    object: Literal["gradient_check"]
    rows: int
    epsilon: float
    loss_function: str
    layers: list[dict[str, Any]]
    passed: bool
    threshold: float
    worst: dict[str, Any] | None
    nonfinite: NotRequired[Nonfinite]


@answer_model
class SlopeAnswer(TypedDict):
    """The loss as one parameter moves."""

    object: Literal["slope"]
    job: str
    epoch: int
    layer: int
    weight: NotRequired[Annotated[list[int], Field(description="the `input,unit` that was asked for")]]
    bias: NotRequired[Annotated[int, Field(description="the `unit` that was asked for")]]
    name: str
    rows: int
    value: float
    loss: float | None
    points: list[dict[str, Any]]
    tangent: dict[str, Any]
    step: dict[str, Any]
    optimizer: dict[str, Any]
    learning_rate: float
    optimizer_state: str
    nonfinite: NotRequired[Nonfinite]


@answer_model
class SurfaceAnswer(TypedDict):
    """The loss over two parameters: `losses[i][j]` is at the i-th value of x and the j-th of y."""

    object: Literal["surface"]
    job: str
    epoch: int
    rows: int
    loss: float | None
    x: dict[str, Any]
    y: dict[str, Any]
    losses: Annotated[Any, WithJsonSchema(MATRIX)]  # an array (points, points)
    gradient: list[float | None]
    path: Annotated[
        list[dict[str, Any]], Field(description="where both stood at stored epochs, in the order of training")
    ]
    nonfinite: NotRequired[Nonfinite]


DiffAnswer = TypedDict(
    "DiffAnswer",
    {
        "object": Literal["diff"],
        "job": str,
        "from": Annotated[dict[str, Any], Field(description="the epoch, its losses and its hash")],
        "to": Annotated[dict[str, Any], Field(description="the other epoch, its losses and its hash")],
        "identical": bool,
        "norm": float | None,
        "relative": float | None,
        "layers": list[dict[str, Any]],
        "nonfinite": NotRequired[Nonfinite],
    },
)
DiffAnswer.__doc__ = "What changed from one epoch to another."
answer_model(DiffAnswer)


@answer_model
class ComparisonAnswer(TypedDict):
    """A version and the one that an alias names, measured on a dataset without weights of classes."""

    dataset: str
    dataset_version: int
    metric: Annotated[str, Field(description="`loss`, or a metric")]
    larger_is_better: bool
    version: int
    value: Annotated[float | None, Field(description="null where it is not finite")]
    current_version: Annotated[int, Field(description="what the alias named before")]
    current_value: float | None
    is_better: bool


@answer_model
class RocPointAnswer(TypedDict):
    """The shares of both classes whose score is at least the threshold."""

    threshold: float
    false_positive_rate: Annotated[float, Field(description="of the rows of the other class")]
    true_positive_rate: Annotated[float, Field(description="of the rows of the positive class")]


@answer_model
class PrecisionRecallPointAnswer(TypedDict):
    """How right and how complete the rows are whose score is at least the threshold."""

    threshold: float
    precision: Annotated[float, Field(description="the share of them that is of the positive class")]
    recall: Annotated[float, Field(description="the share of the positive class that is among them")]


@answer_model
class RocAnswer(TypedDict):
    """The ROC curve (Fawcett, 2006); it begins at 0, 0, above every score, which is not among the points."""

    area: Annotated[float, Field(description="by trapezoids: the chance that a positive row has the larger score")]
    points: Annotated[list[RocPointAnswer], Field(description="by descending threshold, at most 200")]


@answer_model
class PrecisionRecallAnswer(TypedDict):
    """The precision-recall curve."""

    area: Annotated[float, Field(description="interpolated between points as Davis and Goadrich (2006) do")]
    average_precision: Annotated[float, Field(description="not interpolated: the sum of recall gained x precision")]
    points: Annotated[list[PrecisionRecallPointAnswer], Field(description="by descending threshold, at most 200")]


@answer_model
class CurvesAnswer(TypedDict):
    """What each threshold would do, for two classes; rows count by their weights, if they have any."""

    positive: Annotated[str | int, Field(description="the second class, whose output is the score")]
    roc: RocAnswer
    precision_recall: PrecisionRecallAnswer


@answer_model
class EvaluateAnswer(SubjectFields):
    """How good a network is on a dataset."""

    object: Literal["evaluation"]
    dataset: str
    dataset_version: Annotated[int, Field(description="which version of it")]
    rows: int
    loss: float | None
    loss_function: str
    metrics: dict[str, float | None]
    confusion_matrix: TestMatrixAnswer | None
    decision: Annotated[
        DecisionAnswer | None, Field(description="the version's, by which the metrics and the matrix read outputs")
    ]
    curves: Annotated[
        CurvesAnswer | None, Field(description="for two classes that both occur, in at most 5,000,000 rows")
    ]
    nonfinite: NotRequired[Nonfinite]


ExplainAnswer = TypeVar("ExplainAnswer", TraceAnswer, GradientCheckAnswer, EvaluateAnswer)


def with_subject(body: ExplainAnswer, subject: SubjectFields) -> ExplainAnswer:
    """Return an answer with the fields that say what it is about, next to its `object`."""
    return cast(ExplainAnswer, {"object": body["object"], **subject, **body})


@answer_model
class ParameterHistogram(TypedDict):
    """How the values of one array of parameters are spread; each bin lacks its upper edge, but for the last one."""

    size: Annotated[int, Field(description="of the array")]
    minimum: Annotated[float | None, Field(description="of the finite values, as are the next three")]
    maximum: float | None
    mean: float | None
    standard_deviation: float | None
    edges: Annotated[
        list[float],
        Field(
            description="of the bins, one more than `counts`: multiples of their width, a power of two, or with "
            "`range` from its one end to the other"
        ),
    ]
    counts: list[int]
    below: Annotated[int, Field(description="values below `range`, 0 without it")]
    above: Annotated[int, Field(description="values above `range`, 0 without it")]
    not_finite: Annotated[int, Field(description="values that are NaN or infinite, which are in no bin")]


@answer_model
class LayerHistograms(TypedDict):
    """The histograms of a layer's arrays by name; none of a layer without parameters."""

    layer: Annotated[int, Field(description="counted from 0")]
    type: str
    parameters: dict[str, ParameterHistogram]


@answer_model
class HistogramsAnswer(SubjectFields):
    """Histograms of a network's parameters, layer by layer, weights and biases apart."""

    object: Literal["histograms"]
    layers: list[LayerHistograms]
