"""What was fitted, read from a file that a client sends: every field must have its type, and the parts must agree."""

import json
import math
from typing import Any

from pydantic import TypeAdapter

from service.definitions.columns import ColumnType
from service.preprocessing.fit import Preprocessing

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
    names = [column.name for column in fitted.inputs]
    if not names or not fitted.targets or len(set(names)) < len(names):
        raise ValueError("no columns, or two of the same name")
    for column in fitted.inputs:
        if (column.categories is not None) != (column.type is ColumnType.CATEGORY):
            raise ValueError(f"`{column.name}` has categories, or has none")
        if len(column.codes) < len(column.categories or ()):
            raise ValueError(f"`{column.name}` has a category twice")
    scalings = [(each.offset, each.divisor) for each in fitted.inputs]
    scalings += [(each.offset, each.divisor) for each in fitted.targets]
    numbers = [number for scaling in scalings for number in scaling]
    numbers += [1.0 if fitted.scale is None else fitted.scale, fitted.threshold, fitted.low]
    divisors = [divisor for _, divisor in scalings]
    if not all(map(math.isfinite, numbers)) or 0.0 in divisors or fitted.scale == 0.0:
        raise ValueError("a number that is not finite, or a divisor of 0")
    if fitted.labels is not None and (len(fitted.labels) < 2 or (fitted.single_output and len(fitted.labels) != 2)):
        raise ValueError("classes that do not fit the outputs")
    if fitted.decision is not None and (fitted.labels is None or len(fitted.labels) != 2):
        raise ValueError("a decision of other than two classes")
