"""Elementwise activations against their twins: values, derivatives, awkward sizes, NaN and infinities."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import _core
from lookup import Guarded, slope, twin
from shapes import LENGTHS
from tolerance import assert_close

KERNELS = _core.registry("activation")

# parameters to test with, in the registry's order; kernels without an entry take none
PARAMS: dict[str, list[tuple[float, ...]]] = {}

# where a derivative jumps, so that finite differences keep away
KINKS: dict[str, list[float]] = {"relu": [0.0]}

CASES = [(name, p) for name in KERNELS for p in PARAMS.get(name, [()])]


def inputs(n, dtype, rng):
    """Values of every size, both signs, and the points where activations change shape."""
    z = np.concatenate([rng.normal(0, 3, n), rng.normal(0, 30, n), [0.0, -0.0, 1.0, -1.0, 0.5, 3.0, 6.0]])
    return rng.permutation(z)[:n].astype(dtype)


def saved_for(name, z, params):
    """What the kernel's backward wants: z, or the forward's own output."""
    return z if KERNELS[name].traits else _core.activation_fwd(name, z, params)


@pytest.mark.parametrize(("name", "params"), CASES)
@pytest.mark.parametrize("n", LENGTHS)
def test_forward_equals_twin(name, params, n, dtype, rng):
    z = inputs(n, dtype, rng)
    before = z.copy()
    out = Guarded(z.shape, dtype)
    y = _core.activation_fwd(name, z, params, out=out.array)
    out.check()
    assert_close(y, twin("activations", name, "z, …")(z.astype(np.float64), *params), ulps=8, label=name)
    assert z.tobytes() == before.tobytes()
    if n > 16:
        assert len(np.unique(z)) > n // 2, "the test's own inputs do not vary"
        assert np.abs(y).sum() > 0


@pytest.mark.parametrize(("name", "params"), CASES)
@pytest.mark.parametrize("n", LENGTHS)
def test_backward_equals_twin(name, params, n, dtype, rng):
    z, dy = inputs(n, dtype, rng), rng.normal(size=n).astype(dtype)
    out = Guarded(z.shape, dtype)
    saved = saved_for(name, z, params)
    dz = _core.activation_bwd(name, saved, dy, params, out=out.array)
    out.check()
    exact = twin("activations", f"{name}_grad", "z, …")(z.astype(np.float64), *params)
    # a derivative computed from a rounded output carries that output's rounding: one ulp of 1
    assert_close(dz, exact * dy, ulps=16, scale=np.abs(dy.astype(np.float64)), terms=8, label=name)


@pytest.mark.parametrize(("name", "params"), CASES)
def test_twin_derivative_by_finite_differences(name, params, rng):
    z = rng.normal(0, 2, 400)
    for kink in KINKS.get(name, []):
        z = z[np.abs(z - kink) > 0.01]
    f = twin("activations", name)
    np.testing.assert_allclose(
        twin("activations", f"{name}_grad")(z, *params), slope(lambda x: f(x, *params), z), rtol=1e-6, atol=1e-8
    )


@pytest.mark.parametrize(("name", "params"), CASES)
def test_nan_and_infinity(name, params, dtype):
    z = np.array([np.nan, np.inf, -np.inf, 0.0] * 5, dtype)
    with np.errstate(all="ignore"):
        expected = twin("activations", name)(z.astype(np.float64), *params)
    y = _core.activation_fwd(name, z, params)
    np.testing.assert_array_equal(np.isnan(y), np.isnan(expected))
    assert np.isnan(y[::4]).all(), "a NaN must survive"
    assert_close(y, expected, label=name)


def test_threads_split_evenly_and_agree(every_thread, rng):
    z = inputs(100_003, np.float32, rng)
    results = set()
    for n in (1, 2, 3, 5, 8):
        _core.set_threads(n)
        results.add(_core.activation_fwd("tanh", z).tobytes())
    assert len(results) == 1


def bit_cases(dtype):
    """What test_bits.py runs at every level and thread count."""
    rng = np.random.default_rng(1)
    z, dy = inputs(3001, dtype, rng), rng.normal(size=3001).astype(dtype)
    for name, params in CASES:
        yield f"{name}{params}", lambda name=name, params=params: (
            _core.activation_fwd(name, z, params),
            _core.activation_bwd(name, saved_for(name, z, params), dy, params),
        )
