"""Datasets against what lists do."""

from __future__ import annotations

from collections import namedtuple
from itertools import islice

import numpy as np
import pytest
from fastmlp.data import AUTOTUNE, INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, Dataset, TensorSpec
from hypothesis import given, settings
from hypothesis import strategies as st


def numbers(dataset):
    return [np.asarray(element).tolist() for element in dataset]


# ---- sources


def test_slices_of_an_array_a_tuple_a_dict_and_what_nests():
    x, y, w = np.arange(6.0).reshape(3, 2), np.array([5, 6, 7]), np.ones(3, np.float32)
    assert numbers(Dataset.from_tensor_slices(x)) == x.tolist()
    a, b = list(Dataset.from_tensor_slices((x, y)))[1]
    assert a.tolist() == [2, 3]
    assert b == 6
    last = list(Dataset.from_tensor_slices(({"in": x, "w": w}, y)))[2]
    assert last[0]["in"].tolist() == [4, 5]
    assert last[0]["w"].dtype == np.float32
    assert last[1].dtype == y.dtype
    pair = namedtuple("pair", "x y")
    assert next(iter(Dataset.from_tensor_slices(pair(x, y)).batch(2))).y.tolist() == [5, 6]


def test_python_s_numbers_are_narrow_and_numpy_s_keep_their_types():
    def kind(tensors):
        return next(iter(Dataset.from_tensor_slices(tensors))).dtype

    assert kind([1.0, 2.0]) == np.float32
    assert kind([[1], [2]]) == np.int32
    assert kind([2**40]) == np.int64
    assert kind(np.array([1.0])) == np.float64
    assert kind([np.float64(1)]) == np.float64
    assert kind([True]) == np.bool_
    assert kind(["a", "bc"]).kind == "U"


@pytest.mark.parametrize("tensors", [np.float32(1), (np.zeros(3), np.zeros(2)), (), (np.zeros(3), 1.0)])
def test_slices_need_arrays_of_one_length(tensors):
    with pytest.raises(ValueError, match="one length"):
        Dataset.from_tensor_slices(tensors)


def test_slices_refuse_objects():
    with pytest.raises(TypeError, match="expected numbers"):
        Dataset.from_tensor_slices([{1}, {2}])


def test_elements_cannot_change_the_user_s_array():
    x = np.arange(4.0)
    dataset = Dataset.from_tensor_slices(x.reshape(2, 2))
    with pytest.raises(ValueError, match="read-only"):
        next(iter(dataset))[0] = 9
    batch = next(iter(dataset.batch(2)))
    batch[:] = 9
    assert x.tolist() == [0, 1, 2, 3]
    assert x.flags.writeable


def test_range():
    assert numbers(Dataset.range(5)) == [0, 1, 2, 3, 4]
    assert numbers(Dataset.range(1, 10, 4)) == [1, 5, 9]
    assert numbers(Dataset.range(5, 0, -2)) == [5, 3, 1]
    assert next(iter(Dataset.range(1))).dtype == np.int64
    assert next(iter(Dataset.range(1, output_type=np.float32))).dtype == np.float32
    with pytest.raises(TypeError, match="range: expected 1 to 3"):
        Dataset.range()


def test_a_generator_is_called_for_every_iteration_and_only_then():
    calls = []

    def squares(stop):
        calls.append(stop)
        for n in range(stop):
            yield n, [n * n, 1.0]

    dataset = Dataset.from_generator(squares, args=(3,))
    assert not calls
    assert [(int(n), v.tolist()) for n, v in dataset] == [(0, [0, 1]), (1, [1, 1]), (2, [4, 1])]
    assert len(list(dataset)) == 3
    assert calls == [3, 3]
    assert next(iter(dataset))[1].dtype == np.float32
    with pytest.raises(TypeError, match="give the function"):
        Dataset.from_generator(squares(3))


