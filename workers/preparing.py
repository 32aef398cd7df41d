"""All that a run computes with, read in one look at the database, then fitted, mapped and built."""

from dataclasses import dataclass, replace

from service.backprop.kernels import resolve
from service.backprop.network import Network
from service.backprop.rows import Rows
from service.backprop.settings import TrainingSettings
from service.backprop.state import TrainingState
from service.data.missing import check_complete
from service.data.preprocessing import Preprocessing, fit
from service.data.rows import MappedRows, open_rows, rows_of_another, split
from service.data.weights import class_weights
from service.definitions.build import build_network, build_settings
from service.parts import Parts
from service.store import epochs, resources
from service.store.records import JobRecord
from service.stored_bytes import read as read_bytes


@dataclass(frozen=True)
class Prepared:
    """All that a run computes with."""

    network: Network
    settings: TrainingSettings
    preprocessing: Preprocessing
    training: Rows
    validation: Rows | None
    resume: TrainingState | None

    @property
    def spent_seconds(self) -> float:
        """What the epoch that training goes on within has taken already."""
        return 0.0 if self.resume is None or self.resume.begun is None else self.resume.begun.seconds


def prepare(parts: Parts, job: JobRecord) -> Prepared:
    """Read definitions, dataset and the state to go on from, in one look; then fit, map and build."""
    with parts.database.read() as connection:
        dataset = resources.get_dataset(connection, job.dataset_name)
        other = None if job.validation_name is None else resources.get_dataset(connection, job.validation_name)
        state = epochs.load_resume_state(connection, job.number)
    array = open_rows(parts.blobs.path(dataset.address))
    rows, held_out = split(dataset.table, array, job.training)
    labels = None if job.targets["labels"] is None else tuple(job.targets["labels"])
    single = labels is not None and job.targets["outputs"] == 1
    preprocessing = fit(dataset.table, array, rows, job.training["preprocessing"], labels, single)
    network = build_network(job.network, job.training["precision"])
    resume = None if state is None else TrainingState.from_bytes(read_bytes(parts.blobs, state))
    if resume is None:
        network.initialize(job.training["seed"])
    kernels = resolve(parts.settings.kernels)
    training = MappedRows(array, dataset.table, preprocessing, rows, network.dtype, kernels=kernels)
    given = job.training.get("class_weights")
    weights = class_weights(given, labels, array, dataset.table, rows, training.sample_weights)
    settings = build_settings(job.training, preprocessing.target_scale, weights, parts.settings.threads, kernels)
    preprocessing = replace(preprocessing.with_class_weights(weights), threshold=settings.loss.threshold)
    validation = None
    if held_out is not None:
        check_complete(dataset.table, array, held_out, preprocessing.missing)
        validation = MappedRows(array, dataset.table, preprocessing, held_out, network.dtype, kernels=kernels)
    elif other is not None:
        there = open_rows(parts.blobs.path(other.address))
        validation = rows_of_another(there, other.table, dataset.table, preprocessing, network.dtype, kernels=kernels)
    return Prepared(network, settings, preprocessing, training, validation, resume)
