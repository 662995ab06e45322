"""Operations: each one's values, gradients, gradients of gradients and types, complete by construction."""

import importlib
import pkgutil
import warnings

import fastmlp.autodiff
import numpy as np
import op_cases_networks  # noqa: F401 - fills the table
import pytest
from fastmlp import activations, ops
from fastmlp.autodiff import GradientTape, Primitive, Tensor, constant
from fastmlp.autodiff import tensor as listeners
from fastmlp.autodiff.reading import READ
from op_cases import CASES

TABLE = [pytest.param(c, id=f"{name}-{i}") for name, cases in CASES.items() for i, c in enumerate(cases)]
SMOOTH = [p for p in TABLE if p.values[0].slopes]
FLOAT64 = 1e-12


def all_primitives():
    """Those of operations; tests/test_definitions.py has the kernels."""
    found = {}
    for info in pkgutil.iter_modules(fastmlp.autodiff.__path__):
        if info.name == "kernels":
            continue
        module = importlib.import_module(f"fastmlp.autodiff.{info.name}")
        for value in vars(module).values():
            if isinstance(value, Primitive) and value is not READ:
                found.setdefault(value.name, set()).add(value)
    return found


class Seen:
    """Which primitives a call uses."""

    def __init__(self):
        self.names = set()

    def note(self, record):
        self.names.add(record.primitive.name)

    def looked(self, tensor):
        pass


def used_by(case):
    seen = Seen()
    with listeners.listening(seen):
        case.call(*map(constant, case.inputs))
    return seen.names


@pytest.mark.parametrize("name", sorted(all_primitives()))
def test_every_primitive_is_in_the_table(name):
    assert len(all_primitives()[name]) == 1, f"two primitives are called '{name}': rename one"
    assert CASES.get(name), f"no example of primitive '{name}': add case('{name}', …) to tests/op_cases.py"
    used = used_by(CASES[name][0])
    assert name in used, f"the first case of '{name}' in tests/op_cases.py uses {used} instead: let it call '{name}'"


def test_what_activations_have_is_not_made_twice():
    for name in set(activations._functions) & public():
        assert getattr(ops, name) is getattr(activations, name) or name == "gelu"
    assert ops.swish is activations.swish
    assert ops.hard_swish is activations.hard_swish
    x = np.float32([-2, 0.3, 5])
    assert (ops.gelu(x).numpy() == activations.gelu(x, approximate=True).numpy()).all()
    assert (ops.gelu(x, False).numpy() == activations.gelu(x).numpy()).all()


@pytest.mark.parametrize("name", ["relu", "gelu", "softmax", "exp", "tanh"])
def test_activations_among_operations_are_kernels_in_layers(name):
    assert activations.lower(getattr(ops, name))["op"] in ("activation", "row_activation")


# what gives no tensor, or makes one of nothing: tests/test_ops_more.py has these, by name
# fmt: off
APART = {
    "arange", "array", "cast", "cond", "convert_to_numpy", "convert_to_tensor", "custom_gradient", "dtype", "empty",
    "eye", "full", "identity", "is_tensor", "linspace", "logspace", "map", "meshgrid", "ndim", "ones", "shape", "size",
    "tri", "while_loop", "zeros",
}
# fmt: on
SECOND = {
    "abs": "absolute",
    "amax": "max",
    "amin": "min",
    "true_divide": "divide",
    "get_item": "getitem",
    "swish": "silu",
    "hard_swish": "hard_silu",
    "bitwise_invert": "bitwise_not",
}  # fmt: skip


def public():
    return {
        n
        for n, f in vars(ops).items()
        if not n.startswith("_") and callable(f) and n not in ("Any", "no_such_name", "outside")
    }


@pytest.mark.parametrize("name", sorted(public() - APART - set(SECOND)))
def test_every_operation_is_in_the_table(name):
    assert CASES.get(name), f"no example of ops.{name}: add case('{name}', …) to tests/op_cases.py"


def test_second_names_are_the_same_functions():
    for second, first in SECOND.items():
        assert getattr(ops, second) is getattr(ops, first)


# ---- values


@pytest.mark.parametrize("case", TABLE)
def test_values_are_those_of_numpy(case):
    with np.errstate(all="ignore"):
        expected = np.asarray(case.reference(*case.inputs))
    found = case.call(*map(constant, case.inputs))
    assert isinstance(found, Tensor)
    assert found.shape == expected.shape
    assert (found.dtype.kind == "f") == (expected.dtype.kind == "f")
    np.testing.assert_allclose(found.numpy(), expected, FLOAT64, FLOAT64)


