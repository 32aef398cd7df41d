"""Jobs as the database holds them, read directly from the rows rather than through the service."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, select

from service.services import Services
from service.store import tables
from service.store.epoch_records import EpochRecord
from service.store.epochs import runs
from service.store.jobs.rows import COLUMNS, job_of
from service.store.records import JobRecord

OF_JOBS = (
    tables.epochs,
    tables.layer_diagnostics,
    tables.parameters,
    tables.resume_states,
    tables.events,
)


@dataclass(frozen=True)
class Block:
    """The parameters of every `stride`-th epoch from the first to the last, `size` bytes each, in a row or a blob."""

    first_epoch: int
    last_epoch: int
    stride: int
    size: int
    bytes: bytes | None
    address: str | None

    @property
    def epochs(self) -> range:
        return range(self.first_epoch, self.last_epoch + 1, self.stride)


@dataclass(frozen=True)
class ReportedEvent:
    """An event as stored."""

    id: int
    kind: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Version:
    """A model's version that names the job."""

    model: str
    version: int
    epoch: int
    sha256: str


@dataclass(frozen=True)
class JobFacts:
    """All rows of one job. `epochs` are in ascending order, with an epoch repeated if it is stored several times."""

    job: JobRecord
    epochs: tuple[EpochRecord, ...]
    blocks: tuple[Block, ...]
    events: tuple[ReportedEvent, ...]
    versions: tuple[Version, ...]
    layers: dict[int, Any]
    has_resume_state: bool

    @property
    def key(self) -> str | None:
        """The client's Idempotency-Key."""
        return self.job.metadata.get("key")

    def alone(self) -> "JobFacts":
        """Return the job without its epochs, blocks and events."""
        return JobFacts(self.job, (), (), (), self.versions, {}, self.has_resume_state)

    @property
    def definition(self) -> str:
        """Return the settings that decide the job's results as text: jobs with equal text must have equal results."""
        job = self.job
        what = [
            job.network,
            str(job.dataset.reference),
            None if job.validation is None else str(job.validation.reference),
            job.training.to_json(),
            job.targets.to_json(),
        ]
        return json.dumps(what, sort_keys=True)


def read_jobs(services: Services) -> Iterator[JobFacts]:
    """Yield all jobs by number, one at a time, as some have many epochs; no worker may be running."""
    with services.database.read() as connection:
        found = [job_of(row) for row in connection.execute(select(*COLUMNS).order_by(tables.jobs.c.number))]
    for job in found:
        with services.database.read() as connection:
            facts = read_job(connection, job)
        yield facts


def read_job(connection: Connection, job: JobRecord) -> JobFacts:
    return JobFacts(
        job,
        tuple(_epochs(connection, job.number)),
        tuple(_blocks(connection, job.number)),
        tuple(ReportedEvent(row.id, row.kind, row.data) for row in _rows(connection, tables.events, job.number, "id")),
        tuple(_versions(connection, job.id)),
        {row.epoch: row.layers for row in _rows(connection, tables.layer_diagnostics, job.number, "epoch")},
        bool(_rows(connection, tables.resume_states, job.number, "epoch")),
    )


def strays(services: Services) -> dict[str, int]:
    """Return by table how many rows belong to a job that does not exist."""
    numbers = select(tables.jobs.c.number)
    with services.database.read() as connection:
        lost = {
            each.name: len(list(connection.execute(select(each.c.job).where(each.c.job.not_in(numbers)))))
            for each in OF_JOBS
        }
    return {name: count for name, count in lost.items() if count}


def pointed_addresses(connection: Connection, pointing: Sequence[Table]) -> set[str]:
    """Return the addresses of the blobs that rows point to."""
    return {
        address
        for each in pointing
        for address in connection.execute(select(each.c.address).where(each.c.address.is_not(None))).scalars()
    }


def _epochs(connection: Connection, number: int) -> list[EpochRecord]:
    rows = _rows(connection, tables.epochs, number, "first_epoch")
    records = [record for row in rows for record in runs.records_of(runs.unpacked(row))]
    return sorted(records, key=lambda record: record.epoch)


def _blocks(connection: Connection, number: int) -> list[Block]:
    names = Block.__dataclass_fields__
    rows = _rows(connection, tables.parameters, number, "first_epoch")
    return [Block(**{name: row._mapping[name] for name in names}) for row in rows]


def _versions(connection: Connection, job_id: str) -> list[Version]:
    versions, models = tables.model_versions, tables.models
    query = select(models.c.name, versions.c.version, versions.c.epoch, versions.c.sha256)
    query = query.join(models, models.c.number == versions.c.model).where(versions.c.job_id == job_id)
    return [Version(*row) for row in connection.execute(query)]


def _rows(connection: Connection, table: Table, number: int, order: str) -> list[Any]:
    return list(connection.execute(select(table).where(table.c.job == number).order_by(table.c[order])))
