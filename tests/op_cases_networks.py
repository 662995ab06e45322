"""The same for what networks are made of: activations, cross-entropies, normalising. They join the same table."""

import numpy as np
from fastmlp import ops, random
from fastmlp.autodiff import arithmetic, cast, crossentropies, functions, normalising
from op_cases import CUBE, A, B, away, binary, case, erf, numbers, positive, sigma, softmax, unary, ways

EDGE = away(3, 4)

unary("relu", lambda x: np.maximum(x, 0), EDGE)
unary("relu6", lambda x: np.clip(x, 0, 6), 4 * EDGE)
unary("leaky_relu", lambda x: np.where(x > 0, x, 0.2 * x), EDGE)
case("leaky_relu", lambda x: ops.leaky_relu(x, 0.3), lambda x: np.where(x > 0, x, 0.3 * x), EDGE)
unary("hard_sigmoid", lambda x: np.clip(x + 3, 0, 6) / 6, 3 * EDGE)
unary("hard_silu", lambda x: x * np.clip(x + 3, 0, 6) / 6, 3 * EDGE)
unary("hard_tanh", lambda x: np.clip(x, -1, 1), EDGE)
unary("hard_shrink", lambda x: np.where(np.abs(x) > 0.5, x, 0), EDGE)
unary("soft_shrink", lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0), EDGE)
case("threshold", lambda x: ops.threshold(x, 0.3, 7.0), lambda x: np.where(x > 0.3, x, 7.0), EDGE)
unary("sparse_plus", lambda x: np.where(x <= -1, 0, np.where(x < 1, (x + 1) ** 2 / 4, x)), EDGE)
unary("sparse_sigmoid", lambda x: (np.clip(x, -1, 1) + 1) / 2, EDGE)
unary("elu", lambda x: np.where(x > 0, x, np.expm1(x)), EDGE)
case("elu", lambda x: ops.elu(x, 0.5), lambda x: np.where(x > 0, x, 0.5 * np.expm1(x)), EDGE)
unary("selu", lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)), EDGE)
unary("celu", lambda x: np.where(x > 0, x, np.expm1(x)), EDGE)
case("celu", lambda x: ops.celu(x, 2.0), lambda x: np.where(x > 0, x, 2 * np.expm1(x / 2)), EDGE)
unary("silu", lambda x: x * sigma(x))
unary("gelu", lambda x: x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))), call=ops.gelu)
case("gelu", lambda x: ops.gelu(x, False), lambda x: x / 2 * (1 + erf(x / np.sqrt(2))), A)
unary("mish", lambda x: x * np.tanh(np.log1p(np.exp(x))))
unary("softsign", lambda x: x / (1 + np.abs(x)), EDGE)
unary("tanh_shrink", lambda x: x - np.tanh(x))
unary("squareplus", lambda x: (x + np.sqrt(x * x + 4)) / 2)
case("glu", ops.glu, lambda x: x[:, :2] * sigma(x[:, 2:]), A)
for axis in (-1, 0):
    for of in ways("softmax"):
        case("softmax", lambda x, f=of, a=axis: f(x, a), lambda x, a=axis: softmax(x, a), CUBE)
    for of in ways("log_softmax"):
        case("log_softmax", lambda x, f=of, a=axis: f(x, a), lambda x, a=axis: np.log(softmax(x, a)), CUBE)
case("softmax", ops.softmax, softmax, A[0])
case("softmax", ops.softmax, lambda x: x, A[:0])
for of in ways("sparsemax"):
    case("sparsemax", of, lambda x: np.array([[0.0, 0.45, 0.55], [0, 0, 1]]),
         np.array([[-2.0, 0.3, 0.4], [0.0, 0.5, 3.0]]))  # fmt: skip

# ---- cross-entropies

TRUTHS, CLASSES = (B > 0).astype(float), np.array([3, 0, 2])
SHARES, GUESSES = softmax(B), softmax(A / 2)
HOT = np.eye(4)[CLASSES]


def binary_price(z, p):
    return -z * np.log(p) - (1 - z) * np.log(1 - p)


def price(t, p):
    return -(t * np.log(p)).sum(-1)


case("sigmoid_cross_entropy", crossentropies.sigmoid_cross_entropy, lambda z, x: binary_price(z, sigma(x)), TRUTHS, A)
case("weighted_cross_entropy", lambda z, x: crossentropies.weighted_cross_entropy(z, x, 3.0),
     lambda z, x: -3 * z * np.log(sigma(x)) - (1 - z) * np.log(1 - sigma(x)), TRUTHS, A)  # fmt: skip
case("softmax_cross_entropy", crossentropies.softmax_cross_entropy, lambda p, x: price(p, softmax(x)), SHARES, A)
case("sparse_softmax_cross_entropy", lambda x: crossentropies.sparse_softmax_cross_entropy(CLASSES, x),
     lambda x: price(HOT, softmax(x)), A)  # fmt: skip
case("binary_crossentropy", ops.binary_crossentropy, binary_price, TRUTHS, GUESSES)
case("binary_crossentropy", lambda z, x: ops.binary_crossentropy(z, x, True), lambda z, x: binary_price(z, sigma(x)),
     TRUTHS, A)  # fmt: skip
