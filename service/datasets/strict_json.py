"""Strict JSON (RFC 8259): UTF-8, without NaN, duplicate keys or numbers beyond a float64."""

import json
from collections import Counter
from typing import Any, NoReturn

from service.errors import Malformed


def parse_json(data: bytes, what: str = "the body") -> Any:
    """Return the value of a JSON text.

    Raises
    ------
    Malformed
        With the place of the fault; `what` is the word for the text in the message.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(f"{what} is not UTF-8 at byte {error.start}") from None
    if not text.strip():
        raise Malformed(f"{what} is empty; JSON is expected")
    if text.startswith("\ufeff"):
        raise Malformed(f"{what} begins with a byte-order mark, which JSON must not have; save it as UTF-8 without one")
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}" if what == "the body" else f"column {error.colno}"
        raise Malformed(f"{what} is not JSON: {error.msg} at {place}") from None
    except RecursionError:
        raise Malformed("the JSON is nested too deeply") from None
    except ValueError:
        raise Malformed("the JSON holds a number of too many digits") from None


def _no_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        double = next(key for key, count in counts.items() if count > 1)
        raise Malformed(f"the key `{double[:60]}` occurs twice in one object")
    return result


def _no_constant(name: str) -> NoReturn:
    raise Malformed(f"`{name}` is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise Malformed(f"the number {text[:40]} is beyond what a float64 holds")
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_no_doubles, parse_constant=_no_constant, parse_float=_finite)
