"""What scripts of Keras do by habit: attributes of any name, steps through `self.metrics`, optimizers read and set."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import Input, Sequential, layers, losses, metrics, optimizers
from fastmlp.autodiff import GradientTape
from fastmlp.data import Dataset
from fastmlp.layers import Dense
from fastmlp.models import Model

X = np.linspace(-1, 1, 24, dtype="float32").reshape(8, 3)
Y = (X[:, :1] > 0).astype("float32")
WEIGHTS = np.linspace(0, 2, 8, dtype="float32")


class Stepping(Model):
    """A step as Keras's guide has it."""

    def __init__(self):
        super().__init__()
        self.last = Dense(1, activation="sigmoid", kernel_initializer="ones")

    def call(self, inputs):
        return self.last(inputs)

    def train_step(self, data):
        x, y, weights = data
        with GradientTape() as tape:
            found = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=found, sample_weight=weights)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, found, sample_weight=weights)
        return {metric.name: metric.result() for metric in self.metrics}


def test_a_step_through_metrics_adds_to_those_of_compile_from_the_first_batch():
    model, twin = Stepping(), Sequential([Input((3,)), Dense(1, activation="sigmoid", kernel_initializer="ones")])
    for one in (model, twin):
        one.compile(optimizers.SGD(0.1), "binary_crossentropy", metrics=["accuracy"], weighted_metrics=["mae"])
    found, wanted = (one.fit(X, Y, 4, 2, 0, shuffle=False, sample_weight=WEIGHTS).history for one in (model, twin))
    assert found.keys() == wanted.keys() == {"accuracy", "loss", "mae"}
    for name, values in wanted.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-6)
    assert [metric.name for metric in model.metrics] == ["loss", "compile_metrics"]
    assert [metric.name for metric in model.metrics[1].metrics] == ["accuracy", "mae"]
    model.reset_metrics()
    assert model.metrics[1].result() == {"accuracy": 0.0, "mae": 0.0}


class Named(Model):
    """Attributes by names that are Keras's to leave free."""

    def __init__(self):
        super().__init__()
        self.chain = Sequential([Dense(4), Dense(2)])
        self.operations = [Dense(1)]
        self.features = self.lower = Dense(3)
        self.loss_tracker = metrics.Mean(name="loss")

    def call(self, inputs):
        return self.operations[0](self.chain(self.features(inputs)))


def test_attributes_of_a_model_may_have_any_name_that_keras_leaves_free():
    model = Named()
    model.compile("sgd", "mse")
    assert np.isfinite(model.fit(X, Y, verbose=0).history["loss"]).all()
    assert model.predict(X, verbose=0).shape == (8, 1)


def test_attributes_of_a_layer_may_have_any_name_that_keras_leaves_free():
    class Wrapped(layers.Layer):
        def __init__(self):
            super().__init__()
            self.operations = self.lower = self.features = Dense(3)

        def call(self, inputs):
            return self.operations(inputs)

    model = Sequential([Input((3,)), Wrapped(), Dense(1)])
    model.compile("sgd", "mse")
    assert np.isfinite(model.fit(X, Y, verbose=0).history["loss"]).all()


def test_a_compile_of_ones_own_keeps_what_it_likes():
    class Own(Model):
        def __init__(self):
            super().__init__()
            self.last = Dense(1, kernel_initializer="zeros", use_bias=False)

        def call(self, inputs):
            return self.last(inputs)

        def compile(self, optimizer, loss):
            super().compile()
            self.optimizer, self.loss = optimizer, loss

        def train_step(self, data):
            x, y = data
            with GradientTape() as tape:
                loss = self.loss(y, self(x))
            self.optimizer.apply_gradients(zip(tape.gradient(loss, self.trainable_weights), self.trainable_weights))
            return {"d_loss": loss}

    model, loss = Own(), losses.MeanSquaredError()
    with pytest.raises(RuntimeError, match=r"optimizer: expected a compiled model, got none; call super\(\).compile"):
        model.optimizer = optimizers.SGD(0.5)
    model.compile(optimizers.SGD(0.5), loss)
    model.fit(X, Y, verbose=0)
    assert model.loss is loss
    assert model.optimizer.iterations == 1
    np.testing.assert_allclose(model.get_weights()[0], (X * Y).mean(0)[:, None], rtol=1e-5)


def test_loss_is_what_compile_was_given():
    model = Sequential([Input((3,)), Dense(1)])
    assert model.loss is None
    model.compile("sgd", "mse")
    assert model.loss == "mse"


def test_iterations_are_read_and_written_as_a_variable():
    optimizer = optimizers.SGD(gradient_accumulation_steps=2)
    assert optimizer.iterations.numpy() == 0
    optimizer.iterations.assign(3)
    optimizer.iterations.assign_add(2)
    assert optimizer.iterations == 5
    assert optimizer.iterations.numpy().dtype == "int64"


