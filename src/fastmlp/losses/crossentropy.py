"""Cross-entropies and divergences between distributions: classes, and below them functions that give one loss a sample.

Probabilities are held to [1e-7, 1 − 1e-7] before the logarithm, and those of classes divided by their sum before that.
Logits need neither: their loss is worked out from log-sum-exp.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from fastmlp._validate import brief, flag, number, whole
from fastmlp.autodiff.primitive import as_tensor
from fastmlp.autodiff.shapes import axes_of, axis_last
from fastmlp.losses.base import Array, KernelLoss


class KLDivergence(KernelLoss):
    """Σ y·log(y / ŷ), both held to [1e-7, 1]."""

    kernel = "kl_divergence"


class _Crossentropy(KernelLoss):
    """A loss of probabilities or of the logits they come from."""

    def _set(self, from_logits: bool, label_smoothing: float, axis: int) -> None:
        where = type(self).__name__
        self.from_logits = flag(f"{where}: from_logits", from_logits)
        self.label_smoothing = number(f"{where}: label_smoothing", label_smoothing, 0, 1)
        self.axis = whole(f"{where}: axis", axis, -32)

    def parameters(self) -> tuple[float, ...]:
        """The label smoothing."""
        return (self.label_smoothing,)


class BinaryCrossentropy(_Crossentropy):
    """Mean of −y·log p − (1 − y)·log(1 − p) over a sample's outputs.

    Parameters
    ----------
    from_logits
        Predictions are the z of p = sigmoid(z).
    label_smoothing
        With s, targets become y·(1 − s) + s/2.

    Examples
    --------
    >>> round(float(BinaryCrossentropy()([[1.0], [0.0]], [[0.5], [0.5]])), 4)
    0.6931
    """

    kernel = "binary_crossentropy"
    activation: ClassVar[str | None] = "sigmoid"

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self._set(from_logits, label_smoothing, axis)


class BinaryFocalCrossentropy(_Crossentropy):
    """Binary cross-entropy times (1 − pₜ)^γ, pₜ being the probability given to the right side.

    Parameters
    ----------
    apply_class_balancing
        Weigh the class 1 with `alpha` and the class 0 with 1 − `alpha`.
    alpha, gamma
        α and γ.
    from_logits, label_smoothing
        As in `BinaryCrossentropy`.
    """

    kernel = "binary_focal_crossentropy"
    activation: ClassVar[str | None] = "sigmoid"

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.apply_class_balancing = flag("BinaryFocalCrossentropy: apply_class_balancing", apply_class_balancing)
        self.alpha = number("BinaryFocalCrossentropy: alpha", alpha)
        self.gamma = number("BinaryFocalCrossentropy: gamma", gamma, 0)
        self._set(from_logits, label_smoothing, axis)

    def parameters(self) -> tuple[float, ...]:
        """α, γ, whether they balance, the label smoothing."""
        return self.alpha, self.gamma, float(self.apply_class_balancing), self.label_smoothing


class _Categorical(_Crossentropy):
    """Classes, of which one is right."""

    activation: ClassVar[str | None] = "softmax"
    hint = "for one label a sample use sparse_categorical_crossentropy, or make one-hot rows by to_categorical"


class CategoricalCrossentropy(_Categorical):
    """−Σ y·log p over the classes, for one-hot y (or a distribution).

    Parameters
    ----------
    from_logits
        Predictions are the z of p = softmax(z).
    label_smoothing
        With s and k classes, targets become y·(1 − s) + s/k.
    axis
        That of the classes.

    Examples
    --------
    >>> round(float(CategoricalCrossentropy()([[0, 1, 0]], [[0.25, 0.5, 0.25]])), 4)
    0.6931
    """

    kernel = "categorical_crossentropy"

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self._set(from_logits, label_smoothing, axis)


class CategoricalFocalCrossentropy(_Categorical):
    """−α·Σ y·(1 − p)^γ·log p over the classes; settings as in `CategoricalCrossentropy`."""

    kernel = "categorical_focal_crossentropy"

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.alpha = number("CategoricalFocalCrossentropy: alpha", alpha)
        self.gamma = number("CategoricalFocalCrossentropy: gamma", gamma, 0)
        self._set(from_logits, label_smoothing, axis)

    def parameters(self) -> tuple[float, ...]:
        """α, γ, the label smoothing."""
        return self.alpha, self.gamma, self.label_smoothing


class SparseCategoricalCrossentropy(_Categorical):
    """−log p of the right class, given by its number.

    Parameters
    ----------
    from_logits
        Predictions are the z of p = softmax(z).
    ignore_class
        Samples with this label cost nothing and are left out of the mean.
    axis
        That of the classes.

    Examples
    --------
    >>> round(float(SparseCategoricalCrossentropy()([1], [[0.25, 0.5, 0.25]])), 4)
    0.6931
    """

    kernel = "sparse_categorical_crossentropy"
    sparse: ClassVar[bool] = True

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self._set(from_logits, 0.0, axis)
        self.ignore_class = ignore_class
        if ignore_class is not None:
            self.ignore_class = whole("SparseCategoricalCrossentropy: ignore_class", ignore_class, -(2**31))

    def parameters(self) -> tuple[float, ...]:
        """The ignored class; NaN is none."""
        return (math.nan if self.ignore_class is None else float(self.ignore_class),)

    def rows(self, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
        """One label a sample, and the predictions with the classes along the last axis."""
        p = y_pred
        if p.ndim == 0 or p.shape[axes_of(self.kernel, self.axis, p.ndim)[0]] == 0:
            raise ValueError(f"{self.kernel}: expected y_pred with a column a class, got {brief(p)}; reshape it")
        p, y_true = axis_last(p, self.axis), np.asarray(y_true)
        y = np.squeeze(y_true, self.axis) if y_true.ndim == p.ndim and y_true.shape[self.axis] == 1 else y_true
        if y.shape != p.shape[:-1]:
            raise ValueError(f"{self.kernel}: expected one label a sample, y_true of shape {tuple(p.shape[:-1])}, got "
                             f"{y_true.shape}; for one-hot rows use categorical_crossentropy")  # fmt: skip
        return as_tensor(self.prepare(y).ravel()), p

    def prepare(self, y_true: ArrayLike) -> Any:
        """Labels as whole numbers; floats such as 3.0 will do."""
        y = np.asarray(y_true)
        if y.dtype.kind == "f" and not (np.isfinite(y) & (np.floor(y) == y)).all():
            raise ValueError(f"{self.kernel}: expected whole numbers for labels, got others in {brief(y)}; "
                             "number the classes 0, 1, …")  # fmt: skip
        return y.astype(np.int64) if y.dtype.kind in "fb" else y

    def kept(self, y_true: Array, losses: Array) -> Array | None:
        """Those whose label is not the ignored one."""
        return None if self.ignore_class is None else y_true.reshape(tuple(losses.shape)) != self.ignore_class


def kl_divergence(y_true: ArrayLike, y_pred: ArrayLike) -> Any:
    """Σ y·log(y / ŷ) over the last axis, both held to [1e-7, 1]."""
    return KLDivergence().call(y_true, y_pred)


def binary_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """Mean of −y·log p − (1 − y)·log(1 − p) along `axis`.

    >>> binary_crossentropy([[1.0], [0.0]], [[0.5], [0.5]]).numpy().round(4)
    array([0.6931, 0.6931], dtype=float32)
    """
    return BinaryCrossentropy(from_logits, label_smoothing, axis).call(y_true, y_pred)


def binary_focal_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Binary cross-entropy times (1 − pₜ)^γ, its mean along `axis`."""
    loss = BinaryFocalCrossentropy(apply_class_balancing, alpha, gamma, from_logits, label_smoothing, axis)
    return loss.call(y_true, y_pred)


def categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """−Σ y·log p along `axis`, y one-hot."""
    return CategoricalCrossentropy(from_logits, label_smoothing, axis).call(y_true, y_pred)


def categorical_focal_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """−α·Σ y·(1 − p)^γ·log p along `axis`, y one-hot."""
    return CategoricalFocalCrossentropy(alpha, gamma, from_logits, label_smoothing, axis).call(y_true, y_pred)


def sparse_categorical_crossentropy(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Any:
    """−log p of the right class, given by its number; 0 where that is `ignore_class`."""
    return SparseCategoricalCrossentropy(from_logits, ignore_class, axis=axis).call(y_true, y_pred)
