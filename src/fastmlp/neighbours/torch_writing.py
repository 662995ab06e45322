"""What a layer is in PyTorch: modules that compute the same. It is imported when it is needed, for it needs PyTorch."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
import torch
from torch import nn

from fastmlp import layers
from fastmlp.neighbours.torch_activations import OF_ROWS, PAIRS
from fastmlp.neighbours.torch_modules import Affine

Operation = dict[str, Any]


class _Writer:
    """Makes the modules of one layer."""

    def __init__(self, model: Any, layer: Any, dtype: Any) -> None:
        self.layer, self.dtype = layer, dtype
        self.trained = {id(variable) for variable in model.trainable_weights}

    def refuse(self, what: str, mend: str) -> NoReturn:
        """Say which layer it is that PyTorch has not."""
        raise ValueError(f"to_torch: {self.layer.name}: {type(self.layer).__name__}: expected what torch.nn has too, "
                         f"got {what}; {mend}")  # fmt: skip

    def parameter(self, variable: Any, transposed: bool = False) -> Any:
        """A parameter with a copy of a variable."""
        value = variable.numpy()
        value = np.ascontiguousarray(value.T) if transposed else value
        return nn.Parameter(torch.from_numpy(value), requires_grad=id(variable) in self.trained)

    def scaled(self, module: Any, operation: Operation) -> Any:
        """A normalisation with its γ and β; ones or zeros that nothing trains for that which is missing."""
        for name, ours in (("weight", "gamma"), ("bias", "beta")):
            if operation[ours] is not None:
                setattr(module, name, self.parameter(operation[ours]))
            elif getattr(module, name, None) is not None:
                getattr(module, name).requires_grad_(False)
        return module

    # ---- one operation each

    def dense(self, operation: Operation) -> list[Any]:
        """The product, and the bias if there is one."""
        if operation["bf16"]:
            self.refuse("products of mixed_bfloat16", "set its dtype_policy to 'float32', which leaves the weights")
        kernel, bias = operation["kernel"], operation["bias"]
        module = nn.Linear(*kernel.shape, bias=bias is not None, device="meta")  # which draws no random numbers
        module.weight = self.parameter(kernel, transposed=True)
        if bias is not None:
            module.bias = self.parameter(bias)
        return [module]

    def activation(self, operation: Operation) -> list[Any]:
        """An activation of single numbers."""
        name, params = operation["name"], operation["params"]
        for pair in PAIRS:
            if pair.function == name:
                return [getattr(nn, pair.module)(**dict(zip(pair.arguments.values(), params, strict=True)))]
        if name == "relu_general" and params[0] == params[2] == 0:
            return [nn.Hardtanh(0.0, params[1])]
        if name == "scaled_linear":
            return [Affine(0.0, params[0], 0.0, self.dtype)]
        simple: dict[str, Callable[[], Any]] = {
            "linear": nn.Identity,
            "hard_tanh": nn.Hardtanh,
            "softplus": nn.Softplus,
            "gelu": nn.GELU,
            "gelu_tanh": lambda: nn.GELU("tanh"),
        }
        if name not in simple:
            self.refuse(f"the activation {name}", "write an nn.Module for it")
        return [simple[name]()]

    def row_activation(self, operation: Operation) -> list[Any]:
        """An activation of all features of a row."""
        for module, function in OF_ROWS.items():
            if function == operation["name"]:
                return [getattr(nn, module)(dim=-1)]
        self.refuse(f"the activation {operation['name']}", "write an nn.Module for it")

    def pieces(self, operation: Operation) -> list[Any]:
        """An activation of the halves of a row."""
        return self.row_activation(operation)

    def noise(self, operation: Operation) -> list[Any]:
        """Dropout; its seed stays behind."""
        kinds = {"dropout": nn.Dropout, "alpha_dropout": nn.AlphaDropout}
        if operation["name"] not in kinds:
            self.refuse(operation["name"].replace("_", " "), "leave the layer out, if only predictions are wanted")
        return [kinds[operation["name"]](operation["params"][0])]

    def trainable(self, operation: Operation) -> list[Any]:
        """PReLU, the one that PyTorch has."""
        if operation["name"] != "prelu":
            self.refuse("a trainable activation", "write an nn.Module for it")
        module = nn.PReLU(operation["theta"][0].size, dtype=self.dtype)
        module.weight = self.parameter(operation["theta"][0])
        return [module]

    def batch_norm(self, operation: Operation) -> list[Any]:
        """Batch normalisation; training it there, the moving variance takes in unbiased ones."""
        affine = operation["gamma"] is not None or operation["beta"] is not None
        mean, variance = operation["moving_mean"], operation["moving_variance"]
        momentum = round(1 - operation["momentum"], 15)  # the share of the new there, that of the old here
        module = nn.BatchNorm1d(mean.size, operation["epsilon"], momentum, affine, dtype=self.dtype)
        module.running_mean, module.running_var = (torch.from_numpy(v.numpy()) for v in (mean, variance))
        return [self.scaled(module, operation)]

    def layer_norm(self, operation: Operation) -> list[Any]:
        """Layer normalisation."""
        affine = operation["gamma"] is not None or operation["beta"] is not None
        width = self.layer.input_shape[1]
        module = nn.LayerNorm(width, operation["epsilon"], affine, operation["beta"] is not None, dtype=self.dtype)
        return [self.scaled(module, operation)]

    def affine(self, operation: Operation) -> list[Any]:
        """Numbers that scale what comes in, laid out as a row is."""
        row = self.layer.input_shape[1:]
        parts = {part: operation[part] for part in ("shift", "scale", "offset")}
        laid = {part: v.reshape(row) if isinstance(v, np.ndarray) else v for part, v in parts.items()}
        return [Affine(**laid, dtype=self.dtype)]

    def activity(self, operation: Operation) -> list[Any]:
        """A penalty, which changes no prediction."""
        return []

    # ---- a layer

    def modules(self) -> list[Any]:
        """The modules of the layer."""
        layer = self.layer
        if isinstance(layer, layers.InputLayer):
            return []
        own = {layers.Embedding: self.embedding, layers.RMSNormalization: self.rms_norm,
               layers.GroupNormalization: self.group_norm}  # fmt: skip
        if type(layer) in own:
            return own[type(layer)]()
        if layer.has_own_call():
            self.refuse("a layer whose call is Python", "write an nn.Module for it")
        made = []
        for operation in layer.lower():
            if not hasattr(self, operation["op"]):
                self.refuse(f"the operation {operation.get('name', operation['op'])}", "write an nn.Module for it")
            made += getattr(self, operation["op"])(operation)
        return made or self.view()

    def view(self) -> list[Any]:
        """Another shape of the same numbers, or nothing."""
        before, after = self.layer.input_shape, self.layer.output_shape
        if isinstance(self.layer, layers.Flatten):
            return [nn.Flatten()]
        if before[1:] == after[1:]:
            return [nn.Identity()]
        flat = [nn.Flatten()] if len(before) > 2 else []
        return flat + ([nn.Unflatten(1, after[1:])] if len(after) > 2 else [])

    def embedding(self) -> list[Any]:
        """A row for each number."""
        weight = self.parameter(self.layer.embeddings)
        module = nn.Embedding(*weight.shape, _weight=weight.data)
        module.weight = weight
        return [module]

    def rms_norm(self) -> list[Any]:
        """Normalisation by the root of the mean square."""
        axes = len(self.layer.input_shape)
        if self.layer._axes != (axes - 1,):
            self.refuse(f"normalisation over the axes {self.layer._axes}", "take axis=-1")
        module = nn.RMSNorm(self.layer.scale.shape, self.layer.epsilon, dtype=self.dtype)
        module.weight = self.parameter(self.layer.scale)
        return [module]

    def group_norm(self) -> list[Any]:
        """Normalisation in groups of features."""
        layer = self.layer
        if len(layer.input_shape) != 2:
            self.refuse("groups of features of a last axis", "put Flatten before it")
        width = math.prod(layer.input_shape[1:])
        affine = layer.gamma is not None or layer.beta is not None
        groups = width if layer.groups == -1 else layer.groups
        module = nn.GroupNorm(groups, width, layer.epsilon, affine, dtype=self.dtype)
        return [self.scaled(module, {"gamma": layer.gamma, "beta": layer.beta})]


def modules_of(model: Any, layer: Any, dtype: Any) -> list[Any]:
    """The modules that compute what a layer of the model computes."""
    return _Writer(model, layer, dtype).modules()
