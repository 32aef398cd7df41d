"""Chosen rows: by position, by block, and read from a file; ranges and lists agree."""

from pathlib import Path

import numpy as np
import pytest

from service.preprocessing.row_selection import RowList, RowRanges, Selection, read_blocks, row_number, smallest_type

CHOSEN = [2, 3, 4, 9, 10, 15]


@pytest.fixture(params=["ranges", "list"])
def rows(request: pytest.FixtureRequest) -> Selection:
    if request.param == "list":
        return RowList(np.array(CHOSEN, dtype=np.uint8))
    return RowRanges(range(2, 5), range(7, 7), range(9, 11), range(15, 16))


def test_positions_become_indices(rows: Selection) -> None:
    positions = np.array([5, 0, 3, 3])
    assert len(rows) == 6
    assert rows.at(positions).tolist() == [15, 2, 9, 9] and rows.at(positions).dtype == np.intp
    assert row_number(rows, 4) == 11


@pytest.mark.parametrize("step", [1, 2, 4, 6, 100])
def test_blocks_hold_every_chosen_row_in_order(rows: Selection, step: int, tmp_path: Path) -> None:
    np.save(tmp_path / "rows.npy", np.arange(60.0).reshape(20, 3))
    array = np.load(tmp_path / "rows.npy", mmap_mode="r")
    blocks = list(read_blocks(array, rows, step, slice(1, 3)))
    assert [start for start, _ in blocks] == list(range(0, 6, step))
    np.testing.assert_array_equal(np.concatenate([block for _, block in blocks]), array[CHOSEN, 1:])


def test_no_rows_are_no_blocks() -> None:
    assert len(RowRanges(range(3, 3))) == 0
    assert list(read_blocks(np.zeros((4, 1)), RowRanges(), 2, slice(0, 1))) == []


def test_a_range_is_read_without_a_list_of_its_rows() -> None:
    assert RowRanges(range(5, 10)).block(1, 3) == slice(6, 8)


@pytest.mark.parametrize(("largest", "name"), [(255, "uint8"), (256, "uint16"), (65_536, "uint32"), (2**32, "uint64")])
def test_the_smallest_type_holds_the_largest(largest: int, name: str) -> None:
    assert smallest_type(largest) == np.dtype(name)
