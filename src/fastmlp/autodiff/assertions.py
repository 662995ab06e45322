"""Checks of tensors that raise: what TensorFlow has in tf.debugging."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastmlp._validate import brief
from fastmlp.autodiff.making import dtype_named
from fastmlp.autodiff.primitive import as_tensor, as_tensors


def _refuse(where: str, rule: str, got: str, message: Any) -> None:
    raise ValueError(f"{where}: expected {rule}, got {got}; {message or 'look where it comes from'}")


def _compare(where: str, rule: str, holds: Callable[..., Any]) -> Callable[..., None]:
    """A check of two tensors, number by number."""

    def check(x: Any, y: Any, message: Any = None, summarize: Any = None) -> None:
        a, b = (t.array for t in as_tensors(x, y))
        wrong = np.argwhere(~np.asarray(holds(a, b)))
        if len(wrong):
            shape = np.broadcast_shapes(a.shape, b.shape)
            at = tuple(int(i) for i in wrong[0])
            left, right = np.broadcast_to(a, shape)[at], np.broadcast_to(b, shape)[at]
            _refuse(where, f"x {rule} y everywhere", f"{left} and {right} at {at}", message)

    return check


assert_equal = _compare("assert_equal", "==", np.equal)
_differ = _compare("assert_none_equal", "!=", np.not_equal)

assert_less = _compare("assert_less", "<", np.less)
assert_less_equal = _compare("assert_less_equal", "<=", np.less_equal)
assert_greater = _compare("assert_greater", ">", np.greater)
assert_greater_equal = _compare("assert_greater_equal", ">=", np.greater_equal)


def assert_none_equal(x: Any, y: Any, summarize: Any = None, message: Any = None) -> None:
    """Nowhere the same."""
    _differ(x, y, message)


def _sign(where: str, rule: str, holds: Callable[..., Any]) -> Callable[..., None]:
    """A check of one tensor beside 0."""
    beside = _compare(where, rule, holds)
    return lambda x, message=None, summarize=None: beside(x, 0, message)


assert_positive = _sign("assert_positive", ">", np.greater)
assert_negative = _sign("assert_negative", "<", np.less)
assert_non_negative = _sign("assert_non_negative", ">=", np.greater_equal)
assert_non_positive = _sign("assert_non_positive", "<=", np.less_equal)


def assert_near(x: Any, y: Any, rtol: Any = None, atol: Any = None, message: Any = None, summarize: Any = None) -> None:
    """|x - y| ≤ atol + rtol·|y|, each ten times the machine's epsilon unless given."""
    a, b = as_tensors(x, y)
    small = 10 * float(np.finfo(a.dtype).eps) if a.dtype.kind == "f" else 0.0
    r, most = (small if v is None else float(v) for v in (rtol, atol))
    _compare("assert_near", "near", lambda a, b: np.abs(a - b) <= most + r * np.abs(b))(a, b, message)


def assert_all_finite(x: Any, message: Any = None) -> Any:
    """Neither NaN nor infinite; gives x."""
    array = as_tensor(x).array
    bad = int(array.size - np.isfinite(array).sum())
    if bad:
        _refuse("assert_all_finite", "finite numbers", f"{bad} of {array.size} that are NaN or infinite", message)
    return as_tensor(x)


def assert_rank(x: Any, rank: int, message: Any = None) -> None:
    """So many axes."""
    if len(as_tensor(x).shape) != int(rank):
        _refuse("assert_rank", f"{int(rank)} axes", brief(as_tensor(x)), message)


def assert_shapes(shapes: Any, data: Any = None, summarize: Any = None, message: Any = None) -> None:
    """Shapes, in which a letter stands for the same length everywhere."""
    known: dict[str, int] = {}
    for x, shape in shapes.items() if isinstance(shapes, dict) else shapes:
        found: Sequence[int] = as_tensor(x).shape
        fits = len(found) == len(shape) and all(
            n is None or (known.setdefault(n, m) if isinstance(n, str) and not n.isdigit() else int(n)) == m
            for n, m in zip(shape, found)
        )
        if not fits:
            _refuse("assert_shapes", f"shape {tuple(shape)} {known or ''}", str(tuple(found)), message)


def assert_type(x: Any, tf_type: Any, message: Any = None) -> None:
    """Numbers of this type."""
    if as_tensor(x).dtype != dtype_named(tf_type):
        _refuse("assert_type", str(dtype_named(tf_type)), str(as_tensor(x).dtype), message)


def assert_integer(x: Any, message: Any = None) -> None:
    """Whole numbers."""
    if as_tensor(x).dtype.kind not in "iu":
        _refuse("assert_integer", "whole numbers", str(as_tensor(x).dtype), message)


def assert_true(condition: Any, data: Any = None, summarize: Any = None) -> None:
    """All of it true; data is shown if not."""
    if not bool(np.all(as_tensor(condition).array)):
        _refuse("Assert", "a condition that holds", brief(data), None)
