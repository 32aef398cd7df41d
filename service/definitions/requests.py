"""The bodies of requests other than a network's: datasets as JSON, jobs, predictions."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal, TypeAlias

from pydantic import (
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from service.definitions.aliases import Promotion
from service.definitions.base import Integer, Model, Name, Number, Text, at_most, few_wrong
from service.definitions.columns import ColumnKind
from service.definitions.dataset_names import DatasetName, DatasetReference, NamedDataset
from service.definitions.decisions import Decision
from service.definitions.guessing import show
from service.definitions.job_columns import ColumnChoice, TargetType
from service.definitions.network import NetworkDefinition, NetworkRequest
from service.definitions.training import TrainingDefinition
from service.definitions.webhooks import Notify
from service.errors import Fault, Invalid, unescaped

KINDS = tuple(ColumnKind)
Texts = Annotated[list[Text], Field(fail_fast=True)]
Kinds = Annotated[
    dict[Text, Literal["number", "category", "date", "ignore"]],
    few_wrong(lambda kind: isinstance(kind, str) and kind in KINDS),
]


class DatasetRequest(Model):
    """A dataset as JSON: `inputs` with `targets`, or `rows` of a table (lists with `columns`, or objects).

    Options may stand in the query. A list of objects in place of the body is short for `rows`.

    Cells are checked by the reader, which names row and column.
    """

    name: Name | None = None
    inputs: list[Any] | None = Field(default=None, description="rows of numbers")
    targets: list[Any] | None = Field(default=None, description="rows of numbers, or one value a row")
    columns: Texts | None = Field(default=None, description="the names of the columns, where `rows` are lists")
    rows: list[Any] | None = Field(default=None, description="lists in the order of `columns`, or objects by column")
    target: Texts | Text | None = Field(default=None, description="default the last column; `none` for none")
    weight: Text | None = Field(default=None, description="the column of sample weights")
    drop: Texts | Text | None = Field(default=None, description="columns to leave out")
    target_type: Literal["class", "value"] | None = Field(
        default=None, description="what the targets are; by default each job decides"
    )
    scale: Annotated[Number, Field(gt=0)] = Field(
        default=1.0, description="inputs are divided by it wherever they meet a network"
    )
    types: Kinds | Texts | Text | None = Field(
        default=None, description='how columns are read: `{"zip": "category"}`, or `["zip:category"]` as in a query'
    )

    @model_validator(mode="after")
    def _one_form(self) -> "DatasetRequest":
        if (self.inputs is None) == (self.rows is None):
            raise ValueError("give either `inputs` (with `targets`) or `rows`")
        if self.inputs is not None:
            of_rows = ("columns", "target", "weight", "drop", "types")
            wrong = [name for name in of_rows if getattr(self, name) is not None]
            if wrong:
                raise ValueError(f"`{wrong[0]}` goes with `rows`, not with `inputs`")
        if self.rows is not None and self.targets is not None:
            raise ValueError("`targets` goes with `inputs`; with `rows` say which column is the `target`")
        return self


MetadataKey = Annotated[Text, StringConstraints(min_length=1, max_length=64)]
MetadataValue = Annotated[Text, StringConstraints(max_length=512)]


def _no_definition(value: Any) -> Any:
    if isinstance(value, dict):
        raise ValueError("is the name of the model that the job trains; a definition goes into `network`")
    return value


class Submission(ColumnChoice):
    """What every new job may set: the columns it uses, when it runs, and the model that it trains."""

    misplaced: ClassVar[dict[tuple[str | int, ...], str]] = {
        **ColumnChoice.misplaced,
        ("training", "decision"): "`decision` goes next to `dataset`, not into `training`",
    }

    model: Annotated[Name | None, BeforeValidator(_no_definition)] = None
    decision: Decision | None = Field(
        default=None, description="how outputs become one of two classes, for the version that the job makes"
    )
    promote: Promotion | None = Field(
        default=None, description="the alias of `model` that is moved to the new version when the job succeeds"
    )
    notify: Notify | None = Field(default=None, description="where events of this job are sent, signed as webhooks are")
    hold: bool = Field(default=False, description="pause at epoch 0, once it is measured and stored")
    priority: Annotated[Integer, Field(ge=-1000, le=1000)] = 0
    on_other_machine: Literal["resume", "wait", "restart"] = Field(
        default="resume",
        description="what happens when no worker is alive that computes the same bits as the one before",
    )
    metadata: Annotated[dict[MetadataKey, MetadataValue], at_most(64)] = Field(default={}, max_length=64)

    @field_validator("promote")
    @classmethod
    def _of_a_named_model(cls, promote: Promotion | None, info: ValidationInfo) -> Promotion | None:
        if promote is not None and info.data.get("model", "") is None:
            raise ValueError("goes with `model`, whose alias it moves; give the model's name")
        return promote

    @property
    def pause_at(self) -> int | None:
        """The epoch after which the job is to pause, or None."""
        return 0 if self.hold else None


def _no_name_alone(dataset: Any) -> Any:
    """Refuse an object that names a stored dataset, and perhaps its columns, but has no rows."""
    if isinstance(dataset, dict) and "name" in dataset and not dataset.keys() & {"inputs", "rows", "columns"}:
        name = show(dataset["name"])
        fields = [f"`{field}`" for field in ("drop", "target", "target_type") if field in dataset]
        rest = f", and {', '.join(fields)} next to it" if fields else ""
        raise ValueError(f"has a name and no rows; for a stored dataset give its name alone, {name}{rest}")
    return dataset


JobDataset: TypeAlias = Annotated[DatasetName | DatasetRequest, BeforeValidator(_no_name_alone)]


class JobRequest(Submission, NamedDataset):
    """A network to train on a dataset. `{"dataset": "iris"}` is enough."""

    dataset: JobDataset
    target_type: TargetType | None = Field(
        default=None, description="whether the targets are classes or values; by default as the dataset says"
    )
    network: Name | NetworkRequest | None = None
    training: TrainingDefinition = TrainingDefinition()

    @property
    def data(self) -> DatasetReference | DatasetRequest:
        """The rows that came with the request, or which stored dataset it names."""
        return self.reference() if isinstance(self.dataset, str) else self.dataset

    @contextmanager
    def pointing(self, network: NetworkDefinition) -> Iterator[TrainingDefinition]:
        """Yield the job's training with the network's defaults; faults found in the block point to where they lie."""
        sent = self.network.pointing("#/network") if isinstance(self.network, NetworkRequest) else nullcontext()
        with sent:
            try:
                yield self.training.over(network.training)
            except Invalid as error:
                raise self._of_network(error, network) from None

    def _of_network(self, error: Invalid, network: NetworkDefinition) -> Invalid:
        """Return an error whose pointers at keys of `training` lead to the network if its defaults have those keys."""
        from_network = set() if network.training is None else network.training.model_fields_set
        faults = []
        for fault in error.faults:
            head, _, key = (fault.pointer or "").partition("#/training/")
            if not head and key.split("/")[0] in from_network - self.training.model_fields_set:
                fault = replace(fault, pointer=f"#/network/training/{key}")
            faults.append(fault)
        return Invalid.from_faults(faults) if faults else error


class ForkRequest(Submission, NamedDataset):
    """Which stored epoch of the job is the new one's epoch 0, and what is to be different from there on."""

    epoch: Annotated[Integer, Field(ge=0, lt=10**9)] | Literal["best", "last"] = "last"
    dataset: JobDataset | None = Field(default=None, description="in place of the job's own")
    training: TrainingDefinition = Field(
        default=TrainingDefinition(), description="each key that is given replaces the job's"
    )

    @property
    def data(self) -> DatasetReference | DatasetRequest | None:
        """The rows that came with the request, or which stored dataset it names; None for the job's own."""
        return self.reference() if isinstance(self.dataset, str) else self.dataset

    @contextmanager
    def pointing(self) -> Iterator[None]:
        """Make faults of a new dataset with the parent's settings, found in the block, point to the sent dataset."""
        try:
            yield
        except Invalid as error:
            raise Invalid.from_faults([self._pointed(fault) for fault in error.faults]) from None

    def _pointed(self, fault: Fault) -> Fault:
        head, _, key = (fault.pointer or "").partition("#/training/")
        if head or self.dataset is None or key.split("/")[0] in self.training.model_fields_set:
            return fault
        name = ".".join(map(unescaped, key.split("/")))
        detail = f"does not go with the job's `training.{name}`: {fault.detail}"
        return replace(fault, pointer="#/dataset", detail=detail)


