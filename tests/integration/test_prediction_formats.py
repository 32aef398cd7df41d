"""Rows to predict and predictions in each format, packed too: the same numbers, whatever they are sent as."""

import gzip
import io
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.ipc as ipc
import pytest
from flask.testing import FlaskClient

from service.datasets.compression import zstd
from tests.integration.contract import problem

# what is read and answered does not depend on the database
pytestmark = pytest.mark.parametrize("servers", ["sqlite+valkey"], indirect=True)

ARROW = "application/vnd.apache.arrow.stream"
DAYS = [date(2024, 1, day) for day in (1, 9, 17, 25)]
ROWS = [
    {"age": age, "city": city, "member": member, "since": day.isoformat()}
    for age, city, member, day in zip(
        (31.5, 40, 22, 58), ("Rome", "Oslo", "Rome", "Bern"), ("true", "false", "true", "true"), DAYS, strict=True
    )
]
COLUMNS: dict[str, Any] = {
    "since": pa.array(DAYS, pa.date32()),
    "age": pa.array([31.5, 40, 22, 58], pa.float32()),
    "note": ["not", "an", "input", "column"],
    "city": pa.array(["Rome", "Oslo", "Rome", "Bern"]).dictionary_encode(),
    "member": pa.array([True, False, True, True]),
}
PREDICT = "/v1/models/m:predict"


def stream(columns: dict[str, Any]) -> bytes:
    table, sink = pa.table(columns), io.BytesIO()
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=3)
    return sink.getvalue()


@pytest.fixture
def model(client: FlaskClient, train: Callable[..., Any]) -> None:
    records = [{**row, "kind": kind} for row, kind in zip(ROWS, ("=a", "b", "=a", "b"), strict=True)]
    stored = client.put("/v1/datasets/d?target=kind", data=json.dumps(records), content_type="application/json")
    assert stored.status_code == 201, stored.text
    train({"model": "m", "dataset": "d", "training": {"epochs": 3, "seed": 1}})


def send(client: FlaskClient, data: bytes, query: str = "", **headers: str) -> Any:
    return client.post(f"{PREDICT}{query}", data=data, headers={"Content-Type": ARROW, **headers})


@pytest.mark.usefixtures("model")
def test_arrow_in_and_out_has_the_predictions_of_json(client: FlaskClient) -> None:
    expected = client.post(PREDICT, json={"instances": ROWS}).json
    found = send(client, stream(COLUMNS)).json
    assert found["predictions"] == expected["predictions"] and found["labels"] == expected["labels"]
    assert found["ignored"] == ["note"] and "unknown" not in found
    for headers in ({"Accept": ARROW}, {"Accept-Encoding": "gzip"}):
        answer = send(client, stream(COLUMNS), "" if "Accept" in headers else "?format=arrow", **headers)
        assert answer.mimetype == ARROW
        table = ipc.open_stream(answer.data).read_all()
        assert table.column("kind").to_pylist() == expected["labels"]  # as it is: no spreadsheet reads this
        chances = np.column_stack([table.column(name) for name in table.column_names[1:]])
        values = [list(row["probabilities"].values())[-chances.shape[1] :] for row in expected["predictions"]]
        assert np.allclose(chances, values, atol=1e-6)


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_every_format_may_be_packed_both_ways(client: FlaskClient, coding: str) -> None:
    pack = {"gzip": gzip.compress, "zstd": zstd.compress}[coding]
    unpack = {"gzip": gzip.decompress, "zstd": zstd.decompress}[coding]
    many = {name: list(pa.array(column).to_pylist()) * 100 for name, column in COLUMNS.items()}
    lines = ["age,city,member,since", *(",".join(str(row[name]) for name in row) for row in ROWS * 100)]
    bodies = {
        "application/json": json.dumps({"instances": ROWS * 100}).encode(),
        "text/csv": "\n".join(lines).encode(),
        ARROW: stream(many),
    }
    expected = client.post(PREDICT, json={"instances": ROWS * 100}).json["labels"]
    for kind, body in bodies.items():
        headers = {"Content-Type": kind, "Content-Encoding": coding, "Accept-Encoding": coding}
        for form in ("json", "csv", "npz", "arrow", "raw"):
            answer = client.post(f"{PREDICT}?format={form}", data=pack(body), headers=headers)
            assert answer.status_code == 200, answer.text
            assert answer.headers["Content-Encoding"] == coding
            data = unpack(answer.data)
            if form == "json":
                assert json.loads(data)["labels"] == expected
            elif form == "arrow":
                assert ipc.open_stream(data).read_all().column("kind").to_pylist() == expected
            elif form == "npz":
                assert np.load(io.BytesIO(data))["labels"].tolist() == expected


@pytest.mark.usefixtures("model")
def test_an_answer_that_is_not_written_is_refused_with_those_that_are(client: FlaskClient) -> None:
    refused = problem(send(client, stream(COLUMNS), Accept="application/pdf"), 406)
    assert "text/csv" in refused["detail"] and refused["type"] == "/problems/not-acceptable"


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"age": ["old"] * 4}, "has Arrow's type string, and the model was trained on numbers there"),
        ({"age": [1.0, float("inf"), 2, 3]}, "row 2: must be a finite number"),
        ({"age": [1.0, None, 2, 3]}, "row 2: is missing"),
        ({"since": ["2024-01-01"] * 4}, "was trained on dates, or numbers of days since 1970-01-01 there"),
        ({"since": [1.0, 2, 3e7, 4]}, "row 3: must be a date in the years 1 to 9999"),
        ({"city": DAYS}, "has Arrow's type date32[day], and the model was trained on text there"),
    ],
)
def test_columns_of_other_types_are_refused_by_name(client: FlaskClient, changes: dict[str, Any], words: str) -> None:
    detail = problem(send(client, stream({**COLUMNS, **changes})), 422)["detail"]
    assert f"`{next(iter(changes))}`" in detail and words in detail


@pytest.mark.usefixtures("model")
def test_streams_that_are_no_rows_are_refused(client: FlaskClient) -> None:
    whole = stream(COLUMNS)
    assert "no rows" in problem(send(client, stream({name: pa.array([], "float") for name in COLUMNS})), 422)["detail"]
    problem(send(client, stream({name: COLUMNS[name] for name in ("age", "since", "member")})), 422)
    problem(send(client, whole[: len(whole) // 2]), 400)
    problem(send(client, whole[:-8]), 400)
    problem(client.post(PREDICT, data=whole, content_type="text/csv"), 415)
    unknown = {**COLUMNS, "city": ["Rome", "Kyiv", "Rome", "Bern"]}
    assert send(client, stream(unknown)).json["unknown"] == [{"row": 1, "column": "city", "value": "Kyiv"}]
    assert send(client, stream(unknown), "?format=arrow").headers["Unknown-Categories"] == "1"
    problem(send(client, stream(unknown), "?unknown=error"), 422)


@pytest.mark.usefixtures("model")
def test_a_packed_stream_is_refused_before_it_is_unpacked_where_no_request_could_have_its_rows(
    client: FlaskClient,
) -> None:
    batch = pa.record_batch({"note": pa.array(np.zeros(8_500_000)), "age": pa.array(np.zeros(8_500_000))})
    body = io.BytesIO()
    with ipc.new_stream(body, batch.schema, options=ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_batch(batch)
    assert len(body.getvalue()) < 100_000
    detail = problem(send(client, body.getvalue()), 413)["detail"]
    assert "unpacks to 136,000,000 bytes; at most 67,108,864 are taken" in detail
