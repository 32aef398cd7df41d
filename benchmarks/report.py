"""The comparison as a Markdown page."""

import os
import platform
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measuring import Measured
from benchmarks.rows import Accuracy, Lengths, Output, Row, Sweeps

HEADINGS: dict[type[Row], str] = {
    Output: "One neuron, exactly",
    Sweeps: "Classic tasks",
    Accuracy: "MNIST: test accuracy in percent",
    Lengths: "Vanishing gradient: length of the error vector of each hidden layer at the first step",
}
NOTES: dict[type[Row], str] = {
    Output: """\
Nielsen, chapter 3: the neuron learns to answer 0 to 1. Nothing is random, so all published digits have to agree.""",
    Sweeps: """\
Rumelhart, Hinton and Williams (1986). Full batches, quadratic error, sigmoid units, targets 0 and 1; weights and biases
start evenly within the bound. Learned means that every output is on the right side of 0.5. They added the gradients of
all cases up; the service averages them, so its learning rate is the given one times the number of cases (4 or 64).
Averaged at the given rates, XOR takes three to four times as many sweeps, and symmetry over 20,000.""",
    Accuracy: """\
Nielsen (2015), chapters 1, 3, 5 and 6, and 3Blue1Brown (2017). Measured: the best epoch and, in brackets, the last, of
each seed. Batches of 10, sigmoid units, the first 50,000 images and constant rates unless the row says otherwise;
accuracy on the 10,000 test images. "Large": weights and biases from N(0, 1). "Default": weights from N(0, 1 / inputs),
biases from N(0, 1). The best epoch is chosen by the test images themselves, which flatters it a little; the last is not
chosen. With the quadratic loss and the large start some seeds stick about ten points lower: one output
never learns its digit.""",
    Lengths: """\
Nielsen, chapter 5. Published for one unknown seed, so the mean of five seeds is compared by its order of magnitude and
by the ratio from one layer to the next. The lengths are read off `/v1/jobs/{id}/layers` at epoch 1.""",
}


@dataclass(frozen=True)
class Line:
    row: Row
    measured: Measured


def table(lines: Iterable[Line]) -> str:
    head = ["network", "settings", "published", "measured", "band", "in the band"]
    return "\n".join([_cells(head), _cells(["---"] * len(head)), *(_cells(_of(line)) for line in lines)])


def _of(line: Line) -> list[str]:
    row, measured = line.row, line.measured
    inside = "yes" if measured.inside else "**no**"
    return [row.network, row.settings, row.published, measured.figures, measured.band, inside]


def _cells(texts: Sequence[str]) -> str:
    return "| " + " | ".join(texts) + " |"


def page(lines: Sequence[Line], command: str, minutes: float) -> str:
    """Return the page with everything measured so far, one table for each kind of row."""
    parts = ["# Published results, reproduced\n", _introduction(lines, command, minutes)]
    for kind, heading in HEADINGS.items():
        of_kind = [line for line in lines if isinstance(line.row, kind)]
        if of_kind:
            parts.append(f"## {heading}\n\n{NOTES[kind]}\n\n{table(of_kind)}\n{_reasons(of_kind)}")
    return "\n".join(parts)


def _introduction(lines: Sequence[Line], command: str, minutes: float) -> str:
    inside = sum(line.measured.inside for line in lines)
    return f"""\
`{command}` starts a service of its own, trains every row through the HTTP API and writes this page:
{inside} of {len(lines)} rows lie in their bands. {time.strftime("%Y-%m-%d")}, {machine()}, two workers,
{minutes:.0f} minutes.
"""


def _reasons(lines: Sequence[Line]) -> str:
    """Return the reasons for the bands, each once."""
    reasons: dict[str, list[str]] = {}
    for line in lines:
        if isinstance(line.row, Accuracy | Sweeps):
            reasons.setdefault(line.row.band.why, []).append(str(line.row.band))
    listed = "\n".join(f"- {'; '.join(dict.fromkeys(bands))}: {why}" for why, bands in reasons.items())
    return f"\nThe bands:\n\n{listed}\n" if listed else ""


def machine() -> str:
    """Return the number of cores and the processor's model."""
    return f"{os.cpu_count()} cores ({_processor()})"


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
