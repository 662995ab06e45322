"""Metrics that are a mean (or a sum) of values, one a sample."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from fastmlp._objects import serialize
from fastmlp._validate import brief
from fastmlp.autodiff.primitive import as_tensor
from fastmlp.losses.base import real_array
from fastmlp.metrics.base import KernelMetric, Metric, as_result
from fastmlp.metrics.rows import spread, weight_axes


class Sum(Metric):
    """The sum of values, each times its weight.

    >>> total = Sum()
    >>> total.update_state([1, 3, 5, 7], sample_weight=[1, 1, 0, 0])
    >>> total.result()
    4.0
    """

    default_name = "sum"

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.state = np.zeros(1)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values of any shape; weights may have its first axes only."""
        x = real_array(f"{self.name}: values", values).astype(np.float64)
        w = spread(self.name, sample_weight, x.shape, share=False)
        self.state[0] += np.sum(x if w is None else x * w.reshape(x.shape))

    def result(self) -> Any:
        """The sum."""
        return as_result(self.state[0], self.dtype)


class Mean(Metric):
    """Σ w·v / Σ w: over the samples (first axis), each of which may have several values of which it has the mean.

    >>> mean = Mean()
    >>> mean.update_state([1, 3, 5, 7])
    >>> mean.result()
    4.0
    """

    default_name: ClassVar[str | None] = "mean"

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.state = np.zeros(2)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values of any shape; weights may have its first axes only."""
        x = real_array(f"{self.name}: values", values).astype(np.float64)
        lead = x.shape[: max(1, weight_axes(sample_weight, x))]
        w = spread(self.name, sample_weight, lead)
        w = np.ones(math.prod(lead)) if w is None else w
        means = x.reshape(w.size, math.prod(x.shape[len(lead) :])).mean(axis=1)
        self.state += np.sum(means * w), np.sum(w)

    def result(self) -> Any:
        """The mean, 0 before there is any."""
        total, weight = self.state.tolist()
        return as_result(total / weight if weight else 0.0, self.dtype)


class MeanMetricWrapper(Mean):
    """The mean of what a function of two tensors, y_true and y_pred, gives for each sample.

    >>> off = MeanMetricWrapper(lambda y_true, y_pred: abs(y_true - y_pred), name="off")
    >>> off(np.array([1.0, 2.0]), np.array([1.5, 2.0]))
    0.25
    """

    default_name = None

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        if not callable(fn):
            raise TypeError(f"MeanMetricWrapper: expected a function of (y_true, y_pred), got {brief(fn)}; give one")
        super().__init__(name, dtype)
        self.fn, self.kwargs = fn, kwargs

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Add a batch of targets and predictions."""
        y, p = (None if value is None else as_tensor(value) for value in (y_true, y_pred))
        super().update_state(self.fn(y, p, **self.kwargs), sample_weight)

    def __repr__(self) -> str:
        options = "".join(f", {key}={brief(value)}" for key, value in self.kwargs.items())
        return f"MeanMetricWrapper({brief(self.fn)}, name={self.name!r}{options})"

    def get_config(self) -> dict[str, Any]:
        """The settings, the function's own among them."""
        return {**super().get_config(), **{name: serialize(value) for name, value in self.kwargs.items()}}


# ---- means that C adds up


class KernelMean(KernelMetric):
    """The mean over samples of what a kernel gives for each; the kernel's name is the metric's."""

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name, dtype)
        self.state = np.zeros(2)

    def __init_subclass__(cls, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if "default_name" not in vars(cls):
            cls.default_name = cls.kernel

    def work_out(self) -> Any:
        """Σ w·v / Σ w, 0 before there is any."""
        total, weight = self.state.tolist()
        return total / weight if weight else 0.0
