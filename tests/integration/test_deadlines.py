"""`X-Request-Timeout`: a request that has waited for longer is answered with 503 before its work."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import request
from flask.testing import FlaskClient

from service.api import counting
from service.api.inference import infer
from service.front.environ import WHOLE_AT
from service.models import prediction
from tests.conftest import POSTGRESQL_IS_LONG
from tests.integration.contract import XOR, problem
from tests.integration.published import PublishedDocument

pytestmark = POSTGRESQL_IS_LONG

ROWS = {"instances": [[0, 1]]}
PREDICT = "/v1/models/m:predict"
HEADER = "X-Request-Timeout"


@pytest.fixture
def computed(client: FlaskClient, train: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows were computed, once for each prediction."""
    train({"model": "m", "dataset": XOR, "training": {"epochs": 2, "seed": 1}})
    counted, outputs = list[int](), prediction.outputs

    def counting(trained: Any, rows: Any) -> Any:
        counted.append(len(rows.rows.values))
        return outputs(trained, rows)

    monkeypatch.setattr(prediction, "outputs", counting)
    return counted


def test_a_request_that_has_waited_too_long_is_refused_before_work_is_done(
    client: FlaskClient, computed: list[int]
) -> None:
    in_time = client.post(PREDICT, json=ROWS, headers={HEADER: "60"})
    assert in_time.status_code == 200 and computed == [1]
    for path in (PREDICT, "/v1/models/m/versions/1:predict", "/v1/jobs"):
        late = client.post(path, json=ROWS, headers={HEADER: "0.5"}, environ_overrides={WHOLE_AT: -1.0})
        assert problem(late, 503)["type"].endswith("/problems/too-late") and late.headers["Retry-After"] == "1"
        assert "its X-Request-Timeout is 0.5 s" in late.json["detail"]
    assert computed == [1]


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "1_0", "soon", ""])
def test_a_time_that_is_no_number_of_seconds_is_refused(client: FlaskClient, text: str) -> None:
    refused = client.post(PREDICT, json=ROWS, headers={HEADER: text})
    assert "must be a number of seconds above 0" in problem(refused, 422)["detail"]


def test_time_that_passes_while_rows_are_read_counts(
    client: FlaskClient, computed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = prediction.plain_raw_rows

    def slowly(*arguments: Any) -> Any:
        request.environ[WHOLE_AT] -= 60.0
        return reads(*arguments)

    monkeypatch.setattr(prediction, "plain_raw_rows", slowly)
    assert client.post(PREDICT, json=ROWS, headers={HEADER: "50"}).status_code == 503
    assert computed == []


def test_rows_of_a_late_request_are_not_counted_to_the_limit(
    client: FlaskClient, computed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    counted, reads = list[int](), infer.rows_of

    def slowly(*arguments: Any) -> Any:
        request.environ[WHOLE_AT] -= 60.0
        return reads(*arguments)

    monkeypatch.setattr(infer, "rows_of", slowly)
    monkeypatch.setattr(counting, "count_predictions", counted.append)
    body = {"inputs": [{"name": "inputs", "shape": [1, 2], "datatype": "FP64", "data": [0.0, 1.0]}]}
    for seconds, status, rows in (("50", 503, []), ("500", 200, [1])):
        answered = client.post("/v2/models/m/infer", json=body, headers={HEADER: seconds})
        assert (answered.status_code, counted) == (status, rows)


def test_every_operation_takes_the_header_and_says_so(client: FlaskClient) -> None:
    document = client.get("/openapi.json").json
    published = PublishedDocument(document)
    for method, path in sorted(published.operations):
        named = document["paths"][path][method]["parameters"]
        assert {"$ref": f"#/components/parameters/{HEADER}"} in named, (method, path)
        late = client.open(
            re.sub(r"{\w+}", "1", path), method=method, headers={HEADER: "0.5"}, environ_overrides={WHOLE_AT: -1.0}
        )
        assert late.status_code == 503 and late.headers["Retry-After"] == "1", (method, path)
        published.check((method, path), late)
