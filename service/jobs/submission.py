"""Submits jobs: checks that a network and a dataset fit each other, and adds a job to the queue."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from service.definitions.columns import Table
from service.definitions.decisions import check_decision, to_store
from service.definitions.job_columns import choose
from service.definitions.job_parts import Promote
from service.definitions.network import NetworkDefinition, check_network
from service.definitions.requests import JobRequest
from service.definitions.resolve import Resolved, resolve
from service.errors import Invalid, NotFound
from service.jobs.new_jobs import (
    HeldOutUses,
    JobData,
    QueuedJob,
    add_to_queue,
    check_held_out,
    dataset_of,
    promotion_of,
    record_no_key,
    store_dataset,
    webhook_of,
    with_storage_limit,
)
from service.services import Services
from service.store import networks
from service.store.idempotency import RecordKey
from service.store.records import DatasetUse, NewJob, OnOtherMachine
from service.store.webhooks.records import NewWebhook


@dataclass(frozen=True)
class CheckedJob:
    """A job whose parts fit each other, which is not stored yet."""

    request: JobRequest
    data: JobData
    network_name: str | None
    resolved: Resolved
    held_out: HeldOutUses
    promote: Promote | None
    webhook: NewWebhook | None

    def to_insert(self, services: Services, dataset: DatasetUse) -> NewJob:
        """Return the job with the version of the dataset that it uses."""
        request, resolved = self.request, self.resolved
        return NewJob(
            priority=request.priority,
            pause_at=request.pause_at,
            on_other_machine=OnOtherMachine(request.on_other_machine),
            model_name=request.model,
            metadata=request.metadata,
            network_name=self.network_name,
            network=resolved.network.normalised(),
            dataset=dataset,
            validation=self.held_out.validation,
            test=self.held_out.test,
            training=with_storage_limit(services, resolved.training),
            targets=resolved.targets,
            columns=self.data.columns,
            decision=to_store(request.decision),
            promote=self.promote,
        )


def submit(services: Services, request: JobRequest, record_key: RecordKey = record_no_key) -> QueuedJob:
    """Store a queued job, then ring the doorbell. Nothing is stored when any check fails."""
    with check(services, request) as job, services.database.begin() as connection:
        new = job.to_insert(services, store_dataset(services, connection, job.data))
        queued = add_to_queue(services, connection, new, record_key, job.webhook)
    services.doorbell.ring()
    return queued


@contextmanager
def check(services: Services, request: JobRequest) -> Iterator[CheckedJob]:
    """Check everything of a job that does not depend on other jobs; rows that came with it exist within the block."""
    services.space.check(services.settings.keep_free_bytes)
    with dataset_of(services, request.data) as found:
        data = found.using(choose(found.table, request, request.target_type))
        network_name, network = _network_of(services, request)
        resolved = _resolve(services, request, network, data.table)
        check_decision(request.decision, resolved.targets.labels, resolved.network.reached)
        held_out = check_held_out(services, data, data.table, resolved)
        promote = promotion_of(services, request.promote, data, resolved.targets)
        webhook = webhook_of(services, request.notify)
        yield CheckedJob(request, data, network_name, resolved, held_out, promote, webhook)


def _network_of(services: Services, request: JobRequest) -> tuple[str | None, NetworkDefinition]:
    if request.network is None:
        return None, NetworkDefinition(hidden=[16])
    if isinstance(request.network, str):
        with services.database.read() as connection:
            try:
                record = networks.get_network(connection, request.network)
            except NotFound as error:
                raise Invalid.at("#/network", error.detail) from None
        return record.name, NetworkDefinition.model_validate(record.definition)
    definition = request.network.definition()
    with request.network.pointing("#/network"):
        check_network(definition, services.settings.max_parameters, "#/network")
    return request.network.name, definition


def _resolve(services: Services, request: JobRequest, network: NetworkDefinition, table: Table) -> Resolved:
    with request.pointing(network) as training:
        return resolve(network, table, training, secrets.randbits(53), services.settings.max_parameters)
