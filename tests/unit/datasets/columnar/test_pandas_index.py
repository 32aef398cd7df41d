"""The index of a pandas frame that was written to Parquet or Arrow: when it is a column, and under which name."""

import json
from typing import Any

import pyarrow as pa
import pytest

from service.datasets.columnar import reader as columnar
from service.datasets.options import ReadOptions
from service.definitions.columns import Role
from tests.counted import Counted
from tests.unit.datasets.columnar.tables import Read

Y = pa.array([0.5, 1.5, 2.5])


def with_index(name: str | None) -> pa.Table:
    """The table that pandas writes for a frame of `a` and `y` with an index of that name."""
    stored = name or "__index_level_0__"
    table = pa.table({"a": [1, 2, 3], "y": [0.5, 1.5, 2.5], stored: [7, 8, 9]})
    return table.replace_schema_metadata({"pandas": json.dumps({"index_columns": [stored], "columns": []})})


def test_a_pandas_index_without_a_name_is_no_column(read: Read) -> None:
    table, _ = read(with_index(None))
    assert [(column.name, column.role) for column in table.columns] == [("a", Role.INPUT), ("y", Role.TARGET)]
    assert ["`__index_level_0__`, is left out" in warning for warning in table.warnings] == [True]
    named, _ = read(with_index(None), target=("__index_level_0__",))
    assert [column.name for column in named.columns] == ["a", "y", "__index_level_0__"]
    dropped, _ = read(with_index(None), drop=("__index_level_0__",))
    assert dropped.sha256 == table.sha256


def test_a_pandas_index_with_a_name_is_the_first_column(read: Read) -> None:
    table, _ = read(with_index("id"))
    assert [column.name for column in table.columns] == ["id", "a", "y"]


def test_an_index_that_is_a_range_is_no_column(read: Read) -> None:
    table = pa.table({"a": [1, 2, 3], "y": Y}).replace_schema_metadata(
        {"pandas": json.dumps({"index_columns": [{"kind": "range", "start": 0, "stop": 3, "step": 1}]})}
    )
    assert [column.name for column in read(table)[0].columns] == ["a", "y"]


@pytest.mark.parametrize("metadata", [b"", b"{", b"[]", b"5", b'{"index_columns": 5}', b'{"index_columns": [["a"]]}'])
def test_pandas_metadata_that_is_none_is_ignored(read: Read, metadata: bytes) -> None:
    table = pa.table({"a": [1, 2, 3], "y": Y}).replace_schema_metadata({b"pandas": metadata})
    assert [column.name for column in read(table)[0].columns] == ["a", "y"]


def test_a_pandas_index_of_many_columns_makes_one_list_of_names(monkeypatch: pytest.MonkeyPatch) -> None:
    count = 2000
    all_names = [f"c{number}" for number in range(count)]
    index = {"index_columns": [*all_names[1:], all_names[1], "gone", 5]}

    class Schema:
        """A schema that counts how often the list of all its names is made."""

        lists = 0
        pandas_metadata = index

        @property
        def names(self) -> list[str]:
            self.lists += 1
            return [Counted(name) for name in all_names]

    monkeypatch.setattr(Counted, "comparisons", 0)
    schema: Any = Schema()
    assert columnar._names(schema, ReadOptions()) == ([*all_names[1:], all_names[0]], [])
    assert schema.lists == 1 and Counted.comparisons < 50 * count
