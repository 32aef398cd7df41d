"""Programs that tests run and the machine may lack: without one a test is skipped, and with CI=true it fails."""

import os
import shutil
from typing import NoReturn

import pytest


def missing(what: str) -> NoReturn:
    """Skip the test, or with CI=true fail it, because something is not installed."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


def need(*programs: str) -> None:
    """Skip the test, or with CI=true fail it, unless all these programs are on the PATH."""
    if absent := [program for program in programs if shutil.which(program) is None]:
        missing(f"{' and '.join(absent)} is missing: `apt-get install -y --no-install-recommends {' '.join(absent)}`")