case("categorical_crossentropy", ops.categorical_crossentropy, lambda t, p: price(t, p / p.sum(-1, keepdims=True)),
     SHARES, 3 * GUESSES)  # fmt: skip
case("categorical_crossentropy", lambda t, x: ops.categorical_crossentropy(t, x, True),
     lambda t, x: price(t, softmax(x)), SHARES, A)  # fmt: skip
case("sparse_categorical_crossentropy", lambda p: ops.sparse_categorical_crossentropy(CLASSES, p),
     lambda p: price(HOT, p / p.sum(-1, keepdims=True)), GUESSES)  # fmt: skip
case("sparse_categorical_crossentropy", lambda x: ops.sparse_categorical_crossentropy(CLASSES[:, None], x, True),
     lambda x: price(HOT, softmax(x)), A)  # fmt: skip

# ---- normalising


def standard(x, axis, epsilon):
    return (x - x.mean(axis, keepdims=True)) / np.sqrt(x.var(axis, keepdims=True) + epsilon)


def shorter(t, most):
    return t * most / max(np.linalg.norm(t), most)


case("l2_normalize", lambda x: normalising.l2_normalize(x, 1), lambda x: x / np.linalg.norm(x, axis=1)[:, None], A)
case("normalize", ops.normalize, lambda x: x / np.linalg.norm(x, axis=1)[:, None], A)
case("normalize", lambda x: ops.normalize(x, 0, 1), lambda x: x / np.abs(x).sum(0), A)
case("l2_loss", normalising.l2_loss, lambda x: (x * x).sum() / 2, A)
case("batch_normalization", lambda x, m, v, o, s: ops.batch_normalization(x, m, v, 1, o, s),
     lambda x, m, v, o, s: (x - m) / np.sqrt(v + 1e-3) * s + o, A, numbers(4), positive(4), numbers(4),
     positive(4))  # fmt: skip
case("batch_normalization", lambda x, m, v: ops.batch_normalization(x, m, v, 0),
     lambda x, m, v: (x - m[:, None]) / np.sqrt(v[:, None] + 1e-3), A, numbers(3), positive(3))  # fmt: skip
case("layer_normalization", ops.layer_normalization, lambda x: standard(x, -1, 1e-7), A)
case("layer_normalization", lambda x, g, b: ops.layer_normalization(x, g, b, epsilon=0.01),
     lambda x, g, b: standard(x, -1, 0.01) * g + b, A, numbers(4), numbers(4))  # fmt: skip
case("clip_by_norm", lambda t: normalising.clip_by_norm(t, 1.0), lambda t: shorter(t, 1.0), A)
case("clip_by_norm", lambda t: normalising.clip_by_norm(t, 100.0), lambda t: t, A)
case("global_norm", lambda a, b: normalising.global_norm([a, None, b]),
     lambda a, b: np.sqrt((a * a).sum() + (b * b).sum()), A, B)  # fmt: skip
case("clip_by_global_norm", lambda a, b: normalising.clip_by_global_norm([a, None, b], 0.5)[0][0],
     lambda a, b: a * 0.5 / np.sqrt((a * a).sum() + (b * b).sum()), A, B)  # fmt: skip
case("dropout", lambda x: normalising.dropout(x, 0.4, seed=3), lambda x: random.dropout(x, 0.4, seed=3), A)
case("dropout", lambda x: normalising.dropout(x, 0.4, (1, None), seed=3),
     lambda x: x * random.dropout(np.ones((1, 4)), 0.4, seed=3), A)  # fmt: skip

# ---- the rest

case("copy", ops.copy, lambda x: x, A)
case("stop_gradient", ops.stop_gradient, lambda x: x, A, slopes=False)
case("full_like", lambda x: ops.full_like(x, 3), lambda x: np.full_like(x, 3), A, slopes=False)
case("zeros_like", ops.zeros_like, np.zeros_like, A, slopes=False)
case("ones_like", ops.ones_like, np.ones_like, A, slopes=False)
case("empty_like", ops.empty_like, np.zeros_like, A, slopes=False)
case("cast", lambda x: cast(x, dtype=np.dtype("int64")), lambda x: x.astype(int), A, slopes=False)
binary("multiply_no_nan", np.multiply, call=arithmetic.multiply_no_nan)
case(
    "multiply_no_nan",
    lambda x: arithmetic.multiply_no_nan([np.nan, 2.0], [0.0, 3.0]) * x,
    lambda x: [0.0, 6.0] * x,
    A[0, :2],
)
case("squared_difference", arithmetic.squared_difference, lambda a, b: (a - b) ** 2, A, B[0])
case("add_n", lambda *xs: arithmetic.add_n(xs), lambda *xs: sum(xs), A, B, A[::-1])
case("xlogy", functions.xlogy, lambda a, b: a * np.log(b), A, positive(4))
case("xlogy", lambda b: functions.xlogy([0.0, 2.0], b), lambda b: 2 * np.array([0, np.log(b[1])]), np.array([1.0, 3.0]))
