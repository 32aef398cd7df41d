"""`make chaos`, `make soak`: stages that disturb the service, judged by the oracle. Exit code 1 if anything is lost."""

import argparse
import secrets
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from chaos import (
    stage_corpus,
    stage_failpoints,
    stage_kills,
    stage_machine,
    stage_mutants,
    stage_outages,
    stage_retries,
    stage_rush,
    stage_schema,
    stage_service,
    stage_streams,
    stage_twenty,
    stage_webhooks,
)
from chaos.grounds import PAIRS, Ground, ground
from chaos.oracle import Report, sum_of

SOAKED = ("kills", "service")


@dataclass(frozen=True)
class Size:
    """How much each stage does on each pair of backends."""

    kills: stage_kills.Figures
    service: stage_service.Figures
    twenty: int
    outages: stage_outages.Figures
    api_kills: int
    rush: stage_rush.Figures
    retries: stage_retries.Figures
    streams: stage_streams.Figures
    cases_each: int
    machine_runs: int
    webhooks: stage_webhooks.Figures


FULL = Size(
    kills=stage_kills.Figures(kills=75, zombies=25, jobs=300, seconds=90),
    service=stage_service.Figures(kills=15, jobs=240, seconds=240),
    twenty=stage_twenty.KILLS,
    outages=stage_outages.Figures(away=30, before=4, jobs=20),
    api_kills=5,
    rush=stage_rush.Figures(clients=50, reads=150, submissions=10, seconds=30, rush_seconds=8),
    retries=stage_retries.Figures(keys=2500, sends=4, kills=8),
    streams=stage_streams.Figures(drops=100, jobs=2, kills=3),
    cases_each=130,
    machine_runs=100,
    webhooks=stage_webhooks.Figures(kills=100, apart=2.0, jobs_a_second=1.0),
)


def failpoints(size: Size, seed: str) -> Report:
    return _on_all(lambda grounds: stage_failpoints.stage(grounds, seed))


def kills(size: Size, seed: str) -> Report:
    return _on_all(
        lambda grounds: stage_kills.stage(grounds, size.kills, seed), lease_seconds=stage_kills.LEASE_SECONDS
    )


def twenty(size: Size, seed: str) -> Report:
    return _on_all(
        lambda grounds: sum_of(
            stage_twenty.run(made, stage_twenty.kinds(size.twenty), size.twenty, f"{seed} {pair}")
            for pair, made in grounds.items()
        )
    )


def mutants(size: Size, seed: str) -> Report:
    return _on_all(lambda grounds: sum_of(map(stage_mutants.stage, grounds.values())))


def service(size: Size, seed: str) -> Report:
    return stage_service.stage(PAIRS, size.service, seed)


def outages(size: Size, seed: str) -> Report:
    return stage_outages.outages(size.outages, seed)


def api(size: Size, seed: str) -> Report:
    return stage_outages.kills_of_the_api(size.api_kills, size.outages, seed)


def rush(size: Size, seed: str) -> Report:
    return stage_rush.stage(PAIRS, size.rush, seed)


def retries(size: Size, seed: str) -> Report:
    return stage_retries.stage(PAIRS, size.retries, seed)


def streams(size: Size, seed: str) -> Report:
    return stage_streams.stage(PAIRS, size.streams, seed)


def schema(size: Size, seed: str) -> Report:
    return stage_schema.stage(size.cases_each, seed)


def machine(size: Size, seed: str) -> Report:
    return stage_machine.stage(size.machine_runs, seed)


def webhooks(size: Size, seed: str) -> Report:
    return stage_webhooks.stage(PAIRS, size.webhooks, seed)


def corpus(size: Size, seed: str) -> Report:
    return stage_corpus.run()


STAGES: dict[str, Callable[[Size, str], Report]] = {
    each.__name__: each
    for each in (
        mutants,
        failpoints,
        twenty,
        kills,
        service,
        outages,
        api,
        webhooks,
        machine,
        schema,
        corpus,
        rush,
        retries,
        streams,
    )
}


def _on_all(stage: Callable[[dict[str, Ground]], Report], **settings: Any) -> Report:
    """Run a stage on a new ground for each pair of backends."""
    with ExitStack() as stack:
        return stage({pair: stack.enter_context(ground(pair, **settings)) for pair in PAIRS})


def run(names: list[str], size: Size, seed: str) -> bool:
    """Run stage after stage; return whether nothing was lost."""
    good = True
    for name in names:
        began = time.monotonic()
        print(f"{name}, seed {seed}", flush=True)
        report = STAGES[name](size, f"{seed} {name}")
        good &= report.is_good
        for line in report.lines():
            print(f"  {line}", flush=True)
        print(f"  {time.monotonic() - began:.0f} s", flush=True)
    return good


def soak(size: Size, seed: str, minutes: float) -> bool:
    """Repeat the stages `SOAKED`, each round with a seed derived from the first, until time is up or a check fails."""
    over = time.monotonic() + 60 * minutes
    number = 0
    while number == 0 or time.monotonic() < over:
        if not run(list(SOAKED), size, f"{seed}.{number}"):
            return False
        number += 1
    print(f"{number} rounds")
    return True


def main() -> int:
    parser = argparse.ArgumentParser(prog="chaos", description="Kill the service and check that nothing is lost.")
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=f"of {', '.join(STAGES)}; all by default")
    parser.add_argument("--seed", help="the seed that a run has printed, to repeat its plan")
    parser.add_argument("--minutes", type=float, help=f"run {' and '.join(SOAKED)} over and over for so long")
    options = parser.parse_args()
    if unknown := set(options.stages) - set(STAGES):
        parser.error(f"there is no stage {', '.join(sorted(unknown))}; there are {', '.join(STAGES)}")
    seed = options.seed or secrets.token_hex(4)
    stages = options.stages or list(STAGES)
    good = soak(FULL, seed, options.minutes) if options.minutes else run(stages, FULL, seed)
    print(f"nothing was lost (seed {seed})" if good else f"SOMETHING WAS LOST: SEED={seed} repeats this plan")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
