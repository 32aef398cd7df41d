"""Checks that another dataset can validate or test a job: it needs the same columns, categories and classes.

No rows are read.
"""

from collections.abc import Sequence

from service.definitions.columns import Column, Role, Table
from service.definitions.resolve import check_precision
from service.definitions.targets import are_one_hot, labels_of
from service.definitions.weights import check_sample_weights
from service.errors import Invalid

WHERE = "#/training/validation/dataset"


def check_validation_dataset(
    name: str,
    other: Table,
    table: Table,
    precision: str,
    missing: str,
    labels: tuple[str | int, ...] | None,
    where: str = WHERE,
) -> None:
    """Raise `Invalid` unless `other` can validate what is trained on `table`.

    Parameters
    ----------
    precision, missing
        Settings of the job: `float32` or `float64`, and the treatment of missing inputs.
    labels
        The classes of the targets, or None for values.
    where
        A JSON pointer to the part of the request that names `other`.
    """
    check_columns(name, other, table, where)
    for column in other.columns:
        if column.missing and (column.role is not Role.INPUT or missing == "error"):
            raise Invalid.at(where, f"column `{column.name}` has {column.missing} missing values")
    check_precision(other, precision, where)
    check_sample_weights(other, 0, where)
    if labels is not None:
        check_classes(other, labels, where)


def check_columns(name: str, other: Table, table: Table, where: str) -> None:
    """Raise `Invalid` unless `other` has the columns of `table`, without further categories, and comparable units."""
    for role in Role:
        mine, theirs = table.having(role), other.having(role)
        if [(column.name, column.type) for column in mine] != [(column.name, column.type) for column in theirs]:
            detail = f"`{name}` has other {role} columns than the training dataset{_first_difference(theirs, mine)}"
            raise Invalid.at(where, detail)
        for column, column_there in zip(mine, theirs, strict=True):
            if column.is_date != column_there.is_date:
                here, there = ("dates", "numbers") if column.is_date else ("numbers", "dates")
                detail = f"column `{column.name}` of `{name}` holds {there}, that of the training dataset {here}"
                raise Invalid.at(where, detail)
            unknown = set(column_there.categories or ()) - set(column.categories or ())
            if unknown:
                raise Invalid.at(where, f"column `{column.name}` has an unknown category: {min(unknown)!r}")
    check_scale(name, other, table, where)


def _first_difference(theirs: Sequence[Column], wanted: Sequence[Column]) -> str:
    """Return what the first of a dataset's columns is that is not as wanted."""
    kinds = {column.name: column.type for column in theirs}
    names = {column.name for column in wanted}
    for column in wanted:
        if column.name not in kinds:
            return f": there is no `{column.name}`"
        if column.type is not kinds[column.name]:
            return f": `{column.name}` is of type {kinds[column.name]}, not {column.type}"
    further = [column.name for column in theirs if column.name not in names]
    return f": `{further[0]}` is not among those" if further else ": they are in another order"


def check_scale(name: str, other: Table, table: Table, where: str) -> None:
    """Raise `Invalid` when only one of the datasets has a scale, as its units then say nothing about the other's.

    Two scales may differ: each divides its own dataset's inputs, as with images of 8 and of 16 bits.
    """
    if other.scale != 1.0 and table.scale == 1.0:
        raise Invalid.at(
            where,
            f"`{name}` was sent with scale={other.scale:g}, the training dataset without; send it again without, "
            "with inputs in the training dataset's units",
        )
    if other.scale == 1.0 and table.scale != 1.0:
        raise Invalid.at(
            where,
            f"`{name}` was sent without a scale, but inputs of the training dataset are divided by {table.scale:g}; "
            f"send it again with scale={table.scale:g}, with inputs in the training dataset's units",
        )


def check_classes(other: Table, labels: tuple[str | int, ...], where: str) -> None:
    """Raise `Invalid` unless all classes of a table's targets are among `labels`."""
    columns = other.having(Role.TARGET)
    if len(columns) > 1 and not are_one_hot(other):
        raise Invalid.at(where, f"its {len(columns)} target columns must be one-hot: 0 and 1, one 1 a row")
    try:
        unknown = set(labels_of(other)) - set(labels)
    except Invalid as error:
        raise Invalid.at(where, error.faults[0].detail) from None
    if unknown:
        raise Invalid.at(where, f"has a class the training dataset lacks: {min(map(str, unknown))}")
