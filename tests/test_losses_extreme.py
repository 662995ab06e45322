"""Losses of predictions as extreme as numbers get: what stays finite, and what does not, loss by loss."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import _core
from lookup import slope
from loss_cases import KERNELS, PARAMS

LOGITS = [name for name in KERNELS if name.endswith("_logits") and name != "half_poisson_logits"]
OTHERS = [name for name in KERNELS if name not in LOGITS]
BOUNDED = {"log_loss_logits", "sparse_log_loss_logits"}  # as scikit-learn has them: -log ε at most, a class
OUT_OF_DOMAIN = {"poisson", "half_poisson_logits"}  # log of a negative number, exp of a huge one
RATIOS = {"categorical_crossentropy", "categorical_focal_crossentropy"}  # of outputs divided by their sum
SQUARES = {"mean_squared_error", "half_squared_error", "squared_hinge", "binary_focal_crossentropy"}


def rows(size, dtype, columns=3):
    """The right class, the wrong one, all of one size, one far below, then zeros up to all columns; their classes."""
    pred = np.array([[size, -size, 0.5], [-size, size, 0.5], [size, size, size], [-size, -size, -size], [2, 1, -size]])
    return np.pad(pred, ((0, 0), (0, columns - 3))).astype(dtype), np.array([0, 0, 2, 1, 1])


def loss_of(name, pred, labels):
    target = labels if KERNELS[name].traits else np.eye(pred.shape[1], dtype=pred.dtype)[labels]
    return _core.loss(name, pred, target, PARAMS.get(name, [()])[0])


# ---- losses of logits


@pytest.mark.parametrize("columns", [3, 40])
@pytest.mark.parametrize("share", [0.5, 1.0])
@pytest.mark.parametrize("name", LOGITS)
def test_the_largest_logits_there_are(name, share, columns, dtype):
    """The gradient is bounded, so finite; the loss is a difference, or a sum, of logits, infinite where that is."""
    top = np.finfo(dtype).max
    loss, d = loss_of(name, *rows(share * top, dtype, columns))
    assert np.isfinite(d).all()
    assert (np.abs(d) <= 1).all()
    assert (loss >= 0).all()
    assert np.isfinite(loss[[0, 2 if "categorical" in name else 0]]).all()
    if name in BOUNDED:
        assert np.isfinite(loss).all()
    elif "focal" not in name:
        with np.errstate(over="ignore"):
            apart = dtype.type(share * top) * dtype.type(2)
        np.testing.assert_allclose(loss[1], apart if "categorical" in name else apart / columns, rtol=1e-6)


@pytest.mark.parametrize("columns", [3, 40])
@pytest.mark.parametrize("name", LOGITS)
def test_extreme_gradients_are_those_of_differences(name, columns):
    pred, labels = rows(1e4, np.float64, columns)
    loss, d = loss_of(name, pred, labels)
    for i, j in np.ndindex(len(pred), 4 if columns > 3 else 3):
        if name in BOUNDED and loss[i] > 36:
            continue  # at its bound, -log ε, it is flat, and pulls all the same

        def price(z, i=i, j=j):
            moved = pred.copy()
            moved[i, j] = z
            return loss_of(name, moved, labels)[0][i]

        np.testing.assert_allclose(d[i, j], slope(price, pred[i, j]), atol=1e-6, err_msg=f"{name}, {i}, {j}")


@pytest.mark.parametrize("name", LOGITS)
def test_infinite_logits_of_one_sign(name, dtype):
    """A sigmoid is 0 or 1 there, with a gradient; of +∞ among classes nobody knows: it is NaN, and so in Keras."""
    pred, labels = np.array([[np.inf, 1, 2], [-np.inf, 1, 2]], dtype), np.array([0, 1])
    loss, d = loss_of(name, pred, labels)
    if "categorical" in name or name == "sparse_log_loss_logits":
        assert np.isnan(loss[0])
        assert np.isnan(d[0]).all()
        assert np.isfinite([loss[1], *d[1]]).all()
    else:
        assert np.isfinite(loss).all(), "each is the right answer"
        assert d[0, 0] == d[1, 0] == 0
        assert np.isfinite(d).all()


# ---- all others


@pytest.mark.parametrize("name", OTHERS)
def test_predictions_of_ten_thousand(name, dtype):
    loss, d = loss_of(name, *rows(1e4, dtype))
    assert np.isfinite(d).all() or name in OUT_OF_DOMAIN
    assert np.isfinite(loss).all() == (name not in OUT_OF_DOMAIN)
    assert np.isfinite(loss).any()


@pytest.mark.parametrize("name", OTHERS)
def test_the_largest_predictions_there_are(name, dtype):
    """NaN comes of numbers only where a loss has no value, or divides infinities; elsewhere too much is infinite."""
    loss, d = loss_of(name, *rows(0.9 * np.finfo(dtype).max, dtype))
    assert np.isnan(loss).any() == (name in RATIOS | {"poisson"})
    assert np.isnan(d).any() == (name in RATIOS | {"binary_focal_crossentropy"})
    if name not in OUT_OF_DOMAIN | RATIOS | SQUARES:
        assert np.isfinite(d).all()


@pytest.mark.parametrize("name", sorted({*OTHERS} - {"half_poisson_logits", "hinge", "squared_hinge"}))
def test_at_the_target_there_is_a_slope_and_no_zero_by_zero(name, dtype):
    loss, d = loss_of(name, np.eye(3, dtype=dtype), np.arange(3))
    assert np.isfinite(loss).all()
    assert np.isfinite(d).all()
    assert np.abs(loss).max() <= 1


@pytest.mark.parametrize("name", [name for name in KERNELS if name.endswith("categorical_crossentropy_logits")])
def test_one_class_is_no_question(name, dtype):
    loss, d = loss_of(name, np.array([[-1e4], [0], [1e4]], dtype), np.zeros(3, int))
    assert not loss.any()
    assert not d.any()
