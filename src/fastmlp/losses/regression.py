"""Losses of numbers, of angles, and of margins: classes, and below them functions that give one loss a sample."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from fastmlp._validate import number, whole
from fastmlp.losses.base import KernelLoss, targets


class MeanSquaredError(KernelLoss):
    """Mean of (y − ŷ)² over a sample's outputs.

    >>> float(MeanSquaredError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 0.0]]))
    0.5
    """

    kernel = "mean_squared_error"


class MeanAbsoluteError(KernelLoss):
    """Mean of abs(y − ŷ)."""

    kernel = "mean_absolute_error"


class MeanAbsolutePercentageError(KernelLoss):
    """100 · mean of abs(y − ŷ) / max(abs(y), 1e-7)."""

    kernel = "mean_absolute_percentage_error"


class MeanSquaredLogarithmicError(KernelLoss):
    """Mean of (log(1 + y) − log(1 + ŷ))², both at least 1e-7."""

    kernel = "mean_squared_logarithmic_error"


class LogCosh(KernelLoss):
    """Mean of log cosh(ŷ − y): half the square of small errors, the size of large ones."""

    kernel = "log_cosh"


class Poisson(KernelLoss):
    """Mean of ŷ − y·log(ŷ + 1e-7): for counts."""

    kernel = "poisson"


class Huber(KernelLoss):
    """Mean of ½·e² where the error is at most `delta`, of δ·abs(e) − ½·δ² beyond."""

    kernel = "huber"

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.delta = number("Huber: delta", delta, 0)

    def parameters(self) -> tuple[float, ...]:
        """δ."""
        return (self.delta,)


class CosineSimilarity(KernelLoss):
    """Minus the cosine of the angle between y and ŷ: −1 for the same direction, 1 for the opposite one.

    >>> float(CosineSimilarity()([[0.0, 1.0]], [[0.0, 5.0]]))
    -1.0
    """

    kernel = "cosine_similarity"

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.axis = whole("CosineSimilarity: axis", axis, -32)


class _Signed(KernelLoss):
    """A margin between −1 and 1."""

    wants_signs: ClassVar[bool] = True

    def prepare(self, y_true: ArrayLike) -> Any:
        """Targets that are all 0 or 1 become −1 and 1; others are left as they are."""
        y = targets(y_true)
        if not np.isin(np.asarray(y), (0, 1)).all():
            return y
        return 2 * (y if y.dtype.kind == "f" else np.asarray(y).astype(np.float32)) - 1


class Hinge(_Signed):
    """Mean of max(1 − y·ŷ, 0) for y of ±1; targets of 0 and 1 are turned into these.

    >>> float(Hinge()([[0.0], [1.0]], [[-2.0], [0.5]]))
    0.25
    """

    kernel = "hinge"


class SquaredHinge(_Signed):
    """Mean of max(1 − y·ŷ, 0)² for y of ±1; targets of 0 and 1 are turned into these."""

    kernel = "squared_hinge"


class CategoricalHinge(KernelLoss):
    """max(1 + max((1 − y)·ŷ) − Σ y·ŷ, 0) for one-hot y."""

    kernel = "categorical_hinge"


def mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike) -> Any:
    """Mean of (y − ŷ)² over the last axis.

    >>> mean_squared_error([[0.0, 1.0]], [[1.0, 1.0]]).numpy()
    array([0.5], dtype=float32)
    """
    return MeanSquaredError().call(y_true, y_pred)


def mean_absolute_error(y_true: ArrayLike, y_pred: ArrayLike) -> Any:
    """Mean of abs(y − ŷ) over the last axis."""
    return MeanAbsoluteError().call(y_true, y_pred)


def mean_absolute_percentage_error(y_true: ArrayLike, y_pred: ArrayLike) -> Any:
    """100 · mean of abs(y − ŷ) / max(abs(y), 1e-7) over the last axis."""
    return MeanAbsolutePercentageError().call(y_true, y_pred)


def mean_squared_logarithmic_error(y_true: ArrayLike, y_pred: ArrayLike) -> Any:
    """Mean of (log(1 + y) − log(1 + ŷ))² over the last axis, both at least 1e-7."""
    return MeanSquaredLogarithmicError().call(y_true, y_pred)


def log_cosh(y_true: ArrayLike, y_pred: ArrayLike) -> Any:
    """Mean of log cosh(ŷ − y) over the last axis."""
    return LogCosh().call(y_true, y_pred)


def poisson(y_true: ArrayLike, y_pred: ArrayLike) -> Any:
    """Mean of ŷ − y·log(ŷ + 1e-7) over the last axis."""
    return Poisson().call(y_true, y_pred)


def huber(y_true: ArrayLike, y_pred: ArrayLike, delta: float = 1.0) -> Any:
    """Mean over the last axis of ½·e² where the error is at most `delta`, of δ·abs(e) − ½·δ² beyond."""
    return Huber(delta).call(y_true, y_pred)


def cosine_similarity(y_true: ArrayLike, y_pred: ArrayLike, axis: int = -1) -> Any:
    """Minus the cosine of the angle between y and ŷ along `axis`."""
    return CosineSimilarity(axis).call(y_true, y_pred)


def hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Any:
    """Mean of max(1 − y·ŷ, 0) over the last axis, y of 0 and 1 made −1 and 1."""
    return Hinge().call(y_true, y_pred)


def squared_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Any:
    """Mean of max(1 − y·ŷ, 0)² over the last axis, y of 0 and 1 made −1 and 1."""
    return SquaredHinge().call(y_true, y_pred)


def categorical_hinge(y_true: ArrayLike, y_pred: ArrayLike) -> Any:
    """max(1 + max((1 − y)·ŷ) − Σ y·ŷ, 0) along the last axis, y one-hot."""
    return CategoricalHinge().call(y_true, y_pred)
