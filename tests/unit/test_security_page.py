"""Every test that `SECURITY.md` names exists, so that each of its claims is held by one."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)(?::(\w+))?`")


def test_the_tests_that_hold_the_claims_exist() -> None:
    named = NAMED.findall((ROOT / "SECURITY.md").read_text())
    assert len(named) >= 25
    for file, function in named:
        text = (ROOT / file).read_text()
        assert not function or f"def {function}(" in text, (file, function)
