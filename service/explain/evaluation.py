"""Evaluation of a network on a dataset: its loss, its metrics and, for classes, the confusion matrix."""

from dataclasses import replace

from service.backprop.losses import LOSSES
from service.backprop.metrics import METRICS, Metric
from service.backprop.optimizers import SGD
from service.backprop.readings import Reading
from service.backprop.training.evaluator import Evaluation
from service.backprop.training.evaluator import evaluate as evaluate_rows
from service.backprop.training.settings import TrainingSettings
from service.definitions.columns import Role, Table
from service.definitions.dataset_names import DatasetReference
from service.definitions.target_scaling import check_loss_targets
from service.definitions.validation_dataset import check_validation_dataset
from service.errors import Invalid, NotFound, TooLarge
from service.explain.answers import EvaluateAnswer, with_subject
from service.explain.array_summaries import add_nonfinite
from service.explain.class_curves import MOST_ROWS, curves_answer
from service.explain.subjects import Subject, output_activation, plain_settings
from service.jobs.held_out_answers import TestMatrixAnswer
from service.preprocessing.batches import open_columns, rows_of_another
from service.preprocessing.compatibility import fitted_columns, fitted_table
from service.preprocessing.fit import Preprocessing
from service.preprocessing.whole_values import with_whole_values
from service.services import Services
from service.store import datasets
from service.store.records import DatasetRecord

MOST_WORK = 100_000_000_000  # multiplications that one answer may take: some seconds
MOST_CLASSES = 100  # a larger matrix is of no use to a reader


def evaluate(services: Services, subject: Subject, reference: DatasetReference) -> EvaluateAnswer:
    """Evaluate a network as validation does: in its own precision, with the job's loss, weights and metrics."""
    with services.database.read() as connection:
        try:
            dataset = datasets.get_dataset(connection, reference)
        except NotFound as error:
            raise Invalid.at("#/dataset", error.detail) from None
    network, preprocessing = subject.network, subject.preprocessing
    columns = fitted_columns(preprocessing)
    path = services.blobs.path(dataset.address)
    if columns is not None:
        columns = with_whole_values(path, dataset.table, columns)
    table, array = open_columns(path, dataset.table, columns)
    like = fitted_table(preprocessing, table)
    _check(subject, dataset.name, table, like)
    rows = rows_of_another(array, table, like, preprocessing, network.dtype)
    settings = subject.settings or default_settings(subject)
    if preprocessing.labels is None:
        targets, loss = table.having(Role.TARGET), settings.loss
        check_loss_targets(targets, loss, preprocessing.target_values, "#/dataset")
    labels = preprocessing.labels
    if preprocessing.decision is not None:
        settings = replace(settings, reading=replace(settings.reading, decision=preprocessing.decision))
    counted = labels is not None and len(labels) <= MOST_CLASSES
    scored = labels is not None and len(labels) == 2 and len(rows) <= MOST_ROWS
    found = evaluate_rows(network, settings, rows, counted, scored=scored)
    assert found is not None
    body = _answer(dataset, settings.loss.name, found, preprocessing)
    if found.scores is not None and labels is not None:
        body["curves"] = curves_answer(labels[1], found.scores, rows.sample_weights)
    body = with_subject(body, subject.head)
    add_nonfinite(body)
    return body


def _answer(dataset: DatasetRecord, loss: str, found: Evaluation, preprocessing: Preprocessing) -> EvaluateAnswer:
    labels, decision = preprocessing.labels, preprocessing.decision
    matrix: TestMatrixAnswer | None = None
    if found.counts is not None:
        matrix = {"classes": list(labels or ()), "counts": found.counts.tolist()}
    return {
        "object": "evaluation",
        "dataset": dataset.name,
        "dataset_version": dataset.version,
        "rows": dataset.table.rows,
        "loss": found.loss,
        "loss_function": loss,
        "metrics": {**found.metrics},
        "confusion_matrix": matrix,
        "decision": None if decision is None else {"threshold": decision},
        "curves": None,
    }


def _check(subject: Subject, name: str, table: Table, like: Table) -> None:
    """Raise when the dataset does not fit, or its evaluation would take too long; no rows are read."""
    work = table.rows * subject.network.parameters.size
    if work > MOST_WORK:
        most = MOST_WORK // subject.network.parameters.size
        raise TooLarge(
            f"on this network at most {most:,} rows are evaluated at once, and the dataset has {table.rows:,}"
        )
    fitted = subject.preprocessing
    precision = subject.network.dtype.name
    check_validation_dataset(name, table, like, precision, fitted.missing, fitted.labels, "#/dataset")


def default_settings(subject: Subject) -> TrainingSettings:
    """Return a job's default loss and metrics, for a version whose job was deleted."""
    preprocessing, output = subject.preprocessing, output_activation(subject.network)
    classes = preprocessing.labels is not None
    loss = "mean_squared_error"
    if classes and output == "softmax":
        loss = "categorical_cross_entropy"
    elif classes and output == "sigmoid" and preprocessing.single_output:
        loss = "binary_cross_entropy"
    metrics: tuple[Metric, ...] = tuple(METRICS[name]() for name in (("accuracy",) if classes else ("mae", "rmse")))
    settings = plain_settings(LOSSES[loss](), SGD())
    return replace(settings, metrics=metrics, reading=Reading(preprocessing.threshold, preprocessing.target_scale))
