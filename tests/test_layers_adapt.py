"""Normalization: moments of arrays, of batches, of any axes; and what it makes of them."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import layers
from lowered import output


class Sequence:
    """Batches by number, as Keras's PyDataset has them: no end is announced."""

    def __init__(self, *batches):
        self.batches = batches

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, i):
        return self.batches[i % len(self.batches)]


def close(got, want):
    np.testing.assert_allclose(got, want, rtol=1e-6, atol=1e-9)


def test_of_each_feature(rng):
    x = rng.normal(3, 2, size=(100, 4))
    layer = layers.Normalization(dtype="float64")
    layer.adapt(x)
    close(layer.mean, x.mean(axis=0, keepdims=True))
    close(layer.variance, x.var(axis=0, keepdims=True))
    close(output(layer, x), (x - x.mean(axis=0)) / x.std(axis=0))
    test = rng.normal(size=(7, 4))
    close(output(layer, test), (test - x.mean(axis=0)) / x.std(axis=0))


@pytest.mark.parametrize(
    ("axis", "across", "shape"),
    [(-1, (0, 1), (1, 1, 5)), (1, (0, 2), (1, 4, 1)), ((1, 2), (0,), (1, 4, 5)), (None, (0, 1, 2), (1, 1, 1)),
     ([-1], (0, 1), (1, 1, 5))],
)  # fmt: skip
@pytest.mark.parametrize("batches", [False, True])
def test_of_any_axes(axis, across, shape, batches, rng):
    x = rng.normal(3, 2, size=(60, 4, 5)) * np.arange(1, 6)
    layer = layers.Normalization(axis=axis, dtype="float64")
    layer.adapt([x[:7], x[7:20], x[20:]] if batches else x)
    assert layer.mean.shape == layer.variance.shape == shape
    close(layer.mean, x.mean(axis=across, keepdims=True))
    close(layer.variance, x.var(axis=across, keepdims=True))
    close(output(layer, x), (x - x.mean(axis=across, keepdims=True)) / x.std(axis=across, keepdims=True))


@pytest.mark.parametrize(
    "wrap",
    [
        lambda a, b: [a, b],
        lambda a, b: (batch for batch in (a, b)),
        lambda a, b: [(a, np.zeros(len(a))), (b, np.zeros(len(b)))],
        lambda a, b: Sequence((a, 1), (b, 2)),
        lambda a, b: np.concatenate([a, b]),
    ],
)
def test_of_batches(wrap, rng):
    a, b = rng.integers(0, 255, size=(10, 3), dtype=np.uint8), rng.integers(0, 100, size=(3, 3), dtype=np.uint8)
    layer = layers.Normalization(dtype="float64")
    layer.adapt(wrap(a, b))
    both = np.concatenate([a, b]).astype(float)
    close(layer.mean[0], both.mean(axis=0))
    close(layer.variance[0], both.var(axis=0))


def test_of_numbers_far_from_zero():
    """The variance is not the difference of two large squares."""
    x = 1e8 + np.array([[0.0], [1.0], [2.0], [3.0]])
    layer = layers.Normalization(dtype="float64")
    layer.adapt([x[:1], x[1:]])
    close(layer.variance, [[1.25]])


def test_a_column_of_plain_numbers_is_one_feature():
    layer = layers.Normalization(axis=None)
    layer.adapt(np.array([1.0, 2, 3, 4, 5]))
    assert layer.input_shape == (None, 1)
    close(output(layer, np.array([[1.0], [5.0]])), [[-np.sqrt(2)], [np.sqrt(2)]])
    with pytest.raises(ValueError, match=r"reshape it to \(rows, features\)"):
        layers.Normalization().adapt(np.arange(5.0))


def test_adapting_again_forgets():
    layer = layers.Normalization()
    layer.adapt(np.array([[0.0], [10.0]]))
    layer.adapt(np.array([[1.0], [3.0]]))
    assert layer.get_weights()[0].tolist() == [2]
    assert layer.get_weights()[1].tolist() == [1]
    with pytest.raises(ValueError, match=r"expected rows of shape \(1,\)"):
        layer.adapt(np.zeros((3, 2)))


def test_what_was_called_before_knows_what_is_adapted_after():
    layer, x = layers.Normalization(), np.array([[1.0], [5.0]], "float32")
    np.testing.assert_array_equal(layer(x), x)
    layer.adapt(x)
    np.testing.assert_array_equal(layer(x), [[-1], [1]])
    layer.set_weights([[0], [4], 0])
    np.testing.assert_array_equal(layer(x), [[0.5], [2.5]])


