"""The activation functions users call: values, names, and which kernel a program gets."""

from __future__ import annotations

import functools
import inspect
import pickle

import numpy as np
import pytest
from fastmlp import _core, activations
from fastmlp._objects import deserialize as restored
from fastmlp._objects import serialize as described
from lookup import twin
from tolerance import assert_close

KERAS = [
    "celu",
    "elu",
    "exponential",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]

# a call, and the kernel with the parameters it must come down to
CHOICES = [
    ("linear", {}, "linear", ()),
    ("linear", {"alpha": 2}, "scaled_linear", (2,)),
    ("relu", {}, "relu", ()),
    ("relu", {"max_value": 6}, "relu6", ()),
    ("relu", {"negative_slope": 0.1}, "leaky_relu", (0.1,)),
    ("relu", {"negative_slope": -0.1}, "relu_general", (-0.1, np.inf, 0)),
    ("relu", {"max_value": 2}, "relu_general", (0, 2, 0)),
    ("relu", {"threshold": 1}, "relu_general", (0, np.inf, 1)),
    ("relu", {"negative_slope": 0.1, "max_value": 6, "threshold": 0.5}, "relu_general", (0.1, 6, 0.5)),
    ("leaky_relu", {}, "leaky_relu", (0.2,)),
    ("leaky_relu", {"negative_slope": 0}, "relu", ()),
    ("leaky_relu", {"negative_slope": -1}, "relu_general", (-1, np.inf, 0)),
    ("relu6", {}, "relu6", ()),
    ("elu", {}, "elu", (1,)),
    ("elu", {"alpha": 0.5}, "elu", (0.5,)),
    ("celu", {"alpha": 2}, "celu", (2,)),
    ("soft_shrink", {}, "soft_shrink", (0.5,)),
    ("hard_shrink", {"threshold": 1}, "hard_shrink", (1,)),
    ("threshold", {"threshold": 0.5, "default_value": -3}, "threshold", (0.5, -3)),
    ("silu", {}, "silu", ()),
    ("silu", {"beta": 2}, "swish", (2,)),
    ("gelu", {}, "gelu", ()),
    ("gelu", {"approximate": True}, "gelu_tanh", ()),
    ("squareplus", {}, "squareplus", (4,)),
]
CHOICES += [
    (name, {}, name, ())
    for name in [
        "sigmoid",
        "tanh",
        "selu",
        "softplus",
        "softsign",
        "exponential",
        "mish",
        "hard_sigmoid",
        "hard_tanh",
        "hard_silu",
        "log_sigmoid",
        "tanh_shrink",
        "sparse_plus",
        "sparse_sigmoid",
        "arctan",
        "binary_step",
    ]
]
ROWWISE = ["softmax", "log_softmax", "sparsemax"]


@pytest.mark.parametrize(("name", "given", "kernel", "params"), CHOICES)
def test_function_and_operation_agree_with_the_formula(name, given, kernel, params, dtype, rng):
    function = activations.get(name)
    assert activations.lower(function, **given) == {"op": "activation", "name": kernel, "params": params}
    x = rng.normal(0, 3, (5, 7, 3)).astype(dtype)
    y = function(x, **given)
    assert y.shape == x.shape
    assert y.dtype == dtype
    exact = twin("activations", kernel, "z, …")(x.astype(np.float64), *params)
    assert_close(y, exact, ulps=64, scale=np.maximum(1, np.abs(x)), label=name)
    assert np.ptp(exact) > 0


def test_every_kernel_is_reached():
    reached = {kernel for _, _, kernel, _ in CHOICES}
    assert reached == set(_core.registry("activation")), "add the new kernel to activations.py and to CHOICES"
    assert set(ROWWISE) == set(_core.registry("row_activation"))


@pytest.mark.parametrize("name", KERAS)
def test_every_keras_name_is_found(name):
    assert activations.get(name) is getattr(activations, name)
    assert activations.get(name.upper()) is getattr(activations, name)


def test_defaults_are_those_of_keras():
    defaults = {
        "relu": {"negative_slope": 0.0, "max_value": None, "threshold": 0.0},
        "leaky_relu": {"negative_slope": 0.2},
        "elu": {"alpha": 1.0},
        "celu": {"alpha": 1.0},
        "gelu": {"approximate": False},
        "soft_shrink": {"threshold": 0.5},
        "hard_shrink": {"threshold": 0.5},
        "squareplus": {"b": 4},
        "softmax": {"axis": -1},
        "log_softmax": {"axis": -1},
        "sparsemax": {"axis": -1},
        "glu": {"axis": -1},
    }
    for name, wanted in defaults.items():
        parameters = list(inspect.signature(getattr(activations, name)).parameters.values())
        assert {p.name: p.default for p in parameters[1:]} == wanted
        assert parameters[0].name == "x"


