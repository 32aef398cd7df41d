"""The oracle of the stage `webhooks` names each way in which a delivery can be lost, doubled or forged."""

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chaos import stage_webhooks
from chaos.stage_webhooks import Stored, UnreliableAnswers, judge
from service.config import Settings
from tests.receiver import Received, Receiver

JOB = "job_1"
BODY = json.dumps({"type": "job.succeeded", "data": {"id": JOB}}).encode()
PATHS = ("/hook/0", "/hook/1")


def violations(
    monkeypatch: pytest.MonkeyPatch, stored: list[Stored], received: list[Received], taken: set[tuple[str, str]]
) -> list[str]:
    monkeypatch.setattr(stage_webhooks, "_stored", lambda settings: stored)
    given = UnreliableAnswers("seed")
    given.taken = taken
    there = cast(Receiver, SimpleNamespace(received=received))
    return [each.words for each in judge(Settings(), there, given, {JOB: False})]


def whole() -> tuple[list[Stored], list[Received], set[tuple[str, str]]]:
    stored = [Stored(path, "msg_1", "job.succeeded", "succeeded", BODY) for path in PATHS]
    received = [Received(path, {"webhook-id": "msg_1"}, BODY, ("whsec_",)) for path in PATHS]
    return stored, received, {(path, "msg_1") for path in PATHS}


def test_what_was_delivered_once_or_twice_under_one_id_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    stored, received, taken = whole()
    assert violations(monkeypatch, stored, received, taken) == []
    assert violations(monkeypatch, stored, [*received, received[0]], taken) == []


def test_each_fault_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    stored, received, taken = whole()
    other = {"webhook-id": "msg_2"}
    damages: dict[str, Any] = {
        "is failed and not delivered": ([replace(stored[0], status="failed"), stored[1]], received, taken),
        "was never taken": (stored, received, {(PATHS[1], "msg_1")}),
        "is signed wrongly": (stored, [replace(received[0], verified_by=()), received[1]], taken),
        "is not stored": (stored[1:], received, taken),
        "two copies of an event differ": (stored, [replace(received[0], body=BODY + b" "), received[1]], taken),
        "at /hook/0 under 2 ids": (stored, [*received, replace(received[0], headers=other)], taken),
        "at /hook/1 under 0 ids": (stored, received[:1], taken),
    }
    for words, damaged in damages.items():
        assert any(words in found for found in violations(monkeypatch, *damaged)), words
