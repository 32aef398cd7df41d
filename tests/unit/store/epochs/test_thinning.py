"""The spacing of stored epochs that are thinned."""

import itertools

import numpy as np
import pytest

from service.store.epochs.thinning import dense_part, is_retained


@pytest.mark.parametrize(("newest", "room"), [(10_000, 50), (100_000, 1000), (95, 47), (1000, 2), (0, 0), (7, 3)])
def test_what_is_left_fits_and_its_gaps_grow_with_the_epoch(newest: int, room: int) -> None:
    retained = np.flatnonzero(is_retained(np.arange(newest + 1), dense_part(newest, room))).tolist()
    assert retained[0] == 0 and len(retained) <= max(room, 1)
    gaps = [after - before for before, after in itertools.pairwise(retained)]
    assert gaps == sorted(gaps)
    assert all(
        gap <= after / 2 for gap, (_, after) in zip(gaps, itertools.pairwise(retained), strict=True) if after > 1
    )
    assert len(retained) >= room / 3


def test_the_spacing_is_twice_as_wide_twice_as_far() -> None:
    retained = np.flatnonzero(is_retained(np.arange(33), 4)).tolist()
    assert retained == [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32]


def test_as_training_goes_on_nothing_is_missed_that_went_before() -> None:
    numbers = np.arange(5000)
    before = np.ones(5000, dtype=np.bool_)
    for newest in range(10, 5000, 37):
        retained = is_retained(numbers, dense_part(newest, 40))
        assert not (retained & ~before).any()
        before = retained
