"""How outputs of a network are read: as classes, or as errors in the units of the targets."""

from dataclasses import dataclass

import numpy as np

from service.backprop.arrays import FloatArray, IndexArray


@dataclass(frozen=True)
class Reading:
    """How outputs are interpreted.

    A single output of at least `threshold` means the second of two classes. `scale` (outputs,) converts errors of
    outputs into the targets' own units; None means that they have them already. With a `decision`, the second of two
    classes is meant where its output, single or one of two, is at least that.
    """

    threshold: float = 0.5
    scale: FloatArray | None = None
    decision: float | None = None

    def classes(self, outputs: FloatArray) -> IndexArray:
        """Return the class of each row of outputs (rows, outputs)."""
        if self.decision is not None:
            return np.asarray(outputs[:, -1] >= self.decision, dtype=np.intp)
        if outputs.shape[1] == 1:
            return np.asarray(outputs[:, 0] >= self.threshold, dtype=np.intp)
        return np.asarray(outputs.argmax(axis=1))

    def errors(self, A: FloatArray, Y: FloatArray) -> FloatArray:
        """Return outputs minus targets, in the targets' own units, in float64."""
        difference = np.subtract(A, Y, dtype=np.float64)
        return difference if self.scale is None else difference * self.scale


TARGETS = Reading()


def target_classes(Y: FloatArray) -> IndexArray:
    """Return the class of each row of targets: one-hot, or 0 and 1 in a single column."""
    return TARGETS.classes(Y)
