"""Whether a dataset's weights can weigh a job's rows, as far as the column's statistics tell. Arithmetic only."""

from service.definitions.columns import Column, ColumnType, Role, Table
from service.errors import Invalid


def check_sample_weights(table: Table, left_out: int, where: str = "#/dataset") -> None:
    """`left_out` rows are neither trained on nor validate; what they may hide is found when the rows are read."""
    for column in table.having(Role.WEIGHT):
        fault = _fault(column, left_out)
        if fault is not None:
            raise Invalid.at(where, f"column `{column.name}` {fault}")


def _fault(column: Column, left_out: int) -> str | None:
    if column.type is ColumnType.CATEGORY:
        return "must hold numbers to weigh rows by, and holds text"
    if column.missing > left_out:
        return f"has {column.missing} missing values, but every row needs a weight"
    if column.minimum is not None and column.minimum < 0 and not left_out:
        return f"holds {column.minimum:g}, but a weight must be at least 0"
    if column.maximum is not None and column.maximum <= 0:
        return f"holds {column.maximum:g} at most, but some weight must be above 0"
    return None
