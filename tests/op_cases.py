"""One line for each operation: how it is called, what NumPy says to it, and numbers to try it on."""

import math
from collections import defaultdict
from typing import NamedTuple

import numpy as np
from fastmlp import ops
from fastmlp.autodiff import activations as operations
from fastmlp.autodiff import logistic, trigonometry

draw = np.random.default_rng(5)


class Case(NamedTuple):
    call: object
    reference: object
    inputs: tuple
    slopes: bool = True  # whether there are gradients
    curves: bool = True  # and gradients of gradients


def numbers(*shape, low=-2.0, high=2.0):
    return draw.uniform(low, high, shape)


def positive(*shape):
    return numbers(*shape, low=0.2, high=3.0)


def away(*shape):
    """Numbers that are not near whole ones or halves, where functions have corners."""
    return np.round(numbers(*shape) * 2) / 2 + numbers(*shape, low=0.05, high=0.2)


def distinct(*shape):
    return draw.permutation(math.prod(shape)).reshape(shape) * 0.37 - 1.0


A, B, ROW, COLUMN = numbers(3, 4), numbers(3, 4), numbers(4), numbers(3, 1)
CUBE = numbers(2, 3, 4)
PLACES = np.array([[2, 0, 2], [1, 1, 0]])
CASES = defaultdict(list)


def case(name, call, reference, *inputs, **says):
    CASES[name].append(Case(call, reference, inputs, **says))


def ways(name):
    """The function of ops, and before it the operation that defines it where that is another."""
    own = [getattr(home, name) for home in (operations, logistic, trigonometry) if hasattr(home, name)]
    return list(dict.fromkeys([*own, getattr(ops, name)]))


def unary(name, reference, x=A, call=None, **says):
    for function in [call] if call else ways(name):
        case(name, function, reference, x, **says)
        case(name, function, reference, x.reshape(-1)[0], **says)  # a single number
        case(name, function, reference, x[:, ::2], **says)  # not contiguous
        case(name, function, reference, x[:0], **says)


def binary(name, reference, a=A, b=B, call=None, **says):
    function = call or getattr(ops, name)
    case(name, function, reference, a, b, **says)
    case(name, function, reference, a, b[0], **says)  # broadcast over rows,
    case(name, function, reference, a[:, :1], b, **says)  # over columns,
    case(name, function, reference, a[:, :1], b[0], **says)  # over both,
    case(name, function, reference, a, b[0, 0], **says)  # over all
    case(name, function, reference, a[:0], b[0], **says)


def sigma(x):
    return 1 / (1 + np.exp(-x))


def erf(x):
    return np.vectorize(math.erf, otypes=[float])(x)


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


# ---- arithmetic

binary("add", np.add)
binary("subtract", np.subtract)
binary("multiply", np.multiply)
binary("divide", np.divide, A, positive(3, 4))
unary("negative", np.negative)
binary("power", np.power, positive(3, 4), B)
case("power", lambda x: x**2, np.square, A)
case("power", lambda x: x**3, lambda x: x**3, np.array([0.0, 1.0, -2.0]))
binary("floor_divide", np.floor_divide, away(3, 4), np.full((3, 4), 0.5), slopes=False)
binary("mod", np.mod, np.full((3, 4), 3.3), away(3, 4) + 2.2)
binary("fmod", np.fmod, np.full((3, 4), -3.3), numbers(3, 4, low=1.7, high=3.2))
case("where", lambda a, b: ops.where(A > 0, a, b), lambda a, b: np.where(A > 0, a, b), A, B)
case("where", lambda a, b: ops.where(A > 0, a, b), lambda a, b: np.where(A > 0, a, b), ROW, COLUMN)
case("where", lambda a: ops.where(A > 0)[1], lambda a: np.nonzero(A > 0)[1], A, slopes=False)
case("nonzero", lambda a: ops.nonzero(A > 0)[0], lambda a: np.nonzero(A > 0)[0], A, slopes=False)
case("divide_no_nan", ops.divide_no_nan, np.divide, A, positive(4))
case("divide_no_nan", lambda a: ops.divide_no_nan(a, [1.0, 0.0, 2.0, 0.0]), lambda a: a * [1, 0, 0.5, 0], A)

# ---- functions

