"""Estimators of `fastmlp.sklearn` for a few rows, and the same training by hand."""

from __future__ import annotations

import fastmlp
import numpy as np
import pytest
from fastmlp import layers, losses

pytest.importorskip("sklearn", reason="fastmlp.sklearn is built on scikit-learn")

from fastmlp.sklearn import MLPClassifier, MLPRegressor

ROWS, BATCH, EPOCHS = 60, 20, 4
RNG = np.random.default_rng(0)
X = RNG.normal(size=(ROWS, 5))
NUMBERS = X @ RNG.normal(size=(5, 2))
THREE = np.array(["c", "a", "b"])[(X[:, :3]).argmax(axis=1)]
TWO = np.where(X[:, 0] + X[:, 1] > 0.3, "yes", "no")
LABELS = (X[:, :3] > 0.2).astype(int)
TARGETS = {"two": TWO, "three": THREE, "labels": LABELS, "number": NUMBERS[:, 0], "numbers": NUMBERS}


def make(kind, **extras):
    """An estimator for such targets, of a few epochs."""
    cls = MLPRegressor if kind.startswith("number") else MLPClassifier
    usual = {"hidden_layer_sizes": (7, 6), "max_iter": EPOCHS, "batch_size": BATCH, "random_state": 3, "alpha": 0.0}
    return cls(**{**usual, **extras})


def columns(kind):
    """Targets as a network takes them."""
    y = TARGETS[kind]
    if kind in ("two", "three"):
        marks = (y[:, None] == np.unique(y)).astype(float)
        return marks[:, 1:] if kind == "two" else marks
    return y.reshape(ROWS, -1).astype(float)


def first_weights(estimator, outputs, rng, sigmoids=False):
    """What scikit-learn draws: of each layer the weights, then the biases, a bound for each."""
    sizes = [X.shape[1], *estimator.hidden_layer_sizes, outputs]
    found = []
    for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
        logistic = sigmoids[min(i, len(sigmoids) - 1)] if sigmoids else False
        bound = np.sqrt((2.0 if logistic else 6.0) / (a + b))
        found += [rng.uniform(-bound, bound, (a, b)), rng.uniform(-bound, bound, b)]
    return found


ENDS = {"two": "sigmoid", "labels": "sigmoid", "three": "softmax", "number": "linear", "numbers": "linear"}


def by_hand(estimator, kind, optimizer, loss, activations=("relu", "relu"), weights=None, alpha=0.0, sigmoids=False):
    """A Sequential trained on the same rows in the same order from the same weights."""
    y, rng = columns(kind), np.random.RandomState(3)
    penalty = fastmlp.regularizers.L2(alpha / 2 / BATCH) if alpha else None
    units = [*estimator.hidden_layer_sizes, y.shape[1]]
    model = fastmlp.Sequential(
        [layers.Input((5,), dtype="float64")]
        + [layers.Dense(n, a, dtype="float64", kernel_regularizer=penalty)
           for n, a in zip(units, [*activations, ENDS[kind]])]
    )  # fmt: skip
    model.set_weights(first_weights(estimator, y.shape[1], rng, sigmoids))
    model.compile(optimizer, loss)
    order = np.arange(ROWS)
    for _ in range(EPOCHS):
        drawn = np.arange(ROWS)
        rng.shuffle(drawn)
        order = order[drawn]
        for at in range(0, ROWS, BATCH):
            rows = order[at : at + BATCH]
            target = y[rows].argmax(axis=1) if losses.as_loss(loss).sparse else y[rows]
            share = None if weights is None else weights[rows]
            model.train_on_batch(X[rows], target, sample_weight=share)
    return model


def assert_same(estimator, model, tolerance=1e-12):
    """Weights, and what is predicted."""
    pairs = [w for pair in zip(estimator.coefs_, estimator.intercepts_) for w in pair]
    for ours, theirs in zip(pairs, model.get_weights(), strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


def assert_equal_weights(a, b):
    for one, other in zip([*a.coefs_, *a.intercepts_], [*b.coefs_, *b.intercepts_], strict=True):
        np.testing.assert_array_equal(one, other)
