"""One step of backpropagation on a stored network, with the result of each equation."""

from dataclasses import asdict
from typing import Any

import numpy as np

from service.backprop.inspection.trace import Trace
from service.backprop.network import Network
from service.backprop.optimizers import Optimizer
from service.definitions.explaining import NetworkTraceRequest, TraceRequest
from service.explain.answers import TraceAnswer, with_subject
from service.explain.array_summaries import ArrayWriter, add_nonfinite, check_full
from service.explain.claimed_arrays import read_claim
from service.explain.claims import check_claim
from service.explain.equations import UPDATE, of_backward, of_forward, of_optimizer
from service.explain.formula_selection import check_formulas
from service.explain.formulas import Formulas
from service.explain.subjects import Subject
from service.explain.traced_steps import TracedStep, chosen, rows_of_request, traced_step
from service.explain.unit_names import Names
from service.services import Services


def trace_step(
    services: Services, subject: Subject, request: TraceRequest | NetworkTraceRequest, full: bool, explain: bool
) -> TraceAnswer:
    """Return the forward pass, the errors, the gradients and the update of one step; with `explain`, their formulas."""
    subject, rows = chosen(subject, request), rows_of_request(request)
    check_full(full, _numbers(subject.network, subject.trained().optimizer, rows))
    if explain:
        check_formulas(subject.network, rows)
    claimed = None if request.claim is None else read_claim(request.claim, subject.network, rows)
    step = traced_step(services, subject, request)
    body = with_subject(_answer(step, ArrayWriter(Names(step.trace.network), full)), subject.head)
    if request.claim is not None and claimed is not None:
        body["claim"] = check_claim(step, claimed, request.claim.tolerance)
    add_nonfinite(body)
    if explain:
        formulas = Formulas(step.trace, step.weighing, step.settings.optimizer, step.updating.learning_rate)
        body["formulas"], body["formulas_left_out"] = formulas.all(), formulas.chosen.left_out
    return body


def _answer(step: TracedStep, writer: ArrayWriter) -> TraceAnswer:
    traced, settings = step.trace, step.settings
    return {
        "object": "trace",
        "inputs": writer.by_row(traced.inputs, -1),
        "targets": writer.by_row(traced.targets, len(traced.forward) - 1),
        "loss": traced.loss,
        "loss_function": settings.loss.name,
        "forward": _forward(traced, writer),
        "backward": _backward(traced, writer, settings.loss.name),
        "update": _update(traced, writer),
        "update_equations": {**UPDATE, "optimizer": of_optimizer(settings.optimizer)},
        "optimizer": {"type": settings.optimizer.name, **asdict(settings.optimizer)},
        "learning_rate": step.updating.learning_rate,
        "optimizer_state": "fresh" if step.subject.optimizer_state() is None else "stored",
        "predicted_change": float(traced.contributions.sum()),
        "actual_change": traced.loss_after - traced.loss,
        "loss_after": traced.loss_after,
        "modes": traced.modes,
    }


def _numbers(network: Network, optimizer: Optimizer, rows: int) -> int:
    """Return how many numbers a full answer holds."""
    by_row = network.inputs + network.outputs + 5 * sum(placed.units for placed in network.layers)
    return rows * by_row + network.parameters.size * (6 + len(optimizer.vectors()) + 2)


def _forward(traced: Trace, writer: ArrayWriter) -> list[dict[str, Any]]:
    layers = []
    for placed, forward in zip(traced.network.layers, traced.forward, strict=True):
        entry: dict[str, Any] = {
            "layer": placed.index,
            "type": placed.layer.name,
            "weighted_inputs": writer.by_row(forward.weighted_inputs, placed.index),
            "activations": writer.by_row(forward.activations, placed.index),
        }
        if forward.normalised is not None and forward.deviation is not None:
            entry["normalised"] = writer.by_row(forward.normalised, placed.index)
            entry["deviation"] = writer.array(forward.deviation, lambda index: f"entry {index[0] + 1}")
        layers.append({**entry, "equations": of_forward(placed)})
    return layers


def _backward(traced: Trace, writer: ArrayWriter, loss: str) -> list[dict[str, Any]]:
    layers = []
    for backward in traced.backward:
        index, derivative = backward.layer, backward.dactivation_dweighted_inputs
        layers.append(
            {
                "layer": index,
                "type": traced.network.layers[index].layer.name,
                "dloss_dactivations": writer.by_row(backward.dloss_dactivations, index),
                "dactivation_dweighted_inputs": None if derivative is None else writer.by_row(derivative, index),
                "delta": writer.by_row(backward.delta, index),
                "fused": backward.fused,
                "gradients": writer.parameters(backward.gradients, index),
                "equations": of_backward(traced.network, backward, loss),
            }
        )
    return layers


def _update(traced: Trace, writer: ArrayWriter) -> list[dict[str, Any]]:
    """Return the update by layer, with `gradient` when penalties or clipping changed the gradient of the loss."""
    step, contributions, update = traced.step, traced.contributions, traced.update
    vectors = {"before": update.before, "step": step, "after": update.after, "contribution": contributions}
    changed = not np.array_equal(update.gradient, traced.gradients)
    layers = []
    for placed in traced.network.layers:
        entry: dict[str, Any] = {"layer": placed.index}
        for name, vector in vectors.items():
            entry[name] = writer.parameters(placed.views(vector), placed.index)
        if changed:
            entry["gradient"] = writer.parameters(placed.views(update.gradient), placed.index)
        entry["terms"] = {
            name: writer.parameters(placed.views(vector), placed.index) for name, vector in update.terms.items()
        }
        part = slice(placed.offset, placed.offset + placed.size)
        layers.append({**entry, "contributions_together": float(contributions[part].sum())})
    return layers
