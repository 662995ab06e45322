"""The code on the slides, block by block: functions of a module that stands for ``import tensorflow as tf``.

Each makes the calls of its slide and returns numbers. `run(tf, path)` writes what all give into a file, so that they
can be run with TensorFlow in a process of its own. Those that today's TensorFlow refuses are named in `REFUSED`.
"""

from __future__ import annotations

import math

import numpy as np

X = np.linspace(-1, 1, 12).reshape(4, 3)
KERNELS = {shape: np.sin(np.arange(1.0, 1 + shape[0] * shape[1])).reshape(shape) for shape in
           [(3, 2), (3, 4), (4, 4), (4, 2), (3, 8), (8, 8), (8, 1), (3, 64), (3, 5), (5, 2)]}  # fmt: skip


def weights(*widths):
    """Kernels and biases of a network of these widths: the same numbers for whoever runs it."""
    pairs = [(KERNELS[pair], np.cos(np.arange(pair[1]))) for pair in zip(widths, widths[1:])]
    return [array for pair in pairs for array in pair]


def constant_and_sigmoid(tf):
    x = tf.constant(2, dtype=tf.float32)
    return tf.math.sigmoid(x).numpy()


def range_and_sigmoid(tf):
    values = tf.range(-6, 7, 0.1, dtype=tf.float32)
    sigmoid_values = tf.math.sigmoid(values)
    return np.stack([values.numpy(), sigmoid_values.numpy()])


def derivative_of_sigmoid(tf):
    values = tf.range(-6, 7, 1, dtype=tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(values)
        sigmoid_values = tf.math.sigmoid(values)
    derivative_sigmoid = tape.gradient(sigmoid_values, values)
    assert str(derivative_sigmoid).startswith("tf.Tensor(\n[0.0024")
    assert str(derivative_sigmoid).endswith("], shape=(13,), dtype=float32)")
    return derivative_sigmoid.numpy()


def common_activations(tf):
    z = tf.constant([-2.0, 0.0, 3.0])
    return np.stack([tf.math.sigmoid(z).numpy(), tf.math.tanh(z).numpy(), tf.nn.relu(z).numpy()])


def dense_layer(tf):
    layer = tf.keras.layers.Dense(units=2, activation="sigmoid")
    layer.build((None, 3))
    layer.set_weights(weights(3, 2))
    return layer(X).numpy()


def linear_dense_layer(tf):
    layer = tf.keras.layers.Dense(units=2)
    layer.build((None, 3))
    layer.set_weights(weights(3, 2))
    return layer(X).numpy()


def layer_with_weights_from_init(tf):
    class MyDenseLayer(tf.keras.layers.Layer):
        def __init__(self, input_dim, output_dim):
            super(MyDenseLayer, self).__init__()  # noqa: UP008 - as the slide has it
            self.W = self.add_weight([input_dim, output_dim])
            self.b = self.add_weight([1, output_dim])

        def call(self, inputs):
            z = tf.matmul(inputs, self.W) + self.b
            output = tf.math.sigmoid(z)
            return output

    layer = MyDenseLayer(3, 2)
    assert [tuple(w.shape) for w in layer.weights] == [(3, 2), (1, 2)]
    layer.W.assign(KERNELS[3, 2])
    layer.b.assign([[0.5, -0.5]])
    return layer(tf.constant(X, dtype=tf.float32)).numpy()


def sigmoid_network(tf):
    model = tf.keras.Sequential([
        tf.keras.layers.Dense(4, activation=tf.nn.sigmoid),
        tf.keras.layers.Dense(4, activation=tf.nn.sigmoid),
        tf.keras.layers.Dense(2),
    ])  # fmt: skip
    model.build((None, 3))
    model.set_weights(weights(3, 4, 4, 2))
    return model(X).numpy()


def dense_only_network(tf):
    n = 4
    model = tf.keras.Sequential([tf.keras.layers.Dense(n), tf.keras.layers.Dense(2)])
    model.build((None, 3))
    model.set_weights(weights(3, 4, 2))
    return model(X).numpy()


def softmax_cross_entropy(tf):
    y, predicted = tf.constant([[1.0, 0.0], [0.0, 1.0]]), tf.constant([[2.0, 1.0], [0.5, 3.0]])
    loss = tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(y, predicted))
    return loss.numpy()


