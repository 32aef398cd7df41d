"""The answer to `?blank=`: a worksheet, as the OpenAPI document shows it."""

from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from service.definitions.base import answer_model
from service.explain.answers import SubjectFields
from service.explain.claim_answers import AddressFields


@answer_model
class WorksheetLayer(TypedDict):
    """A layer as it is before the step."""

    layer: int
    title: str
    type: str
    activation: str | None
    function: Annotated[str | None, Field(description="the activation's equations")]
    units: Annotated[list[str], Field(description="the names of its units")]
    parameters: Annotated[dict[str, Any], Field(description="by name; weights (inputs, units)")]


@answer_model
class BlankAnswer(AddressFields):
    """A number that is left out; what it is, is not written without the key."""

    number: Annotated[int, Field(description="counted from 1, in the order of the computation")]
    value: NotRequired[float | None]
    formula: NotRequired[Annotated[str, Field(description="with the numbers inserted")]]
    steps: NotRequired[Annotated[list[dict[str, Any]], Field(description="the formulas of what it is made of")]]


@answer_model
class WorksheetArray(TypedDict):
    """An array whose numbers are given, or left out: then `blanks` has them, row by row."""

    array: str
    layer: int
    parameter: NotRequired[str]
    title: str
    equations: list[str]
    shape: list[int]
    values: NotRequired[Any]
    blanks: NotRequired[list[BlankAnswer]]


@answer_model
class WorksheetAnswer(SubjectFields):
    """A step of backpropagation to be computed by hand."""

    object: Literal["worksheet"]
    blank: Annotated[list[str], Field(description="the arrays that are left out")]
    key: Annotated[bool, Field(description="whether the numbers that are left out are written at the end")]
    loss_function: str
    loss_equation: str
    input_names: list[str]
    output_names: list[str]
    inputs: Annotated[Any, Field(description="as the network takes them, (rows, inputs)")]
    targets: Annotated[Any, Field(description="as the loss takes them, (rows, outputs)")]
    notes: list[str]
    layers: list[WorksheetLayer]
    given: Annotated[list[WorksheetArray], Field(description="what is computed before the first blank")]
    sections: Annotated[list[WorksheetArray], Field(description="what is left out, in the order of the computation")]
