"""gradcheck: right gradients pass, wrong ones are found, and nothing is changed by the look."""

from __future__ import annotations

import copy

import fastmlp
import numpy as np
import pytest
from fastmlp import Input, Sequential, gradcheck, layers, losses, ops, random
from fastmlp.activations import softmax
from fastmlp.autodiff import custom_gradient
from fastmlp.layers import BatchNormalization, Dense, Dropout, Layer
from fastmlp.models import Model

X = random.normal((6, 3), seed=1)
Y = random.normal((6, 2), seed=2)


@pytest.fixture(autouse=True)
def seeded():
    """So that no unit is just at its bend, and no gradient just 0."""
    fastmlp.set_random_seed(3)


def network(noise=True, **settings):
    return Sequential([
        Input(shape=(3,)),
        Dense(8, activation="relu", kernel_regularizer="l2", **settings),
        BatchNormalization(),
        *([Dropout(0.3)] if noise else []),
        Dense(2, activation="tanh", activity_regularizer="l1"),
    ])  # fmt: skip


@custom_gradient
def lies(x):
    """2x, that says it were 3x."""
    return x * 2.0, lambda g: g * 3.0


class Lying(Layer):
    def call(self, inputs):
        return lies(inputs)


# ---- right ones


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_network_in_c_is_right(training, dtype):
    model = network(dtype=dtype)
    model.compile("adam", "mse")
    report = gradcheck(model, X, Y, training=training, inputs=True)
    assert report, report
    assert report.dtype == "float64"
    assert [g.name for g in report.gradients] == [*(v.path for v in model.trainable_variables), "x"]
    assert all(g.checked > 0 and g.connected for g in report.gradients)
    assert report.worst < 1e-6
    assert all(g.error_in_c is None for g in report.gradients)  # there is noise


@pytest.mark.parametrize("output", [Dense(2), Dense(2, activation="softmax"), layers.Activation("softmax")], ids=repr)
def test_the_program_in_c_has_the_same_gradients(output):
    model = Sequential([
        Input(shape=(3,)), Dense(4, activation="gelu", kernel_regularizer="l2"), BatchNormalization(), layers.PReLU(),
        layers.LayerNormalization(gamma_regularizer="l1"), Dense(2, activity_regularizer="l2"), output,
    ])  # fmt: skip
    model.compile("adam", "categorical_crossentropy" if output.activation is softmax else "mse")
    report = gradcheck(model, X, np.abs(Y), sample_weight=np.float32([1, 2, 0, 1, 1, 3]))
    assert report, report
    assert all(g.error_in_c is not None and g.error_in_c < 1e-9 for g in report.gradients)
    assert "in C" in str(report)


def test_a_program_that_differs_is_found(monkeypatch):
    """Which it never should: here the tape is told another slope of the activation."""
    model = Sequential([Input(shape=(3,)), Dense(4, activation="tanh", name="first"), Dense(2)])
    model.compile("adam", "mse")
    backward = fastmlp._core.activation_bwd
    monkeypatch.setattr(fastmlp._core, "activation_bwd", lambda *a, **k: 1.01 * backward(*a, **k))
    report = gradcheck(model, X, Y)
    assert {g.name for g in report.wrong} == {"first/kernel", "first/bias"}
    assert all(g.error_in_c == pytest.approx(0.01 / 1.01, rel=1e-6) for g in report.wrong)


def test_several_outputs():
    inputs = Input(shape=(3,))
    hidden = Dense(4, activation="tanh")(inputs)
    model = Model(inputs, {"a": Dense(1, name="a")(hidden), "b": Dense(2, name="b")(hidden)})
    model.compile("sgd", {"a": "mse", "b": "mae"})
    report = gradcheck(model, X, {"a": Y[:, :1], "b": Y})
    assert report, report
    assert report.dtype == "float64"


@pytest.mark.parametrize("name", ["mse", "huber", "log_cosh", "binary_crossentropy", "categorical_crossentropy",
                                  "cosine_similarity", "kl_divergence"])  # fmt: skip
def test_losses_by_name(name):
    y = np.abs(Y) / np.abs(Y).sum(1, keepdims=True)
    assert gradcheck(Dense(2, activation="softmax"), X, y, loss=name)


def test_labels_and_weights():
    model = Sequential([Input(shape=(3,)), Dense(4)])
    model.compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=True))
    weights = np.float32([1, 2, 0, 1, 1, 3])
    whole = gradcheck(model, X, [0, 1, 2, 3, 0, 1])
    weighted = gradcheck(model, X, [0, 1, 2, 3, 0, 1], sample_weight=weights)
    assert whole
    assert weighted
    assert whole.loss != weighted.loss


