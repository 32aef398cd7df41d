"""A file that is damaged anywhere is read or refused, and is never a fault of the service."""

import io
import random
import zipfile
from collections.abc import Callable
from contextlib import suppress

import pytest

from service.errors import ServiceError
from service.export.keras_reading import read_keras
from service.export.keras_writing import write_keras
from service.export.onnx_reading import read_onnx
from service.export.onnx_writing import write_onnx
from tests.unit.export.cases import cases

CASES = cases()
EXPORTED = CASES["categories, dates and numbers float32"].exported
LAYERS = CASES["layers float64"].exported


def damaged(data: bytes, chance: random.Random) -> bytes:
    """Return the bytes with some of them changed, left out or inserted."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 20))):
        at = chance.randrange(len(changed))
        kind = chance.random()
        if kind < 0.5:
            changed[at] = chance.randrange(256)
        elif kind < 0.75:
            del changed[at : at + chance.choice((1, 8, 100))]
        else:
            changed[at:at] = b"\xff" * chance.choice((1, 8))
    return bytes(changed)


def damaged_within(data: bytes, chance: random.Random) -> bytes:
    """Return the archive, whole, with a member that is damaged."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    name = chance.choice(("config.json", "model.weights.h5"))
    files[name] = damaged(files[name], chance)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "damage", "read"),
    [
        (write_onnx(EXPORTED), damaged, read_onnx),
        (write_onnx(LAYERS), damaged, read_onnx),
        (write_keras(LAYERS), damaged, read_keras),
        (write_keras(LAYERS), damaged_within, read_keras),
    ],
    ids=["ONNX", "ONNX of many layers", "Keras", "within Keras"],
)
def test_damaged_files_are_refused_or_read(
    data: bytes, damage: Callable[[bytes, random.Random], bytes], read: Callable[[bytes, int], object]
) -> None:
    chance = random.Random(7)
    for _ in range(200):
        with suppress(ServiceError):
            read(damage(data, chance), 10_000)
