"""What the tests of losses share: parameters, inputs such as a model would meet, and the comparison with the twin."""

from __future__ import annotations

import math

import numpy as np
from fastmlp import _core
from lookup import twin
from tolerance import assert_close

KERNELS = _core.registry("loss")
NONE = math.nan  # no class is ignored

# parameters to test with, in the registry's order; kernels without an entry take none
FOCAL_BINARY = [
    (0.25, 2.0, 0.0, 0.0), (0.3, 1.5, 1.0, 0.1), (0.25, 0.0, 1.0, 0.0), (0.25, 1.0, 0.0, 0.2), (0.25, 0.5, 0.0, 0.0)
]  # fmt: skip
FOCAL_CLASSES = [(0.25, 2.0, 0.0), (0.4, 1.5, 0.1), (0.25, 0.0, 0.0), (0.25, 0.5, 0.0)]
PARAMS: dict[str, list[tuple[float, ...]]] = {
    "huber": [(1.0,), (0.3,)],
    "binary_crossentropy": [(0.0,), (0.1,)],
    "binary_crossentropy_logits": [(0.0,), (0.1,)],
    "categorical_crossentropy": [(0.0,), (0.1,)],
    "categorical_crossentropy_logits": [(0.0,), (0.1,)],
    "binary_focal_crossentropy": FOCAL_BINARY,
    "binary_focal_crossentropy_logits": FOCAL_BINARY,
    "categorical_focal_crossentropy": FOCAL_CLASSES,
    "categorical_focal_crossentropy_logits": FOCAL_CLASSES,
    "sparse_categorical_crossentropy": [(NONE,), (1.0,)],
    "sparse_categorical_crossentropy_logits": [(NONE,), (1.0,)],
    "sparse_log_loss_logits": [(NONE,), (1.0,)],
}
CASES = [(name, p) for name in KERNELS for p in PARAMS.get(name, [()])]
PROBABILITIES = {"kl_divergence", *(n for n in KERNELS if "crossentropy" in n and "logits" not in n)}
POSITIVE = {"mean_squared_logarithmic_error", "poisson"}
COUNTS = {"half_poisson_logits"}
MARGINS = {"hinge", "squared_hinge"}
CLASSES = {n for n in KERNELS if "categorical" in n or "sparse" in n}


def is_elementwise(name):
    one = np.ones((1, 1))
    try:
        _core.loss_block(name, one, one, PARAMS.get(name, [()])[0])
    except ValueError:
        return False
    return True


ELEMENTWISE = [(name, p) for name, p in CASES if not KERNELS[name].traits and is_elementwise(name)]


def inputs(name, n, k, dtype, rng):
    """Predictions and targets a model with this loss would meet."""
    if name in PROBABILITIES:
        pred = rng.uniform(0.02, 0.98, (n, k))
    elif name in POSITIVE:
        pred = rng.uniform(0.1, 3.0, (n, k))
    else:
        pred = rng.normal(0, 2, (n, k))
    if KERNELS[name].traits:
        return pred.astype(dtype), rng.integers(0, k, n)
    if name in CLASSES or name in PROBABILITIES or "crossentropy" in name or "log_loss" in name:
        target = np.eye(k)[rng.integers(0, k, n)] if name in CLASSES else rng.integers(0, 2, (n, k)).astype(float)
        soft = rng.uniform(0, 1, (n, k))
        some = np.arange(n)[:, None] % 4 == 3  # now and then a soft target
        target = np.where(some, soft / soft.sum(axis=1, keepdims=True) if name in CLASSES else soft, target)
    elif name in MARGINS:
        target = rng.choice([-1.0, 1.0], (n, k))
    elif name in POSITIVE | COUNTS:
        target = rng.poisson(2, (n, k)).astype(float)
    else:
        target = rng.normal(0, 2, (n, k))
    return pred.astype(dtype), target.astype(dtype)


def widest(x):
    """The greatest absolute value of each row: what cancels inside a row is of this size."""
    return np.abs(x).max(axis=-1, keepdims=True)


def check(name, params, pred, target, loss, d, scale=None):
    """Loss and gradient equal the twins'. Sums of k terms run over 16 lanes and a tree."""
    k = pred.shape[1]
    terms = 8 + k / 16
    expected = twin("losses", name, "pred, target, …")(pred, target, *params)
    assert_close(loss, expected, ulps=16, terms=terms, scale=1 + np.abs(expected), label=name)
    if d is not None:
        slope = twin("losses", f"{name}_grad", "pred, target, …")(pred, target, *params)
        share = 1 / k if (name, params) in ELEMENTWISE and name != "kl_divergence" else 1.0
        factor = np.ones(len(pred)) if scale is None else np.abs(scale.astype(np.float64))
        if name == "cosine_similarity":  # a direction turns the faster the shorter the vector
            share = 1 / np.linalg.norm(pred.astype(np.float64), axis=-1, keepdims=True).clip(1e-7)
        size = factor[:, None] * (share + widest(slope))
        slope = slope if scale is None else slope * scale.astype(np.float64)[:, None]
        assert_close(d, slope, ulps=16, terms=terms, scale=size, label=f"{name}_grad")
