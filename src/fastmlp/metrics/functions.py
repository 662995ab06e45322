"""Metrics as functions of (y_true, y_pred): a value for each sample, or for each element."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmlp._validate import number, whole
from fastmlp.metrics.rows import Array, beside, labels_beside


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Array:
    """1 where y_pred > threshold says what y_true (0 or 1) does, for each element.

    >>> binary_accuracy([1, 1, 0, 0], [0.9, 0.4, 0.1, 0.6])
    array([1., 0., 1., 0.], dtype=float32)
    """
    threshold = number("binary_accuracy: threshold", threshold)
    y, p = beside("binary_accuracy", y_true, y_pred)
    return np.asarray((p > p.dtype.type(threshold)) == y).astype(p.dtype)


def categorical_accuracy(y_true: Any, y_pred: Any) -> Array:
    """1 where the largest output is that of the class which y_true, one-hot, names."""
    y, p = beside("categorical_accuracy", y_true, y_pred)
    return np.asarray(y.argmax(axis=-1) == p.argmax(axis=-1)).astype(p.dtype)


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Array:
    """1 where the largest output is that of the class whose number y_true is."""
    y, p = labels_beside("sparse_categorical_accuracy", y_true, y_pred)
    return np.asarray(y == p.argmax(axis=-1)).astype(p.dtype)


def _within_top(labels: Array, p: Array, k: int) -> Array:
    inside = (labels >= 0) & (labels < p.shape[-1])
    own = np.take_along_axis(p, np.where(inside, labels, 0)[..., None], axis=-1)
    above = (p > np.where(np.isnan(own), -np.inf, own)).sum(axis=-1)
    return np.asarray(inside & (above < k)).astype(p.dtype)


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Array:
    """1 where fewer than k outputs are above that of the class which y_true, one-hot, names."""
    k = whole("top_k_categorical_accuracy: k", k)
    y, p = beside("top_k_categorical_accuracy", y_true, y_pred)
    return _within_top(y.argmax(axis=-1), p, k)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False) -> Array:
    """1 where fewer than k outputs are above that of the class whose number y_true is.

    With `from_sorted_ids` y_pred holds class numbers, the likeliest first, and the first k are looked at.
    """
    k = whole("sparse_top_k_categorical_accuracy: k", k)
    y, p = labels_beside("sparse_top_k_categorical_accuracy", y_true, y_pred)
    return (p[..., :k] == y[..., None]).any(axis=-1).astype(p.dtype) if from_sorted_ids else _within_top(y, p, k)


def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Array:
    """The correlation of outputs and targets along an axis."""
    y, p = beside("pearson_correlation", y_true, y_pred)
    y, p = y - y.mean(axis=axis, keepdims=True), p - p.mean(axis=axis, keepdims=True)
    return np.asarray((y / y.std(axis=axis, keepdims=True) * (p / p.std(axis=axis, keepdims=True))).mean(axis=axis))


def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Array:
    """2 cov / (var y_true + var y_pred + (mean y_true - mean y_pred)²) along an axis."""
    y, p = beside("concordance_correlation", y_true, y_pred)
    gap = y.mean(axis=axis) - p.mean(axis=axis)
    covariance = (y * p).mean(axis=axis) - y.mean(axis=axis) * p.mean(axis=axis)
    return np.asarray(2 * covariance / (y.var(axis=axis) + p.var(axis=axis) + gap**2 + 1e-7))
