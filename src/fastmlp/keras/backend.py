"""``keras.backend``."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastmlp._spelling import older_spelling
from fastmlp.autodiff.primitive import common_dtype
from fastmlp.config import backend as backend
from fastmlp.config import epsilon as epsilon
from fastmlp.config import floatx as floatx
from fastmlp.config import image_data_format as image_data_format
from fastmlp.config import set_epsilon as set_epsilon
from fastmlp.config import set_floatx as set_floatx
from fastmlp.config import set_image_data_format as set_image_data_format
from fastmlp.keras._rest import rest
from fastmlp.utils import clear_session as clear_session
from fastmlp.utils import is_keras_tensor as is_keras_tensor
from fastmlp.utils import standardize_dtype as standardize_dtype

_OPS = """
    abs all any arange argmax argmin binary_crossentropy cast categorical_crossentropy clip concatenate cos
    cumprod cumsum dot dtype elu equal exp expand_dims eye greater greater_equal hard_sigmoid in_top_k less
    less_equal log logsumexp max maximum mean min minimum ndim not_equal one_hot ones ones_like prod relu repeat
    reshape round shape sigmoid sign sin softmax softplus softsign sparse_categorical_crossentropy sqrt square
    squeeze stack std stop_gradient sum tanh tile transpose var zeros zeros_like
    """
_RENAMED = {
    "flatten": "ops.ravel",
    "get_value": "ops.convert_to_numpy",
    "int_shape": "ops.shape",
    "permute_dimensions": "ops.transpose",
    "pow": "ops.power",
    "random_normal": "random.normal",
    "random_uniform": "random.uniform",
    "reverse": "ops.flip",
    "truncated_normal": "random.truncated_normal",
    "variable": "Variable",
}

__getattr__ = rest(__name__, {name: f"ops.{name}" for name in _OPS.split()} | _RENAMED)


def is_float_dtype(dtype: Any) -> bool:
    """Whether numbers of this type have a fractional part."""
    return standardize_dtype(dtype).startswith(("float", "bfloat"))


def is_int_dtype(dtype: Any) -> bool:
    """Whether they are whole."""
    return standardize_dtype(dtype).startswith(("int", "uint"))


def result_type(*dtypes: Any) -> str:
    """The type of what an operation makes of numbers of these types.

    >>> result_type("int32", "float32")
    'float32'
    """
    return common_dtype({np.dtype(standardize_dtype(dtype)) for dtype in dtypes}).name


def set_value(x: Any, value: Any) -> None:
    """What older scripts call: ``x.assign(value)``."""
    older_spelling("backend.set_value is of older Keras; write x.assign(value)")
    x.assign(value)
