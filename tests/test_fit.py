"""fit: epochs are steps, whatever the data come as; validation, weights, History."""

from __future__ import annotations

import math

import fastmlp
import numpy as np
import pytest
from fastmlp import callbacks, layers
from fastmlp.layers import Dropout
from fastmlp.models.training import RowOrder
from small_nets import assert_same_state, network, pairs

# the path of the engine: features, widths, batch
PATHS = {"plain": (50, (65, 33, 4), 33), "tiny": (2, (8, 8, 1), 32), "sharded": (300, (20, 7, 1), 41)}


# ---- an epoch is its steps


@pytest.mark.parametrize("shuffle", [False, True, "batch"])
@pytest.mark.parametrize("path", PATHS)
def test_an_epoch_is_its_steps_bit_for_bit(path, shuffle, rng):
    inputs, widths, batch = PATHS[path]
    x, y = pairs(rng, 3 * batch + 5, inputs, widths[-1])
    weights = rng.uniform(0, 2, len(x))
    whole, single = (network(inputs, widths, metrics=["mae"], weighted_metrics=["mse"]) for _ in "ab")
    assert whole._network(batch).network.path == path
    history = whole.fit(x, y, batch, epochs=2, shuffle=shuffle, sample_weight=weights, verbose=0).history
    order = RowOrder(len(x), batch, shuffle, single._shuffle_seed, 0)
    for epoch in range(2):
        (rows,) = order.epoch(None)
        assert sorted(rows) == list(range(len(x)))
        losses = []
        for at in range(0, len(x), batch):
            cut = rows[at : at + batch]
            losses.append(single.train_on_batch(x[cut], y[cut], weights[cut])[0] * len(cut))
        assert history["loss"][epoch] == pytest.approx(sum(losses) / len(x), rel=1e-12)
    assert_same_state(whole, single)


@pytest.mark.parametrize("rows", [5, 8, 40, 43])
def test_an_order_of_batches_has_them_whole(rows):
    (order,) = RowOrder(rows, 8, "batch", 1, 0).epoch(None)
    assert sorted(order) == list(range(rows))
    for at in range(0, rows, 8):
        first, *rest = order[at : at + 8]
        assert first % 8 == 0
        assert rest == list(range(first + 1, min(first + 8, rows)))


def test_an_epoch_with_noise_and_moving_moments_is_its_steps_bit_for_bit(rng):
    extra = lambda: (layers.BatchNormalization(), Dropout(0.3), layers.GaussianNoise(0.1))
    x, y = pairs(rng)
    whole, single = (network(extra=extra()) for _ in "ab")
    whole.fit(x, y, 16, shuffle=False, verbose=0)
    for at in range(0, 75, 16):
        single.train_on_batch(x[at : at + 16], y[at : at + 16])
    assert_same_state(whole, single)


def test_two_fits_are_one_and_a_batch_hook_changes_nothing(rng):
    x, y = pairs(rng)
    once, twice, watched = (network(extra=(Dropout(0.3),)) for _ in range(3))
    once.fit(x, y, epochs=4, verbose=0)
    twice.fit(x, y, epochs=2, verbose=0)
    history = twice.fit(x, y, epochs=4, initial_epoch=2, verbose=0)
    assert history.epoch == [2, 3]
    seen = []
    watch = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append((batch, logs["loss"])))
    last = watched.fit(x, y, epochs=4, verbose=0, callbacks=[watch]).history["loss"][-1]
    assert_same_state(once, twice)
    assert_same_state(once, watched)
    assert [batch for batch, _ in seen] == [0, 1, 2] * 4
    assert seen[-1][1] == last


def test_steps_per_epoch_goes_on_where_the_last_epoch_stopped(rng):
    x, y = pairs(rng, 70)
    whole, parts = network(), network()
    whole.fit(x, y, 10, epochs=2, verbose=0)
    history = parts.fit(x, y, 10, epochs=7, steps_per_epoch=2, verbose=0)
    assert len(history.epoch) == 7
    assert history.params["steps"] == 2
    assert_same_state(whole, parts)


