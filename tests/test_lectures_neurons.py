"""What the lectures say of one neuron and its activation: the numbers they show, or the right ones where these err."""

from __future__ import annotations

import fastmlp.tf as tf
import numpy as np
import pytest
from fastmlp import Sequential, activations, layers
from fastmlp.autodiff import GradientTape
from fastmlp.layers import Dense, Input
from fastmlp.lectures.firing_rate import firing_rate
from fastmlp.lectures.perceptron import threshold_perceptron
from hypothesis import given, settings
from hypothesis import strategies as st


def sigmoid(z):
    return 1 / (1 + np.exp(-np.asarray(z, np.float64)))


def neuron(weights, bias, activation="sigmoid", dtype="float64"):
    layer = Dense(1, activation=activation, dtype=dtype)
    layer.build((None, len(weights)))
    layer.set_weights([np.reshape(weights, (-1, 1)), [bias]])
    return lambda x: layer(np.atleast_2d(x)).numpy()[:, 0]


def slope(f, x):
    x = tf.constant(x)
    with GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return tape.gradient(y, x).numpy()


numbers = st.floats(-3, 3)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=6), numbers)
def test_a_perceptron_is_g_of_w0_plus_x_times_w(pairs, bias):
    x, w = np.array(pairs).T
    assert neuron(w, bias)(x) == pytest.approx(sigmoid(bias + x @ w), rel=1e-12)


def test_sigmoid_of_two():
    found = tf.math.sigmoid(tf.constant(2, dtype=tf.float32)).numpy()
    assert found.dtype == np.float32
    assert found == np.float32(0.8807971)


def test_the_curve_of_the_sigmoid():
    pytest.importorskip("matplotlib", reason="the picture needs the extra [plot]")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    values = tf.range(-6, 7, 0.1, dtype=tf.float32)
    sigmoid_values = tf.math.sigmoid(values)
    assert values.shape == (130,)
    assert (np.diff(sigmoid_values.numpy()) > 0).all()
    figure = Figure(figsize=(6, 4))
    FigureCanvasAgg(figure)  # no screen
    axes = figure.subplots(1, 1)
    (line,) = axes.plot(values.numpy(), sigmoid_values.numpy())
    figure.canvas.draw()
    assert len(line.get_xdata()) == 130


def test_the_derivative_of_the_sigmoid_by_the_tape():
    values = tf.range(-6, 7, 1, dtype=tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(values)
        y = tf.math.sigmoid(values)
    found = tape.gradient(y, values)
    slide = [0.00246653, 0.00664812, 0.01766273, 0.04517666, 0.10499357, 0.19661194, 0.25, 0.19661193, 0.10499357,
             0.04517666, 0.01766273, 0.00664809, 0.00246653]  # fmt: skip
    s = sigmoid(np.arange(-6, 7))
    assert found.shape == (13,)
    assert found.numpy() == pytest.approx(s * (1 - s), abs=1e-7)
    assert found.numpy() == pytest.approx(slide, abs=1e-7)
    assert str(found).startswith("tf.Tensor(\n[0.00246")
    assert str(found).endswith("shape=(13,), dtype=float32)")


def test_the_example_far_below_the_line():
    """The slide's 0.00012338161 is what an older TensorFlow's fast sigmoid gave."""
    found = float(neuron([3, -2], 1, dtype="float32")([-2, 2])[0])
    assert found == pytest.approx(0.00012339458, rel=2e-4)
    assert abs(found - sigmoid(-9)) < 1e-7
    assert found == pytest.approx(0.00012338161, rel=2e-4)


def test_the_example_nearer_to_the_line():
    assert float(neuron([3, -2], 1)([-1, 2])[0]) == pytest.approx(0.0024726232, abs=1e-9)


def test_the_line_of_a_neuron_parts_the_plane():
    grid = np.stack(np.meshgrid(np.linspace(-4, 4, 41), np.linspace(-4, 4, 41)), axis=-1).reshape(-1, 2)
    z, y = 1 + 3 * grid[:, 0] - 2 * grid[:, 1], neuron([3, -2], 1)(grid)
    off = np.abs(z) > 1e-9
    assert ((z < 0) == (y < 0.5))[off].all()
    assert y[~off] == pytest.approx(0.5)
    assert (~off).any()


def test_a_threshold_perceptron_is_silent_up_to_its_threshold():
    for total, output in ((0.25, 0), (0.5, 0), (0.75, 1)):
        assert threshold_perceptron([total, 0], [1.0, 7.0], 0.5) == output
        step = float(np.asarray(activations.binary_step(np.float64([0.5 - total])))[0])  # 1 from 0 on
        assert 1 - step == output


def test_the_firing_rate():
    rate = firing_rate(np.array([0.7, 0.9, 0.5]), np.array([0.3, 0.1, -0.1]), 0.2)
    assert f"Firing rate: {rate:.4f}" == "Firing rate: 0.6106"
    assert rate == pytest.approx(sigmoid(0.45), rel=1e-12)
    assert float(neuron([0.3, 0.1, -0.1], 0.2)([0.7, 0.9, 0.5])[0]) == pytest.approx(rate, rel=1e-12)


# ---- activations

GRID = np.linspace(-5, 5, 101)
TABLE = {  # f and f′ in float64, and f′(0) as it is taken here
    "linear": (lambda x: x, np.ones_like, 1),
    "binary_step": (lambda x: (x >= 0) * 1.0, np.zeros_like, 0),
    "sigmoid": (sigmoid, lambda x: sigmoid(x) * (1 - sigmoid(x)), 0.25),
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2, 1),
    "arctan": (np.arctan, lambda x: 1 / (x**2 + 1), 1),
    "relu": (lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0, 0),
    "elu": (lambda x: np.where(x < 0, np.expm1(x), x), lambda x: np.where(x < 0, np.exp(x), 1.0), 1),
    "softplus": (lambda x: np.log1p(np.exp(x)), sigmoid, 0.5),
}


