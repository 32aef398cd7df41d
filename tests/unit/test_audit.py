"""What `make audit` makes of pip-audit's reports."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FILE = Path(__file__).resolve().parents[2] / ".ci" / "audit.py"
FOUND = {"id": "PYSEC-1", "aliases": ["CVE-1", "GHSA-1"], "fix_versions": ["2.1"]}


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", FILE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def report(*packages: dict[str, Any]) -> dict[str, Any]:
    return {"dependencies": list(packages)}


def package(*advisories: dict[str, Any]) -> dict[str, Any]:
    return {"name": "flask", "version": "2.0", "vulns": list(advisories)}


def test_an_advisory_fails_unless_one_of_its_names_is_listed(audit: ModuleType) -> None:
    code, words = audit.verdict(report(package(FOUND)), {})
    assert code == 1 and "flask 2.0: PYSEC-1 CVE-1 GHSA-1; fixed in 2.1" in words
    code, words = audit.verdict(report(package(FOUND)), {"GHSA-1": "no XML is read"})
    assert code == 0 and "but 1 that" in words
    code, _ = audit.verdict(report(package(FOUND, {**FOUND, "id": "PYSEC-2", "aliases": []})), {"GHSA-1": "as above"})
    assert code == 1


def test_packages_that_the_registry_does_not_know_are_not_called_safe(audit: ModuleType) -> None:
    unknown = {"name": "flask", "skip_reason": "Dependency not found on PyPI"}
    code, words = audit.verdict(report(unknown), {})
    assert code == 0 and "could be asked" in words and "\n" not in words
    assert audit.verdict(report(unknown, package()), {})[1].endswith(", 1 could not be asked for")


def test_a_service_that_does_not_answer_is_said_in_one_line(audit: ModuleType) -> None:
    code, words = audit.failure("Traceback\nrequests.exceptions.ConnectionError: HTTPSConnectionPool(...)")
    assert code == 0 and "does not answer" in words and "\n" not in words
    assert audit.failure("error: requirements/dev.txt: no such file")[0] == 1


def test_an_advisory_is_listed_with_a_reason(audit: ModuleType) -> None:
    assert audit.accepted("# words\n\nGHSA-1 no XML is read\n") == {"GHSA-1": "no XML is read"}
    with pytest.raises(ValueError, match="GHSA-2 without a reason"):
        audit.accepted("GHSA-2\n")
    audit.accepted(audit.ACCEPTED.read_text())
