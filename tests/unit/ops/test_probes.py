"""Checks of parts that hang: they are answered in time, from what was known, and by one thread."""

import threading
from collections.abc import Iterator

import pytest

from service.ops.probes import Check, Checks, Probe, ask
from tests.waiting import wait_until

SOON = 0.05
PATIENCE = 20.0


class Part:
    """A part that hangs while `goes_on` is clear."""

    def __init__(self) -> None:
        self.goes_on = threading.Event()
        self.goes_on.set()
        self.looks = 0

    def look(self) -> Checks:
        self.looks += 1
        assert self.goes_on.wait(PATIENCE)
        return {"disk": Check(True, facts={"free_bytes": self.looks}), "folder": Check(True)}


@pytest.fixture
def part() -> Iterator[Part]:
    made = Part()
    yield made
    made.goes_on.set()
    wait_until(lambda: not threads(), PATIENCE, "the end of the looks")


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("check ")]


def test_each_question_looks_anew(part: Part) -> None:
    probe = Probe("disk", part.look, "mend it")
    assert [ask([probe], PATIENCE)["disk"].facts["free_bytes"] for _ in range(3)] == [1, 2, 3]


def test_a_part_that_hangs_is_named_and_what_is_seen_through_it_stands_in(part: Part) -> None:
    probe = Probe("disk", part.look, "mend it")
    before = ask([probe], PATIENCE)
    assert before["disk"].since is None
    part.goes_on.clear()
    found = ask([probe], SOON)
    assert (found["disk"].ok, found["disk"].detail) == (False, "no answer within 0.05 s; mend it")
    assert found["folder"].ok and found["folder"].since == found["disk"].since is not None


def test_a_part_that_hangs_from_the_start_has_no_last_answer(part: Part) -> None:
    part.goes_on.clear()
    assert set(found := ask([Probe("disk", part.look, "mend it")], SOON)) == {"disk"}
    assert not found["disk"].ok and found["disk"].since is None


def test_however_often_a_part_that_hangs_is_asked_for_one_thread_waits_for_it(part: Part) -> None:
    probe = Probe("disk", part.look, "mend it")
    part.goes_on.clear()
    for _ in range(50):
        assert not ask([probe], 0.001)["disk"].ok
    assert threads() == ["check disk"] and part.looks == 1
    part.goes_on.set()
    wait_until(lambda: ask([probe], PATIENCE)["disk"].ok, PATIENCE, "the part")


def test_parts_are_looked_at_side_by_side() -> None:
    both = threading.Barrier(2, timeout=PATIENCE)

    def meet(name: str) -> Checks:
        both.wait()
        return {name: Check(True)}

    probes = [Probe("a", lambda: meet("a"), ""), Probe("b", lambda: meet("b"), "")]
    assert set(ask(probes, PATIENCE)) == {"a", "b"}


def test_a_look_that_raises_is_a_fault_and_not_the_end_of_looking(caplog: pytest.LogCaptureFixture) -> None:
    faults = [ValueError("odd")]

    def look() -> Checks:
        if faults:
            raise faults.pop()
        return {"disk": Check(True)}

    probe = Probe("disk", look, "mend it")
    found = ask([probe], PATIENCE)["disk"]
    assert not found.ok and "ValueError" in found.detail and "odd" in caplog.text
    assert ask([probe], PATIENCE)["disk"].ok


def test_an_answer_does_not_wait_for_parts_that_hang(part: Part) -> None:
    part.goes_on.clear()
    probes = [Probe(name, part.look, "") for name in ("disk", "database", "queue")]
    found = ask(probes, SOON)
    assert not any(check.ok for check in found.values())
    assert sorted(threads()) == ["check database", "check disk", "check queue"]  # none has returned
