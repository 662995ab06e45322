"""Layers of several inputs, and those of whole numbers, functions and axes: values, gradients, shapes, errors."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import layers, ops, register_serializable
from fastmlp.autodiff import GradientTape
from fastmlp.models import Model, Sequential, clone_model
from fastmlp.variables import Variable

RNG = np.random.default_rng(3)
A, B, C = (RNG.normal(size=(5, 4)) for _ in range(3))

# what each gives for a list of three, and for two
MERGES = {
    "Add": lambda *xs: sum(xs),
    "Multiply": lambda *xs: np.prod(xs, axis=0),
    "Average": lambda *xs: sum(xs) / len(xs),
    "Maximum": lambda *xs: np.max(xs, axis=0),
    "Minimum": lambda *xs: np.min(xs, axis=0),
    "Concatenate": lambda *xs: np.concatenate(xs, axis=-1),
}


@pytest.mark.parametrize("name", MERGES)
def test_values_of_layers_and_functions(name):
    layer, function = getattr(layers, name)(dtype="float64"), getattr(layers, name.lower())
    for given in ([A], [A, B], [A, B, C]):
        np.testing.assert_allclose(layer(given), MERGES[name](*given), rtol=1e-6)
        np.testing.assert_allclose(function(tuple(given)), MERGES[name](*given), rtol=1e-5, atol=1e-6)


def test_a_difference_is_of_two():
    np.testing.assert_allclose(layers.Subtract(dtype="float64")([A, B]), A - B)
    np.testing.assert_allclose(layers.subtract([A, B]), A - B, rtol=1e-5, atol=1e-6)
    for wrong in ([A], [A, B, C]):
        with pytest.raises(ValueError, match="exactly 2 inputs"):
            layers.Subtract()(wrong)


def gradients(layer, *arrays):
    """Those of Σ w·y, w being 0, 1, 2, …, with respect to each input."""
    given = [Variable(a, dtype="float64") for a in arrays]
    with GradientTape() as tape:
        y = layer([v * 1.0 for v in given])
        loss = ops.sum(y * np.arange(y.numpy().size, dtype="d").reshape(y.shape))
    return [g.numpy() for g in tape.gradient(loss, given)]


def differences(layer, *arrays, step=1e-6):
    def value(given):
        y = layer(given).numpy()
        return float((y * np.arange(y.size).reshape(y.shape)).sum())

    found = []
    for i, array in enumerate(arrays):
        g = np.zeros_like(array)
        for place in np.ndindex(array.shape):
            moved = [[a.copy() for a in arrays] for _ in range(2)]
            moved[0][i][place] += step
            moved[1][i][place] -= step
            g[place] = (value(moved[0]) - value(moved[1])) / (2 * step)
        found.append(g)
    return found


CASES = {
    **{name: (lambda name=name: getattr(layers, name)(dtype="float64"), (A, B, C)) for name in MERGES},
    "Subtract": (lambda: layers.Subtract(dtype="float64"), (A, B)),
    "broadcast": (lambda: layers.Multiply(dtype="float64"), (A[:, None, :], RNG.normal(size=(5, 3, 1)), A)),
    "rows": (lambda: layers.Concatenate(axis=0, dtype="float64"), (A, B[:2])),
    "Dot": (lambda: layers.Dot(axes=1, dtype="float64"), (A, B)),
    "cosine": (lambda: layers.Dot(axes=-1, normalize=True, dtype="float64"), (A, B)),
    "matrices": (
        lambda: layers.Dot(axes=(2, 1), dtype="float64"),
        (RNG.normal(size=(3, 2, 4)), RNG.normal(size=(3, 4, 5))),
    ),
    "mixed": (lambda: layers.Dot(axes=(1, 2), dtype="float64"), (A, RNG.normal(size=(5, 3, 4)))),
}


@pytest.mark.parametrize("name", CASES)
def test_gradients(name):
    make, given = CASES[name]
    for found, want in zip(gradients(make(), *given), differences(make(), *given), strict=True):
        assert np.abs(want).max() > 0
        np.testing.assert_allclose(found, want, rtol=1e-5, atol=1e-6)


def test_products():
    left, right = RNG.normal(size=(3, 2, 4)), RNG.normal(size=(3, 4, 5))
    dot = layers.Dot(axes=(2, 1), dtype="float64")
    np.testing.assert_allclose(dot([left, right]), np.einsum("nik,nkj->nij", left, right))
    both = layers.Dot(axes=(1, 2), dtype="float64")([left, RNG.normal(size=(3, 6, 2))])
    assert both.shape == (3, 4, 6)
    np.testing.assert_allclose(layers.Dot(1, dtype="float64")([A, B]), (A * B).sum(1, keepdims=True))
    cosine = (A * B).sum(1) / np.linalg.norm(A, axis=1) / np.linalg.norm(B, axis=1)
    np.testing.assert_allclose(layers.dot([A, B], axes=1, normalize=True)[:, 0], cosine, rtol=1e-5)
    x = layers.Input(shape=(2, 4)), layers.Input(shape=(4, 5))
    assert layers.Dot(axes=(2, 1))(list(x)).shape == (None, 2, 5)
    assert layers.Dot(axes=(2, 1)).get_config()["axes"] == [2, 1]


def test_shapes_to_come():
    a, b = layers.Input(shape=(4,)), layers.Input(shape=(4,))
    assert layers.Add()([a, b]).shape == (None, 4)
    assert layers.Concatenate()([a, b]).shape == (None, 8)
    assert layers.Concatenate(axis=1)([layers.Input(shape=(2, 3)), layers.Input(shape=(5, 3))]).shape == (None, 7, 3)
    assert layers.Add()([layers.Input(shape=(2, 1)), layers.Input(shape=(3,))]).shape == (None, 2, 3)
    assert layers.Multiply()([layers.Input(shape=(1,)), layers.Input(shape=(3,))]).shape == (None, 3)


@pytest.mark.parametrize(
    ("make", "given", "words"),
    [
        (layers.Add, A, "list of one input or more"),
        (layers.Add, [], "list of one input or more"),
        (layers.Add, [A, B[:, :3]], "shapes that broadcast"),
        (layers.Add, [A, B[:3]], "as many rows"),
        (layers.Multiply, [A[:1], B], "as many rows"),
        (layers.Concatenate, A, "list of one input"),
        (layers.Concatenate, [A[:, :, None], B], "one shape but for axis"),
        (lambda: layers.Concatenate(axis=1), [A[:, :, None], np.ones((5, 4, 2))], "one shape but for axis=1"),
        (lambda: layers.Concatenate(axis=5), [A, B], "an axis of inputs"),
        (lambda: layers.Dot(axes=1), [A], "exactly 2 inputs"),
        (lambda: layers.Dot(axes=1), [A, B[:, :3]], "as many numbers along axes"),
        (lambda: layers.Dot(axes=0), [A, B], "but that of the rows"),
        (lambda: layers.Dot(axes=7), [A, B], "an axis of inputs"),
        (lambda: layers.Dot(axes=(1, 1, 1)), [A, B], "one or two numbers"),
        (lambda: layers.Dot(axes="x"), [A, B], "whole number"),
    ],
)
def test_what_cannot_be_merged(make, given, words):
    with pytest.raises((ValueError, TypeError), match=words):
        make()(given)


def test_errors_come_when_the_model_is_put_together():
    with pytest.raises(ValueError, match="shapes that broadcast"):
        layers.Add()([layers.Input(shape=(3,)), layers.Input(shape=(4,))])


# ---- functions as layers


@register_serializable("tests")
def halved(x, by=2.0):
    """A function that files can name."""
    return x / by


def test_a_function_as_a_layer():
    np.testing.assert_allclose(layers.Lambda(lambda x: ops.square(x))(A), np.float32(A) ** 2, rtol=1e-6)
    np.testing.assert_allclose(layers.Lambda(halved, arguments={"by": 4.0})(A), np.float32(A) / 4)
    merged = layers.Lambda(lambda xs: xs[0] - xs[1])([A, B])
    np.testing.assert_allclose(merged, np.float32(A) - np.float32(B), atol=1e-6)
    mode = layers.Lambda(lambda x, training=False: x * (2.0 if training else 1.0))
    assert mode(A, training=True).numpy().sum() == pytest.approx(2 * mode(A).numpy().sum())
    assert layers.Lambda(lambda x: x[:, :2])(layers.Input(shape=(4,))).shape == (None, 2)
    assert layers.Lambda(lambda x: x, output_shape=(7,)).compute_output_shape((None, 4)) == (None, 7)
    assert layers.Lambda(lambda x: x, output_shape=lambda s: (s[0], 9)).compute_output_shape((None, 4)) == (None, 9)


def test_files_hold_the_name_of_a_function_and_no_code():
    model = Sequential([layers.Input(shape=(4,)), layers.Lambda(halved, arguments={"by": 4.0}), layers.Dense(2)])
    same = clone_model(model)
    same.set_weights(model.get_weights())
    np.testing.assert_array_equal(same.predict(A, verbose=0), model.predict(A, verbose=0))
    assert "tests>halved" in str(model.get_config())
    with pytest.raises(ValueError, match="a file can name"):
        layers.Lambda(lambda x: x).get_config()
    with pytest.raises(TypeError, match="expected a function"):
        layers.Lambda(3)


# ---- axes


def test_axes_in_another_order_and_repeated_rows():
    x = RNG.normal(size=(2, 3, 4, 5)).astype("f")
    np.testing.assert_array_equal(layers.Permute((3, 1, 2))(x), x.transpose(0, 3, 1, 2))
    assert layers.Permute((2, 1))(layers.Input(shape=(10, 64))).shape == (None, 64, 10)
    np.testing.assert_array_equal(layers.RepeatVector(3)(A), np.repeat(np.float32(A)[:, None], 3, axis=1))
    model = Sequential([layers.Input(shape=(4,)), layers.RepeatVector(3), layers.Permute((2, 1)), layers.Flatten()])
    assert model.output_shape == (None, 12)
    np.testing.assert_array_equal(model.predict(A, verbose=0), np.repeat(np.float32(A), 3, axis=1))
    for wrong in ((0, 1), (1, 1), (2,), 3):
        with pytest.raises((ValueError, TypeError), match="Permute"):
            layers.Permute(wrong)
    with pytest.raises(ValueError, match="axes"):
        layers.Permute((2, 1))(A)
    with pytest.raises(ValueError, match="rows of features"):
        layers.RepeatVector(2)(x)


# ---- whole numbers


def test_vectors_for_numbers():
    layer = layers.Embedding(6, 3, embeddings_regularizer="l2")
    numbers = np.array([[0, 5], [5, 5]])
    found = layer(numbers)
    matrix = layer.get_weights()[0]
    np.testing.assert_array_equal(found, matrix[numbers])
    with GradientTape() as tape:
        loss = ops.sum(layer(numbers) * np.float32([[[1], [2]], [[3], [4]]]))
    want = np.zeros((6, 3))
    want[0], want[5] = 1, 9
    np.testing.assert_array_equal(tape.gradient(loss, layer.embeddings), want)
    assert len(layer.losses) == 1
    np.testing.assert_array_equal(layers.Embedding(6, 3, weights=[matrix])(numbers), matrix[numbers])
    assert "weights" not in layers.Embedding(6, 3, weights=matrix).get_config()
    for wrong in ([[6]], [[-1]]):
        with pytest.raises(ValueError, match="from 0 to 5"):
            layer(wrong)
    with pytest.raises(ValueError, match="input_dim"):
        layers.Embedding(0, 3)


def test_words_are_learnt():
    x = RNG.integers(0, 8, (200, 3))
    y = (x == 2).sum(axis=1).astype("f")
    model = Sequential([layers.Input(shape=(3,), dtype="int32"), layers.Embedding(8, 4), layers.Flatten(),
                        layers.Dense(1)])  # fmt: skip
    assert model.output_shape == (None, 1)
    model.compile("adam", "mse")
    history = model.fit(x, y, epochs=60, verbose=0).history["loss"]
    assert history[-1] < 0.3 * history[0]
    assert model.layers[0].output.shape == (None, 3, 4)


def test_marks_for_categories():
    x = np.array([[0, 2, 2], [1, 0, 3]])
    np.testing.assert_array_equal(layers.CategoryEncoding(4)(x), [[1, 0, 1, 0], [1, 1, 0, 1]])
    np.testing.assert_array_equal(layers.CategoryEncoding(4, output_mode="count")(x), [[1, 0, 2, 0], [1, 1, 0, 1]])
    weights = np.array([[1.0, 0.5, 0.25], [2.0, 3.0, 4.0]])
    counted = layers.CategoryEncoding(4, "count")(x, count_weights=weights)
    np.testing.assert_array_equal(counted, [[1, 0, 0.75, 0], [3, 2, 0, 4]])
    eye = np.eye(4)
    np.testing.assert_array_equal(layers.CategoryEncoding(4, "one_hot")(x), eye[x])
    np.testing.assert_array_equal(layers.CategoryEncoding(4, "one_hot")(x[:, :1]), eye[x[:, 0]])
    np.testing.assert_array_equal(layers.CategoryEncoding(4, "multi_hot")([1, 3]), [0, 1, 0, 1])
    model = Model(i := layers.Input(shape=(3,), dtype="int64"), layers.CategoryEncoding(4)(i))
    np.testing.assert_array_equal(model.predict(x, verbose=0), [[1, 0, 1, 0], [1, 1, 0, 1]])
    for wrong, words in (({}, "num_tokens"), ({"num_tokens": 3, "output_mode": "x"}, "output_mode")):
        with pytest.raises(ValueError, match=words):
            layers.CategoryEncoding(**wrong)
    with pytest.raises(ValueError, match="from 0 to 2"):
        layers.CategoryEncoding(3)(x)
    with pytest.raises(ValueError, match="'count' alone"):
        layers.CategoryEncoding(4)(x, count_weights=weights)


def test_bins():
    x = np.array([[-1.5, 1.0, 3.4, 0.5], [0.0, 3.0, 1.3, 0.0]])
    layer = layers.Discretization(bin_boundaries=[0.0, 1.0, 2.0])
    np.testing.assert_array_equal(layer(x), [[0, 2, 3, 1], [1, 3, 2, 1]])
    adapted = layers.Discretization(num_bins=4, epsilon=0.01)
    with pytest.raises(RuntimeError, match="adapt"):
        adapted(x)
    adapted.adapt(x)
    np.testing.assert_array_equal(adapted(x), [[0, 2, 3, 2], [1, 3, 3, 1]])  # as Keras's documentation has it
    again = layers.Discretization.from_config(adapted.get_config())
    np.testing.assert_array_equal(again(x), adapted(x))
    marks = layers.Discretization(bin_boundaries=[0.0, 1.0], output_mode="one_hot")(x[:, :1])
    np.testing.assert_array_equal(marks, [[1, 0, 0], [0, 1, 0]])
    large = layers.Discretization(num_bins=5)
    values = RNG.normal(size=5000)
    large.adapt(values[part : part + 100] for part in range(0, 5000, 100))
    assert np.bincount(large(values).numpy()).tolist() == pytest.approx([1000] * 5, abs=2)
    for wrong in ({}, {"num_bins": 3, "bin_boundaries": [1.0]}, {"bin_boundaries": [2.0, 1.0]}):
        with pytest.raises(ValueError, match="Discretization"):
            layers.Discretization(**wrong)
    with pytest.raises(ValueError, match="num_bins instead"):
        layer.adapt(x)


@pytest.mark.parametrize(
    "layer",
    [
        layers.Dot(axes=1, normalize=True),
        layers.Concatenate(axis=1),
        layers.Permute((2, 1)),
        layers.RepeatVector(3),
        layers.Embedding(5, 2, embeddings_constraint="non_neg"),
        layers.CategoryEncoding(4, "count"),
        layers.Discretization(num_bins=3),
        layers.Lambda(halved, arguments={"by": 3.0}),
        layers.Average(),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_configs(layer):
    config = layer.get_config()
    again = type(layer).from_config(config)
    assert again.get_config() == config
    assert again.name == layer.name or "name" not in config
