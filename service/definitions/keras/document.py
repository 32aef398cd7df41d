"""The schema of what `model.to_json()` writes, for the OpenAPI document."""

from typing import Annotated, Any, Literal

from pydantic import Field

from service.definitions.base import Model, Name
from service.definitions.training import TrainingDefinition


class KerasLayer(Model):
    """One layer: its class and its settings, as `get_config()` gives them.

    A Dense layer may have `weights` and `biases` next to them, which Keras itself ignores.
    """

    module: str | None = None
    class_name: str
    config: dict[str, Any]
    registered_name: str | None = None
    build_config: dict[str, Any] | None = None
    shared_object_id: int | None = None
    weights: list[Any] | None = Field(default=None, description="inputs x units, in place of `kernel_initializer`")
    biases: list[Any] | None = Field(default=None, description="one a unit, in place of `bias_initializer`")


Layers = Annotated[list[KerasLayer], Field(min_length=1, max_length=1000)]


class KerasConfig(Model):
    """The layers of a Sequential model, in order."""

    name: str | None = None
    trainable: bool | None = None
    dtype: str | dict[str, Any] | None = None
    layers: Layers
    build_input_shape: list[int | None] | None = None


class KerasSequential(Model):
    """What Keras writes with `model.to_json()` for a Sequential model; compile settings become training defaults.

    `config` is a list of layers in what Keras 2.0 to 2.2 wrote.
    """

    module: str | None = None
    class_name: Literal["Sequential"]
    config: KerasConfig | Layers
    registered_name: str | None = None
    build_config: dict[str, Any] | None = None
    compile_config: dict[str, Any] | None = None
    keras_version: str | None = None
    backend: str | None = None
    name: Name | None = Field(default=None, description="of the network; left out, the model's own if it was given one")
    training: TrainingDefinition | None = Field(
        default=None, description="training defaults that Keras's JSON has no place for, such as `epochs`"
    )


def is_keras(data: Any) -> bool:
    """Return whether a body is meant as Keras's JSON."""
    return isinstance(data, dict) and "class_name" in data
