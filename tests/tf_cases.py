"""What the names of fastmlp.tf are tried on: arguments as TensorFlow takes them, for ours and for TensorFlow itself."""

from collections import defaultdict
from typing import NamedTuple

import numpy as np

draw = np.random.default_rng(11)


class Case(NamedTuple):
    name: str
    inputs: tuple  # by position; float arrays have gradients
    settings: dict  # by keyword
    slopes: bool


def numbers(*shape, low=-2.0, high=2.0):
    return draw.uniform(low, high, shape).astype("float32")


A, B, ROW, SQUARE = numbers(3, 4), numbers(3, 4), numbers(4), numbers(3, 3)
P, CUBE = numbers(3, 4, low=0.2, high=3.0), numbers(2, 3, 4)
INTS = np.array([[3, 0, 2], [1, 1, -2]], "int32")
TRUTHS = A > 0
IDS = np.array([0, 0, 2], "int32")
POINTS = np.array([[0, 1], [2, 3]], "int32")
CASES = defaultdict(list)


def case(names, *inputs, slopes=True, **settings):
    for name in names.split():
        CASES[name].append(Case(name, inputs, settings, slopes))


SMOOTH = "abs acos acosh asin asinh atan atanh cos cosh erf erfc erfinv exp expm1 log_sigmoid negative sigmoid sin sinh"
for name in (SMOOTH + " softplus softsign square tan tanh").split():
    x = A / 4 if name in ("acos", "asin", "atanh", "erfinv") else P + 1 if name == "acosh" else A
    case(f"math.{name}", x)
    case(f"math.{name}", x[0, 0])
case("math.log math.log1p math.reciprocal math.rsqrt math.sqrt", P)
case("math.ceil math.floor math.rint math.round math.sign", 2 * A, slopes=False)
case("math.round", np.float32([0.5, 1.5, -2.5]), slopes=False)
case("math.is_finite math.is_inf math.is_nan", np.float32([1, np.nan, np.inf]), slopes=False)
case("math.logical_not", TRUTHS)
case("math.logical_and math.logical_or math.logical_xor", TRUTHS, TRUTHS[::-1])
BINARY = "math.add math.subtract math.multiply math.maximum math.minimum math.atan2 math.squared_difference"
case(BINARY, A, B)
case(BINARY, A, ROW)
case(BINARY.replace("math.atan2", ""), INTS, INTS[::-1])
case("math.divide math.truediv math.divide_no_nan math.pow math.xlogy math.multiply_no_nan", P, P[::-1])
case("math.divide math.truediv", INTS, INTS + 5)
case("math.divide_no_nan math.multiply_no_nan", A, np.float32([0, 1, 2, 0]))
case("math.floordiv math.floormod math.mod", A, P)
case("math.floordiv math.floormod math.mod", INTS, INTS * 0 + 2)
COMPARISONS = "math.equal math.not_equal math.less math.less_equal math.greater math.greater_equal"
case(COMPARISONS, np.round(A), np.round(B), slopes=False)
case("math.scalar_mul", np.float32(3), A)
case("math.add_n math.accumulate_n", [A, B, A])
case("math.polyval", [np.float32(1), np.float32(2), np.float32(3)], A)
case("math.argmax math.argmin", A, slopes=False)
case("math.argmax math.argmin", A, axis=1, output_type="int32", slopes=False)
case("math.count_nonzero", INTS, axis=1)
for says in ({}, {"exclusive": True}, {"reverse": True, "axis": 1}, {"exclusive": True, "reverse": True}):
    case("math.cumsum math.cumprod", P, **says)
FLOATS = "math.reduce_logsumexp math.reduce_std math.reduce_variance math.reduce_euclidean_norm"
REDUCTIONS = "math.reduce_sum math.reduce_mean math.reduce_max math.reduce_min math.reduce_prod"
for says in ({}, {"axis": 0}, {"axis": [0, 2], "keepdims": True}, {"axis": -1, "keepdims": True}):
    case(FLOATS + " " + REDUCTIONS, CUBE, **says)
