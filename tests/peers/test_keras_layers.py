"""Every activation and every layer without randomness beside Keras, and what is done to weights."""

from __future__ import annotations

import numpy as np
import pytest
from keras_twins import Case, assert_same_training, mlp

pytest.importorskip("keras", reason="Keras is not installed: pip install '.[peers]'", exc_type=ImportError)
both_types = pytest.mark.parametrize("floatx", ["float32", "float64"], indirect=True)

# all but sparsemax, whose rows do not add up to 1 in Keras 3.15, and glu, whose width it does not halve
ACTIVATIONS = [
    "celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh",
    "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu",
    "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "squareplus",
    "swish", "tanh", "tanh_shrink",
]  # fmt: skip


@both_types
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_train_as_in_keras(name, floatx):
    assert_same_training(Case(name, mlp(name, name), optimizer=lambda k: k.optimizers.SGD(0.02)), floatx)


LAYERS = {
    "none": lambda k: [k.layers.Dense(3)],
    "deep": lambda k: [k.layers.Dense(n, activation="tanh") for n in (9, 8, 7, 3)],
    "no-bias": lambda k: [k.layers.Dense(8, "relu", use_bias=False), k.layers.Dense(3, use_bias=False)],
    "activation": lambda k: [k.layers.Dense(8), k.layers.Activation("tanh"), k.layers.Dense(3)],
    "activation-first": lambda k: [k.layers.Activation("sigmoid"), k.layers.Dense(3)],
    "two-activations": lambda k: [
        k.layers.Dense(8, activation="softplus"), k.layers.Activation("tanh"), k.layers.Dense(3)
    ],
    "softmax-inside": lambda k: [k.layers.Dense(8), k.layers.Softmax(), k.layers.Dense(3)],
    "relu": lambda k: [k.layers.Dense(8), k.layers.ReLU(0.5, 0.1, 0.05), k.layers.Dense(3)],
    "leaky": lambda k: [k.layers.Dense(8), k.layers.LeakyReLU(), k.layers.Dense(3)],
    "elu": lambda k: [k.layers.Dense(8), k.layers.ELU(0.7), k.layers.Dense(3)],
    "prelu": lambda k: [k.layers.Dense(8), k.layers.PReLU(), k.layers.Dense(3)],
    "prelu-shared": lambda k: [k.layers.Dense(8), k.layers.PReLU("ones", shared_axes=[1]), k.layers.Dense(3)],
    "prelu-penalised": lambda k: [k.layers.Dense(8), k.layers.PReLU(alpha_regularizer="l2"), k.layers.Dense(3)],
    "batch-norm": lambda k: [k.layers.Dense(8), k.layers.BatchNormalization(momentum=0.9), k.layers.Dense(3)],
    "batch-norm-relu": lambda k: [
        k.layers.Dense(8, use_bias=False), k.layers.BatchNormalization(), k.layers.Activation("relu"), k.layers.Dense(3)
    ],
    "batch-norm-first": lambda k: [k.layers.BatchNormalization(epsilon=1e-2), k.layers.Dense(3)],
    "batch-norm-last": lambda k: [k.layers.Dense(3), k.layers.BatchNormalization(momentum=0.8)],
    "batch-norm-plain": lambda k: [
        k.layers.Dense(8, "tanh"), k.layers.BatchNormalization(center=False, scale=False), k.layers.Dense(3)
    ],
    "layer-norm": lambda k: [k.layers.Dense(8), k.layers.LayerNormalization(), k.layers.Dense(3)],
    "layer-norm-plain": lambda k: [
        k.layers.Dense(8, "tanh"), k.layers.LayerNormalization(epsilon=1e-2, center=False), k.layers.Dense(3)
    ],
    "unit-norm": lambda k: [k.layers.Dense(8), k.layers.UnitNormalization(), k.layers.Dense(3)],
    "rescaling": lambda k: [k.layers.Rescaling(0.5, offset=1.0), k.layers.Dense(3)],
    "rescaling-inside": lambda k: [k.layers.Dense(8, "tanh"), k.layers.Rescaling(0.5, 0.1), k.layers.Dense(3)],
    "normalization": lambda k: [
        k.layers.Normalization(mean=[0.1] * 6, variance=[0.5, 1, 2, 3, 1, 1]), k.layers.Dense(3)
    ],
    "shapes": lambda k: [
        k.layers.Reshape((2, 3)), k.layers.Flatten(), k.layers.Identity(), k.layers.Dense(6, "tanh"),
        k.layers.Reshape((3, 2)), k.layers.Activation("sigmoid"), k.layers.Flatten(), k.layers.Dense(3),
    ],
    "activity": lambda k: [k.layers.Dense(8, "tanh", activity_regularizer=k.regularizers.L1L2(0.01, 0.02)),
                           k.layers.Dense(3)],
    "activity-layer": lambda k: [k.layers.Dense(8), k.layers.ActivityRegularization(0.01, 0.02), k.layers.Dense(3)],
    "activity-last": lambda k: [k.layers.Dense(8, "tanh"), k.layers.Dense(3, activity_regularizer="l2")],
    "penalties": lambda k: [
        k.layers.Dense(8, "tanh", kernel_regularizer=k.regularizers.L2(0.01), bias_regularizer="l1"),
        k.layers.Dense(3, kernel_regularizer=k.regularizers.L1(0.01)),
    ],
    "penalty-l1_l2": lambda k: [k.layers.Dense(3, kernel_regularizer=k.regularizers.L1L2(0.01, 0.02))],
    "norm-penalties": lambda k: [
        k.layers.Dense(8), k.layers.BatchNormalization(beta_regularizer="l2", gamma_regularizer="l1"), k.layers.Dense(3)
    ],
    "max-norm": lambda k: [
        k.layers.Dense(8, "tanh", kernel_constraint=k.constraints.MaxNorm(0.7), bias_constraint="non_neg"),
        k.layers.Dense(3, kernel_constraint=k.constraints.MaxNorm(0.5, axis=1)),
    ],
    "min-max-norm": lambda k: [
        k.layers.Dense(8, "tanh", kernel_constraint=k.constraints.MinMaxNorm(0.5, 0.9, rate=0.7)), k.layers.Dense(3)
    ],
    "unit-norm-weights": lambda k: [
        k.layers.Dense(8, "tanh", kernel_constraint="unit_norm", bias_constraint=k.constraints.MaxNorm(0.1)),
        k.layers.Dense(3, kernel_constraint="non_neg"),
    ],
    "norm-constraints": lambda k: [
        k.layers.Dense(8), k.layers.BatchNormalization(gamma_constraint=k.constraints.MaxNorm(0.9)),
        k.layers.LayerNormalization(beta_constraint="non_neg"), k.layers.Dense(3),
    ],
    "frozen": lambda k: [
        k.layers.Dense(8, "tanh", trainable=False), k.layers.BatchNormalization(trainable=False), k.layers.Dense(3)
    ],
    "frozen-penalised": lambda k: [
        k.layers.Dense(8, "tanh", kernel_regularizer="l2", trainable=False), k.layers.Dense(3)
    ],
}  # fmt: skip
OPTIMIZERS = {"sgd": lambda k: k.optimizers.SGD(0.05), "adamw": lambda k: k.optimizers.AdamW(0.01)}


