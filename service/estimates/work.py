"""The work of one epoch, counted from a job's settings without reading a row or allocating a parameter.

Each count is of something whose cost grows in proportion to it: batches, products of matrices, numbers that are moved.
`service.estimates.speed` turns counts into seconds. How much work is saved by inputs that are 0, which the compiled
steps leave out, follows from the dataset's statistics.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from service.backprop.activations import Activation
from service.backprop.compiled.coverage import covers_settings
from service.backprop.layers import Dense, Layer
from service.backprop.network import size_of
from service.backprop.optimizers.gradient_descent import SGD
from service.backprop.training.evaluator import EVALUATE_ROWS
from service.backprop.training.kernels import NUMBA
from service.backprop.training.settings import TrainingSettings

# As in `service.backprop.compiled`, which imports Numba; a test compares them.
BLAS_FROM = 400_000  # rows x inputs x units from which the BLAS computes a product
SPARSE_BELOW = 0.5  # the share of inputs other than 0 up to which they are listed
DIRECT_ROWS, SCATTER_UNITS = 32, 64  # of a sparse batch whose weights are updated input by input
PARTS_FROM = 1_400_000  # rows x parameters of a batch from which two threads share it
TOGETHER_BYTES = 2 * 1024 * 1024  # of several short epochs that are computed in one call
MOST_TOGETHER = 1000

CHEAP = ("linear", "relu", "leaky_relu", "softsign")  # activations without an exponential


@dataclass(frozen=True)
class Rows:
    """The rows of a job: how many train and how many validate, and the share of their inputs that are not 0."""

    training: int
    validation: int
    density: float = 1.0
    are_weighted: bool = False


@dataclass(frozen=True)
class Work:
    """What one epoch does.

    Attributes
    ----------
    epochs
        1, or the share of a call that computes several short epochs together.
    batches, layer_steps
        Batches, and batches times layers.
    gathered
        Numbers copied into batches.
    listed
        Products, additions included, with inputs that are listed because they are not 0.
    small_products, large_products
        Floating-point operations of other products, below and above the size from which the BLAS computes them.
    cheap_units, exponentials
        Outputs of units, without and with an exponential in their activation.
    updates, slot_updates
        Parameters that are updated, and numbers of the optimizer's state.
    validated
        Floating-point operations on validation rows.
    validated_units
        Outputs of units on validation rows.
    validations
        1 in an epoch that is validated, and 1 for each block of rows.
    scored
        Outputs from which metrics are computed.
    """

    epochs: float
    batches: float
    layer_steps: float
    gathered: float
    listed: float
    small_products: float
    large_products: float
    cheap_units: float
    exponentials: float
    updates: float
    slot_updates: float
    validated: float
    validated_units: float
    validations: float
    scored: float

    def counts(self) -> dict[str, float]:
        return dict(vars(self))


@dataclass(frozen=True)
class Sizes:
    """The shape of a network: inputs and units of each layer, its parameters and what is stored with them."""

    inputs: tuple[int, ...]
    units: tuple[int, ...]
    parameters: tuple[int, ...]
    statistics: int

    @classmethod
    def of(cls, layers: Sequence[Layer], inputs: int) -> "Sizes":
        """Return the sizes of a network of these layers with so many inputs."""
        widths, parameters, statistics = [inputs], [], 0
        for layer in layers:
            parameters.append(size_of(layer.parameter_shapes(widths[-1])))
            statistics += size_of(layer.statistic_shapes(widths[-1]))
            widths.append(layer.units_after(widths[-1]))
        return cls(tuple(widths[:-1]), tuple(widths[1:]), tuple(parameters), statistics)

    @property
    def total(self) -> int:
        """The number of trained parameters."""
        return sum(self.parameters)

    @property
    def stored(self) -> int:
        """The numbers that are stored of an epoch: parameters and running statistics."""
        return self.total + self.statistics


def is_compiled(layers: Sequence[Layer], settings: TrainingSettings, rows: Rows) -> bool:
    """Return whether compiled steps train the job, where `settings.kernels` names them."""
    return settings.kernels == NUMBA and covers_settings(layers, settings) and not rows.are_weighted


def work_of(layers: Sequence[Layer], sizes: Sizes, settings: TrainingSettings, rows: Rows) -> Work:
    """Count the work of one epoch."""
    compiled = is_compiled(layers, settings, rows)
    batch = min(settings.batch_size, rows.training)
    batches = -(-rows.training // batch)
    listed, small, large = _products(layers, sizes, batch, rows, compiled)
    units = {True: 0, False: 0}
    for layer, count in zip(layers, sizes.units, strict=True):
        units[_is_cheap(layer.last_activation())] += count
    slots = len(settings.optimizer.vectors())
    updated = sizes.total - (sizes.parameters[0] if _descends_directly(sizes, settings, batch, rows, compiled) else 0)
    products = sum(_weights(layer, *shape) for layer, *shape in zip(layers, sizes.inputs, sizes.units, strict=True))
    return Work(
        epochs=_calls(sizes, settings, rows) if compiled else 1.0,
        batches=batches,
        layer_steps=batches * len(layers),
        gathered=rows.training * (sizes.inputs[0] + sizes.units[-1]),
        listed=listed,
        small_products=small,
        large_products=large,
        cheap_units=rows.training * units[True],
        exponentials=rows.training * units[False],
        updates=batches * updated,
        slot_updates=batches * sizes.total * slots,
        validated=2.0 * rows.validation * products,
        validated_units=rows.validation * sum(sizes.units),
        validations=1.0 + -(-rows.validation // EVALUATE_ROWS) if rows.validation else 0.0,
        scored=(rows.training + rows.validation) * sizes.units[-1] * (1 + len(settings.metrics)),
    )


def _weights(layer: Layer, inputs: int, units: int) -> int:
    return inputs * units if isinstance(layer, Dense) else 0


def _products(
    layers: Sequence[Layer], sizes: Sizes, batch: int, rows: Rows, compiled: bool
) -> tuple[float, float, float]:
    """Return the operations of products with listed inputs, of small products and of large ones."""
    listed = small = large = 0.0
    for index, layer in enumerate(layers):
        weights = _weights(layer, sizes.inputs[index], sizes.units[index])
        operations = (4.0 if index == 0 else 6.0) * rows.training * weights  # no error is passed to the inputs
        if index == 0 and compiled and rows.density <= SPARSE_BELOW:
            listed += operations * rows.density
        elif batch * weights >= BLAS_FROM:
            large += operations
        else:
            small += operations
    return listed, small, large


def _is_cheap(activation: Activation | None) -> bool:
    return activation is None or activation.name in CHEAP


def _descends_directly(sizes: Sizes, settings: TrainingSettings, batch: int, rows: Rows, compiled: bool) -> bool:
    """Return whether the first layer's weights are updated input by input, which passes over few of them."""
    optimizer, penalties = settings.optimizer, settings.regularization
    plain = isinstance(optimizer, SGD) and not optimizer.momentum and not (penalties.l1 or penalties.l2)
    small = batch <= DIRECT_ROWS and sizes.units[0] <= SCATTER_UNITS and batch * sizes.total < PARTS_FROM
    return compiled and plain and small and rows.density <= SPARSE_BELOW


def _calls(sizes: Sizes, settings: TrainingSettings, rows: Rows) -> float:
    """Return the share of a call that an epoch is: short ones are computed together."""
    if rows.validation or settings.schedule is not None or settings.keeps_states:
        return 1.0
    itemsize = 4
    size = rows.training * (sizes.inputs[0] + 2 * sizes.units[-1]) * itemsize + sizes.total * itemsize
    return 1.0 / max(1, min(MOST_TOGETHER, TOGETHER_BYTES // size))
