"""Rows of layers of Keras's names, made by either library, and what is asked of models that came out of files."""

from __future__ import annotations

import numpy as np

RNG = np.random.default_rng(23)
X = RNG.normal(size=(37, 4)).astype("f")
Y = RNG.normal(size=(37, 2)).astype("f")
FIT = {"epochs": 2, "batch_size": 8, "shuffle": False, "verbose": 0}
ENDINGS = [".keras", ".h5"]


def predicted(model, x=X):
    found = model.predict(x, verbose=0)
    return [np.asarray(one) for one in (found if isinstance(found, list) else [found])]


def assert_alike(a, b, x=X, near=1e-6):
    for p, q in zip(predicted(a, x), predicted(b, x), strict=True):
        np.testing.assert_allclose(p, q, rtol=near, atol=near * (1 + np.abs(p).max()))
        assert np.ptp(p) > 0


def shaken(model, seed=0):
    """The model with weights none of which is as at the beginning; variances stay positive."""
    rng = np.random.default_rng(seed)
    for v in model.weights:
        value = rng.uniform(0.2, 0.7, tuple(v.shape))
        sign = 1 if "variance" in v.name or not v.trainable else rng.choice([-1, 1], size=tuple(v.shape))
        v.assign((sign * value).astype("float32") if "count" not in v.name else np.zeros((), "int32"))
    for layer in model.layers:
        getattr(layer, "finalize_state", lambda: None)()  # Keras's Normalization has copies of its moments
    return model


KINDS = {
    "dense": lambda k: k.layers.Dense(4, activation="tanh"),
    "no bias": lambda k: k.layers.Dense(4, use_bias=False),
    "batch": lambda k: k.layers.BatchNormalization(),
    "batch without scale": lambda k: k.layers.BatchNormalization(scale=False),
    "layer": lambda k: k.layers.LayerNormalization(),
    "rms": lambda k: k.layers.RMSNormalization(),
    "moments": lambda k: k.layers.Normalization(),
    "given moments": lambda k: k.layers.Normalization(mean=[0.5] * 4, variance=[2.0] * 4),
    "prelu": lambda k: k.layers.PReLU(),
    "dropout": lambda k: k.layers.Dropout(0.5, seed=3),
    "noise": lambda k: k.layers.GaussianNoise(0.5),
    "relu": lambda k: k.layers.ReLU(negative_slope=0.1),
    "rescaling": lambda k: k.layers.Rescaling(0.5, 0.1),
    "frozen": lambda k: k.layers.Dense(4, trainable=False),
    "row": lambda k: k.Sequential([k.layers.Dense(3), k.layers.BatchNormalization(), k.layers.Dense(4)]),
    "row of rows": lambda k: k.Sequential([k.Sequential([k.layers.Dense(4)]), k.layers.Dense(4)]),
    "graph": lambda k: branches(k),
}


def branches(k):
    x = k.Input((4,))
    return k.Model(x, k.layers.Add()([x, k.layers.Dense(4)(k.layers.Dense(5, activation="relu")(x))]))


def in_a_row(k, kinds):
    return k.Sequential([k.Input((4,)), *(KINDS[kind](k) for kind in kinds), k.layers.Dense(2)])
