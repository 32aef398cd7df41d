"""Every setting of Keras's JSON is read, has no effect, or is refused where it stands: never dropped silently."""

from typing import Any

import pytest

from service.definitions.network import NetworkRequest
from service.definitions.validation import check
from service.errors import Fault, Invalid
from tests.unit.definitions.keras_documents import compiled, dense, layer, policy, sequential

LAYER = "#/config/layers/0"


def record(body: Any) -> dict[str, Any]:
    return check(NetworkRequest, body).definition().normalised()


def faults(body: Any) -> list[Fault]:
    with pytest.raises(Invalid) as caught:
        check(NetworkRequest, body)
    return list(caught.value.faults)


@pytest.mark.parametrize(
    "dtype", ["float64", policy("float64"), policy("float64", "FloatDTypePolicy"), policy("float64", "Policy")]
)
def test_float64_becomes_the_precision(dtype: Any) -> None:
    body = sequential(layer("InputLayer", batch_shape=[None, 2], dtype="float32"), dense(dtype=dtype))
    assert record(body)["training"] == {"precision": "float64"}


@pytest.mark.parametrize("dtype", ["float32", policy("float32"), None])
def test_float32_is_the_default(dtype: Any) -> None:
    assert "training" not in record(sequential(dense(dtype=dtype)))


@pytest.mark.parametrize(
    "dtype",
    [
        "float16",
        "bfloat16",
        "mixed_float16",
        policy("mixed_float16"),
        policy("mixed_bfloat16"),
        policy("float16"),
        policy("int8_from_float32", "QuantizedDTypePolicy"),
        {"class_name": "DTypePolicyMap", "config": {"default_policy": None, "policy_map": {}}},
    ],
)
def test_another_dtype_is_one_fault_however_many_layers_have_it(dtype: Any) -> None:
    found = faults(sequential(*[dense(dtype=dtype)] * 4))
    assert len(found) == 1 and str(found[0].pointer).startswith(f"{LAYER}/config/dtype")
    assert "must be float32 or float64" in found[0].detail


def test_layers_of_two_precisions_are_refused_at_the_second() -> None:
    found = faults(sequential(dense(dtype="float64"), dense(dtype="float32")))
    assert [fault.pointer for fault in found] == ["#/config/layers/1/config/dtype"]


@pytest.mark.parametrize("dtype", ["float16", "string"])
def test_inputs_of_another_type_are_refused(dtype: str) -> None:
    body = sequential(layer("InputLayer", batch_shape=[None, 2], dtype=dtype), dense())
    assert faults(body)[0].pointer == f"{LAYER}/config/dtype"


@pytest.mark.parametrize(
    "body",
    [
        sequential(layer("InputLayer", batch_shape=[None, 4]), dense()),
        sequential(layer("InputLayer", batch_input_shape=[None, 4]), dense()),
        sequential(layer("InputLayer", shape=[4]), dense()),
        sequential(layer("InputLayer", input_shape=[4]), dense()),
        sequential(layer("InputLayer", batch_shape=[32, 4], dtype="uint8"), dense()),
        sequential(dense(batch_input_shape=[None, 4])),
        sequential(dense(input_shape=[4])),
        sequential(dense(input_dim=4)),
        sequential(layer("InputLayer", batch_shape=[None, 2, 2]), layer("Flatten"), dense()),
        sequential(layer("Flatten", input_shape=[2, 2], data_format="channels_last"), dense()),
        {"class_name": "Sequential", "config": {"name": "m", "layers": [dense()], "build_input_shape": [None, 4]}},
    ],
)
def test_inputs_are_read_in_every_form(body: dict[str, Any]) -> None:
    assert record(body)["inputs"] == 4


def test_shapes_that_differ_are_refused() -> None:
    found = faults(sequential(layer("InputLayer", batch_shape=[None, 4]), dense(batch_input_shape=[None, 5])))
    assert [fault.pointer for fault in found] == ["#/config/layers/1/config/batch_input_shape"]


def test_the_list_form_of_keras_2_0_to_2_2_is_read() -> None:
    layers = [
        {"class_name": "Dense", "config": {"units": 8, "batch_input_shape": [None, 4], "activation": "relu"}},
        {"class_name": "Dropout", "config": {"rate": 0.5, "noise_shape": None, "seed": None}},
        {"class_name": "Dense", "config": {"units": 1, "activation": "sigmoid"}},
    ]
    document = {"class_name": "Sequential", "config": layers, "keras_version": "2.1.6", "backend": "tensorflow"}
    found = record(document)
    assert found["inputs"] == 4 and [item["type"] for item in found["layers"]] == ["dense", "dropout", "dense"]
    layers[2]["config"]["activation"] = "mish"
    assert [fault.pointer for fault in faults(document)] == ["#/config/2/config/activation"]
    assert [fault.pointer for fault in faults({**document, "config": []})] == ["#/config"]


