"""What TensorFlow means by an operation, where Keras means something else by it, or has none of the name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from fastmlp.autodiff import (
    activations,
    arranging,
    extremes,
    functions,
    linalg,
    normalising,
    picking,
    products,
    reductions,
    rounding,
    shapes,
)
from fastmlp.autodiff.arithmetic import add, divide, multiply
from fastmlp.autodiff.asking import cast
from fastmlp.autodiff.comparisons import greater
from fastmlp.autodiff.logistic import sigmoid
from fastmlp.autodiff.primitive import as_tensor, as_tensors

# ---- sums and means


def reduce_mean(x: Any, axis: Any, keepdims: Any) -> Any:
    """The mean; of whole numbers a whole number."""
    x = as_tensor(x)
    found = reductions.mean(x, axis, bool(keepdims))
    return found if x.dtype.kind == "f" else cast(rounding.trunc(found), x.dtype)


def extreme_at(which: Any, x: Any, axis: Any, output_type: Any) -> Any:
    """The position of an extreme, along the first axis unless told otherwise."""
    return cast(which(x, 0 if axis is None else axis), output_type)


def running(which: Callable[..., Any], start: float, x: Any, axis: int, exclusive: bool, reverse: bool) -> Any:
    """Sums or products so far, without the number itself if `exclusive`, from the end if `reverse`."""
    x = as_tensor(x)
    x = arranging.flip(x, axis) if reverse else x
    if exclusive:
        n, at = x.shape[axis], axis % len(x.shape)
        width = [(int(i == at), 0) for i in range(len(x.shape))]
        x = shapes.getitem(arranging.pad(x, width, constant_values=start), arranging.along(at, slice(0, n)))
    found = which(x, axis)
    return arranging.flip(found, axis) if reverse else found


def cumsum(x: Any, axis: int, exclusive: bool, reverse: bool) -> Any:
    """Sums so far."""
    return running(reductions.cumsum, 0, x, axis, exclusive, reverse)


def cumprod(x: Any, axis: int, exclusive: bool, reverse: bool) -> Any:
    """Products so far."""
    return running(reductions.cumprod, 1, x, axis, exclusive, reverse)


def argmax(x: Any, axis: Any, output_type: Any) -> Any:
    """The position of the largest."""
    return extreme_at(extremes.argmax, x, axis, output_type)


def argmin(x: Any, axis: Any, output_type: Any) -> Any:
    """The position of the smallest."""
    return extreme_at(extremes.argmin, x, axis, output_type)


def count_nonzero(x: Any, axis: Any, keepdims: Any, dtype: Any) -> Any:
    """How many are not 0."""
    return cast(reductions.count_nonzero(x, axis, bool(keepdims)), dtype)


def norm(x: Any, ord: Any, axis: Any, keepdims: Any) -> Any:  # noqa: A002 - TensorFlow's name
    """The length of vectors; without an axis, of all of it, unrolled."""
    x = as_tensor(x)
    if axis is not None or keepdims:
        return reductions.norm(x, ord, axis, bool(keepdims))
    return reductions.norm(arranging.ravel(x), ord)


def euclidean_norm(x: Any, axis: Any, keepdims: Any) -> Any:
    """√Σx²."""
    return functions.sqrt(shapes.sum(functions.square(x), axis, bool(keepdims)))


def normalize(x: Any, ord: Any, axis: Any) -> tuple[Any, Any]:  # noqa: A002 - TensorFlow's name
    """Vectors made as long as 1, and how long they were."""
    length = reductions.norm(x, ord, axis, True)
    return divide(x, length), length


class TopK(NamedTuple):
    """The largest of each row, and where they are."""

    values: Any
    indices: Any


def top_k(x: Any, k: int, sorted: bool, index_type: Any) -> TopK:  # noqa: A002 - TensorFlow's name
    """The k largest of each row, falling."""
    values, indices = picking.top_k(x, k)
    return TopK(values, cast(indices, index_type))


def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """Whether the prediction for a class is among the k largest of its row."""
    x = as_tensor(predictions)
    own = picking.take_along_axis(x, shapes.expand_dims(targets, -1), -1)
    return reductions.count_nonzero(greater(x, own), -1) < k


def softmax(x: Any, axis: Any) -> Any:
    """e^x / Σ e^x, along the last axis unless told otherwise."""
    return activations.softmax(x, -1 if axis is None else axis)


def log_softmax(x: Any, axis: Any) -> Any:
    """x - log Σ e^x, along the last axis unless told otherwise."""
    return activations.log_softmax(x, -1 if axis is None else axis)


# ---- products


def matmul(a: Any, b: Any, transpose_a: bool, transpose_b: bool, adjoint_a: bool, adjoint_b: bool, *_: Any) -> Any:
    """The product of matrices."""
    return products.matmul(a, b, transpose_a or adjoint_a, transpose_b or adjoint_b)


def matvec(a: Any, b: Any, transpose_a: bool) -> Any:
    """Matrices times vectors."""
    return shapes.squeeze(products.matmul(a, shapes.expand_dims(b, -1), transpose_a), -1)


def band_part(x: Any, num_lower: int, num_upper: int) -> Any:
    """So many diagonals below the main one and above it, all if that is negative; zeros elsewhere."""
    x = x if num_lower < 0 else arranging.triu(x, -num_lower)
    return x if num_upper < 0 else arranging.tril(x, num_upper)


def diag_part(x: Any, k: int) -> Any:
    """The diagonal of matrices."""
    return arranging.diagonal(x, k, -2, -1)


def trace(x: Any) -> Any:
    """The sum of the diagonal of matrices."""
    return arranging.trace(x, 0, -2, -1)


def inv(x: Any, adjoint: bool) -> Any:
    """The inverse of matrices."""
    return linalg.inv(linalg.matrix_transpose(x) if adjoint else x)


def solve(matrix: Any, rhs: Any, adjoint: bool) -> Any:
    """x of matrix·x = rhs."""
    return linalg.solve(linalg.matrix_transpose(matrix) if adjoint else matrix, rhs)


def cross(a: Any, b: Any) -> Any:
    """The cross product of vectors of three."""
    (a0, a1, a2), (b0, b1, b2) = (arranging.unstack(v, 3, -1) for v in as_tensors(a, b))
    return shapes.stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0], -1)


def silu(x: Any, beta: float) -> Any:
    """x · sigmoid(βx)."""
    return multiply(x, sigmoid(multiply(x, beta)))


def bias_add(value: Any, bias: Any, data_format: Any) -> Any:
    """A number for each column, or for each channel if these come first, added."""
    x = as_tensor(value)
    if str(data_format).startswith("NC") and len(x.shape) > 2:
        return add(x, shapes.reshape(bias, (-1, *(1,) * (len(x.shape) - 2))))
    return add(x, bias)


def moments(x: Any, axes: Any, shift: Any, keepdims: bool) -> tuple[Any, Any]:
    """Mean and variance along axes."""
    return reductions.moments(x, axes, keepdims)


def embedding_lookup(params: Any, ids: Any, max_norm: Any) -> Any:
    """The rows with these numbers, made shorter where they are longer than max_norm."""
    found = picking.take(params, ids, 0)
    return found if max_norm is None else normalising.clip_by_norm(found, max_norm, -1)
