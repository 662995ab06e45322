"""Mini-batches: a training loop of one's own, with 1 ≤ b ≤ m samples a step."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastmlp.tf as tf
from fastmlp.data import make_moons
from fastmlp.lectures import show

M, EPOCHS = 128, 15


def network() -> Any:
    """A simple classifier."""
    return tf.keras.Sequential([
        tf.keras.layers.Dense(8, activation=tf.nn.relu, dtype="float64"),
        tf.keras.layers.Dense(8, activation=tf.nn.relu, dtype="float64"),
        tf.keras.layers.Dense(1, activation=tf.nn.sigmoid, dtype="float64"),
    ])  # fmt: skip


def train(x: Any, y: Any, b: int) -> list[float]:
    """The loop of the lecture; the loss of each step."""
    tf.random.set_seed(0)
    dataset = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(buffer_size=M).batch(b)
    model = network()
    loss = tf.keras.losses.BinaryCrossentropy()
    accuracy = tf.keras.metrics.BinaryAccuracy()
    optimizer = tf.keras.optimizers.SGD(learning_rate=0.1)
    losses = []
    for _ in range(EPOCHS):
        accuracy.reset_state()
        for x_batch, y_batch in dataset:
            with tf.GradientTape() as tape:
                predicted = model(x_batch)
                loss_value = loss(y_batch, predicted)
            gradients = tape.gradient(loss_value, model.trainable_weights)
            optimizer.apply_gradients(zip(gradients, model.trainable_weights))
            accuracy.update_state(y_batch, predicted)
            losses.append(float(loss_value))
    noise = np.std(np.diff(losses[-M // b :])) if b < M else 0.0
    print(f"  b = {b:3}: {len(losses):5} steps in {EPOCHS} epochs, accuracy {float(accuracy.result()):.3f}, "
          f"the loss jumps by {noise:.3f} from step to step")  # fmt: skip
    return losses


def lecture() -> Any:
    """One sample a step is noisy, all of them are slow, some are a good estimate at a low price."""
    x, y = make_moons(M, noise=0.15, seed=0)
    x, y = x.astype(np.float64), y[:, None].astype(np.float64)

    # The gradient of a batch is the mean of those of its samples.
    model, loss = network(), tf.keras.losses.BinaryCrossentropy()
    model(x)

    def gradient(rows: slice) -> Any:
        with tf.GradientTape() as tape:
            value = loss(y[rows], model(x[rows]))
        return tape.gradient(value, model.trainable_weights)[0].numpy()

    mean = np.mean([gradient(slice(i, i + 1)) for i in range(32)], axis=0)
    print(f"batch of 32 − mean of its samples' gradients: {np.abs(gradient(slice(0, 32)) - mean).max():.0e}")
    print(f"{M} samples, SGD")
    return {b: train(x, y, b) for b in (1, 16, M)}


def picture(losses: Any) -> Any:
    """The loss of each step, over epochs."""
    from fastmlp.visual import plot_curves
    from fastmlp.visual.figures import panels

    figure, axes = panels("mini_batches", None, len(losses), columns=3, size=(4.2, 3.6))
    for (b, values), ax in zip(losses.items(), axes):
        plot_curves({f"b = {b}": values}, np.arange(1, len(values) + 1) * EPOCHS / len(values), xlabel="epoch",
                    ylabel="loss of a step", ax=ax)  # fmt: skip
        ax.set_ylim(0, 1.5)
        ax.lines[0].set_linewidth(0.5 if b == 1 else 1.5)
    return figure


if __name__ == "__main__":
    show(lecture, picture)
