"""Train, dev and test parts of a data set, and what the errors on them say."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastmlp import _core
from fastmlp._validate import brief, flag, number, whole
from fastmlp.data import _stream

_WHERE = "train_dev_test_split"


def train_dev_test_split(
    *arrays: ArrayLike,
    sizes: Sequence[float | None] = (0.6, 0.2, 0.2),
    stratify: ArrayLike | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    target_mask: ArrayLike | None = None,
) -> tuple[Any, ...]:
    """Splits arrays of one length, row by row, into train, dev and test parts.

    Parameters
    ----------
    arrays
        As many as belong together: x, y, weights …
    sizes
        Shares that add up to 1, or numbers of rows that add up to all; one of them may be None: what the others leave.
        Two sizes make two parts (no test part). Shares become counts by largest remainder, so no row is lost.
    stratify
        Labels: each part gets every label in the proportion of the whole, up to one row.
    shuffle
        Whether rows are drawn at random; otherwise the parts follow one another and keep the order of the rows.
    seed
        Fixes the draw.
    target_mask
        True for rows from the distribution that counts in the end. The parts after the first are drawn from
        these rows alone; the first gets all others. `sizes` still count all rows.

    Returns
    -------
    tuple
        One item for each part: a tuple of arrays, or the array itself where only one was given.

    >>> x, y = np.arange(20).reshape(10, 2), np.arange(10) % 2
    >>> (x_train, y_train), (x_dev, y_dev), (x_test, y_test) = train_dev_test_split(x, y, stratify=y, seed=1)
    >>> x_train.shape, sorted(y_dev.tolist())
    ((6, 2), [0, 1])
    """
    columns = [np.asarray(array) for array in arrays]
    rows = _length(columns)
    counts = part_sizes(rows, sizes)
    pool = np.arange(rows) if target_mask is None else _target_rows(rows, target_mask)
    counts[0] -= rows - len(pool)  # the first part has the other rows already
    if counts[0] < 0:
        need = int(counts[1:].sum())
        raise ValueError(f"{_WHERE}: expected at least {need} rows in target_mask, for the parts after the first, "
                         f"got {len(pool)}; make these parts smaller")  # fmt: skip
    order = np.arange(rows)
    groups = np.zeros(rows, np.int64) if stratify is None else _groups(rows, stratify)
    if flag(f"{_WHERE}: shuffle", shuffle):
        order = _core.random_permutation(rows, (_stream.seed_or_next(f"{_WHERE}: seed", seed), _stream.SPLIT, 0, 0, 0))
    part = _assigned(order[np.isin(order, pool)] if len(pool) < rows else order, groups, counts)
    chosen = [order[part[order] == p] for p in range(len(counts))]
    parts = [tuple(column[index] for column in columns) for index in chosen]
    return tuple(part[0] if len(columns) == 1 else part for part in parts)


def part_sizes(rows: int, sizes: Sequence[float | None]) -> NDArray[np.int64]:
    """How many of `rows` rows each part gets: counts as given, shares by largest remainder.

    >>> part_sizes(1000, (0.995, 0.0025, None)).tolist()
    [995, 3, 2]
    """
    given = [size for size in sizes if size is not None]
    if len(sizes) < 2 or len(given) < len(sizes) - 1:
        raise ValueError(f"{_WHERE}: expected two or more sizes, at most one of them None, got {tuple(sizes)}; "
                         "for instance (0.6, 0.2, 0.2)")  # fmt: skip
    shares = any(isinstance(size, (float, np.floating)) for size in given)
    total = 1 if shares else rows
    exact = [_exact(size) if shares else Fraction(whole(f"{_WHERE}: sizes", size, 0)) for size in given]
    rest = total - sum(exact, Fraction(0))
    if shares and len(given) == len(sizes) and abs(rest) < 1e-6:  # 0.333333, …: what was meant adds up
        exact, rest = [share / (1 - rest) for share in exact], Fraction(0)
    if rest < 0 or (rest and len(given) == len(sizes)):
        raise ValueError(
            f"{_WHERE}: expected sizes that add up to {total}, got {tuple(sizes)}; None stands for the rest"
        )
    filled = iter(exact)
    quotas = [(rest if size is None else next(filled)) * (rows if shares else 1) for size in sizes]
    counts = np.array([int(quota) for quota in quotas], np.int64)
    largest = sorted(range(len(quotas)), key=lambda p: int(quotas[p]) - quotas[p])[: rows - int(counts.sum())]
    counts[largest] += 1
    return counts


def _exact(share: float | None) -> Fraction:
    """The fraction a user meant: 0.0025 is 1/400."""
    return Fraction(number(f"{_WHERE}: sizes", share, 0, 1)).limit_denominator(10**9)


def _length(columns: Sequence[NDArray[Any]]) -> int:
    shapes = [column.shape for column in columns]
    if not shapes or any(not shape for shape in shapes) or len({shape[0] for shape in shapes}) > 1:
        raise ValueError(
            f"{_WHERE}: expected arrays of one length, got shapes {shapes}; the first axis counts the rows"
        )
    return int(shapes[0][0])


def _target_rows(rows: int, target_mask: ArrayLike) -> NDArray[np.int64]:
    mask = np.asarray(target_mask)
    if mask.shape != (rows,) or mask.dtype != bool:
        raise ValueError(f"{_WHERE}: expected target_mask with a bool for each of {rows} rows, got {brief(mask)}; "
                         "for instance source == 'mobile'")  # fmt: skip
    return np.flatnonzero(mask)


def _groups(rows: int, labels: ArrayLike) -> NDArray[np.int64]:
    labels = np.asarray(labels)
    if labels.shape not in ((rows,), (rows, 1)):
        raise ValueError(f"{_WHERE}: expected stratify with a label for each of {rows} rows, got {brief(labels)}; "
                         "turn one-hot rows into labels by argmax(axis=1)")  # fmt: skip
    return np.unique(labels.ravel(), return_inverse=True)[1]


def _assigned(pool: NDArray[np.int64], groups: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The part of every row: within each group, rows go to the parts in the order of `pool`; the others to part 0."""
    part = np.zeros(len(groups), np.int64)
    by_group = pool[np.argsort(groups[pool], kind="stable")]
    cells = apportioned(np.bincount(groups[pool]), counts)
    part[by_group] = np.concatenate([np.repeat(np.arange(len(counts)), row) for row in cells] or [by_group])
    return part


