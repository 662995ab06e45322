"""fit, evaluate and predict on batches that somebody else makes: generators, data sets, PyDatasets."""

from __future__ import annotations

import math

import fastmlp
import numpy as np
import pytest
from fastmlp import Sequential, callbacks
from fastmlp.layers import Dense
from small_nets import assert_same_state, network, pairs


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


def sources(x, y, size):
    from fastmlp.data import Dataset

    return {"numbered": Batches(x, y, size), "dataset": Dataset.from_tensor_slices((x, y)).batch(size)}


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
    history = once.fit(whole, epochs=4, verbose=0)
    twice.fit(cut, epochs=2, verbose=0, callbacks=[callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)])
    again = network()
    again.fit(cut, epochs=4, verbose=0, callbacks=[callbacks.BackupAndRestore(tmp_path)])
    assert (again.history.epoch, again.history.history) == (history.epoch, history.history)
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


# ---- models that take their shape from the first batch


def of_kind(kind, x, y):
    if kind == "generator":
        return ((x[i : i + 16], y[i : i + 16]) for i in range(0, len(x), 16))
    return sources(x, y, 16)[kind]


def without_a_shape():
    fastmlp.set_random_seed(4)
    model = Sequential([Dense(8, "tanh"), Dense(2)])
    model.compile("adam", "mse")
    return model


@pytest.mark.parametrize("kind", ["generator", "dataset", "numbered"])
def test_a_model_without_a_shape_takes_that_of_the_first_batch(kind, rng, tmp_path):
    x, y = pairs(rng, 64)
    plain, other, asked, predicting = (without_a_shape() for _ in range(4))
    plain.fit(x, y, 16, shuffle=False, verbose=0)
    backup = callbacks.BackupAndRestore(tmp_path)  # which wants weights when training begins
    other.fit(of_kind(kind, x, y), shuffle=False, verbose=0, callbacks=[backup])
    assert_same_state(plain, other)
    before = without_a_shape()
    before.build((None, 3))
    assert asked.evaluate(of_kind(kind, x, y), verbose=0) == pytest.approx(before.evaluate(x, y, verbose=0), rel=1e-6)
    np.testing.assert_array_equal(predicting.predict(of_kind(kind, x, y), verbose=0), before.predict(x, verbose=0))


# ---- predict


class Told(callbacks.Callback):
    def __init__(self):
        self.calls = []

    def on_predict_begin(self, logs=None):
        self.calls.append(("begin", self.params["steps"]))

    def on_predict_batch_begin(self, batch, logs=None):
        self.calls.append(batch)

    def on_predict_batch_end(self, batch, logs=None):
        self.calls.append((batch, logs["outputs"].shape))

    def on_predict_end(self, logs=None):
        self.calls.append("end")

    def on_abort(self, logs=None):
        self.calls.append("abort")


@pytest.mark.parametrize("kind", ["array", "generator", "dataset", "numbered"])
@pytest.mark.parametrize("steps", [None, 2])
def test_predictions_call_their_hooks(kind, steps, rng):
    x, y = pairs(rng, 40)
    model, told = network(), Told()
    size = 16 if kind == "array" else None
    given = x if kind == "array" else of_kind(kind, x, y)
    outputs = model.predict(given, size, verbose=0, steps=steps, callbacks=[told])
    np.testing.assert_array_equal(outputs, model.predict(x, verbose=0)[: steps and steps * 16])
    batches = [0, (0, (16, 2)), 1, (1, (16, 2)), 2, (2, (8, 2))][: steps and 2 * steps]
    known = steps or (None if kind == "generator" else 3)
    assert told.calls == [("begin", known), *batches, "end"]


def test_hooks_of_a_prediction_of_no_rows_and_of_one_batch(rng):
    """No batch, no call; and what hooks are shown is not the array that is returned."""
    x, _ = pairs(rng, 40)
    model, told, shown = network(), Told(), []
    assert model.predict(x[:0], verbose=0, callbacks=[told]).shape == (0, 2)
    assert told.calls == [("begin", 0), "end"]
    keep = callbacks.LambdaCallback(on_predict_batch_end=lambda batch, logs: shown.append(logs["outputs"]))
    returned = model.predict(x[:9], verbose=0, callbacks=[keep])
    want = returned.copy()
    shown[0][:] = -1
    np.testing.assert_array_equal(returned, want)


def test_predictions_from_batches_are_shown(rng, capsys):
    x, y = pairs(rng, 40)
    network().predict(of_kind("dataset", x, y), verbose=2)
    assert capsys.readouterr().out.startswith("3/3")


def test_predict_refuses_what_fit_and_evaluate_refuse(rng):
    x, y = pairs(rng, 40)
    model, told = network(), Told()
    for given, size, error, says in (
        (None, None, TypeError, "predict: expected x as an array.*got None; give the features"),
        (1.5, None, TypeError, "predict: expected x as an array"),
        (of_kind("dataset", x, y), 8, ValueError, "predict: expected no batch_size with data that comes in batches"),
        (iter([x[:, :2]]), None, ValueError, "predict: expected x with 3 columns"),
        (iter([]), None, ValueError, "predict: expected at least one batch of data, got none"),
    ):
        with pytest.raises(error, match=says):
            model.predict(given, size, verbose=0, callbacks=[told])
    assert told.calls[-2:] == [("begin", None), "abort"]


@pytest.mark.parametrize("make", [network, without_a_shape])
def test_no_batches_at_all(make, rng):
    x, y = pairs(rng)
    for where, use in {
        "fit": lambda: make().fit(iter([]), verbose=0),
        "evaluate": lambda: make().evaluate(iter([]), verbose=0),
        "predict": lambda: make().predict(iter([]), verbose=0),
        "fit: validation_data": lambda: make().fit(x, y, validation_data=iter([]), verbose=0),
    }.items():
        with pytest.raises(ValueError, match=f"^{where}: expected at least one batch of data, got none; check it"):
            use()
