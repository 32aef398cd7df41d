"""The fingerprint names what decides bits, and differs where that differs."""

import os
import subprocess
import sys

import numpy as np

from service.backprop.training.fingerprint import differences, fingerprint, kernels

CODE = "from service.backprop.training.fingerprint import fingerprint; print(fingerprint())"


def of_a_process(**variables: str) -> str:
    found = subprocess.run(
        [sys.executable, "-c", CODE], env={**os.environ, **variables}, capture_output=True, text=True, check=True
    )
    return found.stdout.strip()


def test_it_names_versions_and_kernels() -> None:
    parts = dict(part.split(" ", 1) for part in fingerprint().split("; "))
    assert parts["numpy"] == np.__version__ and parts["kernels"] == kernels()
    assert parts.keys() == {"numpy", "blas", "core", "features", "kernels"}


def test_every_process_of_a_machine_has_the_same_whatever_its_threads() -> None:
    assert of_a_process() == of_a_process(OPENBLAS_NUM_THREADS="1") == fingerprint()


def test_switched_off_features_change_it() -> None:
    features = dict(part.split(" ", 1) for part in fingerprint().split("; "))["features"].split()
    optional = [name for name in features if name in np._core._multiarray_umath.__cpu_dispatch__]
    if optional:
        assert of_a_process(NPY_DISABLE_CPU_FEATURES=optional[0]) != fingerprint()


def test_differences_are_named_one_by_one() -> None:
    assert differences("numpy 1; core A; kernels k", "numpy 2; core A; kernels k") == "numpy 1 became numpy 2"
