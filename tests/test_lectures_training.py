"""What the lectures say of descent, batches and optimizers: exact steps, averages, schedules, landscapes."""

from __future__ import annotations

import math

import fastmlp
import fastmlp.tf as tf
import numpy as np
import pytest
from fastmlp import Sequential, optimizers
from fastmlp.layers import Dense, Input
from fastmlp.optimizers import SGD, Adam, Momentum, RMSprop, ewa
from fastmlp.schedules import ExponentialEpochDecay, InverseEpochDecay, SqrtEpochDecay
from fastmlp.variables import Variable
from fastmlp.visual.landscapes import LANDSCAPES, Landscape, descend

GRADIENTS = np.random.default_rng(7).normal(size=(30, 5))


def walked(optimizer, gradients=GRADIENTS, start=None):
    """Where an optimizer goes with these gradients, in float64."""
    w = Variable(np.linspace(-1, 1, gradients.shape[1]) if start is None else start)
    path = []
    for g in gradients:
        optimizer.apply_gradients([(g, w)])
        path.append(w.numpy())
    return np.array(path)


def rows(m=64, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(m, 3))
    return x, (x @ [[1.0], [-2.0], [0.5]] > 0).astype(np.float64)


def network64():
    """The slide's classifier."""
    return tf.keras.Sequential([
        tf.keras.layers.Dense(8, activation=tf.nn.relu, dtype="float64"),
        tf.keras.layers.Dense(8, activation=tf.nn.relu, dtype="float64"),
        tf.keras.layers.Dense(1, activation=tf.nn.sigmoid, dtype="float64"),
    ])  # fmt: skip


# ---- descent


def test_a_step_of_gradient_descent_is_exact():
    w, g = np.array([1.0, -2.0, 0.25]), np.array([[0.5, 0.25, -1.0]])
    assert walked(SGD(0.5), g, w)[0].tolist() == [0.75, -2.125, 0.75]
    # whole models: θ ← θ − α∇J(θ)
    x, y = rows(16)
    model = Sequential([Input(shape=(3,)), Dense(1, dtype="float64")])
    kernel, bias = (v.astype(np.float64) for v in model.get_weights())
    model.compile(SGD(0.1), "mse")
    model.fit(x, y, batch_size=16, epochs=1, verbose=0)
    error = x @ kernel + bias - y
    assert model.get_weights()[0] == pytest.approx(kernel - 0.1 * 2 * x.T @ error / 16, abs=1e-12)
    assert model.get_weights()[1] == pytest.approx(bias - 0.1 * 2 * error.mean(axis=0), abs=1e-12)


def test_the_best_weights_are_where_the_descent_ends():
    x, y = rows(32)
    model = Sequential([Input(shape=(3,)), Dense(1, dtype="float64")])
    model.compile(SGD(0.1), "mse")
    model.fit(x, y, batch_size=32, epochs=2000, verbose=0)
    best = np.linalg.lstsq(np.c_[x, np.ones(32)], y, rcond=None)[0]  # argmin J
    assert np.vstack(model.get_weights()) == pytest.approx(best, abs=1e-6)


@pytest.mark.parametrize(("rate", "end"), [(0.05, 1.22), (0.2, 3.7e-4), (1.1, 383)])
def test_three_learning_rates_in_a_parabola(rate, end):
    square = Landscape("square", "w²", "w²", lambda w: w[0] ** 2, lambda w: 2 * w, ((-11, 11),), (10.0,))
    path = np.abs(descend(square, steps=20, learning_rate=rate)[:, 0])
    assert path[-1] == pytest.approx(end, rel=0.02)
    assert path[-1] == pytest.approx(10 * abs(1 - 2 * rate) ** 20, rel=1e-9)


def test_a_small_rate_crawls_and_a_large_one_overshoots():
    place = LANDSCAPES["stretched"]
    cost = {rate: place.cost(descend(place, steps=100, learning_rate=rate)[-1]) for rate in (0.001, 0.02, 0.1)}
    assert cost[0.02] < 0.01 < 1 < cost[0.001] < place.cost(np.array(place.start)) < cost[0.1]


def test_the_loop_with_forward_pass_gradient_and_step_in_the_tapes_block():
    tf.random.set_seed(0)
    train_set_x, train_set_y = rows(128)
    dataset = tf.data.Dataset.from_tensor_slices((train_set_x, train_set_y))
    dataset = dataset.shuffle(buffer_size=64).batch(32)
    model, loss = network64(), tf.keras.losses.BinaryCrossentropy()
    accuracy, optimizer = tf.keras.metrics.BinaryAccuracy(), tf.keras.optimizers.SGD(learning_rate=0.001)
    first = float(loss(train_set_y, model(train_set_x)))
    for _ in range(20):  # 500 on the slide
        for _step, (x, y) in enumerate(dataset):
            with tf.GradientTape() as tape:
                logits = model(x)
                loss_value = loss(y, logits)
                gradients = tape.gradient(loss_value, model.trainable_weights)
                optimizer.apply_gradients(zip(gradients, model.trainable_weights))
                accuracy.update_state(y, logits)
    assert {w.dtype.name for w in model.get_weights()} == {"float64"}
    assert int(optimizer.iterations) == 80
    assert float(loss(train_set_y, model(train_set_x))) < first
    assert 0 < float(accuracy.result()) <= 1