@pytest.mark.parametrize("batch", [1, 7, 75, 1000])
def test_any_batch_size(batch, rng):
    x, y = pairs(rng)
    model = network()
    model.fit(x, y, batch, epochs=2, verbose=0)
    assert model.optimizer.iterations == 2 * math.ceil(75 / batch)


# ---- what data may come as


def forms(x, y):
    wide = np.zeros((2 * len(x), 2 * x.shape[1]), x.dtype)
    wide[::2, ::2] = x
    return {
        "lists": (x.tolist(), y.tolist()),
        "float64": (x.astype("float64"), y.astype("float64")),
        "columns": (np.asfortranarray(x), np.asfortranarray(y)),
        "strides": (wide[::2, ::2], y[::-1][::-1]),
        "swapped": (x.astype(x.dtype.newbyteorder()), y.astype(y.dtype.newbyteorder())),
        "generator": (((x[i : i + 16], y[i : i + 16]) for _ in range(2) for i in range(0, 64, 16)), None),
    }


@pytest.mark.parametrize("form", ["lists", "float64", "columns", "strides", "swapped", "generator"])
def test_data_of_any_form_train_alike(form, rng):
    x, y = pairs(rng, 64)
    plain, other = network(), network()
    plain.fit(x, y, 16, epochs=2, shuffle=False, verbose=0)
    given, targets = forms(x, y)[form]
    if form == "generator":
        other.fit(given, epochs=2, steps_per_epoch=4, verbose=0)
    else:
        other.fit(given, targets, 16, epochs=2, shuffle=False, verbose=0)
    assert_same_state(plain, other)


def test_frames_of_pandas_train_alike(rng):
    pandas = pytest.importorskip("pandas")
    x, y = pairs(rng, 64)
    plain, other = network(), network()
    plain.fit(x, y, 16, epochs=2, validation_split=0.25, verbose=0)
    other.fit(
        pandas.DataFrame(x, columns=list("abc")), pandas.DataFrame(y), 16, epochs=2, validation_split=0.25, verbose=0
    )
    assert_same_state(plain, other)
    np.testing.assert_array_equal(other.predict(pandas.DataFrame(x), verbose=0), plain.predict(x, verbose=0))


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "int64", "uint16", "bool", "float16"])
def test_features_of_any_number_type_train_alike(dtype, rng):
    x = rng.integers(0, 2 if dtype == "bool" else 10, (40, 3)).astype(dtype)
    y = rng.normal(size=(40, 2)).astype("float32")
    plain, other = network(), network()
    plain.fit(x.astype("float32"), y, verbose=0)
    other.fit(x, y, verbose=0)
    assert_same_state(plain, other)


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int32", "int64", "float32", "float64", "bool"])
def test_labels_of_any_number_type_train_alike(dtype, rng):
    x, labels = pairs(rng)[0], rng.integers(0, 2, 75)
    loss = fastmlp.losses.SparseCategoricalCrossentropy(from_logits=True)
    plain, other = (network(loss=loss, metrics=["accuracy"]) for _ in "ab")
    one, two = plain.fit(x, labels, verbose=0), other.fit(x, labels.astype(dtype)[:, None], verbose=0)
    assert one.history == two.history
    assert_same_state(plain, other)


def test_arrays_are_only_read(rng):
    x, y = pairs(rng, 40)
    labels, weights = rng.integers(0, 2, (40, 1)), rng.uniform(size=40)
    given = [x, y, labels, weights]
    copies = [a.copy() for a in given]
    for a in given:
        a.flags.writeable = False
    model = network(metrics=["mae"])
    model.fit(x, y, sample_weight=weights, validation_split=0.2, verbose=0)
    model.evaluate(x, y, verbose=0)
    model.train_on_batch(x, y, weights)
    model.predict(x, verbose=0)
    hinge = network(widths=(4, 1), loss="hinge", metrics=["accuracy"])  # which makes ±1 of 0 and 1
    hinge.fit(x, labels, verbose=0)
    for a, b in zip(given, copies, strict=True):
        np.testing.assert_array_equal(a, b)


# ---- weights


