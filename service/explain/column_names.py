"""The columns behind a network's inputs and outputs, by name."""

from collections.abc import Iterator

from service.definitions.columns import ColumnType
from service.preprocessing.fit import Preprocessing
from service.preprocessing.fitted_columns import InputColumn


def input_names(preprocessing: Preprocessing) -> list[str]:
    """Return the name of each input: of a category `column = category`, for a column of missing ones `is missing`."""
    return [name for column in preprocessing.inputs for name in _of_column(column)]


def _of_column(column: InputColumn) -> Iterator[str]:
    if column.type is ColumnType.CATEGORY:
        yield from (f"{column.name} = {category}" for category in column.categories or ())
        return
    yield column.name
    if column.indicator:
        yield f"{column.name} is missing"


def output_names(preprocessing: Preprocessing) -> list[str]:
    """Return the name of each output: the class that it stands for, or the target."""
    if preprocessing.labels is None:
        return [target.name for target in preprocessing.targets]
    labels = [str(label) for label in preprocessing.labels]
    return labels[1:] if preprocessing.single_output else labels
