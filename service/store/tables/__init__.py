"""All tables of the database. The migrations in `migrations/versions` create the same; a test compares the two.

The modules import SQLAlchemy, the types of columns, and `service.store.tenancy` for the column of owners.
"""

from service.store.tables.access import audit, idempotency, keys, tenants
from service.store.tables.history import epochs, layer_diagnostics, optimizer_states, parameters
from service.store.tables.naming import metadata
from service.store.tables.predictions import prediction_parts, predictions
from service.store.tables.processes import calibrations, counters, totals, workers
from service.store.tables.queue import events, job_sizes, jobs, resume_states, starts
from service.store.tables.sources import dataset_versions, datasets, networks
from service.store.tables.versions import grants, model_aliases, model_versions, models
from service.store.tables.webhooks import webhook_deliveries, webhooks

__all__ = [
    "audit",
    "calibrations",
    "counters",
    "dataset_versions",
    "datasets",
    "epochs",
    "events",
    "grants",
    "idempotency",
    "job_sizes",
    "jobs",
    "keys",
    "layer_diagnostics",
    "metadata",
    "model_aliases",
    "model_versions",
    "models",
    "networks",
    "optimizer_states",
    "parameters",
    "prediction_parts",
    "predictions",
    "resume_states",
    "starts",
    "tenants",
    "totals",
    "webhook_deliveries",
    "webhooks",
    "workers",
]
