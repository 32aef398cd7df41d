"""The options of reading datasets over HTTP: where they may stand, and what they do not go with."""

import io
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage

# what is read and answered does not depend on the database
pytestmark = pytest.mark.parametrize("servers", ["sqlite+valkey"], indirect=True)

CSV = b"zip;y\n01569;a\n1569;b\n1570;a\n"
JSON: dict[str, Any] = {"columns": ["zip", "y"], "rows": [[1569, "a"], [1570, "b"], [1571, "a"]]}


def npz() -> bytes:
    stream = io.BytesIO()
    np.savez(stream, x=np.ones((3, 2)), y=np.zeros(3))
    return stream.getvalue()


BODIES = {"text/csv": CSV, "application/x-npz": npz()}


@pytest.mark.parametrize(
    ("query", "media_type", "formats"),
    [
        ("drop=a", "application/x-npz", "CSV, Parquet, Arrow, JSON Lines and JSON; this is NPZ"),
        ("types=a:number", "application/x-npz", "CSV, Parquet, Arrow, JSON Lines and JSON; this is NPZ"),
        ("weight=a", "application/x-npz", "CSV, Parquet, Arrow, JSON Lines and JSON; this is NPZ"),
        ("decimal=,", "application/x-npz", "CSV; this is NPZ"),
        ("inputs=x", "text/csv", "NPZ; this is CSV"),
        ("targets=x", "text/csv", "NPZ; this is CSV"),
    ],
)
def test_an_option_of_another_format_is_refused(client: FlaskClient, query: str, media_type: str, formats: str) -> None:
    answer = client.post(f"/v1/datasets?{query}", data=BODIES[media_type], content_type=media_type)
    name = query.partition("=")[0]
    assert answer.status_code == 422
    assert answer.json["errors"] == [{"pointer": f"?{name}", "detail": f"`{name}` goes with {formats}"}]


@pytest.mark.parametrize("query", ["delimiter=tab", "header=true", "missing=x", "encoding=latin-1", "inputs=x"])
def test_an_option_of_files_does_not_go_with_json(client: FlaskClient, query: str) -> None:
    answer = client.post(f"/v1/datasets?{query}", json=JSON)
    assert answer.status_code == 422 and "this is JSON" in answer.json["detail"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("delimiter=ab", "must be `,`"),
        ("decimal=;", "is not known"),
        ("header=yes", "known are"),
        ("encoding=klingon", "is not known"),
        ("thousands=.&decimal=.", "must differ"),
        ("types=zip", "`zip:category`"),
        ("types=zip:kategorie", "did you mean `category`"),
        ("types=zip:number&types=zip:date", "two kinds"),
        ("types=zp:number", "did you mean `zip`"),
        ("delimiter=,&delimiter=;", "can be given once"),
        ("target_type=class&target_type=value", "can be given once"),
    ],
)
def test_an_option_that_is_wrong_is_named(client: FlaskClient, query: str, words: str) -> None:
    answer = client.post(f"/v1/datasets?{query}", data=CSV, content_type="text/csv")
    assert answer.status_code == 422 and words in answer.json["detail"]


def test_an_array_of_targets_is_not_a_target_column(client: FlaskClient) -> None:
    answer = client.post("/v1/datasets?target=y", data=npz(), content_type="application/x-npz")
    assert answer.status_code == 422 and "`targets`" in answer.json["detail"]
    answer = client.post("/v1/datasets?target=none", data=npz(), content_type="application/x-npz")
    assert [column["role"] for column in answer.json["columns"]] == ["input", "input"]


def test_options_may_be_fields_of_a_form(client: FlaskClient) -> None:
    form = {"file": FileStorage(io.BytesIO(CSV), "t.csv", content_type="text/csv"), "types": "zip:number"}
    answer = client.post("/v1/datasets", data={**form, "delimiter": "semicolon"})
    assert answer.status_code == 201, answer.text
    assert answer.json["columns"][0]["type"] == "number"
    form["file"] = FileStorage(io.BytesIO(npz()), "t.npz", content_type="application/x-npz")
    answer = client.post("/v1/datasets", data=form)
    assert answer.status_code == 422 and answer.json["errors"][0]["pointer"] == "#/types"


@pytest.mark.parametrize("types", [{"zip": "category"}, ["zip:category"], "zip:category"])
def test_kinds_of_columns_may_stand_in_the_body(client: FlaskClient, types: Any) -> None:
    answer = client.post("/v1/datasets", json={**JSON, "types": types})
    assert answer.status_code == 201, answer.text
    assert answer.json["columns"][0]["categories"] == ["1569", "1570", "1571"]
    assert answer.json["read"] == {"format": "json", "dates": []}
    assert "`zip` has 3 different texts in 3 rows" in answer.json["warnings"][0]


