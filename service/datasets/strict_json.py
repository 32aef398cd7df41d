"""Strict JSON (RFC 8259): UTF-8, without NaN, duplicate keys or numbers beyond a float64."""

import gc
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import orjson

from service.datasets.json_scan import MIB, check_contents
from service.errors import Invalid, Malformed

LARGE_BYTES = MIB  # from here on a text is counted before it is parsed, and parsed by the fastest parser that reads it
TOO_DEEP = "the JSON is nested too deeply"
HALF = "the JSON holds half of a surrogate pair, which is no character"
CONSTANTS = (b"NaN", b"Infinity", b"-Infinity")


def parse_json(data: bytes, what: str = "the body") -> Any:
    """Return the value of a JSON text.

    Raises
    ------
    Malformed
        With the place of the fault; `what` is the word for the text in the message.
    TooLarge
        When the values would take far more memory than the text.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(f"{what} is not UTF-8 at byte {error.start}") from None
    if not text.strip():
        raise Malformed(f"{what} is empty; JSON is expected")
    if text.startswith("\ufeff"):
        raise Malformed(f"{what} begins with a byte-order mark, which JSON must not have; save it as UTF-8 without one")
    if len(data) < LARGE_BYTES:
        return _parsed(text, _STRICT, what)
    with collecting_paused():
        return _parsed_large(data, text, what)


def _parsed(text: str, decoder: json.JSONDecoder, what: str) -> Any:
    try:
        return decoder.decode(text)
    except json.JSONDecodeError as error:
        raise _no_json(what, error.msg, error.lineno, error.colno) from None
    except RecursionError:
        raise Malformed(TOO_DEEP) from None
    except ValueError:
        raise Malformed("the JSON holds a number of too many digits") from None


def _no_json(what: str, why: str, line: int, column: int) -> Malformed:
    place = f"line {line}, column {column}" if what == "the body" else f"column {column}"
    return Malformed(f"{what} is not JSON: {why} at {place}")


def _parsed_large(data: bytes, text: str, what: str) -> Any:
    """Parse a text by orjson, three times as fast with numbers, unless it is mostly texts or has wide numbers.

    Of texts orjson makes objects that take several times as much memory; whole numbers of more than 64 bits it rounds.
    """
    found = check_contents(data, what)
    if found.has_wide_numbers or found.texts > found.objects + found.lists:
        value = _parsed(text, _CONSTANTS if not found.has_exponents else _FINITE, what)
    else:
        value = _by_orjson(data, what)
    if _entries(value, found.objects) < found.keys:
        raise Malformed("a key occurs twice in one object")
    return value


def _by_orjson(data: bytes, what: str) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        why = error.msg
        at = len(error.doc[: error.pos].encode()) if not error.doc.isascii() else error.pos
        if constant := next((word for word in CONSTANTS if data.startswith(word, at)), None):
            _no_constant(constant.decode())
        if "depth" in why:
            raise Malformed(TOO_DEEP) from None
        if "surrogate" in why:
            raise Invalid(HALF) from None
        if "infinity" in why:
            raise Malformed(
                f"the number {data[at : at + 40].decode(errors='ignore')} is beyond what a float64 holds"
            ) from None
        raise _no_json(what, why, error.lineno, error.colno) from None


def _entries(value: Any, objects: int) -> int:
    """Return how many keys the first so many objects of a value have, which are all that it has."""
    total, level = 0, [value]
    while objects > 0 and level:
        found = [item for item in level if type(item) is dict]
        total += sum(map(len, found))
        objects -= len(found)
        inner = [item for each in found for item in each.values()] if objects > 0 else []
        inner += [item for each in level if type(each) is list for item in each] if objects > 0 else []
        level = inner
    return total


_pauses, _lock = 0, threading.Lock()


@contextmanager
def collecting_paused() -> Iterator[None]:
    """Run no garbage collection in the block: of millions of new lists it finds none to free, in ten times the time."""
    global _pauses
    with _lock:
        was_enabled = _pauses > 0 or gc.isenabled()
        _pauses += 1
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _pauses -= 1
            if was_enabled and _pauses == 0:
                gc.enable()


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


_STRICT = json.JSONDecoder(object_pairs_hook=_no_doubles, parse_constant=_no_constant, parse_float=_finite)
# these leave it to a count of the keys whether one occurs twice, as a function called for each object takes longest
_CONSTANTS = json.JSONDecoder(parse_constant=_no_constant)
_FINITE = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)
