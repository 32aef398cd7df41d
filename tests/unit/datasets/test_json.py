"""JSON datasets: numbers only in `inputs`, types distinguished in `rows`, mistakes named by row and column."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.datasets.json import read_json_arrays, read_json_rows
from service.datasets.options import Limits, ReadOptions
from service.definitions.columns import ColumnKind, ColumnType
from service.definitions.how_read import HowRead
from service.errors import Invalid
from service.preprocessing.batches import open_rows


@pytest.fixture
def arrays(tmp_path: Path):  # type: ignore[no-untyped-def]
    def run(inputs: list[Any], targets: list[Any] | None = None, **options: Any):  # type: ignore[no-untyped-def]
        path = tmp_path / "out.npy"
        table = read_json_arrays(inputs, targets, ReadOptions(**options), Limits(), path)
        return table, np.array(open_rows(path))

    return run


@pytest.fixture
def rows(tmp_path: Path):  # type: ignore[no-untyped-def]
    def run(values: list[Any], columns: list[str] | None = None, **options: Any):  # type: ignore[no-untyped-def]
        path = tmp_path / "out.npy"
        table = read_json_rows(columns, values, ReadOptions(**options), Limits(), path)
        return table, np.array(open_rows(path))

    return run


def test_inputs_and_targets_become_columns(arrays) -> None:
    table, values = arrays([[1, 2.5], [3, 4]], [0, 1])
    assert [column.name for column in table.columns] == ["input_1", "input_2", "target"]
    assert table.columns[2].whole_values == (0.0, 1.0)
    np.testing.assert_array_equal(values, [[1, 2.5, 0], [3, 4, 1]])


def test_numbers_survive_exactly(arrays) -> None:
    numbers = [0.1, 1 / 3, 5e-324, 1.25e150, -0.0, 2**53]
    _, values = arrays([[number] for number in numbers])
    assert values[:, 0].tobytes() == np.array(numbers).tobytes()


@pytest.mark.parametrize("bad", [True, "1", None, [1], {}, "1_000"])
def test_what_is_no_number_is_named_by_row_and_column(arrays, bad: Any) -> None:
    with pytest.raises(Invalid) as caught:
        arrays([[1, 2], [3, bad]], [0, 1])
    assert (caught.value.faults[0].row, caught.value.faults[0].column) == (2, "input_2")


@pytest.mark.parametrize("bad", [True, "1", None, {}])
def test_a_bad_target_is_named_too(arrays, bad: Any) -> None:
    with pytest.raises(Invalid) as caught:
        arrays([[1], [2], [3]], [[0.5], [1.5], [bad]])
    assert caught.value.faults[0].row == 3


@pytest.mark.parametrize("bad", ["heavy", True])
def test_a_weight_that_is_no_number_is_named(rows, bad: Any) -> None:
    with pytest.raises(Invalid) as caught:
        rows([{"a": 1, "y": 2, "w": 1}, {"a": 1, "y": 2, "w": bad}], weight="w", target=("y",))
    assert (caught.value.faults[0].row, caught.value.faults[0].column) == (2, "w")


def test_only_ten_faults_are_reported(arrays) -> None:
    with pytest.raises(Invalid) as caught:
        arrays([[1], *[["x"]] * 50])
    assert len(caught.value.faults) == 10


def test_ragged_inputs_are_named(arrays) -> None:
    with pytest.raises(Invalid) as caught:
        arrays([[1, 2], [3], [4, 5, 6]])
    assert [fault.row for fault in caught.value.faults] == [2, 3]


@pytest.mark.parametrize("inputs", [[], [[]], [1, 2], ["ab"], [{}]])
def test_empty_or_flat_inputs_are_refused(arrays, inputs: list[Any]) -> None:
    with pytest.raises(Invalid):
        arrays(inputs)


def test_targets_of_another_length_are_refused(arrays) -> None:
    with pytest.raises(Invalid, match="must have 2 rows"):
        arrays([[1], [2]], [1])


def test_a_huge_whole_number_is_refused(arrays, rows) -> None:
    with pytest.raises(Invalid, match="too large"):
        arrays([[10**400]], [1])
    with pytest.raises(Invalid, match="too large"):
        rows([{"a": 10**400, "y": 1}])


@pytest.mark.parametrize("targets", [["b", "a"], [["b"], ["a"]], [True, False], [[True], [False]]])
def test_text_and_booleans_are_classes(arrays, targets: list[Any]) -> None:
    table, values = arrays([[1], [2]], targets)
    assert table.columns[1].type is ColumnType.CATEGORY
    assert table.columns[1].categories in (("a", "b"), ("false", "true"))
    assert values[:, 1].tolist() == [1.0, 0.0]


def test_rows_may_be_lists_or_objects(rows) -> None:
    lists, first = rows([[1, "x", 2], [3, "y", 4]], ["a", "b", "y"])
    objects, second = rows([{"a": 1, "b": "x", "y": 2}, {"y": 4, "b": "y", "a": 3}])
    assert lists == objects
    np.testing.assert_array_equal(first, second)


def test_null_is_missing_in_rows(rows) -> None:
    table, values = rows([{"a": None, "b": "x", "y": 1}, {"a": 2, "b": None, "y": 2}])
    assert [column.missing for column in table.columns] == [1, 1, 0]
    assert np.isnan(values[0, 0]) and np.isnan(values[1, 1])


@pytest.mark.parametrize("mixture", [[1, "x"], [1, True], ["x", 2.5], [1, [2]], [{}, "x"]])
def test_a_mixture_in_one_column_is_named(rows, mixture: list[Any]) -> None:
    with pytest.raises(Invalid) as caught:
        rows([{"a": value, "y": 1} for value in mixture])
    assert caught.value.faults[0].column == "a" and caught.value.faults[0].row in (1, 2)


def test_ragged_rows_and_odd_columns_are_named(rows) -> None:
    with pytest.raises(Invalid) as caught:
        rows([[1, 2], [3]], ["a", "y"])
    assert caught.value.faults[0].row == 2
    with pytest.raises(Invalid) as caught:
        rows([{"a": 1, "y": 2}, {"a": 1}])
    assert (caught.value.faults[0].row, caught.value.faults[0].column) == (2, "y")


@pytest.mark.parametrize("columns", [["a", "a"], ["a", ""]])
def test_columns_need_different_names(rows, columns: list[str]) -> None:
    with pytest.raises(Invalid):
        rows([[1, 2], [3, 4]], columns)


def test_lists_need_columns(rows) -> None:
    with pytest.raises(Invalid, match="columns"):
        rows([[1, 2]])


@pytest.mark.parametrize("bad", ["a\x00b", "\ud800"])
def test_nul_and_lone_surrogates_are_refused_in_cells(rows, bad: str) -> None:
    with pytest.raises(Invalid) as caught:
        rows([{"a": "x", "y": 1}, {"a": bad, "y": 2}])
    assert (caught.value.faults[0].row, caught.value.faults[0].column) == (2, "a")


@pytest.mark.parametrize("bad", ["a\x00b", "\ud800"])
def test_nul_and_lone_surrogates_are_refused_in_column_names(rows, bad: str) -> None:
    with pytest.raises(Invalid):
        rows([{bad: 1, "y": 1}, {bad: 3, "y": 2}])


def test_the_hash_differs_when_scale_or_target_do(rows) -> None:
    values = [{"a": 1, "b": 2}, {"a": 3, "b": 4}]
    tables = [rows(values), rows(values, scale=2.0), rows(values, target=("a",)), rows(values, target_type="value")]
    assert len({table.sha256 for table, _ in tables}) == 4
    assert rows(values)[0].sha256 == tables[0][0].sha256


def test_iso_dates_are_days_since_1970(rows) -> None:
    table, values = rows([{"d": "1970-01-02", "y": 1}, {"d": None, "y": 2}, {"d": "2024-01-31T12:00Z", "y": 3}])
    assert table.columns[0].is_date and table.read == HowRead("json", ("d",))
    np.testing.assert_array_equal(values[:, 0], [1, np.nan, 19753.5])
    table, _ = rows([{"d": "1970-01-02", "y": 1}, {"d": "soon", "y": 2}])
    assert table.columns[0].categories == ("1970-01-02", "soon")


def test_a_column_of_dates_with_a_mistake_is_named_with_the_way_out(rows) -> None:
    days = [f"2024-01-{day:02}" for day in range(1, 32)]
    with pytest.raises(Invalid, match=r"row 32: .*'2024-02-30'; `types=d:category` reads text$"):
        rows([{"d": day, "y": 1} for day in [*days, "2024-02-30"]])


def test_types_said_of_columns_are_obeyed_or_contradicted(rows) -> None:
    values = [{"a": 2, "y": 1}, {"a": 2.5, "y": 2}]
    assert rows(values, types={"a": ColumnKind.CATEGORY})[0].columns[0].categories == ("2", "2.5")
    assert [
        column.name
        for column in rows([{"b": 1, **value} for value in values], types={"a": ColumnKind.IGNORE})[0].columns
    ] == ["b", "y"]
    for kind, bad in ((ColumnKind.NUMBER, "x"), (ColumnKind.DATE, "soon"), (ColumnKind.DATE, 5)):
        with pytest.raises(Invalid) as caught:
            rows([{"a": None, "y": 1}, {"a": bad, "y": 2}], types={"a": kind})
        assert (caught.value.faults[0].row, caught.value.faults[0].column) == (2, "a")


def test_whole_numbers_beyond_2_to_the_53_are_classes_or_refused(rows) -> None:
    values = [{"a": 1, "id": 2**53 + 1}, {"a": 2, "id": 2**53}]
    assert rows(values)[0].columns[1].categories == (str(2**53), str(2**53 + 1))
    assert rows(values, target_type="value")[0].columns[1].type is ColumnType.NUMBER
    with pytest.raises(Invalid, match="types=id:category"):
        rows(values, target=("a",))


def test_whole_numbers_beyond_2_to_the_53_beside_fractions_are_refused_unless_a_float_is_written_so(rows) -> None:
    with pytest.raises(Invalid) as error:
        rows([{"id": 1.5, "y": 1}, {"id": 2**53 + 1, "y": 2}, {"id": 2**53, "y": 3}])
    assert [(fault.row, fault.column) for fault in error.value.faults] == [(2, "id")]
    _, stored = rows([{"mass": 1.5, "y": 1}, {"mass": 123456789012345680000, "y": 2}])  # as JavaScript writes it
    assert stored[:, 0].tolist() == [1.5, 1.2345678901234568e20]


def test_a_column_of_null_alone_is_refused(rows) -> None:
    with pytest.raises(Invalid, match="drop=a"):
        rows([{"a": None, "b": 1, "y": 1}, {"a": None, "b": 2, "y": 2}])


def test_the_order_of_categories_does_not_depend_on_the_process(rows) -> None:
    table, _ = rows([{"a": text, "y": 1} for text in ("NaN", "10", "9", "2")])
    assert table.columns[0].categories == ("10", "2", "9", "NaN")
    table, _ = rows([{"a": text, "y": 1} for text in ("10", "9", "2")])
    assert table.columns[0].categories == ("2", "9", "10")
