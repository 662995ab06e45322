"""Models in onnxruntime and here: every layer there is, graphs, code of one's own, any number of rows."""

from __future__ import annotations

import inspect

import fastmlp
import numpy as np
import pytest
from exported import TOLERANCE, assert_equal_outputs, assert_predicts, run, session
from fastmlp import Model, Sequential, activations, layers, ops
from fastmlp.exporting.onnx import model_bytes
from fastmlp.layers import Dense, Input
from hypothesis import given, settings
from hypothesis import strategies as st

onnx = pytest.importorskip("onnx", reason="what writes ONNX, pip install 'fastmlp[onnx]', is not there")
pytest.importorskip("onnxruntime", reason="what runs ONNX, pip install onnxruntime, is not there")

RNG = np.random.default_rng(3)


def numbers(*shape):
    return RNG.normal(0, 2, (9, *shape)).astype("float32")


def whole(*shape, below=6):
    return RNG.integers(0, below, (9, *shape)).astype("int32")


def adapted(layer, x):
    layer.adapt(x)
    return layer


# ---- layers: how each is made, and what it is given

X = numbers(6)
LAYERS = {
    "Activation": [(lambda: layers.Activation("tanh"), X), (lambda: layers.Activation("relu"), numbers(2, 3))],
    "ActivationWith": [(lambda: layers.ActivationWith("celu", {"alpha": 0.5}), X),
                       (lambda: layers.ActivationWith("gelu", {"approximate": True}), X)],
    "ActivityRegularization": [(lambda: layers.ActivityRegularization(0.1, 0.1), X)],
    "AlphaDropout": [(lambda: layers.AlphaDropout(0.5), X)],
    "APL": [(lambda: layers.APL(3, a_initializer="normal"), X), (lambda: layers.APL(2, shared_axes=[1]), X)],
    "BatchNormalization": [(layers.BatchNormalization, X),
                           (lambda: layers.BatchNormalization(center=False, scale=False, compat="torch"), X)],
    "CategoryEncoding": [(lambda: layers.CategoryEncoding(6), whole(4)),
                         (lambda: layers.CategoryEncoding(6, "count"), whole(4)),
                         (lambda: layers.CategoryEncoding(6, "one_hot"), whole(4)),
                         (lambda: layers.CategoryEncoding(6, "one_hot"), whole(1).astype("f"))],
    "Dense": [(lambda: Dense(4), X), (lambda: Dense(4, "relu", use_bias=False), X)],
    "Discretization": [(lambda: layers.Discretization([-1.0, 0.0, 2.0]), X),
                       (lambda: layers.Discretization([-1.0, 0.0, 2.0], output_mode="multi_hot"), X),
                       (lambda: adapted(layers.Discretization(num_bins=5), X), X)],
    "Dropout": [(lambda: layers.Dropout(0.5), X)],
    "ELU": [(lambda: layers.ELU(0.3), X)],
    "Embedding": [(lambda: layers.Embedding(6, 3), whole(4)), (lambda: layers.Embedding(6, 3), whole(4).astype("f"))],
    "Flatten": [(layers.Flatten, numbers(2, 3, 4))],
    "GaussianDropout": [(lambda: layers.GaussianDropout(0.5), X)],
    "GaussianNoise": [(lambda: layers.GaussianNoise(0.5), X)],
    "GroupNormalization": [(lambda: layers.GroupNormalization(3), X),
                           (lambda: layers.GroupNormalization(2, axis=1), numbers(4, 3))],
    "Identity": [(layers.Identity, X)],
    "Lambda": [(lambda: layers.Lambda(lambda x: x**2 - ops.mean(x, 0)), X)],
    "Layer": [(lambda: Scaled(), X)],
    "LayerNormalization": [(layers.LayerNormalization, X),
                           (lambda: layers.LayerNormalization(center=False, scale=False), X)],
    "LeakyReLU": [(layers.LeakyReLU, X)],
    "Maxout": [(lambda: layers.Maxout(4, 3, activation="tanh"), X), (lambda: layers.Maxout(4, 1), X)],
    "Normalization": [(lambda: adapted(layers.Normalization(), X), X),
                      (lambda: layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[1.0, 2.0, 3.0]), numbers(2, 3)),
                      (lambda: adapted(layers.Normalization(axis=None, invert=True), X), X)],
    "PELU": [(layers.PELU, X)],
    "Permute": [(lambda: layers.Permute((3, 1, 2)), numbers(2, 3, 4))],
    "PReLU": [(lambda: layers.PReLU("normal"), X), (lambda: layers.PReLU("normal", shared_axes=[1]), X)],
    "RandomFlip": [(layers.RandomFlip, numbers(4, 4))],
    "RandomRotation": [(lambda: layers.RandomRotation(0.1), numbers(4, 4, 3))],
    "RandomTranslation": [(lambda: layers.RandomTranslation(0.1, 0.1), numbers(4, 4))],
    "RandomZoom": [(lambda: layers.RandomZoom(0.1), numbers(4, 4))],
    "ReLU": [(lambda: layers.ReLU(1.5, 0.25, 0.5), X), (layers.ReLU, X), (lambda: layers.ReLU(6), X)],
    "RepeatVector": [(lambda: layers.RepeatVector(3), X)],
    "Rescaling": [(lambda: layers.Rescaling(1 / 255, -0.5), whole(4, 4, below=256).astype("uint8")),
                  (lambda: layers.Rescaling([1.0, 2.0, 3.0]), numbers(2, 3))],
    "Reshape": [(lambda: layers.Reshape((3, -1)), X)],
    "RMSNormalization": [(layers.RMSNormalization, X), (lambda: layers.RMSNormalization([1, 2]), numbers(2, 3))],
    "Softmax": [(layers.Softmax, X)],
    "SReLU": [(layers.SReLU, X)],
    "SwishBeta": [(lambda: layers.SwishBeta("normal"), X)],
    "UnitNormalization": [(layers.UnitNormalization, X)],
}  # fmt: skip
MERGING = {
    "Add": (layers.Add, 3), "Average": (layers.Average, 3), "Concatenate": (layers.Concatenate, 3),
    "Dot": (lambda: layers.Dot(1, normalize=True), 2), "Maximum": (layers.Maximum, 3), "Minimum": (layers.Minimum, 2),
    "Multiply": (layers.Multiply, 2), "Subtract": (layers.Subtract, 2),
}  # fmt: skip


