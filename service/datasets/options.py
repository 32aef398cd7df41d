"""How to read a dataset, and the limits on its size."""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True)
class ReadOptions:
    """How to read a dataset.

    `target` None means the last column of a table; `("none",)` means no targets. `inputs` and `targets` name NPZ
    arrays. Inputs are divided by `scale` when they are read for training; they are stored undivided.
    """

    target: tuple[str, ...] | None = None
    weight: str | None = None
    drop: tuple[str, ...] = ()
    target_type: str | None = None
    inputs: str | None = None
    targets: str | None = None
    scale: float = 1.0


@dataclass(frozen=True)
class Limits:
    """Limits on a dataset after decompression."""

    max_bytes: int = 16 * 1024 * MIB
    max_columns: int = 100_000
    max_categories: int = 100_000
