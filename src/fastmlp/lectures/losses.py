"""Losses: what a wrong prediction costs, and the mean of it over the data."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastmlp.tf as tf
from fastmlp.lectures import show

PREDICTED = [[0.6], [0.8], [0.1], [0.7]]
Y = [[0.0], [1.0], [0.0], [1.0]]


def lecture() -> Any:
    """Cross-entropies for classes, squared errors for numbers."""
    y, predicted = tf.constant(Y), tf.constant(PREDICTED)
    # −y log ŷ − (1 − y) log(1 − ŷ) for each sample …
    each = tf.keras.losses.binary_crossentropy(y, predicted).numpy()
    for p, label, loss in zip(PREDICTED, Y, each):
        print(f"f(x) = {p[0]}, y = {label[0]:g}: loss {loss:.6f}")
    # … and the mean of them, the empirical loss
    print(f"empirical loss J = {float(tf.reduce_mean(tf.keras.losses.binary_crossentropy(y, predicted))):.8f}")
    print(f"BinaryCrossentropy()(y, f) = {float(tf.keras.losses.BinaryCrossentropy()(y, predicted)):.8f}")

    # For several classes: the softmax of the logits is in the loss, so that nothing overflows.
    labels, logits = tf.constant([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]), tf.constant([[2.0, 1.0, 0.1], [0.5, 2.0, 0.3]])
    costs = tf.nn.softmax_cross_entropy_with_logits(labels, logits)
    true = (labels.numpy() * logits.numpy()).sum(axis=1)
    by_hand = np.log(np.exp(logits.numpy()).sum(axis=1)) - true
    print(f"\nsoftmax cross-entropy {costs.numpy()}, log Σ eᶻ − z of the true class {by_hand}")
    print(f"their mean {float(tf.reduce_mean(costs)):.6f}")

    # For numbers. A factor ½, where a text has it, makes the derivative plain: (½d²)′ = d. Keras has none.
    prices, said = tf.constant([30.0, 80.0, 85.0]), tf.constant([90.0, 20.0, 95.0])
    squared = float(tf.keras.losses.mean_squared_error(prices, said))
    print(f"\nMSE = {squared:.2f}, the mean of (ŷ − y)²; half of it, {squared / 2:.2f}, has the gradient (ŷ − y)/n")
    return each


def picture(each: Any) -> Any:
    """What each probability costs if the answer is yes, and if it is no."""
    from fastmlp.visual import plot_curves

    p = np.linspace(0.01, 0.99, 99)
    curves = {"y = 1: −log ŷ": -np.log(p), "y = 0: −log(1 − ŷ)": -np.log(1 - p)}
    figure = plot_curves(curves, p, title="Binary cross-entropy", xlabel="ŷ", ylabel="loss")
    figure.axes[0].plot([f[0] for f in PREDICTED], each, "o", color="#c23b22")
    return figure


if __name__ == "__main__":
    show(lecture, picture)
