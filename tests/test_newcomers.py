"""What somebody new writes, from courses and documentation: it runs, and mistakes are told in its own terms."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import fastmlp.keras as keras
import fastmlp.tf as tf
import numpy as np
import pytest
from fastmlp.keras import layers

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 4)).astype("float32")
Y = X[:, :1] * 2 - X[:, 1:2]


def test_a_model_may_keep_a_metric_called_loss_tracker() -> None:
    class Own(keras.Model):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self.loss_tracker = keras.metrics.Mean(name="loss")

        def train_step(self, data: Any) -> dict[str, Any]:
            x, y = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(y - self(x, training=True)))
            self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
            self.loss_tracker.update_state(loss)
            return {"loss": self.loss_tracker.result()}

        @property
        def metrics(self) -> list[Any]:
            return [self.loss_tracker]

    inputs = keras.Input((4,))
    model = Own(inputs, layers.Dense(1)(inputs))
    model.compile(optimizer=keras.optimizers.SGD(0.1))
    losses = model.fit(X, Y, epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 2


def test_a_model_with_steps_of_its_own_needs_no_call() -> None:
    class Pair(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = keras.Sequential([layers.Dense(3, "tanh")])
            self.decoder = keras.Sequential([layers.Dense(4)])

        def train_step(self, data: Any) -> dict[str, Any]:
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(data - self.decoder(self.encoder(data))))
            self.optimizer.apply(tape.gradient(loss, self.trainable_weights), self.trainable_weights)
            return {"loss": loss}

    model = Pair()
    model.compile(keras.optimizers.Adam(0.05))
    losses = model.fit(X, epochs=20, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 2
    with pytest.raises(NotImplementedError, match="expected a method call"):
        model.predict(X, verbose=0)


def test_a_mean_by_a_function_counts_each_batch_once_in_evaluate_too() -> None:
    def off(y_true: Any, y_pred: Any) -> Any:
        return tf.reduce_mean(tf.abs(y_true - y_pred))

    model = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[off])
    y = Y + np.where(np.arange(50) < 32, 0, 10)[:, None]  # far off in the shorter batch
    distances = np.abs(model.predict(X, verbose=0) - y)
    found = model.evaluate(X, y, batch_size=32, verbose=0)[1]
    assert found == pytest.approx((distances[:32].mean() + distances[32:].mean()) / 2, rel=1e-5)
    assert found != pytest.approx(distances.mean(), rel=1e-3)


def test_a_model_without_super_init_is_told_so() -> None:
    class Forgot(keras.Model):
        def __init__(self) -> None:
            self.dense = layers.Dense(2)

        def call(self, x: Any) -> Any:
            return self.dense(x)

    for use in (lambda: Forgot()(X), lambda: Forgot().compile("sgd", "mse"), lambda: Forgot().predict(X)):
        with pytest.raises(RuntimeError, match=r"Forgot: expected super\(\).__init__\(\) before"):
            use()


def test_warnings_of_fit_point_at_the_users_line_and_name_the_layer() -> None:
    class Detached(layers.Layer):
        def call(self, x: Any) -> Any:
            return np.tanh(x.numpy())

    model = keras.Sequential([keras.Input((4,)), layers.Dense(3, name="before"), Detached(), layers.Dense(1)])
    model.compile("sgd", "mse")
    stop = keras.callbacks.EarlyStopping(monitor="val_los")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, Y, epochs=1, verbose=0, callbacks=[stop])
    assert {Path(one.filename).name for one in caught} == {Path(__file__).name}
    assert any("before/kernel" in str(one.message) for one in caught)


@pytest.mark.parametrize("kind", ["functional", "sequential", "subclassed"])
def test_a_step_of_ones_own_finds_the_metrics_of_compile(kind: str) -> None:
    def train_step(self: Any, data: Any) -> dict[str, Any]:
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        self.optimizer.apply_gradients(zip(tape.gradient(loss, self.trainable_weights), self.trainable_weights))
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}

    def call(self: Any, x: Any) -> Any:
        return self.dense(x)

    inputs, dense = keras.Input((4,)), layers.Dense(1)
    model: Any
    if kind == "functional":
        model = type("Own", (keras.Model,), {"train_step": train_step})(inputs, dense(inputs))
    elif kind == "sequential":
        model = type("Own", (keras.Sequential,), {"train_step": train_step})([inputs, dense])
    else:
        model = type("Own", (keras.Model,), {"train_step": train_step, "call": call})()
        model.dense = dense
    model.compile(keras.optimizers.SGD(0.0), "mse", metrics=["mae"])
    history = model.fit(X, Y, batch_size=25, epochs=1, verbose=0).history
    off = np.abs(model.predict(X, verbose=0) - Y).mean()
    assert set(history) == {"loss", "mae"}
    assert history["mae"][0] == pytest.approx(off, rel=1e-5)


class Silent(layers.Layer):
    def call(self, x: Any) -> None:
        x * 2


def test_a_forgotten_return_is_told() -> None:
    inputs = keras.Input((4,))
    with pytest.raises(TypeError, match="quiet: expected call to return its output, got None; end it with return"):
        Silent(name="quiet")(inputs)
    with pytest.raises(TypeError, match="quiet: expected call to return its output, got None"):
        keras.Sequential([inputs, Silent(name="quiet"), layers.Dense(1)])
    model = type("Mute", (keras.Model,), {"call": lambda self, x: None})()
    model.compile("sgd", "mse")
    with pytest.raises(TypeError, match="mute: expected call to return its output, got None"):
        model.fit(X, Y, verbose=0)
    model = keras.Sequential([inputs, layers.Dense(1)])
    model.compile("sgd", loss=lambda y_true, y_pred: None)
    with pytest.raises(TypeError, match=r"expected a loss, got None; end its function, or its call, with return"):
        model.fit(X, Y, verbose=0)


def test_shapes_that_do_not_go_together_are_told_with_a_way_out() -> None:
    with pytest.raises(ValueError, match=r"add: expected shapes .*, got \(2, 3\) and \(2,\); reshape one"):
        tf.ones((2, 3)) + tf.ones((2,))


def test_gradients_and_variables_the_wrong_way_round_are_told() -> None:
    w = tf.Variable(1.0)
    with pytest.raises(TypeError, match=r"sgd: expected variables to move, .*pairs \(gradient, variable\)"):
        keras.optimizers.SGD().apply_gradients([(w, tf.constant(1.0))])


def test_a_tape_still_tells_its_variables_after_the_gradient() -> None:
    w = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = w * w
    tape.gradient(y, w)
    assert tape.watched_variables() == (w,)
