"""Activations of single numbers that PyTorch has as modules and fastmlp as functions, by both names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Pair(NamedTuple):
    """One activation: the class in torch.nn, the function here, and what it calls the arguments that are ours."""

    module: str
    function: str
    arguments: Mapping[str, str]  # in the order in which the kernel takes them


PAIRS = (
    Pair("ReLU", "relu", {}),
    Pair("ReLU6", "relu6", {}),
    Pair("LeakyReLU", "leaky_relu", {"negative_slope": "negative_slope"}),
    Pair("ELU", "elu", {"alpha": "alpha"}),
    Pair("CELU", "celu", {"alpha": "alpha"}),
    Pair("SELU", "selu", {}),
    Pair("SiLU", "silu", {}),
    Pair("Mish", "mish", {}),
    Pair("Sigmoid", "sigmoid", {}),
    Pair("LogSigmoid", "log_sigmoid", {}),
    Pair("Tanh", "tanh", {}),
    Pair("Tanhshrink", "tanh_shrink", {}),
    Pair("Hardsigmoid", "hard_sigmoid", {}),
    Pair("Hardswish", "hard_silu", {}),
    Pair("Softsign", "softsign", {}),
    Pair("Softshrink", "soft_shrink", {"threshold": "lambd"}),
    Pair("Hardshrink", "hard_shrink", {"threshold": "lambd"}),
    Pair("Threshold", "threshold", {"threshold": "threshold", "default_value": "value"}),
)
OF_ROWS = {"Softmax": "softmax", "LogSoftmax": "log_softmax", "GLU": "glu"}  # over the features: dim 1
