"""Layers with a call of one's own: part of the program in C where the call is operations it has, else by the tape."""

from __future__ import annotations

import re

import numpy as np
import pytest
from fastmlp import Sequential, losses, ops, optimizers
from fastmlp.layers import BatchNormalization, Dense, Dropout, Input, Layer
from fastmlp.variables import Variable

X = np.random.default_rng(5).normal(size=(40, 5)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")


class Own(Layer):
    """A dense layer from scratch, as lectures have it."""

    def __init__(self, formula, **settings):
        super().__init__(**settings)
        self.formula = formula

    def build(self, input_shape):
        self.W = self.add_weight(name="W", shape=(input_shape[-1], 4), initializer="glorot_uniform")
        self.b = self.add_weight(name="b", shape=(1, 4), initializer="random_normal")
        self.g = self.add_weight(name="g", shape=(4,), initializer="ones")
        self.V = self.add_weight(name="V", shape=(5, 5))
        self.all = []
        self.inner = Dense(3, "tanh")
        self.noise = Dropout(0.5, seed=3)
        self.norm = BatchNormalization()

    def call(self, x, training=False):
        return self.formula(self, x, training)


def product(layer, x):
    return ops.matmul(x, layer.W) + layer.b


LOWERED = {
    "a dense layer": lambda o, x, t: ops.sigmoid(product(o, x)),
    "no activation": lambda o, x, t: product(o, x),
    "no bias": lambda o, x, t: ops.relu(x @ o.W),
    "softmax": lambda o, x, t: ops.softmax(product(o, x)),
    "scaled": lambda o, x, t: product(o, (x - 0.5) / 2 * [1.0, 2.0, 3.0, 4.0, 5.0]),
    "turned over": lambda o, x, t: 1 - ops.tanh(product(o, 0.1 + x)),
    "layers inside": lambda o, x, t: o.norm(o.inner(x), training=t),
    "layers and formulas": lambda o, x, t: ops.exp(o.inner(ops.tanh(product(o, x))) / 4),
    "functions of activations": lambda o, x, t: ops.leaky_relu(product(o, x), 0.3),
}

TAPED = {
    "a weight for each feature": (lambda o, x, t: product(o, x) * o.g, "a weight that is no bias"),
    "two ways": (lambda o, x, t: product(o, x) + x[:, :4], "is no chain"),
    "a square": (lambda o, x, t: x * x, "is no chain"),
    "a branch left": (lambda o, x, t: (product(o, x), x * 2)[0], "is no chain|something else"),
    "weights alone": (lambda o, x, t: x @ (o.W * 2), "computes with weights alone"),
    "another matrix": (lambda o, x, t: x @ np.ones((5, 4), "float32"), "is no weight"),
    "a look at the numbers": (lambda o, x, t: x if np.asarray(x).any() else -x, "looks at the numbers"),
    "numbers drawn": (lambda o, x, t: x + np.float32(np.random.default_rng().normal(size=5)), "not the same each time"),
    "the rows of the batch": (lambda o, x, t: x / x.shape[0], "not the same each time"),
    "training": (lambda o, x, t: product(o, x) if t else x @ o.W, "not the same each time"),
    "a price": (lambda o, x, t: (o.add_loss(1.0), product(o, x))[1], "adds to the loss"),
    "a price of weights": (lambda o, x, t: (o.add_loss(ops.sum(o.W)), product(o, x))[1], "computes with weights alone"),
    "training of its own": (lambda o, x, t: o.noise(x, training=True), "says itself when"),
    "a variable that changes": (lambda o, x, t: (o.g.assign_add([1, 1, 1, 1]), product(o, x))[1], "changes a variable"),
    "one weight in two products": (lambda o, x, t: ops.tanh(x @ o.V) @ o.V, "stands in 2 places"),
    "something kept": (lambda o, x, t: setattr(o, "kept", product(o, x)) or o.kept, "changes attributes"),
    "something kept in a list": (lambda o, x, t: (o.all.append(product(o, x)), o.all[-1])[1], "changes attributes"),
    "division by what comes": (lambda o, x, t: 1 / (x + 5), "divides by what it is given"),
}  # fmt: skip


def made(formula, way):
    model = Sequential([Input((5,)), Own(formula), Dense(1, "sigmoid")])
    model.set_weights([np.linspace(-1, 1.1, w.size).reshape(w.shape) for w in model.get_weights()])
    model.compile(optimizers.SGD(0.1, momentum=0.9), losses.BinaryCrossentropy(), metrics=["accuracy"])
    if way == "tape":
        model._why = "to compare"
    return model


@pytest.mark.parametrize("name", LOWERED)
def test_what_the_engine_has_is_a_program_that_does_the_same(name):
    program, tape = made(LOWERED[name], "program"), made(LOWERED[name], "tape")
    assert program.why_taped == ""
    assert program._network().taped is False
    np.testing.assert_allclose(program.predict(X, verbose=0), tape.predict(X, verbose=0), rtol=1e-5, atol=1e-6)
    found = [model.fit(X, Y, epochs=3, batch_size=16, shuffle=False, verbose=0) for model in (program, tape)]
    assert found[0].history["accuracy"] == pytest.approx(found[1].history["accuracy"], abs=1e-6)
    np.testing.assert_allclose(found[0].history["loss"], found[1].history["loss"], rtol=1e-5)
    for a, b in zip(program.get_weights(), tape.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", TAPED)
def test_what_it_has_not_runs_by_the_tape_and_says_why(name):
    formula, why = TAPED[name]
    model = made(formula, "program")
    before = model.get_weights()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model, "_why", None)
        reason = model.why_taped
    assert "own" in reason
    assert re.search(why, reason), reason
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)  # looking has changed nothing


