"""Worksheets: a step of backpropagation with numbers left out, to be computed by hand, and a key."""

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any, cast

import numpy as np

from service.backprop.activations import Activation
from service.backprop.layers import Dense
from service.backprop.layers.normalization import Normalization
from service.backprop.losses import Loss
from service.backprop.network import Network
from service.definitions.explaining import NetworkTraceRequest, TraceRequest
from service.errors import Invalid
from service.explain.claims import address_fields
from service.explain.column_names import input_names, output_names
from service.explain.equations import of_backward, of_forward
from service.explain.number_addresses import (
    ACTIVATIONS,
    DELTAS,
    GRADIENTS,
    WEIGHTED_INPUTS,
    ArrayAddress,
    NumberAddress,
    arrays_in_order,
)
from service.explain.pass_formulas import PassFormulas
from service.explain.subjects import Subject
from service.explain.traced_steps import TracedStep, chosen, rows_of_request, traced_step
from service.explain.worksheet_answers import BlankAnswer, WorksheetAnswer, WorksheetArray, WorksheetLayer
from service.services import Services

BLANKS = {  # the names in `?blank=`, which are those of a trace, and the arrays that they mean
    "weighted_inputs": WEIGHTED_INPUTS,
    "activations": ACTIVATIONS,
    "delta": DELTAS,
    "gradients": GRADIENTS,
}
MOST_BLANKS = 200
MOST_NUMBERS = 1000  # parameters, rows and given numbers: about six pages
NOUNS = {WEIGHTED_INPUTS: "Weighted inputs z", ACTIVATIONS: "Activations a", DELTAS: "Delta", GRADIENTS: "Gradients"}


def worksheet(
    services: Services,
    subject: Subject,
    request: TraceRequest | NetworkTraceRequest,
    blank: Sequence[str],
    with_key: bool,
) -> WorksheetAnswer:
    """Return the step of a request with the arrays named in `blank`, of all layers, left out."""
    if request.claim is not None:
        raise Invalid.at("#/claim", "goes with no worksheet; leave `blank` out to have it checked")
    subject, rows = chosen(subject, request), rows_of_request(request)
    subject.trained()
    _check_size(subject.network, rows, *_arrays(subject.network, blank))
    return worksheet_of(traced_step(services, subject, request), blank, with_key)


def worksheet_of(step: TracedStep, blank: Sequence[str], with_key: bool) -> WorksheetAnswer:
    """Return a step with the arrays named in `blank` left out."""
    return _Writer(step, with_key).written(blank, *_arrays(step.subject.network, blank))


def _arrays(network: Network, blank: Sequence[str]) -> tuple[list[ArrayAddress], list[ArrayAddress]]:
    """Return the arrays that are given, and those that are left out.

    Given are the kinds of arrays before the first kind that is left out; later ones would give the numbers away.
    """
    order, wanted = list(NOUNS), {BLANKS[name] for name in blank}
    first = min(map(order.index, wanted))
    arrays = [array for array in arrays_in_order(network) if _is_computed(network, array)]
    given = [array for array in arrays if order.index(array.array) < first]
    return given, [array for array in arrays if array.array in wanted]


def _is_computed(network: Network, array: ArrayAddress) -> bool:
    """Return whether an array is not the activations of the layer before once more."""
    return array.array != WEIGHTED_INPUTS or isinstance(network.layers[array.layer].layer, Dense)


def _check_size(network: Network, rows: int, given: list[ArrayAddress], left_out: list[ArrayAddress]) -> None:
    """Raise `Invalid` for what would not fit on a few pages of paper; called before anything is computed."""
    blanks, shown = (sum(int(np.prod(array.shape(network, rows))) for array in each) for each in (left_out, given))
    numbers = shown + network.vector.size + rows * (network.inputs + network.outputs)
    if numbers > MOST_NUMBERS:
        detail = f"would write {numbers:,} numbers on paper, and at most {MOST_NUMBERS:,} are"
        raise Invalid.at("?blank", f"{detail}; take fewer rows, or a network with fewer units")
    if blanks > MOST_BLANKS:
        detail = f"would leave {blanks:,} numbers blank, and at most {MOST_BLANKS:,} are"
        raise Invalid.at(
            "?blank", f"{detail}; leave fewer arrays blank, take fewer rows, or a network with fewer units"
        )
    if blanks == 0:
        raise Invalid.at("?blank", "leaves nothing blank, as no layer of the network has such numbers")


