"""Activations that make one column of several: ``name(x, pieces)`` and ``name_grad(x, dy, pieces)``.

Piece p of the m output columns is columns p·m … p·m + m - 1 of x.
"""

import numpy as np


def _split(x, pieces):
    return x.reshape(len(x), pieces, -1)


def maxout(x, pieces):
    return _split(x, pieces).max(axis=1)


def maxout_grad(x, dy, pieces):
    winner = _split(x, pieces).argmax(axis=1)  # the first of equals
    return (dy[:, None, :] * (winner[:, None, :] == np.arange(pieces)[:, None])).reshape(x.shape)


def glu(x, pieces):
    a, b = np.split(x, pieces, axis=-1)
    gate = 1 / (1 + np.exp(-b))
    return np.where(gate == 0, 0, a * gate)


def glu_grad(x, dy, pieces):
    a, b = np.split(x, pieces, axis=-1)
    gate = 1 / (1 + np.exp(-b))
    return np.concatenate([dy * gate, dy * a * np.exp(-np.abs(b)) / (1 + np.exp(-np.abs(b))) ** 2], axis=-1)