@pytest.mark.parametrize("case", TABLE)
def test_float32_stays_float32(case):
    single = [x.astype("float32") if x.dtype == np.float64 else x for x in map(np.asarray, case.inputs)]
    wide, narrow = case.call(*map(constant, case.inputs)), case.call(*map(constant, single))
    if wide.dtype == np.float64:
        assert narrow.dtype == np.float32
        np.testing.assert_allclose(narrow.numpy(), wide.numpy(), 5e-4, 5e-5)
    else:
        assert narrow.dtype == wide.dtype


# ---- gradients


def total(case, weights, xs):
    """A number of what the operation gives, so that each output counts differently."""
    return ops.sum(ops.multiply(case.call(*xs), weights))


def weights_of(case):
    shape = case.call(*map(constant, case.inputs)).shape
    return np.cos(np.arange(np.prod(shape, dtype=int)) + 1.0).reshape(shape)


def slopes(case, weights, inputs):
    xs = [constant(x) for x in inputs]
    with GradientTape() as tape:
        tape.watch(xs)
        y = total(case, weights, xs)
    return tape.gradient(y, xs, unconnected_gradients="zero")


def differences(function, inputs, i, h=1e-3):
    """∂ function / ∂ input i by differences of four points."""
    x = np.asarray(inputs[i])
    found = np.zeros(x.shape)
    for at in np.ndindex(x.shape):
        for step, weight in ((1, 8), (-1, -8), (2, -1), (-2, 1)):
            moved = x.astype(float).copy()
            moved[at] += step * h
            found[at] += weight * float(function([*inputs[:i], moved, *inputs[i + 1 :]])) / (12 * h)
    return found


@pytest.mark.parametrize("case", SMOOTH)
def test_gradients_are_differences(case):
    weights = weights_of(case)
    found = slopes(case, weights, case.inputs)
    for i, x in enumerate(case.inputs):
        assert found[i].shape == np.shape(x)
        assert found[i].dtype == np.float64
        expected = differences(lambda xs: total(case, weights, [constant(x) for x in xs]), case.inputs, i)
        np.testing.assert_allclose(found[i].numpy(), expected, 1e-6, 1e-7)


@pytest.mark.parametrize("case", [p for p in SMOOTH if p.values[0].curves])
def test_second_gradients_are_differences_of_the_first(case):
    weights = weights_of(case)

    def sloped(xs):
        found = slopes(case, weights, xs)
        return sum(float(ops.sum(g * np.sin(np.arange(g.size) + 1.0).reshape(g.shape))) for g in found)

    xs = [constant(x) for x in case.inputs]
    with GradientTape() as outer:
        outer.watch(xs)
        with GradientTape() as inner:
            inner.watch(xs)
            y = total(case, weights, xs)
        first = inner.gradient(y, xs, unconnected_gradients="zero")
        z = sum(ops.sum(g * np.sin(np.arange(g.size) + 1.0).reshape(g.shape)) for g in first)
    found = outer.gradient(z, xs, unconnected_gradients="zero")
    for i in range(len(xs)):
        np.testing.assert_allclose(found[i].numpy(), differences(sloped, case.inputs, i), 2e-5, 1e-6)


@pytest.mark.parametrize("case", SMOOTH)
def test_gradients_of_float32_are_float32(case):
    single = [np.asarray(x, "float32") for x in case.inputs]
    for x, g in zip(single, slopes(case, weights_of(case).astype("float32"), single)):
        assert g.dtype == np.float32
        assert g.shape == x.shape


def has_floats(case):
    return any(np.asarray(x).dtype.kind == "f" for x in case.inputs)


@pytest.mark.parametrize("case", [p for p in TABLE if not p.values[0].slopes and has_floats(p.values[0])])
def test_where_there_is_no_gradient_there_is_none(case):
    xs = [constant(x) for x in case.inputs if np.asarray(x).dtype.kind == "f"]
    rest = [x for x in case.inputs if np.asarray(x).dtype.kind != "f"]
    with GradientTape() as tape:
        tape.watch(xs)
        y = ops.cast(case.call(*xs, *rest), "float64")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = tape.gradient(y, xs)
    assert all(g is None or not g.numpy().any() for g in found)
