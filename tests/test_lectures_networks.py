"""What the lectures say of networks, their losses and their gradients: the right numbers, and that they learn."""

from __future__ import annotations

import fastmlp
import fastmlp.tf as tf
import numpy as np
import pytest
from datasets import data_file
from fastmlp import Sequential, activations, layers, losses
from fastmlp.data import load_cat_or_not, load_mnist, make_circles, make_moons
from fastmlp.layers import Dense, Flatten, Input, Rescaling
from fastmlp.lectures import backprop, mnist, xor


def sigmoid(z):
    return 1 / (1 + np.exp(-np.asarray(z, np.float64)))


# ---- layers


def test_a_dense_layer_of_several_outputs_is_numpys():
    rng = np.random.default_rng(0)
    x, w, b = rng.normal(size=(6, 3)), rng.normal(size=(3, 2)), rng.normal(size=2)
    layer = Dense(units=2, activation="sigmoid", dtype="float64")
    layer.build((None, 3))
    layer.set_weights([w, b])
    y = layer(x).numpy()
    assert y == pytest.approx(sigmoid(x @ w + b), rel=1e-12)
    for i in range(2):  # zᵢ = w₀ᵢ + Σⱼ xⱼ wⱼᵢ
        z = b[i] + sum(x[:, j] * w[j, i] for j in range(3))
        assert y[:, i] == pytest.approx(sigmoid(z), rel=1e-12)


def test_callables_are_activations_and_the_weights_wait_for_the_first_input():
    model = tf.keras.Sequential([
        tf.keras.layers.Dense(4, activation=tf.nn.sigmoid),
        tf.keras.layers.Dense(4, activation=tf.nn.sigmoid),
        tf.keras.layers.Dense(2),
    ])  # fmt: skip
    assert not model.built
    assert model(np.zeros((5, 3), np.float32)).shape == (5, 2)
    assert [w.shape for w in model.get_weights()] == [(3, 4), (4,), (4, 4), (4,), (4, 2), (2,)]


@pytest.mark.parametrize(("n", "k", "j"), [(3, 5, 2), (1, 1, 1), (7, 2, 4)])
def test_matrix_dimensions(n, k, j):
    hidden, out = Dense(k, activation="sigmoid"), Dense(j, activation="sigmoid")
    a1 = hidden(np.ones((1, n), np.float32))
    a2 = out(a1)
    shapes = [tuple(v.shape) for layer in (hidden, out) for v in layer.weights]
    assert (a1.shape, a2.shape, shapes) == ((1, k), (1, j), [(n, k), (k,), (k, j), (j,)])


# ---- gradients


def test_backpropagation_with_pencil_and_paper():
    """Samples are columns: dz₂ = a₂ − y, dW₂ = dz₂·a₁ᵀ, dz₁ = W₂ᵀdz₂ ∘ g′, dW₁ = dz₁·xᵀ."""
    rng = np.random.default_rng(1)
    weights = [rng.normal(size=shape) for shape in ((4, 3), (4, 1), (1, 4), (1, 1))]
    x, y = rng.normal(size=(3, 6)), (rng.random((1, 6)) > 0.5).astype(float)
    by_hand = backprop.by_hand(weights, x, y)
    for hand, tape, difference in zip(by_hand, backprop.by_tape(weights, x, y), backprop.by_differences(weights, x, y)):
        assert hand.any()
        assert tape == pytest.approx(hand, abs=1e-6)
        assert difference == pytest.approx(hand, abs=1e-6)
    # and those of layers, whose samples are rows
    model = Sequential([Input(shape=(3,)), Dense(4, activation="tanh", dtype="float64"),
                        Dense(1, activation="sigmoid", dtype="float64")])  # fmt: skip
    model.set_weights([weights[0].T, weights[1][:, 0], weights[2].T, weights[3][:, 0]])
    with tf.GradientTape() as tape:
        loss = losses.BinaryCrossentropy()(y.T, model(x.T))
    for hand, found in zip(by_hand, tape.gradient(loss, model.trainable_weights)):
        assert np.reshape(found.numpy().T, hand.shape) == pytest.approx(hand, abs=1e-6)


