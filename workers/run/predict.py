"""One run of one prediction of a dataset: part after part is computed and stored, each in a fenced transaction.

Whatever ends a run, the parts that are stored stay, and the next run goes on behind them: parts have the same rows in
each attempt, so the result has the same bytes.
"""

import hashlib
import logging
import time
from collections.abc import Callable

from service import logs
from service.counts import Total
from service.definitions.job_parts import Failure, FailureCode
from service.errors import Conflict, Damaged, Invalid, NotFound, OutOfSpace, Unavailable
from service.models.cache import ModelCache
from service.models.loading import load_version
from service.predictions.computing import Source, compute_part
from service.predictions.inputs import find_inputs
from service.predictions.layout import Layout
from service.preprocessing.batches import open_rows
from service.services import Services
from service.store import datasets
from service.store.blobs import references
from service.store.blobs.folder import sha256_of
from service.store.blobs.placement import free
from service.store.blobs.placement import read as read_bytes
from service.store.epoch_records import StoredBytes
from service.store.jobs.jobs import Requested
from service.store.prediction_records import PredictionRecord
from service.store.predictions import parts, predictions, runs
from service.store.records import Status
from workers.run.lease import Fenced, Interrupted, Lease

APART_SECONDS = 0.5  # between two attempts to write, while the database does not answer or a disk is full

log = logging.getLogger(__name__)


