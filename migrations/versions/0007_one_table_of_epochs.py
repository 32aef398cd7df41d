"""All epochs in one table of runs, one packed vector a column; `jobs.batches`, which nothing read, goes.

A few thousand epochs are in memory at a time. `jobs` is never rebuilt: within a transaction SQLite's foreign keys stay
on, so that dropping the old `jobs` would delete the rows of every table that refers to it.
"""

import io
import json
import math
import struct
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

Document = sa.JSON(none_as_null=True)
Serial = sa.BigInteger().with_variant(sa.Integer, "sqlite")

MOST_EPOCHS = 10_000  # in one row
TOGETHER = 2_000  # single epochs that one statement reads or writes
DIGEST_BYTES = 32
METRIC = "metric_"  # before the name of a metric in the NPZ archives of `epoch_runs`

Series = Sequence[float]
Metrics = dict[str, Series]

singles = sa.table(
    "single_epochs",  # `epochs` as it was before
    sa.column("job"),
    sa.column("epoch"),
    sa.column("training_loss"),
    sa.column("validation_loss"),
    sa.column("training_metrics", Document),
    sa.column("validation_metrics", Document),
    sa.column("learning_rate"),
    sa.column("seconds"),
    sa.column("parameters_stored", sa.Boolean()),
    sa.column("sha256"),
)
archives = sa.table(
    "epoch_runs",
    sa.column("job"),
    sa.column("first_epoch"),
    sa.column("last_epoch"),
    sa.column("learning_rate"),
    sa.column("seconds"),
    sa.column("columns", sa.LargeBinary()),
)
runs = sa.table(
    "epochs",
    sa.column("job"),
    sa.column("first_epoch"),
    sa.column("last_epoch"),
    sa.column("parameters_stored", sa.LargeBinary()),
    sa.column("training_loss", sa.LargeBinary()),
    sa.column("validation_loss", sa.LargeBinary()),
    sa.column("learning_rate", sa.LargeBinary()),
    sa.column("seconds", sa.LargeBinary()),
    sa.column("training_metric_names"),
    sa.column("training_metrics", sa.LargeBinary()),
    sa.column("validation_metric_names"),
    sa.column("validation_metrics", sa.LargeBinary()),
    sa.column("sha256", sa.LargeBinary()),
)


@dataclass(frozen=True)
class Run:
    """Consecutive epochs, one vector for each figure; NaN where the value is null."""

    first_epoch: int
    training_loss: Series
    validation_loss: Series | None
    training_metrics: Metrics
    validation_metrics: Metrics
    learning_rate: Series
    seconds: Series
    parameters_stored: bytes
    sha256: bytes

    def __len__(self) -> int:
        return len(self.training_loss)

    def is_followed_by(self, other: "Run") -> bool:
        """Return whether `other` begins right after this run and has the same figures."""
        return (
            self.first_epoch + len(self) == other.first_epoch
            and (self.validation_loss is None) == (other.validation_loss is None)
            and list(self.training_metrics) == list(other.training_metrics)
            and list(self.validation_metrics) == list(other.validation_metrics)
        )


