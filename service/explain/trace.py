"""One step of backpropagation on any network that is stored, told number by number."""

from dataclasses import asdict
from typing import Any

import numpy as np

from service.backprop.inspection.trace import Trace, trace
from service.backprop.network import Network
from service.backprop.optimizers import Optimizer
from service.definitions.explaining import NetworkTraceRequest, TraceRequest
from service.explain.array_summaries import Shown, check_full, with_nonfinite
from service.explain.batches import batch_of
from service.explain.equations import UPDATE, of_backward, of_forward, of_optimizer
from service.explain.formula_selection import check_formulas
from service.explain.formulas import Formulas
from service.explain.subjects import Subject
from service.explain.unit_names import Names
from service.services import Services


def tell(
    services: Services, subject: Subject, request: TraceRequest | NetworkTraceRequest, full: bool, explain: bool
) -> dict[str, Any]:
    """The answer of `:trace`."""
    if isinstance(request, TraceRequest):
        subject = subject.with_choices(request.loss, request.optimizer)
    rows = 1 if request.instances is None else len(request.instances)
    settings, updating, weighing = subject.trained(), subject.updating(), subject.weighing()
    check_full(full, _numbers(subject.network, settings.optimizer, rows))
    if explain:
        check_formulas(subject.network, rows)
    batch = batch_of(services, subject, request)
    told = trace(subject.network, weighing, updating, batch.X, batch.Y, batch.samples)
    shown = Shown(Names(told.network), full)
    body: dict[str, Any] = {
        "object": "trace",
        **subject.head,
        "inputs": shown.by_row(told.inputs, -1),
        "targets": shown.by_row(told.targets, len(told.forward) - 1),
        "loss": told.loss,
        "loss_function": settings.loss.name,
        "forward": _forward(told, shown),
        "backward": _backward(told, shown, settings.loss.name),
        "update": _update(told, shown),
        "update_equations": {**UPDATE, "optimizer": of_optimizer(settings.optimizer)},
        "optimizer": {"type": settings.optimizer.name, **asdict(settings.optimizer)},
        "learning_rate": updating.learning_rate,
        "optimizer_state": "fresh" if subject.standing() is None else "stored",
        "predicted_change": float(told.contributions.sum()),
        "actual_change": told.loss_after - told.loss,
        "loss_after": told.loss_after,
        "modes": told.modes,
    }
    body = with_nonfinite(body)
    if explain:
        formulas = Formulas(told, weighing, settings.optimizer, updating.learning_rate)
        body |= {"formulas": formulas.all(), "formulas_left_out": formulas.chosen.left_out}
    return body


def _numbers(network: Network, optimizer: Optimizer, rows: int) -> int:
    """How many numbers a full answer holds, by arithmetic."""
    by_row = network.inputs + network.outputs + 5 * sum(placed.units for placed in network.layers)
    return rows * by_row + network.parameters.size * (6 + len(optimizer.vectors()) + 2)


def _forward(told: Trace, shown: Shown) -> list[dict[str, Any]]:
    layers = []
    for placed, passed in zip(told.network.layers, told.forward, strict=True):
        entry: dict[str, Any] = {
            "layer": placed.index,
            "type": placed.layer.name,
            "weighted_inputs": shown.by_row(passed.weighted_inputs, placed.index),
            "activations": shown.by_row(passed.activations, placed.index),
        }
        if passed.normalised is not None and passed.deviation is not None:
            entry["normalised"] = shown.by_row(passed.normalised, placed.index)
            entry["deviation"] = shown.array(passed.deviation, lambda index: f"entry {index[0] + 1}")
        layers.append({**entry, "equations": of_forward(placed)})
    return layers


def _backward(told: Trace, shown: Shown, loss: str) -> list[dict[str, Any]]:
    layers = []
    for returned in told.backward:
        index, derivative = returned.layer, returned.dactivation_dweighted_inputs
        layers.append(
            {
                "layer": index,
                "type": told.network.layers[index].layer.name,
                "dloss_dactivations": shown.by_row(returned.dloss_dactivations, index),
                "dactivation_dweighted_inputs": None if derivative is None else shown.by_row(derivative, index),
                "delta": shown.by_row(returned.delta, index),
                "fused": returned.fused,
                "gradients": shown.parameters(returned.gradients, index),
                "equations": of_backward(told.network, returned, loss),
            }
        )
    return layers


def _update(told: Trace, shown: Shown) -> list[dict[str, Any]]:
    """By layer; `gradient` is told where penalties or clipping made another one of the loss's."""
    step, contributions, update = told.step, told.contributions, told.update
    vectors = {"before": update.before, "step": step, "after": update.after, "contribution": contributions}
    changed = not np.array_equal(update.gradient, told.gradients)
    layers = []
    for placed in told.network.layers:
        entry: dict[str, Any] = {"layer": placed.index}
        for name, vector in vectors.items():
            entry[name] = shown.parameters(placed.views(vector), placed.index)
        if changed:
            entry["gradient"] = shown.parameters(placed.views(update.gradient), placed.index)
        entry["terms"] = {
            name: shown.parameters(placed.views(vector), placed.index) for name, vector in update.terms.items()
        }
        part = slice(placed.offset, placed.offset + placed.size)
        layers.append({**entry, "contributions_together": float(contributions[part].sum())})
    return layers