class Scaled(layers.Layer):
    """A layer from scratch, with layers inside and a size that hangs on the rows."""

    def build(self, shape):
        self.w = self.add_weight(name="w", shape=(shape[-1], 5), initializer="normal")
        self.inner = Sequential([Dense(5, "gelu"), layers.LayerNormalization()])

    def call(self, x, training=False):
        rows = ops.shape(x)[0]
        y = ops.matmul(x, self.w) / 2 + self.inner(x, training=training)
        y = ops.concatenate([y, ops.ones((rows, 2), x.dtype)], -1)
        return ops.reshape(y, (rows, 7)) if training else ops.reshape(y[:rows], (rows, 7))


def test_every_layer_is_tried():
    there = {name for name in layers.__all__ if inspect.isclass(getattr(layers, name))} - {"InputLayer"}
    missing = there - LAYERS.keys() - MERGING.keys()
    assert not missing, (
        f"the layers {sorted(missing)} are not exported by any test: add each to LAYERS in tests/peers/test_onnx.py, "
        "and to the WRITERS in src/fastmlp/exporting what it needs"
    )


def disturbed(model):
    """All weights moved, variances up, so that none of them is a mere 0 or 1."""
    draw = np.random.default_rng(5)
    model.set_weights([w + draw.uniform(0.1, 0.5, w.shape).astype(w.dtype) if w.dtype.kind == "f" else w
                       for w in model.get_weights()])  # fmt: skip
    return model


def made(cases):
    return [pytest.param(make, x, id=f"{name}{i}") for name, some in cases.items() for i, (make, x) in enumerate(some)]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize(("make", "x"), made(LAYERS))
