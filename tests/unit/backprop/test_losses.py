"""Losses of targets that are written in another way."""

import numpy as np
import pytest

from service.backprop.losses import Hinge
from service.backprop.training.row_weights import Weighing


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_hinge_of_minus_one_and_one_is_that_of_zero_and_one(precision: str) -> None:
    random = np.random.default_rng(7)
    A = random.normal(0, 2, (50, 3)).astype(precision)
    bits = random.integers(0, 2, (50, 3)).astype(precision)
    signs = 2 * bits - 1
    loss, by_bits, by_signs = Hinge(), np.empty_like(A), np.empty_like(A)
    np.testing.assert_array_equal(loss.rows(A, signs), loss.rows(A, bits))
    np.testing.assert_allclose(loss.rows(A, signs), np.maximum(1 - signs * A.astype("f8"), 0).mean(axis=1))
    loss.gradient(A, bits, by_bits)
    loss.gradient(A, signs, by_signs)
    np.testing.assert_array_equal(by_signs, by_bits)
    np.testing.assert_array_equal(by_bits, (np.where(signs * A < 1, -signs, 0) / 3).astype(precision))


def test_class_weights_of_a_single_output_are_the_same_for_minus_one_as_for_zero() -> None:
    class Rows:
        rows = 3

        def __init__(self, low: float) -> None:
            self.Y = np.array([[low], [1.0], [low]])

    weighing = Weighing(Hinge(), class_weights=np.array([0.3, 0.9]))
    for low in (0.0, -1.0):
        weights, total = weighing.weigh(Rows(low), None)  # type: ignore[arg-type]
        assert weights is not None
        np.testing.assert_array_equal(weights, np.array([0.3, 0.3 + (0.9 - 0.3) * 1.0, 0.3]))
        assert total == weights.sum()
