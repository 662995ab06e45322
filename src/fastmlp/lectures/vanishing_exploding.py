"""Vanishing and exploding gradients: ŷ = x·W^(L−1)·W_L, in many layers."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastmlp.tf as tf
from fastmlp.lectures import show

DEPTHS = (2, 5, 10, 20, 50)


def network(depth: int, scale: float, activation: str | None = None, width: int = 2) -> Any:
    """Layers without bias: W = scale·I in all but the last, which is I."""
    identity = tf.keras.initializers.Identity
    hidden = [
        tf.keras.layers.Dense(width, activation=activation, use_bias=False, kernel_initializer=identity(scale))
        for _ in range(depth - 1)
    ]
    return tf.keras.Sequential([*hidden, tf.keras.layers.Dense(width, use_bias=False, kernel_initializer=identity(1))])


def gradient_norms(model: Any, x: Any) -> list[float]:
    """|∂J/∂W| of each layer, from the first to the last; J is half the squared output."""
    model(x)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(model(x))) / 2
    return [float(tf.sqrt(tf.reduce_sum(tf.square(g)))) for g in tape.gradient(loss, model.trainable_weights)]


def lecture() -> Any:
    """Linear layers, g(z) = z and b = 0, so that nothing but the product of the weights is left."""
    x = tf.constant([[1.0, 1.0]])
    print("L      ŷ for W = 0.5·I           ŷ for W = 1.5·I")
    for depth in DEPTHS:
        small, large = (float(network(depth, scale)(x).numpy()[0, 0]) for scale in (0.5, 1.5))
        assert small == 0.5 ** (depth - 1)  # exactly: it is a power of 2
        print(f"{depth:2}   0.5^{depth - 1:<2} = {small:<14.6g}   1.5^{depth - 1:<2} = {large:.6g}")

    print("\n|∂J/∂W| in the layers of a network of 20")
    norms = {f"W = {scale}·I": gradient_norms(network(20, scale), x) for scale in (0.5, 1.0, 1.5)}
    norms["W = I, sigmoid"] = gradient_norms(network(20, 1.0, "sigmoid"), x)
    for name, values in norms.items():
        print(f"  {name:15} first {values[0]:.2e}, tenth {values[9]:.2e}, last {values[-1]:.2e}")
    print("A sigmoid takes at least three quarters of the gradient in each layer: σ′ ≤ ¼.")
    return norms


def picture(norms: Any) -> Any:
    """The gradients, layer by layer."""
    from fastmlp.visual import plot_curves

    curves = {name: np.maximum(values, 1e-30) for name, values in norms.items()}
    return plot_curves(curves, title="Gradients in 20 layers", xlabel="layer", ylabel="|∂J/∂W|", logy=True)


if __name__ == "__main__":
    show(lecture, picture)
