"""What a module of torch.nn is here: the layers that compute the same, and the weights they are to have."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from fastmlp import activations, layers
from fastmlp.layers.base import Layer, Shape
from fastmlp.neighbours.torch_activations import OF_ROWS, PAIRS, Pair

Settings = dict[str, Any]


class Part(NamedTuple):
    """What one module becomes: layers, the weights of the first by attribute, and where else a model finds them."""

    layers: list[Layer]
    weights: Mapping[str, np.ndarray] = {}


def array(tensor: Any) -> np.ndarray:
    """A copy of a tensor of PyTorch, wherever it lies."""
    return np.array(tensor.detach().cpu().numpy())


def _named(**tensors: Any) -> dict[str, np.ndarray]:
    """Those of these weights that are there."""
    return {name: array(tensor) for name, tensor in tensors.items() if tensor is not None}


# ---- layers with weights


def _linear(module: Any, shape: Shape, settings: Settings) -> Part:
    layer = layers.Dense(module.out_features, use_bias=module.bias is not None, **settings)
    _need_width(module.in_features, shape)
    return Part([layer], _named(kernel=module.weight.T, bias=module.bias))


def _need_width(width: int, shape: Shape) -> None:
    if shape[-1] != width:
        raise ValueError(f"expected rows of {width} features, got {shape[1:]} from what is before it; check "
                         "input_shape and the module")  # fmt: skip


def _batch_norm(module: Any, shape: Shape, settings: Settings) -> Part:
    _need_width(module.num_features, shape)
    if module.running_mean is None:
        raise ValueError("expected moving averages, got track_running_stats=False, which normalises each batch by "
                         "itself even when predicting; fastmlp has no equal")  # fmt: skip
    if module.momentum is None:
        raise ValueError("expected a momentum, got None, a mean over all batches so far; set one, 0.1 for instance, "
                         "which changes no prediction")  # fmt: skip
    momentum = round(1 - module.momentum, 15)  # the share of the old there, that of the new here
    layer = layers.BatchNormalization(momentum=momentum, epsilon=module.eps, center=module.bias is not None,
                                      scale=module.weight is not None, compat="torch", **settings)  # fmt: skip
    averages = {"moving_mean": module.running_mean, "moving_variance": module.running_var}
    return Part([layer], _named(gamma=module.weight, beta=module.bias, **averages))


def _layer_norm(module: Any, shape: Shape, settings: Settings) -> Part:
    _need_width(_one_axis(module), shape)
    layer = layers.LayerNormalization(epsilon=module.eps, center=module.bias is not None,
                                      scale=module.weight is not None, **settings)  # fmt: skip
    return Part([layer], _named(gamma=module.weight, beta=module.bias))


def _rms_norm(module: Any, shape: Shape, settings: Settings) -> Part:
    _need_width(_one_axis(module), shape)
    usual = np.finfo(settings["dtype"] or "float32").eps  # PyTorch's: that of what comes in
    layer = layers.RMSNormalization(epsilon=float(usual if module.eps is None else module.eps), **settings)
    layer.trainable = module.weight is not None
    return Part([layer], _named(scale=module.weight))


def _one_axis(module: Any) -> int:
    """How many features a normalisation over the last axis has."""
    if len(module.normalized_shape) != 1:
        raise ValueError(f"expected the normalisation of one axis, got normalized_shape "
                         f"{tuple(module.normalized_shape)}; put Flatten before it")  # fmt: skip
    return int(module.normalized_shape[0])


def _group_norm(module: Any, shape: Shape, settings: Settings) -> Part:
    if len(shape) != 2:
        raise ValueError(f"expected rows of features, got input shape {shape}; put Flatten before it")
    _need_width(module.num_channels, shape)
    layer = layers.GroupNormalization(module.num_groups, epsilon=module.eps, center=module.bias is not None,
                                      scale=module.weight is not None, **settings)  # fmt: skip
    return Part([layer], _named(gamma=module.weight, beta=module.bias))


def _embedding(module: Any, shape: Shape, settings: Settings) -> Part:
    unusual = {"padding_idx": module.padding_idx, "max_norm": module.max_norm,
               "scale_grad_by_freq": module.scale_grad_by_freq or None}  # fmt: skip
    for name, value in unusual.items():
        if value is not None:
            raise ValueError(f"expected no {name}, got {value!r}, which fastmlp has not; make the module without it")
    layer = layers.Embedding(module.num_embeddings, module.embedding_dim, **settings)
    return Part([layer], _named(embeddings=module.weight))


def _prelu(module: Any, shape: Shape, settings: Settings) -> Part:
    shared = module.num_parameters == 1
    if not shared:
        _need_width(module.num_parameters, shape)
    initializer = {"class_name": "Constant", "config": {"value": 0.25}}
    layer = layers.PReLU(initializer, shared_axes=[1] if shared else None, **settings)
    return Part([layer], _named(alpha=module.weight))


# ---- shapes and noise


def _flatten(module: Any, shape: Shape, settings: Settings) -> Part:
    first, last = (dim % len(shape) for dim in (module.start_dim, module.end_dim))
    if first == 0:
        raise ValueError("expected rows to stay apart, got start_dim=0; leave it at 1")
    if (first, last) == (1, len(shape) - 1):
        return Part([layers.Flatten(**settings)])
    sizes = [1 if n is None else n for n in shape]
    return Part([layers.Reshape((*sizes[1:first], math.prod(sizes[first : last + 1]), *sizes[last + 1 :]), **settings)])


def _unflatten(module: Any, shape: Shape, settings: Settings) -> Part:
    if not isinstance(module.dim, int) or module.dim % len(shape) == 0:
        raise ValueError(f"expected an axis of a row by its number, got dim={module.dim!r}; 1 is the first")
    dim, sizes = module.dim % len(shape), [1 if n is None else n for n in shape]
    return Part([layers.Reshape((*sizes[1:dim], *module.unflattened_size, *sizes[dim + 1 :]), **settings)])


def _identity(module: Any, shape: Shape, settings: Settings) -> Part:
    return Part([layers.Identity(**settings)])


def _dropout(module: Any, shape: Shape, settings: Settings) -> Part:
    return Part([layers.Dropout(module.p, **settings)])


def _alpha_dropout(module: Any, shape: Shape, settings: Settings) -> Part:
    return Part([layers.AlphaDropout(module.p, **settings)])


# ---- activations


def _paired(pair: Pair) -> Callable[..., Part]:
    """An activation with the arguments that the module has, by the layer or the name that Keras has for it."""

    def read(module: Any, shape: Shape, settings: Settings) -> Part:
        given = {ours: getattr(module, theirs) for ours, theirs in pair.arguments.items()}
        if pair.module in ("LeakyReLU", "ELU"):
            return Part([getattr(layers, pair.module)(**given, **settings)])
        takes = inspect.signature(getattr(activations, pair.function)).parameters
        if all(takes[name].default == value for name, value in given.items()):
            return Part([layers.Activation(pair.function, **settings)])
        return Part([layers.ActivationWith(pair.function, given, **settings)])

    return read


def _of_rows(function: str) -> Callable[..., Part]:
    def read(module: Any, shape: Shape, settings: Settings) -> Part:
        if module.dim not in (1, -1, None) or len(shape) != 2:  # None is 1 for rows of features
            raise ValueError(f"expected dim 1, the features of a row, got {module.dim} for input shape {shape}; change "
                             "it, or put Flatten before it")  # fmt: skip
        return Part([layers.Softmax(**settings) if function == "softmax" else layers.Activation(function, **settings)])

    return read


def _gelu(module: Any, shape: Shape, settings: Settings) -> Part:
    if module.approximate == "none":
        return Part([layers.Activation("gelu", **settings)])
    return Part([layers.ActivationWith("gelu", {"approximate": True}, **settings)])


def _hard_tanh(module: Any, shape: Shape, settings: Settings) -> Part:
    low, high = module.min_val, module.max_val
    if low == 0:
        return Part([layers.ReLU(max_value=high, **settings)])
    if low != -high:
        raise ValueError(f"expected bounds -c and c, or 0 and c, got {low} and {high}; fastmlp has no others")
    return Part(_scaled(layers.Activation("hard_tanh", **settings), 1 / high, settings))


def _softplus(module: Any, shape: Shape, settings: Settings) -> Part:
    if module.threshold < 20:
        raise ValueError(f"expected a threshold of at least 20, from which on nothing is lost, got {module.threshold};"
                         " leave it out")  # fmt: skip
    return Part(_scaled(layers.Activation("softplus", **settings), module.beta, settings))


def _scaled(layer: Layer, factor: float, settings: Settings) -> list[Layer]:
    """``f(factor · x) / factor``."""
    if factor == 1:
        return [layer]
    dtype = settings["dtype"]
    return [layers.Rescaling(factor, dtype=dtype), layer, layers.Rescaling(1 / factor, dtype=dtype)]


def _affine(module: Any, shape: Shape, settings: Settings) -> Part:
    """What `Rescaling` and `Normalization` were made there."""
    shift, scale, offset = (array(getattr(module, name)) for name in ("shift", "scale", "offset"))
    if not shift.any():
        return Part([layers.Rescaling(_plain(scale), _plain(offset), **settings)])
    if offset.any() or not (scale > 0).all():
        raise ValueError("expected a shift or an offset, and a positive scale with a shift, got others; make it anew")
    mean, variance = np.broadcast_arrays(shift, 1 / np.square(scale, dtype=np.float64))
    axes = tuple(range(1, mean.ndim + 1)) or None
    return Part([layers.Normalization(axes, mean=mean, variance=variance, **settings)])


def _plain(value: np.ndarray) -> Any:
    """A single number as Python has it."""
    return value if value.ndim else value.item()


READERS: dict[str, Callable[[Any, Shape, Settings], Part]] = {
    "Linear": _linear,
    "BatchNorm1d": _batch_norm,
    "LayerNorm": _layer_norm,
    "RMSNorm": _rms_norm,
    "GroupNorm": _group_norm,
    "Embedding": _embedding,
    "PReLU": _prelu,
    "Flatten": _flatten,
    "Unflatten": _unflatten,
    "Identity": _identity,
    "Affine": _affine,
    "Dropout": _dropout,
    "AlphaDropout": _alpha_dropout,
    "GELU": _gelu,
    "Hardtanh": _hard_tanh,
    "Softplus": _softplus,
    **{pair.module: _paired(pair) for pair in PAIRS},
    **{module: _of_rows(function) for module, function in OF_ROWS.items()},
}

_WIDTHS: dict[str, Callable[[Any], int]] = {
    "Linear": lambda module: int(module.in_features),
    "BatchNorm1d": lambda module: int(module.num_features),
    "GroupNorm": lambda module: int(module.num_channels),
    "LayerNorm": _one_axis,
    "RMSNorm": _one_axis,
}
_SHAPING = ("Flatten", "Unflatten", "Embedding", "GLU")


def first_width(modules: list[tuple[str, Any]]) -> int | None:
    """How many features go in, as the first module that knows says; None if what stands before takes other shapes."""
    for kind, module in modules:
        if kind in _WIDTHS:
            return _WIDTHS[kind](module)
        if kind == "PReLU" and module.num_parameters > 1:
            return int(module.num_parameters)
        if kind in _SHAPING:
            return None
    return None