# ---- batches


def test_shuffling_by_a_window_and_the_last_batch():
    tf.random.set_seed(0)
    dataset = tf.data.Dataset.from_tensor_slices((np.arange(200), np.arange(200) * 2)).shuffle(buffer_size=64).batch(32)
    epochs = []
    for _ in range(2):
        batches = [(np.asarray(x), np.asarray(y)) for x, y in dataset]
        assert [len(x) for x, _ in batches] == [32] * 6 + [8]
        assert all((y == 2 * x).all() for x, y in batches)
        epochs.append(np.concatenate([x for x, _ in batches]))
        assert sorted(epochs[-1].tolist()) == list(range(200))
        assert (epochs[-1] - np.arange(200) < 64).all()  # the i-th to come is among the first i + 64
    assert (epochs[0] != epochs[1]).any()


def test_binary_accuracy_runs_over_batches_and_half_is_not_above_half():
    accuracy = tf.keras.metrics.BinaryAccuracy()
    accuracy.update_state([[1.0], [0.0]], [[0.5], [0.5]])  # 0.5 counts as 0
    assert float(accuracy.result()) == 0.5
    accuracy.update_state([[1.0], [1.0]], [[0.51], [0.9]])
    assert float(accuracy.result()) == 0.75


@pytest.mark.parametrize("b", [1, 5, 16])
def test_the_gradient_of_a_batch_is_the_mean_of_its_samples(b):
    x, y = rows(16)
    model, loss = network64(), tf.keras.losses.BinaryCrossentropy(dtype="float64")
    model(x)

    def gradients(part):
        with tf.GradientTape() as tape:
            value = loss(y[part], model(x[part]))
        return [g.numpy() for g in tape.gradient(value, model.trainable_weights)]

    each = [gradients(slice(i, i + 1)) for i in range(b)]
    for whole, *parts in zip(gradients(slice(b)), *each):
        assert whole == pytest.approx(np.mean(parts, axis=0), abs=1e-14)


@pytest.mark.parametrize("b", [1, 16])
def test_one_sample_a_step_and_all_of_them_work(b):
    x, y = rows(16)
    model = network64()
    model.compile(SGD(0.05), "binary_crossentropy")
    history = model.fit(x, y, batch_size=b, epochs=20, verbose=0).history["loss"]
    assert int(model.optimizer.iterations) == 20 * 16 // b
    assert history[-1] < history[0]


# ---- averages


def test_windows_of_weighted_averages():
    windows = {beta: round(1 / (1 - beta), 3) for beta in (0.5, 0.9, 0.98, 0.99)}
    assert windows == {0.5: 2, 0.9: 10, 0.98: 50, 0.99: 100}
    assert round(1 / (1 - 0.8333)) == 6  # the slide's 5 is not what its formula gives
    for beta, window in windows.items():  # a window back, weights have fallen to about a third
        impulse = np.zeros(200)
        impulse[0] = 1
        fall = ewa(impulse, beta)[int(window)] / ewa(impulse, beta)[0]
        assert 0.2 < fall < 0.4
    theta = GRADIENTS[:, 0]
    by_hand = 0.0
    for k, value in enumerate(theta):
        by_hand = 0.9 * by_hand + 0.1 * value
        assert ewa(theta, 0.9)[k] == pytest.approx(by_hand, abs=1e-15)


def test_bias_correction():
    plain = [ewa(theta, 0.98)[1] for theta in ([1.0, 0.0], [0.0, 1.0])]
    corrected = [ewa(theta, 0.98, bias_correction=True)[1] for theta in ([1.0, 0.0], [0.0, 1.0])]
    assert plain == pytest.approx([0.0196, 0.02], abs=1e-15)
    assert abs(1 - 0.98**2 - 0.0396) < 1e-15
    assert corrected == pytest.approx([0.0196 / 0.0396, 0.02 / 0.0396], abs=1e-13)
    assert corrected == pytest.approx([0.494949, 0.505051], abs=1e-6)


# ---- optimizers


def test_optimizers_by_the_names_on_the_slides():
    for name in ("SGD", "Adam", "Adadelta", "Adagrad", "RMSprop"):
        assert isinstance(getattr(tf.keras.optimizers, name)(), optimizers.Optimizer)
        path = walked(getattr(tf.keras.optimizers, name)(0.01))
        assert np.isfinite(path).all()
        assert (path[-1] != np.linspace(-1, 1, 5)).all()
    with pytest.warns(DeprecationWarning, match="RMSprop"):
        assert tf.keras.optimizers.RMSProp is tf.keras.optimizers.RMSprop


