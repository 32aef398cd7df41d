"""What is exported: a trained network with everything a prediction needs, and records of its layers."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from service import __version__
from service.backprop.activations import Activation
from service.backprop.initializers import Initializer
from service.backprop.layers import Layer
from service.backprop.network import Network
from service.preprocessing.fit import Preprocessing

PRODUCER = "backprop"
ARRAYS = ("weights", "biases")  # settings of dense layers that the parameters take the place of


@dataclass(frozen=True)
class ExportedNetwork:
    """A trained network to be written to a file; `is_epoch` says that the request named an epoch of the version's job.

    `version` is None for a network that is no version, `epoch` for one that was trained elsewhere.
    """

    name: str
    version: int | None
    epoch: int | None
    network: Network
    preprocessing: Preprocessing
    is_epoch: bool = False

    @property
    def title(self) -> str:
        """The name with the version or the epoch, for the name of a file: `iris-2`, `iris-2-epoch-7`."""
        of_version = self.name if self.version is None else f"{self.name}-{self.version}"
        return f"{of_version}-epoch-{self.epoch}" if self.is_epoch else of_version

    @property
    def sentence(self) -> str:
        """What the file is, for its documentation."""
        version = "" if self.version is None else f"version {self.version} of "
        epoch = "" if self.epoch is None else f", epoch {self.epoch}"
        return f"{version}model {self.name}{epoch}, written by {PRODUCER} {__version__}"

    def definition(self) -> dict[str, Any]:
        """Return the network as `POST /v1/networks` takes it: without initializers, as it has parameters."""
        layers = [layer_record(placed.layer) for placed in self.network.layers]
        return {"inputs": self.network.inputs, "layers": layers}

    def metadata(self) -> dict[str, Any]:
        """Return what is known of the file, for the place that its format has for that."""
        return {
            "model": self.name,
            "version": self.version,
            "epoch": self.epoch,
            "precision": self.network.dtype.name,
            "network": self.definition(),
            "preprocessing": self.preprocessing.to_dict(),
            "decision": self.preprocessing.decision,
        }


def threshold_of(preprocessing: Preprocessing) -> float | None:
    """Return from which number on the last output means the second of two classes; None where the largest decides."""
    if preprocessing.decision is not None:
        return preprocessing.decision
    return preprocessing.threshold if preprocessing.single_output else None


def layer_record(layer: Layer) -> dict[str, Any]:
    """Return a layer's type and settings."""
    record: dict[str, Any] = {"type": layer.name}
    for field in dataclasses.fields(layer):
        value = getattr(layer, field.name)
        if field.name in ARRAYS or isinstance(value, Initializer):
            continue
        record[field.name] = activation_record(value) if isinstance(value, Activation) else value
    return record


def activation_record(activation: Activation) -> dict[str, Any]:
    """Return an activation's type and settings."""
    return {"type": activation.name, **dataclasses.asdict(activation)}


def rescales(preprocessing: Preprocessing) -> bool:
    """Return whether a preprocessing of inputs only shifts and divides numbers, which is what Keras's layers can do."""
    return all(column.categories is None and column.fill is None for column in preprocessing.inputs)
