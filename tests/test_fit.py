"""fit: epochs are steps, whatever the data come as; validation, weights, History."""

from __future__ import annotations

import math

import fastmlp
import numpy as np
import pytest
from fastmlp import Input, Sequential, callbacks, layers
from fastmlp.layers import Dense, Dropout
from fastmlp.models.training import RowOrder

# the path of the engine: features, widths, batch
PATHS = {"plain": (50, (65, 33, 4), 33), "tiny": (2, (8, 8, 1), 32), "sharded": (300, (20, 7, 1), 41)}


def network(inputs=3, widths=(8, 2), extra=(), optimizer="adam", loss="mse", **compiled):
    fastmlp.set_random_seed(4)
    middle = [Dense(w, "tanh") for w in widths[:-1]]
    model = Sequential([Input((inputs,)), *middle, *extra, Dense(widths[-1])])
    model.compile(optimizer, loss, **compiled)
    return model


def pairs(rng, rows=75, inputs=3, outputs=2, dtype="float32"):
    return rng.normal(size=(rows, inputs)).astype(dtype), rng.normal(size=(rows, outputs)).astype(dtype)


def state(model):
    return [v.numpy() for v in (*model.weights, *model.optimizer.variables)]


def assert_same_state(a, b):
    for one, other in zip(state(a), state(b), strict=True):
        np.testing.assert_array_equal(one, other)


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


class Batches:
    """What Keras calls a PyDataset."""

    def __init__(self, x, y, size):
        self.x, self.y, self.size, self.asked, self.told = x, y, size, [], []

    def __len__(self):
        return math.ceil(len(self.x) / self.size)

    def __getitem__(self, i):
        self.asked.append(i)
        cut = slice(i * self.size, (i + 1) * self.size)
        return self.x[cut], self.y[cut]

    def on_epoch_begin(self):
        self.told.append("begin")

    def on_epoch_end(self):
        self.told.append(len(self.asked))


def test_objects_that_number_their_batches(rng):
    x, y = pairs(rng)
    plain, other = network(), network()
    plain.fit(x, y, 16, epochs=2, shuffle=False, verbose=0)
    batches = Batches(x, y, 16)
    history = other.fit(batches, epochs=2, shuffle=False, verbose=0)
    assert_same_state(plain, other)
    assert (history.params["steps"], batches.asked) == (5, [*range(5)] * 2)
    batches.asked.clear()
    other.fit(batches, epochs=2, verbose=0)
    assert sorted(batches.asked) == sorted([*range(5)] * 2)
    assert batches.asked != [*range(5)] * 2
    assert other.evaluate(batches, verbose=0) == pytest.approx(other.evaluate(x, y, verbose=0), rel=1e-5)
    np.testing.assert_array_equal(other.predict(batches, verbose=0), other.predict(x, verbose=0))


def test_orders_of_batches_are_those_of_a_fit_in_one_go(tmp_path, rng):
    x, y = pairs(rng, 200)
    whole, cut = Batches(x, y, 10), Batches(x, y, 10)
    once, twice = network(), network()
    once.fit(whole, epochs=4, verbose=0)
    twice.fit(cut, epochs=2, verbose=0, callbacks=[callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)])
    again = network()
    assert again.fit(cut, epochs=4, verbose=0, callbacks=[callbacks.BackupAndRestore(tmp_path)]).epoch == [2, 3]
    assert cut.asked == whole.asked
    assert whole.asked[:20] != whole.asked[20:40]
    assert_same_state(once, again)


def test_passes_begin_and_end_where_keras_says_so(rng):
    x, y = pairs(rng, 64)
    model = network()
    uses = {
        "fit": lambda data: model.fit(data, epochs=2, verbose=0),
        "steps": lambda data: model.fit(data, epochs=2, steps_per_epoch=2, verbose=0),
        "validation": lambda data: model.fit(x, y, epochs=2, verbose=0, validation_data=data, validation_steps=3),
        "evaluate": lambda data: model.evaluate(data, verbose=0),
        "predict": lambda data: model.predict(data, verbose=0, steps=3),
    }
    told = {}
    for name, use in uses.items():
        use(data := Batches(x, y, 16))
        told[name] = data.told
    assert told == {
        "fit": ["begin", 4, "begin", 8],
        "steps": ["begin", 2, "begin", 4],
        "validation": ["begin", 3, "begin", 6],
        "evaluate": ["begin", 4],
        "predict": ["begin", 3],
    }


