"""Targets, predictions and weights of any shape Keras takes, laid out as rows for the kernels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastmlp._arrays import numbers
from fastmlp._validate import brief
from fastmlp.losses.base import real_array, same_rank

Array = NDArray[Any]
Rows = tuple[Array, Array, Array | None]  # y_true, y_pred (n, k), weights (n,) or None


def beside(where: str, y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    """Both of one shape and type. (n,) beside (n, 1) is one column; nothing else is broadcast."""
    p = real_array(f"{where}: y_pred", y_pred)
    y = real_array(f"{where}: y_true", y_true).astype(p.dtype, copy=False)
    shapes = y.shape, p.shape
    y, p = same_rank(y, p)
    if y.shape != p.shape:
        raise ValueError(f"{where}: expected y_true of the shape of y_pred, {shapes[1]}, got {shapes[0]}; "
                         "reshape it, or turn labels into one-hot rows")  # fmt: skip
    if p.ndim == 0:
        y, p = y[None], p[None]
    return y, p


def labels_beside(where: str, y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    """One whole number for each row of y_pred, (…) or (…, 1)."""
    p = real_array(f"{where}: y_pred", y_pred)
    given = np.asarray(y_true)
    y = given[..., 0] if given.ndim == p.ndim and given.shape[-1:] == (1,) else given
    if p.ndim == 0 or y.shape != p.shape[:-1]:
        raise ValueError(f"{where}: expected one label for each row of y_pred {p.shape}, got {brief(given)}; "
                         "for one-hot rows take the metric without 'sparse'")  # fmt: skip
    if y.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            whole = y.astype(np.int64)
        if not (whole == y).all():
            raise ValueError(f"{where}: expected whole numbers as labels, got {brief(y[whole != y][0])}; "
                             "round them")  # fmt: skip
        y = whole
    return y, p


def spread(where: str, sample_weight: Any, lead: tuple[int, ...], *, share: bool = True) -> Array | None:
    """A weight for each of the values of shape `lead`.

    With `share` values are averaged over all axes but the first (a single weight: over all axes) before they are
    added up, so that a sample counts once however many values it has.
    """
    inner = math.prod(lead[1:]) if share else 1
    if sample_weight is None:
        return None if inner == 1 else np.full(math.prod(lead), 1 / inner)
    w = numbers(f"{where}: sample_weight", sample_weight).astype(np.float64)
    if w.ndim == len(lead) + 1 and w.shape[-1] == 1:
        w = w[..., 0]
    if w.ndim > len(lead) or any(a not in (1, b) for a, b in zip(w.shape, lead)):
        raise ValueError(f"{where}: expected sample_weight of shape {lead} or a beginning of it, got {w.shape}; "
                         "give one weight a sample")  # fmt: skip
    if share and w.ndim == 0:
        inner = math.prod(lead)
    full = np.broadcast_to(w.reshape(w.shape + (1,) * (len(lead) - w.ndim)), lead)
    return (full.reshape(-1) / inner) if inner != 1 else np.array(full, order="C").reshape(-1)


def _matrices(y: Array, p: Array, lead: tuple[int, ...]) -> tuple[Array, Array]:
    """Both with a row for each of the values of shape `lead`."""
    shape = math.prod(lead), math.prod(p.shape[len(lead) :])
    return y.reshape(shape), p.reshape(shape)


def weight_axes(sample_weight: Any, p: Array) -> int:
    """How many axes of p the weights tell apart."""
    shape = np.shape(sample_weight) if sample_weight is not None else ()
    while shape[-1:] == (1,) and len(shape) > 1:
        shape = shape[:-1]
    return min(len(shape), p.ndim)


def by_rows(where: str, y_true: Any, y_pred: Any, sample_weight: Any) -> Rows:
    """A value for each vector along the last axis."""
    y, p = beside(where, y_true, y_pred)
    lead = p.shape[:-1]
    return *_matrices(y, p, lead), spread(where, sample_weight, lead)


def by_labels(where: str, y_true: Any, y_pred: Any, sample_weight: Any) -> Rows:
    """The same with a label for each vector."""
    y, p = labels_beside(where, y_true, y_pred)
    lead = p.shape[:-1]
    return y.reshape(-1), p.reshape(math.prod(lead), p.shape[-1]), spread(where, sample_weight, lead)


def by_elements(where: str, y_true: Any, y_pred: Any, sample_weight: Any) -> Rows:
    """A value for each element, averaged over as many axes as the weights leave."""
    y, p = beside(where, y_true, y_pred)
    lead = p.shape[: max(1, weight_axes(sample_weight, p))]
    return *_matrices(y, p, lead), spread(where, sample_weight, lead)


def by_counts(where: str, y_true: Any, y_pred: Any, sample_weight: Any, *, columns: bool) -> Rows:
    """Elements that are counted, never averaged. Without a need for `columns` each may have a weight of its own."""
    y, p = beside(where, y_true, y_pred)
    each = p.ndim == 1 or (not columns and weight_axes(sample_weight, p) == p.ndim)
    lead = p.shape if each else p.shape[:-1]
    return *_matrices(y, p, lead), spread(where, sample_weight, lead, share=False)


def by_columns(where: str, y_true: Any, y_pred: Any, sample_weight: Any) -> Rows:
    """Two axes, a result for each column."""
    y, p = beside(where, y_true, y_pred)
    if p.ndim != 2:
        raise ValueError(
            f"{where}: expected y_true and y_pred of shape (samples, outputs), got {p.shape}; reshape them"
        )
    return y, p, spread(where, sample_weight, p.shape[:1])
