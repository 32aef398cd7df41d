"""Continues a job on a machine that computes other bits: with a warning, or from epoch 0."""

from typing import Any

from sqlalchemy import Connection, delete, update

from service.backprop.training.fingerprint import differences
from service.store import events
from service.store.jobs import jobs
from service.store.records import JobRecord, OnOtherMachine
from service.store.tables import epochs, layer_diagnostics, optimizer_states, parameters, resume_states
from service.store.tables import jobs as table

CODE = "other_machine"


def adapt_to_machine(connection: Connection, job: JobRecord, fingerprint: str) -> JobRecord:
    """Prepare a job that was just claimed for a worker with this fingerprint, and return it.

    When its epochs were computed on a machine with another fingerprint, a warning is recorded, and the epochs are
    deleted if the job's `on_other_machine` is `restart`.
    """
    if job.fingerprint is None or job.fingerprint == fingerprint:
        return job
    restarts = job.on_other_machine == OnOtherMachine.RESTART
    if job.epoch is None:
        began = "what it repeats was computed on that one, so its bits may differ"
    else:
        began = "it begins again at epoch 0" if restarts else f"it goes on after epoch {job.epoch}, not bit for bit"
    detail = f"no worker like the one before is there: {differences(job.fingerprint, fingerprint)}; {began}"
    warning = {"code": CODE, "epoch": job.epoch, "layer": None, "detail": detail}
    values: dict[str, Any] = {"warnings": [*(other for other in job.warnings if other["code"] != CODE), warning]}
    if restarts:
        _delete_progress(connection, job)
        values = {"warnings": [warning], "epoch": None, "best_epoch": None, "chain": None}
        values |= {"stopped": None, "reached_epoch": None}
        values |= {"epochs_per_second": None, "training_seconds": 0.0, "fingerprint": None}
    connection.execute(update(table).where(table.c.number == job.number).values(**values))
    events.add_warnings(connection, job.number, [warning])
    return jobs.get_job(connection, job.id)


def _delete_progress(connection: Connection, job: JobRecord) -> None:
    for dependent in (epochs, layer_diagnostics, parameters, optimizer_states, resume_states):
        connection.execute(delete(dependent).where(dependent.c.job == job.number))
