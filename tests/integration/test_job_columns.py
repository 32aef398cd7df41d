"""A job's own choice of columns: it trains as if the dataset had been sent so, and everything after it follows."""

from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from service.services import Services
from service.store import workers
from tests.conftest import POSTGRESQL_IS_LONG
from tests.integration.contract import problem
from tests.integration.forked import Ask, Job, asker, hashes_of, record_of, verdict_of
from tests.integration.interrupting import Died, after, die
from workers.run.run import run_next_job

pytestmark = POSTGRESQL_IS_LONG

RANDOM = np.random.default_rng(6)
NUMBERS = RANDOM.normal(3, 9, (120, 3)).round(3).tolist()
HEADER = "id,tenure,color,visits,spent,churned"
LINES = [f"{n},{a},{'rgb'[n % 3]},{n % 4},{b},{'yes' if a + c > 5 else 'no'}" for n, (a, b, c) in enumerate(NUMBERS)]
TRAINING = {"epochs": 4, "seed": 2, "batch_size": 16, "validation": 0.25, "class_weights": "balanced"}
FIGURES = ("sha256", "training_loss", "validation_loss", "metrics")


def send(client: FlaskClient, name: str, query: str = "", lines: list[str] = LINES, header: str = HEADER) -> None:
    answer = client.put(f"/v1/datasets/{name}{query}", data="\n".join([header, *lines, ""]), content_type="text/csv")
    assert answer.status_code == 201, answer.text


@pytest.fixture
def ask(client: FlaskClient, service: Services) -> Ask:
    send(client, "churn")
    return asker(client, service)


def figures(client: FlaskClient, job: Job) -> list[dict[str, Any]]:
    return [{name: epoch[name] for name in FIGURES} for epoch in record_of(client, job)]


DROPPED = {"dataset": "churn", "drop": ["id", "visits"], "training": TRAINING}
VISITS = {"target": "visits", "drop": "id", "target_type": "class"}


@pytest.mark.parametrize(
    ("query", "choice"),
    [
        ("?drop=id&drop=visits", {"drop": ["id", "visits"]}),
        ("?target=visits&drop=churned&drop=id&target_type=class", VISITS),
        ("?target=color&drop=churned", {"target": "color"}),
        ("?target=id&target=spent&drop=churned", {"target": ["id", "spent"]}),
        ("", {"target_type": "class"}),
    ],
)
def test_a_job_that_chooses_columns_trains_as_if_the_dataset_had_been_sent_so(
    client: FlaskClient, ask: Ask, query: str, choice: dict[str, Any]
) -> None:
    classes = choice.get("target") != ["id", "spent"]
    training = TRAINING if classes else {**TRAINING, "class_weights": None}
    if query:
        send(client, "sent", query)
    sent = ask("/v1/jobs", {"dataset": "sent" if query else "churn", "training": training})
    chosen = ask("/v1/jobs", {"dataset": "churn", **choice, "training": training})
    assert figures(client, chosen) == figures(client, sent)
    assert chosen["confusion_matrix"] == sent["confusion_matrix"]
    assert chosen["targets"] == sent["targets"] and chosen["network"] == sent["network"]
    assert sent["columns"] is None
    inputs = [column["name"] for column in chosen["training"]["preprocessing"]["fitted"]["inputs"]]
    assert chosen["columns"]["inputs"] == inputs
    assert chosen["columns"]["target_type"] == choice.get("target_type")


def test_arrays_have_columns_to_choose_as_well(client: FlaskClient, ask: Ask) -> None:
    X = RANDOM.normal(size=(40, 3)).round(3)
    training = {"epochs": 3, "seed": 1}
    rows = {"inputs": X.tolist(), "targets": X[:, 0].tolist()}
    chosen = ask("/v1/jobs", {"dataset": rows, "inputs": ["input_3", "input_1"], "training": training})
    other = {"inputs": X[:, [2, 0]].tolist(), "targets": X[:, 0].tolist()}
    assert hashes_of(client, chosen) == hashes_of(client, ask("/v1/jobs", {"dataset": other, "training": training}))
    target = ask("/v1/jobs", {"dataset": rows, "target": "input_2", "training": training})
    assert target["columns"] == {"inputs": ["input_1", "input_3"], "target": ["input_2"], "target_type": None}


