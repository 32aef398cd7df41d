"""Loads exported files with onnxruntime or Keras, in the environment of `make export-peers`, which has no service.

`python export_peers.py onnx|keras FOLDER`: for each `NAME.onnx` or `NAME.keras` in the folder, `NAME.in.npz` holds the
inputs by name; the outputs are written to `NAME.out.npz`, by name for ONNX, as `predictions` for Keras.
"""

import os
import sys
from pathlib import Path

import numpy as np


def run_onnx(folder: Path) -> None:
    """Check each model with ONNX's checker, strictest form, and run it."""
    import onnx
    import onnxruntime

    for file in sorted(folder.glob("*.onnx")):
        model = onnx.load(file)
        onnx.checker.check_model(model, full_check=True)
        session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
        given = np.load(file.with_suffix(".in.npz"))
        texts = {each.name: each.type == "tensor(string)" for each in session.get_inputs()}
        names = [each.name for each in session.get_outputs()]
        inputs = {name: given[name].astype(object) if is_text else given[name] for name, is_text in texts.items()}
        outputs = dict(zip(names, session.run(names, inputs), strict=True))
        np.savez(file.with_suffix(".out.npz"), order=names, **{name: _plain(array) for name, array in outputs.items()})


def _plain(array: np.ndarray) -> np.ndarray:
    return array.astype(str) if array.dtype == object else array


def run_keras(folder: Path) -> None:
    """Load each model, weights included, and predict."""
    os.environ["KERAS_BACKEND"] = "numpy"  # JAX takes minutes to compile all models
    import keras

    for file in sorted(folder.glob("*.keras")):
        model = keras.saving.load_model(file)
        predictions = np.asarray(model(np.load(file.with_suffix(".in.npz"))["inputs"]))
        np.savez(file.with_suffix(".out.npz"), predictions=predictions)


if __name__ == "__main__":
    {"onnx": run_onnx, "keras": run_keras}[sys.argv[1]](Path(sys.argv[2]))