def test_the_chain_rule_of_two_weights():
    x, y, w1, w2 = 0.7, 0.2, tf.Variable(0.5, dtype=tf.float64), tf.Variable(-1.5, dtype=tf.float64)
    with tf.GradientTape(persistent=True) as tape:
        z1 = w1 * x
        tape.watch(z1)
        predicted = w2 * tf.math.tanh(z1)
        tape.watch(predicted)
        cost = tf.square(predicted - y)
    parts = [float(tape.gradient(a, b)) for a, b in ((cost, predicted), (predicted, z1), (z1, w1))]
    assert float(tape.gradient(cost, w1)) == pytest.approx(np.prod(parts), rel=1e-12)
    assert float(tape.gradient(cost, w2)) == pytest.approx(parts[0] * np.tanh(0.35), rel=1e-12)
    assert parts[1] == pytest.approx(-1.5 * (1 - np.tanh(0.35) ** 2), rel=1e-12)


# ---- losses


def test_the_empirical_loss_of_the_four_that_are_shown():
    y, f = np.array([[0.0], [1], [0], [1]]), np.array([[0.6], [0.8], [0.1], [0.7]])
    by_hand = np.mean(-y * np.log(f) - (1 - y) * np.log(1 - f))
    assert by_hand == pytest.approx(0.40036744, abs=5e-9)
    assert float(losses.BinaryCrossentropy()(y, f)) == pytest.approx(0.40036744, abs=1e-7)
    assert np.mean(np.asarray(losses.binary_crossentropy(y, f))) == pytest.approx(0.40036744, abs=1e-7)


def test_pass_the_class_is_separated():
    fastmlp.set_random_seed(0)
    x, y = np.float32([[4, 5], [2, 1], [5, 8]]), np.float32([[0], [0], [1]])
    start = float(losses.BinaryCrossentropy()(y, np.float32([[0.1], [0.8], [0.6]])))
    assert start == pytest.approx(-np.mean(np.log([0.9, 0.2, 0.6])), abs=1e-6)
    model = Sequential([Input(shape=(2,)), Dense(3, activation="tanh"), Dense(1, activation="sigmoid")])
    model.compile(fastmlp.optimizers.Adam(0.05), "binary_crossentropy")
    model.fit(x, y, epochs=500, verbose=0)
    assert ((model.predict(x, verbose=0) > 0.5) == y).all()
    assert model.predict(np.float32([[4, 5]]), verbose=0)[0, 0] < 0.5


def test_softmax_cross_entropy_takes_labels_then_logits():
    labels, logits = np.eye(3)[[0, 2, 1]], np.random.default_rng(2).normal(size=(3, 3)) * 4
    found = tf.nn.softmax_cross_entropy_with_logits(labels, logits).numpy()
    assert found == pytest.approx(np.log(np.exp(logits).sum(axis=1)) - (labels * logits).sum(axis=1), rel=1e-12)
    huge = tf.nn.softmax_cross_entropy_with_logits([[1.0, 0.0]], [[1000.0, 0.0]]).numpy()
    assert huge.tolist() == [0.0]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_mse_has_no_half():
    y, f = np.array([30.0, 80.0, 85.0]), np.array([90.0, 20.0, 95.0])
    assert float(tf.keras.losses.MSE(y, f)) == pytest.approx(np.mean((f - y) ** 2), rel=1e-6)
    assert float(losses.MeanSquaredError()(y, f)) == pytest.approx(2 * np.mean((f - y) ** 2 / 2), rel=1e-6)


# ---- lines and curves