def test_known_values():
    """Those Keras 3 gives, in float32."""
    x = [-3.5, -0.4, 0.0, 0.75, 6.5]
    np.testing.assert_allclose(
        activations.relu(x, negative_slope=0.1, max_value=4, threshold=0.5), [-0.4, -0.09, -0.05, 0.75, 4], rtol=1e-6
    )
    np.testing.assert_allclose(activations.sigmoid(2.0), 0.8807971, rtol=1e-7)
    np.testing.assert_allclose(activations.selu(-1.0), -1.1113307, rtol=1e-6)
    np.testing.assert_allclose(activations.gelu(1.0), 0.8413447, rtol=1e-6)
    np.testing.assert_allclose(activations.gelu(1.0, approximate=True), 0.841192, rtol=1e-6)
    np.testing.assert_allclose(activations.squareplus(0.0), 1.0)
    np.testing.assert_allclose(activations.hard_sigmoid([-3, 0, 1.5]), [0, 0.5, 0.75], rtol=1e-6)


# ---- what is accepted


@pytest.mark.parametrize("function", [activations.sigmoid, activations.relu, activations.softmax])
def test_whole_numbers_and_lists_become_float32(function):
    wanted = function(np.array([1, 2, 3], np.float32))
    for given in (
        [1, 2, 3],
        (1.0, 2.0, 3.0),
        np.array([1, 2, 3]),
        np.array([1, 2, 3], np.uint8),
        np.float16([1, 2, 3]),
    ):
        y = function(given)
        assert y.dtype == np.float32
        np.testing.assert_array_equal(y, wanted)
    assert function(np.array([1, 2, 3], ">f8")).dtype == np.float64
    np.testing.assert_allclose(function(np.array([1, 2, 3], ">f8")), wanted, rtol=1e-6)


@pytest.mark.parametrize("shape", [(), (0,), (4,), (0, 3), (3, 0), (2, 3, 4), (2, 1, 3, 2)])
def test_any_shape(shape, rng):
    x = rng.normal(size=shape).astype(np.float32)
    kept = x.copy()
    assert activations.tanh(x).shape == shape
    np.testing.assert_array_equal(x, kept)
    if shape:
        assert activations.softmax(x).shape == shape


def test_strided_input(rng):
    x = rng.normal(size=(6, 8)).astype(np.float32)[::2, ::-3]
    np.testing.assert_array_equal(activations.tanh(x), activations.tanh(x.copy()))
    np.testing.assert_array_equal(activations.softmax(x), activations.softmax(x.copy()))


@pytest.mark.parametrize("given", [["a"], 1j, None, {"a": 1}], ids=str)
def test_what_is_no_number_is_refused(given):
    with pytest.raises(TypeError, match="expected real numbers"):
        activations.relu(given)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("elu", {"alpha": -1}),
        ("celu", {"alpha": 0}),
        ("squareplus", {"b": 0}),
        ("soft_shrink", {"threshold": -0.1}),
        ("hard_shrink", {"threshold": -0.1}),
        ("relu", {"max_value": -1}),
        ("relu", {"negative_slope": np.nan}),
    ],
)
def test_parameters_out_of_range(name, params):
    with pytest.raises(ValueError, match=f"{name}: {next(iter(params))}: expected"):
        activations.get(name)([1.0], **params)
    with pytest.raises(ValueError, match=f"{name}: {next(iter(params))}: expected"):
        activations.lower(activations.get(name), **params)


# ---- along an axis


@pytest.mark.parametrize("name", ROWWISE)
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
def test_any_axis(name, axis, dtype, rng):
    x = rng.normal(0, 2, (4, 5, 6)).astype(dtype)
    exact = np.apply_along_axis(lambda v: twin("row_activations", name)(v[None])[0], axis, x.astype(np.float64))
    assert_close(
        getattr(activations, name)(x, axis=axis), exact, ulps=64, scale=np.maximum(1, np.abs(exact)), label=name
    )


