"""The definition of a network: layers, units, activations, initializers, and the arithmetic of its size.

Imports `service.backprop` for the names and settings of what can be chosen, and `service.errors`.
"""

import itertools
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from service.backprop.activations import ACTIVATIONS
from service.backprop.initializers import INITIALIZERS
from service.definitions.base import Integer, Model, Name, Number
from service.definitions.choices import choice, names
from service.errors import Invalid

if TYPE_CHECKING:
    ActivationName = str
else:  # the names are known once the registries are filled
    ActivationName = Literal[names(ACTIVATIONS)]
InitializerChoice = choice(INITIALIZERS, "Initializer")

MOST = 2**31 - 1

Units = Annotated[Integer, Field(ge=1, le=MOST)]
Inputs = Annotated[
    Integer, Field(ge=1, le=MOST, description="values in a row of input; left out, the dataset gives it")
]
Row = Annotated[list[Number], Field(min_length=1)]


class DenseLayer(Model):
    """Every unit is joined to every output of the layer before it: Z = A @ weights + biases, then the activation."""

    type: Literal["dense"]
    units: Units
    activation: ActivationName = "linear"
    initializer: InitializerChoice = Field(default={"type": "glorot_uniform"}, validate_default=True)  # type: ignore[valid-type]
    bias_initializer: InitializerChoice = Field(default={"type": "zeros"}, validate_default=True)  # type: ignore[valid-type]
    weights: list[Row] | None = Field(default=None, description="inputs x units, in place of `initializer`")
    biases: Row | None = Field(default=None, description="one a unit, in place of `bias_initializer`")

    @model_validator(mode="after")
    def _shapes(self) -> "DenseLayer":
        if self.biases is not None and len(self.biases) != self.units:
            raise ValueError(f"`biases` must have {self.units} entries, one a unit, got {len(self.biases)}")
        for index, row in enumerate(self.weights or []):
            if len(row) != self.units:
                raise ValueError(f"`weights` row {index} must have {self.units} entries, one a unit, got {len(row)}")
        return self


class NetworkDefinition(Model):
    """A feedforward network, by its layers or, in short, by the units of its hidden ones."""

    inputs: Inputs | None = None
    layers: list[DenseLayer] | None = Field(default=None, min_length=1, max_length=1000)
    hidden: list[Units] | None = Field(
        default=None,
        max_length=1000,
        description="units of dense hidden layers; the output layer fits the job's targets",
    )
    activation: ActivationName | None = Field(default=None, description="of the layers in `hidden`; tanh if left out")

    @model_validator(mode="after")
    def _one_form(self) -> "NetworkDefinition":
        if (self.layers is None) == (self.hidden is None):
            raise ValueError("give either `layers` or `hidden`")
        if self.layers is not None and self.activation is not None:
            raise ValueError("`activation` goes with `hidden`; with `layers` each layer has its own")
        return self

    def widths(self) -> list[int]:
        """Units of the layers that are known, first to last."""
        return [layer.units for layer in self.layers] if self.layers is not None else list(self.hidden or [])

    def with_output(self, units: int, activation: str) -> "NetworkDefinition":
        """This definition with `hidden` written out as layers, and an output layer of that size."""
        if self.layers is not None:
            return self
        hidden = [
            DenseLayer(type="dense", units=width, activation=self.activation or "tanh") for width in self.hidden or []
        ]
        layers = [*hidden, DenseLayer(type="dense", units=units, activation=activation)]
        return NetworkDefinition(inputs=self.inputs, layers=layers)

    def normalised(self) -> dict[str, Any]:
        """The definition with every default filled in, as stored and compared."""
        record = self.model_dump(mode="json")
        if self.hidden is not None:
            return {"inputs": self.inputs, "hidden": record["hidden"], "activation": self.activation or "tanh"}
        for layer in record["layers"]:
            for given in ("weights", "biases"):
                if layer[given] is None:
                    del layer[given]
        return {"inputs": self.inputs, "layers": record["layers"]}


class NetworkRequest(NetworkDefinition):
    """A network to keep; without a name one is made up."""

    name: Name | None = None

    def definition(self) -> NetworkDefinition:
        return NetworkDefinition(inputs=self.inputs, layers=self.layers, hidden=self.hidden, activation=self.activation)


def layer_sizes(definition: NetworkDefinition, inputs: int) -> list[int]:
    """Parameters of each layer by arithmetic: (inputs + 1) times units. Nothing is allocated."""
    widths = [inputs, *definition.widths()]
    return [(before + 1) * after for before, after in itertools.pairwise(widths)]


def check_network(definition: NetworkDefinition, max_parameters: int, pointer: str = "#") -> None:
    """Raise `Invalid` when the network is too large or given weights do not fit; by arithmetic alone."""
    count = sum(layer_sizes(definition, definition.inputs or 1))
    if count > max_parameters:
        where = pointer + ("/layers" if definition.layers is not None else "/hidden")
        got = f"{count:,}" if count < 10**18 else "over 10^18"
        raise Invalid.at(where, f"must have at most {max_parameters:,} parameters together, got {got}")
    check_given_weights(definition, definition.inputs, pointer)


def check_given_weights(definition: NetworkDefinition, inputs: int | None, pointer: str = "#") -> None:
    """Raise `Invalid` when a layer's given `weights` have another number of rows than the layer has inputs."""
    before = inputs
    for index, layer in enumerate(definition.layers or []):
        if layer.weights is not None and before is not None and len(layer.weights) != before:
            raise Invalid.at(
                f"{pointer}/layers/{index}/weights",
                f"must have {before} rows, one an input of the layer, got {len(layer.weights)}",
            )
        before = layer.units


def describe(definition: dict[str, Any]) -> dict[str, Any]:
    """What an answer adds to a normalised definition: `parameters`, and by layer its `output` and `parameters`.

    Counted with one input while `inputs` is unknown; null for `hidden`, whose output layer is known with a job.
    """
    if "hidden" in definition:
        return {**definition, "parameters": None}
    before = definition["inputs"] or 1
    layers = []
    for layer in definition["layers"]:
        layers.append({**layer, "output": layer["units"], "parameters": (before + 1) * layer["units"]})
        before = layer["units"]
    return {**definition, "layers": layers, "parameters": sum(layer["parameters"] for layer in layers)}