case(REDUCTIONS, INTS)
case("math.reduce_max math.reduce_min", np.float32([1, 3, 3, 1]))  # those that are equal share
case("math.reduce_all math.reduce_any", TRUTHS, axis=1)
case("math.zero_fraction", np.round(A), slopes=False)
case("math.l2_normalize", A, axis=1)
case("math.l2_normalize", A)
case("math.softmax math.log_softmax", CUBE)
case("math.softmax math.log_softmax", CUBE, axis=1)
case("math.softmax", A, axis=None)
case("math.top_k", A, k=2)
case("math.in_top_k", IDS, A, k=2, slopes=False)
case("math.bincount", np.int32([1, 1, 5]))
case("math.bincount", np.int32([1, 1, 5]), weights=np.float32([1, 2, 3]), slopes=False)
case("math.confusion_matrix", np.int32([1, 2, 2]), np.int32([1, 1, 2]), num_classes=4)
case("math.segment_mean math.segment_sum", A, IDS)
case("math.unsorted_segment_mean math.unsorted_segment_sum", A, IDS, num_segments=4)

# ---- networks

EDGES = np.float32([-3, -1, 0, 0.5, 6, 7])
case("nn.relu nn.relu6 nn.elu nn.selu nn.silu nn.gelu nn.leaky_relu", A)
case("nn.relu nn.relu6 nn.elu nn.silu nn.leaky_relu", EDGES)
case("nn.selu", EDGES[EDGES != 0])  # where the slope is that of the left here, that of the right there
case("nn.leaky_relu", A, alpha=0.3)
case("nn.gelu", A, approximate=True)
case("nn.silu", A, beta=2.0)
case("nn.batch_normalization", A, ROW, P[0], P[1], P[2], variance_epsilon=1e-3)
case("nn.batch_normalization", A, ROW, P[0], None, None, variance_epsilon=1e-3)
case("nn.bias_add", A, ROW)
case("nn.embedding_lookup", A, IDS)
case("nn.l2_loss", A)
case("nn.moments", A, axes=[0])
case("nn.moments", CUBE, axes=[0, 1], keepdims=True)
SHARES = np.exp(B) / np.exp(B).sum(1, keepdims=True)
case("nn.sigmoid_cross_entropy_with_logits", TRUTHS.astype("float32"), A)
case("nn.softmax_cross_entropy_with_logits", SHARES, A)
case("nn.sparse_softmax_cross_entropy_with_logits", IDS, A)
case("nn.weighted_cross_entropy_with_logits", TRUTHS.astype("float32"), A, pos_weight=2.0)

# ---- products

case("linalg.matmul", A, B, transpose_b=True)
case("linalg.matmul", A, B, transpose_a=True)
case("linalg.matmul", CUBE, CUBE, adjoint_b=True)
case("linalg.matvec", A, ROW)
case("linalg.einsum", "ij,kj->ik", A, B)
case("linalg.einsum", "bij,jk->bik", CUBE, numbers(4, 2))
case("linalg.tensordot", CUBE, numbers(4, 3, 2), axes=1)
case("linalg.tensordot", CUBE, numbers(3, 4, 2), axes=[[1, 2], [0, 1]])
case("linalg.cross", A[:, :3], B[:, 1:])
case("linalg.adjoint linalg.matrix_transpose", CUBE)
case("linalg.band_part", SQUARE, 0, -1)
case("linalg.band_part", SQUARE, 1, 0)
case("linalg.diag", A)
case("linalg.diag", ROW, k=1)
case("linalg.diag_part linalg.trace", CUBE)
case("linalg.eye", 3)
case("linalg.eye", 2, num_columns=3, batch_shape=[2], dtype="float64")
case("linalg.det linalg.inv", SQUARE + 3 * np.eye(3, dtype="float32"))
case("linalg.solve", SQUARE + 3 * np.eye(3, dtype="float32"), A)
case("linalg.solve", SQUARE + 3 * np.eye(3, dtype="float32"), A, adjoint=True)
case("linalg.global_norm", [A, B])
case("linalg.norm", A)
case("linalg.norm", A, ord=1, axis=1, keepdims=True)
case("linalg.norm", A, ord=np.inf, axis=0)
case("linalg.normalize", A, axis=1)

# ---- made of little

