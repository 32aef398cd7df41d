"""No answer repeats the `Host` of its request: a cache or a mail with such an answer would lead elsewhere."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from service.app import create_app
from service.config import Settings

pytestmark = pytest.mark.parametrize("servers", ["sqlite+valkey"], indirect=True)

HOST = "host-of-the-client.example"
JOB = {"dataset": {"inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [0, 1, 1, 0]}, "hold": True}


@pytest.fixture
def client(settings: Settings) -> Iterator[FlaskClient]:
    app = create_app(replace(settings, allowed_hosts="*"))
    yield app.test_client()
    app.extensions["services"].database.dispose()


def test_no_answer_repeats_the_host(client: FlaskClient) -> None:
    def ask(method: str, path: str, body: Any = None) -> Any:
        answer = client.open(path, method=method, json=body, headers={"Host": HOST})
        assert HOST not in answer.text and HOST not in str(answer.headers), (method, path, answer.headers, answer.text)
        assert answer.headers.get("Location", "/").startswith("/")
        return answer

    jobs = [ask("POST", "/v1/jobs", JOB) for _ in range(2)]
    made = [ask("POST", "/v1/networks", {"hidden": [3]}), ask("POST", "/v1/networks", {"hidden": [4]})]
    assert {answer.status_code for answer in jobs + made} == {201, 202}
    asked = 0
    for path, operations in ask("GET", "/openapi.json").json["paths"].items():
        for method in operations:
            filled = (
                path.replace("{id}", jobs[0].json["id"]).replace("{epoch}", "last").replace("{", "").replace("}", "")
            )
            if method != "delete":
                ask(method.upper(), filled)
            asked += 1
    assert asked > 40
    for kind in ("jobs", "networks", "datasets"):
        page = ask("GET", f"/v1/{kind}?limit=1")
        assert page.headers.get("Link", "</v1/").startswith("</v1/")
    assert "Link" in ask("GET", "/v1/jobs?limit=1").headers
    assert ask("GET", "/v1//jobs?limit=1").headers["Link"].startswith("</v1/jobs?")
    for link in ask("GET", f"/v1/jobs/{jobs[0].json['id']}").json["links"].values():
        assert link.startswith("/v1/"), link
