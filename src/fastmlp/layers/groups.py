"""Normalisation within rows, of any number of axes: by the root of the mean square, and in groups of features."""

from __future__ import annotations

from typing import Any

from fastmlp._validate import brief, number, whole
from fastmlp.autodiff import shapes
from fastmlp.autodiff.functions import rsqrt
from fastmlp.autodiff.reductions import mean, moments
from fastmlp.layers.base import Layer, Shape
from fastmlp.layers.normalization import _Scaled


def _width(where: str, axis: int, shape: Shape) -> int:
    """How long an axis is."""
    if not isinstance(axis, int) or not -len(shape) < axis < len(shape) or axis % len(shape) == 0:
        raise ValueError(f"{where}: expected an axis of a row, got axis={axis!r} for input shape {shape}; change it")
    width = shape[axis]
    if width is None:
        raise ValueError(f"{where}: expected a known size of axis {axis}, got input shape {shape}; put Input first")
    return width


class RMSNormalization(Layer):
    """``scale · x / √(mean of x² + ε)``, the mean being over one axis or several.

    Parameters
    ----------
    axis
        That of the features: -1; or several.
    epsilon
        Keeps the root from 0.

    Examples
    --------
    >>> RMSNormalization(epsilon=0.0)([[3.0, 3.0]]).numpy().tolist()
    [[1.0, 1.0]]
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **settings: Any) -> None:
        super().__init__(**settings)
        self.axis, self.epsilon = axis, number("RMSNormalization: epsilon", epsilon, 0)

    def build_weights(self, shape: Shape) -> None:
        """Make the scale."""
        self._axes = self.axis if isinstance(self.axis, (list, tuple)) else [self.axis]
        for axis in self._axes:
            _width(self.name, axis, shape)
        self._axes = tuple(sorted(axis % len(shape) for axis in self._axes))
        self.scale = self.add_weight([shape[axis] for axis in self._axes], "ones", name="scale")

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The rows, each at its own scale."""
        spread = [n if axis in self._axes else 1 for axis, n in enumerate(inputs.shape)]
        inverse = rsqrt(mean(inputs * inputs, self._axes, keepdims=True) + self.epsilon)
        return inputs * inverse * shapes.reshape(self.scale, spread)


class GroupNormalization(_Scaled):
    """``γ (x - mean) / √(variance + ε) + β``, mean and variance being those of a group of features of a row.

    Parameters
    ----------
    groups
        How many groups; -1 makes each feature one.
    axis
        That of the features.
    epsilon
        Keeps the root from 0.
    center, scale
        Whether there is a β, a γ.
    beta_initializer, gamma_initializer
        What they start from.
    beta_regularizer, gamma_regularizer
        Penalties on them.
    beta_constraint, gamma_constraint
        What they are held to after each update.
    """

    def __init__(self, groups: int = 32, axis: int = -1, *args: Any, **settings: Any) -> None:
        super().__init__(axis, *args, **settings)
        if groups != -1:
            whole("GroupNormalization: groups", groups)
        self.groups = groups

    def last_axis(self, axis: Any, shape: Shape) -> int:
        """How many features there are, which groups must part evenly."""
        width = _width(self.name, axis, shape)
        groups = width if self.groups == -1 else self.groups
        if width % groups:
            raise ValueError(f"{self.name}: expected groups that part {width} features evenly, got {brief(groups)}; "
                             "change groups=")  # fmt: skip
        return width

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The rows, each group of features at its own scale."""
        shape = tuple(inputs.shape)
        at = self.axis % len(shape)
        groups = shape[at] if self.groups == -1 else self.groups
        parted = shapes.reshape(inputs, (*shape[:at], groups, shape[at] // groups, *shape[at + 1 :]))
        axes = [axis for axis in range(1, len(shape) + 1) if axis != at]
        middle, variance = moments(parted, axes, keepdims=True)
        y = shapes.reshape((parted - middle) * rsqrt(variance + self.epsilon), shape)
        spread = [n if axis == at else 1 for axis, n in enumerate(shape)]
        y = y if self.gamma is None else y * shapes.reshape(self.gamma, spread)
        return y if self.beta is None else y + shapes.reshape(self.beta, spread)