def test_layers(make, x, dtype, floats):
    floats(dtype)
    x = x.astype(dtype) if x.dtype.kind == "f" else x
    assert_predicts(disturbed(Sequential([Input(x.shape[1:], dtype=x.dtype), make()])), x)


@pytest.fixture
def floats():
    """Sets the element type of layers for one test."""
    yield fastmlp.config.set_floatx
    fastmlp.config.set_floatx("float32")


@pytest.mark.parametrize("name", MERGING)
def test_merging_layers(name):
    make, count = MERGING[name]
    inputs = [Input((5,), name=f"in_{i}") for i in range(count)]
    model = Model(inputs, make()(inputs))
    assert [one.name for one in assert_predicts(model, *(numbers(5) for _ in inputs)).get_inputs()] == model.input_names


def can_stand_alone(function):
    first, *rest = inspect.signature(function).parameters.values()
    return all(one.default is not one.empty for one in rest)


WITHOUT_SETTINGS = [name for name, function in activations._functions.items() if can_stand_alone(function)]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", [*WITHOUT_SETTINGS, "maxout"])
def test_activations_of_dense_layers(name, dtype, floats):
    floats(dtype)
    last = layers.Maxout(4, 3) if name == "maxout" else Dense(4, name)
    model = Sequential([Input((6,)), last])
    x = X.astype(dtype)
    found = assert_predicts(model, x)
    far = np.concatenate([x, x * 1e4, -1e4 * x[:1]])
    wanted = model.predict(far, verbose=0)
    assert_equal_outputs(found.run(None, {found.get_inputs()[0].name: far}), [wanted], 2 * TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_a_mean_far_from_0_costs_no_digits(dtype, floats):
    floats(dtype)
    for make in (layers.BatchNormalization, layers.LayerNormalization, layers.UnitNormalization):
        model = Sequential([Input((6,)), make()])
        if make is layers.BatchNormalization:
            model.layers[0].moving_mean.assign(np.full(6, 1e4))
        assert_predicts(model, (X + 1e4).astype(dtype), tolerance=1e3 * TOLERANCE[dtype])


# ---- graphs


def test_several_inputs_and_outputs_are_named_after_layers():
    a, b = Input((4,), name="a"), Input((3,), name="b", dtype="int32")
    shared = Dense(5, "tanh", name="shared")
    u = shared(a)
    v = layers.Embedding(6, 5, name="words")(b)
    inner = Sequential([Input((5,)), Dense(5, "silu"), layers.Dropout(0.5)], name="inner")
    joined = ops.where(u > 0.1, u, ops.mean(v, axis=1) * 2.0)
    outputs = [Dense(2, name="two")(inner(joined)), shared(a[:, ::-1]), u]
    model = disturbed(Model([a, b], outputs))
    found = assert_predicts(model, numbers(4), whole(3))
    assert [one.name for one in found.get_outputs()] == ["two", "shared", "shared_1"]
    assert [(one.name, one.shape) for one in found.get_inputs()] == [("a", ["batch", 4]), ("b", ["batch", 3])]
    names = [node.name for node in onnx.load_from_string(model_bytes(model)).graph.node]
    assert "inner/dense" in {name.rpartition("/")[0].rstrip("_0123456789") for name in names}


def test_dicts_go_by_their_keys():
    a, b = Input((4,), name="first"), Input((4,), name="second")
    model = Model({"q": b, "p": a}, {"z": a + b, "y": Dense(2)(a - b)})
    content = model_bytes(model)
    found, (x, y) = session(content), (numbers(4), numbers(4))
    assert {one.name for one in found.get_inputs()} == {"first", "second"}
    assert [one.name for one in found.get_outputs()] == ["y", "z"]
    wanted = model.predict({"p": x, "q": y}, verbose=0)
    got = found.run(None, {"first": x, "second": y})
    assert_equal_outputs(got, [wanted["y"], wanted["z"]], 1e-6)


def test_outputs_that_are_inputs_constants_or_one_another():
    a = Input((3,), name="a")
    model = Model(a, [a, a * 2.0, ops.ones_like(a)])
    x = numbers(3)
    assert_equal_outputs(run(model_bytes(model), x), [x, x * 2, np.ones_like(x)], 0)


class Own(Model):
    """A class of one's own, that takes a dict and is built by its first call."""

    def __init__(self):
        super().__init__()
        self.hidden, self.out = Dense(8, "relu"), Dense(2)

    def call(self, inputs, training=False):
        return {"out": self.out(self.hidden(inputs["x"]) * inputs["scale"]), "rows": ops.sum(inputs["x"], 0)}


def test_models_of_ones_own():
    given = {"x": numbers(4), "scale": numbers(1)}
    model = Own()
    with pytest.raises(RuntimeError, match="export: expected a built model"):
        model.export("m.onnx")
    wanted = model(given)
    found = session(model_bytes(model))
    assert [one.name for one in found.get_inputs()] == ["scale", "x"]
    got = dict(zip([one.name for one in found.get_outputs()], found.run(None, given)))
    assert_equal_outputs([got["out"], got["rows"]], [wanted["out"], wanted["rows"]], 2e-6)
    named = {"x": Input((4,), name="table"), "scale": Input((1,), name="factor")}
    assert [one.name for one in session(model_bytes(model, named)).get_inputs()] == ["factor", "table"]


def test_an_input_of_fixed_rows_stays_so():
    model = Sequential([Input((4,), batch_size=5), layers.Lambda(lambda x: ops.reshape(x, (4, 5)))])
    assert session(model_bytes(model)).get_inputs()[0].shape == [5, 4]
    assert run(model_bytes(model), numbers(4)[:5])[0].shape == (4, 5)


def test_mixed_precision_rounds_as_the_engine_does():
    model = Sequential([Input((64,)), Dense(32, "relu", dtype="mixed_bfloat16"), Dense(3, dtype="float32")])
    x = numbers(64)
    assert_predicts(model, x, tolerance=2e-6)
    rounded = model.predict(x, verbose=0)
    model.layers[0].dtype_policy = "float32"
    assert abs(rounded - model.predict(x, verbose=0)).max() > 1e-3  # so that the test sees whether it rounds


def test_gradients_of_ones_own_change_nothing():
    @fastmlp.autodiff.custom_gradient
    def steep(x):
        return ops.tanh(x) * 2.0, lambda g: g * 100.0

    @fastmlp.autodiff.custom_gradient
    def two(x):
        return (x + 1.0, ops.exp(x)), lambda g, h: g + h

    for function in (steep, lambda x: ops.concatenate(two(x), -1)):
        assert_predicts(Sequential([Input((3,)), layers.Lambda(function)]), numbers(3))


# ---- random models

WIDTHS = st.integers(1, 9)
MIDDLES = [
    lambda n: Dense(n, "relu"), lambda n: Dense(n, "gelu"), lambda n: Dense(2 * n, "glu"),
    lambda n: Dense(n, "softmax" if n > 1 else "mish"), lambda n: layers.Maxout(n, 2), lambda n: layers.PReLU("normal"),
    lambda n: layers.BatchNormalization(), lambda n: layers.LayerNormalization(), lambda n: layers.Dropout(0.5),
    lambda n: layers.Activation("log_softmax" if n > 1 else "celu"), lambda n: layers.RMSNormalization(),
    lambda n: Sequential([Dense(n, "selu"), Dense(n)]), lambda n: layers.Rescaling(0.5, 1.0),
]  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(MIDDLES), WIDTHS), min_size=1, max_size=6), WIDTHS)
def test_random_sequential_models(plan, width):
    model = Sequential([Input((width,)), *(make(n) for make, n in plan), Dense(2)])
    assert_predicts(disturbed(model), numbers(width), tolerance=2e-5)


