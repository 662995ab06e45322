"""Gradients of gradients through layers and losses: against differences of the first ones, in float64."""

from __future__ import annotations

import loss_cases
import numpy as np
import pytest
import test_activations
from fastmlp import Input, Sequential, activations, config, eager, layers, ops, optimizers, random
from fastmlp.autodiff import GradientTape, constant
from fastmlp.losses import as_loss
from test_definitions import CASES


def wave(shape):
    """Weights, so that each number counts differently."""
    return np.sin(np.arange(np.prod(shape, dtype=int)) + 1.0).reshape(shape)


def differences(function, x, h=1e-4):
    """∂ function / ∂ x by four points."""
    found = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        for step, weight in ((1, 8), (-1, -8), (2, -1), (-2, 1)):
            moved = x.copy()
            moved[at] += step * h
            found[at] += weight * float(function(moved)) / (12 * h)
    return found


def first(function, x):
    """Σ of the gradient's waves: what the second gradient is the gradient of."""
    with GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    g = tape.gradient(y, x, unconnected_gradients="zero")
    return ops.sum(g * wave(g.shape))


def check(function, x, rtol=2e-6, atol=2e-7):
    """The second gradient equals differences of the first, which come by the kernels' own backward passes."""
    tensor = constant(x)
    with GradientTape() as outer:
        outer.watch(tensor)
        bent = first(function, tensor)
    second = outer.gradient(bent, tensor, unconnected_gradients="zero")
    np.testing.assert_allclose(second.numpy(), differences(lambda v: first(function, constant(v)), x), rtol, atol)
    return second.numpy()


# ---- every kernel there is


def smooth_inputs(case):
    """The case's numbers, away from where a function bends."""
    arrays = [np.array(x) for x in case.inputs]
    if case.primitive.name == "activation":
        x = np.linspace(-3.3, 3.7, 23)
        bends = [*test_activations.KINKS.get(case.settings["name"], []), *case.settings["params"]]
        return [x[[all(abs(v - b) > 0.02 and abs(v + b) > 0.02 for b in bends) for v in x]]]
    if case.primitive.name == "unit_norm":  # but for rows of length 0, which have no direction
        return [arrays[0][:6]]
    if case.primitive.name in ("piecewise", "penalty", "trainable"):
        arrays[0] = arrays[0] + 0.1 * wave(arrays[0].shape)
    return arrays


SMALL = {name: case for name, case in CASES.items() if sum(x.size for x in case.inputs[:1]) <= 80}


@pytest.mark.parametrize("name", SMALL)
def test_kernels(name):
    case = SMALL[name]
    arrays = smooth_inputs(case)
    if case.primitive.name == "loss" and arrays[0].size and case.settings["name"] in loss_cases.PROBABILITIES:
        arrays[0] = np.clip(arrays[0], 0.05, 0.95)
    learnt = [0] if case.primitive.name == "loss" else range(len(arrays))
    for i in learnt:
        others = [constant(a) for a in arrays]

        def function(x, i=i, others=others):
            inputs = (*others[:i], x, *others[i + 1 :])
            y = case.primitive.on(inputs, case.settings)
            return ops.sum(y * wave(y.shape) + ops.square(y))

        check(function, arrays[i], 5e-6, 5e-6)


# ---- models


X = np.random.default_rng(9).normal(size=(5, 3))
Y = np.random.default_rng(10).uniform(0.1, 0.9, (5, 2))


@pytest.fixture(autouse=True)
def double():
    """All in float64, losses too."""
    config.set_floatx("float64")
    yield
    config.set_floatx("float32")


def network(*inside, activation="tanh"):
    random.set_random_seed(5)
    return Sequential([
        Input(shape=(3,)),
        layers.Dense(4, activation=activation, bias_initializer="ones"),
        *inside,
        layers.Dense(2, activation="sigmoid"),
    ])  # fmt: skip


def price(model, x=X, loss="mean_squared_error"):
    """The loss in training, with the same noise each time."""
    with eager.step_of(3, 0):
        return as_loss(loss)(Y, model(x, training=True)) + sum(model.losses)


def flat(tensors):
    return ops.concatenate([ops.reshape(t, (-1,)) for t in tensors])


def gradient(model, loss="mean_squared_error"):
    """That with respect to all weights, one after the other, as a tensor."""
    with GradientTape() as tape:
        value = price(model, loss=loss)
    return flat(tape.gradient(value, model.trainable_weights))


def write(model, numbers):
    at = 0
    for variable in model.trainable_weights:
        variable.assign(numbers[at : at + variable.size].reshape(variable.shape))
        at += variable.size


def numbers(model):
    return np.concatenate([v.numpy().ravel() for v in model.trainable_weights])


def hessian_of_differences(model, loss="mean_squared_error", h=1e-4):
    """Its rows, by four points each."""
    weights, rows = numbers(model), []
    for i in range(len(weights)):
        row = np.zeros(len(weights))
        for step, weight in ((1, 8), (-1, -8), (2, -1), (-2, 1)):
            moved = weights.copy()
            moved[i] += step * h
            write(model, moved)
            row += weight * gradient(model, loss).numpy() / (12 * h)
        rows.append(row)
    write(model, weights)
    return np.array(rows)


def hessian(model, loss="mean_squared_error"):
    """The second derivatives with respect to all weights: the gradient's jacobian."""
    with GradientTape() as tape:
        slope = gradient(model, loss)
    parts = tape.jacobian(slope, model.trainable_weights)
    return np.concatenate([p.numpy().reshape(slope.size, -1) for p in parts], 1)


