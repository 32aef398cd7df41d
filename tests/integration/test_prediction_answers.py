"""What predictions answer: names that collide, categories never seen in training, columns that are left out."""

import io
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient

from tests.integration.contract import SMALL, problem
from tests.integration.explained import Train, post
from tests.integration.published import PublishedDocument

# what is read and answered does not depend on the database
pytestmark = pytest.mark.parametrize("servers", ["sqlite+valkey"], indirect=True)

CSV_HEADERS = {"Content-Type": "text/csv"}


@pytest.fixture
def churn(train: Train) -> None:
    """A model of a number and a category, whose missing values are filled."""
    rows = [[n % 9, "ABC"[n % 3], "no" if n % 4 else "yes"] for n in range(24)]
    training = {**SMALL, "preprocessing": {"missing": "mean"}}
    columns = ["tenure", "plan", "churn"]
    train({"dataset": {"columns": columns, "rows": rows}, "training": training, "model": "churn"})


@pytest.fixture
def dated(client: FlaskClient, train: Train) -> None:
    """A model of a number, a code with leading zeros and a date, without missing values."""
    lines = [f"{n + 0.5},{('01569', '1569')[n % 3 == 0]},2024-01-{n + 1:02},{n}" for n in range(20)]
    body = "amount,zip,signup,y\n" + "\n".join(lines)
    assert client.put("/v1/datasets/dated?target_type=value", data=body, headers=CSV_HEADERS).status_code == 201
    train({"dataset": "dated", "training": {**SMALL, "precision": "float64"}, "model": "dated"})


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
    document = PublishedDocument(client.get("/openapi.json").json)
    document.check(("post", "/v1/models/{name}:predict"), client.post(path, json={"inputs": [[1, "Z"]] * 105}))
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


def test_true_of_json_is_the_class_and_the_category_of_a_csv(client: FlaskClient, train: Train) -> None:
    body = "on,y\n" + "".join(f"{n % 2 == 0},{n % 3 == 0}\n" for n in range(12))
    client.put("/v1/datasets/bools", data=body, headers=CSV_HEADERS)
    train({"dataset": "bools", "training": SMALL, "model": "bools"})
    answers = [
        post(client, "/v1/models/bools:predict", {"instances": [[value], [other]]})
        for value, other in ((True, False), ("True", "False"))
    ]
    assert answers[0] == answers[1] and "unknown" not in answers[0] and set(answers[0]["labels"]) <= {"True", "False"}
    traces = [
        post(client, "/v1/models/bools:trace", {"instances": [[value]], "targets": [value]}) for value in (True, "True")
    ]
    assert traces[0] == traces[1]


@pytest.mark.usefixtures("churn")
def test_an_npz_of_numbers_is_no_row_of_text(client: FlaskClient) -> None:
    packed = io.BytesIO()
    np.savez(packed, inputs=np.ones((2, 2)))
    answer = client.post("/v1/models/churn:predict", data=packed.getvalue(), content_type="application/x-npz")
    assert "column `plan` holds text" in problem(answer, 422)["detail"]


@pytest.mark.usefixtures("dated")
@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("", "zip,amount,signup\n01569,1.5,2024-01-31\n1569,2500,2024-02-01T12:00\n"),
        ("", "\ufeffsignup,zip,note,amount\r\n2024-01-31,01569,,1.5\r\n2024-02-01T12:00,1569,x,2500\r\n"),
        ("", "zip;amount;signup\n01569;1,5;2024-01-31\n1569;2500;2024-02-01T12:00\n"),
        ("?decimal=,&thousands=.", "zip;amount;signup\n01569;1,5;2024-01-31\n1569;2.500;2024-02-01T12:00\n"),
        ("?thousands=,", 'zip,amount,signup\n01569,1.5,2024-01-31\n1569,"2,500",2024-02-01T12:00\n'),
        ("?delimiter=tab", "zip\tamount\tsignup\n01569\t1.5\t2024-01-31\n1569\t2500\t2024-02-01T12:00\n"),
        ("?header=false", "1.5,01569,2024-01-31\n2500,1569,2024-02-01T12:00\n"),
    ],
)
def test_a_csv_is_read_as_datasets_are(client: FlaskClient, query: str, body: str) -> None:
    days = {"instances": [[1.5, "01569", "2024-01-31"], [2500, "1569", 19754.5]]}
    expected = post(client, "/v1/models/dated:predict", days)
    answer = client.post(f"/v1/models/dated:predict{query}", data=body.encode(), headers=CSV_HEADERS)
    assert answer.status_code == 200, answer.text
    assert [row["y"] for row in answer.json["predictions"]] == pytest.approx(np.ravel(expected["predictions"]))
    assert answer.json.get("ignored", []) == (["note"] if "note" in body else []) and "unknown" not in answer.json