@pytest.mark.parametrize(
    ("item", "where", "words"),
    [
        (layer("ReLU", max_value=6.0), "config/max_value", "not supported, as outputs are not bounded"),
        (layer("ReLU", max_value=0), "config/max_value", "not supported, as outputs are not bounded"),
        (layer("ReLU", threshold=0.5), "config/threshold", "no counterpart"),
        (layer("ReLU", negative_slope=1.5), "config/negative_slope", "below 1"),
        (layer("PReLU"), "class_name", "no layer that is known"),
        (layer("Softmax", axis=0), "config/axis", "must be -1"),
        (layer("Normalization"), "class_name", "known are `Dense`"),
        (layer("AlphaDropout", rate=0.1), "class_name", "known are `Dense`"),
        (layer("Masking"), "class_name", "known are `Dense`"),
        (layer("Dens", units=3), "class_name", "did you mean `Dense`?"),
        (layer("Activation", activation="mish"), "config/activation", "known are `linear`"),
        (layer("Activation", activation="hard_sigmoid"), "config/activation", "known are `linear`"),
        (layer("Activation", activation="relu6"), "config/activation", "known are `linear`"),
        (layer("Flatten", data_format="channels_first"), "config/data_format", "stay in their order"),
        (layer("Dropout", rate=0.1, noise_shape=[1]), "config/noise_shape", "no counterpart"),
        (layer("Dropout", rate=0.1, seed=0), "config/seed", "one `seed`"),
        (layer("Dropout"), "config/rate", "is missing"),
        (layer("BatchNormalization", renorm=True), "config/renorm", "no counterpart"),
        (layer("BatchNormalization", scale=None), "config/scale", "must not be null"),
        (layer("BatchNormalization", beta_regularizer="l2"), "config/beta_regularizer", "no counterpart"),
        (layer("LayerNormalization", rms_scaling=True), "config/rms_scaling", "no counterpart"),
        (layer("LayerNormalization", axis=[-1, -2]), "config/axis", "must be -1"),
        (dense(use_bias=0), "config/use_bias", "must be true"),
        (dense(use_bias=None), "config/use_bias", "must not be null"),
        (dense(bias_initializer=None), "config/bias_initializer", "must not be null"),
        (dense(trainable=False), "config/trainable", "every layer is trained"),
        (dense(lora_rank=4), "config/lora_rank", "no counterpart"),
        (dense(quantization_config={"mode": "int8"}), "config/quantization_config", "no counterpart"),
        (dense(activity_regularizer="l1"), "config/activity_regularizer", "no counterpart"),
        (dense(kernel_initializer="identity"), "config/kernel_initializer", "known are `Zeros`"),
        (
            dense(kernel_initializer={"class_name": "VarianceScaling", "config": {"distribution": "cauchy"}}),
            "config/kernel_initializer/config/distribution",
            "must be",
        ),
        (
            dense(kernel_regularizer={"class_name": "L2", "config": {"l2": -1.0}}),
            "config/kernel_regularizer/config",
            "must not be negative",
        ),
        ({**dense(), "registered_name": "mine>Dense"}, "registered_name", "a class of your own"),
        ({**dense(), "activation": "relu"}, "activation", "is not known"),
        ({**layer("Dropout", rate=0.1), "weights": [[1.0]]}, "weights", "goes with a Dense layer"),
    ],
)
def test_what_changes_the_function_is_refused_where_it_stands(item: dict[str, Any], where: str, words: str) -> None:
    found = faults(sequential(item, dense()))
    assert [fault.pointer for fault in found] == [f"{LAYER}/{where}"]
    assert words in found[0].detail


