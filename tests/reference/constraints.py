"""Constraints: ``name(w, axis, …)`` returns the weights they allow."""

import numpy as np


def _norms(w, axis):
    return np.sqrt(np.sum(w**2, axis=axis, keepdims=True))


def max_norm(w, axis, epsilon, max_value):
    norms = _norms(w, axis)
    return w * np.clip(norms, 0, max_value) / (epsilon + norms)


def min_max_norm(w, axis, epsilon, min_value, max_value, rate):
    norms = _norms(w, axis)
    wanted = rate * np.clip(norms, min_value, max_value) + (1 - rate) * norms
    return w * wanted / (epsilon + norms)


def unit_norm(w, axis, epsilon):
    return w / (epsilon + _norms(w, axis))


def non_neg(w, axis):
    return np.maximum(w, 0)
