"""Where a network starts, and its dense layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastmlp import config, constraints, initializers, regularizers
from fastmlp._validate import brief, flag, whole
from fastmlp.compat import conventional
from fastmlp.layers.activation import activation_config, activation_layer, activation_operations, activation_shape
from fastmlp.layers.base import Layer, Shape, not_here
from fastmlp.layers.starts import STARTS, BiasScaling
from fastmlp.layers.symbolic import Node
from fastmlp.variables import Variable


class InputLayer(Layer):
    """The shape and the type of what a model takes; `Input` makes one.

    Parameters
    ----------
    shape
        The axes of one sample, ``(784,)``.
    batch_size
        How many rows come at once, if that is fixed.
    dtype
        The type of the data, which the model converts.
    batch_shape
        Instead of `shape` and `batch_size`: all axes, rows (or None) first.
    """

    def __init__(
        self,
        shape: Sequence[int] | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Sequence[int | None] | None = None,
        input_tensor: Any = None,
        optional: bool = False,
        name: str | None = None,
        **legacy: Any,
    ) -> None:
        super().__init__(name=name, **legacy)
        not_here("Input", sparse=sparse, ragged=ragged, tensor=input_tensor, optional=optional)
        self.batch_shape = self.declared_shape or _batch_shape(shape, batch_size, batch_shape)
        self.declared_shape = self.batch_shape
        try:
            self._data_type = np.dtype(config.floatx() if dtype is None else dtype).name
        except TypeError:
            raise TypeError(f"Input: expected the type of numbers, got dtype={dtype!r}; 'float32', for one") from None
        self.build(self.batch_shape)

    @property
    def dtype(self) -> str:
        """The type of the data, which need not be one that models compute in."""
        return self._data_type

    def lower(self) -> list[dict[str, Any]]:
        """Nothing."""
        return []

    def get_config(self) -> dict[str, Any]:
        """The settings."""
        return {"batch_shape": list(self.batch_shape), "dtype": self.dtype, "name": self.name}

    def __repr__(self) -> str:
        return f"InputLayer(batch_shape={self.batch_shape}, name={self.name!r})"


def _batch_shape(shape: Any, batch_size: Any, batch_shape: Any) -> Shape:
    """All axes, from either way of giving them."""
    if (shape is None) == (batch_shape is None) or (batch_shape is not None and batch_size is not None):
        given = {"shape": shape, "batch_size": batch_size, "batch_shape": batch_shape}
        raise ValueError(f"Input: expected either shape (and batch_size) or batch_shape, got {given}; "
                         "Input(shape=(784,)), for one")  # fmt: skip
    axes = shape if batch_shape is None else batch_shape
    if isinstance(axes, (str, int)) or not isinstance(axes, Sequence):
        raise TypeError(f"Input: expected a tuple, got {brief(axes)}; write (784,) for 784 features")
    rows, *sample = axes if shape is None else (batch_size, *axes)
    rows = None if rows is None else whole("Input: batch_size", rows)
    return (rows, *(whole("Input: shape", n) for n in sample))


def Input(  # noqa: N802 - Keras's name
    shape: Sequence[int] | None = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    tensor: Any = None,
    optional: bool = False,
) -> Any:
    """What a model takes: first in a Sequential, or given to layers to put a `Model` together.

    Examples
    --------
    >>> Input(shape=(784,)).shape
    (None, 784)
    """
    layer = InputLayer(shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name)
    return Node.of_input(layer)


class Dense(Layer):
    """Every unit sees every feature: ``Y = f(X W + b)``.

    Parameters
    ----------
    units
        The width of the output.
    activation
        f: a name, a function of `fastmlp.activations`, or a layer such as ``LeakyReLU(0.1)``; None for none.
    use_bias
        Whether there is a b.
    kernel_initializer, bias_initializer
        What W and b start from.
    kernel_regularizer, bias_regularizer, activity_regularizer
        Penalties on W, b and Y.
    kernel_constraint, bias_constraint
        What W and b are held to after each update.
    compat
        Whose initializers W and b have unless given, see `fastmlp.compat`.

    Examples
    --------
    >>> layer = Dense(3, activation="relu")
    >>> layer.build((None, 2))
    >>> layer.kernel.shape, layer.bias.shape, layer.output_shape
    ((2, 3), (3,), (None, 3))
    """

    kernel: Variable
    bias: Variable | None

    @conventional(**STARTS)
    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        *,
        compat: str = "keras",
        **settings: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **settings)
        where = type(self).__name__
        self.compat = compat
        not_here(where, lora_rank=lora_rank, lora_alpha=lora_alpha, quantization_config=quantization_config)
        self.units = whole(f"{where}: units", units)
        self.activation = activation_layer(where, activation)
        self.use_bias = flag(f"{where}: use_bias", use_bias)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.kernel_initializer = initializers.get(kernel_initializer)  # last, for these may draw a seed
        self.bias_initializer = initializers.get(bias_initializer)

    @property
    def columns(self) -> int:
        """How many columns W has."""
        return self.units

    def build_weights(self, shape: Shape) -> None:
        """Make W and b."""
        self.kernel = self.add_weight(
            (self.features(shape), self.columns),
            self.kernel_initializer,
            name="kernel",
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            start = self.bias_initializer
            self.bias = self.add_weight(
                (self.columns,),
                start.beside(self.kernel.shape) if isinstance(start, BiasScaling) else start,
                name="bias",
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """As many columns as units, halved by glu."""
        self.features(input_shape)
        return activation_shape(self.name, self.activation, (input_shape[0], self.units))

    def lower(self) -> list[dict[str, Any]]:
        """A product and an activation."""
        dense = {"op": "dense", "units": self.columns, "kernel": self.kernel, "bias": self.bias}
        dense["bf16"] = self.compute_dtype == "bfloat16"
        return [dense, *activation_operations(self.activation, (None, self.units))]

    def get_config(self) -> dict[str, Any]:
        """The settings."""
        return {**super().get_config(), "activation": activation_config(self.activation)}
