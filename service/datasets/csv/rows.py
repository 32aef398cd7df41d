"""The rows of a CSV whose columns are known, such as the inputs of a model: what they are is not found but checked."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from service.datasets.column_plans import ColumnRequest
from service.datasets.csv.notation import Evidence, settle
from service.datasets.csv.reader import CsvFile, open_csv, refuse_second_header
from service.datasets.csv.text_survey import TextSurvey
from service.datasets.options import Limits, ReadOptions
from service.definitions.columns import ColumnKind, Role
from service.errors import Fault, Invalid


@dataclass(frozen=True)
class CsvRows:
    """The rows of a CSV by column.

    Attributes
    ----------
    names
        All columns of the file in their order; `column_1`, ... for one without a name.
    numbers
        The known columns of numbers and of dates (as days since 1970-01-01) that the file has, NaN for missing values.
    texts
        The known columns of categories that the file has: each cell exactly as it is written, None for an empty one.
    """

    names: tuple[str, ...]
    rows: int
    numbers: dict[str, NDArray[np.float64]]
    texts: dict[str, list[str | None]]


def read_rows(
    path: Path, kinds: Mapping[str, ColumnKind], options: ReadOptions, limits: Limits, recoded: Path
) -> CsvRows:
    """Read the CSV at `path`, by the rules of datasets.

    Parameters
    ----------
    kinds
        The known columns and what they are. Without a header the file must have exactly these, in their order.
    recoded
        Where a temporary file in UTF-8 may be written, which is removed.

    Raises
    ------
    Invalid
        With row and column of cells that do not belong in a column.
    """
    try:
        file = _named(open_csv(path, options, limits, recoded, kinds), tuple(kinds))
        return _read(file, kinds, options, limits)
    finally:
        recoded.unlink(missing_ok=True)


def _named(file: CsvFile, names: tuple[str, ...]) -> CsvFile:
    """Return the file with the known columns' names if it has none."""
    if file.dialect.header:
        return file
    if len(file.dialect.names) != len(names):
        detail = f"must have {len(names)} cells, one for each input column, got {len(file.dialect.names)}"
        raise Invalid.from_faults([Fault(detail, row=1)])
    return replace(file, dialect=replace(file.dialect, names=names))


def _read(file: CsvFile, kinds: Mapping[str, ColumnKind], options: ReadOptions, limits: Limits) -> CsvRows:
    evidence, rows = Evidence(), 0
    surveys = {
        name: TextSurvey(ColumnRequest(name, Role.INPUT, kind), options, file.dialect.delimiter, evidence)
        for name, kind in kinds.items()
        if name in file.dialect.names
    }
    blocks = []
    for row, block in file.blocks(file.dialect.names):
        refuse_second_header(file.dialect, row, block)
        for name, survey in surveys.items():
            survey.add(block.column(name), row, limits)
        blocks.append(block)
        rows += block.num_rows
    if not rows:
        raise Invalid("the CSV has a header and no rows")
    notation = settle(options, file.dialect.delimiter, evidence)
    numbers: dict[str, NDArray[np.float64]] = {}
    texts: dict[str, list[str | None]] = {}
    for name, survey in surveys.items():
        columns = [block.column(name) for block in blocks]
        if survey.decide(notation) is ColumnKind.CATEGORY:
            texts[name] = [text for column in columns for text in survey.missing.text_cells(column).to_pylist()]
        else:
            _refuse_doubtful(name, survey)
            convert = survey.planned(kinds[name], notation, limits).convert
            numbers[name] = np.concatenate([convert(column) for column in columns])
    return CsvRows(file.dialect.names, rows, numbers, texts)


def _refuse_doubtful(name: str, survey: TextSurvey) -> None:
    """Raise `Invalid` for numbers such as 1.134 that a dataset would have a warning about; predictions carry none."""
    if (text := survey.doubtful_points) is not None:
        detail = (
            f"`{text.strip()}` is {float(text):g}, or a number of thousands: every point in the file has three digits"
            " behind it; say `decimal=.` or `thousands=.`"
        )
        raise Invalid.from_faults([Fault(detail, column=name)])