def test_chosen_one_hot_columns_are_classes_under_softmax(client: FlaskClient, ask: Ask) -> None:
    X = RANDOM.normal(size=(40, 2)).round(3)
    one_hot = np.column_stack([X[:, 0] > 0, X[:, 0] <= 0]).astype(float)
    rows = {"inputs": np.hstack([X, one_hot]).tolist(), "targets": X[:, 1].tolist()}
    network = {"layers": [{"type": "dense", "units": 2, "activation": "softmax"}]}
    body = {"network": network, "training": {"epochs": 3, "seed": 1}}
    chosen = ask("/v1/jobs", {"dataset": rows, "target": ["input_3", "input_4"], **body})
    assert chosen["targets"]["classes"] == ["input_3", "input_4"]
    sent = ask("/v1/jobs", {"dataset": {"inputs": X.tolist(), "targets": one_hot.tolist()}, **body})
    assert hashes_of(client, chosen) == hashes_of(client, sent)


def test_predictions_take_the_chosen_columns_in_the_order_given(client: FlaskClient, ask: Ask) -> None:
    job = ask("/v1/jobs", {"dataset": "churn", "inputs": ["spent", "tenure"], "model": "m", "training": TRAINING})
    row = {"spent": 4.0, "tenure": -2.0}
    as_list = client.post("/v1/models/m:predict", json={"instances": [[4.0, -2.0]]}).json
    as_object = client.post("/v1/models/m:predict", json={"instances": [row]}).json
    assert as_object["predictions"][0]["churned"] == as_list["labels"][0]
    assert list(as_object["predictions"][0]["probabilities"].values()) == pytest.approx(as_list["predictions"][0])
    swapped = client.post("/v1/models/m:predict", json={"instances": [[-2.0, 4.0]]}).json
    assert swapped["predictions"] != as_list["predictions"]
    assert len(client.get("/v1/models/m").json["example"]["instances"][0]) == 2
    assert job["columns"] == {"inputs": ["spent", "tenure"], "target": ["churned"], "target_type": None}


def test_explanations_read_the_rows_of_the_chosen_columns(client: FlaskClient, ask: Ask) -> None:
    send(client, "sent", "?drop=id&drop=visits")
    answers = []
    for body in (DROPPED, {"dataset": "sent", "training": TRAINING}):
        job = ask("/v1/jobs", body)
        epochs = f"/v1/jobs/{job['id']}/epochs"
        traced = client.post(f"{epochs}/2:trace", json={"row": 17}).json
        checked = client.post(f"{epochs}/2:gradient-check", json={"rows": 8}).json
        slope = client.get(f"{epochs}/2/slope?layer=0&weight=1,1").json
        answers.append((traced["inputs"], traced["targets"], traced["loss"], checked["worst"], slope["points"]))
        assert checked["passed"]
    assert answers[0] == answers[1]


def test_other_datasets_need_the_chosen_columns_and_may_have_more(client: FlaskClient, ask: Ask) -> None:
    send(client, "june", lines=LINES[:60][::-1])
    send(client, "bare", "?drop=id&drop=visits", LINES[:60][::-1])
    send(client, "less", "?drop=spent")
    validated = {**TRAINING, "validation": {"dataset": "june"}}
    job = ask("/v1/jobs", {**DROPPED, "model": "m", "training": validated})
    bare = ask("/v1/jobs", {**DROPPED, "training": {**TRAINING, "validation": {"dataset": "bare"}}})
    assert figures(client, job) == figures(client, bare)
    assert job["confusion_matrix"]["counts"] == bare["confusion_matrix"]["counts"]
    tested = [ask("/v1/jobs", {**DROPPED, "training": {**TRAINING, "test": {"dataset": n}}}) for n in ("june", "bare")]
    assert {**tested[0]["test"], "dataset": "bare"} == tested[1]["test"]
    for part in ("validation", "test"):
        refused = client.post("/v1/jobs", json={**DROPPED, "training": {part: {"dataset": "less"}}})
        (fault,) = problem(refused, 422)["errors"]
        assert fault["pointer"] == f"#/training/{part}/dataset" and "no column `spent`" in fault["detail"]
    evaluated = [client.post("/v1/models/m:evaluate", json={"dataset": name}).json for name in ("june", "bare")]
    assert evaluated[0]["loss"] == evaluated[1]["loss"] and evaluated[0]["rows"] == 60
    (fault,) = problem(client.post("/v1/models/m:evaluate", json={"dataset": "less"}), 422)["errors"]
    assert fault["pointer"] == "#/dataset" and "no column `spent`" in fault["detail"]
    assert client.delete(f"/v1/jobs/{job['id']}").status_code == 204
    alone = client.post("/v1/models/m:evaluate", json={"dataset": "june"}).json
    assert alone["metrics"] == evaluated[0]["metrics"]


