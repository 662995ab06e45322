"""Keras's helpers: one-hot labels, unit vectors, tuples of data, batches by number."""

from __future__ import annotations

import re
from itertools import islice

import numpy as np
import pytest
from fastmlp import random, utils


@pytest.mark.parametrize(
    ("labels", "shape"),
    [([1, 0, 3], (3, 4)), ([[1], [0], [3]], (3, 4)), ([[1, 0], [3, 2]], (2, 2, 4)), (3, (4,)), ([3.0], (1, 4))],
)
def test_to_categorical(labels, shape):
    result = utils.to_categorical(labels)
    assert result.shape == shape
    assert result.dtype == np.float64
    assert result.sum() == np.size(labels)
    assert result.argmax(axis=-1).ravel().tolist() == np.ravel(labels).tolist()
    assert utils.to_categorical(labels, 9).shape == (*shape[:-1], 9)


def test_to_categorical_takes_no_label_that_has_no_column():
    with pytest.raises(ValueError, match="labels from 0 to 2, got 3"):
        utils.to_categorical([0, 3], num_classes=3)
    with pytest.raises(ValueError, match="labels from 0 to 1, got -1"):  # NumPy would count from the end
        utils.to_categorical([1, -1])
    with pytest.raises(TypeError, match="whole numbers"):
        utils.to_categorical([0.5])
    with pytest.raises(TypeError, match="whole numbers"):
        utils.to_categorical(["cat"])
    with pytest.raises(ValueError, match="got none"):
        utils.to_categorical([])
    assert utils.to_categorical([], 3).shape == (0, 3)


def test_to_categorical_does_what_keras_does():
    keras = pytest.importorskip("keras")
    for labels in ([1, 0, 3], [[1], [2]], [[1, 2], [0, 0]]):
        ours, theirs = utils.to_categorical(labels, 5), keras.utils.to_categorical(labels, 5)
        assert ours.dtype == theirs.dtype
        assert (ours == theirs).all()


@pytest.mark.parametrize("axis", [-1, 0, 1])
@pytest.mark.parametrize("order", [1, 2, np.inf])
def test_normalize_makes_unit_vectors(rng, axis, order):
    x = rng.normal(size=(4, 4, 3))
    x[:, :, 1] = x[1] = 0
    result = utils.normalize(x, axis, order)
    norms = {1: np.abs(result).sum(axis), 2: np.sqrt((result**2).sum(axis)), np.inf: np.abs(result).max(axis)}[order]
    assert np.isclose(norms, 1).sum() + (norms == 0).sum() == norms.size
    assert (np.sign(result) == np.sign(x)).all()
    assert utils.normalize(x.astype(np.float32)).dtype == np.float32
    assert utils.normalize([[3, 4]]).tolist() == [[0.6, 0.8]]


def test_tuples_are_packed_and_unpacked():
    x, y, w = "x", "y", "w"
    assert utils.pack_x_y_sample_weight(x) == x
    assert utils.pack_x_y_sample_weight([x, x]) == ([x, x],)
    assert utils.pack_x_y_sample_weight(x, y) == (x, y)
    assert utils.pack_x_y_sample_weight(x, y, w) == (x, y, w)
    for data in (x, (x,), [x]):
        assert utils.unpack_x_y_sample_weight(data) == (x, None, None)
    assert utils.unpack_x_y_sample_weight((x, y)) == utils.unpack_x_y_sample_weight([x, y]) == (x, y, None)
    assert utils.unpack_x_y_sample_weight((x, y, w)) == (x, y, w)
    assert utils.unpack_x_y_sample_weight(utils.pack_x_y_sample_weight([x, x])) == ([x, x], None, None)
    for data in ((), (1, 2, 3, 4)):
        with pytest.raises(ValueError, match="one to three parts"):
            utils.unpack_x_y_sample_weight(data)


