"""The README's tour with what openapi-python-client generates, and nothing else.

tests/integration/test_generated_clients.py runs it in an environment of its own, and has mypy check it.
"""

import json
import sys
from io import BytesIO

from backprop_api import AuthenticatedClient
from backprop_api.api.aliases import put_alias
from backprop_api.api.datasets import create_dataset, get_dataset, put_dataset
from backprop_api.api.epochs import list_epochs
from backprop_api.api.jobs import create_job, get_job, list_jobs
from backprop_api.api.models import get_model
from backprop_api.api.networks import create_network, get_network
from backprop_api.api.predictions import predict, predict_epoch
from backprop_api.models import (
    AliasRequest,
    Dataset,
    DatasetPart,
    DatasetRequest,
    DenseLayer,
    DenseLayerActivationType0,
    DenseLayerAnswer,
    EpochList,
    EpochPart,
    Job,
    JobPart,
    JobRequest,
    JobStatus,
    JobSummaryList,
    JobSummaryPartList,
    ModelPart,
    MovedAlias,
    Network,
    NetworkFields,
    Predict,
    PredictRequest,
    Problem,
    ProgressPart,
    PutDatasetFilesBody,
    SgdOptimizer,
    SgdOptimizerAnswer,
    TrainingDefinition,
    TrainingDefinitionLossType0,
    TrainingPart,
)
from backprop_api.types import File, Unset
from httpx import Timeout

FLOWER = [5.9, 3.0, 5.1, 1.8]


def upload(client: AuthenticatedClient, csv: bytes) -> None:
    """Send the dataset as a form, as a file and with an option."""
    form = PutDatasetFilesBody(file=File(BytesIO(csv), "iris.csv"))
    stored = put_dataset.sync("iris", client=client, body=form)
    assert isinstance(stored, Dataset) and stored.rows == 150 and len(stored.columns) == 5, stored
    again = put_dataset.sync("iris", client=client, body=File(BytesIO(csv)))
    assert isinstance(again, Dataset) and again.version == 1, again
    fewer = put_dataset.sync("fewer", client=client, body=File(BytesIO(csv)), drop=["sepal_length", "sepal_width"])
    assert isinstance(fewer, Dataset) and len(fewer.columns) == 3, fewer
    xor = DatasetRequest(name="xor", inputs=[[0, 0], [0, 1], [1, 0], [1, 1]], targets=[[0], [1], [1], [0]])
    assert isinstance(create_dataset.sync(client=client, body=xor), Dataset)


def train_flowers(client: AuthenticatedClient) -> None:
    queued = create_job.sync(client=client, body=JobRequest(dataset="iris", model="iris"), idempotency_key="tour-1")
    repeated = create_job.sync(client=client, body=JobRequest(dataset="iris", model="iris"), idempotency_key="tour-1")
    assert isinstance(queued, Job) and isinstance(repeated, Job) and repeated.id == queued.id, repeated
    ended = get_job.sync(queued.id, client=client, wait=60)
    assert isinstance(ended, Job) and ended.status == "succeeded", ended
    assert ended.latest is not None and ended.latest.training_loss is not None
    first = ended.network.layers[0]
    assert isinstance(first, DenseLayerAnswer) and first.units == 16, first
    optimizer = ended.training.optimizer
    assert isinstance(optimizer, SgdOptimizerAnswer) and optimizer.momentum == 0.9, optimizer
    assert ended.training.epochs == ended.latest.epoch and ended.training.loss == "categorical_cross_entropy"
    found = predict.sync("iris", client=client, body=PredictRequest(instances=[FLOWER]))
    assert isinstance(found, Predict) and found.labels == ["virginica"], found
    alias = put_alias.sync("iris", "champion", client=client, body=AliasRequest(version=1))
    assert isinstance(alias, MovedAlias) and alias.version == 1, alias


