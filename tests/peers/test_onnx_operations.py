"""Every operation and every kernel there is, by way of ONNX in onnxruntime."""

from __future__ import annotations

import importlib
import pkgutil

import numpy as np
import op_cases
import pytest
import test_definitions
from exported import TOLERANCE, assert_equal_outputs, assert_predicts, computed
from fastmlp import Sequential, autodiff, layers, ops
from fastmlp.autodiff import Primitive, Tensor
from fastmlp.autodiff.primitive import as_tensor
from fastmlp.layers import Dense, Input

pytest.importorskip("onnx", reason="what writes ONNX, pip install 'fastmlp[onnx]', is not there")
pytest.importorskip("onnxruntime", reason="what runs ONNX, pip install onnxruntime, is not there")

from fastmlp.exporting.onnx import WRITERS, model_bytes

# What ONNX or onnxruntime has no operators for; an export says so.
REFUSED = {
    "kernels.noise", "kernels.scatter", "linalg.inv", "linalg.solve", "logistic.erfinv", "normalising.dropout",
    "picking.add_along", "picking.add_entries", "reading.read", "reductions.cumprod", "shapes.put",
    "trigonometry.arctan2",
}  # fmt: skip
# cases of tests/op_cases.py that are made of these, or that look at their numbers in Python
WITHOUT = {"add_along", "add_entries", "allclose", "arctan2", "cumprod", "erfinv", "inv", "put", "solve"}


def primitives():
    for module in pkgutil.iter_modules(autodiff.__path__):
        home = importlib.import_module(f"fastmlp.autodiff.{module.name}")
        for one in vars(home).values():
            if isinstance(one, Primitive) and one.forward.__module__ == home.__name__:
                yield f"{module.name}.{one.name}", one


def test_every_primitive_can_be_exported_or_is_refused():
    known = dict(primitives())
    assert len(known) > 100
    for key, one in known.items():
        assert key in WRITERS or one.definition is not None or key in REFUSED, (
            f"the operation {key} has no export: add how ONNX says it to one of the WRITERS in "
            "src/fastmlp/exporting/onnx_*.py, or its name to REFUSED here"
        )
    gone = (REFUSED | {key for key in WRITERS if "/" not in key}) - set(known)
    assert not gone, f"exports of operations that do not exist: {gone}; remove them"


def of_type(x, dtype):
    x = np.asarray(x)
    return x.astype({"f": dtype, "i": "int32"}.get(x.dtype.kind, x.dtype))


def values(found):
    return [np.asarray(one) for one in (found if isinstance(found, (list, tuple)) else [found])]


def refusal(name, arrays):
    """What an export says of operations that it has in part alone."""
    if name == "det" and arrays[0].dtype == np.float64:
        return "det in the model, which onnxruntime has in float32 alone"
    return "put in the model, which cannot be" if name == "diag" and arrays[0].ndim == 1 else None


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", [name for name in op_cases.CASES if name not in WITHOUT])
def test_operations_equal_their_export(name, dtype):
    for case in op_cases.CASES[name]:
        arrays = [of_type(x, dtype) for x in case.inputs]
        refused = refusal(name, arrays)
        if refused is None:
            wanted = values(case.call(*map(as_tensor, arrays)))
            assert_equal_outputs(computed(case.call, *arrays), wanted, TOLERANCE[dtype])
        else:
            with pytest.raises(ValueError, match=refused):
                computed(case.call, *arrays)


@pytest.mark.parametrize("name", WITHOUT)
def test_what_onnx_has_not_is_refused_by_name(name):
    for case in op_cases.CASES[name]:
        refused = "looks at them in Python" if name == "allclose" else f"got {name} in the model, which cannot be"
        with pytest.raises(ValueError, match=refused):
            computed(case.call, *[of_type(x, "float32") for x in case.inputs])


# ---- kernels, at their bends, beyond what can be squared, at infinity and NaN

BEYOND = np.array([1e4, -1e4, 1e-4, -1e-4, 30, -30, 100, -100, np.inf, -np.inf, np.nan])


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", test_definitions.CASES)
def test_kernels_equal_their_export(name, dtype):
    case = test_definitions.CASES[name]
    arrays, settings = [of_type(x, dtype) for x in case.inputs], dict(case.settings)
    if "moving" in settings:
        settings["moving"] = tuple(x.astype(dtype) for x in settings["moving"])
    if case.primitive.name == "activation":
        arrays = [np.concatenate([arrays[0], BEYOND.astype(dtype)])]
    call = lambda *tensors: case.primitive.on(tuple(map(as_tensor, tensors)), settings)
    if settings.get("training"):
        with pytest.raises(ValueError, match="batch_norm in the model, which normalises by the moments of the batch"):
            computed(call, *arrays)
        return
    wanted = call(*map(Tensor, arrays))
    assert_equal_outputs(computed(call, *arrays), [wanted], TOLERANCE[dtype])


