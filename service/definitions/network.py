"""The definition of a network: layers, units, activations, initializers, and the arithmetic of its size.

Imports `service.backprop` for the names and settings of what can be chosen, and `service.errors`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeAlias

from pydantic import (
    BeforeValidator,
    Field,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    model_validator,
)
from pydantic_core import CoreSchema

from service.backprop.activations import ACTIVATIONS, Linear
from service.backprop.layers import LAYERS, Layer
from service.backprop.network import size_of
from service.definitions.base import Integer, Model, Name
from service.definitions.choices import build, choice, union
from service.definitions.guessing import show
from service.definitions.keras import (
    KerasSequential,
    Places,
    is_keras,
    read_sequential,
    relocated_error,
    relocated_faults,
)
from service.definitions.training import TrainingDefinition
from service.errors import Invalid

if TYPE_CHECKING:
    LayerChoice: TypeAlias = Any
    ActivationChoice: TypeAlias = Any
else:  # the types are known once the registries are filled
    LayerChoice = union(LAYERS, "Layer")
    ActivationChoice = choice(ACTIVATIONS, "Activation", short_answers=True)

MOST = 2**31 - 1

Units = Annotated[Integer, Field(ge=1, le=MOST)]
Inputs = Annotated[
    Integer, Field(ge=1, le=MOST, description="values in a row of input; left out, the dataset gives it")
]


MOST_LAYERS = 1000  # with the output layer, which a job adds to those in `hidden`


def _no_sizes(value: Any) -> Any:
    """Refuse numbers of units in place of layers, with one fault for all of them."""
    if isinstance(value, list) and value and set(map(type, value)) <= {int, float, bool}:
        one = '{"type": "dense", "units": 30, "activation": "relu"}'
        raise ValueError(
            f"holds numbers, but a layer is an object such as {one}; hidden layers alone are `hidden`: [30]"
        )
    return value


class NetworkDefinition(Model):
    """A feedforward network, by its layers or, in short, by the units of its hidden ones."""

    inputs: Inputs | None = None
    layers: Annotated[list[LayerChoice] | None, BeforeValidator(_no_sizes)] = Field(
        default=None, min_length=1, max_length=MOST_LAYERS
    )
    hidden: list[Units] | None = Field(
        default=None,
        max_length=MOST_LAYERS - 1,
        description="units of dense hidden layers; the output layer fits the job's targets",
    )
    activation: ActivationChoice | None = Field(default=None, description="of the layers in `hidden`; tanh if left out")
    training: TrainingDefinition | None = Field(
        default=None, description="defaults for the keys that a job's own `training` does not give"
    )

    @model_validator(mode="after")
    def _one_form(self) -> "NetworkDefinition":
        if (self.layers is None) == (self.hidden is None):
            raise ValueError("give either `layers` or `hidden`")
        if self.layers is not None and self.activation is not None:
            raise ValueError("`activation` goes with `hidden`; with `layers` each layer has its own")
        return self

    def engine_layers(self) -> list[Layer]:
        """Return the engine's layers for those of the definition; no parameters are allocated."""
        if self.layers is not None:
            return [build(LAYERS, layer.model_dump(mode="json")) for layer in self.layers]
        return [build(LAYERS, layer) for layer in self._written_out()]

    @property
    def reached(self) -> tuple[float, float]:
        """The smallest and the largest number that an output takes or comes near; `layers` must be known."""
        return (self.engine_layers()[-1].last_activation() or Linear()).bounds

    def _written_out(self) -> list[dict[str, Any]]:
        activation = self.model_dump(mode="json")["activation"] or "tanh"
        return [{"type": "dense", "units": units, "activation": activation} for units in self.hidden or []]

    def with_output(self, units: int, activation: str) -> "NetworkDefinition":
        """Return this definition with `hidden` written out as layers, and an output layer of that size."""
        if self.layers is not None:
            return self
        layers = [*self._written_out(), {"type": "dense", "units": units, "activation": activation}]
        return NetworkDefinition.model_validate({"inputs": self.inputs, "layers": layers})

    def normalised(self) -> dict[str, Any]:
        """Return the definition with every default filled in, as it is stored and compared."""
        record = self.model_dump(mode="json")
        training = {} if self.training is None else {"training": self.training.given()}
        if self.hidden is not None:
            short = {"hidden": record["hidden"], "activation": record["activation"] or "tanh"}
            return {"inputs": self.inputs, **short, **training}
        layers = [{key: value for key, value in layer.items() if value is not None} for layer in record["layers"]]
        return {"inputs": self.inputs, "layers": layers, **training}


