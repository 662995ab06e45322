"""mixed_bfloat16 as a user meets it: policies, layers, models, files."""

from __future__ import annotations

import itertools
import pickle

import fastmlp
import numpy as np
import pytest
from datasets import data_file
from fastmlp import config, data, mixed_precision
from fastmlp.callbacks import Callback
from fastmlp.layers import (
    BatchNormalization,
    Dense,
    Dropout,
    Flatten,
    Input,
    LeakyReLU,
    Maxout,
    Normalization,
    Rescaling,
)
from fastmlp.models import Sequential, clone_model, model_from_json
from saving_cases import changed, forget_types, note


@pytest.fixture(autouse=True)
def _policy():
    fastmlp.set_random_seed(1)
    yield
    config.set_dtype_policy(None)
    config.set_floatx("float32")


@pytest.fixture
def table(rng):
    x = rng.normal(size=(300, 20)).astype(np.float32)
    return x, x[:, :5].argmax(axis=1)


def mixed_model(dtype="mixed_bfloat16", last="float32"):
    model = Sequential([Input((20,)), Dense(33, "relu", dtype=dtype), Dropout(0.1), BatchNormalization(),
                        Dense(17, "tanh", dtype=dtype), Dense(5, "softmax", dtype=last)])  # fmt: skip
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def keras_policy(class_name, **settings):
    """A policy as configs of Keras have it."""
    return {"module": "keras", "class_name": class_name, "config": settings, "registered_name": None}


def test_policies_have_keras_names():
    policy = config.DTypePolicy("mixed_bfloat16")
    assert (policy.name, policy.compute_dtype, policy.variable_dtype) == ("mixed_bfloat16", "bfloat16", "float32")
    plain = config.DTypePolicy("float64")
    assert (plain.compute_dtype, plain.variable_dtype) == ("float64", "float64")
    assert policy == mixed_precision.Policy("mixed_bfloat16") != plain
    assert len({policy, mixed_precision.Policy("mixed_bfloat16"), plain}) == 2
    assert config.DTypePolicy.from_config(policy.get_config()) == policy
    assert repr(policy) == "<DTypePolicy 'mixed_bfloat16'>"
    assert config.dtype_policy() == config.DTypePolicy("float32")
    for choose in (mixed_precision.set_global_policy, mixed_precision.set_dtype_policy, config.set_dtype_policy):
        choose(policy)
        assert mixed_precision.global_policy() == mixed_precision.dtype_policy() == config.dtype_policy() == policy
        choose("float64")
        assert config.dtype_policy().name == "float64"
        choose(None)
        assert config.dtype_policy().name == config.floatx() == "float32"


@pytest.mark.parametrize(("name", "message"), [
    ("mixed_float16", "expected dtype 'float32', 'float64' or 'mixed_bfloat16', got 'mixed_float16'; take 'mixed_bf"),
    ("bfloat16", "got 'bfloat16'; take 'mixed_bfloat16', whose weights are float32"),
    ("mixed", "got 'mixed'; take one of these"),
    (3, "got 3; take one of these"),
    (keras_policy("QuantizedDTypePolicy", mode="int8", source_name="float32"), "'QuantizedDTypePolicy'.*take one"),
    (keras_policy("DTypePolicy", name="mixed_float16"), "got 'mixed_float16'; take 'mixed_bfloat16'"),
    ({"names": ["a"], "formats": ["f4"]}, "take one of these"),
])  # fmt: skip
def test_other_policies_are_refused(name, message):
    for make in (config.set_dtype_policy, config.DTypePolicy, lambda name: Dense(3, dtype=name)):
        with pytest.raises(ValueError, match=message):
            make(name)
    assert config.dtype_policy().name == "float32"