# ---- what hangs on the number of rows, or goes along them


ALONG_ROWS = {
    "all in one row": lambda x: ops.reshape(x, (-1,)),
    "two rows of each": lambda x: ops.reshape(x, (-1, 2)),
    "there and back": lambda x: ops.reshape(ops.reshape(x, (-1,)), x.shape) * 2.0,
    "products of rows": lambda x: ops.matmul(x, ops.transpose(x)),
    "one by one": lambda x: ops.einsum("bi,bj->bij", x, x),
    "the last row": lambda x: x[-1:],
    "backwards": lambda x: x[::-1],
    "up to their number": lambda x: x[: x.shape[0], 1:],
    "twice": lambda x: ops.tile(x, (2, 1)),
    "as many zeros": lambda x: ops.concatenate([x, ops.zeros((x.shape[0], 3), x.dtype)], 1),
    "twice as many ones": lambda x: ops.concatenate([x, x]) + ops.ones((2 * x.shape[0], 1), x.dtype),
    "spread": lambda x: ops.broadcast_to(ops.sum(x), (x.shape[0], 2)),
    "in order": lambda x: ops.sort(x, axis=0),
    "sums so far": lambda x: ops.cumsum(x, axis=0),
    "less the mean": lambda x: x - ops.sum(x, 0) / 7.0,
    "positions": lambda x: ops.argmax(x, -1),
    "marks of positions": lambda x: ops.one_hot(ops.argmin(x, -1), 4),
    "a square of each": lambda x: ops.reshape(x, (-1, 2, 2))[:, [0, 1], [1, 0]],
    "new axes": lambda x: x[:, None, ::2, None],
    "whole numbers": lambda x: ops.cast(x, "int32") // 2,
    "halves": lambda x: ops.cast(ops.tanh(ops.cast(x, "float16")), "float32"),
}


@pytest.mark.parametrize("name", ALONG_ROWS)
def test_rows_are_left_open(name):
    model = Sequential([Input((4,)), layers.Lambda(ALONG_ROWS[name])])
    assert_predicts(model, np.random.default_rng(4).normal(0, 2, (7, 4)).astype("f"), sizes=(0, 1, 2, 7))


def test_marks_stand_along_any_axis():
    x = np.random.default_rng(4).integers(-1, 5, (7, 4)).astype("int32")
    for axis in (-1, 0, 1, 2):
        assert_predicts(Sequential([Input((4,), dtype="int32"), layers.Lambda(lambda x, axis: ops.one_hot(
            x, 5, axis, "float32"), arguments={"axis": axis})]), x)  # fmt: skip


@pytest.mark.parametrize("side", ["left", "right"])
def test_numbers_on_a_boundary_and_nan_find_their_bin(side):
    x = np.array([[-1, 0, 1], [2, 3, np.nan], [np.inf, -np.inf, 0.5]], "f")
    call = lambda x: ops.searchsorted([0.0, 1.0, 1.0, 2.0], x, side)
    assert_equal_outputs(computed(call, x), [call(x)], 0)


@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8", "bool"])
def test_whole_numbers_are_what_predict_makes_of_them(dtype):
    x = np.random.default_rng(4).integers(0, 250, (7, 4)).astype(dtype)
    for function in (lambda x: x * 2 + 1, lambda x: ops.maximum(x, 1) // 3, lambda x: x / 255):
        assert_predicts(Sequential([Input((4,), dtype=dtype), layers.Lambda(function)]), x)


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda x: ops.matmul(ops.eye(x.shape[0]), x), "where matmul takes an array with other numbers in it"),
        (lambda x: ops.pad(x, ((1, 0), (0, 0))), "where pad takes 4 for 3 rows and 6 for 5"),
        (lambda x: x if x.shape[0] > 4 else -x, "the same for any number of rows, got 'net', whose call goes other"),
        (lambda x: ops.roll(x, 1, axis=0), "got roll in 'it', which goes round along the rows"),
        (lambda x: ops.sparsemax(x, axis=0), "got row_activation/sparsemax in 'it', which works along the rows"),
        (lambda x: ops.reshape(x, (-1, 2, 2))[[0], :, [1]], "got getitem in 'it', which takes arrays of positions"),
        (lambda x: ops.full((2, 2), ops.sum(x)), "the call of 'it', which looks at them in Python"),
    ],
)
def test_what_cannot_be_left_open_is_refused(function, says):
    with pytest.raises(ValueError, match=says):
        model_bytes(Sequential([Input((4,)), layers.Lambda(function, name="it")], name="net"))


def test_layers_of_another_type_than_usual_keep_all_digits_of_their_input():
    """The usual type is float32 here, and these layers ask for float64."""
    model = Sequential([Input((6,), dtype="float64"), Dense(5, "tanh", dtype="float64")])
    assert_predicts(model, np.random.default_rng(0).normal(size=(9, 6)), tolerance=1e-14)