class NetworkRequest(NetworkDefinition):
    """A network to store; without a name one is made up."""

    name: Name | None = None
    _places: Places = PrivateAttr(default_factory=dict)

    @model_validator(mode="wrap")
    @classmethod
    def _or_keras(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Keras's JSON of a Sequential model is taken too; faults in it are reported where they stand there."""
        if isinstance(data, list):
            raise ValueError(f'must be an object: {{"layers": {show(data)}}}')
        if not is_keras(data):
            return handler(data)
        record, places = read_sequential(data)
        try:
            made = handler(record)
        except ValidationError as error:
            raise relocated_error(error, places) from None
        made._places = places
        return made

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        own = {**handler(core), "title": "NetworkFields"}  # the name of this form in the OpenAPI document
        return {"anyOf": [own, handler(KerasSequential.__pydantic_core_schema__)]}

    def definition(self) -> NetworkDefinition:
        return NetworkDefinition(**{name: getattr(self, name) for name in NetworkDefinition.model_fields})

    @contextmanager
    def pointing(self, pointer: str = "#") -> Iterator[None]:
        """Make faults found later in a network at `pointer` point to where its sender wrote them."""
        try:
            yield
        except Invalid as error:
            raise relocated_faults(error, pointer, self._places) from None


def widths(layers: list[Layer], inputs: int) -> list[int]:
    """Return the number of inputs and the number of units after each layer."""
    units = [inputs]
    for layer in layers:
        units.append(layer.units_after(units[-1]))
    return units


def parameter_counts(layers: list[Layer], inputs: int) -> list[int]:
    """Return the number of trained parameters of each layer, without allocating them."""
    before = widths(layers, inputs)
    return [size_of(layer.parameter_shapes(units)) for layer, units in zip(layers, before, strict=False)]


def has_parameters(definition: dict[str, Any]) -> list[bool]:
    """Return of each layer of a normalised definition whether it has parameters that are trained."""
    return [bool(build(LAYERS, layer).parameter_shapes(1)) for layer in definition["layers"]]


def check_network(definition: NetworkDefinition, max_parameters: int, pointer: str = "#") -> None:
    """Raise `Invalid` when the network is too large or given weights do not fit; nothing is allocated."""
    layers = definition.engine_layers()
    count = sum(parameter_counts(layers, definition.inputs or 1))
    if count > max_parameters:
        where = pointer + ("/layers" if definition.layers is not None else "/hidden")
        got = f"{count:,}" if count < 10**18 else "over 10^18"
        raise Invalid.at(where, f"must have at most {max_parameters:,} parameters together, got {got}")
    check_fits(layers, definition.inputs, pointer)


def check_fits(layers: list[Layer], inputs: int | None, pointer: str = "#") -> None:
    """Raise `Invalid` when a layer's given arrays do not fit the layer before it, as far as its units are known."""
    before = inputs
    for index, layer in enumerate(layers):
        misfit = None if before is None else layer.misfit(before)
        if misfit is not None:
            raise Invalid.at(f"{pointer}/layers/{index}/{misfit[0]}", misfit[1])
        # a dense layer's units are known without its inputs
        before = layer.units_after(before) if before is not None else _known_units(layer)


def _known_units(layer: Layer) -> int | None:
    """Return the number of units after a layer; None when it depends on the layer before."""
    return layer.units_after(1) if layer.units_after(1) == layer.units_after(2) else None


def describe(definition: dict[str, Any]) -> dict[str, Any]:
    """Return what an answer adds to a normalised definition: `parameters`, and each layer's `output` and `parameters`.

    They are counted with one input while `inputs` is unknown, and null for `hidden`, whose output layer depends on the
    job.
    """
    if "hidden" in definition:
        return {**definition, "parameters": None}
    layers = [build(LAYERS, layer) for layer in definition["layers"]]
    inputs = definition["inputs"] or 1
    counts, units = parameter_counts(layers, inputs), widths(layers, inputs)[1:]
    described = [
        {**layer, "output": output, "parameters": count}
        for layer, output, count in zip(definition["layers"], units, counts, strict=True)
    ]
    return {**definition, "layers": described, "parameters": sum(counts)}
