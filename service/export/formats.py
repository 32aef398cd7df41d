"""The formats of exports by name: the media type, the ending of file names, and what writes one."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from service.export.arrays import write_npz, write_safetensors
from service.export.imported import Imported
from service.export.python_writing import write_python
from service.export.subject import ExportedNetwork, rescales


@dataclass(frozen=True)
class Format:
    """One format of exports."""

    media_type: str
    ending: str
    write: Callable[[ExportedNetwork], bytes]

    def file_name(self, exported: ExportedNetwork) -> str:
        """Return the name of the file that a client stores."""
        return f"{exported.title}{self.ending}"


def _write_onnx(exported: ExportedNetwork) -> bytes:
    from service.export.onnx_writing import write_onnx  # it loads ONNX's library, which few processes need

    return write_onnx(exported)


def _write_keras(exported: ExportedNetwork) -> bytes:
    from service.export.keras_writing import write_keras  # it loads HDF5's library

    return write_keras(exported)


FORMATS = {
    "onnx": Format("application/x-onnx", ".onnx", _write_onnx),
    "safetensors": Format("application/x-safetensors", ".safetensors", write_safetensors),
    "npz": Format("application/x-npz", ".npz", write_npz),
    "keras": Format("application/x-keras", ".keras", _write_keras),
    "python": Format("text/x-python", ".py", write_python),
}


def _read_onnx(data: bytes, max_parameters: int) -> Imported:
    from service.export.onnx_reading import read_onnx

    return read_onnx(data, max_parameters)


def _read_keras(data: bytes, max_parameters: int) -> Imported:
    from service.export.keras_reading import read_keras

    return read_keras(data, max_parameters)


# of those formats that are read, too
READERS: dict[str, Callable[[bytes, int], Imported]] = {"onnx": _read_onnx, "keras": _read_keras}


# an ONNX model begins with its version as a field of protocol buffers, then with another field of ModelProto
ONNX_START = re.compile(rb"\x08[\x01-\x7f][\x12\x1a\x22\x28\x32\x3a\x42]")
ZIP_START, ZIP_NAME = b"PK\x03\x04", 30  # a zip archive, and where the name of its first member is
KERAS_MEMBERS = (b"metadata.json", b"config.json", b"model.weights.h5")


def format_of(head: bytes) -> str | None:
    """Return which of `READERS` reads a file with these first bytes; None where they do not show it."""
    if ONNX_START.match(head):
        return "onnx"
    return "keras" if head.startswith(ZIP_START) and head[ZIP_NAME:].startswith(KERAS_MEMBERS) else None


def left_out(format: str, exported: ExportedNetwork) -> str | None:
    """Return a sentence on what a file of this format leaves out of a prediction; None where it has everything."""
    if format in ("safetensors", "npz"):
        return "what computes; the file holds parameters, and its metadata describes network and preprocessing"
    if format == "keras" and not rescales(exported.preprocessing):
        return "preprocessing; the model takes the network's inputs, which the file's metadata.json describes"
    return None
