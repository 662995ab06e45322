"""The code on the slides runs with `fastmlp.tf` for TensorFlow, what the slides get wrong included."""

from __future__ import annotations

import warnings

import fastmlp.tf as tf
import numpy as np
import pytest
from lecture_blocks import ACCEPTED, KERNELS, X
from lecture_slips import REFUSED


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("block", ACCEPTED, ids=lambda block: block.__name__)
def test_block_runs(block):
    found = np.asarray(block(tf))
    assert found.size
    assert np.isfinite(found).all()


@pytest.mark.parametrize("block", REFUSED, ids=lambda block: block.__name__)
def test_block_that_tensorflow_refuses_runs_and_says_how_it_is_written_today(block):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = np.asarray(block(tf))
    assert np.isfinite(found).all()
    if block.__name__ != "random_variable_without_shape":
        assert any(issubclass(one.category, DeprecationWarning) and "write" in str(one.message) for one in said)
        assert all(one.filename.endswith("lecture_slips.py") for one in said), "a warning points at the user's line"


# ---- the numbers of those that have none beside them elsewhere


def block(name):
    (found,) = [block for block in ACCEPTED + REFUSED if block.__name__ == name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return np.asarray(found(tf))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def test_layers_from_scratch_compute_what_numpy_does():
    z = X @ KERNELS[3, 2]
    assert block("layer_with_named_weights") == pytest.approx(sigmoid(z), abs=1e-6)
    assert block("layer_with_weights_from_init") == pytest.approx(sigmoid(z + [0.5, -0.5]), abs=1e-6)


def test_the_loss_class_given_data_computes():
    assert block("loss_class_given_data") == pytest.approx(0.40036744, abs=1e-7)


def test_l_is_the_factor_of_l2():
    penalty, expected = block("l2_network")
    assert penalty == pytest.approx(expected, rel=1e-6)
    assert expected > 0


def test_p_is_the_rate_of_dropout():
    assert block("dropout_by_p").tolist() == [[0, 2], [0.5, 0.5]]


def test_names_that_are_nearly_right():
    assert block("optimizer_module_in_the_singular") == 0.01
    assert block("rmsprop_in_capitals") == pytest.approx(1 - 0.001 * 0.5 / np.sqrt(0.1 * 0.25 + 1e-7), rel=1e-6)
    assert block("random_variable_without_shape").tolist() == [1]


# ---- loops whose slips would train nothing


def test_a_rebound_variable_is_a_tensor_and_the_tape_says_so():
    """`weights = weights - lr * gradient` makes a tensor: the second gradient is None, and the warning says why."""
    tf.random.set_seed(0)
    weights, lr = tf.Variable([tf.random.normal()]), 0.1
    gradients = []
    for _ in range(2):
        with tf.GradientTape() as g:
            loss = tf.reduce_sum(tf.square(weights))
            if not gradients:
                gradient = g.gradient(loss, weights)
            else:
                with pytest.warns(UserWarning, match=r"rebound \(w = w - …\) is one no more: write w.assign_sub"):
                    gradient = g.gradient(loss, weights)
        gradients.append(gradient)
        if gradient is not None:
            weights = weights - lr * gradient
    assert gradients[0] is not None
    assert gradients[1] is None
    with tf.GradientTape() as g:  # what helps where a tensor is wanted
        g.watch(weights)
        loss = tf.reduce_sum(tf.square(weights))
    assert g.gradient(loss, weights).numpy() == pytest.approx(2 * weights.numpy())


def test_a_forward_pass_outside_the_tape_has_no_gradients_and_the_tape_says_so():
    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    with pytest.warns(DeprecationWarning, match="optimizers"):
        optimizer = tf.keras.optimizer.SGD()
    x, y = tf.constant([[1.0, 2.0]]), tf.constant([[1.0]])
    prediction = model(x)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(y - prediction))
    with pytest.warns(UserWarning, match="not computed inside this tape.*compute predictions and loss inside `with"):
        grads = tape.gradient(loss, model.trainable_variables)
    assert grads == [None, None]
    with pytest.raises(ValueError, match="gradient"):
        optimizer.apply_gradients(zip(grads, model.trainable_variables))


def test_the_same_loop_with_the_forward_pass_inside_learns():
    tf.random.set_seed(1)
    model = tf.keras.Sequential([tf.keras.layers.Dense(1)])
    optimizer = tf.keras.optimizers.SGD(0.1)
    x, y = tf.constant([[1.0, 2.0], [0.0, 1.0]]), tf.constant([[1.0], [0.0]])
    losses = []
    for _ in range(50):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(y - model(x)))
        grads = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(grads, model.trainable_variables))
        losses.append(float(loss))
    assert losses[-1] < 0.1 * losses[0]


# ---- what is printed and imported


def test_the_summary_in_the_style_of_keras_2():
    layers = tf.keras.layers
    model = tf.keras.Sequential([
        layers.Input(shape=(3,), name="input"),
        layers.Dense(units=5, activation="sigmoid", name="hidden"),
        layers.Dense(units=2, activation="softmax", name="output"),
    ])  # fmt: skip
    lines = []
    model.summary(style="keras2", print_fn=lines.append)
    text = "\n".join(lines)
    rows = [line.split() for line in text.splitlines()]
    assert ["hidden", "(Dense)", "(None,", "5)", "20"] in rows
    assert ["output", "(Dense)", "(None,", "2)", "12"] in rows
    assert ["Total", "params:", "32"] in rows
    assert ["Trainable", "params:", "32"] in rows
    assert ["Non-trainable", "params:", "0"] in rows
    assert "input" not in text


@pytest.mark.parametrize("root", ["fastmlp.tf.keras", "fastmlp.keras"])
def test_modules_are_imported_as_those_of_tensorflow_keras(root):
    found = {}
    exec(f"from {root} import layers\nfrom {root} import activations\n", found)
    exec(f"from {root}.layers import Dense, Activation\nfrom {root}.models import Sequential\n", found)
    model = found["Sequential"]()
    model.add(found["layers"].Dense(64))
    model.add(found["layers"].Activation(found["activations"].relu))
    model.build((None, 3))
    assert model.count_params() == 256
    assert isinstance(model.layers[0], found["Dense"])
