"""A training loop of one's own: tf.data, GradientTape, clipped gradients, a schedule, metrics, validation."""

import json

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

tf.random.set_seed(0)
rng = np.random.default_rng(0)
BATCH, EPOCHS, CLASSES = 32, 6, 3


def spirals(n):
    """Points on three arms, arms as labels."""
    labels = np.arange(n) % CLASSES
    radius = rng.uniform(0.1, 1.0, n)
    angle = 4 * radius + 2 * np.pi / CLASSES * labels + rng.normal(0, 0.1, n)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return points.astype("float32"), labels.astype("int64")


x, y = spirals(500)
x_val, y_val = spirals(150)
train = (
    tf.data.Dataset.from_tensor_slices((x, y))
    .map(
        lambda point, label: (tf.concat([point, tf.square(point)], axis=-1), label), num_parallel_calls=tf.data.AUTOTUNE
    )
    .batch(BATCH)
    .prefetch(tf.data.AUTOTUNE)
)
validation = tf.data.Dataset.from_tensor_slices((np.concatenate([x_val, x_val**2], axis=1), y_val)).batch(50)
print(train.element_spec, len(train))

inputs = keras.Input(shape=(4,), name="points")
hidden = layers.Dense(24, activation="relu", name="hidden_1")(inputs)
hidden = layers.Dense(24, activation="tanh", kernel_regularizer="l2", name="hidden_2")(hidden)
outputs = layers.Dense(CLASSES, name="logits")(hidden)
model = keras.Model(inputs=inputs, outputs=outputs)
starts = np.random.default_rng(1)
model.set_weights([starts.normal(0, 0.4, w.shape) for w in model.get_weights()])

schedule = keras.optimizers.schedules.ExponentialDecay(0.2, decay_steps=16, decay_rate=0.9, staircase=True)
optimizer = keras.optimizers.SGD(learning_rate=schedule, momentum=0.9)
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
train_loss = keras.metrics.Mean(name="train_loss")
train_accuracy = keras.metrics.SparseCategoricalAccuracy(name="train_accuracy")
val_accuracy = keras.metrics.SparseCategoricalAccuracy(name="val_accuracy")


@tf.function
def train_step(features, labels):
    with tf.GradientTape() as tape:
        logits = model(features, training=True)
        loss = loss_fn(labels, logits) + 0.1 * tf.add_n(model.losses)
    gradients = tape.gradient(loss, model.trainable_variables)
    gradients, norm = tf.clip_by_global_norm(gradients, 1.0)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables))
    train_loss(loss)
    train_accuracy.update_state(labels, logits)
    return loss, norm


@tf.function(reduce_retracing=True)
def test_step(features, labels):
    val_accuracy.update_state(labels, model(features, training=False))


history = {"loss": [], "accuracy": [], "val_accuracy": [], "rate": []}
losses, norms = [], []
for epoch in range(EPOCHS):
    train_loss.reset_state()
    train_accuracy.reset_state()
    for step, (features, labels) in enumerate(train):
        loss, norm = train_step(features, labels)
        losses.append(float(loss))
        norms.append(norm.numpy())
        if step % 8 == 0:
            print(f"step {step}: loss {loss:.4f}, |gradient| {norm:.4f}, seen {(step + 1) * BATCH}")
    for features, labels in validation:
        test_step(features, labels)
    history["loss"].append(float(train_loss.result()))
    history["accuracy"].append(float(train_accuracy.result()))
    history["val_accuracy"].append(float(val_accuracy.result()))
    history["rate"].append(float(schedule(optimizer.iterations)))
    tf.print("epoch", epoch + 1, "loss", train_loss.result(), "accuracy", train_accuracy.result())
    print(f"validation accuracy {val_accuracy.result().numpy():.4f}")
    val_accuracy.reset_state()

# The same formula by hand: logistic regression with variables, constants and a persistent tape.
w = tf.Variable(tf.zeros([4, 1]), name="w")
b = tf.Variable(0.0)
targets = tf.cast(tf.reshape(tf.equal(y, 0), [-1, 1]), tf.float32)
features = tf.constant(np.concatenate([x, x**2], axis=1))
by_hand = []
for _ in range(20):
    with tf.GradientTape(persistent=True) as tape:
        logits = tf.matmul(features, w) + b
        cost = tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits))
    dw, db = tape.gradient(cost, [w, b])
    del tape
    w.assign_sub(0.5 * dw)
    b.assign_sub(0.5 * db)
    by_hand.append(cost.numpy().item())

probabilities = tf.nn.softmax(model(validation.take(1).get_single_element()[0]))
print("most likely:", tf.argmax(probabilities, axis=1).numpy()[:10])
print(
    json.dumps(
        {
            "history": history,
            "losses": losses,
            "norms": [float(n) for n in norms],
            "iterations": int(optimizer.iterations.numpy()),
            "by_hand": by_hand,
            "w": w.numpy().ravel().tolist(),
            "predictions": probabilities.numpy().tolist(),
        }
    )
)
