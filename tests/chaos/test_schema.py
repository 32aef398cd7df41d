"""The OpenAPI document is what the service does: a short, seeded exploration. `make chaos` has the long one."""

from pathlib import Path

from chaos.stage_schema import SETTINGS, explore
from tests.integration.service import Service

CASES_EACH = 7


def test_every_answer_is_as_documented_and_none_is_a_5xx(tmp_path: Path) -> None:
    with Service(tmp_path / "data", BACKPROP_WORKERS="1", BACKPROP_API_PROCESSES="1", **SETTINGS) as service:
        explored = explore(service.address, seed=1, cases_each=CASES_EACH, bounds=False)
    assert not explored.faults, explored.faults
    assert explored.operations >= 48 and explored.cases >= 300
