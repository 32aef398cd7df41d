"""How the stored columns of a dataset become the raw input columns of a trained network; columns are found by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.definitions.columns import Column, ColumnType, Role, Table, input_names
from service.definitions.guessing import absent
from service.definitions.validation_dataset import check_scale
from service.errors import Fault, Faults, Invalid
from service.preprocessing.compatibility import fitted_table
from service.preprocessing.fit import Preprocessing
from service.preprocessing.fitted_columns import InputColumn

DATASET = "#/dataset"
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Inputs:
    """Where a network's inputs lie among the stored columns of a dataset.

    Attributes
    ----------
    places
        The index of the stored column of each input (inputs,).
    codes
        By the place of an input of categories, the code in training of each stored code, NaN for one that was never
        seen there; only where they differ.
    scale
        The dataset's.
    unknown
        By column, the categories that were never seen in training.
    """

    places: NDArray[np.intp]
    codes: dict[int, Numbers]
    scale: float
    unknown: dict[str, tuple[str, ...]]

    def raw(self, stored: NDArray[Any]) -> Numbers:
        """Return stored rows (k, columns) as raw input columns (k, inputs), as those of a request to predict."""
        values = np.asarray(stored[:, self.places], dtype=np.float64)
        for place, codes in self.codes.items():
            present = ~np.isnan(values[:, place])
            values[present, place] = codes[values[present, place].astype(np.intp)]
        return values

    def transform(self, stored: NDArray[Any], preprocessing: Preprocessing, X: NDArray[Any]) -> None:
        """Write the network's inputs (k, features) of stored rows (k, columns) into `X`."""
        raw = self.raw(stored)
        with np.errstate(over="ignore", invalid="ignore"):
            if self.scale == (preprocessing.scale or 1.0):
                preprocessing.transform_sent(raw, X)  # to the bit what a request with these rows would do
            else:
                preprocessing.transform_inputs(preprocessing.scaled(raw, self.scale), X)


def find_inputs(preprocessing: Preprocessing, name: str, table: Table) -> Inputs:
    """Find the inputs of a network in the dataset called `name`; further columns, and the roles of all, do not matter.

    Raises
    ------
    Invalid
        With a fault for each column that is missing there, or has other things in it.
    """
    _check_width(preprocessing, name, table)
    stored = {column.name: (index, column) for index, column in enumerate(table.columns)}
    faults, places = Faults(), []
    codes: dict[int, Numbers] = {}
    unknown: dict[str, tuple[str, ...]] = {}
    for place, wanted in enumerate(preprocessing.inputs):
        if wanted.name not in stored:
            faults.add(Fault(f"{absent('column', wanted.name, stored)} (the model takes it)", pointer=DATASET))
            continue
        index, column = stored[wanted.name]
        places.append(index)
        if (detail := _unlike(wanted, column, preprocessing.missing)) is not None:
            faults.add(Fault(detail, pointer=DATASET))
        elif column.categories != wanted.categories:
            codes[place] = np.array([wanted.codes.get(text, np.nan) for text in column.categories or ()])
            strangers = tuple(text for text in column.categories or () if text not in wanted.codes)
            unknown |= {column.name: strangers} if strangers else {}
    faults.check()
    check_scale(name, table, fitted_table(preprocessing, table), DATASET)
    return Inputs(np.array(places, dtype=np.intp), codes, table.scale, unknown)


def _check_width(preprocessing: Preprocessing, name: str, table: Table) -> None:
    """Raise `Invalid` for arrays of another width: equal numbers of columns do not mean the same column there."""
    wanted, there = tuple(column.name for column in preprocessing.inputs), table.having(Role.INPUT)
    is_numbered = tuple(column.name for column in there) == input_names(len(there))
    trained_on = preprocessing.numbered_inputs
    if trained_on is None and wanted == input_names(len(wanted)):
        trained_on = len(wanted)
    if is_numbered and trained_on is not None and len(there) != trained_on:
        raise Invalid.at(DATASET, f"`{name}` must have {trained_on} inputs, as the arrays trained on, got {len(there)}")


def _unlike(wanted: InputColumn, column: Column, missing: str) -> str | None:
    """Return why a column cannot be an input; None when it can."""
    if column.type is not wanted.type:
        holds, takes = ("text", "numbers") if column.type is ColumnType.CATEGORY else ("numbers", "text")
        kind = "category" if wanted.type is ColumnType.CATEGORY else "number"
        way_out = f"send the dataset again with `types={column.name}:{kind}`"
        return f"column `{column.name}` holds {holds}, and the model takes {takes} there; {way_out}"
    if column.is_date != wanted.is_date:
        holds, takes = ("dates", "numbers") if column.is_date else ("numbers", "dates")
        return f"column `{column.name}` holds {holds}, and the model takes {takes} there"
    is_filled = missing != "error" if wanted.type is ColumnType.CATEGORY else wanted.fill is not None
    if column.missing and not is_filled:
        why = "no missing value was filled in training (`preprocessing.missing`), so none is here"
        return f"column `{column.name}` has {column.missing:,} missing values; {why}"
    return None


def check_kept(table: Table, keep: Sequence[str]) -> None:
    """Raise `Invalid` for names of columns to keep that the dataset lacks, or that are named twice."""
    names = {column.name for column in table.columns}
    faults, seen = Faults(), set[str]()
    for index, name in enumerate(keep):
        pointer = f"#/keep/{index}"
        if name in seen:
            faults.add(Fault(f"`{name}` is named twice", pointer=pointer))
        elif name not in names:
            faults.add(Fault(absent("column", name, [column.name for column in table.columns]), pointer=pointer))
        seen.add(name)
    faults.check()


def ignored_columns(preprocessing: Preprocessing, table: Table, keep: Sequence[str]) -> tuple[str, ...]:
    """Return the dataset's columns that are neither inputs nor kept."""
    used = {column.name for column in preprocessing.inputs} | set(keep)
    return tuple(column.name for column in table.columns if column.name not in used)
