"""The memory that a job takes, the bytes that it stores, and the seconds that it takes besides its epochs.

The figures behind the constants are in docs/scaling.md and docs/decisions/0060-estimates.md.
"""

from dataclasses import dataclass

from service.backprop.training.evaluator import EVALUATE_ROWS
from service.backprop.training.trainer import EPOCH_0_ROWS
from service.estimates.shapes import Shape

MIB = 1024 * 1024
VECTORS = 4  # as long as the parameters, besides the optimizer's: parameters, gradients, those before a step, a copy
WAITING_TIMES, WAITING_BYTES = 32, 64 * MIB  # parameters that wait to be written, on their way through the driver
IN_MEMORY_BYTES = 64 * MIB  # rows are held ready up to this size (`service.preprocessing.batches`)
BATCH_BUFFERS = 3  # weighted inputs, activations and errors of each layer
CHUNK_BYTES = 4 * MIB  # of inputs that are gathered together, twice
CONFUSION_ROWS = 10_000  # training rows that are counted where none validate

RECORD_BYTES = 57  # of an epoch: loss, learning rate, seconds, a mark and a hash
RUN_BYTES = 120  # of each row of epochs that are stored by themselves

JOB_SECONDS = 0.03  # claim, preparation, first and last transaction
RECORD_SECONDS = 1e-6  # of an epoch in a row with others
STORED_SECONDS = 25e-9  # of a byte of parameters: hashed, and written through the database
FILE_SECONDS = 9e-9  # of one that is written to a file, as large ones are
FILE_BYTES = 8 * MIB
READ_SECONDS = 2e-9  # of a byte of the dataset
FLOP_SECONDS, UNIT_SECONDS = 5e-11, 5e-9  # of evaluations

AT_LEAST_STORED = 3  # epoch 0, the best and the last


@dataclass(frozen=True)
class StoredBytes:
    """The bytes that a job stores, by what they are; `epochs` are those whose parameters stay stored."""

    epochs: int
    parameters: int
    optimizer_states: int
    records: int
    version: int
    resume_state: int

    @property
    def total(self) -> int:
        """What is stored once the job has ended."""
        return self.parameters + self.optimizer_states + self.records + self.version


def stored_bytes(shape: Shape) -> StoredBytes:
    """Return what a job stores if it trains all its epochs."""
    rule, epochs = shape.training.store_parameters, shape.training.epochs
    size = shape.sizes.stored * shape.itemsize
    state = shape.sizes.total * shape.slots * shape.itemsize if rule.optimizer_state else 0
    count = epochs // rule.every + 1 + (epochs % rule.every > 0)
    if rule.limit_bytes is not None:
        count = min(count, max(AT_LEAST_STORED, rule.limit_bytes // max(1, size + state)))
    values = 8 * (len(shape.training.metrics) * (1 + (shape.rows.validation > 0)) + (shape.rows.validation > 0))
    alone = RUN_BYTES if shape.work.epochs == 1.0 else 0
    version = 0 if shape.training.epochs == 0 else size
    resume = size + shape.sizes.total * shape.slots * shape.itemsize
    return StoredBytes(
        count, count * size, count * state, (epochs + 1) * (RECORD_BYTES + values + alone), version, resume
    )


def memory_bytes(shape: Shape) -> int:
    """Return what the training process takes at its peak, beyond what it has when idle."""
    size = shape.sizes.total * shape.itemsize
    units = sum(shape.sizes.units)
    width = shape.sizes.inputs[0] + shape.sizes.units[-1]
    evaluated = min(EVALUATE_ROWS, max(shape.rows.validation, shape.rows.training))
    numbers = shape.batch * (width + BATCH_BUFFERS * units) + evaluated * (width + BATCH_BUFFERS * units)
    chunk = min(CHUNK_BYTES, 2 * shape.rows.training * width * shape.itemsize)
    staged = 0
    for rows in (shape.rows.training, shape.rows.validation, shape.tested):
        held = rows * width * shape.itemsize
        staged += held if held <= IN_MEMORY_BYTES else 0
    waiting = min(WAITING_TIMES * size, WAITING_BYTES)
    return (VECTORS + shape.slots) * size + waiting + numbers * shape.itemsize + chunk + staged


def other_seconds(shape: Shape) -> float:
    """Return the seconds of a job besides its epochs, with the constants as they are: start, storing, and its end."""
    rule, epochs = shape.training.store_parameters, shape.training.epochs
    size = shape.sizes.stored * shape.itemsize * (1 + (shape.slots if rule.optimizer_state else 0))
    by_byte = FILE_SECONDS if size > FILE_BYTES else STORED_SECONDS
    hashed = epochs * shape.sizes.stored * shape.itemsize * FILE_SECONDS / 9
    stored = (epochs // rule.every + 1) * size * by_byte
    weights = sum(units * inputs for units, inputs in zip(shape.sizes.units, shape.sizes.inputs, strict=True))
    counted = shape.rows.validation or min(CONFUSION_ROWS, shape.rows.training)
    evaluated = min(EPOCH_0_ROWS, shape.rows.training) + 2 * counted + shape.tested
    per_row = 2 * weights * FLOP_SECONDS + sum(shape.sizes.units) * UNIT_SECONDS
    return (
        JOB_SECONDS + epochs * RECORD_SECONDS + hashed + stored + shape.data.bytes * READ_SECONDS + evaluated * per_row
    )