unary("square", np.square)
unary("sqrt", np.sqrt, positive(3, 4))
unary("rsqrt", lambda x: 1 / np.sqrt(x), positive(3, 4))
unary("cbrt", np.cbrt, positive(3, 4))
unary("reciprocal", lambda x: 1 / x, positive(3, 4))
unary("exp", np.exp)
unary("exp2", np.exp2)
unary("expm1", np.expm1)
unary("log", np.log, positive(3, 4))
unary("log1p", np.log1p, positive(3, 4))
unary("log2", np.log2, positive(3, 4))
unary("log10", np.log10, positive(3, 4))
binary("logaddexp", np.logaddexp)
for name in ["sin", "cos", "tan", "arctan", "sinh", "cosh", "tanh", "arcsinh"]:
    unary(name, getattr(np, name), A * 0.7)
for name in ["arcsin", "arccos", "arctanh"]:
    unary(name, getattr(np, name), A * 0.4)
unary("arccosh", np.arccosh, positive(3, 4) + 1)
binary("arctan2", np.arctan2)
binary("hypot", np.hypot)
unary("deg2rad", np.deg2rad)
unary("rad2deg", np.rad2deg)
unary("sigmoid", sigma)
unary("softplus", lambda x: np.log1p(np.exp(x)))
unary("log_sigmoid", lambda x: np.log(sigma(x)))
unary("erf", erf)
unary("erfc", lambda x: 1 - erf(x))
unary("erfinv", lambda x: x, erf(A), call=lambda x: ops.erf(ops.erfinv(x)), curves=False)
case("erfinv", ops.erfinv, lambda x: 0.4 * A, erf(0.4 * A), curves=False)

# ---- rounding, comparisons, logic

for name in ["floor", "ceil", "trunc", "round"]:
    unary(name, getattr(np, name), away(3, 4), slopes=False)
case("round", lambda x: ops.round(x, 1), lambda x: np.round(x, 1), A, slopes=False)
for name in ["equal", "not_equal", "less", "less_equal", "greater", "greater_equal"]:
    binary(name, getattr(np, name), np.round(A), np.round(B), slopes=False)
for name in ["logical_and", "logical_or", "logical_xor"]:
    binary(name, getattr(np, name), np.round(A), np.round(B), slopes=False)
unary("logical_not", np.logical_not, np.round(A), slopes=False)
ODD = np.array([0.0, -0.0, np.nan, np.inf, -np.inf, 1.0])
for name in ["isnan", "isinf", "isfinite", "isposinf", "isneginf", "signbit"]:
    unary(name, getattr(np, name), ODD.reshape(2, 3), slopes=False)
case("isclose", ops.isclose, np.isclose, A, A + 1e-7 * B, slopes=False)
case("isclose", lambda a, b: ops.isclose(a, b, atol=0.5), lambda a, b: np.isclose(a, b, atol=0.5), A, B, slopes=False)
case("allclose", ops.allclose, np.allclose, A, A + 1e-12, slopes=False)
for name, symbol in {"bitwise_and": np.bitwise_and, "bitwise_or": np.bitwise_or, "bitwise_xor": np.bitwise_xor}.items():
    case(name, getattr(ops, name), symbol, np.array([1, 6, 12]), np.array([3, 5, 10]), slopes=False)
case("bitwise_not", ops.bitwise_not, np.invert, np.array([1, 6, 12]), slopes=False)

# ---- the larger and the smaller

binary("maximum", np.maximum)
binary("minimum", np.minimum)
case("clip", lambda x: ops.clip(x, -0.5, 1), lambda x: np.clip(x, -0.5, 1), A)
case("clip", ops.clip, np.clip, A, np.float64(-0.5), np.float64(0.7))
unary("absolute", np.abs, away(3, 4))
unary("sign", np.sign, away(3, 4))

AXES = [(None, False), (0, False), (-1, True), ((0, 2), False), ((1, 2), True)]


def reduction(name, reference, x=CUBE, **says):
    for axis, keep in AXES:
        case(name, lambda x, a=axis, k=keep: getattr(ops, name)(x, a, k),
             lambda x, a=axis, k=keep: reference(x, axis=a, keepdims=k), x, **says)  # fmt: skip


