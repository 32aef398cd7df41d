"""What a table's file and statistics are, bit for bit: as plain formulas over all values of a block have them."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.datasets.ahead import ahead
from service.datasets.table_writer import Plan, TableWriter
from service.definitions.columns import ColumnType, Role
from service.errors import Invalid

RANDOM = np.random.default_rng(7)


def plans(width: int) -> list[Plan]:
    roles = [*[Role.INPUT] * (width - 1), Role.TARGET]
    return [Plan(f"x{index}", role, ColumnType.NUMBER) for index, role in enumerate(roles)]


def statistics(blocks: list[Any]) -> list[tuple[Any, ...]]:
    """Count, mean, deviation, minimum and maximum of each column, by formulas that know of missing values alone."""
    width = blocks[0].shape[1]
    count, mean, squares = np.zeros(width, dtype=np.int64), np.zeros(width), np.zeros(width)
    low, high = np.full(width, np.inf), np.full(width, -np.inf)
    with np.errstate(all="ignore"):
        for block in blocks:
            values = block.astype(np.float64)
            present = ~np.isnan(values)
            here = present.sum(axis=0)
            mean_here = np.where(present, values, 0.0).sum(axis=0) / np.maximum(here, 1)
            apart = np.where(present, values - mean_here, 0.0)
            total = np.maximum(count + here, 1)
            shift = mean_here - mean
            squares += (apart * apart).sum(axis=0) + shift**2 * count * here / total
            mean += shift * here / total
            count += here
            low = np.minimum(low, np.where(present, values, np.inf).min(axis=0))
            high = np.maximum(high, np.where(present, values, -np.inf).max(axis=0))
        deviation = np.sqrt(squares / count)
    found = zip(count.tolist(), mean.tolist(), deviation.tolist(), low.tolist(), high.tolist(), strict=True)
    return [(n, *(value if np.isfinite(value) else None for value in rest)) for n, *rest in found]


def holes(values: Any) -> Any:
    """Return the values with some missing, in half of the columns."""
    values[:, ::2][RANDOM.random(values[:, ::2].shape) < 0.15] = np.nan
    return values


MAKERS: dict[str, Callable[[int, int], Any]] = {
    "all present": lambda rows, width: RANDOM.normal(size=(rows, width)),
    "some missing": lambda rows, width: holes(RANDOM.normal(size=(rows, width))),
    "zeros of both signs": lambda rows, width: RANDOM.choice([0.0, -0.0, 0.0, 1.0], (rows, width)),
    "no sign but minus": lambda rows, width: RANDOM.choice([-0.0, -1.0], (rows, width)),
    "zeros and missing": lambda rows, width: holes(RANDOM.choice([0.0, -0.0], (rows, width))),
    "beyond squares": lambda rows, width: RANDOM.normal(size=(rows, width)) * 1e200,
    "beyond sums": lambda rows, width: RANDOM.choice([1e308, -1e308, 1.7e308], (rows, width)),
    "narrow": lambda rows, width: RANDOM.normal(size=(rows, width)).astype(np.float32),
    "bytes": lambda rows, width: RANDOM.integers(0, 256, (rows, width)).astype(np.uint8),
}


@pytest.mark.parametrize("width", [1, 2, 11, 400, 784, 1025])
@pytest.mark.parametrize("kind", MAKERS)
def test_file_hash_and_statistics_are_those_of_plain_formulas(tmp_path: Path, kind: str, width: int) -> None:
    blocks = [MAKERS[kind](rows, width) for rows in (1, 3, 1500, 700, 93)]
    with TableWriter(tmp_path / "out.npy", plans(width), blocks[0].dtype, 1.0) as writer:
        for block in blocks:
            writer.append(block)
        table = writer.finish()
    rows = np.concatenate(blocks)
    assert np.load(tmp_path / "out.npy").tobytes() == rows.tobytes()
    header = {"columns": [plan.to_hash() for plan in plans(width)], "scale": 1.0, "dtype": rows.dtype.name}
    digest = hashlib.sha256(rows.tobytes()).digest()
    assert table.sha256 == hashlib.sha256(json.dumps(header, sort_keys=True).encode() + digest).hexdigest()
    found = [
        (len(rows) - column.missing, column.mean, column.standard_deviation, column.minimum, column.maximum)
        for column in table.columns
    ]
    assert repr(found) == repr(statistics(blocks))  # repr distinguishes -0.0 from 0.0, and each float64 from the next


def test_whole_values_of_a_target_leave_missing_ones_out(tmp_path: Path) -> None:
    with TableWriter(tmp_path / "out.npy", plans(2), np.dtype("<f8"), 1.0) as writer:
        writer.append(np.array([[1.0, 3.0], [2.0, 1.0]]))
        writer.append(np.array([[1.0, 2.0], [np.nan, 1.0]]))
        assert writer.finish().columns[1].whole_values == (1.0, 2.0, 3.0)


def test_a_number_that_the_scale_makes_infinite_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(Invalid, match=r"divided by the scale 0.1 is beyond"),
        TableWriter(tmp_path / "out.npy", plans(2), np.dtype("<f8"), 0.1) as writer,
    ):
        writer.append(np.array([[1e308, 1.0]]))


def test_a_disk_that_is_full_is_told(tmp_path: Path) -> None:
    class Full:
        def write(self, data: memoryview) -> int:
            raise OSError(28, "No space left on device")

        def close(self) -> None:
            pass

    with (
        pytest.raises(OSError, match="No space left"),
        TableWriter(tmp_path / "out.npy", plans(2), np.dtype("<f8"), 1.0) as writer,
    ):
        writer.stream.close()
        writer.stream = Full()  # type: ignore[assignment]
        writer.append(np.array([[1.0, 2.0]]))


def test_blocks_ahead_come_in_their_order_and_end_with_the_error_of_their_maker() -> None:
    def blocks() -> Any:
        yield from range(5)
        raise Invalid("damaged")

    found = []
    with pytest.raises(Invalid, match="damaged"):
        for block in ahead(blocks()):
            found.append(block)
    assert found == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("role", "labels", "warned"),
    [
        (Role.TARGET, ("No", "Yes", "yes"), ["`Yes` and `yes`"]),
        (Role.TARGET, ("STRASSE", "straße"), ["`STRASSE` and `straße`"]),
        (Role.TARGET, ("no", "yes"), []),
        (Role.INPUT, ("Yes", "yes"), []),
    ],
)
def test_labels_that_differ_in_case_only_are_warned_of(
    tmp_path: Path, role: Role, labels: tuple[str, ...], warned: list[str]
) -> None:
    plan = Plan("kind", role, ColumnType.CATEGORY, labels)
    with TableWriter(tmp_path / "out.npy", [plan], np.dtype("<f8"), 1.0) as writer:
        writer.append(np.array([[0.0], [1.0]]))
        found = writer.finish(warnings=["another"]).warnings
    assert found[0] == "another" and len(found) == 1 + len(warned)
    assert all(words in found[1] for words in warned)
