"""Memory: flat over a million predictions, and within the cap with thousands of models."""

import gc
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any
from unittest.mock import patch

from benchmarks.serving_proofs.inside import MIB, Inside, opened, resident_bytes
from benchmarks.warm_prediction import job, send
from service.models import loading
from service.models.loading import load_version
from service.store import models
from service.store.blobs.placement import size_of
from workers.run.run import run_next_job

MOST_GROWTH = 4 * MIB
AT_ONCE = 500  # models in one transaction
SWEPT = 1000  # models that are loaded once
COPIED = ("job_id", "epoch", "origin", "dataset_name", "dataset_version", "network", "preprocessing", "precision")


def flat(predictions: int) -> Iterator[str]:
    """Predict again and again through the WSGI application; print the memory after each tenth."""
    with opened() as inside:
        send(inside.app, "POST", "/v1/jobs", job("warm"), "")
        assert run_next_job(inside.services, "benchmark", lambda: False)
        predict = inside.predicting("warm")
        yield "| predictions | resident, MiB |\n|---|---|"
        sizes = []
        for part in range(1, 11):
            for _ in range(predictions // 10):
                predict()
            gc.collect()
            sizes.append(resident_bytes())
            yield f"| {part * predictions // 10:,} | {sizes[-1] / MIB:.1f} |"
        growth = sizes[-1] - sizes[0]
        verdict = "flat" if growth <= MOST_GROWTH else "GROWS"
        yield f"\n{verdict}: {growth / MIB:+.2f} MiB between the first tenth and the last"


def capped(known: int, used: int, cap_bytes: int) -> Iterator[str]:
    """Know many models, load some of them once, then use a few at random; print what memory that takes."""
    with opened(model_cache_bytes=cap_bytes) as inside, counted_loads() as loads:
        inside.train("original", 64, [1000], 10)
        copy(inside, known)
        before, largest = resident_bytes(), 0
        yield f"{known:,} models of 64-1000-10 are known, the cap is {cap_bytes / MIB:.0f} MiB\n"
        yield "| | loads | networks held | bytes held, MiB | resident since the start, MiB |\n|---|---|---|---|---|"
        names = [f"m{number}" for number in range(known)]
        drawn = random.Random(1).choices(names[:used], k=20 * used)
        for what, asked in (
            (f"{SWEPT:,}, each once", names[-SWEPT:]),
            (f"{used} at random", drawn),
            ("the same again", drawn),
        ):
            loads.clear()
            for name in asked:
                load_version(inside.tenant, inside.cache, name, None)
                largest = max(largest, inside.cache.bytes)
            cells = (
                what,
                f"{len(loads):,} of {len(asked):,}",
                f"{len(inside.cache):,}",
                f"{inside.cache.bytes / MIB:.1f}",
                f"{(resident_bytes() - before) / MIB:.1f}",
            )
            yield f"| {' | '.join(cells)} |"
        verdict = "holds" if largest <= cap_bytes else "DOES NOT HOLD"
        yield f"\nat most {largest / MIB:.1f} MiB were held: the cap {verdict}"


def copy(inside: Inside, count: int) -> None:
    """Make models `m0`, `m1` and so on of the version of the model `original`."""
    with inside.tenant.database.read() as connection:
        version = models.load_version(connection, "original", None)
        stored = models.version_bytes(connection, "original", version.version)
    record = asdict(version)
    values: dict[str, Any] = {name: record[name] for name in (*COPIED, "record", "test")}
    values |= {"bytes": stored.bytes, "address": stored.address, "sha256": stored.sha256}
    values["size"] = size_of(inside.tenant.blobs, stored)
    for start in range(0, count, AT_ONCE):
        with inside.tenant.database.begin() as connection:
            for number in range(start, min(start + AT_ONCE, count)):
                models.add_version(connection, f"m{number}", values)


@contextmanager
def counted_loads() -> Iterator[list[str]]:
    """Yield the names of the models whose stored parameters are read meanwhile."""
    names, read = list[str](), loading._read_version

    def counting(services: Any, name: str, *arguments: Any) -> Any:
        names.append(name)
        return read(services, name, *arguments)

    with patch.object(loading, "_read_version", counting):
        yield names