def test_class_weights_are_weights_of_rows(rng):
    x, labels = pairs(rng)[0], rng.integers(0, 2, 75)
    loss = fastmlp.losses.SparseCategoricalCrossentropy(from_logits=True)
    by_class, by_row = (network(loss=loss, extra=(), weighted_metrics=["accuracy"]) for _ in "ab")
    one = by_class.fit(x, labels, class_weight={0: 1.0, 1: 5.0}, verbose=0)
    two = by_row.fit(x, labels, sample_weight=np.where(labels == 1, 5.0, 1.0)[:, None], verbose=0)
    assert one.history == two.history
    assert_same_state(by_class, by_row)
    generated = network(loss=loss)
    generated.fit([(x, labels)].__iter__(), class_weight={1: 5.0}, verbose=0)
    batch = network(loss=loss)
    batch.train_on_batch(x, labels, class_weight={1: 5.0})
    assert_same_state(generated, batch)


def test_rows_of_weight_zero_teach_nothing(rng):
    x, y = pairs(rng, 32)
    weights = np.zeros(32)
    model = network(optimizer="sgd")
    before = model.get_weights()
    assert model.fit(x, y, sample_weight=weights, verbose=0).history["loss"] == [0.0]
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


# ---- validation


def test_validation_is_evaluation_and_changes_nothing(rng):
    x, y = pairs(rng)
    held, weights = pairs(rng, 21), rng.uniform(size=21)
    with_it, without = (network(metrics=["mae"], extra=(Dropout(0.3),)) for _ in "ab")
    history = with_it.fit(x, y, validation_data=(*held, weights), epochs=2, verbose=0).history
    without.fit(x, y, epochs=2, verbose=0)
    assert_same_state(with_it, without)
    want = without.evaluate(*held, sample_weight=weights, verbose=0, return_dict=True)
    assert {key: history[f"val_{key}"][-1] for key in want} == want


def test_validation_is_as_often_and_as_long_as_asked(rng):
    x, y = pairs(rng)
    model = network()
    for freq, times in ((1, 5), (2, 2), (5, 1), ([1, 4], 2), ([9], 0)):
        history = model.fit(x, y, epochs=5, validation_data=(x, y), validation_freq=freq, verbose=0).history
        assert len(history.get("val_loss", [])) == times
    history = model.fit(x, y, 10, validation_data=(x, y), validation_steps=2, verbose=0).history
    assert history["val_loss"] == [pytest.approx(model.evaluate(x[:20], y[:20], verbose=0), rel=1e-5)]
    history = model.fit(x, y, validation_data=(x, y), validation_steps=2, validation_batch_size=5, verbose=0).history
    assert history["val_loss"] == [pytest.approx(model.evaluate(x[:10], y[:10], verbose=0), rel=1e-5)]


def test_a_split_takes_targets_and_weights_along(rng):
    x, y = pairs(rng, 20)
    weights = rng.uniform(size=20)
    split, given = network(metrics=["mae"]), network(metrics=["mae"])
    one = split.fit(x, y, sample_weight=weights, validation_split=0.25, verbose=0)
    held = (x[15:], y[15:], weights[15:])
    two = given.fit(x[:15], y[:15], sample_weight=weights[:15], validation_data=held, verbose=0)
    assert one.history == two.history
    three = given.fit(x, y, validation_split=0.25, validation_data=(x[:5], y[:5]), verbose=0)  # data come first
    assert three.history["val_loss"] == [given.evaluate(x[:5], y[:5], verbose=0)[0]]


# ---- History


def test_history_has_lists_epochs_and_params(rng):
    x, y = pairs(rng)
    model = network(metrics=["mae", fastmlp.metrics.MeanSquaredError(name="square")])
    history = model.fit(x, y, epochs=3, validation_data=(x, y), verbose=0)
    assert set(history.history) == {"loss", "mae", "square", "val_loss", "val_mae", "val_square"}
    assert all(len(v) == 3 and all(type(n) is float for n in v) for v in history.history.values())
    assert (history.epoch, history.params) == ([0, 1, 2], {"verbose": 0, "epochs": 3, "steps": 3})
    assert model.history is history
    assert history.model is model
    assert model.fit(x, y, verbose=0).epoch == [0]  # a new one each time
    assert model.fit(x, y, epochs=0, verbose=0).history == {}
    assert model.fit(x, y, epochs=2, initial_epoch=2, verbose=0).epoch == []


