"""What wrong calls are made with, a user's belongings: arrays, models, objects, a folder; and a fingerprint of all."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import random as python_random

import fastmlp
import matplotlib
import numpy as np
import pandas as pd
from fastmlp import (
    GradientTape,
    Input,
    Model,
    Sequential,
    Variable,
    _objects,
    callbacks,
    config,
    keras,
    layers,
    metrics,
    optimizers,
    saving,
    utils,
)
from fastmlp import random as draws
from fastmlp.__main__ import main
from fastmlp.data import Dataset
from fastmlp.layers import Dense

matplotlib.use("Agg")

ROOMS = [  # of the package, as the tables write them
    "activations", "callbacks", "config", "constraints", "data", "initializers", "keras",
    "layers", "losses", "metrics", "mixed_precision", "models", "ops", "optimizers",
    "random", "regularizers", "saving", "schedules", "tf", "utils", "visual",
]  # fmt: skip
NAMES = {name: importlib.import_module(f"fastmlp.{name}") for name in ROOMS}
NAMES |= {"fastmlp": fastmlp, "np": np, "pd": pd, "Dataset": Dataset, "Dense": Dense, "GradientTape": GradientTape}
NAMES |= {"Input": Input, "Model": Model, "Sequential": Sequential, "Variable": Variable}
NAMES["plain"] = lambda width=2, **settings: Dense(width, kernel_initializer="zeros", **settings)  # draws no seed


class Pairs(utils.PyDataset):
    """Two batches that are as they should be."""

    def __init__(self, x, y):
        super().__init__()
        self.x, self.y = x, y

    def __len__(self):
        return 2

    def __getitem__(self, index):
        rows = slice(12 * index, 12 * index + 12)
        return self.x[rows], self.y[rows]


class Ended(Exception):
    """A command has ended with the status for what a user can mend, and one line that says it."""


def command(*arguments):
    """``python -m fastmlp …``: what it writes to the error output is what it raises, if it ends with status 2."""
    said, seeds = io.StringIO(), (draws._everyone, np.random.get_state(), python_random.getstate())
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            status = main([str(one) for one in arguments])
        except SystemExit as end:  # argparse
            status = end.code
        finally:  # these would be another process's
            draws._everyone = seeds[0]
            np.random.set_state(seeds[1])
            python_random.setstate(seeds[2])
    *usage, line = said.getvalue().splitlines() or [""]
    assert status == 2, f"status {status}"
    assert "Traceback" not in said.getvalue()
    assert all(one.startswith(("usage:", " ")) for one in usage), usage
    raise Ended(line)


class Half(layers.Layer):
    """A layer of one's own."""

    def call(self, inputs):
        return inputs / 2


def belongings(folder):
    """All that the calls are made with, by the names that the tables use."""
    fastmlp.set_random_seed(3)
    rng = np.random.default_rng(5)
    x = rng.normal(size=(24, 3)).astype("float32")
    y = rng.normal(size=(24, 2)).astype("float32")
    labels = np.arange(24) % 2
    hot = np.eye(2, dtype="float32")[labels]

    def net(*last, name=None):
        return Sequential([Input((3,)), Dense(4, "tanh", name="hidden"), *last], name=name)

    model = net(layers.BatchNormalization(), layers.Dropout(0.25, seed=2), Dense(2, name="out"), name="net")
    model.compile("adam", "mse", metrics=["mae"])
    history = model.fit(x, y, batch_size=8, epochs=2, verbose=0)
    classifier = net(Dense(2, "softmax"), name="classifier")
    classifier.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    classifier.fit(x, labels, epochs=1, verbose=0)
    a, b = Input((3,), name="a"), Input((2,), name="b")
    both = layers.Concatenate(name="both")([a, b])
    graph = Model([a, b], {"p": Dense(2, name="p")(both), "q": Dense(1, name="q")(both)}, name="graph")
    graph.compile("adam", {"p": "mse", "q": "mae"})
    graph.fit({"a": x, "b": y}, {"p": y, "q": y[:, :1]}, epochs=1, verbose=0)
    own = net(Half(), Dense(2), name="own")
    own.compile("sgd", "mse")

    folder.mkdir()
    model.save(folder / "net.safetensors")
    model.save_weights(folder / "weights.safetensors")
    (folder / "text.safetensors").write_text("this is no model\n")
    (folder / "text.keras").write_text("this is no model\n")
    (folder / "text.h5").write_text("this is no model\n")
    (folder / "empty.safetensors").write_bytes(b"")
    (folder / "cut.safetensors").write_bytes((folder / "net.safetensors").read_bytes()[:500])
    (folder / "cut.keras").write_bytes(b"PK\x03\x04" + bytes(60))
    (folder / "table.csv").write_text("a,b,kind\n1,2,yes\n3,4,no\n5,6,yes\n7,8,no\n" + "9,1,yes\n2,2,no\n" * 10)
    (folder / "words.csv").write_text("a,b,kind\n1,two,yes\n3,4\n")
    (folder / "subfolder").mkdir()

    weight = Variable([[1.0, 2.0], [3.0, 4.0]], name="weight")
    with GradientTape(persistent=True) as tape:
        squares = weight * weight
    adam = optimizers.Adam(0.01)
    adam.build([weight])
    table = layers.Embedding(5, 2, name="table")
    table.build((None, 2))
    auc = metrics.AUC()
    auc.update_state(labels, hot[:, 1])
    return {
        **NAMES,
        "x": x,
        "y": y,
        "labels": labels,
        "hot": hot,
        "ones": np.ones(24, "float32"),
        "holes": np.where(y == y[4, 1], np.nan, y).astype("float32"),
        "ragged": [[1, 2, 3], [4, 5]],
        "words": x.astype(str),
        "odd": x.astype(object),
        "turning": x + 1j,
        "days": x.astype("M8[D]"),
        "frame": pd.DataFrame(x, columns=["u", "v", "w"]),
        "masked": np.ma.masked_less(x, 0),
        "images": np.linspace(0, 1, 48, dtype="float32").reshape(3, 4, 4),
        "pairs": Dataset.from_tensor_slices((x, y)).batch(8),
        "rows": Dataset.from_tensor_slices(x),
        "sequence": Pairs(x, y),
        "numbers": [3, 1, 2],
        "config_of_dense": Dense(3).get_config(),
        "model": model,
        "classifier": classifier,
        "graph": graph,
        "own": own,
        "history": history,
        "raw": net(Dense(2), name="raw"),
        "unbuilt": Sequential([Dense(2, name="first")], name="unbuilt"),
        "a": a,
        "b": b,
        "both": both,
        "dense": Dense(3, name="alone"),
        "Half": Half,
        "Pairs": Pairs,
        "command": command,
        "weight": weight,
        "tape": tape,
        "squares": squares,
        "adam": adam,
        "auc": auc,
        "folder": folder,
        "norm": layers.Normalization(name="norm"),
        "table": table,
    }


