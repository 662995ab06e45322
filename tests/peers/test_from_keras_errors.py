"""What one library has and the other has not: an error that names it."""

from __future__ import annotations

import fastmlp
import numpy as np
import pytest
from keras_alike import need_alike, shaken

keras = pytest.importorskip("keras", reason="Keras is not installed: pip install '.[peers]'", exc_type=ImportError)

L = keras.layers
RNG = np.random.default_rng(5)
X = RNG.normal(size=(37, 4)).astype("f")
Y = RNG.normal(size=(37, 3)).astype("f")
FIT = {"batch_size": 8, "shuffle": False, "verbose": 0}


class Doubled(L.Layer):
    def call(self, x):
        return x * 2


class Own(keras.Model):
    def call(self, x):
        return x


def graph_with_operation():
    x = keras.Input((4,))
    return keras.Model(x, L.Dense(2)(x) + 1.0)


def compiled(**settings_):
    model = keras.Sequential([keras.Input((4,)), L.Dense(3)])
    model.compile(**{"loss": "mse", **settings_})
    return model


def own_loss(y, p):
    return keras.ops.mean(keras.ops.abs(y - p))


def mean_squared_error(y, p):
    return keras.ops.mean(keras.ops.square(y - p)) * 2


def in_model(shape, make):
    return lambda: keras.Sequential([keras.Input(shape), make()])


REFUSED = {
    "Conv1D": (
        in_model((4, 1), lambda: L.Conv1D(2, 2, name="there")),
        "'there'.*'Conv1D'.*use Keras",
    ),
    "LSTM": (in_model((4, 1), lambda: L.LSTM(2, name="there")), "'there'.*'LSTM'"),
    "a layer of one's own": (in_model((4,), lambda: Doubled()), "Doubled"),
    "a model of one's own": (Own, "Own"),
    "an operation": (graph_with_operation, "operation Add"),
    "code": (in_model((4,), lambda: L.Lambda(lambda x: x, name="there")), "'there'.*no code"),
    "renorm": (
        in_model((4,), lambda: L.BatchNormalization(renorm=True, name="there")),
        "'there'.*renorm",
    ),
    "mask_zero": (
        in_model((4,), lambda: L.Embedding(3, 2, mask_zero=True, name="there")),
        "'there'.*mask_zero",
    ),
    "rank": (lambda: lora(), "'there'.*lora_rank"),
    "float16": (
        in_model((4,), lambda: L.Dense(3, dtype="float16", name="there")),
        "'there'.*float16",
    ),
    "dense over matrices": (
        in_model((4, 2), lambda: L.Dense(3, name="there")),
        "there.*Flatten",
    ),
    "an optimizer": (lambda: compiled(optimizer="lamb"), "[Ll]amb"),
    "a loss": (lambda: compiled(loss="dice"), "[Dd]ice"),
    "a function": (lambda: compiled(loss=own_loss), "loss.*own_loss"),
    "a function of a known name": (lambda: compiled(metrics=[mean_squared_error]), "metrics.*mean_squared_error"),
}


def lora():
    layer = L.Dense(3, name="there")
    model = keras.Sequential([keras.Input((4,)), layer])
    layer.enable_lora(2)
    return model


@pytest.mark.parametrize("name", REFUSED)
def test_what_fastmlp_has_not_is_named(name):
    make, message = REFUSED[name]
    with pytest.raises((ValueError, NotImplementedError), match=f"(?s){message}"):
        fastmlp.from_keras(make())


def test_a_layer_registered_in_both_goes_over():
    @fastmlp.register_serializable("ours", "Halved")
    class Halved(fastmlp.layers.Layer):
        def build(self, shape):
            self.factor = self.add_weight(name="factor", shape=(shape[-1],), initializer="ones")

        def call(self, x):
            return x * self.factor / 2

    @keras.saving.register_keras_serializable("ours", "Halved")
    class Kerass(L.Layer):
        def build(self, shape):
            self.factor = self.add_weight(name="factor", shape=(shape[-1],), initializer="ones")

        def call(self, x):
            return x * self.factor / 2

    need_alike(shaken(keras.Sequential([keras.Input((4,)), Kerass(), L.Dense(2)])), X)


F = fastmlp.layers
ONLY_HERE = {
    "Maxout": (lambda: [F.Maxout(2, name="there")], "'there'.*Maxout"),
    "SwishBeta": (lambda: [F.SwishBeta(name="there")], "'there'.*SwishBeta"),
    "arctan": (lambda: [F.Dense(2, "arctan", name="there")], "'there'.*arctan"),
    "unbiased variance": (lambda: [F.BatchNormalization(compat="torch", name="there")], "'there'.*compat='torch'"),
    "torch's start of biases": (lambda: [F.Dense(2, compat="torch", name="there")], "'there'.*BiasScaling"),
}


@pytest.mark.parametrize("name", ONLY_HERE)
def test_what_keras_has_not_is_named(name):
    make, message = ONLY_HERE[name]
    with pytest.raises(ValueError, match=message):
        fastmlp.Sequential([F.Input((4,)), *make()]).to_keras()


@pytest.mark.parametrize(
    "optimizer",
    [fastmlp.optimizers.Momentum(), fastmlp.optimizers.SGD(momentum=0.5, compat="torch"),
     fastmlp.optimizers.Adam(compat="torch"), fastmlp.optimizers.Adam(epsilon_mode="paper"),
     fastmlp.optimizers.SGD(weight_decay=0.1, compat="torch"),
     fastmlp.optimizers.SGD(fastmlp.schedules.ExponentialEpochDecay(0.1, steps_per_epoch=4))],
    ids=repr,
)  # fmt: skip
def test_steps_that_keras_does_not_make_are_named(optimizer):
    model = fastmlp.Sequential([F.Input((4,)), F.Dense(2)])
    model.compile(optimizer, "mse")
    with pytest.raises(ValueError, match="compile: optimizer"):
        model.to_keras()


def test_conventions_that_only_choose_numbers_go_over():
    """Where `compat` but chooses defaults, these are given to Keras, and mean the same."""
    model = fastmlp.Sequential([
        F.Input((4,)), F.LayerNormalization(compat="torch"), F.LeakyReLU(compat="torch"), F.PReLU(compat="torch"),
        F.Dense(3, kernel_regularizer=fastmlp.regularizers.L2(0.5, compat="sklearn", rows=8)),
    ])  # fmt: skip
    model.compile(fastmlp.optimizers.Adam(0.01, compat="sklearn"), "mse")
    there = model.to_keras()
    assert [there.layers[0].epsilon, there.layers[1].negative_slope] == [1e-5, 0.01]
    np.testing.assert_allclose(there.layers[3].kernel_regularizer.l2, 0.5 / 16)
    assert there.optimizer.epsilon == 1e-8
    want = model.fit(X, Y, epochs=2, **FIT).history["loss"]
    np.testing.assert_allclose(there.fit(X, Y, epochs=2, **FIT).history["loss"], want, rtol=1e-5)


def test_other_things_than_models():
    with pytest.raises(TypeError, match="from_keras: expected a model of Keras's"):
        fastmlp.from_keras(fastmlp.Sequential())
    with pytest.raises(TypeError, match="to_keras: expected a model"):
        fastmlp.to_keras(keras.Sequential())
