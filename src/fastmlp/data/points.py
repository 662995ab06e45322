"""Points of the plane in two classes that no line tells apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastmlp import random
from fastmlp._validate import number, whole

Points = tuple[NDArray[np.float32], NDArray[np.int64]]


def make_moons(n: int = 200, noise: float = 0.1, seed: random.Seed = None) -> Points:
    """Two half circles, each reaching into the other: points (n, 2), and their classes 0 and 1 (n,).

    Parameters
    ----------
    n
        How many points, half of them (one more if n is odd) of class 1.
    noise
        The standard deviation of what is added to each coordinate.
    seed
        Fixes the noise and the order of the points.

    >>> x, y = make_moons(100, seed=0)
    >>> x.shape, int(y.sum())
    ((100, 2), 50)
    """
    above, below = _angles("make_moons", n, np.pi, ends=True)
    upper = np.stack([np.cos(above), np.sin(above)], axis=1)
    lower = np.stack([1 - np.cos(below), 0.5 - np.sin(below)], axis=1)
    return _mixed("make_moons", upper, lower, noise, seed)


def make_circles(n: int = 200, noise: float = 0.05, factor: float = 0.5, seed: random.Seed = None) -> Points:
    """A circle within a circle: points (n, 2), and their classes, 0 outside and 1 inside (n,).

    Parameters
    ----------
    n
        How many points, half of them (one more if n is odd) of class 1.
    noise
        The standard deviation of what is added to each coordinate.
    factor
        The radius of the inner circle; that of the outer one is 1.
    seed
        Fixes the noise and the order of the points.

    >>> x, y = make_circles(100, noise=0, seed=0)
    >>> float(np.hypot(*x[y == 1].T).max().round(4))
    0.5
    """
    outside, inside = _angles("make_circles", n, 2 * np.pi, ends=False)
    factor = number("make_circles: factor", factor, 0, 1)
    outer = np.stack([np.cos(outside), np.sin(outside)], axis=1)
    inner = factor * np.stack([np.cos(inside), np.sin(inside)], axis=1)
    return _mixed("make_circles", outer, inner, noise, seed)


def _angles(where: str, n: int, reach: float, ends: bool) -> list[NDArray[np.float64]]:
    """Evenly from 0 to `reach`, for each class; whether the last angle is `reach` itself."""
    n = whole(f"{where}: n", n)
    return [np.linspace(0, reach, count, endpoint=ends) for count in (n // 2, n - n // 2)]


def _mixed(where: str, first: NDArray[Any], second: NDArray[Any], noise: float, seed: random.Seed) -> Points:
    """The points of two classes, moved a little, in random order."""
    noise = number(f"{where}: noise", noise, 0)
    sequence = random.draw_seed(seed)
    x = np.concatenate([first, second])
    x += random.normal(x.shape, stddev=noise, dtype="float64", seed=sequence)
    y = np.repeat([0, 1], [len(first), len(second)])
    order = random.shuffle(np.arange(len(x)), seed=sequence)
    return x[order].astype(np.float32), y[order]
