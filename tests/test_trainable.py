"""Activations that learn: values, both kinds of gradient, one parameter for all columns, rows and panels."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import _core
from lookup import Guarded, slope, twin
from panels import from_panels, rest_of, to_panels
from shapes import ROWS
from tolerance import assert_close

KERNELS = _core.registry("trainable")
REPEATS = [0, 1, 3, 16]  # how often the rows of a kernel that takes any number of them come
CASES = [(name, s) for name, kernel in KERNELS.items() for s in (REPEATS if kernel.traits else [1])]
SHARED = pytest.mark.parametrize("shared", [False, True])
SHAPES = [*ROWS, (0, 3), (3, 0), (200, 40)]


def parameters(name, repeats, columns, dtype, rng):
    """Parameters in their usual range, different in every column."""
    rows = len(KERNELS[name].params) * repeats
    q = rng.uniform(0.3, 1.5, (rows, columns))
    if name == "srelu":
        q[0] -= 2  # the left bend lies left of the right one
    if name == "apl":
        q[: rows // 2] -= 0.9
        q[rows // 2 :] -= 0.9
    return q.astype(dtype)


def case(name, repeats, shape, shared, dtype, rng):
    x, dy = rng.normal(0, 2, shape).astype(dtype), rng.normal(size=shape).astype(dtype)
    return x, dy, parameters(name, repeats, 1 if shared else shape[1], dtype, rng)


def twin_gradients(name, x, dy, q):
    """dX and dTheta, the sums over the batch of the twin's elementwise derivatives; and the sums of absolute values."""
    dx, dq = twin("trainable", f"{name}_grad", "x, q")(x, q)
    axes = (1, 2) if q.shape[1] == 1 else (1,)
    total = lambda terms: terms.sum(axis=axes).reshape(q.shape)
    return dx * dy, total(dq * dy), total(np.abs(dq * dy))


@pytest.mark.parametrize(("name", "repeats"), CASES)
@pytest.mark.parametrize("shape", SHAPES)
@SHARED
def test_forward_and_backward_equal_twins(name, repeats, shape, shared, dtype, rng):
    x, dy, q = case(name, repeats, shape, shared, dtype, rng)
    before = x.tobytes(), dy.tobytes(), q.tobytes()
    out, back = Guarded(shape, dtype), Guarded(shape, dtype)
    y = _core.trainable_fwd(name, x, q, shared=shared, out=out.array)
    dx, dq = _core.trainable_bwd(name, x, dy, q, shared=shared, out=back.array)
    out.check()
    back.check()
    assert (x.tobytes(), dy.tobytes(), q.tobytes()) == before
    assert dq.shape == q.shape
    if x.size == 0 or q.size == 0 and repeats:
        assert not dq.any()
        return
    x, dy, q = (a.astype(np.float64) for a in (x, dy, q))
    size = (np.abs(x) + 1) * (1 + np.abs(q).sum(axis=0))  # of the terms a value is the sum of
    assert_close(y, twin("trainable", name, "x, q")(x, q) + 0 * x, ulps=8, scale=size, terms=4, label=name)
    if repeats:
        ex, eq, sums = twin_gradients(name, x, dy, q)
        assert_close(dx, ex, ulps=8, scale=np.abs(dy) * size, terms=4, label=f"dX of {name}")
        terms = 16 + shape[0] + (shape[1] if shared else 0)
        assert_close(dq, eq, ulps=8, scale=sums + 1e-3, terms=terms, label=f"dTheta of {name}")
        assert np.abs(dx).max() > 0
        if x.size > 100:
            assert (dq != 0).mean() > 0.1


