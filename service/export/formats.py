"""The formats of exports by name: the media type, the ending of file names, and what writes one."""

from collections.abc import Callable
from dataclasses import dataclass

from service.export.arrays import write_npz, write_safetensors
from service.export.keras_writing import expresses, write_keras
from service.export.onnx_writing import write_onnx
from service.export.python_writing import write_python
from service.export.subject import ExportedNetwork


@dataclass(frozen=True)
class Format:
    """One format of exports."""

    media_type: str
    ending: str
    write: Callable[[ExportedNetwork], bytes]

    def file_name(self, exported: ExportedNetwork) -> str:
        """Return the name of the file that a client stores."""
        return f"{exported.title}{self.ending}"


FORMATS = {
    "onnx": Format("application/x-onnx", ".onnx", write_onnx),
    "safetensors": Format("application/x-safetensors", ".safetensors", write_safetensors),
    "npz": Format("application/x-npz", ".npz", write_npz),
    "keras": Format("application/x-keras", ".keras", write_keras),
    "python": Format("text/x-python", ".py", write_python),
}


def left_out(format: str, exported: ExportedNetwork) -> str | None:
    """Return a sentence on what a file of this format leaves out of a prediction; None where it has everything."""
    if format in ("safetensors", "npz"):
        return "what computes; the file holds parameters, and its metadata describes network and preprocessing"
    if format == "keras" and not expresses(exported.preprocessing):
        return "preprocessing; the model takes the network's inputs, which the file's metadata.json describes"
    return None
