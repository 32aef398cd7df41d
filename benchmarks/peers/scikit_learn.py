"""scikit-learn: its multilayer perceptrons, with many epochs in each call of `fit` and `warm_start`.

It has no quadratic loss for sigmoid outputs; there it minimises the cross-entropy of each output, which saves it the
output's derivative. Each call of `fit` resets Adam's running means, which takes no time.
"""

import sys
import warnings
from typing import Any

import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks.peers.protocol import Runner, main

ACTIVATIONS = {"sigmoid": "logistic", "relu": "relu"}
NEVER = 2**31


def prepare(workload: dict[str, Any], X: Any, Y: Any) -> Runner:
    warnings.simplefilter("ignore", ConvergenceWarning)  # it warns whenever it has done the epochs it was asked for
    model = network(workload)
    targets = targets_of(workload, Y)

    def run(epochs: int) -> None:
        model.max_iter = epochs
        model.fit(X, targets)
        if model.n_iter_ != epochs:
            raise RuntimeError(f"trained {model.n_iter_} epochs instead of {epochs}")

    return Runner(f"scikit-learn {sklearn.__version__}", run, lambda rows: outputs(model, rows, Y.shape[1]))


def network(workload: dict[str, Any]) -> Any:
    of, batch_size = workload["optimizer"], workload["batch_size"]
    kind = MLPRegressor if workload["output"] == "linear" else MLPClassifier
    return kind(
        hidden_layer_sizes=workload["sizes"][1:-1],
        activation=ACTIVATIONS[workload["hidden"]],
        solver=of["type"],
        learning_rate_init=of["learning_rate"],
        momentum=0.0,
        nesterovs_momentum=False,
        alpha=0.0,
        batch_size=batch_size,
        tol=0.0,
        n_iter_no_change=NEVER,
        warm_start=True,
        random_state=np.random.RandomState(1),
    )


def targets_of(workload: dict[str, Any], Y: Any) -> Any:
    """Return classes as numbers, several binary outputs as a table, and values unchanged."""
    if workload["output"] == "softmax":
        return Y.argmax(axis=1)
    if workload["output"] == "sigmoid":
        return Y.astype(int) if Y.shape[1] > 1 else Y.ravel().astype(int)
    return Y.ravel() if Y.shape[1] == 1 else Y


def outputs(model: Any, rows: Any, units: int) -> Any:
    if isinstance(model, MLPRegressor):
        return model.predict(rows).reshape(len(rows), units)
    predicted = model.predict_proba(rows)
    return predicted[:, 1:] if units == 1 else predicted


if __name__ == "__main__":
    sys.exit(main(prepare))
