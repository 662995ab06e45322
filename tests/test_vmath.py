"""The vector maths against its twins: errors in ulp over every exponent, the edges, NaN in every lane."""

from __future__ import annotations

import math

import numpy as np
import pytest
from fastmlp import _core
from lookup import Guarded, twin
from shapes import LENGTHS
from tolerance import ULPS, ulp_error

NAMES = list(_core.registry("vmath"))
PERIODIC = ["sin2pi", "cos2pi"]
ODD = ["expm1", "log1p", "tanh", "erf", "atan", "sin2pi"]  # those that keep the sign of zero
INF, NAN = np.inf, np.nan


def every_exponent(dtype, rng, mantissas):
    """Numbers of every exponent, with the same few mantissas (the extreme ones among them), both signs."""
    info = np.finfo(dtype)
    word = np.dtype(f"u{dtype.itemsize}").type
    mantissa = rng.integers(0, 1 << info.nmant, mantissas, dtype=word)
    mantissa[:3] = [0, 1, (1 << info.nmant) - 1]
    exponent = np.arange(1, 2 * info.maxexp - 1, dtype=word)
    x = ((exponent[:, None] << word(info.nmant)) | mantissa).ravel().view(dtype)
    return np.concatenate([x, -x])


def where_it_bends(dtype, rng, n):
    """Dense samples where the functions change: around 0 and ±1, over the range of exp."""
    top = 1.05 * math.log(float(np.finfo(dtype).max))
    x = np.concatenate([rng.uniform(0, top, n), rng.uniform(0, 10, n), rng.uniform(0, 2, n), rng.normal(1, 1e-3, n)])
    return np.concatenate([x, -x]).astype(dtype)


def samples(name, dtype, rng, mantissas=300, dense=20_000):
    x = np.concatenate([every_exponent(dtype, rng, mantissas), where_it_bends(dtype, rng, dense)])
    if name in PERIODIC:
        x = np.concatenate([x[np.abs(x) <= 2**20], rng.uniform(-(2**20), 2**20, dense).astype(dtype)])
    return x


def exact(name, x):
    with np.errstate(all="ignore"):
        return twin("vmath", name, "x")(x.astype(np.longdouble))


def bound(name, dtype):
    if name not in ULPS:
        pytest.fail(f"no error bound for '{name}': add its ulps in float32 and float64 to ULPS in tests/tolerance.py")
    ulps = ULPS[name][dtype.itemsize == 8]
    # where long double is no wider than double, the twin has errors of its own
    return ulps if np.finfo(np.longdouble).eps < np.finfo(dtype).eps else ulps + 4


@pytest.mark.parametrize("name", NAMES)
def test_error_is_within_the_stated_ulps(name, dtype, rng):
    x = samples(name, dtype, rng, mantissas=300 if dtype.itemsize == 4 else 30)
    before = x.copy()
    y = _core.vmath(name, x)
    error = ulp_error(y, exact(name, x))
    worst = int(error.argmax())
    assert error[worst] <= bound(name, dtype), f"{name}({x[worst]!r}) = {y[worst]!r} is {error[worst]:.2f} ulp off"
    assert x.tobytes() == before.tobytes()
    assert len(np.unique(x)) > 30_000, "the test's own inputs do not vary"
    assert len(np.unique(y)) > 1000, "the results do not vary"


@pytest.mark.parametrize("name", NAMES)
def test_every_length_gives_the_same_numbers(name, dtype, rng):
    x = np.abs(rng.normal(0, 2, max(LENGTHS))).astype(dtype)
    whole = _core.vmath(name, x)
    for n in LENGTHS:
        part = x[:n].copy()
        out = Guarded(part.shape, dtype)
        _core.vmath(name, part, out=out.array)
        out.check()
        assert out.array.tobytes() == whole[:n].tobytes()
        assert part.tobytes() == x[:n].tobytes()
        assert _core.vmath(name, part, out=part) is part
        assert part.tobytes() == whole[:n].tobytes(), "in place gives other numbers"


HALF_PI = float(np.pi / 2)
EDGES = {  # f(-inf), f(-0), f(0), f(inf)
    "exp": (0.0, 1.0, 1.0, INF),
    "expm1": (-1.0, -0.0, 0.0, INF),
    "log": (NAN, -INF, -INF, INF),
    "log1p": (NAN, -0.0, 0.0, INF),
    "tanh": (-1.0, -0.0, 0.0, 1.0),
    "sigmoid": (0.0, 0.5, 0.5, 1.0),
    "softplus": (0.0, math.log(2), math.log(2), INF),
    "log_sigmoid": (-INF, -math.log(2), -math.log(2), -0.0),
    "erf": (-1.0, -0.0, 0.0, 1.0),
    "erfc": (2.0, 1.0, 1.0, 0.0),
    "atan": (-HALF_PI, -0.0, 0.0, HALF_PI),
    "sin2pi": (NAN, -0.0, 0.0, NAN),
    "cos2pi": (NAN, 1.0, 1.0, NAN),
}


def assert_same_numbers(actual, expected):
    """Equal, zeros with their signs, NaN wherever NaN is expected."""
    expected = np.asarray(expected, actual.dtype)
    np.testing.assert_array_equal(actual, expected)
    number = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(actual[number]), np.signbit(expected[number]))


@pytest.mark.parametrize("name", NAMES)
def test_infinities_and_zeros(name, dtype):
    if name not in EDGES:
        pytest.fail(f"no edges for '{name}': add f(-inf), f(-0), f(0), f(inf) to EDGES")
    assert_same_numbers(_core.vmath(name, np.array([-INF, -0.0, 0.0, INF], dtype)), EDGES[name])


