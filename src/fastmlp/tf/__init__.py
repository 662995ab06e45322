"""The part of TensorFlow that introductory scripts use, by its names: ``import fastmlp.tf as tf``.

Each name is a function of fastmlp with the arguments that TensorFlow gives it; `name=` may be said and says nothing.

>>> float(reduce_sum(constant([1.0, 2.0]), axis=0, name="total"))
3.0
"""

import importlib as _importlib

from fastmlp import initializers as _initializers
from fastmlp import ops as _ops
from fastmlp.autodiff import GradientTape as GradientTape
from fastmlp.autodiff import Tensor as Tensor
from fastmlp.autodiff import constant as constant
from fastmlp.autodiff import control as _control
from fastmlp.autodiff import custom_gradient as custom_gradient
from fastmlp.autodiff import making as _making
from fastmlp.autodiff import normalising as _normalising
from fastmlp.autodiff import picking as _picking
from fastmlp.autodiff import tensorflow_shapes as _moved
from fastmlp.autodiff.tensor import Shape as _Shape
from fastmlp.data import TensorSpec as TensorSpec
from fastmlp.tf import _scripts
from fastmlp.tf import autodiff as autodiff
from fastmlp.tf import bitwise as bitwise
from fastmlp.tf import config as config
from fastmlp.tf import data as data
from fastmlp.tf import debugging as debugging
from fastmlp.tf import dtypes as dtypes
from fastmlp.tf import errors as errors
from fastmlp.tf import initializers as initializers
from fastmlp.tf import linalg as linalg
from fastmlp.tf import math as math
from fastmlp.tf import nn as nn
from fastmlp.tf import random as random
from fastmlp.tf._scripts import executing_eagerly as executing_eagerly
from fastmlp.tf._scripts import function as function
from fastmlp.tf._scripts import print as print
from fastmlp.tf._spelling import missing as _missing
from fastmlp.tf._spelling import spelled as _spelled
from fastmlp.tf.debugging import Assert as Assert
from fastmlp.tf.debugging import assert_equal as assert_equal
from fastmlp.tf.debugging import assert_greater as assert_greater
from fastmlp.tf.debugging import assert_less as assert_less
from fastmlp.tf.debugging import assert_rank as assert_rank
from fastmlp.tf.dtypes import DType as DType
from fastmlp.tf.dtypes import as_dtype as as_dtype
from fastmlp.tf.dtypes import bool as bool
from fastmlp.tf.dtypes import cast as cast
from fastmlp.tf.dtypes import double as double
from fastmlp.tf.dtypes import float16 as float16
from fastmlp.tf.dtypes import float32 as float32
from fastmlp.tf.dtypes import float64 as float64
from fastmlp.tf.dtypes import half as half
from fastmlp.tf.dtypes import int8 as int8
from fastmlp.tf.dtypes import int16 as int16
from fastmlp.tf.dtypes import int32 as int32
from fastmlp.tf.dtypes import int64 as int64
from fastmlp.tf.dtypes import string as string
from fastmlp.tf.dtypes import uint8 as uint8
from fastmlp.tf.dtypes import uint16 as uint16
from fastmlp.tf.dtypes import uint32 as uint32
from fastmlp.tf.dtypes import uint64 as uint64
from fastmlp.tf.linalg import einsum as einsum
from fastmlp.tf.linalg import eye as eye
from fastmlp.tf.linalg import matmul as matmul
from fastmlp.tf.linalg import norm as norm
from fastmlp.tf.linalg import tensordot as tensordot
from fastmlp.tf.math import abs as abs
from fastmlp.tf.math import acos as acos
from fastmlp.tf.math import acosh as acosh
from fastmlp.tf.math import add as add
from fastmlp.tf.math import add_n as add_n
from fastmlp.tf.math import argmax as argmax
from fastmlp.tf.math import argmin as argmin
from fastmlp.tf.math import asin as asin
from fastmlp.tf.math import asinh as asinh
from fastmlp.tf.math import atan as atan
from fastmlp.tf.math import atan2 as atan2
from fastmlp.tf.math import atanh as atanh
from fastmlp.tf.math import cos as cos
from fastmlp.tf.math import cosh as cosh
from fastmlp.tf.math import cumsum as cumsum
from fastmlp.tf.math import divide as divide
from fastmlp.tf.math import equal as equal
from fastmlp.tf.math import exp as exp
from fastmlp.tf.math import floor as floor
from fastmlp.tf.math import greater as greater
from fastmlp.tf.math import greater_equal as greater_equal
from fastmlp.tf.math import less as less
from fastmlp.tf.math import less_equal as less_equal
from fastmlp.tf.math import logical_and as logical_and
from fastmlp.tf.math import logical_not as logical_not
from fastmlp.tf.math import logical_or as logical_or
from fastmlp.tf.math import maximum as maximum
from fastmlp.tf.math import minimum as minimum
from fastmlp.tf.math import multiply as multiply
from fastmlp.tf.math import negative as negative
from fastmlp.tf.math import not_equal as not_equal
from fastmlp.tf.math import pow as pow
from fastmlp.tf.math import reduce_all as reduce_all
from fastmlp.tf.math import reduce_any as reduce_any
from fastmlp.tf.math import reduce_logsumexp as reduce_logsumexp
from fastmlp.tf.math import reduce_max as reduce_max
from fastmlp.tf.math import reduce_mean as reduce_mean
from fastmlp.tf.math import reduce_min as reduce_min
from fastmlp.tf.math import reduce_prod as reduce_prod
from fastmlp.tf.math import reduce_sum as reduce_sum
from fastmlp.tf.math import round as round
from fastmlp.tf.math import scalar_mul as scalar_mul
from fastmlp.tf.math import sigmoid as sigmoid
from fastmlp.tf.math import sign as sign
from fastmlp.tf.math import sin as sin
from fastmlp.tf.math import sinh as sinh
from fastmlp.tf.math import sqrt as sqrt
from fastmlp.tf.math import square as square
from fastmlp.tf.math import subtract as subtract
from fastmlp.tf.math import tan as tan
from fastmlp.tf.math import tanh as tanh
from fastmlp.tf.math import truediv as truediv
from fastmlp.variables import Variable as Variable

