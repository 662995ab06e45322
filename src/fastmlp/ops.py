"""Operations on tensors, by the names and with the arguments of `keras.ops`.

Each takes tensors, variables, arrays or numbers and gives tensors; inside a `GradientTape` gradients can be asked for.

>>> softmax([1.0, 1.0]).numpy().tolist()
[0.5, 0.5]
"""

from __future__ import annotations

from typing import Any

from fastmlp import activations
from fastmlp._validate import no_such_name, outside
from fastmlp.activations import (  # the kernels of layers are operations, too
    arctan as arctan,
)
from fastmlp.activations import (
    celu as celu,
)
from fastmlp.activations import (
    elu as elu,
)
from fastmlp.activations import (
    glu as glu,
)
from fastmlp.activations import (
    hard_shrink as hard_shrink,
)
from fastmlp.activations import (
    hard_sigmoid as hard_sigmoid,
)
from fastmlp.activations import (
    hard_silu as hard_silu,
)
from fastmlp.activations import (
    hard_tanh as hard_tanh,
)
from fastmlp.activations import (
    leaky_relu as leaky_relu,
)
from fastmlp.activations import (
    log_sigmoid as log_sigmoid,
)
from fastmlp.activations import (
    log_softmax as log_softmax,
)
from fastmlp.activations import (
    mish as mish,
)
from fastmlp.activations import (
    relu as relu,
)
from fastmlp.activations import (
    relu6 as relu6,
)
from fastmlp.activations import (
    selu as selu,
)
from fastmlp.activations import (
    sigmoid as sigmoid,
)
from fastmlp.activations import (
    silu as silu,
)
from fastmlp.activations import (
    soft_shrink as soft_shrink,
)
from fastmlp.activations import (
    softmax as softmax,
)
from fastmlp.activations import (
    softplus as softplus,
)
from fastmlp.activations import (
    softsign as softsign,
)
from fastmlp.activations import (
    sparse_plus as sparse_plus,
)
from fastmlp.activations import (
    sparse_sigmoid as sparse_sigmoid,
)
from fastmlp.activations import (
    sparsemax as sparsemax,
)
from fastmlp.activations import (
    squareplus as squareplus,
)
from fastmlp.activations import (
    tanh as tanh,
)
from fastmlp.activations import (
    tanh_shrink as tanh_shrink,
)
from fastmlp.activations import (
    threshold as threshold,
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
    raise no_such_name(f"module 'fastmlp.ops' has no attribute '{name}'" if name[0] == "_" else outside("ops", name))