reduction("sum", np.sum)
reduction("mean", np.mean)
reduction("max", np.max, distinct(2, 3, 4))
reduction("min", np.min, distinct(2, 3, 4))
reduction("prod", np.prod)
reduction("var", np.var)
reduction("std", np.std)
reduction("any", np.any, np.round(CUBE), slopes=False)
reduction("all", np.all, np.round(CUBE), slopes=False)
reduction("count_nonzero", np.count_nonzero, np.round(CUBE), slopes=False)
reduction("ptp", np.ptp, distinct(2, 3, 4))
reduction("logsumexp", lambda x, axis, keepdims: np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims)))
case("prod", ops.prod, np.prod, np.array([2.0, 0.0, 3.0]), curves=False)
case("max", lambda x: ops.max(x, initial=1.0), lambda x: np.max(x, initial=1.0), -positive(3), slopes=False)
for name in ["argmax", "argmin"]:
    for axis in (None, 0, -1):
        case(name, lambda x, n=name, a=axis: getattr(ops, n)(x, a),
             lambda x, n=name, a=axis: getattr(np, n)(x, axis=a), CUBE, slopes=False)  # fmt: skip
for axis in (None, 0, -1):
    case("cumsum", lambda x, a=axis: ops.cumsum(x, a), lambda x, a=axis: np.cumsum(x, a), CUBE)
    case("cumprod", lambda x, a=axis: ops.cumprod(x, a), lambda x, a=axis: np.cumprod(x, a), positive(2, 3))
case("average", lambda x, w: ops.average(x, 1, w), lambda x, w: np.average(x, 1, w), A, positive(4))
case("average", ops.average, np.mean, A)
case("moments", lambda x: ops.moments(x, 0)[1], lambda x: np.var(x, 0), A)
for order in (None, 1, 2, 3):
    case("norm", lambda x, o=order: ops.norm(x, o, 1), lambda x, o=order: np.linalg.norm(x, o, 1), away(3, 4))
case("norm", lambda x: ops.norm(x, np.inf, 1), lambda x: np.abs(x).max(1), distinct(3, 4) + 0.01)
case("norm", lambda x: ops.norm(x, -np.inf, 1), lambda x: np.abs(x).min(1), distinct(3, 4) + 0.01)
case("norm", lambda x: ops.norm(x, 0, 1), lambda x: np.linalg.norm(x, 0, 1), np.round(A), slopes=False)
case("norm", ops.norm, np.linalg.norm, A)

# ---- shapes

case("reshape", lambda x: ops.reshape(x, (2, -1)), lambda x: x.reshape(2, -1), A)
case("transpose", ops.transpose, np.transpose, CUBE)
case("transpose", lambda x: ops.transpose(x, (1, 2, 0)), lambda x: x.transpose(1, 2, 0), CUBE)
case("broadcast_to", lambda x: ops.broadcast_to(x, (2, 3, 4)), lambda x: np.broadcast_to(x, (2, 3, 4)), COLUMN)
for xs in ((A, B), (A, A[:1], B)):
    case("concatenate", lambda *xs: ops.concatenate(xs), lambda *xs: np.concatenate(xs), *xs)
case("concatenate", lambda *xs: ops.concatenate(xs, -1), lambda *xs: np.concatenate(xs, -1), A, COLUMN)
case("stack", lambda *xs: ops.stack(xs, 1), lambda *xs: np.stack(xs, 1), A, B)
case("expand_dims", lambda x: ops.expand_dims(x, (0, 2)), lambda x: np.expand_dims(x, (0, 2)), A)
case("squeeze", ops.squeeze, np.squeeze, COLUMN)
case("squeeze", lambda x: ops.squeeze(x, -1), lambda x: np.squeeze(x, -1), COLUMN)
for key in (1, np.s_[1:, ::2], np.s_[..., None, 0], np.array([2, 0, 2]), A > 0, np.s_[::-1, [1, 1, 3]]):
    case("getitem", lambda x, k=key: ops.getitem(x, k), lambda x, k=key: x[k], A)


def put(x):
    found = np.zeros(3)
    np.add.at(found, [2, 0, 2], x)
    return found


def put_tensor(x):
    from fastmlp.autodiff.shapes import put

    return put(x, (3,), np.array([2, 0, 2]))


case("put", put_tensor, put, ROW[:3])
case("ravel", ops.ravel, np.ravel, A)
case("swapaxes", lambda x: ops.swapaxes(x, 0, -1), lambda x: np.swapaxes(x, 0, -1), CUBE)
case("moveaxis", lambda x: ops.moveaxis(x, (0, 1), (-1, 0)), lambda x: np.moveaxis(x, (0, 1), (-1, 0)), CUBE)
case("vstack", lambda *xs: ops.vstack(xs), lambda *xs: np.vstack(xs), ROW, A)
case("hstack", lambda *xs: ops.hstack(xs), lambda *xs: np.hstack(xs), A, COLUMN)
case("append", ops.append, np.append, A, ROW)
case("append", lambda a, b: ops.append(a, b, 0), lambda a, b: np.append(a, b, 0), A, B)
case("split", lambda x: ops.split(x, 2, 1)[1], lambda x: np.split(x, 2, 1)[1], A)
case("split", lambda x: ops.split(x, [1, 3], 1)[1], lambda x: np.split(x, [1, 3], 1)[1], A)
case("unstack", lambda x: ops.unstack(x, axis=1)[2], lambda x: x[:, 2], A)
for times in ((2, 3), (2,), (2, 1, 3)):
    case("tile", lambda x, t=times: ops.tile(x, t), lambda x, t=times: np.tile(x, t), A)
