"""Which epochs' parameters are kept, and how neighbours share a row."""

import itertools

import pytest

from service.store.records import ParameterBlock
from workers.keeping import Keeping, joined, logarithmic


def test_all_are_kept_while_they_fit() -> None:
    keeping = Keeping(total=1000, every=1, size=100, budget=1_000_000)
    assert all(epoch in keeping for epoch in range(1001))


def test_every_nth_first_and_last_are_kept() -> None:
    keeping = Keeping(total=25, every=10, size=8, budget=1_000_000)
    assert [epoch for epoch in range(26) if epoch in keeping] == [0, 10, 20, 25]


@pytest.mark.parametrize(("total", "every", "room"), [(10_000, 1, 50), (10_000, 7, 20), (1000, 1, 2), (10**7, 1, 1000)])
def test_past_the_budget_they_are_spaced_logarithmically(total: int, every: int, room: int) -> None:
    chosen = logarithmic(total, every, room)
    assert chosen[0] == 0
    assert len(chosen) <= room
    assert chosen[-1] == total // every * every
    gaps = [after - before for before, after in itertools.pairwise(chosen)]
    # rounding to whole steps may make a gap one step shorter than the one before
    assert all(after >= before - every for before, after in itertools.pairwise(gaps))
    assert gaps[-1] >= gaps[0]
    assert all(epoch % every == 0 for epoch in chosen)


def test_what_is_kept_stays_within_the_budget() -> None:
    keeping = Keeping(total=100_000, every=1, size=1000, budget=200_000)
    kept = sum(epoch in keeping for epoch in range(100_001))
    assert kept * 1000 <= 200_000
    assert 0 in keeping
    assert 100_000 in keeping


def test_neighbours_share_a_row() -> None:
    blocks = [ParameterBlock(epoch, epoch, 2, 1, bytes([epoch])) for epoch in (0, 2, 4, 8)]
    assert joined(blocks, range(0, 9, 2).__contains__) == [
        ParameterBlock(0, 4, 2, 1, b"\x00\x02\x04"),
        ParameterBlock(8, 8, 2, 1, b"\x08"),
    ]


def test_a_best_epoch_that_may_go_has_a_row_of_its_own() -> None:
    blocks = [ParameterBlock(epoch, epoch, 1, 1, bytes([epoch])) for epoch in (12, 13, 14)]
    assert [(block.first_epoch, block.last_epoch) for block in joined(blocks, {13, 14}.__contains__)] == [
        (12, 12),
        (13, 14),
    ]
