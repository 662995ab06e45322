"""What the tests of random numbers share: a place in a stream, parameters, how likely counts are."""

from __future__ import annotations

import numpy as np
import pytest
from panels import from_panels, rest_of, to_panels

AT = (0x0123456789ABCDEF, 5, 7 << 32 | 11, 6, 40)  # seed, stream, step, row, col

# parameters to test with, in the registry's order
PARAMS = {
    "uniform": [(0.0, 1.0), (-3.0, 5.0)],
    "normal": [(0.0, 1.0), (2.0, 0.5)],
    "truncated_normal": [(0.0, 1.0), (-1.0, 0.05)],
    "dropout": [(0.0,), (0.2,), (0.5,), (0.999,)],
    "alpha_dropout": [(0.0,), (0.1,), (0.6,)],
    "gaussian_dropout": [(0.0,), (0.3,)],
    "gaussian_noise": [(0.0,), (1.5,)],
}


def cases(registry):
    """Each entry of a registry with each set of parameters; None where there is none, for `checked` to tell."""
    return [pytest.param(name, p, id=f"{name}{p}") for name in registry for p in PARAMS.get(name, [None])]


def checked(name, params):
    """The parameters; fails with what to do when a new entry has none."""
    assert params is not None, f"no parameters to test '{name}' with: add them to PARAMS in tests/draws.py"
    return params


def assert_likely(counts):
    """Chi-square: the counts of equally likely cells are no further off than chance has it."""
    expected, freedom = counts.mean(), counts.size - 1
    assert np.sum((counts - expected) ** 2 / expected) < freedom + 3 * np.sqrt(2 * freedom)


LAYOUTS = [(1, 1), (5, 33), (37, 100), (64, 32), (130, 17)]


def assert_layout_does_not_matter(x, run):
    """``run(block, at, **layout)`` gives the same bits for a matrix, its panels, and tiles anywhere in it."""
    n, k = x.shape
    whole = run(x, AT)
    panels = run(to_panels(x), AT, columns=k)
    np.testing.assert_array_equal(from_panels(panels, k), whole)
    seed, stream, step, row, col = AT
    for i in range(0, n, 11):  # tiles that start in the middle of a group of rows
        for j in range(0, k, 32):
            tile = np.ascontiguousarray(x[i : i + 11, j : j + 32])
            got = run(tile, (seed, stream, step, row + i, col + j))
            np.testing.assert_array_equal(got, whole[i : i + 11, j : j + 32])
    return rest_of(panels, k)
