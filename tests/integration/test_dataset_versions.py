"""Datasets whose content changes: versions, what uses them, what keeps them, and what removes them."""

import os
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from service.datasets.catalog import SUPERSEDED_SECONDS
from service.jobs.commands import collect
from service.services import Services
from service.store.dataset_removal import delete_superseded
from service.store.datasets import hold_dataset
from service.store.records import DatasetUse
from service.store.tables import dataset_versions
from tests.integration.contract import SMALL, problem
from tests.integration.explained import Train, epochs_of, get, post
from tests.integration.test_lists import next_page
from workers.run.run import run_next_job

CHURN = "/v1/datasets/churn"


def rows(shift: int, count: int = 6) -> dict[str, Any]:
    """A dataset of one input and one target, whose content depends on the shift."""
    return {"inputs": [[n] for n in range(count)], "targets": [n / 2 + shift for n in range(count)]}


def put(client: FlaskClient, shift: int, status: int = 201, name: str = "churn", **headers: str) -> Any:
    answer = client.put(f"/v1/datasets/{name}", json=rows(shift), headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json


def targets_of(client: FlaskClient, name: str) -> list[float]:
    return [row["values"]["target"] for row in get(client, f"/v1/datasets/{name}/rows")["data"]]


def blobs_of(service: Services) -> int:
    return len(list(service.blobs.addresses()))


def age(service: Services, by: float) -> None:
    """Make all versions of datasets older."""
    with service.database.begin() as connection:
        moved = datetime.now(UTC) - timedelta(seconds=by)
        connection.execute(update(dataset_versions).values(created_at=moved))


def versions_of(client: FlaskClient, name: str = "churn") -> list[int]:
    return [answer["version"] for answer in get(client, f"/v1/datasets/{name}/versions")["data"]]


def test_other_content_is_the_next_version_and_the_name_is_the_latest(client: FlaskClient, service: Services) -> None:
    first = put(client, 0)
    assert (first["name"], first["version"]) == ("churn", 1)
    assert put(client, 0, status=200) == first
    second = put(client, 1)
    assert (second["name"], second["version"]) == ("churn", 2)
    assert put(client, 1, status=200) == second
    assert get(client, CHURN) == get(client, f"{CHURN}@2") == second
    assert get(client, f"{CHURN}@1") == first
    assert targets_of(client, "churn")[0] == targets_of(client, "churn@2")[0] == 1
    assert targets_of(client, "churn@1")[0] == 0
    # the content of an older version is the latest one again, and its rows are stored once
    third = put(client, 0)
    assert third["version"] == 3 and third["sha256"] == first["sha256"]
    assert blobs_of(service) == 2
    assert get(client, CHURN) == third


def test_posting_and_if_none_match_never_replace(client: FlaskClient) -> None:
    once = {"If-None-Match": "*"}
    assert put(client, 0, **once)["version"] == 1
    for shift in (0, 1):  # the same content and another one
        answer = client.put(CHURN, json=rows(shift), headers=once)
        assert "`churn` is there already" in problem(answer, 409)["detail"]
    problem(client.put(CHURN, data="no JSON", headers=once, content_type="application/json"), 409)
    posted = client.post("/v1/datasets", json={**rows(1), "name": "churn"})
    assert "`PUT /v1/datasets/churn` makes it the next version" in problem(posted, 409)["detail"]
    assert client.post("/v1/datasets", json={**rows(0), "name": "churn"}).status_code == 200
    put(client, 1)
    older = client.post("/v1/datasets", json={**rows(0), "name": "churn"})
    assert "this content is its version 1, not its latest" in problem(older, 409)["detail"]
    assert versions_of(client) == [2, 1]


def test_a_version_is_found_by_its_number_alone(client: FlaskClient) -> None:
    put(client, 0)
    for name, words in (
        ("churn@2", "`churn` has no version 2; its latest is 1"),
        ("churn@0", "no dataset named `churn@0`"),
        ("churn@latest", "no dataset named `churn@latest`"),
        ("none@1", "no dataset named `none`"),
        ("none", "no dataset named `none`"),
    ):
        for path in (f"/v1/datasets/{name}", f"/v1/datasets/{name}/rows"):
            assert words in problem(client.get(path), 404)["detail"]
        assert words in problem(client.delete(f"/v1/datasets/{name}"), 404)["detail"]
    problem(client.get("/v1/datasets/none/versions"), 404)
    fault = problem(client.put(f"{CHURN}@2", json=rows(1)), 422)["errors"][0]
    assert fault["detail"] == "`churn@2` is a version; what is put to `churn` becomes its next version"


def test_versions_are_listed_newest_first_in_pages(client: FlaskClient) -> None:
    for shift in range(5):
        put(client, shift)
    first = client.get(f"{CHURN}/versions?limit=2")
    assert [answer["version"] for answer in first.json["data"]] == [5, 4]
    assert (first.json["first_id"], first.json["last_id"], first.json["has_more"]) == (5, 4, True)
    assert client.delete(f"{CHURN}@4").status_code == 204
    put(client, 5)
    second = client.get(next_page(first))  # type: ignore[arg-type]
    assert [answer["version"] for answer in second.json["data"]] == [3, 2]
    assert second.json["data"][0] == {
        name: value for name, value in get(client, f"{CHURN}@3").items() if name != "columns"
    }
    last = client.get(next_page(second))  # type: ignore[arg-type]
    assert [answer["version"] for answer in last.json["data"]] == [1] and next_page(last) is None
    problem(client.get(f"{CHURN}/versions?after=x"), 422)


def test_a_list_has_one_entry_a_name_and_its_pages_stay_in_order(client: FlaskClient) -> None:
    for name in ("a", "b", "c", "d"):
        put(client, 0, name=name)
    put(client, 1, name="b")
    first = client.get("/v1/datasets?limit=2")
    assert [(entry["name"], entry["version"]) for entry in first.json["data"]] == [("d", 1), ("c", 1)]
    put(client, 2, name="b")  # a new version moves no dataset to another page
    put(client, 1, name="d")
    second = client.get(next_page(first))  # type: ignore[arg-type]
    assert [(entry["name"], entry["version"]) for entry in second.json["data"]] == [("b", 3), ("a", 1)]
    after = get(client, "/v1/datasets?after=c")
    assert [entry["name"] for entry in after["data"]] == ["b", "a"]
    problem(client.get("/v1/datasets?after=c@1"), 404)


def test_the_tag_of_a_name_changes_with_its_version(client: FlaskClient) -> None:
    put(client, 0)
    tag, own = (client.get(path).headers["ETag"] for path in (CHURN, f"{CHURN}@1"))
    assert client.get(CHURN, headers={"If-None-Match": tag}).status_code == 304
    put(client, 1)
    assert client.get(CHURN, headers={"If-None-Match": tag}).json["version"] == 2
    assert client.get(f"{CHURN}@1", headers={"If-None-Match": own}).status_code == 304
    put(client, 0)  # the content of version 1 is version 3
    assert client.get(CHURN, headers={"If-None-Match": tag}).status_code == 200


def test_a_job_says_which_version_it_uses_and_its_answer_can_be_sent_again(client: FlaskClient) -> None:
    put(client, 0)
    put(client, 0, name="held")
    training = {**SMALL, "validation": {"dataset": "held"}}
    first = client.post("/v1/jobs", json={"dataset": "churn", "training": training}).json
    assert (first["dataset"], first["dataset_version"]) == ("churn", 1)
    assert first["training"]["validation"] == {"dataset": "held", "dataset_version": 1}
    put(client, 1)
    put(client, 1, name="held")
    kept = get(client, f"/v1/jobs/{first['id']}")
    assert kept["dataset_version"] == 1 and kept["training"] == first["training"]
    second = client.post("/v1/jobs", json={"dataset": "churn", "training": training}).json
    assert second["dataset_version"] == 2 and second["training"]["validation"]["dataset_version"] == 2
    copied = ("dataset", "dataset_version", "training")
    again = client.post("/v1/jobs", json={name: first[name] for name in copied}).json
    assert {name: again[name] for name in copied} == {name: first[name] for name in copied}
    training = {**SMALL, "validation": {"dataset": "held@1"}}
    by_name = client.post("/v1/jobs", json={"dataset": "churn@1", "training": training}).json
    assert (by_name["dataset"], by_name["dataset_version"]) == ("churn", 1)
    assert by_name["training"]["validation"] == {"dataset": "held", "dataset_version": 1}


def test_versions_that_are_not_there_are_faults_where_they_are_named(client: FlaskClient, train: Train) -> None:
    put(client, 0)
    job = train({"dataset": "churn", "training": SMALL, "model": "m"})
    words = "dataset `churn` has no version 7; its latest is 1"
    validation = {"validation": {"dataset": "churn@7"}}
    for path, body, pointer in (
        ("/v1/jobs", {"dataset": "churn@7"}, "#/dataset"),
        ("/v1/jobs", {"dataset": "churn", "dataset_version": 7}, "#/dataset"),
        ("/v1/jobs", {"dataset": "churn", "training": validation}, "#/training/validation/dataset"),
        (f"/v1/jobs/{job['id']}:fork", {"dataset": "churn@7"}, "#/dataset"),
        (f"/v1/jobs/{job['id']}:fork", {"training": validation}, "#/training/validation/dataset"),
        ("/v1/models/m:evaluate", {"dataset": "churn@7"}, "#/dataset"),
    ):
        assert problem(client.post(path, json=body), 422)["errors"] == [{"pointer": pointer, "detail": words}]


def test_what_was_trained_on_a_version_stays_with_it(client: FlaskClient, service: Services, train: Train) -> None:
    put(client, 0)
    put(client, 1, name="held")
    training = {**SMALL, "validation": {"dataset": "held"}, "store_parameters": {"optimizer_state": True}}
    job = train({"dataset": "churn", "training": {**training, "epochs": 6, "version_epoch": "last"}, "model": "m"})
    recorded = get(client, epochs_of(job))["data"]
    put(client, 5)
    put(client, 6, name="held")

    def run(verb: str, body: Any) -> Any:
        made = client.post(f"/v1/jobs/{job['id']}:{verb}", json=body)
        assert made.status_code == 202, made.text
        assert run_next_job(service, "test", lambda: False)
        return get(client, f"/v1/jobs/{made.json['id']}")

    replay = run("replay", {})
    assert replay["replay"]["identical"] is True and replay["chain"] == job["chain"]
    assert replay["dataset_version"] == 1 and replay["training"]["validation"]["dataset_version"] == 1
    fork = run("fork", {"epoch": 2, "training": {"epochs": 4}})
    assert fork["dataset_version"] == 1 and fork["training"]["validation"]["dataset_version"] == 1
    continued = get(client, epochs_of(fork))["data"]
    for figure in ("sha256", "validation_loss"):
        assert [epoch[figure] for epoch in continued] == [epoch[figure] for epoch in recorded[2:]]
    on_latest = run("fork", {"epoch": 2, "dataset": "churn", "training": {"validation": {"dataset": "held"}}})
    assert on_latest["dataset_version"] == 2 and on_latest["training"]["validation"]["dataset_version"] == 2
    # rows of the job's dataset are those of its version, those to evaluate on are of the version that is named
    trace = post(client, f"{epochs_of(job)}/6:trace", {"row": 3})
    given = post(client, f"{epochs_of(job)}/6:trace", {"instances": [[3]], "targets": [1.5]})
    assert trace["loss"] == given["loss"]
    old, new = (post(client, "/v1/models/m:evaluate", {"dataset": name}) for name in ("held@1", "held"))
    assert (old["dataset"], old["dataset_version"], new["dataset_version"]) == ("held", 1, 2)
    assert old["loss"] == pytest.approx(recorded[6]["validation_loss"], rel=1e-6)
    assert new["loss"] > old["loss"]
    for version in (get(client, "/v1/models/m")["versions"][0], get(client, "/v1/models/m/versions/1")):
        assert (version["dataset"], version["dataset_version"]) == ("churn", 1)


def test_what_is_stored_while_a_job_is_checked_does_not_change_its_version(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from service.jobs import submission

    put(client, 0)
    whole = submission.check_held_out

    def store(*given: Any) -> Any:
        put(client, 1)
        return whole(*given)

    monkeypatch.setattr(submission, "check_held_out", store)
    answer = client.post("/v1/jobs", json={"dataset": "churn"})
    assert answer.status_code == 202 and answer.json["dataset_version"] == 1


def test_rows_sent_with_a_job_are_the_version_that_has_them(client: FlaskClient) -> None:
    body = {"dataset": {**rows(0), "name": "churn"}, "training": SMALL}
    assert client.post("/v1/jobs", json=body).json["dataset_version"] == 1
    put(client, 1)
    assert client.post("/v1/jobs", json=body).json["dataset_version"] == 1
    put(client, 0)
    assert client.post("/v1/jobs", json=body).json["dataset_version"] == 3
    other = client.post("/v1/jobs", json={"dataset": {**rows(2), "name": "churn"}})
    assert "`PUT /v1/datasets/churn` makes it the next version" in problem(other, 409)["detail"]


def test_what_an_unfinished_job_uses_is_not_deleted(client: FlaskClient, service: Services) -> None:
    for shift in range(3):
        put(client, shift)
    put(client, 0, name="held")
    training = {**SMALL, "validation": {"dataset": "held"}}
    job = client.post("/v1/jobs", json={"dataset": "churn@2", "training": training}).json["id"]
    for name in ("churn", "churn@2", "held", "held@1"):
        detail = problem(client.delete(f"/v1/datasets/{name}"), 409)["detail"]
        assert detail == f"dataset `{name}` is in use by {job}, which has not ended"
    assert client.delete(f"{CHURN}@3").status_code == 204
    assert get(client, CHURN)["version"] == 2
    assert put(client, 2)["version"] == 4  # a number is never given twice
    assert run_next_job(service, "test", lambda: False)
    assert client.delete(f"{CHURN}@2").status_code == 204
    detail = problem(client.post(f"/v1/jobs/{job}:replay"), 409)["detail"]
    assert detail == "dataset `churn@2`, which the job was trained on, is gone"
    fault = problem(client.post(f"/v1/jobs/{job}:fork", json={}), 422)["errors"][0]
    assert fault["pointer"] == "#/dataset" and "`churn@2`, which the job was trained on, is gone" in fault["detail"]
    assert "`churn@2` is gone" in problem(client.post(f"/v1/jobs/{job}/epochs/1:trace", json={"row": 1}), 409)["detail"]
    assert versions_of(client) == [4, 1]
    assert client.delete(f"{CHURN}@4").status_code == client.delete(f"{CHURN}@1").status_code == 204
    problem(client.get(CHURN), 404)
    assert put(client, 7)["version"] == 1
    put(client, 8)
    assert client.delete(CHURN).status_code == 204
    problem(client.get(f"{CHURN}@1"), 404)


def test_a_replay_notices_that_another_dataset_validates_under_the_name(client: FlaskClient, train: Train) -> None:
    put(client, 0)
    put(client, 0, name="held")
    job = train({"dataset": "churn", "training": {**SMALL, "validation": {"dataset": "held"}}})
    assert client.delete("/v1/datasets/held").status_code == 204
    put(client, 1, name="held")
    detail = problem(client.post(f"/v1/jobs/{job['id']}:replay"), 409)["detail"]
    assert detail == "dataset `held`, which validated the job, is another one by now"


def test_superseded_versions_that_nothing_needs_are_collected(
    client: FlaskClient, service: Services, train: Train
) -> None:
    put(client, 0)
    trained = train({"dataset": "churn", "training": {**SMALL, "validation": {"dataset": "churn"}}})
    for shift in (1, 2):
        put(client, shift)
    held = client.post("/v1/jobs", json={"dataset": {**rows(9), "name": "own"}, "training": SMALL}).json
    validating = client.post("/v1/jobs", json={"dataset": "own", "training": {"validation": {"dataset": "churn@3"}}})
    put(client, 3)
    put(client, 4)
    assert blobs_of(service) == 6
    collect(service)
    assert versions_of(client) == [5, 4, 3, 2, 1]  # not yet: they were superseded just now
    age(service, SUPERSEDED_SECONDS + 60)
    collect(service)
    assert versions_of(client) == [5, 3, 1]
    client.post(f"/v1/jobs/{validating.json['id']}:cancel")
    collect(service)
    assert versions_of(client) == [5, 3, 1]  # an ended job needs its version as well
    for job in (trained, validating.json):
        assert client.delete(f"/v1/jobs/{job['id']}").status_code == 204
    collect(service)
    assert versions_of(client) == [5] and versions_of(client, "own") == [1]
    assert get(client, CHURN)["rows"] == 6 and held["dataset"] == "own"


def test_the_rows_of_a_collected_version_stay_while_another_one_has_them(
    client: FlaskClient, service: Services
) -> None:
    for shift in (0, 1, 0):
        put(client, shift)
    age(service, SUPERSEDED_SECONDS + 60)
    before = time.time() - 7200
    for address in service.blobs.addresses():
        os.utime(service.blobs.path(address), (before, before))
    collect(service)
    assert versions_of(client) == [3] and blobs_of(service) == 1
    assert targets_of(client, "churn")[0] == 0


def test_a_version_that_a_job_is_about_to_use_is_not_collected(client: FlaskClient, service: Services) -> None:
    if service.database.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    put(client, 0)
    put(client, 1)
    later = datetime.now(UTC) + timedelta(seconds=60)
    use = DatasetUse("churn", 1, None)
    with service.database.begin() as inserting:
        hold_dataset(inserting, use)
        with service.database.begin() as collecting:
            assert delete_superseded(collecting, later) == 0
    with service.database.begin() as collecting:
        assert delete_superseded(collecting, later) == 1
    assert versions_of(client) == [2]
