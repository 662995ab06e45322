"""A dense layer from scratch: z = xW + b, y = σ(z), and networks of such layers."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastmlp.tf as tf
from fastmlp.keras import Sequential, layers
from fastmlp.lectures import show


class MyDenseLayer(layers.Layer):
    """Its weights are made when it first sees an input, for then it knows how wide that is."""

    def __init__(self, units: int = 32) -> None:
        super().__init__()
        self.units = units

    def build(self, input_shape: Any) -> None:
        """W has a row for each input and a column for each unit, b a number for each unit."""
        input_dim = int(input_shape[-1])
        self.W = self.add_weight(name="weight", shape=[input_dim, self.units], initializer="random_normal")
        self.b = self.add_weight(name="bias", shape=[1, self.units], initializer="zeros")

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Forward propagation."""
        z = tf.matmul(inputs, self.W) + self.b
        return tf.sigmoid(z)


def lecture() -> Any:
    """Our layer beside NumPy and beside the layer of the library."""
    tf.random.set_seed(0)
    x = tf.constant([[1.0, 2.0, 3.0], [-1.0, 0.0, 1.0]])
    layer = MyDenseLayer(units=2)
    y = layer(x)
    print(f"x {tuple(x.shape)} · W {tuple(layer.W.shape)} + b {tuple(layer.b.shape)} → y {tuple(y.shape)}")
    print(y.numpy())
    by_numpy = 1 / (1 + np.exp(-(x.numpy() @ layer.W.numpy() + layer.b.numpy())))
    print(f"NumPy differs by at most {np.abs(y.numpy() - by_numpy).max():.0e}")

    ready = layers.Dense(units=2, activation="sigmoid")
    ready.build((None, 3))
    ready.set_weights([layer.W.numpy(), layer.b.numpy()[0]])
    print(f"Dense(units=2, activation='sigmoid') differs by at most {np.abs((y - ready(x)).numpy()).max():.0e}")

    # Layers one after the other make a network: shapes have to fit, as columns of one W meet rows of the next.
    model = Sequential([
        layers.Dense(4, activation=tf.nn.sigmoid),
        layers.Dense(4, activation=tf.nn.sigmoid),
        layers.Dense(2),
    ])  # fmt: skip
    print(f"\na network 3-4-4-2: y {tuple(model(x).shape)}")
    for name, kernel, bias in zip("123", model.get_weights()[::2], model.get_weights()[1::2]):
        print(f"  W{name} {kernel.shape}, b{name} {bias.shape}")
    print(f"  {model.count_params()} parameters")
    return layer


def picture(layer: Any) -> Any:
    """What the two units answer to two of the inputs, the third being 0."""
    from fastmlp.visual import plot_decision_boundary
    from fastmlp.visual.figures import panels

    figure, both = panels("dense_from_scratch", None, 2, columns=2, size=(5, 4))
    for unit, ax in enumerate(both):
        title = f"unit {unit} of MyDenseLayer: σ(z) = 0.5 on the line"
        plot_decision_boundary(lambda x, unit=unit: layer(np.c_[x, 0 * x[:, :1]]).numpy()[:, unit],
                               extent=((-9, 9), (-9, 9)), title=title, ax=ax)  # fmt: skip
    return figure


if __name__ == "__main__":
    show(lecture, picture)
