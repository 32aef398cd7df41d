"""What clients read of a model before they send rows: metadata, Triton's configuration, and TensorFlow's signature."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from service import __version__
from service.inference.datatypes import BYTES, FP64, Datatype
from service.inference.metadata_answers import (
    ModelConfigAnswer,
    ModelMetadataAnswer,
    ServerMetadataAnswer,
    SignatureAnswer,
    TensorMetadata,
)
from service.inference.outputs import OutputDescription, describe_outputs
from service.inference.rows import WHOLE, datatype_of, takes_one_tensor
from service.models.cache import TrainedNetwork
from service.models.signature import example, input_answer
from service.preprocessing.fit import Preprocessing
from service.preprocessing.fitted_columns import InputColumn

PLATFORM = "backprop"
SIGNATURE = "serving_default"
EXTENSIONS = (
    "binary_tensor_data",
    "classification",
    "model_configuration",
    "model_repository",
    "parameters",
    "statistics",
)


@dataclass(frozen=True)
class InputDescription:
    """An input as metadata describes it: of one `column`, or of all columns, `width` numbers a row."""

    name: str
    datatype: Datatype
    width: int
    columns: tuple[InputColumn, ...]


def describe_inputs(preprocessing: Preprocessing) -> list[InputDescription]:
    """Return the tensors that a request has: one of all columns where all are numbers, else one of each column."""
    columns = preprocessing.inputs
    if takes_one_tensor(preprocessing):
        return [InputDescription(WHOLE, FP64, len(columns), columns)]
    return [
        InputDescription(each.name, BYTES if datatype_of(each) == BYTES.name else FP64, 1, (each,)) for each in columns
    ]


def server_metadata() -> ServerMetadataAnswer:
    """Describe the service."""
    return {"name": PLATFORM, "version": __version__, "extensions": list(EXTENSIONS)}


def model_metadata(trained: TrainedNetwork, versions: Sequence[int], max_bytes: int) -> ModelMetadataAnswer:
    """Describe a model by one of its versions; a request has at most `max_bytes`."""
    preprocessing = trained.preprocessing
    return {
        "name": trained.name,
        "versions": [str(version) for version in versions],
        "platform": PLATFORM,
        "inputs": [_input_metadata(each) for each in describe_inputs(preprocessing)],
        "outputs": [_output_metadata(each) for each in describe_outputs(trained)],
        "parameters": {
            "version": str(trained.version),
            "epoch": trained.epoch,
            "targets": list(preprocessing.target_names),
            "labels": None if preprocessing.labels is None else list(preprocessing.labels),
            "columns": [input_answer(each, preprocessing) for each in preprocessing.inputs],
            "example": _example(preprocessing),
            "most_bytes": max_bytes,
        },
    }


def _input_metadata(described: InputDescription) -> TensorMetadata:
    return {
        "name": described.name,
        "datatype": described.datatype.name,
        "shape": [-1, described.width],
        "parameters": {"columns": [column.name for column in described.columns]},
    }


def _output_metadata(described: OutputDescription) -> TensorMetadata:
    shape = [-1, described.width] if described.width else [-1]
    answer: TensorMetadata = {"name": described.name, "datatype": described.datatype.name, "shape": shape}
    if described.labels is not None:
        answer["parameters"] = {"labels": list(described.labels)}
    elif described.names is not None:
        answer["parameters"] = {"targets": list(described.names)}
    return answer


def _example(preprocessing: Preprocessing) -> dict[str, Any]:
    """Return a request with one row of typical values."""
    row = example(preprocessing)["instances"][0]
    inputs = []
    for described in describe_inputs(preprocessing):
        cells = [row[column.name] for column in described.columns]
        datatype, shape = described.datatype.name, [1, described.width]
        inputs.append({"name": described.name, "shape": shape, "datatype": datatype, "data": cells})
    return {"inputs": inputs}


def model_config(trained: TrainedNetwork, max_bytes: int) -> ModelConfigAnswer:
    """Describe a version as Triton's configuration does, without the dimension of rows."""
    inputs, outputs = describe_inputs(trained.preprocessing), describe_outputs(trained)
    row = FP64.size * sum(described.width for described in inputs)
    return {
        "name": trained.name,
        "platform": PLATFORM,
        "backend": PLATFORM,
        "version_policy": {"all": {}},
        "max_batch_size": max(1, max_bytes // row),
        "input": [
            {"name": each.name, "data_type": each.datatype.triton, "format": "FORMAT_NONE", "dims": [each.width]}
            for each in inputs
        ],
        "output": [
            {"name": each.name, "data_type": each.datatype.triton, "dims": [max(1, each.width)], "label_filename": ""}
            for each in outputs
        ],
        "parameters": {
            "version": {"string_value": str(trained.version)},
            "epoch": {"string_value": str(trained.epoch)},
        },
    }


def tensorflow_metadata(trained: TrainedNetwork) -> SignatureAnswer:
    """Describe a version as TensorFlow Serving does: the tensors that `instances` and `inputs` may name."""
    inputs = {each.name: _tensor_info(each) for each in describe_inputs(trained.preprocessing)}
    predictions = describe_outputs(trained)[0]
    definition = {
        "inputs": inputs,
        "outputs": {predictions.name: _tensor_info(predictions)},
        "method_name": "tensorflow/serving/predict",
        "defaults": {},
    }
    return {
        "model_spec": {"name": trained.name, "signature_name": "", "version": str(trained.version)},
        "metadata": {
            "signature_def": {
                "@type": "type.googleapis.com/tensorflow.serving.SignatureDefMap",
                "signature_def": {SIGNATURE: definition},
            }
        },
    }


def _tensor_info(described: InputDescription | OutputDescription) -> dict[str, Any]:
    sizes = ("-1", str(described.width))
    return {
        "dtype": described.datatype.tensorflow,
        "tensor_shape": {"dim": [{"size": size, "name": ""} for size in sizes], "unknown_rank": False},
        "name": f"{described.name}:0",
    }
