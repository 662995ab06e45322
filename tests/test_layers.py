"""Layers: settings, shapes, weights, configs, and what is refused."""

from __future__ import annotations

import copy
import inspect
import pickle

import numpy as np
import pytest
from fastmlp import activations, initializers, layers, regularizers
from fastmlp.layers.base import automatic_name, forget_names
from lowered import output

MAKERS = {
    "Activation": lambda: layers.Activation("gelu"),
    "ActivationWith": lambda: layers.ActivationWith("gelu", {"approximate": True}),
    "ActivityRegularization": lambda: layers.ActivityRegularization(l1=0.1),
    "AlphaDropout": lambda: layers.AlphaDropout(0.2, seed=3),
    "APL": lambda: layers.APL(3, a_initializer="ones"),
    "BatchNormalization": lambda: layers.BatchNormalization(momentum=0.9, gamma_regularizer="l2"),
    "Dense": lambda: layers.Dense(4, "relu", kernel_regularizer=regularizers.L1L2(0.1, 0.2), bias_constraint="non_neg"),
    "Dense with a layer": lambda: layers.Dense(4, activation=layers.LeakyReLU(0.1), activity_regularizer="l1"),
    "Dropout": lambda: layers.Dropout(0.5, noise_shape=(None, 6)),
    "ELU": lambda: layers.ELU(0.5),
    "Flatten": lambda: layers.Flatten(),
    "GaussianDropout": lambda: layers.GaussianDropout(0.5),
    "GaussianNoise": lambda: layers.GaussianNoise(2.5, seed=1),
    "Identity": lambda: layers.Identity(name="same"),
    "InputLayer": lambda: layers.InputLayer(shape=(6,), batch_size=2, dtype="uint8", name="digits"),
    "LayerNormalization": lambda: layers.LayerNormalization(center=False),
    "LeakyReLU": lambda: layers.LeakyReLU(),
    "Maxout": lambda: layers.Maxout(4, pieces=3, use_bias=False),
    "Normalization": lambda: layers.Normalization(mean=np.arange(6), variance=np.ones(6), invert=True),
    "PELU": lambda: layers.PELU(constraint="non_neg"),
    "PReLU": lambda: layers.PReLU(alpha_initializer=initializers.Constant(0.25), shared_axes=[1]),
    "ReLU": lambda: layers.ReLU(max_value=6),
    "Rescaling": lambda: layers.Rescaling(1 / 255, offset=np.arange(6.0)),
    "Reshape": lambda: layers.Reshape((2, -1)),
    "Softmax": lambda: layers.Softmax(),
    "SReLU": lambda: layers.SReLU(dtype="float64"),
    "SwishBeta": lambda: layers.SwishBeta(trainable=False),
    "UnitNormalization": lambda: layers.UnitNormalization(axis=[-1]),
}
WIDTHS = {"Dense": (4,), "Dense with a layer": (4,), "Maxout": (4,), "Reshape": (2, 3)}


@pytest.fixture(params=MAKERS)
def layer(request):
    return MAKERS[request.param]()


def test_every_layer_is_here():
    classes = {name for name in layers.__all__ if inspect.isclass(getattr(layers, name))} - {"Layer"}
    classes = {name for name in classes if getattr(layers, name).call is layers.Layer.call}  # the engine's own
    assert classes == {name for name in MAKERS if " " not in name}


# ---- what all have in common


def test_a_config_makes_the_same_layer(layer):
    config = layer.get_config()
    twin = type(layer).from_config(config)
    assert twin.get_config() == config
    assert twin.name == layer.name
    layer.build((None, 6))
    twin.build((None, 6))
    assert [v.shape for v in twin.weights] == [v.shape for v in layer.weights]
    assert layer.get_config() == config, "building changes no setting"


def test_a_config_is_plain(layer):
    import json

    assert json.loads(json.dumps(layer.get_config())) == layer.get_config()


def test_serialize_and_deserialize_keep_the_class(layer):
    twin = layers.deserialize(layers.serialize(layer))
    assert type(twin) is type(layer)
    assert twin.get_config() == layer.get_config()


@pytest.mark.parametrize("name", MAKERS)
def test_output_shapes(name):
    layer = MAKERS[name]()
    want = (None, *WIDTHS.get(name, (6,)))
    assert layer.compute_output_shape((None, 6)) == want
    assert not layer.weights, "asking for a shape makes no weights"
    layer.build((2 if name == "InputLayer" else None, 6))
    assert layer.built
    assert layer.output_shape[1:] == want[1:]


