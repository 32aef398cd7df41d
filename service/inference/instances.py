"""Rows as TensorFlow Serving's clients send them: nested, as named tensors, or one list for each column.

The native forms, lists of values or objects by column, pass unchanged; the others become one of them, or rows at once.
"""

import base64
import binascii
from itertools import chain
from typing import Any

from service.definitions.guessing import show
from service.errors import Invalid, escaped
from service.inference.datatypes import BOOL, BYTES, FP64
from service.inference.requests import InferenceRequest
from service.inference.rows import WHOLE, rows_of
from service.inference.tensors import MOST_DIMENSIONS, Tensor, from_json
from service.models.prediction import RawRows
from service.preprocessing.fit import Preprocessing

ROW_FIELDS = ("instances", "inputs")
SCALARS = frozenset({int, float, bool, str, type(None)})
BASE64 = "b64"


def rows_of_columns(preprocessing: Preprocessing, body: Any) -> RawRows | None:
    """Return the rows of a body whose `inputs` has a list for each column, or for a named tensor; None of any other."""
    inputs = body.get("inputs") if isinstance(body, dict) and body.get("instances") is None else None
    if not isinstance(inputs, dict) or not inputs:
        return None
    tensors = tuple(_tensor(name, data) for name, data in inputs.items())
    found = rows_of(preprocessing, InferenceRequest(inputs=tensors))
    return RawRows(found.rows, "inputs", in_file=True)


def _tensor(name: str, data: Any) -> Tensor:
    pointer = f"#/inputs/{escaped(name)}"
    if not isinstance(data, list) or not data:
        example = f'{{"{name[:40]}": [{show(data)}]}}'
        raise Invalid.at(pointer, f"must be a list with a value for each row, such as {example}")
    shape, level = [len(data)], data
    while isinstance(level[0], list) and len(shape) < MOST_DIMENSIONS:
        if any(not isinstance(each, list) or len(each) != len(level[0]) for each in level) or not level[0]:
            raise Invalid.at(pointer, "must have lists of the same length, and no other values beside them")
        shape.append(len(level[0]))
        level = list(chain.from_iterable(level))
    flat = [_plain(each, pointer) for each in level]
    kinds = set(map(type, flat)) - {type(None)}
    if not kinds <= SCALARS or (len(kinds) > 1 and kinds != {int, float}):
        raise Invalid.at(pointer, "must hold numbers alone, texts alone, or true and false alone; null is missing")
    datatype = BYTES if kinds == {str} else BOOL if kinds == {bool} else FP64
    return from_json(name, datatype, tuple(shape), flat, f"column {show(name)}")


def native_rows(preprocessing: Preprocessing, body: Any) -> tuple[Any, bool]:
    """Return a body with rows in one of the native forms, and whether each of its rows was a single value."""
    if not isinstance(body, dict):
        return body, False
    field = next((name for name in ROW_FIELDS if isinstance(body.get(name), list) and body[name]), None)
    if field is None:
        return body, False
    rows, where = body[field], f"#/{field}"
    if len(preprocessing.inputs) == 1 and all(type(each) in SCALARS or _is_base64(each) for each in rows):
        return {**body, field: [[_plain(each, f"{where}/{at}")] for at, each in enumerate(rows)]}, True
    if isinstance(rows[0], dict):
        return {**body, field: _of_objects(preprocessing, rows, where)}, False
    if isinstance(rows[0], list) and any(type(each) not in SCALARS for each in rows[0]):
        return {**body, field: [_flat(row, f"{where}/{at}") for at, row in enumerate(rows)]}, False
    return body, False


def _of_objects(preprocessing: Preprocessing, rows: list[Any], where: str) -> list[Any]:
    """Return objects by column, or the lists of a named tensor of all columns."""
    names = {column.name for column in preprocessing.inputs}
    if WHOLE not in names and all(isinstance(row, dict) and row.keys() == {WHOLE} for row in rows):
        return [_flat(row[WHOLE], f"{where}/{at}/{WHOLE}") for at, row in enumerate(rows)]
    if all(type(each) in SCALARS for row in rows if isinstance(row, dict) for each in row.values()):
        return rows
    return [_single_values(row, f"{where}/{at}") if isinstance(row, dict) else row for at, row in enumerate(rows)]


def _single_values(row: dict[str, Any], where: str) -> dict[str, Any]:
    """Return an object with the values of lists of one, and texts for those in base64."""
    unpacked = {}
    for name, value in row.items():
        one = value[0] if isinstance(value, list) and len(value) == 1 else value
        unpacked[name] = _plain(one, f"{where}/{escaped(name)}")
    return unpacked


def _flat(row: Any, where: str) -> Any:
    """Return the values of a row of nested lists; anything else as it is, to be refused with the native forms."""
    if not isinstance(row, list):
        return row
    for _ in range(MOST_DIMENSIONS):
        if not any(isinstance(each, list) for each in row):
            break
        row = list(chain.from_iterable(each if isinstance(each, list) else [each] for each in row))
    return [_plain(each, where) for each in row]


def _is_base64(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {BASE64} and isinstance(value[BASE64], str)


def _plain(value: Any, where: str) -> Any:
    """Return the text of an object such as `{"b64": "c2V0b3Nh"}`, which TensorFlow Serving has for bytes."""
    if not _is_base64(value):
        return value
    try:
        return base64.b64decode(value[BASE64], validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise Invalid.at(where, f"must be UTF-8 text in base64, got {show(value)}") from None
