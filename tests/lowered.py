"""Runs the operations that a layer lowers to, one call of the door each, as a program does."""

from __future__ import annotations

import numpy as np
from fastmlp import _core


def value(variable):
    return None if variable is None else variable.numpy()


def dense(x, operation):
    y = x @ value(operation["kernel"])
    return y if operation["bias"] is None else y + value(operation["bias"])


def trainable(x, operation):
    theta = np.stack([value(row) for row in operation["theta"]])
    return _core.trainable_fwd(operation["name"], x, theta, shared=operation["shared"])


def batch_norm(x, operation, training):
    weights = [value(operation[name]) for name in ("gamma", "beta", "moving_mean", "moving_variance")]
    settings = operation["momentum"], operation["epsilon"], training
    return _core.batch_norm_fwd(x, *weights, *settings, unbiased=operation["unbiased"])[0]


def run_one(x, operation, training):
    """One operation over rows of flat features."""
    match operation["op"]:
        case "dense":
            return dense(x, operation)
        case "activation":
            return _core.activation_fwd(operation["name"], x, operation["params"])
        case "row_activation":
            return _core.row_activation_fwd(operation["name"], x, operation["params"])
        case "trainable":
            return trainable(x, operation)
        case "pieces":
            return _core.pieces_fwd(operation["name"], x, operation["pieces"])
        case "noise":
            at = (operation["seed"] or 0, 0, 0, 0, 0)
            return _core.noise_fwd(operation["name"], x, operation["params"], at) if training else x
        case "batch_norm":
            return batch_norm(x, operation, training)
        case "layer_norm":
            weights = value(operation["gamma"]), value(operation["beta"])
            return _core.layer_norm_fwd(x, *weights, operation["epsilon"])[0]
        case "unit_norm":
            return _core.unit_norm_fwd(x, operation["epsilon"])
        case "affine":
            return (x - operation["shift"]) * operation["scale"] + operation["offset"]
        case "activity":
            return x
    raise AssertionError(f"no such operation: {operation}")


def output(layer, x, training=False):
    """What the layer makes of x, built for it if it is not."""
    x = np.asarray(x)
    layer.build((None, *x.shape[1:]))
    y = x.reshape(len(x), -1)
    for operation in layer.engine_operations():
        y = run_one(y, operation, training)
    return y.reshape(len(x), *layer.output_shape[1:])
