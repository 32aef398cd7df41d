"""Checks and adapts other datasets to the columns that a network's preprocessing was fitted on."""

from dataclasses import replace

import numpy as np

from service.definitions.columns import Column, ColumnType, Role, Table
from service.definitions.job_columns import JobColumns
from service.definitions.targets import labels_of
from service.definitions.validation_dataset import check_classes, check_columns
from service.preprocessing.fit import Preprocessing
from service.preprocessing.fitted_columns import InputColumn
from service.preprocessing.row_selection import Selection
from service.preprocessing.row_weights import Weights, class_weights
from service.preprocessing.stored_rows import StoredRows


def fitted_table(preprocessing: Preprocessing, other: Table) -> Table:
    """Return the columns that preprocessing was fitted on as a table, with the column of weights of `other`.

    It also has the scale of `other` where the training dataset's is not known.
    """
    labels, codes = preprocessing.labels, preprocessing.codes
    one_hot = labels is not None and codes is None
    are_texts = labels is not None and not one_hot and any(isinstance(label, str) for label in labels)
    columns = [
        Column(column.name, Role.INPUT, column.type, categories=column.categories, is_date=column.is_date)
        for column in preprocessing.inputs
    ]
    for target in preprocessing.targets:
        if one_hot:
            columns.append(Column(target.name, Role.TARGET, ColumnType.NUMBER, whole_values=(0.0, 1.0)))
        elif are_texts:
            texts = tuple(str(label) for label in labels or ())
            columns.append(Column(target.name, Role.TARGET, ColumnType.CATEGORY, categories=texts))
        else:
            columns.append(Column(target.name, Role.TARGET, ColumnType.NUMBER, whole_values=codes))
    columns += other.having(Role.WEIGHT)
    scale = other.scale if preprocessing.scale is None else preprocessing.scale
    return Table(0, tuple(columns), "float64", scale, "", 0)


def fitted_columns(preprocessing: Preprocessing) -> JobColumns | None:
    """Return the columns that preprocessing was fitted on if its job chose them; None where each was used."""
    if not preprocessing.columns_chosen:
        return None
    names = (tuple(column.name for column in columns) for columns in (preprocessing.inputs, preprocessing.targets))
    return JobColumns(inputs=next(names), target=next(names), numbered=preprocessing.numbered_inputs)


def with_fitted_columns(preprocessing: Preprocessing, name: str, other: Table, where: str) -> Table:
    """Return the table `other` with the categories and classes that preprocessing was fitted on.

    Raises
    ------
    Invalid
        At the JSON pointer `where`, when the dataset called `name` does not fit.
    """
    like = fitted_table(preprocessing, other)
    check_columns(name, other, like, where)
    if preprocessing.labels is not None:
        check_classes(other, preprocessing.labels, where)
    said = "value" if preprocessing.labels is None else "class"
    fitted = iter(preprocessing.inputs)
    columns = []
    for mine, theirs in zip(like.columns, other.columns, strict=True):
        column = replace(theirs, categories=mine.categories)
        if column.role is Role.INPUT:
            column = _filled(column, next(fitted), preprocessing.missing)
        elif column.role is Role.TARGET:
            whole = theirs.whole_values if preprocessing.labels is None else mine.whole_values
            column = replace(column, class_or_value=said, whole_values=whole)
        columns.append(column)
    return replace(other, columns=tuple(columns))


def _filled(column: Column, fitted: InputColumn, missing: str) -> Column:
    """Return the column with an indicator of missing values if one was fitted, even if no value is missing here."""
    if missing != "indicator":
        return column
    return replace(column, missing=max(1, column.missing) if fitted.indicator else 0)


def class_weights_by_label(
    choice: str | dict[str, float] | None,
    labels: tuple[str | int, ...] | None,
    array: StoredRows,
    table: Table,
    rows: Selection,
    samples: Weights | None,
) -> Weights | None:
    """Return the weight of each class (classes,) in the order of `labels`, some of which may not occur in the rows."""
    if choice is None or labels is None:
        return None
    here = labels_of(table)
    found = class_weights(choice, here, array, table, rows, samples)
    if here == labels or found is None:
        return found
    named = {} if isinstance(choice, str) else choice
    weights = np.array([named.get(str(label), 1.0) for label in labels])
    weights[[labels.index(label) for label in here]] = found
    return weights
