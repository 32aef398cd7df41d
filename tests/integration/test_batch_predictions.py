"""Predictions of whole datasets: submitted, computed by a worker, read as files; the same numbers as predict gives."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from flask.testing import FlaskClient

from service.services import Services
from tests.conftest import POSTGRESQL_IS_LONG
from tests.integration.contract import problem
from workers.run.run import run_next_job

pytestmark = POSTGRESQL_IS_LONG

Train = Callable[..., dict[str, Any]]
PLANTS = "width,colour,seen,plant\n" + "".join(
    f"{row % 7}.5,{('red', 'green', 'blue')[row % 3]},2024-01-{row % 28 + 1:02},{('moss', 'fern', 'oak')[row % 3]}\n"
    for row in range(60)
)
CUSTOMERS = "customer_id,name,seen,colour,width,note\n" + "".join(
    f"{row:05},N{row},2024-02-{row % 28 + 1:02},{('red', 'green', 'blue', 'pink')[row % 4]},{row % 5}.25,{row}\n"
    for row in range(2500)
)
MODEL = {"dataset": "plants", "model": "plants", "training": {"epochs": 3, "seed": 1}}


@pytest.fixture
def plants(client: FlaskClient, train: Train) -> dict[str, Any]:
    assert client.put("/v1/datasets/plants", data=PLANTS).status_code == 201
    assert client.put("/v1/datasets/customers?target=none&types=name:category", data=CUSTOMERS).status_code == 201
    return train(MODEL)


def submit(client: FlaskClient, **more: Any) -> dict[str, Any]:
    body = {"model": "plants", "dataset": "customers", **more}
    answer = client.post("/v1/predictions", json=body)
    assert answer.status_code == 202, answer.text
    assert answer.headers["Location"] == f"/v1/predictions/{answer.json['id']}"
    return dict(answer.json)


def run(service: Services) -> bool:
    return run_next_job(service, "test", lambda: False)


def ended(client: FlaskClient, service: Services, **more: Any) -> dict[str, Any]:
    path = f"/v1/predictions/{submit(client, **more)['id']}"
    assert run(service)
    found: dict[str, Any] = client.get(path).json
    assert found["status"] == "succeeded", found
    return found


def rows_of(client: FlaskClient, found: dict[str, Any]) -> list[dict[str, str]]:
    answer = client.get(f"{found['links']['result']}?format=csv")
    assert answer.status_code == 200, answer.text
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_a_dataset_is_predicted_as_a_request_with_its_rows_is(
    client: FlaskClient, service: Services, plants: dict[str, Any]
) -> None:
    found = ended(client, service, keep=["customer_id", "seen", "note"], metadata={"team": "a"})
    assert found["progress"] == {
        "rows": 2500,
        "rows_total": 2500,
        "fraction": 1.0,
        "rows_per_second": found["progress"]["rows_per_second"],
        "eta_seconds": None,
    }
    assert found["ignored"] == ["name"] and found["model"] == {"name": "plants", "version": 1}
    assert [warning["code"] for warning in found["warnings"]] == ["unknown_categories"]
    sent = client.post("/v1/models/plants:predict?format=csv", data=CUSTOMERS)
    assert sent.status_code == 200, sent.text
    alone = list(csv.DictReader(io.StringIO(sent.text)))
    mine = rows_of(client, found)
    assert list(mine[0]) == ["customer_id", "seen", "note", "plant", "fern", "moss", "oak"]
    for row, (kept, other) in enumerate(zip(mine, alone, strict=True)):
        assert (kept["customer_id"], kept["note"]) == (f"{row:05}", str(row))
        assert kept["seen"] == f"2024-02-{row % 28 + 1:02}"
        assert {name: kept[name] for name in other} == other


def test_every_format_has_the_same_numbers(client: FlaskClient, service: Services, plants: dict[str, Any]) -> None:
    found = ended(client, service, keep=["customer_id", "seen", "note", "width"])
    path, expected = found["links"]["result"], rows_of(client, found)
    lines = [json.loads(line) for line in client.get(f"{path}?format=jsonl").text.splitlines()]
    parquet = pq.read_table(io.BytesIO(client.get(f"{path}?format=parquet").data)).to_pylist()
    arrays = np.load(io.BytesIO(client.get(path, headers={"Accept": "application/x-npz"}).data))
    assert len(lines) == len(parquet) == len(arrays["predictions"]) == len(expected)
    for row, text in enumerate(expected):
        line, cells = lines[row], parquet[row]
        assert [line["customer_id"], line["seen"], str(line["note"])] == [text[name] for name in list(text)[:3]]
        assert [cells["customer_id"], cells["seen"], str(cells["note"])] == [text[name] for name in list(text)[:3]]
        assert text["plant"] == line["plant"] == cells["plant"] == arrays["labels"][row]
        numbers = [float(text[name]) for name in ("fern", "moss", "oak")]
        assert list(line["probabilities"].values()) == numbers
        assert [cells[name] for name in ("fern", "moss", "oak")] == numbers
        assert [float(value) for value in arrays["predictions"][row]] == numbers
        assert (arrays["customer_id"][row], arrays["note"][row]) == (text["customer_id"], int(text["note"]))
        assert str(arrays["seen"][row])[:10] == text["seen"] and arrays["width"][row] == float(text["width"])
    first = client.get(path)
    assert first.mimetype == "text/csv" and "Content-Length" not in first.headers  # it is written as it is sent
    assert first.headers["Content-Disposition"] == f'attachment; filename="{path.split("/")[3]}.csv"'
    assert client.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    refused = client.get(path, headers={"Accept": "image/png"})
    assert "text/csv" in problem(refused, 406)["detail"]


def test_what_does_not_fit_is_refused_by_name(client: FlaskClient, plants: dict[str, Any]) -> None:
    client.put("/v1/datasets/other?target=none", data="colour,widht,seen\nred,1.5,2024-01-01\nblue,2.5,2024-01-02\n")
    client.put("/v1/datasets/kinds?target=none", data="colour,width,seen\n1,a,3\n2,b,4\n")
    client.put("/v1/datasets/gaps?target=none", data="colour,width,seen\nred,,2024-01-01\nred,3,2024-01-01\n")

    def refused(pointer: str, **body: Any) -> str:
        answer = client.post("/v1/predictions", json={"model": "plants", "dataset": "customers", **body})
        found = problem(answer, 422)
        assert [error["pointer"] for error in found["errors"]] == [pointer] * len(found["errors"])
        return str([error["detail"] for error in found["errors"]])

    assert "there is no column `width`; did you mean `widht`?" in refused("#/dataset", dataset="other")
    kinds = refused("#/dataset", dataset="kinds")
    assert "types=colour:category" in kinds and "types=width:number" in kinds and "`seen` holds numbers" in kinds
    assert "`width` has 1 missing values" in refused("#/dataset", dataset="gaps")
    assert "did you mean `customer_id`?" in refused("#/keep/1", keep=["note", "custmer_id"])
    assert "named twice" in refused("#/keep/1", keep=["note", "note"])
    assert "there is no model named `none`" in refused("#/model", model="none")
    assert "no version" in refused("#/version", version=7)
    assert "there is no dataset named `none`" in refused("#/dataset", dataset="none")
    assert "7" in refused("#/epoch", epoch=7)


def test_a_prediction_is_cancelled_listed_and_deleted(
    client: FlaskClient, service: Services, plants: dict[str, Any]
) -> None:
    done = ended(client, service, metadata={"team": "a"})
    waits = submit(client, keep="note")
    path = f"/v1/predictions/{waits['id']}"
    assert waits["waiting"]["position"] == 1
    problem(client.get(f"{path}/result"), 409)
    problem(client.delete(path), 409)
    problem(client.delete("/v1/datasets/customers"), 409)
    problem(client.delete("/v1/models/plants"), 409)
    assert client.post(f"{path}:cancel").status_code == 202
    assert client.post(f"{path}:cancel").status_code == 200
    problem(client.get(f"{path}/result"), 409)
    problem(client.post(f"{done['links']['self']}:cancel"), 409)
    listed = lambda query: [each["id"] for each in client.get(f"/v1/predictions{query}").json["data"]]  # noqa: E731
    assert listed("") == [waits["id"], done["id"]]
    assert listed("?status=cancelled") == [waits["id"]] and listed("?metadata.team=a") == [done["id"]]
    assert listed("?dataset=customers&model=plants") == [waits["id"], done["id"]] and listed("?model=x") == []
    assert client.get("/v1/usage").json["used"]["prediction_bytes"] == done["result"]["bytes"]
    for each in (waits, done):
        assert client.delete(f"/v1/predictions/{each['id']}").status_code == 204
        problem(client.get(f"/v1/predictions/{each['id']}"), 404)
    assert client.delete("/v1/datasets/customers").status_code == 204
    assert client.get("/v1/usage").json["used"]["prediction_bytes"] == 0
