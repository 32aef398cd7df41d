"""The counts of an epoch's work, and that what they assume of compiled steps is so."""

import numpy as np
import pytest

from service.definitions.columns import Column, ColumnType, Role, Table
from service.estimates import work
from service.estimates.shapes import data_of
from tests.unit.estimates.shapes import Machine, data, dense, shape

SGD = {"optimizer": {"type": "sgd", "learning_rate": 0.1}}


def test_the_assumptions_about_compiled_steps_are_theirs() -> None:
    pytest.importorskip("numba")
    from service.backprop.compiled import layers, steps, training

    assert work.BLAS_FROM == layers.BLAS_FROM and work.SCATTER_UNITS == layers.SCATTER_UNITS
    assert work.SPARSE_BELOW == training.SPARSE_BELOW and work.DIRECT_ROWS == training.DIRECT_ROWS
    assert work.PARTS_FROM == steps.PARTS_FROM and work.MOST_TOGETHER == steps.MOST_TOGETHER
    assert work.TOGETHER_BYTES == steps.CHUNK_BYTES


def test_products_are_counted_forward_and_back_without_an_error_of_the_inputs() -> None:
    counted = shape(dense(3, 5, 2), data(40), {"batch_size": 10}).work
    assert counted.batches == 4 and counted.layer_steps == 8
    assert counted.small_products == 40 * (4 * 15 + 6 * 10) and counted.large_products == counted.listed == 0
    assert counted.cheap_units == 40 * 7 and counted.exponentials == 0


def test_large_products_are_those_that_the_blas_computes() -> None:
    counted = shape(dense(100, 50, 1), data(1000), {"batch_size": 100}).work
    assert counted.large_products == 1000 * 4 * 5000 and counted.small_products == 1000 * 6 * 50


def test_inputs_that_are_zero_are_left_out_by_compiled_steps_alone() -> None:
    sparse = data(1000, density=0.2)
    assert shape(dense(100, 5, 1), sparse).work.listed == pytest.approx(0.2 * 4 * 1000 * 500)
    assert shape(dense(100, 5, 1), sparse, machine=Machine("numpy", 1)).work.listed == 0
    standardized = data(1000, density=0.2, is_standardized=True)
    assert shape(dense(100, 5, 1), standardized).work.listed == 0


def test_small_sparse_batches_descend_without_a_pass_over_the_first_layer() -> None:
    sparse = data(1000, density=0.2)
    plain = shape(dense(100, 5, 1), sparse, {"batch_size": 10, **SGD}).work
    assert plain.updates == 100 * 6
    assert shape(dense(100, 5, 1), sparse, {"batch_size": 100, **SGD}).work.updates == 10 * (505 + 6)
    adam = shape(dense(100, 5, 1), sparse, {"batch_size": 10, "optimizer": "adam"}).work
    assert adam.updates == 100 * 511 and adam.slot_updates == 2 * adam.updates


def test_what_compiled_steps_do_not_cover_is_counted_as_numpys() -> None:
    assert not shape(dense(4, 3, 1), data(100), {"optimizer": "rmsprop"}).is_compiled
    assert not shape(dense(4, 3, 1), data(100, is_weighted=True)).is_compiled
    assert shape(dense(4, 3, 1), data(100), {"optimizer": "adam"}).is_compiled


def test_short_epochs_share_a_call_unless_each_is_validated() -> None:
    assert shape(dense(2, 4, 1), data(4)).work.epochs == 1 / work.MOST_TOGETHER
    validated = shape(dense(2, 4, 1), data(200), {"validation": 0.5}).work
    assert validated.epochs == 1.0 and validated.validations == 2.0 and validated.validated == 2 * 100 * 12
    assert shape(dense(784, 30, 10), data(50_000)).work.epochs == 1.0


def column(values: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> Column:
    return Column(
        "x",
        Role.INPUT,
        ColumnType.NUMBER,
        float(values.min()),
        float(values.max()),
        float(values.mean()),
        float(values.std()),
    )


def table(*columns: Column) -> Table:
    return Table(100, columns, "float64", 1.0, "0" * 64, 800)


def test_the_share_of_numbers_other_than_zero_follows_from_statistics() -> None:
    ones = np.repeat([0.0, 1.0], [80, 20])
    assert data_of(table(column(ones))).density == pytest.approx(0.2)
    uneven = np.concatenate([np.zeros(80), np.linspace(0.1, 1, 20)])
    assert 0.1 < data_of(table(column(uneven))).density <= 0.2
    assert data_of(table(column(np.zeros(100)))).density == 0.0
    assert data_of(table(column(ones - 0.5))).density == 1.0
    colours = Column("c", Role.INPUT, ColumnType.CATEGORY, categories=("a", "b", "c", "d"))
    assert data_of(table(colours)).density == 0.25


def test_columns_beyond_one_are_standardized_unless_they_are_scaled() -> None:
    pixels = np.repeat([0.0, 255.0], [80, 20])
    assert data_of(table(column(pixels))).is_standardized
    scaled = Table(100, (column(pixels),), "uint8", 255.0, "0" * 64, 100)
    assert not data_of(scaled).is_standardized
