"""How lengths that are too large are refused."""

from typing import Any

import pytest

from service.definitions.network import MOST_LAYERS, NetworkDefinition
from service.definitions.requests import JobRequest
from service.definitions.validation import check
from service.errors import Invalid


def refusal(model: Any, body: dict[str, Any]) -> str:
    with pytest.raises(Invalid) as refused:
        check(model, body)
    return str(refused.value.faults[0].detail)


def test_hidden_layers_leave_room_for_the_output_layer() -> None:
    longest = NetworkDefinition(hidden=[1] * (MOST_LAYERS - 1))
    assert len(longest.with_output(1, "linear").layers or ()) == MOST_LAYERS
    body = {"hidden": [1] * MOST_LAYERS}
    assert refusal(NetworkDefinition, body) == "must have at most 999 entries, got 1000"


def test_text_is_measured_in_characters_and_a_list_in_entries() -> None:
    body = {"dataset": "xor", "metadata": {"note": "a" * 600}}
    assert refusal(JobRequest, body) == "must have at most 512 characters, got 600"
    body = {"dataset": "xor", "notify": {"url": "https://name.example/" + "a" * 3000}}
    assert refusal(JobRequest, body) == "must have at most 2048 characters, got 3,021"
