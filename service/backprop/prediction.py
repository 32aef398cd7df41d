"""Forward passes of a network that does not change, in buffers that are used again: for requests of few rows.

Making buffers for one row takes longer than computing in them. The results have the same bits as `Network.predict`.
"""

from collections import deque

from service.backprop.arrays import FloatArray
from service.backprop.layers.base import ROWS
from service.backprop.network import MOST_SIZES, Network, Workspace, forward_from

MOST_ROWS = 128  # in buffers that stay
MOST_BYTES = 256 * 1024  # of such buffers
MOST_IDLE = 2  # of them, while nobody predicts
VIEW_BYTES = 400  # of a buffer's view for a number of rows, as measured


class Predictor:
    """Computes outputs as `Network.predict` does. Threads may share it: each takes buffers of its own.

    `most_bytes` is how much memory the buffers take that stay while nobody predicts.
    """

    def __init__(self, network: Network) -> None:
        self._network = network
        shapes = [shape for placed in network.layers for shape in placed.layer.buffer_shapes(placed.inputs).values()]
        shapes += [(ROWS, placed.units) for placed in network.layers]
        row = sum(shape[-1] for shape in shapes if shape[0] == ROWS) * network.dtype.itemsize
        self._most_rows = min(MOST_ROWS, MOST_BYTES // row)
        self.most_bytes = MOST_IDLE * (self._most_rows * row + MOST_SIZES * len(shapes) * VIEW_BYTES)
        self._idle: deque[Workspace] = deque(maxlen=MOST_IDLE)

    def __call__(self, X: FloatArray) -> FloatArray:
        """Return outputs (rows, outputs), a new array, for inputs (rows, inputs) in the network's precision.

        Numbers beyond the precision are not warned of where the caller has NumPy ignore them.
        """
        if not 0 < len(X) <= self._most_rows:
            return self._network.predict(X)
        try:
            workspace = self._idle.pop()
        except IndexError:  # nobody has predicted before, or others do now
            workspace = Workspace(self._network, self._most_rows)
        outputs = forward_from(X, self._network, workspace.sized(len(X))).copy()
        self._idle.append(workspace)
        return outputs
