"""Elementwise activations against their twins: values, derivatives, awkward sizes, NaN and infinities."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import _core
from lookup import Guarded, slope, twin
from shapes import LENGTHS
from tolerance import assert_close

KERNELS = _core.registry("activation")

# parameters to test with, in the registry's order; kernels without an entry get 0.5 for each they take
PARAMS: dict[str, list[tuple[float, ...]]] = {
    "scaled_linear": [(0.5,), (-2.0,)],
    "relu_general": [(0.0, np.inf, 0.0), (0.0, 6.0, 0.0), (0.25, 6.0, 1.0), (-0.5, np.inf, 0.5)],
    "leaky_relu": [(0.2,), (0.25,)],
    "elu": [(1.0,), (0.25,)],
    "celu": [(1.0,), (0.25,)],
    "swish": [(1.0,), (1.7,), (-0.5,)],
    "soft_shrink": [(0.5,), (0.0,)],
    "hard_shrink": [(0.5,), (0.0,)],
    "threshold": [(0.5, 20.0), (-1.0, 0.0)],
    "squareplus": [(4.0,), (0.5,)],
}

# where a function or its derivative jumps, so that finite differences keep away
KINKS: dict[str, list[float]] = {
    "relu": [0.0],
    "relu_general": [0.0, 0.5, 1.0, 6.0],
    "leaky_relu": [0.0],
    "relu6": [0.0, 6.0],
    "elu": [0.0],
    "selu": [0.0],
    "celu": [0.0],
    "softsign": [0.0],  # its second derivative jumps
    "hard_sigmoid": [-3.0, 3.0],
    "hard_tanh": [-1.0, 1.0],
    "hard_silu": [-3.0, 3.0],
    "soft_shrink": [-0.5, 0.0, 0.5],
    "hard_shrink": [-0.5, 0.0, 0.5],
    "threshold": [-1.0, 0.5],
    "sparse_plus": [-1.0, 1.0],
    "sparse_sigmoid": [-1.0, 1.0],
    "binary_step": [0.0],
}

# z times a gate that may be flushed to zero
GATED = ["gelu", "gelu_tanh", "silu", "swish", "mish"]

# the size of the numbers whose roundings a value may carry, where that is more than its own: the terms of a sum or
# difference, or (z f'/f) f where an argument of exp is itself rounded
CARRIED = {
    "tanh_shrink": lambda z: 4 * np.abs(z),
    "hard_sigmoid": lambda z: np.ones_like(z),
    "hard_silu": lambda z: np.abs(z),
    "sparse_plus": lambda z: np.ones_like(z),
    "sparse_sigmoid": lambda z: np.ones_like(z),
    "swish": lambda z, beta: np.abs(beta * z * twin("activations", "swish")(z, beta)),
    "gelu": lambda z: np.abs(z * z * twin("activations", "gelu")(z)),  # of the twin; see test_gelu_in_its_tail
    "gelu_tanh": lambda z: np.abs(z * z * z * twin("activations", "gelu_tanh")(z)),
}

CASES = [(name, p) for name in KERNELS for p in PARAMS.get(name, [(0.5,) * len(KERNELS[name].params)])]


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
    assert z.tobytes() == before.tobytes()
    z = z.astype(np.float64)
    scale = CARRIED[name](z, *params) if name in CARRIED else np.zeros_like(z)
    if name in GATED:
        scale += 2 * np.abs(z) * np.finfo(dtype).tiny / np.finfo(dtype).eps
    assert_close(y, twin("activations", name, "z, …")(z, *params), ulps=8, scale=scale, label=name)
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
def test_derivatives_by_finite_differences(name, params, rng):
    z = rng.normal(0, 2, 400)
    for kink in KINKS.get(name, []):
        z = z[np.abs(z - kink) > 0.01]
    assert len(z) > 300
    f = twin("activations", name)
    np.testing.assert_allclose(
        twin("activations", f"{name}_grad")(z, *params), slope(lambda x: f(x, *params), z), rtol=1e-6, atol=1e-8
    )
    np.testing.assert_allclose(
        _core.activation_bwd(name, saved_for(name, z, params), np.ones_like(z), params),
        slope(lambda x: _core.activation_fwd(name, x, params), z),
        rtol=1e-6,
        atol=1e-8,
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


@pytest.mark.parametrize("name", ["gelu", "gelu_grad"])
def test_gelu_in_its_tail(name, dtype):
    mpmath = pytest.importorskip("mpmath")
    z = np.linspace(-12.8 if dtype == np.float32 else -37.3, 2, 301).astype(dtype)
    if name == "gelu":
        got = _core.activation_fwd("gelu", z)
        exact = [float(mpmath.mpf(float(x)) * mpmath.ncdf(float(x))) for x in z]
        assert_close(got, exact, ulps=8, label=name)
    else:
        got = _core.activation_bwd("gelu", z, np.ones_like(z))
        exact = [float(mpmath.ncdf(float(x)) + mpmath.mpf(float(x)) * mpmath.npdf(float(x))) for x in z]
        assert_close(got, exact, ulps=12, scale=(np.abs(z) < 2) * 1.0, terms=4, label=name)  # f' changes sign at -0.75


def test_relu_at_zero_and_the_step():
    zero = np.zeros(5)
    for name, params, expected in [
        ("relu", (), 0),
        ("relu6", (), 0),
        ("leaky_relu", (0.2,), 0.2),
        ("elu", (0.5,), 0.5),
        ("binary_step", (), 0),
    ]:
        assert (_core.activation_bwd(name, saved_for(name, zero, params), np.ones(5), params) == expected).all(), name
    assert (_core.activation_fwd("binary_step", zero) == 1).all()
    assert (_core.activation_fwd("binary_step", zero - 1e-300) == 0).all()


def test_relatives_are_equal_in_every_bit(dtype, rng):
    z, dy = inputs(1000, dtype, rng), rng.normal(size=1000).astype(dtype)
    pairs = [
        (("relu", ()), ("relu_general", (0.0, np.inf, 0.0))),
        (("relu6", ()), ("relu_general", (0.0, 6.0, 0.0))),
        (("leaky_relu", (0.25,)), ("relu_general", (0.25, np.inf, 0.0))),
        (("silu", ()), ("swish", (1.0,))),
        (("linear", ()), ("scaled_linear", (1.0,))),
    ]
    for (one, p), (other, q) in pairs:
        assert (_core.activation_fwd(one, z, p) == _core.activation_fwd(other, z, q)).all(), (one, other)
        assert (
            _core.activation_bwd(one, saved_for(one, z, p), dy, p)
            == _core.activation_bwd(other, saved_for(other, z, q), dy, q)
        ).all(), (one, other)


def test_extreme_inputs_give_limits(dtype):
    """No overflow on the way to a finite result, no infinity times zero, forward or backward."""
    huge = float(np.finfo(dtype).max) / 2
    z = np.array([-np.inf, -huge, -1e30, -1e6, -745, -104, 104, 745, 1e6, 1e30, huge, np.inf], dtype)
    for name, params in CASES:
        y = _core.activation_fwd(name, z, params)
        dz = _core.activation_bwd(name, saved_for(name, z, params), np.ones_like(z), params)
        with np.errstate(all="ignore"):
            exact = twin("activations", name, "z, …")(z.astype(np.float64), *params).astype(dtype)
            exact_slope = twin("activations", f"{name}_grad", "z, …")(z.astype(np.float64), *params).astype(dtype)
        assert not np.isnan(y[~np.isnan(exact)]).any(), (name, params, y)
        assert np.isfinite(y[np.isfinite(exact)]).all(), (name, params, y)
        assert np.isfinite(dz[np.isfinite(exact_slope)]).all(), (name, params, dz)


def test_zero_lanes_send_nothing_back(dtype):
    """Past the last column a panel holds zeros, whatever f(0) is: they must stay without effect."""
    zero = np.zeros(40, dtype)
    for name, params in CASES:
        assert not np.isnan(_core.activation_fwd(name, zero, params)).any(), name
        assert (_core.activation_bwd(name, zero, zero, params) == 0).all(), name


def test_the_door_refuses(rng):
    z = rng.normal(size=12)
    with pytest.raises(ValueError, match="expected one of linear"):
        _core.activation_fwd("rleu", z)
    with pytest.raises(ValueError, match=r"elu: expected 1 parameters \(alpha\), got 0"):
        _core.activation_fwd("elu", z)
    with pytest.raises(TypeError, match="expected float32 or float64"):
        _core.activation_fwd("tanh", np.arange(3))
    with pytest.raises(ValueError, match="give arrays of one shape"):
        _core.activation_bwd("tanh", z, z[:5])
    with pytest.raises(ValueError, match="leave it out"):
        _core.activation_fwd("tanh", z, out=np.empty(12)[::-1])
    np.testing.assert_array_equal(_core.activation_fwd("tanh", z[::-2]), _core.activation_fwd("tanh", z[::-2].copy()))


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
    z[:2] = np.finfo(dtype).tiny / 8 * np.array([1, -1])  # whether a denormal is flushed must not depend on the level
    for name, params in CASES:
        yield (
            f"{name}{params}",
            lambda name=name, params=params: (
                _core.activation_fwd(name, z, params),
                _core.activation_bwd(name, saved_for(name, z, params), dy, params),
            ),
        )
