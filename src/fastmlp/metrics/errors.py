"""Distances and angles between targets and predictions, averaged over samples."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmlp.metrics.means import KernelMean


class KernelError(KernelMean):
    """A mean that is the better the lower it is."""

    _direction = "down"


class MeanSquaredError(KernelError):
    """The mean of (y_true - y_pred)².

    >>> MeanSquaredError()([[0, 1], [0, 0]], [[1, 1], [0, 0]])
    0.25
    """

    kernel = "mean_squared_error"


class RootMeanSquaredError(KernelError):
    """The root of the mean of (y_true - y_pred)² over all samples."""

    kernel = "mean_squared_error"
    default_name = "root_mean_squared_error"
    layout = "elements"

    def work_out(self) -> float:
        """The root of the mean."""
        return float(np.sqrt(super().work_out()))


class MeanAbsoluteError(KernelError):
    """The mean of |y_true - y_pred|."""

    kernel = "mean_absolute_error"


class MeanAbsolutePercentageError(KernelError):
    """The mean of 100 |y_true - y_pred| / |y_true|."""

    kernel = "mean_absolute_percentage_error"


class MeanSquaredLogarithmicError(KernelError):
    """The mean of (log(1 + y_true) - log(1 + y_pred))²."""

    kernel = "mean_squared_logarithmic_error"


class LogCoshError(KernelError):
    """The mean of log cosh(y_pred - y_true)."""

    kernel = "log_cosh"
    default_name = "logcosh"


class Poisson(KernelError):
    """The mean of y_pred - y_true · log y_pred."""

    kernel = "poisson"


class Hinge(KernelError):
    """The mean of max(1 - y_true · y_pred, 0), targets of 0 and 1 standing for -1 and 1."""

    kernel = "hinge"


class SquaredHinge(KernelError):
    """The mean of max(1 - y_true · y_pred, 0)², targets of 0 and 1 standing for -1 and 1."""

    kernel = "squared_hinge"


class CategoricalHinge(KernelError):
    """The mean of max(1 + max (1 - y_true) y_pred - Σ y_true · y_pred, 0)."""

    kernel = "categorical_hinge"


class KLDivergence(KernelError):
    """The mean of Σ y_true · log(y_true / y_pred)."""

    kernel = "kl_divergence"


class _LastAxis(KernelMean):
    """Works along the last axis, the only one there is in rows of features."""

    _direction = "up"

    def __init__(self, name: str | None = None, dtype: Any = None, axis: int = -1) -> None:
        super().__init__(name, dtype)
        self.axis = last_axis(self.name, axis)


def last_axis(where: str, axis: Any) -> int:
    """The axis, which has to be the last."""
    if axis != -1:
        raise ValueError(f"{where}: expected axis=-1, got {axis!r}; move that axis to the end of the arrays")
    return -1


class CosineSimilarity(_LastAxis):
    """The mean cosine of the angle between y_true and y_pred: 1 where they point the same way.

    >>> round(CosineSimilarity()([[0.0, 1.0], [1.0, 1.0]], [[1.0, 0.0], [1.0, 1.0]]), 6)
    0.5
    """

    kernel = "cosine_similarity"


class PearsonCorrelation(_LastAxis):
    """The mean correlation of each sample's outputs with its targets."""

    kernel = "pearson_correlation"


class ConcordanceCorrelation(_LastAxis):
    """The mean of 2 cov / (var y_true + var y_pred + (mean y_true - mean y_pred)²), each of a sample."""

    kernel = "concordance_correlation"
