"""Arithmetic on tensors, and what their operators do."""

# mypy: disable-error-code="has-type,no-any-return"
# A primitive's gradient is made of primitives, itself among them: mypy cannot tell the type of one before the other.
from __future__ import annotations

from typing import Any

import numpy as np

from fastmlp import _core
from fastmlp.autodiff.primitive import as_tensor, as_tensors, primitive
from fastmlp.autodiff.products import matmul
from fastmlp.autodiff.shapes import getitem, unbroadcast
from fastmlp.autodiff.tensor import operators


@primitive(lambda g, y, a, b: unbroadcast(g, a.shape), lambda g, y, a, b: unbroadcast(g, b.shape))
def add(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a + b."""
    return a + b


@primitive(lambda g, y, a, b: unbroadcast(g, a.shape), lambda g, y, a, b: unbroadcast(negative(g), b.shape))
def subtract(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a - b."""
    return a - b


@primitive(
    lambda g, y, a, b: unbroadcast(multiply(g, b), a.shape), lambda g, y, a, b: unbroadcast(multiply(g, a), b.shape)
)
def multiply(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a · b."""
    return a * b


def _true_quotient(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(a / b).astype(np.result_type(a.dtype, np.float32) if a.dtype.kind != "f" else a.dtype)


@primitive(
    lambda g, y, a, b: unbroadcast(divide(g, b), a.shape),
    lambda g, y, a, b: unbroadcast(negative(divide(multiply(g, y), b)), b.shape),
)
def divide(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """a / b."""
    return _true_quotient(a, b)


@primitive(lambda g, y, x: negative(g))
def negative(x: np.ndarray) -> np.ndarray:
    """-x."""
    return -x


@primitive(lambda g, y, x: multiply(g, y))
def exp(x: np.ndarray) -> np.ndarray:
    """e^x."""
    return _core.vmath("exp", x)


@primitive(lambda g, y, x: divide(g, x))
def log(x: np.ndarray) -> np.ndarray:
    """The natural logarithm."""
    return _core.vmath("log", x)


def _power_exponent(g: Any, y: Any, a: Any, b: Any) -> Any:
    """y · log a where a > 0, and 0 elsewhere: 0⁰ is 1 whatever moves the exponent."""
    positive = a.array > 0
    safe = where(positive, a, np.ones_like(a.array))
    return unbroadcast(where(positive, multiply(g, multiply(y, log(safe))), np.zeros_like(y.array)), b.shape)


@primitive(lambda g, y, a, b: unbroadcast(multiply(g, multiply(b, power(a, subtract(b, 1)))), a.shape), _power_exponent)
def power(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """aᵇ."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.power(a, b)


@primitive(
    None,
    lambda g, y, c, a, b: unbroadcast(where(c, g, np.zeros((), g.dtype)), a.shape),
    lambda g, y, c, a, b: unbroadcast(where(c, np.zeros((), g.dtype), g), b.shape),
)
def _where(condition: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.where(condition, a, b)


def where(condition: Any, a: Any, b: Any) -> Any:
    """a where the condition holds, b elsewhere."""
    return _where.on((as_tensor(condition), *as_tensors(a, b)), {})


operators(
    add=add,
    sub=subtract,
    mul=multiply,
    truediv=divide,
    pow=power,
    neg=negative,
    matmul=matmul,
    getitem=getitem,
)