def test_a_layer_that_is_traced_predicts_and_trains_after_its_weights_were_set():
    model = made(LOWERED["a dense layer"], "program")
    new = [w + 1 for w in model.get_weights()]
    model.set_weights(new)
    hidden = 1 / (1 + np.exp(-(X @ new[0] + new[1])))
    np.testing.assert_allclose(model.predict(X, verbose=0), 1 / (1 + np.exp(-(hidden @ new[-2] + new[-1]))), rtol=1e-5)


def test_frozen_parts_stay():
    class Half(Layer):
        def __init__(self):
            super().__init__()
            self.first, self.second = Dense(4, "relu"), Dense(3)
            self.first.trainable = False

        def call(self, x):
            return self.second(self.first(x))

    model = Sequential([Input((5,)), Half(), Dense(1)])
    model.compile("sgd", "mse")
    assert model.why_taped == ""
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    after = model.get_weights()
    assert [np.array_equal(a, b) for a, b in zip(before, after)] == [True, True, False, False, False, False]


def test_a_variable_made_by_hand_is_a_weight():
    class Hand(Layer):
        def __init__(self):
            super().__init__()
            self.kernel = Variable(np.ones((5, 2), "float32"), name="kernel")

        def call(self, x):
            return ops.matmul(x, self.kernel)

    model = Sequential([Input((5,)), Hand()])
    model.compile("sgd", "mse")
    assert [v.name for v in model.trainable_weights] == ["kernel"]
    model.fit(X, X[:, :2], verbose=0)
    assert model.why_taped == ""
    assert not np.array_equal(model.get_weights()[0], np.ones((5, 2)))


class Scaled(Layer):
    """A product and a bias, times a factor."""

    factor = 2.0

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], 3))
        self.bias = self.add_weight(shape=(3,), initializer="normal")

    def call(self, x):
        return (ops.matmul(x, self.kernel) + self.bias) * self.factor


class Outer(Layer):
    def __init__(self):
        super().__init__()
        self.inner = Scaled()

    def call(self, x):
        return self.inner(x)


def test_a_layer_of_ones_own_in_two_places_is_one_layer():
    inner = Dense(5, use_bias=False)

    class Around(Layer):
        def __init__(self):
            super().__init__()
            self.inner = inner

        def call(self, x):
            return ops.tanh(self.inner(x))

    model = Sequential([Input((5,)), Around(), Around()])
    model.compile("sgd", "mse")
    assert "stands in 2 places" in model.why_taped
    model.fit(X, X, verbose=0)
    w = inner.kernel.numpy()
    np.testing.assert_allclose(model.predict(X, verbose=0), np.tanh(np.tanh(X @ w) @ w), atol=1e-5)


@pytest.mark.parametrize("name", ["factor", "kernel"])
def test_a_setting_or_a_weight_that_is_replaced_counts_at_once(name):
    layer = Outer()
    model = Sequential([Input((5,)), layer])
    model.compile("sgd", "mse")
    assert model.why_taped == ""
    if name == "factor":
        model.fit(X, X[:, :3], verbose=0)  # an optimizer that has made steps knows the weights it is to train
    kernel, bias = layer.inner.kernel.numpy(), layer.inner.bias.numpy()
    np.testing.assert_allclose(model.predict(X, verbose=0), (X @ kernel + bias) * 2, atol=1e-5)
    if name == "factor":
        layer.inner.factor = 5.0
    else:
        kernel = kernel + 1
        layer.inner.kernel = Variable(kernel)
    want = (X @ kernel + bias) * layer.inner.factor
    np.testing.assert_allclose(model.predict(X, verbose=0), want, atol=1e-4)
    np.testing.assert_allclose(model(X), want, atol=1e-4)
    assert model._network() is model._network()  # it is made anew once


def test_a_setting_by_which_it_is_no_program_any_more():
    layer = Own(LOWERED["no bias"])
    model = Sequential([Input((5,)), layer])
    assert model.why_taped == ""
    assert (model.predict(X, verbose=0) >= 0).all()
    layer.formula = lambda o, x, t: x * x
    np.testing.assert_allclose(model.predict(X, verbose=0), X * X, rtol=1e-6)
    assert "is no chain" in model.why_taped


def test_a_layer_inside_that_is_frozen_stays_and_wants_compile():
    layer = Outer()
    model = Sequential([Input((5,)), layer, Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    layer.inner.trainable = False
    with pytest.raises(RuntimeError, match="compile the model again"):
        model.fit(X, Y, verbose=0)
    model.compile("sgd", "mse")
    assert model.why_taped == ""
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    same = [np.array_equal(a, b) for a, b in zip(before, model.get_weights())]
    assert same == [True, True, False, False]