@pytest.mark.parametrize("function", [ops.softmax, ops.gelu, lambda x: ops.sum(x * x), lambda x: [x * 2, ops.exp(x)]])
def test_functions(function):
    report = gradcheck(function, X, inputs=True)
    assert report, report
    assert report.gradients[0].name == "x"


def test_functions_of_several_tensors_and_of_variables():
    w = fastmlp.layers.Dense(2)
    w.build((None, 3))
    report = gradcheck(lambda a, b: ops.matmul(a * b, w.kernel), (X, X + 1), inputs=True)
    assert [g.name for g in report.gradients] == [w.kernel.path, "x[0]", "x[1]"]
    assert report, report


class Twin(Model):
    """Two ways, and a loss of its own."""

    def __init__(self):
        super().__init__()
        self.left, self.right = Dense(4, activation="silu"), Dense(4)

    def call(self, inputs):
        y = self.left(inputs["a"]) * self.right(inputs["b"])
        self.add_loss(ops.mean(y * y))
        return ops.sum(y, -1, True)


def test_models_of_ones_own_with_several_inputs():
    model = Twin()
    model.compile("adam", "mse")
    report = gradcheck(model, {"a": X, "b": X * 2}, Y[:, :1], inputs=True)
    assert report, report
    assert len(report.gradients) == 6


def test_halves_and_mixtures_are_looked_at_in_double():
    model = Sequential([Input(shape=(3,)), Dense(4, activation="tanh", dtype="mixed_bfloat16"), Dense(2)])
    assert gradcheck(model, X, Y, loss="mse").dtype == "float64"
    assert model.layers[-2].dtype_policy.name == "mixed_bfloat16"


def test_what_computes_in_single_is_judged_as_that():
    report = gradcheck(lambda x: ops.sum(ops.square(ops.cast(x, "float32"))), X, inputs=True)
    assert report, report
    assert (report.dtype, report.tolerance) == ("float32", 2e-2)
    assert not gradcheck(lambda x: ops.sum(lies(ops.cast(x, "float32"))), X, inputs=True)


# ---- wrong ones


def test_a_wrong_gradient_is_found():
    model = Sequential([Input(shape=(3,)), Dense(4, name="before"), Lying(), Dense(2, name="after")])
    model.compile("sgd", "mse")
    report = gradcheck(model, X, Y)
    assert not report
    assert {g.name for g in report.wrong} == {"before/kernel", "before/bias"}
    for g in report.wrong:
        assert g.gradient == pytest.approx(1.5 * g.difference, rel=1e-6)
        assert g.error == pytest.approx(1 / 3, rel=1e-5)
    with pytest.raises(ValueError, match=r"(?s)expected gradients equal to differences.*before/kernel.*WRONG"):
        gradcheck(model, X, Y, raise_exception=True)


def test_a_sign_at_one_place_of_many_is_found_where_it_is_looked_at():
    signs = np.ones(1000)
    signs[617] = -1
    weights = np.linspace(1, 2, 1000)
    weights[617] = 5  # the greatest gradient is always looked at

    @custom_gradient
    def turned(x):
        return x * 1.0, lambda g: g * signs

    report = gradcheck(lambda x: ops.sum(turned(x) * weights), np.zeros(1000), inputs=True, samples=4)
    assert not report
    assert report.gradients[0].at == (617,)
    assert report.gradients[0].checked == 4


def test_a_gradient_that_is_missing_is_found():
    model = Sequential([Input(shape=(3,)), Dense(4), layers.Activation(ops.stop_gradient), Dense(2)])
    report = gradcheck(model, X, Y, loss="mse")
    assert [g.connected for g in report.gradients] == [False, False, True, True]
    assert len(report.wrong) == 2
    assert "no gradient" in str(report)


def test_corners_say_nothing_unless_the_gradient_lies_outside():
    zeros = np.zeros((2, 3))
    report = gradcheck(ops.relu, zeros, inputs=True)
    assert report, report
    assert report.gradients[0].corners == 6

    @custom_gradient
    def outside(x):
        return ops.relu(x), lambda g: g * 1.5

    assert not gradcheck(outside, zeros, inputs=True)