def test_pydataset():
    class Threes(utils.Sequence):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            return index * 10

    data = Threes(workers=4, max_queue_size=2)
    assert list(data) == list(data) == [0, 10, 20]
    assert data.num_batches == 3
    assert (data.workers, data.use_multiprocessing, data.max_queue_size) == (4, False, 2)
    assert data.on_epoch_begin() is data.on_epoch_end() is None
    assert utils.Sequence is utils.PyDataset


def test_pydataset_without_end_or_without_methods():
    class Endless(utils.PyDataset):
        num_batches = None

        def __init__(self):  # super().__init__ forgotten, as happens
            pass

        def __getitem__(self, index):
            return index

    assert list(islice(Endless(), 4)) == [0, 1, 2, 3]
    assert Endless().workers == 1
    with pytest.raises(NotImplementedError, match="__len__ or num_batches"):
        iter(utils.PyDataset())
    with pytest.raises(NotImplementedError, match=r"__getitem__\(index\)"):
        utils.PyDataset()[0]


def test_names_that_live_elsewhere():
    assert utils.set_random_seed is random.set_random_seed

    @utils.register_keras_serializable(package="mine")
    def triple(x):
        return 3 * x

    from fastmlp._objects import find_registered

    assert find_registered("mine>triple") is triple


BARS = [
    ({"target": 12}, [(12, [("loss", 0.5), ("acc", 0.25)])]),
    ({"target": 12, "verbose": 2}, [(4, [("loss", 4.0)]), (12, None)]),
    ({"target": 6, "width": 9, "unit_name": "page", "verbose": 2, "interval": 9},
     [(2, [("loss", 4.0), ("rate", 1.0)]), (5, [("loss", 1.0), ("rate", 2.0)]), (6, [("more", 7.0)])]),
    ({"target": 6, "stateful_metrics": ["rate"], "width": 9},
     [(6, [("loss", 1e-5), ("rate", np.float32(2.0))])]),
    ({"target": 6, "stateful_metrics": ["rate"], "verbose": 2},
     [(2, [("loss", 4.0), ("rate", 1.0)]), (5, [("loss", 1.0), ("rate", 2.0)]), (6, None)]),
    ({"target": 3, "verbose": 0}, [(3, None)]),
]  # fmt: skip


def shown(bar, updates, capsys):
    """What is printed, without times."""
    for current, values in updates:
        bar.update(current, values)
    text = re.sub(r"\x1b\[\d+m|[\b\r]", "", capsys.readouterr().out)
    return re.sub(r"\d+s( -)? \d+.?s/", "T", text).strip()


@pytest.mark.parametrize(
    ("given", "updates", "text"),
    [(*bar, text) for bar, text in zip(BARS, [
        f"12/12 {'━' * 20} Tstep - loss: 0.5000 - acc: 0.2500",
        "12/12 - Tstep - loss: 4.0000",
        "6/6 - Tpage - loss: 2.2000 - rate: 1.6000 - more: 7.0000",
        f"6/6 {'━' * 9} Tstep - loss: 1.0000e-05 - rate: 2.0000",
        "6/6 - Tstep - loss: 2.2000 - rate: 2.0000",
        "",
    ], strict=True)],
)  # fmt: skip
def test_a_bar_for_loops_of_ones_own(given, updates, text, capsys):
    assert shown(utils.Progbar(**given), updates, capsys) == text


@pytest.mark.parametrize(("given", "updates"), BARS)
def test_the_bar_agrees_with_keras(given, updates, capsys):
    keras = pytest.importorskip("keras")
    theirs = shown(keras.utils.Progbar(**given), updates, capsys)
    assert shown(utils.Progbar(**given), updates, capsys) == theirs


def test_a_bar_counts_on_to_an_end_that_nobody_knew(capsys):
    bar = utils.Progbar(None)
    for value in (1.0, 2.0, 6.0):
        bar.add(1, [("loss", value)])
    assert capsys.readouterr().out == "", "in a file there is one line"
    bar.update(3, finalize=True)
    assert capsys.readouterr().out.endswith("/step - loss: 3.0000\n")
