"""The estimators in scikit-learn's own tools, trained by a service, on which they leave nothing behind."""

import copy
import gc
import pickle
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.inspection import permutation_importance
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.estimator_checks import check_estimator, check_sample_weight_equivalence_on_dense_data

from backprop_client import Client, Invalid, JobFailed, NotFound
from backprop_client.lifetimes import delete_abandoned
from backprop_client.sklearn import BackpropClassifier, BackpropRegressor
from tests.integration.service import Service

ROOT = Path(__file__).parents[2]
X, Y = load_iris(return_X_y=True)
SPECIES = np.array(["setosa", "versicolor", "virginica"])[Y]

# Each reason holds for the check named, whatever the service is.
NOT_EQUIVALENT = (
    "the mean and deviation that inputs and targets are scaled by, and the share of the penalty, count rows, not their "
    "weights; without these weighting is repeating: test_weights_mean_what_repeated_rows_mean"
)
EXPECTED_FAILURES = {"check_sample_weight_equivalence_on_dense_data": NOT_EQUIVALENT}

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.usefixtures("leaves_nothing"),
]


@pytest.fixture
def leaves_nothing(client: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a test fits goes to the service, and is gone from there when the test has let go of its estimators."""
    monkeypatch.setenv("BACKPROP_URL", client.url)
    before = stored(client)
    yield
    gc.collect()
    delete_abandoned()
    assert stored(client) == before


def stored(client: Client) -> dict[str, set[str]]:
    return {
        "datasets": {dataset["name"] for dataset in client.datasets.list()},
        "jobs": {job["id"] for job in client.jobs.list()},
        "models": {model["name"] for model in client.models.list(unnamed=True)},
    }


def quick(**parameters: Any) -> BackpropClassifier:
    """A classifier that learns the flowers in few epochs."""
    parameters = {"max_iter": 40, "random_state": 0, "learning_rate_init": 0.02, **parameters}
    return BackpropClassifier((8,), **parameters)


@pytest.mark.long
@pytest.mark.parametrize("estimator", [BackpropClassifier(max_iter=100), BackpropRegressor(max_iter=100)], ids=repr)
def test_the_checks_of_scikit_learn_pass(client: Client, estimator: Any) -> None:
    before = stored(client)["models"]
    results = check_estimator(estimator, expected_failed_checks=EXPECTED_FAILURES, on_skip=None)
    by_status: dict[str, list[str]] = {}
    for result in results:
        by_status.setdefault(result["status"], []).append(result["check_name"])
    assert len(by_status.pop("passed")) > 50
    assert by_status == {"xfail": list(EXPECTED_FAILURES), "skipped": ["check_array_api_input"]}
    gc.collect()
    delete_abandoned()
    pickled = stored(client)["models"] - before
    assert 0 < len(pickled) <= 4  # by check_estimators_pickle, whose pickles keep their models
    for model in pickled:
        client.models.delete(model)


@pytest.mark.parametrize("kind", [BackpropClassifier, BackpropRegressor])
def test_weights_mean_what_repeated_rows_mean(kind: Any) -> None:
    unscaled = {"preprocessing": {"numbers": "none", "targets": "none"}}
    estimator = kind(max_iter=10, alpha=0, batch_size="full", training=unscaled, random_state=0)
    check_sample_weight_equivalence_on_dense_data("estimator", estimator)


def test_a_classifier_learns_the_flowers_under_their_own_labels() -> None:
    fitted = quick().fit(X, SPECIES)
    assert fitted.score(X, SPECIES) > 0.95
    probabilities = fitted.predict_proba(X)
    assert probabilities.shape == (150, 3) and np.allclose(probabilities.sum(axis=1), 1)
    assert list(fitted.classes_) == ["setosa", "versicolor", "virginica"]
    assert fitted.n_iter_ == len(fitted.loss_curve_) == 40 and fitted.loss_ == fitted.loss_curve_[-1] < 0.3
    assert fitted.validation_loss_curve_ is None and fitted.n_features_in_ == 4


def test_the_same_seed_fits_the_same_network() -> None:
    once, again, other = (quick(random_state=seed, max_iter=5).fit(X, Y).predict_proba(X) for seed in (1, 1, 2))
    assert np.array_equal(once, again) and not np.array_equal(once, other)


def test_a_regressor_predicts_values_in_their_units() -> None:
    inputs, values = load_diabetes(return_X_y=True)
    fitted = BackpropRegressor((16,), max_iter=60, learning_rate_init=0.01, random_state=0).fit(inputs, values)
    assert fitted.score(inputs, values) > 0.4 and fitted.predict(inputs).shape == (442,)
    both = BackpropRegressor((16,), max_iter=5, random_state=0).fit(inputs, np.column_stack([values, -values]))
    assert both.predict(inputs[:3]).shape == (3, 2)


def test_early_stopping_holds_rows_out_and_takes_the_best_epoch() -> None:
    fitted = quick(early_stopping=True, max_iter=2000, n_iter_no_change=5).fit(X, Y)
    assert fitted.n_iter_ < 2000 and len(fitted.validation_loss_curve_) == fitted.n_iter_
    assert fitted.best_epoch_ == 1 + int(np.argmin(fitted.validation_loss_curve_))


def test_an_end_without_convergence_is_warned_of() -> None:
    with pytest.warns(ConvergenceWarning, match="max_iter=3"):
        quick(max_iter=3).fit(X, Y)
    with warnings.catch_warnings(action="error"):
        quick(max_iter=3, tol=0).fit(X, Y)


def test_weights_of_rows_and_classes_count() -> None:
    weights = np.where(Y == 2, 0.0, 1.0)
    assert 2 not in quick().fit(X, Y, sample_weight=weights).predict(X)
    assert quick(training={"class_weights": "balanced"}).fit(X[:110], Y[:110]).score(X, Y) > 0.9


def test_a_network_of_the_service_and_further_settings_take_the_place_of_parameters() -> None:
    layers = [{"type": "dense", "units": 6, "activation": "tanh"}, {"type": "dropout", "rate": 0.1}]
    network = {"layers": [*layers, {"type": "dense", "units": 3, "activation": "softmax"}]}
    seen: list[str] = []
    training = {"epochs": 7, "schedule": {"type": "cosine"}, "early_stopping": None}
    fitted = quick(network=network, training=training, progress=lambda job: seen.append(job["status"])).fit(X, Y)
    assert fitted.n_iter_ == 7 and seen[-1] == "succeeded"


def test_they_work_in_pipelines_searches_and_importances() -> None:
    frame = pd.DataFrame(X, columns=["sepal length", "sepal, width", "petal length", "petal width"])
    pipeline = make_pipeline(StandardScaler().set_output(transform="pandas"), quick())
    assert cross_val_score(pipeline, frame, SPECIES, cv=3).mean() > 0.85
    grid = {"backpropclassifier__hidden_layer_sizes": [(2,), (8,)], "backpropclassifier__activation": ["tanh"]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(frame, SPECIES)
    assert search.best_score_ > 0.8
    assert list(search.best_estimator_[-1].feature_names_in_) == list(frame)
    importances = permutation_importance(search, frame, SPECIES, n_repeats=3, random_state=0).importances_mean
    assert max(importances[2:]) > max(importances[:2])


def test_text_columns_come_through_an_encoder() -> None:
    frame = pd.DataFrame({"colour": ["red", "blue"] * 20, "size": np.linspace(0, 1, 40)})
    values = np.where(frame["colour"] == "red", 3.0, -3.0) + frame["size"]
    pipeline = make_pipeline(OneHotEncoder(sparse_output=False), BackpropRegressor((8,), learning_rate_init=0.02))
    assert pipeline.fit(frame[["colour"]], values).score(frame[["colour"]], values) > 0.8


GRID = """
import warnings
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from backprop_client.sklearn import BackpropClassifier
warnings.simplefilter("ignore")
estimator = BackpropClassifier(max_iter=5, random_state=0)
search = GridSearchCV(estimator, {"hidden_layer_sizes": [(4,), (8,)]}, n_jobs=2, cv=2).fit(*load_iris(return_X_y=True))
print(search.score(*load_iris(return_X_y=True)))
"""


@pytest.mark.long
def test_a_search_in_several_processes_leaves_nothing_when_they_end(service: Service) -> None:
    ended = subprocess.run([sys.executable, "-W", "ignore", "-c", GRID], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0 and float(ended.stdout) >= 0, ended.stderr


def test_a_named_model_is_served_to_others_by_the_names_of_its_columns(client: Client) -> None:
    frame = pd.DataFrame(X, columns=["sl", "sw", "pl", "pw"]).assign(target=0.0)
    fitted = quick(model="named-flowers").fit(frame, Y)
    again = quick(model="named-flowers").fit(frame, Y)
    assert (fitted.version_, again.version_) == (1, 2)
    row = {"sl": 5.9, "sw": 3.0, "pl": 5.1, "pw": 1.8, "target": 0.0}
    assert client.models.predict("named-flowers", [row], version=1).labels == [2]
    assert fitted.predict(frame)[0] == 0
    del fitted, again
    gc.collect()
    delete_abandoned()
    client.models.delete("named-flowers")


def test_what_is_kept_stays(client: Client) -> None:
    fitted = quick(keep=True, max_iter=5).fit(X, Y)
    job = client.jobs.get(fitted.job_)
    assert client.datasets.get(job["dataset"])["rows"] == 150 and job["metadata"] == {
        "made_by": "backprop_client.sklearn"
    }
    client.jobs.delete(job["id"])
    client.datasets.delete(job["dataset"])
    client.models.delete(fitted.model_)


def test_a_model_lives_as_long_as_an_estimator_that_uses_it(client: Client) -> None:
    first = quick(max_iter=5).fit(X, Y)
    second, name = copy.deepcopy(first), first.model_
    del first
    gc.collect()
    delete_abandoned()
    assert second.predict(X[:1]).shape == (1,)
    second.fit(X, Y)
    delete_abandoned()
    with pytest.raises(NotFound):
        client.models.get(name)


def test_a_pickled_estimator_predicts_later_and_elsewhere(client: Client) -> None:
    fitted = quick(max_iter=5, client=Client(client.url, "bp_secret")).fit(X, Y)
    wanted, name, pickled = fitted.predict_proba(X), fitted.model_, pickle.dumps(fitted)
    assert "bp_secret" not in repr(fitted)
    del fitted
    gc.collect()
    delete_abandoned()
    assert np.array_equal(pickle.loads(pickled).predict_proba(X), wanted)
    client.models.delete(name)


@pytest.mark.parametrize(
    ("parameters", "kind", "said"),
    [
        ({"solver": "sdg"}, Invalid, "sgd"),
        ({"training": {"epocs": 3}}, Invalid, "epochs"),
        ({"training": {"time_limit_seconds": 0.01}, "max_iter": 100_000}, JobFailed, "time_limit"),
    ],
)
def test_a_fit_that_fails_says_why_and_leaves_nothing(parameters: dict[str, Any], kind: Any, said: str) -> None:
    with pytest.raises(kind, match=said):
        quick(**parameters).fit(X, Y)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"hidden_layer_sizes": "16,8"}, r"hidden_layer_sizes must be whole numbers such as \(16, 8\), got '16,8'"),
        ({"hidden_layer_sizes": 1.5}, "hidden_layer_sizes must be whole numbers"),
        ({"batch_size": "8"}, "batch_size must be 'auto', 'full' or a whole number of at least 1, got '8'"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"alpha": -1}, "alpha must be at least 0, got -1"),
    ],
)
def test_a_parameter_that_cannot_be_sent_is_refused_under_its_name(parameters: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        BackpropClassifier(client=Client("http://127.0.0.1:1"), **parameters).fit(X, Y)


def test_a_refusal_names_the_parameters_of_the_estimator() -> None:
    with pytest.raises(Invalid) as raised:
        BackpropClassifier((4, 0), "rleu", max_iter=0, random_state=-1).fit(X, Y)
    assert set(raised.value.__notes__) == {
        "#/training/epochs is the parameter `max_iter`",
        "#/network/hidden/1 is the parameter `hidden_layer_sizes`",
        "#/network/activation is the parameter `activation`",
        "#/training/seed is the parameter `random_state`",
    }


def test_an_interrupted_fit_cancels_its_job() -> None:
    def interrupt(job: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        quick(max_iter=1_000_000, tol=0, progress=interrupt).fit(X, Y)


def test_parameters_are_read_set_and_cloned() -> None:
    estimator = quick(alpha=0.5)
    assert clone(estimator).get_params() == estimator.get_params()
    assert estimator.set_params(alpha=0.25).alpha == 0.25
    with pytest.raises(NotFittedError):
        estimator.predict(X)
    with pytest.raises(ValueError, match="at least two classes"):
        estimator.fit(X[:10], Y[:10])
