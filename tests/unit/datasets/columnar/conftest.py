"""The readers of Parquet and Arrow as a function of a table."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from service.datasets.columnar import reader as columnar
from service.datasets.options import Limits, ReadOptions
from service.definitions.columns import Table
from service.preprocessing.batches import open_rows
from tests.unit.datasets.columnar.tables import READERS, Read, write


@pytest.fixture(params=list(READERS))
def read(request: pytest.FixtureRequest, tmp_path: Path) -> Read:
    def run(table: pa.Table, limits: Limits | None = None, **options: Any) -> tuple[Table, np.ndarray]:
        source, destination = tmp_path / "in", tmp_path / "out.npy"
        write(table, source, request.param)
        found = READERS[request.param](source, ReadOptions(**options), limits or Limits(), destination)
        return found, np.array(open_rows(destination))

    return run


@pytest.fixture
def read_parquet(tmp_path: Path) -> Read:
    def run(table: pa.Table, limits: Limits | None = None, **options: Any) -> tuple[Table, np.ndarray]:
        source, destination = tmp_path / "in", tmp_path / "out.npy"
        pq.write_table(table, source)
        found = columnar.read_parquet(source, ReadOptions(**options), limits or Limits(), destination)
        return found, np.array(open_rows(destination))

    return run
