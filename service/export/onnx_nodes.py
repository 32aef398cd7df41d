"""Builds the nodes of an ONNX graph or function one after the other, each value with a name of its own."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto
from onnx.helper import make_node
from onnx.numpy_helper import from_array

from service.export.onnx_types import element_type


class Nodes:
    """The nodes of a graph or function in the order of computation.

    Parameters
    ----------
    dtype
        The type of the numbers that constants are made in.
    taken
        Names of values that are given, such as inputs.
    """

    def __init__(self, dtype: np.dtype[Any], taken: Iterable[str] = ()) -> None:
        self.dtype = dtype
        self.written: list[NodeProto] = []
        self._taken = {name: 1 for name in taken}

    def wide(self) -> "Nodes":
        """Return these same nodes, with constants made in float64."""
        same = Nodes(np.dtype(np.float64))
        same.written, same._taken = self.written, self._taken
        return same

    def name(self, wanted: str) -> str:
        """Return a name that no value has yet: the wanted one, with a number if it is taken."""
        count = self._taken.get(wanted, 0)
        self._taken[wanted] = count + 1
        return self.name(f"{wanted}_{count + 1}") if count else wanted

    def add(self, operator: str, *inputs: str, to: str = "", domain: str = "", **attributes: Any) -> str:
        """Add a node with one output; return the output's name, which is `to` if given."""
        output = to or self.name(operator.lower())
        named = {name.removesuffix("_"): value for name, value in attributes.items()}  # `to_` is Cast's `to`
        self.written.append(make_node(operator, inputs, [output], output, domain=domain, **named))
        return output

    def add_many(self, operator: str, inputs: Sequence[str], outputs: Sequence[str], domain: str = "") -> None:
        """Add a node with several outputs."""
        self.written.append(make_node(operator, inputs, outputs, outputs[0], domain=domain))

    def constant(self, value: float | Sequence[float] | NDArray[Any], dtype: Any = None) -> str:
        """Add a constant, in the type of the numbers here unless `dtype` is another one."""
        return self.add("Constant", value=from_array(np.asarray(value, dtype=self.dtype if dtype is None else dtype)))

    def texts(self, values: Sequence[str]) -> str:
        """Add a constant list of texts."""
        return self.add("Constant", value_strings=list(values))

    def cast(self, value: str, dtype: np.dtype[Any], to: str = "") -> str:
        """Convert to a type."""
        return self.add("Cast", value, to_=element_type(dtype), to=to)