COMBINED = [
    lambda make, x, y: Dense(4)(make(4)(x)),
    lambda make, x, y: layers.Add()([x, y]),
    lambda make, x, y: ops.where(x > y, x, ops.tanh(y)),
    lambda make, x, y: Dense(4)(layers.Concatenate()([x, y])),
    lambda make, x, y: x * ops.sigmoid(ops.mean(y, -1, keepdims=True)),
    lambda make, x, y: ops.maximum(x, y) / (ops.abs(y) + 1.0),
]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_random_graphs(data):
    there = [Input((4,), name="a"), Input((4,), name="b")]
    for _ in range(data.draw(st.integers(1, 6))):
        x, y = (data.draw(st.sampled_from(there)) for _ in range(2))
        there.append(data.draw(st.sampled_from(COMBINED))(data.draw(st.sampled_from(MIDDLES)), x, y))
    model = disturbed(Model(there[:2], there[-data.draw(st.integers(1, 2)) :]))
    assert_predicts(model, numbers(4), numbers(4), tolerance=2e-5)


# ---- refusals


class Looking(layers.Layer):
    def call(self, x):
        return x if float(ops.sum(x)) > 0 else -x


class Drawing(layers.Layer):
    def call(self, x):
        return x + fastmlp.random.normal((1, 3))