def test_noise_that_cannot_be_repeated_is_refused():
    class Restless(Layer):
        def call(self, inputs):
            return inputs * np.random.default_rng().normal()  # noqa: NPY002

    with pytest.raises(ValueError, match="expected the same loss each time"):
        gradcheck(Restless(), X, inputs=True)
    with pytest.raises(TypeError, match="expected a model, a layer or a function, got"):
        gradcheck(3, X)
    with pytest.raises(ValueError, match="samples"):
        gradcheck(ops.relu, X, samples=0)


# ---- nothing is changed


@pytest.mark.parametrize("noise", [True, False])
def test_nothing_is_changed(noise):
    """Weights, states, types, seeds: what comes after a check is what would have come without it."""

    def told(check):
        random.set_random_seed(4)
        model = network(noise)
        model.compile("adam", "mse")
        model.fit(X, Y, epochs=2, verbose=0)
        before = copy.deepcopy(model.get_weights())
        if check:
            assert gradcheck(model, X, Y)
            assert gradcheck(model, X, Y, training=False)
        assert all((a == b).all() and a.dtype == b.dtype for a, b in zip(before, model.get_weights()))
        model.fit(X, Y, epochs=2, verbose=0)
        drawn = model(X, training=True).numpy()
        return [*model.get_weights(), model.predict(X, verbose=0), drawn, random.normal(3)]

    assert fastmlp.config.floatx() == "float32"
    for one, other in zip(told(False), told(True), strict=True):
        assert one.tobytes() == other.tobytes()
    assert fastmlp.config.floatx() == "float32"


class Counting(Layer):
    """Noise from seeds of its own, and a state that each call changes."""

    def __init__(self):
        super().__init__()
        self.generator = random.SeedGenerator(7)

    def build(self, input_shape):
        self.calls = self.add_weight(shape=(), initializer="zeros", trainable=False, name="calls")
        self.whole = self.add_weight(shape=(), dtype="int32", initializer="zeros", trainable=False, name="whole")
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")

    def call(self, inputs):
        self.calls.assign_add(1)
        self.whole.assign_add(1)
        return inputs * self.scale * random.normal(inputs.shape[-1], seed=self.generator) * self.calls


def test_states_and_seeds_of_a_layer_of_ones_own_stay():
    layer = Counting()
    layer(X)
    assert gradcheck(layer, X, Y[:, :1] * [1.0, 1, 1], loss="mse")
    assert layer.calls.numpy() == layer.whole.numpy() == 1
    assert layer.whole.dtype == np.int32
    assert layer.generator._count == 1
    assert layer.calls.dtype == layer.scale.dtype == np.float32


def test_all_is_put_back_after_an_error():
    model = network()
    weights = model.get_weights()
    with pytest.raises(ValueError, match="y_true"):
        gradcheck(model, X, Y[:, :1].repeat(3, 1), loss="mse")
    assert all((a == b).all() and a.dtype == b.dtype for a, b in zip(weights, model.get_weights()))
    assert fastmlp.config.floatx() == "float32"
    assert {layer.dtype_policy.name for layer in model.layers} == {"float32"}


def test_an_unbuilt_layer_is_built_as_it_would_have_been():
    weights = []
    for check in (False, True):
        random.set_random_seed(11)
        model = Sequential([Dense(4), BatchNormalization()])
        if check:
            gradcheck(model, X)
        model(X)
        weights.append([*model.get_weights(), random.normal(2)])
    assert all((a == b).all() and a.dtype == np.float32 for a, b in zip(*weights, strict=True))


def test_a_variable_that_a_function_changes_is_put_back():
    layer = Dense(2)
    layer.build((None, 3))
    before = layer.get_weights()

    def restless(x):
        y = ops.matmul(x, layer.kernel)
        layer.kernel.assign(layer.kernel * 2)
        return y

    assert gradcheck(restless, X)
    assert (layer.get_weights()[0] == before[0]).all()


# ---- the report


def test_the_report_reads_as_a_table():
    report = gradcheck(Dense(4, name="dense"), X)
    lines = str(report).splitlines()
    assert lines[0].split() == ["variable", "shape", "checked", "worst", "error", "at", "gradient", "difference"]
    assert lines[1].startswith("dense/kernel  (3, 4)  12")
    assert lines[-1] == "all right: errors up to 1e-05 are, in float64"
    assert repr(report) == str(report)
    assert gradcheck(Dense(4, name="dense"), X, seed=1).gradients[0].shape == (3, 4)


def test_the_same_seed_looks_at_the_same():
    one, other = (gradcheck(ops.tanh, random.normal(500, seed=3), inputs=True, seed=8) for _ in range(2))
    assert one == other
    assert one != gradcheck(ops.tanh, random.normal(500, seed=3), inputs=True, seed=9)
