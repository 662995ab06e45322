"""The optimizers of other conventions, their formulas written out, with a learning rate that changes half-way."""

from __future__ import annotations

import fastmlp
import numpy as np
import pytest
from fastmlp import Input, Sequential, compat, layers, optimizers
from fastmlp.optimizers import SGD, Adam, AdamW, Momentum, RMSprop
from fastmlp.variables import Variable

KINDS = [SGD, RMSprop, Adam, AdamW, optimizers.Adamax, optimizers.Nadam, optimizers.Adagrad, optimizers.Adadelta]


def walked(optimizer, gradients, start, rates):
    w = Variable(start, dtype=np.float64)
    for g, rate in zip(gradients, rates, strict=True):
        optimizer.learning_rate = rate
        optimizer.apply([g], [w])
    return w.numpy()


@pytest.fixture
def problem(rng):
    return [rng.normal(size=7) for _ in range(30)], rng.normal(size=7), [0.1] * 15 + [0.02] * 15


def assert_same(found, exact):
    np.testing.assert_allclose(found, exact, rtol=1e-12, atol=1e-13)


def test_momentum_of_lectures(problem):
    gradients, w, rates = problem
    found, v = walked(SGD(compat="lecture"), gradients, w, rates), 0.0
    for g, rate in zip(gradients, rates):
        v = 0.9 * v + 0.1 * g
        w = w - rate * v
    assert_same(found, w)


def test_momentum_of_lectures_is_keras_with_a_smaller_learning_rate(problem):
    gradients, w, _ = problem
    beta, rate = 0.9, 0.1
    lecture = walked(SGD(momentum=beta, compat="lecture"), gradients, w, [rate] * 30)
    keras = walked(SGD(momentum=beta), gradients, w, [rate * (1 - beta)] * 30)
    np.testing.assert_allclose(lecture, keras, rtol=0, atol=1e-15 * np.abs(gradients).sum())
    assert_same(walked(Momentum(beta=beta), gradients, w, [rate] * 30), lecture)
    plain = walked(SGD(momentum=beta), gradients, w, [rate] * 30)
    assert np.abs(plain - lecture).max() > 0.1


def test_momentum_of_lectures_has_no_nesterov():
    with pytest.raises(ValueError, match="SGD: expected nesterov=False with compat='lecture'"):
        SGD(nesterov=True, compat="lecture")


@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum_of_torch_has_the_learning_rate_outside(problem, nesterov):
    gradients, start, rates = problem
    w, v = start, 0.0
    for g, rate in zip(gradients, rates):
        v = 0.9 * v + g
        w = w - rate * (g + 0.9 * v if nesterov else v)
    settings = {"momentum": 0.9, "nesterov": nesterov}
    assert_same(walked(SGD(**settings, compat="torch"), gradients, start, rates), w)
    assert np.abs(walked(SGD(**settings), gradients, start, rates) - w).max() > 1e-2
    same = [walked(SGD(**settings, compat=c), gradients, start, [0.1] * 30) for c in ("keras", "torch")]
    assert_same(*same)  # as long as the rate stays


def test_sgd_of_sklearn_is_nesterovs(problem):
    gradients, w, rates = problem
    found, m = walked(SGD(compat="sklearn"), gradients, w, rates), 0.0
    for g, rate in zip(gradients, rates):
        m = 0.9 * m - rate * g
        w = w + 0.9 * m - rate * g
    assert_same(found, w)


def test_rmsprop_and_adam_of_lectures(problem):
    gradients, start, rates = problem
    gradients = [1e-7 * g for g in gradients]  # where ε counts
    w, s = start, 0.0
    for g, rate in zip(gradients, rates):
        s = 0.9 * s + 0.1 * g**2
        w = w - rate * g / (np.sqrt(s) + 1e-8)
    assert_same(walked(RMSprop(compat="lecture"), gradients, start, rates), w)
    w, v, s = start, 0.0, 0.0
    for t, (g, rate) in enumerate(zip(gradients, rates), 1):
        v, s = 0.9 * v + 0.1 * g, 0.999 * s + 0.001 * g**2
        w = w - rate * (v / (1 - 0.9**t)) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8)
    for cls, convention in ((Adam, "lecture"), (Adam, "torch")):
        assert_same(walked(cls(compat=convention), gradients, start, rates), w)
    w, v, s = start, 0.0, 0.0
    for t, (g, rate) in enumerate(zip(gradients, rates), 1):
        v, s = 0.9 * v + 0.1 * g, 0.999 * s + 0.001 * g**2
        w = w - rate * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * v / (np.sqrt(s) + 1e-8)
    assert_same(walked(Adam(compat="sklearn"), gradients, start, rates), w)


def test_weight_decay_of_torch_goes_by_the_clipped_gradient(problem):
    gradients, start, rates = problem
    w = start
    for g, rate in zip(gradients, rates):
        g = g * min(1.0, 0.5 / np.linalg.norm(g))
        w = w - rate * (g + 0.3 * w)
    settings = {"weight_decay": 0.3, "clipnorm": 0.5}
    assert_same(walked(SGD(compat="torch", **settings), gradients, start, rates), w)
    coupled, decoupled = (walked(Adam(compat=c, **settings), gradients, start, rates) for c in ("torch", "keras"))
    assert np.abs(coupled - decoupled).max() > 0.1
    for cls in (AdamW, optimizers.Lion, optimizers.Ftrl, Momentum):
        assert cls(weight_decay=0.1, compat="torch").clipping()["coupled"] is False
    for cls in set(KINDS) - {AdamW}:
        assert cls(weight_decay=0.1, compat="torch").clipping()["coupled"] is True
        assert cls(weight_decay=0.1, compat="lecture").clipping()["coupled"] is False


@pytest.mark.parametrize("convention", compat.CONVENTIONS)
@pytest.mark.parametrize("cls", KINDS, ids=lambda c: c.__name__)
def test_fit_and_apply_gradients_make_the_same_steps(cls, convention, rng):
    """Least squares, three epochs of four batches, a rate that falls, decay of all but the bias."""
    x, y = rng.normal(size=(32, 5)), rng.normal(size=(32, 1))
    start = [rng.normal(size=(5, 1)), rng.normal(size=1)]
    momentum = {"momentum": 0.8} if cls in (SGD, RMSprop) else {}

    def make():
        rate = fastmlp.schedules.ExponentialDecay(0.05, 4, 0.7)
        made = cls(rate, weight_decay=0.1, clipnorm=2.0, compat=convention, **momentum)
        made.exclude_from_weight_decay(var_names=["bias"])
        return made

    model = Sequential([Input((5,)), layers.Dense(1, dtype="float64")])
    model.set_weights(start)
    model.compile(make(), "mse")
    model.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0)
    by_hand = make()
    w, b = Variable(start[0], name="kernel", dtype="float64"), Variable(start[1], name="bias", dtype="float64")
    for step in range(12):
        rows = slice(8 * (step % 4), 8 * (step % 4) + 8)
        error = x[rows] @ w.numpy() + b.numpy() - y[rows]
        by_hand.apply_gradients([(2 / 8 * x[rows].T @ error, w), (2 / 8 * error.sum(0), b)])
    for found, exact in zip(model.get_weights(), (w.numpy(), b.numpy()), strict=True):
        np.testing.assert_allclose(found, exact, rtol=1e-10, atol=1e-12)
