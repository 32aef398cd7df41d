"""Parameters as named arrays, and as files of the two formats that hold nothing but named arrays."""

import io
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save as save_safetensors

from service.backprop.network import Network
from service.export.subject import ExportedNetwork


def named_arrays(network: Network) -> dict[str, NDArray[Any]]:
    """Return each layer's arrays under `layers.<index>.<name>`; contiguous, as safetensors writes raw memory."""
    return {
        f"layers.{index}.{name}": np.ascontiguousarray(array)
        for index, placed in enumerate(network.layers)
        for name, array in placed.values.items()
    }


def npz_of(arrays: dict[str, NDArray[Any]]) -> bytes:
    """Return the arrays as an NPZ file."""
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    return stream.getvalue()


def write_npz(exported: ExportedNetwork) -> bytes:
    """Return the parameters as NPZ, with `metadata`: the JSON text of network and preprocessing."""
    text = np.array(json.dumps(exported.metadata()))
    return npz_of({**named_arrays(exported.network), "metadata": text})


def write_safetensors(exported: ExportedNetwork) -> bytes:
    """Return the parameters as safetensors, with `metadata` in its header: as JSON the network and the preprocessing.

    The library writes several keys of metadata in any order, so that the same would not be the same again.
    """
    return save_safetensors(named_arrays(exported.network), {"metadata": json.dumps(exported.metadata())})
