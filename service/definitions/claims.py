"""Claims: the numbers of somebody who did backpropagation by hand, which a trace is compared with."""

from typing import Annotated, Any

from pydantic import Field, model_validator

from service.definitions.base import Model, Number

MOST_LAYERS = 1000
SHOWN_SHAPE = "by layer, from the inputs on, (rows, units) as the trace answers them; null for what is not claimed"

ByLayer = Annotated[list[list[Any] | None] | None, Field(fail_fast=True, max_length=MOST_LAYERS)]


class Tolerance(Model):
    """How far a claimed number may be off; it is enough to be within one of the two."""

    relative: Annotated[Number, Field(ge=0, le=1)] = Field(
        default=0.005, description="of the expected number; the default is that of 3 significant digits"
    )
    absolute: Annotated[Number, Field(ge=0)] = Field(default=0.00005, description="the default is that of 4 decimals")


class Claim(Model):
    """Numbers of both passes; the answer says which of them is the first one that is wrong."""

    weighted_inputs: ByLayer = Field(default=None, description=SHOWN_SHAPE)
    activations: ByLayer = Field(default=None, description=SHOWN_SHAPE)
    deltas: ByLayer = Field(default=None, description=SHOWN_SHAPE)
    gradients: Annotated[
        list[dict[str, list[Any] | None] | None] | None, Field(fail_fast=True, max_length=MOST_LAYERS)
    ] = Field(
        default=None,
        description="by layer, from the inputs on, `weights` and `biases` as the trace answers them",
    )
    tolerance: Tolerance = Tolerance()

    @model_validator(mode="after")
    def _claims_something(self) -> "Claim":
        if all(each is None for each in (self.weighted_inputs, self.activations, self.deltas, self.gradients)):
            raise ValueError("give `weighted_inputs`, `activations`, `deltas` or `gradients`")
        return self