@pytest.mark.parametrize(
    "item",
    [
        dense(name="a", trainable=True, quantization_config=None, activity_regularizer=None),
        dense(kernel_regularizer={"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.0}}),
        dense(kernel_initializer={"class_name": "GlorotUniform", "config": {"seed": None, "input_axes": None}}),
        dense(activation={"module": "builtins", "class_name": "function", "config": "linear"}),
        dense(activation=None, kernel_initializer=None),
    ],
)
def test_what_has_no_effect_is_ignored(item: dict[str, Any]) -> None:
    assert record(sequential(item)) == record(sequential(dense()))


def test_activations_as_layers_inside_a_layer_are_read() -> None:
    found = record(sequential(dense(activation=layer("ReLU", negative_slope=0.2, max_value=None, threshold=0.0))))
    assert found["layers"][0]["activation"] == {"type": "leaky_relu", "slope": 0.2}
    found = record(sequential(layer("Identity"), dense()))
    assert found["layers"][0] == {"type": "activation", "activation": "linear"}


@pytest.mark.parametrize(
    ("more", "where", "words"),
    [
        ({"loss": {"class_name": "Huber", "config": {"reduction": "sum"}}}, "loss/config/reduction", "must be"),
        (
            {"loss": {"class_name": "CategoricalCrossentropy", "config": {"from_logits": True}}},
            "loss/config/from_logits",
            "end the network with softmax or sigmoid",
        ),
        ({"loss": "squared_hinge"}, "loss", "known are `categorical_crossentropy`"),
        ({"loss": "mean_squared_logarithmic_error"}, "loss", "known are"),
        ({"loss": {"class_name": "Huber", "config": {"dtype": "float16"}}}, "loss/config/dtype", "float32 or float64"),
        ({"loss": ["mse"]}, "loss", "must be the name of a known loss"),
        ({"loss_weights": [0.5]}, "loss_weights", "no counterpart"),
        ({"metrics": ["mse"]}, "metrics/0", "known are `accuracy`"),
        ({"metrics": [{"class_name": "Accuracy", "config": {}}]}, "metrics/0/class_name", "exactly"),
        ({"metrics": [{"class_name": "BinaryAccuracy", "config": {"threshold": 0.7}}]}, None, "must be 0.5"),
        ({"optimizer": "adafactor"}, "optimizer", "known are `SGD`"),
        ({"optimizer": {"class_name": "Adamm", "config": {}}}, "optimizer/class_name", "did you mean `Adam`?"),
        ({"optimizer": {"config": {}}}, "optimizer/class_name", "is missing"),
        ({"optimizer": {"class_name": "SGD", "config": {"use_ema": True}}}, None, "no counterpart"),
        ({"optimizer": {"class_name": "SGD", "config": {"decay": 1e-6}}}, None, "no counterpart"),
        ({"optimizer": {"class_name": "LossScaleOptimizer", "config": {}}}, "optimizer/class_name", "known are"),
    ],
)
def test_compile_settings_without_a_counterpart_are_refused(
    more: dict[str, Any], where: str | None, words: str
) -> None:
    found = faults(compiled(**more))
    assert len(found) == 1 and words in found[0].detail
    assert where is None or found[0].pointer == f"#/compile_config/{where}"


def test_functions_are_read_as_losses_and_metrics() -> None:
    function = {"module": "builtins", "class_name": "function", "registered_name": "mean_squared_error"}
    found = record(compiled(loss={**function, "config": "mean_squared_error"}, metrics=["mae"]))
    assert found["training"]["loss"] == "mean_squared_error" and found["training"]["metrics"] == ["mae"]


@pytest.mark.parametrize(
    ("ours", "pointer", "words"),
    [
        ({"epoch": 3}, "#/training/epoch", "did you mean `epochs`?"),
        ({"epochs": 0}, "#/training/epochs", "at least 1"),
        ({"batch_size": "ful"}, "#/training/batch_size", 'a whole number or "full"'),
        ({"optimizer": "rprop"}, "#/training/optimizer", "too"),
        ({"schedule": {"type": "step", "gamma": 2}}, "#/training/schedule/gamma", "at most 1"),
    ],
)
def test_faults_in_training_beside_keras_part_point_there(ours: dict[str, Any], pointer: str, words: str) -> None:
    found = faults(compiled() | {"training": ours})
    assert [fault.pointer for fault in found] == [pointer]
    assert words in found[0].detail


@pytest.mark.parametrize(
    ("written", "rate"),
    [
        (0.0010000000474974513, 0.001),
        (0.009999999776482582, 0.01),
        (0.5, 0.5),
        (0.001, 0.001),
        (1e-300, 1e-300),
        (1, 1),
    ],
)
def test_a_learning_rate_is_the_number_that_keras_was_given(written: float, rate: float) -> None:
    optimizer = {"class_name": "SGD", "config": {"learning_rate": written}}
    assert record(compiled(optimizer))["training"]["optimizer"]["learning_rate"] == rate