def test_before_adapting_it_does_nothing(rng):
    x = rng.normal(size=(4, 3))
    close(output(layers.Normalization(), x), x)


def test_a_constant_feature_is_divided_by_very_little():
    layer = layers.Normalization(dtype="float64")
    layer.adapt(np.full((4, 2), 7.0))
    close(output(layer, np.array([[7.0, 8.0]])), [[0, 1e7]])


def test_given_moments_and_their_inverse(rng):
    x = rng.normal(size=(4, 3))
    mean, variance = np.array([1.0, 2, 3]), np.array([4.0, 9, 16])
    there = layers.Normalization(mean=mean, variance=variance)
    back = layers.Normalization(mean=mean, variance=variance, invert=True)
    close(output(there, x), (x - mean) / np.sqrt(variance))
    close(output(back, output(there, x)), x)
    close(output(layers.Normalization(axis=None, mean=5, variance=4), x), (x - 5) / 2)
    assert there.mean.tolist() == [mean.tolist()]
    assert there.get_config()["mean"] == mean.tolist()
    again = layers.Normalization(mean=there.mean, variance=there.variance)
    close(output(again, x), output(there, x))
    rows = layers.Normalization(axis=(1, 2), mean=[1.0, 2], variance=[1.0, 4])  # aligned on the right
    pictures = rng.normal(size=(3, 5, 2))
    close(output(rows, pictures), (pictures - [1, 2]) / [1, 2])


def test_adapted_numbers_travel_as_weights(rng):
    layer, twin = layers.Normalization(), layers.Normalization()
    layer.adapt(rng.normal(5, 3, size=(50, 2)))
    twin.build((None, 2))
    twin.set_weights(layer.get_weights())
    x = rng.normal(size=(4, 2))
    np.testing.assert_array_equal(output(twin, x), output(layer, x))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mean": 1}, "mean and variance of the same shape, or neither"),
        ({"variance": [1, 2]}, "mean and variance of the same shape, or neither"),
        ({"mean": [1, 2], "variance": 1}, "mean and variance of the same shape"),
        ({"mean": 1, "variance": -1}, "variance of at least 0"),
        ({"mean": [1, 2, 3], "variance": [1, 1, 1]}, r"mean and variance of shape \(2,\)"),
        ({"mean": [[1], [2]], "variance": [[1], [1]]}, r"mean and variance of shape \(2,\)"),
        ({"axis": 0}, "0 is that of the rows"),
        ({"axis": 2}, "expected axis -1, or others from 1 to 1"),
        ({"axis": (1, -1)}, "expected axis -1"),
    ],
)
def test_settings_that_fit_nothing(settings, message):
    with pytest.raises(ValueError, match=message):
        layers.Normalization(**settings).build((None, 2))


def test_data_that_fits_nothing():
    layer = layers.Normalization()
    with pytest.raises(ValueError, match="at least one row, got none"):
        layer.adapt([])
    for none in (np.zeros((0, 2)), iter([np.zeros((0, 2))])):
        with pytest.raises(ValueError, match="at least one row, got none"):
            layer.adapt(none)
    layer.adapt([np.zeros((0, 2)), np.array([[1.0, 2.0], [3.0, 6.0]]), np.zeros((0, 2))])
    np.testing.assert_array_equal((layer.mean, layer.variance), [[[2, 4]], [[1, 4]]])
    with pytest.raises(TypeError, match="make it a NumPy array"):
        layer.adapt([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(TypeError, match="make it a NumPy array"):
        layer.adapt(5)
    with pytest.raises(TypeError, match="make it a NumPy array"):
        layer.adapt("data")
    with pytest.raises(RuntimeError, match="mean and variance were given"):
        layers.Normalization(mean=0, variance=1).adapt(np.zeros((2, 2)))


@pytest.mark.parametrize("axis", [-1, None, (1, 2), 1])
def test_moments_are_those_of_keras(axis, rng):
    keras = pytest.importorskip("keras")
    x = rng.normal(3, 2, size=(60, 4, 5)).astype("float32")
    theirs, ours = keras.layers.Normalization(axis=axis), layers.Normalization(axis=axis)
    theirs.adapt(x)
    ours.adapt(x)
    assert [v.shape for v in ours.weights] == [v.shape for v in theirs.weights]
    for mine, its in zip(ours.get_weights(), theirs.get_weights()):
        np.testing.assert_allclose(mine, its, rtol=1e-4)
    np.testing.assert_allclose(output(ours, x), np.asarray(theirs(x)), rtol=1e-4, atol=1e-5)
