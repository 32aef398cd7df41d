"""Transforms of a dataset's columns into the inputs and targets of a network, fitted on the training rows.

A column of categories becomes one input for each category (one-hot encoding); an unknown category becomes all zeros. A
number is first divided by the dataset's `scale` and becomes (value / scale - offset) / divisor. A missing number is
replaced by the mean or median of the training rows; `indicator` adds an input that is 1 for missing values. Targets are
one-hot classes, a single output for two classes, or values scaled like inputs.

Rows reach a network from two sides: stored rows, divided by the scale of the dataset that they are read from, and rows
that a client sends, in the units of the training dataset as it was sent.
"""

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.definitions.columns import ColumnType, Role, Table
from service.definitions.target_scaling import LINEAR, Reach
from service.preprocessing.classes import codes_of
from service.preprocessing.fitted_columns import RANGE, InputColumn, TargetColumn
from service.preprocessing.input_fitting import fit_inputs
from service.preprocessing.row_selection import Selection
from service.preprocessing.statistics import ColumnStatistics
from service.preprocessing.stored_rows import StoredRows
from service.preprocessing.target_fitting import check_one_hot, check_present, fit_targets

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Preprocessing:
    """The fitted transforms of a dataset's columns.

    Attributes
    ----------
    labels, codes
        The classes of the one target and the numbers that the dataset stores for them; None when targets are values.
    numbers, target_values
        The scaling chosen for `auto`.
    missing
        How missing values are treated.
    threshold
        A single output of at least this value means the second of two classes.
    decision
        The second of two classes is meant where its output, single or one of two, is at least that; it goes before
        `threshold`. None where nobody chose it.
    low
        What a single output is trained towards for the first of two classes; it is 1 for the second.
    class_weights
        The weight of each class in training, in the order of `labels`.
    scale
        What numbers of the training dataset, as it was sent, are divided by before all else. None when it is not known:
        older releases did not store it, and the dataset is gone.
    columns_chosen
        Whether the job chose its columns, so that other datasets may have further ones.
    numbered_inputs
        `JobColumns.numbered` of the job's choice.
    """

    numbers: str
    target_values: str
    missing: str
    inputs: tuple[InputColumn, ...]
    targets: tuple[TargetColumn, ...]
    labels: tuple[str | int, ...] | None
    codes: tuple[float, ...] | None
    single_output: bool
    threshold: float = 0.5
    class_weights: tuple[float, ...] | None = None
    scale: float | None = 1.0
    low: float = 0.0
    columns_chosen: bool = False
    numbered_inputs: int | None = None
    decision: float | None = None

    @cached_property
    def features(self) -> int:
        return sum(column.width for column in self.inputs)

    @property
    def outputs(self) -> int:
        if self.labels is None:
            return len(self.targets)
        return 1 if self.single_output else len(self.labels)

    @property
    def target_scale(self) -> Numbers | None:
        """The factors (outputs,) from an output's error to the target's own units; None where they are 1."""
        if self.labels is not None or self.target_values == "none":
            return None
        return np.array([target.divisor for target in self.targets])

    @property
    def target_scales(self) -> Numbers:
        """Offsets and divisors (2, targets) of the targets' scaling."""
        return np.array([[target.offset, target.divisor] for target in self.targets]).reshape(-1, 2).T

    @property
    def target_names(self) -> tuple[str, ...]:
        """The names of what is predicted: the targets, or `class` for one-hot columns, whose own names are labels."""
        if self.labels is not None and len(self.targets) > 1:
            return ("class",)
        return tuple(target.name for target in self.targets)

    def single_target(self, index: int) -> float:
        """Return what a single output is trained towards for a class, 0 or 1."""
        return 1.0 if index else self.low

    @cached_property
    def has_only_numbers(self) -> bool:
        """Whether no input is a category."""
        return all(column.type is ColumnType.NUMBER for column in self.inputs)

    @cached_property
    def needs_only_numbers(self) -> bool:
        """Whether each input must be sent, and as a number."""
        return self.has_only_numbers and all(column.fill is None and not column.is_date for column in self.inputs)

    @cached_property
    def is_plain(self) -> bool:
        """Whether inputs are numbers that are never missing and only divided by the scale."""
        return self.numbers == "none" and self._only_numbers is not None

    @cached_property
    def takes_sent_as_they_are(self) -> bool:
        """Whether numbers as clients send them are the network's inputs, and any finite number will do."""
        return self.is_plain and self.scale in (None, 1.0) and not any(column.is_date for column in self.inputs)

    @cached_property
    def _categories(self) -> list[int]:
        return [index for index, column in enumerate(self.inputs) if column.type is ColumnType.CATEGORY]

    @cached_property
    def _only_numbers(self) -> tuple[Numbers, Numbers] | None:
        """Offsets and divisors (columns,) if all inputs are numbers that are never missing, otherwise None."""
        if any(column.type is ColumnType.CATEGORY or column.fill is not None for column in self.inputs):
            return None
        return np.array([column.offset for column in self.inputs]), np.array([column.divisor for column in self.inputs])

    def transform_sent(self, raw: NDArray[np.float64], X: NDArray[Any]) -> None:
        """Write the network's inputs (k, features) of raw columns (k, columns) as clients send them into `X`."""
        scale = 1.0 if self.scale is None else self.scale
        if self.is_plain and scale == 1.0:
            X[...] = raw
        elif self.is_plain:
            # the same operation as for the training rows, so that the same number becomes the same input
            np.divide(raw, X.dtype.type(scale), out=X, casting="same_kind")
        else:
            self.transform_inputs(raw if scale == 1.0 else self.scaled(raw, scale), X)

    def scaled(self, raw: NDArray[Any], scale: float) -> NDArray[Any]:
        """Return raw columns (k, columns) with numbers divided by `scale`; the codes of categories remain."""
        divided = np.asarray(raw / scale)
        if scale != 1.0 and self._categories:
            divided[:, self._categories] = raw[:, self._categories]
        return divided

    def transform_inputs(self, raw: NDArray[Any], X: NDArray[Any]) -> None:
        """Write the network's inputs (k, features) of raw columns (k, columns), divided by the scale, into `X`."""
        if self._only_numbers is not None:
            # in the precision of `raw`, as when columns are transformed one by one
            offsets, divisors = self._only_numbers
            if raw.dtype != offsets.dtype:
                offsets, divisors = offsets.astype(raw.dtype), divisors.astype(raw.dtype)
            np.divide(raw - offsets, divisors, out=X, casting="same_kind")
            return
        at = 0
        for index, column in enumerate(self.inputs):
            values = raw[:, index]
            if column.type is ColumnType.CATEGORY:
                X[:, at : at + column.width] = values[:, None] == np.arange(column.width)
            else:
                missing = np.isnan(values)
                filled = values if column.fill is None else np.where(missing, column.fill, values)
                X[:, at] = (filled - column.offset) / column.divisor
                if column.indicator:
                    X[:, at + 1] = missing
            at += column.width

    def transform_targets(self, raw: NDArray[Any], Y: NDArray[Any]) -> None:
        """Write the network's targets (k, outputs) of raw target columns (k, targets) into `Y`."""
        if self.codes is None:  # values, or one-hot columns, which are not scaled
            offsets, divisors = self.target_scales
            Y[...] = (raw - offsets) / divisors
        elif self.single_output:
            Y[...] = raw == self.codes[1]
            if self.low:
                Y[raw == self.codes[0]] = self.low
        else:
            Y[...] = raw == np.array(self.codes)

    def restore(self, A: NDArray[Any]) -> NDArray[Any]:
        """Return outputs (k, outputs) as predictions: probabilities unchanged, values in the target's units."""
        if self.labels is not None or self.target_values == "none":
            return A
        offsets, divisors = self.target_scales
        return np.asarray(A * divisors + offsets)

    def label_of(self, A: NDArray[Any]) -> list[str | int] | None:
        """Return the class of each row of outputs; None for values."""
        if self.labels is None:
            return None
        if self.decision is not None:
            indices = (A[:, -1] >= self.decision).astype(int)
        else:
            indices = (A[:, 0] >= self.threshold).astype(int) if self.single_output else A.argmax(axis=1)
        labels = self.labels
        return [labels[index] for index in indices.tolist()]

    def deciding(self, decision: float | None) -> "Preprocessing":
        """Return a copy in which the second of two classes is meant from that output on."""
        return self if decision == self.decision else replace(self, decision=decision)

    def with_class_weights(self, weights: Numbers | None) -> "Preprocessing":
        """Return a copy with the weight of each class (classes,)."""
        return replace(self, class_weights=None if weights is None else tuple(weights.tolist()))

    def to_dict(self) -> dict[str, Any]:
        """Return what was fitted as JSON to store; a version's decision is stored by itself."""
        record = asdict(self)
        del record["decision"]
        for column in record["inputs"]:
            for name in RANGE:
                if column[name] is None:
                    del column[name]
        return record

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "Preprocessing":
        inputs = tuple(
            InputColumn(
                **{
                    **column,
                    "type": ColumnType(column["type"]),
                    "categories": None if column["categories"] is None else tuple(column["categories"]),
                }
            )
            for column in record["inputs"]
        )
        targets = tuple(TargetColumn(**target) for target in record["targets"])
        names = ("labels", "codes", "class_weights")
        lists = {name: None if record.get(name) is None else tuple(record[name]) for name in names}
        # records of older releases do not have the scale; it is not 1 for all of them
        return cls(**{"scale": None, **record, "inputs": inputs, "targets": targets, **lists})