def test_data_sets(rng):
    from fastmlp.data import Dataset

    x, y = pairs(rng)
    plain, other = network(), network()
    plain.fit(x, y, 16, epochs=2, shuffle=False, verbose=0, validation_data=(x, y))
    source = Dataset.from_tensor_slices((x, y)).batch(16)
    history = other.fit(source, epochs=2, verbose=0, validation_data=source)
    assert_same_state(plain, other)
    assert history.history["val_loss"][-1] == pytest.approx(other.evaluate(x, y, verbose=0), rel=1e-5)


def sources(x, y, size):
    from fastmlp.data import Dataset

    return {"numbered": Batches(x, y, size), "dataset": Dataset.from_tensor_slices((x, y)).batch(size)}


@pytest.mark.parametrize("kind", ["numbered", "dataset"])
@pytest.mark.parametrize("steps", [1, 2, 3, 4, 9])
def test_steps_go_round_and_round_what_can_be_read_again(kind, steps, rng):
    x, y = pairs(rng, 64)
    plain, other = network(), network()
    plain.fit(x, y, 16, epochs=5, steps_per_epoch=steps, shuffle=False, verbose=0)
    history = other.fit(sources(x, y, 16)[kind], epochs=5, steps_per_epoch=steps, shuffle=False, verbose=0)
    assert history.epoch == [0, 1, 2, 3, 4]
    assert_same_state(plain, other)


def test_generators_give_weights_end_early_and_need_a_count(rng):
    x, y = pairs(rng, 64)
    weights = rng.uniform(0, 2, 64)
    plain, other = network(), network()
    plain.fit(x, y, 16, shuffle=False, sample_weight=weights, verbose=0)
    other.fit(((x[i : i + 16], y[i : i + 16], weights[i : i + 16]) for i in range(0, 64, 16)), verbose=0)
    assert_same_state(plain, other)
    with pytest.warns(UserWarning, match="ended after 4 of 9"):
        other.fit(((x[i : i + 16], y[i : i + 16]) for i in range(0, 64, 16)), steps_per_epoch=9, verbose=0)
    with pytest.raises(ValueError, match="at least one batch"):
        other.fit(iter(()), verbose=0)


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
    loss = "sparse_categorical_crossentropy"
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


@pytest.mark.parametrize("kind", ["numbered", "dataset"])
def test_validation_steps_are_the_same_each_time(kind, rng):
    x, y = pairs(rng, 64)
    model = network(optimizer=fastmlp.optimizers.SGD(0.0))
    held = sources(x, y, 16)[kind]
    history = model.fit(x, y, epochs=3, validation_data=held, validation_steps=3, verbose=0).history
    assert history["val_loss"] == [pytest.approx(model.evaluate(x[:48], y[:48], verbose=0), rel=1e-6)] * 3
    stream = ((x[i : i + 16], y[i : i + 16]) for i in range(0, 64, 16))  # which has only its next ones
    history = model.fit(x, y, epochs=2, validation_data=stream, validation_steps=2, verbose=0).history
    parts = [model.evaluate(x[i : i + 32], y[i : i + 32], verbose=0) for i in (0, 32)]
    assert history["val_loss"] == pytest.approx(parts, rel=1e-6)


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


def test_a_batch_that_is_not_trained_on_is_not_asked_for(rng):
    x, y = pairs(rng)
    model, asked = network(), []

    def batches():
        while True:
            asked.append(model.optimizer.iterations)
            yield x, y

    stop = callbacks.LambdaCallback(on_train_batch_end=lambda b, logs: setattr(model, "stop_training", b == 2))
    model.fit(batches(), epochs=5, steps_per_epoch=10, callbacks=[stop], verbose=0)
    assert asked == [0, 1, 2]
    stop = callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: setattr(model, "stop_training", True))
    model.fit(batches(), epochs=5, steps_per_epoch=10, callbacks=[stop], verbose=0)
    assert asked == [0, 1, 2]


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
