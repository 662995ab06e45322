"""What the golden files are files of. Run it in a checkout to print files and figures as that version writes them."""

from __future__ import annotations

import base64
import hashlib
import sys
import tempfile
import zlib
from pathlib import Path

import fastmlp
import numpy as np
from fastmlp import callbacks, layers, saving
from fastmlp.models import Model, Sequential

_SINES = np.sin(np.arange(22 * 4) * 0.7).reshape(22, 4)  # rounded, so that they are the same numbers everywhere
X = np.round(_SINES, 3).astype("float32")
Y = (np.arange(22) * 7 % 3).astype("int64")
FIT = {"batch_size": 5, "verbose": 0}


@saving.register_serializable("golden")
class Doubled(layers.Layer):
    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape):
        self.shift = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="shift")

    def call(self, inputs):
        return inputs * self.factor + self.shift


@saving.register_serializable("golden")
class Own(Model):
    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.hidden, self.last = layers.Dense(units, "tanh"), layers.Dense(3, "softmax")

    def call(self, inputs):
        return self.last(self.hidden(inputs))


def sequential(dtype="float32", optimizer="adam"):
    kind = {"dtype": dtype}
    model = Sequential([layers.Input((4,)), layers.Dense(5, "relu", kernel_regularizer="l2", **kind),
                        layers.BatchNormalization(**kind), layers.Dropout(0.25, **kind),
                        layers.Dense(3, "softmax", **kind)])  # fmt: skip
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def in_double():
    return sequential("float64", fastmlp.optimizers.SGD(0.05, momentum=0.9, nesterov=True))


def functional():
    left, right = layers.Input((2,), name="left"), layers.Input((2,), name="right")
    both = layers.Concatenate()([layers.Dense(3, "relu")(left), right])
    model = Model([left, right], layers.Dense(3, "softmax")(both))
    model.compile("rmsprop", "sparse_categorical_crossentropy")
    return model


def own_layer():
    model = Sequential([layers.Input((4,)), Doubled(0.5), layers.Dense(3)])
    model.compile("adam", fastmlp.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def own_model():
    model = Own(2)
    model.compile("nadam", "sparse_categorical_crossentropy")
    return model


def rows(name):
    """What a model of that name is given."""
    return [X[:, :2], X[:, 2:]] if name == "functional" else X


class AfterSeven(callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if self.model.optimizer.iterations == 7:
            raise KeyboardInterrupt


MAKERS = {"sequential": sequential, "float64": in_double, "functional": functional, "own layer": own_layer,
          "own model": own_model, "weights": sequential, "state": sequential, "within an epoch": sequential,
          "state within an epoch": sequential}  # fmt: skip


def read(name, path):
    """The model that a file is of, and whether its training can go on."""
    if name == "weights":
        model = MAKERS[name]()
        model.load_weights(path)
    elif name.startswith("state"):
        model = MAKERS[name]()
        assert saving.load_state(model, path) == {"note": "golden"}
    else:
        model = saving.load_model(path)
    return model


def figures_of(name, model):
    """What it predicts and, trained on, becomes: bits as text."""
    found = {"predictions": model.predict(rows(name), verbose=0)[:2].astype("float64").ravel().tolist()}
    if name == "weights":
        return found
    more = {"resume": True, "epochs": 3} if "within" in name else {"epochs": 1}
    history = model.fit(rows(name), Y, **FIT, **more).history
    variables = [*model.weights, *model.optimizer.variables]
    digest = hashlib.sha256(b"".join(v.numpy().tobytes() for v in variables)).hexdigest()[:16]
    return {**found, "history": history, "weights": digest}


def write(name, path):
    """A file of that name, as this version writes it."""
    fastmlp.random.set_random_seed(8)
    model = MAKERS[name]()
    try:
        more = [AfterSeven()] if "within" in name else []
        model.fit(rows(name), Y, **FIT, epochs=2, callbacks=more)
    except KeyboardInterrupt:
        pass
    if name == "weights":
        model.save_weights(path)
    elif name.startswith("state"):
        saving.save_state(model, path, {"note": "golden"})
    else:
        model.save(path)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        path = Path(tempfile.mkdtemp()) / "it"
        write(name, path)
        text = base64.b85encode(zlib.compress(path.read_bytes(), 9)).decode()
        print(f"FILES[{name!r}] = (\n    " + "\n    ".join(
            f"{text[at : at + 100]!r}" for at in range(0, len(text), 100)) + "\n)")  # fmt: skip
        print(f"FIGURES[{name!r}] = {figures_of(name, read(name, path))!r}")