class ReplayRequest(Model):
    """When a replay runs. The body may be left out."""

    priority: Annotated[Integer, Field(ge=-1000, le=1000)] = 0
    on_other_machine: Literal["resume", "wait"] = Field(
        default="resume", description="what happens when no worker is alive that computes the same bits as the record's"
    )
    metadata: Annotated[dict[MetadataKey, MetadataValue], at_most(64)] = Field(default={}, max_length=64)
    notify: Notify | None = Field(default=None, description="where events of the replay are sent, as webhooks are")


class StepRequest(Model):
    """How far a paused job trains before it pauses again."""

    epochs: Annotated[Integer, Field(ge=1, le=1_000_000_000)] = 1


def _no_single_row(value: Any) -> Any:
    """Refuse one row in place of a list of rows, with one fault for all of its values."""
    is_values = isinstance(value, list) and value and set(map(type, value)) <= {int, float, bool, str}
    if is_values or isinstance(value, dict):
        raise ValueError(f"must be a list of rows such as [{show(value)}], got {show(value)}")
    return value


Rows = Annotated[list[Any] | None, BeforeValidator(_no_single_row)]


ColumnsOrRows = Annotated[
    list[Any] | None,
    BeforeValidator(_no_single_row),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "array", "items": {}, "minItems": 1},
                {
                    "type": "object",
                    "additionalProperties": {"type": "array", "items": {}, "minItems": 1},
                    "minProperties": 1,
                },
                {"type": "null"},
            ]
        }
    ),
]


