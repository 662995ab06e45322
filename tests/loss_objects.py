"""A loss object of each kind and setting, and data for it."""

from __future__ import annotations

import numpy as np
from fastmlp import losses

OBJECTS = [
    losses.MeanSquaredError(),
    losses.MeanAbsoluteError(),
    losses.MeanAbsolutePercentageError(),
    losses.MeanSquaredLogarithmicError(),
    losses.LogCosh(),
    losses.Poisson(),
    losses.Huber(0.4),
    losses.CosineSimilarity(),
    losses.Hinge(),
    losses.SquaredHinge(),
    losses.CategoricalHinge(),
    losses.KLDivergence(),
    losses.BinaryCrossentropy(),
    losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.2),
    losses.BinaryFocalCrossentropy(label_smoothing=0.1),
    losses.BinaryFocalCrossentropy(True, 0.3, 1.5, from_logits=True),
    losses.CategoricalCrossentropy(label_smoothing=0.3),
    losses.CategoricalCrossentropy(from_logits=True),
    losses.CategoricalFocalCrossentropy(0.4, 1.5, label_smoothing=0.1),
    losses.CategoricalFocalCrossentropy(from_logits=True),
    losses.SparseCategoricalCrossentropy(),
    losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=1),
]
REDUCTIONS = ["sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None]


def label(loss):
    settings = {k: v for k, v in loss.get_config().items() if k not in ("name", "reduction", "axis")}
    return f"{type(loss).__name__}-{settings}"


def data(loss, rng, n=6, k=4, dtype="float32"):
    """Targets and predictions such as the loss is for."""
    p = rng.normal(0, 2, (n, k))
    if "crossentropy" in loss.kernel and not loss.from_logits or loss.kernel == "kl_divergence":
        p = rng.uniform(0.05, 0.95, (n, k))
    elif loss.kernel in ("poisson", "mean_squared_logarithmic_error"):
        p = rng.uniform(0.1, 3, (n, k))
    if loss.sparse:
        return rng.integers(0, k, n), p.astype(dtype)
    if loss.activation == "softmax" or loss.kernel == "categorical_hinge":
        return np.eye(k, dtype=dtype)[rng.integers(0, k, n)], p.astype(dtype)
    if loss.activation == "sigmoid" or loss.wants_signs:
        return rng.integers(0, 2, (n, k)).astype(dtype), p.astype(dtype)
    y = rng.uniform(0.1, 1, (n, k)) if loss.kernel == "kl_divergence" else rng.normal(1, 1, (n, k))
    return np.abs(y).astype(dtype), p.astype(dtype)
