"""A decision of a two-class version: labels, evaluations and what its job measures; curves to choose one by."""

import io
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from sklearn.metrics import average_precision_score, roc_auc_score

from service.services import Services
from tests.conftest import POSTGRESQL_IS_LONG
from tests.integration.contract import SMALL, problem
from tests.integration.explained import Train, get, post
from workers.run.run import run_next_job

pytestmark = POSTGRESQL_IS_LONG

ROWS = [{"a": n % 7, "b": (n * 5) % 11, "w": 1 + n % 3, "kind": "no" if (n * 3) % 13 < 8 else "yes"} for n in range(80)]
DATASET = {"name": "rows", "rows": ROWS, "target": "kind", "weight": "w"}
TRAINING = {**SMALL, "validation": None, "test": 0.2}
SENT = {"instances": [[row["a"], row["b"]] for row in ROWS]}
SIGMOID = {"layers": [{"type": "dense", "units": 1, "activation": "sigmoid"}]}


@pytest.mark.parametrize("network", [{"hidden": [4]}, SIGMOID], ids=["two outputs", "one output"])
def test_a_decision_reads_labels_and_evaluations(client: FlaskClient, train: Train, network: dict[str, Any]) -> None:
    client.post("/v1/datasets", json=DATASET)
    plain = train({"dataset": "rows", "network": network, "training": TRAINING, "model": "plain"})
    scores = np.array(post(client, "/v1/models/plain:predict", SENT)["predictions"])[:, -1]
    threshold = float(np.quantile(scores, 0.3))
    body = {
        "dataset": "rows",
        "network": network,
        "training": TRAINING,
        "model": "m",
        "decision": {"threshold": threshold},
    }
    job = train(body)
    assert plain["decision"] is None and job["decision"] == {"threshold": threshold}
    assert get(client, "/v1/models/m")["versions"][0]["decision"] == {"threshold": threshold}

    expected = ["yes" if score >= threshold else "no" for score in scores]
    found = post(client, "/v1/models/m:predict", SENT)
    np.testing.assert_array_equal(np.array(found["predictions"])[:, -1], scores)
    assert found["labels"] == expected != post(client, "/v1/models/plain:predict", SENT)["labels"]
    objects = post(client, "/v1/models/m/versions/1:predict", {"instances": ROWS})["predictions"]
    assert [row["kind"] for row in objects] == expected
    csv = client.post("/v1/models/m:predict?format=csv", json=SENT).text.splitlines()[1:]
    assert [line.split(",")[0] for line in csv] == expected
    npz = np.load(io.BytesIO(client.post("/v1/models/m:predict?format=npz", json=SENT).data))
    assert npz["labels"].tolist() == expected
    early = post(client, "/v1/models/m:predict?epoch=0", SENT)
    assert early["labels"] == ["yes" if row[-1] >= threshold else "no" for row in early["predictions"]]

    true = [row["kind"] for row in ROWS]
    measured = post(client, "/v1/models/m:evaluate", {"dataset": "rows"})
    assert measured["decision"] == {"threshold": threshold}
    counts = [
        [sum(t == a and p == b for t, p in zip(true, expected, strict=True)) for b in ("no", "yes")]
        for a in ("no", "yes")
    ]
    assert measured["confusion_matrix"] == {"classes": ["no", "yes"], "counts": counts}
    assert measured["metrics"]["accuracy"] == pytest.approx(np.mean(np.array(true) == np.array(expected)))
    assert np.sum(job["test"]["confusion_matrix"]["counts"]) == 16
    assert (
        np.sum(job["test"]["confusion_matrix"]["counts"], axis=0)[1]
        > np.sum(plain["test"]["confusion_matrix"]["counts"], axis=0)[1]
    )

    other = post(client, "/v1/models/plain:evaluate", {"dataset": "rows"})
    assert other["decision"] is None and other["curves"] == measured["curves"] and other["loss"] == measured["loss"]
    curves, weights = measured["curves"], [row["w"] for row in ROWS]
    positive = np.array(true) == "yes"
    assert curves["positive"] == "yes"
    assert curves["roc"]["area"] == pytest.approx(roc_auc_score(positive, scores, sample_weight=weights), rel=1e-6)
    precise = average_precision_score(positive, scores, sample_weight=weights)
    assert curves["precision_recall"]["average_precision"] == pytest.approx(precise, rel=1e-6)
    assert curves["precision_recall"]["area"] == pytest.approx(precise, abs=0.05)
    last = curves["roc"]["points"][-1]
    assert (last["false_positive_rate"], last["true_positive_rate"]) == (1.0, 1.0)
    chosen = next(point for point in curves["roc"]["points"] if point["threshold"] <= threshold)
    assert 0 < chosen["false_positive_rate"] < 1


@pytest.mark.parametrize(
    ("target", "dataset", "decision", "pointer", "words"),
    [
        ("y", [{"x": n, "y": n / 3} for n in range(12)], {"threshold": 0.3}, "#/decision", "are values"),
        ("y", [{"x": n, "y": "abc"[n % 3]} for n in range(12)], {"threshold": 0.3}, "#/decision", "here are 3"),
        ("kind", ROWS, {"threshold": 1.5}, "#/decision/threshold", "must be from 0 to 1"),
        ("kind", ROWS, {"treshold": 0.5}, "#/decision/treshold", "did you mean `threshold`"),
    ],
)
def test_a_decision_that_cannot_be_is_refused(
    client: FlaskClient, target: str, dataset: Any, decision: Any, pointer: str, words: str
) -> None:
    answer = client.post("/v1/jobs", json={"dataset": {"rows": dataset, "target": target}, "decision": decision})
    faults = {fault["pointer"]: fault["detail"] for fault in problem(answer, 422)["errors"]}
    assert words in faults.get(pointer, ""), faults


def test_a_fork_has_a_decision_of_its_own(client: FlaskClient, service: Services, train: Train) -> None:
    body = {"dataset": {"rows": ROWS, "target": "kind"}, "training": SMALL, "decision": {"threshold": 0.1}}
    parent = f"/v1/jobs/{train(body)['id']}:fork"
    forks = [client.post(parent, json=body).json for body in ({}, {"decision": {"threshold": 0.9}, "model": "m"})]
    assert [fork["decision"] for fork in forks] == [None, {"threshold": 0.9}]
    for _ in forks:
        assert run_next_job(service, "test", lambda: False)
    assert get(client, "/v1/models/m/versions/1")["decision"] == {"threshold": 0.9}
    fault = problem(client.post(parent, json={"decision": {"threshold": 9}}), 422)["errors"][0]
    assert fault["pointer"] == "#/decision/threshold"


def test_models_that_nobody_named_are_listed_when_asked_for(client: FlaskClient, train: Train) -> None:
    job = train({"dataset": {"rows": ROWS}, "training": SMALL})
    named = train({"dataset": {"rows": ROWS}, "training": SMALL, "model": "named"})

    def names(query: str) -> list[str]:
        return [each["name"] for each in get(client, f"/v1/models{query}")["data"]]

    assert names("") == ["named"] and names("?unnamed=true") == ["named", job["id"]] and named["model"]["version"] == 1
    assert get(client, f"/v1/models/{job['id']}")["latest"] == 1
    train({"dataset": {"rows": ROWS}, "training": SMALL, "model": job["id"]})
    assert names("") == ["named", job["id"]]