def test_a_generator_s_signature_gives_types_and_checks_shapes():
    signature = (TensorSpec((None,), np.float64), TensorSpec((), np.int8))
    dataset = Dataset.from_generator(lambda: iter([([1, 2], 3), ((4,), 5)]), output_signature=signature)
    elements = list(dataset)
    assert elements[0][0].dtype == np.float64
    assert elements[1][0].tolist() == [4]
    assert elements[1][1].dtype == np.int8
    assert dataset.element_spec == signature
    old = Dataset.from_generator(lambda: iter([1, 2]), np.float64, ())
    assert old.element_spec == TensorSpec((), np.float64)
    assert next(iter(old)).dtype == np.float64
    wrong = Dataset.from_generator(lambda: iter([[1, 2, 3]]), output_signature=TensorSpec((2,)))
    with pytest.raises(ValueError, match=r"shape \(2,\), got \(3,\)"):
        list(wrong)


# ---- order and elements, against lists

COUNT = st.integers(0, 7)
STEPS = st.one_of(
    st.tuples(st.just("take"), COUNT),
    st.tuples(st.just("skip"), COUNT),
    st.tuples(st.just("repeat"), st.integers(0, 3)),
    st.tuples(st.just("shard"), st.integers(1, 4)),
    st.tuples(st.just("map"), COUNT),
    st.tuples(st.just("filter"), COUNT),
    st.tuples(st.just("cache"), COUNT),
    st.tuples(st.just("prefetch"), st.integers(0, 3)),
    st.tuples(st.just("concatenate"), COUNT),
    st.tuples(st.just("rebatch"), st.integers(1, 4)),
)
ON_DATASETS = {
    "take": lambda d, k: d.take(k),
    "skip": lambda d, k: d.skip(k),
    "repeat": lambda d, k: d.repeat(k),
    "shard": lambda d, k: d.shard(k, k - 1),
    "map": lambda d, k: d.map(lambda n: n + np.int64(k)),
    "filter": lambda d, k: d.filter(lambda n: n % 3 != k),
    "cache": lambda d, k: d.cache(),
    "prefetch": lambda d, k: d.prefetch(k),
    "concatenate": lambda d, k: d.concatenate(Dataset.range(k)),
    "rebatch": lambda d, k: d.batch(k, drop_remainder=True).unbatch(),
}
ON_LISTS = {
    "take": lambda v, k: v[:k],
    "skip": lambda v, k: v[k:],
    "repeat": lambda v, k: v * k,
    "shard": lambda v, k: v[k - 1 :: k],
    "map": lambda v, k: [n + k for n in v],
    "filter": lambda v, k: [n for n in v if n % 3 != k],
    "cache": lambda v, k: v,
    "prefetch": lambda v, k: v,
    "concatenate": lambda v, k: v + list(range(k)),
    "rebatch": lambda v, k: v[: len(v) // k * k],
}


@given(st.booleans(), st.integers(0, 12), st.lists(STEPS, max_size=5))
@settings(max_examples=150, deadline=None)
def test_any_chain_does_what_lists_do(rows, n, steps):
    dataset, expected = Dataset.range(n), list(range(n))
    if rows:
        dataset = Dataset.from_tensor_slices(np.arange(n))
    for name, k in steps:
        dataset, expected = ON_DATASETS[name](dataset, k), ON_LISTS[name](expected, k)
    assert numbers(dataset) == expected
    assert numbers(dataset) == expected
    assert dataset.cardinality() in (len(expected), UNKNOWN_CARDINALITY)
    if not {name for name, _ in steps} & {"filter", "rebatch"}:
        assert len(dataset) == len(expected)


def test_batch_keeps_the_last_short_one_or_drops_it():
    x = np.arange(14).reshape(7, 2)
    for source in (Dataset.from_tensor_slices(x), Dataset.from_tensor_slices(x).map(lambda row: row)):
        assert [b.shape for b in source.batch(3)] == [(3, 2), (3, 2), (1, 2)]
        assert [b.shape for b in source.batch(3, drop_remainder=True)] == [(3, 2), (3, 2)]
        assert np.concatenate(list(source.batch(3))).tolist() == x.tolist()
        assert next(iter(source.batch(2).batch(3))).shape == (3, 2, 2)
    with pytest.raises(ValueError, match="batch_size"):
        source.batch(0)


def test_batch_tells_of_shapes_and_forms_that_differ():
    ragged = Dataset.from_generator(lambda: iter([[1, 2], [1]])).batch(2)
    with pytest.raises(ValueError, match="elements of one shape"):
        list(ragged)
    mixed = Dataset.from_generator(lambda: iter([1, (1, 2)])).batch(2)
    with pytest.raises(TypeError, match="elements of one form"):
        list(mixed)


def test_map_and_filter_unpack_tuples_but_not_dicts():
    pairs = Dataset.from_tensor_slices((np.arange(4), np.arange(4) * 10))
    assert numbers(pairs.map(lambda x, y: x + y)) == [0, 11, 22, 33]
    assert [(int(x), int(y)) for x, y in pairs.filter(lambda x, y: y > 10)] == [(2, 20), (3, 30)]
    named = Dataset.from_tensor_slices({"x": np.arange(3)})
    assert numbers(named.map(lambda element: element["x"] * 2, num_parallel_calls=AUTOTUNE)) == [0, 2, 4]
    assert next(iter(named.map(lambda element: [1.0, 2.0]))).dtype == np.float32
    assert next(iter(named.map(lambda element: (1, 2.0))))[1].dtype == np.float32
    with pytest.raises(TypeError, match="map: expected a function"):
        pairs.map(3)


def test_zip_enumerate_and_unbatch():
    a, b = Dataset.range(3), Dataset.from_tensor_slices(np.arange(10.0))
    assert [(int(x), float(y)) for x, y in Dataset.zip(a, b)] == [(0, 0), (1, 1), (2, 2)]
    assert [(int(x), float(y)) for x, y in Dataset.zip((b, a))] == [(0, 0), (1, 1), (2, 2)]
    assert [e["b"].item() for e in Dataset.zip({"a": a, "b": b})] == [0, 1, 2]
    nested = next(iter(Dataset.zip((a, Dataset.zip(b, a)))))
    assert [float(nested[1][0]), int(nested[1][1])] == [0, 0]
    with pytest.raises(TypeError, match="expected datasets"):
        Dataset.zip(a, [1, 2])
    assert [(int(i), int(n)) for i, n in a.skip(1).enumerate(start=5)] == [(5, 1), (6, 2)]
    x, y = np.arange(6).reshape(3, 2), np.arange(3)
    back = list(Dataset.from_tensor_slices((x, y)).batch(2).unbatch())
    assert [(r.tolist(), int(v)) for r, v in back] == [([0, 1], 0), ([2, 3], 1), ([4, 5], 2)]


def test_minus_one_takes_all_skips_all_repeats_for_ever():
    three = Dataset.range(3)
    assert numbers(three.take(-1)) == [0, 1, 2]
    assert numbers(three.skip(-1)) == []
    assert numbers(three.repeat(-1).take(7)) == numbers(three.repeat().take(7)) == [0, 1, 2, 0, 1, 2, 0]
    assert numbers(Dataset.range(0).repeat()) == []
    assert numbers(Dataset.range(2).filter(lambda n: n > 5).repeat()) == []
    assert numbers(three.repeat().skip(-1)) == []
    with pytest.raises(ValueError, match="take: count"):
        three.take(-2)
    with pytest.raises(ValueError, match="below num_shards=2"):
        three.shard(2, 2)


def test_cardinality():
    three, endless = Dataset.range(3), Dataset.range(3).repeat()
    unknown = three.filter(lambda n: n > 0)
    assert endless.cardinality() == INFINITE_CARDINALITY == -1
    assert unknown.cardinality() == UNKNOWN_CARDINALITY == -2
    assert endless.take(5).cardinality() == 5
    assert endless.take(-1).cardinality() == endless.skip(3).cardinality() == endless.batch(2).cardinality() == -1
    assert unknown.take(5).cardinality() == unknown.repeat(2).cardinality() == unknown.shard(2, 0).cardinality() == -2
    assert Dataset.zip(endless, three).cardinality() == 3
    assert Dataset.zip(endless, endless).cardinality() == -1
    assert Dataset.zip(unknown, three).cardinality() == -2
    assert three.concatenate(endless).cardinality() == unknown.concatenate(endless).cardinality() == -1
    assert three.concatenate(unknown).cardinality() == -2
    assert (
        three.repeat(0).cardinality() == endless.repeat(0).cardinality() == Dataset.range(0).repeat().cardinality() == 0
    )
    assert [len(Dataset.range(7).batch(k)) for k in (2, 7, 9)] == [4, 1, 1]
    assert [len(Dataset.range(7).batch(k, drop_remainder=True)) for k in (2, 7, 9)] == [3, 1, 0]
    for dataset, what in ((endless, "infinite"), (unknown, "unknown")):
        with pytest.raises(TypeError, match=what):
            len(dataset)
        assert dataset
    assert Dataset.range(0)
    assert numbers(unknown) == [1, 2]  # list() asks for a length and goes on without


def test_cache_keeps_the_first_complete_pass():
    made = []

    def note(n):
        made.append(int(n))
        return n

    dataset = Dataset.range(4).map(note).shuffle(4, seed=1).cache()
    assert next(iter(dataset)) is not None  # given up half-way: nothing is kept
    made.clear()
    first = numbers(dataset)
    assert made == [0, 1, 2, 3]
    assert numbers(dataset) == numbers(dataset) == first
    assert made == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="no filename"):
        Dataset.range(3).cache("file")