__version__ = "2.21.0"  # of TensorFlow, whose names these are
TensorShape = _Shape
newaxis = None

# ---- what weights start from

zeros_initializer = _initializers.Zeros
ones_initializer = _initializers.Ones
constant_initializer = _spelled(_initializers.Constant, "value=0")
random_normal_initializer = _spelled(_initializers.RandomNormal, "mean=0.0, stddev=0.05, seed=None")
random_uniform_initializer = _spelled(_initializers.RandomUniform, "minval=-0.05, maxval=0.05, seed=None")

# ---- tensors from numbers

convert_to_tensor = _spelled(_moved.convert_to_tensor, "value, dtype=None, dtype_hint=None")
is_tensor = _spelled(_moved.is_tensor, "x")
zeros = _spelled(_making.zeros, "shape, dtype='float32'")
ones = _spelled(_making.ones, "shape, dtype='float32'")
fill = _spelled(_making.full, "dims, value")
zeros_like = _spelled(_making.zeros_like, "input, dtype=None")
ones_like = _spelled(_making.ones_like, "input, dtype=None")
range = _spelled(_making.arange, "start, limit=None, delta=1, dtype=None")
linspace = _spelled(_moved.linspace, "start, stop, num, axis=0")
one_hot = _spelled(_moved.one_hot, "indices, depth, on_value=None, off_value=None, axis=None, dtype=None")
meshgrid = _moved.meshgrid
sequence_mask = _spelled(_moved.sequence_mask, "lengths, maxlen=None, dtype='bool'")

# ---- shapes

