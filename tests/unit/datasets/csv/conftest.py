"""The reader of CSV as a function of a text."""

from pathlib import Path

import numpy as np
import pytest

from service.datasets.csv.reader import read_csv
from service.datasets.options import Limits, ReadOptions, types_of
from service.definitions.columns import Table
from service.preprocessing.batches import open_rows


@pytest.fixture
def read(tmp_path: Path):  # type: ignore[no-untyped-def]
    def run(text: str | bytes, limits: Limits | None = None, **options: object) -> tuple[Table, np.ndarray]:
        source, destination = tmp_path / "in.csv", tmp_path / "out.npy"
        if "types" in options:
            options["types"] = types_of(options["types"], "?types")  # type: ignore[arg-type]
        source.write_bytes(text.encode() if isinstance(text, str) else text)
        table = read_csv(source, ReadOptions(**options), limits or Limits(), destination)  # type: ignore[arg-type]
        return table, np.array(open_rows(destination))

    return run
