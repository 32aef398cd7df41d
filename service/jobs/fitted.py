"""What was fitted for a job, with the scale of its dataset, which older releases did not store with it."""

from collections.abc import Sequence
from typing import Any

from service.preprocessing.fit import Preprocessing
from service.store import datasets
from service.store.database import Connection

Fitted = dict[str, Any]  # the stored record of a `Preprocessing`


def read_fitted(connection: Connection, job_id: str | None, record: Fitted) -> Preprocessing:
    """Return what was fitted for a job, of its stored `record`; None where parameters came from outside."""
    return Preprocessing.from_dict(with_scales(connection, [(job_id, record)])[0])


def with_scales(connection: Connection, stored: Sequence[tuple[str | None, Fitted]]) -> list[Fitted]:
    """Return stored records, each given with its job's id, with the scale of the job's dataset.

    The scale of a record that lacks it is None when the job or its dataset is gone. One query reads all of them.
    """
    lacking = [job_id for job_id, record in stored if job_id is not None and "scale" not in record]
    scales = datasets.scales_of_jobs(connection, lacking) if lacking else {}
    return [{"scale": None if job_id is None else scales.get(job_id), **record} for job_id, record in stored]
