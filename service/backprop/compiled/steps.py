"""The steps of training in compiled code, and how a run's arrays reach it."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from service.backprop.activations import Activation
from service.backprop.arrays import FloatArray, IndexArray, aligned_zeros
from service.backprop.compiled.activations import CODES
from service.backprop.compiled.ahead import Chunk, Gatherer
from service.backprop.compiled.coverage import covers
from service.backprop.compiled.layers import turned_size
from service.backprop.compiled.losses import LOSSES
from service.backprop.compiled.optimizers import ADAM, AMSGRAD, MOMENTUM, NESTEROV, SGD
from service.backprop.compiled.shuffling import orders
from service.backprop.compiled.training import ROOM, Arrays, NonzeroInputs, OptimizerSettings, Plan, train_batches
from service.backprop.layers.dense import Dense
from service.backprop.network import Network
from service.backprop.optimizers import Optimizer, adam, gradient_descent
from service.backprop.training.accumulators import Outcome, series
from service.backprop.training.evaluator import Shard
from service.backprop.training.numpy_steps import ComputedEpochs, LastStep, LearningRate, RunSpec, StopCheck, started
from service.backprop.training.rows import batches
from service.backprop.training.state import PartialEpoch

CHUNK_BYTES = 2 * 1024 * 1024  # of inputs, gathered together and trained on in one call
EXCHANGED = 100_000  # parameters at a time
MOST_TOGETHER = 1000  # epochs
PARTS_FROM = 1_400_000  # rows x parameters of a batch from which two threads save more than synchronizing them costs


class CompiledSteps:
    """Computes chunks of batches in one call each, and several short epochs in one call."""

    diagnostics_cost = 20
    covers = staticmethod(covers)

    def __init__(self, spec: RunSpec) -> None:
        self.spec, self.network = spec, spec.network
        settings, network = spec.settings, spec.network
        self.slots = settings.optimizer.slots(network.parameters)
        self.steps = 0
        self.plan = _plan(network, spec)
        row_bytes = network.inputs * network.dtype.itemsize
        self.chunk = max(1, CHUNK_BYTES // (row_bytes * spec.batch_size)) * spec.batch_size
        epoch_bytes = len(spec.rows) * (row_bytes + 2 * network.outputs * network.dtype.itemsize)
        self.together = min(MOST_TOGETHER, CHUNK_BYTES // (epoch_bytes + network.parameters.nbytes))
        if spec.rows.block_rows is not None:
            self.together = 0
        room = min(self.chunk, len(spec.rows)) if self.together < 2 else self.together * len(spec.rows)
        self.outputs: FloatArray = np.empty((room, network.outputs), dtype=network.dtype)
        self.arrays = _arrays(network, spec.batch_size, self.slots, self.plan.parts)
        self.threads = min(settings.threads, self.plan.parts)
        self.pool = ThreadPoolExecutor(self.threads - 1) if self.threads > 1 else None
        self.gatherer = Gatherer(spec.rows, network, room, settings.threads > self.threads and self.together < 2)
        self.measuring: Shard | None = None

    def compute(
        self,
        epoch: int,
        most: int,
        learning_rate: LearningRate,
        stop_check: StopCheck,
        *,
        with_last_step: bool,
        partial_epoch: PartialEpoch | None,
    ) -> ComputedEpochs | None:
        if most and self.together > 1 and partial_epoch is None and not with_last_step:
            # one left alone is computed as several are: the order in which its losses are added up stays the same
            return self._compute_several(epoch, min(most, self.together), learning_rate(epoch, 0))
        index, accumulator = started(self.spec, partial_epoch)
        last: LastStep | None = None
        for chunk in self.gatherer.chunks(_after(self._order(epoch, with_last_step), index * self.spec.batch_size)):
            if stop_check(index, accumulator):
                return None
            rows = len(chunk.indices)
            batch_count = -(-rows // self.spec.batch_size)
            rates = np.array([learning_rate(epoch, index + number) for number in range(batch_count)])
            index += batch_count
            before = self.network.parameters.copy() if with_last_step and index == self.spec.batches else None
            self._train(chunk, rates, np.empty(0, dtype=np.intp))
            accumulator.add(Outcome(self.outputs[:rows], chunk.Y, chunk.Y), None, float(rows))
            if before is not None:
                last = self._last_step(chunk.indices, before)
        return ComputedEpochs.single(accumulator, last)

    def _order(self, epoch: int, apart: bool) -> Iterator[IndexArray]:
        """Yield an epoch's rows in its order, chunk by chunk; with `apart` the last batch is a chunk of its own."""
        spec, settings = self.spec, self.spec.settings
        left = len(spec.rows)
        for chunk in batches(spec.rows, self.chunk, settings.shuffle, settings.seed, spec.drawn_as(epoch)):
            left -= len(chunk)
            if left or not apart:
                yield chunk
                continue
            last = (len(spec.rows) - 1) % spec.batch_size + 1
            if len(chunk) > last:
                yield chunk[:-last]
            yield chunk[-last:]

    def _compute_several(self, epoch: int, count: int, learning_rate: float) -> ComputedEpochs:
        """Compute `count` whole epochs in one call, with the parameters after each."""
        spec, settings = self.spec, self.spec.settings
        rows = len(spec.rows)
        order = orders(rows, settings.shuffle, settings.seed, spec.drawn_as(epoch), count)
        rates = np.full(count * spec.batches, learning_rate)
        ends = np.arange(1, count + 1, dtype=np.intp) * spec.batches
        chunk = self.gatherer.gather(order.reshape(-1))
        snapshots = self._train(chunk, rates, ends)
        outcome = Outcome(self.outputs[: count * rows], chunk.Y, chunk.Y)
        losses, metrics = series(spec.measures, outcome, count, one_by_one=settings.stopping.decides)
        return ComputedEpochs(losses, metrics, snapshots)

    def _train(self, chunk: Chunk, rates: FloatArray, ends: IndexArray) -> FloatArray:
        """Do a step for each batch of a chunk; return the parameters after the batches before `ends`."""
        size, count = self.spec.batch_size, len(chunk.indices)
        snapshots = np.empty((len(ends), self.network.parameters.size), dtype=self.network.dtype)
        begins = _begins(count, size, len(self.spec.rows))
        outputs = self.outputs[:count]
        given = (self.plan, self.arrays, chunk.X, chunk.Y, begins, rates, self.steps, outputs, ends, snapshots)
        others = (
            []
            if self.pool is None
            else [self.pool.submit(train_batches, *given, thread, self.threads) for thread in range(1, self.threads)]
        )
        train_batches(*given, 0, self.threads)
        for other in others:
            other.result()
        self.steps += len(rates)
        return snapshots

    def _last_step(self, batch: IndexArray, before: FloatArray) -> LastStep:
        """Compute the errors of an epoch's last step again, by the layers' own equations."""
        spec, parameters = self.spec, self.network.parameters
        if self.measuring is None:
            self.measuring = Shard(self.network, spec.batch_size, spec.weighing, spec.settings.seed, 0)
            self.measuring.workspace.take(self.network, self.arrays.gradients)  # the previous step needs them no longer
        _exchange(parameters, before)
        self.measuring.gather(spec.rows, batch)
        self.measuring.backpropagate(self.measuring.normaliser)
        _exchange(parameters, before)
        self.arrays.gradients.fill(0)  # as sparse batches require
        return LastStep([self.measuring.buffers], before)

    def close(self) -> None:
        self.gatherer.close()
        if self.pool is not None:
            self.pool.shutdown()


