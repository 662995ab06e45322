"""Functions of fastmlp.tf, and formulas of one's own, as activations of layers."""

from __future__ import annotations

import fastmlp.tf as tf
import numpy as np
import pytest
from fastmlp import Sequential, activations, load_model, ops
from fastmlp.layers import Activation, Dense, Input

X = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
NAMES = ["relu", "relu6", "sigmoid", "tanh", "softmax", "log_softmax", "elu", "selu", "leaky_relu", "softplus",
         "softsign", "silu", "gelu"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_function_of_tf_nn_is_the_activation_of_that_name(name):
    function, ours = getattr(tf.nn, name), getattr(activations, name)
    assert activations.get(function) is ours
    assert np.asarray(function(X)) == pytest.approx(np.asarray(ours(X)), abs=1e-6)


def test_layers_with_functions_of_tf_train_in_c_and_are_saved_by_name(tmp_path):
    model = Sequential([Input(shape=(4,)), Dense(3, activation=tf.nn.relu), Dense(2, activation=tf.nn.softmax)])
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert not model.why_taped
    assert [layer.get_config()["activation"] for layer in model.layers] == ["relu", "softmax"]
    model.save(tmp_path / "model.fastmlp")
    again = load_model(tmp_path / "model.fastmlp")
    assert again.layers[0].activation is activations.relu
    assert (again.predict(X, verbose=0) == model.predict(X, verbose=0)).all()


@pytest.mark.parametrize("make", [lambda f: [Dense(3, activation=f)], lambda f: [Dense(3), Activation(f)]])
def test_a_formula_is_an_activation_too(make):
    def doubled(x):
        return ops.relu(x) * 2

    model = Sequential([Input(shape=(4,)), *make(doubled), Dense(1)])
    model.compile("sgd", "mse")
    assert model.output_shape == (None, 1)
    weights = model.get_weights()
    expected = 2 * np.maximum(X @ weights[0] + weights[1], 0) @ weights[2] + weights[3]
    assert model.predict(X, verbose=0) == pytest.approx(expected, abs=1e-5)
    before = model.evaluate(X, np.ones((6, 1)), verbose=0)
    assert model.fit(X, np.ones((6, 1)), epochs=5, verbose=0).history["loss"][-1] < before


def test_a_formula_may_change_the_width():
    layer = Dense(3, activation=lambda x: ops.concatenate([x, -x], axis=-1))
    assert layer(X).shape == (6, 6)
    assert layer.compute_output_shape((None, 4)) == (None, 6)