def fit(
    table: Table,
    array: StoredRows,
    rows: Selection,
    choice: dict[str, str],
    labels: tuple[str | int, ...] | None,
    single_output: bool,
    low: float = 0.0,
    reach: Reach = LINEAR,
) -> Preprocessing:
    """Fit on the training `rows` of the stored `array`.

    `choice` is the job's `preprocessing` object; `reach` says which values of targets the network can be trained
    towards. For the others see `Preprocessing`.
    """
    inputs, targets = table.having(Role.INPUT), table.having(Role.TARGET)
    statistics = ColumnStatistics(array, rows, (*inputs, *targets))
    missing = choice["missing"]
    numbers, fitted = fit_inputs(statistics, inputs, table.scale, choice["numbers"], missing)
    values, codes = "none", None
    if labels is None:
        values, scales = fit_targets(statistics, targets, len(inputs), choice["targets"], reach)
    else:
        for index, column in enumerate(targets, len(inputs)):
            check_present(statistics, column, index)
        if len(targets) > 1:
            check_one_hot(table, array, rows)
        else:
            codes = tuple(codes_of(targets[0]).tolist())
        scales = [(0.0, 1.0)] * len(targets)
    names = tuple(TargetColumn(column.name, *scale) for column, scale in zip(targets, scales, strict=True))
    return Preprocessing(
        numbers, values, missing, fitted, names, labels, codes, single_output, scale=table.scale, low=low
    )
