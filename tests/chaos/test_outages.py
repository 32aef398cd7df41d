"""Something is away in the middle of a load for a moment: a short form. `make chaos` has half a minute of each."""

import pytest

from chaos.stage_outages import OUTAGES, Figures, kills_of_the_api, outage
from chaos.stage_service import LOADED

KINDS = {name: LOADED[name] for name in ("momentum float32", "wide float32")}
SHORT = Figures(away=3, before=0.5, jobs=8, kinds=KINDS)


@pytest.mark.parametrize("name", [name for name in OUTAGES if name != "queue frozen"])
def test_nothing_is_lost_and_no_answer_is_a_500_while_something_is_away(name: str) -> None:
    report = outage(name, SHORT, "tests")
    assert report.is_good, report.lines()
    assert report.counts["jobs"] == report.counts["acknowledged"] == 8 + len(KINDS)


def test_no_acknowledged_job_is_missing_when_the_api_is_killed() -> None:
    report = kills_of_the_api(1, SHORT, "tests")
    assert report.is_good, report.lines()
    assert report.counts["jobs"] == report.counts["acknowledged"] == 8 + len(KINDS)