@pytest.mark.parametrize("name", TABLE)
def test_the_table_of_activations_and_their_derivatives(name):
    f, derivative, at_zero = TABLE[name]
    ours = getattr(activations, name)
    assert np.asarray(ours(GRID)) == pytest.approx(f(GRID), abs=1e-12)
    elsewhere = GRID[GRID != 0]
    assert slope(ours, elsewhere) == pytest.approx(derivative(elsewhere), abs=1e-12)
    assert slope(ours, np.zeros(1))[0] == pytest.approx(at_zero)
    assert np.asarray(ours(np.zeros(1)))[0] == pytest.approx(f(np.zeros(1))[0])


def test_binary_step_is_one_at_zero_and_stays_flat():
    assert np.asarray(activations.binary_step(np.array([-0.1, 0.0, 0.1]))).tolist() == [0, 1, 1]
    assert (slope(activations.binary_step, GRID) == 0).all()


def test_elu_slopes_by_its_value_plus_alpha():
    below = GRID[GRID < 0]
    f = np.asarray(activations.elu(below, alpha=0.7))
    assert slope(lambda x: activations.elu(x, alpha=0.7), below) == pytest.approx(f + 0.7, abs=1e-12)


def test_prelu_learns_its_alpha():
    layer = layers.PReLU(alpha_initializer="zeros", dtype="float64")
    layer.build((None, 1))
    layer.set_weights([np.array([0.25])])
    assert layer(GRID[:, None]).numpy()[:, 0] == pytest.approx(np.where(GRID < 0, 0.25 * GRID, GRID))
    assert len(layer.trainable_weights) == 1
    x = tf.constant(GRID[:, None])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
    dx, dalpha = tape.gradient(y, [x, layer.trainable_weights[0]])
    assert dx.numpy()[GRID != 0, 0] == pytest.approx(np.where(GRID < 0, 0.25, 1.0)[GRID != 0])
    assert dalpha.numpy() == pytest.approx(GRID[GRID < 0].sum())


def test_linear_and_leaky_relu_have_their_alpha():
    assert np.asarray(activations.linear(GRID, alpha=0.3)) == pytest.approx(0.3 * GRID)
    assert slope(lambda x: activations.linear(x, alpha=0.3), GRID) == pytest.approx(np.full(101, 0.3))
    leaky = slope(lambda x: activations.leaky_relu(x, negative_slope=0.1), GRID[GRID != 0])
    assert leaky == pytest.approx(np.where(GRID[GRID != 0] < 0, 0.1, 1.0))


