"""What C adds to the state of metrics, against the twins: row-major, in panels, weighted, batch after batch."""

from __future__ import annotations

import math

import loss_cases
import numpy as np
import pytest
from fastmlp import _core
from lookup import Guarded, twin
from panels import to_panels
from shapes import ROWS
from tolerance import assert_close

KERNELS = _core.registry("metric")
LOSSES = _core.registry("loss")
EVEN = np.array([-1e-7, 0.25, 0.5, 0.75, 1 + 1e-7])
UNEVEN = np.array([0.1, 0.3, 0.30000001, 0.9])
# (parameters in registry order, thresholds)
OWN = {
    "binary_accuracy": [((0.5,), None), ((0.3,), None)],
    "top_k_categorical_accuracy": [((1,), None), ((3,), None)],
    "sparse_top_k_categorical_accuracy": [((1,), None), ((3,), None)],
    "threshold_counts": [
        ((0, -1, 0, 0), UNEVEN),
        ((1, -1, 0, 0), EVEN),
        ((1, -1, 0, 0), np.linspace(0, 1, 9)),
        ((1, -1, 0, 1), EVEN),
        ((0, 0, 0, 0), np.array([0.5])),
        ((0, -1, 1, 0), np.array([-1e10])),
        ((1, 0, 1, 1), EVEN),
    ],
    "fbeta_counts": [((math.nan,), None), ((0.4,), None)],
}
CASES = [
    (name, params, thresholds)
    for name in KERNELS
    for params, thresholds in (
        [(p, None) for p in loss_cases.PARAMS.get(name, [()])] if name in LOSSES else OWN.get(name, [((), None)])
    )
]
case = pytest.mark.parametrize(
    ("name", "params", "thresholds"), CASES, ids=[f"{n}-{p}-{0 if t is None else len(t)}" for n, p, t in CASES]
)


def inputs(name, n, k, dtype, rng):
    """Predictions and targets such as a model with this metric would meet, some of them on the thresholds."""
    if name in LOSSES:
        return loss_cases.inputs(name, n, k, dtype, rng)
    if name in ("pearson_correlation", "concordance_correlation", "r2_sums"):
        return rng.normal(0, 2, (n, k)).astype(dtype), rng.normal(0, 2, (n, k)).astype(dtype)
    pred = rng.choice([0, 0.25, 0.3, 0.5, 0.62, 0.75, 0.9, 1.0, 1.5, -0.2], (n, k)).astype(dtype)
    if KERNELS[name].traits:
        return pred, rng.integers(-1, k + 1, n)
    if "categorical" in name or name == "fbeta_counts":
        return pred, np.eye(k, dtype=dtype)[rng.integers(0, k, n)]
    return pred, rng.integers(0, 2, (n, k)).astype(dtype)


def zeros(name, params, thresholds, k):
    return np.zeros(_core.metric_size(name, params, thresholds, k))


def expected_state(name, params, thresholds, pred, target, weights):
    rest = params if thresholds is None else (thresholds, *params)
    with np.errstate(divide="ignore", invalid="ignore"):
        return twin("metrics", name, "pred, target, weights, …")(pred, target, weights, *rest)


@case
@pytest.mark.parametrize("weighted", [False, True])
def test_state_equals_twin(name, params, thresholds, weighted, dtype, rng):
    for n, k in [*ROWS, (70, 1), (40, 10), (3, 300)]:
        if name == "pearson_correlation" and k == 1:
            continue  # 0 / 0: see below
        pred, target = inputs(name, n, k, dtype, rng)
        weights = rng.uniform(0.5, 2, n) if weighted else None
        before = pred.copy(), np.copy(target)
        guarded = Guarded(zeros(name, params, thresholds, k).shape, np.float64)
        state = guarded.array
        state[:] = 1.0
        _core.metric_update(name, params, thresholds, state, target, pred, weights)
        guarded.check()
        expected = expected_state(name, params, thresholds, pred, target, weights)
        scale = 1 + np.abs(expected) + (n * k if name == "r2_sums" else n)
        eps = np.finfo(dtype if name in LOSSES else np.float64).eps / np.finfo(np.float64).eps
        assert_close(state, expected + 1, ulps=16, terms=eps * (8 + k), scale=scale, label=f"{name} {n}x{k}")
        assert before[0].tobytes() == pred.tobytes()
        assert before[1].tobytes() == np.asarray(target).tobytes()


