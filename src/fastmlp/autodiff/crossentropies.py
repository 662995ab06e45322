"""Cross-entropies, of logits and of probabilities."""

# mypy: disable-error-code="has-type,no-any-return"
# A primitive's gradient is made of primitives, itself among them: mypy cannot tell the type of one before the other.
from __future__ import annotations

from typing import Any

import numpy as np

from fastmlp import config
from fastmlp.autodiff.activations import log_softmax
from fastmlp.autodiff.arithmetic import add, divide, multiply, negative, subtract
from fastmlp.autodiff.extremes import clip
from fastmlp.autodiff.functions import log
from fastmlp.autodiff.logistic import softplus
from fastmlp.autodiff.picking import one_hot, take_along_axis
from fastmlp.autodiff.primitive import as_tensor, as_tensors
from fastmlp.autodiff.shapes import expand_dims, squeeze, sum

__all__ = ["binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"]

# ---- cross-entropies of logits


def sigmoid_cross_entropy(labels: Any, logits: Any) -> Any:
    """-z log σ(x) - (1 - z) log(1 - σ(x)) of labels z and logits x, each by itself."""
    z, x = as_tensors(labels, logits)
    if tuple(z.shape) != tuple(x.shape):
        raise ValueError(f"sigmoid_cross_entropy: expected labels of the logits' shape {tuple(x.shape)}, got "
                         f"{tuple(z.shape)}; reshape them")  # fmt: skip
    return subtract(softplus(x), multiply(x, z))


def weighted_cross_entropy(labels: Any, logits: Any, pos_weight: Any) -> Any:
    """The same, what is 1 weighing pos_weight times as much."""
    z, x, w = as_tensors(labels, logits, pos_weight)
    return add(multiply(subtract(1.0, z), x), multiply(add(multiply(subtract(w, 1.0), z), 1.0), softplus(negative(x))))


def softmax_cross_entropy(labels: Any, logits: Any, axis: int = -1) -> Any:
    """-Σ p log softmax(x) of shares p and logits x, one a row."""
    p, x = as_tensors(labels, logits)
    return negative(sum(multiply(p, log_softmax(x, axis)), axis))


def sparse_softmax_cross_entropy(labels: Any, logits: Any) -> Any:
    """-log softmax(x) at the number of the class, one a row."""
    logits = as_tensor(logits)
    n = logits.shape[-1]
    places = expand_dims(labels, -1)
    return negative(squeeze(take_along_axis(log_softmax(logits), _class(places, n), -1), -1))


def _class(places: Any, n: int) -> Any:
    given = as_tensor(places)
    if not hasattr(given, "__symbolic__") and given.array.size:
        low, high = given.array.min(), given.array.max()
        if low < 0 or high >= n:
            raise ValueError(f"sparse cross-entropy: expected labels from 0 to {n - 1}, one a logit, got {low} to "
                             f"{high}; renumber them")  # fmt: skip
    return as_tensor(given, np.int64) if given.dtype.kind == "f" else given


# ---- Keras's, of probabilities or logits


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """Cross-entropy of truths and probabilities, or logits, each by itself."""
    z, p = as_tensors(target, output)
    if from_logits:
        return sigmoid_cross_entropy(z, p)
    p = clip(p, config.epsilon(), 1 - config.epsilon())
    return negative(add(multiply(z, log(p)), multiply(subtract(1.0, z), log(subtract(1.0, p)))))


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """Cross-entropy of shares and probabilities, or logits, one a row."""
    t, p = as_tensors(target, output)
    if from_logits:
        return softmax_cross_entropy(t, p, axis)
    p = divide(p, sum(p, axis, True))
    return negative(sum(multiply(t, log(clip(p, config.epsilon(), 1 - config.epsilon()))), axis))


def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """Cross-entropy of numbers of classes and probabilities, or logits, one a row."""
    p, t = as_tensor(output), as_tensor(target)
    t = squeeze(t, -1) if len(t.shape) == len(p.shape) and t.shape[-1] == 1 else t
    return categorical_crossentropy(one_hot(t, p.shape[axis], axis, p.dtype), p, from_logits, axis)
