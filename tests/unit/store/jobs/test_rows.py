"""The versions of datasets that a job uses stand in columns of their own, not in the JSON of its training."""

from typing import Any

from service.definitions.dataset_names import DatasetReference
from service.definitions.resolved import ResolvedTraining, Targets
from service.store.jobs.rows import columns_of, to_json
from service.store.records import DatasetUse, NewJob

TRAINING: dict[str, Any] = {
    "loss": "quadratic",
    "optimizer": "adam",
    "epochs": 3,
    "batch_size": 4,
    "shuffle": True,
    "seed": 1,
    "precision": "float32",
    "rows": None,
    "validation": {"dataset": "held"},
    "metrics": [],
    "preprocessing": {},
    "store_parameters": {},
    "version_epoch": "last",
}


def new_job(validation: DatasetUse | None, training: ResolvedTraining) -> NewJob:
    return NewJob(
        priority=0,
        pause_at=None,
        on_other_machine="resume",
        model_name=None,
        metadata={},
        network_name=None,
        network={},
        dataset=DatasetUse("churn", 2, "ab"),
        validation=validation,
        training=training,
        targets=Targets(outputs=1, labels=None),
    )


def test_uses_are_columns() -> None:
    columns = columns_of(new_job(DatasetUse("held", 3, None), ResolvedTraining.from_json(TRAINING)))
    assert (columns["dataset_name"], columns["dataset_version"], columns["dataset_sha256"]) == ("churn", 2, "ab")
    assert [columns[f"validation_{part}"] for part in ("name", "version", "sha256")] == ["held", 3, None]
    alone = columns_of(new_job(None, ResolvedTraining.from_json(TRAINING | {"validation": None})))
    assert {alone[f"validation_{part}"] for part in ("name", "version", "sha256")} == {None}
    assert not {"dataset", "validation", "metadata"} & alone.keys()


def test_the_json_of_training_is_that_of_releases_without_versions() -> None:
    stored = ResolvedTraining.from_json(TRAINING)
    for named in ({"dataset": "held@3"}, {"dataset": "held", "dataset_version": 3}, {"dataset": "held"}):
        training = ResolvedTraining.from_json(TRAINING | {"validation": named})
        assert to_json({"training": training}) == {"training": TRAINING}
        pinned = training.with_dataset("validation", DatasetReference("held", 3))
        assert pinned.to_json()["validation"] == {"dataset": "held", "dataset_version": 3}
        assert pinned.validation_dataset == DatasetReference("held", 3)
    assert to_json({"training": stored, "epoch": 3}) == {"training": TRAINING, "epoch": 3}