def test_copies_have_weights_of_their_own(layer):
    layer.build((None, 6))
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert len(twin.weights) == len(layer.weights)
        for mine, its in zip(layer.weights, twin.weights):
            np.testing.assert_array_equal(its.numpy(), mine.numpy())
            assert its is not mine


def test_a_repr_shows_what_is_not_as_usual():
    assert repr(layers.Dense(3, name="d")) == "Dense(units=3, name='d')"
    assert (
        repr(layers.Dense(3, "relu", False, name="d")) == "Dense(units=3, activation='relu', use_bias=False, name='d')"
    )
    assert repr(layers.Dense(3, kernel_initializer="he_normal", name="d")) == (
        "Dense(units=3, kernel_initializer=HeNormal(), name='d')"
    )
    assert repr(layers.BatchNormalization(name="b")) == "BatchNormalization(name='b')"
    assert repr(layers.PReLU(name="p")) == "PReLU(name='p')"
    assert repr(layers.InputLayer((3,), name="i")) == "InputLayer(batch_shape=(None, 3), name='i')"


def test_names_count_up():
    forget_names()
    assert [layers.Dense(1).name, layers.Dense(1).name, layers.LeakyReLU().name] == ["dense", "dense_1", "leaky_re_lu"]
    assert automatic_name(layers.BatchNormalization) == "batch_normalization"
    assert layers.Dense(1, name="out").name == "out"


def test_building_twice_changes_nothing():
    layer = layers.Dense(3)
    layer.build((None, 2))
    before = layer.kernel
    layer.build((None, 5))
    assert layer.kernel is before
    assert layer.count_params() == 9


# ---- weights


@pytest.mark.parametrize(
    ("maker", "names", "shapes"),
    [
        (lambda: layers.Dense(4), ["kernel", "bias"], [(6, 4), (4,)]),
        (lambda: layers.Dense(4, use_bias=False), ["kernel"], [(6, 4)]),
        (lambda: layers.Maxout(4, 3), ["kernel", "bias"], [(6, 12), (12,)]),
        (layers.BatchNormalization, ["gamma", "beta", "moving_mean", "moving_variance"], [(6,)] * 4),
        (lambda: layers.BatchNormalization(scale=False), ["beta", "moving_mean", "moving_variance"], [(6,)] * 3),
        (layers.LayerNormalization, ["gamma", "beta"], [(6,)] * 2),
        (layers.PReLU, ["alpha"], [(6,)]),
        (lambda: layers.PReLU(shared_axes=1), ["alpha"], [(1,)]),
        (layers.SwishBeta, ["beta"], [(6,)]),
        (layers.PELU, ["a", "b"], [(6,)] * 2),
        (layers.SReLU, ["t_left", "a_left", "t_right", "a_right"], [(6,)] * 4),
        (lambda: layers.APL(2), ["a_0", "a_1", "b_0", "b_1"], [(6,)] * 4),
        (layers.Normalization, ["mean", "variance", "count"], [(6,), (6,), ()]),
        (lambda: layers.Normalization(mean=0, variance=1), [], []),
        (lambda: layers.Dropout(0.5), [], []),
    ],
)
def test_weights_in_order(maker, names, shapes):
    layer = maker()
    layer.build((None, 6))
    assert [v.name for v in layer.weights] == names
    assert [v.shape for v in layer.weights] == shapes
    assert [v.path for v in layer.weights] == [f"{layer.name}/{name}" for name in names]


def test_what_weights_start_from():
    layer = layers.BatchNormalization()
    layer.build((None, 2))
    assert [w.tolist() for w in layer.get_weights()] == [[1, 1], [0, 0], [0, 0], [1, 1]]
    assert [v.name for v in layer.trainable_weights] == ["gamma", "beta"]
    dense = layers.Dense(50, kernel_initializer="ones", bias_initializer=initializers.Constant(3))
    dense.build((None, 2))
    assert (dense.kernel.numpy() == 1).all()
    assert (dense.bias.numpy() == 3).all()
    usual = layers.Dense(50)
    usual.build((None, 100))
    limit = np.sqrt(6 / 150)  # glorot uniform
    assert 0.9 * limit < np.abs(usual.kernel.numpy()).max() <= limit
    assert not usual.bias.numpy().any()