@case
def test_batches_add_up_in_the_order_of_the_rows(name, params, thresholds, dtype, rng):
    pred, target = inputs(name, 37, 5, dtype, rng)
    if name in ("hinge", "squared_hinge"):
        target[::2] = 0.5  # whether targets are binary is a matter of the batch
        target[-3:] = 0.25
    weights = rng.uniform(0.5, 2, 37)
    whole, parts = zeros(name, params, thresholds, 5), zeros(name, params, thresholds, 5)
    _core.metric_update(name, params, thresholds, whole, target, pred, weights)
    for lo in range(0, 37, 10):
        rows = slice(lo, lo + 10)
        _core.metric_update(name, params, thresholds, parts, target[rows], pred[rows], weights[rows])
    assert whole.any()
    assert whole.tobytes() == parts.tobytes()


@case
@pytest.mark.parametrize("k", [1, 3, 16, 31, 32, 40, 70])
def test_panels_equal_rows(name, params, thresholds, k, dtype, rng):
    pred, target = inputs(name, 21, k, dtype, rng)
    weights = rng.uniform(0.5, 2, 21)
    rows, panels = zeros(name, params, thresholds, k), zeros(name, params, thresholds, k)
    _core.metric_update(name, params, thresholds, rows, target, pred, weights)
    panelled = target if KERNELS[name].traits else to_panels(target)
    _core.metric_update(name, params, thresholds, panels, panelled, to_panels(pred), weights, columns=k)
    assert rows.tobytes() == panels.tobytes()


def update(name, y_true, y_pred, params=(), thresholds=None, weights=None):
    state = zeros(name, params, thresholds, np.shape(y_pred)[1])
    _core.metric_update(name, params, thresholds, state, y_true, y_pred, weights)
    return state


def test_accuracies_with_ties_nans_and_labels_of_no_class(dtype):
    nan = np.nan
    p = np.array([[0.5, 0.5, 0.1], [nan, 0.9, 0.1], [0.2, 0.9, nan], [0.3, 0.3, 0.3]], dtype)
    assert update("sparse_categorical_accuracy", [0, 0, 2, 0], p).tolist() == [4, 4]
    assert update("sparse_categorical_accuracy", [1, 1, 1, 1], p).tolist() == [0, 4]
    assert update("sparse_categorical_accuracy", [-1, 3, 1 << 40, -(1 << 40)], p).tolist() == [0, 4]
    assert update("sparse_top_k_categorical_accuracy", [1, 0, 1, 2], p, (1,)).tolist() == [3, 4]
    assert update("sparse_top_k_categorical_accuracy", [-1, 3, 3, 3], p, (3,)).tolist() == [0, 4]
    half = np.array([[0.5], [0.6], [nan]], dtype)
    assert update("binary_accuracy", np.array([[0], [1], [0]], dtype), half, (0.5,)).tolist() == [3, 3]
    assert update("accuracy", half, half).tolist() == [2, 3]


def test_a_threshold_is_rounded_as_the_prediction_is(dtype):
    p = np.array([[0.3]], dtype)
    assert update("threshold_counts", np.ones_like(p), p, (0, -1, 0, 0), [0.3]).tolist() == [1, 0, 0, 0]
    assert update("binary_accuracy", np.ones_like(p), p, (0.3,)).tolist() == [0, 1]


def test_a_nan_is_above_no_threshold_and_in_no_class(dtype):
    p = np.array([[np.nan, 0.7]], dtype)
    for even in (0, 1):
        assert update("threshold_counts", np.ones_like(p), p, (even, -1, 0, 0), [-1e-7, 1 + 1e-7])[:3].tolist() == [
            1,
            1,
            0,
        ]
    assert update("fbeta_counts", np.ones_like(p), p, (math.nan,))[:2].tolist() == [0, 0]
    assert np.isnan(update("mean_squared_error", p, p)[0])
    assert np.isnan(update("hinge", np.ones_like(p), p)[0])
    assert np.isnan(update("r2_sums", np.ones_like(p), p)[5])


def test_a_constant_row_has_no_correlation(dtype):
    p = np.ones((1, 3), dtype)
    assert np.isnan(update("pearson_correlation", np.array([[1, 2, 3]], dtype), p)[0])
    assert update("concordance_correlation", p, p).tolist() == [0, 1]


