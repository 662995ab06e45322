"""Moons and circles: where the points lie, how many of each class, and that a seed fixes them."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp.data import make_circles, make_moons
from fastmlp.random import set_random_seed

BOTH = pytest.mark.parametrize("make", [make_moons, make_circles])


@BOTH
@pytest.mark.parametrize("n", [1, 2, 7, 100])
def test_half_of_the_points_are_of_each_class(make, n):
    x, y = make(n, seed=0)
    assert (x.shape, x.dtype.name, y.shape, y.dtype.name) == ((n, 2), "float32", (n,), "int64")
    assert [(y == label).sum() for label in (0, 1)] == [n // 2, n - n // 2]


@BOTH
def test_a_seed_fixes_points_and_order(make):
    (x, y), (again, labels), (other, _) = make(50, seed=3), make(50, seed=3), make(50, seed=4)
    assert (x == again).all()
    assert (y == labels).all()
    assert (x != other).any()
    assert 0 < y[:25].sum() < 25  # mixed
    set_random_seed(1)
    first, second = make(50)[0], make(50)[0]
    set_random_seed(1)
    assert (make(50)[0] == first).all()
    assert (first != second).any()


def test_moons_are_half_circles_that_reach_into_one_another():
    x, y = make_moons(200, noise=0, seed=0)
    upper, lower = x[y == 0], x[y == 1]
    assert np.hypot(*upper.T) == pytest.approx(np.ones(100), abs=1e-6)
    assert upper[:, 1].min() >= -1e-6
    assert np.hypot(*(lower - [1, 0.5]).T) == pytest.approx(np.ones(100), abs=1e-6)
    assert lower[:, 1].max() <= 0.5 + 1e-6
    assert (upper[:, 0].min(), lower[:, 0].max()) == pytest.approx((-1, 2))


def test_circles_have_their_radii_and_go_all_round():
    x, y = make_circles(200, noise=0, factor=0.3, seed=0)
    assert np.hypot(*x[y == 0].T) == pytest.approx(np.ones(100), abs=1e-6)
    assert np.hypot(*x[y == 1].T) == pytest.approx(np.full(100, 0.3), abs=1e-6)
    assert np.abs(x[y == 0].mean(axis=0)).max() < 1e-6
    assert len(np.unique(x.round(5), axis=0)) == 200  # the last is not the first again


@BOTH
def test_noise_is_of_that_size(make):
    still, moved = make(2000, noise=0, seed=5)[0], make(2000, noise=0.2, seed=5)[0]
    assert np.std(moved - still) == pytest.approx(0.2, rel=0.05)


def test_mistakes_are_named():
    with pytest.raises(ValueError, match="make_moons: noise: expected"):
        make_moons(10, noise=-1)
    with pytest.raises(ValueError, match="make_circles: factor: expected"):
        make_circles(10, factor=2)
    with pytest.raises(ValueError, match="make_moons: n: expected"):
        make_moons(0)
