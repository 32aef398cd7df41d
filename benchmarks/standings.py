"""The results of `make bench-train`: medians, ratios, tables, and their section of docs/performance.md."""

import re
from collections.abc import Mapping, Sequence
from statistics import median

SERVICE, ALONE, ENGINE = "service", "its epochs alone", "engine"
TORCH_1, TORCH_2 = "PyTorch, 1 thread", "PyTorch, 2 threads"
JAX, JAX_ORDERED, JAX_SCANNED = "JAX", "JAX, NumPy's order", "JAX, 1,000 epochs a call"
SCIKIT_LEARN = "scikit-learn"
OURS = (SERVICE, ALONE, ENGINE)
PEERS = (TORCH_1, TORCH_2, JAX, JAX_ORDERED, JAX_SCANNED, SCIKIT_LEARN)

Seconds = Mapping[str, Sequence[float]]  # by contender, seconds per epoch of each round


def medians(rounds: Seconds) -> dict[str, float]:
    return {name: median(seconds) for name, seconds in rounds.items()}


def fastest_peer(middle: Mapping[str, float]) -> str:
    """Return the peer with the smallest median."""
    return min((name for name in PEERS if name in middle), key=lambda name: middle[name])


def ratios(middle: Mapping[str, float]) -> dict[str, float]:
    """Return each median divided by that of the fastest peer; below 1 is faster than every peer."""
    best = middle[fastest_peer(middle)]
    return {name: seconds / best for name, seconds in middle.items()}


def duration(seconds: float) -> str:
    """Write a duration with three digits, in milliseconds or microseconds."""
    return f"{seconds * 1e6:.3g} us" if seconds < 1e-3 else f"{seconds:#.3g}".rstrip(".")


def _cell(seconds: Sequence[float] | None) -> str:
    """Write the median, and half the range from the fastest to the slowest round in percent of it."""
    if not seconds:
        return ""
    middle = median(seconds)
    spread = (max(seconds) - min(seconds)) / 2 / middle
    return duration(middle) + (f" ±{spread:.0%}" if len(seconds) > 1 else "")


def seconds_table(results: Mapping[str, Seconds]) -> str:
    """Return a table of seconds per epoch with a row for each workload."""
    names = _columns(results)
    rows = [[title, *(_cell(rounds.get(name)) for name in names)] for title, rounds in results.items()]
    return table(["seconds per epoch", *names], rows)


def ratios_table(results: Mapping[str, Seconds]) -> str:
    """Return a table of medians over the fastest peer's with a row for each workload."""
    names, rows = _columns(results), []
    for title, rounds in results.items():
        middle = medians(rounds)
        of = ratios(middle)
        rows.append([title, fastest_peer(middle), *(f"{of[name]:.2f}" if name in of else "" for name in names)])
    return table(["over the fastest peer", "which is", *names], rows)


def _columns(results: Mapping[str, Seconds]) -> list[str]:
    return [name for name in (*OURS, *PEERS) if any(name in rounds for rounds in results.values())]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def replaced(page: str, text: str, marker: str = "bench-train") -> str:
    """Return the page with `text` between its markers; raise `ValueError` unless it has them exactly once."""
    markers = re.compile(rf"(<!-- {marker}: [^\n]*-->\n).*?(<!-- end -->)", re.DOTALL)
    if len(markers.findall(page)) != 1:
        raise ValueError(f"the page must have one `<!-- {marker}: ... -->` with an `<!-- end -->` after it")
    return markers.sub(lambda place: f"{place[1]}{text}\n{place[2]}", page)