def mean_squared_error(tf):
    y, predicted = tf.constant([30.0, 80.0, 85.0]), tf.constant([90.0, 20.0, 95.0])
    loss = tf.keras.losses.MSE(y, predicted)
    return loss.numpy()


def batches(tf):
    train_set_x, train_set_y = np.arange(200.0).reshape(100, 2), np.arange(100)
    dataset = tf.data.Dataset.from_tensor_slices((train_set_x, train_set_y))
    dataset = dataset.shuffle(buffer_size=64).batch(32)
    for x, y in dataset:
        assert (np.asarray(x)[:, 0] == 2 * np.asarray(y)).all()
    assert sorted(int(label) for _, y in dataset for label in y) == list(range(100))
    return np.array([len(y) for _, y in dataset])


def training_loop(tf):
    """Everything in place: forward pass, gradients, and update in the tape's block; batches keep their order here."""
    train_set_x = np.sin(np.arange(192.0)).reshape(64, 3)
    train_set_y = (train_set_x.sum(axis=1, keepdims=True) > 0).astype(np.float64)
    dataset = tf.data.Dataset.from_tensor_slices((train_set_x, train_set_y)).batch(24)
    model = tf.keras.Sequential([
        tf.keras.layers.Dense(8, activation=tf.nn.relu, dtype="float64"),
        tf.keras.layers.Dense(8, activation=tf.nn.relu, dtype="float64"),
        tf.keras.layers.Dense(1, activation=tf.nn.sigmoid, dtype="float64"),
    ])  # fmt: skip
    model.build((None, 3))
    model.set_weights(weights(3, 8, 8, 1))
    loss = tf.keras.losses.BinaryCrossentropy()
    accuracy = tf.keras.metrics.BinaryAccuracy()
    optimizer = tf.keras.optimizers.SGD(learning_rate=0.001)
    losses = []
    for _ in range(5):
        for _step, (x, y) in enumerate(dataset):
            with tf.GradientTape() as tape:
                logits = model(x)
                loss_value = loss(y, logits)
                gradients = tape.gradient(loss_value, model.trainable_weights)
                optimizer.apply_gradients(zip(gradients, model.trainable_weights))
                accuracy.update_state(y, logits)
            losses.append(float(loss_value))
    return np.array([*losses, float(accuracy.result()), *model.get_weights()[0].ravel()])


def gradient_descent_mended(tf):
    """The loop of the slide with the shape it leaves out, an end, and the update in place."""
    weights, lr = tf.Variable([3.0]), 0.1
    for _ in range(20):
        with tf.GradientTape() as g:
            loss = tf.reduce_sum(tf.square(weights))
            gradient = g.gradient(loss, weights)
        weights.assign_sub(lr * gradient)
    return weights.numpy()


def inverted_dropout(tf):
    keep_prob, a3 = 0.8, np.arange(1.0, 7.0).reshape(2, 3)
    draws = np.array([[0.9, 0.1, 0.5], [0.79, 0.8, 0.0]])  # what np.random.rand(a3.shape[0], a3.shape[1]) may give
    d3 = draws < keep_prob
    a3 = np.multiply(a3, d3)
    a3 /= keep_prob
    return a3


def dropout_layer(tf):
    tf.random.set_seed(0)
    layer = tf.keras.layers.Dropout(0.2, input_shape=(2,))
    data = np.arange(10).reshape(5, 2).astype(np.float32)
    outputs = layer(data, training=True)
    kept = np.asarray(outputs) != 0
    assert (np.asarray(outputs)[kept] == (data / np.float32(0.8))[kept]).all()  # each 0 or x/0.8; which is luck
    return layer(data, training=False).numpy()


