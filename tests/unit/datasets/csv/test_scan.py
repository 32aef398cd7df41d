"""The length of a CSV's rows, on which the size of the parser's blocks depends."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from service.datasets.csv import scan

CELLS = st.one_of(
    st.text("ab1", max_size=30),
    st.text('a\n,"', max_size=30).map(lambda text: '"' + text.replace('"', '""') + '"'),
)
ROWS = st.lists(st.lists(CELLS, min_size=2, max_size=3).map(",".join), min_size=1, max_size=12)
SHORT = 24


@given(rows=ROWS, block=st.integers(1, 90), end=st.sampled_from(["\n", "\r\n", "\r"]))
@example(rows=["a" * (SHORT - 3) + ",b"] * 3, block=7, end="\n")  # a row of just `SHORT` bytes
@example(rows=['a,"' + "\n" * SHORT + '"'], block=7, end="\n")
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_has_long_rows_if_its_longest_is_one(tmp_path: Path, rows: list[str], block: int, end: str) -> None:
    path = tmp_path / "in.csv"
    path.write_bytes("".join(row + end for row in rows).encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "SHORT_ROW", SHORT)
        patch.setattr(scan, "BLOCK_BYTES", block)
        found = scan.check_bytes(path, 0, ",", header=False)
    longest = max(len(row) + len(end) for row in rows)
    assert found == (longest > SHORT) or (end == "\r\n" and longest == SHORT + 1)  # a step may end between CR and LF


@pytest.mark.parametrize("millions", [2.9, 3.2, 4.1])
def test_rows_of_millions_of_bytes_are_read(read, millions: float) -> None:
    long = "x" * int(millions * 1e6)
    table, rows = read(f'a,y\n1,2\n"{long}",3\n"{long}\n{long[:9]}",4\n', types=["a:category"])
    assert [len(category) for category in table.columns[0].categories or ()] == [1, len(long), len(long) + 10]
    np.testing.assert_array_equal(rows, [[0, 2], [1, 3], [2, 4]])


def test_line_ends_within_quotes_are_looked_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[int] = []

    def counted(places: Any, wanted: Any, **more: Any) -> Any:
        searched.append(np.size(wanted))
        return found(places, wanted, **more)

    found = np.searchsorted
    monkeypatch.setattr(scan, "SHORT_ROW", 9_000)
    monkeypatch.setattr(scan.np, "searchsorted", counted)
    path = tmp_path / "in.csv"
    path.write_text("a,b\n" + '"\n",' * 20_000 + "x\n")
    assert scan.check_bytes(path, 0, ",", header=True)
    assert sum(searched) < 60_000 and len(searched) < 20
