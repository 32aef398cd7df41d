"""The catalog of networks and datasets: they are checked, named, and stored once for the same content."""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from service.access.quotas import check_dataset_bytes
from service.datasets.json import read_json_arrays, read_json_rows
from service.datasets.options import Limits, ReadOptions, in_body, types_of
from service.definitions.columns import ColumnKind, Table
from service.definitions.dataset_names import DatasetReference
from service.definitions.network import NetworkDefinition, check_network
from service.definitions.requests import DatasetRequest
from service.errors import Invalid
from service.services import Services
from service.store import audit, dataset_removal, datasets, networks
from service.store.blobs import references
from service.store.datasets import IfTaken, NewContent
from service.store.records import DatasetRecord, NetworkRecord
from service.store.space import UPLOADS_STOP

Reader = Callable[[Path], Table]
SUPERSEDED_SECONDS = 24 * 3600.0  # so long an upload by mistake can be undone from the version before


def generated_name(noun: str) -> str:
    """Return a random name for a resource that was sent without one."""
    return f"{noun}-{secrets.token_hex(4)}"


def store_network(services: Services, name: str | None, definition: NetworkDefinition) -> tuple[NetworkRecord, bool]:
    """Store a network; return its record and whether it is new."""
    check_network(definition, services.settings.max_parameters)
    record = definition.normalised()
    digest = hashlib.sha256(json.dumps(record, sort_keys=True).encode()).hexdigest()
    name = name or generated_name("network")
    with services.database.begin() as connection:
        audit.name_resource(connection, f"/v1/networks/{name}")
        return networks.add_network(connection, name, record, digest)


def check_space(services: Services) -> None:
    """Raise `OutOfSpace` when less space is free than `UPLOADS_STOP` times what jobs need."""
    services.space.check(UPLOADS_STOP * services.settings.keep_free_bytes)


@contextmanager
def staged_rows(services: Services, read: Reader) -> Iterator[NewContent]:
    """Read a dataset's rows into a temporary file, which is removed at the end of the block unless it is adopted.

    Raises
    ------
    OutOfSpace
        When less space is free than `UPLOADS_STOP` times what jobs need, so that running jobs can end.
    """
    check_space(services)
    with services.blobs.scratch() as path:
        table = read(path)
        address = services.blobs.prepare(path)
        yield NewContent(path, table, address, lambda: services.blobs.adopt(path, address))


def store_dataset(
    services: Services, name: str | None, read: Reader, if_taken: IfTaken = IfTaken.REFUSE
) -> tuple[DatasetRecord, bool]:
    """Store a dataset; return its version and whether that is new.

    The version of content that was stored before is returned with how it was read now, and the warnings of that.
    """
    name = name or generated_name("dataset")
    with staged_rows(services, read) as staged, services.database.begin() as connection:
        audit.name_resource(connection, f"/v1/datasets/{name}")
        record, is_new = datasets.add_dataset(connection, name, staged, if_taken)
        if is_new:
            check_dataset_bytes(services, connection)
    now = replace(record.table, read=staged.contents.read, warnings=staged.contents.warnings)
    return replace(record, table=now), is_new


def reader_of_request(request: DatasetRequest, limits: Limits, at: str = "#") -> Reader:
    """Return the reader of a dataset that came as JSON, at the pointer `at` of its body."""

    def read(path: Path) -> Table:
        with in_body(at):
            return _read_request(request, limits, path)

    return read


def _read_request(request: DatasetRequest, limits: Limits, destination: Path) -> Table:
    options = ReadOptions(
        target=_names(request.target),
        weight=request.weight,
        drop=_names(request.drop) or (),
        target_type=request.target_type,
        scale=request.scale,
        types=_types(request.types),
    )
    if request.rows is not None:
        return read_json_rows(request.columns, request.rows, options, limits, destination)
    if request.inputs is None:
        raise Invalid("give either `inputs` (with `targets`) or `rows`")
    return read_json_arrays(request.inputs, request.targets, options, limits, destination)


def remove_dataset(services: Services, reference: DatasetReference) -> None:
    """Remove one version of a dataset, or without a version's number the dataset with all of them.

    `collect_orphans` removes their rows later, as a dataset with equal rows may be stored at this moment.
    """

    if reference.version is None:
        services.ending(lambda connection: dataset_removal.delete_dataset(connection, reference.name))
    else:
        services.ending(lambda connection: dataset_removal.delete_version(connection, reference))


def collect_superseded(services: Services, now: datetime) -> int:
    """Remove versions that no job uses, `SUPERSEDED_SECONDS` after a later one was stored; return how many."""
    removed = 0
    while True:
        with services.database.begin() as connection:
            count = dataset_removal.delete_superseded(connection, now - timedelta(seconds=SUPERSEDED_SECONDS))
        removed += count
        if not count:
            return removed


def collect_orphans(services: Services) -> int:
    """Remove blobs that no row points to, left by removals or by processes that were killed; return how many."""
    return services.blobs.collect(partial(references.referenced, services.database))


def _types(value: dict[str, Any] | list[str] | str | None) -> dict[str, ColumnKind]:
    if isinstance(value, dict):
        return {name: ColumnKind(kind) for name, kind in value.items()}
    return types_of(_names(value) or (), "#/types")


def _names(value: list[str] | str | None) -> tuple[str, ...] | None:
    if value is None:
        return None
    return (value,) if isinstance(value, str) else tuple(value)
