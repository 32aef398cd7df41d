"""Memory, stored bytes and seconds of a job."""

import pytest

from service.estimates import costs
from service.estimates.costs import MIB, memory_bytes, stored_bytes
from service.estimates.shapes import Shape
from tests.unit.estimates.shapes import data, dense, shape

# docs/scaling.md, "Memory of a job": units of the two hidden layers, and MiB with descent and with Adam.
MEASURED = ((94, 1.4, 2.3), (310, 14.3, 18.0), (993, 76.4, 100.0), (3154, 218.0, 287.0), (5471, 475.0, 704.0))


def job(units: int, optimizer: object) -> Shape:
    return shape(dense(8, units, units, 1), data(256), {"batch_size": 64, "epochs": 4, "optimizer": optimizer})


@pytest.mark.parametrize(("units", "descent", "adam"), MEASURED)
def test_memory_is_within_a_factor_of_two_of_what_was_measured(units: int, descent: float, adam: float) -> None:
    plain = {"type": "sgd", "learning_rate": 0.1}
    for optimizer, measured in ((plain, descent), ("adam", adam)):
        assert measured / 2 < memory_bytes(job(units, optimizer)) / MIB < measured * 2


def test_rows_are_counted_in_memory_while_they_are_held_ready() -> None:
    held = memory_bytes(shape(dense(10, 3, 1), data(1_000_000)))
    mapped = memory_bytes(shape(dense(10, 3, 1), data(2_000_000)))
    assert held > 1_000_000 * 11 * 4 > mapped


def test_every_epoch_and_the_first_are_stored_unless_they_are_thinned() -> None:
    network = dense(3, 2, 1)
    size = 4 * 11
    every = stored_bytes(shape(network, data(50), {"epochs": 20}))
    assert (every.epochs, every.parameters, every.optimizer_states) == (21, 21 * size, 0)
    third = stored_bytes(shape(network, data(50), {"epochs": 20, "store_parameters": {"every": 3}}))
    assert third.epochs == 8  # 0, 3, ..., 18 and the last
    rule = {"limit_bytes": 10 * size + 1}
    assert stored_bytes(shape(network, data(50), {"epochs": 20, "store_parameters": rule})).parameters == 10 * size
    least = stored_bytes(shape(network, data(50), {"epochs": 20, "store_parameters": {"limit_bytes": 1}}))
    assert least.epochs == costs.AT_LEAST_STORED


def test_states_of_the_optimizer_count_where_they_are_stored_and_to_resume_from() -> None:
    stored = {"optimizer": "adam", "epochs": 4, "store_parameters": {"optimizer_state": True}}
    found = stored_bytes(shape(dense(3, 2, 1), data(50), stored))
    assert found.optimizer_states == 5 * 2 * 44 and found.resume_state == 3 * 44
    doubled = stored_bytes(shape(dense(3, 2, 1), data(50), {**stored, "precision": "float64"}))
    assert doubled.optimizer_states == 2 * found.optimizer_states


def test_seconds_besides_epochs_grow_with_what_is_stored() -> None:
    few = shape(dense(100, 100, 1), data(50), {"epochs": 1000, "store_parameters": {"every": 100}})
    many = shape(dense(100, 100, 1), data(50), {"epochs": 1000})
    assert costs.other_seconds(many) > 2 * costs.other_seconds(few) > 2 * costs.JOB_SECONDS
