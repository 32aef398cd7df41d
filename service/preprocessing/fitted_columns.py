"""The fitted transform of one column, as it is stored with a job and a version."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from service.definitions.columns import ColumnType

RANGE = ("minimum", "maximum", "mean")  # fields that describe a column of a version


@dataclass(frozen=True)
class InputColumn:
    """One column of inputs; `offset`, `divisor` and `fill` are in the units of numbers divided by the scale.

    `fill` replaces a missing number; None means that a missing one is an error. The numbers of an `is_date` column are
    days since 1970-01-01. `minimum`, `maximum` and `mean` are those of the training dataset's column, in the units in
    which it was sent; they describe the inputs of a version and transform nothing, so test rows may be among them. None
    where they are not known, and while a job trains.
    """

    name: str
    type: ColumnType
    categories: tuple[str, ...] | None = None
    offset: float = 0.0
    divisor: float = 1.0
    fill: float | None = None
    indicator: bool = False
    is_date: bool = False
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None

    @property
    def width(self) -> int:
        return len(self.categories or ()) if self.type is ColumnType.CATEGORY else 1 + self.indicator

    @cached_property
    def codes(self) -> dict[str, int]:
        """The code of each category."""
        return {text: code for code, text in enumerate(self.categories or ())}

    @cached_property
    def truths(self) -> dict[bool, list[str]]:
        """The categories that JSON's true and false stand for."""
        return {value: spellings_of(value, self.codes) for value in (True, False)}


@dataclass(frozen=True)
class TargetColumn:
    """One target; a value `v` is trained as (v - offset) / divisor, and predictions are transformed back."""

    name: str
    offset: float = 0.0
    divisor: float = 1.0


def spellings_of(value: bool, texts: Iterable[str | int]) -> list[str]:
    """Return the texts that JSON's true or false stands for, as datasets write them: `True`, `true` or `TRUE`."""
    return [text for text in texts if isinstance(text, str) and text.lower() == str(value).lower()]
