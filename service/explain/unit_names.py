"""Names of units and parameters: `input 1`, `hidden 2`, `output 1`, `input 1 -> hidden 2`. Counted from 1."""

from service.backprop.inspection.parameter_index import Place
from service.backprop.network import Network


class Names:
    """The names of a network's units and parameters.

    Units of the last layer are called outputs, those of other dense layers hidden, all others by the kind of their
    layer. If several layers share a name, the layer's number among them comes first: `hidden 2.3` is unit 3 of the
    second hidden layer.
    """

    def __init__(self, network: Network) -> None:
        kinds = ["hidden" if placed.layer.name == "dense" else placed.layer.name for placed in network.layers]
        kinds[-1] = "output"
        self._heads = []
        for index, kind in enumerate(kinds):
            alone = kinds.count(kind) == 1
            self._heads.append(f"{kind} " if alone else f"{kind} {kinds[: index + 1].count(kind)}.")
        self._joined = [len(placed.shapes.get("weights", ())) == 2 for placed in network.layers]

    @property
    def layers(self) -> int:
        return len(self._heads)

    def unit(self, layer: int, unit: int) -> str:
        """Return the name of a layer's unit; layer -1 means the inputs."""
        return f"input {unit + 1}" if layer < 0 else f"{self._heads[layer]}{unit + 1}"

    def parameter(self, place: Place) -> str:
        unit = self.unit(place.layer, place.index[-1])
        if place.name == "weights":
            if self._joined[place.layer]:
                return f"{self.unit(place.layer - 1, place.index[0])} -> {unit}"
            return f"scale of {unit}"
        return f"{'bias' if place.name == 'biases' else place.name} of {unit}"