class _Missing(Exception):
    """What the prediction needs is gone."""

    def __init__(self, code: FailureCode, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


def run_prediction(services: Services, prediction: PredictionRecord, should_stop: Callable[[], bool]) -> None:
    """Run a prediction that was just claimed to its end, or until `should_stop`; `services` are its tenant's."""
    with logs.ids(prediction_id=prediction.id, attempt=prediction.attempt):
        log.info("the attempt begins")
        try:
            _run(services, prediction, should_stop)
        except (Fenced, Unavailable, OutOfSpace):
            services.counts.add(Total.LEASE_LOSSES)
            log.warning("the attempt has lost the prediction and drops its work")


def _run(services: Services, prediction: PredictionRecord, should_stop: Callable[[], bool]) -> None:
    try:
        with Lease(services, prediction, should_stop, ownership=runs) as lease:
            try:
                _compute(services, prediction, lease)
                lease.end()
                _end(services, prediction, lease)
            except Interrupted:
                _release(services, prediction, behind=lease.reason() == "turn")
            except Requested:  # after the lease looked for the last time, and before the end
                _release(services, prediction)
    except MemoryError:
        _fail(services, prediction, FailureCode.OUT_OF_MEMORY, "the worker has not enough memory for this prediction")
    except _Missing as error:
        _fail(services, prediction, error.code, error.detail)
    except Damaged as error:
        _fail(services, prediction, FailureCode.DAMAGED, error.detail)
    except Invalid as error:
        _fail(services, prediction, FailureCode.INVALID_DATA, error.detail)
    except OutOfSpace as error:
        _wait_for_space(services, prediction, error, should_stop)
    except (Fenced, Unavailable):
        raise Fenced from None
    except Exception:
        log.exception("the attempt failed")
        _fail(services, prediction, FailureCode.INTERNAL, "the worker failed; its log says why")


def _compute(services: Services, prediction: PredictionRecord, lease: Lease) -> None:
    """Compute and store the parts that are not stored yet.

    Raises
    ------
    Interrupted
        When the run is to stop; for other work that waits, not before it has stored a part.
    """
    source = _open(services, prediction)
    rows, done = source.layout.rows_a_part, prediction.done
    began, first = time.monotonic(), done
    lease.begin()
    while done < prediction.rows:
        stop = min(done + rows, prediction.rows)
        data = compute_part(source, done, stop, lease.check)
        rate = (stop - first) / max(time.monotonic() - began, 1e-9)
        added = [data] if done else [source.layout.to_bytes(), data]
        number = 0 if not done else done // rows + 1
        _store(services, prediction, added, number, {"done": stop, "rows_per_second": rate}, lease)
        services.counts.add(Total.BATCH_ROWS, stop - done)
        done = stop
        if lease.turn_is_over and done < prediction.rows:
            raise Interrupted


def _open(services: Services, prediction: PredictionRecord) -> Source:
    """Load the network, and map the dataset's rows into memory."""
    epoch = None if prediction.epoch is None else str(prediction.epoch)
    try:
        trained = load_version(services, ModelCache(), prediction.model_name, prediction.model_version, epoch)
    except (NotFound, Conflict) as error:
        raise _Missing(FailureCode.MODEL_MISSING, error.detail) from None
    try:
        with services.database.read() as connection:
            dataset = datasets.get_dataset(connection, prediction.dataset.reference)
    except NotFound as error:
        raise _Missing(FailureCode.DATASET_MISSING, error.detail) from None
    inputs = find_inputs(trained.preprocessing, dataset.name, dataset.table)
    layout = _stored_layout(services, prediction) or Layout.of(trained, dataset.table, prediction.keep)
    return Source(trained, dataset.table, open_rows(services.blobs.path(dataset.address)), inputs, layout)


def _stored_layout(services: Services, prediction: PredictionRecord) -> Layout | None:
    """Return the layout of the parts that are stored, which another release may have made; None before the first."""
    if not prediction.done:
        return None
    with services.database.read() as connection:
        address = parts.addresses_of(connection, prediction.number)[0]
    return Layout.from_bytes(read_bytes(services.blobs, StoredBytes(sha256_of(address), None, address)))


def _store(
    services: Services,
    prediction: PredictionRecord,
    added: list[bytes],
    number: int,
    progress: dict[str, float],
    lease: Lease,
) -> None:
    """Store parts from that number on, and how far the prediction is, in one transaction that is tried for a lease."""
    services.space.check_writing(sum(map(len, added)))
    began = time.monotonic()
    while True:
        try:
            _store_once(services, prediction, added, number, progress)
            return
        except Unavailable:
            if time.monotonic() - began > services.settings.lease_seconds or lease.should_stop():
                raise Fenced from None
            time.sleep(APART_SECONDS)
            if _is_stored(services, prediction, int(progress["done"])):
                return


def _store_once(
    services: Services, prediction: PredictionRecord, added: list[bytes], number: int, progress: dict[str, float]
) -> None:
    addresses = [services.blobs.put(data) for data in added]
    with services.database.begin() as connection:
        progress = {**progress, "stored_attempt": prediction.attempt}
        if not runs.fenced(connection, prediction, services.settings.lease_seconds, **progress):
            raise Fenced
        references.pointing(connection)
        for at, (data, address) in enumerate(zip(added, addresses, strict=True)):
            if not services.blobs.touch(address):  # another prediction may have freed an equal one
                services.blobs.put(data)
            parts.add_part(connection, prediction.number, number + at, address)


def _is_stored(services: Services, prediction: PredictionRecord, done: int) -> bool:
    """Return whether an attempt to write was committed although its answer was lost."""
    try:
        with services.database.read() as connection:
            now = predictions.get_prediction(connection, prediction.id)
    except Unavailable:
        return False
    if now.attempt != prediction.attempt:
        raise Fenced
    return now.done >= done


def _end(services: Services, prediction: PredictionRecord, lease: Lease) -> None:
    """End a prediction whose parts are all stored, with the hash of its result; each part is read for that."""
    with services.database.read() as connection:
        addresses = parts.addresses_of(connection, prediction.number)
    digest, size = hashlib.sha256(), 0
    for address in addresses:
        lease.check()
        try:
            data = services.blobs.get(address)
        except FileNotFoundError:
            data = b""
        if hashlib.sha256(data).hexdigest() != sha256_of(address):
            raise Damaged(f"a part of the result, {sha256_of(address)}, is missing or was changed on the disk")
        digest.update(data)
        size += len(data)
    with services.database.begin() as connection:
        values = {"sha256": digest.hexdigest(), "size": size}
        if not runs.finish(connection, prediction, Status.SUCCEEDED, **values):
            raise Fenced
    log.info("succeeded")


def _release(services: Services, prediction: PredictionRecord, behind: bool = False) -> None:
    """Put the prediction back into the queue, or cancel it where that was requested, and notify the workers."""
    with services.database.begin() as connection:
        stored = parts.addresses_of(connection, prediction.number)
        released = runs.release(connection, prediction, behind)
    if released is None:
        raise Fenced
    if released.status.ended:
        free(services.blobs, services.database, stored)
    services.doorbell.ring()
    log.info("released, now %s", released.status)


def _fail(services: Services, prediction: PredictionRecord, code: FailureCode, detail: str) -> None:
    """End a prediction as failed, unless a client has requested that it be cancelled."""
    log.warning("failed: %s", code)
    error = Failure(code=code, detail=detail, epoch=None)
    with services.database.read() as connection:
        stored = parts.addresses_of(connection, prediction.number)
    try:
        with services.database.begin() as connection:
            if not runs.finish(connection, prediction, Status.FAILED, error=error):
                raise Fenced
    except Requested:
        _release(services, prediction)
        return
    free(services.blobs, services.database, stored)


def _wait_for_space(
    services: Services, prediction: PredictionRecord, error: OutOfSpace, should_stop: Callable[[], bool]
) -> None:
    """Put the prediction back into the queue, where it waits for space; that too is written to the full disk."""
    log.warning("the attempt ends, as a disk is full: %s", error.detail)
    services.space.record_refusal()
    while True:
        try:
            _release(services, prediction, behind=True)
            return
        except (Unavailable, OutOfSpace):
            if should_stop():
                raise Fenced from None
            time.sleep(APART_SECONDS)