def test_names_make_fresh_initializers_and_an_instance_repeats_itself():
    a, b = layers.Dense(3), layers.Dense(3)
    shared = initializers.GlorotUniform()
    c, d = (layers.Dense(3, kernel_initializer=shared) for _ in range(2))
    for layer in (a, b, c, d):
        layer.build((None, 4))
    assert (a.kernel.numpy() != b.kernel.numpy()).any()
    assert (c.kernel.numpy() == d.kernel.numpy()).all()


def test_regularizers_and_constraints_reach_the_weights():
    dense = layers.Dense(
        2, kernel_regularizer=regularizers.L2(0.5), bias_regularizer="l1", kernel_constraint="max_norm"
    )
    dense.build((None, 2))
    assert dense.kernel.regularizer.l2 == 0.5
    assert dense.bias.regularizer.l1 == 0.01
    assert type(dense.kernel.constraint).__name__ == "MaxNorm"
    assert dense.bias.constraint is None
    for cls in (layers.BatchNormalization, layers.LayerNormalization):
        norm = cls(
            gamma_regularizer="l1", gamma_constraint="non_neg", beta_regularizer="l2", beta_constraint="unit_norm"
        )
        norm.build((None, 2))
        assert (norm.gamma.regularizer.l1, norm.beta.regularizer.l2) == (0.01, 0.01)
        limits = norm.gamma.constraint, norm.beta.constraint
        assert [type(limit).__name__ for limit in limits] == ["NonNeg", "UnitNorm"]
    prelu = layers.PReLU(alpha_regularizer="l2", alpha_constraint="non_neg")
    prelu.build((None, 2))
    assert prelu.alpha.regularizer.l2 == 0.01
    assert type(prelu.alpha.constraint).__name__ == "NonNeg"


def test_freezing():
    layer = layers.Dense(2, trainable=False)
    layer.build((None, 2))
    assert layer.trainable_weights == []
    assert len(layer.non_trainable_weights) == 2
    layer.trainable = True
    assert len(layer.trainable_weights) == 2


def test_set_weights_writes_all_or_nothing():
    layer = layers.Dense(2)
    layer.build((None, 3))
    layer.set_weights([np.ones((3, 2)), [5, 6]])
    assert layer.bias.numpy().tolist() == [5, 6]
    with pytest.raises(ValueError, match=r"expected arrays of shapes \[\(3, 2\), \(2,\)\]"):
        layer.set_weights([np.zeros((3, 2)), [1, 2, 3]])
    assert (layer.kernel.numpy() == 1).all()


def test_types_of_weights():
    assert_type = {None: "float32", "float32": "float32", "float64": "float64", np.float64: "float64"}
    for dtype, want in assert_type.items():
        layer = layers.Dense(2, dtype=dtype)
        layer.build((None, 2))
        assert {v.dtype.name for v in layer.weights} == {want}


# ---- activations of layers


def test_the_three_forms_of_an_activation():
    by_name, by_function = layers.Dense(4, activation="relu"), layers.Dense(4, activation=activations.relu)
    by_layer = layers.Dense(4, activation=layers.ReLU())
    apart = layers.Activation(activations.relu)
    for layer in (by_name, by_function, by_layer, apart):
        layer.build((None, 4))
        assert layer.lower()[-1] == {"op": "activation", "name": "relu", "params": ()}
    assert by_name.activation is activations.relu
    assert by_name.get_config()["activation"] == by_function.get_config()["activation"] == "relu"


def test_no_activation_is_no_operation():
    for activation in (None, "linear", activations.linear):
        layer = layers.Dense(4, activation)
        layer.build((None, 2))
        assert [operation["op"] for operation in layer.lower()] == ["dense"]
        assert layer.get_config()["activation"] == "linear"


def test_glu_halves_the_width():
    layer = layers.Dense(6, activation="glu")
    layer.build((None, 2))
    assert layer.output_shape == (None, 3)
    assert layers.Activation("glu").compute_output_shape((None, 6)) == (None, 3)
    with pytest.raises(ValueError, match="2 divides for glu, got 5; change units"):
        layers.Dense(5, activation="glu").build((None, 2))


def test_a_softmax_of_one_is_warned_of():
    with pytest.warns(UserWarning, match="softmax of one feature is always 1") as caught:
        layers.Dense(1, activation="softmax").build((None, 2))
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="always 1"):
        layers.Softmax().build((None, 1))


