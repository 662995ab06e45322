"""NaN and infinity: what becomes of them, all in one place; and the warning of fit when its loss is no number.

- **Features** may hold them. What comes of a row is that row's affair: in ``predict`` and ``evaluate``, NaN in row i
  reaches the output of row i and of no other. A step of training is of a whole batch: its gradients, and then the
  weights, become NaN.
- **Targets** without a number are an error before the first step, for losses of this package; infinite ones are not,
  nor is anything refused to a loss of one's own.
- **Weights of rows and classes** are finite, or an error before the first step.
- **Weights of layers** may hold anything: ``set_weights`` and files give them as they are.
- **fit goes on**, as in Keras, and ``history`` shows the loss; ``TerminateOnNaN`` stops it. At the end of the first
  epoch whose loss is NaN or infinite a ``RuntimeWarning`` says, once a fit, where that comes from, as far as one can
  still see, and what helps: the first such number of x, of y or of sample_weight; else the first of the weights, in the
  order of the layers; else an overflow on the way. A loss that has grown a million times over is reported, too.
- **No time is lost** while the loss is finite: it alone is looked at, once an epoch. The search takes less than the
  epoch took: x and y are read once, piece by piece and without a copy; batches from elsewhere are not asked for again.
- **evaluate, predict, train_on_batch and test_on_batch** return what comes of the numbers, and warn of nothing.
- **Callbacks**: NaN is never the best so far, for EarlyStopping, ReduceLROnPlateau and ModelCheckpoint alike.
- **Estimators** do as scikit-learn does: NaN in X is a ValueError, and so are weights that are not finite after fit.
- **Denormals** count as 0 in all that C computes, so that numbers fading away do not slow training; the caller's own
  floating-point mode is back when a call returns.

To make an error of the warning: ``warnings.filterwarnings("error", "fit: the loss", RuntimeWarning)``; training stops
then with the epoch, the model is as it was at its end.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from fastmlp._spelling import user_level
from fastmlp.models.columns import tree_of
from fastmlp.models.feeds import ArrayFeed

_PIECE = 1 << 18  # numbers looked at together
_WILD = 1e6  # a loss so many times that of the first epoch, and above this, is no healthy run's
_ADVICE = ("scale x and y to about unit size, lower the learning rate, clip gradients (clipnorm=1.0 for the optimizer) "
           "or take dtype='float64'; a loss with a logarithm wants outputs that have one: the activation it is meant "
           "for, or from_logits=True")  # fmt: skip


class LossWatch:
    """Looks at the loss of every epoch of a fit; warns once if it is no number, or grows beyond measure."""

    def __init__(self, model: Any, feed: Any) -> None:
        self.model, self.feed = model, feed
        self._first: float | None = None
        self._said = False

    def look(self, epoch: int, logs: Mapping[str, Any]) -> None:
        """Look at the logs of an epoch, counted from 1."""
        loss = logs.get("loss", 0.0)
        if not isinstance(loss, float):  # a train_step of one's own may give an array
            loss = float(np.sum(loss))
        if self._first is None:
            self._first = loss
        if self._said:
            return
        if not math.isfinite(loss):
            message = f"the loss is {loss} since epoch {epoch}: {source(self.model, self.feed)}"
        elif loss > _WILD * max(1.0, abs(self._first)):
            message = (f"the loss has grown from {self._first:.4g} to {loss:.4g} by epoch {epoch}: training diverges; "
                       f"{_ADVICE}")  # fmt: skip
        else:
            return
        self._said = True
        warnings.warn(f"fit: {message}", RuntimeWarning, stacklevel=user_level())


def source(model: Any, feed: Any) -> str:
    """Where numbers that are not finite come from, and what helps."""
    weights = [v for v in model.weights if v.dtype.kind == "f"]
    kind = np.result_type(np.float32, *(v.dtype for v in weights))
    given = {"x": feed.x, "y": feed.y, "sample_weight": feed.weights} if isinstance(feed, ArrayFeed) else {}
    for name, array in ((n, a) for key, rows in given.items() for n, a in named(key, tree_of(rows))):
        if (found := first_not_finite(array, kind)) is not None:
            place, value = found
            if np.isfinite(value):
                return f"{name} holds {value}, too much for {kind}, in {place}; scale it, or take dtype='float64'"
            return f"{name} holds {value}, first in {place}; fill or drop such rows"
    batches = "" if given else "look for NaN and huge numbers in the batches, which are not read again; else "
    bad = [v.path for v in weights if not np.isfinite(v.numpy()).all()]
    if bad:
        return (f"{len(bad)} of {len(weights)} weights hold NaN or infinity, in the order of layers '{bad[0]}' first; "
                f"{batches}{_ADVICE}")  # fmt: skip
    seen = "x, y and the weights" if given else "the weights"
    return f"{seen} are finite, but a number computed from them was not; {batches}{_ADVICE}"


def named(name: str, tree: Any) -> Iterator[tuple[str, Any]]:
    """The arrays of a structure, each with the words that take it out of there."""
    pairs = tree.items() if isinstance(tree, Mapping) else enumerate(tree) if isinstance(tree, (list, tuple)) else None
    if pairs is not None:
        for key, value in pairs:
            yield from named(f"{name}[{key!r}]", value)
    elif tree is not None:
        yield name, tree


def first_not_finite(array: np.ndarray, kind: np.dtype[Any]) -> tuple[str, Any] | None:
    """The place, and the value, of the first number that is not finite once it is of this type.

    >>> place, value = first_not_finite(np.array([[1.0, 2.0], [3.0, np.inf]]), np.dtype("float32"))
    >>> place
    'row 1, column 1'
    """
    if array.dtype.kind != "f":
        return None
    rows = max(1, _PIECE // max(1, math.prod(array.shape[1:])))
    for begin in range(0, len(array), rows):
        with np.errstate(over="ignore"):
            bad = ~np.isfinite(array[begin : begin + rows].astype(kind, copy=False))
        if bad.any():
            row, *rest = (int(i) for i in np.unravel_index(int(bad.argmax()), bad.shape))
            at = begin + row, *rest
            return _place(at, array.shape), array[at]
    return None


def _place(at: tuple[int, ...], shape: tuple[int, ...]) -> str:
    row, *rest = at
    if math.prod(shape[1:]) == 1:
        return f"row {row}"
    return f"row {row}, column {rest[0]}" if len(rest) == 1 else f"row {row}, place {tuple(rest)}"