def test_a_layer_has_its_policy_from_its_making():
    config.set_dtype_policy("mixed_bfloat16")
    layer, exact, double = Dense(3), Dense(3, dtype="float32"), Dense(3, dtype=np.float64)
    config.set_dtype_policy("float64")
    assert (layer.compute_dtype, layer.variable_dtype, layer.dtype) == ("bfloat16", "float32", "float32")
    assert layer.dtype_policy == config.DTypePolicy("mixed_bfloat16")
    assert (exact.compute_dtype, exact.variable_dtype) == ("float32", "float32")
    assert (double.compute_dtype, double.variable_dtype) == ("float64", "float64")
    layer.build((None, 2))
    assert layer.kernel.dtype == np.float32
    assert layer(np.ones((1, 2))).dtype == np.float32
    config.set_dtype_policy(None)
    usual = Dense(3)
    config.set_floatx("float64")
    usual.build((None, 2))
    assert (usual.compute_dtype, usual.dtype, usual.kernel.dtype) == ("float32", "float32", np.float32)
    assert "dtype='float32'" in repr(usual)
    config.set_floatx("float32")
    assert "dtype" not in repr(usual)
    assert "dtype='mixed_bfloat16'" in repr(layer)
    assert [one.get_config()["dtype"] for one in (layer, usual)] == ["mixed_bfloat16", "float32"]
    assert Dense.from_config(layer.get_config()).dtype_policy == layer.dtype_policy
    assert pickle.loads(pickle.dumps(layer)).compute_dtype == "bfloat16"  # noqa: S301 - our own
    assert Dense(3, dtype=config.DTypePolicy("mixed_bfloat16")).compute_dtype == "bfloat16"


def test_a_policy_may_change_the_type_of_weights_may_not():
    layer, x = Dense(1, use_bias=False, kernel_initializer="ones"), np.float32([[257]])  # which bfloat16 takes for 256
    with pytest.raises(AttributeError):
        layer.dtype = "float64"  # of which Keras has no setter either
    layer.dtype_policy = "float64"
    assert (layer.dtype, layer.compute_dtype) == ("float64", "float64")
    layer.dtype_policy = None
    assert layer(x) == 257
    layer.dtype_policy = config.DTypePolicy("mixed_bfloat16")
    assert layer(x) == 256
    with pytest.raises(ValueError, match="policy for weights of float32, which it has, got 'float64'; make another"):
        layer.dtype_policy = "float64"
    with pytest.raises(ValueError, match="got 'bfloat16'; take 'mixed_bfloat16'"):
        layer.dtype_policy = "bfloat16"
    assert layer.dtype_policy.name == "mixed_bfloat16"
    layer.dtype_policy = "float32"
    assert layer(x) == 257


FINE, ROUGH = 257 / 256, 1.0  # what it is to bfloat16
ROWS = np.full((8, 1), FINE, np.float32)


