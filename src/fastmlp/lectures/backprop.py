"""Backpropagation with pencil and paper, by the tape, and by finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastmlp.tf as tf
from fastmlp.lectures import show

# Here samples are columns, as on paper: X (n⁰, m), W¹ (n¹, n⁰), W² (1, n¹). All in float64, to compare.
N0, N1, M = 3, 4, 5


def sigmoid(z: Any) -> Any:
    """1 / (1 + e⁻ᶻ)."""
    return 1 / (1 + np.exp(-z))


def cost(weights: list[Any], x: Any, y: Any) -> float:
    """J = the mean over samples of −y log a² − (1 − y) log(1 − a²)."""
    w1, b1, w2, b2 = weights
    a2 = sigmoid(w2 @ np.tanh(w1 @ x + b1) + b2)
    return float(np.mean(-y * np.log(a2) - (1 - y) * np.log(1 - a2)))


def by_hand(weights: list[Any], x: Any, y: Any) -> list[Any]:
    """The chain rule from the loss back to each weight. A bias collects what comes to all samples."""
    (w1, b1, w2, b2), m = weights, x.shape[1]
    a1 = np.tanh(w1 @ x + b1)
    a2 = sigmoid(w2 @ a1 + b2)
    dz2 = a2 - y  # what is left of the loss's and the sigmoid's derivatives
    dw2 = dz2 @ a1.T / m
    db2 = dz2.sum(axis=1, keepdims=True) / m
    dz1 = (w2.T @ dz2) * (1 - a1**2)  # tanh′ = 1 − tanh²
    dw1 = dz1 @ x.T / m
    db1 = dz1.sum(axis=1, keepdims=True) / m
    return [dw1, db1, dw2, db2]


def by_tape(weights: list[Any], x: Any, y: Any) -> list[Any]:
    """The tape writes the operations down and goes back through them."""
    w1, b1, w2, b2 = variables = [tf.Variable(w) for w in weights]
    with tf.GradientTape() as tape:
        a2 = tf.sigmoid(tf.matmul(w2, tf.math.tanh(tf.matmul(w1, x) + b1)) + b2)
        loss = tf.reduce_mean(-y * tf.math.log(a2) - (1 - y) * tf.math.log(1 - a2))
    return [g.numpy() for g in tape.gradient(loss, variables)]


def by_differences(weights: list[Any], x: Any, y: Any, h: float = 1e-5) -> list[Any]:
    """(J(w + h) − J(w − h)) / 2h for each weight by itself: slow, and needs no calculus."""
    found = []
    for w in weights:
        gradient = np.zeros_like(w)
        for place in np.ndindex(w.shape):
            before = w[place]
            w[place] = before + h
            up = cost(weights, x, y)
            w[place] = before - h
            gradient[place] = (up - cost(weights, x, y)) / (2 * h)
            w[place] = before
        found.append(gradient)
    return found


def lecture() -> Any:
    """Three ways to ∂J/∂w."""
    tf.random.set_seed(0)
    shapes = {"W1": (N1, N0), "b1": (N1, 1), "W2": (1, N1), "b2": (1, 1)}
    weights = [tf.random.normal(shape, dtype=tf.float64).numpy() for shape in shapes.values()]
    x, y = tf.random.normal((N0, M), dtype=tf.float64).numpy(), np.array([[1.0, 0, 1, 1, 0]])
    pencil, tape, differences = by_hand(weights, x, y), by_tape(weights, x, y), by_differences(weights, x, y)
    print(f"J = {cost(weights, x, y):.6f} for {M} samples, columns of X {x.shape}")
    print("∂J/∂W2 by hand", pencil[2].round(6)[0])
    print("      the tape", tape[2].round(6)[0])
    print("   differences", differences[2].round(6)[0])
    for name, a, b, c in zip(shapes, pencil, tape, differences):
        gaps = np.abs(a - b).max(), np.abs(a - c).max()
        print(f"d{name} {a.shape}: by hand − tape {gaps[0]:.0e}, by hand − differences {gaps[1]:.0e}")
    return pencil, tape


def picture(found: Any) -> Any:
    """Gradients by the tape over those by hand: all on the diagonal."""
    from fastmlp.visual import plot_curves

    pencil, tape = (np.concatenate([g.ravel() for g in gradients]) for gradients in found)
    ends = np.array([pencil.min(), pencil.max()])
    figure = plot_curves({"∂J/∂w": tape}, pencil, xlabel="by hand", ylabel="by the tape", points=True)
    return plot_curves({"equal": ends}, ends, title="Gradients", ax=figure.axes[0])


if __name__ == "__main__":
    show(lecture, picture)
