"""Layers: what they compute, against formulas and against Keras."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from fastmlp import layers
from lowered import output
from reference import norm, trainable


@pytest.fixture
def x(rng):
    return rng.normal(size=(5, 6)) * 3


def close(got, want):
    np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-12)


def double(layer, shape=(None, 6), **weights):
    """The layer, built, in float64, with these values."""
    layer.dtype_policy = "float64"
    layer.build(shape)
    for name, value in weights.items():
        getattr(layer, name).assign(value)
    return layer


# ---- formulas


def test_dense_is_an_affine_map_and_an_activation(x, rng):
    W, b = rng.normal(size=(6, 4)), rng.normal(size=4)
    close(output(double(layers.Dense(4), kernel=W, bias=b), x), x @ W + b)
    close(output(double(layers.Dense(4, "sigmoid"), kernel=W, bias=b), x), 1 / (1 + np.exp(-x @ W - b)))
    close(output(double(layers.Dense(4, "tanh", use_bias=False), kernel=W), x), np.tanh(x @ W))
    e = np.exp(x @ W + b)
    close(output(double(layers.Dense(4, "softmax"), kernel=W, bias=b), x), e / e.sum(axis=1, keepdims=True))
    a, gate = np.split(x @ W + b, 2, axis=1)
    close(output(double(layers.Dense(4, "glu"), kernel=W, bias=b), x), a / (1 + np.exp(-gate)))


def test_without_a_bias_nothing_gives_nothing():
    assert not output(double(layers.Dense(4, use_bias=False)), np.zeros((2, 6))).any()


def test_maxout_takes_the_largest_of_its_dense_layers(x, rng):
    W, b = rng.normal(size=(3, 6, 4)), rng.normal(size=(3, 4))
    layer = double(layers.Maxout(4, pieces=3), kernel=np.concatenate(W, axis=1), bias=b.reshape(-1))
    close(output(layer, x), np.max([x @ W[p] + b[p] for p in range(3)], axis=0))


@pytest.mark.parametrize(
    ("layer", "formula"),
    [
        (layers.ReLU(), lambda x: np.maximum(x, 0)),
        (layers.ReLU(max_value=2), lambda x: np.clip(x, 0, 2)),
        (layers.ReLU(2.0, 0.1, 1.0), lambda x: np.where(x >= 1, np.minimum(x, 2), 0.1 * (x - 1))),
        (layers.LeakyReLU(), lambda x: np.where(x > 0, x, 0.3 * x)),
        (layers.ELU(), lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0)))),
        (layers.ELU(0.5), lambda x: np.where(x > 0, x, 0.5 * np.expm1(np.minimum(x, 0)))),
        (layers.Activation("softsign"), lambda x: x / (1 + abs(x))),
        (
            layers.ActivationWith("celu", {"alpha": 0.5}),
            lambda x: np.where(x > 0, x, 0.5 * np.expm1(x.clip(max=0) / 0.5)),
        ),
        (layers.ActivationWith("threshold", {"threshold": 1, "default_value": 9}), lambda x: np.where(x > 1, x, 9)),
        (layers.Rescaling(0.5, 3), lambda x: 0.5 * x + 3),
        (layers.Rescaling(np.arange(6), [1] * 6), lambda x: np.arange(6) * x + 1),
        (layers.Identity(), lambda x: x),
        (layers.ActivityRegularization(1.0), lambda x: x),
        (layers.UnitNormalization(), lambda x: norm.unit_norm(x, 1e-12)),
        (layers.PReLU(), lambda x: np.maximum(x, 0)),
        (layers.SwishBeta(), lambda x: x / (1 + np.exp(-x))),
        (layers.PELU(), lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0)))),
        (layers.SReLU(), lambda x: np.where(x > 0, x, 0.2 * x)),
        (layers.APL(3), lambda x: np.maximum(x, 0)),
    ],
    ids=repr,
)
def test_layers_as_they_are_made(layer, formula, x):
    close(output(double(layer), x), formula(x))


@pytest.mark.parametrize("shared", [None, [1]])
@pytest.mark.parametrize(
    ("cls", "reference"),
    [
        (layers.PReLU, trainable.prelu),
        (layers.SwishBeta, trainable.swish_beta),
        (layers.PELU, trainable.pelu),
        (layers.SReLU, trainable.srelu),
        (layers.APL, trainable.apl),
    ],
)
def test_learnt_activations_hand_their_parameters_over_in_order(cls, reference, shared, x, rng):
    layer = double(cls(shared_axes=shared))
    q = rng.uniform(0.2, 2, size=(len(layer.weights), 1 if shared else 6))
    layer.set_weights(list(q))
    assert layer.lower()[0]["shared"] is bool(shared)
    close(output(layer, x), reference(x, q))


def test_a_prelu_is_two_relus(x):
    layer = double(layers.PReLU(), alpha=np.full(6, 0.25))
    close(output(layer, x), np.maximum(x, 0) - 0.25 * np.maximum(-x, 0))


def test_batch_normalisation(x, rng):
    gamma, beta, mean, variance = rng.uniform(0.5, 2, size=(4, 6))
    layer = double(layers.BatchNormalization(), gamma=gamma, beta=beta, moving_mean=mean, moving_variance=variance)
    close(output(layer, x), norm.batch_norm(x, gamma, beta, mean, variance, 1e-3))
    close(output(layer, x, training=True), norm.batch_norm_training(x, gamma, beta, 1e-3))
    bare = double(layers.BatchNormalization(center=False, scale=False, epsilon=0.5))
    close(output(bare, x), x / np.sqrt(1.5))


def test_layer_normalisation(x, rng):
    gamma, beta = rng.uniform(0.5, 2, size=(2, 6))
    close(output(double(layers.LayerNormalization(), gamma=gamma, beta=beta), x), norm.layer_norm(x, gamma, beta, 1e-3))
    close(
        output(double(layers.LayerNormalization(center=False, scale=False, epsilon=0)), x), norm.layer_norm(x, 1, 0, 0)
    )


def test_short_rows_become_unit_rows():
    x = np.array([[3e-9, 4e-9], [0.0, 0.0]])
    close(output(layers.UnitNormalization(), x), [[0.6, 0.8], [0, 0]])


def test_axes_are_kept_by_what_works_on_single_numbers(rng):
    x = rng.normal(size=(3, 4, 5))
    close(output(double(layers.LeakyReLU(), (None, 4, 5)), x), np.where(x > 0, x, 0.3 * x))
    close(output(layers.Rescaling(np.arange(5.0)), x), x * np.arange(5))
    close(output(layers.Rescaling(np.arange(20.0).reshape(4, 5), 1), x), x * np.arange(20.0).reshape(4, 5) + 1)
    close(output(layers.Reshape((10, -1)), x), x.reshape(3, 10, 2))
    close(output(layers.Flatten(), x), x.reshape(3, 20))


# ---- noise


def test_dropout_keeps_the_mean_and_drops_only_while_training():
    x = np.arange(1.0, 11).reshape(5, 2)
    layer = layers.Dropout(0.2, seed=7)
    np.testing.assert_array_equal(output(layer, x), x)
    y = output(layer, x, training=True)
    close(y[y != 0], (x / 0.8)[y != 0])
    big = output(layers.Dropout(0.2), np.ones((1000, 100)), training=True)
    assert abs((big == 0).mean() - 0.2) < 0.01
    assert abs(big.mean() - 1) < 0.01


def test_the_other_noises():
    ones = np.ones((1000, 100))
    gaussian = output(layers.GaussianDropout(0.2), ones, training=True)
    assert abs(gaussian.mean() - 1) < 0.01
    assert abs(gaussian.std() - 0.5) < 0.01  # √(0.2 / 0.8)
    noise = output(layers.GaussianNoise(3), ones, training=True)
    assert abs(noise.mean() - 1) < 0.05
    assert abs(noise.std() - 3) < 0.05
    alpha = output(layers.AlphaDropout(0.2), np.random.default_rng(0).normal(size=(1000, 100)), training=True)
    assert abs(alpha.mean()) < 0.02
    assert abs(alpha.std() - 1) < 0.02


def test_operations_of_noise():
    operation = {"op": "noise", "name": "dropout", "params": (0.5,), "seed": 3}
    assert layers.Dropout(0.5, seed=3).lower() == [operation]
    assert layers.AlphaDropout(0.5, seed=3).lower() == [{**operation, "name": "alpha_dropout"}]
    assert layers.GaussianDropout(0.5, seed=3).lower() == [{**operation, "name": "gaussian_dropout"}]
    assert layers.GaussianNoise(0.5, seed=3).lower() == [{**operation, "name": "gaussian_noise"}]
    assert layers.Dropout(0).lower() == layers.GaussianNoise(0.0).lower() == []


def test_penalties_on_what_passes():
    assert layers.ActivityRegularization(0.1, 0.2).lower() == [{"op": "activity", "l1": 0.1, "l2": 0.2}]
    layer = double(layers.Dense(2, "relu", activity_regularizer="l2"))
    assert [operation["op"] for operation in layer.engine_operations()] == ["dense", "activation", "activity"]
    assert layer.engine_operations()[-1] == {"op": "activity", "l1": 0.0, "l2": 0.01}


# ---- Keras

SHARED_WITH_KERAS = sorted(
    """
    Activation ActivityRegularization AlphaDropout BatchNormalization Dense Dropout ELU Flatten GaussianDropout
    GaussianNoise Identity InputLayer LayerNormalization LeakyReLU Normalization PReLU ReLU Rescaling Reshape Softmax
    UnitNormalization
    """.split()  # noqa: SIM905
)


@pytest.mark.parametrize("name", [*SHARED_WITH_KERAS, "Input"])
def test_arguments_and_defaults_are_those_of_keras(name):
    keras = pytest.importorskip("keras")
    want, got = (inspect.signature(getattr(module, name)).parameters for module in (keras.layers, layers))
    want, got = ([p for p in found.values() if p.kind == p.POSITIONAL_OR_KEYWORD] for found in (want, got))
    assert [p.name for p in got] == [p.name for p in want]
    for mine, its in zip(got, want):
        if (name, mine.name) not in {("Dropout", "rate"), ("AlphaDropout", "rate")}:  # p= may stand for it
            assert mine.default == its.default, mine.name


KERAS_CASES = {
    "Dense": ({"units": 4, "activation": "gelu"}, (6,)),
    "Activation": ({"activation": "mish"}, (3, 2)),
    "ReLU": ({"max_value": 1, "negative_slope": 0.1, "threshold": 0.5}, (6,)),
    "LeakyReLU": ({}, (6,)),
    "PReLU": ({"alpha_initializer": "ones"}, (6,)),
    "ELU": ({"alpha": 0.5}, (6,)),
    "Softmax": ({}, (6,)),
    "BatchNormalization": ({}, (6,)),
    "LayerNormalization": ({}, (6,)),
    "UnitNormalization": ({}, (6,)),
    "Flatten": ({}, (3, 2)),
    "Reshape": ({"target_shape": (-1, 3)}, (6,)),
    "Rescaling": ({"scale": 0.5, "offset": [1.0, 2.0]}, (3, 2)),
    "Dropout": ({"rate": 0.5}, (6,)),
    "GaussianNoise": ({"stddev": 0.5}, (6,)),
    "Normalization": ({"mean": [1.0, 2.0], "variance": [0.0, 4.0]}, (3, 2)),
}


@pytest.mark.parametrize("name", KERAS_CASES)
def test_values_shapes_and_weights_are_those_of_keras(name, rng):
    keras = pytest.importorskip("keras")
    settings, shape = KERAS_CASES[name]
    x = rng.normal(size=(5, *shape)).astype("float32")
    theirs, ours = getattr(keras.layers, name)(**settings), getattr(layers, name)(**settings)
    theirs.build((None, *shape))
    ours.build((None, *shape))
    assert [(v.name, tuple(v.shape)) for v in ours.weights] == [(v.name, tuple(v.shape)) for v in theirs.weights]
    ours.set_weights([rng.uniform(0.5, 1.5, size=w.shape).astype(w.dtype) for w in theirs.get_weights()])
    theirs.set_weights(ours.get_weights())
    want = np.asarray(theirs(x))
    got = output(ours, x)
    assert got.shape == want.shape
    assert ours.output_shape[1:] == want.shape[1:]
    np.testing.assert_allclose(got, want, rtol=2e-5, atol=1e-6)
    config = {"trainable": True, **ours.get_config()}
    for key, value in theirs.get_config().items():
        if isinstance(value, (int, float, str, bool)) and key in config and key not in ("name", "data_format"):
            assert config[key] == value, key
    keras_config = {key: value for key, value in theirs.get_config().items() if key not in ("dtype", "name")}
    if not any(isinstance(value, dict) for value in keras_config.values()):
        assert type(ours).from_config(keras_config).compute_output_shape((None, *shape)) == ours.output_shape