INSIDE = {
    "dropout": lambda: layers.Dropout(0.4),
    "dropout with a seed": lambda: layers.Dropout(0.4, seed=3),
    "alpha_dropout": lambda: layers.AlphaDropout(0.4),
    "gaussian_dropout": lambda: layers.GaussianDropout(0.4),
    "gaussian_noise": lambda: layers.GaussianNoise(0.4),
    "batch_normalization": lambda: layers.BatchNormalization(),
    "layer_normalization": lambda: layers.LayerNormalization(),
    "unit_normalization": lambda: layers.UnitNormalization(),
    "prelu": lambda: layers.PReLU(alpha_initializer="ones"),
    "penalties": lambda: layers.Dense(
        3, kernel_regularizer="l2", activity_regularizer="l2", bias_regularizer="l1", bias_initializer="ones"
    ),
    "softmax": lambda: layers.Activation("softmax"),
    "glu": lambda: layers.Activation("glu"),
}


@pytest.mark.parametrize("name", INSIDE)
def test_the_hessian_of_a_network_is_differences_of_gradients(name):
    model = network(INSIDE[name]())
    model(X)
    found = hessian(model)
    assert np.abs(found).max() > 1e-3
    np.testing.assert_allclose(found, found.T, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found, hessian_of_differences(model), rtol=1e-6, atol=1e-8)


CURVED = ["binary_crossentropy", "binary_focal_crossentropy", "categorical_crossentropy", "huber", "kl_divergence",
          "poisson", "cosine_similarity", "log_cosh", "squared_hinge"]  # fmt: skip


@pytest.mark.parametrize("loss", CURVED)
def test_the_hessian_of_a_loss_is_differences_of_gradients(loss):
    model = network()
    np.testing.assert_allclose(hessian(model, loss), hessian_of_differences(model, loss), rtol=1e-6, atol=1e-8)


def test_noise_is_linear_where_it_is_a_factor():
    """d(m·x)/dx = m, whose derivative by x is 0, and by what comes after it is the mask again."""
    drop = layers.Dropout(0.5, seed=1)
    x = constant(X)
    with GradientTape(persistent=True) as outer:
        outer.watch(x)
        with GradientTape() as inner, eager.step_of(0, 0):
            inner.watch(x)
            y = ops.sum(ops.square(drop(x, training=True)))
        first_one = inner.gradient(y, x)
    mask = first_one.numpy() != 0
    assert 0 < mask.sum() < mask.size
    second = outer.gradient(first_one, x).numpy()
    np.testing.assert_array_equal(second, 2 * 4.0 * mask)  # y = Σ (m x / (1 - p))²


def test_a_hessian_times_a_vector_without_the_hessian():
    model = network(layers.LayerNormalization())
    vector = constant(wave((numbers(model).size,)))
    with GradientTape() as outer:
        along = ops.sum(gradient(model) * vector)
    found = flat(outer.gradient(along, model.trainable_weights)).numpy()
    np.testing.assert_allclose(found, hessian(model) @ vector.numpy(), rtol=1e-9, atol=1e-13)
    weights, h = numbers(model), 1e-5
    slopes = []
    for step in (h, -h):
        write(model, weights + step * vector.numpy())
        slopes.append(gradient(model).numpy())
    np.testing.assert_allclose(found, (slopes[0] - slopes[1]) / (2 * h), rtol=1e-5, atol=1e-8)


def test_third_gradients():
    x = constant(np.array([0.3, -0.7]))
    with GradientTape() as third:
        third.watch(x)
        with GradientTape() as second:
            second.watch(x)
            with GradientTape() as tape:
                tape.watch(x)
                y = activations.tanh(x)
            slope = tape.gradient(y, x)
        bend = second.gradient(slope, x)
    found = third.gradient(bend, x).numpy()
    t = np.tanh(x.numpy())
    np.testing.assert_allclose(found, (1 - t * t) * (6 * t * t - 2), rtol=1e-13)


# ---- a penalty on gradients, as critics of generative networks have it


def gradient_penalty(critic, x):
    """The mean over rows of (|∂ critic / ∂ x| - 1)²."""
    x = constant(x)
    with GradientTape() as tape:
        tape.watch(x)
        score = critic(x, training=True)
    slopes = tape.gradient(score, x)
    return ops.mean(ops.square(ops.sqrt(ops.sum(ops.square(slopes), -1)) - 1))


@pytest.mark.parametrize("activation", ["leaky_relu", "tanh", "gelu", "elu"])
def test_a_penalty_on_gradients_is_learnt(activation):
    critic = Sequential([Input(shape=(3,)), layers.Dense(8, activation=activation), layers.Dense(1)])
    with GradientTape() as tape:
        penalty = gradient_penalty(critic, X)
    learnt = critic.trainable_weights[:3]  # the last bias moves no slope
    found = tape.gradient(penalty, learnt, unconnected_gradients="zero")
    for variable, g in zip(learnt, found, strict=True):

        def moved(value, variable=variable):
            before = variable.numpy()
            variable.assign(value)
            result = gradient_penalty(critic, X)
            variable.assign(before)
            return result

        np.testing.assert_allclose(g.numpy(), differences(moved, variable.numpy(), 1e-5), rtol=1e-5, atol=1e-7)
    optimizer = optimizers.Adam(0.02)
    for _ in range(150):
        with GradientTape() as tape:
            now = gradient_penalty(critic, X)
        optimizer.apply(tape.gradient(now, learnt, unconnected_gradients="zero"), learnt)
    assert float(now) < 0.1 * float(penalty)


# ---- targets, too


@pytest.mark.parametrize("name", ["mean_squared_error", "binary_crossentropy", "kl_divergence", "huber", "log_cosh"])
def test_targets_have_gradients(name):
    """As a student's teacher has."""
    check(lambda y: ops.sum(as_loss(name)(y, constant(Y[::-1].copy())) * 3.0), Y)
