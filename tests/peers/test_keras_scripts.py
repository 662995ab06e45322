"""Scripts with classes of a user's own, run twice: with ``keras``, and with ``fastmlp.keras`` in its place."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("keras", reason="Keras is not installed: pip install '.[peers]'", exc_type=ImportError)
pytestmark = pytest.mark.filterwarnings("ignore")

X = np.linspace(-1, 1, 180, dtype="float32").reshape(60, 3) ** 3
Y = (X.sum(axis=1, keepdims=True) > 0).astype("float32")

CLASSES = """
class Momentum(keras.optimizers.Optimizer):
    def __init__(self, learning_rate=0.05, momentum=0.9, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.momentum = momentum

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.moments = []
        for variable in variables:
            self.moments.append(self.add_variable_from_reference(variable, name="moment"))

    def update_step(self, gradient, variable, learning_rate):
        rate = ops.cast(learning_rate, variable.dtype)
        gradient = ops.cast(gradient, variable.dtype)
        moment = self.moments[self._get_variable_index(variable)]
        moved = ops.subtract(ops.multiply(moment, self.momentum), ops.multiply(gradient, rate))
        self.assign(moment, moved)
        self.assign_add(variable, moved)


class TruePositives(keras.metrics.Metric):
    def __init__(self, name="true_positives", **kwargs):
        super().__init__(name=name, **kwargs)
        self.found = self.add_weight(name="found", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true, y_pred = ops.cast(y_true, "bool"), ops.greater(y_pred, 0.5)
        both = ops.cast(ops.logical_and(y_true, y_pred), self.dtype)
        self.found.assign_add(ops.sum(both))

    def result(self):
        return ops.convert_to_tensor(self.found)


class Focal(keras.losses.Loss):
    def __init__(self, gamma=2.0, **kwargs):
        super().__init__(**kwargs)
        self.gamma = gamma

    def call(self, y_true, y_pred):
        p = ops.clip(y_pred, 1e-6, 1 - 1e-6)
        right = y_true * p + (1 - y_true) * (1 - p)
        return ops.mean(-ops.power(1 - right, self.gamma) * ops.log(right), axis=-1)


class Scale(keras.layers.Layer):
    def build(self, input_shape):
        self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")

    def call(self, inputs):
        return inputs * self.factor


def distance(y_true, y_pred):
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


def half_squared(y_true, y_pred):
    return ops.sum(ops.square(y_true - y_pred), axis=-1) / 2


class Report(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append((epoch, sorted(logs)))
"""

TRAINING = """
report = Report()
model = keras.Sequential([
    keras.Input(shape=(3,)),
    keras.layers.Dense(4, activation="tanh"),
    *[keras.layers.Dense(4), Scale()] * SCALED,
    keras.layers.Dense(1, activation="sigmoid"),
])
model.set_weights([np.linspace(-1, 1, w.size, dtype="float32").reshape(w.shape) for w in model.get_weights()])
model.compile(optimizer=OPTIMIZER, loss=LOSS, metrics=METRICS)
history = model.fit(X, Y, batch_size=16, epochs=4, shuffle=False, verbose=0, callbacks=[report], validation_data=(X, Y))
scores = model.evaluate(X, Y, verbose=0, return_dict=True)
weights = model.get_weights()
"""

CASES = {
    "optimizer": {"OPTIMIZER": "Momentum()"},
    "optimizer, decay": {"OPTIMIZER": "Momentum(0.02, weight_decay=0.1, clipnorm=0.05)"},
    "loss": {"LOSS": "Focal()"},
    "loss, settings": {"LOSS": "Focal(0.5, reduction='sum', name='focal')", "OPTIMIZER": "'adam'"},
    "loss, function": {"LOSS": "half_squared"},
    "metrics": {"METRICS": "[TruePositives(), distance, 'mae', keras.metrics.MeanMetricWrapper(distance, name='d')]"},
    "layer": {"SCALED": "1"},
    "all": {
        "SCALED": "1",
        "OPTIMIZER": "Momentum(global_clipnorm=0.1)",
        "LOSS": "Focal()",
        "METRICS": "['accuracy', TruePositives(), distance]",
    },
}


def ran(keras, code, **names):
    made = {"keras": keras, "ops": keras.ops, "np": np, "X": X, "Y": Y, **names}
    exec(CLASSES + code, made)
    return made


@pytest.mark.parametrize("case", CASES)
def test_a_script_that_trains(case):
    import keras
    from fastmlp import keras as ours

    given = {"OPTIMIZER": "'sgd'", "LOSS": "'binary_crossentropy'", "METRICS": "['accuracy']", "SCALED": "0"}
    code = TRAINING
    for word, text in {**given, **CASES[case]}.items():
        code = code.replace(word, text)
    theirs, mine = ran(keras, code), ran(ours, code)
    assert np.abs(theirs["weights"][0] - np.linspace(-1, 1, 12).reshape(3, 4)).max() > 1e-4
    for a, b in zip(mine["weights"], theirs["weights"], strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)
    assert mine["report"].seen == theirs["report"].seen
    for got, wanted in ((mine["history"].history, theirs["history"].history), (mine["scores"], theirs["scores"])):
        assert set(got) == set(wanted)
        for name in wanted:
            np.testing.assert_allclose(got[name], wanted[name], rtol=2e-4, atol=2e-5, err_msg=name)


LOOP = """
model = keras.Sequential([keras.Input(shape=(3,)), keras.layers.Dense(1, activation="sigmoid")])
model.set_weights([np.linspace(-1, 1, w.size, dtype="float32").reshape(w.shape) for w in model.get_weights()])
metric, mean, found = keras.metrics.BinaryAccuracy(), keras.metrics.Mean(), TruePositives()
loss = Focal()
for start in range(0, 60, 16):
    x, y = X[start:start + 16], Y[start:start + 16]
    predicted = model(x)
    metric.update_state(y, predicted)
    found.update_state(y, predicted)
    mean.update_state(loss(y, predicted))
said = (f"{float(metric.result()):.4f}", float(mean.result()), float(found.result()))
metric.reset_state()
again = float(metric(Y[:3], model(X[:3])))
names = [v.name for v in found.variables]
"""


def test_a_loop_over_metrics():
    import keras
    from fastmlp import keras as ours

    theirs, mine = ran(keras, LOOP), ran(ours, LOOP)
    assert mine["said"][0] == theirs["said"][0]
    np.testing.assert_allclose(mine["said"][1:], theirs["said"][1:], rtol=1e-5)
    assert mine["again"] == theirs["again"]
    assert mine["names"] == theirs["names"]
