"""The mean and variance of each column of a user's data, whatever its type, order and strides."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import _core
from shapes import ROWS


@pytest.mark.parametrize(("n", "k"), [*ROWS, (4096, 3), (4097, 33), (9001, 40)])
def test_feature_moments_equal_twin(n, k, rng):
    x = rng.normal(1000, 2, (n, k)) * rng.uniform(0.1, 9, k)
    mean, variance = _core.feature_moments(x)
    np.testing.assert_allclose(mean, x.mean(axis=0), rtol=1e-13)
    np.testing.assert_allclose(variance, x.var(axis=0), rtol=1e-9, atol=1e-20)


@pytest.mark.parametrize("kind", ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", ">f4", ">i2", "?"])
def test_feature_moments_of_any_type(kind, rng):
    x = rng.integers(0, 2 if kind == "?" else 100, (5000, 35)).astype(kind)
    for view in (x, x[::3, ::-2], np.asfortranarray(x)):
        mean, variance = _core.feature_moments(view)
        np.testing.assert_allclose(mean, view.astype(np.float64).mean(axis=0), rtol=1e-13)
        np.testing.assert_allclose(variance, view.astype(np.float64).var(axis=0), rtol=1e-12)


def test_feature_moments_refuse_what_has_none():
    with pytest.raises(TypeError, match="x: expected numbers"):
        _core.feature_moments(np.zeros((3, 3), complex))
    with pytest.raises(ValueError, match="x: expected two dimensions"):
        _core.feature_moments(np.zeros(3))
    with pytest.raises(ValueError, match="expected 1 row or more"):
        _core.feature_moments(np.zeros((0, 3)))
    assert _core.feature_moments(np.zeros((3, 0)))[0].shape == (0,)


def bit_cases(dtype):
    """What test_bits.py runs at every level and thread count."""
    x = np.random.default_rng(2).normal(size=(9000, 40)).astype(dtype)
    yield "moments", lambda: _core.feature_moments(x)