def apportioned(groups: NDArray[np.int64], parts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Whole numbers near groups·parts/n, less than one away, whose rows sum to `groups` and columns to `parts`.

    Each cell starts with the whole part of its share; each group then gives what it has left, one row each, to the
    parts that lack most (which leaves no part short, as shares of these very sums exist).

    >>> apportioned(np.array([5, 5]), np.array([6, 2, 2])).tolist()
    [[3, 1, 1], [3, 1, 1]]
    """
    shares = np.multiply.outer(groups, parts)
    cells, remainders = np.divmod(shares, max(int(parts.sum()), 1))
    lack = parts - cells.sum(axis=0)
    for group, left in enumerate(groups - cells.sum(axis=1)):
        neediest = np.lexsort((-remainders[group], -lack))[:left]
        cells[group, neediest] += 1
        lack[neediest] -= 1
    return cells


class Diagnosis(NamedTuple):
    """What errors say about a model: bias and variance ('low' or 'high'), the gaps behind them, what to try."""

    bias: str
    variance: str
    avoidable_bias: float
    gap: float
    advice: tuple[str, ...]


_BIAS = "high bias: try a bigger network, train longer, or another optimizer or architecture"
_VARIANCE = "high variance: get more data or augment it, regularise (L2, dropout, early stopping)"
_SHIFT = "data mismatch: make the training data more like the dev data, take dev and test from the target distribution"
_DEV = "overfitted to the dev set: take a larger one"
_DONE = "low bias, low variance: nothing to mend"


def diagnose(
    train_err: float,
    dev_err: float,
    test_err: float | None = None,
    *,
    optimal_err: float = 0.0,
    train_dev_err: float | None = None,
    tolerance: float = 5.0,
) -> Diagnosis:
    """Bias and variance from errors in per cent, and the recipe.

    Bias is high if ``train_err - optimal_err`` exceeds `tolerance`, variance if ``dev_err - train_err`` does.

    Parameters
    ----------
    train_err, dev_err, test_err
        Errors on the three parts, in per cent.
    optimal_err
        What the best one could do (a human, say) gets wrong.
    train_dev_err
        Error on rows held out from the *training* distribution. If given, variance is ``train_dev_err - train_err``
        and what remains to `dev_err` is told as data mismatch.
    tolerance
        The smallest gap, in points, that counts as high.

    >>> diagnose(1, 16)[:2]
    ('low', 'high')
    >>> diagnose(15, 16, optimal_err=14).advice
    ('low bias, low variance: nothing to mend',)
    """
    train, dev = number("diagnose: train_err", train_err, 0, 100), number("diagnose: dev_err", dev_err, 0, 100)
    held_out = dev if train_dev_err is None else number("diagnose: train_dev_err", train_dev_err, 0, 100)
    test = dev if test_err is None else number("diagnose: test_err", test_err, 0, 100)
    bias, gap = train - number("diagnose: optimal_err", optimal_err, 0, 100), held_out - train
    limit = number("diagnose: tolerance", tolerance, 0)
    found = [(bias, _BIAS), (gap, _VARIANCE), (dev - held_out, _SHIFT), (test - dev, _DEV)]
    advice = tuple(text for value, text in found if value > limit) or (_DONE,)
    return Diagnosis("high" if bias > limit else "low", "high" if gap > limit else "low", bias, gap, advice)