def dropout_network(tf):
    model_dropout = tf.keras.Sequential([
        tf.keras.layers.Dense(20, activation=tf.nn.relu),
        tf.keras.layers.Dropout(0.3),
        tf.keras.layers.Dense(3, activation=tf.nn.relu),
        tf.keras.layers.Dropout(0.3),
        tf.keras.layers.Dense(1, activation=tf.nn.sigmoid),
    ])  # fmt: skip
    first, second = model_dropout(X).numpy(), model_dropout(X).numpy()
    assert (first == second).all()
    return np.array([model_dropout.count_params(), *first.shape])


def firing_rate(tf):
    def compute_firing_rate(inputs, weights, bias):
        cell_body_sum = np.sum(inputs * weights) + bias
        return 1.0 / (1.0 + math.exp(-cell_body_sum))

    rate = compute_firing_rate(np.array([0.7, 0.9, 0.5]), np.array([0.3, 0.1, -0.1]), 0.2)
    assert f"Firing rate: {rate:.4f}" == "Firing rate: 0.6106"
    return rate


def first_network(tf):
    layers = tf.keras.layers
    my_first_neural_net = tf.keras.Sequential([
        layers.Input(shape=(3,), name="input"),
        layers.Dense(units=5, activation="sigmoid", name="hidden"),
        layers.Dense(units=2, activation="softmax", name="output"),
    ])  # fmt: skip
    lines = []
    my_first_neural_net.summary(print_fn=lambda text, *_, **__: lines.append(text))
    text = "\n".join(lines)
    assert "hidden (Dense)" in text
    assert "(None, 5)" in text
    assert "Total params: 32" in text
    assert "input" not in text.lower()
    my_first_neural_net.set_weights(weights(3, 5, 2))
    return my_first_neural_net(X).numpy()


def activation_in_three_ways(tf):
    layers, activations = tf.keras.layers, tf.keras.activations
    found = []
    for added in (
        [layers.Dense(64, activation=activations.relu)],
        [layers.Dense(64), layers.Activation(activations.relu)],
        [layers.Dense(64, activation="relu")],
    ):
        model = tf.keras.Sequential()
        for layer in added:
            model.add(layer)
        model.build((None, 3))
        model.set_weights(weights(3, 64))
        found.append(model(X).numpy())
    assert (found[0] == found[1]).all()
    assert (found[0] == found[2]).all()
    return found[0]


def optimizers_by_name(tf):
    found = []
    for name in ("SGD", "Adam", "Adadelta", "Adagrad", "RMSprop"):
        optimizer, w = getattr(tf.keras.optimizers, name)(), tf.Variable([1.0, -2.0])
        for _ in range(3):
            optimizer.apply_gradients([(tf.constant([0.5, -0.25]), w)])
        found.append(w.numpy())
    return np.stack(found)


ACCEPTED = [
    constant_and_sigmoid, range_and_sigmoid, derivative_of_sigmoid, common_activations, dense_layer, linear_dense_layer,
    layer_with_weights_from_init, sigmoid_network, dense_only_network, softmax_cross_entropy, mean_squared_error,
    batches, training_loop, gradient_descent_mended, inverted_dropout, dropout_layer, dropout_network, firing_rate,
    first_network, activation_in_three_ways, optimizers_by_name,
]  # fmt: skip


def run(tf, path):
    """Write what each block that TensorFlow accepts gives, under its name; and how it refuses the others."""
    from lecture_slips import REFUSED

    found = {block.__name__: np.asarray(block(tf)) for block in ACCEPTED}
    for block in REFUSED:
        try:
            block(tf)
            found[block.__name__] = np.array("accepted")
        except Exception as error:  # whatever it is, its name is what the test looks at
            found[block.__name__] = np.array(type(error).__name__)
    np.savez(path, **found)
