"""How the outputs of a network are named: in objects, one a row, and in the columns of tables such as a CSV."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from numpy.typing import NDArray

from service.models.cache import TrainedNetwork

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class OutputNames:
    """What the outputs of a network mean.

    Attributes
    ----------
    targets
        The names of what is predicted.
    labels
        The classes, in the order of the outputs; None for values.
    single_output
        Whether one output stands for the second of two classes.
    are_probabilities
        Whether the network ends in a sigmoid or softmax.
    """

    targets: tuple[str, ...]
    labels: tuple[str | int, ...] | None
    single_output: bool
    are_probabilities: bool

    @classmethod
    def of(cls, trained: TrainedNetwork) -> "OutputNames":
        """Return the names of a trained network's outputs."""
        preprocessing = trained.preprocessing
        activation = trained.network.layers[-1].layer.last_activation()
        are_probabilities = activation is not None and activation.name in ("sigmoid", "softmax")
        return cls(preprocessing.target_names, preprocessing.labels, preprocessing.single_output, are_probabilities)

    def columns(self) -> list[str]:
        """Return the names of a table's columns: the label and each class's output, or each target's value."""
        if self.labels is None:
            return list(self.targets)
        return [self.targets[0], *map(str, self.labels[1:] if self.single_output else self.labels)]

    def objects(self, values: NDArray[Any], labels: Sequence[str | int] | None) -> list[dict[str, Any]]:
        """Return an object for each row: the target's name with its label or value, and the probability of each class.

        Outputs of a network that does not end in a sigmoid or softmax are no probabilities; they are named `scores`. A
        target that has such a name itself keeps it, and the outputs are `class_probabilities` or `class_scores`.
        """
        if labels is None or self.labels is None:
            return [dict(zip(self.targets, row, strict=True)) for row in values.tolist()]
        classes = [str(label) for label in self.labels]
        key = "probabilities" if self.are_probabilities else "scores"
        key = f"class_{key}" if key == self.targets[0] else key
        if self.single_output and self.are_probabilities:
            by_class = [{classes[0]: 1.0 - row[0], classes[1]: row[0]} for row in values.tolist()]
        elif self.single_output:
            by_class = [{classes[1]: row[0]} for row in values.tolist()]
        else:
            by_class = [dict(zip(classes, row, strict=True)) for row in values.tolist()]
        return [{self.targets[0]: label, key: outputs} for label, outputs in zip(labels, by_class, strict=True)]


def unique(names: Iterable[str]) -> list[str]:
    """Return names of which each occurs once: a repeated one becomes `name_2`, or the next number that is free."""
    given = list(names)
    taken, made = set(given), dict[str, None]()
    for name in given:
        if name in made:
            name = next(free for number in count(2) if (free := f"{name}_{number}") not in taken)
            taken.add(name)
        made[name] = None
    return list(made)


def harmless(value: Any) -> Any:
    """Quote text that a spreadsheet would take for a formula."""
    return "'" + value if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