def test_whole_numbers_of_another_dataset_are_classes_where_the_job_reads_them_so(
    client: FlaskClient, ask: Ask
) -> None:
    send(client, "june", lines=LINES[:60])
    send(client, "july", lines=[f"1,2.5,r,{visits},2.0,no" for visits in (0, 1, 7)])
    choice = {"dataset": "churn", **VISITS}
    job = ask("/v1/jobs", {**choice, "model": "m", "training": {**TRAINING, "validation": {"dataset": "june"}}})
    assert job["targets"]["classes"] == [0, 1, 2, 3]
    assert sum(map(sum, job["confusion_matrix"]["counts"])) == 60
    for path, body, pointer in (
        ("/v1/models/m:evaluate", {"dataset": "july"}, "#/dataset"),
        ("/v1/jobs", {**choice, "training": {"validation": {"dataset": "july"}}}, "#/training/validation/dataset"),
    ):
        (fault,) = problem(client.post(path, json=body), 422)["errors"]
        assert fault["pointer"] == pointer and "has a class the training dataset lacks: 7" in fault["detail"]


def test_replays_and_forks_have_the_jobs_choice(client: FlaskClient, ask: Ask) -> None:
    job = ask("/v1/jobs", {**DROPPED, "target": "visits", "drop": ["id", "color"], "target_type": "class"})
    verdict = verdict_of(ask, job)
    assert verdict["identical"] is True, verdict
    fork = ask(f"/v1/jobs/{job['id']}:fork", {"epoch": 2, "training": {"epochs": 2}})
    assert fork["columns"] == job["columns"]
    assert hashes_of(client, fork)[0] == hashes_of(client, job)[2]
    assert verdict_of(ask, fork)["identical"] is True
    send(client, "june", lines=LINES[:60])
    elsewhere = ask(f"/v1/jobs/{job['id']}:fork", {"dataset": "june"})
    assert elsewhere["columns"] == job["columns"]
    send(client, "less", "?drop=spent")
    (fault,) = problem(client.post(f"/v1/jobs/{job['id']}:fork", json={"dataset": "less"}), 422)["errors"]
    assert fault["pointer"] == "#/dataset" and "no column `spent`" in fault["detail"]


def test_a_fork_chooses_the_jobs_columns_of_a_dataset_that_has_more(client: FlaskClient, ask: Ask) -> None:
    send(client, "sent", "?drop=id&drop=visits")
    job = ask("/v1/jobs", {"dataset": "sent", "training": TRAINING})
    path = f"/v1/jobs/{job['id']}:fork"
    (fault,) = problem(client.post(path, json={"dataset": "churn"}), 422)["errors"]
    assert fault["pointer"] == "#/dataset" and "other input columns" in fault["detail"]
    fork = ask(path, {"dataset": "churn", "drop": ["id", "visits"], "epoch": 1})
    assert hashes_of(client, fork)[0] == hashes_of(client, job)[1]
    assert fork["columns"]["inputs"] == ["tenure", "color", "spent"]
    (fault,) = problem(client.post(path, json={"drop": "tenure"}), 422)["errors"]
    assert fault["pointer"] == "#/dataset" and "other input columns" in fault["detail"]
    (fault,) = problem(client.post(path, json={"dataset": "churn", "drop": "idd"}), 422)["errors"]
    assert fault == {"pointer": "#/drop", "detail": "there is no column `idd`; did you mean `id`?"}


def test_a_job_goes_on_with_its_columns_after_a_kill(client: FlaskClient, service: Services, ask: Ask) -> None:
    body = {**DROPPED, **VISITS}
    undisturbed = ask("/v1/jobs", body)
    job: Job = client.post("/v1/jobs", json=body).json
    with pytest.raises(Died):
        run_next_job(service, "host:1:2", after(9, die))
    with service.database.begin() as connection:
        workers.remove_ended(connection, "host:1:2", 1)
    assert run_next_job(service, "test", lambda: False)
    assert figures(client, job) == figures(client, undisturbed)


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        ({"drop": ["Tenure"]}, "#/drop/0", "did you mean `tenure`?"),
        ({"target": "nope"}, "#/target", "there is no column `nope`"),
        ({"inputs": ["id", "id"]}, "#/inputs/1", "`id` is named twice"),
        ({"training": {"target": "visits"}}, "#/training/target", "goes next to `dataset`"),
        (
            {"dataset": {"name": "churn", "target": "visits"}},
            "#/dataset",
            'its name alone, "churn", and `target`',
        ),
        ({"drop": "id", "network": {"inputs": 5, "hidden": [2]}}, "#/network/inputs", "the dataset gives 6 inputs"),
    ],
)
def test_what_cannot_be_chosen_is_said_where_it_was_named(
    client: FlaskClient, ask: Ask, body: dict[str, Any], pointer: str, words: str
) -> None:
    (fault,) = problem(client.post("/v1/jobs", json={"dataset": "churn", **body}), 422)["errors"]
    assert fault["pointer"] == pointer and words in fault["detail"]
    assert client.get("/v1/jobs").json["data"] == []
