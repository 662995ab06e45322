"""Metrics and losses of a user's own, and what results are: as in Keras, by the tape and by a program alike."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from fastmlp import Input, Sequential, losses, metrics, ops
from fastmlp.autodiff import GradientTape, Tensor
from fastmlp.layers import Dense, Layer
from fastmlp.variables import Variable

X = np.linspace(-1, 1, 60, dtype="float32").reshape(20, 3)
Y = X.sum(axis=1, keepdims=True)


class Off(metrics.Metric):
    """The mean distance, by two variables."""

    def __init__(self, name="off", **kwargs):
        super().__init__(name=name, **kwargs)
        self.total = self.add_weight(name="total", initializer="zeros")
        self.count = self.add_variable(shape=(), initializer="zeros", name="count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        off = ops.abs(ops.cast(y_true, "float32") - y_pred)
        if sample_weight is not None:
            off = off * ops.reshape(ops.cast(sample_weight, "float32"), (-1, 1))
        self.total.assign_add(ops.sum(off))
        self.count.assign_add(ops.cast(ops.size(y_true), "float32"))

    def result(self):
        return self.total / self.count


def off(y_true, y_pred):
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


def off_in_words(y_true, y_pred):
    """The same, with what arrays have not."""
    return ops.mean(ops.abs(ops.reshape(y_true, y_true.get_shape().as_list()) - y_pred.numpy()), axis=-1)


class Pass(Layer):
    """Something that is never lowered: it prints numbers to nobody."""

    def call(self, inputs):
        assert float(ops.sum(inputs * 0)) == 0
        return inputs


def fitted(by_tape, loss="mse", compiled=None, epochs=2):
    """The same model, trained in Python or in C."""
    model = Sequential([Input((3,)), Dense(4, "tanh"), *([Pass()] if by_tape else []), Dense(1)])
    model.set_weights([np.linspace(-1, 1, w.size, dtype="float32").reshape(w.shape) for w in model.get_weights()])
    model.compile("sgd", loss, metrics=compiled)
    history = model.fit(X, Y, batch_size=6, epochs=epochs, shuffle=False, verbose=0)
    return model, history.history


both_ways = pytest.mark.parametrize("by_tape", [False, True], ids=["program", "tape"])


# ---- results


def test_results_are_floats_that_have_numpy():
    accuracy = metrics.BinaryAccuracy()
    accuracy.update_state([1.0, 0.0, 1.0], [0.9, 0.6, 0.7])
    result = accuracy.result()
    assert isinstance(result, float)
    assert isinstance(result.numpy(), np.float32)
    assert result.numpy() == np.float32(2 / 3)
    assert (f"{result:.3f}", "%.1f%%" % (100 * result), str(metrics.Mean()([1, 2]))) == ("0.667", "66.7%", "1.5")
    assert json.loads(json.dumps({"accuracy": result})) == {"accuracy": 2 / 3}
    assert pickle.loads(pickle.dumps(result)) == result
    assert metrics.MeanSquaredError(dtype="float64")([1.0], [0.5]).numpy().dtype == np.float64
    assert (ops.convert_to_tensor([1.0, 2.0]) * metrics.Mean()([2.0])).numpy().tolist() == [2, 4]
    assert ops.convert_to_tensor(result).dtype == "float32"


ONE_BATCH = {
    metrics.Mean: [[1.0, 0.0]],
    metrics.Sum: [[1.0, 0.5]],
    metrics.AUC: [[1.0, 0.0], [0.9, 0.2]],
    metrics.MeanIoU: [[1, 0, 1], [1, 0, 0]],
    metrics.Precision: [[1.0, 0.0, 1.0], [0.9, 0.9, 0.9]],
    metrics.RootMeanSquaredError: [[1.0, 0.0], [0.5, 0.5]],
    metrics.F1Score: [[[1.0], [0.0]], [[0.9], [0.8]]],
    metrics.R2Score: [[[1.0], [0.0]], [[0.9], [0.2]]],
}


@pytest.mark.parametrize("cls", ONE_BATCH)
def test_every_result_of_one_number_has_numpy(cls):
    metric = cls("macro", threshold=0.5) if cls is metrics.F1Score else cls(2) if cls is metrics.MeanIoU else cls()
    metric.update_state(*ONE_BATCH[cls])
    result = metric.result()
    assert type(result.numpy()) is np.float32
    assert result.numpy() == np.float32(float(result)) != 0


def test_results_of_several_numbers_are_tensors():
    score = metrics.F1Score()
    score.update_state([[1.0, 0.0], [0.0, 1.0]], [[0.9, 0.1], [0.2, 0.8]])
    result = score.result()
    assert isinstance(result, Tensor)
    assert (result.shape, result.dtype) == ((2,), "float32")
    np.testing.assert_allclose(result.numpy(), [1, 1], rtol=1e-6)


@both_ways
def test_history_holds_plain_numbers(by_tape):
    history = fitted(by_tape, compiled=["mae", metrics.R2Score(), Off()])[1]
    assert {type(value) for values in history.values() for value in values} == {float}


@both_ways
def test_history_holds_arrays_of_several(by_tape):
    values = fitted(by_tape, compiled=[metrics.R2Score(class_aggregation=None)])[1]["r2_score"]
    assert [type(value) for value in values] == [np.ndarray] * 2


# ---- batches


def test_metrics_take_tensors_also_inside_a_tape():
    model = Sequential([Input((3,)), Dense(1, "sigmoid")])
    mse, accuracy, mine = metrics.MeanSquaredError(), metrics.BinaryAccuracy(), Off()
    y = ops.cast(Y > 0, "float32")
    with GradientTape() as tape:
        predicted = model(X)
        loss = losses.binary_crossentropy(y, predicted)
        for metric in (mse, accuracy, mine):
            metric.update_state(y, predicted)
    with_metrics = tape.gradient(loss, model.trainable_weights)
    with GradientTape() as tape:
        loss = losses.binary_crossentropy(y, model(X))
    for a, b in zip(with_metrics, tape.gradient(loss, model.trainable_weights), strict=True):
        np.testing.assert_array_equal(a, b)
    assert mse.result() == metrics.MeanSquaredError()(y.numpy(), predicted.numpy())
    assert accuracy.result() == metrics.BinaryAccuracy()(y.numpy(), predicted.numpy())
    assert float(mine.result()) == pytest.approx(float(metrics.MeanAbsoluteError()(y, predicted)), rel=1e-6)


@both_ways
@pytest.mark.parametrize("make", [Off, lambda: off, lambda: off_in_words, lambda: metrics.MeanMetricWrapper(off)])
def test_metrics_of_ones_own_in_fit(by_tape, make):
    model, history = fitted(by_tape, compiled=["mae", make()])
    assert bool(model.why_taped) == by_tape
    name = next(key for key in history if key not in ("loss", "mae"))
    np.testing.assert_allclose(history[name], history["mae"], rtol=1e-5)
    found = model.evaluate(X, Y, return_dict=True, verbose=0)
    assert found[name] == pytest.approx(found["mae"], rel=1e-5)
    assert found["mae"] == pytest.approx(np.abs(Y - model.predict(X, verbose=0)).mean(), rel=1e-5)


# ---- the state of a metric


def test_state_of_ones_own():
    metric = Off()
    assert [v.name for v in metric.variables] == ["total", "count"]
    assert [v.path for v in metric.variables] == ["off/total", "off/count"]
    metric.update_state([[1.0], [2.0]], [[0.0], [0.0]], sample_weight=[1.0, 0.5])
    assert float(metric.result()) == 1.0
    assert [float(v.numpy()) for v in metric.variables] == [2, 2]
    metric.reset_state()
    assert [float(v.numpy()) for v in metric.variables] == [0, 0]


def test_variables_kept_as_attributes_are_state():
    class Steps(metrics.Metric):
        def __init__(self):
            super().__init__(name="steps")
            self.count = Variable(3.0)
            self.inner = metrics.Mean()

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.count.assign_add(1.0)
            self.inner.update_state(y_pred)

        def result(self):
            return self.count

    steps = Steps()
    steps.update_state(None, [2.0])
    assert [float(v) for v in steps.variables] == [4.0]
    steps.reset_state()
    assert float(steps.count) == 0
    assert steps.inner.result() == 0


def test_the_ways_to_ask_for_a_variable():
    class Ways(metrics.Metric):
        def __init__(self):
            super().__init__()
            self.start = self.add_weight(name="start", shape=(2,), initializer="ones")
            self.place = self.add_variable((3,), "zeros", None, "sum", "place")

        def older(self):
            return self.add_weight("mine", initializer="zeros"), self.add_weight("more", shape=(2,))

    ways = Ways()
    assert ways.start.numpy().tolist() == [1, 1]
    assert (ways.place.name, ways.place.shape) == ("place", (3,))
    with pytest.warns(DeprecationWarning, match="write name='mine'") as caught:
        mine, more = ways.older()
    assert caught[0].filename == __file__
    assert "'more'" in str(caught[1].message)
    assert (mine.name, mine.shape, more.name, more.shape) == ("mine", (), "more", (2,))
    assert not mine.trainable


# ---- losses


class Squares(losses.Loss):
    def call(self, y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred), axis=-1)


class Weighed(losses.Loss):
    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, y_true, y_pred):
        return self.factor * losses.mean_squared_error(y_true, y_pred)


@both_ways
@pytest.mark.parametrize(
    "loss",
    [Squares(), lambda y, p: ops.mean(ops.square(y - p), axis=-1), lambda y, p: ops.mean((y - p) ** 2), Weighed(1.0)],
    ids=["class", "function", "function of one number", "class with settings"],
)
def test_losses_of_ones_own_train_as_ours_do(by_tape, loss):
    """A batch of one size throughout, as a function of one number says no more."""
    mine, ours = fitted(by_tape, loss, epochs=3)[0], fitted(by_tape, "mse", epochs=3)[0]
    assert np.abs(ours.get_weights()[0] - np.linspace(-1, 1, 12).reshape(3, 4)).max() > 1e-3
    for a, b in zip(mine.get_weights(), ours.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_a_loss_called():
    y, p = np.float32([[1.0], [2.0]]), np.float32([[0.0], [0.0]])
    assert Squares()(y, p).numpy() == 2.5
    assert Squares()(y, p, sample_weight=[1.0, 0.5]).numpy() == 1.5
    assert Squares(reduction="sum")(y, p).numpy() == 5
    assert Squares(reduction="none")(y, p).numpy().tolist() == [1, 4]
    assert Squares(name="mine").name == "mine"
    assert Weighed.from_config(Weighed(3.0).get_config()).factor == 3
    predicted = Variable(p)
    with GradientTape() as tape:
        loss = Squares()(y, predicted)
    assert tape.gradient(loss, predicted).numpy().tolist() == [[-1], [-2]]
