"""How clients read models and their versions."""

from collections.abc import Sequence
from typing import cast

from service.definitions.decisions import DecisionAnswer
from service.jobs.fitted import read_fitted, with_scales
from service.jobs.held_out_answers import TestAnswer
from service.jobs.nonfinite import with_nonfinite, with_nonfinite_of_test
from service.models.answers import (
    ModelAnswer,
    ModelVersionAnswer,
    ScaleAnswer,
    VersionAnswer,
    VersionRecordAnswer,
    VersionStatus,
)
from service.models.references import wanted_version
from service.models.signature import example, signature
from service.preprocessing.fit import Preprocessing
from service.services import Services
from service.store import models
from service.store.aliases import aliases_of
from service.store.database import Connection
from service.store.model_records import ModelContents, Origin, VersionSummary

SCALE_IS_UNKNOWN = (
    "this version was made by a release that did not store its dataset's scale, and the job or the dataset is gone: "
    "numbers to predict are not divided, so send them divided by the scale that the dataset had, if it had one"
)


def read(services: Services, name: str) -> ModelAnswer:
    """Return a model as clients read it."""
    with services.database.read(snapshot=True) as connection:
        described = describe_all(connection, [models.get_contents(connection, name)])[0]
        if described["ready"]:
            found = models.load_version(connection, name, None)
            taken = signature(found.network, read_fitted(connection, found.job_id, found.preprocessing))
            described["inputs"], described["outputs"] = taken["inputs"], taken["outputs"]
        described["model_version_status"] = [_status(version["version"]) for version in described["versions"]]
    return described


def read_version(services: Services, name: str, version: str) -> VersionAnswer:
    """Return one version of a model as clients read it; `version` is its number or an alias."""
    with services.database.read(snapshot=True) as connection:
        found = models.load_version(connection, name, wanted_version(version))
        fitted = read_fitted(connection, found.job_id, found.preprocessing)
        aliases = aliases_of(connection, name, found.version)
    return {
        "model": name,
        **version_answer(found, aliases),
        **scale_answer(fitted.scale),
        **signature(found.network, fitted),
        "example": example(fitted),
        "model_version_status": [_status(found.version)],
    }


def _status(version: int) -> VersionStatus:
    return {"version": str(version), "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}


def describe_all(connection: Connection, found: Sequence[ModelContents]) -> list[ModelAnswer]:
    """Describe models, with their versions and a body that predict takes."""
    unnamed = {
        model.name: (version.job_id, model.preprocessing)
        for model in found
        if (version := model.unnamed) is not None and model.preprocessing is not None
    }
    records = dict(zip(unnamed, with_scales(connection, list(unnamed.values())), strict=True))
    fitted = {name: Preprocessing.from_dict(record) for name, record in records.items()}
    return [_describe(model, fitted.get(model.name)) for model in found]


def _describe(model: ModelContents, fitted: Preprocessing | None) -> ModelAnswer:
    """Describe a model by its versions and what was fitted for the one that its name alone means, None without."""
    scale: ScaleAnswer = {"scale": None} if fitted is None else scale_answer(fitted.scale)
    described: ModelAnswer = {
        "name": model.name,
        "object": "model",
        "created_at": model.created_at,
        "ready": bool(model.versions),
        "latest": model.versions[-1].version if model.versions else None,
        "aliases": model.aliases,
        "versions": [version_answer(version, model.aliases_of(version.version)) for version in model.versions],
        "example": None if fitted is None else example(fitted),
        "scale": scale["scale"],
    }
    if "scale_note" in scale:
        described["scale_note"] = scale["scale_note"]
    return described


def scale_answer(scale: float | None) -> ScaleAnswer:
    """Return the scale that numbers to predict are divided by, or a sentence that it is not known."""
    if scale is None:
        return {"scale": None, "scale_note": SCALE_IS_UNKNOWN}
    return {"scale": scale}


def version_answer(version: VersionSummary, aliases: list[str]) -> ModelVersionAnswer:
    """Describe one version of a model, which has these aliases."""
    return {
        "version": version.version,
        "object": "model_version",
        "aliases": aliases,
        "origin": Origin(version.origin),
        "job": version.job_id,
        "dataset": version.dataset_name,
        "dataset_version": version.dataset_version,
        "epoch": version.epoch,
        "created_at": version.created_at,
        "record": cast(VersionRecordAnswer, with_nonfinite(version.record)),
        "test": cast(TestAnswer | None, with_nonfinite_of_test(version.test)),
        "sha256": version.sha256,
        "decision": cast(DecisionAnswer | None, version.decision),
        "keep_until": version.keep_until,
    }
