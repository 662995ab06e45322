"""Operations beside their table: types, ties, tensors made of nothing, gradients of one's own, errors."""

import inspect
import warnings

import numpy as np
import pytest
from fastmlp import ops
from fastmlp.autodiff import GradientTape, constant
from fastmlp.variables import Variable
from op_cases import A

# ---- what numbers may come


def test_numbers_out_of_the_domain_are_silent():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(ops.sqrt(-1.0).numpy())
        assert np.isnan(ops.arcsin(2.0).numpy())
        assert ops.log(0.0).numpy() == -np.inf
        assert (constant(1.0) / 0).numpy() == np.inf
        assert (constant(3e38) * 10).numpy() == np.inf
        assert ops.rsqrt(0.0).numpy() == np.inf
        assert ops.erfinv([1.0, -1.0]).numpy().tolist() == [np.inf, -np.inf]
        assert np.isnan(ops.erfinv(2.0).numpy())
        assert ops.logsumexp([-np.inf, -np.inf]).numpy() == -np.inf
        assert np.isnan(ops.mean(np.zeros(0, "float32")).numpy())


def test_whole_numbers_become_floats_where_they_must():
    for name in [
        "exp",
        "log",
        "sqrt",
        "sin",
        "arctan",
        "sigmoid",
        "erf",
        "mean",
        "softmax",
        "log2",
        "rsqrt",
        "reciprocal",
        "arctan2",
        "elu",
        "relu",
        "logsumexp",
    ]:
        n = 2 if name == "arctan2" else 1
        assert getattr(ops, name)(*[np.array([1, 2], "int32")] * n).dtype == np.float32, name
    for name in ["square", "abs", "sign", "negative", "sum", "max", "cumsum", "prod", "floor"]:
        assert getattr(ops, name)(np.array([1, 2], "int32")).dtype == np.int32, name
    assert (constant([1, 2]) / constant([2, 2])).dtype == np.float64  # as in TensorFlow
    assert (constant([1, 2]) // 2).dtype == np.int32
    assert ops.sum([True, True]).numpy() == 2
    assert ops.argmax(A).dtype == np.int32
    assert (
        ops.sqrt(np.float16(4)).dtype
        == ops.sin(np.float16(4)).dtype
        == ops.mean(np.ones(3, "float16")).dtype
        == np.float16
    )


def test_python_numbers_take_the_type_of_the_tensor():
    for kind in ("float16", "float32", "float64"):
        x = ops.ones(2, kind)
        assert (x * 0.5).dtype == (2 / x).dtype == ops.maximum(x, 0).dtype == ops.where(x > 0, x, 1.5).dtype == kind
    assert (constant([1, 2]) * 0.5).dtype == np.float32


def test_where_two_are_equal_the_gradient_is_tensorflows():
    x, y = constant([1.0, 2.0]), constant([1.0, 3.0])
    with GradientTape(persistent=True) as tape:
        tape.watch([x, y])
        larger, top, at_zero = ops.maximum(x, y), ops.max([[1.0], [1.0]] * x), ops.relu(x - 1) + ops.abs(x - 1)
        clipped = ops.clip(x, 1.0, 2.0)
    assert [g.numpy().tolist() for g in tape.gradient(larger, [x, y])] == [[1, 0], [0, 1]]
    assert tape.gradient(top, x).numpy().tolist() == [0, 1]  # half and half of two copies
    assert tape.gradient(at_zero, x).numpy().tolist() == [0, 2]
    assert tape.gradient(clipped, x).numpy().tolist() == [1, 1]


# ---- made of nothing


def same(found, expected, dtype):
    assert found.dtype == dtype
    np.testing.assert_allclose(found.numpy(), expected, 1e-6)


def test_tensors_of_nothing():
    same(ops.zeros((2, 3)), np.zeros((2, 3)), "float32")
    same(ops.zeros(constant([2, 3]), "int32"), np.zeros((2, 3)), "int32")
    same(ops.ones(4, "float64"), np.ones(4), "float64")
    same(ops.empty(()), 0, "float32")
    same(ops.full((2,), 7), [7, 7], "int32")
    same(ops.full((2,), 7.5, "float64"), [7.5, 7.5], "float64")
    same(ops.eye(2, 3, 1), np.eye(2, 3, 1), "float32")
    same(ops.identity(2), np.eye(2), "float32")
    same(ops.tri(3), np.tri(3), "float32")
    same(ops.arange(5), np.arange(5), "int32")
    same(ops.arange(5, 0, -2), [5, 3, 1], "int32")
    same(ops.arange(3, 1), [], "int32")
    same(ops.arange(1, 2, 0.25), [1, 1.25, 1.5, 1.75], "float32")
    same(ops.arange(3, dtype="float64"), [0, 1, 2], "float64")
    same(ops.linspace(0, 1, 5), np.linspace(0, 1, 5), "float32")
    assert ops.linspace(0.0, 1.0, 5, retstep=True)[1].numpy() == 0.25
    same(ops.logspace(0, 2, 3), [1, 10, 100], "float32")
    for found, expected in zip(ops.meshgrid([1, 2], [3, 4, 5]), np.meshgrid([1, 2], [3, 4, 5])):
        same(found, expected, "int32")
    same(ops.meshgrid([1, 2], [3, 4, 5], indexing="ij")[0], [[1] * 3, [2] * 3], "int32")
    with pytest.raises(ValueError, match="the step not 0"):
        ops.arange(0, 1, 0)


def test_ranges_are_rounded_as_those_of_tensorflow():
    x = ops.arange(-6, 7, 0.1)
    assert x.shape == (130,)
    assert x.numpy()[-1] == np.float32(-6) + np.float32(129) * np.float32(0.1)


def test_what_a_tensor_is():
    x = ops.convert_to_tensor(A)
    assert ops.is_tensor(x)
    assert not ops.is_tensor(A)
    assert ops.shape(x) == (3, 4)
    assert ops.ndim(x) == 2
    assert int(ops.size(x)) == 12
    assert ops.dtype(x) == "float64"
    assert ops.array([1.0], "float64").dtype == "float64"
    assert (ops.convert_to_numpy(x) == A).all()
    assert ops.cast(x, "float32").dtype == np.float32
    assert ops.cast(x, "float64") is x
    with GradientTape() as tape:
        tape.watch(x)
        y = ops.cast(x, "float32") * 2
    assert tape.gradient(y, x).dtype == np.float64


# ---- control


def test_choices():
    assert ops.cond(constant(True), lambda: 1, lambda: 2) == 1
    i, x = ops.while_loop(lambda i, x: i < 5, lambda i, x: (i + 1, x * 2.0), (0, constant(1.0)))
    assert (i, float(x)) == (5, 32.0)
    assert ops.while_loop(lambda i: True, lambda i: i + 1, 0, maximum_iterations=3) == 3
    assert ops.map(lambda x: x * x, constant([1.0, 2.0])).numpy().tolist() == [1, 4]


def test_gradients_of_your_own():
    @ops.custom_gradient
    def steep(x, times):
        return x * times, lambda g: (g * 100.0, None)

    x = constant([1.0, 2.0])
    with GradientTape() as tape:
        tape.watch(x)
        y = steep(x, 3.0) ** 2
    assert y.numpy().tolist() == [9, 36]
    assert tape.gradient(y, x).numpy().tolist() == [600, 1200]


def test_gradients_of_your_own_have_gradients():
    @ops.custom_gradient
    def log1pexp(x):
        e = ops.exp(x)
        return ops.log(1 + e), lambda g: g * (1 - 1 / (1 + e))

    x = constant(0.5)
    with GradientTape() as outer:
        outer.watch(x)
        with GradientTape() as inner:
            inner.watch(x)
            y = log1pexp(x)
        first = inner.gradient(y, x)
    s = 1 / (1 + np.exp(-0.5))
    assert float(first) == pytest.approx(s, rel=1e-6)
    assert float(outer.gradient(first, x)) == pytest.approx(s * (1 - s), rel=1e-6)


def test_gradients_of_your_own_for_several_results_and_variables():
    w = Variable(3.0, dtype="float32")

    @ops.custom_gradient
    def both(x):
        def back(g, h, variables):
            assert [v is w for v in variables] == [True]
            return 10 * g + h[0], [g * 7]

        return [x * w, ops.reshape(x, (1,))], back

    x = constant(2.0)
    with GradientTape() as tape:
        tape.watch(x)
        a, b = both(x)
        y = a + 5 * b[0]
    assert [g.numpy().tolist() for g in tape.gradient(y, [x, w])] == [15, 7]

    @ops.custom_gradient
    def wrong(x):
        return x, lambda g: (g, g)

    with GradientTape() as tape:
        tape.watch(x)
        y = wrong(x)
    with pytest.raises(ValueError, match="expected 1 gradients, one an argument, got 2"):
        tape.gradient(y, x)


# ---- names


def test_signatures_are_those_of_the_table_of_keras():
    found = inspect.signature(ops.sum)
    assert list(found.parameters) == ["x", "axis", "keepdims"]
    assert float(ops.subtract(x1=3.0, x2=1.0)) == float(ops.subtract(3.0, x2=1.0)) == float(ops.square(x=2.0) / 2) == 2
    with pytest.raises(AttributeError, match="'conv'; it is not in fastmlp: use Keras for this"):
        _ = ops.conv


def test_errors_say_what_to_do():
    for call, words in [
        (lambda: ops.reshape(A, (5, -1)), "expected a shape of 12 elements"),
        (lambda: ops.split(A, 3, 1), "expected a number of parts that divides 4"),
        (lambda: ops.squeeze(A, 0), "expected axes of length 1"),
        (lambda: ops.pad(A, 1, "wrap"), "expected mode"),
        (lambda: ops.where(A > 0, A), "expected x1 and x2"),
        (lambda: ops.tensordot(A, A, 1), "expected axes of the same lengths"),
        (lambda: ops.einsum("ij,jk->ik", A), "an operand for each"),
        (lambda: ops.einsum("ijk->i", A), "expected a letter for each of 2 axes"),
        (lambda: ops.einsum("ij->k", A), "expected letters of the operands"),
        (lambda: ops.sum(A, 2), "expected different axes"),
        (lambda: ops.norm(A, 2), "one axis"),
        (lambda: ops.unstack(A, 7), "expected num=3"),
        (lambda: ops.diag(np.zeros((2, 2, 2))), "expected a vector or a matrix"),
    ]:
        with pytest.raises(ValueError, match=words):
            call()
