"""The loop of `fit`: epochs of steps in C, with Python looking in about every 50 ms."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from fastmlp import _core
from fastmlp.models.compiled import Compiled
from fastmlp.models.evaluation import flat_view
from fastmlp.models.feeds import ArrayFeed, BatchFeed
from fastmlp.models.resuming import Place, put_back, seen_by, state_of

LOOK = 0.05  # seconds between two looks at Python: the progress line, signals
_SHUFFLE = 0xF1000000  # whose stream of a seed the orders of rows are


class RowOrder:
    """In which order an epoch takes the rows: that of pass p is a function of the seed and p."""

    def __init__(self, rows: int, batch: int, shuffle: bool | str, seed: int, passes: int) -> None:
        self.rows, self.batch, self.shuffle, self.seed, self.passes = rows, batch, shuffle, seed, passes
        self._rest: np.ndarray | None = None

    def place(self) -> dict[str, int]:
        """Where the next epoch begins: in which pass, after how many of its rows."""
        rest = 0 if self._rest is None else len(self._rest)
        return {"pass": self.passes - 1, "taken": self.rows - rest} if rest else {"pass": self.passes, "taken": 0}

    def go_to(self, place: Mapping[str, int]) -> None:
        """Be there again."""
        self.passes, self._rest = place["pass"], None
        if place["taken"]:
            self._rest = self._whole()[place["taken"] :]

    def _whole(self) -> np.ndarray:
        place = (self.seed, _SHUFFLE, self.passes, 0, 0)
        self.passes += 1
        if not self.shuffle:
            return np.arange(self.rows)
        if self.shuffle != "batch":
            return _core.random_permutation(self.rows, place)
        batch = min(self.batch, self.rows)
        full = self.rows // batch
        starts = _core.random_permutation(full, place)[:, None] * batch
        return np.concatenate([(starts + np.arange(batch)).ravel(), np.arange(full * batch, self.rows)])

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
    """One epoch of training: what it has added up, and the hooks it calls. It begins at a place."""

    def __init__(self, program: Any, compiled: Compiled, hooks: Any, model: Any, place: Place | None = None) -> None:
        self.program, self.compiled, self.hooks, self.model = program, compiled, hooks, model
        self.each, self.watched = hooks.batch_hooks, hooks.chunk_hooks
        self.python = [] if program.taped else compiled.in_python()  # the tape's steps tell their metrics themselves
        self.begun = Place() if place is None else place
        self._before = self.begun.rows, self.begun.batches, self.begun.loss
        self._run: Any = None  # what is done is what was before it, and what it has done
        self._telling: tuple[int, list[Any]] = (-1, [])  # rows and what metrics had seen, before they are told of more
        self._order: tuple[Any, Any] = (None, None)
        self.told = 0  # rows of the run that metrics which Python computes have seen
        self.whole = self.begun.ended  # all batches of the epoch are done
        self._found: tuple[dict[str, Any], Any] | None = None  # its logs, and what metrics had seen, once it is over

    @property
    def done(self) -> tuple[int, int, float]:
        """Rows, batches and the sum of their losses, each times its rows."""
        before, run = self._before, self._run
        if run is None:
            return before
        rows, steps, loss = run.done
        return before[0] + rows, before[1] + steps, loss

    @property
    def steps(self) -> int:
        """How many batches are done."""
        return self.done[1]

    def logs(self) -> dict[str, Any]:
        """Loss and metrics so far."""
        rows, steps, loss = self.done
        if self.program.taped:
            return dict(self.begun.logs if steps == self.begun.batches else self.program.results())
        return {"loss": loss / max(1, rows), **self.compiled.results()}

    def close(self) -> dict[str, Any]:
        """What it came to. An evaluation may begin the metrics anew."""
        logs = dict(self.begun.logs) if self.begun.ended else self.logs()
        self._found = logs, seen_by(self.model)
        return dict(logs)

    def place(self) -> Place:
        """How far it is."""
        begun, (rows, batches, loss) = self.begun, self.done
        if self._found is None:
            self._tell_metrics()
        logs, seen = self._found or (self.logs() if self.program.taped else {}, seen_by(self.model))
        ended = self.whole and self._found is not None
        return Place(begun.epoch, begun.counted, batches, rows, loss, ended, begun.feed, dict(logs), seen)

    def _most(self) -> int:
        """Steps until Python has something to do: a hook, a metric, a learning rate that is a function."""
        return 1 if self.each or self.python or self.program.optimizer.asks_python else 1 << 62

    def run(self, run: Any, order: np.ndarray | None, batch: int, feed: ArrayFeed) -> None:
        """All steps of a run over rows in this order."""
        self._start(run, order, batch, feed)
        ended = feed.rows == 0 if order is None else len(order) == 0
        while not ended and not self.model.stop_training:
            if self.each:
                self.hooks.on_train_batch_begin(self.steps)
            ended = self._advance(batch)
            self._tell_metrics()
            if self.each:
                self.hooks.on_train_batch_end(self.steps - 1, self.logs())
            elif self.watched:
                self.hooks.on_train_chunk_end(self.steps, self.logs())

    def _start(self, run: Any, order: np.ndarray | None, batch: int, feed: ArrayFeed) -> None:
        program, schedule = self.program, self.program.optimizer.schedule
        rates = None
        if schedule is not None:
            rows = feed.rows if order is None else len(order)
            rates = schedule.rates(program.optimizer.iterations, math.ceil(rows / batch))
        self._before, self._run = self.done, None
        run.start(order, batch, rates, self._before[2])
        self._order, self.told, self._run = (order, feed), 0, run

    def _advance(self, batch: int) -> bool:
        """Some steps; true when the run is over.

        If a callback, or a signal's handler, has had another network made, for batches of its own, one as it was goes
        on with the rows that are left.
        """
        while (ended := self.program.train(self._run, self._most(), LOOK)) is None:
            order, feed = self._order
            rest = (np.arange(feed.rows) if order is None else order)[self._run.done[0] :]
            self.program.fit_batch(batch, exactly=True)
            self._start(self.compiled.run(self.program, feed), rest, batch, feed)
        return bool(ended)

    def _tell_metrics(self) -> None:
        """Metrics that Python computes get each batch as training saw it; if that was broken off, all of it again."""
        if not self.python or self._run is None or self.told == (now := self._run.done[0]):
            return
        metrics, (order, feed) = [metric for metric, _ in self.python], self._order
        if self._telling[0] == self._run.done[1]:
            for metric, state in zip(metrics, self._telling[1]):
                put_back(metric, state)
        self._telling = self._run.done[1], [state_of(metric) for metric in metrics]
        rows = np.arange(self.told, now) if order is None else order[self.told : now]
        predictions = self._run.network.shown(len(rows))
        for metric, weighs in self.python:
            weights = feed.weights[rows] if weighs and feed.weights is not None else None
            metric.update_state(feed.y[rows], predictions, weights)
        self.told, self._telling = now, (-1, [])


class ArrayTraining:
    """Epochs over arrays, which C reads where they lie."""

    def __init__(self, feed: ArrayFeed, order: RowOrder) -> None:
        self.feed, self.order = feed, order
        self.batch = min(order.batch, feed.rows)
        self._in_place = not isinstance(feed.x, np.ndarray) or flat_view(feed.x) is not None
        self._run: Any = None

    def place(self) -> dict[str, Any]:
        """What the data are, and where the next epoch begins in them."""
        order = self.order
        shuffle = "batch" if order.shuffle == "batch" else bool(order.shuffle)
        return {"rows": order.rows, "batch_size": order.batch, "shuffle": shuffle, **order.place()}

    def go_to(self, place: Place) -> None:
        """Be where training stopped."""
        self.order.go_to(place.feed)

    def epoch(self, epoch: Epoch, steps: int | None) -> None:
        """One epoch, or what is left of it."""
        skip = epoch.steps
        for whole in self.order.epoch(steps):
            if epoch.model.stop_training:
                break
            order = whole[skip * self.batch :] if skip else whole
            skip = max(0, skip - math.ceil(len(whole) / self.batch))
            if not len(order):
                continue
            if self._in_place or epoch.program.taped:
                epoch.run(self._whole(epoch), order, self.batch, self.feed)
                continue
            for at in range(0, len(order), self.batch):  # rows whose features need a copy to be a row: batch by batch
                train_batch(epoch, self.feed.rows_at(order[at : at + self.batch]))
        epoch.whole = epoch.steps >= (self.feed.steps(self.batch) if steps is None else steps)

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

    def place(self) -> dict[str, Any]:
        """Where the next epoch begins."""
        return {"shuffle": self.feed.shuffle, "pass": self.passes, **self.feed.place()}

    def go_to(self, place: Place) -> None:
        """Be where training stopped."""
        self.passes = place.feed["pass"]
        self.feed.go_to(place.feed, self.seed)

    def epoch(self, epoch: Epoch, steps: int | None) -> None:
        """One epoch, or what is left of it."""
        batches = self.feed.batches((self.seed, self.passes), epoch.steps)
        self.passes += 1
        while not epoch.model.stop_training and (batch := next(batches, None)) is not None:
            train_batch(epoch, self.convert(*batch))
        epoch.whole = not epoch.model.stop_training
        if not epoch.steps and epoch.whole:
            raise self.feed.empty()
