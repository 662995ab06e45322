"""tf.linalg: TensorFlow's names and arguments for products of matrices and what belongs to them."""

from fastmlp import ops as _ops
from fastmlp.autodiff import arranging as _arranging
from fastmlp.autodiff import linalg as _linalg
from fastmlp.autodiff import normalising as _normalising
from fastmlp.autodiff import tensorflow as _meant
from fastmlp.autodiff import tensorflow_shapes as _moved
from fastmlp.tf._spelling import missing as _missing
from fastmlp.tf._spelling import spelled as _spelled
from fastmlp.tf.math import l2_normalize as l2_normalize

matmul = _spelled(
    _meant.matmul,
    "a, b, transpose_a=False, transpose_b=False, adjoint_a=False, adjoint_b=False, a_is_sparse=False, "
    "b_is_sparse=False, output_type=None, grad_a=False, grad_b=False",
)
matvec = _spelled(_meant.matvec, "a, b, transpose_a=False")
einsum = _spelled(_ops.einsum, "equation, *inputs")
tensordot = _spelled(_ops.tensordot, "a, b, axes")
cross = _spelled(_meant.cross, "a, b")

adjoint = _spelled(_linalg.matrix_transpose, "matrix")
matrix_transpose = _spelled(_linalg.matrix_transpose, "a")
band_part = _spelled(_meant.band_part, "input, num_lower, num_upper")
diag = _spelled(_arranging.matrix_of, "diagonal, k=0")
diag_part = _spelled(_meant.diag_part, "input, k=0")
eye = _spelled(_moved.eye, "num_rows, num_columns=None, batch_shape=None, dtype='float32'")
trace = _spelled(_meant.trace, "x")

det = _spelled(_ops.det, "input")
inv = _spelled(_meant.inv, "input, adjoint=False")
solve = _spelled(_meant.solve, "matrix, rhs, adjoint=False")

global_norm = _spelled(_normalising.global_norm, "t_list")
norm = _spelled(_meant.norm, "tensor, ord='euclidean', axis=None, keepdims=None")
normalize = _spelled(_meant.normalize, "tensor, ord='euclidean', axis=None")

__getattr__ = _missing("tf.linalg")
