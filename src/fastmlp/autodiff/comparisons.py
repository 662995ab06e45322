"""Comparisons and logic: what they give are truth values, and those have no gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmlp.autodiff.primitive import Primitive, as_tensor, primitive

# fmt: off
__all__ = [
    "allclose", "bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor", "equal", "greater", "greater_equal",
    "isclose", "isfinite", "isinf", "isnan", "isneginf", "isposinf", "less", "less_equal", "logical_and",
    "logical_not", "logical_or", "logical_xor", "not_equal", "signbit",
]
# fmt: on


def _truth(name: str, text: str, function: Any, arguments: int) -> Primitive:
    """A function that gives truth values."""

    def forward(*arrays: np.ndarray) -> Any:  # of this module, by which files find it again
        return function(*arrays)

    found = Primitive(name, forward, [None] * arguments)
    found.__doc__ = text
    return found


equal = _truth("equal", "Where x1 = x2.", np.equal, 2)
not_equal = _truth("not_equal", "Where x1 ≠ x2.", np.not_equal, 2)
less = _truth("less", "Where x1 < x2.", np.less, 2)
less_equal = _truth("less_equal", "Where x1 ≤ x2.", np.less_equal, 2)
greater = _truth("greater", "Where x1 > x2.", np.greater, 2)
greater_equal = _truth("greater_equal", "Where x1 ≥ x2.", np.greater_equal, 2)
logical_and = _truth("logical_and", "Where both are.", np.logical_and, 2)
logical_or = _truth("logical_or", "Where one is, or both.", np.logical_or, 2)
logical_xor = _truth("logical_xor", "Where one is and the other is not.", np.logical_xor, 2)
logical_not = _truth("logical_not", "Where it is not.", np.logical_not, 1)
isnan = _truth("isnan", "Where it is NaN.", np.isnan, 1)
isinf = _truth("isinf", "Where it is infinite.", np.isinf, 1)
isfinite = _truth("isfinite", "Where it is neither NaN nor infinite.", np.isfinite, 1)
isposinf = _truth("isposinf", "Where it is ∞.", np.isposinf, 1)
isneginf = _truth("isneginf", "Where it is -∞.", np.isneginf, 1)
signbit = _truth("signbit", "Where it has a minus, -0 among them.", np.signbit, 1)


@primitive(None, None)
def _isclose(x1: np.ndarray, x2: np.ndarray, rtol: float, atol: float, equal_nan: bool) -> np.ndarray:
    return np.asarray(np.isclose(x1, x2, rtol, atol, equal_nan))


def isclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Where |x1 - x2| ≤ atol + rtol·|x2|."""
    return _isclose(x1, x2, rtol=rtol, atol=atol, equal_nan=equal_nan)


def allclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether |x1 - x2| ≤ atol + rtol·|x2| everywhere."""
    return as_tensor(bool(np.all(isclose(x1, x2, rtol, atol, equal_nan).numpy())))


# ---- bits


bitwise_and = _truth("bitwise_and", "The bits that both have.", np.bitwise_and, 2)
bitwise_or = _truth("bitwise_or", "The bits that one has, or both.", np.bitwise_or, 2)
bitwise_xor = _truth("bitwise_xor", "The bits that one of them has.", np.bitwise_xor, 2)
bitwise_not = _truth("bitwise_not", "The bits that it has not.", np.bitwise_not, 1)
