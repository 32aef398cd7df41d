"""Bytes that are almost right, for every reader: refused as a client's mistake, or read as plain readers read them."""

from pathlib import Path

import pytest

from tests.abuse.fuzzing import KINDS, fuzz

EXAMPLES = 120


# Werkzeug leaves it to Python to close the file of a form that it refuses midway
@pytest.mark.filterwarnings("ignore:Exception ignored in. <function SpooledTemporaryFile")
@pytest.mark.parametrize("form", KINDS)
def test_damaged_files_are_refused_or_read_as_they_are(form: str, tmp_path: Path) -> None:
    refused, _ = fuzz(form, tmp_path, EXAMPLES, derandomize=True)
    assert refused > EXAMPLES // 10
