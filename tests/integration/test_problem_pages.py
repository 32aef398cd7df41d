"""The pages behind the types of problems: each is there, and its requests get what it says."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from service.api.errors import BY_SLUG, PROBLEM_TYPES
from service.api.problem_pages import PAGES, Sent
from service.front.refusals import TYPES
from tests.conftest import ON_SQLITE
from tests.integration.contract import SMALL, XOR, problem
from tests.integration.service import Service
from tests.programs import need

SLUGS = [kind.slug for kind in PROBLEM_TYPES]
PROVEN = [slug for slug, page in PAGES.items() if not page.when and slug != "unauthenticated"]
SERVICE = Path(__file__).parents[2] / "service"


def send(client: FlaskClient, sent: Sent) -> object:
    return client.open(sent.path, method=sent.method, data=sent.data, headers=dict(sent.headers))


def test_every_type_that_an_answer_may_carry_has_a_page() -> None:
    assert len(set(SLUGS)) == len(SLUGS) and PAGES.keys() == set(SLUGS)
    assert set(TYPES.values()) <= set(SLUGS)
    for file in SERVICE.rglob("*.py"):
        assert set(re.findall(r"/problems/([a-z-]+)", file.read_text())) <= set(SLUGS), file


@ON_SQLITE
def test_pages_are_html_for_browsers_and_text_or_json_for_others(client: FlaskClient) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    listed = client.get("/problems", headers=browser)
    assert listed.mimetype == "text/html"
    links = set("/" + each for each in re.findall(r'href="(problems/[^"]+)"', listed.text))
    assert links == {f"/problems/{slug}" for slug in SLUGS}
    for link in links:
        page = client.get(link, headers=browser)
        assert page.mimetype == "text/html" and "<h2>The mended request</h2>" in page.text and "curl" in page.text
        text, kind = client.get(link, headers={"Accept": "*/*"}), BY_SLUG[link.rpartition("/")[2]]
        assert text.mimetype == "text/plain" and kind.explanation in text.text and kind.title in text.text
        body = client.get(link, headers={"Accept": "application/json"}).json
        assert body["type"] == link and body["mended_request"] in text.text and body["causes"]
    assert [each["type"] for each in client.get("/problems?format=json").json["data"]] == [
        f"/problems/{slug}" for slug in SLUGS
    ]
    assert "/problems/validation: 422" in client.get("/problems").text
    assert "`/problems` lists them" in problem(client.get("/problems/nothing"), 404)["detail"]


@ON_SQLITE
def test_the_requests_of_the_pages_get_the_problem_and_the_mended_ones_do_not(
    client: FlaskClient, train: object
) -> None:
    train({"dataset": XOR, "training": SMALL, "model": "xor"})  # type: ignore[operator]
    client.put("/v1/models/xor/aliases/champion", json={"version": 1})
    assert len(PROVEN) >= 9
    for slug in PROVEN:
        page, kind = PAGES[slug], BY_SLUG[slug]
        for sent in page.before:
            assert send(client, sent).status_code < 300, (slug, sent)  # type: ignore[attr-defined]
        wrong = send(client, page.gets)
        assert problem(wrong, kind.status)["type"] == f"/problems/{slug}", slug
        mended = send(client, page.mended)
        assert mended.status_code < 300, (slug, mended.text)  # type: ignore[attr-defined]


def test_the_commands_of_all_pages_do_in_a_shell_what_they_say(tmp_path: Path, kernels: None) -> None:
    need("bash", "curl")
    with Service(tmp_path / "data", BACKPROP_WORKERS="1", BACKPROP_API_PROCESSES="1") as service:
        job = {"dataset": XOR, "training": SMALL, "model": "xor"}
        assert service.post("/v1/jobs?wait=60", job)["status"] == "succeeded"
        assert service.send("PUT", "/v1/models/xor/aliases/champion", {"version": 1})[0] == 201
        for slug, page in PAGES.items():
            if slug != "unauthenticated":
                assert all(in_shell(sent, service) < 300 for sent in (*page.before, page.mended)), slug
        for slug in (*PROVEN, "http"):
            assert in_shell(PAGES[slug].gets, service) == (BY_SLUG[slug].status or 431), slug
        key, page = service.post("/v1/keys", {"scopes": ["read"]})["key"], PAGES["unauthenticated"]
        assert (in_shell(page.gets, service), in_shell(page.mended, service, KEY=key)) == (401, 200)


def in_shell(sent: Sent, service: Service, **variables: str) -> int:
    """Return the status of the answer to a page's command."""
    command = sent.curl().replace("localhost:8000", f"127.0.0.1:{service.port}")
    command += " -o /dev/null -w '%{http_code}'"
    ran = subprocess.run(["bash", "-c", command], env={**os.environ, **variables}, capture_output=True, timeout=60)
    return int(ran.stdout)


@pytest.mark.parametrize("slug", SLUGS)
def test_commands_can_be_pasted(slug: str) -> None:
    for sent in (PAGES[slug].gets, PAGES[slug].mended, *PAGES[slug].before):
        command = sent.curl()
        assert command.startswith("curl -sS ") and "\n" not in command
        assert command.count("'") % 2 == 0 and "'localhost:8000/" in command
