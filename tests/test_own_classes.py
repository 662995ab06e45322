"""Classes of a user's own: used where training can use them, refused by name where C would pass them over."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import Input, Sequential, constraints, layers, losses, metrics, optimizers, regularizers
from fastmlp.layers import Dense

X = np.linspace(-1, 1, 24, dtype="float32").reshape(8, 3)
Y = np.zeros((8, 2), "float32")


class OwnDense(Dense):
    def call(self, inputs):
        return super().call(inputs) * 2


class OwnLayer(layers.Layer):
    def call(self, inputs):
        return inputs * 2


class OwnLoss(losses.MeanSquaredError):
    def call(self, y_true, y_pred):
        return 1e9 * super().call(y_true, y_pred)


class OwnSGD(optimizers.SGD):
    def update_step(self, gradient, variable, learning_rate):
        pass


class OwnL2(regularizers.L2):
    def __call__(self, w):
        return 1e6


class OwnNonNeg(constraints.NonNeg):
    def __call__(self, w):
        return w


class OwnSequential(Sequential):
    def train_step(self, data):
        return {}


class Quiet(Dense):
    """A derived class that says nothing anew about computing."""

    def __init__(self, units, **kwargs):
        super().__init__(units, "relu", **kwargs)


def trained(layer=None, loss="mse", optimizer="sgd", model=Sequential, **compiled):
    made = model([Input((3,)), Dense(4) if layer is None else layer, Dense(2)])
    made.compile(optimizer, loss, **compiled)
    return made.fit(X, Y, verbose=0)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"layer": OwnDense(4)}, "expected Dense as it is, got the class OwnDense with a call of its own"),
        ({"layer": OwnLayer()}, "expected Layer as it is, got the class OwnLayer with a call of its own"),
        ({"loss": OwnLoss()}, "expected MeanSquaredError as it is, got the class OwnLoss"),
        ({"optimizer": OwnSGD()}, "expected SGD as it is, got the class OwnSGD with a update_step"),
        ({"layer": Dense(4, kernel_regularizer=OwnL2())}, "expected L2 as it is, got the class OwnL2"),
        ({"layer": Dense(4, activity_regularizer=OwnL2())}, "expected L2 as it is, got the class OwnL2"),
        ({"layer": Dense(4, kernel_constraint=OwnNonNeg())}, "expected NonNeg as it is, got the class OwnNonNeg"),
        ({"model": OwnSequential}, "expected Sequential as it is, got the class OwnSequential with a train_step"),
    ],
)
def test_what_training_would_pass_over_is_refused(arguments, says):
    with pytest.raises(NotImplementedError, match=says):
        trained(**arguments)


def test_a_layer_without_a_meaning():
    class Nothing(layers.Layer):
        pass

    with pytest.raises(NotImplementedError, match=r"expected one of the layers of fastmlp, got a Nothing"):
        trained(Nothing())


def test_derived_classes_that_compute_as_before_train():
    assert np.isfinite(trained(Quiet(4)).history["loss"]).all()


def test_metrics_of_ones_own_are_asked():
    class Seven(metrics.MeanAbsoluteError):
        def update_state(self, y_true, y_pred, sample_weight=None):
            self.seen = len(y_true)

        def result(self):
            return 7.0

    class Count(metrics.Metric):
        def __init__(self, name="count"):
            super().__init__(name=name)
            self.total = self.add_variable(shape=(), initializer="zeros", name="total")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.total.assign_add(len(y_true))

        def result(self):
            return self.total

    seven = Seven(name="seven")
    history = trained(metrics=[seven, Count()]).history
    assert history["seven"] == [7.0]
    assert seven.seen == 8
    assert history["count"] == [8.0]


@pytest.mark.parametrize("use", ["fit", "evaluate", "train_on_batch", "test_on_batch"])
def test_a_metric_that_adds_in_its_own_way_is_added_to_once(use):
    """By its update_state alone, though all else about it is as in C."""

    class Same(metrics.TrueNegatives):
        def update_state(self, y_true, y_pred, sample_weight=None):
            super().update_state(y_true, y_pred, sample_weight)

    model = Sequential([Input((3,)), Dense(2, kernel_initializer="zeros")])
    model.compile("sgd", "mse", metrics=[metrics.TrueNegatives(name="one"), Same(name="same")])
    calls = {
        "fit": lambda: {name: values[0] for name, values in model.fit(X, Y, verbose=0).history.items()},
        "evaluate": lambda: model.evaluate(X, Y, verbose=0, return_dict=True),
        "train_on_batch": lambda: model.train_on_batch(X, Y, return_dict=True),
        "test_on_batch": lambda: model.test_on_batch(X, Y, return_dict=True),
    }
    found = calls[use]()
    assert (found["one"], found["same"]) == (16, 16)