def test_momentum_is_an_average_of_gradients_and_kerass_with_another_rate():
    eta, beta = 0.05, 0.9
    v, w, path = 0.0, np.linspace(-1, 1, 5), []
    for g in GRADIENTS:
        v = beta * v + (1 - beta) * g
        w = w - eta * v
        path.append(w)
    ours = walked(Momentum(eta, beta=beta))
    assert ours == pytest.approx(np.array(path), abs=1e-15)
    assert (walked(SGD(eta, momentum=beta, compat="lecture")) == ours).all()
    assert walked(SGD(eta * (1 - beta), momentum=beta)) == pytest.approx(ours, abs=1e-15)
    assert np.abs(walked(SGD(eta, momentum=beta)) - ours).max() > 0.1  # Keras's momentum is not the slide's


def test_rmsprop_has_epsilon_outside_the_root_on_the_slides():
    eta, beta, small = 0.05, 0.9, 1e-5 * GRADIENTS
    ends = {}
    for mode, epsilon in (("paper", 1e-8), ("keras", 1e-7)):
        s, w = 0.0, np.linspace(-1, 1, 5)
        for g in small:
            s = beta * s + (1 - beta) * g**2
            w = w - eta * g / (np.sqrt(s) + epsilon if mode == "paper" else np.sqrt(s + epsilon))
        ends[mode] = walked(RMSprop(eta, rho=beta, epsilon=epsilon, epsilon_mode=mode), small)[-1]
        assert ends[mode] == pytest.approx(w, abs=1e-13)
    assert np.abs(ends["paper"] - ends["keras"]).max() > 0.01
    assert (walked(RMSprop(eta, compat="lecture"), small)[-1] == ends["paper"]).all()


def test_adam_with_both_corrections_and_epsilon_outside():
    eta, b1, b2, eps, small = 0.01, 0.9, 0.999, 1e-8, 1e-7 * GRADIENTS
    v, s, w = 0.0, 0.0, np.linspace(-1, 1, 5)
    for t, g in enumerate(small, 1):
        v, s = b1 * v + (1 - b1) * g, b2 * s + (1 - b2) * g**2
        w = w - eta * (v / (1 - b1**t)) / (np.sqrt(s / (1 - b2**t)) + eps)
    assert walked(Adam(eta, epsilon=eps, epsilon_mode="paper"), small)[-1] == pytest.approx(w, abs=1e-13)
    assert walked(Adam(eta, compat="lecture"), small)[-1] == pytest.approx(w, abs=1e-13)
    assert np.abs(walked(Adam(eta, epsilon=eps), small)[-1] - w).max() > 1e-3  # Keras's "ε̂" is another one


def test_decay_of_the_learning_rate():
    first = [schedule.rates(0, 4).tolist() for schedule in (
        InverseEpochDecay(0.2, decay_rate=1, steps_per_epoch=1),
        ExponentialEpochDecay(0.2, decay_rate=0.95, steps_per_epoch=1),
        SqrtEpochDecay(0.2, k=1, steps_per_epoch=1),
    )]  # fmt: skip
    assert first[0] == pytest.approx([0.1, 0.0667, 0.05, 0.04], abs=5e-5)
    assert first[1] == pytest.approx([0.2 * 0.95**epoch for epoch in (1, 2, 3, 4)])
    assert first[2] == pytest.approx([0.2 / math.sqrt(epoch) for epoch in (1, 2, 3, 4)])
    assert 0.95 * math.e**10 == pytest.approx(20925, abs=1)  # what the slide says, read as it stands
    with pytest.raises(ValueError, match="first_epoch"):
        SqrtEpochDecay(0.2, first_epoch=0)  # 1/√0


def test_optimizers_on_a_landscape_take_the_paths_of_their_formulas():
    """The page's own paths are compared with these in test_landscape*.py; its dot is dragged there, too."""
    place = LANDSCAPES["rosenbrock"]
    paper = {"epsilon": 1e-8, "epsilon_mode": "paper"}
    rules = {"gd": SGD(0.001), "momentum": Momentum(0.001), "rmsprop": RMSprop(0.001, **paper)}
    rules["adam"] = Adam(0.001, **paper)
    for name, optimizer in rules.items():
        path = descend(place, optimizer=name, steps=200, learning_rate=0.001, decay=0)
        w = Variable(np.array(place.start))
        for t in range(200):
            optimizer.apply_gradients([(np.asarray(place.gradient(path[t])), w)])
            assert w.numpy() == pytest.approx(path[t + 1], abs=1e-6)
        assert place.cost(path[-1]) < place.cost(path[0])


# ---- convexity


def test_linear_with_squared_error_is_convex_and_every_start_ends_alike():
    x, y = rows(32)
    a = np.c_[x, np.ones(32)]
    assert np.linalg.eigvalsh(2 * a.T @ a / 32).min() > 0
    ends = []
    for seed in range(5):
        fastmlp.set_random_seed(seed)
        model = Sequential([Input(shape=(3,)), Dense(1, dtype="float64")])
        model.compile(SGD(0.1), "mse")
        ends.append(model.fit(x, y, batch_size=32, epochs=1000, verbose=0).history["loss"][-1])
    assert np.ptp(ends) < 1e-9
