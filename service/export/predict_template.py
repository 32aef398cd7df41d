"""What every exported `predict.py` has in common: `service.export.python_writing` copies the parts below the marks.

This file is no program of its own. Constants and `forward` stand above the first part, parameters above the second.
"""
# ruff: noqa: F821
# mypy: ignore-errors

import base64
import csv
import datetime
import sys

import numpy as np

# --- copied ---


def array(data, shape):
    """An array of the network's precision, from a list of numbers or from base64 of little-endian bytes."""
    if isinstance(data, str):
        data = np.frombuffer(base64.b64decode(data), dtype=np.dtype(PRECISION).newbyteorder("<"))
    return np.array(data, dtype=PRECISION).reshape(shape)


def number(cell, column):
    """A cell as a number: None and an empty text are missing, and dates (ISO 8601) are days since 1970-01-01."""
    if cell is None or cell == "":
        if column["fill"] is None:
            raise ValueError(f"{column['name']} is missing")
        return np.nan
    if column["is_date"] and isinstance(cell, str):
        try:
            moment = datetime.datetime.fromisoformat(cell.strip())
        except ValueError:
            return plain(cell, column)  # days as text
        moment = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
        return (moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)) / datetime.timedelta(days=1)
    return plain(cell, column)


def plain(cell, column):
    """A cell that is a number, or the text of one."""
    try:
        return float(cell)
    except ValueError:
        kind = "a date or a number of days" if column["is_date"] else "a number"
        raise ValueError(f"{column['name']} must be {kind}, got {cell!r}") from None


def preprocess(rows):
    """The network's inputs (rows, inputs) of rows, each a dict by column or a list in the order of COLUMNS."""
    features = []
    for index, column in enumerate(COLUMNS):
        cells = [row[column["name"]] if isinstance(row, dict) else row[index] for row in rows]
        if column["categories"] is not None:
            # one input for each category, 1 where it is that one; an unknown category is all zeros
            features += [[float(cell == category) for cell in cells] for category in column["categories"]]
            continue
        values = np.array([number(cell, column) for cell in cells], dtype=np.float64) / SCALE
        missing = np.isnan(values)
        if column["fill"] is not None:
            values = np.where(missing, column["fill"], values)
        features.append((values - column["offset"]) / column["divisor"])
        if column["indicator"]:
            features.append(missing)
    return np.array(features, dtype=np.float64).T.astype(PRECISION)


def predict(rows):
    """The predictions (rows, outputs) and, of classes, the label of each row; None for values."""
    A = forward(preprocess(rows))
    if LABELS is None:
        return A * TARGET_DIVISORS + TARGET_OFFSETS if TARGETS_ARE_SCALED else A, None
    if THRESHOLD is not None:
        return A, [LABELS[int(output >= np.dtype(PRECISION).type(THRESHOLD))] for output in A[:, -1]]
    return A, [LABELS[index] for index in A.argmax(axis=1)]


def main():
    if "--help" in sys.argv or "-h" in sys.argv:
        sys.exit(__doc__)
    if "--example" in sys.argv or sys.stdin.isatty():
        rows = [EXAMPLE]
        print(f"# {EXAMPLE}", file=sys.stderr)
    else:
        rows = list(csv.DictReader(sys.stdin))
    if not rows:
        sys.exit("there are no rows: a header with the columns comes first, then a line for each row")
    if absent := [column["name"] for column in COLUMNS if column["name"] not in rows[0]]:
        sys.exit(f"the header lacks {', '.join(absent)}")
    try:
        predictions, labels = predict(rows)
    except ValueError as error:
        sys.exit(str(error))
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow([*([TARGETS[0]] if labels else []), *OUTPUTS])
    for index, row in enumerate(predictions.tolist()):
        writer.writerow([*([labels[index]] if labels else []), *row])


# --- copied ---


if __name__ == "__main__":
    main()
