"""The demo finds its example data, in a checkout and in an installed wheel, and says what went wrong."""

import json
from pathlib import Path

import pytest

import service
from backprop_client import Client
from service.config import Settings
from service.errors import Misconfigured, ServiceError
from service.ops import demo
from tests.clients.scripted import Reply, scripted


@pytest.mark.parametrize("name", ["digits.csv", "iris.csv"])
def test_examples_are_found_next_to_the_package(name: str) -> None:
    assert demo._example(name) == Path(service.__file__).parents[1] / "examples" / name


def test_examples_are_found_within_an_installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = tmp_path / "service" / "examples"
    examples.mkdir(parents=True)
    (examples / "digits.csv").write_text("a,b")
    monkeypatch.setattr(service, "__file__", str(tmp_path / "service" / "__init__.py"))
    assert demo._example("digits.csv") == examples / "digits.csv"


def test_a_missing_example_is_an_error_of_the_installation() -> None:
    with pytest.raises(Misconfigured, match=r"nothing\.csv is not installed"):
        demo._example("nothing.csv")


@pytest.mark.parametrize(
    ("status", "said"),
    [(401, "keys are asked for here: set BACKPROP_KEY"), (507, "507 Insufficient Storage: the disk is full")],
)
def test_what_the_service_refuses_is_told_in_a_sentence(status: int, said: str) -> None:
    title = "Unauthenticated" if status == 401 else "Insufficient Storage"
    problem = json.dumps({"title": title, "status": status, "detail": "the disk is full"}).encode()
    replies = [Reply(body=b'{"status": "ready"}'), Reply(status, problem)]
    with scripted(*replies) as server, Client(server.url) as client, pytest.raises(ServiceError, match=said):
        demo._shown(client, Settings())


def test_a_job_that_fails_is_named() -> None:
    job = {"id": "job_1", "status": "queued"}
    progress = {"epoch": 3, "epochs": 9, "fraction": 1 / 3}
    error = {"code": "diverged", "detail": "the loss is not finite"}
    ended = {"id": "job_1", "status": "failed", "error": error, "progress": progress, "latest": None}
    replies = [Reply(body=json.dumps(body).encode()) for body in ({"status": "ready"}, job, ended)]
    said = r"job_1 failed: the loss is not finite \(diverged\)"
    with scripted(*replies) as server, Client(server.url) as client, pytest.raises(ServiceError, match=said):
        demo._shown(client, Settings())
