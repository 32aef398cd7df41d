"""Loads exported files with onnxruntime or Keras, in the environment of `make export-peers`, which has no service.

`python export_peers.py made FOLDER` writes models that Keras and ONNX's library have made, with inputs and outputs.
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


def make(folder: Path) -> None:
    """Write `made.keras` as Keras saves it, compiled and trained for a step, with its inputs and outputs."""
    os.environ["KERAS_BACKEND"] = "numpy"
    import keras

    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Rescaling(0.5, offset=[1.0, 2.0, 3.0, 4.0]),
            layers.Dense(8, activation="gelu", bias_initializer="random_normal"),
            layers.BatchNormalization(epsilon=1e-4),
            layers.Dropout(0.5),
            layers.Dense(6, name="of_its_own_name"),
            layers.LeakyReLU(negative_slope=0.2),
            layers.LayerNormalization(),
            layers.Dense(2, activation="elu"),
            layers.Rescaling([10.0, 0.1], offset=-3.0),
        ]
    )
    model.compile(optimizer="adam", loss="mse")
    X = np.random.default_rng(1).normal(size=(20, 4)).astype(np.float32)
    model.save(folder / "made.keras")
    np.savez(folder / "made.npz", X=X, predictions=np.asarray(model(X)))


if __name__ == "__main__":
    {"made": make, "onnx": run_onnx, "keras": run_keras}[sys.argv[1]](Path(sys.argv[2]))
