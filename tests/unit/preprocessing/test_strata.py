"""A share drawn by classes: how many of each, which ones, and that the seed alone says so."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.datasets.json import read_json_rows
from service.datasets.options import Limits, ReadOptions
from service.definitions.resolved import Splitting
from service.errors import Invalid
from service.preprocessing import strata
from service.preprocessing.batches import open_rows
from service.preprocessing.row_selection import Selection
from service.preprocessing.splitting import split
from service.preprocessing.strata import quotas


@pytest.mark.parametrize(
    ("counts", "share", "drawn"),
    [
        ([50, 50], 0.2, [10, 10]),
        ([5, 5], 0.3, [2, 1]),  # equal remainders: the earlier class
        ([90, 9, 1], 0.2, [18, 2, 0]),
        ([3, 3, 3], 0.9, [3, 3, 2]),  # 8 of 9: no class can keep a row until the total is reached
        ([1, 1, 8], 0.5, [0, 0, 5]),
        ([10, 0, 10], 0.1, [1, 0, 1]),
    ],
)
def test_each_class_gives_its_share_and_may_keep_a_row(counts: list[int], share: float, drawn: list[int]) -> None:
    quota = quotas(np.array(counts), share)
    assert quota.tolist() == drawn and quota.sum() == round(sum(counts) * share)


def test_the_total_stays_even_where_every_class_has_one_row() -> None:
    assert quotas(np.ones(10, dtype=np.intp), 0.2).sum() == 2


def test_the_total_is_always_that_of_a_plain_share() -> None:
    random = np.random.default_rng(4)
    for _ in range(300):
        counts = random.integers(0, 30, random.integers(2, 8))
        share = float(random.random())
        quota = quotas(counts, share)
        assert quota.sum() == round(int(counts.sum()) * share)
        assert (quota >= 0).all() and (quota <= counts).all()


def drawn(path: Path, targets: list[Any], seed: int = 1, rows: Any = None, share: float = 0.2) -> tuple[Any, Any]:
    """Training and validation rows, by index, of a dataset with these targets."""
    table = read_json_rows(None, [{"a": 0.5, "y": y} for y in targets], ReadOptions(), Limits(), path)
    training = {"rows": rows, "validation": {"fraction": share, "stratify": True}, "seed": seed}
    found = split(table, open_rows(path), Splitting.from_json(training))
    assert found.validation is not None
    return listed(found.training), listed(found.validation)


def listed(rows: Selection) -> list[int]:
    return rows.at(np.arange(len(rows), dtype=np.intp)).tolist()


@pytest.mark.parametrize("names", [("p", "q", "r"), (3, 7, 9)])
@pytest.mark.parametrize("draw_rows", [7, 65_536])
def test_texts_and_whole_numbers_are_drawn_by_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: Any, draw_rows: int
) -> None:
    monkeypatch.setattr(strata, "DRAW_ROWS", draw_rows)
    targets = [names[0]] * 60 + [names[1]] * 35 + [names[2]] * 5
    np.random.default_rng(2).shuffle(targets)
    training_rows, held_out = drawn(tmp_path / "rows", targets)
    assert sorted(training_rows + held_out) == list(range(100))
    assert Counter(targets[index] for index in held_out) == {names[0]: 12, names[1]: 7, names[2]: 1}


def test_the_seed_alone_says_which(tmp_path: Path) -> None:
    targets = list("pq" * 50)
    first = drawn(tmp_path / "rows", targets)
    assert drawn(tmp_path / "rows", targets) == first
    assert drawn(tmp_path / "rows", targets, seed=2) != first


def test_blocks_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    targets = list("pqqr" * 50)
    first = drawn(tmp_path / "rows", targets)
    monkeypatch.setattr(strata, "DRAW_ROWS", 9)
    assert drawn(tmp_path / "rows", targets) == first


def test_only_the_training_rows_are_drawn_from(tmp_path: Path) -> None:
    targets = ["z"] * 10 + list("pq" * 20) + ["z"] * 10
    training_rows, held_out = drawn(tmp_path / "rows", targets, rows=[10, 50])
    assert sorted(training_rows + held_out) == list(range(10, 50))
    assert Counter(targets[index] for index in held_out) == {"p": 4, "q": 4}


def test_a_missing_class_is_named_by_row(tmp_path: Path) -> None:
    targets = [*"pq" * 10, None, *"pq" * 10]
    with pytest.raises(Invalid) as caught:
        drawn(tmp_path / "rows", targets, rows=[10, 30])
    assert (caught.value.faults[0].row, caught.value.faults[0].column) == (21, "y")
