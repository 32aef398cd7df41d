"""The answers about claims: which claimed numbers are wrong, and where the first mistake is."""

from typing import Annotated, Any, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from service.definitions.base import answer_model

FOLLOWS = "of the wrong ones, those that follow correctly from the claimed numbers before them"


@answer_model
class AddressFields(TypedDict):
    """Which number of a trace: its array, layer and index, counted from 0, and its name, counted from 1."""

    pointer: Annotated[str, Field(description="where it stands in the body of a claim, such as `#/claim/deltas/1/0/2`")]
    array: Annotated[str, Field(description="`weighted_inputs`, `activations`, `deltas` or `gradients`")]
    layer: int
    parameter: NotRequired[Annotated[str, Field(description="of gradients: `weights` or `biases`")]]
    index: Annotated[list[int], Field(description="row and unit; of gradients input and unit, or unit alone")]
    row: NotRequired[Annotated[int, Field(description="not of gradients, which are of all rows together")]]
    name: Annotated[str, Field(description="`hidden 2`, `input 1 -> hidden 2`")]
    of: Annotated[str, Field(description="`delta of hidden 2`")]


@answer_model
class ClaimedNumberAnswer(AddressFields):
    """A claimed number that is wrong."""

    equation: str
    formula: Annotated[str, Field(description="with the expected numbers inserted")]
    steps: Annotated[
        list[dict[str, Any]], Field(description="the formulas of what it is made of, such as dC/da and f'(z)")
    ]
    claimed: float
    expected: float | None
    follows: Annotated[bool, Field(description="whether it follows correctly from the claimed numbers before it")]
    hint: Annotated[str | None, Field(description="the mistake that gives just this number, if it is a known one")]


@answer_model
class ClaimedArrayAnswer(TypedDict):
    """How much of a claimed array is right."""

    array: str
    layer: int
    parameter: NotRequired[str]
    checked: int
    wrong: int
    following: Annotated[int, Field(description=FOLLOWS)]


@answer_model
class ToleranceAnswer(TypedDict):
    """How far a number could be off; it was enough to be within one of the two."""

    relative: float
    absolute: float


@answer_model
class ClaimAnswer(TypedDict):
    """The claimed numbers compared with those of the trace, in the order in which backpropagation computes them."""

    correct: Annotated[bool, Field(description="whether none is wrong")]
    checked: int
    wrong: int
    following: Annotated[int, Field(description=FOLLOWS)]
    first_wrong: ClaimedNumberAnswer | None
    wrong_numbers: Annotated[list[ClaimedNumberAnswer], Field(description="in order, at most 50")]
    arrays: Annotated[list[ClaimedArrayAnswer], Field(description="in order, those with a claimed number")]
    tolerance: ToleranceAnswer
