"""Every operation of the OpenAPI document, explored with schemathesis: no 5xx, every answer as it is documented.

Cases are of three kinds: the bounds of each parameter and field, one after the other (`coverage`), random ones
(`fuzzing`), half of which violate the document, and requests that follow the document's links from answer to answer
(`stateful`). `chaos.schema_hooks` lets most of them name existing resources.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from chaos.oracle import Report, Violation
from tests.integration.service import Service

CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "use_after_free",
)
SETTINGS = {  # so that no case costs much: little to compute, short streams, and the stock's jobs go first
    "BACKPROP_MAX_PARAMETERS": "100000",
    "BACKPROP_STREAM_SECONDS": "0.1",
    "BACKPROP_TURN_SECONDS": "0.1",
    "BACKPROP_WEBHOOKS": "off",  # nobody is sent anything
    "BACKPROP_TENANT_WEBHOOKS": "0",
    "BACKPROP_AUTH": "off",  # otherwise the first key that a case makes would shut the others out
}
HOOKS, ADDRESS, SEED = "chaos.schema_hooks", "CHAOS_ADDRESS", "CHAOS_SEED"
ANSWER_SECONDS = 30
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Explored:
    """The number of cases, and schemathesis's report of those that failed."""

    operations: int
    cases: int
    seed: int
    faults: str

    def line(self) -> str:
        verdict = "faults found" if self.faults else "no 5xx, every answer as documented"
        return f"{self.cases:,} cases of {self.operations} operations (seed {self.seed}): {verdict}"


def explore(address: str, seed: int, cases_each: int, bounds: bool = True) -> Explored:
    """Send random cases, at most `cases_each` to each operation, and as many sequences of linked requests.

    With `bounds` about 10,000 cases at the bounds of parameters and fields come before them.
    """
    with tempfile.TemporaryDirectory(prefix="bp-schema-") as folder:
        report = Path(folder) / "report.json"
        command = [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json"),
            *("--phases", "coverage,fuzzing,stateful" if bounds else "fuzzing,stateful"),
            *("--checks", ",".join(CHECKS)),
            *("--max-examples", str(cases_each), "--seed", str(seed), "--continue-on-failure"),
            *("--request-timeout", str(ANSWER_SECONDS), "--generation-database", "none", "--no-color"),
            *("--report", "json", "--report-json-path", str(report)),
        ]
        ran = subprocess.run(command, cwd=folder, env=_environment(address, seed), capture_output=True, text=True)
        assert report.exists(), f"schemathesis ended with {ran.returncode}\n{ran.stdout[-4000:]}{ran.stderr[-4000:]}"
        found = json.loads(report.read_text())
    return Explored(found["operations"]["tested"], found["test_cases"]["generated"], seed, _faults(ran))


def _environment(address: str, seed: int) -> dict[str, str]:
    hooks = {"SCHEMATHESIS_HOOKS": HOOKS, "PYTHONPATH": str(ROOT)}
    return {**os.environ, **hooks, ADDRESS: address, SEED: str(seed)}


def _faults(ran: subprocess.CompletedProcess[str]) -> str:
    """Return the report of each failed case, with the command that repeats it; empty when there is none."""
    if ran.returncode == 0:
        return ""
    begins = [at for at in map(ran.stdout.find, ("= ERRORS =", "= FAILURES =")) if at >= 0]
    return ran.stdout[min(begins, default=0) :] + ran.stderr


def stage(cases_each: int, seed: str) -> Report:
    """Run the stage on a service with embedded database and queue."""
    with (
        tempfile.TemporaryDirectory(prefix="bp-chaos-") as name,
        Service(Path(name) / "data", BACKPROP_API_PROCESSES="1", **SETTINGS) as service,
    ):
        explored = explore(service.address, number_of(seed), cases_each)
    print(f"  {explored.line()}", flush=True)
    found = [Violation(None, explored.faults)] if explored.faults else []
    return Report({"cases of schemathesis": explored.cases}, tuple(found))


def number_of(seed: str) -> int:
    """Return a seed as a number, for generators of cases."""
    return int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4])
