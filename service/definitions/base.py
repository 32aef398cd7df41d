"""The strict base class of all models, and number types that accept neither booleans nor strings.

Imports pydantic and `service.errors`.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
    with_config,
)

MOST_ERRORS = 1000  # of pydantic that are looked at; making more of them would take longer than all the rest
NAME_PATTERN = r"^[a-z0-9][a-z0-9._-]{0,63}$"


class Model(BaseModel):
    """Base of models of requests: refuses unknown fields, strings for numbers, NaN and infinities.

    `misplaced` has the sentences for fields that stand in a wrong place, by the path to each.
    """

    misplaced: ClassVar[dict[tuple[str | int, ...], str]] = {}

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True, protected_namespaces=())

    @model_validator(mode="before")
    @classmethod
    def _few_unknown(cls, data: Any) -> Any:
        """Leave out some of very many unknown fields, which are refused either way."""
        if not isinstance(data, dict) or len(data) <= MOST_ERRORS:
            return data
        unknown = islice((key for key in data if key not in cls.model_fields), MOST_ERRORS + 1)
        return {key: data[key] for key in (*(key for key in cls.model_fields if key in data), *unknown)}


class Stored(BaseModel):
    """Base of records that the database holds as JSON.

    Only keys that were given are written, so that a row of an older release is not changed by reading and writing it.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, protected_namespaces=())

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Self:
        return cls.model_validate(record)

    @classmethod
    def from_json_if_any(cls, record: dict[str, Any] | None) -> Self | None:
        return None if record is None else cls.model_validate(record)

    def to_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json", exclude_unset=True)


def timestamp(value: object) -> str:
    """Write a time in RFC 3339, in UTC; writers of JSON call this for values that they cannot serialize themselves."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    raise TypeError(f"{type(value).__name__} is not JSON")


def json_of(record: Stored | None) -> dict[str, Any] | None:
    """Return a record as the database holds it; None for None."""
    return None if record is None else record.to_json()


class Answer(BaseModel):
    """What the service answers; documented, not checked again on the way out."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())


# for typed dicts that answers are built from: the schema allows fields that later releases add; nothing is validated
answer_model = with_config(ConfigDict(extra="allow"))


def at_most(entries: int) -> BeforeValidator:
    """Return a validator that refuses an object with more entries before it looks at any of them."""

    def check(value: Any) -> Any:
        if isinstance(value, dict) and len(value) > entries:
            raise ValueError(f"must have at most {entries} entries, got {len(value):,}")
        return value

    return BeforeValidator(check)


def few_wrong(is_right: Callable[[Any], bool]) -> BeforeValidator:
    """Return a validator that leaves out some of very many wrong entries of an object; the others are refused."""

    def check(value: Any) -> Any:
        if not isinstance(value, dict) or len(value) <= MOST_ERRORS:
            return value
        wrong = list(islice((key for key, item in value.items() if not is_right(item)), MOST_ERRORS + 1))
        return {key: value[key] for key in wrong} if len(wrong) > MOST_ERRORS else value

    return BeforeValidator(check)


def _whole(value: Any) -> Any:
    """Turn a whole float into an integer: 3.0 is a whole number in JSON; 3.5, true and "3" are not."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
        return int(value)
    return value


def _no_boolean(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must be a number, got a boolean")
    return value


def _text(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not hold a NUL character")
    if not is_unicode(value):
        raise ValueError("must not hold half of a surrogate pair")
    return value


def _fits_float(value: Any) -> Any:
    """Refuse integers beyond floats: one of 400 digits is well-formed JSON and no number here."""
    if isinstance(value, int) and abs(value) > 10**300:
        raise ValueError("must be a finite number")
    return value


def _within_64_bits(value: int) -> int:
    if not -(2**63) <= value < 2**63:
        raise ValueError("must be a whole number of at most 64 bits")
    return value


Integer = Annotated[int, AfterValidator(_within_64_bits), BeforeValidator(_whole), BeforeValidator(_no_boolean)]
Number = Annotated[float, BeforeValidator(_fits_float), BeforeValidator(_no_boolean)]
Text = Annotated[str, AfterValidator(_text)]
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN), Field(description="letters, digits and . _ -")]


def is_unicode(text: str) -> bool:
    """Return whether UTF-8 can hold a text, which may have half of a surrogate pair where it came as JSON."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