@both_types
@pytest.mark.parametrize("name", LAYERS)
def test_layers_train_as_in_keras(name, floatx):
    assert_same_training(Case(name, LAYERS[name]), floatx)


@pytest.mark.parametrize("name", ["prelu", "batch-norm-relu", "layer-norm", "penalties", "max-norm", "frozen"])
def test_layers_train_as_in_keras_by_adamw(name, floatx):
    assert_same_training(Case(name, LAYERS[name], optimizer=OPTIMIZERS["adamw"]), floatx)


@pytest.mark.parametrize("clip", [{"clipnorm": 0.05}, {"clipvalue": 0.01}, {"global_clipnorm": 0.05}])
@pytest.mark.parametrize("name", ["penalties", "max-norm", "prelu-penalised", "batch-norm", "frozen-penalised"])
def test_gradients_of_penalties_are_clipped_as_in_keras(name, clip, floatx):
    assert_same_training(Case(name, LAYERS[name], optimizer=lambda k: k.optimizers.SGD(0.1, **clip)), floatx)


@pytest.mark.parametrize("name", ["max-norm", "batch-norm", "frozen", "prelu"])
def test_averages_of_weights_are_those_of_keras(name, floatx):
    def optimizer(k):
        return k.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=6)

    assert_same_training(Case(name, LAYERS[name], optimizer=optimizer), floatx)


def test_training_mode_is_that_of_keras(floatx):
    mine, theirs = assert_same_training(Case("call", LAYERS["batch-norm"]), floatx)
    x = np.random.default_rng(3).normal(size=(9, 6)).astype(floatx)
    for training in (False, True, False):
        want = np.asarray(theirs(x, training=training))
        np.testing.assert_allclose(mine(x, training=training), want, rtol=1e-4, atol=1e-5)
    for a, b in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)
