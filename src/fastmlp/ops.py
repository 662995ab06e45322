"""Operations on tensors, by the names and with the arguments of `keras.ops`.

Each takes tensors, variables, arrays or numbers and gives tensors; inside a `GradientTape` gradients can be asked for.

>>> softmax([1.0, 1.0]).numpy().tolist()
[0.5, 0.5]
"""

from __future__ import annotations

from typing import Any

from fastmlp._validate import outside
from fastmlp.autodiff.activations import *
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