case("repeat", lambda x: ops.repeat(x, [1, 0, 2], 0), lambda x: np.repeat(x, [1, 0, 2], 0), A)
case("repeat", lambda x: ops.repeat(x, 2), lambda x: np.repeat(x, 2), A)
case("pad", lambda x: ops.pad(x, ((1, 0), (0, 2))), lambda x: np.pad(x, ((1, 0), (0, 2))), A)
case("pad", lambda x: ops.pad(x, 1, constant_values=3), lambda x: np.pad(x, 1, constant_values=3), A)
for mode in ("reflect", "symmetric"):
    case("pad", lambda x, m=mode: ops.pad(x, ((1, 2), (2, 1)), m), lambda x, m=mode: np.pad(x, ((1, 2), (2, 1)), m), A)
for axis in (None, 1, (0, 1)):
    case("flip", lambda x, a=axis: ops.flip(x, a), lambda x, a=axis: np.flip(x, a), A)
case("roll", lambda x: ops.roll(x, 2, 1), lambda x: np.roll(x, 2, 1), A)
case("roll", lambda x: ops.roll(x, (1, -2), (0, 1)), lambda x: np.roll(x, (1, -2), (0, 1)), A)
case("roll", lambda x: ops.roll(x, 5), lambda x: np.roll(x, 5), A)
for k in (-1, 0, 2):
    case("tril", lambda x, k=k: ops.tril(x, k), lambda x, k=k: np.tril(x, k), CUBE)
    case("triu", lambda x, k=k: ops.triu(x, k), lambda x, k=k: np.triu(x, k), CUBE)
    case("diag", lambda x, k=k: ops.diag(x, k), lambda x, k=k: np.diag(x, k), A)
    case("diag", lambda x, k=k: ops.diag(x, k), lambda x, k=k: np.diag(x, k), ROW)
    case("diagonal", lambda x, k=k: ops.diagonal(x, k, 2, 1), lambda x, k=k: np.diagonal(x, k, 2, 1), CUBE)
    case("trace", lambda x, k=k: ops.trace(x, k), lambda x, k=k: np.trace(x, k), CUBE)
case("diff", lambda x: ops.diff(x, 2), lambda x: np.diff(x, 2), A)

# ---- positions

case("take", lambda x: ops.take(x, PLACES, 1), lambda x: np.take(x, PLACES, 1), CUBE)
case("take", lambda x: ops.take(x, PLACES, 0), lambda x: np.take(x, PLACES, 0), A)
case("take", lambda x: ops.take(x, [7, -1]), lambda x: np.take(x, [7, -1]), A)
case("take", lambda x: ops.take(x, 1, 1), lambda x: np.take(x, 1, 1), A)
ALONG = draw.integers(0, 4, (3, 5))
case("take_along_axis", lambda x: ops.take_along_axis(x, ALONG, 1), lambda x: np.take_along_axis(x, ALONG, 1), A)
POINTS = np.array([[0, 1], [2, 3], [0, 1]])


def add_entries(x):
    found = np.zeros((2, 5, 4))
    np.add.at(found, np.s_[:, [4, 0, 4]], x)
    return found


def add_along(x):
    found = np.zeros((3, 4))
    for i in range(3):
        for j in range(5):
            found[i, ALONG[i, j]] += x[i, j]
    return found


def scattered(x, shape=(3, 4)):
    found = np.zeros(shape)
    np.add.at(found, tuple(POINTS.T), x)
    return found


def replaced(x, values):
    found = x.copy()
    found[tuple(POINTS[:2].T)] = values
    return found


def block_replaced(x, values):
    found = x.copy()
    found[1:3, 2:4] = values
    return found


def picking():
    from fastmlp.autodiff import picking

    return picking


