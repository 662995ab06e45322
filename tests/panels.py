"""Matrices in the engine's layout: panels of 32 columns, (ceil(k / 32), n, 32)."""

from __future__ import annotations

import numpy as np

PANEL = 32


def to_panels(x, rest=np.nan):
    """``x`` (n, k) in panels; the lanes past the last column hold ``rest``, which no kernel may look at."""
    n, k = x.shape
    count = -(-k // PANEL)
    wide = np.full((n, count * PANEL), rest, x.dtype)
    wide[:, :k] = x
    return np.ascontiguousarray(wide.reshape(n, count, PANEL).transpose(1, 0, 2))


def _wide(p):
    return p.transpose(1, 0, 2).reshape(p.shape[1], p.shape[0] * PANEL)


def from_panels(p, k):
    """The first k columns of panels, as a matrix."""
    return np.ascontiguousarray(_wide(p)[:, :k])


def rest_of(p, k):
    """The lanes past the last column."""
    return _wide(p)[:, k:]
