"""A job as it trains: redrawn in place in a terminal, a line now and then elsewhere."""

import os
import shutil
import time
from typing import TextIO

from backprop_client.types import Epoch, Event, Job
from service.logs import escaped
from service.ops.terminal_plots import bar, curves

HEIGHT = 10
POINTS = 400  # of the curves that are held; when there are more, every second one is dropped
SECONDS_BETWEEN_LINES = 5.0
SECONDS_BETWEEN_DRAWINGS = 0.1  # events of the past come all at once
UP, CLEAR, CLEAR_BELOW = "\x1b[{}A", "\x1b[K", "\x1b[J"
LEGEND = "loss, logarithmic: * training"
LABELS = 10  # columns left of a curve
NARROWEST = len(LEGEND) + LABELS  # columns of a terminal in which curves are drawn


class Live:
    """What is shown of a job while its events come.

    Parameters
    ----------
    output
        Where to; it is redrawn only if it is a terminal that can move its cursor.
    """

    def __init__(self, job: Job, output: TextIO) -> None:
        self.job = job
        self.output = output
        self.redraws = output.isatty() and os.environ.get("TERM", "") != "dumb"
        self.status: str = job["status"]
        self.epochs = job["progress"]["epochs"]
        self.losses: list[tuple[float, float | None]] = []
        self.every = 1
        self.latest: Epoch | None = None
        self._taken = 0
        self._lines = 0
        self._shown_at = -SECONDS_BETWEEN_LINES  # the clock may begin at 0

    def set_past(self, records: list[Epoch]) -> None:
        """Let the curve be that of these epochs, which events have announced only in part."""
        self.losses, self.every, self._taken = [], 1, 0
        for record in records:
            self._take(record)

    def show(self, event: Event) -> None:
        """Take an event, and show what it changes."""
        data = event["data"]
        if event["type"] == "epoch":
            self._take(data)  # type: ignore[arg-type]
            self._progress()
        elif event["type"] == "status":
            requested = data.get("requested")
            self.status = data["status"] if requested is None else f"{data['status']}, {requested} requested"
            self._say(f"{self.job['id']} {self.status}")
        elif event["type"] == "warning":
            self._say(f"warning, epoch {data['epoch']}: {data['detail']}")

    def _take(self, record: Epoch) -> None:
        self.latest = record
        self._taken += 1
        loss = record["training_loss"]
        if loss is None or self._taken % self.every:
            return
        self.losses.append((loss, record["validation_loss"]))
        if len(self.losses) > POINTS:
            self.losses, self.every = self.losses[::2], self.every * 2

    def _progress(self) -> None:
        if time.monotonic() - self._shown_at < (SECONDS_BETWEEN_DRAWINGS if self.redraws else SECONDS_BETWEEN_LINES):
            return
        self._shown_at = time.monotonic()
        if self.redraws:
            self._draw()
        else:
            self.output.write(f"{self.line()}\n")
            self.output.flush()

    def line(self) -> str:
        """Return where the job is, as a line."""
        if self.latest is None:
            return escaped(f"{self.job['id']} {self.status}", 2000)
        figures = [f"training loss {_figure(self.latest['training_loss'])}"]
        if self.latest["validation_loss"] is not None:
            figures.append(f"validation loss {_figure(self.latest['validation_loss'])}")
        metrics = self.latest["metrics"]
        which = "validation" if metrics["validation"] else "training"
        figures += [f"{which} {name} {_figure(value)}" for name, value in (metrics[which]).items()]  # type: ignore[literal-required]
        return escaped(f"epoch {self.latest['epoch']} of {self.epochs}: {', '.join(figures)}", 2000)

    def _draw(self) -> None:
        """Draw the curves and the bar over what was drawn before."""
        width, height = shutil.get_terminal_size()
        drawn = []
        if len(self.losses) > 1 and height > HEIGHT + 6 and width >= NARROWEST:
            training = [loss for loss, _ in self.losses]
            validation = [loss for _, loss in self.losses if loss is not None]
            series = {"*": training} | ({"o": validation} if len(validation) == len(training) else {})
            drawn = curves(series, width=min(80, width - LABELS - 2), height=HEIGHT)
            drawn.append(" " * (LABELS - 1) + LEGEND + (", o validation" if len(series) == 2 else ""))
        fraction = 0.0 if self.latest is None else self.latest["epoch"] / max(1, self.epochs)
        drawn += [bar(fraction, min(60, max(1, width - 3))), self.line()]
        up = UP.format(self._lines) if self._lines else ""
        self.output.write(f"\r{up}" + "".join(f"{line[: width - 1]}{CLEAR}\n" for line in drawn))
        self.output.flush()
        self._lines = len(drawn)

    def _say(self, line: str) -> None:
        """Write a line that stays; in a terminal it takes the place of the drawing, which begins anew below it."""
        removed = f"\r{UP.format(self._lines)}{CLEAR_BELOW}" if self._lines else ""
        self.output.write(f"{removed}{escaped(line, 2000)}\n")
        self.output.flush()
        self._lines = 0

    def end(self) -> None:
        """Show the last epoch."""
        if self.redraws:
            self._draw()
        elif self.latest is not None:
            self.output.write(f"{self.line()}\n")


def _figure(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.4g}"
