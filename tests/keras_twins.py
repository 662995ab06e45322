"""A model made twice, by fastmlp and by Keras, with one set of weights: trained alike, they must end alike."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

import fastmlp
import numpy as np

FEATURES, CLASSES, ROWS, BATCH = 6, 3, 77, 8  # 77 = 9 batches of 8 and one of 5
TOLERANCE = {"float32": 1e-5, "float64": 1e-9}


@dataclass
class Case:
    """How to make a model and train it. `layers`, `optimizer` and the like are functions of the library."""

    name: str
    layers: Any
    optimizer: Any = lambda k: k.optimizers.SGD(0.05)
    loss: Any = "mse"
    y: str = "real"
    metrics: Any = lambda k: ["mae"]
    weighted: Any = lambda k: None
    fit: dict[str, Any] = field(default_factory=dict)
    spread: float = 0.1
    tolerance: float | None = None

    def __str__(self) -> str:
        return self.name


def mlp(hidden="tanh", last=None, outputs=CLASSES):
    """Two dense layers."""
    return lambda k: [k.layers.Dense(8, activation=hidden), k.layers.Dense(outputs, activation=last)]


def data(kind, dtype, rows=ROWS):
    """Features and targets of a kind: real, positive, binary, signs, labels, onehot, shares."""
    rng = np.random.default_rng(11)
    x = rng.normal(size=(rows, FEATURES)).astype(dtype)
    real = np.tanh(x @ rng.normal(size=(FEATURES, CLASSES))) + 0.1 * rng.normal(size=(rows, CLASSES))
    labels = real.argmax(axis=1)
    y = {
        "real": real,
        "column": real[:, :1],
        "vector": real[:, 0],
        "positive": np.exp(real),
        "binary": (real[:, :1] > 0).astype(dtype),
        "bits": (real > 0).astype(dtype),
        "signs": np.sign(real),
        "labels": labels,
        "onehot": np.eye(CLASSES)[labels],
        "shares": np.exp(real) / np.exp(real).sum(axis=1, keepdims=True),
    }[kind]
    return x, y if kind == "labels" else y.astype(dtype)


def models(case):
    """The two models, built, with the same random weights, compiled."""
    import keras

    theirs = keras.Sequential([keras.Input((FEATURES,)), *case.layers(keras)])
    mine = fastmlp.Sequential([fastmlp.Input((FEATURES,)), *case.layers(fastmlp)])
    rng = np.random.default_rng(7)
    weights = [w + rng.uniform(0, case.spread, w.shape).astype(w.dtype) for w in theirs.get_weights()]
    assert [w.shape for w in weights] == [w.shape for w in mine.get_weights()]
    for model, library in ((theirs, keras), (mine, fastmlp)):
        model.set_weights(weights)
        loss = case.loss(library) if callable(case.loss) else case.loss
        model.compile(case.optimizer(library), loss, metrics=case.metrics(library),
                      weighted_metrics=case.weighted(library), run_eagerly=True)  # fmt: skip
    return mine, theirs


def assert_close(mine, theirs, tolerance, what):
    """Within a tolerance of the larger numbers."""
    mine, theirs = (np.hstack([np.ravel(np.asarray(v, np.float64)) for v in one]) if isinstance(one, list) else
                    np.asarray(one, np.float64) for one in (mine, theirs))  # fmt: skip
    assert mine.shape == theirs.shape, what
    scale = max(1.0, float(np.nanmax(np.abs(theirs), initial=0)))
    np.testing.assert_allclose(mine, theirs, rtol=tolerance, atol=tolerance * scale, err_msg=what)


def assert_same_training(case, floatx):
    """Two epochs, 20 steps: the same History, weights, evaluation and predictions."""
    tolerance = case.tolerance if case.tolerance and floatx == "float32" else TOLERANCE[floatx]
    mine, theirs = models(case)
    x, y = data(case.y, floatx)
    start = [w.astype(np.float64) for w in mine.get_weights()]
    held = data(case.y, floatx, 21)
    options = {"batch_size": BATCH, "epochs": 2, "shuffle": False, "verbose": 0, "validation_data": held, **case.fit}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        histories = [m.fit(x, y, **options) for m in (mine, theirs)]
    ours, other = (h.history for h in histories)
    assert sorted(ours) == sorted(other)
    assert histories[0].epoch == histories[1].epoch
    for i, (a, b) in enumerate(zip(mine.get_weights(), theirs.get_weights(), strict=True)):
        assert_close(a, b, tolerance, f"weights {i} of shape {a.shape}")
    assert any(np.any(a != b) for a, b in zip(start, mine.get_weights(), strict=True)), "nothing learned"
    for key in other:
        assert_close(ours[key], other[key], 10 * tolerance, key)
    assert_same_scores(mine, theirs, x, y, 10 * tolerance)
    mine_out, their_out = mine.predict(x, verbose=0), theirs.predict(x, verbose=0)
    assert mine_out.dtype == their_out.dtype == np.dtype(floatx)
    assert_close(mine_out, their_out, 10 * tolerance, "predict")
    return mine, theirs


def assert_same_scores(mine, theirs, x, y, tolerance, **options):
    """The same from evaluate, as a dict and, where Keras counts no name twice in it, as a list."""
    ours, other = (m.evaluate(x, y, verbose=0, return_dict=True, **options) for m in (mine, theirs))
    for key in sorted({*ours, *other}):
        assert_close(ours[key], other[key], tolerance, f"evaluate: {key}")
    if not any(key.startswith("weighted_") for key in other):
        listed = [np.atleast_1d(m.evaluate(x, y, verbose=0, **options)).tolist() if len(other) == 1 else
                  m.evaluate(x, y, verbose=0, **options) for m in (mine, theirs)]  # fmt: skip
        assert_close(*listed, tolerance, "evaluate")
