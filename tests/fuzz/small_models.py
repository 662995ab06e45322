"""Small models of all kinds of layers and operations, whose files the fuzzers begin with."""

from __future__ import annotations

import fastmlp
import numpy as np
from fastmlp import layers, ops
from fastmlp.models import Model, Sequential


def made(*between, shape=(3,), optimizer="adam"):
    model = Sequential([layers.Input(shape), *between, layers.Dense(1)])
    model.compile(optimizer, "mse", metrics=["mae"])
    return model


def branched():
    one, other = layers.Input((3,)), layers.Input((2,))
    joined = layers.Concatenate()([layers.Dense(2, activation="tanh")(one), other])
    model = Model([one, other], layers.Add()([layers.Dense(2)(joined), other]))
    model.compile(fastmlp.optimizers.SGD(0.1, momentum=0.9), "mae")
    return model


def computed():
    """Operations between layers, each with settings of its own."""
    x = layers.Input((4,))
    y = layers.Dense(4)(x)
    yield Model(x, ops.matmul(ops.expand_dims(y, 2), ops.expand_dims(x, 1)) * 2.0)
    yield Model(x, ops.einsum("ab,ab->ab", y, x) + ops.broadcast_to(ops.sum(x), (1, 4)) + ops.reshape(x, (-1, 4)))
    yield Model(x, ops.take(y, [0, 1, 1, 0], axis=1) + ops.pad(ops.tile(y[:, 1:3], [1, 1]), [[0, 0], [1, 1]]))
    yield Model(x, ops.concatenate([ops.roll(y, 1, axis=1), ops.sort(y, axis=1), ops.cumsum(x, axis=1)], axis=1))
    yield Model(
        x, ops.where(ops.isclose(y, 0.0), y, ops.cast(ops.one_hot(ops.cast(ops.argmax(x, 1), "int32"), 4), "float32"))
    )


def within():
    inner = Sequential([layers.Input((3,)), layers.Dense(2, kernel_regularizer="l2", name="inner")])
    return made(inner, layers.Dropout(0.5))


def models():
    yield fitted(made(layers.Dense(2, activation="relu"), layers.BatchNormalization()))
    yield fitted(made(layers.LayerNormalization(), layers.PReLU(), optimizer="rmsprop"))
    yield fitted(made(layers.Flatten(), layers.Rescaling(0.5), shape=(2, 2)), (2, 2))
    yield fitted(within())
    yield branched()
    yield from computed()
    yield fitted(
        made(layers.Reshape((2, 2)), layers.Permute((2, 1)), layers.Flatten(), layers.Maxout(2), shape=(4,)), (4,)
    )
    yield made(layers.Embedding(3, 2), layers.Flatten(), layers.Dense(2, kernel_constraint="max_norm"))
    yield Sequential([layers.Input((2,)), layers.Discretization([0.0, 1.0]), layers.Dense(2)])
    yield fitted(made(optimizer=fastmlp.optimizers.Nadam(fastmlp.schedules.ExponentialDecay(0.1, 5, 0.5))))
    yield Sequential([layers.Dense(2)])
    yield Sequential([layers.Input((2,)), layers.Normalization(), layers.Dense(2, activation="softmax")])


def fitted(model, shape=(3,)):
    model.fit(np.ones((4, *shape)), np.ones((4, 1)), verbose=0)
    return model
