"""PyTorch makes and keeps numbers in float64 while these tests run."""

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def doubles() -> Iterator[None]:
    from tests.agreement.pytorch import torch

    before, threads = torch.get_default_dtype(), torch.get_num_threads()
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    yield
    torch.set_default_dtype(before)
    torch.set_num_threads(threads)
