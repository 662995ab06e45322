"""AUC: the area under a curve of two rates, by thresholds."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmlp import _core
from fastmlp._arrays import numbers
from fastmlp._validate import flag, number, unknown, whole
from fastmlp.losses.base import real_array
from fastmlp.metrics.base import Lowered, ratio
from fastmlp.metrics.rows import Array, Rows
from fastmlp.metrics.thresholds import ThresholdMetric, even_thresholds, is_even

_SLACK = 1e-7  # the outer thresholds lie so far outside [0, 1]
_METHODS = ("interpolation", "majoring", "minoring")


class AUC(ThresholdMetric):
    """The area under the ROC curve (recall over false positive rate), or under precision over recall ("PR").

    The curve has `num_thresholds` points: an approximation, as in Keras. With `multi_label` each column has
    a curve of its own, and the result is the mean, weighted by `label_weights`, of their areas.

    >>> round(AUC(num_thresholds=3)([0, 0, 1, 1], [0, 0.5, 0.3, 0.9]), 6)
    0.75
    """

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Any = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        if thresholds is None:
            inner, even = even_thresholds(whole("AUC: num_thresholds", num_thresholds, 2))[1:-1], True
        else:
            inner = sorted(number("AUC: thresholds", value, 0, 1) for value in thresholds)
            even = is_even(np.array([0.0, *inner, 1.0]))
        super().__init__(np.array([-_SLACK, *inner, 1 + _SLACK]), name, dtype)
        self._even, self._inner_thresholds, self._given = even, inner, thresholds is not None
        self.num_thresholds = len(inner) + 2
        self.curve, self.summation_method = str(curve).upper(), str(summation_method).lower()
        if self.curve not in ("ROC", "PR", "PRGAIN"):
            unknown("AUC: curve", curve, ("ROC", "PR", "PRGAIN"))
        if self.summation_method not in _METHODS:
            unknown("AUC: summation_method", summation_method, _METHODS)
        self.multi_label = flag("AUC: multi_label", multi_label)
        self.from_logits = flag("AUC: from_logits", from_logits)
        self.label_weights = (
            None if label_weights is None else numbers("AUC: label_weights", label_weights).astype(np.float64)
        )
        self._per_label = self.multi_label or self.label_weights is not None
        if self._per_label:
            self.state = np.zeros(0)  # until the number of labels is known
        self.num_labels = num_labels
        if num_labels is not None:
            if not multi_label:
                raise ValueError(f"AUC: expected num_labels with multi_label=True only, got {num_labels}; leave it out")
            self.build(whole("AUC: num_labels", num_labels))

    @property
    def thresholds(self) -> list[float]:
        """All of them, the two outside [0, 1] included."""
        return [float(value) for value in self._ascending]

    def lower(self) -> Lowered | None:
        """None for logits, whose sigmoid is taken first."""
        return None if self.from_logits else super().lower()

    def build(self, columns: int) -> None:
        """Make the state, for predictions of so many columns."""
        if self.label_weights is not None and self.label_weights.shape != (columns,):
            raise ValueError(f"{self.name}: expected label_weights for {columns} labels, got shape "
                             f"{self.label_weights.shape}; give one a label")  # fmt: skip
        super().build(columns)

    def rows(self, y_true: Any, y_pred: Any, sample_weight: Any) -> Rows:
        """The batch as the kernel takes it: probabilities."""
        if self.from_logits:
            y_pred = _core.activation_fwd("sigmoid", real_array(f"{self.name}: y_pred", y_pred))
        return super().rows(y_true, y_pred, sample_weight)

    def counts(self) -> tuple[Array, Array, Array, Array]:
        """As of any threshold metric; labels that are weighted and share a curve are put together."""
        parts = super().counts()
        if self.label_weights is None or self.multi_label:
            return parts
        tp, fp, tn, fn = (part @ self.label_weights for part in parts)
        return tp, fp, tn, fn

    def work_out(self) -> float:
        """The area."""
        terms = self._pr_terms() if (self.curve, self.summation_method) == ("PR", "interpolation") else self._riemann()
        areas = terms.sum(axis=0)
        if self.multi_label and self.label_weights is not None:
            return float(ratio(areas @ self.label_weights, self.label_weights.sum()))
        return float(np.mean(areas))

    def _riemann(self) -> Array:
        x, y = self._points()
        if self.summation_method == "interpolation":
            heights = (y[:-1] + y[1:]) / 2
        else:
            heights = (np.minimum if self.summation_method == "minoring" else np.maximum)(y[:-1], y[1:])
        return (x[:-1] - x[1:]) * heights

    def _points(self) -> tuple[Array, Array]:
        tp, fp, tn, fn = self.counts()
        if self.curve == "ROC":
            return ratio(fp, fp + tn), ratio(tp, tp + fn)
        if self.curve == "PR":
            return ratio(tp, tp + fn), ratio(tp, tp + fp)
        odds = ratio(tp + fn, tn + fp)
        recall_gain = np.where(tp == 0, 0, 1 - odds * ratio(fn, tp))
        return np.maximum(recall_gain, 0), np.where(tp == 0, 1, 1 - odds * ratio(fp, tp))

    def _pr_terms(self) -> Array:
        """What each step between thresholds adds, true positives growing in proportion with all predicted positive.

        With slope s = dTP/dP and TP = s·P + c the integral of precision TP/P over TP is s·(dTP + c·log(P₁/P₀)).
        """
        tp, fp, _, fn = self.counts()
        p = tp + fp
        gained, grown = tp[:-1] - tp[1:], p[:-1] - p[1:]
        slope = ratio(gained, np.maximum(grown, 0))
        start = tp[1:] - slope * p[1:]
        both = (p[:-1] > 0) & (p[1:] > 0)
        growth = np.where(both, ratio(p[:-1], p[1:]), 1)
        return ratio(slope * (gained + start * np.log(growth)), np.maximum(tp[1:] + fn[1:], 0))

    def get_config(self) -> dict[str, Any]:
        """The settings; thresholds if they were given."""
        return {**super().get_config(), "thresholds": self._inner_thresholds if self._given else None}
