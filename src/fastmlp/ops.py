"""Operations on tensors, by the names and with the arguments of `keras.ops`.

Each takes tensors, variables, arrays or numbers and gives tensors; inside a `GradientTape` gradients can be asked for.

>>> softmax([1.0, 1.0]).numpy().tolist()
[0.5, 0.5]
"""

from __future__ import annotations

from typing import Any

from fastmlp import activations
from fastmlp._validate import outside
from fastmlp.activations import (  # noqa: F401 - the kernels of layers, operations too
    arctan,
    celu,
    elu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    mish,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softmax,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    tanh,
    tanh_shrink,
    threshold,
)
from fastmlp.autodiff.arithmetic import *
from fastmlp.autodiff.arranging import *
from fastmlp.autodiff.asking import *
from fastmlp.autodiff.comparisons import *
from fastmlp.autodiff.contractions import *
from fastmlp.autodiff.control import *
from fastmlp.autodiff.crossentropies import *
from fastmlp.autodiff.extremes import *
from fastmlp.autodiff.functions import *
from fastmlp.autodiff.linalg import *
from fastmlp.autodiff.logistic import *
from fastmlp.autodiff.making import *
from fastmlp.autodiff.normalising import *
from fastmlp.autodiff.picking import *
from fastmlp.autodiff.products import *
from fastmlp.autodiff.reductions import *
from fastmlp.autodiff.rounding import *
from fastmlp.autodiff.shapes import *
from fastmlp.autodiff.trigonometry import *


def gelu(x: Any, approximate: bool = True) -> Any:
    """`activations.gelu`, which is exact unless asked; keras.ops takes the formula with tanh unless asked."""
    return activations.gelu(x, approximate)


# Keras's second names
abs = absolute
amax, amin = max, min
array = convert_to_tensor
true_divide = divide
get_item = getitem
swish, hard_swish = silu, hard_silu
bitwise_invert = bitwise_not


def __getattr__(name: str) -> Any:
    raise AttributeError(f"module 'fastmlp.ops' has no attribute '{name}'" if name[0] == "_" else outside("ops", name))
