"""Operations on numbers that are to come: functional models of them give what the operations give."""

import fastmlp.tf as tf
import numpy as np
import pytest
from fastmlp import ops
from fastmlp.layers import Input
from fastmlp.models import Model

W = np.float32([[1, 2], [3, -1], [0, 1], [2, 2]])
X = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
FORMULAS = {
    "relu": lambda x: tf.nn.relu(x),
    "mean": lambda x: tf.reduce_mean(x, axis=1, keepdims=True),
    "concat": lambda x: tf.concat([x, x], -1),
    "expand": lambda x: tf.squeeze(tf.expand_dims(x, 1), 1),
    "reshape": lambda x: tf.reshape(x, [-1, 4]),
    "split": lambda x: tf.split(x, 2, axis=1)[0],
    "where": lambda x: tf.where(x > 0, x, 0.0),
    "matmul": lambda x: tf.matmul(x, W),
    "einsum": lambda x: tf.einsum("bi,ij->bj", x, W),
    "tensordot": lambda x: tf.tensordot(x, W, 1),
    "stack": lambda x: tf.reduce_sum(tf.stack([x, x], 1), 1),
    "softmax": lambda x: tf.nn.softmax(x),
    "norm": lambda x: tf.math.l2_normalize(x, axis=1),
    "clip": lambda x: tf.clip_by_value(x, -1.0, 1.0),
    "gather": lambda x: tf.gather(x, [0, 2], axis=1),
    "topk": lambda x: tf.math.top_k(x, 2).values,
    "moments": lambda x: x - tf.nn.moments(x, [1], keepdims=True)[0],
    "std": lambda x: ops.std(x, 1, True),
    "var": lambda x: ops.normalize(x),
    "tile": lambda x: tf.tile(x, [1, 2]),
    "cast": lambda x: tf.cast(x, tf.float64),
    "unstack": lambda x: tf.stack(tf.unstack(x, axis=1), 1),
    "argmax": lambda x: tf.cast(tf.argmax(x, 1), tf.float32)[:, None],
    "zeros_like": lambda x: x + tf.zeros_like(x),
    "cumsum": lambda x: tf.cumsum(x, 1),
    "sort": lambda x: tf.sort(x, 1),
    "pad": lambda x: tf.pad(x, [[0, 0], [1, 1]]),
    "flip": lambda x: tf.reverse(x, [1]),
    "gelu": tf.nn.gelu,
    "selu": tf.nn.selu,
    "square": lambda x: tf.square(x) + x**2 - 1 / (2 + x * x),
    "exp": lambda x: tf.exp(-x) % 2.0,
    "pow": lambda x: x**x,
    "bias": lambda x: tf.nn.bias_add(x, [1.0, 2.0, 3.0, 4.0]),
    "silu": tf.nn.silu,
    "crossent": lambda x: tf.nn.softmax_cross_entropy_with_logits(x, x)[:, None],
    "with itself": lambda x: tf.matmul(x, x, transpose_b=True),
    "shape": lambda x: tf.reshape(x, (tf.shape(x)[0], 4)),
    "shape2": lambda x: tf.reshape(x, (tf.shape(x)[0], 2, -1)),
    "shape3": lambda x: tf.reshape(x, (x.shape[0], -1)) + tf.cast(tf.shape(x)[1], tf.float32),
    "ones": lambda x: tf.ones_like(x) * x,
    "log": lambda x: tf.math.log(tf.abs(x)),
    "nonan": lambda x: tf.math.divide_no_nan(x, x),
    "logsumexp": lambda x: tf.reduce_logsumexp(x, 1, True),
    "broadcast": lambda x: tf.repeat(x, 2, axis=1),
    "bool": lambda x: tf.boolean_mask(x, [True, False, True, True], axis=1),
    "length": lambda x: tf.linalg.norm(x, axis=1, keepdims=True),
    "onehot": lambda x: tf.one_hot(tf.argmax(x, 1), 4),
    "clipn": lambda x: tf.clip_by_norm(x, 1.0, axes=1),
    "stop": lambda x: tf.stop_gradient(x),
    "max": lambda x: tf.maximum(x, 0.0) + tf.reduce_max(x, axis=-1, keepdims=True),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_a_model_of_a_formula_gives_what_it_gives(name):
    formula, x = FORMULAS[name], Input((4,))
    y = formula(x)
    found, expected = np.asarray(Model(x, y)(X)), np.asarray(formula(tf.constant(X)))
    assert tuple(y.shape)[1:] == expected.shape[1:] or name == "with itself"
    np.testing.assert_allclose(found, expected, 1e-6)


def test_dropout_of_a_model_draws_anew():
    x = Input((4,))
    model = Model(x, tf.nn.dropout(x, 0.5))
    found = [np.asarray(model(np.ones((50, 4), "float32"))) for _ in range(2)]
    assert set(np.unique(found)) == {0, 2}
    assert (found[0] != found[1]).any()
