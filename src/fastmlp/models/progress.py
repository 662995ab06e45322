"""The progress line: one that moves on a screen or in a notebook, one line an epoch in a file."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from io import StringIO, TextIOWrapper
from typing import Any, TextIO

import numpy as np

from fastmlp._validate import whole
from fastmlp.models.hooks import Callback, Logs


def say(message: str, end: str = "\n", stream: Any = None) -> bool:
    """Print to `stream` (sys.stdout) as far as it can: training goes on without it. Whether it could."""
    stream = sys.stdout if stream is None else stream
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        stream.write((message + end).encode(encoding, "replace").decode(encoding))
        stream.flush()
    except (
        AttributeError,
        LookupError,
        ValueError,
        OSError,
    ):  # no stream (a daemon), a closed one, a pipe nobody reads
        return False
    return True


def redraws(stream: Any) -> bool:
    """Whether what is printed there after a carriage return covers the line before it."""
    try:
        if stream.isatty():
            return True
    except (AttributeError, ValueError):  # None, closed, or not quite a file: print plain lines if anything
        return False
    if stream is sys.__stdout__ and "PYCHARM_HOSTED" in os.environ:
        return True
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    notebook = any(kind.__name__ == "ZMQInteractiveShell" for kind in type(shell).__mro__)
    return notebook and stream is sys.stdout and not isinstance(stream, (TextIOWrapper, StringIO))


def can_show(stream: Any, text: str) -> bool:
    """Whether these characters can be printed there."""
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def verbosity(where: str, verbose: Any) -> int:
    """0: silent, 1 and 'auto': a bar, 2: a plain line an epoch; True and False are 1 and 0."""
    if verbose == "auto":
        return 1
    return int(verbose) if isinstance(verbose, (bool, np.bool_)) else whole(f"{where}: verbose", verbose, 0)


def _place(name: str) -> tuple[bool, bool, str]:
    return name.startswith("learning_rate"), name.startswith("val_"), name


def format_metrics(logs: Mapping[str, Any] | None, ordered: bool = True) -> str:
    """``" - accuracy: 0.9200 - loss: 0.2700"``: in alphabetical order, those of validation next, learning rates last.

    Or, if not `ordered`, as they come.

    >>> format_metrics({"val_loss": 0.0001, "loss": 0.27, "learning_rate": 0.01, "accuracy": 0.92})
    ' - accuracy: 0.9200 - loss: 0.2700 - val_loss: 1.0000e-04 - learning_rate: 0.0100'
    """
    text, logs = "", logs or {}
    for name in sorted(logs, key=_place) if ordered else logs:
        value = float(np.mean(logs[name]))
        text += f" - {name}: " + (f"{value:.4f}" if abs(value) > 1e-3 else f"{value:.4e}")
    return text


def format_pace(seconds: float, unit: str = "step") -> str:
    """The time of one step: ``512us/step``."""
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s/{unit}"
    return f"{seconds * 1e3:.0f}ms/{unit}" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us/{unit}"


def format_wait(seconds: float) -> str:
    """The time still to go: ``12s``, ``3:05``, ``2:00:07``."""
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 1:
        return f"{rest}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


class ProgressLine:
    """Shows how far an epoch, an evaluation or a prediction is.

    On a screen and in a notebook the line is drawn anew every 50 ms; elsewhere (a file, a pipe) it is printed once,
    when it is complete, and without control characters.

    Parameters
    ----------
    epochs
        The number of the last epoch; with more than one, each has a heading.
    verbose
        0: nothing; 1 or 'auto': a bar; 2: a line at the end of each epoch, without a bar.
    stream
        Where to print; None: sys.stdout, looked up when an epoch begins.

    >>> import sys
    >>> line = ProgressLine(epochs=3, verbose=2, stream=sys.stdout)
    >>> line.epoch_begin(0, steps=None)
    Epoch 1/3
    """

    width, interval, unit, ordered = 20, 0.05, "step", True  # of the bar; seconds; what is counted; for metrics

    def __init__(self, epochs: int = 1, verbose: Any = "auto", stream: TextIO | None = None) -> None:
        self.epochs = epochs
        self.verbose = verbosity("ProgressLine", verbose)
        self.stream = stream
        self.steps: int | None = None
        self._out: Any = None
        self._due = float("inf")  # when the next redraw is
        self._live = False
        self._started, self._begun = 0.0, 0
        self._drawn = 0  # width of the unfinished line on the screen
        self._bar = ("━", "─")

    def epoch_begin(self, epoch: int, steps: int | None, begun: int = 0) -> None:
        """Start the clock of an epoch (from 0) of so many steps, None if nobody knows, some of them done before."""
        self.steps, self._begun = steps, begun
        self._started = time.perf_counter()
        if not self.verbose:
            return
        self._out = sys.stdout if self.stream is None else self.stream
        self._live = self.verbose == 1 and redraws(self._out)
        self._bar = ("━", "─") if can_show(self._out, "━─") else ("=", ".")
        self._due = self._started + self.interval if self._live else float("inf")
        if self.epochs > 1:
            self._print(f"Epoch {epoch + 1}/{self.epochs}\n")

    def update(self, step: int, logs: Mapping[str, Any] | None = None) -> None:
        """So many steps are done; draws at most every 50 ms."""
        now = time.perf_counter()
        if now < self._due:
            return
        self._due = now + self.interval
        pace = (now - self._started) / max(step - self._begun, 1)
        clock = format_wait(pace * max(self.steps - step, 0)) if self.steps else f"{now - self._started:.0f}s"
        self._draw(self._fitted(step, f" {clock} {self._paced(pace, logs)}"))

    def epoch_end(self, step: int, logs: Mapping[str, Any] | None = None) -> None:
        """The epoch is over after so many steps."""
        if self.verbose not in (1, 2):
            return
        self._due = float("inf")
        spent = time.perf_counter() - self._started
        self.steps = self.steps or step
        rest = self._paced(spent / max(step - self._begun, 1), logs)
        if self.verbose == 2:
            self._print(f"{self._count(step)} - {spent:.0f}s - {rest}\n")
        else:
            self._draw(f"{self._count(step)} {self._filled(step, self.width)} {spent:.0f}s {rest}", end="\n")
            self._drawn = 0

    def close(self) -> None:
        """Leave an unfinished line standing and go to the next one."""
        if self._drawn:
            self._print("\n")
        self._drawn = 0
        self._due = float("inf")

    def _count(self, step: int) -> str:
        return f"{step:{len(str(self.steps))}d}/{self.steps}" if self.steps else f"{step:7d}/Unknown"

    def _paced(self, pace: float, logs: Mapping[str, Any] | None) -> str:
        return format_pace(pace, self.unit) + format_metrics(logs, self.ordered)

    def _filled(self, step: int, width: int) -> str:
        done = width * min(step, self.steps or step) // max(self.steps or step, 1)
        return self._bar[0] * done + self._bar[1] * (width - done)

    def _fitted(self, step: int, rest: str) -> str:
        """The unfinished line; on a narrow screen a shorter bar, then no end: what wraps, cannot be drawn over."""
        count = self._count(step)
        columns = self._columns()
        width = min(self.width, columns - len(count) - len(rest) - 1)
        text = f"{count} {self._filled(step, width)}{rest}" if self.steps and width >= 4 else count + rest
        return text if len(text) <= columns else text[: columns - 3] + "..."

    def _columns(self) -> int:
        """How many characters of a line can be drawn over; in a notebook any number."""
        try:
            columns = os.get_terminal_size(self._out.fileno()).columns
        except (AttributeError, ValueError, OSError):  # a notebook's stream has no terminal
            columns = 0
        return columns - 1 if columns > 4 else 1 << 30

    def _draw(self, text: str, end: str = "") -> None:
        if self._live:
            text, self._drawn = "\r" + text.ljust(self._drawn), len(text)
        self._print(text + end)

    def _print(self, text: str) -> None:
        if not say(text, end="", stream=self._out):
            self.verbose, self._due = 0, float("inf")  # there is nobody to show it to


class ProgbarLogger(Callback):
    """The progress line as a callback: what fit, evaluate and predict print by."""

    def __init__(self) -> None:
        self.line = ProgressLine(verbose=0)
        self._in_fit = False
        self._step = 0

    def set_params(self, params: Mapping[str, Any]) -> None:
        """Take how much to print, and how many epochs and steps there will be."""
        self.params = params
        self.line = ProgressLine(params.get("epochs") or 1, params.get("verbose", "auto"))

    def _begin(self, epoch: int = 0, begun: int = 0) -> None:
        self._step = begun
        self.line.epoch_begin(epoch, (self.params or {}).get("steps"), begun)

    def _update(self, step: int, logs: Logs | None) -> None:
        self._step = step
        self.line.update(step, logs)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Note that evaluations from now on are silent: they belong to an epoch."""
        self._in_fit = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Note that they are not any more."""
        self._in_fit = False

    def on_abort(self, logs: Logs | None = None) -> None:
        """Leave the line as it stands."""
        self._in_fit = False
        self.line.close()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Print the heading."""
        place = getattr(self.model, "_place", None)
        self._begin(epoch, 0 if place is None else place.batches)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Complete the line."""
        self.line.epoch_end(self._step, logs)

    def on_train_chunk_end(self, step: int, logs: Logs | None = None) -> None:
        """Move on."""
        self._update(step, logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Start a line."""
        if not self._in_fit:
            self._begin()

    def on_test_chunk_end(self, step: int, logs: Logs | None = None) -> None:
        """Move on."""
        if not self._in_fit:
            self._update(step, logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Complete the line."""
        if not self._in_fit:
            self.line.epoch_end(self._step, logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Start a line."""
        self._begin()

    def on_predict_chunk_end(self, step: int, logs: Logs | None = None) -> None:
        """Move on."""
        self._update(step, None)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Complete the line."""
        self.line.epoch_end(self._step, None)
