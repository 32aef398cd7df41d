"""The answers about the layers of a network. Imports `service.backprop` for the names and settings of what there is."""

from typing import TYPE_CHECKING, Annotated, Any, NotRequired, TypeAlias

from pydantic import Field

from service.backprop.activations import ACTIVATIONS
from service.backprop.layers import LAYERS
from service.definitions.choice_answers import chosen, union_of

COUNTED = {
    "output": NotRequired[Annotated[int, Field(description="units after it; of networks and cards, not of jobs")]],
    "parameters": NotRequired[Annotated[int, Field(description="how many are trained; likewise")]],
}

if TYPE_CHECKING:
    LayerAnswer: TypeAlias = Any
    ChosenActivation: TypeAlias = Any
else:  # the types are known once the registries are filled
    LayerAnswer = union_of(LAYERS, "Layer", COUNTED)
    ChosenActivation = chosen(ACTIVATIONS, "Activation", is_short=True)
