"""Chaos in its short form, on both pairs: failpoints, kills and zombies, and faults that the oracle has to see.

The whole of it is `make chaos`.
"""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

from chaos import __main__ as command
from chaos import hooks, stage_failpoints, stage_kills, stage_mutants, stage_twenty, stage_webhooks
from chaos.failpoints import Failpoint
from chaos.grounds import PAIRS, Ground, on
from chaos.kinds import KINDS, LONG
from chaos.oracle import Report, Violation
from chaos.scenes import Case
from tests.conftest import Backends

SEED = "tests"
SHORT = stage_kills.Figures(kills=8, zombies=3, jobs=24, seconds=4)
KILLS = 5  # of each kind


def made(backends: Backends, **settings: Any) -> AbstractContextManager[Ground]:
    pair = "sqlite+valkey" if backends.database_url.startswith("sqlite") else "postgresql+redis"
    return on(pair, backends.data_dir, backends.database_url, backends.queue_url, **settings)


@pytest.fixture
def ground(backends: Backends) -> Iterator[Ground]:
    with made(backends) as ground:
        yield ground


def case(scene: str, kind: str, point: str, occurrence: int = 1) -> Case:
    return Case(scene, kind, LONG if kind == "long" else KINDS[kind], Failpoint(point, occurrence))


CASES = [
    case("killed", "momentum float32", "claim committed"),
    case("killed", "adam float64", "flush written", 3),
    case("killed", "wide float32", "blob after", 2),
    case("killed", "short float64", "flush committed", 4),
    case("killed", "stop_when float32", "end written"),
    case("killed", "long", "counts written"),
    case("zombie", "schedule float64", "flush begins", 2),
    case("paused", "momentum float64", "release committed"),
    case("cancelled", "adam float32", "tidy written"),
    case("cancelled_last", "adam float32", "end begins"),
    case("paused_last", "stop_when float32", "end begins"),
    case("expired", "schedule float32", "reconciler written"),
    case("predicted", "adam float32", "part written", 2),
]


def test_a_worker_that_dies_before_or_after_a_write_loses_nothing(ground: Ground) -> None:
    report = stage_failpoints.run(ground, CASES)
    assert report.is_good, report.lines()
    assert report.counts["failpoints"] == len(CASES)
    assert report.counts["jobs compared"] == len(CASES) + len({each.kind for each in CASES})


def test_workers_killed_and_stopped_at_random_lose_nothing(backends: Backends) -> None:
    with made(backends, lease_seconds=stage_kills.LEASE_SECONDS) as ground:
        report = stage_kills.run(ground, SHORT, SEED)
    assert report.is_good, report.lines()
    assert (report.counts["kills"], report.counts["zombies"]) == (SHORT.kills, SHORT.zombies)
    assert report.counts["jobs"] == SHORT.jobs + len(KINDS) == report.counts["acknowledged"]


def test_the_oracle_sees_each_fault_that_is_put_in(ground: Ground) -> None:
    report = stage_mutants.stage(ground)
    assert report.is_good, report.lines()


@pytest.mark.parametrize("servers", ["sqlite+valkey"], indirect=True)
def test_a_job_killed_again_and_again_has_the_same_hash_at_every_epoch(ground: Ground) -> None:
    asked = ("SGD", "Adam", "schedule")
    bodies = {name: body for name, body in stage_twenty.kinds(KILLS).items() if name.startswith(asked)}
    report = stage_twenty.run(ground, bodies, KILLS, SEED)
    assert report.is_good, report.lines()
    assert report.counts["kills"] == KILLS * len(bodies)
    assert report.counts["jobs compared"] == 2 * len(bodies)


def test_a_seed_gives_its_plan_again_and_covers_every_write() -> None:
    plan = stage_failpoints.plan(SEED)
    assert plan == stage_failpoints.plan(SEED) != stage_failpoints.plan("another")
    met = {each.failpoint.point for each in plan}
    unmet = {name for name in hooks.names() if name not in met} - {"batch after"}
    assert all(name.startswith("second transaction") for name in unmet), unmet
    assert 2 * len(plan) >= 200


def test_a_function_that_is_gone_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    hooks.check()
    monkeypatch.setattr(hooks, "WRITERS", (("flush", "workers.run.recorder", "Recorder.gone"),))
    with pytest.raises(hooks.Unhooked, match=r"no Recorder\.gone in workers\.run\.recorder"):
        hooks.check()


@pytest.mark.parametrize("is_good", [True, False])
def test_the_exit_code_of_the_command_says_whether_anything_was_lost(
    is_good: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seeds: list[str] = []

    def stage(_: command.Size, seed: str) -> Report:
        seeds.append(seed)
        return Report({"kills": 3}, () if is_good else (Violation("job_1", "is gone"),))

    monkeypatch.setattr(command, "STAGES", {"kills": stage, "service": stage})
    monkeypatch.setattr(sys, "argv", ["chaos", "kills", "--seed", "x"])
    assert command.main() == (0 if is_good else 1)
    assert command.soak(command.FULL, "y", minutes=0) is is_good
    assert seeds == ["x kills", "y.0 kills", "y.0 service"]
    printed = capsys.readouterr().out
    assert "checked: 3 kills" in printed and ("VIOLATION job_1: is gone" in printed) is not is_good
    assert is_good or "SEED=x" in printed


def test_an_end_is_distinguished_from_a_flush() -> None:
    assert hooks.writer() is None
    labels = [label for label, _, _ in hooks.WRITERS]
    assert labels.index("end") < labels.index("flush") < labels.index("claim")


@pytest.mark.parametrize("pair", [PAIRS[0], pytest.param(PAIRS[1], marks=pytest.mark.long)])
def test_what_is_sent_to_webhooks_while_processes_are_killed_arrives_signed_and_under_one_id(pair: str) -> None:
    report = stage_webhooks.run(pair, stage_webhooks.Figures(kills=6, apart=1.5, jobs_a_second=2.0), SEED)
    assert report.is_good, report.lines()
    assert report.counts["jobs"] > 0 and report.counts["deliveries"] >= 6 * report.counts["jobs"]
    assert sum(count for name, count in report.counts.items() if name.startswith("kills of")) >= 4
