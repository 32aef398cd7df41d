"""The catalog of networks and datasets: checked, named and stored once; the same content again is the stored one."""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from service.datasets.json import read_json_arrays, read_json_rows
from service.datasets.options import Limits, ReadOptions
from service.definitions.columns import Table
from service.definitions.network import NetworkDefinition, check_network
from service.definitions.requests import DatasetRequest
from service.errors import Invalid
from service.services import Services
from service.store import resources
from service.store.blobs import references
from service.store.records import DatasetRecord, NetworkRecord

Reader = Callable[[Path], Table]
UPLOADS_STOP = 4  # times the space that new jobs leave free


def generated_name(noun: str) -> str:
    """Return a random name for something that came without one."""
    return f"{noun}-{secrets.token_hex(4)}"


def store_network(services: Services, name: str | None, definition: NetworkDefinition) -> tuple[NetworkRecord, bool]:
    """Store a network; return its record and whether it is new."""
    check_network(definition, services.settings.max_parameters)
    record = definition.normalised()
    digest = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
    with services.database.begin() as connection:
        return resources.add_network(connection, name or generated_name("network"), record, digest)


@dataclass(frozen=True)
class StagedRows:
    """A dataset's rows in a file that is removed with the request unless `adopt` moves it to `address` in blobs."""

    table: Table
    address: str
    adopt: Callable[[], None]


@contextmanager
def staged_rows(services: Services, read: Reader) -> Iterator[StagedRows]:
    """Read a dataset's rows into a temporary file, which a later refusal removes.

    As the disk fills, uploads are the first to be refused.
    """
    services.blobs.check_space(UPLOADS_STOP * services.settings.keep_free_bytes)
    with services.blobs.scratch() as path:
        table = read(path)
        address = services.blobs.prepare(path)
        yield StagedRows(table, address, lambda: services.blobs.adopt(path, address))


def store_dataset(services: Services, name: str | None, read: Reader) -> tuple[DatasetRecord, bool]:
    """Store a dataset; return its record and whether it is new."""
    with staged_rows(services, read) as staged, services.database.begin() as connection:
        return resources.add_dataset(
            connection, name or generated_name("dataset"), staged.table, staged.address, staged.adopt
        )


def reader_of_request(request: DatasetRequest, limits: Limits) -> Reader:
    """Return the reader of a dataset that came as JSON."""
    options = ReadOptions(
        target=_names(request.target),
        weight=request.weight,
        drop=_names(request.drop) or (),
        target_type=request.target_type,
        scale=request.scale,
    )
    if request.rows is not None:
        rows, columns = request.rows, request.columns
        return lambda path: read_json_rows(columns, rows, options, limits, path)
    if request.inputs is None:
        raise Invalid("give either `inputs` (with `targets`) or `rows`")
    inputs, targets = request.inputs, request.targets
    return lambda path: read_json_arrays(inputs, targets, options, limits, path)


def remove_dataset(services: Services, name: str) -> None:
    """Remove a dataset; the collector removes its rows later, as another dataset may be getting the same ones now."""
    with services.database.begin() as connection:
        resources.delete_dataset(connection, name)


def collect_orphans(services: Services) -> int:
    """Remove blobs that no row points to, left by removals or by processes that ended too early; return how many."""
    return services.blobs.collect(partial(references.referenced, services.database))


def _names(value: list[str] | str | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    return (value,) if isinstance(value, str) else tuple(value)