def train_xor(client: AuthenticatedClient) -> None:
    sigmoid = DenseLayerActivationType0.SIGMOID
    layers = [DenseLayer("dense", 4, activation=sigmoid), DenseLayer("dense", 1, activation=sigmoid)]
    network = create_network.sync(client=client, body=NetworkFields(name="small", inputs=2, layers=list(layers)))
    assert isinstance(network, Network) and network.parameters == 17, network
    assert isinstance(network.layers, list) and [each.output for each in network.layers] == [4, 1], network.layers
    assert get_network.sync("small", client=client) is not None
    training = TrainingDefinition(
        loss=TrainingDefinitionLossType0.QUADRATIC,
        optimizer=SgdOptimizer("sgd", learning_rate=0.5, momentum=0.9),
        epochs=2000,
        seed=1,
    )
    body = JobRequest(network="small", dataset="xor", training=training)
    job = create_job.sync(client=client, body=body, wait=60)
    assert isinstance(job, Job) and job.status == "succeeded", job
    epochs = list_epochs.sync(job.id, client=client, points=10)
    assert isinstance(epochs, EpochList), epochs
    assert [epochs.data[0].epoch, epochs.data[-1].epoch] == [0, 2000]
    late = list_epochs.sync(job.id, client=client, after=1990, limit=3)
    assert isinstance(late, EpochList) and [each.epoch for each in late.data] == [1991, 1992, 1993] and late.has_more
    found = predict_epoch.sync(job.id, "last", client=client, body=PredictRequest(instances=[[0, 1], [1, 1]]))
    assert isinstance(found, Predict) and isinstance(found.predictions, list), found
    assert [round(row[0]) for row in found.predictions] == [1, 0]


def mistakes(client: AuthenticatedClient) -> None:
    absent = get_job.sync("job_none", client=client)
    assert isinstance(absent, Problem) and absent.status == 404, absent
    wrong = JobRequest(dataset="iris", training=TrainingDefinition(epochs=0))
    refused = create_job.sync(client=client, body=wrong)
    assert isinstance(refused, Problem) and isinstance(refused.errors, list), refused
    assert refused.errors[0].pointer == "#/training/epochs"
    jobs = list_jobs.sync(client=client, limit=1)
    assert isinstance(jobs, JobSummaryList) and len(jobs.data) == 1, jobs
    assert jobs.data[0].status is JobStatus.SUCCEEDED, jobs


def parts(client: AuthenticatedClient) -> None:
    """Ask for some fields of answers, which are of types of their own."""
    some = list_jobs.sync(client=client, limit=2, fields="id,latest.validation_loss")
    assert isinstance(some, JobSummaryPartList) and len(some.data) == 2, some
    assert isinstance(some.data[0].id, str) and isinstance(some.data[0].latest, EpochPart), some
    assert isinstance(some.data[0].status, Unset) and isinstance(some.data[0].latest.epoch, Unset), some
    names = "status,progress,training.epochs,network.layers,training.optimizer.learning_rate"
    job = get_job.sync(some.data[0].id, client=client, fields=names)
    assert isinstance(job, JobPart) and job.status is JobStatus.SUCCEEDED, job
    assert isinstance(job.progress, ProgressPart) and job.progress.epochs == 2000, job
    assert isinstance(job.training, TrainingPart) and job.training.epochs == 2000, job
    assert job.training.to_dict() == {"epochs": 2000, "optimizer": {"learning_rate": 0.5}}, job
    rows = get_dataset.sync("iris", client=client, fields="rows,columns.name")
    assert isinstance(rows, DatasetPart) and rows.rows == 150 and isinstance(rows.columns, list), rows
    assert rows.columns[4].name == "species", rows
    latest = get_model.sync("iris", client=client, fields="latest,versions.record.metrics")
    assert isinstance(latest, ModelPart) and latest.latest == 1, latest


def main() -> None:
    given = json.load(sys.stdin)
    client = AuthenticatedClient(base_url=given["url"], token=given["key"], timeout=Timeout(90))
    upload(client, given["csv"].encode())
    train_flowers(client)
    train_xor(client)
    mistakes(client)
    parts(client)
    print("done")


main()
