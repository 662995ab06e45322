"""Activations of whole rows: ``name(z)`` along the last axis, and ``name_grad(z, dy)``, what comes back through it."""

import numpy as np


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_grad(z, dy):
    y = softmax(z)
    return y * (dy - (y * dy).sum(axis=-1, keepdims=True))


def log_softmax(z):
    z = z - z.max(axis=-1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=-1, keepdims=True))


def log_softmax_grad(z, dy):
    return dy - softmax(z) * dy.sum(axis=-1, keepdims=True)


def sparsemax(z):
    """The nearest point of the simplex: sort, find how many of the largest stay positive, subtract their τ."""
    k = z.shape[-1]
    z = z - z.max(axis=-1, keepdims=True)
    ordered = -np.sort(-z, axis=-1)
    counts = np.arange(1, k + 1)
    sums = np.cumsum(ordered, axis=-1)
    size = np.maximum((1 + counts * ordered > sums).sum(axis=-1, keepdims=True), 1)
    tau = (np.take_along_axis(sums, size - 1, axis=-1) - 1) / size
    return np.maximum(z - tau, 0)


def sparsemax_grad(z, dy):
    inside = sparsemax(z) > 0
    mean = (dy * inside).sum(axis=-1, keepdims=True) / inside.sum(axis=-1, keepdims=True)
    return np.where(inside, dy - mean, 0.0)
