"""One live line for a whole training, and a clock that tells where its time went."""

from __future__ import annotations

import time

from fastmlp.models.hooks import Callback, Logs
from fastmlp.models.progress import ProgressLine


class TrainingLine(Callback):
    """Shows training as one line, which counts epochs; each phase is timed beside it.

    `training` are the seconds spent in steps, `validation` those in validations, `total` all from begin to end: what
    they leave are Python's callbacks and this line.
    """

    def __init__(self, epochs: int) -> None:
        self.training = self.validation = self.total = 0.0
        self.epochs_done = 0
        self._line = ProgressLine()
        self._line.unit = "epoch"
        self._epochs = epochs
        self._begun = self._since = 0.0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start the line and the clock."""
        self._line.epoch_begin(0, self._epochs)
        self._begun = time.perf_counter()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Steps begin."""
        self._since = time.perf_counter()

    def on_train_chunk_end(self, step: int, logs: Logs | None = None) -> None:
        """Steps ended; they go on when the line is drawn."""
        self.training += time.perf_counter() - self._since
        self._line.update(self.epochs_done, logs)
        self._since = time.perf_counter()

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """A validation begins."""
        self._since = time.perf_counter()

    def on_test_end(self, logs: Logs | None = None) -> None:
        """It ended."""
        self.validation += time.perf_counter() - self._since

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Move on."""
        self.epochs_done += 1
        self._line.update(self.epochs_done, logs)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Complete the line, stop the clock; where training stopped early, the bar is full all the same."""
        self._line.steps = self.epochs_done
        self._line.epoch_end(self.epochs_done, logs)
        self.total = time.perf_counter() - self._begun