def test_a_dying_relu_learns_no_more_and_a_leaky_one_does():
    x, y = np.float32([[1.0], [2.0]]), np.float32([[1.0], [2.0]])
    moved = {}
    for activation in ("relu", "leaky_relu"):
        model = Sequential([Input(shape=(1,)), Dense(1, activation=activation)])
        model.set_weights([np.float32([[-1.0]]), np.float32([-1.0])])  # z < 0 for all data
        model.compile("sgd", "mse")
        model.fit(x, y, epochs=3, verbose=0)
        moved[activation] = float(model.get_weights()[0][0, 0]) + 1
    assert moved["relu"] == 0
    assert moved["leaky_relu"] > 0


def test_saturation_centres_and_sparse_representations():
    far = np.array([-20.0, 20.0])
    assert (slope(activations.sigmoid, far) < 1e-8).all()
    assert (slope(activations.tanh, far) < 1e-15).all()
    inputs = np.random.default_rng(0).normal(size=10_000)
    assert np.mean(np.asarray(activations.sigmoid(inputs))) == pytest.approx(0.5, abs=0.01)  # not centred
    assert np.mean(np.asarray(activations.tanh(inputs))) == pytest.approx(0, abs=0.02)
    assert np.mean(np.asarray(activations.relu(inputs)) == 0) == pytest.approx(0.5, abs=0.02)  # sparse


def test_the_page_of_activations_lists_what_is_here():
    for name in ("relu", "sigmoid", "softmax", "softplus", "softsign", "tanh", "selu", "elu", "exponential"):
        assert callable(getattr(tf.keras.activations, name))
        assert callable(tf.keras.activations.get(name))


@pytest.mark.parametrize("name", ["relu", "sigmoid", "softplus", "tanh", "selu", "elu", "softmax"])
def test_an_activation_by_layer_by_function_and_by_name_is_the_same_to_the_bit(name):
    x = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
    function = getattr(activations, name)
    found, first = [], None
    for added in ([Dense(64, activation=function)], [Dense(64), layers.Activation(function)],
                  [Dense(64, activation=name)]):  # fmt: skip
        model = Sequential([Input(shape=(3,)), *added])
        first = model.get_weights() if first is None else first
        model.set_weights(first)
        found.append(model.predict(x, verbose=0))
    assert (found[0] == found[1]).all()
    assert (found[0] == found[2]).all()


# ---- activations that learn

TRAINABLE = {
    "PReLU": lambda: layers.PReLU(alpha_initializer="random_uniform", dtype="float64"),
    "SwishBeta": lambda: layers.SwishBeta(dtype="float64"),
    "PELU": lambda: layers.PELU(dtype="float64"),
    "APL": lambda: layers.APL(dtype="float64"),
    "Maxout": lambda: layers.Maxout(2, dtype="float64"),
    "SReLU": lambda: layers.SReLU(dtype="float64"),
}


@pytest.mark.parametrize("name", TRAINABLE)
def test_gradients_of_activations_that_learn_are_those_of_differences(name):
    layer, rng = TRAINABLE[name](), np.random.default_rng(3)
    x = tf.constant(rng.normal(size=(7, 4)))
    layer(x)
    for v in layer.trainable_weights:
        v.assign(v.numpy() + 0.05 * rng.normal(size=v.shape))
    weights = layer.trainable_weights
    assert weights
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(tf.square(layer(x)))
    for v, gradient in zip(weights, tape.gradient(total, weights)):
        value, found = v.numpy(), np.zeros(v.shape)
        for place in np.ndindex(value.shape):
            ends = []
            for h in (1e-6, -1e-6):
                moved = value.copy()
                moved[place] += h
                v.assign(moved)
                ends.append(float(tf.reduce_sum(tf.square(layer(x)))))
            found[place] = (ends[0] - ends[1]) / 2e-6
        v.assign(value)
        assert gradient.numpy() == pytest.approx(found, rel=1e-5, abs=1e-7)


def test_prelu_is_two_relus_and_a_rule_between_their_weights():
    layer = layers.PReLU(dtype="float64")
    layer.build((None, 4))
    alpha = np.array([0.1, -0.5, 0.3, 1.5])
    layer.set_weights([alpha])
    x = np.random.default_rng(4).normal(size=(9, 4))
    relu = activations.relu
    assert layer(x).numpy() == pytest.approx(np.asarray(relu(x)) - alpha * np.asarray(relu(-x)), abs=1e-15)