def test_kinds_of_columns_go_with_rows_alone(client: FlaskClient) -> None:
    answer = client.post("/v1/datasets", json={"inputs": [[1]], "types": {"a": "number"}})
    assert answer.status_code == 422 and "`types` goes with `rows`" in answer.json["detail"]
    answer = client.post("/v1/datasets", json={**JSON, "types": {"zip": "float"}})
    assert answer.status_code == 422 and answer.json["errors"][0]["pointer"] == "#/types/zip"


def test_what_was_read_and_warned_of_is_still_there_later(client: FlaskClient) -> None:
    made = client.put("/v1/datasets/codes", data=CSV, content_type="text/csv").json
    assert made["read"]["codes"] == ["zip"] and made["warnings"]
    found = client.get("/v1/datasets/codes").json
    assert (found["read"], found["warnings"]) == (made["read"], made["warnings"])
    assert client.put("/v1/datasets/codes", data=CSV, content_type="text/csv").status_code == 200


@pytest.mark.parametrize(
    ("options", "pointer"),
    [
        ({"target": "yy"}, "/target"),
        ({"drop": "zp"}, "/drop"),
        ({"weight": "y", "target": "y"}, "/target"),
        ({"types": "y:category", "target_type": "value"}, "/types"),
    ],
)
def test_the_option_that_names_a_wrong_column_is_pointed_to(
    client: FlaskClient, options: dict[str, str], pointer: str
) -> None:
    query = "?" + pointer.removeprefix("/")
    form = {"file": FileStorage(io.BytesIO(CSV), "t.csv", content_type="text/csv"), **options}
    dataset = {**JSON, **options}
    for answer, expected in (
        (client.post("/v1/datasets", query_string=options, data=CSV, content_type="text/csv"), query),
        (client.post("/v1/datasets", data=form), "#" + pointer),
        (client.post("/v1/datasets", json=dataset), "#" + pointer),
        (client.post("/v1/jobs", json={"dataset": dataset}), "#/dataset" + pointer),
    ):
        assert answer.status_code == 422
        assert answer.json["errors"][0]["pointer"] == expected, answer.text


def test_auto_is_no_word_for_a_missing_value(client: FlaskClient) -> None:
    """Every option of CSV may be `auto`, which is the default."""
    options = "delimiter=auto&decimal=auto&thousands=auto&header=auto&missing=auto&encoding=auto"
    answer = client.post(f"/v1/datasets?{options}", data=b"a,y\n1,auto\n2,p\n3,p\n", content_type="text/csv")
    assert answer.status_code == 201, answer.text
    assert answer.json["columns"][1]["categories"] == ["auto", "p"]
    assert "auto" not in answer.json["read"]["missing"]
    words = "auto&missing=p"
    answer = client.post(f"/v1/datasets?missing={words}", data=b"a,y\n1,auto\n2,p\n3,auto\n", content_type="text/csv")
    assert answer.json["columns"][1]["categories"] == ["auto"]


def test_the_same_content_sent_again_is_answered_with_how_it_was_read_now(client: FlaskClient) -> None:
    table = b"area;kind\n135.700;a\n245.121;b\n98.400;a\n98.500;b\n"
    first = client.put("/v1/datasets/areas", data=table, content_type="text/csv")
    again = client.put("/v1/datasets/areas?decimal=.", data=table, content_type="text/csv")
    assert (first.status_code, again.status_code) == (201, 200)
    assert len(first.json["warnings"]) == 1 and again.json["warnings"] == []
    assert again.json["sha256"] == first.json["sha256"]


def test_a_name_that_is_none_is_answered_with_one_that_is(client: FlaskClient) -> None:
    answer = client.put("/v1/datasets/Sales_2024", data=b"a,y\n1,2\n3,4\n", content_type="text/csv")
    assert answer.status_code == 422
    assert 'lower-case letters, digits and . _ -, for example "sales_2024", got "Sales_2024"' in answer.json["detail"]


def test_types_may_be_left_to_the_cells(client: FlaskClient) -> None:
    bare = client.put("/v1/datasets/bare", data=CSV, content_type="text/csv")
    auto = client.put("/v1/datasets/auto?types=auto", data=CSV, content_type="text/csv")
    assert (auto.status_code, auto.json["columns"]) == (201, bare.json["columns"])
    assert client.put("/v1/datasets/wrong?types=automatic", data=CSV, content_type="text/csv").status_code == 422
