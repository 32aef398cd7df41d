"""The step of backpropagation that a request is about, computed once for answers, claims and worksheets."""

from dataclasses import dataclass

from service.backprop.arrays import FloatArray
from service.backprop.inspection.trace import Trace, Updating, trace
from service.backprop.layers.base import Views
from service.backprop.training.row_weights import Weighing
from service.backprop.training.settings import TrainingSettings
from service.definitions.explaining import NetworkTraceRequest, TraceRequest
from service.explain.batches import Batch, requested_batch
from service.explain.number_addresses import ACTIVATIONS, DELTAS, WEIGHTED_INPUTS, ArrayAddress
from service.explain.subjects import Subject
from service.services import Services


@dataclass(frozen=True)
class TracedStep:
    """A trace, and what it was computed of; `subject` has the request's loss and optimizer."""

    subject: Subject
    settings: TrainingSettings
    weighing: Weighing
    updating: Updating
    batch: Batch
    trace: Trace

    @property
    def rows(self) -> int:
        return len(self.batch.X)

    def array(self, address: ArrayAddress) -> FloatArray:
        """Return an array of the passes by its address."""
        layer, backward = address.layer, self.trace.backward[len(self.trace.forward) - 1 - address.layer]
        if address.parameter is not None:
            return backward.gradients[address.parameter]
        if address.array == DELTAS:
            return backward.delta
        forward = self.trace.forward[layer]
        return {WEIGHTED_INPUTS: forward.weighted_inputs, ACTIVATIONS: forward.activations}[address.array]

    def parameters_before(self, layer: int) -> Views:
        return self.trace.network.layers[layer].views(self.trace.update.before)

    def parameters_after(self, layer: int) -> Views:
        return self.trace.network.layers[layer].views(self.trace.update.after)


def rows_of_request(request: TraceRequest | NetworkTraceRequest) -> int:
    """Return how many rows a request is about, before they are read."""
    return 1 if request.instances is None else len(request.instances)


def traced_step(services: Services, subject: Subject, request: TraceRequest | NetworkTraceRequest) -> TracedStep:
    """Compute the step of a request; `subject` has its loss and optimizer, as `chosen` returns it."""
    settings, updating, weighing = subject.trained(), subject.updating(), subject.weighing()
    batch = requested_batch(services, subject, request)
    traced = trace(subject.network, weighing, updating, batch.X, batch.Y, batch.samples)
    return TracedStep(subject, settings, weighing, updating, batch, traced)


def chosen(subject: Subject, request: TraceRequest | NetworkTraceRequest) -> Subject:
    """Return the subject with the loss and the optimizer of the request; a bare network has them already."""
    if isinstance(request, TraceRequest):
        return subject.with_choices(request.loss, request.optimizer)
    return subject
