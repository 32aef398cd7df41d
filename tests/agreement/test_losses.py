"""Every loss is PyTorch's, with weights of rows and of classes and with smoothed labels, for outputs of many kinds."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from service.backprop.activations import ACTIVATIONS
from service.backprop.layers import Dense
from service.backprop.losses import LOSSES, Loss
from service.backprop.network import Network
from service.backprop.optimizers import SGD
from tests.agreement.course import INPUTS, OUTPUTS, InPyTorch, assert_same_course, rows_of
from tests.agreement.pytorch import F, torch
from tests.agreement.twin import Forwarded, Tensor

pytestmark = pytest.mark.usefixtures("doubles")

CLASS_WEIGHTS = np.array([0.5, 1.0, 2.5])
SMOOTHING = 0.15

BY_ENTRY: dict[str, Callable[[Any, Tensor, Tensor], Tensor]] = {
    "quadratic": lambda loss, A, Y: 0.5 * F.mse_loss(A, Y, reduction="none") * A.shape[1],
    "mean_squared_error": lambda loss, A, Y: F.mse_loss(A, Y, reduction="none"),
    "mean_absolute_error": lambda loss, A, Y: F.l1_loss(A, Y, reduction="none"),
    "huber": lambda loss, A, Y: F.huber_loss(A, Y, reduction="none", delta=loss.delta),
    "hinge": lambda loss, A, Y: torch.clamp(1 - (2 * Y - 1) * A, min=0),
}


def weights_of(Y: Tensor, samples: Tensor | None, classes: Any) -> Tensor:
    """What each row weighs: its own weight times its class's."""
    weights = torch.ones(len(Y)) if samples is None else samples
    if classes is None:
        return weights
    labels = Y[:, 0].long() if Y.shape[1] == 1 else Y.argmax(dim=1)
    return weights * torch.tensor(classes)[labels]


def cost_of(loss: Loss, classes: Any = None, smoothing: float = 0.0) -> Callable[..., tuple[Tensor, float]]:
    """The loss in PyTorch's words."""

    def entries(passed: Forwarded, Y: Tensor, samples: Tensor | None) -> tuple[Tensor, float]:
        weights = weights_of(Y, samples, classes)
        by_row = BY_ENTRY[loss.name](loss, passed.A, Y).mean(dim=1)
        return (by_row * weights).sum() / weights.sum(), weights.sum().item()

    def binary(passed: Forwarded, Y: Tensor, samples: Tensor | None) -> tuple[Tensor, float]:
        weights = weights_of(Y, samples, classes)[:, None].expand_as(Y)
        targets = Y * (1 - smoothing) + smoothing / 2
        mean = torch.nn.BCELoss(weight=weights)(passed.A, targets)
        return mean if loss.name == "binary_cross_entropy" else mean * Y.shape[1], len(Y)

    def categorical(passed: Forwarded, Y: Tensor, samples: Tensor | None) -> tuple[Tensor, float]:
        normaliser = weights_of(Y, samples, classes).sum().item()
        settings = {"weight": None if classes is None else torch.tensor(classes), "label_smoothing": smoothing}
        if samples is None:
            return torch.nn.CrossEntropyLoss(**settings)(passed.Z, Y.argmax(dim=1)), normaliser
        by_row = torch.nn.CrossEntropyLoss(**settings, reduction="none")(passed.Z, Y.argmax(dim=1))
        return (by_row * samples).sum() / normaliser, normaliser

    if loss.name == "categorical_cross_entropy":
        return categorical
    return entries if loss.name in BY_ENTRY else binary


def outputs_of(loss: str) -> tuple[str, ...]:
    """Output activations of the usual kinds that the loss takes."""
    if LOSSES[loss].fused_with is not None:
        return (LOSSES[loss].fused_with,)
    return ("sigmoid", "softmax") if "cross_entropy" in loss else ("linear", "softmax")


CASES = [(loss, output) for loss in LOSSES for output in outputs_of(loss)]
SINGLE = [(loss, output) for loss, output in CASES if output != "softmax"]
SMOOTHED = [(loss, output) for loss, output in CASES if LOSSES[loss].smooths]


def network_of(output: str, outputs: int = OUTPUTS) -> Network:
    network = Network(INPUTS, [Dense(5, ACTIVATIONS["tanh"]()), Dense(outputs, ACTIVATIONS[output]())], "float64")
    network.initialize(4)
    return network


def assert_same_training(
    loss: Loss, network: Network, weighted: bool = False, classes: Any = None, smoothing: float = 0.0
) -> None:
    kinds = 2 if network.outputs == 1 else network.outputs
    in_pytorch = InPyTorch(cost_of(loss, classes, smoothing), lambda twin: torch.optim.SGD(twin.parameters(), lr=0.1))
    assert_same_course(
        network,
        in_pytorch,
        loss,
        rows_of(weighted=weighted, classes=kinds),
        rows_of(15, seed=22, weighted=weighted, classes=kinds),
        optimizer=SGD(learning_rate=0.1),
        class_weights=classes,
        label_smoothing=smoothing,
    )


@pytest.mark.parametrize(("loss", "output"), CASES)
def test_the_loss_is_pytorchs(loss: str, output: str) -> None:
    assert_same_training(LOSSES[loss](), network_of(output))


@pytest.mark.parametrize("delta", [0.1, 2.0])
def test_hubers_delta_is_pytorchs(delta: float) -> None:
    assert_same_training(LOSSES["huber"](delta=delta), network_of("linear"))


@pytest.mark.parametrize("loss", list(LOSSES))
def test_weights_of_rows_are_pytorchs(loss: str) -> None:
    assert_same_training(LOSSES[loss](), network_of(outputs_of(loss)[0]), weighted=True)


@pytest.mark.parametrize("loss", list(LOSSES))
def test_weights_of_classes_are_pytorchs(loss: str) -> None:
    assert_same_training(LOSSES[loss](), network_of(outputs_of(loss)[0]), classes=CLASS_WEIGHTS)


@pytest.mark.parametrize("loss", list(LOSSES))
def test_weights_of_rows_and_classes_multiply(loss: str) -> None:
    assert_same_training(LOSSES[loss](), network_of(outputs_of(loss)[0]), True, CLASS_WEIGHTS)


@pytest.mark.parametrize(("loss", "output"), SINGLE)
def test_two_classes_in_a_single_output_are_pytorchs(loss: str, output: str) -> None:
    assert_same_training(LOSSES[loss](), network_of(output, 1), True, CLASS_WEIGHTS[:2])


@pytest.mark.parametrize(("loss", "output"), SMOOTHED)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("classes", [None, CLASS_WEIGHTS], ids=["all_classes_alike", "weighted_classes"])
def test_smoothed_labels_are_pytorchs(loss: str, output: str, weighted: bool, classes: Any) -> None:
    assert_same_training(LOSSES[loss](), network_of(output), weighted, classes, SMOOTHING)


@pytest.mark.parametrize("loss", ["cross_entropy", "binary_cross_entropy"])
def test_smoothed_labels_of_a_single_output_are_pytorchs(loss: str) -> None:
    assert_same_training(LOSSES[loss](), network_of("sigmoid", 1), True, CLASS_WEIGHTS[:2], SMOOTHING)
