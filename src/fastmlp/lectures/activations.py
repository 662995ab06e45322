"""Activations and their derivatives: which saturate, which die, which are centred."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastmlp.tf as tf
from fastmlp import activations
from fastmlp.lectures import show

FUNCTIONS = {
    "identity": activations.linear,
    "binary step": activations.binary_step,
    "sigmoid": activations.sigmoid,
    "tanh": activations.tanh,
    "arctan": activations.arctan,
    "ReLU": activations.relu,
    "leaky ReLU": lambda x: activations.leaky_relu(x, negative_slope=0.1),
    "ELU": activations.elu,
    "softplus": activations.softplus,
}


def lecture() -> Any:
    """A table of f(x) and f′(x); the tape knows the derivatives."""
    values = tf.range(-6, 7, 1, dtype=tf.float32)
    print("σ′ at −6, −5, …, 6:")
    print(derivative(tf.math.sigmoid, values))

    points = tf.constant([-2.0, -0.5, 0.0, 0.5, 2.0])
    print("\n" + " " * 12 + "".join(f"{f'x = {x:g}':>15}" for x in points.numpy()))
    for name, f in FUNCTIONS.items():
        pairs = zip(np.asarray(f(points)), derivative(f, points).numpy())
        print(f"{name:12}" + "".join(f"{y:7.3f} ({slope:.3f})" for y, slope in pairs))
    print("f(x), and f′(x) in brackets")

    print("\nSaturated: far from 0 hardly a gradient comes back, and a product of many is nothing.")
    for x in (0.0, 5.0, 10.0):
        slope = float(derivative(tf.math.sigmoid, tf.constant(x)))
        print(f"  σ′({x:2g}) = {slope:.2e}, and through ten such layers {slope**10:.1e}")
    print("Dying: where x < 0, ReLU′ = 0 and the unit learns no more; a leaky ReLU always passes a little.")

    inputs = np.linspace(-3, 3, 601)  # of mean 0
    means = {name: float(np.mean(f(inputs))) for name, f in FUNCTIONS.items() if name in ("sigmoid", "tanh", "ReLU")}
    print("Centred? outputs for inputs of mean 0:", ", ".join(f"{name} {mean:.2f}" for name, mean in means.items()))
    return FUNCTIONS


def derivative(f: Any, x: Any) -> Any:
    """f′(x), by the tape."""
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    return tape.gradient(y, x)


def picture(functions: Any) -> Any:
    """Each function and its derivative."""
    from fastmlp.visual import plot_function

    slopes = {name: lambda x, f=f: derivative(f, tf.constant(x)).numpy() for name, f in functions.items()}
    return plot_function({name: (f, slopes[name]) for name, f in functions.items()})


if __name__ == "__main__":
    show(lecture, picture)
