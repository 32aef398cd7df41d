"""The body of a request to infer, as the OpenAPI document shows it; `service.inference.requests` reads it."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class _Open(BaseModel):
    """Base of models with fields that are ignored when they are not known."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)


class InputTensor(_Open):
    """A tensor of the request."""

    name: str = Field(description="a column's name; any name for one tensor of all columns, which are numbers")
    shape: list[int] = Field(description="[rows, columns], or [rows] or [rows, 1] of one column")
    datatype: str = Field(description="BOOL, INT8 to INT64, UINT8 to UINT64, FP16, BF16, FP32, FP64 or BYTES")
    data: list[Any] | None = Field(default=None, description="the elements in row-major order, flat or nested")
    parameters: dict[str, Any] | None = Field(default={}, description="`binary_data_size`: its bytes behind the JSON")


class OutputRequest(_Open):
    """An output that is asked for."""

    name: str
    parameters: dict[str, Any] | None = Field(
        default={}, description="`binary_data`, and `classification` with a count"
    )


class InferRequest(_Open):
    """Tensors with the rows to predict."""

    id: str | None = Field(default=None, description="is in the answer")
    inputs: list[InputTensor] = Field(min_length=1)
    outputs: list[OutputRequest] | None = Field(default=[], description="those of the answer; all without any")
    parameters: dict[str, Any] | None = Field(
        default={}, description="`binary_data_output`, `epoch` (the network as it was then), `unknown` (`error`)"
    )


class RepositoryRequest(_Open):
    """What Triton's clients send to the repository; without effect but for `ready`, which is true of all versions."""

    ready: bool = False
    parameters: dict[str, Any] | None = {}
