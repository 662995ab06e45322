"""Seeds and draws: what is the same again, what is not, and how draws are distributed."""

from __future__ import annotations

import copy
import pickle
import random as python_random
import threading
from types import SimpleNamespace

import numpy as np
import pytest
from fastmlp import _core, random
from fastmlp.random import SeedGenerator, next_seed, set_random_seed
from reference import random as twins

DRAWS = {
    "normal": lambda shape, **rest: random.normal(shape, 2.0, 3.0, **rest),
    "truncated_normal": lambda shape, **rest: random.truncated_normal(shape, 2.0, 3.0, **rest),
    "uniform": lambda shape, **rest: random.uniform(shape, -1.0, 4.0, **rest),
}


# ---- seeds


def test_set_random_seed_starts_everything_anew():
    def numbers():
        own = [next_seed(), next_seed(), random.normal(5).tolist(), random.randint(5, 0, 100).tolist()]
        return own, np.random.rand(3).tolist(), python_random.random()

    set_random_seed(7)
    first = numbers()
    then = numbers()
    set_random_seed(7)
    assert numbers() == first
    set_random_seed(8)
    other = numbers()
    for a, b, c in zip(first, then, other):
        assert a != b
        assert a != c
        assert b != c


@pytest.mark.parametrize("seed", [0, 2**32, 2**70, np.int64(3)])
def test_any_whole_number_is_a_seed(seed):
    set_random_seed(seed)
    first = next_seed()
    set_random_seed(int(seed))
    assert next_seed() == first
    assert 0 <= first < 2**64


def test_seeds_from_a_generator_are_of_one_thread_and_leave_the_others_as_they_were():
    set_random_seed(7)
    first, then = next_seed(), next_seed()
    set_random_seed(7)
    elsewhere = []
    with random.seeds_from(SeedGenerator(1)):
        mine = [next_seed(), next_seed()]
        with random.seeds_from(SeedGenerator(1)):
            assert next_seed() == mine[0]
        other = threading.Thread(target=lambda: elsewhere.append(next_seed()))
        other.start()
        other.join()
    assert elsewhere == [first]
    assert next_seed() == then
    generator = SeedGenerator(1)
    assert mine == [generator.next(), generator.next()]


@pytest.mark.parametrize("seed", ["1", 1.5, None, True])
def test_what_is_no_seed(seed):
    with pytest.raises(TypeError, match="set_random_seed: expected a whole number"):
        set_random_seed(seed)
    if seed is not None:
        with pytest.raises(TypeError, match="seed: expected an int, a SeedGenerator or None"):
            random.normal(3, seed=seed)


def test_a_negative_seed():
    with pytest.raises(ValueError, match="at least 0"):
        set_random_seed(-1)
    assert random.normal(3, seed=-1).tolist() == random.normal(3, seed=2**64 - 1).tolist()


def test_seeds_do_not_repeat():
    generator = SeedGenerator(5)
    seeds = [generator.next() for _ in range(5000)]
    assert len(set(seeds)) == len(seeds)
    bits = np.unpackbits(np.array(seeds, np.uint64).view(np.uint8).reshape(-1, 8), axis=1)
    assert np.all(abs(bits.mean(axis=0) - 0.5) < 0.04), "each bit is set half of the time"


def test_a_signals_handler_draws_in_the_middle_of_a_draw(monkeypatch):
    """It has the first seed, what it comes into the next."""
    alone = SeedGenerator(5)
    want = [alone.next() for _ in range(3)]
    generator, calls, handled = SeedGenerator(5), [], []

    def words(*where):
        found = _core.random_words(*where)
        calls.append(where)
        if len(calls) == 1:
            handled.append(generator.next())
        return found

    monkeypatch.setattr(random, "_core", SimpleNamespace(random_words=words))
    drawn = [generator.next(), generator.next()]
    assert [*handled, *drawn] == want


def test_threads_share_one_sequence():
    set_random_seed(3)
    alone = sorted(next_seed() for _ in range(400))
    set_random_seed(3)
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.extend(next_seed() for _ in range(100))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == alone


def test_without_a_seed_generators_differ():
    assert SeedGenerator().next() != SeedGenerator().next()


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g))])
def test_a_copied_generator_goes_on_where_it_is(duplicate):
    generator = SeedGenerator(1)
    generator.next()
    twin = duplicate(generator)
    assert twin.next() == generator.next()


def test_a_generator_from_its_config_starts_anew():
    generator = SeedGenerator(1, name="mine")
    first = generator.next()
    twin = SeedGenerator.from_config(generator.get_config())
    assert twin.name == "mine"
    assert twin.next() == first


# ---- draws


@pytest.mark.parametrize("name", DRAWS)
def test_draws_are_those_of_the_engine(name, dtype):
    params = {"uniform": (-1.0, 4.0)}.get(name, (2.0, 3.0))
    exact = getattr(twins, name)(6, 40, (9, 0xF0000001, 0, 0, 0), dtype, *params)
    drawn = DRAWS[name]((2, 3, 40), dtype=dtype, seed=9)
    assert drawn.dtype == dtype
    np.testing.assert_allclose(drawn.reshape(6, 40), exact, rtol=1e-5 if dtype == np.float32 else 1e-12, atol=1e-5)


