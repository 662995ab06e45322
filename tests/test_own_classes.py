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
        return inputs * inputs


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


def after_a_step(layer=None, loss="mse", optimizer=None, model=Sequential, **settings):
    """The weights after one step from weights that are always the same."""
    layer = Dense(4, **settings) if layer is None else layer
    made = model([Input((3,)), layer, Dense(2)])
    made.set_weights([np.linspace(-1, 1, w.size, dtype="float32").reshape(w.shape) for w in made.get_weights()])
    made.compile(optimizer or optimizers.SGD(0.1), loss)
    made.fit(X, Y, batch_size=8, shuffle=False, verbose=0)
    return made


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"layer": OwnLayer()}, "the call of the layer 'own_layer' is no chain"),
        ({"loss": OwnLoss()}, "the class OwnLoss has a call of its own"),
        ({"optimizer": OwnSGD()}, "the class OwnSGD has a update_step of its own"),
        ({"kernel_regularizer": OwnL2()}, "the class OwnL2 has a __call__ of its own"),
        ({"activity_regularizer": OwnL2()}, "'activity_regularizer' is a function of Python"),
        ({"kernel_constraint": OwnNonNeg()}, "the class OwnNonNeg has a __call__ of its own"),
        ({"model": OwnSequential}, "the class OwnSequential has a train_step of its own"),
    ],
    ids=["layer", "loss", "optimizer", "regularizer", "activity", "constraint", "model"],
)
def test_what_a_program_would_pass_over_runs_by_the_tape(arguments, why):
    assert after_a_step(**arguments).why_taped.startswith(why)


def test_what_they_say_is_what_training_does():
    plain = after_a_step()
    assert plain.why_taped == ""
    weights = plain.get_weights()
    assert np.abs(weights[0] - np.linspace(-1, 1, 12, dtype="float32").reshape(3, 4)).max() > 1e-3
    ones = after_a_step(loss=OwnLoss(reduction="sum_over_batch_size"), optimizer=optimizers.SGD(0.1 / 1e9))
    np.testing.assert_allclose(ones.get_weights()[0], weights[0], rtol=1e-4, atol=1e-6)
    held = after_a_step(kernel_constraint=constraints.NonNeg()).get_weights()[0]
    assert held.min() == 0
    free = after_a_step(kernel_constraint=OwnNonNeg()).get_weights()[0]
    np.testing.assert_allclose(free, weights[0], rtol=1e-4, atol=1e-6)
    twice = after_a_step(layer=OwnDense(4))
    assert twice.why_taped == ""
    np.testing.assert_allclose(
        twice.predict(X, verbose=0), (X @ twice.get_weights()[0] * 2 + 2 * twice.get_weights()[1])
        @ twice.get_weights()[2] + twice.get_weights()[3], rtol=1e-4, atol=1e-5,
    )  # fmt: skip


def test_a_layer_without_a_meaning():
    class Nothing(layers.Layer):
        pass

    with pytest.raises(NotImplementedError, match=r"Nothing: expected a method call\(inputs\), got none"):
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
