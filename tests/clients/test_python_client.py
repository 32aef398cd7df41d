"""The Python client against a service: what is uploaded, trained, followed, predicted and written to files."""

import io
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from werkzeug.serving import make_server

from backprop_client import (
    Client,
    Conflict,
    Forbidden,
    Invalid,
    JobFailed,
    NotFound,
    Unauthenticated,
    WaitTimeout,
    types,
)
from backprop_client.types import Job
from service.app import create_app
from service.config import Settings
from tests.clients.frames import ROWS, frame_of_pandas, frame_of_polars
from tests.conftest import ON_SQLITE, Backends
from tests.integration.service import Service

ROOT = Path(__file__).parents[2]
IRIS = ROOT / "examples" / "iris.csv"
FLOWER = {"sepal_length": 5.9, "sepal_width": 3.0, "petal_length": 5.1, "petal_width": 1.8}


@pytest.fixture(scope="module")
def iris(client: Client) -> Iterator[Job]:
    client.datasets.upload(IRIS, name="iris")
    job = client.jobs.create("iris", model="flower", training={"epochs": 40, "seed": 1}, metadata={"team": "a"})
    yield client.jobs.wait(job)
    client.models.delete("flower")


@pytest.mark.parametrize(
    "data",
    [frame_of_pandas(), frame_of_polars(), ROWS, (row for row in ROWS), json.dumps(ROWS).encode()],
    ids=["pandas", "polars", "records", "generator", "bytes"],
)
def test_tables_are_stored_with_their_types_and_missing_values(client: Client, data: Any) -> None:
    stored = client.datasets.upload(data)
    columns = {column["name"]: column for column in stored["columns"]}
    assert list(columns) == ["age", "plan", "zip", "active", "joined", "y"]
    assert columns["age"]["type"] == "number" and columns["age"]["missing"] == 1
    assert columns["plan"]["categories"] == ["a", "b"] and columns["plan"]["missing"] == 1
    assert columns["zip"]["categories"] == ["01569", "01570"]
    assert columns["active"]["categories"] == ["false", "true"]
    assert columns["y"]["role"] == "target" and columns["y"]["minimum"] == 0.1
    assert [row["values"] for row in client.datasets.rows(stored["name"])] == [
        {**row, "active": str(row["active"]).lower()} for row in ROWS
    ]
    client.datasets.delete(stored["name"])


WITHOUT_PYARROW = """
import sys
sys.modules["pyarrow"] = None
from backprop_client import Client
from tests.clients.frames import frame_of_pandas, frame_of_polars
import pandas as pd
client = Client(sys.argv[1])
for frame in (frame_of_pandas(), frame_of_polars()):
    stored = client.datasets.upload(frame, target="y")
    assert [column["type"] for column in stored["columns"]] == ["number", *["category"] * 3, "number", "number"], stored
    assert [row["values"]["zip"] for row in client.datasets.rows(stored["name"])] == ["01569", "01570", "01570"]
    client.datasets.delete(stored["name"])
print(client.models.predict("flower", pd.read_csv(sys.argv[2])).labels[-1])
"""


