"""How clients read models and their versions."""

from collections.abc import Sequence
from typing import cast

from service.errors import NotFound
from service.jobs.fitted import with_scales
from service.jobs.held_out_answers import TestAnswer
from service.models.answers import (
    ExampleAnswer,
    ModelAnswer,
    ModelVersionAnswer,
    ScaleAnswer,
    VersionAnswer,
    VersionRecordAnswer,
)
from service.preprocessing.dates import date_of
from service.preprocessing.fit import Preprocessing
from service.services import Services
from service.store import datasets, models
from service.store.database import Connection
from service.store.model_records import ModelContents, VersionSummary

MOST_DIGITS = 9  # of a version's number
SCALE_IS_UNKNOWN = (
    "this version was made by a release that did not store its dataset's scale, and the job or the dataset is gone: "
    "numbers to predict are not divided, so send them divided by the scale that the dataset had, if it had one"
)


def read(services: Services, name: str) -> ModelAnswer:
    """Return a model as clients read it."""
    with services.database.read(snapshot=True) as connection:
        return describe_all(connection, [models.get_contents(connection, name)])[0]


def read_version(services: Services, name: str, version: str) -> VersionAnswer:
    """Return one version of a model as clients read it; `version` is its number as text."""
    with services.database.read() as connection:
        found = models.get_version(connection, name, version_number(version))
        scale = found.scale
        if scale is None:
            scale = datasets.scales_of_jobs(connection, [found.job_id]).get(found.job_id)
    return {"model": name, **version_answer(found), **scale_answer(scale)}


def version_number(text: str) -> int:
    """Parse the number of a version in a path; raise `NotFound` for other text."""
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise NotFound(f"a version is a number, got `{text[:40]}`")
    return int(text)


def describe_all(connection: Connection, found: Sequence[ModelContents]) -> list[ModelAnswer]:
    """Describe models, with their versions and a body that predict takes."""
    latest = {
        model.name: (model.versions[-1].job_id, model.preprocessing)
        for model in found
        if model.preprocessing is not None
    }
    records = dict(zip(latest, with_scales(connection, list(latest.values())), strict=True))
    fitted = {name: Preprocessing.from_dict(record) for name, record in records.items()}
    return [_describe(model, fitted.get(model.name)) for model in found]


def _describe(model: ModelContents, fitted: Preprocessing | None) -> ModelAnswer:
    """Describe a model by its versions and what was fitted for the latest; None for a model without a version."""
    scale: ScaleAnswer = {"scale": None} if fitted is None else scale_answer(fitted.scale)
    described: ModelAnswer = {
        "name": model.name,
        "object": "model",
        "created_at": model.created_at,
        "ready": bool(model.versions),
        "latest": model.versions[-1].version if model.versions else None,
        "aliases": {},
        "versions": [version_answer(version) for version in model.versions],
        "example": None if fitted is None else _example(fitted),
        "scale": scale["scale"],
    }
    if "scale_note" in scale:
        described["scale_note"] = scale["scale_note"]
    return described


def _example(preprocessing: Preprocessing) -> ExampleAnswer:
    """Return a body with one row: the first category of text columns, the offset of columns of numbers as sent."""
    scale = 1.0 if preprocessing.scale is None else preprocessing.scale
    row: list[str | float] = []
    for column in preprocessing.inputs:
        if column.categories is not None:
            row.append((column.categories or ("",))[0])
        else:
            number = column.offset * scale
            row.append(date_of(round(number)) if column.is_date else number)
    return {"instances": [row]}


def scale_answer(scale: float | None) -> ScaleAnswer:
    """Return the scale that numbers to predict are divided by, or a sentence that it is not known."""
    if scale is None:
        return {"scale": None, "scale_note": SCALE_IS_UNKNOWN}
    return {"scale": scale}


def version_answer(version: VersionSummary) -> ModelVersionAnswer:
    """Describe one version of a model."""
    return {
        "version": version.version,
        "object": "model_version",
        "job": version.job_id,
        "dataset": version.dataset_name,
        "dataset_version": version.dataset_version,
        "epoch": version.epoch,
        "created_at": version.created_at,
        "record": cast(VersionRecordAnswer, version.record),
        "test": cast(TestAnswer | None, version.test),
        "sha256": version.sha256,
    }
