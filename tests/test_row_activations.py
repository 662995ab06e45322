"""Softmax and its kin, maxout and GLU: against their twins, in rows and in panels, at the edges of the number range."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import _core
from lookup import Guarded, slope, twin
from panels import from_panels, rest_of, to_panels
from shapes import ROWS
from tolerance import assert_close

KERNELS = list(_core.registry("row_activation"))
PIECES = [
    (name, pieces)
    for name, kernel in _core.registry("pieces").items()
    for pieces in ([kernel.traits] if kernel.traits else [1, 2, 5])
]
SHAPES = [*ROWS, (0, 5), (5, 0), (100, 2), (37, 10), (50, 3), (3, 1000)]


def logits(shape, dtype, rng):
    """Numbers of ordinary and of large size, with ties."""
    z = rng.normal(0, 3, shape) * rng.choice([0.1, 1, 10], (shape[0], 1))
    z[:, ::3] = np.round(z[:, ::3])
    return z.astype(dtype)


def exact(z):
    return z.astype(np.float64)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("shape", SHAPES)
def test_forward_and_backward_equal_twins(name, shape, dtype, rng):
    z, dy = logits(shape, dtype, rng), rng.normal(size=shape).astype(dtype)
    before = z.tobytes(), dy.tobytes()
    out, back = Guarded(shape, dtype), Guarded(shape, dtype)
    y = _core.row_activation_fwd(name, z, out=out.array)
    dz = _core.row_activation_bwd(name, y, dy, out=back.array)
    out.check()
    back.check()
    assert (z.tobytes(), dy.tobytes()) == before
    if 0 in shape:
        return
    k = shape[1]
    # the argument z - max of exp is rounded: its size counts, as does log Σ <= log k
    size = np.abs(exact(z) - exact(z).max(axis=1, keepdims=True)) + np.log(k) + 1
    expected = twin("row_activations", name, "z")(exact(z))
    scale = size if name == "log_softmax" else (expected * size if name == "softmax" else np.ones_like(size))
    assert_close(y, expected, ulps=4, scale=scale, terms=4 + k / 16, label=name)
    gradient = twin("row_activations", f"{name}_grad", "z, dy")(exact(z), exact(dy))
    scale = np.abs(dy) * np.minimum(size, 100) + np.abs(exact(dy)).sum(axis=1, keepdims=True)
    assert_close(dz, gradient, ulps=4, scale=scale, terms=4, label=f"{name}_grad")
    if min(shape) > 3:
        assert len(np.unique(z)) > z.size // 4
        assert len(np.unique(np.round(y, 12))) > 3
        assert np.abs(dz).max() > 0


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("k", [1, 5, 10, 16, 17, 32, 33, 40, 64, 100])
def test_panels_give_the_same_bits_as_rows(name, k, dtype, rng):
    z, dy = logits((37, k), dtype, rng), rng.normal(size=(37, k)).astype(dtype)
    y = _core.row_activation_fwd(name, z)
    panels = np.full_like(to_panels(z), 7)
    _core.row_activation_fwd(name, to_panels(z), columns=k, out=panels)
    assert from_panels(panels, k).tobytes() == y.tobytes()
    assert (rest_of(panels, k) == 7).all(), "wrote past the last column"
    dz = _core.row_activation_bwd(name, to_panels(y), to_panels(dy), columns=k)
    assert from_panels(dz, k).tobytes() == _core.row_activation_bwd(name, y, dy).tobytes()
    assert (rest_of(dz, k) == 0).all()


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("k", [4, 10, 17, 32, 33, 50])
def test_gradients_by_finite_differences(name, k, rng):
    z, dy = rng.normal(size=(6, k)), rng.normal(size=(6, k))
    forward = {"twin": twin("row_activations", name), "kernel": lambda z: _core.row_activation_fwd(name, z)}
    backward = {
        "twin": lambda: twin("row_activations", f"{name}_grad")(z, dy),
        "kernel": lambda: _core.row_activation_bwd(name, _core.row_activation_fwd(name, z), dy),
    }
    for who, f in forward.items():
        dz = backward[who]()
        for j in range(k):
            step = np.eye(k)[j]
            # one number h for all rows: J = Σ y dy as a function of z[:, j], each row for itself
            numeric = slope(lambda h, f=f, step=step: (f(z + h * step) * dy).sum(axis=1), 0.0, 1e-4)
            np.testing.assert_allclose(dz[:, j], numeric, rtol=1e-6, atol=1e-7, err_msg=f"{who} of {name}")


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("k", [3, 16, 17, 33, 70])
def test_infinities_and_nan(name, k, dtype, rng):
    z = np.repeat(logits((1, k), dtype, rng), 7, axis=0)
    z[1, 1] = -np.inf
    z[2, :-1] = -np.inf
    z[3, 0] = np.nan
    z[4, 1] = np.inf
    z[5, :] = -np.inf
    z[6, 2] = np.nan
    with np.errstate(all="ignore"):
        expected = twin("row_activations", name)(exact(z))
    y = _core.row_activation_fwd(name, z)
    assert np.isfinite(y[0]).all()
    if name != "log_softmax":
        np.testing.assert_allclose(y[:3].sum(axis=1), 1, rtol=1e-5)
        assert y[1, 1] == 0
        assert y[2, -1] == 1
    else:
        assert y[1, 1] == -np.inf
        assert y[2, -1] == 0
    np.testing.assert_array_equal(np.isnan(y[3:]), np.ones((4, k), bool))
    np.testing.assert_allclose(y[:3], expected[:3], rtol=1e-4, atol=1e-6)
    dz = _core.row_activation_bwd(name, y, np.ones_like(y))
    assert np.isfinite(dz[:3]).all()
    if name != "sparsemax":  # its derivative asks only which columns are 0
        assert np.isnan(dz[3:]).all()


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("k", [10, 40])
def test_the_size_of_the_logits_does_not_matter(name, k, dtype, rng):
    z = rng.integers(-5, 5, (20, k)).astype(dtype)
    for offset in (1e4, -1e4, -1e6):  # integers: the shift is exact
        np.testing.assert_array_equal(
            _core.row_activation_fwd(name, z + dtype.type(offset)), _core.row_activation_fwd(name, z)
        )
    huge = z * (np.finfo(dtype).max / 100)
    assert np.isfinite(_core.row_activation_fwd("softmax", huge)).all()


def test_softmax_of_z_and_zero_is_the_sigmoid(rng):
    z = np.concatenate([rng.normal(0, 5, 500), np.linspace(-80, 80, 101)])
    y = _core.row_activation_fwd("softmax", np.stack([z, np.zeros_like(z)], axis=1))
    np.testing.assert_allclose(y[:, 0], _core.activation_fwd("sigmoid", z), rtol=1e-14, atol=1e-300)
    z32 = z.astype(np.float32)
    y = _core.row_activation_fwd("softmax", np.stack([z32, np.zeros_like(z32)], axis=1))
    np.testing.assert_allclose(y[:, 0], _core.activation_fwd("sigmoid", z32), rtol=0, atol=2**-23)  # two ulps below 1
    np.testing.assert_allclose(y.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("k", [2, 10, 32, 33, 100, 1000])
def test_sparsemax_is_a_projection(k, dtype, rng):
    for spread in (1e-3, 0.1, 1, 30):
        z = (rng.normal(size=(40, k)) * spread).astype(dtype)
        y = _core.row_activation_fwd("sparsemax", z)
        assert (y >= 0).all()
        np.testing.assert_allclose(exact(y).sum(axis=1), 1, atol=4 * k * np.finfo(dtype).eps)
        again = _core.row_activation_fwd("sparsemax", y)
        np.testing.assert_allclose(again, y, atol=4 * k * np.finfo(dtype).eps)
    equal = np.full((3, k), 2.5, dtype)
    np.testing.assert_allclose(_core.row_activation_fwd("sparsemax", equal), 1 / k, rtol=4 * np.finfo(dtype).eps)


@pytest.mark.parametrize(("name", "pieces"), PIECES)
@pytest.mark.parametrize("shape", [(1, 1), (5, 3), (7, 16), (9, 17), (17, 33), (4, 64), (0, 4), (3, 0), (40, 100)])
def test_pieces_equal_twins_in_rows_and_panels(name, pieces, shape, dtype, rng):
    n, m = shape
    x, dy = logits((n, m * pieces), dtype, rng), rng.normal(size=shape).astype(dtype)
    before = x.tobytes()
    out, back = Guarded(shape, dtype), Guarded(x.shape, dtype)
    y = _core.pieces_fwd(name, x, pieces, out=out.array)
    dx = _core.pieces_bwd(name, x, dy, pieces, out=back.array)
    out.check()
    back.check()
    assert x.tobytes() == before
    if x.size == 0:
        return
    # a gate below the smallest normal number is flushed: that much times an x of at most 100 may be missing
    flushed = 100 * np.finfo(dtype).tiny / np.finfo(dtype).eps
    expected = twin("pieces", name, "x, pieces")(exact(x), pieces)
    assert_close(y, expected, ulps=8, scale=flushed, label=name)
    expected = twin("pieces", f"{name}_grad", "x, dy, pieces")(exact(x), exact(dy), pieces)
    assert_close(dx, expected, ulps=8, scale=10 * flushed, label=f"{name}_grad")
    wide = x.shape[1]
    in_panels = _core.pieces_fwd(name, to_panels(x), pieces, columns=wide)
    assert from_panels(in_panels, m).tobytes() == y.tobytes()
    assert (rest_of(in_panels, m) == 0).all()
    in_panels = _core.pieces_bwd(name, to_panels(x), to_panels(dy), pieces, columns=wide)
    assert from_panels(in_panels, wide).tobytes() == dx.tobytes()
    assert (rest_of(in_panels, wide) == 0).all()


@pytest.mark.parametrize(("name", "pieces"), PIECES)
def test_pieces_gradients_by_finite_differences(name, pieces, rng):
    x, dy = rng.permutation(4 * 6 * pieces).reshape(4, -1) / 7.0 - 2, rng.normal(size=(4, 6))  # no ties
    forward = {"twin": twin("pieces", name), "kernel": lambda x, p: _core.pieces_fwd(name, x, p)}
    backward = {
        "twin": twin("pieces", f"{name}_grad")(x, dy, pieces),
        "kernel": _core.pieces_bwd(name, x, dy, pieces),
    }
    for who, f in forward.items():
        for j in range(x.shape[1]):
            step = np.eye(x.shape[1])[j]
            numeric = slope(lambda h, f=f, step=step: (f(x + h * step, pieces) * dy).sum(axis=1), 0.0, 1e-3)
            np.testing.assert_allclose(backward[who][:, j], numeric, rtol=1e-6, atol=1e-8, err_msg=f"{who} of {name}")


def test_maxout_ties_go_to_the_first_and_nan_wins(dtype):
    x = np.array([[1, 2, 1, 2, 1, 0], [np.nan, 1, 0, np.nan, 5, 5]], dtype)  # two columns of three pieces
    np.testing.assert_array_equal(_core.pieces_fwd("maxout", x, 3), [[1, 2], [np.nan, np.nan]])
    np.testing.assert_array_equal(
        _core.pieces_bwd("maxout", x, np.ones((2, 2), dtype), 3), [[1, 1, 0, 0, 0, 0], [1, 0, 0, 1, 0, 0]]
    )


def test_the_door_refuses(rng):
    z = rng.normal(size=(4, 6))
    for wrong, columns in [
        (z, 6),
        (np.zeros((2, 4, 32)), 20),
        (np.zeros((1, 4, 16)), 9),
    ]:
        with pytest.raises(ValueError, match="expected panels of shape"):
            _core.row_activation_fwd("softmax", wrong, columns=columns)
    with pytest.raises(ValueError, match="columns=-1"):
        _core.row_activation_fwd("softmax", np.zeros((0, 4, 32)), columns=-1)
    with pytest.raises(TypeError, match="expected float32 or float64"):
        _core.row_activation_fwd("softmax", z.astype(int))
    with pytest.raises(ValueError, match="expected one of softmax"):
        _core.row_activation_fwd("softmx", z)
    with pytest.raises(ValueError, match="give arrays of one shape"):
        _core.row_activation_bwd("softmax", z, z[:2])
    with pytest.raises(ValueError, match="divisible by 4"):
        _core.pieces_fwd("maxout", z, 4)
    with pytest.raises(ValueError, match="expected pieces=2, got 3"):
        _core.pieces_fwd("glu", z, 3)
    with pytest.raises(ValueError, match="expected pieces=1 … 64, got 0"):
        _core.pieces_fwd("maxout", z, 0)
    with pytest.raises(ValueError, match="dy: expected shape"):
        _core.pieces_bwd("glu", z, z, 2)
    np.testing.assert_array_equal(
        _core.row_activation_fwd("softmax", z.T), _core.row_activation_fwd("softmax", z.T.copy())
    )


def bit_cases(dtype):
    """What test_bits.py runs at every level and thread count."""
    rng = np.random.default_rng(3)
    for n, k in [(301, 10), (37, 16), (65, 17), (65, 33), (40, 300), (1, 3)]:
        z, dy = logits((n, k), dtype, rng), rng.normal(size=(n, k)).astype(dtype)
        for name in KERNELS:
            y = _core.row_activation_fwd(name, z)
            yield (
                f"{name} {n}x{k}",
                lambda name=name, z=z, y=y, dy=dy: (
                    _core.row_activation_fwd(name, z),
                    _core.row_activation_bwd(name, y, dy),
                ),
            )
    for name, pieces in PIECES:
        x, dy = logits((133, 19 * pieces), dtype, rng), rng.normal(size=(133, 19)).astype(dtype)
        yield (
            f"{name} of {pieces}",
            lambda name=name, pieces=pieces, x=x, dy=dy: (
                _core.pieces_fwd(name, x, pieces),
                _core.pieces_bwd(name, x, dy, pieces),
            ),
        )
