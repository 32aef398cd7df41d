"""Triton's statistics of models, from what was counted of their versions."""

from collections.abc import Iterable, Mapping

from service.inference.metadata_answers import DurationStatistic, ModelStatistics, StatisticsAnswer
from service.ops.model_statistics import Counted, Figures

NOTHING = Figures()


def statistics_of(
    counted: Mapping[Counted, Figures], tenant: int, versions: Iterable[tuple[str, int]]
) -> StatisticsAnswer:
    """Return the statistics of these versions of a tenant's models, zeros where nothing was counted."""
    found = [(name, version, counted.get(Counted(tenant, name, version), NOTHING)) for name, version in versions]
    return {"model_stats": [_of_version(name, version, figures) for name, version, figures in found]}


def _of_version(name: str, version: int, figures: Figures) -> ModelStatistics:
    requests = figures.requests
    return {
        "name": name,
        "version": str(version),
        "last_inference": figures.last_milliseconds,
        "inference_count": figures.rows,
        "execution_count": requests,
        "inference_stats": {
            "success": _duration(requests, figures.nanoseconds),
            "fail": _duration(figures.failures, figures.failed_nanoseconds),
            "queue": _duration(0, 0),
            "compute_input": _duration(requests, figures.parse_nanoseconds),
            "compute_infer": _duration(requests, figures.predict_nanoseconds),
            "compute_output": _duration(requests, figures.encode_nanoseconds),
            "cache_hit": _duration(0, 0),
            "cache_miss": _duration(0, 0),
        },
        "batch_stats": [],
    }


def _duration(count: int, nanoseconds: int) -> DurationStatistic:
    return {"count": count, "ns": nanoseconds}
