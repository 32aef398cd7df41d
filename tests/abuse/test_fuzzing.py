"""Bytes that are almost right, for every reader: refused as a client's mistake, or read as plain readers read them."""

from pathlib import Path

import pytest

from tests.abuse.fuzzing import READERS, fuzz

EXAMPLES = 120


@pytest.mark.parametrize("form", READERS)
def test_damaged_files_are_refused_or_read_as_they_are(form: str, tmp_path: Path) -> None:
    refused, _ = fuzz(form, tmp_path, EXAMPLES, derandomize=True)
    assert refused > EXAMPLES // 10
