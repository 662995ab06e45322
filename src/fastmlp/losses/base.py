"""What losses have in common: targets laid beside predictions, a number for each sample, one number for a batch."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from fastmlp import config
from fastmlp._arrays import numbers, regular
from fastmlp._objects import Configurable, NotLowered, snake_case
from fastmlp._spelling import older_spelling
from fastmlp._validate import brief, title, unknown, user_level
from fastmlp.autodiff import kernels
from fastmlp.autodiff.primitive import as_tensor, real_tensor
from fastmlp.autodiff.shapes import axis_last, broadcast_to, reshape
from fastmlp.autodiff.tensor import is_formula

Array = NDArray[Any]
Lowered = tuple[str, tuple[float, ...]]

WITH_PENALTY = "mean_with_penalty"
REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", WITH_PENALTY, "none")


def targets(y_true: Any) -> Any:
    """Targets as they are: a tensor if they are part of a formula, else an array."""
    return as_tensor(y_true) if is_formula(y_true) else regular("y_true", y_true)


def real_array(where: str, value: ArrayLike, dtype: DTypeLike | None = None) -> Array:
    """An array of `dtype`; without one float64 arrays stay what they are and all else, lists too, is float32."""
    array = numbers(where, value)
    double = hasattr(value, "dtype") and array.dtype.kind == "f" and array.dtype.itemsize >= 8
    return array.astype(dtype or (np.float64 if double else np.float32), copy=False)


def same_rank(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """(n,) made (n, 1) beside (n, 1); else a trailing axis of one dropped where the other has none."""
    if y_true.ndim + 1 == y_pred.ndim and y_pred.shape[-1] == 1:
        return (y_true[:, None], y_pred) if y_true.ndim == 1 else (y_true, y_pred[..., 0])
    if y_pred.ndim + 1 == y_true.ndim and y_true.shape[-1] == 1:
        return (y_true, y_pred[:, None]) if y_pred.ndim == 1 else (y_true[..., 0], y_pred)
    return y_true, y_pred


def align(where: str, y_true: Any, y_pred: Any, hint: str) -> tuple[Any, Any]:
    """Both in one shape. Nothing is broadcast: (n,) beside (n, 1) would else make n·n differences."""
    y, p = same_rank(y_true, y_pred)
    if p.ndim == 0 or p.shape[-1] == 0:
        raise ValueError(f"{where}: expected y_pred with at least one column, got {brief(y_pred)}; "
                         "put a single number into a list")  # fmt: skip
    if y.shape != p.shape:
        raise ValueError(f"{where}: expected y_true of the shape of y_pred, {tuple(p.shape)}, got "
                         f"{tuple(y_true.shape)}; {hint}")  # fmt: skip
    return y, p


def sample_weights(where: str, weights: Any, losses: Any) -> Any:
    """Weights in the shape of the losses; one number is for all of them, a trailing axis of one is dropped."""
    w = real_tensor(where, weights, losses.dtype)
    if w.ndim == losses.ndim + 1 and w.shape[-1] == 1:
        w = w[..., 0]
    fits = w.ndim == losses.ndim and w.shape[:1] == losses.shape[:1]
    if w.ndim and not (fits and all(a in (1, b) for a, b in zip(w.shape, losses.shape))):
        raise ValueError(f"{where}: expected sample_weight of the losses' shape {tuple(losses.shape)}, got "
                         f"{tuple(w.shape)}; give one weight a sample")  # fmt: skip
    return broadcast_to(w, losses.shape)


def reduce_losses(losses: Any, reduction: str | None, weights: Any, kept: Array | None) -> Any:
    """The losses l with weights w as one number; n, those losses that are `kept`, are what a mean is over."""
    if kept is not None:
        kept = kept.astype(losses.dtype)
        weights = as_tensor(kept) if weights is None else weights * kept
    weighted = losses if weights is None else losses * weights
    if reduction in (None, "none"):
        return weighted
    total = kernels.total(weighted)
    if reduction == "sum" or not losses.size:
        return total
    if reduction in ("mean_with_sample_weight", WITH_PENALTY) and weights is not None:
        divisor = kernels.total(weights)
        return total / divisor if divisor.array else total
    return total / (losses.size if kept is None else max(1, int(np.count_nonzero(kept))))


class Loss(Configurable):
    """How wrong predictions are. Subclasses say it for each sample in `call`; calling the object gives one number.

    Parameters
    ----------
    name
        What it is called in reports.
    reduction
        ``"sum_over_batch_size"`` (or ``"mean"``): Σ w·l / n with sample weights w. ``"mean_with_sample_weight"``:
        Σ w·l / Σ w. ``"mean_with_penalty"``: (Σ w·l + the weights' penalties) / Σ w, which is scikit-learn's.
        ``"sum"``: Σ w·l. ``"none"`` or None: the weighted losses themselves.
    dtype
        What is computed in, ``"float32"`` unless given.
    """

    from_logits: bool = False  # predictions are what the last sigmoid or softmax takes
    sparse: ClassVar[bool] = False  # targets are labels, one whole number a sample
    wants_signs: ClassVar[bool] = False  # targets are ±1, see `prepare`

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: DTypeLike | None = None
    ) -> None:
        if reduction is not None and (not isinstance(reduction, str) or reduction not in REDUCTIONS):
            unknown(f"{type(self).__name__}: reduction", reduction, REDUCTIONS)
        if dtype is not None and np.dtype(dtype).name not in ("float32", "float64"):
            raise ValueError(f"{type(self).__name__}: expected dtype float32 or float64, got {dtype!r}; use one")
        self.name = snake_case(type(self).__name__) if name is None else title(type(self).__name__, name)
        self.reduction = reduction
        self.dtype = None if dtype is None else np.dtype(dtype).name

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss of the batch."""
        dtype = np.dtype(self.dtype or config.floatx())
        p = real_tensor(f"{self.name}: y_pred", y_pred, dtype)
        y = targets(y_true) if self.sparse else real_tensor(f"{self.name}: y_true", y_true, dtype)
        losses = self.call(y, p)
        if losses is None:
            raise TypeError(f"{self.name}: expected a loss, got None; end its function, or its call, with return")
        losses = as_tensor(losses, dtype)
        weights = None if sample_weight is None else sample_weights(self.name, sample_weight, losses)
        return reduce_losses(losses, self.reduction, weights, self.kept(np.asarray(y), losses))

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each sample."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method call(y_true, y_pred), got none; define it")

    def kept(self, y_true: Array, losses: Any) -> Array | None:
        """Which samples count; None: all."""
        return None

    def prepare(self, y_true: Any) -> Any:
        """The targets of a whole data set as training wants them."""
        return targets(y_true)

    def lower(self, logits: bool = False) -> Lowered:
        """The kernel that trains with it and its parameters; `logits`: for predictions before the last activation."""
        raise NotLowered(f"the loss '{self.name}' is a function of Python")

    def get_config(self) -> dict[str, Any]:
        """The settings."""
        config = super().get_config()
        if config.get("dtype") is None:
            config.pop("dtype", None)
        return config


