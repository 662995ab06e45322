"""Counts of what lies above thresholds, and the rates made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from fastmlp._room import claim
from fastmlp._validate import need_room, number, whole
from fastmlp.metrics.base import KernelMetric, ratio
from fastmlp.metrics.rows import Array, Rows, by_counts

BELOW_ALL = -1e10  # the threshold that all but the predictions outside the top k are above
_SLACK = 1e-7


def is_even(thresholds: Array) -> bool:
    """Whether they run from 0 to 1 in equal steps."""
    count = len(thresholds)
    return count >= 3 and bool(np.allclose(thresholds, np.linspace(0, 1, count), atol=_SLACK))


def even_thresholds(count: int) -> list[float]:
    """0, 1 and what divides the range between them into equal steps."""
    claim("num_thresholds", (count,))
    need_room("num_thresholds", (count,))
    found: list[float] = (np.arange(count) / (count - 1)).tolist()
    return found


class ThresholdMetric(KernelMetric):
    """Positives (y_true is not 0) and negatives by how many thresholds their prediction is above."""

    kernel = "threshold_counts"
    layout = "counts"
    _direction: str | None = "up"

    def __init__(self, thresholds: Array, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self._order = np.argsort(thresholds, kind="stable")
        self._ascending = np.asarray(thresholds, np.float64)[self._order]
        self._even = is_even(np.asarray(thresholds))
        self._per_label = False
        self.state = np.zeros(2 * (len(thresholds) + 1))
        self.class_id: int | None = None
        self.top_k: int | None = None

    def kernel_params(self) -> tuple[float, ...]:
        """Evenly spread, the one class looked at, how many predictions are, a count for each label."""
        only = -1 if self.class_id is None else self.class_id
        return float(self._even), float(only), float(self.top_k or 0), float(self._per_label)

    def kernel_thresholds(self) -> Array:
        """In ascending order."""
        return self._ascending

    def rows(self, y_true: Any, y_pred: Any, sample_weight: Any) -> Rows:
        """The batch as the kernel takes it."""
        columns = self._per_label or self.class_id is not None or self.top_k is not None
        return by_counts(self.name, y_true, y_pred, sample_weight, columns=columns)

    def counts(self) -> tuple[Array, Array, Array, Array]:
        """True and false positives, true and false negatives: (thresholds,), or (thresholds, labels) by label."""
        bins = self.state.reshape(-1, 2, len(self._ascending) + 1)
        above = bins[..., ::-1].cumsum(axis=-1)[..., -2::-1]
        found = np.empty_like(above)
        found[..., self._order] = above
        rest = bins.sum(axis=-1, keepdims=True) - found
        parts = found[:, 0].T, found[:, 1].T, rest[:, 1].T, rest[:, 0].T
        tp, fp, tn, fn = parts if self._per_label else (part[:, 0] for part in parts)
        return tp, fp, tn, fn


def _listed(name: str, thresholds: Any, default: float) -> list[float]:
    if thresholds is None:
        return [default]
    given = list(thresholds) if isinstance(thresholds, (list, tuple, np.ndarray)) else [thresholds]
    if not given:
        raise ValueError(f"{name}: expected one threshold or more, got none; give a number, or None for {default}")
    return [number(f"{name}: thresholds", value, 0, 1) for value in given]


class _AtThresholds(ThresholdMetric):
    """One result for each threshold given; a number when there is one."""

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        title = type(self).__name__
        self.init_thresholds = thresholds
        self.thresholds = _listed(title, thresholds, 0.5 if top_k is None else BELOW_ALL)
        super().__init__(np.array(self.thresholds), name, dtype)
        self.top_k = None if top_k is None else whole(f"{title}: top_k", top_k)
        self.class_id = None if class_id is None else whole(f"{title}: class_id", class_id, 0)

    def rate(self, tp: Array, fp: Array, tn: Array, fn: Array) -> Array:
        """The result for each threshold from the counts there."""
        raise NotImplementedError

    def work_out(self) -> Any:
        """The rate at each threshold."""
        rates = self.rate(*self.counts())
        return float(rates[0]) if len(rates) == 1 else rates.astype(self.dtype)

    def get_config(self) -> dict[str, Any]:
        """The settings, thresholds as they were given."""
        given = self.init_thresholds
        return {**super().get_config(), "thresholds": given.tolist() if isinstance(given, np.ndarray) else given}


class Precision(_AtThresholds):
    """True positives among those predicted positive.

    >>> Precision()([0, 1, 1, 1], [1, 0, 1, 1])
    0.6666666666666666
    """

    def rate(self, tp: Array, fp: Array, tn: Array, fn: Array) -> Array:
        """The part of those predicted positive that are."""
        return ratio(tp, tp + fp)


class Recall(_AtThresholds):
    """True positives among the positives.

    >>> Recall()([0, 1, 1, 1], [1, 0, 1, 1])
    0.6666666666666666
    """

    def rate(self, tp: Array, fp: Array, tn: Array, fn: Array) -> Array:
        """The part of the positives that were predicted so."""
        return ratio(tp, tp + fn)


class _Count(_AtThresholds):
    _direction = None

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(thresholds, name=name, dtype=dtype)


class TruePositives(_Count):
    """The weight of positives predicted positive."""

    def rate(self, tp: Array, fp: Array, tn: Array, fn: Array) -> Array:
        """As counted."""
        return tp


class FalsePositives(_Count):
    """The weight of negatives predicted positive."""

    def rate(self, tp: Array, fp: Array, tn: Array, fn: Array) -> Array:
        """As counted."""
        return fp


class TrueNegatives(_Count):
    """The weight of negatives predicted negative."""

    def rate(self, tp: Array, fp: Array, tn: Array, fn: Array) -> Array:
        """As counted."""
        return tn


class FalseNegatives(_Count):
    """The weight of positives predicted negative."""

    def rate(self, tp: Array, fp: Array, tn: Array, fn: Array) -> Array:
        """As counted."""
        return fn


# ---- the best of one rate where another is high enough

_RATES: dict[str, Callable[[Array, Array, Array, Array], Array]] = {
    "sensitivity": lambda tp, fp, tn, fn: ratio(tp, tp + fn),
    "specificity": lambda tp, fp, tn, fn: ratio(tn, tn + fp),
    "recall": lambda tp, fp, tn, fn: ratio(tp, tp + fn),
    "precision": lambda tp, fp, tn, fn: ratio(tp, tp + fp),
}


class _BestAt(ThresholdMetric):
    """The highest `wanted` rate among the thresholds where the `held` one is at least the value given."""

    wanted: ClassVar[str]
    held: ClassVar[str]

    def __init__(
        self, value: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        title = type(self).__name__
        count = whole(f"{title}: num_thresholds", num_thresholds)
        super().__init__(np.array([0.5] if count == 1 else even_thresholds(count)), name, dtype)
        self._even = count > 1
        self.num_thresholds = count
        self.value = number(f"{title}: {self.held}", value, 0, 1)
        self.class_id = None if class_id is None else whole(f"{title}: class_id", class_id, 0)

    def work_out(self) -> float:
        """The highest rate, 0 where the other never is high enough."""
        counts = self.counts()
        good = _RATES[self.held](*counts) >= self.value
        return float(np.max(_RATES[self.wanted](*counts), initial=0, where=good))


class SensitivityAtSpecificity(_BestAt):
    """The highest sensitivity where the specificity is at least so high."""

    wanted, held = "sensitivity", "specificity"

    def __init__(
        self, specificity: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(specificity, num_thresholds, class_id, name, dtype)
        self.specificity = self.value


class SpecificityAtSensitivity(_BestAt):
    """The highest specificity where the sensitivity is at least so high."""

    wanted, held = "specificity", "sensitivity"

    def __init__(
        self, sensitivity: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)
        self.sensitivity = self.value


class PrecisionAtRecall(_BestAt):
    """The highest precision where the recall is at least so high."""

    wanted, held = "precision", "recall"

    def __init__(
        self, recall: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(recall, num_thresholds, class_id, name, dtype)
        self.recall = self.value


class RecallAtPrecision(_BestAt):
    """The highest recall where the precision is at least so high."""

    wanted, held = "recall", "precision"

    def __init__(
        self, precision: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(precision, num_thresholds, class_id, name, dtype)
        self.precision = self.value
