"""What all answers about a column of a dataset have in common."""

from service.api.schemas import ColumnFields
from service.definitions.columns import Column


def column_fields(column: Column) -> ColumnFields:
    """Describe a column by its name, its role, its type and its statistics, without its categories."""
    return {
        "name": column.name,
        "role": column.role,
        "type": column.type,
        "minimum": column.minimum,
        "maximum": column.maximum,
        "mean": column.mean,
        "standard_deviation": column.standard_deviation,
        "missing": column.missing,
    }
