"""Taped: the way of models that are no program of the engine: each batch by the tape, through the model's own steps."""

from __future__ import annotations

import time
from collections.abc import Mapping
from itertools import chain
from typing import Any

import numpy as np

from fastmlp import eager
from fastmlp.autodiff.primitive import as_tensor
from fastmlp.autodiff.tensor import listening
from fastmlp.layers.calls import mapped
from fastmlp.models.columns import tree_of
from fastmlp.models.feeds import ArrayFeed
from fastmlp.models.resuming import metrics_of, put_back, state_of
from fastmlp.variables import undoing


def batch_of(feed: ArrayFeed) -> Any:
    """What a step is given: (x, y, sample_weight), the last ones left out where there are none; x alone without y."""
    x = mapped(as_tensor, tree_of(feed.x))
    if feed.y is None:
        return (x,) if isinstance(x, (tuple, list)) else x
    y = mapped(as_tensor, tree_of(feed.y))
    if feed.weights is None:
        return x, y
    return x, y, mapped(lambda w: as_tensor(w.astype(np.float32)), tree_of(feed.weights))


def plain_logs(logs: Any) -> dict[str, Any]:
    """What a step has returned, as floats by name; those of a dict within come by their own names."""
    if not isinstance(logs, Mapping):
        raise TypeError(f"train_step: expected a dict from names to numbers, got {logs!r}; return "
                        "{m.name: m.result() for m in self.metrics}")  # fmt: skip
    found: dict[str, Any] = {}
    for name, value in logs.items():
        if isinstance(value, Mapping):
            found |= plain_logs(value)
            continue
        array = np.asarray(value)
        found[name] = float(array) if array.ndim == 0 else array
    return found


class TapedRun:
    """Rows of a feed, which steps go through in some order."""

    def __init__(self, feed: ArrayFeed) -> None:
        self.feed, self.network = feed, None
        self.done = (0, 0, 0.0)  # rows and steps so far; losses are the model's own affair

    def start(self, order: np.ndarray | None, batch: int, rates: Any = None, loss: float = 0.0) -> None:
        """Begin: the rows in this order, so many a step. Optimizers follow their schedules by themselves here."""
        self.order, self.batch = order, batch
        self.rows = self.feed.rows if order is None else len(order)
        self.done = (0, 0, 0.0)

    def next(self) -> ArrayFeed:
        """The rows of the next step."""
        at = self.done[0]
        if self.order is not None:
            return self.feed.rows_at(self.order[at : at + self.batch])
        return self.feed if self.batch >= self.feed.rows else self.feed.rows_at(slice(at, at + self.batch))

    def add(self, rows: int) -> None:
        """A step is done."""
        self.done = self.done[0] + rows, self.done[1] + 1, 0.0

    @property
    def ended(self) -> bool:
        """Whether all rows are through."""
        return self.done[0] >= self.rows


class Taped:
    """What `Program` is to models in C, for those that Python runs: what fit, evaluate and predict ask for.

    Parameters
    ----------
    model
        Whose steps are run.
    why
        The reason for it, as a reader is told.
    """

    taped = True
    batch = 1 << 62

    def __init__(self, model: Any, why: str) -> None:
        self.model, self.why = model, why
        self.logs: dict[str, Any] = {}
        self.trainable = model._learning

    @property
    def optimizer(self) -> Any:
        """That of compile."""
        return self.model.optimizer

    @property
    def weights(self) -> int:
        """How many numbers the model has learnt."""
        return sum(v.size for v in self.model.weights)

    def fits(self) -> bool:
        """Always: nothing was made for things as they were."""
        return True

    is_current = fits

    def push(self) -> None:
        """Nothing: variables are read when they are used."""

    def fit_batch(self, rows: int, exactly: bool = False) -> None:
        """Nothing: there is room for any."""

    def run_over(self, feed: ArrayFeed) -> TapedRun:
        """A run over rows."""
        return TapedRun(feed)

    def train(self, run: TapedRun, most_steps: int, seconds: float) -> bool:
        """Steps over a run; true when it is done."""
        until = time.perf_counter() + seconds
        for _ in range(most_steps):
            self._step(run)
            if run.ended:
                return True
            if time.perf_counter() > until:
                break
        return False

    def _step(self, run: TapedRun) -> None:
        """One step, or none: what is broken off in the middle of it, by Ctrl-C for one, has changed nothing."""
        model, logs, done = self.model, self.logs, run.done
        number = model._steps
        seen = [(metric, state_of(metric)) for metric in chain(*metrics_of(model).values())]
        drawn = [(generator, generator._count) for generator in model.generators()]
        with undoing() as undo:
            try:
                rows = run.next()
                with eager.step_of(model._program_seed, number):
                    self.logs = model.train_step(batch_of(rows))
                model._steps = number + 1
                run.add(rows.rows)
            except BaseException:
                if run.done is done:
                    undo()
                    self.logs, model._steps = logs, number
                    for metric, state in seen:
                        put_back(metric, state)
                    for generator, count in drawn:
                        generator._count = count
                raise

    def test(self, feed: ArrayFeed) -> None:
        """Loss and metrics of a batch, added to those there are."""
        with listening():
            self.logs = self.model.test_step(batch_of(feed))

    def results(self) -> dict[str, Any]:
        """What the latest step has reported."""
        return plain_logs(self.logs)

    # ---- prediction

    def outputs(self, rows: Any) -> Any:
        """The output for rows, as arrays of its own: that of a call may be its input, or a weight."""
        with listening():
            found = self.model.predict_step(batch_of(ArrayFeed(rows, None, None)))
        return mapped(np.array, found)

    call = outputs


def joined(parts: list[Any]) -> Any:
    """Outputs of one batch after the other, as those of all rows; each output by itself where there are several."""
    first = parts[0]
    if isinstance(first, Mapping):
        return {key: joined([part[key] for part in parts]) for key in first}
    if isinstance(first, (list, tuple)):
        return type(first)(joined([part[i] for part in parts]) for i in range(len(first)))
    return np.concatenate(parts)