case("add_entries", lambda x: picking()._add_entries(x, np.array([4, 0, 4]), n=5, axis=1), add_entries, CUBE)
case("add_along", lambda x: picking()._add_along(x, ALONG, n=4, axis=1), add_along, numbers(3, 5))
case("gather_nd", lambda x: picking().gather_nd(x, POINTS), lambda x: x[tuple(POINTS.T)], A)
case("scatter", lambda x: ops.scatter(POINTS, x, (3, 4)), scattered, ROW[:3])
case("replace", lambda x, v: ops.scatter_update(x, POINTS[:2], v), replaced, A, ROW[:2])
case("scatter_update", lambda x, v: ops.scatter_update(x, POINTS[:2], v), replaced, A, ROW[:2])
case("slice", lambda x: ops.slice(x, (1, 0), (2, -1)), lambda x: x[1:3], A)
case("slice_update", lambda x, v: ops.slice_update(x, (1, 2), v), block_replaced, A, B[:2, :2])
case("one_hot", lambda x: ops.one_hot(PLACES, 3), lambda x: np.eye(3)[PLACES], A, slopes=False)
case("one_hot", lambda x: ops.one_hot([-1, 5, 1], 3, 0), lambda x: np.array([[0, 0, 0], [0, 0, 1], [0, 0, 0.0]]), A,
     slopes=False)  # fmt: skip
case("argsort", lambda x: ops.argsort(x, 0), lambda x: np.argsort(x, 0), distinct(3, 4), slopes=False)
for axis in (None, 0, -1):
    case("sort", lambda x, a=axis: ops.sort(x, a), lambda x, a=axis: np.sort(x, a), distinct(3, 4))
case("top_k", lambda x: ops.top_k(x, 2)[0], lambda x: -np.sort(-x)[:, :2], distinct(3, 4))
case("largest", lambda x: ops.top_k(x, 3)[1], lambda x: np.argsort(-x, kind="stable")[:, :3], np.round(A),
     slopes=False)  # fmt: skip
case("searchsorted", lambda x: ops.searchsorted([0.0, 1.0], x), lambda x: np.searchsorted([0.0, 1.0], x), A,
     slopes=False)  # fmt: skip

# ---- products

case("matmul", ops.matmul, np.matmul, A, numbers(4, 2))
case("matmul", ops.matmul, np.matmul, CUBE, numbers(4, 2))
case("matmul", ops.matmul, np.matmul, CUBE, numbers(2, 4, 2))
case("matmul", ops.matmul, np.matmul, numbers(1, 3, 4), numbers(5, 4, 2))
case("matmul", ops.matmul, np.matmul, ROW, numbers(4, 2))
case("matmul", ops.matmul, np.matmul, A, ROW)
case("matmul", ops.matmul, np.matmul, ROW, ROW[::-1])
case("dot", ops.dot, np.dot, CUBE, numbers(2, 4, 3))
case("dot", ops.dot, np.dot, A, np.float64(3.0))
case("inner", ops.inner, np.inner, A, numbers(2, 4))
case("vdot", ops.vdot, np.vdot, A, B)
case("outer", ops.outer, np.outer, A, ROW)
for axes in (1, 0, ((2, 0), (1, 0))):
    case("tensordot", lambda a, b, x=axes: ops.tensordot(a, b, x), lambda a, b, x=axes: np.tensordot(a, b, x), CUBE,
         numbers(4, 3, 2) if axes == 1 else numbers(2, 4))  # fmt: skip
for word, *inputs in (
    ("ij,jk->ik", A, numbers(4, 2)),
    ("ij,jk", A, numbers(4, 2)),
    ("bij,bjk->bki", CUBE, numbers(2, 4, 3)),
    ("...i,ij->...j", CUBE, numbers(4, 2)),
    ("ij->", A),
    ("ij->ji", A),
    ("ii->i", numbers(3, 3)),
    ("ii", numbers(3, 3)),
    ("ij,ij->j", A, B),
    ("ij,k->ik", A, ROW),
    ("i,j,ij->", numbers(3), ROW, A),
    ("a...,b...->ab...", numbers(2, 3), numbers(4, 3)),
):
    case("einsum", lambda *x, w=word: ops.einsum(w, *x), lambda *x, w=word: np.einsum(w, *x), *inputs)
SQUARES = numbers(2, 3, 3) + 3 * np.eye(3)
case("inv", ops.inv, np.linalg.inv, SQUARES)
case("det", ops.det, np.linalg.det, SQUARES)
case("solve", ops.solve, np.linalg.solve, SQUARES, numbers(2, 3, 2))
case("solve", ops.solve, np.linalg.solve, SQUARES[0], numbers(3))
