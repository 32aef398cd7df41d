"""The names of those measured numbers that are null because they were not finite."""

from collections.abc import Mapping, Sequence
from typing import Any


def nonfinite_of(measured: Mapping[str, Any]) -> list[str]:
    """Return the names of the losses and metrics of an epoch or a version that were not finite.

    A metric that is null was measured, and so was a null validation loss if there are validation metrics. Without any
    metrics a null validation loss may also be that of a job without validation, so it is not named.
    """
    metrics = measured["metrics"]
    names = ["training_loss"] if measured["training_loss"] is None else []
    if measured["validation_loss"] is None and metrics["validation"]:
        names.append("validation_loss")
    for part in ("training", "validation"):
        names += [f"metrics/{part}/{name}" for name, value in metrics[part].items() if value is None]
    return names


def with_nonfinite(measured: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record of a version with the names of what was not finite, if there are any."""
    if "metrics" not in measured:
        return dict(measured)
    names = nonfinite_of(measured)
    return {**measured, "nonfinite": names} if names else dict(measured)


def with_nonfinite_of_test(test: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what was measured on test rows with the names of what was not finite, if there are any."""
    if test is None:
        return None
    names = ["loss"] if test["loss"] is None else []
    names += [f"metrics/{name}" for name, value in test["metrics"].items() if value is None]
    return {**test, "nonfinite": names} if names else dict(test)


def nonfinite_of_layers(layers: Sequence[Mapping[str, float | None]], has_parameters: Sequence[bool]) -> list[str]:
    """Return the names of what was measured of layers and was not finite, such as `layers/0/delta`.

    Every layer has a delta and an error, one with parameters the norms of these and of their step. Earlier
    releases did not measure the error; it is not finite only where the delta is not.
    """
    names = []
    for index, (layer, has_some) in enumerate(zip(layers, has_parameters, strict=True)):
        measured = ["delta", *(["weights", "updates"] if has_some else [])]
        if "error" in layer and layer["delta"] is None:
            measured.append("error")
        names += [f"layers/{index}/{name}" for name in measured if layer[name] is None]
    return names
