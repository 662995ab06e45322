"""Layers that change pictures in training; and normalisation in groups, and by the root of the mean square."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import layers, ops
from fastmlp.autodiff import GradientTape
from fastmlp.models import Sequential, clone_model
from fastmlp.variables import Variable

RNG = np.random.default_rng(2)
PICTURES = RNG.uniform(size=(40, 6, 8, 3)).astype("f")

MAKES = {
    "flip": lambda **s: layers.RandomFlip(**s),
    "rotation": lambda **s: layers.RandomRotation(0.1, **s),
    "translation": lambda **s: layers.RandomTranslation(0.3, (0.0, 0.4), **s),
    "zoom": lambda **s: layers.RandomZoom(0.3, **s),
    "stretch": lambda **s: layers.RandomZoom(0.3, (-0.4, 0.1), **s),
}


@pytest.mark.parametrize("name", MAKES)
def test_pictures_change_in_training_alone(name):
    layer = MAKES[name](seed=4)
    changed = layer(PICTURES).numpy()
    assert changed.shape == PICTURES.shape
    assert (np.abs(changed - PICTURES).max(axis=(1, 2, 3)) > 1e-3).mean() > 0.4
    np.testing.assert_array_equal(layer(PICTURES, training=False), PICTURES)
    assert not np.array_equal(layer(PICTURES), changed)  # drawn anew
    np.testing.assert_array_equal(MAKES[name](seed=4)(PICTURES), changed)  # by the seed
    assert layer(PICTURES[..., 0]).shape == PICTURES.shape[:3]
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    model = Sequential([layers.Input(shape=(6, 8, 3)), again])
    np.testing.assert_array_equal(model.predict(PICTURES, verbose=0), PICTURES)


def test_flips_are_exact():
    changed = layers.RandomFlip("horizontal", seed=1)(PICTURES).numpy()
    mirrored = [np.array_equal(a, b[:, ::-1]) for a, b in zip(changed, PICTURES, strict=True)]
    same = [np.array_equal(a, b) for a, b in zip(changed, PICTURES, strict=True)]
    assert all(a != b for a, b in zip(mirrored, same, strict=True))
    assert 8 < sum(mirrored) < 32
    changed = layers.RandomFlip("vertical", seed=1)(PICTURES).numpy()
    assert all(np.array_equal(a, b) or np.array_equal(a, b[::-1]) for a, b in zip(changed, PICTURES, strict=True))


FILLS = {"constant": {"constant_values": 0.5}, "reflect": {}, "wrap": {}, "nearest": {}}


@pytest.mark.parametrize("fill", FILLS)
def test_what_comes_in_from_outside(fill):
    moved = layers.RandomTranslation((0.5, 0.5), (-0.25, -0.25), fill_mode=fill, fill_value=0.5)(PICTURES).numpy()
    pads = {"constant": "constant", "reflect": "symmetric", "wrap": "wrap", "nearest": "edge"}
    wide = np.pad(PICTURES, ((0, 0), (3, 3), (2, 2), (0, 0)), mode=pads[fill], **FILLS[fill])
    np.testing.assert_allclose(moved, wide[:, :6, 4:], atol=1e-6)  # 3 pixels down, 2 to the left


def test_turns_and_zooms():
    square = RNG.uniform(size=(2, 7, 7)).astype("f")
    quarter = layers.RandomRotation((0.25, 0.25), fill_mode="constant")(square).numpy()
    turned = [np.rot90(square, k, axes=(1, 2)) for k in (1, 3)]
    assert min(np.abs(quarter - one).max() for one in turned) < 1e-5
    near = layers.RandomZoom((-0.5, -0.5))(square).numpy()
    np.testing.assert_allclose(near[:, 3, 3], square[:, 3, 3], atol=1e-6)
    np.testing.assert_allclose(near[:, 3, 5], square[:, 3, 4], atol=1e-6)  # twice as large
    far = layers.RandomZoom((1.0, 1.0), fill_mode="constant")(square).numpy()
    np.testing.assert_allclose(far[:, 3, 4], square[:, 3, 5], atol=1e-6)
    assert far[:, 0].max() == 0


def test_a_model_that_sees_pictures_otherwise_each_time():
    histories = []
    for _ in range(2):
        model = Sequential([layers.Input(shape=(6, 8)), layers.RandomTranslation(0.2, 0.2, seed=3), layers.Flatten(),
                            layers.Dense(1, kernel_initializer="ones")])  # fmt: skip
        model.compile("sgd", "mse")
        histories.append(model.fit(PICTURES[..., 0], np.zeros(40), epochs=2, verbose=0, shuffle=False).history)
    assert histories[0] == histories[1]
    assert "RandomTranslation" in str(clone_model(model).get_config())
    assert model.why_taped


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: layers.RandomFlip("sideways"), "mode"),
        (lambda: layers.RandomRotation(0.1, fill_mode="white"), "fill_mode"),
        (lambda: layers.RandomRotation(0.1, interpolation="nearest"), "bilinear"),
        (lambda: layers.RandomRotation((0.1, 0.2, 0.3)), "one number, or two"),
        (lambda: layers.RandomZoom(-1.0), "above -1"),
        (lambda: layers.RandomFlip(data_format="channels_first"), "data_format"),
        (lambda: layers.RandomFlip()(np.ones((3, 4))), "images"),
    ],
)
def test_what_pictures_cannot_be_made_of(make, words):
    with pytest.raises(ValueError, match=words):
        make()


# ---- normalisation within rows

X = RNG.normal(size=(5, 3, 8))


def test_the_root_of_the_mean_square():
    layer = layers.RMSNormalization(epsilon=0.1, dtype="float64")
    layer.build((None, 3, 8))
    layer.scale.assign(np.arange(8))
    want = np.arange(8) * X / np.sqrt((X**2).mean(-1, keepdims=True) + 0.1)
    np.testing.assert_allclose(layer(X), want)
    both = layers.RMSNormalization(axis=(1, 2), epsilon=0.1, dtype="float64")(X)
    np.testing.assert_allclose(both, X / np.sqrt((X**2).mean((1, 2), keepdims=True) + 0.1))
    with pytest.raises(ValueError, match="axis"):
        layers.RMSNormalization(axis=0)(X)


@pytest.mark.parametrize("groups", [1, 2, 4, -1])
def test_groups_of_features(groups):
    layer = layers.GroupNormalization(groups, dtype="float64")
    layer.build((None, 3, 8))
    gamma, beta = RNG.normal(size=(2, 8))
    layer.set_weights([gamma, beta])
    parts = X.reshape(5, 3, 8 if groups == -1 else groups, -1)
    mean, variance = parts.mean((1, 3), keepdims=True), parts.var((1, 3), keepdims=True)
    want = ((parts - mean) / np.sqrt(variance + 1e-3)).reshape(X.shape) * gamma + beta
    np.testing.assert_allclose(layer(X), want, rtol=1e-6, atol=1e-6)
    plain = layers.GroupNormalization(groups, center=False, scale=False)
    assert plain(X).shape == X.shape
    assert plain.weights == []
    assert type(layer).from_config(layer.get_config()).groups == groups


@pytest.mark.parametrize("make", [lambda: layers.RMSNormalization(), lambda: layers.GroupNormalization(2)])
def test_gradients_of_normalisation(make):
    layer, x = make(), Variable(X[:2, 0], dtype="float64")
    layer = type(layer).from_config({**layer.get_config(), "dtype": "float64"})
    weights = RNG.normal(size=(2, 8))

    def value(given):
        return float((layer(given).numpy() * weights).sum())

    with GradientTape() as tape:
        loss = ops.sum(layer(x * 1.0) * weights)
    found = tape.gradient(loss, x).numpy()
    want = np.zeros_like(found)
    for place in np.ndindex(want.shape):
        low, high = X[:2, 0].copy(), X[:2, 0].copy()
        low[place] -= 1e-6
        high[place] += 1e-6
        want[place] = (value(high) - value(low)) / 2e-6
    assert np.abs(want).max() > 1e-3
    np.testing.assert_allclose(found, want, atol=1e-6, rtol=1e-5)


def test_groups_part_features_evenly():
    for groups in (3, 16):
        with pytest.raises(ValueError, match="evenly"):
            layers.GroupNormalization(groups)(X)
