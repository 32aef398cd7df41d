"""What was fitted, read from a file that a client sends: every field must have its type, and the parts must agree."""

import json
import math
from typing import Any

from pydantic import TypeAdapter

from service.datasets.column_plans import LONGEST_NAME
from service.datasets.texts import is_storable
from service.definitions.columns import ColumnType
from service.preprocessing.fit import Preprocessing

SCALINGS = ("none", "standardize", "min_max")  # that a job fits: `auto` is one of them by then
FILLINGS = ("error", "mean", "median", "indicator")
MOST_WHOLE = 2**53  # up to which datasets have whole numbers

_FITTED = TypeAdapter(Preprocessing)


def checked_preprocessing(record: dict[str, Any]) -> Preprocessing:
    """Return the preprocessing of a record that `Preprocessing.to_dict` has made, with its decision.

    Raises
    ------
    ValueError
        When it is not such a record.
    """
    fitted: Preprocessing = _FITTED.validate_python(record)
    written = {**fitted.to_dict(), "decision": fitted.decision}
    if json.loads(json.dumps(written)) != record:  # a field that is not known, or of another type
        raise ValueError("not what `Preprocessing.to_dict` writes")
    _check(fitted)
    return fitted


def _check(fitted: Preprocessing) -> None:
    """Raise `ValueError` for what no job fits: an answer that describes the model could not be written afterwards."""
    _check_names(fitted)
    _check_numbers(fitted)
    if fitted.numbers not in SCALINGS or fitted.target_values not in SCALINGS or fitted.missing not in FILLINGS:
        raise ValueError("a scaling or a treatment of missing values that is not known")
    for column in fitted.inputs:
        if (column.categories is not None) != (column.type is ColumnType.CATEGORY):
            raise ValueError(f"`{column.name}` has categories, or has none")
        if len(column.codes) < len(column.categories or ()):
            raise ValueError(f"`{column.name}` has a category twice")
    if fitted.labels is not None:
        _check_classes(fitted, fitted.labels)
    elif fitted.decision is not None or fitted.single_output or fitted.codes is not None:
        raise ValueError("values with a decision or with codes of classes")


def _check_names(fitted: Preprocessing) -> None:
    names, targets = [column.name for column in fitted.inputs], [target.name for target in fitted.targets]
    if not names or not targets or len(set(names)) < len(names) or len(set(targets)) < len(targets):
        raise ValueError("no columns, or two of the same name")
    texts = [text for column in fitted.inputs for text in column.categories or ()]
    texts += [label for label in fitted.labels or () if isinstance(label, str)]
    if not all(map(is_storable, [*names, *targets, *texts])):
        raise ValueError("a text with NUL or half of a surrogate pair")
    if not all(0 < len(name) <= LONGEST_NAME for name in [*names, *targets]):
        raise ValueError(f"a name that is empty, or longer than {LONGEST_NAME:,} characters")


def _check_numbers(fitted: Preprocessing) -> None:
    """Raise `ValueError` for a number that is not finite, also once it is in the units that clients send."""
    scale = 1.0 if fitted.scale is None else fitted.scale
    divisors = [scale, *(each.divisor for each in fitted.targets), *(scale * each.divisor for each in fitted.inputs)]
    divisors += [each.divisor for each in fitted.inputs]
    if 0.0 in divisors:
        raise ValueError("a divisor of 0")
    numbers = [fitted.threshold, fitted.low, *(1.0 / divisor for divisor in divisors), *divisors]
    numbers += [number for each in fitted.targets for number in (each.offset, each.divisor + abs(each.offset))]
    for column in fitted.inputs:
        numbers += [column.offset, column.offset * scale, column.offset / column.divisor]
        numbers += [number for number in (column.minimum, column.maximum, column.mean) if number is not None]
        numbers += [] if column.fill is None else [column.fill, column.fill * scale]
    if not all(map(math.isfinite, numbers)):
        raise ValueError("a number that is not finite")


def _check_classes(fitted: Preprocessing, labels: tuple[str | int, ...]) -> None:
    if len(labels) < 2 or (fitted.single_output and len(labels) != 2) or len(set(labels)) < len(labels):
        raise ValueError("classes that do not fit the outputs, or one of them twice")
    if any(isinstance(label, int) and abs(label) > MOST_WHOLE for label in labels):
        raise ValueError("a class that is no whole number of a dataset")
    if len(fitted.targets) not in (1, len(labels)) or (fitted.codes is not None and len(fitted.codes) != len(labels)):
        raise ValueError("classes that do not fit the targets")
    if fitted.decision is not None and len(labels) != 2:
        raise ValueError("a decision of other than two classes")