@pytest.mark.parametrize(("name", "repeats"), CASES)
@pytest.mark.parametrize("m", [1, 16, 31, 33, 70])
@SHARED
def test_panels_give_the_same_bits_as_rows(name, repeats, m, shared, dtype, rng):
    x, dy, q = case(name, repeats, (23, m), shared, dtype, rng)
    y = _core.trainable_fwd(name, x, q, shared=shared)
    dx, dq = _core.trainable_bwd(name, x, dy, q, shared=shared)
    px, pdy, pq = to_panels(x), to_panels(dy), to_panels(q)
    py = np.full_like(px, 7)
    _core.trainable_fwd(name, px, pq, shared=shared, columns=m, out=py)
    assert from_panels(py, m).tobytes() == y.tobytes()
    assert (rest_of(py, m) == 7).all(), "wrote past the last column"
    pdx, pdq = _core.trainable_bwd(name, px, pdy, pq, shared=shared, columns=m)
    assert from_panels(pdx, m).tobytes() == dx.tobytes()
    assert pdq.shape == pq.shape
    assert from_panels(pdq, q.shape[1]).tobytes() == dq.tobytes()
    assert (rest_of(pdx, m) == 0).all()
    assert (rest_of(pdq, q.shape[1]) == 0).all()


def away_from_kinks(name, x, q):
    """x moved where neither it nor a hinge or a threshold is met within the steps of a finite difference."""
    bends = [0 * q[0]]
    if name == "srelu":
        bends = [q[0], q[2]]
    if name == "apl":
        bends += list(q[len(q) // 2 :])
    for _ in range(20):
        for b in bends:
            x = np.where(np.abs(x - b) < 0.01, x + 0.05, x)
    return x


@pytest.mark.parametrize(("name", "repeats"), [c for c in CASES if c[1]])
@SHARED
def test_gradients_by_finite_differences(name, repeats, shared, rng):
    x, dy, q = case(name, min(repeats, 3), (30, 5), shared, np.float64, rng)
    x = away_from_kinks(name, x, q)
    f = twin("trainable", name)
    dx, dq, _ = twin_gradients(name, x, dy, q)
    np.testing.assert_allclose(dx, dy * slope(lambda x: f(x, q), x), rtol=1e-6, atol=1e-8)
    kernel_dx, kernel_dq = _core.trainable_bwd(name, x, dy, q, shared=shared)
    np.testing.assert_allclose(
        kernel_dx, dy * slope(lambda x: _core.trainable_fwd(name, x, q, shared=shared), x), rtol=1e-6, atol=1e-8
    )
    for i in np.ndindex(q.shape):
        step = np.zeros_like(q)
        step[i] = 1
        numeric = slope(lambda h, step=step: (f(x, q + h * step) * dy).sum(), 0.0)
        np.testing.assert_allclose(dq[i], numeric, rtol=1e-6, atol=1e-7)
        numeric = slope(
            lambda h, step=step: (_core.trainable_fwd(name, x, q + h * step, shared=shared) * dy).sum(), 0.0
        )
        np.testing.assert_allclose(kernel_dq[i], numeric, rtol=1e-6, atol=1e-7)


def test_prelu_is_two_relus(dtype, rng):
    x, alpha = rng.normal(size=(50, 20)).astype(dtype), rng.normal(size=(1, 20)).astype(dtype)
    relu = lambda z: _core.activation_fwd("relu", z)
    np.testing.assert_array_equal(_core.trainable_fwd("prelu", x, alpha), relu(x) - alpha * relu(-x))


def test_relatives(dtype, rng):
    x, dy = rng.normal(0, 2, (40, 9)).astype(dtype), rng.normal(size=(40, 9)).astype(dtype)
    one, zero, fixed = np.ones((1, 1), dtype), np.zeros((0, 9), dtype), np.full((1, 1), 0.25, dtype)
    pairs = [
        (("prelu", fixed, True), ("leaky_relu", (0.25,))),
        (("swish_beta", one, True), ("silu", ())),
        (("pelu", np.ones((2, 1), dtype), True), ("elu", (1.0,))),
        (("apl", zero, False), ("relu", ())),
    ]
    for (name, q, shared), (fixed_name, params) in pairs:
        y = _core.activation_fwd(fixed_name, x, params)
        saved = x if _core.registry("activation")[fixed_name].traits else y
        np.testing.assert_array_equal(_core.trainable_fwd(name, x, q, shared=shared), y, err_msg=name)
        dx, _ = _core.trainable_bwd(name, x, dy, q, shared=shared)
        np.testing.assert_allclose(
            dx,
            _core.activation_bwd(fixed_name, saved, dy, params),
            rtol=1e-5,
            atol=4 * np.finfo(dtype).eps,
            err_msg=name,
        )


@pytest.mark.parametrize(("name", "repeats"), CASES)
def test_nan_and_infinity(name, repeats, dtype, rng):
    x = np.array([[np.nan, 1.0], [2.0, np.nan], [-np.inf, np.inf]], dtype)
    q = parameters(name, repeats, 2, dtype, rng)
    y = _core.trainable_fwd(name, x, q)
    assert np.isnan(y[[0, 1], [0, 1]]).all()
    assert not np.isnan(y[[0, 1], [1, 0]]).any()
    assert y[2, 1] == np.inf
    if name in ("pelu", "swish_beta"):
        dx, dq = _core.trainable_bwd(name, x[2:], np.ones((1, 2), dtype), q)
        assert np.isfinite(dx).all()
        assert np.isfinite(dq[-1]).all() or name == "pelu"


def test_gradients_are_summed_from_the_first_row_up(rng):
    """In float32 the order shows: 1 added to 2^24 is lost, 2^24 added to 64 ones is not."""
    x, dy = -np.ones((65, 40), np.float32), -np.ones((65, 40), np.float32)
    dy[-1] = -(2.0**24)
    alpha = np.full((1, 40), 0.5, np.float32)
    assert (_core.trainable_bwd("prelu", x, dy, alpha)[1] == 2.0**24 + 64).all()
    assert (_core.trainable_bwd("prelu", x, dy[::-1], alpha)[1] == 2.0**24).all()


def test_the_door_refuses(rng):
    x = rng.normal(size=(4, 6))
    good = rng.normal(size=(1, 6))
    for wrong in (good[0], good[:, :5], np.zeros((2, 6)), good.astype(np.float32), np.zeros((1, 1))):
        with pytest.raises(ValueError, match="prelu: expected 1 rows of parameters"):
            _core.trainable_fwd("prelu", x, wrong)
    for wrong in (np.zeros((3, 6)), np.zeros((34, 6))):
        with pytest.raises(ValueError, match="apl: expected 2·S rows, at most 32"):
            _core.trainable_fwd("apl", x, wrong)
    with pytest.raises(ValueError, match="and 1 columns"):
        _core.trainable_fwd("prelu", x, good, shared=True)
    with pytest.raises(ValueError, match="expected one of prelu"):
        _core.trainable_fwd("prelo", x, good)
    with pytest.raises(ValueError, match="expected panels of shape"):
        _core.trainable_fwd("prelu", x, good, columns=6)
    with pytest.raises(ValueError, match="give arrays of one shape"):
        _core.trainable_bwd("prelu", x, x[:2], good)
    with pytest.raises(TypeError, match="expected float32 or float64"):
        _core.trainable_fwd("prelu", x.astype(int), good)


def bit_cases(dtype):
    """What test_bits.py runs at every level and thread count."""
    rng = np.random.default_rng(4)
    for name, repeats in CASES:
        for shared in (False, True):
            x, dy, q = case(name, repeats, (77, 101), shared, dtype, rng)
            yield (
                f"{name} {repeats} {shared}",
                lambda name=name, x=x, dy=dy, q=q, shared=shared: (
                    _core.trainable_fwd(name, x, q, shared=shared),
                    *_core.trainable_bwd(name, x, dy, q, shared=shared),
                ),
            )