def test_several_axes_are_one(rng):
    x = rng.normal(size=(4, 5, 6))
    e = np.exp(x)
    np.testing.assert_allclose(activations.softmax(x, axis=(0, 2)), e / e.sum((0, 2), keepdims=True), rtol=1e-12)
    np.testing.assert_allclose(activations.softmax(x, axis=(-1, 1)), e / e.sum((1, 2), keepdims=True), rtol=1e-12)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_glu_halves_an_axis(axis, rng):
    x = rng.normal(size=(6, 4, 8))
    a, b = np.split(x, 2, axis)
    np.testing.assert_allclose(activations.glu(x, axis=axis), a / (1 + np.exp(-b)), rtol=1e-12)
    with pytest.raises(ValueError, match="divisible by 2"):
        activations.glu(x[:3, :3, :3], axis=axis)


@pytest.mark.parametrize("axis", [2, -3, (0, 2), ()])
def test_an_axis_that_is_not_there(axis):
    with pytest.raises(ValueError, match="softmax: expected an axis of an array of shape"):
        activations.softmax(np.ones((2, 3)), axis=axis)


def test_softmax_of_two_is_a_sigmoid(rng):
    z = rng.normal(0, 3, 50)
    two = activations.softmax(np.stack([z, np.zeros(50)], axis=1))
    np.testing.assert_allclose(two[:, 0], activations.sigmoid(z), rtol=1e-7)


# ---- names


def test_none_is_linear_and_functions_are_themselves():
    assert activations.get(None) is activations.linear
    assert activations.get(activations.mish) is activations.mish
    own = lambda x: x
    assert activations.get(own) is own


def test_an_unknown_name_gets_a_hint():
    with pytest.raises(ValueError, match="got 'rleu'; did you mean 'relu'"):
        activations.get("rleu")
    with pytest.raises(TypeError, match="activation: expected a name"):
        activations.get(3)


@pytest.mark.parametrize("name", sorted({*KERAS, "arctan", "binary_step"}))
def test_names_and_configs_lead_back(name):
    function = activations.get(name)
    assert activations.get(activations.serialize(function)) is function
    assert restored(described(function)) is function
    assert pickle.loads(pickle.dumps(function)) is function
    assert function.__doc__


def test_serialize_takes_registered_functions_only():
    with pytest.raises(ValueError, match="register_serializable"):
        activations.serialize(lambda x: x)


# ---- operations


@pytest.mark.parametrize("name", ROWWISE)
def test_rows_lower_along_the_last_axis_only(name):
    function = activations.get(name)
    assert activations.lower(function) == {"op": "row_activation", "name": name, "params": ()}
    with pytest.raises(ValueError, match=f"{name}: expected axis=-1 in a layer, got 0"):
        activations.lower(function, axis=0)


def test_glu_lowers_to_pieces():
    assert activations.lower(activations.glu) == {"op": "pieces", "name": "glu", "pieces": 2}


@pytest.mark.parametrize(
    ("function", "kernel", "params"),
    [
        (np.tanh, "tanh", ()),
        (np.exp, "exponential", ()),
        (np.arctan, "arctan", ()),
        (lambda x: x, "linear", ()),
        (lambda x: activations.relu(x, max_value=1), "relu_general", (0, 1, 0)),
        (functools.partial(activations.leaky_relu, negative_slope=0.3), "leaky_relu", (0.3,)),
    ],
)
def test_functions_that_only_call_one_of_ours(function, kernel, params):
    assert activations.lower(function) == {"op": "activation", "name": kernel, "params": params}


@pytest.mark.parametrize(
    "function",
    [
        np.array,
        lambda x: x * x,
        lambda x: np.maximum(x, 0),
        lambda x: 2 * activations.relu(x),
        lambda x: activations.relu(activations.tanh(x)),
        lambda x: x.clip(0, 1),
        lambda x: None,
    ],
)
def test_other_formulas_are_functions_of_python(function):
    operation = activations.lower(function)
    assert operation["op"] == "python"
    assert operation["function"] is function


@pytest.mark.parametrize("function", [np.sin, 3, []])
def test_what_is_no_function_of_tensors_is_refused(function):
    with pytest.raises(TypeError, match="activation: expected a function of tensors"):
        activations.lower(function)


def test_a_parameter_a_function_does_not_have():
    with pytest.raises(TypeError, match="unexpected keyword argument 'alpha'"):
        activations.lower(activations.relu, alpha=1)