class Counting(layers.Layer):
    def call(self, x):
        return x / x.shape[0]


class Changing(layers.Layer):
    def build(self, shape):
        self.calls = self.add_weight(name="calls", shape=(), initializer="zeros", trainable=False)

    def call(self, x):
        self.calls.assign_add(1.0)
        return x + 0.0


class Noisy(layers.Layer):
    def call(self, x):
        return layers.Dropout(0.5)(x, training=True)


@pytest.mark.parametrize(
    ("layer", "says"),
    [
        (Looking, "the call of 'it', which looks at them in Python"),
        (Drawing, "does the same in each call, got 'it', where add takes an array with other numbers"),
        (Counting, "does the same in each call, got 'it', where divide takes an array with other numbers"),
        (Changing, r"leave variables as they are, got one that changes \['it/calls'\]"),
        (Noisy, "got noise/dropout in 'it/dropout.*', which cannot be written"),
    ],
)
def test_what_cannot_be_written_down_is_refused_by_name(layer, says, tmp_path):
    model = Sequential([Input((3,)), layer(name="it")])
    before = model.get_weights()
    with pytest.raises(ValueError, match=says):
        model.export(tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())
    for one, value in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, value)


# ---- files


def test_a_file_says_what_it_is_and_nothing_else_is_changed(tmp_path, capsys):
    model = Sequential([Input((6,), name="x"), Dense(3, "relu", name="h"), Dense(2, name="y")], name="net")
    model.compile("adam", "mse")
    model.fit(X, X[:, :2], verbose=0)
    before, optimizer = model.get_weights(), [v.numpy() for v in model.optimizer.variables]
    path = tmp_path / "net.onnx"
    model.export(str(path), verbose=True)
    assert capsys.readouterr().out == f"Saved artifact at '{path}'.\n"
    found = onnx.load(path)
    assert (found.producer_name, found.producer_version) == ("fastmlp", fastmlp.__version__)
    assert {p.key: p.value for p in found.metadata_props} == {"class": "Sequential", "layers": "2 Dense, 1 InputLayer"}
    assert found.opset_import[0].version == 18
    assert found.ir_version == 8
    assert [node.op_type for node in found.graph.node] == ["Gemm", "Relu", "Gemm"]
    assert [one.name for one in found.graph.initializer] == ["h/kernel", "h/bias", "y/kernel", "y/bias"]
    for one, value in zip([*model.get_weights(), *(v.numpy() for v in model.optimizer.variables)],
                          [*before, *optimizer], strict=True):  # fmt: skip
        np.testing.assert_array_equal(one, value)
    content = path.read_bytes()
    model.export(path, format="onnx")
    assert path.read_bytes() == content
    assert [one.name for one in tmp_path.iterdir()] == ["net.onnx"]


def test_another_opset_is_refused():
    with pytest.raises(ValueError, match="expected opset_version 18, got 9; leave it out"):
        Sequential([Input((6,)), Dense(3)]).export("m.onnx", opset_version=9)