def test_weights_leave_ignored_labels_out(dtype):
    """As in Keras: unweighted rows with the ignored label count, with a loss of 0."""
    p = np.array([[0.5, 0.5], [0.25, 0.75]], dtype)
    for name in ("sparse_categorical_crossentropy", "sparse_categorical_crossentropy_logits"):
        for ignored in (1.0, -7.0):
            assert update(name, [0, int(ignored)], p, (ignored,))[1] == 2
            assert update(name, [0, int(ignored)], p, (ignored,), None, [1.0, 1.0])[1] == 1


def test_targets_of_0_and_1_stand_for_signs_when_a_batch_has_no_others(dtype):
    p = np.array([[0.5, -2.0]], dtype)
    assert update("hinge", np.array([[0, 1]], dtype), p).tolist() == [(1.5 + 3) / 2, 1]
    assert update("squared_hinge", np.array([[-1, 1]], dtype), p).tolist() == [(2.25 + 9) / 2, 1]
    assert update("hinge", np.array([[0, 0.5]], dtype), p).tolist() == [(1 + 2) / 2, 1]


def bad(message, *args, error=ValueError, **named):
    with pytest.raises(error, match=message):
        _core.metric_update(*args, **named)


def test_what_does_not_fit_is_told():
    p, s = np.zeros((4, 3)), np.zeros(2)
    bad("one of accuracy", "accurate", (), None, s, p, p)
    bad("expected 1 parameters", "binary_accuracy", (), None, s, p, p)
    bad("shape \\(4, 3\\)", "accuracy", (), None, s, np.zeros(4), p)
    bad("shape \\(4, 3\\)", "accuracy", (), None, s, p.astype(np.float32), p)
    bad("rows, columns", "accuracy", (), None, s, np.zeros(4), np.zeros(4))
    bad("at least one column", "accuracy", (), None, s, np.zeros((4, 0)), np.zeros((4, 0)))
    bad("state of shape \\(2,\\)", "accuracy", (), None, np.zeros(3), p, p)
    bad("float64 array", "accuracy", (), None, np.zeros(2, np.float32), p, p, error=TypeError)
    bad("float64 array", "accuracy", (), None, [0.0, 0.0], p, p, error=TypeError)
    bad("shape \\(4,\\)", "accuracy", (), None, s, p, p, np.ones(3))
    bad("integer labels", "sparse_categorical_accuracy", (), None, s, p, p, error=TypeError)
    bad("one label a row", "sparse_categorical_accuracy", (), None, s, [1, 2], p)
    bad("labels from 0 to 2", "sparse_categorical_crossentropy", (math.nan,), None, s, [0, 1, 2, 3], p)
    counts = ("threshold_counts", (0, 3, 0, 0), [0.5], np.zeros(4))
    bad("class_id of at most 2", *counts, p, p)
    bad("top_k of at most 3", "threshold_counts", (0, -1, 4, 0), [0.5], np.zeros(4), p, p)
    bad("ascending", "threshold_counts", (0, -1, 0, 0), [0.5, 0.2], np.zeros(6), p, p)
    bad("two or more", "threshold_counts", (1, -1, 0, 0), [0.5], np.zeros(4), p, p)
    bad("panels of shape", "accuracy", (), None, s, p, p, columns=3)
    assert not s.any(), "nothing was added"


def test_strided_and_foreign_arrays_are_taken_as_they_mean(rng):
    p, y = rng.normal(size=(6, 8)), rng.normal(size=(6, 8))
    expected = update("mean_squared_error", y[:, ::2].copy(), p[:, ::2].copy())
    assert update("mean_squared_error", y[:, ::2], p[:, ::2]).tobytes() == expected.tobytes()
    swapped = p[:, ::2].astype(">f8")
    assert update("mean_squared_error", y[:, ::2], swapped).tobytes() == expected.tobytes()


def bit_cases(dtype):
    """What test_bits.py runs at every level and thread count."""
    rng = np.random.default_rng(9)
    for name, params, thresholds in CASES:
        pred, target = inputs(name, 67, 18, dtype, rng)
        weights = rng.uniform(0.5, 2, 67)

        def run(name=name, params=params, thresholds=thresholds, pred=pred, target=target, weights=weights):
            return [update(name, target, pred, params, thresholds, weights)]

        yield f"{name}{params}{thresholds}", run