def upgrade() -> None:
    connection = op.get_bind()
    _drop_batches(connection)
    _rename_epochs(connection, "epochs", "single_epochs")
    op.create_table(
        "epochs",
        sa.Column("job", Serial, autoincrement=False, nullable=False),
        sa.Column("first_epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_epoch", sa.Integer(), nullable=False),
        sa.Column("parameters_stored", sa.LargeBinary(), nullable=False),
        sa.Column("training_loss", sa.LargeBinary(), nullable=False),
        sa.Column("validation_loss", sa.LargeBinary(), nullable=True),
        sa.Column("learning_rate", sa.LargeBinary(), nullable=False),
        sa.Column("seconds", sa.LargeBinary(), nullable=False),
        sa.Column("training_metric_names", sa.Text(), nullable=False),
        sa.Column("training_metrics", sa.LargeBinary(), nullable=False),
        sa.Column("validation_metric_names", sa.Text(), nullable=False),
        sa.Column("validation_metrics", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["jobs.number"], name=op.f("fk_epochs_job"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job", "first_epoch", name=op.f("pk_epochs")),
    )
    for job in _jobs(connection):
        pieces = merge(_singles(connection, job), _archives(connection, job), key=lambda run: run.first_epoch)
        for group in _groups(pieces):
            connection.execute(sa.insert(runs).values(_row(job, group)))
    op.drop_table("single_epochs")
    op.drop_table("epoch_runs")


def downgrade() -> None:
    """Make every epoch a row of `epochs`, which the code of before reads in long runs' stead too."""
    connection = op.get_bind()
    op.add_column("jobs", sa.Column("batches", sa.BigInteger(), nullable=True))
    op.create_table(
        "single_epochs",
        sa.Column("job", Serial, autoincrement=False, nullable=False),
        sa.Column("epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("training_loss", sa.Float(precision=53), nullable=False),
        sa.Column("validation_loss", sa.Float(precision=53), nullable=True),
        sa.Column("training_metrics", Document, nullable=False),
        sa.Column("validation_metrics", Document, nullable=False),
        sa.Column("learning_rate", sa.Float(precision=53), nullable=False),
        sa.Column("seconds", sa.Float(precision=53), nullable=False),
        sa.Column("parameters_stored", sa.Boolean(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["jobs.number"], name=op.f("fk_epochs_job"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job", "epoch", name=op.f("pk_single_epochs")),
    )
    op.create_table(
        "epoch_runs",
        sa.Column("job", Serial, autoincrement=False, nullable=False),
        sa.Column("first_epoch", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last_epoch", sa.Integer(), nullable=False),
        sa.Column("learning_rate", sa.Float(53), nullable=False),
        sa.Column("seconds", sa.Float(53), nullable=False),
        sa.Column("columns", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["job"], ["jobs.number"], name=op.f("fk_epoch_runs_job"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job", "first_epoch", name=op.f("pk_epoch_runs")),
    )
    for job in _jobs(connection):
        for row in _rows(connection, runs, job, "first_epoch", together=1):
            for start in range(row.first_epoch, row.last_epoch + 1, TOGETHER):
                last = min(start + TOGETHER - 1, row.last_epoch)
                connection.execute(sa.insert(singles), list(_single_rows(row, start, last)))
    op.drop_table("epochs")
    _rename_epochs(connection, "single_epochs", "epochs")


def _drop_batches(connection: sa.Connection) -> None:
    connection.exec_driver_sql("ALTER TABLE jobs DROP COLUMN batches")


def _rename_epochs(connection: sa.Connection, before: str, name: str) -> None:
    """Rename a table that no other refers to, and on PostgreSQL the index of its key, whose name no other may have."""
    op.rename_table(before, name)
    if connection.dialect.name != "sqlite":
        connection.exec_driver_sql(f"ALTER INDEX pk_{before} RENAME TO pk_{name}")


def _jobs(connection: sa.Connection) -> list[int]:
    number: sa.ColumnClause[int] = sa.column("number")
    return list(connection.execute(sa.select(number).select_from(sa.table("jobs", number)).order_by(number)).scalars())


def _rows(connection: sa.Connection, table: sa.TableClause, job: int, key: str, together: int) -> Iterator[sa.Row[Any]]:
    """Yield a job's rows in the order of `key`, reading some of them at a time."""
    query = sa.select(table).where(table.c.job == job).order_by(table.c[key]).limit(together)
    after = -1
    while rows := connection.execute(query.where(table.c[key] > after)).all():
        yield from rows
        after = rows[-1]._mapping[key]


def _singles(connection: sa.Connection, job: int) -> Iterator[Run]:
    for row in _rows(connection, singles, job, "epoch", TOGETHER):
        yield Run(
            row.epoch,
            (row.training_loss,),
            None if row.validation_loss is None else (row.validation_loss,),
            {name: (_number(value),) for name, value in row.training_metrics.items()},
            {name: (_number(value),) for name, value in row.validation_metrics.items()},
            (row.learning_rate,),
            (row.seconds,),
            bytes([row.parameters_stored]),
            _digest(row.sha256),
        )


def _archives(connection: sa.Connection, job: int) -> Iterator[Run]:
    for row in _rows(connection, archives, job, "first_epoch", together=1):
        yield _run_of_archive(row)


def _run_of_archive(row: sa.Row[Any]) -> Run:
    with zipfile.ZipFile(io.BytesIO(row.columns)) as archive:
        columns = {name.removesuffix(".npy"): _values(archive.read(name)) for name in archive.namelist()}
    count = row.last_epoch - row.first_epoch + 1
    metrics = {name.removeprefix(METRIC): data for name, data in columns.items() if name.startswith(METRIC)}
    return Run(
        row.first_epoch,
        _series(columns["training_loss"]),
        None,
        {name: _series(data) for name, data in metrics.items()},
        {},
        [row.learning_rate] * count,
        [row.seconds] * count,
        columns["parameters_stored"],
        columns["sha256"],
    )


def _values(npy: bytes) -> bytes:
    """Return the bytes of an array in NumPy's file format 1.0, which says in two bytes how long its header is."""
    return npy[10 + int.from_bytes(npy[8:10], "little") :]


def _series(data: bytes) -> Series:
    return struct.unpack(f"<{len(data) // 8}d", data)


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _digest(text: str) -> bytes:
    """Return the bytes of a hash in hex; zeros for what is none."""
    try:
        data = bytes.fromhex(text)
    except ValueError:
        data = b""
    return data if len(data) == DIGEST_BYTES else bytes(DIGEST_BYTES)


def _groups(pieces: Iterator[Run]) -> Iterator[list[Run]]:
    """Yield runs that follow each other and have the same figures, of at most `MOST_EPOCHS` epochs together."""
    group: list[Run] = []
    count = 0
    for piece in pieces:
        if group and (count + len(piece) > MOST_EPOCHS or not group[-1].is_followed_by(piece)):
            yield group
            group, count = [], 0
        group.append(piece)
        count += len(piece)
    if group:
        yield group


def _row(job: int, group: Sequence[Run]) -> dict[str, Any]:
    first = group[0]
    has_validation = first.validation_loss is not None
    return {
        "job": job,
        "first_epoch": first.first_epoch,
        "last_epoch": group[-1].first_epoch + len(group[-1]) - 1,
        "parameters_stored": b"".join(run.parameters_stored for run in group),
        "training_loss": _packed([run.training_loss for run in group]),
        "validation_loss": _packed([run.validation_loss or () for run in group]) if has_validation else None,
        "learning_rate": _packed([run.learning_rate for run in group]),
        "seconds": _packed([run.seconds for run in group]),
        "training_metric_names": json.dumps(list(first.training_metrics)),
        "training_metrics": _packed_metrics([run.training_metrics for run in group]),
        "validation_metric_names": json.dumps(list(first.validation_metrics)),
        "validation_metrics": _packed_metrics([run.validation_metrics for run in group]),
        "sha256": b"".join(run.sha256 for run in group),
    }


def _packed_metrics(parts: Sequence[Metrics]) -> bytes:
    return b"".join(_packed([part[name] for part in parts]) for name in parts[0])


def _packed(parts: Sequence[Series]) -> bytes:
    return b"".join(struct.pack(f"<{len(part)}d", *part) for part in parts)


def _single_rows(row: sa.Row[Any], first: int, last: int) -> Iterator[dict[str, Any]]:
    """Yield the epochs from `first` to `last` of a run, each as a row of its own."""
    count = row.last_epoch - row.first_epoch + 1
    hashes = bytes(row.sha256)
    training_names, validation_names = json.loads(row.training_metric_names), json.loads(row.validation_metric_names)
    for index in range(first - row.first_epoch, last - row.first_epoch + 1):
        yield {
            "job": row.job,
            "epoch": row.first_epoch + index,
            "training_loss": _unpacked(row.training_loss, index),
            "validation_loss": None if row.validation_loss is None else _finite(_unpacked(row.validation_loss, index)),
            "training_metrics": _metrics(training_names, row.training_metrics, index, count),
            "validation_metrics": _metrics(validation_names, row.validation_metrics, index, count),
            "learning_rate": _unpacked(row.learning_rate, index),
            "seconds": _unpacked(row.seconds, index),
            "parameters_stored": bool(row.parameters_stored[index]),
            "sha256": hashes[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES].hex(),
        }


def _metrics(names: Sequence[str], data: bytes, index: int, count: int) -> dict[str, float | None]:
    return {name: _finite(_unpacked(data, at * count + index)) for at, name in enumerate(names)}


def _unpacked(data: bytes, index: int) -> float:
    value: float = struct.unpack_from("<d", data, 8 * index)[0]
    return value


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
