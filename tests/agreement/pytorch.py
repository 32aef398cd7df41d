"""PyTorch for the tests of agreement: its absence is a failure with CI=true, else a skip that says why."""

import os
from typing import Any

import pytest


def _pytorch() -> Any:
    try:
        import torch
    except ModuleNotFoundError:
        reason = "PyTorch is missing: `make torch` installs it"
        if os.environ.get("CI") == "true":
            raise ModuleNotFoundError(reason, name="torch") from None
        pytest.skip(reason, allow_module_level=True)
    return torch


torch: Any = _pytorch()
F: Any = torch.nn.functional
