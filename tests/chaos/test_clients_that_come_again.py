"""Clients that send again, and that drop their streams and come again: a short form of `make chaos`'s two stages."""

import pytest

from chaos import stage_retries, stage_streams
from chaos.stage_retries import Answered, Answers

RETRIES = stage_retries.Figures(keys=60, sends=4, kills=1)
STREAMS = stage_streams.Figures(drops=8, jobs=1, kills=1)


@pytest.mark.parametrize("pair", ["sqlite+valkey", "postgresql+redis"])
def test_each_key_makes_one_job_however_often_and_at_once_it_is_sent(pair: str) -> None:
    report = stage_retries.run(pair, RETRIES, "tests")
    assert report.is_good, report.lines()
    assert report.counts["answers"] == RETRIES.keys * RETRIES.sends


def test_a_client_that_drops_its_streams_sees_each_event_once() -> None:
    report = stage_streams.run("sqlite+valkey", STREAMS, "tests")
    assert report.is_good, report.lines()
    assert report.counts["dropped by FIN"] and report.counts["dropped by RST"]


def test_a_key_that_made_two_jobs_or_none_or_was_answered_with_another_job_is_seen() -> None:
    figures, answers = stage_retries.Figures(keys=4, sends=2, kills=0), Answers()
    for number, job in enumerate(("job_a", "job_b", "job_c", "job_d")):
        answers.add(f"key {number}", Answered(202, job, False))
        answers.add(f"key {number}", Answered(202, job, number != 3))
    made = {"key 0": ["job_a", "job_x"], "key 2": ["job_y"], "key 3": ["job_d"]}
    words = [violation.words for violation in stage_retries.judge(made, answers, figures)]
    assert [any(key in each for each in words) for key in ("'key 0' has made 2", "'key 1' has made 0")] == [True, True]
    assert any("'key 2' was answered" in each for each in words)
    assert any("several answers to 'key 3'" in each for each in words)
