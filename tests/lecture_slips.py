"""The code on the slides that today's TensorFlow refuses, or that does not do what it says: functions of `tf`."""

from __future__ import annotations

import numpy as np
from lecture_blocks import KERNELS, X


def layer_with_named_weights(tf):
    """`add_weight` with the name first, as Keras 2 had it."""

    class MyDenseLayer(tf.keras.layers.Layer):
        def __init__(self, units=32):
            super(MyDenseLayer, self).__init__()  # noqa: UP008 - as the slide has it
            self.units = units

        def build(self, input_shape):
            input_dim = int(input_shape[-1])
            self.W = self.add_weight("weight", shape=[input_dim, self.units], initializer="random_normal")
            self.b = self.add_weight("bias", shape=[1, self.units], initializer="zeros")

        def call(self, x):
            z = tf.matmul(x, self.W) + self.b
            y = tf.sigmoid(z)
            return y

    layer = MyDenseLayer(units=2)
    x = tf.constant(X, dtype=tf.float32)
    layer(x)
    assert [w.name for w in layer.weights] == ["weight", "bias"]
    assert [tuple(w.shape) for w in layer.weights] == [(3, 2), (1, 2)]
    assert (np.asarray(layer.b) == 0).all()
    assert 0 < np.abs(np.asarray(layer.W)).max() < 0.5
    layer.W.assign(KERNELS[3, 2])
    return layer(x).numpy()


def loss_class_given_data(tf):
    """The class called with the data that its objects take."""
    y, predicted = [[0.0], [1.0], [0.0], [1.0]], [[0.6], [0.8], [0.1], [0.7]]
    return tf.reduce_mean(tf.keras.losses.BinaryCrossentropy(y, predicted)).numpy()


def l2_network(tf):
    """`l2` with Keras 2's word for its factor."""
    model = tf.keras.Sequential([
        tf.keras.layers.Dense(20, activation=tf.nn.relu),
        tf.keras.layers.Dense(3, activation=tf.nn.relu, kernel_regularizer=tf.keras.regularizers.l2(l=0.01)),
        tf.keras.layers.Dense(1, activation=tf.nn.sigmoid),
    ])  # fmt: skip
    model.build((None, 3))
    penalty = 0.01 * np.sum(np.asarray(model.layers[1].kernel) ** 2)
    return np.array([np.asarray(sum(model.losses)), penalty])


def dropout_by_p(tf):
    """`Dropout` with Keras 1's word for its rate."""
    layer = tf.keras.layers.Dropout(p=0.5)
    outputs = np.asarray(layer(np.ones((40, 50), np.float32), training=True))
    return np.array([sorted(set(outputs.ravel().tolist())), [layer.rate, 0.5]])


def random_variable_without_shape(tf):
    """`random.normal()`: one number, as one would guess."""
    weights = tf.Variable([tf.random.normal()])
    return np.array(weights.shape)


def optimizer_module_in_the_singular(tf):
    """`keras.optimizer`, by `optimizers`."""
    return np.array(float(tf.keras.optimizer.SGD().learning_rate))


def rmsprop_in_capitals(tf):
    """`RMSProp`, as the paper writes it."""
    optimizer, w = tf.keras.optimizers.RMSProp(), tf.Variable([1.0])
    optimizer.apply_gradients([(tf.constant([0.5]), w)])
    return w.numpy()


REFUSED = [layer_with_named_weights, loss_class_given_data, l2_network, dropout_by_p, random_variable_without_shape,
           optimizer_module_in_the_singular, rmsprop_in_capitals]  # fmt: skip
