"""Datasets as JSON Lines: one object a line, all with the same keys. The file is read twice, in blocks of lines."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from service.datasets.column_plans import check_names, report, requests_of, write_table
from service.datasets.json_columns import JsonColumn, show
from service.datasets.options import MIB, Limits, ReadOptions
from service.datasets.strict_json import parse_json
from service.definitions.columns import Table
from service.errors import Fault, Faults, Invalid, Malformed, TooLarge

BLOCK_ROWS, BLOCK_BYTES = 4096, 4 * MIB
MAX_LINE_BYTES = 64 * MIB


def read_jsonl(path: Path, options: ReadOptions, limits: Limits, destination: Path) -> Table:
    """Store the objects in the file at `path`, with the keys of the first one as columns; null is a missing value."""
    names = _names(path, limits)
    requests = requests_of(names, options)
    columns = [JsonColumn(request, limits) for request in requests.values()]
    row = 1
    for rows in _checked(path, names):
        for column in columns:
            column.survey([values[column.request.name] for values in rows], row)
        row += len(rows)
    planned = [column.plan() for column in columns]
    blocks = ([[row[name] for row in rows] for name in requests] for rows in _again(path))
    return write_table(destination, planned, blocks, options.scale, report("jsonl", planned), limits)


def _names(path: Path, limits: Limits) -> list[str]:
    for number, line in _lines(path):
        first = _parsed(line, number)
        if not isinstance(first, dict):
            raise Invalid(f"line {number} must be an object with a value for each column, got {show(first)}")
        check_names(list(first), limits)
        return list(first)
    raise Invalid("the dataset is empty")


def _checked(path: Path, names: list[str]) -> Iterator[list[dict[str, Any]]]:
    """Yield the objects of the file in blocks, each with a value for every name; report the first ten that differ."""
    faults, known, rows, size = Faults(), set(names), [], 0
    for row, (number, line) in enumerate(_lines(path), 1):
        values = _parsed(line, number)
        if not isinstance(values, dict):
            faults.add(Fault(f"must be an object, got {show(values)}", row=row))
        elif values.keys() != known:
            odd = sorted(values.keys() ^ known)[0]
            faults.add(Fault("is missing" if odd in known else "is not a column of the first row", row=row, column=odd))
        else:
            rows.append(values)
            size += len(line)
        if len(rows) == BLOCK_ROWS or size > BLOCK_BYTES:
            yield rows
            rows, size = [], 0
    faults.check()
    yield rows


def _again(path: Path) -> Iterator[list[dict[str, Any]]]:
    """Yield the objects of a file that was checked, in blocks."""
    rows, size, decode = [], 0, json.JSONDecoder().decode
    for _, line in _lines(path):
        rows.append(decode(line.decode().strip()))
        size += len(line)
        if len(rows) == BLOCK_ROWS or size > BLOCK_BYTES:
            yield rows
            rows, size = [], 0
    yield rows


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not blank, with their numbers."""
    with path.open("rb") as stream:
        number = 0
        while line := stream.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(line) > MAX_LINE_BYTES:
                raise TooLarge(f"line {number} is longer than {MAX_LINE_BYTES:,} bytes")
            if number == 1:
                line = line.removeprefix(b"\xef\xbb\xbf")
            if line.strip():
                yield number, line


def _parsed(line: bytes, number: int) -> Any:
    try:
        return parse_json(line.strip(), "it")
    except Malformed as error:
        raise Malformed(f"line {number}: {error.detail}") from None
