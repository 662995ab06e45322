"""Splits: counts to the row, proportions kept, dev and test from where they should be; and what errors say."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import random
from fastmlp.data import diagnose, train_dev_test_split
from fastmlp.data.split import apportioned, part_sizes
from hypothesis import given, settings
from hypothesis import strategies as st


def split(*arrays, **options):
    return train_dev_test_split(*arrays, **{"seed": 1, **options})


def test_parts_hold_every_row_once_and_keep_arrays_together():
    x, y, w = np.arange(100).reshape(50, 2), np.arange(50) * 3, [f"row {i}" for i in range(50)]
    parts = split(x, y, w)
    assert [len(part[0]) for part in parts] == [30, 10, 10]
    for px, py, pw in parts:
        assert (px[:, 0] * 3 == py * 2).all()
        assert [f"row {i}" for i in py // 3] == pw.tolist()
    assert sorted(np.concatenate([part[1] for part in parts]) // 3) == list(range(50))


def test_one_array_comes_back_bare_and_two_sizes_make_two_parts():
    train, dev = split(np.arange(10), sizes=(0.7, 0.3))
    assert (train.shape, dev.shape) == ((7,), (3,))


def test_a_seed_fixes_the_draw():
    x = np.arange(200)
    assert split(x, seed=1)[0].tolist() == split(x, seed=1)[0].tolist() != split(x, seed=2)[0].tolist()
    assert split(x)[0].tolist() != sorted(split(x)[0])  # the rows of a part are in random order too


def test_without_a_seed_the_package_s_own_decides():
    random.set_random_seed(3)
    a, b = train_dev_test_split(np.arange(99))[0].tolist(), train_dev_test_split(np.arange(99))[0].tolist()
    random.set_random_seed(3)
    assert train_dev_test_split(np.arange(99))[0].tolist() == a != b


def test_without_shuffling_the_parts_follow_one_another():
    parts = split(np.arange(10), shuffle=False)
    assert [part.tolist() for part in parts] == [[0, 1, 2, 3, 4, 5], [6, 7], [8, 9]]
    labels = np.array([0, 1] * 5)
    train, dev, test = split(np.arange(10), shuffle=False, stratify=labels, sizes=(6, 2, 2))
    assert [train.tolist(), dev.tolist(), test.tolist()] == [[0, 1, 2, 3, 4, 5], [6, 7], [8, 9]]


@pytest.mark.parametrize(
    ("rows", "sizes", "counts"),
    [
        (1000, (0.7, 0.3), [700, 300]),
        (1000, (0.6, 0.2, 0.2), [600, 200, 200]),
        (1_000_000, (0.98, 0.01, 0.01), [980_000, 10_000, 10_000]),
        (1_000_000, (0.995, 0.0025, 0.0025), [995_000, 2_500, 2_500]),
        (1_000_000, (0.995, 0.004, 0.001), [995_000, 4_000, 1_000]),
        (108_000, (104_000, 2_000, 2_000), [104_000, 2_000, 2_000]),
        (108_000, (None, 2_000, 2_000), [104_000, 2_000, 2_000]),
        (10, (0.6, None), [6, 4]),
        (10, (0.7, 1 - 0.7), [7, 3]),
        (10, (1 / 3, 1 / 3, 1 / 3), [4, 3, 3]),
        (10, (0.3333333, 0.3333333, 0.3333333), [4, 3, 3]),
        (7, (0.6, 0.2, 0.2), [4, 2, 1]),  # 4.2, 1.4, 1.4: what is left goes to the first of the largest remainders
        (3, (0.98, 0.01, 0.01), [3, 0, 0]),
        (0, (0.6, 0.2, 0.2), [0, 0, 0]),
        (5, (5, 0, 0), [5, 0, 0]),
        (5, (1.0, 0.0), [5, 0]),
    ],
)
def test_counts(rows, sizes, counts):
    assert part_sizes(rows, sizes).tolist() == counts


@pytest.mark.parametrize(
    ("sizes", "error"),
    [
        ((0.6, 0.2), "add up to 1"),
        ((0.6, 0.6, 0.2), "add up to 1"),
        ((5, 2, 2), "add up to 10"),
        ((None, 9, 9), "add up to 10"),
        ((1.0,), "two or more sizes"),
        ((None, None, 2), "at most one of them None"),
        ((-0.2, 1.0, 0.2), "at least 0"),
        ((-1, 9, 2), "at least 0"),
        ((98.0, 1.0, 1.0), "at most 1"),
    ],
)
def test_sizes_that_cannot_be(sizes, error):
    with pytest.raises(ValueError, match=error):
        part_sizes(10, sizes)


def test_largest_remainders_go_first():
    assert part_sizes(101, (0.6, 0.2, 0.2)).tolist() == [61, 20, 20]  # 60.6, 20.2, 20.2
    assert part_sizes(103, (0.6, 0.2, 0.2)).tolist() == [62, 21, 20]  # 61.8, 20.6, 20.6


@given(st.integers(1, 500), st.lists(st.integers(0, 50), min_size=2, max_size=5).filter(sum))
@settings(max_examples=100, deadline=None)
def test_counts_are_less_than_one_from_their_shares(rows, weights):
    shares = [w / sum(weights) for w in weights]
    counts = part_sizes(rows, shares)
    assert counts.sum() == rows
    assert np.abs(counts - np.array(shares) * rows).max() < 1 + 1e-6


@given(st.lists(st.integers(0, 40), min_size=1, max_size=12), st.data())
@settings(max_examples=200, deadline=None)
def test_apportioned_cells_are_less_than_one_from_their_shares(groups, data):
    rows = sum(groups)
    first = data.draw(st.integers(0, rows))
    second = data.draw(st.integers(0, rows - first))
    parts = np.array([first, second, rows - first - second])
    cells = apportioned(np.array(groups), parts)
    assert (cells >= 0).all()
    assert cells.sum(axis=0).tolist() == parts.tolist()
    assert cells.sum(axis=1).tolist() == groups
    assert np.abs(cells - np.outer(groups, parts) / max(rows, 1)).max() <= 1


def test_stratified_parts_have_the_labels_of_the_whole():
    labels = np.repeat([5, 7, 9], [600, 300, 103])
    parts = split(np.arange(1003), labels, stratify=labels, sizes=(0.6, 0.2, 0.2))
    assert [len(part[0]) for part in parts] == part_sizes(1003, (0.6, 0.2, 0.2)).tolist()
    for _, found in parts:
        got = np.unique(found, return_counts=True)[1]
        assert np.abs(got - len(found) * np.array([600, 300, 103]) / 1003).max() <= 1
    assert sorted(np.concatenate([part[0] for part in parts])) == list(range(1003))
    text = np.array(["cat", "dog"])[(np.arange(40) % 4 == 0).astype(int)]
    assert [(p == "dog").sum() for p in split(text, stratify=text[:, None], sizes=(20, 12, 8))] == [5, 3, 2]


def test_web_and_mobile_images():
    """100 000 from the web, 8 000 from the target: shuffled together, dev has 2000·8/108 = 148.1 of the target's."""
    mobile = np.arange(108_000) >= 100_000
    sizes = (104_000, 2_000, 2_000)
    shares = [split(mobile, sizes=sizes, seed=seed)[1].sum() for seed in range(10)]
    assert abs(np.mean(shares) - 148.1) < 3 * 11.7 / 10**0.5  # hypergeometric: its deviation is 11.6
    train, dev, test = split(mobile, sizes=sizes, stratify=mobile)
    assert {int(dev.sum()), int(test.sum())} <= {148, 149}
    train, dev, test = split(np.arange(108_000), sizes=sizes, target_mask=mobile)
    assert [len(part) for part in (train, dev, test)] == [104_000, 2_000, 2_000]
    assert (dev >= 100_000).all()
    assert (test >= 100_000).all()
    assert (train >= 100_000).sum() == 4_000
    assert sorted(np.concatenate([train, dev, test])) == list(range(108_000))
    assert np.flatnonzero(train >= 100_000)[0] < 1_000  # mixed with the others, not behind them


