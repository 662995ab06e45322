"""Powers, roots, exponentials and logarithms."""

# mypy: disable-error-code="has-type,no-any-return"
# A primitive's gradient is made of primitives, itself among them: mypy cannot tell the type of one before the other.
from __future__ import annotations

from typing import Any

import numpy as np

from fastmlp import _core, config
from fastmlp._validate import brief
from fastmlp.autodiff.arithmetic import add, divide, multiply, negative, subtract, where
from fastmlp.autodiff.comparisons import equal
from fastmlp.autodiff.making import ones_like, zeros_like
from fastmlp.autodiff.primitive import as_tensors, primitive
from fastmlp.autodiff.shapes import unbroadcast

# fmt: off
__all__ = [
    "cbrt", "exp", "exp2", "expm1", "log", "log10", "log1p", "log2", "power", "reciprocal", "rsqrt", "sqrt",
    "square",
]
# fmt: on


def real(x: np.ndarray) -> np.ndarray:
    """Whole numbers as floats: those of `config.floatx`."""
    if x.dtype.kind not in "biuf":
        raise TypeError(f"operation: expected real numbers, got {brief(x)}; convert it to float32")
    return x if x.dtype.kind == "f" else x.astype(config.floatx())


def vmath(name: str, x: np.ndarray) -> np.ndarray:
    """A function of the engine; halves are computed as singles."""
    x = real(x)
    return _core.vmath(name, x) if x.itemsize > 2 else _core.vmath(name, x.astype(np.float32)).astype(x.dtype)


# ---- powers and roots


def _power_base(g: Any, y: Any, a: Any, b: Any) -> Any:
    """b·aᵇ⁻¹, which is 0 for b = 0 even where a is 0."""
    less_one = subtract(where(b.array == 0, np.ones_like(b.array), b), 1)
    return unbroadcast(multiply(g, multiply(b, power(a, less_one))), a.shape)


def _power_exponent(g: Any, y: Any, a: Any, b: Any) -> Any:
    """y · log a where a > 0, and 0 elsewhere: 0⁰ is 1 whatever moves the exponent."""
    positive = a.array > 0
    safe = where(positive, a, np.ones_like(a.array))
    return unbroadcast(where(positive, multiply(g, multiply(y, log(safe))), np.zeros_like(y.array)), b.shape)


@primitive(_power_base, _power_exponent)
def power(x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    """x1 to the power of x2."""
    return np.power(x1, x2)


@primitive(lambda g, y, x: multiply(g, multiply(x, 2)))
def square(x: np.ndarray) -> np.ndarray:
    """x²."""
    return np.square(x)


@primitive(lambda g, y, x: divide(g, multiply(y, 2)))
def sqrt(x: np.ndarray) -> np.ndarray:
    """√x."""
    return np.sqrt(real(x))


@primitive(lambda g, y, x: multiply(g, multiply(-0.5, divide(y, x))))
def rsqrt(x: np.ndarray) -> np.ndarray:
    """1 / √x."""
    root = np.sqrt(real(x))
    return np.divide(1, root, dtype=root.dtype)


@primitive(lambda g, y, x: divide(g, multiply(square(y), 3)))
def cbrt(x: np.ndarray) -> np.ndarray:
    """The cube root."""
    return np.cbrt(real(x))


@primitive(lambda g, y, x: negative(multiply(g, square(y))))
def reciprocal(x: np.ndarray) -> np.ndarray:
    """1 / x."""
    x = real(x)
    return np.divide(1, x, dtype=x.dtype)


# ---- exponentials


@primitive(lambda g, y, x: multiply(g, y))
def exp(x: np.ndarray) -> np.ndarray:
    """e^x."""
    return vmath("exp", x)


@primitive(lambda g, y, x: multiply(g, multiply(y, float(np.log(2)))))
def exp2(x: np.ndarray) -> np.ndarray:
    """2^x."""
    return np.exp2(real(x))


@primitive(lambda g, y, x: multiply(g, add(y, 1)))
def expm1(x: np.ndarray) -> np.ndarray:
    """e^x - 1, exact near 0."""
    return vmath("expm1", x)


# ---- logarithms


@primitive(lambda g, y, x: divide(g, x))
def log(x: np.ndarray) -> np.ndarray:
    """The natural logarithm."""
    return vmath("log", x)


@primitive(lambda g, y, x: divide(g, add(x, 1)))
def log1p(x: np.ndarray) -> np.ndarray:
    """log(1 + x), exact near 0."""
    return vmath("log1p", x)


@primitive(lambda g, y, x: divide(g, multiply(x, float(np.log(2)))))
def log2(x: np.ndarray) -> np.ndarray:
    """The logarithm to base 2."""
    return np.log2(real(x))


@primitive(lambda g, y, x: divide(g, multiply(x, float(np.log(10)))))
def log10(x: np.ndarray) -> np.ndarray:
    """The logarithm to base 10."""
    return np.log10(real(x))


def xlogy(x1: Any, x2: Any) -> Any:
    """x1 · log x2, and 0 where x1 is 0."""
    a, b = as_tensors(x1, x2)
    nothing = equal(a, 0)
    return where(nothing, zeros_like(multiply(a, 1.0)), multiply(a, log(where(nothing, ones_like(b), b))))