def parts_of(rows: int, network: Network) -> int:
    """Return the number of parts of a step, which depends on shapes alone: threads do not change results."""
    return 2 if rows * network.parameters.size >= PARTS_FROM else 1


def _after(order: Iterable[IndexArray], rows: int) -> Iterator[IndexArray]:
    """Yield an epoch's order after its first `rows` rows, with the boundaries of chunks unchanged."""
    for chunk in order:
        if rows < len(chunk):
            yield chunk[rows:]
        rows = max(0, rows - len(chunk))


def _exchange(one: FloatArray, other: FloatArray) -> None:
    """Exchange the values of two vectors, in pieces, so that no third vector is needed."""
    for start in range(0, len(one), EXCHANGED):
        piece = slice(start, start + EXCHANGED)
        one[piece], other[piece] = other[piece], one[piece].copy()


def _begins(count: int, batch_size: int, rows: int) -> IndexArray:
    """Return the beginnings of the batches among `count` rows, of one or several epochs of `rows` rows, and the end."""
    epochs = [np.arange(first, min(first + rows, count), batch_size, dtype=np.intp) for first in range(0, count, rows)]
    return np.concatenate([*epochs, np.array([count], dtype=np.intp)])


def _plan(network: Network, spec: RunSpec) -> Plan:
    settings, dense = spec.settings, [placed.layer for placed in network.layers if isinstance(placed.layer, Dense)]
    kind, numbers = _optimizer(settings.optimizer)
    units = np.cumsum([0] + [placed.units for placed in network.layers])
    layers = [
        (placed.inputs, placed.units, CODES[layer.activation.name], placed.offset, units[placed.index])
        for placed, layer in zip(network.layers, dense, strict=True)
    ]
    return Plan(
        np.array(layers, dtype=np.intp),
        np.array([_setting(layer.activation) for layer in dense]),
        LOSSES[settings.loss.name],
        float(getattr(settings.loss, "delta", 0.0)),
        settings.loss.matched == dense[-1].activation.name,
        kind,
        numbers,
        settings.regularization.l1,
        settings.regularization.l2,
        parts_of(spec.batch_size, network),
    )


