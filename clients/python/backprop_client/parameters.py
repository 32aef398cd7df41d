"""The parameters of the estimators as a job's network and training, and what a refusal of these means for them."""

from collections.abc import Mapping
from numbers import Integral
from typing import Any

from sklearn.utils import check_random_state

from backprop_client.errors import Invalid

ACTIVATIONS = {"identity": "linear", "logistic": "sigmoid"}  # scikit-learn's names of two of them
LARGEST_BATCH = 200  # of batch_size="auto"
LARGEST_SEED = 2**31 - 1
SENT_AS = {
    "#/model": "model",
    "#/network/activation": "activation",
    "#/network/hidden": "hidden_layer_sizes",
    "#/training/batch_size": "batch_size",
    "#/training/early_stopping/min_delta": "tol",
    "#/training/early_stopping/patience": "n_iter_no_change",
    "#/training/epochs": "max_iter",
    "#/training/optimizer/learning_rate": "learning_rate_init",
    "#/training/optimizer/momentum": "momentum",
    "#/training/optimizer/type": "solver",
    "#/training/precision": "precision",
    "#/training/regularization/l2": "alpha",
    "#/training/seed": "random_state",
    "#/training/shuffle": "shuffle",
    "#/training/validation/fraction": "validation_fraction",
}


def network_of(estimator: Any) -> Mapping[str, Any]:
    """Return the definition of the network that the parameters mean."""
    if estimator.network is not None:
        network: Mapping[str, Any] = estimator.network
        return network
    name = estimator.activation
    activation = ACTIVATIONS.get(name, name) if isinstance(name, str) else dict(name)
    return {"hidden": _units(estimator.hidden_layer_sizes), "activation": activation}


def _units(sizes: Any) -> list[int]:
    if isinstance(sizes, Integral):
        return [int(sizes)]
    try:
        given = list(sizes)
    except TypeError:
        given = [None]
    if isinstance(sizes, str) or not all(isinstance(size, Integral) for size in given):
        raise ValueError(f"hidden_layer_sizes must be whole numbers such as (16, 8), got {sizes!r}")
    return [int(size) for size in given]


def training_of(estimator: Any, rows: int) -> dict[str, Any]:
    """Return a job's `training`: what the parameters mean for so many rows, and above it the parameter `training`."""
    batch_size = _batch_size(estimator.batch_size, rows)
    stopping = {
        "monitor": "validation_loss" if estimator.early_stopping else "training_loss",
        "patience": estimator.n_iter_no_change,
        "min_delta": estimator.tol,
    }
    training: dict[str, Any] = {
        "optimizer": _optimizer(estimator),
        "epochs": estimator.max_iter,
        "batch_size": batch_size,
        "shuffle": estimator.shuffle,
        "precision": estimator.precision,
        "regularization": {"l2": _l2(estimator.alpha, rows if batch_size == "full" else min(batch_size, rows))},
        "validation": {"fraction": estimator.validation_fraction} if estimator.early_stopping else None,
        "early_stopping": stopping if estimator.tol > 0 else None,
        "store_parameters": {"every": max(1, estimator.max_iter)},
    }
    if estimator.random_state is not None:
        training["seed"] = _seed(estimator.random_state)
    return {**training, **(estimator.training or {})}


def _batch_size(given: Any, rows: int) -> Any:
    if given == "auto":
        return min(LARGEST_BATCH, rows)
    if given != "full" and (not isinstance(given, Integral) or given < 1):
        raise ValueError(f"batch_size must be 'auto', 'full' or a whole number of at least 1, got {given!r}")
    return given


def _l2(alpha: Any, rows: int) -> float:
    """Return the penalty of a batch of so many rows, by which scikit-learn divides its own."""
    if alpha < 0:
        raise ValueError(f"alpha must be at least 0, got {alpha!r}")
    return float(alpha / rows)


def _seed(random_state: Any) -> int:
    if isinstance(random_state, Integral):
        return int(random_state)
    return int(check_random_state(random_state).randint(LARGEST_SEED))


def _optimizer(estimator: Any) -> Mapping[str, Any]:
    if not isinstance(estimator.solver, str):
        solver: Mapping[str, Any] = estimator.solver
        return solver
    optimizer: dict[str, Any] = {"type": estimator.solver, "learning_rate": estimator.learning_rate_init}
    if estimator.solver == "sgd":
        nesterov = estimator.nesterovs_momentum and estimator.momentum > 0
        optimizer |= {"momentum": estimator.momentum, "nesterov": nesterov}
    return optimizer


def note_parameters(refused: Invalid) -> None:
    """Add to a refusal, as notes of the exception, which parameters were sent as the fields that it names."""
    for fault in refused.errors:
        pointer = fault.get("pointer", "")
        field = next((field for field in SENT_AS if pointer == field or pointer.startswith(f"{field}/")), None)
        if field is not None:
            refused.add_note(f"{pointer} is the parameter `{SENT_AS[field]}`")
