"""`?search=` of a list of jobs: a text in ids, names and values of metadata, with one answer on both databases."""

from typing import Any

from flask.testing import FlaskClient

from tests.integration.contract import XOR, problem

ROWS = {name: XOR[name] for name in ("inputs", "targets")}


def found(client: FlaskClient, text: str, **query: Any) -> list[str]:
    answer = client.get("/v1/jobs", query_string={"search": text, **query})
    assert answer.status_code == 200, answer.text
    return [job["metadata"]["n"] for job in answer.json["data"]]


def test_jobs_are_found_by_what_their_names_and_metadata_hold(client: FlaskClient) -> None:
    assert client.post("/v1/networks", json={"name": "deep-net", "hidden": [2]}).status_code == 201
    ids = []
    for number, (dataset, body) in enumerate(
        (
            ("iris-2", {"model": "m.flowers"}),
            ("plain", {"network": "deep-net"}),
            ("plain", {"metadata": {"team": "Blue 100%", "search_me": "x"}}),
            ("plain", {"metadata": {"note": 'a_b\\c "quoted" \u00c9t\u00e9'}}),
        )
    ):
        client.put(f"/v1/datasets/{dataset}", json=ROWS)
        metadata = {"n": str(number), **body.pop("metadata", {})}
        ids.append(client.post("/v1/jobs", json={"dataset": dataset, **body, "metadata": metadata}).json["id"])
    for text, numbers in (
        ("IRIS", "0"),
        ("iris-2", "0"),
        ("FLOWERS", "0"),
        ("DEEP", "1"),
        ("PLAIN", "321"),
        ("blue 1", "2"),
        ("%", "2"),
        ("_", "3210"),  # each id has one
        ("a_b", "3"),
        ("axb", ""),
        ("\\C", "3"),
        ('"QUOTED"', "3"),
        ("\u00c9t", "3"),
        ("\u00e9T", ""),  # letters beyond A to Z are compared as they are
        ("T\u00e9", "3"),
        ("search_me", ""),  # a name of metadata, not a value
        (ids[1], "1"),
        (ids[2].upper(), "2"),
        ("", "3210"),
        ("nothing of it", ""),
    ):
        assert found(client, text) == list(numbers), text
    assert found(client, "plain", status="queued", **{"metadata.team": "Blue 100%"}) == ["2"]
    assert found(client, "plain", status="failed") == []


def test_pages_of_a_search_follow_each_other(client: FlaskClient) -> None:
    for number in range(6):
        model = f"{'even' if number % 2 == 0 else 'odd'}-{number}"
        client.post("/v1/jobs", json={"dataset": XOR, "model": model, "metadata": {"n": str(number)}})
    first = client.get("/v1/jobs?search=EVEN&limit=2")
    link = first.headers["Link"]
    second = client.get(link[1 : link.index(">")])
    numbers = [[job["metadata"]["n"] for job in page.json["data"]] for page in (first, second)]
    assert numbers == [["4", "2"], ["0"]]
    assert first.json["has_more"] and not second.json["has_more"]


def test_a_text_that_is_too_long_is_refused(client: FlaskClient) -> None:
    assert found(client, "x" * 200) == []
    refused = problem(client.get("/v1/jobs", query_string={"search": "x" * 201}), 422)
    assert refused["errors"][0]["pointer"] == "?search" and "at most 200" in refused["detail"]
    problem(client.get("/v1/jobs?search=a%00b"), 422)
