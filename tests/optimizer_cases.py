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


# of kernels, in the registry's order: Keras's, the other place for epsilon, epsilon large enough to see
KERNEL_PARAMS = {
    "sgd": [()],
    "momentum": [(0.9,), (0.0,)],
    "nesterov": [(0.9,)],
    "ewa_momentum": [(0.9,), (0.0,)],
    "velocity": [(0.9,), (0.0,)],
    "velocity_nesterov": [(0.9,)],
    "rmsprop": [(0.9, 1e-7, 0.0), (0.9, 0.0, 1e-8), (0.9, 1e-2, 0.0), (0.9, 0.0, 1e-2), (0.0, 0.0, 0.0)],
    "rmsprop_momentum": [(0.9, 1e-7, 0.0, 0.9), (0.9, 0.0, 1e-2, 0.5)],
    "rmsprop_centered": [(0.9, 1e-7, 0.0), (0.9, 0.0, 1e-2)],
    "rmsprop_centered_momentum": [(0.9, 1e-7, 0.0, 0.9), (0.9, 1e-2, 0.0, 0.5)],
    "rmsprop_velocity": [(0.99, 0.0, 1e-8, 0.9), (0.9, 1e-2, 0.0, 0.5)],
    "rmsprop_centered_velocity": [(0.9, 0.0, 1e-2, 0.9), (0.9, 1e-2, 0.0, 0.5)],
    "adam": [
        (0.9, 0.999, 1e-7, 0.0),
        (0.9, 0.999, 0.0, 1e-8),
        (0.9, 0.99, 1e-2, 0.0),
        (0.5, 0.99, 0.0, 1e-2),
        (0.0, 0.999, 0.0, 0.0),
    ],  # fmt: skip
    "amsgrad": [(0.9, 0.999, 1e-7, 0.0), (0.9, 0.9, 0.0, 1e-8)],
    "adamax": [(0.9, 0.999, 0.0, 1e-7), (0.8, 0.9, 0.0, 1e-2), (0.9, 0.99, 1e-2, 0.0)],
    "nadam": [(0.9, 0.999, 1e-7, 0.96), (0.8, 0.99, 1e-2, 0.96), (0.9, 0.999, 1e-8, 0.9998)],
    "adagrad": [(0.1, 1e-7, 0.0), (0.0, 1e-2, 0.0), (0.0, 0.0, 1e-2)],
    "adadelta": [(0.95, 1e-7), (0.9, 1e-2)],
    "ftrl": [
        (0.1, -0.5, 0.0, 0.0, 0.0, 0.0),
        (0.1, -0.5, 0.5, 0.3, 0.2, 0.1),
        (0.2, -0.8, 0.1, 0.0, 0.1, 0.0),
        (0.1, 0.0, 0.1, 0.1, 0.0, 0.1),
    ],
    "lion": [(0.9, 0.99), (0.0, 0.5)],
    "accumulate": [()],
}