@pytest.mark.usefixtures("dated")
@pytest.mark.parametrize(
    ("query", "body", "says"),
    [
        ("", "zip,zip,amount,signup\n01569,1569,1,2024-01-31\n", "`zip`"),
        ("", "Zip,amount,signup\n01569,1,2024-01-31\n", "column `zip` (did you mean it by `Zip`?) is missing"),
        ("", "zip,amount,signup\n01569,1,2024-01-31\n01569,1\n", "row 2: must have 3 cells, got 2"),
        ("", "zip,amount,signup\n01569,much,2024-01-31\n", "column `amount`, row 1: must be a number, got 'much'"),
        ("", "zip,amount,signup\n01569,$1,2024-01-31\n", "column `amount`, row 1: `$1` is an amount with a currency"),
        ("", 'zip,amount,signup\n01569,"1,163.74",2024-01-31\n01569,"1,5",2024-01-31\n', "column `amount`"),
        ("", "zip,amount,signup\n01569,1,31.01.2024\n", "column `signup`, row 1: must be an ISO 8601 date"),
        (
            "",
            "zip,amount,signup\n01569,,2024-01-31\n",
            "column `amount`, row 1: is missing; no missing value",
        ),
        ("", "zip,amount,signup\n,1,2024-01-31\n", "column `zip`, row 1: is missing; no missing value was filled"),
        ("", "zip,amount,signup\n", "the CSV has one line only"),
        ("?unknown=error", "zip,amount,signup\n0156,1,2024-01-31\n", 'column `zip`, row 1: "0156" is no category'),
        ("?decimal=x", "zip,amount,signup\n01569,1,2024-01-31\n", "?decimal"),
    ],
)
def test_what_is_wrong_with_a_csv_is_named(client: FlaskClient, query: str, body: str, says: str) -> None:
    answer = client.post(f"/v1/models/dated:predict{query}", data=body.encode(), headers=CSV_HEADERS)
    assert says in problem(answer, 422)["detail"]


@pytest.mark.usefixtures("churn")
def test_a_number_beyond_the_networks_precision_is_named_by_its_row(client: FlaskClient) -> None:
    body = "tenure,plan\n1,A\n1e300,A\n"
    in_file = problem(client.post("/v1/models/churn:predict", data=body, headers=CSV_HEADERS), 422)
    assert in_file["errors"] == [{"row": 2, "detail": "holds a number beyond a float32, the network's precision"}]
    listed = problem(client.post("/v1/models/churn:predict", json={"instances": [[1, "A"], [1e300, "A"]]}), 422)
    assert listed["errors"][0]["pointer"] == "#/instances/1"


@pytest.mark.usefixtures("dated")
def test_options_of_csv_do_not_go_with_other_bodies(client: FlaskClient) -> None:
    packed = io.BytesIO()
    np.savez(packed, inputs=np.ones((1, 3)))
    for query in ("delimiter=;", "decimal=,", "thousands=.", "header=false", "missing=-", "encoding=latin-1"):
        path = f"/v1/models/dated:predict?{query}"
        for answer in (
            client.post(path, json={"instances": [[1, "01569", 1]]}),
            client.post(path, data=packed.getvalue(), content_type="application/x-npz"),
        ):
            fault = problem(answer, 422)["errors"][0]
            assert fault["pointer"] == f"?{query.split('=')[0]}" and "goes with CSV" in fault["detail"]


@pytest.mark.usefixtures("dated")
def test_dates_are_shown_as_dates_and_trace_as_the_row_of_the_dataset(client: FlaskClient) -> None:
    values = client.get("/v1/datasets/dated/rows?after=2&limit=1").json["data"][0]["values"]
    assert values == {"amount": 3.5, "zip": "1569", "signup": "2024-01-04", "y": 3}
    example = client.get("/v1/models/dated").json["example"]
    # the mean of the days is the 10th at noon
    assert example["instances"][0] == {"amount": 10.0, "zip": "01569", "signup": "2024-01-10"}
    assert client.post("/v1/models/dated:predict", json=example).status_code == 200
    target = values.pop("y")
    sent = post(client, "/v1/models/dated:trace", {"instances": [values], "targets": [target]})
    row = post(client, "/v1/models/dated:trace", {"row": 3})
    assert sent["inputs"] == row["inputs"] and sent["update"] == row["update"]
