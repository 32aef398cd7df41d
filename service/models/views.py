"""How clients read models and their versions."""

from typing import cast

from service.errors import NotFound
from service.models.answers import (
    ExampleAnswer,
    ModelAnswer,
    ModelVersionAnswer,
    VersionAnswer,
    VersionRecordAnswer,
)
from service.preprocessing.fit import Preprocessing
from service.services import Services
from service.store import models
from service.store.records import ModelContents, VersionSummary

MOST_DIGITS = 9  # of a version's number


def read(services: Services, name: str) -> ModelAnswer:
    """Return a model as clients read it."""
    with services.database.read(snapshot=True) as connection:
        return describe(models.get_contents(connection, name))


def read_version(services: Services, name: str, version: str) -> VersionAnswer:
    """Return one version of a model as clients read it; `version` is its number as text."""
    with services.database.read() as connection:
        return {"model": name, **version_answer(models.get_version(connection, name, version_number(version)))}


def version_number(text: str) -> int:
    """Parse the number of a version in a path; raise `NotFound` for other text."""
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise NotFound(f"a version is a number, got `{text[:40]}`")
    return int(text)


def describe(model: ModelContents) -> ModelAnswer:
    """Describe a model, with its versions and a body that predict takes."""
    return {
        "name": model.name,
        "object": "model",
        "created_at": model.created_at,
        "ready": bool(model.versions),
        "latest": model.versions[-1].version if model.versions else None,
        "aliases": {},
        "versions": [version_answer(version) for version in model.versions],
        "example": None if model.preprocessing is None else _example(Preprocessing.from_dict(model.preprocessing)),
    }


def _example(preprocessing: Preprocessing) -> ExampleAnswer:
    """Return a body with one row: the first category of text columns, the offset of columns of numbers."""
    row: list[str | float] = [
        (column.categories or ("",))[0] if column.categories is not None else column.offset
        for column in preprocessing.inputs
    ]
    return {"instances": [row]}


def version_answer(version: VersionSummary) -> ModelVersionAnswer:
    """Describe one version of a model."""
    return {
        "version": version.version,
        "object": "model_version",
        "job": version.job_id,
        "epoch": version.epoch,
        "created_at": version.created_at,
        "record": cast(VersionRecordAnswer, version.record),
        "sha256": version.sha256,
    }
