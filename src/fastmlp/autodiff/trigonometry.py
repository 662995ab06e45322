"""Sines and cosines, circular and hyperbolic, and their inverses."""

# mypy: disable-error-code="has-type,no-any-return"
# A primitive's gradient is made of primitives, itself among them: mypy cannot tell the type of one before the other.
from __future__ import annotations

from typing import Any

import numpy as np

from fastmlp.autodiff.arithmetic import add, divide, multiply, negative, subtract
from fastmlp.autodiff.functions import real, reciprocal, rsqrt, sqrt, square, vmath
from fastmlp.autodiff.primitive import primitive
from fastmlp.autodiff.shapes import unbroadcast

# fmt: off
__all__ = [  # what Keras has of it, activations apart
    "arccos", "arccosh", "arcsin", "arcsinh", "arctan2", "arctanh", "cos", "cosh", "deg2rad", "hypot", "rad2deg", "sin",
    "sinh", "tan",
]
# fmt: on


@primitive(lambda g, y, x: multiply(g, cos(x)))
def sin(x: np.ndarray) -> np.ndarray:
    """sin x."""
    return np.sin(real(x))


@primitive(lambda g, y, x: negative(multiply(g, sin(x))))
def cos(x: np.ndarray) -> np.ndarray:
    """cos x."""
    return np.cos(real(x))


@primitive(lambda g, y, x: multiply(g, add(square(y), 1)))
def tan(x: np.ndarray) -> np.ndarray:
    """tan x."""
    return np.tan(real(x))


@primitive(lambda g, y, x: multiply(g, rsqrt(subtract(1, square(x)))))
def arcsin(x: np.ndarray) -> np.ndarray:
    """The angle between -π/2 and π/2 whose sine is x."""
    return np.arcsin(real(x))


@primitive(lambda g, y, x: negative(multiply(g, rsqrt(subtract(1, square(x))))))
def arccos(x: np.ndarray) -> np.ndarray:
    """The angle between 0 and π whose cosine is x."""
    return np.arccos(real(x))


@primitive(lambda g, y, x: divide(g, add(square(x), 1)))
def arctan(x: np.ndarray) -> np.ndarray:
    """The angle between -π/2 and π/2 whose tangent is x."""
    return vmath("atan", x)


@primitive(
    lambda g, y, a, b: unbroadcast(multiply(g, divide(b, add(square(a), square(b)))), a.shape),
    lambda g, y, a, b: unbroadcast(negative(multiply(g, divide(a, add(square(a), square(b))))), b.shape),
)
def arctan2(x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    """The angle of the point (x2, x1), between -π and π."""
    return np.arctan2(real(x1), real(x2))


@primitive(
    lambda g, y, a, b: unbroadcast(multiply(g, divide(a, y)), a.shape),
    lambda g, y, a, b: unbroadcast(multiply(g, divide(b, y)), b.shape),
)
def hypot(x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    """√(x1² + x2²)."""
    return np.hypot(real(x1), real(x2))


# ---- hyperbolic


@primitive(lambda g, y, x: multiply(g, cosh(x)))
def sinh(x: np.ndarray) -> np.ndarray:
    """sinh x."""
    return np.sinh(real(x))


@primitive(lambda g, y, x: multiply(g, sinh(x)))
def cosh(x: np.ndarray) -> np.ndarray:
    """cosh x."""
    return np.cosh(real(x))


@primitive(lambda g, y, x: multiply(g, subtract(1, square(y))))
def tanh(x: np.ndarray) -> np.ndarray:
    """tanh x."""
    return vmath("tanh", x)


@primitive(lambda g, y, x: divide(g, sqrt(add(square(x), 1))))
def arcsinh(x: np.ndarray) -> np.ndarray:
    """The number whose sinh is x."""
    return np.arcsinh(real(x))


@primitive(lambda g, y, x: divide(g, sqrt(subtract(square(x), 1))))
def arccosh(x: np.ndarray) -> np.ndarray:
    """The number from 0 up whose cosh is x."""
    return np.arccosh(real(x))


@primitive(lambda g, y, x: multiply(g, reciprocal(subtract(1, square(x)))))
def arctanh(x: np.ndarray) -> np.ndarray:
    """The number whose tanh is x."""
    return np.arctanh(real(x))


# ---- degrees


def deg2rad(x: Any) -> Any:
    """Degrees as radians."""
    return multiply(x, float(np.pi / 180))


def rad2deg(x: Any) -> Any:
    """Radians as degrees."""
    return multiply(x, float(180 / np.pi))
