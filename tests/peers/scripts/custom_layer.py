"""Layers, an activation, a loss, a regularizer and a constraint of one's own, in Sequential.fit."""

import json

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras.layers import Dense, Input, Layer
from tensorflow.keras.models import Sequential


def shifted_swish(x):
    return x * tf.sigmoid(x - 1.0)


def relative_error(y_true, y_pred):
    return tf.reduce_mean(tf.abs(y_true - y_pred) / (tf.abs(y_true) + 1.0), axis=-1)


def capped_error(y_true, y_pred):
    return tf.where(tf.abs(y_true - y_pred) < 1.0, tf.square(y_true - y_pred), 2.0 * tf.abs(y_true - y_pred) - 1.0)


class RowNorm(keras.constraints.Constraint):
    """Rows of a kernel no longer than a limit."""

    def __init__(self, limit=1.5):
        self.limit = limit

    def __call__(self, w):
        norms = tf.sqrt(tf.reduce_sum(tf.square(w), axis=1, keepdims=True))
        return w * tf.minimum(1.0, self.limit / (norms + 1e-7))

    def get_config(self):
        return {"limit": self.limit}


class Smooth(keras.regularizers.Regularizer):
    """Neighbouring inputs weigh alike."""

    def __init__(self, strength):
        self.strength = strength

    def __call__(self, w):
        return self.strength * tf.reduce_sum(tf.square(w[1:] - w[:-1]))

    def get_config(self):
        return {"strength": self.strength}


class Linear(Layer):
    """y = xW + b."""

    def __init__(self, units=32, activation=None, kernel_regularizer=None, kernel_constraint=None, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.activation = keras.activations.get(activation)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.kernel_constraint = keras.constraints.get(kernel_constraint)

    def build(self, input_shape):
        self.w = self.add_weight(
            name="w",
            shape=(input_shape[-1], self.units),
            initializer="random_normal",
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            trainable=True,
        )
        self.b = self.add_weight(name="b", shape=(self.units,), initializer="zeros", trainable=True)
        super().build(input_shape)

    def call(self, inputs):
        return self.activation(tf.matmul(inputs, self.w) + self.b)

    def get_config(self):
        config = super().get_config()
        config.update(
            {
                "units": self.units,
                "activation": keras.activations.serialize(self.activation),
                "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
                "kernel_constraint": keras.constraints.serialize(self.kernel_constraint),
            }
        )
        return config


class Centre(Layer):
    """Subtracts the mean of the batch in training, a moving mean afterwards; its size costs something."""

    def __init__(self, momentum=0.9, rate=1e-2, **kwargs):
        super().__init__(**kwargs)
        self.momentum, self.rate = momentum, rate

    def build(self, input_shape):
        self.mean = self.add_weight(name="mean", shape=(input_shape[-1],), initializer="zeros", trainable=False)

    def call(self, inputs, training=False):
        if training:
            mean = tf.reduce_mean(inputs, axis=0)
            self.mean.assign(self.momentum * self.mean + (1.0 - self.momentum) * mean)
        else:
            mean = self.mean
        self.add_loss(self.rate * tf.reduce_mean(tf.square(inputs)))
        return inputs - mean

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "momentum": self.momentum, "rate": self.rate}


class Block(Layer):
    """x + f(x), with f two layers."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.centre = Centre()
        self.inner = [Linear(units, activation="tanh"), Linear(units, kernel_regularizer="l2")]

    def build(self, input_shape):
        self.centre.build(input_shape)
        for layer in self.inner:
            layer.build(input_shape)
        super().build(input_shape)

    def call(self, inputs, training=None):
        x = self.centre(inputs, training=training)
        for layer in self.inner:
            x = layer(x)
        return inputs + x

    def get_config(self):
        config = super().get_config()
        config["units"] = self.units
        return config


def build_model():
    model = Sequential(
        [
            Input(shape=(6,)),
            Linear(16, activation=shifted_swish, kernel_regularizer=Smooth(1e-3), kernel_constraint=RowNorm(1.0)),
            Block(16, name="block"),
            Dense(8, activation=shifted_swish, activity_regularizer=keras.regularizers.L1(1e-3)),
            Dense(2),
        ]
    )
    starts = np.random.default_rng(1)
    model.set_weights([starts.normal(0, 0.3, w.shape) for w in model.get_weights()])
    return model


rng = np.random.default_rng(0)
x = rng.normal(size=(300, 6)).astype("float32")
y = np.stack([np.sin(x[:, 0]) + x[:, 1], x[:, 2] * x[:, 3]], axis=1).astype("float32")

model = build_model()
print([(w.name, tuple(w.shape), w.trainable) for w in model.weights])
results, histories = [], []
for loss in (relative_error, capped_error, "mse"):
    model.compile(optimizer=keras.optimizers.RMSprop(0.003), loss=loss, metrics=["mae", relative_error])
    history = model.fit(x, y, batch_size=30, epochs=3, shuffle=False, verbose=0, validation_split=0.1)
    histories.append(history.history)
    results.append(model.evaluate(x, y, verbose=0))
lengths = np.sqrt(np.square(model.layers[0].w.numpy()).sum(axis=1))
model(x[:50])
penalties = [float(v) for v in model.losses]

# Weights into a second model.
predicted = model.predict(x[:6], verbose=0)
twin = build_model()
twin.set_weights(model.get_weights())
same = bool((twin.predict(x[:6], verbose=0) == predicted).all())

# Settings and back.
linear = Linear.from_config(
    model.layers[0].get_config() | {"activation": "relu", "kernel_regularizer": None, "kernel_constraint": None}
)
linear.build((None, 6))
linear.set_weights(model.layers[0].get_weights())
custom = {
    "Linear": Linear,
    "Block": Block,
    "RowNorm": RowNorm,
    "Smooth": Smooth,
    "shifted_swish": shifted_swish,
    "relative_error": relative_error,
}
rebuilt = Sequential.from_config(model.get_config(), custom_objects=custom)
rebuilt.set_weights(model.get_weights())
with keras.utils.custom_object_scope(custom):
    copy = keras.models.clone_model(model)
copy.set_weights(model.get_weights())

print(
    json.dumps(
        {
            "histories": histories,
            "evaluated": results,
            "lengths": lengths.tolist(),
            "penalties": penalties,
            "moving_mean": model.get_layer("block").centre.mean.numpy().tolist(),
            "predictions": predicted.tolist(),
            "same": same,
            "linear": linear(x[:2]).numpy().tolist(),
            "units": model.layers[1].get_config()["units"],
            "rebuilt": rebuilt.predict(x[:6], verbose=0).tolist(),
            "copy": copy(x[:6]).numpy().tolist(),
        }
    )
)
