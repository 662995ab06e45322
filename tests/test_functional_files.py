"""Models of graphs and of classes of one's own in files, in JSON, and copied."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from fastmlp import layers, ops
from fastmlp.models import Model, Sequential, clone_model, load_model, model_from_json

RNG = np.random.default_rng(8)
X = RNG.normal(size=(30, 4)).astype("f")
OTHER = RNG.normal(size=(30, 4)).astype("f")
Y = RNG.normal(size=(30, 1)).astype("f")
QUIET = {"verbose": 0, "shuffle": False, "batch_size": 8}


class Twice(layers.Layer):
    """A layer of one's own, of two arguments."""

    def call(self, inputs, factor=2.0):
        return inputs * factor


def with_operations():
    a, b = layers.Input(shape=(4,), name="a"), layers.Input(shape=(4,), name="b")
    inner = Sequential([layers.Input(shape=(4,)), layers.Dense(4, "tanh")], name="inner")
    u = inner(a) * np.float32([1, 2, 3, 4]) + 1
    v = Twice(name="twice")(inner(b), factor=0.5)
    joined = ops.concatenate([u, v[:, 1:3], ops.mean(v, axis=-1, keepdims=True)], axis=1)
    dropped = layers.Dropout(0.5)(joined, training=False)
    return Model({"a": a, "b": b}, {"y": layers.Dense(1)(dropped), "z": u})


def assert_alike(model, other, *, equal=True):
    found, want = (m.predict({"a": X, "b": OTHER}, verbose=0) for m in (model, other))
    for key in ("y", "z"):
        if equal:
            np.testing.assert_array_equal(found[key], want[key])
        else:
            assert found[key].shape == want[key].shape


SCOPE = {"Twice": Twice}


def test_a_file_holds_layers_and_their_calls(tmp_path):
    model = with_operations()
    model.compile("adam", {"y": "mse"})
    model.fit({"a": X, "b": OTHER}, {"y": Y}, **QUIET)
    model.save(tmp_path / "m.safetensors")
    same = load_model(tmp_path / "m.safetensors", custom_objects=SCOPE)
    assert_alike(model, same)
    assert same.get_config() == model.get_config()
    one, other = (m.fit({"a": X, "b": OTHER}, {"y": Y}, **QUIET).history for m in (model, same))
    assert one == other
    model.save_weights(tmp_path / "w.safetensors")
    again = with_operations()
    again.load_weights(tmp_path / "w.safetensors")
    assert_alike(model, again)


def test_json_config_and_clone():
    model = with_operations()
    for other in (
        model_from_json(model.to_json(), custom_objects=SCOPE),
        clone_model(model),
    ):
        assert_alike(model, other, equal=False)
        other.set_weights(model.get_weights())
        assert_alike(model, other)
        assert other.get_layer("inner") is not model.get_layer("inner")


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"])
def test_copies(copied):
    model = with_operations()
    model.compile("adam", {"y": "mse"})
    model.fit({"a": X, "b": OTHER}, {"y": Y}, **QUIET)
    other = copied(model)
    assert_alike(model, other)
    one, two = (m.fit({"a": X, "b": OTHER}, {"y": Y}, **QUIET).history for m in (model, other))
    assert one == two
    assert Model(other.inputs, other.get_layer("twice").output).predict([X, X], verbose=0).shape == (30, 4)
    deep = x = layers.Input(shape=(2,))
    for _ in range(300):
        deep = layers.Dense(2)(deep)
    many = copied(Model(x, deep))
    assert len(many.layers) == 301


class Classifier(Model):
    """A model of one's own, which keeps none of its settings."""

    def __init__(self, units, activation="relu", **settings):
        super().__init__(**settings)
        self.hidden = layers.Dense(units, activation=activation)
        self.heads = [layers.Dense(1), layers.Dense(1)]
        self.scale = self.add_weight(shape=(), initializer="ones", name="scale")

    def call(self, inputs):
        hidden = self.hidden(inputs) * self.scale
        return self.heads[0](hidden) + self.heads[1](hidden)


def test_a_subclassed_model_in_a_file(tmp_path):
    model = Classifier(5, activation="tanh", name="mine")
    assert model.get_config()["units"] == 5
    assert model.get_config()["activation"] == "tanh"
    model.compile("adam", "mse")
    model.fit(X, Y, **QUIET)
    model.save(tmp_path / "m.safetensors")
    model.save_weights(tmp_path / "w.safetensors")
    same = Classifier(5, activation="tanh")
    same(X)
    same.load_weights(tmp_path / "w.safetensors")
    np.testing.assert_array_equal(same.predict(X, verbose=0), model.predict(X, verbose=0))
    made = clone_model(model)
    assert made.hidden.units == 5
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(copied.predict(X, verbose=0), model.predict(X, verbose=0))
        assert copied.fit(X, Y, **QUIET).history == copy.deepcopy(model).fit(X, Y, **QUIET).history
    loaded = load_model(tmp_path / "m.safetensors", custom_objects={"Classifier": Classifier})
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
    assert loaded.fit(X, Y, **QUIET).history == model.fit(X, Y, **QUIET).history


def test_a_class_that_takes_objects_needs_a_get_config():
    class Wraps(Model):
        def __init__(self, layer):
            super().__init__()
            self.inner = layer

        def call(self, inputs):
            return self.inner(inputs)

    with pytest.raises(NotImplementedError, match="get_config"):
        Wraps(layers.Dense(2)).get_config()


def test_a_functional_model_with_steps_of_its_own(tmp_path):
    class Own(Model):
        def train_step(self, batch):
            return {**super().train_step(batch), "extra": 1.0}

    x = layers.Input(shape=(4,))
    model = Own(x, layers.Dense(1)(x))
    model.compile("sgd", "mse")
    assert "extra" in model.fit(X, Y, **QUIET).history
    model.save(tmp_path / "m.safetensors")
    same = load_model(tmp_path / "m.safetensors", custom_objects={"Own": Own})
    assert type(same) is Own
    np.testing.assert_array_equal(same.predict(X, verbose=0), model.predict(X, verbose=0))


@pytest.mark.parametrize("wrong", ["os.system", "shapes.nothing", "shapes", "", "arithmetic.__import__"])
def test_files_name_operations_of_fastmlp_alone(wrong):
    x = layers.Input(shape=(4,))
    config = Model(x, x * 2.0).get_config()
    config["nodes"][-1]["operation"] = wrong
    with pytest.raises(ValueError, match="operation"):
        Model.from_config(config)


@pytest.mark.parametrize("wrong", [{"keras_tensor": [9, 0]}, {"keras_tensor": [0, 5]}, {"eval": "1"}, {}])
def test_files_with_links_to_nowhere(wrong):
    x = layers.Input(shape=(4,))
    config = Model(x, x * 2.0).get_config()
    config["nodes"][-1]["args"][0] = wrong
    with pytest.raises(ValueError, match=r"from_config|unpack"):
        Model.from_config(config)
