"""Sums and maxima against their twins, in either layout, with ties and NaN."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import _core
from lookup import twin
from panels import to_panels
from shapes import LENGTHS, ROWS
from tolerance import assert_close

KERNELS = _core.registry("reduction")


def inputs(n, k, dtype, rng):
    """Both signs, and a mean far enough from zero that a lost element shows."""
    return rng.normal(0.5, 3, (n, k)).astype(dtype)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize(("n", "k"), [*ROWS, (3, 1025), (70, 33)])
def test_rows_equal_twin(name, n, k, dtype, rng):
    x = inputs(n, k, dtype, rng)
    before = x.copy()
    out = _core.reduce_rows(name, x)
    expected = twin("reduce", name, "x")(x.astype(np.float64))
    if KERNELS[name].traits:
        assert out.dtype == np.int64
        np.testing.assert_array_equal(out, expected)
    else:
        scale = np.abs(x.astype(np.float64)).sum(axis=1) if name == "sum" else 0
        assert_close(out, expected, ulps=2, scale=scale, terms=k / 16 + 4, label=name)
    np.testing.assert_array_equal(_core.reduce_rows(name, to_panels(x), columns=k), out)
    assert x.tobytes() == before.tobytes()
    assert n * k < 16 or len(np.unique(x)) > n * k // 2


@pytest.mark.parametrize(("n", "k"), [*ROWS, (0, 5), (1000, 70)])
def test_column_sums_equal_twin(n, k, dtype, rng):
    x = inputs(n, k, dtype, rng)
    out = _core.column_sums(x)
    exact = x.astype(np.float64)
    assert_close(out, exact.sum(axis=0), ulps=2, scale=np.abs(exact).sum(axis=0), terms=n, label="column sums")
    in_sequence = np.zeros(k, dtype)
    for row in x:
        in_sequence += row
    np.testing.assert_array_equal(out, in_sequence)
    np.testing.assert_array_equal(_core.column_sums(to_panels(x), columns=k), out)


@pytest.mark.parametrize("name", [name for name, kernel in KERNELS.items() if not kernel.traits])
@pytest.mark.parametrize("n", [n for n in LENGTHS if n] + [4095, 4096, 4097, 100_003])
def test_all_equal_twin(name, n, dtype, rng):
    x = inputs(1, n, dtype, rng)[0]
    exact = x.astype(np.float64)
    scale = np.abs(exact).sum() if name == "sum" else 0
    got = dtype.type(_core.reduce_all(name, x))
    assert_close(got, twin("reduce", name)(exact), ulps=2, scale=scale, terms=256 + n / 4096, label=name)


def test_sum_of_nothing_is_zero(dtype):
    assert _core.reduce_all("sum", np.zeros(0, dtype)) == 0
    np.testing.assert_array_equal(_core.reduce_rows("sum", np.zeros((3, 0), dtype)), np.zeros(3))


@pytest.mark.parametrize("k", [1, 2, 10, 31, 33, 100])
def test_argmax_takes_the_first_of_ties_and_the_first_nan(k, dtype, rng):
    x = rng.integers(-3, 3, (400, k)).astype(dtype)
    x[::7] = -np.inf
    x[1::5, k // 2 :] = np.nan
    np.testing.assert_array_equal(_core.reduce_rows("argmax", x), np.argmax(x, axis=1))
    np.testing.assert_array_equal(_core.reduce_rows("max", x), np.max(x, axis=1))
    np.testing.assert_array_equal(_core.reduce_rows("argmax", to_panels(x), columns=k), np.argmax(x, axis=1))


@pytest.mark.parametrize("name", ["sum", "max"])
@pytest.mark.parametrize("place", [0, 5, 15, 16, 40, 66])
def test_nan_and_infinity_survive_wherever_they_stand(name, place, dtype, rng):
    x = inputs(3, 67, dtype, rng)
    x[0, place], x[1, place] = np.nan, np.inf
    out = _core.reduce_rows(name, x)
    assert np.isnan(out[0])
    assert out[1] == np.inf
    assert np.isfinite(out[2])
    assert np.isnan(_core.reduce_all(name, x))


def test_all_negative_rows_do_not_meet_a_zero(dtype):
    x = -np.arange(1, 40, dtype=dtype)[:, None] * np.ones((1, 19), dtype)
    np.testing.assert_array_equal(_core.reduce_rows("max", x), x[:, 0])


def test_bad_arguments_are_named(dtype):
    x = np.zeros((4, 5), dtype)
    with pytest.raises(ValueError, match="reduction: expected one of sum"):
        _core.reduce_rows("product", x)
    with pytest.raises(ValueError, match="1 element or more"):
        _core.reduce_rows("max", np.zeros((4, 0), dtype))
    with pytest.raises(ValueError, match="1 element or more"):
        _core.reduce_all("max", np.zeros(0, dtype))
    with pytest.raises(ValueError, match="reduction to a value"):
        _core.reduce_all("argmax", x)
    with pytest.raises(TypeError, match="float32 or float64"):
        _core.column_sums(x.astype(np.int32))
    with pytest.raises(ValueError, match="panels of shape"):
        _core.column_sums(np.zeros((2, 4, 32), dtype), columns=5)
    np.testing.assert_array_equal(_core.column_sums(np.ones((4, 6), dtype)[:, ::2]), [4, 4, 4])


def bit_cases(dtype):
    """What test_bits.py runs at every level and thread count."""
    x = inputs(77, 143, dtype, np.random.default_rng(1))
    for name in KERNELS:
        yield f"rows {name}", lambda name=name: (_core.reduce_rows(name, x),)
        if not KERNELS[name].traits:
            yield f"all {name}", lambda name=name: (_core.reduce_all(name, x),)
    yield "columns", lambda: (_core.column_sums(x),)