def test_target_rows_stratified_and_in_order():
    mask = np.arange(100) % 2 == 1
    labels = np.arange(100) // 2 % 5
    train, dev, test = split(np.arange(100), sizes=(80, 10, 10), target_mask=mask, stratify=labels)
    for part in (dev, test):
        assert (part % 2 == 1).all()
        assert np.bincount(labels[part]).tolist() == [2, 2, 2, 2, 2]
    train, dev, test = split(np.arange(10), sizes=(6, 2, 2), target_mask=np.arange(10) % 2 == 1, shuffle=False)
    assert [train.tolist(), dev.tolist(), test.tolist()] == [[0, 1, 2, 4, 6, 8], [3, 5], [7, 9]]


def test_what_a_split_cannot_do():
    x = np.arange(10)
    with pytest.raises(ValueError, match="at least 4 rows in target_mask"):
        split(x, target_mask=x > 7)
    with pytest.raises(ValueError, match="target_mask with a bool"):
        split(x, target_mask=x)
    with pytest.raises(ValueError, match="arrays of one length"):
        split(x, np.arange(9))
    with pytest.raises(ValueError, match="arrays of one length"):
        split()
    with pytest.raises(ValueError, match="a label for each of 10 rows"):
        split(x, stratify=np.eye(10))


# ---- diagnosis


@pytest.mark.parametrize(
    ("train", "dev", "bias", "variance"),
    [(1, 16, "low", "high"), (15, 16, "high", "low"), (15, 30, "high", "high"), (0.5, 1, "low", "low")],
)
def test_bias_and_variance_from_errors(train, dev, bias, variance):
    found = diagnose(train, dev)
    assert (found.bias, found.variance) == (bias, variance)
    assert (found.avoidable_bias, found.gap) == (train, dev - train)
    assert any("bigger network" in line for line in found.advice) is (bias == "high")
    assert any("more data" in line for line in found.advice) is (variance == "high")
    assert len(found.advice) == max(1, (bias, variance).count("high"))


def test_what_nobody_could_do_better_is_no_bias():
    assert diagnose(15, 16, optimal_err=14)[:2] == ("low", "low")
    assert diagnose(15, 16, optimal_err=14, tolerance=0.5)[:2] == ("high", "high")


def test_mismatched_data_and_a_dev_set_used_up():
    found = diagnose(1, 12, train_dev_err=2)
    assert (found.bias, found.variance) == ("low", "low")
    assert "mismatch" in found.advice[0]
    assert diagnose(1, 12, train_dev_err=11).variance == "high"
    assert "larger one" in diagnose(1, 2, 12).advice[0]
    with pytest.raises(ValueError, match="at most 100"):
        diagnose(1, 160)
