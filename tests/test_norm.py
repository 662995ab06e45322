"""Batch, layer and unit normalisation against their twins: values, derivatives, layouts, edges."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import _core
from lookup import Guarded, slope
from panels import from_panels, rest_of, to_panels
from reference import norm as reference
from shapes import ROWS
from tolerance import assert_close

SHAPES = [*ROWS, (130, 70)]
EPSILON = 1e-3


class Case:
    """A batch with columns and rows of various means and sizes, gamma and beta (or none), and a dy."""

    def __init__(self, n, k, dtype, rng, with_gamma=True):
        self.x = (rng.normal(size=(n, k)) * rng.uniform(0.5, 3, k) + rng.normal(0, 2, k)).astype(dtype)
        self.dy = rng.normal(size=(n, k)).astype(dtype)
        self.gamma = rng.uniform(0.5, 2, k).astype(dtype) if with_gamma else None
        self.beta = rng.normal(size=k).astype(dtype) if with_gamma else None
        self.moving_mean = rng.normal(size=k).astype(dtype)
        self.moving_variance = rng.uniform(0.5, 2, k).astype(dtype)

    def exact(self):
        """x, gamma, beta, dy in float64."""
        gamma = 1.0 if self.gamma is None else self.gamma.astype(np.float64)
        beta = 0.0 if self.beta is None else self.beta.astype(np.float64)
        return self.x.astype(np.float64), gamma, beta, self.dy.astype(np.float64)

    def batch_fwd(self, training=True, momentum=0.9, **layout):
        x = to_panels(self.x) if "columns" in layout else self.x
        return _core.batch_norm_fwd(
            x, self.gamma, self.beta, self.moving_mean.copy(), self.moving_variance.copy(), momentum, EPSILON, training,
            **layout,
        )  # fmt: skip


def column_scale(x, count, epsilon=EPSILON):
    """How far rounding moves x̂: the mean of `count` numbers is off by their size, and 1/√(σ² + ε) carries it."""
    size = np.abs(x).max(axis=0, keepdims=True) + 1
    return count * size / np.sqrt(x.var(axis=0, keepdims=True) + epsilon)


def backward_scale(x, gamma, dy, count):
    """The largest term of dx, with the amplification of its x̂, for every element."""
    inverse = 1 / np.sqrt(x.var(axis=0, keepdims=True) + EPSILON)
    xhat = np.abs(x - x.mean(axis=0)).max(axis=0, keepdims=True) * inverse
    return np.abs(dy * gamma).max(axis=0, keepdims=True) * inverse * (1 + xhat) ** 2 * (1 + column_scale(x, 1)) * count


# ---- batch


@pytest.mark.parametrize("with_gamma", [True, False])
@pytest.mark.parametrize(("n", "k"), SHAPES)
def test_batch_forward_equals_twin(n, k, with_gamma, dtype, rng):
    case = Case(n, k, dtype, rng, with_gamma)
    x, gamma, beta, _ = case.exact()
    before = case.x.copy()
    moving = case.moving_mean.copy(), case.moving_variance.copy()
    out = Guarded((n, k), dtype)
    y, mean, r = _core.batch_norm_fwd(case.x, case.gamma, case.beta, *moving, 0.9, EPSILON, True, out=out.array)
    out.check()
    assert_close(mean, x.mean(axis=0), ulps=2, scale=np.abs(x).mean(axis=0), terms=n, label="mean")
    assert_close(r, 1 / np.sqrt(x.var(axis=0) + EPSILON), ulps=n + 8, label="r")
    expected = reference.batch_norm_training(x, gamma, beta, EPSILON)
    assert_close(y, expected, ulps=8, scale=np.abs(gamma) * column_scale(x, n) + np.abs(beta), terms=4, label="y")
    for moved, start, batch in (
        (moving[0], case.moving_mean, x.mean(axis=0)),
        (moving[1], case.moving_variance, x.var(axis=0)),
    ):
        exact = reference.moving_update(start.astype(np.float64), batch, 0.9)
        assert_close(moved, exact, ulps=4, scale=np.abs(x).max(axis=0) ** 2 + 1, terms=n, label="moving")
    assert case.x.tobytes() == before.tobytes()
    assert n * k < 16 or len(np.unique(case.x)) > n * k // 2


@pytest.mark.parametrize(("n", "k"), SHAPES)
def test_the_unbiased_variance_moves_the_moving_one(n, k, dtype, rng):
    case = Case(n, k, dtype, rng)
    x, *_ = case.exact()
    biased, unbiased = ([case.moving_mean.copy(), case.moving_variance.copy()] for _ in range(2))
    same = _core.batch_norm_fwd(case.x, case.gamma, case.beta, *biased, 0.9, EPSILON, True)
    found = _core.batch_norm_fwd(case.x, case.gamma, case.beta, *unbiased, 0.9, EPSILON, True, unbiased=True)
    assert [a.tobytes() for a in found] == [a.tobytes() for a in same]
    assert unbiased[0].tobytes() == biased[0].tobytes()
    batch = x.var(axis=0, ddof=1 if n > 1 else 0)
    exact = reference.moving_update(case.moving_variance.astype(np.float64), batch, 0.9)
    assert_close(unbiased[1], exact, ulps=4, scale=np.abs(x).max(axis=0) ** 2 + 1, terms=n, label="moving")
    assert (n == 1) == (unbiased[1].tobytes() == biased[1].tobytes()) or x.size == 0


@pytest.mark.parametrize(("n", "k"), SHAPES)
def test_batch_inference_uses_and_keeps_the_moving_moments(n, k, dtype, rng):
    case = Case(n, k, dtype, rng)
    x, gamma, beta, dy = case.exact()
    moments = case.moving_mean.astype(np.float64), case.moving_variance.astype(np.float64)
    kept = case.moving_mean.copy(), case.moving_variance.copy()
    y, mean, r = _core.batch_norm_fwd(case.x, case.gamma, case.beta, *kept, 0.9, EPSILON, False)
    assert kept[0].tobytes() == case.moving_mean.tobytes()
    assert kept[1].tobytes() == case.moving_variance.tobytes()
    expected = reference.batch_norm(x, gamma, beta, *moments, EPSILON)
    size = (np.abs(x) + np.abs(moments[0])) * gamma / np.sqrt(moments[1]) + np.abs(beta)
    assert_close(y, expected, scale=size, terms=4, label="y")
    dx, dgamma, dbeta = _core.batch_norm_bwd(case.dy, case.x, mean, r, case.gamma, False)
    exact = reference.batch_norm_grad(x, gamma, *moments, EPSILON, dy)
    assert_close(dx, exact[0], label="dx")
    assert_close(dgamma, exact[1], scale=(np.abs(dy) * size).sum(axis=0), terms=n + 4, label="dgamma")
    assert_close(dbeta, exact[2], scale=np.abs(dy).sum(axis=0), terms=n, label="dbeta")


@pytest.mark.parametrize("with_gamma", [True, False])
@pytest.mark.parametrize(("n", "k"), SHAPES)
def test_batch_backward_equals_twin(n, k, with_gamma, dtype, rng):
    case = Case(n, k, dtype, rng, with_gamma)
    x, gamma, _, dy = case.exact()
    _, mean, r = case.batch_fwd()
    out = Guarded((n, k), dtype)
    dx, dgamma, dbeta = _core.batch_norm_bwd(case.dy, case.x, mean, r, case.gamma, True, out=out.array)
    out.check()
    exact = reference.batch_norm_training_grad(x, gamma, EPSILON, dy)
    scale = backward_scale(x, gamma, dy, n)
    assert_close(dx, exact[0], scale=np.broadcast_to(scale, x.shape), terms=8, label="dx")
    sums = (np.abs(dy) * (column_scale(x, n) + 3)).sum(axis=0)
    assert_close(dgamma, exact[1], scale=sums, terms=8, label="dgamma")
    assert_close(dbeta, exact[2], scale=np.abs(dy).sum(axis=0), terms=n, label="dbeta")


# ---- layer


@pytest.mark.parametrize("with_gamma", [True, False])
@pytest.mark.parametrize(("n", "k"), SHAPES)
def test_layer_forward_equals_twin(n, k, with_gamma, dtype, rng):
    case = Case(n, k, dtype, rng, with_gamma)
    x, gamma, beta, _ = case.exact()
    before = case.x.copy()
    out = Guarded((n, k), dtype)
    y, mean, r = _core.layer_norm_fwd(case.x, case.gamma, case.beta, EPSILON, out=out.array)
    out.check()
    chain = k / 16 + 5
    assert_close(mean, x.mean(axis=1), ulps=2, scale=np.abs(x).mean(axis=1), terms=chain, label="mean")
    assert_close(r, 1 / np.sqrt(x.var(axis=1) + EPSILON), ulps=2 * chain + 8, label="r")
    scale = column_scale(x.T, chain).T * np.abs(gamma) + np.abs(beta)
    assert_close(y, reference.layer_norm(x, gamma, beta, EPSILON), scale=scale, terms=4, label="y")
    assert case.x.tobytes() == before.tobytes()


@pytest.mark.parametrize("with_gamma", [True, False])
@pytest.mark.parametrize(("n", "k"), SHAPES)
def test_layer_backward_equals_twin(n, k, with_gamma, dtype, rng):
    case = Case(n, k, dtype, rng, with_gamma)
    x, gamma, _, dy = case.exact()
    _, mean, r = _core.layer_norm_fwd(case.x, case.gamma, case.beta, EPSILON)
    out = Guarded((n, k), dtype)
    dx, dgamma, dbeta = _core.layer_norm_bwd(case.dy, case.x, mean, r, case.gamma, out=out.array)
    out.check()
    exact = reference.layer_norm_grad(x, gamma, EPSILON, dy)
    scale = backward_scale(x.T, 1.0, (dy * gamma).T, k / 16 + 5).T
    assert_close(dx, exact[0], scale=np.broadcast_to(scale, x.shape), terms=8, label="dx")
    sums = (np.abs(dy) * (column_scale(x.T, k / 16 + 5).T + 3)).sum(axis=0)
    assert_close(dgamma, exact[1], scale=sums, terms=n + 8, label="dgamma")
    assert_close(dbeta, exact[2], scale=np.abs(dy).sum(axis=0), terms=n, label="dbeta")


# ---- unit


@pytest.mark.parametrize(("n", "k"), SHAPES)
def test_unit_norm_equals_twin(n, k, dtype, rng):
    case = Case(n, k, dtype, rng)
    x, _, _, dy = case.exact()
    out, back = Guarded((n, k), dtype), Guarded((n, k), dtype)
    y = _core.unit_norm_fwd(case.x, 1e-12, out=out.array)
    dx = _core.unit_norm_bwd(case.dy, case.x, 1e-12, out=back.array)
    out.check()
    back.check()
    chain = k / 16 + 8
    assert_close(y, reference.unit_norm(x, 1e-12), ulps=chain, label="y")
    length = np.sqrt((x**2).sum(axis=1, keepdims=True))
    size = (np.abs(dy) + np.sqrt((dy**2).sum(axis=1, keepdims=True))) / length
    assert_close(dx, reference.unit_norm_grad(x, 1e-12, dy), scale=size, terms=4 * chain, label="dx")


def test_unit_norm_of_short_rows(dtype, rng):
    """Below epsilon the divisor is epsilon and has no derivative; a row of zeros stays one."""
    x, dy = rng.normal(size=(2, 6, 20)).astype(dtype)
    x[::2] *= 1e-3
    x[3] = 0
    y, dx = _core.unit_norm_fwd(x, 0.1), _core.unit_norm_bwd(dy, x, 0.1)
    exact = x.astype(np.float64), dy.astype(np.float64)
    assert_close(y, reference.unit_norm(exact[0], 0.1), ulps=8)
    assert_close(dx, reference.unit_norm_grad(exact[0], 0.1, exact[1]), scale=np.abs(dx).max() + 1, terms=16)
    assert (y[3] == 0).all()
    np.testing.assert_array_equal(dx[3], dy[3] * (1 / dtype.type(0.1)))


# ---- derivatives by finite differences: the twins', and the float64 kernels'


def slopes(f, dy, *arrays):
    """d Σ f·dy / d each array, by 4-point differences of each of its elements in turn."""
    out = []
    for which, array in enumerate(arrays):
        gradient = np.empty_like(array)
        for i in np.ndindex(array.shape):

            def at(value, which=which, i=i):
                moved = [a.copy() for a in arrays]
                moved[which][i] = value
                return np.sum(f(*moved) * dy)

            gradient[i] = slope(at, array[i])
        out.append(gradient)
    return out


def kernel_batch(x, gamma, beta):
    zeros = np.zeros(x.shape[1])
    return _core.batch_norm_fwd(x, gamma, beta, zeros, zeros.copy(), 0.9, EPSILON, True)


def kernel_batch_grad(x, gamma, beta, dy):
    _, mean, r = kernel_batch(x, gamma, beta)
    return _core.batch_norm_bwd(dy, x, mean, r, gamma, True)


def kernel_layer_grad(x, gamma, beta, dy):
    _, mean, r = _core.layer_norm_fwd(x, gamma, beta, EPSILON)
    return _core.layer_norm_bwd(dy, x, mean, r, gamma)


def test_derivatives_by_finite_differences(rng):
    case = Case(7, 5, np.float64, rng)
    x, gamma, beta, dy = case.exact()
    for forward, grad in (
        (lambda *a: reference.batch_norm_training(*a, EPSILON),
         lambda x, g, b, dy: reference.batch_norm_training_grad(x, g, EPSILON, dy)),
        (lambda *a: kernel_batch(*a)[0], kernel_batch_grad),
        (lambda *a: reference.layer_norm(*a, EPSILON),
         lambda x, g, b, dy: reference.layer_norm_grad(x, g, EPSILON, dy)),
        (lambda *a: _core.layer_norm_fwd(*a, EPSILON)[0], kernel_layer_grad),
        (lambda *a: reference.batch_norm(*a, case.moving_mean, case.moving_variance, EPSILON),
         lambda x, g, b, dy: reference.batch_norm_grad(x, g, case.moving_mean, case.moving_variance, EPSILON, dy)),
    ):  # fmt: skip
        for got, expected in zip(grad(x, gamma, beta, dy), slopes(forward, dy, x, gamma, beta), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-7, atol=1e-8)
    (expected,) = slopes(lambda x: reference.unit_norm(x, 1e-12), dy, x)
    np.testing.assert_allclose(reference.unit_norm_grad(x, 1e-12, dy), expected, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(_core.unit_norm_bwd(dy, x, 1e-12), expected, rtol=1e-7, atol=1e-8)


# ---- layouts, NaN, arguments


@pytest.mark.parametrize(("n", "k"), [(1, 5), (9, 32), (17, 45), (40, 100)])
def test_same_bits_in_panels(n, k, dtype, rng):
    case = Case(n, k, dtype, rng)
    x, dy = to_panels(case.x), to_panels(case.dy)
    y, mean, r = case.batch_fwd()
    panels = case.batch_fwd(columns=k)
    pairs = [(panels, (y, mean, r))]
    backward = _core.batch_norm_bwd(case.dy, case.x, mean, r, case.gamma, True)
    pairs += [(_core.batch_norm_bwd(dy, x, mean, r, case.gamma, True, columns=k), backward)]
    layer = _core.layer_norm_fwd(case.x, case.gamma, case.beta, EPSILON)
    pairs += [(_core.layer_norm_fwd(x, case.gamma, case.beta, EPSILON, columns=k), layer)]
    backward = _core.layer_norm_bwd(case.dy, case.x, *layer[1:], case.gamma)
    pairs += [(_core.layer_norm_bwd(dy, x, *layer[1:], case.gamma, columns=k), backward)]
    pairs += [((_core.unit_norm_fwd(x, 1e-12, columns=k),), (_core.unit_norm_fwd(case.x, 1e-12),))]
    pairs += [((_core.unit_norm_bwd(dy, x, 1e-12, columns=k),), (_core.unit_norm_bwd(case.dy, case.x, 1e-12),))]
    for got, expected in pairs:
        np.testing.assert_array_equal(from_panels(got[0], k), expected[0])
        assert (rest_of(got[0], k) == 0).all()
        for a, b in zip(got[1:], expected[1:], strict=True):
            np.testing.assert_array_equal(a, b)


def test_backward_may_replace_dy(dtype, rng):
    case = Case(33, 40, dtype, rng)
    _, mean, r = case.batch_fwd()
    _, *layer = _core.layer_norm_fwd(case.x, case.gamma, case.beta, EPSILON)
    for run, args in (
        (_core.batch_norm_bwd, (case.x, mean, r, case.gamma, True)),
        (_core.layer_norm_bwd, (case.x, *layer, case.gamma)),
        (_core.unit_norm_bwd, (case.x, 1e-12)),
    ):
        dy = case.dy.copy()
        for a, b in zip(run(dy, *args, out=dy), run(case.dy, *args), strict=True):
            np.testing.assert_array_equal(a, b)


def test_nan_stays_where_it_belongs(dtype, rng):
    case = Case(20, 37, dtype, rng)
    case.x[4, 9] = np.nan
    spoiled = np.isnan(case.batch_fwd()[0])
    assert spoiled[:, 9].all()
    assert spoiled.sum() == 20
    for y in (
        _core.layer_norm_fwd(case.x, case.gamma, case.beta, EPSILON)[0],
        _core.unit_norm_fwd(case.x, 1e-12),
        _core.unit_norm_bwd(case.dy, case.x, 1e-12),
    ):
        assert np.isnan(y[4]).all()
        assert np.isnan(y).sum() == 37


def test_constant_columns_and_rows_give_beta(dtype, rng):
    case = Case(16, 20, dtype, rng)
    case.x[:] = 3
    np.testing.assert_array_equal(case.batch_fwd()[0], np.broadcast_to(case.beta, (16, 20)))
    y, _, _ = _core.layer_norm_fwd(case.x, case.gamma, case.beta, EPSILON)
    np.testing.assert_array_equal(y, np.broadcast_to(case.beta, (16, 20)))


def test_bad_arguments_are_named(dtype, rng):
    case = Case(6, 5, dtype, rng)
    x, moving = case.x, (case.moving_mean, case.moving_variance)
    with pytest.raises(ValueError, match=r"gamma: expected shape \(5,\)"):
        _core.layer_norm_fwd(x, case.gamma[:4], None, EPSILON)
    other = np.zeros(5, "f4" if dtype == "f8" else "f8")
    with pytest.raises(ValueError, match=r"beta: expected shape \(5,\)"):
        _core.batch_norm_fwd(x, None, other, *moving, 0.9, EPSILON, False)
    with pytest.raises(ValueError, match="moving_mean: expected a writable"):
        _core.batch_norm_fwd(x, None, None, np.zeros(10, dtype)[::2], moving[1], 0.9, EPSILON, True)
    frozen = moving[1].copy()
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="moving_variance: expected a writable"):
        _core.batch_norm_fwd(x, None, None, moving[0], frozen, 0.9, EPSILON, True)
    _core.batch_norm_fwd(x, None, None, moving[0], frozen, 0.9, EPSILON, False)
    with pytest.raises(ValueError, match="dy: expected shape"):
        _core.unit_norm_bwd(case.dy[:, :4], x, 1e-12)
    with pytest.raises(TypeError, match="float32 or float64"):
        _core.unit_norm_fwd(x.astype(np.float16), 1e-12)
    strided = np.repeat(x, 2, axis=1)[:, ::2]
    np.testing.assert_array_equal(_core.unit_norm_fwd(strided, 1e-12), _core.unit_norm_fwd(x, 1e-12))
    for shape in [(0, 5), (3, 0)]:
        _core.layer_norm_fwd(np.zeros(shape, dtype), None, None, EPSILON)
        empty = np.zeros(shape[1], dtype)
        _core.batch_norm_fwd(np.zeros(shape, dtype), None, None, empty, empty.copy(), 0.9, EPSILON, True)


def bit_cases(dtype):
    """What test_bits.py runs at every level and thread count."""
    case = Case(77, 143, dtype, np.random.default_rng(1))
    _, mean, r = case.batch_fwd()
    _, row_mean, row_r = _core.layer_norm_fwd(case.x, case.gamma, case.beta, EPSILON)
    yield "batch", case.batch_fwd
    yield "batch inference", lambda: case.batch_fwd(training=False)
    yield "batch backward", lambda: _core.batch_norm_bwd(case.dy, case.x, mean, r, case.gamma, True)
    yield "layer", lambda: _core.layer_norm_fwd(case.x, case.gamma, case.beta, EPSILON)
    yield "layer backward", lambda: _core.layer_norm_bwd(case.dy, case.x, row_mean, row_r, case.gamma)
    yield "unit", lambda: (_core.unit_norm_fwd(case.x, 1e-12), _core.unit_norm_bwd(case.dy, case.x, 1e-12))
