"""Philox against NumPy's and the published answers; fills, integers and permutations against their twins."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np
import pytest
from draws import AT, LAYOUTS, PARAMS, assert_layout_does_not_matter, assert_likely, cases, checked
from fastmlp import _core
from lookup import Guarded, twin
from reference import random as reference
from shapes import ROWS
from tolerance import assert_close

FILLS = _core.registry("fill")


# ---- the generator


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [  # published with the generator
        ([0] * 4, [0] * 2, [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
        ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
        ),
    ],
)
def test_known_answers(counter, key, answer):
    assert list(reference.philox(counter, key, 32)) == answer
    assert [int(w) for w in reference.philox_arrays(counter, key)] == answer


def test_published_answers_from_the_kernel():
    answer = [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    assert _core.random_words(4, 1, (0, 0, 0, 0, 0)).ravel().tolist() == answer
    # the third one's key and column; rows below 2^32 make counters below 2^30, and steps stay below 2^56
    at = (0x299F31D0A4093822, 0, 0x00707344_13198A2E, 4 * 0x043F6A88, 0x85A308D3)
    answer = reference.philox([0x043F6A88, 0x85A308D3, 0x13198A2E, 0x00707344], [0xA4093822, 0x299F31D0], 32)
    assert _core.random_words(4, 1, at).ravel().tolist() == list(answer)


def test_twin_of_64_bit_words_is_numpys_philox(rng):
    for _ in range(20):
        counter = [int(c) for c in rng.integers(0, 2**64, 4, dtype=np.uint64)]
        key = [int(k) for k in rng.integers(0, 2**64, 2, dtype=np.uint64)]
        counter[0] = max(counter[0], 1)
        before = [counter[0] - 1, *counter[1:]]  # NumPy counts first, then draws
        raw = np.random.Philox(counter=np.array(before, np.uint64), key=np.array(key, np.uint64)).random_raw(4)
        assert raw.tolist() == list(reference.philox(counter, key, 64))


def test_array_twin_is_the_integer_twin(rng):
    counter, key = rng.integers(0, 2**32, (4, 50)), (0xDEADBEEF, 0x12345678)
    expected = [reference.philox([int(c) for c in column], key, 32) for column in counter.T]
    np.testing.assert_array_equal(np.array(reference.philox_arrays(counter, key)).T, expected)


@pytest.mark.parametrize(("n", "k"), ROWS)
def test_words_equal_twin(n, k):
    words = _core.random_words(n, k, AT)
    np.testing.assert_array_equal(words, reference.words(n, k, AT))


def test_every_part_of_the_place_matters():
    base = _core.random_words(8, 20, AT)
    for part in range(5):
        for bit in [0, 31] if part in (1, 4) else [2, 30] if part == 3 else [0, 31, 32, 55]:
            other = list(AT)
            other[part] ^= 1 << bit
            same = (_core.random_words(8, 20, tuple(other)) == base).mean()
            assert same < 0.01, f"part {part}, bit {bit}"


# ---- fills


@pytest.mark.parametrize(("name", "params"), cases(FILLS))
@pytest.mark.parametrize(("n", "k"), ROWS)
def test_fill_equals_twin(name, params, n, k, dtype):
    a, b = checked(name, params)
    out = Guarded((n, k), dtype)
    x = _core.fill(name, out.array, params, AT)
    out.check()
    expected = twin("random", name, "rows, cols, at, dtype, …")(n, k, AT, dtype, *params)
    assert_close(x, expected, ulps=4, scale=(abs(a) + abs(b)) * 9, terms=4, label=name)
    if n * k > 16:
        assert len(np.unique(x)) > n * k // 2


def test_uniform_is_exact(dtype):
    x = _core.fill("uniform", np.empty((40, 50), dtype), (0.0, 1.0), AT)
    np.testing.assert_array_equal(x.astype(np.float64), reference.standard_uniform(40, 50, AT, dtype))


def truncated_quantile(p):
    """Of a normal cut at ±2."""
    low, high = NormalDist().cdf(-2), NormalDist().cdf(2)
    return NormalDist().inv_cdf(low + (high - low) * p)


@pytest.mark.parametrize(
    ("name", "quantile", "mean", "variance", "kurtosis"),
    [
        ("uniform", float, 0.5, 1 / 12, 1.8),
        ("normal", NormalDist().inv_cdf, 0.0, 1.0, 3.0),
        ("truncated_normal", truncated_quantile, 0.0, 0.7737, 2.3656),
    ],
)
def test_distribution(name, quantile, mean, variance, kurtosis, dtype):
    x = _core.fill(name, np.empty((1000, 1000), dtype), (0.0, 1.0), (1, 0, 0, 0, 0)).astype(np.float64)
    n, cells = x.size, 1024
    counts = np.bincount(np.searchsorted([quantile(i / cells) for i in range(1, cells)], x.ravel()), minlength=cells)
    assert_likely(counts)
    distance = np.abs(np.cumsum(counts) / n - np.arange(1, cells + 1) / cells).max()
    assert distance < 1.63 / np.sqrt(n), "Kolmogorov–Smirnov, 1 %"
    sigma = np.sqrt(variance)
    assert abs(x.mean() - mean) < 4 * sigma / np.sqrt(n)
    assert abs(x.var() / variance - 1) < 4 * np.sqrt((kurtosis - 1) / n) + 1e-4
    assert abs(((x - mean) ** 3).mean()) < 4 * sigma**3 * np.sqrt(15 / n), "symmetric"
    centred = x - mean
    for pair in (centred[:-1] * centred[1:], centred[:, :-1] * centred[:, 1:], centred[:-2] * centred[2:]):
        assert abs(pair.mean()) < 4 * variance / np.sqrt(pair.size), "neighbours know nothing of each other"
    if name == "truncated_normal":
        assert np.abs(x).max() <= 2


@pytest.mark.parametrize(("name", "params"), cases(FILLS))
@pytest.mark.parametrize(("n", "k"), LAYOUTS)
def test_same_bits_in_every_layout(name, params, n, k, dtype):
    def run(block, at, **layout):
        return _core.fill(name, block.copy(), checked(name, params), at, **layout)

    lanes = assert_layout_does_not_matter(np.zeros((n, k), dtype), run)
    assert np.isnan(lanes).all(), "wrote past the last column"


# ---- in sequence


@pytest.mark.parametrize("n", [0, 1, 2, 3, 10, 255, 256, 257, 1000])
def test_permutation_equals_twin(n):
    assert _core.random_permutation(n, AT).tolist() == reference.permutation(n, AT)


def test_permutation_holds_each_once_and_depends_on_the_step():
    a, b = (_core.random_permutation(60_000, (1, 2, step, 0, 0)) for step in (0, 1))
    np.testing.assert_array_equal(np.sort(a), np.arange(60_000))
    assert (a == b).sum() < 20


def test_permutations_are_equally_likely():
    counts = np.zeros((4, 4, 4, 4))
    for step in range(24 * 400):
        counts[tuple(_core.random_permutation(4, (9, 0, step, 0, 0)))] += 1
    assert (counts > 0).sum() == 24
    assert_likely(counts[counts > 0])


@pytest.mark.parametrize("below", [1, 2, 3, 10, 60_000, 2**32 + 1, 2**62 + 1, 2**63 - 1])
def test_integers_equal_twin(below):  # of 2^62 + 1, a quarter of all numbers is surplus and drawn again
    drawn = _core.random_integers(700, below, AT)
    assert drawn.tolist() == reference.integers(700, below, AT)
    assert drawn.min() >= 0
    assert drawn.max() < below


def test_integers_are_equally_likely():
    drawn = _core.random_integers(1_000_000, 100, (6, 0, 0, 0, 0))
    assert_likely(np.bincount(drawn, minlength=100))


# ---- the door


@pytest.mark.parametrize(
    ("at", "error"),
    [
        ((1, 2, 3), ValueError),
        ([1, 2, 3, 4, 5], ValueError),
        ((-1, 0, 0, 0, 0), ValueError),
        ((2**64, 0, 0, 0, 0), ValueError),
        ((0, 2**32, 0, 0, 0), ValueError),
        ((0, 0, 2**56, 0, 0), ValueError),
        ((0, 0, 0, -4, 0), ValueError),
        ((0.5, 0, 0, 0, 0), TypeError),
    ],
)
def test_bad_places_are_named(at, error):
    with pytest.raises(error, match="at: expected"):
        _core.random_words(2, 2, at)


def test_bad_arguments_are_named(dtype):
    x = np.zeros((4, 5), dtype)
    with pytest.raises(ValueError, match="fill: expected one of uniform"):
        _core.fill("gaussian", x, (0.0, 1.0), AT)
    with pytest.raises(ValueError, match="writable C-contiguous"):
        _core.fill("normal", x[:, ::2], (0.0, 1.0), AT)
    with pytest.raises(TypeError, match="expected a NumPy array"):
        _core.fill("normal", [0.0], (0.0, 1.0), AT)
    with pytest.raises(TypeError, match="expected float32 or float64"):
        _core.fill("normal", np.zeros(3, int), (0.0, 1.0), AT)
    with pytest.raises(ValueError, match="below: expected 1 or more"):
        _core.random_integers(3, 0, AT)


def bit_cases(dtype):
    """What test_bits.py runs at every level and thread count."""
    yield "words", lambda: (_core.random_words(37, 45, AT),)
    yield "permutation", lambda: (_core.random_permutation(777, AT),)
    for name in FILLS:
        for shape in [(75, 141), (3, 5000)]:
            yield (
                f"{name} {shape}",
                lambda name=name, shape=shape: (_core.fill(name, np.empty(shape, dtype), PARAMS[name][-1], AT),),
            )
