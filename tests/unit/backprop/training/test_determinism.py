"""The same seed gives the same bits: in every process, and whatever the number of threads."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[4]
PROCESSES = 10

RUN = """
import hashlib, sys
import numpy as np
from service.backprop.activations import ACTIVATIONS
from service.backprop.layers import LAYERS, Dense
from service.backprop.losses import LOSSES
from service.backprop.network import Network
from service.backprop.optimizers import OPTIMIZERS
from service.backprop.training import loop, numpy_steps
from service.backprop.training.rows import ArrayRows
from service.backprop.training.settings import TrainingSettings

numpy_steps.SHARD_FROM = 1_000_000
random = np.random.default_rng(1)
rows = ArrayRows(random.random((600, 100), dtype=np.float32), np.eye(10, dtype=np.float32)[random.integers(0, 10, 600)])
relu = ACTIVATIONS["relu"]()
network = Network(100, [Dense(80, relu), LAYERS["dropout"](0.3), Dense(40, relu), Dense(10, ACTIVATIONS["softmax"]())])
network.initialize(7)
assert numpy_steps.shards_of(128, network) == 2
settings = TrainingSettings(
    LOSSES["categorical_cross_entropy"](), OPTIMIZERS["adam"](), 5, 128, True, 7, threads=int(sys.argv[1])
)
for result in loop.train(network, settings, rows):
    print(hashlib.sha256(network.stored_bytes()).hexdigest(), float(result.training_loss[0]).hex())
"""


def started(threads: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-W", "error", "-c", RUN, str(threads)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_ten_processes_with_one_and_two_threads_agree_on_every_epoch() -> None:
    outputs = []
    for _ in range(PROCESSES // 2):
        pair = [started(threads) for threads in (1, 2)]
        outputs += [process.communicate(timeout=60)[0].splitlines() for process in pair]
        assert [process.returncode for process in pair] == [0, 0]
    assert all(epochs == outputs[0] for epochs in outputs)
    assert len(set(outputs[0])) == 6
