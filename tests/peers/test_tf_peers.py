"""fastmlp.tf beside TensorFlow: values, types, gradients, arguments and printed forms."""

import inspect
import os

import fastmlp.tf as tf
import numpy as np
import pytest
from tf_cases import CASES

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
TF = pytest.importorskip("tensorflow", reason="what fastmlp.tf is named after is not installed")

TABLE = [pytest.param(c, id=f"{name}-{i}") for name, cases in CASES.items() for i, c in enumerate(cases)]
MODULES = [
    "",
    "math",
    "nn",
    "linalg",
    "random",
    "debugging",
    "dtypes",
    "errors",
    "bitwise",
    "config",
    "data",
    "autodiff",
]
# accepted with any arguments, and nothing done
OPEN = {"control_dependencies", "device", "function", "group", "init_scope", "meshgrid", "name_scope", "no_op", "print"}


def at(name, root):
    for part in filter(None, name.split(".")):
        root = getattr(root, part)
    return root


def leaves(found):
    return [leaf for one in found for leaf in leaves(one)] if isinstance(found, (list, tuple)) else [found]


def is_float(x):
    return isinstance(x, np.ndarray | np.floating) and x.dtype.kind == "f"


def tried(case, root):
    """What a function gives, and the gradients of all its numbers, each counted differently."""
    inputs = [[root.constant(p) for p in x] if isinstance(x, list) and is_float(x[0]) else x for x in case.inputs]
    inputs = [root.constant(x) if isinstance(x, np.ndarray | np.floating) else x for x in inputs]
    settings = {k: root.as_dtype(v) if k.endswith("type") else v for k, v in case.settings.items()}
    watched = [x for x in leaves(inputs) if isinstance(x, root.Tensor) and np.dtype(str(x.dtype.name)).kind == "f"]
    with root.GradientTape() as tape:
        tape.watch(watched)
        found = leaves(at(case.name, root)(*inputs, **settings))
        total = sum(
            root.reduce_sum(root.cast(y, "float32") * np.cos(np.arange(int(np.prod(y.shape))) + 1.0)
                            .reshape(y.shape).astype("float32"))
            for y in found if np.dtype(str(y.dtype.name)).kind == "f"
        )  # fmt: skip
    if not watched or not case.slopes or isinstance(total, int):
        return found, []
    return found, tape.gradient(total, watched, unconnected_gradients=root_zero(root))


def root_zero(root):
    return "zero" if root is tf else TF.UnconnectedGradients.ZERO


def dense(g):
    return TF.convert_to_tensor(g) if isinstance(g, TF.IndexedSlices) else g


@pytest.mark.parametrize("case", TABLE)
def test_values_types_and_gradients_are_those_of_tensorflow(case):
    (ours, own), (theirs, other) = tried(case, tf), tried(case, TF)
    assert len(ours) == len(theirs)
    for x, y in zip(ours, theirs):
        assert x.shape == tuple(y.shape)
        assert x.dtype.name == y.dtype.name
        np.testing.assert_allclose(x.numpy(), y.numpy(), 2e-5, 2e-6)
    assert len(own) == len(other)
    for x, y in zip(own, map(dense, other)):
        assert x.dtype.name == y.dtype.name
        np.testing.assert_allclose(x.numpy(), y.numpy(), 2e-4, 2e-5)


@pytest.mark.parametrize("module", MODULES)
def test_names_and_arguments_are_those_of_tensorflow(module):
    ours, theirs = at(module, tf), at(module, TF)
    accepted = tf.config.set_visible_devices  # any arguments
    for name in dir(ours):
        if name.startswith("_"):
            continue
        assert hasattr(theirs, name), f"tf.{module}.{name} is none of TensorFlow's"
        function = getattr(ours, name)
        if name in OPEN or not inspect.isfunction(function) or function is accepted:
            continue
        found, expected = (inspect.signature(getattr(m, name)).parameters for m in (ours, theirs))
        words, others = ([n for n in p if n != "name"] for p in (found, expected))
        assert words == others[: len(words)], f"tf.{module}.{name}"
        assert "name" in found or "name" not in expected, f"tf.{module}.{name}"


SHAPES = [(), (3,), (2, 2), (13,), (30,), (0,), (2, 3, 2), (1, 1), (200,), (2, 2000), (0, 3), (3, 0)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "bool"])
def test_tensors_are_printed_alike(shape, dtype):
    x = (np.arange(np.prod(shape, dtype=int)).reshape(shape) / 3 - 1).astype(dtype)
    ours, theirs = tf.constant(x), TF.constant(x)
    assert str(ours) == str(theirs)
    assert repr(ours) == repr(theirs)


def test_tf_print_is_alike(capfd):
    values = [0.1, 1 / 3, 1e10, 1e-7, 123456.789, 2.0, np.nan, np.inf]
    for make in (
        lambda t: t.constant(values), lambda t: t.constant(values, dtype="float64"), lambda t: t.constant(7),
        lambda t: t.constant([True, False]), lambda t: t.range(10), lambda t: t.reshape(t.range(100), (10, 10)),
        lambda t: [t.constant(1.5), 2, "text"], lambda t: t.constant(1 / 3), lambda t: t.constant(True),
    ):  # fmt: skip
        TF.print(make(TF), "end")
        expected = capfd.readouterr().err
        tf.print(make(tf), "end")
        assert capfd.readouterr().err == expected


@pytest.mark.parametrize(
    "make",
    [
        lambda t: t.constant(2),
        lambda t: t.constant(2.5),
        lambda t: t.constant(True),
        lambda t: t.constant([1, 2.5]),
        lambda t: t.constant(np.arange(3)),
        lambda t: t.constant(np.ones(2)),
        lambda t: t.constant(0.1, dtype="float64"),
        lambda t: t.constant([1, 2]) / t.constant([2, 2]),
        lambda t: t.constant([7, -7]) // 2,
        lambda t: t.constant([7, -7]) % 4,
        lambda t: t.constant([1.0]) * 3,
        lambda t: 3 - t.constant([1.0]),
        lambda t: 2 ** t.constant([3.0]),
        lambda t: -t.constant([1]),
        lambda t: abs(t.constant([-1.5])),
        lambda t: ~t.constant([True]),
        lambda t: t.constant([True]) & t.constant([False]),
        lambda t: t.constant([6]) | t.constant([3]),
        lambda t: t.constant([1.0, 2.0]) == t.constant([1.0, 3.0]),
        lambda t: t.constant([1, 2]) != 2,
        lambda t: t.constant([1, 2]) >= 2,
        lambda t: t.constant([[1.0, 2.0]]) @ t.constant([[1.0], [2.0]]),
        lambda t: t.constant([7.5, -7.5]) // 2,
        lambda t: t.constant([7.5, -7.5]) % 2,
        lambda t: t.range(5)[1:4:2],
        lambda t: t.constant([[1, 2], [3, 4]])[:, -1],
        lambda t: t.Variable([1.0, 2.0]) * 2,
        lambda t: t.constant(1.0)[..., t.newaxis],
    ],
)
def test_operators_are_those_of_tensorflow(make):
    ours, theirs = make(tf), make(TF)
    assert ours.dtype.name == theirs.dtype.name
    assert ours.shape == tuple(theirs.shape)
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), 1e-6)


def test_ranges_are_the_same_to_the_bit():
    for bounds in [(-6, 7, 0.1), (0.0, 1.0, 0.3), (5, 0, -0.7), (0, 10, 1), (0.1, 0.9, 0.1)]:
        assert (tf.range(*bounds).numpy() == TF.range(*bounds).numpy()).all()
