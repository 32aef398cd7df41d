"""What a worksheet shows, in both formats: parts with equations and tables, and the key. All texts are plain."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from service.errors import shortened
from service.explain.worksheet_answers import BlankAnswer, WorksheetAnswer, WorksheetArray, WorksheetLayer

TITLE = "Backpropagation by hand"
WIDEST = 5  # columns of numbers on a page
LONGEST_NAME = 60  # characters of a column's name
HOW = "Carry at least 4 significant digits. Layers, rows and units are counted from 1; BP1 to BP4 are the equations of \
Nielsen's chapter 2."


@dataclass(frozen=True)
class Cell:
    """A number in a table, or one that is left out, by its number."""

    text: str
    blank: int | None = None


@dataclass(frozen=True)
class Table:
    """A table: a name and cells by line."""

    head: list[str]
    lines: list[tuple[str, list[Cell]]]


@dataclass(frozen=True)
class Part:
    """A part of a worksheet under its title."""

    title: str
    tables: list[Table]
    texts: list[str] = field(default_factory=list)
    equations: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Solution:
    """A line of the key."""

    number: int
    of: str
    working: list[str]
    value: str


@dataclass(frozen=True)
class Sheet:
    """A whole worksheet; `key` is empty without one."""

    about: str
    given: list[Part]
    tasks: list[Part]
    key: list[Solution]


def sheet_of(worksheet: WorksheetAnswer) -> Sheet:
    """Return what a worksheet shows."""
    names = _Names(worksheet)
    solutions = [_solution(blank) for section in worksheet["sections"] for blank in section["blanks"]]
    return Sheet(
        _about(worksheet),
        [_rows(worksheet, names), *_network(worksheet, names), *(_given(each, names) for each in worksheet["given"])],
        [_task(section, names) for section in worksheet["sections"]],
        solutions if worksheet["key"] else [],
    )


class _Names:
    """The names of units, with those of the columns behind inputs and outputs."""

    def __init__(self, worksheet: WorksheetAnswer) -> None:
        inputs = [f"input {number}" for number in range(1, len(worksheet["inputs"][0]) + 1)]
        units = [layer["units"] for layer in worksheet["layers"]]
        self.inputs = _with_columns(inputs, worksheet["input_names"])
        self.outputs = _with_columns(units[-1], worksheet["output_names"])
        self.of_layer = [*units[:-1], self.outputs]

    def before(self, layer: int) -> list[str]:
        return self.of_layer[layer - 1] if layer else self.inputs


def _with_columns(units: Sequence[str], columns: Sequence[str]) -> list[str]:
    if len(units) != len(columns):
        return list(units)
    return [
        unit if unit == name else f"{unit} ({shortened(name, LONGEST_NAME)})"
        for unit, name in zip(units, columns, strict=True)
    ]


def _about(worksheet: WorksheetAnswer) -> str:
    """Return a line that says which network and which epoch it is about."""
    words = [
        f"{name} {worksheet[name]}"
        for name in ("network", "model", "version", "job", "epoch", "seed")
        if worksheet.get(name) is not None
    ]
    return ", ".join(words)


def _rows(worksheet: WorksheetAnswer, names: _Names) -> Part:
    values = np.concatenate([worksheet["inputs"], worksheet["targets"]], axis=1)
    lines = [*names.inputs, *(f"target of {name}" for name in names.outputs)]
    loss = f"Loss: {worksheet['loss_function']}. {worksheet['loss_equation']} It is averaged over the rows."
    tables = _tables(_row_names(len(values)), lines, _numbers(values.T))
    return Part("The rows", tables, texts=[loss, *worksheet["notes"]])


def _row_names(rows: int) -> list[str]:
    return [f"row {number}" for number in range(1, rows + 1)]


def _network(worksheet: WorksheetAnswer, names: _Names) -> Iterator[Part]:
    for layer in worksheet["layers"]:
        equations = [] if layer["function"] is None else [f"{layer['activation']}: {layer['function']}"]
        yield Part(layer["title"], _parameters(layer, names), equations=equations)


def _parameters(layer: WorksheetLayer, names: _Names) -> list[Table]:
    """Return the tables of a layer's parameters: of a dense layer the biases stand below the weights."""
    arrays: Mapping[str, Any] = layer["parameters"]
    units = names.of_layer[layer["layer"]]
    if not arrays:
        return []
    if arrays["weights"].ndim == 2:
        values = np.concatenate([arrays["weights"], arrays["biases"][None]])
        lines = [*names.before(layer["layer"]), "bias"]
        return _tables([f"to {name}" for name in units], lines, _numbers(values))
    columns = [name.replace("_", " ") for name in arrays]
    return _tables(columns, units, _numbers(np.stack(list(arrays.values()), axis=1)))


def _given(array: WorksheetArray, names: _Names) -> Part:
    values = np.asarray(array["values"])
    return Part(array["title"], _tables(*_axes(array, names), _numbers(values.T)), equations=array["equations"])


def _task(section: WorksheetArray, names: _Names) -> Part:
    cells = np.empty(section["shape"], dtype=object)
    for blank in section["blanks"]:
        cells[tuple(blank["index"])] = Cell("", blank["number"])
    grid = cells if cells.ndim == 2 and "parameter" in section else cells.reshape(len(cells), -1).T
    if cells.ndim == 1:
        grid = cells[:, None]
    return Part(section["title"], _tables(*_axes(section, names), grid.tolist()), equations=section["equations"])


def _axes(array: WorksheetArray, names: _Names) -> tuple[list[str], list[str]]:
    """Return the names of columns and lines: rows and units, units and inputs, or one column and units."""
    units, shape = names.of_layer[array["layer"]], array["shape"]
    if "parameter" not in array:
        return _row_names(shape[0]), units
    if len(shape) == 2:
        return [f"to {name}" for name in units], names.before(array["layer"])
    return [array["parameter"]], units


def _tables(columns: list[str], lines: list[str], cells: list[list[Cell]]) -> list[Table]:
    """Return a table, or several of at most `WIDEST` columns."""
    return [
        Table(
            columns[start : start + WIDEST],
            [(name, row[start : start + WIDEST]) for name, row in zip(lines, cells, strict=True)],
        )
        for start in range(0, len(columns), WIDEST)
    ]


def _numbers(values: Any) -> list[list[Cell]]:
    return [[Cell(number(value)) for value in row] for row in values]


def number(value: float | None) -> str:
    """Write a number with six significant digits."""
    return f"{value:.6g}" if value is not None and np.isfinite(value) else "not finite"


def _solution(blank: BlankAnswer) -> Solution:
    if "formula" not in blank:
        return Solution(blank["number"], blank["of"], [], "")
    steps = [
        f"{step['of'].partition(' of ')[0]} = {step['formula']} = {number(step['value'])}" for step in blank["steps"]
    ]
    return Solution(blank["number"], blank["of"], [*steps, blank["formula"]], number(blank["value"]))
