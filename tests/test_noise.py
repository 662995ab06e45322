"""Dropout and noise against their twins: masks, values, derivatives, frequencies, layouts."""

from __future__ import annotations

import numpy as np
import pytest
from draws import AT, LAYOUTS, PARAMS, assert_layout_does_not_matter, cases, checked
from fastmlp import _core
from lookup import Guarded, twin
from reference import random as reference
from shapes import ROWS
from tolerance import assert_close

NOISES = _core.registry("noise")


def noise_scale(x, at, dtype, params):
    """What bounds the rounding of noise: a normal's own error grows with its size."""
    return np.abs(x.astype(np.float64)) + np.abs(reference.standard_normal(*x.shape, at, dtype)) * max(params) + 2


@pytest.mark.parametrize(("name", "params"), cases(NOISES))
@pytest.mark.parametrize(("n", "k"), ROWS)
def test_noise_equals_twin(name, params, n, k, dtype, rng):
    checked(name, params)
    x = rng.normal(0, 2, (n, k)).astype(dtype)
    before = x.copy()
    for run, function in ((_core.noise_fwd, name), (_core.noise_bwd, f"{name}_grad")):
        out = Guarded((n, k), dtype)
        y = run(name, x, params, AT, out=out.array)
        out.check()
        expected = twin("random", function, "x, at, dtype, …")(x.astype(np.float64), AT, dtype, *params)
        assert_close(y, expected, ulps=8, scale=noise_scale(x, AT, dtype, params), terms=8, label=function)
    assert x.tobytes() == before.tobytes()


