"""`backprop ...` in this process, which has imported already what a process of its own would import first."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO

from service.ops.cli import main
from tests.logging_state import restored


@dataclass(frozen=True)
class Ended:
    """The exit code of a command and what it printed."""

    code: int
    output: str
    errors: str


def backprop(*arguments: object, **settings: str) -> Ended:
    """Run a command with these settings alone."""
    output, errors = StringIO(), StringIO()
    with _settings(settings), restored(), redirect_stdout(output), redirect_stderr(errors):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as exit:  # the parser's, after `--help` and for arguments that it does not know
            code = int(exit.code or 0)
    return Ended(code, output.getvalue(), errors.getvalue())


@contextmanager
def _settings(settings: dict[str, str]) -> Iterator[None]:
    outer = dict(os.environ)
    for name in outer:
        if name.startswith("BACKPROP_"):
            del os.environ[name]
    os.environ.update(settings)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(outer)