@pytest.mark.parametrize("name", DRAWS)
def test_a_seed_settles_a_draw(name):
    draw = DRAWS[name]
    set_random_seed(0)
    assert np.array_equal(draw((4, 5), seed=1), draw((4, 5), seed=1))
    assert not np.array_equal(draw((4, 5), seed=1), draw((4, 5), seed=2))
    assert not np.array_equal(draw((4, 5)), draw((4, 5)))
    generator = SeedGenerator(1)
    assert not np.array_equal(draw((4, 5), seed=generator), draw((4, 5), seed=generator))


def test_moments():
    n = 200_000
    x = random.normal((n // 100, 100), 2.0, 3.0, dtype="float64", seed=1)
    assert abs(x.mean() - 2) < 4 * 3 / n**0.5
    assert abs(x.std() - 3) < 4 * 3 / (2 * n) ** 0.5
    t = random.truncated_normal(n, 2.0, 3.0, dtype="float64", seed=1)
    assert np.abs(t - 2).max() <= 6
    assert abs(t.mean() - 2) < 4 * 3 / n**0.5
    assert abs(t.std() - 3 * 0.87962566) < 0.02
    u = random.uniform(n, -1.0, 4.0, dtype="float64", seed=1)
    assert -1 <= u.min() < -0.99
    assert 3.99 < u.max() < 4
    assert abs(u.mean() - 1.5) < 4 * (5 / 12**0.5) / n**0.5


@pytest.mark.parametrize("shape", [(), 0, 5, (0, 3), (3, 0), (2, 3, 4), [2, 3]])
def test_shapes(shape):
    want = (shape,) if isinstance(shape, int) else tuple(shape)
    assert random.normal(shape, seed=0).shape == want
    assert random.randint(shape, 0, 9, seed=0).shape == want


def test_any_number_of_threads_draws_the_same(every_thread):
    draws = []
    for threads in (1, 2, 5):
        _core.set_threads(threads)
        draws.append(random.normal((301, 203), seed=4).tobytes())
    assert len(set(draws)) == 1


@pytest.mark.parametrize(
    ("draw", "kind", "message"),
    [
        (lambda: random.normal((2, -1)), ValueError, "shape: expected a whole number of at least 0"),
        (lambda: random.normal(2.5), TypeError, "shape: expected"),
        (lambda: random.normal(2, stddev=-1), ValueError, "stddev: expected a number at least 0"),
        (lambda: random.uniform(2, 1, 0), ValueError, "maxval: expected a number at least 1.0, got 0"),
        (lambda: random.normal(2, dtype="int32"), TypeError, "expected dtype 'float32' or 'float64', got 'int32'"),
        (lambda: random.normal(2, dtype="nonsense"), TypeError, "expected dtype 'float32' or 'float64'"),
        (lambda: random.randint(2, 3, 3), ValueError, "expected maxval above minval=3"),
        (lambda: random.dropout([1.0], 1.5), ValueError, "rate: expected a number at least 0 and at most 1"),
    ],
)
def test_mistakes(draw, kind, message):
    with pytest.raises(kind, match=message):
        draw()


# ---- whole numbers, shuffles, dropout


def test_randint():
    drawn = random.randint((100, 60), -2, 4, seed=1)
    assert drawn.dtype == np.int32
    values, counts = np.unique(drawn, return_counts=True)
    assert values.tolist() == [-2, -1, 0, 1, 2, 3]
    assert np.all(abs(counts - 1000) < 150)
    assert random.randint(3, 0, 9, dtype="int64", seed=1).dtype == np.int64


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_shuffle(axis, rng):
    x = rng.normal(size=(30, 40))
    kept = x.copy()
    shuffled = random.shuffle(x, axis=axis, seed=3)
    np.testing.assert_array_equal(x, kept)
    assert not np.array_equal(shuffled, x)
    first = np.take(x, 0, 1 - axis % 2)
    order = [int(np.flatnonzero(first == v)[0]) for v in np.take(shuffled, 0, 1 - axis % 2)]
    assert sorted(order) == list(range(len(first)))
    np.testing.assert_array_equal(shuffled, np.take(x, order, axis))


def test_shuffle_of_what_has_no_such_axis():
    with pytest.raises(ValueError, match="shuffle: expected an axis of an array"):
        random.shuffle([1, 2], axis=1)
    with pytest.raises(ValueError, match="shuffle: expected an axis of an array"):
        random.shuffle(3)


def test_dropout():
    """Inverted: what stays is divided by what is kept, so that the mean remains."""
    x = np.arange(1.0, 20_001)
    y = random.dropout(x, 0.2, seed=0)
    kept = y != 0
    np.testing.assert_allclose(y[kept], x[kept] / 0.8, rtol=1e-12)
    assert abs(kept.mean() - 0.8) < 0.01
    assert random.dropout([[1, 2], [3, 4]], 0).tolist() == [[1, 2], [3, 4]]
    assert random.dropout([[1, 2], [3, 4]], 1).tolist() == [[0, 0], [0, 0]]
    assert random.dropout(5.0, 0).shape == ()