shape = _spelled(_moved.shape, "input, out_type='int32'")
size = _spelled(_moved.size, "input, out_type='int32'")
rank = _spelled(_moved.rank, "input")
reshape = _spelled(_ops.reshape, "tensor, shape")
transpose = _spelled(_ops.transpose, "a, perm=None")
expand_dims = _spelled(_ops.expand_dims, "input, axis")
squeeze = _spelled(_ops.squeeze, "input, axis=None")
broadcast_to = _spelled(_ops.broadcast_to, "input, shape")
ensure_shape = _spelled(_moved.ensure_shape, "x, shape")
concat = _spelled(_ops.concatenate, "values, axis")
stack = _spelled(_ops.stack, "values, axis=0")
unstack = _spelled(_ops.unstack, "value, num=None, axis=0")
split = _spelled(_moved.split, "value, num_or_size_splits, axis=0, num=None")
tile = _spelled(_ops.tile, "input, multiples")
repeat = _spelled(_ops.repeat, "input, repeats, axis=None")
pad = _spelled(_moved.pad, "tensor, paddings, mode='CONSTANT', constant_values=0")
reverse = _spelled(_ops.flip, "tensor, axis")
roll = _spelled(_ops.roll, "input, shift, axis")

# ---- parts

gather = _spelled(_moved.gather, "params, indices, validate_indices=None, axis=None, batch_dims=0")
gather_nd = _spelled(_picking.gather_nd, "params, indices")
slice = _spelled(_ops.slice, "input_, begin, size")
boolean_mask = _spelled(_moved.boolean_mask, "tensor, mask, axis=None")
where = _spelled(_moved.where_true, "condition, x=None, y=None")
scatter_nd = _spelled(_ops.scatter, "indices, updates, shape")
tensor_scatter_nd_add = _spelled(_moved.scatter_add, "tensor, indices, updates")
tensor_scatter_nd_sub = _spelled(_moved.scatter_sub, "tensor, indices, updates")
tensor_scatter_nd_update = _spelled(_ops.scatter_update, "tensor, indices, updates")
sort = _spelled(_moved.sort, "values, axis=-1, direction='ASCENDING'")
argsort = _spelled(_moved.argsort, "values, axis=-1, direction='ASCENDING', stable=False")
searchsorted = _spelled(_ops.searchsorted, "sorted_sequence, values, side='left'")
unique = _spelled(_moved.unique, "x, out_idx='int32'")

# ---- values

clip_by_value = _spelled(_ops.clip, "t, clip_value_min, clip_value_max")
clip_by_norm = _spelled(_normalising.clip_by_norm, "t, clip_norm, axes=None")
clip_by_global_norm = _spelled(_normalising.clip_by_global_norm, "t_list, clip_norm, use_norm=None")
identity = _spelled(_ops.copy, "input")
stop_gradient = _spelled(_ops.stop_gradient, "input")

# ---- control

cond = _spelled(_control.cond, "pred, true_fn=None, false_fn=None")
while_loop = _spelled(_moved.while_loop, "cond, body, loop_vars, shape_invariants=None, parallel_iterations=10, "
                     "back_prop=True, swap_memory=False, maximum_iterations=None")  # fmt: skip
map_fn = _spelled(
    _moved.map_fn,
    "fn, elems, dtype=None, parallel_iterations=None, back_prop=True, swap_memory=False, "
    "infer_shape=True, fn_output_signature=None",
)
vectorized_map = _spelled(_moved.map_fn, "fn, elems")
device = name_scope = init_scope = control_dependencies = _scripts.scope
get_static_value = _scripts.static_value
group = no_op = _scripts.nothing

_OF_KERAS = ("losses", "metrics", "optimizers")


def _lazily(name: str) -> object:
    """tf.keras and what TensorFlow takes from it, imported when it is first asked for."""
    if name == "keras":
        return _importlib.import_module("fastmlp.tf.keras")
    return getattr(_importlib.import_module("fastmlp.tf.keras"), name) if name in _OF_KERAS else None


__getattr__ = _missing("tf", _lazily)
