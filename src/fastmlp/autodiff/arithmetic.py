"""Arithmetic on tensors."""

# mypy: disable-error-code="has-type,no-any-return"
# A primitive's gradient is made of primitives, itself among them: mypy cannot tell the type of one before the other.
from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from fastmlp.autodiff.comparisons import equal
from fastmlp.autodiff.making import ones_like, zeros_like
from fastmlp.autodiff.primitive import as_tensor, as_tensors, primitive
from fastmlp.autodiff.shapes import unbroadcast

__all__ = ["add", "divide", "divide_no_nan", "multiply", "negative", "nonzero", "subtract", "where"]


@primitive(lambda g, y, a, b: unbroadcast(g, a.shape), lambda g, y, a, b: unbroadcast(g, b.shape))
def add(x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    """x1 + x2."""
    return x1 + x2


@primitive(lambda g, y, a, b: unbroadcast(g, a.shape), lambda g, y, a, b: unbroadcast(negative(g), b.shape))
def subtract(x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    """x1 - x2."""
    return x1 - x2


@primitive(
    lambda g, y, a, b: unbroadcast(multiply(g, b), a.shape), lambda g, y, a, b: unbroadcast(multiply(g, a), b.shape)
)
def multiply(x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    """x1 · x2."""
    return x1 * x2


@primitive(
    lambda g, y, a, b: unbroadcast(divide(g, b), a.shape),
    lambda g, y, a, b: unbroadcast(negative(divide(multiply(g, y), b)), b.shape),
)
def divide(x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    """x1 / x2."""
    return np.true_divide(x1, x2, dtype=x1.dtype if x1.dtype.kind == "f" else np.result_type(x1.dtype, np.float32))


@primitive(lambda g, y, x: negative(g))
def negative(x: np.ndarray) -> np.ndarray:
    """-x."""
    return -x


@primitive(
    None,
    lambda g, y, c, a, b: unbroadcast(where(c, g, np.zeros((), g.dtype)), a.shape),
    lambda g, y, c, a, b: unbroadcast(where(c, np.zeros((), g.dtype), g), b.shape),
    mixed=True,
)
def _where(condition: np.ndarray, x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    return np.where(condition, x1, x2)


def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """x1 where the condition holds, x2 elsewhere; the positions where it holds if there is a condition alone."""
    if x1 is None and x2 is None:
        return nonzero(condition)
    if x1 is None or x2 is None:
        raise ValueError("where: expected x1 and x2, or neither, got one of them; give the other")
    return _where(condition, *as_tensors(x1, x2))


def nonzero(x: Any) -> tuple[Any, ...]:
    """The positions of all that is not 0, an array an axis."""
    return tuple(as_tensor(i.astype(np.int32)) for i in np.nonzero(np.asarray(as_tensor(x))))


def divide_no_nan(x1: Any, x2: Any) -> Any:
    """x1 / x2, and 0 where x2 is 0."""
    a, b = as_tensors(x1, x2)
    nothing = equal(b, 0)
    return where(nothing, zeros_like(divide(a, 1)), divide(a, where(nothing, ones_like(b), b)))


@primitive(
    lambda g, y, a, b: unbroadcast(multiply_no_nan(g, b), a.shape),
    lambda g, y, a, b: unbroadcast(multiply(g, a), b.shape),
)
def multiply_no_nan(x1: np.ndarray, x2: np.ndarray) -> np.ndarray:
    """x1 · x2, and 0 where x2 is 0, whatever x1 is."""
    return np.where(x2 == 0, np.zeros((), x1.dtype), x1 * x2)


def squared_difference(x1: Any, x2: Any) -> Any:
    """(x1 - x2)²."""
    d = subtract(x1, x2)
    return multiply(d, d)


def add_n(inputs: Any) -> Any:
    """The sum of a list of tensors."""
    return reduce(add, inputs) if len(inputs) > 1 else as_tensor(inputs[0])
