"""Outputs for data, with the hooks of prediction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastmlp.models.evaluation import chunk_rows
from fastmlp.models.feeds import ArrayFeed, BatchFeed
from fastmlp.models.taped import joined


def predict(
    program: Any,
    compute: Callable[[np.ndarray], np.ndarray],
    feed: ArrayFeed | BatchFeed,
    batch: int,
    convert: Callable[[Any], np.ndarray],
    hooks: Any,
) -> Any:
    """What `compute` gives for each row of a feed; `convert` checks the features of a batch that somebody else made."""
    each, done = hooks.predict_batch_hooks, 0

    def call(x: np.ndarray, count: int) -> np.ndarray:
        nonlocal done
        if each:
            hooks.on_predict_batch_begin(done)
        outputs = compute(x)
        done += count
        if each:
            hooks.on_predict_batch_end(done - 1, {"outputs": outputs})
        else:
            hooks.on_predict_chunk_end(done)
        return outputs

    if isinstance(feed, BatchFeed):
        found = [call(convert(x), 1) for x, _, _ in feed.batches()]
        if not found:
            raise feed.empty()
        return joined(found)
    rows = batch if each or program.taped else chunk_rows(program, batch)
    if not each and feed.rows <= rows:
        return call(feed.x, feed.steps(batch))
    if program.taped:
        pieces = (feed.rows_at(slice(at, at + rows)) for at in range(0, feed.rows, rows))
        return joined([call(piece.x, 1) for piece in pieces])
    out = np.empty((feed.rows, *program.output_shape), program.dtype)
    for at in range(0, feed.rows, rows):
        piece = feed.rows_at(slice(at, at + rows))
        out[at : at + rows] = call(piece.x, piece.steps(batch))
    return out
