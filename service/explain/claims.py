"""Claims compared with a trace: which number is the first wrong one, and which mistakes of later ones are their own."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from service.backprop.arrays import FloatArray
from service.backprop.inspection.followed import FollowedLayer, GivenLayer, follow
from service.definitions.claims import Tolerance
from service.explain.claim_answers import AddressFields, ClaimAnswer, ClaimedArrayAnswer, ClaimedNumberAnswer
from service.explain.claim_hints import Hints
from service.explain.claimed_arrays import Claimed
from service.explain.number_addresses import (
    ACTIVATIONS,
    DELTAS,
    WEIGHTED_INPUTS,
    ArrayAddress,
    NumberAddress,
    arrays_in_order,
)
from service.explain.pass_formulas import PassFormulas
from service.explain.traced_steps import TracedStep
from service.explain.unit_names import Names

MOST_WRONG = 50  # that are listed
FOLLOWS = (
    "It follows from the numbers that are claimed before it: correct those first, or, where none of them is wrong, "
    "round them less."
)


@dataclass(frozen=True)
class Verdict:
    """The verdict on one array: which numbers are claimed, which of them are wrong, and which of these follow."""

    address: ArrayAddress
    claimed: FloatArray
    checked: NDArray[np.bool_]
    wrong: NDArray[np.bool_]
    following: NDArray[np.bool_]

    def wrong_numbers(self) -> Iterator[NumberAddress]:
        """Yield the addresses of the wrong numbers, row by row."""
        for index in np.argwhere(self.wrong):
            yield NumberAddress(self.address, tuple(map(int, index)))


def check_claim(step: TracedStep, claimed: Claimed, tolerance: Tolerance) -> ClaimAnswer:
    """Compare claimed arrays with the trace, and with what follows from the claimed numbers before each of them."""
    followed = _followed(step, claimed)
    verdicts = [
        _verdict(step, followed, address, claimed[address], tolerance)
        for address in arrays_in_order(step.subject.network)
        if address in claimed and np.isfinite(claimed[address]).any()
    ]
    writer = _Writer(step, followed, tolerance)
    numbers = (writer.written(verdict, each) for verdict in verdicts for each in verdict.wrong_numbers())
    listed = [number for number, _ in zip(numbers, range(MOST_WRONG), strict=False)]
    checked, wrong, following = (
        sum(int(getattr(verdict, name).sum()) for verdict in verdicts) for name in ("checked", "wrong", "following")
    )
    return {
        "correct": wrong == 0,
        "checked": checked,
        "wrong": wrong,
        "following": following,
        "first_wrong": listed[0] if listed else None,
        "wrong_numbers": listed,
        "arrays": [_counts(verdict) for verdict in verdicts],
        "tolerance": {"relative": tolerance.relative, "absolute": tolerance.absolute},
    }


def _followed(step: TracedStep, claimed: Claimed) -> list[FollowedLayer]:
    given = [
        GivenLayer(*(claimed.get(ArrayAddress(name, placed.index)) for name in (WEIGHTED_INPUTS, ACTIVATIONS, DELTAS)))
        for placed in step.subject.network.layers
    ]
    return follow(step.subject.network, step.weighing, step.batch.X, step.batch.Y, step.batch.samples, given)


def _following_array(followed: list[FollowedLayer], address: ArrayAddress) -> FloatArray:
    layer = followed[address.layer]
    if address.parameter is not None:
        return layer.gradients[address.parameter]
    arrays = {WEIGHTED_INPUTS: layer.weighted_inputs, ACTIVATIONS: layer.activations, DELTAS: layer.delta}
    return arrays[address.array]


def _verdict(
    step: TracedStep, followed: list[FollowedLayer], address: ArrayAddress, claimed: FloatArray, tolerance: Tolerance
) -> Verdict:
    checked = np.isfinite(claimed)
    wrong = checked & ~is_near(claimed, step.array(address), tolerance)
    following = wrong & is_near(claimed, _following_array(followed, address), tolerance)
    return Verdict(address, claimed, checked, wrong, following)


def is_near(claimed: FloatArray, expected: FloatArray, tolerance: Tolerance) -> NDArray[np.bool_]:
    """Return where claimed numbers are within the tolerance; nothing is near what is not finite."""
    with np.errstate(all="ignore"):
        allowed = np.maximum(tolerance.relative * np.abs(expected), tolerance.absolute)
        return np.asarray(np.isfinite(expected) & (np.abs(claimed - expected) <= allowed))


def _counts(verdict: Verdict) -> ClaimedArrayAnswer:
    address = verdict.address
    where = {"array": address.array, "layer": address.layer}
    if address.parameter is not None:
        where["parameter"] = address.parameter
    counts = {name: int(getattr(verdict, name).sum()) for name in ("checked", "wrong", "following")}
    return cast(ClaimedArrayAnswer, {**where, **counts})


def address_fields(address: NumberAddress, names: Names) -> AddressFields:
    """Return the fields of an answer that say which number is meant."""
    found: AddressFields = {
        "pointer": address.pointer,
        "array": address.of.array,
        "layer": address.of.layer,
        "index": list(address.index),
        "name": address.name(names),
        "of": address.quantity(names),
    }
    if address.of.parameter is not None:
        found["parameter"] = address.of.parameter
    if address.row is not None:
        found["row"] = address.row
    return found


class _Writer:
    """Writes what is answered of a wrong number."""

    def __init__(self, step: TracedStep, followed: list[FollowedLayer], tolerance: Tolerance) -> None:
        self.step, self.formulas = step, PassFormulas(step.trace, step.settings.loss.name)
        self.hints = Hints(step, followed, tolerance)

    def written(self, verdict: Verdict, address: NumberAddress) -> ClaimedNumberAnswer:
        *steps, formula = self.formulas.of_number(address)
        claimed, follows = float(verdict.claimed[address.index]), bool(verdict.following[address.index])
        return {
            **address_fields(address, self.formulas.names),
            "equation": formula["equation"],
            "formula": formula["formula"],
            "steps": steps,
            "claimed": claimed,
            "expected": formula["value"],
            "follows": follows,
            "hint": FOLLOWS if follows else self.hints.of(address, claimed),
        }
