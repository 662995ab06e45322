"""Losses and metrics of data that is not trained on."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from fastmlp.losses.base import WITH_PENALTY
from fastmlp.models.compiled import Compiled
from fastmlp.models.feeds import ArrayFeed, BatchFeed
from fastmlp.program import Program

_WORK = 2e9  # floating-point operations between two looks at Python: about 20 ms on one core


def chunk_rows(program: Program, batch: int) -> int:
    """So many rows, whole batches, that Python gets a look in often enough."""
    rows = int(_WORK / (2 * program.weights + 100 * program.inputs + 1000))
    return max(1, rows // batch) * batch


def flat_view(x: np.ndarray) -> np.ndarray | None:
    """Rows of features without a copy, or None where that needs one."""
    if x.ndim == 2:
        return x
    rows = x.view()
    try:
        rows.shape = (len(x), math.prod(x.shape[1:]))
    except AttributeError:
        return None
    return rows


class MeanLoss:
    """The mean of batch losses, each weighted with its rows."""

    def __init__(self, loss: Any) -> None:
        self.reduction = getattr(loss, "reduction", None)
        self.total, self.prices, self.rows = 0.0, 0.0, 0
        self.penalties = 0.0  # how often the weights' penalty counts, times rows

    def add(self, losses: np.ndarray, weights: np.ndarray | None, kept: np.ndarray | None, batch: int,
            prices: np.ndarray) -> None:  # fmt: skip
        """The losses of rows, `batch` of them a batch; `kept`: which of them count, None for all.

        `prices` is what activity regularizers ask for each, which knows no weights.
        """
        losses = losses.astype(np.float64)
        starts = np.arange(0, len(losses), min(batch, len(losses)))
        sizes = np.diff(np.append(starts, len(losses)))
        sums = np.add.reduceat(losses if weights is None else losses * weights, starts)
        divisors = sizes.astype(np.float64)
        if self.reduction == "sum":
            divisors = np.ones(len(starts))
        elif self.reduction in ("mean_with_sample_weight", WITH_PENALTY):
            counted = np.ones(len(losses)) if weights is None else weights
            divisors = np.add.reduceat(counted if kept is None else counted * kept, starts)
        elif kept is not None:
            divisors = np.add.reduceat(kept.astype(np.float64), starts)
        divisors = np.where(divisors == 0, 1, divisors)
        self.total += float((sizes * sums / divisors).sum())
        self.penalties += float((sizes / divisors).sum())
        self.prices += float(prices.sum())
        self.rows += len(losses)

    def result(self, penalty: float = 0.0) -> float:
        """The mean, and what weights cost on top."""
        times = self.penalties / max(1, self.rows) if self.reduction == WITH_PENALTY else 1.0
        return (self.total + self.prices) / max(1, self.rows) + times * penalty


def evaluate_rows(program: Any, compiled: Compiled, piece: ArrayFeed, batch: int, mean: MeanLoss) -> None:
    """Add rows to the loss and to the metrics."""
    if program.taped:
        program.test(piece)
        return
    program.push()
    run = compiled.run(program, piece)
    ignored = getattr(compiled.loss, "ignore_class", None)
    kept = None if ignored is None else np.asarray(piece.y) != ignored
    prices = np.zeros(piece.rows)
    losses = program.network.evaluate(run, prices)
    mean.add(losses, piece.weights, kept, batch, prices)
    pythonic = compiled.in_python()
    if pythonic:
        predictions = program.call(piece.x)
        for at in range(0, piece.rows, batch):  # for one that has a number for each batch, not for each row
            part = piece.rows_at(slice(at, at + batch))
            for metric, weighs in pythonic:
                metric.update_state(part.y, predictions[at : at + batch], part.weights if weighs else None)


def evaluated(program: Any, compiled: Compiled, mean: MeanLoss) -> dict[str, Any]:
    """Loss and metrics of the rows so far."""
    if program.taped:
        return dict(program.results())
    return {"loss": mean.result(program.network.penalty()), **compiled.results()}


def evaluate(
    model: Any,
    program: Any,
    compiled: Compiled,
    feed: ArrayFeed | BatchFeed,
    batch: int,
    steps: int | None,
    convert: Callable[[Any, Any, Any], ArrayFeed],
    hooks: Any,
) -> dict[str, float]:
    """Loss and metrics over a feed from its beginning, `steps` batches of it at most."""
    model.reset_metrics()
    mean = MeanLoss(compiled.loss)
    each, watched = hooks.test_batch_hooks, hooks.test_chunk_hooks
    done = 0

    def logs() -> dict[str, Any]:
        return evaluated(program, compiled, mean)

    def begin() -> None:
        if each:
            hooks.on_test_batch_begin(done)

    def end(count: int) -> None:
        nonlocal done
        done += count
        if each:
            hooks.on_test_batch_end(done - 1, logs())
        elif watched:
            hooks.on_test_chunk_end(done, logs())

    if isinstance(feed, BatchFeed):
        feed.rewind()
        for x, y, weights in feed.batches():
            begin()
            piece = convert(x, y, weights)
            evaluate_rows(program, compiled, piece, max(1, piece.rows), mean)
            end(1)
        if not done:
            raise feed.empty()
    else:
        rows = batch if each or program.taped else chunk_rows(program, batch)
        if steps is not None:
            feed = feed.rows_at(slice(steps * batch))
        for at in range(0, feed.rows, rows):
            piece = feed.rows_at(slice(at, at + rows))
            begin()
            evaluate_rows(program, compiled, piece, batch, mean)
            end(piece.steps(batch))
    return logs()
