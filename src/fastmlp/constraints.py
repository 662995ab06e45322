"""What weights are held to after each update."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from fastmlp import _core
from fastmlp._arrays import real_array
from fastmlp._objects import Configurable, Family, deserializer
from fastmlp._objects import serialize as serialize
from fastmlp._validate import brief, number

EPSILON = 1e-7  # added to norms before dividing by them


class Constraint(Configurable):
    """A rule that weights obey; one of another kind overrides ``__call__``."""

    axis: int = 0
    kernel: ClassVar[str | None] = None

    def __call__(self, w: Any) -> np.ndarray:
        """A copy of weights `w` that obeys."""
        weights = np.array(real_array(type(self).__name__, w))
        if self.kernel is not None:
            name, params = self.lower()
            _core.constrain(name, weights, self.axis_of(weights.ndim), params)
        return weights

    def lower(self) -> tuple[str, tuple[float, ...]]:
        """The name of its kernel, and the parameters."""
        if self.kernel is None:
            raise ValueError(f"constraint: expected one of fastmlp's own, got {type(self).__name__}, which has no "
                             "kernel; take MaxNorm, MinMaxNorm, UnitNorm or NonNeg")  # fmt: skip
        return self.kernel, self._params()

    def _params(self) -> tuple[float, ...]:
        return ()

    def axis_of(self, ndim: int) -> int:
        """Its axis counted from 0, for weights of so many axes."""
        if not -ndim <= self.axis < ndim:
            raise ValueError(f"{type(self).__name__}: expected an axis of weights with {ndim} axes, got {self.axis}; "
                             "0 runs over the inputs of a unit")  # fmt: skip
        return self.axis % ndim

    def _set_axis(self, axis: Any) -> None:
        if isinstance(axis, (list, tuple)) and len(axis) == 1:
            axis = axis[0]
        if isinstance(axis, bool) or not hasattr(axis, "__index__"):
            raise TypeError(
                f"{type(self).__name__}: expected one axis, got {brief(axis)}; 0 runs over the inputs of a unit"
            )
        self.axis = int(axis)


class MaxNorm(Constraint):
    """Norms of at most `max_value`: ``w · min(‖w‖, max_value) / (ε + ‖w‖)``.

    Parameters
    ----------
    max_value
        The largest norm.
    axis
        What a norm runs along; 0 of a kernel (inputs, units) for one norm a unit.

    Examples
    --------
    >>> MaxNorm(5)([6.0, 8.0]).round(4).tolist()
    [3.0, 4.0]
    """

    kernel = "max_norm"

    def __init__(self, max_value: float = 2.0, axis: int = 0) -> None:
        self.max_value = number("MaxNorm: max_value", max_value, 0)
        self._set_axis(axis)

    def _params(self) -> tuple[float, ...]:
        return EPSILON, self.max_value


class MinMaxNorm(Constraint):
    """Norms between two bounds: ``w · (rate · clip(‖w‖, min_value, max_value) + (1 - rate) · ‖w‖) / (ε + ‖w‖)``.

    Parameters
    ----------
    min_value, max_value
        The bounds.
    rate
        How much of the way there each update goes, 0 to 1.
    axis
        What a norm runs along.
    """

    kernel = "min_max_norm"

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: int = 0) -> None:
        self.min_value = number("MinMaxNorm: min_value", min_value, 0)
        self.max_value = number("MinMaxNorm: max_value", max_value, self.min_value)
        self.rate = number("MinMaxNorm: rate", rate, 0, 1)
        self._set_axis(axis)

    def _params(self) -> tuple[float, ...]:
        return EPSILON, self.min_value, self.max_value, self.rate


class UnitNorm(Constraint):
    """Norms of 1: ``w / (ε + ‖w‖)`` along `axis`."""

    kernel = "unit_norm"

    def __init__(self, axis: int = 0) -> None:
        self._set_axis(axis)

    def _params(self) -> tuple[float, ...]:
        return (EPSILON,)


class NonNeg(Constraint):
    """No weight below 0.

    Examples
    --------
    >>> NonNeg()([-1.0, 2.0]).tolist()
    [0.0, 2.0]
    """

    kernel = "non_neg"


max_norm, min_max_norm, unit_norm, non_neg = MaxNorm, MinMaxNorm, UnitNorm, NonNeg

_family = Family("constraint", Constraint, {cls.kernel: cls for cls in (MaxNorm, MinMaxNorm, UnitNorm, NonNeg)})


def get(identifier: Any) -> Any:
    """The constraint meant by a name, a class, a config or itself; None stays None.

    Examples
    --------
    >>> get("max_norm")
    MaxNorm()
    """
    return _family.get(identifier)


deserialize = deserializer(get)
