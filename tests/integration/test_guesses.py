"""Unknown addresses and methods are answered with a guess, which costs little."""

import pytest
from flask.testing import FlaskClient

from service.api import guesses
from service.api.guesses import Guesses
from service.app import RESOURCES
from tests.conftest import ON_SQLITE
from tests.integration.contract import XOR, problem

ROUTES = [route for module in RESOURCES for route in module.routes.routes]
# whose misspelling is a name at the place of theirs: of a model, or of a page
NEXT_TO_NAMES = ("/", "/v2/models/stats", "/docs/schemas", "/docs/style.css")
MEANT = {
    "/v1/job": "/v1/jobs",
    "/jobs": "/v1/jobs",
    "/job": "/v1/jobs",
    "/api/v1/jobs": "/v1/jobs",
    "/v1/jobs/x/epoch": "/v1/jobs/x/epochs",
    "/v1/jobs/x/cancle": "/v1/jobs/x:cancel",
    "/v1/modles/m:predict": "/v1/models/m:predict",
    "/models/m:predict": "/v1/models/m:predict",
    "/v1/models/m/infer": "/v1/models/m:predict",
    "/problem/validation": "/problems/validation",
    "/health": "/healthz",
    "/v2/model/m": "/v2/models/m",
}


@pytest.mark.parametrize(("path", "meant"), MEANT.items())
def test_an_address_that_is_nearly_right_is_guessed(path: str, meant: str) -> None:
    assert Guesses(ROUTES).nothing_at(path) == f"; did you mean `{meant}`?"


def test_every_address_with_one_letter_too_many_is_guessed() -> None:
    known = Guesses(ROUTES)
    for route in ROUTES:
        if route.path not in NEXT_TO_NAMES and not route.path.endswith("}"):
            path = route.path.replace("{", "").replace("}", "")
            assert f"`{path}`" in known.nothing_at(f"{path}x"), route.path


@ON_SQLITE
def test_answers_name_what_was_meant(client: FlaskClient) -> None:
    job = client.post("/v1/jobs", json={"dataset": XOR}).json["id"]
    assert "did you mean `/v1/jobs`?" in problem(client.get("/v1/job"), 404)["detail"]
    assert f"`POST /v1/jobs/{job}:cancel`?" in problem(client.post(f"/v1/jobs/{job}:stop"), 405)["detail"]
    read_only = problem(client.post(f"/v1/jobs/{job}/epochs"), 405)["detail"]
    assert f"`GET /v1/jobs/{job}/epochs`: List the losses" in read_only
    below = problem(client.get(f"/v1/jobs/{job}/nothing"), 404)["detail"]
    assert f"below `/v1/jobs/{job}` there are" in below and "`epochs`" in below
    assert "openapi.json" in problem(client.get("/nothing/of/this/kind"), 404)["detail"]
    assert "did you mean" in problem(client.get("/v2/model/m"), 404)["detail"]


def test_the_work_for_a_guess_does_not_grow_with_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    known, compared = Guesses(ROUTES), list[int]()
    closest = guesses.closest

    def counted(word: str, names: list[str]) -> list[str]:
        compared.append(len(names))
        return closest(word, names)

    monkeypatch.setattr(guesses, "closest", counted)
    for path in ("/v1/" + "a" * 100_000, "/" + "a/" * 50_000, "/v1/jobs/" + ":" * 50_000, "/jobz" * 11, "/%3A" * 60):
        for method in ("GET", "POST"):
            assert len(known.nothing_at(path)) < 1000 and len(known.instead_of(method, path)) < 1000
    assert sum(compared) < 1000