def test_iteration_is_lazy():
    made = []
    dataset = Dataset.range(10**12).map(lambda n: made.append(int(n)) or n).batch(2)
    assert numbers(islice(iter(dataset), 2)) == [[0, 1], [2, 3]]
    assert made == [0, 1, 2, 3]


def test_element_spec_and_repr():
    x, y = np.zeros((5, 3), np.float32), np.zeros(5, np.uint8)
    dataset = Dataset.from_tensor_slices((x, y))
    assert dataset.element_spec == (TensorSpec((3,), "float32"), TensorSpec((), "uint8"))
    batches = dataset.shuffle(2, seed=1).batch(2)
    assert batches.element_spec == (TensorSpec((None, 3), "float32"), TensorSpec((None,), "uint8"))
    assert dataset.batch(2, drop_remainder=True).element_spec[0].shape == (2, 3)
    assert batches.unbatch().element_spec == dataset.element_spec
    assert dataset.enumerate().element_spec == (TensorSpec((), "int64"), dataset.element_spec)
    assert Dataset.zip(dataset, Dataset.range(3)).element_spec == (dataset.element_spec, TensorSpec((), "int64"))
    assert dataset.map(lambda a, b: a).element_spec is None
    text = repr(batches)
    assert "from_tensor_slices.shuffle(2).batch(2): cardinality 3" in text
    assert "TensorSpec(shape=(None, 3), dtype=float32)" in text
    short, long = Dataset.from_tensor_slices(np.zeros((1, 2))), Dataset.from_tensor_slices(np.zeros((1, 4)))
    assert short.concatenate(long).element_spec == TensorSpec((None,), "float64")
    with pytest.raises(TypeError, match="elements of one type"):
        short.concatenate(Dataset.range(2))
    with pytest.raises(TypeError, match="elements of one form"):
        short.concatenate(dataset)


def test_as_numpy_iterator():
    iterator = Dataset.range(2).as_numpy_iterator()
    assert next(iterator) == 0
    assert next(iterator) == 1
    with pytest.raises(StopIteration):
        next(iterator)