def test_frames_are_sent_without_pyarrow(service: Service, iris: Job) -> None:
    command = [sys.executable, "-c", WITHOUT_PYARROW, service.address, str(IRIS)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.stdout.strip() == "virginica", ended.stderr


@pytest.mark.parametrize("labels", [[0, 1, 1, 0], ["no", "yes", "yes", "no"]], ids=["numbers", "texts"])
@pytest.mark.parametrize("kind", [np.asarray, list], ids=["arrays", "lists"])
def test_arrays_are_stored_with_their_targets(client: Client, kind: Any, labels: list[Any]) -> None:
    inputs = [[0.1, 0.2], [1 / 3, 0.4], [0.5, 0.6], [0.7, 0.8]]
    stored = client.datasets.upload(kind(inputs), kind(labels), target_type="class")
    assert stored["rows"] == 4 and [column["role"] for column in stored["columns"]] == ["input", "input", "target"]
    rows = [list(row["values"].values()) for row in client.datasets.rows(stored["name"])]
    assert rows == [[*row, label] for row, label in zip(inputs, labels, strict=True)]
    client.datasets.delete(stored["name"])


def test_a_file_is_known_by_its_first_bytes_where_its_name_does_not_tell(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "flowers.data"
    file.write_bytes(IRIS.read_bytes())
    stored = client.datasets.upload(file, name="known-by-bytes", target="species", types={"petal_width": "ignore"})
    assert stored["rows"] == 150 and len(stored["columns"]) == 4
    with file.open("rb") as opened:
        again = client.datasets.upload(opened, name="known-by-bytes", target="species")
    assert again["version"] == 2
    assert [version["version"] for version in client.datasets.versions("known-by-bytes")] == [2, 1]
    client.datasets.delete("known-by-bytes")


def test_faults_of_a_file_name_row_and_column(client: Client) -> None:
    with pytest.raises(Invalid) as raised:
        client.datasets.upload(b"a,b\n" + b"1,2\n" * 20 + b"x,3\n")
    assert raised.value.errors[0]["row"] == 21 and raised.value.errors[0]["column"] == "a"


@pytest.mark.parametrize(
    ("rows", "probabilities"),
    [
        (np.array([list(FLOWER.values())]), lambda found: found[0].tolist()),
        (pd.DataFrame([{**FLOWER, "other": 1}])[["petal_width", "other", *list(FLOWER)[:3]]], lambda f: f[0].tolist()),
        (pl.DataFrame([FLOWER]), lambda found: found[0].tolist()),
        ([list(FLOWER.values())], lambda found: found[0]),
        ([FLOWER], lambda found: list(found[0]["probabilities"].values())),
    ],
    ids=["array", "pandas", "polars", "lists", "records"],
)
def test_the_same_flower_has_the_same_prediction_in_every_form(
    client: Client, iris: Job, rows: Any, probabilities: Any
) -> None:
    found = client.models.predict("flower", rows)
    wanted = client.models.predict("flower", [list(FLOWER.values())], version=1)
    assert list(found.labels) == ["virginica"]
    assert probabilities(found.predictions) == pytest.approx(wanted.predictions[0], abs=1e-6)
    source = (found.model, found.version, found.epoch)
    assert source == ("flower", 1, wanted.epoch)


def test_arrays_of_an_epoch_say_what_has_predicted(client: Client, iris: Job) -> None:
    found = client.jobs.predict(iris["id"], np.array([list(FLOWER.values())]), epoch=7)
    assert (found.model, found.version, found.epoch) == ("flower", None, 7)


def test_categories_never_seen_are_reported(client: Client) -> None:
    job = client.jobs.create({"columns": ["plan", "y"], "rows": [["a", 1.5], ["b", 2.5]] * 3}, training={"epochs": 1})
    model = client.jobs.wait(job)["model"]["name"]
    rows = [{"plan": "a"}, {"plan": "c"}]
    assert client.models.predict(model, rows).unknown == ({"row": 1, "column": "plan", "value": "c"},)
    assert client.models.predict(model, pd.DataFrame(rows)).unknown_count == 1
    with pytest.raises(Invalid):
        client.models.predict(model, rows, unknown="error")


def test_every_epoch_of_a_running_job_is_streamed_once(client: Client) -> None:
    job = client.jobs.create(
        {"inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [0, 1, 1, 0]}, training={"epochs": 3000}
    )
    assert [record["epoch"] for record in client.jobs.stream_epochs(job["id"])] == list(range(3001))
    assert [record["epoch"] for record in client.jobs.stream_epochs(job["id"], after=2997)] == [2998, 2999, 3000]
    kinds = [event["type"] for event in client.jobs.events(job["id"])]
    assert kinds[0] == "status" and kinds[-1] == "end" and "epoch" in kinds
    client.jobs.delete(job["id"])


def test_events_of_all_jobs_come_while_they_run(client: Client, iris: Job) -> None:
    last = client.request("GET", "/v1/events", query={"limit": 1000}).json()["last_id"] or 0
    seen: list[tuple[str, str]] = []
    ended = threading.Event()

    def listen() -> None:
        for event in client.jobs.all_events(after=last):
            seen.append((event["job"], event["type"]))
            if event["type"] == "end":
                ended.set()
                return

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    job = client.jobs.create("iris", training={"epochs": 2})
    assert ended.wait(30)
    assert seen[0] == (job["id"], "status") and seen[-1] == (job["id"], "end")


def test_commands_move_a_job_and_a_wait_ends_at_a_pause(client: Client, iris: Job) -> None:
    job = client.jobs.create("iris", hold=True, training={"epochs": 5})
    assert client.jobs.wait(job)["status"] == "paused"
    assert client.jobs.wait(client.jobs.step(job["id"], 2))["progress"]["epoch"] == 2
    with pytest.raises(Conflict):
        client.jobs.delete(job["id"])
    client.jobs.cancel(job["id"])
    with pytest.raises(JobFailed, match="cancelled") as raised:
        client.jobs.wait(job)
    assert raised.value.job["id"] == job["id"]
    assert client.jobs.wait(job, check=False)["status"] == "cancelled"
    client.jobs.delete(job["id"])


def test_a_wait_that_takes_too_long_says_so_and_the_job_goes_on(client: Client, iris: Job) -> None:
    fractions: list[float] = []
    job = client.jobs.create("iris", training={"epochs": 1_000_000})
    with pytest.raises(WaitTimeout, match="it goes on"):
        client.jobs.wait(job, timeout=0.5, every=0.1, progress=lambda now: fractions.append(now["progress"]["epoch"]))
    assert len(fractions) >= 2
    assert client.jobs.cancel(job["id"])["status"] in ("running", "cancelled")
    client.jobs.wait(job, check=False)


def test_a_job_that_fails_says_why(client: Client) -> None:
    data = {"inputs": [[0.0], [1.0], [0.5]], "targets": [1e3, -1e3, 5e2]}
    training = {"epochs": 500, "optimizer": {"type": "sgd", "learning_rate": 1e6}, "preprocessing": {"targets": "none"}}
    job = client.jobs.create(data, training=training)
    with pytest.raises(JobFailed, match=r"failed: .*\(diverged\)"):
        client.jobs.wait(job)


def test_jobs_are_listed_by_metadata_and_read_in_pages(client: Client, iris: Job) -> None:
    fork = client.jobs.wait(client.jobs.fork(iris["id"], epoch=3, training={"epochs": 1}, metadata={"team": "b"}))
    assert [job["id"] for job in client.jobs.list(metadata={"team": "b"}, page_size=1)] == [fork["id"]]
    listed = [job["id"] for job in client.jobs.list(page_size=1)]
    assert len(listed) == len(set(listed)) and {fork["id"], iris["id"]} <= set(listed)
    client.jobs.delete(fork["id"])


def test_epochs_are_read_by_range_and_thinned(client: Client, iris: Job) -> None:
    assert [record["epoch"] for record in client.jobs.epochs(iris["id"], after=37)] == [38, 39, 40]
    assert len(list(client.jobs.epochs(iris["id"], points=5, series="validation_loss"))) <= 5
    weights = client.jobs.parameters(iris["id"], epoch=3)["layers.0.weights"]
    assert weights.shape == (4, 16)
    assert client.jobs.predict(iris["id"], [FLOWER], epoch="best").epoch == iris["best_epoch"]
    assert client.jobs.evaluate(iris["id"], "iris")["metrics"]["accuracy"] > 0.8


def test_versions_and_aliases(client: Client, iris: Job) -> None:
    assert client.models.get("flower")["latest"] == 1
    version = client.models.add_version("flower", job=iris["id"], epoch=1)
    assert client.models.version("flower", version["version"])["epoch"] == 1
    assert client.models.set_alias("flower", "champion", 1)["version"] == 1
    gate = {"dataset": "iris", "metric": "accuracy"}
    with pytest.raises(Conflict):
        client.models.set_alias("flower", "champion", version["version"], if_better_on=gate)
    assert [alias["alias"] for alias in client.models.aliases("flower")] == ["champion"]
    assert client.models.predict("flower", [FLOWER], version="champion").version == 1
    assert client.models.evaluate("flower", "iris", version="champion")["metrics"]["accuracy"] > 0.8
    client.models.delete_alias("flower", "champion")
    client.models.delete("flower", version["version"])
    assert client.models.card("flower").startswith("# flower")


def test_exports_go_to_paths_and_files(client: Client, iris: Job, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    size = client.models.export("flower", buffer, format="npz")
    assert client.models.export("flower", tmp_path / "iris.npz", format="npz", version=1) == size
    assert (tmp_path / "iris.npz").read_bytes() == buffer.getvalue()
    assert (
        client.models.export("flower", tmp_path / "iris.onnx", format="onnx") == (tmp_path / "iris.onnx").stat().st_size
    )


def test_a_whole_dataset_is_predicted(client: Client, iris: Job, tmp_path: Path) -> None:
    prediction = client.predictions.wait(client.predictions.create("flower", "iris", keep=["petal_width"]))
    client.predictions.result(prediction["id"], tmp_path / "iris.csv")
    table = pd.read_csv(tmp_path / "iris.csv")
    assert len(table) == 150 and "petal_width" in table
    assert client.predictions.result(prediction["id"], tmp_path / "iris.parquet", format="parquet") > 1000
    assert [found["id"] for found in client.predictions.list(model="flower")] == [prediction["id"]]
    client.predictions.delete(prediction["id"])
    with pytest.raises(NotFound):
        client.predictions.get(prediction["id"])


def test_networks_and_explanations(client: Client, iris: Job) -> None:
    client.networks.create({"name": "net", "inputs": 2, "layers": [{"type": "dense", "units": 1}]})
    assert client.networks.get("net")["parameters"] == 3
    assert "net" in [network["name"] for network in client.networks.list()]
    trace = client.explanations.trace(network="net", instances=[[0.5, 1.0]], targets=[[0.25]], seed=1)
    assert len(trace["forward"]) == 1
    client.networks.delete("net")
    assert client.explanations.trace(job=iris["id"], epoch="best", row=17)["epoch"] == iris["best_epoch"]
    assert client.explanations.trace(model="flower", version=1, instances=[FLOWER], targets=["virginica"])["loss"] < 1
    assert client.explanations.gradient_check(model="flower", rows=4)["passed"]
    assert len(client.explanations.slope(iris["id"], "last", layer=0, weight=(3, 2), points=5)["points"]) == 5
    assert client.explanations.surface(iris["id"], "last", x="0,3,2", y="1,bias,0", points=3)["losses"]
    assert client.explanations.difference(iris["id"], 0, "last")["identical"] is False
    assert client.explanations.layers(iris["id"], points=3)


@pytest.fixture(scope="module")
def document(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = client.request("GET", "/openapi.json").json()
    return found


@pytest.fixture
def served(backends: Backends) -> Iterator[str]:
    """The address of the application alone in this process, with a database of its own."""
    places = {"data_dir": backends.data_dir, "database_url": backends.database_url, "queue_url": backends.queue_url}
    app = create_app(Settings(**places))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
    app.extensions["services"].database.dispose()


@ON_SQLITE
def test_webhooks_are_made_changed_and_deleted(served: str) -> None:
    client = Client(served)
    made = client.webhooks.create("https://93.184.215.14/hook", ["job.succeeded"])
    assert made["secret"].startswith("whsec_")
    assert client.webhooks.rotate(made["id"])["secret"] != made["secret"]
    assert client.webhooks.change(made["id"], enabled=False)["enabled"] is False
    assert client.webhooks.get(made["id"])["disabled_because"]
    assert [webhook["id"] for webhook in client.webhooks.list()] == [made["id"]]
    assert list(client.webhooks.deliveries(made["id"])) == []
    client.webhooks.delete(made["id"])
    with pytest.raises(NotFound):
        client.webhooks.test(made["id"])


@ON_SQLITE
def test_keys_are_made_rotated_and_revoked(served: str) -> None:
    first = Client(served).keys.create(["admin"])
    admin = Client(served, first["key"])
    second = admin.keys.create(["read"], name="reader", expires="1d")
    assert list(Client(served, second["key"]).models.list()) == []
    with pytest.raises(Forbidden):
        Client(served, second["key"]).jobs.create("iris")
    third = admin.keys.rotate(second["id"], overlap="1m")
    admin.keys.revoke(third["id"])
    with pytest.raises(Unauthenticated):
        list(Client(served, third["key"]).models.list())
    assert [key["name"] for key in admin.keys.list()] == ["reader", "reader", None]


SCHEMAS = {"Alias": "MovedAlias", "BatchPrediction": "Prediction", "Metrics": "EpochMetrics"}


def test_an_estimate_and_a_dry_run_store_nothing(client: Client, iris: Job) -> None:
    before = [job["id"] for job in client.jobs.list()]
    estimate = client.jobs.estimate("iris", network={"hidden": [8]}, training={"epochs": 50, "validation": None})
    assert estimate["epochs"] == 50 and estimate["rows"] == {"training": 150, "validation": 0, "test": 0}
    assert 0 < estimate["seconds"]["low"] <= estimate["seconds"]["expected"] <= estimate["seconds"]["high"]
    planned = client.jobs.dry_run("iris", model="planned", training={"epochs": 50})
    assert planned["training"]["epochs"] == 50 and planned["training"]["batch_size"] and "id" not in planned
    assert planned["model"] == {"name": "planned", "version": None}
    for ask in (client.jobs.estimate, client.jobs.dry_run):
        with pytest.raises(Invalid, match="epocs"):
            ask("iris", training={"epocs": 50})
    assert [job["id"] for job in client.jobs.list()] == before


def test_a_gap_is_refused_with_the_field_that_fills_it(client: Client) -> None:
    data = {"columns": ["a", "y"], "rows": [[1, 0.5], [None, 1.5], [3, 2.5]]}
    with pytest.raises(Invalid, match=r"`a` has 1 missing values; set training\.preprocessing\.missing to mean"):
        client.jobs.dry_run(data)
    assert client.jobs.dry_run(data, training={"preprocessing": {"missing": "mean"}})["status"] == "queued"


def test_a_list_has_summaries(client: Client, iris: Job) -> None:
    (listed,) = [job for job in client.jobs.list(metadata={"team": "a"}, model="flower") if job["id"] == iris["id"]]
    assert types.JobSummary.__required_keys__ <= listed.keys()
    assert "training" not in listed and client.jobs.wait(listed)["training"] == iris["training"]
    assert not {"best", "at_epoch", "curve"} & listed.keys()


def test_a_list_is_searched_and_has_epochs_that_are_asked_for(client: Client, iris: Job) -> None:
    found = list(client.jobs.list(search="FLOWER", best=True, at_epoch=0, curve=2))
    (job,) = (each for each in found if each["id"] == iris["id"])
    records = {record["epoch"]: record for record in client.jobs.epochs(iris["id"])}
    assert job["best"] == records[iris["best_epoch"] or 0] and job["at_epoch"] == records[0]
    assert [epoch for epoch, _ in job["curve"]] == [0, max(records)]
    assert list(client.jobs.list(search="no job has this")) == []


@pytest.mark.parametrize(
    "described",
    [
        types.Alias,
        types.Basis,
        types.BatchPrediction,
        types.Column,
        types.Dataset,
        types.Epoch,
        types.Estimate,
        types.EstimatedBytes,
        types.EstimatedRows,
        types.Event,
        types.Fault,
        types.Job,
        types.JobError,
        types.JobModel,
        types.JobSummary,
        types.Key,
        types.Metrics,
        types.Model,
        types.Network,
        types.PlannedJob,
        types.PlannedModel,
        types.Progress,
        types.Queue,
        types.Range,
        types.Stopped,
        types.Targets,
        types.Version,
        types.Webhook,
    ],
)
def test_the_types_have_fields_that_the_service_documents(document: dict[str, Any], described: Any) -> None:
    schema = document["components"]["schemas"][SCHEMAS.get(described.__name__, described.__name__)]
    assert described.__annotations__.keys() <= schema["properties"].keys()
    assert described.__required_keys__ <= set(schema["required"])
