"""What the tests of optimizers share: settings of each, a small problem, and steps on it."""

from __future__ import annotations

from fastmlp import optimizers
from fastmlp.variables import Variable

SETTINGS = [
    ("SGD", {}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.8, "nesterov": True}),
    ("RMSprop", {}),
    ("RMSprop", {"rho": 0.8, "momentum": 0.5}),
    ("RMSprop", {"centered": True}),
    ("RMSprop", {"centered": True, "momentum": 0.5, "epsilon": 1e-3}),
    ("Adam", {}),
    ("Adam", {"learning_rate": 0.1, "beta_1": 0.5, "beta_2": 0.7, "epsilon": 1e-2}),
    ("Adam", {"amsgrad": True}),
    ("AdamW", {}),
    ("AdamW", {"weight_decay": 0.5}),
    ("Adamax", {"learning_rate": 0.1}),
    ("Nadam", {}),
    ("Adagrad", {"learning_rate": 0.5, "initial_accumulator_value": 0.3}),
    ("Adadelta", {"learning_rate": 1.0}),
    ("Ftrl", {"learning_rate": 0.1}),
    ("Ftrl", {
        "learning_rate": 0.1, "learning_rate_power": -0.7, "l1_regularization_strength": 0.01,
        "l2_regularization_strength": 0.1, "l2_shrinkage_regularization_strength": 0.2, "beta": 0.3,
    }),
    ("Lion", {}),
]  # fmt: skip
OURS = [
    ("Momentum", {}),
    ("RMSprop", {"epsilon_mode": "paper"}),
    ("Adam", {"epsilon_mode": "paper", "epsilon": 1e-8}),
    ("Adagrad", {"epsilon_mode": "paper"}),
    ("SGD", {"compat": "torch", "momentum": 0.9, "weight_decay": 0.1}),
    ("SGD", {"compat": "torch", "momentum": 0.9, "nesterov": True}),
    ("SGD", {"compat": "sklearn"}),
    ("SGD", {"compat": "lecture"}),
    ("RMSprop", {"compat": "torch", "momentum": 0.5, "weight_decay": 0.1}),
    ("RMSprop", {"compat": "torch", "momentum": 0.5, "centered": True}),
    ("Adam", {"compat": "sklearn"}),
    ("AdamW", {"compat": "torch"}),
    ("Nadam", {"compat": "torch"}),
    ("Adamax", {"compat": "torch", "weight_decay": 0.1}),
    ("Adagrad", {"compat": "torch"}),
    ("Adadelta", {"compat": "torch"}),
]
OPTIONS = [
    {"weight_decay": 0.3},
    {"clipnorm": 0.7},
    {"clipvalue": 0.4},
    {"global_clipnorm": 0.9, "weight_decay": 0.01},
    {"use_ema": True, "ema_momentum": 0.6, "ema_overwrite_frequency": 2},
    {"use_ema": True, "ema_momentum": 0.6},
    {"gradient_accumulation_steps": 2, "clipnorm": 0.5, "weight_decay": 0.1},
    {"gradient_accumulation_steps": 2, "use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 2},
    {"loss_scale_factor": 8.0},
]


def make(name, settings):
    return getattr(optimizers, name)(**settings)


def label(case):
    return f"{case[0]}-{case[1]}" if isinstance(case, tuple) else str(case)


def problem(rng, dtype="float64", steps=5):
    """Two variables, and gradients of each for some steps."""
    shapes = (3, 4), (4,)
    start = [rng.normal(size=s).astype(dtype) for s in shapes]
    return start, [[rng.normal(size=s).astype(dtype) for s in shapes] for _ in range(steps)]


def variables(start):
    return [Variable(value, name=name) for value, name in zip(start, ("kernel", "bias"))]


def run(optimizer, start, gradients):
    moved = variables(start)
    for g in gradients:
        optimizer.apply_gradients(zip(g, moved))
    return [v.numpy() for v in moved]
