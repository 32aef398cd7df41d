"""An epoch meets each row once, in an order that depends on its arguments alone."""

from typing import Any

import numpy as np
import pytest

from service.backprop.training.rows import WINDOW_BLOCKS, ArrayRows, batches

COUNTS = [1, 7, 64, 1001]
BLOCKS = [None, 1, 3, 10, 5000]


def rows_of(count: int, block_rows: int | None = None) -> ArrayRows:
    return ArrayRows(np.arange(2.0 * count).reshape(count, 2), np.arange(1.0 * count)[:, None], block_rows=block_rows)


def order(count: int, block_rows: int | None, batch_size: int = 8, shuffle: bool = True, **at: int) -> list[Any]:
    return list(batches(rows_of(count, block_rows), batch_size, shuffle, at.get("seed", 1), at.get("epoch", 1)))


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("block_rows", BLOCKS)
@pytest.mark.parametrize("batch_size", [1, 8, 5000])
@pytest.mark.parametrize("shuffle", [False, True])
def test_each_row_comes_once_in_whole_batches(
    count: int, block_rows: int | None, batch_size: int, shuffle: bool
) -> None:
    found = order(count, block_rows, batch_size, shuffle)
    assert sorted(np.concatenate(found).tolist()) == list(range(count))
    assert [len(batch) for batch in found[:-1]] == [batch_size] * (len(found) - 1)
    assert len(found) == -(-count // batch_size)


@pytest.mark.parametrize("block_rows", BLOCKS)
def test_the_order_is_a_pure_function_of_its_arguments(block_rows: int | None) -> None:
    once, again = np.concatenate(order(1001, block_rows)), np.concatenate(order(1001, block_rows))
    np.testing.assert_array_equal(once, again)


@pytest.mark.parametrize("block_rows", BLOCKS)
def test_every_seed_and_epoch_has_an_order_of_its_own(block_rows: int | None) -> None:
    orders = {
        tuple(np.concatenate(order(1001, block_rows, seed=seed, epoch=epoch)))
        for seed in (0, 1, 2**63 - 1)
        for epoch in (1, 2)
    }
    assert len(orders) == 6


@pytest.mark.parametrize("block_rows", BLOCKS)
def test_the_batch_size_cuts_the_same_order_elsewhere(block_rows: int | None) -> None:
    by_size = [np.concatenate(order(1001, block_rows, batch_size)) for batch_size in (1, 8, 1001)]
    np.testing.assert_array_equal(by_size[0], by_size[1])
    np.testing.assert_array_equal(by_size[0], by_size[2])


@pytest.mark.parametrize("block_rows", BLOCKS)
def test_without_shuffling_rows_come_as_they_lie(block_rows: int | None) -> None:
    np.testing.assert_array_equal(np.concatenate(order(1001, block_rows, shuffle=False)), np.arange(1001))


def test_a_window_of_shuffled_rows_comes_from_few_blocks() -> None:
    block_rows, count = 5, 5 * WINDOW_BLOCKS * 3
    shuffled = np.concatenate(order(count, block_rows))
    for start in range(0, count, block_rows * WINDOW_BLOCKS):
        window = shuffled[start : start + block_rows * WINDOW_BLOCKS]
        assert len(np.unique(window // block_rows)) == WINDOW_BLOCKS
        assert (np.diff(window) == 1).mean() < 0.1


def test_gathered_rows_are_the_rows_at_the_indices() -> None:
    X, Y = np.empty((3, 2)), np.empty((3, 1))
    rows_of(10).gather(np.array([7, 0, 7]), X, Y)
    np.testing.assert_array_equal(X, [[14, 15], [0, 1], [14, 15]])
    np.testing.assert_array_equal(Y, [[7], [0], [7]])
