"""What exporting does without the packages of other formats: which one is meant, what is refused, what is recorded."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from fastmlp import Model, Sequential, exporting, ops
from fastmlp.exporting.both import Differs, Rows, array_of_both, setting_of_both, size_of_both
from fastmlp.exporting.onnx import WRITERS, graph_of
from fastmlp.exporting.onnx_maths import ATAN, ERFC
from fastmlp.exporting.recording import record
from fastmlp.layers import Dense, Dropout, Flatten, Input, Lambda

ROWS = (3, 5)


def small():
    hidden = [Flatten(name="flatten"), Dense(4, "relu", name="h"), Dropout(0.5)]
    return Sequential([Input((2, 3), name="x"), *hidden, Dense(2, name="y")])


# ---- which format


@pytest.mark.parametrize(
    ("name", "says", "home"),
    [("m.onnx", {}, "onnx"), ("m.ONNX", {}, "onnx"), ("m.h", {}, "c"), ("m.c", {}, "c"), ("m", {"format": "c"}, "c")],
)
def test_a_format_is_what_was_said_or_what_the_path_promises(name, says, home, monkeypatch, tmp_path, capsys):
    written = []
    module = types.ModuleType(home)
    module.write = lambda model, path, **options: written.append((model, path, options))
    monkeypatch.setitem(sys.modules, f"fastmlp.exporting.{home}", module)
    model, path = small(), tmp_path / name
    model.export(path, verbose=True, option=3, **says)
    exporting.export(model, str(path), **says)
    assert written == [(model, str(path), {"option": 3}), (model, str(path), {})]
    assert capsys.readouterr().out == f"Saved artifact at '{path}'.\n"


@pytest.mark.parametrize("kind", ["tf_saved_model", "openvino", "litert", "torch"])
def test_formats_that_are_not_here_are_refused_by_name(kind):
    with pytest.raises(ValueError, match=f"export: expected format 'onnx' or 'c', got '{kind}', which is not in"):
        small().export("m", format=kind)


@pytest.mark.parametrize(
    ("path", "says", "error", "text"),
    [
        ("m", {}, ValueError, r"expected a path that ends in .onnx, .h, .c, got 'm'; change it, or say format='onnx'"),
        ("m.onnx", {"format": "onx"}, ValueError, "expected one of 'c', 'onnx', got 'onx'; did you mean 'onnx'"),
        (3.5, {}, TypeError, "export: expected a path, got 3.5"),
        ("there/is/none/m.onnx", {}, FileNotFoundError, "export: expected a folder that is there"),
    ],
)
def test_paths_and_formats_are_checked_first(path, says, error, text):
    with pytest.raises(error, match=text):
        small().export(path, **says)


def test_a_model_is_built_first():
    with pytest.raises(RuntimeError, match="export: expected a built model, got 'net' before it has seen an input"):
        Sequential([Dense(2)], name="net").export("m.onnx")


def test_without_the_package_there_is_a_word_on_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=re.escape("onnx, which is not installed; pip install 'fastmlp[onnx]'")):
        small().export(tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


# ---- what is recorded


def test_a_model_is_recorded_with_its_rows_left_open():
    found = record(small(), WRITERS)
    assert [(one.key, one.where) for one in found.operations] == [
        ("shapes.reshape", "flatten"), ("kernels.dense", "h"), ("kernels.activation/relu", "h"), ("kernels.dense", "y"),
    ]  # fmt: skip
    assert found.operations[0].settings == {"shape": (Rows(1), 6)}
    assert [value.name for value in found.operations[1].inputs] == ["", "h/kernel", "h/bias"]
    assert [(one.name, one.shape) for one in found.inputs] == [("x", (Rows(1), 2, 3))]
    assert [(name, one.shape) for name, one in found.outputs] == [("y", (Rows(1), 2))]


def test_kernels_without_a_writer_are_recorded_by_their_definitions():
    model = Sequential([Input((3,)), Dense(2, "hard_silu")])
    assert record(model, WRITERS).operations[1].key == "kernels.activation/hard_silu"
    without = WRITERS.keys() - {"kernels.activation/hard_silu"}
    assert [one.key for one in record(model, without).operations][1:] == [
        "arithmetic.add", "activations.relu6", "arithmetic.divide", "arithmetic.multiply"
    ]  # fmt: skip


def test_what_no_output_needs_is_left_out():
    x = Input((3,))
    model = Model(x, Lambda(lambda x: (ops.exp(x), ops.tanh(x))[1])(x))
    assert [one.key for one in record(model, WRITERS).operations] == ["kernels.activation/tanh"]


def test_nodes_are_tidy():
    graph, (output,) = graph_of(record(small(), WRITERS))
    assert [(one.op, one.outputs) for one in graph.nodes] == [
        ("Reshape", ("flatten/Reshape",)), ("Gemm", ("h/Gemm",)), ("Relu", ("h/Relu",)), ("Gemm", ("y",)),
    ]  # fmt: skip
    assert output.name == "y"
    assert list(graph.constants) == ["constant", "h/kernel", "h/bias", "y/kernel", "y/bias"]


def test_two_calls_as_one():
    assert size_of_both(4, 4, ROWS) == 4
    assert size_of_both(6, 10, ROWS) == Rows(2)
    key = (slice(0, 3), -1), (slice(0, 5), -1)
    assert setting_of_both(*key, ROWS) == (slice(0, Rows(1), None), -1)
    shape, once = array_of_both(np.ones((3, 2)), np.ones((5, 2)), ROWS)
    assert (shape, once.shape) == ((Rows(1), 2), (1, 2))
    for few, more in ((4, 6), (3, 9), (0.5, 0.25), ("a", "b"), ((1,), (1, 2))):
        with pytest.raises(Differs):
            setting_of_both(few, more, ROWS)
    for few, more in ((np.arange(3), np.arange(5)), (np.zeros(2), np.ones(2)), (np.zeros(2), np.zeros((2, 1)))):
        with pytest.raises(Differs):
            array_of_both(few, more, ROWS)


def test_polynomials_are_those_of_the_engine():
    header = Path(__file__).resolve().parents[1] / "csrc" / "kernels" / "vmath_coefficients.h"
    if not header.is_file():
        pytest.skip("the sources are not beside the tests")
    double = header.read_text().partition("#else")[2]
    for name, coefficients in (("erfc", ERFC), ("atan", ATAN)):
        listed = re.search(rf"{name}_c\[\] = {{(.*?)}}", double, flags=re.DOTALL)[1]
        assert tuple(map(float, listed.split(","))) == coefficients