class PredictRequest(Model):
    """Rows to predict: lists in the order of the input columns, objects by column, or a list for each column."""

    # a list for each column is read before a request is checked against this (`service.inference.instances`)
    instances: Rows = Field(default=None, min_length=1, description="the answer is `predictions`")
    inputs: ColumnsOrRows = Field(
        default=None,
        min_length=1,
        description="the same, or a list of values for each column; the answer is `outputs`",
    )
    signature_name: str | None = Field(default=None, description="taken from clients that send it, without effect")

    @model_validator(mode="after")
    def _one_form(self) -> "PredictRequest":
        if (self.instances is None) == (self.inputs is None):
            raise ValueError("give either `instances` or `inputs`")
        return self


class PredictionRequest(NamedDataset):
    """A model to apply to all rows of a stored dataset."""

    misplaced: ClassVar[dict[tuple[str | int, ...], str]] = {
        ("instances",): "rows in the request go to `/v1/models/{name}:predict`; here `dataset` names stored ones",
        ("format",): "the result is read in any format: `/v1/predictions/{id}/result?format=`",
    }

    model: Name
    version: Annotated[Integer, Field(ge=1, lt=10**9)] | Text | None = Field(
        default=None, description="a number or an alias; which version it means is settled when this is submitted"
    )
    epoch: Annotated[Integer, Field(ge=0, lt=10**9)] | Literal["best", "last"] | None = Field(
        default=None, description="the network after that epoch of the version's job"
    )
    dataset: DatasetName
    keep: Texts | Text | None = Field(
        default=None, description="columns of the dataset that go into the result as they are"
    )
    notify: Notify | None = Field(
        default=None, description="where events of this prediction are sent, signed as webhooks are; needs `train`"
    )
    metadata: Annotated[dict[MetadataKey, MetadataValue], at_most(64)] = Field(default={}, max_length=64)

    @property
    def kept(self) -> tuple[str, ...]:
        """The names of the columns to keep."""
        return () if self.keep is None else (self.keep,) if isinstance(self.keep, str) else tuple(self.keep)
