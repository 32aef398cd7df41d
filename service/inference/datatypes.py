"""The datatypes of tensors: how the Open Inference Protocol, Triton's configuration and TensorFlow call each."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Datatype:
    """A datatype and its names; `code` is NumPy's of an element's bytes, empty for BYTES.

    BF16, which NumPy does not have, is read as the upper half of a float32.
    """

    name: str
    code: str
    tensorflow: str

    @property
    def triton(self) -> str:
        """The name in a model's configuration."""
        return "TYPE_STRING" if self.name == "BYTES" else f"TYPE_{self.name}"

    @cached_property
    def size(self) -> int:
        """The bytes of one element; 0 for BYTES, whose elements have lengths of their own."""
        return np.dtype(self.code).itemsize if self.code else 0

    @property
    def is_text(self) -> bool:
        return not self.code

    @cached_property
    def whole_range(self) -> tuple[int, int] | None:
        """The smallest and the largest whole number that it holds; None for other datatypes than whole numbers."""
        if "INT" not in self.name:
            return None
        found = np.iinfo(self.code)
        return int(found.min), int(found.max)

    def numbers(self, data: bytes | memoryview) -> NDArray[np.generic]:
        """Return the numbers of little-endian bytes, whose length is a multiple of `size`; nothing is copied."""
        values = np.frombuffer(data, dtype=self.code)
        if self.name == "BOOL":
            return np.asarray(values != 0)  # whatever byte stands for true
        if self.name == "BF16":
            return (values.astype("<u4") << 16).view("<f4")
        return values


DATATYPES = {
    each.name: each
    for each in (
        Datatype("BOOL", "u1", "DT_BOOL"),
        Datatype("INT8", "<i1", "DT_INT8"),
        Datatype("INT16", "<i2", "DT_INT16"),
        Datatype("INT32", "<i4", "DT_INT32"),
        Datatype("INT64", "<i8", "DT_INT64"),
        Datatype("UINT8", "<u1", "DT_UINT8"),
        Datatype("UINT16", "<u2", "DT_UINT16"),
        Datatype("UINT32", "<u4", "DT_UINT32"),
        Datatype("UINT64", "<u8", "DT_UINT64"),
        Datatype("FP16", "<f2", "DT_HALF"),
        Datatype("BF16", "<u2", "DT_BFLOAT16"),
        Datatype("FP32", "<f4", "DT_FLOAT"),
        Datatype("FP64", "<f8", "DT_DOUBLE"),
        Datatype("BYTES", "", "DT_STRING"),
    )
}
BOOL, INT64, FP32, FP64, BYTES = (DATATYPES[name] for name in ("BOOL", "INT64", "FP32", "FP64", "BYTES"))


def float_datatype(dtype: np.dtype[np.generic]) -> Datatype:
    """Return the datatype of an array of floats."""
    return FP32 if dtype == np.float32 else FP64
