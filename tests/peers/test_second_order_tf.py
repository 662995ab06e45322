"""Gradients of gradients beside TensorFlow's: Hessians, and penalties on gradients, of the same networks."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import ops
from fastmlp.activations import get as activation_named
from fastmlp.autodiff import GradientTape, constant
from fastmlp.autodiff.kernels import dense, layer_norm
from fastmlp.losses import CategoricalCrossentropy

tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed", exc_type=ImportError)

rng = np.random.default_rng(12)
X, Y = rng.normal(size=(6, 3)), np.eye(2)[rng.integers(0, 2, 6)]
WEIGHTS = [rng.normal(size=(3, 5)), rng.normal(size=5), rng.normal(size=(5, 2)), rng.normal(size=2)]
ACTIVATIONS = {
    "tanh": tf.tanh,
    "sigmoid": tf.sigmoid,
    "softplus": tf.math.softplus,
    "elu": tf.nn.elu,
    "selu": tf.nn.selu,
    "silu": tf.nn.silu,
    "gelu": lambda x: x / 2 * (1 + tf.math.erf(x / np.sqrt(2))),  # tf.nn.gelu and tf.nn.leaky_relu take their
    "exponential": tf.exp,
    "softmax": tf.nn.softmax,
    "log_softmax": tf.nn.log_softmax,
    "leaky_relu": lambda x: tf.where(x > 0, x, 0.2 * x),  # constants as singles
}


def ours(x, weights, name):
    hidden = activation_named(name)(dense(x, weights[0], weights[1], bf16=False))
    return dense(hidden, weights[2], weights[3], bf16=False)


def theirs(x, weights, name):
    return ACTIVATIONS[name](x @ weights[0] + weights[1]) @ weights[2] + weights[3]


def entropy(scores):
    return CategoricalCrossentropy(from_logits=True, dtype="float64")(Y, scores)


def hessian(tape, loss_of, weights):
    """Second derivatives with respect to the first matrix, and the mixed ones with the last bias."""
    with tape(persistent=True) as outer:
        outer.watch(weights)
        with tape() as inner:
            inner.watch(weights)
            loss = loss_of(weights)
        slope = inner.gradient(loss, weights[0])
    return [np.asarray(outer.jacobian(slope, weights[i])) for i in (0, 3)]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_hessians(name):
    found = hessian(GradientTape, lambda w: entropy(ours(constant(X), w, name)), list(map(constant, WEIGHTS)))
    expected = hessian(
        tf.GradientTape,
        lambda w: tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(Y, theirs(X, w, name))),
        list(map(tf.constant, WEIGHTS)),
    )
    for one, other in zip(found, expected, strict=True):
        assert np.abs(other).max() > 1e-6
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_penalties_on_gradients(name):
    """That of a critic: (|∂ score / ∂ x| - 1)²."""
    w = list(map(constant, WEIGHTS))
    with GradientTape() as outer:
        outer.watch(w)
        with GradientTape() as inner:
            x = constant(X)
            inner.watch(x)
            score = ours(x, w, name)
        slopes = inner.gradient(score, x)
        penalty = ops.mean(ops.square(ops.sqrt(ops.sum(ops.square(slopes), -1)) - 1))
    found = outer.gradient(penalty, w[:3], unconnected_gradients="zero")
    v = list(map(tf.constant, WEIGHTS))
    with tf.GradientTape() as outer:
        outer.watch(v)
        with tf.GradientTape() as inner:
            x = tf.constant(X)
            inner.watch(x)
            score = theirs(x, v, name)
        slopes = inner.gradient(score, x)
        price = tf.reduce_mean((tf.sqrt(tf.reduce_sum(slopes**2, -1)) - 1) ** 2)
    expected = outer.gradient(price, v[:3], unconnected_gradients="zero")
    assert float(penalty) == pytest.approx(float(price), rel=1e-12)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_layer_normalisation():
    gamma, beta = rng.normal(size=3), rng.normal(size=3)
    spread = np.cos(np.arange(18.0)).reshape(6, 3)

    def theirs_of(x):
        mean = tf.reduce_mean(x, 1, keepdims=True)
        variance = tf.reduce_mean((x - mean) ** 2, 1, keepdims=True)  # tf.nn.moments stops the gradient of the mean
        return tf.nn.batch_normalization(x, mean, variance, beta, gamma, 1e-3)

    def curvature(tape, make, function, total):
        x = make(X)
        with tape() as outer:
            outer.watch(x)
            with tape() as inner:
                inner.watch(x)
                y = total(function(x) ** 3 * spread)
            slope = inner.gradient(y, x)
        return np.asarray(outer.jacobian(slope, x))

    found = curvature(GradientTape, constant, lambda x: layer_norm(x, gamma, beta, epsilon=1e-3), ops.sum)
    np.testing.assert_allclose(found, curvature(tf.GradientTape, tf.constant, theirs_of, tf.reduce_sum), 1e-9, 1e-11)
