"""Every optimizer, and what optimizers have in common, beside Keras: 20 steps from the same weights."""

from __future__ import annotations

import pytest
from keras_twins import Case, assert_same_training, mlp

pytest.importorskip("keras", reason="Keras is not installed: pip install '.[peers]'", exc_type=ImportError)
both_types = pytest.mark.parametrize("floatx", ["float32", "float64"], indirect=True)

OPTIMIZERS = {
    "sgd": lambda k: k.optimizers.SGD(0.05),
    "momentum": lambda k: k.optimizers.SGD(0.02, momentum=0.9),
    "nesterov": lambda k: k.optimizers.SGD(0.02, momentum=0.9, nesterov=True),
    "rmsprop": lambda k: k.optimizers.RMSprop(0.002),
    "rmsprop-centered": lambda k: k.optimizers.RMSprop(0.002, centered=True),
    "rmsprop-momentum": lambda k: k.optimizers.RMSprop(0.002, rho=0.8, momentum=0.5, epsilon=1e-4),
    "adam": lambda k: k.optimizers.Adam(0.01),
    "amsgrad": lambda k: k.optimizers.Adam(0.01, beta_1=0.8, beta_2=0.9, amsgrad=True),
    "adamw": lambda k: k.optimizers.AdamW(0.01, weight_decay=0.05),
    "adamax": lambda k: k.optimizers.Adamax(0.01),
    "nadam": lambda k: k.optimizers.Nadam(0.01),
    "adagrad": lambda k: k.optimizers.Adagrad(0.05),
    "adagrad-start": lambda k: k.optimizers.Adagrad(0.05, initial_accumulator_value=0.5, epsilon=1e-3),
    "adadelta": lambda k: k.optimizers.Adadelta(1.0),
    "ftrl": lambda k: k.optimizers.Ftrl(0.05),
    "ftrl-l1": lambda k: k.optimizers.Ftrl(
        0.05, learning_rate_power=-0.6, l1_regularization_strength=1e-3, l2_regularization_strength=1e-3,
        l2_shrinkage_regularization_strength=1e-3, beta=0.1,
    ),
    "lion": lambda k: k.optimizers.Lion(0.002),
}  # fmt: skip
LOSSES = {
    "mse": {"loss": "mse", "y": "real", "layers": mlp("tanh")},
    "softmax": {"loss": "sparse_categorical_crossentropy", "y": "labels", "layers": mlp("tanh", "softmax"),
                "metrics": lambda k: ["accuracy"]},
}  # fmt: skip

SHARED = {
    "weight_decay": lambda k: k.optimizers.SGD(0.05, momentum=0.9, weight_decay=0.1),
    "adam-weight_decay": lambda k: k.optimizers.Adam(0.01, weight_decay=0.1),
    "clipnorm": lambda k: k.optimizers.SGD(0.2, clipnorm=0.05),
    "clipvalue": lambda k: k.optimizers.Adam(0.01, clipvalue=0.01),
    "global_clipnorm": lambda k: k.optimizers.SGD(0.2, global_clipnorm=0.05),
    "clipnorm-decay": lambda k: k.optimizers.RMSprop(0.002, clipnorm=0.05, weight_decay=0.1),
    "ema": lambda k: k.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9),
    "ema-overwrites": lambda k: k.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=7),
    "ema-ends": lambda k: k.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=20),
    "exponential": lambda k: k.optimizers.SGD(k.optimizers.schedules.ExponentialDecay(0.1, 5, 0.7)),
    "staircase": lambda k: k.optimizers.Adam(k.optimizers.schedules.ExponentialDecay(0.02, 5, 0.7, staircase=True)),
    "inverse-time": lambda k: k.optimizers.SGD(k.optimizers.schedules.InverseTimeDecay(0.1, 5, 0.7)),
    "polynomial": lambda k: k.optimizers.SGD(k.optimizers.schedules.PolynomialDecay(0.1, 8, 0.01, power=2, cycle=True)),
    "piecewise": lambda k: k.optimizers.SGD(k.optimizers.schedules.PiecewiseConstantDecay([4, 9], [0.1, 0.05, 0.01])),
    "cosine": lambda k: k.optimizers.Adam(
        k.optimizers.schedules.CosineDecay(0.001, 12, alpha=0.1, warmup_target=0.02, warmup_steps=5)
    ),
    "restarts": lambda k: k.optimizers.SGD(k.optimizers.schedules.CosineDecayRestarts(0.1, 4, t_mul=1.5, m_mul=0.8)),
}  # fmt: skip


@both_types
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_optimizers_make_keras_steps(optimizer, loss, floatx):
    assert_same_training(Case(optimizer, optimizer=OPTIMIZERS[optimizer], **LOSSES[loss]), floatx)


@both_types
@pytest.mark.parametrize("option", SHARED)
def test_options_of_all_optimizers_do_what_they_do_in_keras(option, floatx):
    assert_same_training(Case(option, optimizer=SHARED[option], **LOSSES["mse"]), floatx)


@both_types
def test_what_is_excluded_from_decay_is_as_in_keras(floatx):
    def optimizer(k):
        found = k.optimizers.AdamW(0.01, weight_decay=0.5)
        found.exclude_from_weight_decay(var_names=["bias"])
        return found

    assert_same_training(Case("excluded", optimizer=optimizer, **LOSSES["mse"]), floatx)


@both_types
@pytest.mark.parametrize("name", ["sgd", "momentum", "adam", "amsgrad", "rmsprop-momentum", "adadelta"])
def test_what_optimizers_remember_is_what_keras_does(name, floatx):
    mine, theirs = assert_same_training(Case(name, optimizer=OPTIMIZERS[name], **LOSSES["mse"]), floatx)
    assert mine.optimizer.iterations == int(theirs.optimizer.iterations) == 20
    ours, other = mine.optimizer.variables, theirs.optimizer.variables
    assert [v.shape for v in ours] == [tuple(v.shape) for v in other]
    for a, b in zip(ours[2:], other[2:], strict=True):
        pytest.approx(b.numpy(), abs=1e-6)
        assert a.numpy() == pytest.approx(b.numpy(), rel=1e-4, abs=1e-6)