def test_results_by_name_are_sorted_as_those_of_keras():
    model = Sequential([Input((3,)), Dense(1)])
    model.compile("sgd", "mse", metrics=["mae", "accuracy"])
    for found in (
        model.evaluate(X, Y, verbose=0, return_dict=True),
        model.train_on_batch(X, Y, return_dict=True),
        model.test_on_batch(X, Y, return_dict=True),
    ):
        assert list(found) == ["accuracy", "loss", "mae"]
    assert model.metrics_names == ["loss", "mae", "accuracy"]


def test_weights_of_layers_that_are_there_can_be_set_before_the_model_was_called():
    class Holding(Model):
        def __init__(self):
            super().__init__()
            self.net = Sequential([Input((3,)), Dense(1)])

        def call(self, inputs):
            return self.net(inputs)

    model = Holding()
    model.set_weights([np.ones((3, 1)), np.ones(1)])
    np.testing.assert_allclose(model(X[:2]).numpy(), X[:2].sum(1, keepdims=True) + 1, rtol=1e-6)
    with pytest.raises(RuntimeError, match="set_weights: expected a built model"):
        Stepping().set_weights([np.ones((3, 1)), np.ones(1)])


def test_losses_are_those_that_calls_have_added_and_then_penalties():
    class Adding(layers.Layer):
        def call(self, inputs):
            self.add_loss(inputs[0, 0] * 0 + 7.0)
            return inputs

    model = Sequential([Input((3,)), Dense(3, kernel_initializer="ones", kernel_regularizer="l1"), Adding()])
    model(X)
    np.testing.assert_allclose([float(one) for one in model.losses], [7.0, 0.09], rtol=1e-6)
    model.trainable = False
    assert [float(one) for one in model.losses] == [7.0]


def test_a_sequential_of_classes_not_registered_is_made_from_its_config():
    class Twice(layers.Layer):
        def call(self, inputs):
            return 2 * inputs

    config = Sequential([Input((3,)), Twice()]).get_config()
    again = Sequential.from_config(config, custom_objects={"Twice": Twice})
    np.testing.assert_array_equal(again(X).numpy(), 2 * X)


def test_the_single_element_of_a_dataset():
    x, y = Dataset.from_tensor_slices((X, Y)).batch(8).get_single_element()
    np.testing.assert_array_equal(np.asarray(x), X)
    np.testing.assert_array_equal(np.asarray(y), Y)
    for many, what in ((2, "more"), (0, "none")):
        with pytest.raises(ValueError, match=f"expected one element, got {what}; put take"):
            Dataset.range(many).get_single_element()


def test_results_have_the_type_of_their_metric_and_are_printed_so(capsys):
    import fastmlp.tf as tf

    mean = metrics.Mean()
    mean.update_state([0.1])
    assert mean.result().dtype == "float32"
    tf.print("mean", mean.result(), optimizers.SGD(0.1).learning_rate)
    assert capsys.readouterr().err == "mean 0.1 0.1\n"


def test_a_metric_with_a_number_for_each_batch_is_asked_batch_by_batch():
    def root(y_true, y_pred):
        return np.sqrt(np.mean(np.square(np.asarray(y_true) - np.asarray(y_pred))))

    model = Sequential([Input((3,)), Dense(1)])
    model.compile("sgd", "mse", metrics=[root])
    away = Y - model.predict(X, verbose=0)
    wanted = np.mean([root(away[at : at + 3], 0) for at in (0, 3, 6)])
    np.testing.assert_allclose(model.evaluate(X, Y, 3, 0)[1], wanted, rtol=1e-6)
    np.testing.assert_allclose(model.evaluate(X, Y, 8, 0)[1], root(away, 0), rtol=1e-6)
    np.testing.assert_allclose(model.test_on_batch(X, Y)[1], root(away, 0), rtol=1e-6)


def test_a_model_of_models_needs_no_call_where_its_step_calls_them():
    class Pair(Model):
        def __init__(self):
            super().__init__()
            self.one, self.other = Dense(3, "tanh"), Sequential([Input((3,)), Dense(1)])

        def train_step(self, data):
            x, y = data
            with GradientTape() as tape:
                loss = losses.MeanSquaredError()(y, self.other(self.one(x)))
            self.optimizer.apply_gradients(zip(tape.gradient(loss, self.trainable_weights), self.trainable_weights))
            return {"loss": loss}

    model = Pair()
    model.compile("sgd")
    found = model.fit(X, Y, 8, 3, 0).history["loss"]
    assert found[-1] < found[0]
    assert len(model.weights) == 4
    with pytest.raises(NotImplementedError, match=r"Pair: expected a method call\(inputs\)"):
        model.predict(X, verbose=0)
