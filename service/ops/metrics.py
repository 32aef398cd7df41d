"""Everything `/metrics` says, in Prometheus's text format or in OpenMetrics.

Requests are counted by the processes of the API; all else is read when it is asked for: jobs, workers and what workers
have counted from the database, which is the same for all APIs that share it, and the state of each part.
"""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from service import __version__
from service.counts import FLUSH_BUCKETS, MORE, Total
from service.ops.health import Health, Readiness
from service.ops.probes import Check, Checks, Probe, ask
from service.ops.request_metrics import RequestMetrics
from service.services import Services
from service.store import figures
from service.store.figures import Figures

ANSWER_SECONDS = 0.75  # how long the database may take; what is not known then is left out

COUNTED = {  # sums of workers: name, help and the name of the label, if there is one
    Total.ATTEMPTS: ("backprop_job_attempts", "Runs of jobs that were started.", None),
    Total.EPOCHS: ("backprop_epochs", "Epochs trained.", None),
    Total.SAMPLES: ("backprop_samples", "Rows trained on, in all epochs.", None),
    Total.BATCH_ROWS: ("backprop_batch_rows", "Rows of datasets whose predictions were stored.", None),
    Total.LEASE_LOSSES: (
        "backprop_lease_losses",
        "Runs that dropped their work, as another had the job or nothing could be stored.",
        None,
    ),
    Total.LEASE_EXPIRATIONS: ("backprop_lease_expirations", "Jobs taken back as their lease was not renewed.", None),
    Total.DELIVERIES: (
        "backprop_webhook_attempts",
        "Attempts at deliveries to webhooks: succeeded, retried later, or failed, after which none is made.",
        "outcome",
    ),
    Total.CRASHES: (
        "backprop_worker_crashes",
        "Worker processes that ended without saying so: crashed, killed, or unknown how.",
        "manner",
    ),
}


class Metrics:
    """The metrics of one service, as one process of its API knows them."""

    def __init__(self, services: Services, health: Health) -> None:
        self.requests = RequestMetrics()
        self._services, self._health = services, health
        self._figures: Figures | None = None
        self._probe = Probe("figures", self._read_figures, "")

    def text(self, accept: str) -> tuple[bytes, str]:
        """Return all metrics in the format that an Accept header asks for, and its media type."""
        encode, media_type = choose_encoder(accept)
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Collected(self._collect))
        encoded: bytes = encode(registry)
        return encoded, media_type

    def _read_figures(self) -> Checks:
        with self._services.database.read() as connection:
            self._figures = figures.read(connection)
        return {"figures": Check(True)}

    def _collect(self) -> Iterable[Metric]:
        readiness = self._health.readiness()
        yield from _of_parts(readiness, self._services)
        if readiness.status != "unavailable" and ask([self._probe], ANSWER_SECONDS)["figures"].ok:
            assert self._figures is not None
            yield from _of_jobs(self._figures)
            yield from _counted(self._figures)
        yield from self.requests.collect()


class _Collected(Collector):
    """What the library asks for metrics."""

    def __init__(self, collect: Callable[[], Iterable[Metric]]) -> None:
        self._collect = collect

    def collect(self) -> Iterable[Metric]:
        return self._collect()


def _gauge(name: str, help: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help, value)


def _of_parts(readiness: Readiness, services: Services) -> Iterable[Metric]:
    build = GaugeMetricFamily("backprop_build_info", "The version of the service.", labels=["version"])
    build.add_metric([__version__], 1)
    yield build
    is_right = GaugeMetricFamily("backprop_part_ok", "1 where a part of the service is in order.", labels=["part"])
    took = GaugeMetricFamily("backprop_part_check_seconds", "How long the check of a part took.", labels=["part"])
    for name, check in readiness.checks.items():
        is_right.add_metric([name], int(check.ok))
        took.add_metric([name], check.seconds)
    yield is_right
    yield took
    disk = readiness.checks["disk"]
    if "free_bytes" in disk.facts and disk.since is None:
        yield _gauge("backprop_disk_free_bytes", "Free on the disk of the data folder.", int(disk.facts["free_bytes"]))
    kept = services.settings.keep_free_bytes
    yield _gauge("backprop_disk_keep_free_bytes", "What is kept free there: BACKPROP_KEEP_FREE_BYTES.", kept)


def _of_jobs(found: Figures) -> Iterable[Metric]:
    jobs = GaugeMetricFamily("backprop_jobs", "Jobs stored, by status.", labels=["status"])
    for status, count in found.jobs.items():
        jobs.add_metric([status], count)
    yield jobs
    predictions = GaugeMetricFamily("backprop_batches", "Predictions of datasets stored, by status.", labels=["status"])
    for status, count in found.predictions.items():
        predictions.add_metric([status], count)
    yield predictions
    yield _gauge("backprop_queue_depth", "Jobs that wait for a worker.", found.jobs["queued"])
    yield _gauge("backprop_queue_oldest_seconds", "How long the oldest waits.", found.oldest_queued_seconds)
    yield from _of_webhooks(found)
    yield _gauge("backprop_workers", "Worker processes alive, each of which trains one job.", found.workers_alive)


def _of_webhooks(found: Figures) -> Iterable[Metric]:
    deliveries = GaugeMetricFamily(
        "backprop_webhook_deliveries", "Deliveries to webhooks stored, by status.", labels=["status"]
    )
    for status, count in found.deliveries.items():
        deliveries.add_metric([status], count)
    yield deliveries
    waiting = found.backlog
    yield _gauge("backprop_webhook_deliveries_due", "Deliveries that are due and not under way.", waiting.due)
    yield _gauge("backprop_webhook_oldest_due_seconds", "How long the oldest of them is due.", waiting.oldest_seconds)
    yield _gauge("backprop_webhooks_disabled", "Webhooks that nothing is sent to.", waiting.disabled)


def _counted(found: Figures) -> Iterable[Metric]:
    sums = found.totals
    for total, (name, help, label) in COUNTED.items():
        family = CounterMetricFamily(name, help, labels=[label] if label else [])
        labels = sorted(key[1] for key in sums if key[0] == total.value) if label else [""]
        for value in labels:
            family.add_metric([value] if label else [], sums.get((total.value, value), 0.0))
        yield family
    buckets, reached = [], 0.0
    for bound in (*(f"{bound:g}" for bound in FLUSH_BUCKETS), MORE):
        reached += sums.get((Total.FLUSHES.value, bound), 0.0)
        buckets.append((bound, reached))
    flushes = HistogramMetricFamily("backprop_flush_duration_seconds", "Time to store what a run has computed.")
    flushes.add_metric([], buckets, sums.get((Total.FLUSH_SECONDS.value, ""), 0.0))
    yield flushes
