"""What the answers about backpropagation look like, for the OpenAPI document."""

from typing import Any

from pydantic import Field

from service.definitions.base import Answer

NONFINITE = Field(default=None, description="where null stands for NaN or an infinity")
EXPLAINED = "arrays of more than 1,000 numbers are summarised by shape, extremes, mean, norm and largest entries"


class Subject(Answer):
    """Where the explained parameters come from: an epoch of a job, a version of a model, or a bare network."""

    job: str | None = Field(default=None, description="with `epoch`, of an epoch of a job")
    model: str | None = Field(default=None, description="with `version` and `epoch`, of a model")
    version: int | None = None
    epoch: int | None = None
    network: str | None = Field(default=None, description="of a bare network")
    seed: int | None = Field(default=None, description="of the parameters that were drawn for a bare network")


class TraceAnswer(Subject):
    """One step of backpropagation: forward, the error, back from the output layer, the update."""

    object: str
    inputs: Any = Field(description=f"as the network takes them, (rows, inputs); {EXPLAINED}")
    targets: Any
    loss: float | None
    loss_function: str
    forward: list[dict[str, Any]]
    backward: list[dict[str, Any]] = Field(description="from the output layer back")
    update: list[dict[str, Any]]
    update_equations: dict[str, str]
    optimizer: dict[str, Any]
    learning_rate: float
    optimizer_state: str = Field(description="`fresh`: the step is the optimizer's first one; or `stored`")
    predicted_change: float | None
    actual_change: float | None
    loss_after: float | None
    modes: dict[str, str] = Field(description="how dropout and batch normalization act here")
    formulas: list[dict[str, Any]] | None = Field(default=None, description="with `?explain=true`")
    formulas_left_out: int | None = Field(
        default=None, description="of large networks only the largest errors and contributions are written"
    )
    nonfinite: list[str] | None = NONFINITE


class GradientCheckAnswer(Subject):
    """Backpropagation against central differences."""

    object: str
    rows: int
    epsilon: float
    loss_function: str
    layers: list[dict[str, Any]]
    passed: bool
    threshold: float
    worst: dict[str, Any] | None
    nonfinite: list[str] | None = NONFINITE


class SlopeAnswer(Answer):
    """The loss as one parameter moves."""

    object: str
    job: str
    epoch: int
    layer: int
    weight: int | list[int] | None = Field(default=None, description="the `input,unit` that was asked for")
    bias: int | None = Field(default=None, description="the `unit` that was asked for")
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
    nonfinite: list[str] | None = NONFINITE


class SurfaceAnswer(Answer):
    """The loss over two parameters: `losses[i][j]` is at the i-th value of x and the j-th of y."""

    object: str
    job: str
    epoch: int
    rows: int
    loss: float | None
    x: dict[str, Any]
    y: dict[str, Any]
    losses: list[list[float | None]]
    gradient: list[float | None]
    path: list[dict[str, Any]] = Field(description="where both stood at stored epochs, in the order of training")
    nonfinite: list[str] | None = NONFINITE


class DiffAnswer(Answer):
    """What changed from one epoch to another."""

    object: str
    job: str
    from_: dict[str, Any] = Field(alias="from", description="the epoch, its losses and its hash")
    to: dict[str, Any] = Field(description="the other epoch, its losses and its hash")
    identical: bool
    norm: float | None
    relative: float | None
    layers: list[dict[str, Any]]
    nonfinite: list[str] | None = NONFINITE


class EvaluateAnswer(Subject):
    """How good a network is on a dataset."""

    object: str
    dataset: str
    rows: int
    loss: float | None
    loss_function: str
    metrics: dict[str, float | None]
    confusion_matrix: dict[str, Any] | None
    nonfinite: list[str] | None = NONFINITE