@pytest.mark.parametrize(("make", "most"), [(make_moons, 0.9), (make_circles, 0.7)])
def test_linear_networks_draw_lines_and_others_curves(make, most):
    x, y = make(400, noise=0.15 if make is make_moons else 0.08, seed=0)
    found = {}
    for activation in (None, "relu"):
        fastmlp.set_random_seed(0)
        hidden = [Dense(16, activation=activation), Dense(16, activation=activation)]
        model = Sequential([Input(shape=(2,)), *hidden, Dense(1, activation="sigmoid")])
        model.compile(fastmlp.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
        model.fit(x, y, epochs=100, verbose=0)
        found[activation] = model.evaluate(x, y, verbose=0)[1]
    assert found[None] <= most
    assert found["relu"] >= 0.97


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_linear_layers_are_one_affine_map(depth):
    fastmlp.set_random_seed(depth)
    model = Sequential([Input(shape=(3,)), *[Dense(4, bias_initializer="random_normal") for _ in range(depth)]])
    kernel, bias = np.eye(3), np.zeros(3)
    for w, b in zip(model.get_weights()[::2], model.get_weights()[1::2]):
        kernel, bias = kernel @ w, bias @ w + b
    x = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    assert model.predict(x, verbose=0) == pytest.approx(x @ kernel + bias, abs=1e-6)


def test_two_hidden_neurons_solve_xor_and_none_do_not():
    x, y = xor.X, xor.Y
    alone = xor.trained([Dense(1, activation="sigmoid")])
    both = xor.trained([Dense(2, activation="sigmoid"), Dense(1, activation="sigmoid")])
    assert both.count_params() == 9
    assert np.abs(both.predict(x, verbose=0) - y).max() < 0.05
    assert ((alone.predict(x, verbose=0) > 0.5) == y).mean() <= 0.75
    kernel, bias, out, last = (w.astype(np.float64) for w in both.get_weights())
    assert both.predict(x, verbose=0) == pytest.approx(sigmoid(sigmoid(x @ kernel + bias) @ out + last), abs=1e-5)


# ---- what comes out


def test_the_rules_of_output_layers_hold():
    z = np.linspace(-20, 20, 401)
    softmax = np.asarray(activations.softmax(np.stack([z, np.zeros_like(z)], axis=1)))[:, 0]
    assert softmax == pytest.approx(np.asarray(activations.sigmoid(z)), abs=1e-7)
    logits = np.random.default_rng(5).normal(size=(20, 4))
    assert np.asarray(activations.softmax(logits)).sum(axis=1) == pytest.approx(np.ones(20))
    labels = np.asarray(activations.sigmoid(logits))  # several may be true at once
    assert (labels.sum(axis=1) > 1).any()
    assert np.asarray(activations.linear(logits)).min() < 0  # any number, for regression


def test_one_output_with_softmax_is_warned_of():
    with pytest.warns(UserWarning, match="softmax"):
        Sequential([Input(shape=(3,)), Dense(1, activation="softmax")])


def test_the_first_network_has_32_parameters():
    model = Sequential([
        layers.Input(shape=(3,), name="input"),
        layers.Dense(units=5, activation="sigmoid", name="hidden"),
        layers.Dense(units=2, activation="softmax", name="output"),
    ])  # fmt: skip
    lines = []
    model.summary(print_fn=lambda text, *_, **__: lines.append(str(text)))
    text = "\n".join(lines)
    assert [layer.count_params() for layer in model.layers] == [20, 12]
    assert [layer.name for layer in model.layers] == ["hidden", "output"]
    for part in (
        "hidden (Dense)",
        "(None, 5)",
        "20",
        "output (Dense)",
        "(None, 2)",
        "12",
        "Total params: 32 (128.00 B)",
    ):
        assert part in text


# ---- real data


def test_the_network_for_digits_has_13002_parameters_and_learns(tmp_path):
    model = mnist.network(28, 255.0)
    assert model.count_params() == 784 * 16 + 16 * 16 + 16 * 10 + 16 + 16 + 10 == 13002
    (x, y), (x_test, y_test) = load_mnist(data_file("mnist.npz"))
    assert (x.shape, x_test.shape) == ((60000, 28, 28), (10000, 28, 28))
    fastmlp.set_random_seed(0)
    model = mnist.network(28, 255.0)
    model.compile(fastmlp.optimizers.Adam(0.005), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=64, epochs=10, verbose=0)
    assert model.evaluate(x_test, y_test, verbose=0)[1] >= 0.94


def test_weights_of_the_first_layer_are_images():
    pytest.importorskip("matplotlib", reason="pictures need the extra [plot]")
    from fastmlp.visual import plot_weights

    figure = plot_weights(mnist.network(28, 255.0), "hidden_1", (28, 28))
    images = [axes.images[0].get_array() for axes in figure.axes]
    assert len(images) == 16
    assert all(image.shape == (28, 28) for image in images)


def test_cat_or_not_learns_from_pictures():
    (x, y), (x_test, y_test) = load_cat_or_not(data_file("catvnoncat.npz"))
    assert x[0].size == 64 * 64 * 3 == 12288
    assert (len(x), len(x_test)) == (209, 50)
    assert set(y.tolist()) == {0, 1}
    fastmlp.set_random_seed(0)
    model = Sequential([Input(shape=(64, 64, 3)), Flatten(), Rescaling(1 / 255), Dense(16, activation="relu"),
                        Dense(1, activation="sigmoid")])  # fmt: skip
    model.compile(fastmlp.optimizers.SGD(0.01), "binary_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, epochs=100, verbose=0).history["loss"]
    assert history[-1] < 0.5 * history[0]
    assert model.evaluate(x_test, y_test, verbose=0)[1] >= 0.7
