"""The split of rows: what trains, what validates and what tests never overlap, and depend on the seed alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.backprop.randomness import Purpose, generator
from service.datasets.json import read_json_rows
from service.datasets.options import Limits, ReadOptions
from service.definitions.columns import Table
from service.definitions.resolved import Splitting
from service.errors import Invalid
from service.preprocessing import splitting
from service.preprocessing.batches import open_rows
from service.preprocessing.row_selection import Selection
from service.preprocessing.splitting import split

Rows = list[int]


def listed(rows: Selection) -> Rows:
    return rows.at(np.arange(len(rows), dtype=np.intp)).tolist()


def listed_if_any(rows: Selection | None) -> Rows | None:
    return None if rows is None else listed(rows)


def split_of(total: int, **training: Any) -> tuple[Rows, Rows | None, Rows | None]:
    """Return the training, validation and test rows of a dataset of values: its rows are not read."""
    record = {"rows": None, "validation": None, "seed": 1, **training}
    found = split(Table(total, (), "float64", 1.0, "", 0), np.empty((total, 0)), Splitting.from_json(record))
    return listed(found.training), listed_if_any(found.validation), listed_if_any(found.test)


def test_a_share_is_drawn_by_the_seed_out_of_the_training_rows() -> None:
    record: Any = {"rows": [10, 60], "validation": {"fraction": 0.2}}
    rows, held_out, test = split_of(100, **record)
    assert held_out is not None and test is None
    assert len(held_out) == 10 and sorted(rows + held_out) == list(range(10, 60))
    assert split_of(100, **record) == (rows, held_out, None)
    assert split_of(100, **record, seed=2)[1] != held_out


@pytest.mark.parametrize(("rows", "fraction", "total"), [((0, 300), 0.2, 300), ((17, 200), 0.35, 70_000)])
def test_a_split_without_test_rows_stays_that_of_earlier_releases(
    rows: tuple[int, int], fraction: float, total: int
) -> None:
    start, end = rows
    order = np.arange(end - start, dtype=np.min_scalar_type(end))
    generator(5, Purpose.SPLIT).shuffle(order)
    drawn = sorted((start + order[: round((end - start) * fraction)].astype(int)).tolist())
    given: Any = {"rows": [start, end], "validation": {"fraction": fraction}, "seed": 5}
    assert split_of(total, **given)[1] == drawn


@pytest.mark.parametrize(
    ("given", "left"),
    [([2, 5], [0, 1, 5, 6, 7, 8, 9]), ([0, 4], [4, 5, 6, 7, 8, 9]), ([8, 10], [0, 1, 2, 3, 4, 5, 6, 7])],
)
@pytest.mark.parametrize("part", ["validation", "test"])
def test_a_range_is_taken_out_of_the_training_rows(part: str, given: Rows, left: Rows) -> None:
    rows, validation, test = split_of(10, **{part: {"rows": given}})
    held_out = list(range(*given))
    assert (rows, validation, test) == (left, *((held_out, None) if part == "validation" else (None, held_out)))


def test_a_range_outside_the_training_rows_takes_none_of_them() -> None:
    for training, validation in (([0, 4], [6, 9]), ([6, 9], [0, 4])):
        found = split_of(10, rows=training, validation={"rows": validation})
        assert found == (list(range(*training)), list(range(*validation)), None)


@pytest.mark.parametrize("held_out", [None, {"dataset": "other"}])
def test_without_a_split_all_rows_train(held_out: Any) -> None:
    assert split_of(4, validation=held_out, test=held_out) == ([0, 1, 2, 3], None, None)


def test_test_rows_are_drawn_before_those_that_validate() -> None:
    given: Any = {"rows": [10, 110], "test": {"fraction": 0.1}}
    rows, _, test = split_of(200, **given)
    assert test is not None and len(test) == 10 and sorted(rows + test) == list(range(10, 110))
    rows, validation, again = split_of(200, **given, validation={"fraction": 0.2})
    assert again == test  # whatever validates
    assert validation is not None and len(validation) == 18
    assert sorted(rows + validation + test) == list(range(10, 110))
    assert split_of(200, **given, seed=2)[2] != test


def test_test_rows_are_not_drawn_from_a_range_that_validates() -> None:
    rows, validation, test = split_of(100, test={"fraction": 0.5}, validation={"rows": [20, 60]})
    assert validation == list(range(20, 60)) and test is not None and len(test) == 30
    assert sorted(rows + validation + test) == list(range(100))


def test_validation_rows_are_not_drawn_from_a_range_that_tests() -> None:
    rows, validation, test = split_of(100, test={"rows": [90, 100]}, validation={"fraction": 0.2})
    assert test == list(range(90, 100)) and validation is not None and len(validation) == 18
    assert sorted(rows + validation) == list(range(90))


def test_two_ranges_are_taken_out() -> None:
    found = split_of(10, rows=[1, 9], test={"rows": [0, 3]}, validation={"rows": [5, 7]})
    assert found == ([3, 4, 7, 8], [5, 6], [0, 1, 2])


@pytest.mark.parametrize("read_rows", [3, 65_536])
def test_a_fork_keeps_the_test_rows_of_its_parent_out(monkeypatch: pytest.MonkeyPatch, read_rows: int) -> None:
    monkeypatch.setattr(splitting, "READ_ROWS", read_rows)
    parent: Any = {"rows": [0, 60], "test": {"fraction": 0.25}, "validation": {"rows": [40, 60]}}
    _, _, test = split_of(100, **parent)
    assert test is not None and len(test) == 10
    fork: Any = {**parent, "test_from": [[0, 40]]}
    assert split_of(100, **fork)[2] == test
    rows, validation, mine = split_of(100, **{**fork, "rows": [20, 100], "validation": {"fraction": 0.5}})
    assert mine == test and validation is not None
    assert sorted(rows + validation) == [row for row in range(20, 100) if row not in test]
    rows, validation, mine = split_of(100, **{**fork, "rows": None, "validation": {"rows": [0, 20]}})
    assert mine == test and validation == [row for row in range(20) if row not in test]
    assert rows == [row for row in range(20, 100) if row not in test]


def test_a_fork_without_a_row_besides_its_parents_test_rows_is_refused() -> None:
    with pytest.raises(Invalid, match="no rows are left to train on"):
        split_of(10, rows=[0, 2], test={"fraction": 1.0 - 1e-9}, test_from=[[0, 2]])


def test_each_class_gives_its_share_of_test_rows(tmp_path: Path) -> None:
    targets = ["p"] * 60 + ["q"] * 30 + ["r"] * 10
    np.random.default_rng(2).shuffle(targets)
    rows = [{"a": 0.5, "y": y} for y in targets]
    table = read_json_rows(None, rows, ReadOptions(), Limits(), tmp_path / "rows")
    share = {"fraction": 0.1, "stratify": True}
    record = {"rows": None, "validation": {"fraction": 0.2, "stratify": True}, "test": share, "seed": 1}
    found = split(table, open_rows(tmp_path / "rows"), Splitting.from_json(record))
    counted = [
        [[targets[row] for row in listed(part)].count(name) for name in "pqr"]
        for part in (found.test, found.validation, found.training)
        if part is not None
    ]
    assert counted == [[6, 3, 1], [11, 5, 2], [43, 22, 7]]
