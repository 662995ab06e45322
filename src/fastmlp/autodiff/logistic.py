"""The sigmoid and its relatives, and the error function."""

# mypy: disable-error-code="has-type,no-any-return"
# A primitive's gradient is made of primitives, itself among them: mypy cannot tell the type of one before the other.
from __future__ import annotations

import numpy as np

from fastmlp.autodiff.arithmetic import multiply, negative, subtract
from fastmlp.autodiff.functions import exp, real, square, vmath
from fastmlp.autodiff.primitive import primitive
from fastmlp.autodiff.shapes import unbroadcast

__all__ = ["erf", "erfc", "erfinv", "logaddexp"]  # what Keras has of it, activations apart

_SLOPE = float(2 / np.sqrt(np.pi))  # of the error function at 0


@primitive(lambda g, y, x: multiply(g, multiply(y, subtract(1, y))))
def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + e^-x)."""
    return vmath("sigmoid", x)


@primitive(lambda g, y, x: multiply(g, sigmoid(x)))
def softplus(x: np.ndarray) -> np.ndarray:
    """log(1 + e^x)."""
    return vmath("softplus", x)


@primitive(lambda g, y, x: multiply(g, sigmoid(negative(x))))
def log_sigmoid(x: np.ndarray) -> np.ndarray:
    """-log(1 + e^-x)."""
    return vmath("log_sigmoid", x)


@primitive(
    lambda g, y, a, b: unbroadcast(multiply(g, sigmoid(subtract(a, b))), a.shape),
    lambda g, y, a, b: unbroadcast(multiply(g, sigmoid(subtract(b, a))), b.shape),
)
def logaddexp(x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    """log(e^x1 + e^x2)."""
    return np.logaddexp(real(x1), real(x2))


# ---- the error function


@primitive(lambda g, y, x: multiply(g, multiply(exp(negative(square(x))), _SLOPE)))
def erf(x: np.ndarray) -> np.ndarray:
    """2/√π ∫ e^-t² dt from 0 to x."""
    return vmath("erf", x)


@primitive(lambda g, y, x: multiply(g, multiply(exp(negative(square(x))), -_SLOPE)))
def erfc(x: np.ndarray) -> np.ndarray:
    """1 - erf x, exact where that is small."""
    return vmath("erfc", x)


@primitive(lambda g, y, x: multiply(g, multiply(exp(square(y)), 1 / _SLOPE)))
def erfinv(x: np.ndarray) -> np.ndarray:
    """The number whose erf is x."""
    p = real(x).astype(np.float64)
    # Winitzki's approximation, good to 0.002, then Halley's steps: the second derivative of erf is -2y times the first
    log_of = np.log1p(-p * p)
    half = 2 / (np.pi * 0.147) + log_of / 2
    y = np.copysign(np.sqrt(np.sqrt(half * half - log_of / 0.147) - half), p)
    for _ in range(3):
        missing = np.where(p < 0, vmath("erfc", -y) - (1 + p), (1 - p) - vmath("erfc", y))
        step = missing / (_SLOPE * np.exp(-y * y))
        y = y - step / (1 + y * step)
    return np.where(np.abs(p) == 1, p * np.inf, y).astype(real(x).dtype)