def passing():
    """A model that gives what it takes, and has nothing to learn from that."""
    model = Sequential([Input((1,)), Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile("sgd", "mse")
    return model


def test_programs_follow_a_changed_policy():
    """Those of all models that hold the layer, whatever they have done."""
    model = passing()
    layer = model.layers[0]
    other = Sequential([Input((1,)), layer])
    model.fit(ROWS, ROWS, verbose=0)
    for name, seen in (("float32", FINE), ("mixed_bfloat16", ROUGH), ("float32", FINE), ("mixed_bfloat16", ROUGH)):
        layer.dtype_policy = name
        assert model.evaluate(ROWS, ROWS, verbose=0) == (FINE - seen) ** 2
        for one in (model, other):
            outputs = one(ROWS), one.predict(ROWS, verbose=0), one.predict_on_batch(ROWS), one(ROWS, training=True)
            assert {float(y) for found in outputs for y in np.ravel(found)} == {seen}
    light = Sequential([Input((1,)), Rescaling(0.1)])
    assert light(ROWS).dtype == np.float32
    light.layers[0].dtype_policy = "float64"
    assert light(ROWS).dtype == np.float64


def test_a_policy_changed_in_the_middle_of_an_epoch():
    """Is that of the next one, and of all else at once."""
    model, seen = passing(), []

    class Changes(Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(float(self.model(ROWS)[0, 0]))
            if batch == 1:
                self.model.layers[0].dtype_policy = "mixed_bfloat16"

    assert model.fit(ROWS, ROWS, batch_size=2, verbose=0, callbacks=Changes()).history["loss"] == [0]
    assert seen == [FINE, FINE, ROUGH, ROUGH]
    assert model(ROWS)[0, 0] == ROUGH
    assert model.fit(ROWS, ROWS, batch_size=8, verbose=0).history["loss"] == [(FINE - ROUGH) ** 2]


def test_training_goes_on_with_another_policy(table, tmp_path):
    """As that of a model which had it from the start would."""
    x, y = table
    model, path = mixed_model("float32"), tmp_path / "m.safetensors"
    model.fit(x, y, epochs=1, verbose=0)
    model.save(path)
    described = note(path, "config")
    for i in (0, 3):
        model.layers[i].dtype_policy = "mixed_bfloat16"
        described["layers"][1 + i]["config"]["dtype"] = "mixed_bfloat16"
    changed(path, config=described)
    twin = fastmlp.load_model(path)
    assert model.fit(x, y, epochs=2, verbose=0).history == twin.fit(x, y, epochs=2, verbose=0).history
    np.testing.assert_array_equal(model.predict(x, verbose=0), twin.predict(x, verbose=0))


@pytest.mark.parametrize(
    "make",
    [lambda: Dense(3), lambda: Maxout(3), lambda: Dropout(0.1), BatchNormalization, lambda: Rescaling(2), Flatten],
)
def test_configs_of_all_kinds_of_layers_keep_the_policy(make):
    config.set_dtype_policy("mixed_bfloat16")
    layer = make()
    config.set_dtype_policy(None)
    assert type(layer).from_config(layer.get_config()).dtype_policy.name == "mixed_bfloat16"


@pytest.mark.parametrize(("then", "now"), itertools.permutations(["float32", "float64", "mixed_bfloat16"], 2))
@pytest.mark.parametrize("copied", [clone_model, lambda model: model_from_json(model.to_json())])
def test_copies_are_of_the_types_of_the_original(copied, then, now):
    """Whatever the policy is, or floatx, by the time they are made."""
    choose = config.set_dtype_policy if "mixed" in then + now else config.set_floatx
    choose(then)
    model = Sequential([Input((4,)), Dense(3, LeakyReLU(0.1)), Dropout(0.1), Maxout(2)])
    choose(now)
    twin = copied(model)
    assert [layer.dtype_policy.name for layer in twin.layers] == [then] * 3
    assert [w.dtype for w in twin.get_weights()] == [w.dtype for w in model.get_weights()]
    assert twin.get_config() == model.get_config()


@pytest.mark.parametrize("name", ["float32", "float64", "mixed_bfloat16"])
def test_policies_of_keras_configs_are_understood(name):
    policy = keras_policy("DTypePolicy", name=name)
    for layer in (Dense(3, dtype=policy), Dense.from_config({"units": 3, "dtype": policy}), Flatten(dtype=policy)):
        assert layer.dtype_policy == config.DTypePolicy(name)
    config.set_dtype_policy(policy)
    assert config.dtype_policy().name == name


def test_products_of_a_layer_take_rounded_numbers():
    """257 has nine bits, one more than a bfloat16."""
    layers = Dense(1, use_bias=False, kernel_initializer="ones", dtype="mixed_bfloat16"), Maxout(1, pieces=2)
    layers[1].dtype_policy = "mixed_bfloat16"
    layers[1].kernel_initializer = layers[0].kernel_initializer
    for layer in layers:
        assert layer(np.float32([[257.0]])) == 256
        layer.set_weights([w + 0.001 for w in layer.get_weights()])  # which a bfloat16 1 cannot follow
        assert layer(np.float32([[4.0]])) - layer.weights[-1].numpy().ravel()[0] * (layer is layers[1]) == 4


def test_last_layer_in_float32_and_all_it_is_told_apart_by(table):
    """Keras's idiom; what differs is the one layer."""
    x, y = table
    found = {}
    for name, dtype, last in (("mixed", "mixed_bfloat16", "float32"), ("all", "mixed_bfloat16", "mixed_bfloat16"),
                              ("none", "float32", "float32")):  # fmt: skip
        fastmlp.set_random_seed(1)
        model = mixed_model(dtype, last)
        assert [layer.compute_dtype for layer in model.layers[::4]] == [
            {"mixed_bfloat16": "bfloat16"}.get(d, d) for d in (dtype, last)
        ]
        losses = model.fit(x, y, epochs=30, batch_size=30, verbose=0).history["loss"]
        assert losses[-1] < losses[0] / 2
        found[name] = model.predict(x, verbose=0)
        assert found[name].dtype == np.float32
    assert len({p.tobytes() for p in found.values()}) == 3
    np.testing.assert_allclose(found["mixed"], found["none"], atol=0.1)


def test_predictions_are_what_training_sees(table):
    """One chain of additions in fit, evaluate, predict and a call, whatever the batch."""
    x, y = table
    model = mixed_model()
    model.fit(x, y, epochs=2, batch_size=32, verbose=0)
    p = model.predict(x, verbose=0)
    np.testing.assert_array_equal(model.predict(x, batch_size=7, verbose=0), p)
    np.testing.assert_array_equal(model.predict_on_batch(x[:1]), p[:1])
    np.testing.assert_array_equal(model(x), p)
    loss, accuracy = model.evaluate(x, y, verbose=0)
    assert accuracy == pytest.approx(np.mean(p.argmax(axis=1) == y))
    assert loss == pytest.approx(-np.log(p[np.arange(300), y]).mean(), rel=1e-4)
    model.set_weights([w * 2 for w in model.get_weights()])
    assert not np.array_equal(model.predict(x, verbose=0), p)
    model.set_weights([w / 2 for w in model.get_weights()])
    np.testing.assert_array_equal(model.predict(x, verbose=0), p)


def test_files_keep_the_policy(table, tmp_path):
    x, y = table
    model = mixed_model()
    model.fit(x, y, epochs=1, verbose=0)
    model.save(tmp_path / "m.safetensors")
    loaded = fastmlp.load_model(tmp_path / "m.safetensors")
    kinds = ["bfloat16", "float32", "float32", "bfloat16", "float32"]
    assert [layer.compute_dtype for layer in loaded.layers] == kinds
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    for one in (model, loaded):
        fastmlp.set_random_seed(3)
        one.fit(x, y, epochs=1, verbose=0)
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))


@pytest.mark.parametrize("older", [False, True])
@pytest.mark.parametrize("adapted", [False, True])
def test_a_policy_of_today_does_not_reach_into_files(adapted, older, table, tmp_path):
    """Nor if not all that is kept is real: an adapted Normalization counts."""
    x, _ = table
    model = mixed_model(None, None)
    if adapted:
        scale = Normalization()
        scale.adapt(x)
        model = Sequential([Input((20,)), scale, Dense(33, "relu"), Dense(5, "softmax")])
    model.save(tmp_path / "plain.safetensors")
    if older:
        forget_types(tmp_path / "plain.safetensors")
    config.set_dtype_policy("mixed_bfloat16")
    loaded = fastmlp.load_model(tmp_path / "plain.safetensors")
    assert {layer.compute_dtype for layer in loaded.layers} == {"float32"}
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    assert {layer.compute_dtype for layer in mixed_model(None, None).layers} == {"bfloat16"}


def test_weights_of_two_types_are_refused():
    model = Sequential([Input((4,)), Dense(3, dtype="mixed_bfloat16"), Dense(2, dtype="float64")])
    with pytest.raises(ValueError, match="expected weights of one type"):
        model.predict(np.ones((1, 4)), verbose=0)


@pytest.mark.parametrize(("given", "first", "last", "want"), [
    ("float64", None, None, "float32"), (None, None, "float64", "float64"), (None, "float64", None, "float32"),
])  # fmt: skip
def test_without_weights_the_last_layer_says_what_is_computed_in(given, first, last, want):
    """As it does in Keras: each layer converts what comes in."""
    model = Sequential([Input((4,), dtype=given), Flatten(dtype=first), Rescaling(0.1, dtype=last)])
    assert model.predict(np.ones((2, 4)), verbose=0).dtype == want


@pytest.mark.slow
def test_mnist_is_learned_as_well_as_in_float32():
    train, test = data.load_mnist(data_file("mnist.npz"))
    accuracy = {}
    for policy in ("float32", "mixed_bfloat16"):
        config.set_dtype_policy(policy)
        found = []
        for seed in range(3):  # one run differs from the next by as much as is asked for
            fastmlp.set_random_seed(seed)
            model = Sequential([Input((28, 28)), Rescaling(1 / 255), Flatten(), Dense(128, "relu"),
                                Dense(10, "softmax", dtype="float32")])  # fmt: skip
            model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
            model.fit(*train, batch_size=64, epochs=5, verbose=0)
            found.append(model.evaluate(*test, verbose=0)[1])
        accuracy[policy] = np.mean(found)
    assert accuracy["float32"] >= 0.975
    assert abs(accuracy["mixed_bfloat16"] - accuracy["float32"]) < 0.002
