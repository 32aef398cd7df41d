"""What each row of a dataset weighs in the loss."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.data.selection import Selection, read_blocks, row_number
from service.definitions.columns import Role, Table
from service.errors import Fault, Invalid

READ_ROWS = 65_536

Weights = NDArray[np.float64]


def sample_weights(array: NDArray[Any], table: Table, rows: Selection) -> Weights | None:
    """The chosen rows' weights (n,), as they are stored; None where the dataset has none, so that all weigh the same.

    `Invalid` names the row and column of what is no weight, or tells that these rows together weigh nothing.
    """
    if not table.having(Role.WEIGHT):
        return None
    at = len(table.columns) - 1
    name = table.columns[at].name
    weights = np.empty(len(rows))
    for start, block in read_blocks(array, rows, READ_ROWS, slice(at, at + 1)):
        weights[start : start + len(block)] = block[:, 0]
    wrong = ~(np.isfinite(weights) & (weights >= 0))
    if wrong.any():
        position = int(wrong.argmax())
        row, value = row_number(rows, position), weights[position]
        detail = "is missing, but every row needs a weight" if np.isnan(value) else f"must be at least 0, got {value:g}"
        raise Invalid(f"column `{name}`, row {row}: {detail}", [Fault(detail, row=row, column=name)])
    if not weights.any():
        detail = f"must be above 0 in some row, and is 0 in all of the {len(rows):,} from row {row_number(rows, 0)} on"
        raise Invalid(f"column `{name}` {detail}", [Fault(detail, column=name)])
    return weights