def _setting(activation: Activation) -> float:
    """Return the setting of leaky_relu or elu; 0 for other activations."""
    return float(getattr(activation, "slope", getattr(activation, "alpha", 0.0)))


def _optimizer(optimizer: Optimizer) -> tuple[int, OptimizerSettings]:
    if isinstance(optimizer, adam.Adam):
        decay = optimizer.weight_decay if isinstance(optimizer, adam.AdamW) else 0.0
        numbers = OptimizerSettings(0.0, optimizer.beta1, optimizer.beta2, optimizer.epsilon, decay)
        return AMSGRAD if optimizer.amsgrad else ADAM, numbers
    assert isinstance(optimizer, gradient_descent.SGD)
    kind = NESTEROV if optimizer.nesterov else MOMENTUM if optimizer.momentum else SGD
    return kind, OptimizerSettings(optimizer.momentum, 0.0, 0.0, 0.0, 0.0)


def _arrays(network: Network, rows: int, slots: dict[str, FloatArray], parts: int) -> Arrays:
    dtype, inputs = network.dtype, network.inputs
    units = sum(placed.units for placed in network.layers)
    none = np.zeros(0, dtype=dtype)
    barrier = np.zeros(2, dtype=np.intp)
    present = [slots.get(name, none) for name in ("means", "squares", "largest")]
    if "velocity" in slots:
        present[0] = slots["velocity"]
    nonzero = NonzeroInputs(
        np.zeros(rows, dtype=np.intp),
        np.zeros(rows, dtype=np.intp),
        np.empty(rows * inputs + parts * ROOM, dtype=np.int32),
        np.empty(rows * inputs + parts * ROOM, dtype=dtype),
        np.zeros((parts, inputs + 1), dtype=np.intp),
        np.empty(rows * inputs, dtype=np.int32),
        np.empty(rows * inputs, dtype=dtype),
        np.zeros(parts, dtype=np.bool_),
    )
    Z, A, delta = (np.zeros(rows * units, dtype=dtype) for _ in range(3))
    later = [(placed.inputs, placed.units) for placed in network.layers[1:]]
    largest = max((turned_size(*shape) for shape in later), default=0)
    gradients, turned, ones = (
        aligned_zeros(network.parameters.size, dtype),
        np.empty((parts, largest), dtype=dtype),
        np.ones(1, dtype=dtype),
    )
    return Arrays(
        network.parameters, gradients, (present[0], present[1], present[2]), Z, A, delta, turned, ones, nonzero, barrier
    )
