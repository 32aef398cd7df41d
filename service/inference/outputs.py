"""What a trained network answers as tensors: `predictions`, and of classes `labels` and `probabilities`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.definitions.guessing import guess, show
from service.errors import Invalid
from service.inference.datatypes import BYTES, INT64, Datatype, float_datatype
from service.inference.requests import InferenceRequest, RequestedOutput
from service.models.cache import TrainedNetwork
from service.models.outputs import OutputNames

PREDICTIONS, LABELS, PROBABILITIES = "predictions", "labels", "probabilities"


@dataclass(frozen=True)
class OutputTensor:
    """A tensor of an answer: an array of numbers, or a flat list of texts. `binary` says where its elements go."""

    name: str
    datatype: Datatype
    shape: tuple[int, ...]
    values: NDArray[Any] | list[str]
    binary: bool = False


@dataclass(frozen=True)
class OutputDescription:
    """An output as metadata describes it: its width, 0 for one value a row; and what its numbers or texts stand for."""

    name: str
    datatype: Datatype
    width: int
    labels: tuple[str | int, ...] | None = None
    names: tuple[str, ...] | None = None


def describe_outputs(trained: TrainedNetwork) -> list[OutputDescription]:
    """Return the outputs of a network in the order in which they are answered."""
    preprocessing = trained.preprocessing
    scaled = preprocessing.labels is None and preprocessing.target_values != "none"
    floats = float_datatype(np.dtype(np.float64) if scaled else trained.network.dtype)
    width = preprocessing.outputs
    if preprocessing.labels is None:
        return [OutputDescription(PREDICTIONS, floats, width, names=preprocessing.target_names)]
    classes = preprocessing.labels
    shown = classes[1:] if preprocessing.single_output else classes  # a single output is that of the second class
    described = [
        OutputDescription(PREDICTIONS, floats, width, labels=shown),
        OutputDescription(LABELS, _datatype_of(classes), 0, labels=classes),
    ]
    if OutputNames.of(trained).are_probabilities:
        described.append(OutputDescription(PROBABILITIES, floats, len(classes), labels=classes))
    return described


def _datatype_of(classes: Sequence[str | int]) -> Datatype:
    return INT64 if all(type(each) is int for each in classes) else BYTES


def tensors_of(
    trained: TrainedNetwork, request: InferenceRequest, values: NDArray[Any], labels: Sequence[str | int] | None
) -> list[OutputTensor]:
    """Return the outputs that a request asks for, all without a name.

    Parameters
    ----------
    values, labels
        The predictions (n, outputs) and the class of each row, None for values.
    """
    described = {each.name: each for each in describe_outputs(trained)}
    asked = request.outputs or tuple(RequestedOutput(name) for name in described)
    return [_tensor(trained, request, each, described, values, labels) for each in asked]


def _tensor(
    trained: TrainedNetwork,
    request: InferenceRequest,
    asked: RequestedOutput,
    described: dict[str, OutputDescription],
    values: NDArray[Any],
    labels: Sequence[str | int] | None,
) -> OutputTensor:
    output = described.get(asked.name)
    if output is None:
        raise Invalid(f"there is no output {show(asked.name)}{guess(asked.name, list(described))}")
    binary = request.binary_output if asked.binary is None else asked.binary
    if output.name == LABELS:
        assert labels is not None
        if asked.classes:
            raise Invalid(f"`classification` goes with numbers: ask for it of `{PREDICTIONS}` or `{PROBABILITIES}`")
        if output.datatype is INT64:
            return OutputTensor(LABELS, INT64, (len(values),), np.array(labels, dtype=np.int64), binary)
        return OutputTensor(LABELS, BYTES, (len(values),), [str(label) for label in labels], binary)
    numbers = values
    if output.name == PROBABILITIES and trained.preprocessing.single_output:
        numbers = np.column_stack([1 - values, values])
    numbers = np.ascontiguousarray(numbers, dtype=output.datatype.code)
    if asked.classes:
        texts = _classification(numbers, asked.classes, output.labels)
        return OutputTensor(output.name, BYTES, (len(numbers), min(asked.classes, output.width)), texts, binary)
    return OutputTensor(output.name, output.datatype, numbers.shape, numbers, binary)


def _classification(numbers: NDArray[Any], count: int, labels: Sequence[str | int] | None) -> list[str]:
    """Return the largest `count` numbers of each row as Triton writes them: `value:index`, or `value:index:label`."""
    names = [""] * numbers.shape[1] if labels is None else [f":{label}" for label in labels]
    order = np.argsort(-numbers, axis=1, kind="stable")[:, :count]
    return [f"{row[at]:f}:{at}{names[at]}" for row, indices in zip(numbers, order, strict=True) for at in indices]
