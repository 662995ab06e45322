"""The shuffle window against its definition, and threads that run ahead, stay within bounds and end."""

from __future__ import annotations

import gc
import threading
import time
from collections import Counter

import fastmlp.random
import numpy as np
import pytest
from fastmlp import _core
from fastmlp.data import AUTOTUNE, Dataset, _stream, _structure
from hypothesis import given, settings
from hypothesis import strategies as st


def numbers(dataset):
    return [np.asarray(element).tolist() for element in dataset]


def prefetchers():
    return [thread for thread in threading.enumerate() if thread.name == "fastmlp-prefetch"]


@pytest.fixture(autouse=True)
def no_thread_stays():
    yield
    gc.collect()
    assert not prefetchers()


# ---- the shuffle window


def by_definition(elements, size, seed, turn):
    """The window as its definition reads: fill it, draw one, let it go, the next one takes its place."""
    window, out, waiting = list(elements[:size]), [], list(elements[size:])
    if len(window) == size:
        blocks = -(-len(waiting) // 4096)
        draws = [
            d
            for b in range(blocks)
            for d in _core.random_integers(4096, size, (seed, _stream.SLOTS, turn * 2**24 + b, 0, 0))
        ]
        for element, draw in zip(waiting, draws):
            out.append(window[draw])
            window[draw] = element
    order = _core.random_permutation(len(window), (seed, _stream.LAST, turn, 0, 0))
    return out + [window[i] for i in order]


@pytest.mark.parametrize(("n", "size"), [(10, 1), (10, 3), (10, 10), (10, 99), (9000, 64), (0, 4)])
def test_shuffle_follows_its_definition(n, size):
    dataset = Dataset.range(n).shuffle(size, seed=5)
    for turn in range(3):
        assert numbers(dataset) == by_definition(list(range(n)), size, 5, turn)


@given(st.integers(0, 60), st.integers(1, 70), st.integers(-(2**63), 2**63))
@settings(max_examples=60, deadline=None)
def test_an_element_leaves_at_most_a_window_early(n, size, seed):
    order = numbers(Dataset.range(n).shuffle(size, seed=seed))
    assert sorted(order) == list(range(n))
    assert all(element < place + size for place, element in enumerate(order))


def test_a_window_of_two_gives_each_of_four_orders_alike():
    dataset = Dataset.range(3).shuffle(2, seed=1)
    found = Counter(tuple(numbers(dataset)) for _ in range(2000))
    assert set(found) == {(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0)}
    chi_square = sum((count - 500) ** 2 / 500 for count in found.values())
    assert chi_square < 16.3  # 3 degrees of freedom: exceeded once in 1000


def test_a_window_of_all_gives_each_permutation_alike():
    dataset = Dataset.range(3).shuffle(3, seed=2)
    found = Counter(tuple(numbers(dataset)) for _ in range(3000))
    assert len(found) == 6
    assert sum((count - 500) ** 2 / 500 for count in found.values()) < 20.5  # 5 degrees of freedom, 1 in 1000


def test_seeds_fix_every_iteration_and_iterations_differ():
    a, b = Dataset.range(50).shuffle(20, seed=3), Dataset.range(50).shuffle(20, seed=3)
    first, second = numbers(a), numbers(a)
    assert first != second
    assert [numbers(b), numbers(b)] == [first, second]
    assert numbers(Dataset.range(50).shuffle(20, seed=4)) != first
    fixed = Dataset.range(50).shuffle(20, seed=3, reshuffle_each_iteration=False)
    assert numbers(fixed) == numbers(fixed) == first
    repeated = numbers(Dataset.range(50).shuffle(20, seed=3).repeat(2))
    assert repeated == first + second


def test_without_a_seed_the_package_s_own_decides():
    fastmlp.random.set_random_seed(7)
    a = numbers(Dataset.range(30).shuffle(30))
    b = numbers(Dataset.range(30).shuffle(30))
    fastmlp.random.set_random_seed(7)
    assert numbers(Dataset.range(30).shuffle(30)) == a != b


def test_a_window_that_is_none():
    with pytest.raises(ValueError, match="buffer_size: expected a whole number of at least 1"):
        Dataset.range(3).shuffle(0)


@pytest.mark.parametrize("steps", ["s", "sr", "rs", "ts", "sk", "skc", "hs", "ss"])
def test_the_quick_way_for_rows_keeps_the_order(steps):
    """Arrays shuffled as row numbers and batched by indexing = elements taken one by one."""
    x, y = np.arange(40.0, dtype=np.float32).reshape(20, 2), np.arange(20)
    way = {
        "s": lambda d: d.shuffle(6, seed=1),
        "r": lambda d: d.repeat(3),
        "t": lambda d: d.take(13),
        "k": lambda d: d.skip(4),
        "c": lambda d: d.cache(),
        "h": lambda d: d.shard(2, 1),
    }
    quick = Dataset.from_tensor_slices({"x": x, "y": y})
    slow = quick.map(lambda element: element)  # whose elements are no longer rows of a table
    for step in steps:
        quick, slow = way[step](quick), way[step](slow)
    assert len(quick) == len(slow)
    for _ in range(2):
        for a, b in zip(quick.batch(7), slow.batch(7), strict=True):
            assert a["x"].tolist() == b["x"].tolist()
            assert a["y"].tolist() == b["y"].tolist()
            assert a["x"].dtype == np.float32


def test_batches_of_rows_are_indexed_not_stacked(monkeypatch):
    asked = []
    rows = _structure.Rows.__getitem__
    monkeypatch.setattr(_structure.Rows, "__getitem__", lambda table, index: asked.append(index) or rows(table, index))
    dataset = Dataset.from_tensor_slices(np.zeros((1000, 8), np.float32)).shuffle(100, seed=1).batch(32)
    assert sum(len(batch) for batch in dataset) == 1000
    assert [len(index) for index in asked] == [32] * 31 + [8]


# ---- prefetch


def test_prefetch_runs_ahead_so_far_and_no_farther():
    made, enough = [], threading.Event()

    def note(n):
        made.append(int(n))
        if len(made) == 4:
            enough.set()
        return n

    iterator = iter(Dataset.range(100).map(note).prefetch(3))
    assert not prefetchers()  # not before somebody asks
    assert next(iterator) == 0
    assert enough.wait(5)
    time.sleep(0.05)
    assert made == [0, 1, 2, 3]
    assert len(prefetchers()) == 1
    assert numbers(iterator) == list(range(1, 100))
    assert not prefetchers()


@pytest.mark.parametrize("leave", ["close", "del", "break", "raise"])
def test_prefetch_ends_when_the_iteration_is_abandoned(leave):
    closed = threading.Event()

    def endless():
        try:
            while True:
                yield 1
        finally:
            closed.set()

    dataset = Dataset.from_generator(endless).prefetch(2).map(lambda n: n).prefetch(AUTOTUNE)
    iterator = iter(dataset)
    assert next(iterator) == 1
    assert len(prefetchers()) == 2
    if leave == "raise":
        with pytest.raises(KeyError):
            raise_while_iterating(dataset)
    elif leave == "break":
        for _ in dataset:
            break
    if leave == "close":
        iterator.close()
    del iterator
    assert closed.is_set()
    gc.collect()
    assert not prefetchers()


def raise_while_iterating(dataset):
    for _ in dataset:
        raise KeyError("a user's error")


def test_prefetch_passes_exceptions_on_after_the_elements_before():
    def fail(n):
        if n == 3:
            raise ZeroDivisionError("element three")
        return n

    iterator = iter(Dataset.range(9).map(fail).prefetch(5))
    assert [int(next(iterator)) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ZeroDivisionError, match="element three"):
        next(iterator)
    assert not prefetchers()


def test_prefetch_of_nothing_needs_no_thread():
    iterator = iter(Dataset.range(3).prefetch(0))
    assert next(iterator) == 0
    assert not prefetchers()


def test_two_iterations_at_once_do_not_meet():
    dataset = Dataset.from_tensor_slices(np.arange(20)).shuffle(5, seed=1, reshuffle_each_iteration=False).prefetch(2)
    together = [(int(a), int(b)) for a, b in zip(dataset, dataset)]
    assert all(a == b for a, b in together)
    assert sorted(a for a, _ in together) == list(range(20))


def test_an_abandoned_prefetch_does_not_keep_a_process(script):
    script(
        "from fastmlp.data import Dataset\n"
        "iterator = iter(Dataset.range(10).repeat().prefetch(2))\n"
        "next(iterator)\n"
        "kept = [iterator]; kept.append(kept)\n",
        timeout=30,
    )
