"""Does it learn? Data people know, and the accuracy they know networks to reach on it."""

from __future__ import annotations

import fastmlp
import numpy as np
import pytest
from datasets import data_file
from fastmlp import data
from fastmlp.layers import Dense, Dropout, Flatten, Input, Rescaling
from fastmlp.models import Sequential
from fastmlp.optimizers import SGD, Adagrad, Adam, Adamax, AdamW, Lion, Nadam, RMSprop


@pytest.fixture(autouse=True)
def _seed():
    fastmlp.random.set_random_seed(1)


def images(shape, *layers):
    """A network for uint8 images."""
    return Sequential([Input(shape=shape), Rescaling(1 / 255), Flatten(), *layers])


@pytest.fixture(scope="module")
def mnist():
    return data.load_mnist(data_file("mnist.npz"))


def test_mnist_with_one_hidden_layer(mnist):
    train, test = mnist
    model = images((28, 28), Dense(128, "relu"), Dense(10, "softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(*train, batch_size=64, epochs=5, validation_data=test, verbose=0).history
    assert history["loss"] == sorted(history["loss"], reverse=True)
    assert history["val_accuracy"][-1] >= 0.975
    assert history["accuracy"][-1] >= 0.98
    loss, accuracy = model.evaluate(*test, verbose=0)
    assert [loss, accuracy] == pytest.approx([history["val_loss"][-1], history["val_accuracy"][-1]], rel=1e-9)
    assert np.mean(model.predict(test[0], verbose=0).argmax(1) == test[1]) == pytest.approx(accuracy, abs=1e-7)


@pytest.mark.slow
def test_mnist_with_two_hidden_layers_and_dropout(mnist):
    train, test = mnist
    model = images((28, 28), Dense(512, "relu"), Dropout(0.2), Dense(512, "relu"), Dropout(0.2), Dense(10, "softmax"))
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(*train, batch_size=128, epochs=10, verbose=0)
    assert model.evaluate(*test, verbose=0)[1] >= 0.98


def digits_model(*layers):
    return Sequential([Input(shape=(8, 8)), Rescaling(1 / 16), Flatten(), *layers, Dense(10, "softmax")])


def mixed_digits():
    """As they come, other people wrote the last digits than the first, and nobody gets far above 0.92 on them."""
    (x, y), (more_x, more_y) = data.load_digits()
    order = np.random.default_rng(0).permutation(len(x) + len(more_x))
    x, y = np.concatenate([x, more_x])[order], np.concatenate([y, more_y])[order]
    return (x[:1437], y[:1437]), (x[1437:], y[1437:])


@pytest.mark.parametrize(
    "optimizer",
    [SGD(0.1), SGD(0.05, momentum=0.9), SGD(0.05, momentum=0.9, nesterov=True), RMSprop(0.002), Adam(0.002),
     AdamW(0.002), Nadam(0.002), Adagrad(0.1), Adamax(0.01), Lion(0.0005)],
    ids=repr,
)  # fmt: skip
def test_digits_by_many_optimizers(optimizer):
    train, test = mixed_digits()
    model = digits_model(Dense(64, "relu"))
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(*train, epochs=40, verbose=0).history
    assert history["loss"][-1] < 0.1 < history["loss"][0]
    assert model.evaluate(*test, verbose=0)[1] >= 0.95


def test_digits_with_dropout():
    train, test = mixed_digits()
    model = digits_model(Dense(128, "relu"), Dropout(0.3))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(*train, epochs=60, verbose=0)
    assert model.evaluate(*test, verbose=0)[1] >= 0.96


def test_cats_are_told_from_other_things():
    """209 images of 12288 numbers: the lectures' network learns them by heart, and tells most others apart."""
    train, test = data.load_cat_or_not(data_file("catvnoncat.npz"))
    model = images((64, 64, 3), Dense(20, "relu"), Dense(7, "relu"), Dense(5, "relu"), Dense(1, "sigmoid"))
    model.compile(SGD(0.0075), "binary_crossentropy", metrics=["accuracy"])
    history = model.fit(*train, epochs=200, verbose=0).history
    assert history["accuracy"][-1] >= 0.95
    assert model.evaluate(*test, verbose=0)[1] >= 0.7 > max(test[1].mean(), 1 - test[1].mean()), "no one answer does"


def test_xor():
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    y = np.array([0, 1, 1, 0])
    model = Sequential([Input(shape=(2,)), Dense(8, "tanh"), Dense(1, "sigmoid")])
    model.compile(Adam(0.05), "binary_crossentropy")
    model.fit(x, y, epochs=300, verbose=0)
    np.testing.assert_allclose(model.predict(x, verbose=0)[:, 0], y, atol=0.05)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_curve(dtype):
    x = np.linspace(-3, 3, 400, dtype=dtype)
    y = np.sin(2 * x)
    layers = [Dense(32, "tanh", dtype=dtype), Dense(32, "tanh", dtype=dtype), Dense(1, dtype=dtype)]
    model = Sequential([Input(shape=(1,), dtype=dtype), *layers])
    model.compile(Adam(0.01), "mse", metrics=["mae"])
    history = model.fit(x, y, epochs=150, verbose=0).history
    assert model.evaluate(x, y, verbose=0)[0] < 3e-3 < np.var(y) / 100 < history["loss"][0] / 10
    between = np.linspace(-2.9, 2.9, 97)
    np.testing.assert_allclose(model.predict(between, verbose=0)[:, 0], np.sin(2 * between), atol=0.2)


def test_a_linear_model_finds_the_line(rng):
    """Least squares has one answer, and NumPy knows it."""
    x = rng.normal(size=(500, 3))
    y = x @ [1.0, -2.0, 0.5] + 3 + rng.normal(0, 0.1, 500)
    model = Sequential([Input(shape=(3,)), Dense(1)])
    model.compile(SGD(0.1), "mse")
    model.fit(x, y, batch_size=500, epochs=400, verbose=0)
    answer = np.linalg.lstsq(np.c_[x, np.ones(500)], y, rcond=None)[0]
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(np.r_[kernel[:, 0], bias], answer, atol=2e-4)


def test_without_a_learning_rate_nothing_is_learnt(rng):
    model = Sequential([Input(shape=(3,)), Dense(1)])
    model.compile(SGD(0.0), "mse")
    before = model.get_weights()
    history = model.fit(rng.normal(size=(64, 3)), rng.normal(size=64), epochs=3, verbose=0).history
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights()))
    assert history["loss"] == pytest.approx([history["loss"][0]] * 3, rel=1e-5)