@pytest.mark.parametrize(("name", "params"), cases(NOISES))
def test_backward_is_the_slope_of_forward(name, params, rng):
    """Noise is linear in x, so that one difference is exact: for the kernel and for its twin."""
    x, dy = rng.normal(size=(2, 33, 41))
    checked(name, params)
    slope = (_core.noise_fwd(name, x + 0.5, params, AT) - _core.noise_fwd(name, x - 0.5, params, AT)) * dy
    np.testing.assert_allclose(_core.noise_bwd(name, dy, params, AT), slope, rtol=1e-10, atol=1e-10)
    forward, dtype = twin("random", name), np.dtype("float64")
    slope = (forward(x + 0.5, AT, dtype, *params) - forward(x - 0.5, AT, dtype, *params)) * dy
    np.testing.assert_allclose(twin("random", f"{name}_grad")(dy, AT, dtype, *params), slope, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("rate", [0.1, 0.25, 0.5, 0.9, 1 - 2.0**-20])
def test_dropout_mask_equals_twin_exactly_and_in_both_types(rate):
    ones = {dtype: np.ones((257, 131), dtype) for dtype in (np.float32, np.float64)}
    kept = reference.kept((257, 131), AT, rate)
    for dtype, x in ones.items():
        y = _core.noise_fwd("dropout", x, (rate,), AT)
        np.testing.assert_array_equal(y != 0, kept)
        assert set(np.unique(y)) <= {dtype(0), dtype(1 / (1 - rate))}
        np.testing.assert_array_equal(_core.noise_bwd("alpha_dropout", x, (rate,), AT) != 0, kept)


def test_dropout_values_are_zero_or_scaled(dtype, rng):
    x = rng.normal(size=(100, 70)).astype(dtype)
    y = _core.noise_fwd("dropout", x, (0.3,), AT)
    scaled = x * dtype.type(1 / (1 - 0.3))
    assert ((y == 0) | (y == scaled)).all()
    assert (y == scaled).any()
    assert (y == 0).any()


@pytest.mark.parametrize("name", ["dropout", "alpha_dropout", "gaussian_dropout"])
def test_rate_zero_is_identity(name, dtype, rng):
    x = rng.normal(size=(13, 37)).astype(dtype)
    np.testing.assert_array_equal(_core.noise_fwd(name, x, (0.0,), AT), x)
    np.testing.assert_array_equal(_core.noise_bwd(name, x, (0.0,), AT), x)


def test_rate_one_drops_everything(dtype, rng):
    x = rng.normal(size=(64, 64)).astype(dtype)
    x[3, 4] = 0
    assert (_core.noise_fwd("dropout", x, (1.0,), AT) == 0).all()
    nearly = _core.noise_fwd("dropout", x, (1 - 1e-6,), AT)
    assert (nearly != 0).mean() < 0.01


def test_dropout_frequency_mean_and_independence(dtype):
    rate, x = 0.3, np.ones((1000, 1000), dtype)
    y = _core.noise_fwd("dropout", x, (rate,), (2, 0, 0, 0, 0)).astype(np.float64)
    kept = y != 0
    deviation = np.sqrt(rate * (1 - rate) / x.size)
    assert abs(kept.mean() - (1 - rate)) < 4 * deviation
    assert abs(y.mean() - 1) < 4 * deviation / (1 - rate)
    for axis in (0, 1):  # the count of each row and each column is binomial
        chi2 = ((kept.sum(axis=axis) - 1000 * (1 - rate)) ** 2 / (1000 * rate * (1 - rate))).sum()
        assert abs(chi2 - 1000) < 3 * np.sqrt(2 * 1000)
    for pair in (kept[:-1] & kept[1:], kept[:, :-1] & kept[:, 1:]):
        assert abs(pair.mean() - (1 - rate) ** 2) < 4 * deviation * 2


def test_alpha_dropout_keeps_mean_and_variance(dtype):
    x = _core.fill("normal", np.empty((1000, 1000), dtype), (0.0, 1.0), (3, 0, 0, 0, 0))
    y = _core.noise_fwd("alpha_dropout", x, (0.2,), (3, 1, 0, 0, 0)).astype(np.float64)
    assert abs(y.mean()) < 0.01
    assert abs(y.var() - 1) < 0.01


def test_gaussian_dropout_moments(dtype):
    y = _core.noise_fwd("gaussian_dropout", np.ones((1000, 1000), dtype), (0.2,), (4, 0, 0, 0, 0)).astype(np.float64)
    assert abs(y.mean() - 1) < 4 * 0.5 / 1000
    assert abs(y.std() - 0.5) < 4 * 0.5 / 1000


def test_nan_and_infinity_survive_where_kept(dtype):
    x = np.full((16, 16), np.nan, dtype)
    x[::2] = np.inf
    kept = reference.kept(x.shape, AT, 0.5)
    for name in ("dropout", "alpha_dropout"):
        y = _core.noise_fwd(name, x, (0.5,), AT)
        np.testing.assert_array_equal(np.isfinite(y), ~kept)
    assert np.isnan(_core.noise_fwd("gaussian_noise", x, (0.5,), AT)[1::2]).all()


@pytest.mark.parametrize(("name", "params"), cases(NOISES))
@pytest.mark.parametrize(("n", "k"), LAYOUTS)
def test_same_bits_in_every_layout(name, params, n, k, dtype, rng):
    def run(block, at, **layout):
        return _core.noise_fwd(name, block, checked(name, params), at, **layout)

    lanes = assert_layout_does_not_matter(rng.normal(size=(n, k)).astype(dtype), run)
    assert (lanes == 0).all()


def test_in_place(dtype, rng):
    x = rng.normal(size=(50, 70)).astype(dtype)
    y = _core.noise_fwd("dropout", x, (0.5,), AT)
    z = x.copy()
    assert _core.noise_fwd("dropout", z, (0.5,), AT, out=z) is z
    np.testing.assert_array_equal(y, z)


def test_bad_arguments_are_named(dtype):
    x = np.zeros((4, 5), dtype)
    with pytest.raises(ValueError, match="noise: expected one of dropout"):
        _core.noise_fwd("droput", x, (0.5,), AT)
    with pytest.raises(ValueError, match="expected 1 parameters"):
        _core.noise_fwd("dropout", x, (), AT)
    with pytest.raises(TypeError, match="expected float32 or float64"):
        _core.noise_fwd("dropout", x.astype(int), (0.5,), AT)
    with pytest.raises(ValueError, match="panels of shape"):
        _core.noise_fwd("dropout", x, (0.5,), AT, columns=5)
    for shape in [(0, 5), (5, 0), (0,)]:
        assert _core.noise_fwd("dropout", np.zeros(shape, dtype), (0.5,), AT).shape == shape


def test_strided_and_foreign_input_is_taken(rng):
    x = rng.normal(size=(20, 30))
    expected = _core.noise_fwd("dropout", np.ascontiguousarray(x[::2, ::3]), (0.5,), AT)
    np.testing.assert_array_equal(_core.noise_fwd("dropout", x[::2, ::3], (0.5,), AT), expected)
    np.testing.assert_array_equal(_core.noise_fwd("dropout", x[::2, ::3].astype(">f8"), (0.5,), AT), expected)


def bit_cases(dtype):
    """What test_bits.py runs at every level and thread count."""
    x = np.random.default_rng(1).normal(size=(75, 141)).astype(dtype)
    for name in NOISES:
        yield (
            name,
            lambda name=name: (
                _core.noise_fwd(name, x, PARAMS[name][-1], AT),
                _core.noise_bwd(name, x, PARAMS[name][-1], AT),
            ),
        )