def print_of(thing):
    """What must not change of a thing, comparable by ==."""
    if isinstance(thing, np.ma.MaskedArray):
        return print_of(thing.data), print_of(thing.mask)
    if isinstance(thing, np.ndarray):
        held = repr(thing.tolist()) if thing.dtype.hasobject else thing.tobytes()
        return thing.dtype.str, thing.shape, thing.strides, thing.flags.writeable, held
    if isinstance(thing, pd.DataFrame):
        return list(thing.columns), [print_of(thing[name].to_numpy()) for name in thing]
    if isinstance(thing, dict):
        return [(name, print_of(value)) for name, value in thing.items()]
    if isinstance(thing, (list, tuple)):
        return type(thing), [print_of(value) for value in thing]
    if isinstance(thing, Model):
        return print_of_model(thing)
    if isinstance(thing, (layers.Layer, optimizers.Optimizer, metrics.Metric)):
        held = thing.weights if isinstance(thing, layers.Layer) else thing.variables
        state = print_of(getattr(thing, "state", None))  # what metrics count in C
        return json.dumps(thing.get_config(), default=repr), [print_of(v.numpy()) for v in held], state
    if isinstance(thing, Variable):
        return thing.name, thing.trainable, print_of(thing.numpy())
    if isinstance(thing, fastmlp.Tensor):
        return print_of(thing.numpy())
    if isinstance(thing, Dataset):
        return thing.cardinality(), repr(thing.element_spec), [print_of(item) for item in thing.as_numpy_iterator()]
    if isinstance(thing, callbacks.History):
        return thing.epoch, {name: list(values) for name, values in thing.history.items()}
    if hasattr(thing, "get_params") and not isinstance(thing, type):
        return {name: print_of(value) for name, value in vars(thing).items()}
    if isinstance(thing, (str, int, float, bytes, type(None))):
        return thing
    return type(thing)


def print_of_model(model):
    """Its layers, weights, optimizer, how it was compiled, how far it was trained; and what it predicts."""
    optimizer, history = model.optimizer, model.history
    rows = {"graph": 2}.get(model.name, 1)
    x = [np.linspace(-1, 1, 5 * n, dtype="float32").reshape(5, n) for n in (3, 2)[:rows]]
    return (
        json.dumps(model.get_config(), default=repr),
        [layer.name for layer in model.layers],
        model.built,
        [(v.name, v.trainable, print_of(v.numpy())) for v in (model.weights if model.built else ())],
        model.compiled and json.dumps(model.get_compile_config(), default=repr),
        optimizer and print_of(optimizer),
        history and print_of(history),
        print_of(model._state()),
        model.built and print_of(model.predict(x if rows > 1 else x[0], verbose=0)),
    )


def print_of_settings():
    """What holds for everybody: types, policies, threads, and where random numbers go on."""
    seeds = draws._everyone  # a draw would move it on
    return (
        config.floatx(), config.epsilon(), config.image_data_format(), config.dtype_policy().name,
        fastmlp.get_num_threads(), id(seeds), seeds._start, seeds._count,
        print_of(list(np.random.get_state())), python_random.getstate(), np.geterr(),
        dict(saving.get_custom_objects()), sorted(_objects._registered), keras.backend.backend(),
    )  # fmt: skip


def print_of_folder(folder):
    """Every name in it, with the bytes of files."""
    return {str(path): path.is_file() and path.read_bytes() for path in sorted(folder.rglob("*"))}


def fingerprint(world):
    """All of it, by name."""
    found = {name: print_of(thing) for name, thing in world.items() if name not in NAMES}
    return {**found, "settings": print_of_settings(), "files": print_of_folder(world["folder"])}
