"""`GET /v1/models/{name}/export`: files of other programs, with names, ETags and what they leave out."""

import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from safetensors.numpy import load as load_safetensors

from service.config import Settings
from service.export.formats import FORMATS
from service.ops.cli import main
from tests.conftest import POSTGRESQL_IS_LONG

pytestmark = POSTGRESQL_IS_LONG

PAGE = (Path(__file__).parents[2] / "docs" / "serving.md").read_text()
TABLE = {
    "name": "pets",
    "columns": ["age", "color", "pet"],
    "rows": [[at % 7, "rot" if at % 2 else None, "cat" if at % 3 else "dog"] for at in range(60)],
    "target": ["pet"],
}
JOB = {"dataset": "pets", "model": "m", "training": {"epochs": 3, "seed": 1, "preprocessing": {"missing": "mean"}}}


@pytest.fixture
def model(client: FlaskClient, train: Callable[..., dict[str, Any]]) -> FlaskClient:
    """A client of a service with two versions of the model `m`."""
    assert client.post("/v1/datasets", json=TABLE).status_code == 201
    train(JOB)
    train({**JOB, "training": {**JOB["training"], "seed": 2}})  # type: ignore[dict-item]
    return client


def test_a_python_file_predicts_what_the_service_answers(model: FlaskClient) -> None:
    rows = [{"age": 3, "color": "rot"}, {"age": 5.5, "color": "never seen"}, {"age": None, "color": None}]
    for path in ("/v1/models/m", "/v1/models/m/versions/1"):
        for query in ("", "epoch=1"):
            answer = model.post(f"{path}:predict?{query}", json={"instances": rows}).json
            predict: dict[str, Any] = {"__name__": "predict"}
            exec(model.get(f"{path}/export?format=python&{query}").text, predict)
            found, labels = predict["predict"](rows)
            probabilities = [list(row["probabilities"].values()) for row in answer["predictions"]]
            np.testing.assert_allclose(found, probabilities, rtol=1e-6)
            assert labels == answer["labels"]


def test_files_have_names_and_never_change(model: FlaskClient) -> None:
    for name, format in FORMATS.items():
        path = f"/v1/models/m/versions/1/export?format={name}"
        answer = model.get(path)
        assert answer.mimetype == format.media_type
        assert answer.headers["Content-Disposition"] == f'attachment; filename="m-1{format.ending}"'
        again = model.get(path)
        assert (again.data, again.headers["ETag"]) == (answer.data, answer.headers["ETag"])
        assert model.get(path, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
        assert model.get(f"/v1/models/m/export?format={name}").headers["ETag"] != answer.headers["ETag"]
    epoch = model.get("/v1/models/m/export?format=npz&epoch=1")
    assert epoch.headers["Content-Disposition"] == 'attachment; filename="m-2-epoch-1.npz"'


def test_files_say_what_they_are_of_and_what_they_leave_out(model: FlaskClient) -> None:
    safetensors = load_safetensors(model.get("/v1/models/m/export?format=safetensors").data)
    arrays = np.load(io.BytesIO(model.get("/v1/models/m/export?format=npz").data))
    metadata = json.loads(str(arrays["metadata"]))
    assert (metadata["model"], metadata["version"], metadata["network"]["inputs"]) == ("m", 2, 2)
    assert [column["name"] for column in metadata["preprocessing"]["inputs"]] == ["age", "color"]
    for key, array in safetensors.items():
        np.testing.assert_array_equal(array, arrays[key])
    assert "parameters" in model.get("/v1/models/m/export?format=npz").headers["Export-Leaves-Out"]

    answer = model.get("/v1/models/m/export?format=keras")
    assert answer.headers["Export-Leaves-Out"].startswith("preprocessing")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        metadata = json.loads(archive.read("metadata.json"))
    assert metadata["preprocessing_included"] is False
    assert metadata["inputs"][1] == '1 where `color` is "rot", else 0'
    assert "Export-Leaves-Out" not in model.get("/v1/models/m/export?format=onnx").headers

    _check_refusals(model)


def test_the_command_writes_the_same_file_and_keeps_what_is_there(
    model: FlaskClient,
    settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    monkeypatch.setattr("service.logs.configure", lambda *_: None)  # for the rest of the tests too
    monkeypatch.setenv("BACKPROP_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("BACKPROP_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("BACKPROP_QUEUE_URL", settings.queue_url)
    monkeypatch.chdir(tmp_path)
    expected = model.get("/v1/models/m/versions/1/export?format=keras").data
    words = ["export", "m", "--format", "keras", "--version", "1"]
    assert main(words) == 0
    assert (tmp_path / "m-1.keras").read_bytes() == expected
    said = capfdbinary.readouterr().out
    assert said.startswith(b"m-1.keras is version 1 of model m, epoch 3") and b"without preprocessing" in said
    assert main(words) == 2
    assert capfdbinary.readouterr().err.startswith(b"backprop export: m-1.keras exists; give another --output")
    assert main([*words, "--output", "-"]) == 0
    assert capfdbinary.readouterr().out == expected
    assert main(["export", "none", "--format", "onnx"]) == 2
    assert b"there is no model named `none`" in capfdbinary.readouterr().err


def test_the_commands_of_the_page_are_answered(model: FlaskClient) -> None:
    commands = re.findall(r'curl .*"\$S/v1/models/iris(.*?)"', PAGE.split("## Exports", 1)[1].split("\n## ", 1)[0])
    assert len(commands) == 5
    for command in commands:
        assert model.get(f"/v1/models/m{command}").status_code == 200, command


def _check_refusals(model: FlaskClient) -> None:
    for query, words in (("", "is missing; give one of onnx,"), ("?format=pickle", "got 'pickle'")):
        answer = model.get(f"/v1/models/m/export{query}")
        assert answer.status_code == 422 and words in answer.json["errors"][0]["detail"]
    assert model.get("/v1/models/none/export?format=onnx").status_code == 404
    assert model.get("/v1/models/m/versions/9/export?format=onnx").status_code == 404
    assert model.get("/v1/models/m/export?format=onnx&owner=default").status_code == 422
