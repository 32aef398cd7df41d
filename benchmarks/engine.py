"""The engine in process: `service.backprop.training` with the settings of the job, nothing stored."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from benchmarks.peers.protocol import Runner, main
from benchmarks.workloads import THREADS, WORKLOADS, Workload
from service import __version__
from service.backprop.losses import LOSSES
from service.backprop.network import Network
from service.backprop.training.kernels import AUTO, resolve
from service.backprop.training.loop import train
from service.backprop.training.results import EpochRun
from service.backprop.training.rows import ArrayRows
from service.backprop.training.settings import TrainingSettings
from service.definitions.build import build_network, build_settings
from service.definitions.choices import build
from service.definitions.fill import fill
from service.definitions.network import NetworkRequest
from service.definitions.requests import JobRequest
from service.definitions.resolved import Targets
from service.definitions.rows import RowUse
from service.definitions.training_parts import MAX_EPOCHS
from service.definitions.validation import check

SEED = 1


def prepare(workload: dict[str, Any], X: Any, Y: Any) -> Runner:
    network, settings = built(next(known for known in WORKLOADS if known.key == workload["key"]))
    network.initialize(SEED)
    settings = replace(settings, epochs=MAX_EPOCHS, kernels=resolve(AUTO), threads=THREADS)
    runs: Iterator[EpochRun] = train(network, settings, ArrayRows(X, Y))
    next(runs)  # epoch 0, which is not trained
    trained, wanted = 0, 0

    def run(number: int) -> None:
        nonlocal trained, wanted
        wanted += number
        while trained < wanted:  # short epochs are computed together: extra ones of a turn are deducted from the next
            trained = next(runs).last_epoch

    return Runner(f"backprop {__version__}", run, network.predict)


def built(workload: Workload) -> tuple[Network, TrainingSettings]:
    """Return the engine's network and settings for the workload's job."""
    job = check(JobRequest, workload.job(SEED))
    assert isinstance(job.network, NetworkRequest) and job.training.loss is not None
    definition = job.network.definition()
    loss = build(LOSSES, job.training.loss.model_dump(mode="json"))
    layers = definition.engine_layers()
    use = RowUse(workload.rows, validation=None, test=None, left_out=0)
    targets = Targets(outputs=workload.sizes[-1], labels=None)
    training = fill(job.training, loss, use, targets, layers, SEED)
    network = build_network({**definition.normalised(), "inputs": workload.sizes[0]}, training.precision)
    return network, build_settings(training, None)


if __name__ == "__main__":
    sys.exit(main(prepare))
