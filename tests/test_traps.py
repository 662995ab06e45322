"""Where Keras's rules differ from what one expects, and scripts rely on Keras's: traps 1 to 15."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from fastmlp import Input, Sequential, callbacks, losses, metrics, optimizers
from fastmlp.layers import Dense
from fastmlp.variables import Variable


def stepped(optimizer, gradients, start=0.0):
    """Where one number in float64 is after steps along gradients."""
    w = Variable(np.full(1, start), dtype=np.float64)
    for g in gradients:
        optimizer.apply([np.full(1, g)], [w])
    return float(w.numpy()[0])


def linear(units=1, features=1, optimizer="sgd", loss="mse", kernel="ones", compiled=None, **dense):
    """One dense layer."""
    model = Sequential([Input((features,)), Dense(units, kernel_initializer=kernel, **dense)])
    model.compile(optimizer, loss, **(compiled or {}))
    return model


def fit(model, x, y, **options):
    options = {"verbose": 0, "shuffle": False, "batch_size": len(x), **options}
    return model.fit(np.asarray(x, "float32"), np.asarray(y), **options)


def test_trap_01_momentum_holds_the_learning_rate_and_nesterov_is_off():
    opt = optimizers.SGD(0.1, momentum=0.9)
    assert stepped(opt, [1.0]) == pytest.approx(-0.1)
    w = Variable(np.zeros(1), dtype=np.float64)
    opt = optimizers.SGD(0.1, momentum=0.9)
    opt.apply([np.ones(1)], [w])
    opt.learning_rate = 0.01  # what is in the momentum already keeps its rate
    opt.apply([np.ones(1)], [w])
    assert w.numpy()[0] == pytest.approx(-0.1 + (-0.9 * 0.1 - 0.01))
    m1 = -0.1
    m2 = 0.9 * m1 - 0.1 * 2
    nesterov = optimizers.SGD(0.1, momentum=0.9, nesterov=True)
    assert stepped(nesterov, [1.0, 2.0]) == pytest.approx((0.9 * m1 - 0.1) + (0.9 * m2 - 0.2))
    assert optimizers.SGD(0.1, momentum=0.9).nesterov is False
    assert optimizers.SGD().momentum == 0


def test_trap_02_epsilon_is_outside_the_root_of_adam_and_inside_that_of_rmsprop():
    g, eps = 1e-7, 1e-7
    alpha = 0.001 * math.sqrt(1 - 0.999) / (1 - 0.9)
    adam = -alpha * 0.1 * g / (math.sqrt(0.001) * g + eps)
    assert stepped(optimizers.Adam(), [g]) == pytest.approx(adam)
    assert stepped(optimizers.AdamW(weight_decay=0.0), [g]) == pytest.approx(adam)
    assert stepped(optimizers.Adamax(), [g]) == pytest.approx(-0.001 / 0.1 * 0.1 * g / (g + eps))
    assert stepped(optimizers.RMSprop(), [g]) == pytest.approx(-0.001 * g / math.sqrt(0.1 * g * g + eps))
    assert stepped(optimizers.Adagrad(), [g]) == pytest.approx(-0.001 * g / math.sqrt(0.1 + g * g + eps))
    delta = g * math.sqrt(eps) / math.sqrt(0.05 * g * g + eps)
    assert stepped(optimizers.Adadelta(1.0), [g]) == pytest.approx(-delta)
    u1, u2 = (0.9 * (1 - 0.5 * 0.96**t) for t in (1, 2))
    ahead = u2 * 0.1 * g / (1 - u1 * u2) + (1 - u1) * g / (1 - u1)
    assert stepped(optimizers.Nadam(), [g]) == pytest.approx(-0.001 * ahead / (g + eps))
    for name in ("Adam", "AdamW", "Nadam", "Adamax", "RMSprop", "Adagrad", "Adadelta"):
        assert getattr(optimizers, name)().epsilon == 1e-7


def test_trap_03_adagrad_starts_from_a_tenth_and_adadelta_hardly_moves():
    assert optimizers.Adagrad().initial_accumulator_value == 0.1
    assert stepped(optimizers.Adagrad(1.0), [1.0]) == pytest.approx(-1 / math.sqrt(1.1), rel=1e-6)
    assert float(optimizers.Adadelta().learning_rate) == 0.001
    assert abs(stepped(optimizers.Adadelta(), [1.0] * 50)) < 1e-3


def test_trap_04_weight_decay_is_not_clipped_and_reaches_biases_too():
    for opt in (optimizers.SGD(0.1, weight_decay=0.5, clipnorm=1e-3), optimizers.Adam(0.1, weight_decay=0.5)):
        assert stepped(opt, [0.0], start=2.0) == pytest.approx(2 - 2 * 0.5 * 0.1)
    x, y = np.zeros((4, 1)), np.ones((4, 1))  # the bias is right, the kernel sees nothing: no gradient at all
    model = linear(optimizer=optimizers.SGD(0.1, weight_decay=0.5), bias_initializer="ones")
    fit(model, x, y)
    np.testing.assert_allclose(np.hstack([w.ravel() for w in model.get_weights()]), [0.95, 0.95], rtol=1e-6)
    opt = optimizers.SGD(0.1, weight_decay=0.5)
    opt.exclude_from_weight_decay(var_names=["bias"])
    model = linear(optimizer=opt, bias_initializer="ones")
    fit(model, x, y)
    np.testing.assert_allclose(np.hstack([w.ravel() for w in model.get_weights()]), [0.95, 1.0], rtol=1e-6)


def test_trap_05_l2_is_the_plain_sum_of_squares_and_part_of_every_loss():
    model = linear(2, 2, optimizer=optimizers.SGD(0.1), kernel_regularizer="l2")
    model.set_weights([[[1.0, 2.0], [3.0, 4.0]], [0.0, 0.0]])
    x, y = np.zeros((5, 2), "float32"), np.zeros((5, 2), "float32")
    history = fit(model, x, y, validation_data=(x, y)).history
    assert history["loss"][0] == pytest.approx(0.01 * 30, rel=1e-6)
    after = np.array([[1, 2], [3, 4]]) * (1 - 0.1 * 2 * 0.01)
    np.testing.assert_allclose(model.get_weights()[0], after, rtol=1e-6)
    assert history["val_loss"][0] == pytest.approx(0.01 * np.sum(after**2), rel=1e-6)
    assert model.evaluate(x, y, verbose=0) == pytest.approx(0.01 * np.sum(after**2), rel=1e-6)


def test_trap_06_probabilities_are_clipped_but_training_goes_by_logits():
    top = -math.log(1 - float(np.float32(1 - 1e-7)))
    assert float(losses.BinaryCrossentropy()([[0.0]], [[1.0]])) == pytest.approx(top, rel=1e-5)
    assert top == pytest.approx(15.94, abs=0.01)
    assert float(losses.BinaryCrossentropy()([[1.0]], [[0.0]])) == pytest.approx(-math.log(1e-7), rel=1e-6)
    model = linear(activation="sigmoid", loss="binary_crossentropy", optimizer=optimizers.SGD(1.0))
    model.set_weights([[[5.0]], [0.0]])
    history = fit(model, [[10.0]], [[0.0]]).history  # a sigmoid of 50 has no slope left in float32
    assert history["loss"] == [pytest.approx(50.0)]
    assert model.get_weights()[0][0, 0] == pytest.approx(5 - 10.0)


def test_trap_07_probabilities_of_classes_are_divided_by_their_sum():
    p = np.array([[2.0, 6.0, 0.0]], "float32")
    assert losses.categorical_crossentropy([[0, 1, 0]], p) == pytest.approx(-math.log(0.75), rel=1e-6)
    assert losses.sparse_categorical_crossentropy([1], p) == pytest.approx(-math.log(0.75), rel=1e-6)
    assert losses.sparse_categorical_crossentropy([2], p) == pytest.approx(-math.log(1e-7), rel=1e-6)


def test_trap_08_the_mean_is_over_rows_and_outputs_and_weights_do_not_divide():
    y, p = np.zeros((2, 3), "float32"), np.array([[3.0, 0, 0], [0, 6, 0]], "float32")
    np.testing.assert_allclose(losses.mean_squared_error(y, p), [3, 12])
    assert losses.MeanSquaredError()(y, p) == pytest.approx(7.5)
    assert losses.MeanSquaredError()(y, p, [2.0, 0.5]) == pytest.approx((2 * 3 + 0.5 * 12) / 2)
    model = linear(3, 3, kernel="identity", optimizer=optimizers.SGD(0.0))
    loss = fit(model, p, y, sample_weight=np.array([2.0, 0.5])).history["loss"]
    assert loss == [pytest.approx(6.0)]
    assert model.evaluate(p, y, sample_weight=np.array([2.0, 0.5]), verbose=0) == pytest.approx(6.0)


def test_trap_09_the_loss_of_an_epoch_counts_rows_and_is_that_of_moving_weights():
    x, y = np.ones((5, 1)), np.array([[0.0], [0], [0], [0], [3]])
    w, seen = np.array([1.0, 0.0]), []
    for rows in (slice(0, 2), slice(2, 4), slice(4, 5)):  # the gradient of the last batch is its own mean
        e = w.sum() - y[rows, 0]
        seen.append((len(e), np.mean(e**2)))
        w = w - 0.1 * 2 * e.mean() * np.ones(2)
    model = linear(optimizer=optimizers.SGD(0.1), compiled={"metrics": ["mse"]})
    history = fit(model, x, y, batch_size=2).history
    np.testing.assert_allclose(np.hstack([w.ravel() for w in model.get_weights()]), w, rtol=1e-6)
    want = sum(n * value for n, value in seen) / 5
    assert history["loss"][0] == pytest.approx(want, rel=1e-6)
    assert history["mse"][0] == pytest.approx(want, rel=1e-6)
    after = np.mean((w.sum() - y) ** 2)
    assert model.evaluate(x, y, batch_size=2, verbose=0)[0] == pytest.approx(after, rel=1e-6)
    assert abs(after - want) > 0.1


def test_trap_10_weights_reach_the_loss_and_weighted_metrics_only():
    x, y = np.array([[1.0], [2.0]]), np.zeros((2, 1))
    model = linear(optimizer=optimizers.SGD(0.0), compiled={"metrics": ["mse"], "weighted_metrics": ["mae"]})
    weights = np.array([3.0, 1.0])
    history = fit(model, x, y, sample_weight=weights).history
    assert history["loss"] == [pytest.approx((3 * 1 + 4) / 2)]
    assert history["mse"] == [pytest.approx(2.5)]
    assert history["mae"] == [pytest.approx((3 * 1 + 2) / 4)]
    with pytest.raises(ValueError, match="class_weight or sample_weight"):
        fit(model, x, y, sample_weight=weights, class_weight={0: 1.0})


@pytest.mark.parametrize("y", [[0, 1, 2], [0.2, 0.9, 2.1], [[1, 0, 0], [0, 1, 0], [0, 0, 1]]], ids=str)
def test_trap_10_class_weights_round_labels_and_default_to_one(y):
    from fastmlp.models.feeds import class_weights

    np.testing.assert_array_equal(class_weights("fit", {0: 5.0, 2: 0.5}, np.array(y)), [5.0, 1.0, 0.5])


def test_trap_11_accuracy_is_chosen_by_shapes_and_a_half_counts_as_no():
    def chosen(outputs, loss, y):
        model = linear(outputs, 1, loss=loss, compiled={"metrics": ["accuracy"]}, activation="sigmoid")
        model.evaluate(np.zeros((2, 1)), y, verbose=0)
        return model.metrics[1].metrics[0]

    assert isinstance(chosen(1, "bce", np.zeros((2, 1))), metrics.BinaryAccuracy)
    assert isinstance(chosen(3, "sparse_categorical_crossentropy", np.zeros(2)), metrics.SparseCategoricalAccuracy)
    assert isinstance(chosen(3, "sparse_categorical_crossentropy", np.zeros((2, 1))), metrics.SparseCategoricalAccuracy)
    assert isinstance(chosen(3, "categorical_crossentropy", np.eye(3)[:2]), metrics.CategoricalAccuracy)
    assert isinstance(chosen(3, "bce", np.eye(3)[:2]), metrics.CategoricalAccuracy)
    np.testing.assert_array_equal(metrics.binary_accuracy([[0.0], [1.0]], [[0.5], [0.5]]), [[1], [0]])


def test_trap_11_the_binary_threshold_is_wrong_for_logits_and_said_so(rng):
    model = linear(loss=losses.BinaryCrossentropy(from_logits=True), compiled={"metrics": ["accuracy"]})
    with pytest.warns(UserWarning, match=r"0\.5.*from_logits"):
        model.fit(rng.normal(size=(8, 1)), np.zeros((8, 1)), verbose=0)


def test_trap_12_a_vector_of_targets_stands_beside_one_column():
    x, y = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 2.0, 3.0])
    model = linear(optimizer=optimizers.SGD(0.0), bias_initializer="ones")
    assert fit(model, x, y).history["loss"] == [0.0]  # the n × n differences would have a mean of 4/3
    assert fit(model, x, y[:, None]).history["loss"] == [0.0]
    assert float(losses.MeanSquaredError()(y, y[:, None])) == 0.0
    assert float(metrics.MeanSquaredError()(y, y[:, None])) == 0.0


def test_trap_13_validation_takes_the_last_rows_before_shuffling():
    class Keep(callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.set_weights([[[1.0]], [0.0]])

    x = np.arange(11, dtype="float32")[:, None]
    y = np.zeros((11, 1), "float32")
    model = linear(optimizer=optimizers.SGD(0.0))
    for shuffle in (True, False):
        history = fit(model, x, y, validation_split=0.3, shuffle=shuffle, epochs=2, callbacks=[Keep()]).history
        at = math.floor(11 * 0.7)
        assert history["val_loss"] == [pytest.approx(np.mean(x[at:] ** 2))] * 2
        assert history["loss"] == [pytest.approx(np.mean(x[:at] ** 2))] * 2
    for split in (0.01, 0.95):
        rows = slice(0, 10) if split > 0.5 else slice(0, 1)
        with pytest.raises(ValueError, match="rows on both sides"):
            fit(model, x[rows], y[rows], validation_split=split)


class Given:
    """A model whose val_loss follows a list: the bias, the only thing that matters, is set before each epoch."""

    def __init__(self, values):
        self.model = linear(optimizer=optimizers.SGD(0.0))
        self.values, self.seen = values, []

    def fit(self, stop):
        class Put(callbacks.Callback):
            def on_epoch_begin(_, epoch, logs=None):
                self.model.set_weights([[[0.0]], [math.sqrt(self.values[epoch])]])

        x = np.zeros((2, 1))
        return fit(self.model, x, x, epochs=len(self.values), validation_data=(x, x), callbacks=[Put(), stop])

    @property
    def bias(self):
        return float(self.model.get_weights()[1][0]) ** 2


def test_trap_14_early_stopping_waits_and_restores_at_the_end_anyway():
    given = Given([4.0, 5.0, 1.0, 0.5])
    history = given.fit(callbacks.EarlyStopping())
    assert history.epoch == [0, 1]  # patience 0: the first epoch that is no better is the last
    given = Given([9.0, 4.0, 5.0, 6.0, 1.0])
    assert given.fit(callbacks.EarlyStopping(patience=2)).epoch == [0, 1, 2, 3]
    assert given.bias == pytest.approx(6.0)
    given = Given([9.0, 4.0, 5.0])
    assert given.fit(callbacks.EarlyStopping(patience=5, restore_best_weights=True)).epoch == [0, 1, 2]
    assert given.bias == pytest.approx(4.0)


def test_trap_15_the_direction_comes_from_the_metric_and_a_missing_one_only_warns(rng):
    x, y = rng.normal(size=(8, 1)), rng.integers(0, 2, (8, 1))
    model = linear(activation="sigmoid", loss="bce", compiled={"metrics": ["accuracy", metrics.AUC(name="area")]})
    for monitor, better in (("accuracy", 0.6), ("val_area", 0.6), ("loss", 0.4), ("val_loss", 0.4)):
        stop = callbacks.EarlyStopping(monitor=monitor)
        fit(model, x, y, callbacks=[stop], validation_data=(x, y))
        assert stop._is_improvement(better, 0.5)
        assert not stop._is_improvement(1 - better, 0.5)
    with pytest.warns(UserWarning, match="nothing"):
        history = fit(model, x, y, epochs=2, callbacks=[callbacks.EarlyStopping(monitor="nothing")])
    assert history.epoch == [0, 1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(model, x, y, callbacks=[callbacks.EarlyStopping(monitor="loss")])