# ---- by themselves


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_call_runs_the_operations(name, dtype, rng):
    layer, x = MAKERS[name](), rng.normal(size=(2, 6)).astype(dtype)
    layer.dtype_policy = dtype
    y = layer(x)
    assert y.dtype == dtype
    assert y.shape == (2, *layer.output_shape[1:])
    np.testing.assert_allclose(y, output(layer, x), rtol=1e-5, atol=1e-6)
    for variable in layer.trainable_weights:
        variable.assign(variable.numpy() + 0.25)
    np.testing.assert_allclose(layer(x), output(layer, x), rtol=1e-5, atol=1e-6)


def test_a_copy_runs_by_itself(layer):
    x = np.ones((2, 6), "float32")
    before = layer(x)
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        for variable in twin.trainable_weights:
            variable.assign(variable.numpy() + 1)
        twin(x)
        np.testing.assert_array_equal(layer(x), before)


def test_a_call_in_training_disturbs_anew_each_time():
    layer, x = layers.Dropout(0.5, seed=1), np.ones((20, 6), "float32")
    np.testing.assert_array_equal(layer(x), x)
    first, second = layer(x, training=True), layer(x, training=True)
    assert set(np.unique(first)) == {0, 2}
    assert (first.numpy() != second.numpy()).any()
    np.testing.assert_array_equal(layers.Dropout(0.5, seed=1)(x, training=True), first)


def test_a_call_in_training_moves_the_moving_moments(rng):
    layer, x = layers.BatchNormalization(), rng.normal(3, 2, size=(20, 6)).astype("float32")
    layer(x, training=True)
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.01 * x.mean(axis=0), rtol=1e-4)
    np.testing.assert_allclose(layer.moving_variance.numpy(), 0.99 + 0.01 * x.var(axis=0), rtol=1e-4)
    still = layers.BatchNormalization(trainable=False)
    np.testing.assert_allclose(still(x, training=True), x / np.sqrt(1.001), rtol=1e-5)
    assert not still.moving_mean.numpy().any()


def test_a_call_wants_rows_of_the_shape_it_was_built_for():
    layer = layers.Dense(3)
    layer(np.ones((2, 6)))
    with pytest.raises(ValueError, match=r"expected rows of shape \(6,\), for which it was built.*\(2, 5\)"):
        layer(np.ones((2, 5)))
    with pytest.raises(ValueError, match="put a single row into a list"):
        layer(np.ones(6))


# ---- shapes


def test_shapes_of_views():
    assert layers.Flatten().compute_output_shape((None, 28, 28, 3)) == (None, 2352)
    assert layers.Flatten().compute_output_shape((None,)) == (None, 1)
    assert layers.Flatten().compute_output_shape((None, None, 3)) == (None, None)
    assert layers.Reshape((28, -1)).compute_output_shape((5, 784)) == (5, 28, 28)
    assert layers.Reshape([4]).compute_output_shape((None, 2, 2)) == (None, 4)
    assert layers.Reshape((-1,)).compute_output_shape((None, 3, 4)) == (None, 12)
    assert layers.Reshape((-1, 2)).compute_output_shape((None, None)) == (None, None, 2)


@pytest.mark.parametrize(
    "maker",
    [
        lambda: layers.Dense(3),
        lambda: layers.Dense(3, "softmax"),
        lambda: layers.Maxout(3),
        layers.BatchNormalization,
        layers.LayerNormalization,
        layers.UnitNormalization,
        layers.Softmax,
        lambda: layers.Activation("softmax"),
        lambda: layers.Activation("glu"),
        layers.PReLU,
        layers.APL,
    ],
)
def test_layers_of_features_want_them_flat(maker):
    layer = maker()
    with pytest.raises(ValueError, match=r"expected rows of features.*\(None, 28, 28\); put Flatten\(\) first"):
        layer.build((None, 28, 28))
    assert not layer.built
    assert not layer.weights


@pytest.mark.parametrize(
    "maker",
    [
        lambda: layers.Activation("tanh"),
        layers.ReLU,
        layers.LeakyReLU,
        layers.ELU,
        lambda: layers.Dropout(0.5),
        lambda: layers.GaussianNoise(0.1),
        lambda: layers.Rescaling(2),
        lambda: layers.ActivityRegularization(0.1),
        layers.Normalization,
        layers.Identity,
    ],
)
def test_layers_of_single_numbers_take_any_axes(maker):
    layer = maker()
    layer.build((None, 28, 28))
    assert layer.output_shape == (None, 28, 28)
