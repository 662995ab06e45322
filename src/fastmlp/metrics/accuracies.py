"""How often predictions are right."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmlp._validate import flag, number, whole
from fastmlp.metrics.base import Lowered
from fastmlp.metrics.means import KernelMean


class _Accuracy(KernelMean):
    _direction = "up"


class Accuracy(_Accuracy):
    """How often y_pred equals y_true.

    >>> Accuracy()([[1], [2], [3], [4]], [[0], [2], [3], [4]])
    0.75
    """

    kernel = "accuracy"
    layout = "elements"


class BinaryAccuracy(_Accuracy):
    """How often y_pred > threshold says what y_true (0 or 1) does.

    >>> BinaryAccuracy()([[1], [1], [0], [0]], [[0.98], [1], [0], [0.6]])
    0.75
    """

    kernel = "binary_accuracy"
    layout = "elements"

    def __init__(self, name: str | None = None, dtype: Any = None, threshold: float = 0.5) -> None:
        super().__init__(name, dtype)
        self.threshold = number(f"{self.name}: threshold", threshold)

    def kernel_params(self) -> tuple[float, ...]:
        """The threshold."""
        return (self.threshold,)


class CategoricalAccuracy(_Accuracy):
    """How often the largest output is that of the class which y_true, one-hot, names; the first of equals counts.

    >>> CategoricalAccuracy()([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]])
    0.5
    """

    kernel = "categorical_accuracy"


class SparseCategoricalAccuracy(_Accuracy):
    """How often the largest output is that of the class whose number y_true is.

    >>> SparseCategoricalAccuracy()([2, 1], [[0.1, 0.6, 0.3], [0.05, 0.95, 0]])
    0.5
    """

    kernel = "sparse_categorical_accuracy"
    layout = "labels"


class _TopK(_Accuracy):
    def __init__(self, k: int = 5, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.k = whole(f"{self.name}: k", k)

    def kernel_params(self) -> tuple[float, ...]:
        """How many count as the top."""
        return (float(self.k),)


class TopKCategoricalAccuracy(_TopK):
    """How often fewer than k outputs are above that of the class which y_true, one-hot, names."""

    kernel = "top_k_categorical_accuracy"


class SparseTopKCategoricalAccuracy(_TopK):
    """How often fewer than k outputs are above that of the class whose number y_true is.

    With `from_sorted_ids` y_pred holds class numbers, the likeliest first, and the first k are looked at.
    """

    kernel = "sparse_top_k_categorical_accuracy"
    layout = "labels"

    def __init__(self, k: int = 5, name: str | None = None, dtype: Any = None, from_sorted_ids: bool = False) -> None:
        super().__init__(k, name, dtype)
        self.from_sorted_ids = flag(f"{type(self).__name__}: from_sorted_ids", from_sorted_ids)

    def lower(self) -> Lowered | None:
        """None for sorted class numbers, which no network predicts."""
        return None if self.from_sorted_ids else super().lower()

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of labels and predictions, each sample with its weight."""
        if not self.from_sorted_ids:
            super().update_state(y_true, y_pred, sample_weight)
            return
        y, p, w = self.rows(y_true, y_pred, sample_weight)
        found = (p[:, : self.k] == y[:, None]).any(axis=1)
        w = np.ones(len(y)) if w is None else w
        self.state += np.sum(found * w), np.sum(w)