class FunctionLoss(Loss):
    """A function ``fn(y_true, y_pred, **kwargs)`` of arrays, giving the loss of each sample, as a loss.

    >>> import numpy as np
    >>> loss = FunctionLoss(lambda y, p: np.max(np.abs(y - p), axis=-1))
    >>> float(loss([[0.0, 1.0]], [[0.5, 3.0]]))
    2.0
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: DTypeLike | None = None,
        **kwargs: Any,
    ) -> None:
        if not callable(fn):
            raise TypeError(f"FunctionLoss: expected a function of (y_true, y_pred), got {brief(fn)}; define one")
        super().__init__(name or getattr(fn, "__name__", None), reduction, dtype)
        self.fn, self.kwargs = fn, kwargs

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """What the function gives, with (n,) made (n, 1) beside (n, 1)."""
        return self.fn(*same_rank(targets(y_true), as_tensor(y_pred)), **self.kwargs)

    def get_config(self) -> dict[str, Any]:
        """The settings, those of the function included."""
        return {**super().get_config(), **self.kwargs}


class KernelLoss(Loss):
    """A loss of fastmlp's own: one kernel computes it, in training and here."""

    kernel: ClassVar[str]  # also the name of its function
    activation: ClassVar[str | None] = None  # the last activation its logits form takes in
    hint: ClassVar[str] = "reshape it, or give the model as many outputs as there are targets"
    axis: int = -1

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """Given data, which it does not take, a class computes what its function does: there are slides that do so."""
        if len(args) > 1 and all(hasattr(a, "shape") or isinstance(a, (list, tuple)) for a in args[:2]):
            name = cls.__name__
            older_spelling(f"{name}(y_true, y_pred): expected settings, got data; write {cls.kernel}(y_true, y_pred) "
                           f"for a loss a sample, or {name}()(y_true, y_pred) for one number")  # fmt: skip
            return cls(*args[2:], **kwargs).call(*args[:2])
        return super().__new__(cls)

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = None, dtype: DTypeLike | None = None
    ) -> None:
        super().__init__(self.kernel if name is None else name, reduction, dtype)

    def parameters(self) -> tuple[float, ...]:
        """Those of the kernel, in its order."""
        return ()

    def lower(self, logits: bool = False) -> Lowered:
        """The kernel that trains with it and its parameters; `logits`: for predictions before the last activation."""
        if logits and self.activation is None:
            raise ValueError(f"{self.name}: expected predictions after the activation, got logits; "
                             "only cross-entropies take them")  # fmt: skip
        if self.axis not in (-1, 1):
            raise ValueError(f"{self.name}: expected axis -1, the model's outputs, got {self.axis}; leave it out")
        return self.kernel + "_logits" * (logits or self.from_logits), self.parameters()

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each sample, the mean over its outputs or what the formula has instead."""
        y, p = self.rows(targets(y_true), real_tensor(f"{self.kernel}: y_pred", y_pred))
        name = self.kernel + "_logits" * self.from_logits
        losses = kernels.loss.on((reshape(p, (-1, p.shape[-1])), y), {"name": name, "params": self.parameters()})
        return losses if p.ndim == 2 else reshape(losses, p.shape[:-1])

    def rows(self, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
        """Targets as the kernel takes them, and the predictions, a sample along the last axis."""
        y, p = align(self.kernel, real_tensor(f"{self.kernel}: y_true", y_true, y_pred.dtype), y_pred, self.hint)
        if self.activation == "softmax" and p.shape[-1] == 1:
            warnings.warn(f"{self.kernel}: one column is a class that is always right; use binary_crossentropy "
                          "for a yes or no", SyntaxWarning, stacklevel=user_level())  # fmt: skip
        y, p = axis_last(as_tensor(self.prepare(y), p.dtype), self.axis), axis_last(p, self.axis)
        return reshape(y, (-1, p.shape[-1])), p
