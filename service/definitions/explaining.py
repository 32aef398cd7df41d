"""The bodies of requests for explanations of backpropagation and for evaluations on a dataset."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from service.definitions.base import Integer, Model, Number
from service.definitions.claims import Claim
from service.definitions.dataset_names import DatasetName, NamedDataset
from service.definitions.training import MAX_SEED, LossChoice, OptimizerChoice

MOST_ROWS = 16  # a trace shows every number of every row
MOST_LAYERS = 1000  # of a network

Instances = Annotated[list[Any], Field(min_length=1, max_length=MOST_ROWS)]
Seed = Annotated[Integer, Field(ge=0, le=MAX_SEED)]


def _layers(value: Any) -> Any:
    """Accept the arrays of layers also in the form in which `/parameters` answers them."""
    return value["layers"] if isinstance(value, dict) and "layers" in value else value


class TraceRequest(Model):
    """The rows to learn from: `instances` with `targets`, or one `row` of the job's dataset, counted from 0."""

    instances: Instances | None = Field(default=None, description="rows as predict takes them")
    targets: Instances | None = Field(
        default=None, description="one a row: values in the targets' own units, or a class's label"
    )
    row: Annotated[Integer, Field(ge=0)] | None = None
    loss: LossChoice | None = Field(default=None, description="in place of the job's own")
    optimizer: OptimizerChoice | None = Field(default=None, description="in place of the job's own")
    claim: Claim | None = None

    @model_validator(mode="after")
    def _one_form(self) -> "TraceRequest":
        if (self.instances is None) == (self.row is None):
            raise ValueError("give either `instances` with `targets`, or a `row`")
        if (self.instances is None) != (self.targets is None):
            raise ValueError("`instances` and `targets` go together")
        if self.instances is not None and self.targets is not None and len(self.instances) != len(self.targets):
            raise ValueError(f"{len(self.instances)} instances need as many targets, got {len(self.targets)}")
        return self


class NetworkTraceRequest(Model):
    """Rows of numbers, and what a bare network lacks: its `parameters` or the `seed` to draw them with."""

    instances: Instances
    targets: Instances
    parameters: Annotated[list[dict[str, list[Any]]] | None, BeforeValidator(_layers)] = Field(
        default=None,
        fail_fast=True,
        max_length=MOST_LAYERS,
        description="by layer `weights` and `biases`, or what `/parameters` answers",
    )
    seed: Seed | None = None
    loss: LossChoice | None = None
    optimizer: OptimizerChoice | None = None
    claim: Claim | None = None

    @model_validator(mode="after")
    def _goes_together(self) -> "NetworkTraceRequest":
        if len(self.instances) != len(self.targets):
            raise ValueError(f"{len(self.instances)} instances need as many targets, got {len(self.targets)}")
        if self.parameters is not None and self.seed is not None:
            raise ValueError("give either `parameters` or `seed`")
        return self


class GradientCheckRequest(Model):
    """How many training rows and how many parameters to look at, and the step of the differences."""

    rows: Annotated[Integer, Field(ge=1, le=1000)] = 8
    parameters: Annotated[Integer, Field(ge=1, le=10_000)] = 200
    epsilon: Annotated[Number, Field(ge=1e-8, le=1e-2)] = 1e-5


class NetworkGradientCheckRequest(GradientCheckRequest):
    """A bare network is checked on rows drawn at random."""

    seed: Seed | None = None
    loss: LossChoice | None = None


class EvaluateRequest(NamedDataset):
    """The dataset to measure on; its columns are the training dataset's."""

    dataset: DatasetName
