"""Digits by a small network, with the callbacks that a first project collects.

MNIST from the file that MNIST_NPZ names; without it, blurred digits drawn from ten prototypes.
"""

import csv
import json
import os
import tempfile

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers
from tensorflow.keras.callbacks import (
    Callback,
    CSVLogger,
    EarlyStopping,
    LambdaCallback,
    LearningRateScheduler,
    ReduceLROnPlateau,
    TerminateOnNaN,
)
from tensorflow.keras.models import Sequential
from tensorflow.keras.utils import to_categorical

NUM_CLASSES = 10
rng = np.random.default_rng(0)


def load_data():
    path = os.environ.get("MNIST_NPZ")
    if path:
        with np.load(path) as f:
            return (f["x_train"][:2000], f["y_train"][:2000]), (f["x_test"][:500], f["y_test"][:500])
    prototypes = rng.integers(0, 2, (NUM_CLASSES, 8, 8)) * 160
    y = rng.integers(0, NUM_CLASSES, 700).astype("uint8")
    x = np.clip(prototypes[y] + rng.normal(40, 60, (700, 8, 8)), 0, 255).astype("uint8")
    return (x[:500], y[:500]), (x[500:], y[500:])


(x_train, y_train), (x_test, y_test) = load_data()
x_train = x_train.astype("float32") / 255
x_test = x_test.astype("float32") / 255
print("x_train shape:", x_train.shape, "-", x_train.shape[0], "train samples,", x_test.shape[0], "test samples")
y_train = to_categorical(y_train, NUM_CLASSES)
y_test = to_categorical(y_test, NUM_CLASSES)


def build_model():
    model = Sequential(
        [
            keras.Input(shape=x_train.shape[1:]),
            layers.Flatten(),
            layers.Dense(32, use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.Dense(16, activation="tanh", kernel_regularizer=keras.regularizers.l2(1e-4)),
            layers.Dense(NUM_CLASSES, activation="softmax"),
        ],
        name="digits",
    )
    starts = np.random.default_rng(1)
    model.set_weights([starts.normal(0, 0.1, w.shape) if w.ndim == 2 else w for w in model.get_weights()])
    model.compile(
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.05),
        optimizer=keras.optimizers.Adam(learning_rate=0.003),
        metrics=[
            "accuracy",
            keras.metrics.TopKCategoricalAccuracy(k=3, name="top3"),
            keras.metrics.Precision(name="precision"),
        ],
    )
    return model


class BestWeights(Callback):
    """Keeps the weights of the epoch whose monitored value was the best."""

    def __init__(self, monitor="val_accuracy"):
        super().__init__()
        self.monitor = monitor

    def on_train_begin(self, logs=None):
        self.best, self.best_epoch, self.weights = -np.inf, -1, None

    def on_epoch_end(self, epoch, logs=None):
        current = (logs or {}).get(self.monitor)
        if current > self.best:
            self.best, self.best_epoch, self.weights = current, epoch, self.model.get_weights()


class BatchLosses(Callback):
    """The loss after every batch and the learning rate of every epoch."""

    def on_train_begin(self, logs=None):
        self.losses, self.rates = [], []

    def on_train_batch_end(self, batch, logs=None):
        self.losses.append(float(logs["loss"]))

    def on_epoch_end(self, epoch, logs=None):
        self.rates.append(float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)))


model = build_model()
model.summary()
print("parameters:", model.count_params())

best, batches, said = BestWeights(), BatchLosses(), []
csv_path = os.path.join(tempfile.mkdtemp(), "log.csv")
history = model.fit(
    x_train,
    y_train,
    batch_size=64,
    epochs=12,
    verbose=2,
    shuffle=False,
    validation_data=(x_test, y_test),
    class_weight={0: 2.0, 1: 0.5, **dict.fromkeys(range(2, NUM_CLASSES), 1.0)},
    callbacks=[
        best,
        batches,
        CSVLogger(csv_path),
        TerminateOnNaN(),
        LambdaCallback(
            on_epoch_begin=lambda epoch, logs: said.append(f"epoch {epoch}"),
            on_train_end=lambda logs: said.append("end"),
        ),
        ReduceLROnPlateau(monitor="val_loss", factor=0.2, patience=1, min_delta=0.02, min_lr=1e-4, verbose=1),
        EarlyStopping(monitor="val_loss", patience=3, min_delta=0.01, restore_best_weights=True, verbose=1),
    ],
)
print(history.params, history.epoch)

loss, *metrics = model.evaluate(x_test, y_test, verbose=0)
restored = model.predict(x_test[:5], verbose=0)
model.set_weights(best.weights)
at_best = model.evaluate(x_test, y_test, verbose=0, return_dict=True)

# Once more from the start, with a learning rate that falls by epochs and the last fifth held back.
model = build_model()
again = model.fit(
    x_train,
    y_train,
    batch_size=32,
    epochs=4,
    verbose=0,
    shuffle=False,
    validation_split=0.2,
    callbacks=[LearningRateScheduler(lambda epoch, lr: lr if epoch < 2 else lr * 0.5), batches],
)
print("accuracy by epoch:", [f"{v:.3f}" for v in again.history["accuracy"]])
labels = np.argmax(model.predict(x_test, verbose=0), axis=-1)
confusion = tf.math.confusion_matrix(np.argmax(y_test, axis=-1), labels, num_classes=NUM_CLASSES)

with open(csv_path, newline="") as f:
    rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(f)]

print(
    json.dumps(
        {
            "history": history.history,
            "again": again.history,
            "batch_losses": batches.losses,
            "rates": batches.rates,
            "said": said,
            "csv": rows,
            "test": [loss, *metrics],
            "best_epoch": best.best_epoch,
            "at_best": at_best,
            "predictions": restored.tolist(),
            "confusion": confusion.numpy().tolist(),
        }
    )
)