@pytest.mark.parametrize(
    ("name", "x", "y"),
    [
        ("log", [1, -1, -1e-30], [0, NAN, NAN]),
        ("log1p", [-1, -1.0000002, -2], [-INF, NAN, NAN]),
        ("sigmoid", [200, 1e30, -1e30], [1, 1, 0]),
        ("tanh", [30, -1e30], [1, -1]),
        ("erf", [7, -1e30], [1, -1]),
        ("erfc", [-7, -1e30, 1e30], [2, 2, 0]),
        ("softplus", [1e30, -1e30], [1e30, 0]),
        ("sin2pi", [0.25, 0.75, -0.25, 1048575.25], [1, -1, -1, 1]),
        ("cos2pi", [0.5, 1, -1, 1048575.5], [-1, 1, 1, -1]),
    ],
)
def test_exact_values(name, x, y, dtype):
    assert_same_numbers(_core.vmath(name, np.array(x, dtype)), y)


@pytest.mark.parametrize("name", NAMES)
def test_nan_survives_in_every_lane(name, dtype):
    quiet = np.array([NAN, -NAN, NAN, NAN], dtype)
    bits = quiet.view(f"u{dtype.itemsize}")
    bits[2] |= bits.dtype.type(0x2BCDE)  # payloads: no bit of a NaN may steer the result
    bits[3] |= bits.dtype.type((1 << (np.finfo(dtype).nmant - 1)) - 1)
    for nan in quiet:
        for lane in range(33):
            x = np.full(33, 0.75, dtype)
            x[lane] = nan
            y = _core.vmath(name, x)
            assert np.isnan(y[lane])
            assert np.isnan(y).sum() == 1, "a NaN reached another lane"


@pytest.mark.parametrize("name", ["exp", "expm1"])
def test_overflow_exactly_where_rounding_says(name, dtype):
    x = np.array([math.log(float(np.finfo(dtype).max))], dtype)
    x = np.concatenate([np.nextafter(x, dtype.type(0)), x, np.nextafter(x, dtype.type(INF))])
    x = np.concatenate([x, np.nextafter(x[:1], dtype.type(0)), np.nextafter(x[-1:], dtype.type(INF))])
    y, finite = _core.vmath(name, x), exact(name, x) < np.longdouble(np.finfo(dtype).max)
    assert set(finite) == {True, False}
    np.testing.assert_array_equal(np.isfinite(y), finite)
    assert (y > 0).all()


@pytest.mark.parametrize("name", NAMES)
def test_numbers_below_the_smallest_normal_count_as_zero(name, dtype):
    below = np.array([0.5, -0.5], dtype) * np.finfo(dtype).tiny
    y, at_zero = _core.vmath(name, below), _core.vmath(name, np.array([0.0, -0.0], dtype))
    assert (np.abs(y) < np.finfo(dtype).tiny).all() if name in ODD else (y == at_zero).all()


@pytest.mark.parametrize("name", [name for name in ODD if name not in ("expm1", "log1p")])
def test_odd_functions_are_odd_to_the_bit(name, dtype, rng):
    x = samples(name, dtype, rng, mantissas=20)
    assert (-_core.vmath(name, x)).tobytes() == _core.vmath(name, -x).tobytes()


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("tanh", -1, 1), ("sigmoid", 0, 1), ("erf", -1, 1), ("erfc", 0, 2), ("sin2pi", -1, 1), ("cos2pi", -1, 1)]
    + [("exp", 0, INF), ("softplus", 0, INF), ("expm1", -1, INF), ("atan", -HALF_PI, HALF_PI)],
)
def test_results_stay_in_their_range(name, low, high, dtype, rng):
    y = _core.vmath(name, samples(name, dtype, rng, mantissas=30))
    assert y.min() >= dtype.type(low)
    assert y.max() <= dtype.type(high)


def test_twins_agree_with_the_c_library(rng):
    x = np.concatenate([rng.normal(0, 2, 500), rng.uniform(0, 26, 500), [0.0, 1.0, -1.0]])
    for name in ("erf", "erfc"):
        known = np.array([getattr(math, name)(v) for v in x])
        np.testing.assert_allclose(exact(name, x).astype(np.float64), known, rtol=5e-15)
    turns = rng.uniform(-2, 2, 500)
    np.testing.assert_allclose(exact("sin2pi", turns).astype(float), np.sin(2 * np.pi * turns), atol=1e-14)
    np.testing.assert_allclose(exact("cos2pi", turns).astype(float), np.cos(2 * np.pi * turns), atol=1e-14)


def test_arrays_of_any_layout_and_only_floats(dtype, rng):
    x = rng.normal(size=(7, 10)).astype(dtype)
    for view in (x[:, ::3], x.T, x[::-1], x.astype(x.dtype.newbyteorder())):
        expected = _core.vmath("tanh", np.ascontiguousarray(view, dtype))
        np.testing.assert_array_equal(_core.vmath("tanh", view), expected)
    with pytest.raises(TypeError, match="expected float32 or float64"):
        _core.vmath("tanh", np.arange(3))
    with pytest.raises(ValueError, match="expected one of exp,"):
        _core.vmath("tan", x)
    with pytest.raises(ValueError, match="expected a writable C-contiguous array"):
        _core.vmath("tanh", x, out=np.empty(3, dtype))


def bit_cases(dtype):
    """What test_bits.py runs at every level and thread count."""
    rng = np.random.default_rng(2)
    for name in NAMES:
        x = np.concatenate([samples(name, dtype, rng, mantissas=5, dense=500), np.array([0.0, -0.0, INF, -INF], dtype)])
        yield name, lambda name=name, x=x: (_core.vmath(name, x),)
