"""The bodies of deliveries to webhooks: the `data` of events about jobs and predictions, and the JSON around it.

The data is small: ids, states and results in a few numbers. Its `links` has the address of the whole resource.
"""

import json
from datetime import datetime
from typing import Any

from service.definitions.base import json_of, timestamp
from service.store.prediction_records import PredictionRecord
from service.store.records import JobRecord


def job_data(job: JobRecord) -> dict[str, Any]:
    """Return the summary of a job in its present state."""
    return {
        "id": job.id,
        "object": "job",
        "status": job.status.value,
        "attempt": job.attempt,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "dataset": job.dataset.name,
        "dataset_version": job.dataset.version,
        "model": {"name": job.model_name, "version": job.model_version},
        "progress": {"epoch": job.epoch or 0, "epochs": job.final_epoch},
        "best_epoch": job.best_epoch,
        "stopped": json_of(job.stopped),
        "test": job.tested,
        "promoted": json_of(job.promoted),
        "error": json_of(job.error),
        "metadata": job.metadata,
        "links": {"self": f"/v1/jobs/{job.id}"},
    }


def prediction_data(prediction: PredictionRecord) -> dict[str, Any]:
    """Return the summary of a prediction of a dataset in its present state."""
    path, error = f"/v1/predictions/{prediction.id}", prediction.error
    return {
        "id": prediction.id,
        "object": "prediction",
        "status": prediction.status.value,
        "attempt": prediction.attempt,
        "created_at": prediction.created_at,
        "started_at": prediction.started_at,
        "finished_at": prediction.finished_at,
        "dataset": prediction.dataset.name,
        "dataset_version": prediction.dataset.version,
        "model": {"name": prediction.model_name, "version": prediction.model_version},
        "progress": {"rows": prediction.done, "rows_total": prediction.rows},
        "error": None if error is None else {"code": error.code.value, "detail": error.detail},
        "metadata": prediction.metadata,
        "links": {"self": path, "result": f"{path}/result"},
    }


def body_of(event_type: str, at: datetime, data: dict[str, Any]) -> str:
    """Return the body of a delivery: JSON without spaces, as it is stored, signed and sent."""
    whole = {"type": event_type, "timestamp": at, "data": data}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"), default=timestamp, allow_nan=False)
