"""Compiles all functions that training calls ahead of the first job, or loads them from the cache."""

import numpy as np

from service.backprop.activations import Relu
from service.backprop.arrays import PRECISIONS, FloatArray
from service.backprop.compiled.gathering import gather_inputs, gather_wide_inputs
from service.backprop.layers.dense import Dense
from service.backprop.losses import Quadratic
from service.backprop.network import Network
from service.backprop.optimizers.gradient_descent import SGD
from service.backprop.training.kernels import NUMBA
from service.backprop.training.loop import train
from service.backprop.training.rows import ArrayRows
from service.backprop.training.settings import TrainingSettings


def warm(*precisions: str) -> None:
    """Compile the functions for `precisions`, or for all when none is given, or load them from the cache on disk."""
    for precision in precisions or tuple(PRECISIONS):
        dtype = PRECISIONS[precision]
        X = np.ones((3, 2), dtype=dtype)
        network = Network(2, [Dense(1, Relu())], precision)
        settings = TrainingSettings(Quadratic(), SGD(), 3, 2, True, 0, kernels=NUMBA)
        for _ in train(network, settings, ArrayRows(X, np.ones((3, 1), dtype=dtype))):
            pass
        _warm_gathering(X)


def _warm_gathering(X: FloatArray) -> None:
    for source in (np.uint8, np.float32, np.float64):
        array = np.ones((3, 3), dtype=source)
        array.flags.writeable = False
        gather = gather_wide_inputs if array.itemsize > X.itemsize else gather_inputs
        gather(array, np.zeros(3, dtype=np.intp), X.dtype.type(1), X)
