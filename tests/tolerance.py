"""How close is close: every tolerance of the suite, derived from the element type and the operation."""

from __future__ import annotations

import numpy as np

ULPS = {  # of the vector maths in float32 and float64, as stated in csrc/kernels/vmath.h
    "exp": (1.1, 1.1),
    "expm1": (1.6, 2.1),
    "log": (0.9, 0.9),
    "log1p": (1.6, 1.6),
    "tanh": (2.6, 2.7),
    "sigmoid": (2.1, 2.2),
    "softplus": (1.8, 1.8),
    "log_sigmoid": (1.8, 1.8),
    "erf": (1.9, 2.0),
    "erfc": (4.5, 4.6),
    "atan": (1.3, 1.3),
    "sin2pi": (1.0, 1.0),
    "cos2pi": (0.9, 0.9),
}


def ulp_error(actual, exact):
    """How far ``actual`` is from ``exact`` (of a wider type), in units of the last place of the exact number.

    What rounds to infinity must be infinite and NaN must meet NaN: anything else there counts as infinitely far. Below
    the smallest normal number any result up to that number is right.
    """
    info = np.finfo(actual.dtype)
    exact = np.asarray(exact)
    with np.errstate(all="ignore"):
        exponent = np.maximum(np.frexp(np.abs(exact))[1] - 1, info.minexp)
        error = np.abs(actual.astype(exact.dtype) - exact) / np.ldexp(exact.dtype.type(1), exponent - info.nmant)
        rounded = exact.astype(actual.dtype)
        tiny = np.abs(exact) < info.tiny
    error = np.where(tiny, np.where(np.abs(actual) <= info.tiny, 0, np.inf), error)
    special = ~np.isfinite(rounded)
    same = (actual == rounded) | (np.isnan(actual) & np.isnan(rounded))
    return np.where(special, np.where(same, 0, np.inf), error)


def assert_close(actual, expected, *, ulps=8.0, terms=1, scale=None, label=""):
    """``actual`` (float32 or float64) agrees with the float64 ``expected``.

    The bound for each element is ``ulps`` roundings of its own size, plus those of a sum of ``terms`` numbers whose
    absolute values add up to ``scale`` (an array or a number; None: no sum is involved). Infinities must be equal and
    NaN must meet NaN. Results below the smallest normal number may be flushed to zero.
    """
    actual = np.asarray(actual)
    expected = np.asarray(expected, dtype=np.float64)
    info = np.finfo(actual.dtype)
    assert actual.shape == expected.shape, f"{label}: shape {actual.shape}, expected {expected.shape}"
    with np.errstate(over="ignore"):  # what float32 cannot hold is infinite there
        expected = expected.astype(actual.dtype).astype(np.float64)
    a = actual.astype(np.float64)
    special = ~np.isfinite(expected)
    np.testing.assert_array_equal(a[special], expected[special], err_msg=label)
    bound = ulps * info.eps * np.abs(expected) + 2 * info.tiny
    if scale is not None:
        bound = bound + np.asarray(scale) * terms * info.eps
    with np.errstate(invalid="ignore"):
        wrong = ~special & ~(np.abs(a - expected) <= bound)
    if wrong.any():
        i = np.unravel_index(np.argmax(np.where(wrong, np.abs(a - expected) / bound, 0)), wrong.shape)
        raise AssertionError(
            f"{label}: {wrong.sum()} of {wrong.size} elements are off; worst at {i}: "
            f"got {a[i]!r}, expected {expected[i]!r}, bound {np.broadcast_to(bound, a.shape)[i]:.3g}"
        )


# A training run feeds its rounding back into itself, so no bound by element holds for long: what is bounded is the
# error of the whole displacement (end - start) relative to its size, after a few dozen steps.
TRAINING = {"float32": 1e-3, "float64": 1e-9}


def assert_trained_alike(actual, expected, start, label=""):
    """The weights moved from ``start`` to where the float64 reference moved them."""
    actual, expected, start = (np.asarray(a) for a in (actual, expected, start))
    error = np.linalg.norm(actual.astype(np.float64) - expected)
    moved = np.linalg.norm(expected - start)
    assert moved > 0, f"{label}: the reference did not move"
    bound = TRAINING[actual.dtype.name] * moved + np.finfo(actual.dtype).eps * np.linalg.norm(expected)
    assert error <= bound, f"{label}: off by {error:.3g} after a move of {moved:.3g}, bound {bound:.3g}"
