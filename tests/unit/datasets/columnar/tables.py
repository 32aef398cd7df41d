"""Tables written as Parquet, Arrow streams and Arrow files, and the readers of these."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq

from service.datasets.columnar import reader as columnar
from service.definitions.columns import Table

Read = Callable[..., tuple[Table, np.ndarray]]


def write(table: pa.Table, path: Path, form: str) -> None:
    if form == "parquet":
        pq.write_table(table, path, row_group_size=2)
    elif form == "stream":
        with ipc.new_stream(str(path), table.schema) as writer:
            writer.write_table(table, max_chunksize=2)
    else:
        with ipc.new_file(str(path), table.schema) as writer:
            writer.write_table(table, max_chunksize=2)


READERS = {
    "parquet": columnar.read_parquet,
    "stream": columnar.read_arrow_stream,
    "file": columnar.read_arrow_file,
}
