"""Losses at their edges: limits, kinks, ties, extreme logits, NaN, labels, what the door refuses; reductions."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import _core
from loss_cases import CASES, KERNELS, NONE, PARAMS, check, inputs
from tolerance import assert_close

# ---- limits, kinks and ties ------------------------------------------------------------------------------------------

CLIPPED = [
    "binary_crossentropy",
    "kl_divergence",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "binary_focal_crossentropy",
    "mean_squared_logarithmic_error",
    "sparse_categorical_crossentropy",
]


@pytest.mark.parametrize("name", CLIPPED)
def test_values_where_predictions_are_clipped(name, dtype):
    pred = np.array([[1e-9, 1.0 - 1e-9], [0.0, 1.0], [1.0, 0.0], [1.0 - 1e-6, 1e-6]], dtype)
    target = np.array([0, 0, 1, 1]) if KERNELS[name].traits else np.array([[1, 0], [1, 0], [0, 1], [0.5, 0.5]], dtype)
    params = PARAMS.get(name, [()])[0]
    loss, d = _core.loss(name, pred, target, params)
    assert np.isfinite(loss).all()
    check(name, params, pred, target, loss, d)


@pytest.mark.parametrize("name", ["kl_divergence", "binary_crossentropy"])
def test_no_slope_outside_the_limits(name, dtype):
    pred = np.array([[0.0, -0.5, 1e-8, 1.5, 0.5]], dtype)
    target = np.ones_like(pred)
    _, d = _core.loss(name, pred, target, PARAMS.get(name, [()])[0])
    assert (d[0, :4] == 0).all()
    assert d[0, 4] < 0


def test_no_slope_when_the_class_is_clipped(dtype):
    pred = np.array([[1e-9, 1.0, 2.0], [1.0, 1e-9, 2.0]], dtype)
    _, d = _core.loss("sparse_categorical_crossentropy", pred, np.array([0, 0]), (NONE,))
    assert (d[0] == 0).all()
    assert d[1, 0] < 0 < d[1, 2]


def test_binary_crossentropy_of_a_wrong_certainty_is_that_of_the_limit():
    loss, _ = _core.loss("binary_crossentropy", np.float32([[0], [1]]), np.float32([[1], [0]]), (0.0,))
    np.testing.assert_allclose(loss, [16.118, 15.942], rtol=1e-4)  # -log 1e-7, and of what float32 makes of 1 - 1e-7


def test_hinge_at_its_kink(dtype):
    pred = np.array([[1.0, -1.0, 0.5, 2.0]], dtype)
    target = np.array([[1.0, -1.0, 1.0, 1.0]], dtype)
    loss, d = _core.loss("hinge", pred, target)
    np.testing.assert_array_equal(loss, [0.125])
    np.testing.assert_array_equal(d, [[0, 0, -0.25, 0]])


def test_categorical_hinge_shares_ties(dtype):
    pred = np.array([[2.0, 2.0, 1.0, 2.0], [5.0, 1.0, 0.0, 4.0], [0.0, 0.0, 0.0, 0.0]], dtype)
    target = np.eye(4, dtype=dtype)[[2, 0, 1]]
    loss, d = _core.loss("categorical_hinge", pred, target)
    np.testing.assert_array_equal(loss, [2, 0, 1])
    check("categorical_hinge", (), pred, target, loss, d)
    np.testing.assert_allclose(d[0], [1 / 3, 1 / 3, -1, 1 / 3], rtol=1e-6)
    assert (d[1] == 0).all(), "a margin that is met pulls no more"


def test_cosine_of_zero_and_of_very_short_vectors(dtype):
    pred = np.array([[0, 0, 0], [3e-9, 4e-9, 0], [3, 4, 0], [1, 2, 2]], dtype)
    target = np.array([[1, 2, 2], [1, 2, 2], [0, 0, 0], [2, 4, 4]], dtype)
    loss, d = _core.loss("cosine_similarity", pred, target)
    assert np.isfinite(loss).all()
    assert np.isfinite(d).all()
    check("cosine_similarity", (), pred, target, loss, d)
    np.testing.assert_allclose(loss[[0, 2, 3]], [0, 0, -1], rtol=1e-6)


def test_log_cosh_of_small_and_large_errors(dtype):
    pred = np.array([[1e-4], [1e-3], [30.0], [-1e4], [1e30]], dtype)
    loss, d = _core.loss("log_cosh", pred, np.zeros_like(pred))
    e = np.abs(pred.astype(np.float64).ravel())
    exact = np.where(e < 0.01, e**2 / 2 - e**4 / 12 + e**6 / 45, e - np.log(2))
    assert_close(loss, exact, label="log_cosh")
    assert_close(d, np.tanh(pred.astype(np.float64)), label="log_cosh_grad")


# ---- extreme logits --------------------------------------------------------------------------------------------------

LOGITS = [
    name for name in KERNELS if name.endswith("_logits") and name != "half_poisson_logits"
]  # whose exp is endless


@pytest.mark.parametrize("size", [1e4, 1e30, "max"])
@pytest.mark.parametrize("name", LOGITS)
def test_extreme_logits(name, size, dtype):
    size = np.finfo(dtype).max / 1024 if size == "max" else size  # sums, and their tolerance, are still numbers
    pred = np.array([[size, -size, 0.0], [-size, -size, size], [size, size, size], [3.0, -size, 2.0]], dtype)
    hard = np.array([0, 2, 1, 0])
    for labels in (hard, np.array([1, 0, 2, 1])):
        target = labels if KERNELS[name].traits else np.eye(3, dtype=dtype)[labels]
        params = PARAMS.get(name, [()])[0]
        loss, d = _core.loss(name, pred, target, params)
        assert np.isfinite(loss).all()
        assert np.isfinite(d).all()
        check(name, params, pred, target, loss, d)


@pytest.mark.parametrize("name", LOGITS)
def test_infinite_logits(name, dtype):
    pred = np.array([[1.0, -np.inf, 2.0], [1.0, -np.inf, 2.0]], dtype)
    target = np.array([0, 1]) if KERNELS[name].traits else np.eye(3, dtype=dtype)[[0, 1]]
    params = PARAMS.get(name, [()])[0]
    loss, d = _core.loss(name, pred, target, params)
    reference = np.where(np.isinf(pred), dtype.type(-1000), pred)
    expected, slope = _core.loss(name, reference, target, params)
    assert_close(loss[:1], expected[:1].astype(np.float64), label="an impossible class that is not asked for")
    assert_close(d, slope.astype(np.float64), scale=1.0, label="the gradient is the limit's")
    bounded = {"sparse_log_loss_logits": -np.log(np.finfo(dtype).eps)}
    if name == "log_loss_logits":  # summed over the classes, each bounded
        np.testing.assert_allclose(loss[1], -np.log(np.finfo(dtype).eps) + np.log1p(np.exp([1, 2])).sum(), rtol=1e-6)
    else:
        np.testing.assert_allclose(loss[1], bounded.get(name, np.inf), rtol=1e-6)


def test_a_bounded_loss_still_pulls(dtype):
    far = np.array([[-60.0], [60.0]], dtype)
    loss, d = _core.loss("log_loss_logits", far, np.array([[1.0], [0.0]], dtype))
    np.testing.assert_allclose(loss, np.full(2, -np.log(np.finfo(dtype).eps)), rtol=1e-6)
    np.testing.assert_allclose(d, [[-1.0], [1.0]])
    wide = np.array([[-60.0, 60.0, 0.0]], dtype)
    loss, d = _core.loss("sparse_log_loss_logits", wide, np.array([0]), (NONE,))
    np.testing.assert_allclose(loss, [-np.log(np.finfo(dtype).eps)], rtol=1e-6)
    np.testing.assert_allclose(d, [[-1.0, 1.0, 0.0]], atol=1e-6)


def test_equal_logits_give_the_logarithm_of_their_number(dtype):
    for k in (1, 2, 10, 33):
        loss, d = _core.loss(
            "sparse_categorical_crossentropy_logits", np.full((3, k), 7.0, dtype), np.zeros(3, int), (NONE,)
        )
        assert_close(loss, np.full(3, np.log(k)), label=str(k))
        assert_close(d.sum(axis=1), np.zeros(3), scale=1.0, terms=k, label="the gradient sums to zero")


# ---- NaN, ignored classes, what the door refuses ---------------------------------------------------------------------


@pytest.mark.parametrize(("name", "params"), CASES)
@pytest.mark.parametrize("k", [1, 5, 40])
def test_nan_spoils_its_own_row_only(name, params, k, dtype, rng):
    pred, target = inputs(name, 6, k, dtype, rng)
    if KERNELS[name].traits:
        target[:] = 0
    clean, _ = _core.loss(name, pred, target, params)
    pred[2, k // 2] = np.nan
    loss, d = _core.loss(name, pred, target, params)
    assert np.isnan(loss[2])
    assert np.isnan(d[2, k // 2])
    rest = np.arange(6) != 2
    assert loss[rest].tobytes() == clean[rest].tobytes()
    assert np.isfinite(d[rest]).all()


@pytest.mark.parametrize("name", [n for n in KERNELS if KERNELS[n].traits])
@pytest.mark.parametrize("ignore", [-1, 2, 255])
def test_ignored_class(name, ignore, dtype, rng):
    pred, target = inputs(name, 40, 7, dtype, rng)
    ignored = np.arange(40) % 3 == 0
    target[~ignored] %= 2
    target[ignored] = ignore
    pred[0, 3] = np.nan
    loss, d = _core.loss(name, pred, target, (float(ignore),))
    assert (loss[ignored] == 0).all()
    assert (d[ignored] == 0).all()
    kept, kept_d = _core.loss(name, pred[~ignored], target[~ignored], (NONE,))
    assert loss[~ignored].tobytes() == kept.tobytes()
    assert d[~ignored].tobytes() == kept_d.tobytes()


@pytest.mark.parametrize("integer", ["int8", "uint8", "int16", "int32", "uint32", "int64", "uint64", ">i4", ">i8"])
def test_labels_of_any_integer_type(integer, rng):
    name = "sparse_categorical_crossentropy_logits"
    pred, target = inputs(name, 50, 10, np.float32, rng)
    expected = _core.loss(name, pred, target, (NONE,))
    strided = np.repeat(target.astype(integer), 2)[::2]
    for a, b in zip(_core.loss(name, pred, strided, (NONE,)), expected, strict=True):
        assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize("bad", [-1, 10, 2**31, -(2**40)])
def test_labels_out_of_range(bad):
    target = np.zeros(5, np.int64)
    target[3] = bad
    for ignore in (NONE, 4.0):
        with pytest.raises(ValueError, match=rf"labels from 0 to 9, got {bad} in row 3"):
            _core.loss("sparse_categorical_crossentropy", np.ones((5, 10)), target, (ignore,))


def test_what_the_door_refuses():
    x, labels = np.ones((3, 4)), np.zeros(3, int)
    mse, sparse = "mean_squared_error", "sparse_categorical_crossentropy"
    refused = [
        (ValueError, "expected one of mean_squared_error", lambda: _core.loss("mse", x, x)),
        (ValueError, "expected 0 parameters", lambda: _core.loss(mse, x, x, (1.0,))),
        (ValueError, r"expected 1 parameters \(delta\)", lambda: _core.loss("huber", x, x)),
        (ValueError, "at least one column", lambda: _core.loss(mse, x[0], x[0])),
        (ValueError, "at least one column", lambda: _core.loss(mse, x[:, :0], x[:, :0])),
        (ValueError, r"target: expected shape \(3, 4\)", lambda: _core.loss(mse, x, x[:2])),
        (ValueError, "of float64", lambda: _core.loss(mse, x, x.astype(np.float32))),
        (TypeError, "expected float32 or float64", lambda: _core.loss(mse, labels[:, None], x)),
        (ValueError, r"scale: expected shape \(3,\)", lambda: _core.loss(mse, x, x, scale=np.ones(4))),
        (ValueError, "scale: expected", lambda: _core.loss(mse, x, x, scale=np.ones(3, np.float32))),
        (ValueError, "out: expected", lambda: _core.loss(mse, x, x, gradient=np.ones((4, 3)))),
        (ValueError, "out: expected", lambda: _core.loss(mse, x, x, out=np.ones(2))),
        (TypeError, "integer labels", lambda: _core.loss(sparse, x, np.zeros(3), (NONE,))),
        (ValueError, "one label a row", lambda: _core.loss(sparse, x, np.zeros((3, 1), int), (NONE,))),
        (ValueError, "elementwise", lambda: _core.loss_block("cosine_similarity", x, x)),
        (ValueError, "expected panels", lambda: _core.loss(mse, np.ones((1, 3, 32)), np.ones((1, 3, 32)), columns=33)),
        (ValueError, "samples: expected 0 to 4", lambda: _core.loss_block(mse, x, x, samples=5)),
        (ValueError, "at least one", lambda: _core.loss(mse, np.ones((0, 3, 32)), np.ones((0, 3, 32)), columns=0)),
        (ValueError, "reduction: expected one of sum", lambda: _core.loss_reduce(x[0], "average")),
        (ValueError, "one number a row", lambda: _core.loss_reduce(x, "sum")),
        (ValueError, "weights: expected", lambda: _core.loss_weigh(x[0], np.ones(3))),
    ]
    for kind, message, call in refused:
        with pytest.raises(kind, match=message):
            call()


def test_arrays_in_any_layout(rng):
    pred, target = inputs("mean_squared_error", 9, 12, np.float64, rng)
    expected, slope = _core.loss("mean_squared_error", pred, target)
    frozen = pred.copy()
    frozen.flags.writeable = False
    for p, t in [
        (np.asfortranarray(pred), target),
        (pred, target[::-1][::-1]),
        (frozen, target),
        (pred.astype(">f8"), target.astype(">f8")),
    ]:
        loss, d = _core.loss("mean_squared_error", p, t)
        assert loss.tobytes() == expected.tobytes()
        assert d.tobytes() == slope.tobytes()


def test_no_rows():
    for name, params in CASES:
        target = np.zeros(0, int) if KERNELS[name].traits else np.zeros((0, 3))
        loss, d = _core.loss(name, np.zeros((0, 3)), target, params)
        assert loss.shape == (0,)
        assert d.shape == (0, 3)


# ---- reductions ------------------------------------------------------------------------------------------------------


def test_reductions(dtype, rng):
    losses, weights = rng.normal(1, 1, 1001).astype(dtype), rng.uniform(0, 2, 1001).astype(dtype)
    x, w = losses.astype(np.float64), weights.astype(np.float64)
    expected = {"sum": (w * x).sum(), "sum_over_batch_size": (w * x).sum() / 1001}
    expected["mean_with_sample_weight"] = (w * x).sum() / w.sum()
    for name, value in expected.items():
        np.testing.assert_allclose(_core.loss_reduce(losses, name, weights), value, rtol=1e-12)
        assert _core.loss_reduce(losses[:0], name, weights[:0]) == 0
    np.testing.assert_allclose(_core.loss_reduce(losses, "sum_over_batch_size"), x.mean(), rtol=1e-12)
    assert _core.loss_reduce(losses, "mean_with_sample_weight", np.zeros_like(weights)) == 0
    np.testing.assert_array_equal(_core.loss_weigh(losses, weights), losses * weights)
