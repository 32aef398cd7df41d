"""What predictions answer: names that collide, categories never seen in training, columns that are left out."""

import io
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from tests.integration.contract import SMALL, problem
from tests.integration.explained import Train, post


@pytest.fixture
def churn(train: Train) -> None:
    """A model of a number and a category, whose missing values are filled."""
    rows = [[n % 9, "ABC"[n % 3], "no" if n % 4 else "yes"] for n in range(24)]
    training = {**SMALL, "preprocessing": {"missing": "mean"}}
    columns = ["tenure", "plan", "churn"]
    train({"dataset": {"columns": columns, "rows": rows}, "training": training, "model": "churn"})


def test_a_target_keeps_its_name_when_it_is_that_of_the_outputs(client: FlaskClient, train: Train) -> None:
    for name, network, key in (
        ("probabilities", {"hidden": [3]}, "class_probabilities"),
        ("scores", {"hidden": [3]}, "probabilities"),
        ("scores", {"layers": [{"type": "dense", "units": 2}]}, "class_scores"),
        ("kind", {"layers": [{"type": "dense", "units": 2}]}, "scores"),
    ):
        rows = [{"a": n / 10, name: "xy"[n % 2]} for n in range(10)]
        train({"dataset": {"rows": rows}, "network": network, "training": SMALL, "model": f"{name}-{key}"})
        path = f"/v1/models/{name}-{key}:predict"
        answer = post(client, path, {"instances": [{"a": 0.5}]})["predictions"][0]
        listed = post(client, path, {"instances": [[0.5]]})
        assert list(answer) == [name, key] and answer[name] == listed["labels"][0]
        assert answer[key] == pytest.approx(dict(zip("xy", listed["predictions"][0], strict=True)))


def test_classes_called_like_columns_lose_nothing(client: FlaskClient, train: Train) -> None:
    classes = ["kind", "a", "=a", "'=a"]
    rows = [{"a": n / 10, "kind": classes[n % 4]} for n in range(20)]
    train({"dataset": {"rows": rows}, "training": SMALL, "model": "m"})
    objects = post(client, "/v1/models/m:predict", {"instances": [{"a": 0.5}]})["predictions"][0]
    assert objects["kind"] in classes and set(objects["probabilities"]) == set(classes)
    listed = post(client, "/v1/models/m:predict", {"instances": [[0.5]]})
    header, row = client.post("/v1/models/m:predict?format=csv", json={"instances": [[0.5]]}).text.splitlines()
    assert header == "kind,'=a,'=a_2,a,kind_2"  # sorted: "'=a", "=a", "a", "kind"
    assert [float(cell) for cell in row.split(",")[1:]] == pytest.approx(listed["predictions"][0])


@pytest.mark.usefixtures("churn")
def test_categories_never_seen_are_listed_counted_or_refused(client: FlaskClient) -> None:
    path = "/v1/models/churn:predict"
    body = {"instances": [[1, "A"], [2, "D"], [3, None], [4, True]]}
    answer = post(client, path, body)
    assert answer["unknown"] == [
        {"row": 1, "column": "plan", "value": "D"},
        {"row": 3, "column": "plan", "value": True},
    ]
    assert "unknown_more" not in answer
    known = {"instances": [{"tenure": 1, "plan": "A"}]}
    assert "unknown" not in post(client, path, known)
    many = post(client, path, {"inputs": [[1, "Z"]] * 105})
    assert len(many["unknown"]) == 100 and many["unknown_more"] == 5 and len(many["outputs"]) == 105
    for wanted in ("csv", "npz"):
        assert client.post(f"{path}?format={wanted}", json=body).headers["Unknown-Categories"] == "2"
        assert "Unknown-Categories" not in client.post(f"{path}?format={wanted}", json=known).headers
        problem(client.post(f"{path}?format={wanted}&unknown=error", json=body), 422)
    refused = problem(client.post(f"{path}?unknown=error", json=body), 422)["errors"]
    assert [fault["pointer"] for fault in refused] == ["#/instances/1/1", "#/instances/3/1"]
    assert refused[0]["detail"] == '"D" is no category of `plan`; there are "A", "B", "C"'
    assert post(client, f"{path}?unknown=error", known)["labels"]
    assert post(client, f"{path}?unknown=zeros", body)["unknown"] == answer["unknown"]
    assert problem(client.post(f"{path}?unknown=ignore", json=body), 422)["errors"][0]["pointer"] == "?unknown"
    zeros = post(client, path, {"instances": [[3, None], [3, "D"]]})["predictions"]
    assert zeros[0] == zeros[1]


@pytest.mark.usefixtures("churn")
@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"Tenure": 4, "plan": "A"}, "column `tenure` (did you mean it by `Tenure`?) is missing"),
        ({}, "columns `tenure`, `plan` are missing"),
        ({"tenure": 4, "plan": 2}, "`plan` must be text, got 2; send it as text"),
        ({"tenure": "4", "plan": "A"}, '`tenure` must be a number, got "4"; send 4 without quotes'),
    ],
)
def test_what_would_be_filled_silently_is_refused(client: FlaskClient, row: dict[str, Any], says: str) -> None:
    errors = problem(client.post("/v1/models/churn:predict", json={"instances": [row]}), 422)["errors"]
    assert len(errors) == 1 and errors[0]["detail"].startswith(says)


@pytest.mark.usefixtures("churn")
def test_an_npz_of_numbers_is_no_row_of_text(client: FlaskClient) -> None:
    packed = io.BytesIO()
    np.savez(packed, inputs=np.ones((2, 2)))
    answer = client.post("/v1/models/churn:predict", data=packed.getvalue(), content_type="application/x-npz")
    assert "column `plan` holds text" in problem(answer, 422)["detail"]
