"""The schema of what `model.to_json()` writes, for the OpenAPI document."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from service.definitions.base import Model, Name


class KerasLayer(Model):
    """One layer: its class and its settings, as `get_config()` gives them."""

    model_config = ConfigDict(extra="ignore")

    class_name: str
    config: dict[str, Any]


class KerasConfig(Model):
    """The layers of a Sequential model, in order."""

    model_config = ConfigDict(extra="ignore")

    name: str | None = None
    layers: Annotated[list[KerasLayer], Field(min_length=1, max_length=1000)]


class KerasSequential(Model):
    """What Keras writes with `model.to_json()` for a Sequential model; compile settings become training defaults."""

    module: str | None = None
    class_name: Literal["Sequential"]
    config: KerasConfig
    registered_name: str | None = None
    build_config: dict[str, Any] | None = None
    compile_config: dict[str, Any] | None = None
    keras_version: str | None = None
    backend: str | None = None
    name: Name | None = Field(default=None, description="of the network; left out, the model's own if it was given one")


def is_keras(data: Any) -> bool:
    """Return whether a body is meant as Keras's JSON."""
    return isinstance(data, dict) and "class_name" in data
