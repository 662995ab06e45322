"""How close is close: every tolerance of the suite, derived from the element type and the operation."""

from __future__ import annotations

import numpy as np

ULPS = {  # of the vector maths, as stated in csrc/kernels/vmath.h
    "default": 4,
}


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


# A training run feeds its rounding back into itself, so no bound by element holds for long: what is bounded is the error
# of the whole displacement (end - start) relative to its size, after a few dozen steps.
TRAINING = {"float32": 1e-3, "float64": 1e-9}


def assert_trained_alike(actual, expected, start, label=""):
    """The weights moved from ``start`` to where the float64 reference moved them."""
    actual, expected, start = (np.asarray(a) for a in (actual, expected, start))
    error = np.linalg.norm(actual.astype(np.float64) - expected)
    moved = np.linalg.norm(expected - start)
    assert moved > 0, f"{label}: the reference did not move"
    bound = TRAINING[actual.dtype.name] * moved + np.finfo(actual.dtype).eps * np.linalg.norm(expected)
    assert error <= bound, f"{label}: off by {error:.3g} after a move of {moved:.3g}, bound {bound:.3g}"
