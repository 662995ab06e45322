"""The loop of `fit`: epochs of steps in C, with Python looking in about every 50 ms."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from fastmlp import _core
from fastmlp.models.compiled import Compiled
from fastmlp.models.evaluation import flat_view
from fastmlp.models.feeds import ArrayFeed, BatchFeed

LOOK = 0.05  # seconds between two looks at Python: the progress line, signals
_SHUFFLE = 0xF1000000  # whose stream of a seed the orders of rows are


class RowOrder:
    """In which order an epoch takes the rows: that of pass p is a function of the seed and p."""

    def __init__(self, rows: int, batch: int, shuffle: bool | str, seed: int, passes: int) -> None:
        self.rows, self.batch, self.shuffle, self.seed, self.passes = rows, batch, shuffle, seed, passes
        self._rest: np.ndarray | None = None

    def _whole(self) -> np.ndarray:
        place = (self.seed, _SHUFFLE, self.passes, 0, 0)
        self.passes += 1
        if not self.shuffle:
            return np.arange(self.rows)
        if self.shuffle != "batch":
            return _core.random_permutation(self.rows, place)
        full = self.rows // self.batch
        starts = _core.random_permutation(full, place)[:, None] * self.batch
        return np.concatenate([(starts + np.arange(self.batch)).ravel(), np.arange(full * self.batch, self.rows)])

    def epoch(self, steps: int | None) -> Iterator[np.ndarray]:
        """One pass; or, with a number of steps, as many batches of one pass after the other."""
        if steps is None:
            order = self._whole()
            order.flags.writeable = False  # so that C need not copy it
            yield order
            return
        while steps > 0:
            if self._rest is None or not len(self._rest):
                self._rest = self._whole()
            part, self._rest = self._rest[: steps * self.batch], self._rest[steps * self.batch :]
            steps -= math.ceil(len(part) / self.batch)
            yield part


class Epoch:
    """One epoch of training: what it has added up, and the hooks it calls."""

    def __init__(self, program: Any, compiled: Compiled, hooks: Any, model: Any) -> None:
        self.program, self.compiled, self.hooks, self.model = program, compiled, hooks, model
        self.each, self.watched = hooks.batch_hooks, hooks.chunk_hooks
        self.python = [] if program.taped else compiled.in_python()  # the tape's steps tell their metrics themselves
        self.loss, self.rows, self.steps = 0.0, 0, 0

    def logs(self) -> dict[str, Any]:
        """Loss and metrics so far."""
        if self.program.taped:
            return dict(self.program.results())
        return {"loss": self.loss / max(1, self.rows), **self.compiled.results()}

    def _most(self) -> int:
        """Steps until Python has something to do: a hook, a metric, a learning rate that is a function."""
        return 1 if self.each or self.python or self.program.optimizer.asks_python else 1 << 62

    def run(self, run: Any, order: np.ndarray | None, batch: int, feed: ArrayFeed) -> None:
        """All steps of a run over rows in this order."""
        program, schedule = self.program, self.program.optimizer.schedule
        rows = feed.rows if order is None else len(order)
        rates = None
        if schedule is not None:
            rates = schedule.rates(program.optimizer.iterations, math.ceil(rows / batch))
        run.start(order, batch, rates)
        before = (0, 0, 0.0)
        ended = rows == 0
        while not ended and not self.model.stop_training:
            if self.each:
                self.hooks.on_train_batch_begin(self.steps)
            ended = program.train(run, self._most(), LOOK)
            now = run.done
            self.rows += now[0] - before[0]
            self.steps += now[1] - before[1]
            self.loss += now[2] - before[2]
            if self.python:
                self._tell_metrics(slice(before[0], now[0]), order, feed)
            before = now
            if self.each:
                self.hooks.on_train_batch_end(self.steps - 1, self.logs())
            elif self.watched:
                self.hooks.on_train_chunk_end(self.steps, self.logs())

    def _tell_metrics(self, cut: slice, order: np.ndarray | None, feed: ArrayFeed) -> None:
        """Metrics that Python computes get each batch as training saw it."""
        rows = np.arange(cut.start, cut.stop) if order is None else order[cut]
        predictions, y = self.program.network.shown(len(rows)), feed.y
        assert y is not None
        for metric, weighs in self.python:
            weights = feed.weights[rows] if weighs and feed.weights is not None else None
            metric.update_state(y[rows], predictions, weights)


class ArrayTraining:
    """Epochs over arrays, which C reads where they lie."""

    def __init__(self, feed: ArrayFeed, order: RowOrder) -> None:
        self.feed, self.order = feed, order
        self.batch = min(order.batch, feed.rows)
        self._in_place = not isinstance(feed.x, np.ndarray) or flat_view(feed.x) is not None
        self._run: Any = None

    def epoch(self, epoch: Epoch, steps: int | None) -> None:
        """One epoch."""
        for order in self.order.epoch(steps):
            if epoch.model.stop_training:
                return
            if self._in_place or epoch.program.taped:
                epoch.run(self._whole(epoch), order, self.batch, self.feed)
                continue
            for at in range(0, len(order), self.batch):  # rows whose features need a copy to be a row: batch by batch
                train_batch(epoch, self.feed.rows_at(order[at : at + self.batch]))

    def _whole(self, epoch: Epoch) -> Any:
        """All rows for the network as it is now: a callback may have had another one made."""
        epoch.program.fit_batch(self.batch, exactly=True)
        if epoch.program.taped:
            return epoch.compiled.run(epoch.program, self.feed)
        if self._run is None or self._run.network is not epoch.program.network:
            self._run = epoch.compiled.run(epoch.program, self.feed)
        return self._run


def train_batch(epoch: Epoch, piece: ArrayFeed) -> None:
    """One step over these rows."""
    if not piece.rows:
        return
    epoch.program.fit_batch(piece.rows)
    epoch.run(epoch.compiled.run(epoch.program, piece), None, piece.rows, piece)


class BatchTraining:
    """Epochs over batches that come from somewhere else; the order of pass p is a function of the seed and p."""

    def __init__(self, feed: BatchFeed, convert: Callable[[Any, Any, Any], ArrayFeed], seed: int, passes: int) -> None:
        self.feed, self.convert, self.seed, self.passes = feed, convert, seed, passes
        self.batch = 1  # until the first comes

    def epoch(self, epoch: Epoch, steps: int | None) -> None:
        """One epoch."""
        batches = self.feed.batches(np.random.default_rng((self.seed, self.passes)))
        self.passes += 1
        while not epoch.model.stop_training and (batch := next(batches, None)) is not None:
            train_batch(epoch, self.convert(*batch))
        if not epoch.steps and not epoch.model.stop_training:
            raise self.feed.empty()
