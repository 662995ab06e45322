"""Gradient descent: θ ← θ − α∇J(θ), with a rate that is too small, right, and too great."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastmlp.tf as tf
from fastmlp.lectures import show

START, STEPS = 10.0, 20


def compute_loss(weights: Any) -> Any:
    """J(w) = w², the simplest valley there is; its floor is at 0."""
    return tf.reduce_sum(tf.square(weights))


def descend(lr: float) -> Any:
    """The path of `STEPS` steps: forward, gradient, a small step against it, again."""
    weights = tf.Variable([START])
    path = [weights.numpy()]
    for _ in range(STEPS):
        with tf.GradientTape() as tape:
            loss = compute_loss(weights)
        gradient = tape.gradient(loss, weights)
        weights.assign_sub(lr * gradient)  # in place: `weights = weights − …` would make it a tensor nobody watches
        path.append(weights.numpy())
    return np.array(path)


def lecture() -> Any:
    """Three rates, one valley. J′ = 2w, so each step multiplies w by 1 − 2α."""
    print(f"J(w) = w², from w = {START:g}, {STEPS} steps")
    paths = {}
    for lr in (0.05, 0.2, 1.1):
        path = descend(lr)
        w = abs(float(path[-1, 0]))
        verdict = "diverges" if w > START else "arrives" if w < 0.01 else "is on its way"
        print(f"  α = {lr:<4}: {path[1, 0]:6.2f} {path[2, 0]:6.2f} {path[3, 0]:6.2f} …  |w| = {w:.3g}, {verdict}")
        assert np.isclose(w, START * abs(1 - 2 * lr) ** STEPS, rtol=1e-4)
        paths[f"α = {lr}"] = path
    print("it converges where |1 − 2α| < 1, that is for 0 < α < 1")
    return paths


def picture(paths: Any) -> Any:
    """The steps in the valley."""
    from fastmlp.visual import Landscape, plot_landscape
    from fastmlp.visual.figures import panels

    valley = Landscape("square", "w²", "w²", lambda w: w[0] ** 2, lambda w: 2 * w, ((-26, 26),), (START,))
    figure, axes = panels("gradient_descent", None, 3, columns=3, size=(4.2, 3.6))
    for (name, path), ax in zip(paths.items(), axes):
        inside = np.abs(path[:, 0]) <= 26  # the path that diverges leaves the picture
        plot_landscape(valley, {name: path[inside]}, title=name, ax=ax)
    return figure


if __name__ == "__main__":
    show(lecture, picture)