case("constant", [1.0, 2.0])
case("constant", 2, dtype="float32")
case("constant", [1, 2, 3, 4], shape=[2, 2])
case("constant", 0.5, shape=[2])
case("constant", True)
case("convert_to_tensor", [[1, 2], [3, 4]])
case("convert_to_tensor", np.float64(1.5))
case("convert_to_tensor", [1, 2], dtype="float32")
case("zeros ones", [2, 3])
case("zeros ones", 3, dtype="int32")
case("fill", [2, 2], 7)
case("fill", [2], 0.5)
case("zeros_like ones_like", A, slopes=False)
case("zeros_like ones_like", A, dtype="int32")
case("range", 5)
case("range", 3, 18, 3)
case("range", 3, 1, -0.5)
case("range", -6, 7, 0.1)
case("range", -6.0, limit=7.0, delta=1.0)
case("range", 5, dtype="float64")
case("linspace", 0.0, 1.0, num=5)
case("one_hot", [0, 2, -1], depth=3)
case("one_hot", [0, 2, -1], 3, on_value=5.0, off_value=-1.0, axis=0)
case("meshgrid", [1, 2], [3, 4, 5])
case("meshgrid", [1, 2], [3, 4, 5], indexing="ij")
case("sequence_mask", [1, 3, 2])
case("sequence_mask", [1, 3], maxlen=5, dtype="float32")

# ---- shapes

case("shape size", CUBE)
case("shape size", CUBE, out_type="int64")
case("rank", CUBE)
case("reshape", A, [2, -1])
case("transpose", CUBE)
case("transpose", CUBE, perm=[0, 2, 1])
case("expand_dims", A, axis=-1)
case("squeeze", A[:, :1])
case("squeeze", A[:, :1], axis=[1])
case("broadcast_to", ROW, [3, 4])
case("ensure_shape", A, [None, 4])
case("concat", [A, B], 0)
case("concat", [A, B], axis=-1)
case("stack", [A, B])
case("stack", [A, B], axis=-1)
case("unstack", A)
case("unstack", A, axis=1)
case("split", A, 2, axis=1)
case("split", A, num_or_size_splits=[1, -1], axis=1)
case("tile", A, [2, 1])
case("repeat", A, repeats=2, axis=1)
case("repeat", A, repeats=[1, 0, 2], axis=0)
case("pad", A, [[1, 0], [0, 2]])
case("pad", A, [[1, 0], [0, 2]], constant_values=9)
case("pad", A, [[1, 1], [2, 2]], mode="REFLECT")
case("pad", A, [[1, 1], [2, 2]], mode="symmetric")
case("reverse", A, axis=[1])
case("roll", A, shift=1, axis=0)

# ---- parts

case("gather", A, [2, 0, 2])
case("gather", A, [[1], [3]], axis=1)
case("gather", A, np.int32([[1, 1], [0, 3], [2, 0]]), batch_dims=1)
case("gather_nd", A, POINTS)
case("slice", A, [1, 0], [2, -1])
case("boolean_mask", A, [True, False, True])
case("boolean_mask", A, TRUTHS)
case("where", TRUTHS, A, B)
case("where", TRUTHS)
case("scatter_nd", POINTS, ROW[:2], [3, 4])
case("tensor_scatter_nd_add tensor_scatter_nd_sub tensor_scatter_nd_update", A, POINTS, ROW[:2])
case("sort", A)
case("sort", A, axis=0, direction="DESCENDING")
case("argsort", np.round(A), stable=True, slopes=False)
case("argsort", A, direction="DESCENDING", slopes=False)
case("searchsorted", [1.0, 3.0, 5.0], [0.0, 3.0, 4.0])
case("searchsorted", [1.0, 3.0, 5.0], [0.0, 3.0, 4.0], side="right")
case("unique", [5, 1, 5, 2, 1])

# ---- values

case("clip_by_value", A, -0.5, 1.0)
case("clip_by_value", EDGES, clip_value_min=-1.0, clip_value_max=6.0)
case("clip_by_norm", A, 1.0)
case("clip_by_norm", A, 1.0, axes=[1])
case("clip_by_norm", A, 100.0)
case("clip_by_global_norm", [A, B], 1.0)
case("clip_by_global_norm", [A, B], clip_norm=100.0)
case("identity", A)
case("stop_gradient", A, slopes=False)
case("dtypes.cast", A, "float64")
case("dtypes.cast", INTS, "float32")
case("dtypes.cast", A, "int32", slopes=False)
case("bitwise.bitwise_and bitwise.bitwise_or bitwise.bitwise_xor", INTS, INTS[::-1])
case("bitwise.invert", INTS)