class _Writer:
    """Writes the worksheet of one step."""

    def __init__(self, step: TracedStep, with_key: bool) -> None:
        self.step, self.with_key = step, with_key
        self.formulas = PassFormulas(step.trace, step.settings.loss.name)
        self.names, self.layers = self.formulas.names, step.subject.network.layers

    def written(self, blank: Sequence[str], given: list[ArrayAddress], left_out: list[ArrayAddress]) -> WorksheetAnswer:
        step, preprocessing = self.step, self.step.subject.preprocessing
        numbers = iter(range(1, MOST_BLANKS + 1))
        body: dict[str, Any] = {
            "object": "worksheet",
            **step.subject.head,
            "blank": [name for name in BLANKS if name in blank],
            "key": self.with_key,
            "loss_function": step.settings.loss.name,
            "loss_equation": _equations_of(step.settings.loss),
            "input_names": input_names(preprocessing),
            "output_names": output_names(preprocessing),
            "inputs": step.trace.inputs,
            "targets": step.trace.targets,
            "notes": list(self._notes()),
            "layers": [self._layer(index) for index in range(len(self.layers))],
            "given": [{**self._array(array), "values": step.array(array)} for array in given],
            "sections": [
                {**self._array(array), "blanks": [self._blank(each, next(numbers)) for each in self._numbers(array)]}
                for array in left_out
            ],
        }
        return cast(WorksheetAnswer, body)

    def _numbers(self, array: ArrayAddress) -> Iterator[NumberAddress]:
        return array.numbers(self.step.subject.network, self.step.rows)

    def _notes(self) -> Iterator[str]:
        """Yield what the equations do not say: weights of rows and classes, smoothed targets, modes of layers."""
        weighing, samples = self.step.weighing, self.step.batch.samples
        if weighing.class_weights is not None:
            yield f"Weights of the classes: {_listed(weighing.class_weights)}. The mean over the rows is weighted."
        if samples is not None:
            yield f"Weights of the rows: {_listed(samples)}. The mean over the rows is weighted."
        if weighing.label_smoothing:
            yield f"The targets are smoothed by {weighing.label_smoothing:g}."
        for placed in self.layers:
            if isinstance(placed.layer, Normalization):
                yield f"Layer {placed.index + 1}: epsilon = {placed.layer.epsilon:g}."
        yield from (f"{kind.replace('_', ' ').capitalize()}: {mode}." for kind, mode in self.step.trace.modes.items())

    def _layer(self, index: int) -> WorksheetLayer:
        placed = self.layers[index]
        activation = placed.layer.last_activation()
        what = placed.layer.name.replace("_", " ") + ("" if activation is None else f", {activation.name}")
        units = "1 unit" if placed.units == 1 else f"{placed.units} units"
        return {
            "layer": index,
            "title": f"Layer {index + 1}: {what}, {units}",
            "type": placed.layer.name,
            "activation": None if activation is None else activation.name,
            "function": None if activation is None else _equations_of(activation),
            "units": [self.names.unit(index, unit) for unit in range(placed.units)],
            "parameters": {name: np.array(array, dtype=np.float64) for name, array in placed.values.items()},
        }

    def _array(self, array: ArrayAddress) -> WorksheetArray:
        noun = NOUNS[array.array] + ("" if array.parameter is None else f" of the {array.parameter}")
        found: WorksheetArray = {
            "array": array.array,
            "layer": array.layer,
            "title": f"{noun} of layer {array.layer + 1}",
            "equations": self._equations(array),
            "shape": list(array.shape(self.step.subject.network, self.step.rows)),
        }
        if array.parameter is not None:
            found["parameter"] = array.parameter
        return found

    def _equations(self, array: ArrayAddress) -> list[str]:
        forward = of_forward(self.step.trace.network.layers[array.layer])
        backward = self.formulas.backward(array.layer)
        back = of_backward(self.step.trace.network, backward, self.step.settings.loss.name)
        wanted = {
            WEIGHTED_INPUTS: ["weighted_inputs"],
            ACTIVATIONS: ["normalised", "activations"],
            DELTAS: ["delta"] if backward.fused else ["dloss_dactivations", "dactivation_dweighted_inputs", "delta"],
            GRADIENTS: [array.parameter or ""],
        }
        equations = {**forward, **back}
        return [equations[name] for name in wanted[array.array] if name in equations]

    def _blank(self, address: NumberAddress, number: int) -> BlankAnswer:
        found = cast(BlankAnswer, {"number": number, **address_fields(address, self.names)})
        if self.with_key:
            *steps, formula = self.formulas.of_number(address)
            found["steps"], found["formula"], found["value"] = steps, formula["formula"], formula["value"]
        return found


def _equations_of(chosen: Activation | Loss) -> str:
    """Return what the class of an activation or a loss says of itself, with the settings that it was given."""
    first = (inspect.getdoc(type(chosen)) or "").split("\n\n")[0].replace("\n", " ")
    return "; ".join([first, *(f"{field.name} = {getattr(chosen, field.name):g}" for field in fields(chosen))])


def _listed(numbers: Any) -> str:
    return ", ".join(f"{value:.6g}" for value in numbers)