def test_what_is_printed(rng, capsys):
    x, y = pairs(rng)
    model = network(metrics=["mae"])
    model.fit(x, y, epochs=2, verbose=0)
    assert capsys.readouterr().out == ""
    model.fit(x, y, epochs=2, verbose=2, validation_data=(x, y))
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("Epoch")] == ["Epoch 1/2", "Epoch 2/2"]
    assert sum("val_mae" in line for line in lines) == 2
    model.fit(x, y)
    assert "3/3" in capsys.readouterr().out


def test_training_stops_where_a_callback_says_so(rng):
    x, y = pairs(rng)
    model = network()

    class Stop(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 1

    history = model.fit(x, y, epochs=5, callbacks=[Stop()], verbose=0)
    assert (model.optimizer.iterations, history.epoch) == (2, [0])
    assert model.fit(x, y, epochs=2, verbose=0).epoch == [0, 1]


def test_a_step_within_a_fit_does_not_undo_its_stop(rng):
    x, y = pairs(rng)
    model = network()

    class Stop(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = True
            self.model.train_on_batch(x, y)

    assert model.fit(x, y, epochs=3, callbacks=[Stop()], verbose=0).epoch == [0]
    assert (model.optimizer.iterations, model.stop_training) == (2, True)
    model.train_on_batch(x, y)
    assert model.optimizer.iterations == 3


def test_an_evaluation_between_batches_begins_metrics_anew(rng):
    x, y = pairs(rng, 64)
    model, plain = (network(optimizer=fastmlp.optimizers.SGD(0.0), metrics=["mae"]) for _ in "ab")
    look = callbacks.LambdaCallback(on_train_batch_end=lambda b, logs: b or model.evaluate(x, y, verbose=0))
    history = model.fit(x, y, shuffle=False, callbacks=[look], verbose=0).history
    since = np.concatenate([x, x[32:]]), np.concatenate([y, y[32:]])
    assert history["mae"] == [pytest.approx(plain.evaluate(*since, verbose=0)[1], rel=1e-6)]
    assert history["loss"] == [pytest.approx(plain.evaluate(x, y, verbose=0)[0], rel=1e-6)]


def test_a_rate_set_in_between_is_used(rng):
    x, y = pairs(rng)
    model = network(optimizer="sgd")

    class Halt(callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.optimizer.learning_rate = 0.1 if epoch == 0 else 0.0
            self.weights = self.model.get_weights()

    halt = Halt()
    model.fit(x, y, epochs=2, callbacks=[halt], verbose=0)
    for a, b in zip(halt.weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_rate_that_is_a_function_is_asked_before_each_step(rng):
    x, y = pairs(rng)

    def trained(callback):
        optimizer = fastmlp.optimizers.SGD(lambda: 0.1 * 0.9**optimizer.iterations)
        model = network(optimizer=optimizer)
        model.fit(x, y, 8, epochs=3, verbose=0, callbacks=callback)
        return model

    each = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
    assert_same_state(trained([]), trained([each]))


def test_a_larger_batch_before_leaves_no_trace(rng):
    x, y = pairs(rng, 500)
    model, other = network(loss="mape", optimizer="sgd"), network(loss="mape", optimizer="sgd")
    model(x, training=True)
    logs = [m.fit(x, y, 32, epochs=2, shuffle=False, verbose=0).history for m in (model, other)]
    assert logs[0] == logs[1]
    assert model._program.network.bytes == other._program.network.bytes


def test_an_optimizer_with_averages_is_for_its_weights_only(rng):
    x, y = pairs(rng)
    optimizer = fastmlp.optimizers.SGD(use_ema=True)
    model = network(optimizer=optimizer)
    model.fit(x, y, verbose=0)
    model.layers[0].trainable = False
    model.compile(optimizer, "mse")
    with pytest.raises(ValueError, match="expected the 4 variables whose averages it keeps, got 2"):
        model.fit(x, y, verbose=0)
