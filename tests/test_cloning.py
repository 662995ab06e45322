"""Clones: of the same layers or of others in their places, upon the same inputs or others; with their own weights."""

from __future__ import annotations

import json

import fastmlp
import numpy as np
import pytest
from fastmlp import layers, losses, metrics, optimizers, saving, schedules
from fastmlp.models import Model, Sequential, clone_model

X = np.random.default_rng(4).normal(size=(12, 4)).astype("float32")


def functional():
    shared, one, two = layers.Dense(3, name="shared"), layers.Input((4,), name="one"), layers.Input((4,), name="two")
    joined = layers.Concatenate()([shared(one), shared(two) * 2])
    return Model([one, two], layers.Dense(2, name="last")(layers.Dropout(0.5)(joined)), name="both")


def inner():
    return Sequential([layers.Input((4,)), layers.Dense(4, name="deep"), layers.Dropout(0.5)], name="inner")


def made_to_share(layer):
    return layer


def test_a_clone_function_gives_what_stands_in_the_place_of_layers():
    seen = []

    def clone(layer):
        seen.append(layer.name)
        config = layer.get_config()
        return type(layer).from_config({**config, "rate": 0.1} if "rate" in config else config)

    model = functional()
    made = clone_model(model, clone_function=clone)
    assert sorted(seen) == sorted({*seen}), "a shared layer once, inputs never"
    assert {"shared", "last"} < set(seen)
    assert len(made.weights) == len(model.weights) == 4
    assert made.name == "both"
    assert [one.rate for one in made.layers if isinstance(one, layers.Dropout)] == [0.1]
    assert not {id(v) for v in made.weights} & {id(v) for v in model.weights}
    made.set_weights(model.get_weights())
    np.testing.assert_array_equal(made.predict([X, X + 1], verbose=0), model.predict([X, X + 1], verbose=0))
    made = clone_model(model, clone_function=made_to_share)
    assert [a is b for a, b in zip(made.weights, model.weights)] == [True] * 4


def test_a_call_function_puts_layers_between():
    model = functional()

    def call(layer, *args, **kwargs):
        outputs = layer(*args, **kwargs)
        return layers.Rescaling(10.0)(outputs) if getattr(layer, "name", "") == "last" else outputs

    made = clone_model(model, clone_function=made_to_share, call_function=call)
    want = 10 * model.predict([X, X], verbose=0)
    np.testing.assert_allclose(made.predict([X, X], verbose=0), want, rtol=1e-6)
    with pytest.raises(ValueError, match="expected no call_function for 'inner', a Sequential model"):
        clone_model(inner(), call_function=call)


def test_input_tensors_are_what_it_is_built_upon():
    new = [layers.Input((4,), name="x"), layers.Input((4,), name="y")]
    made = clone_model(functional(), input_tensors=new)
    assert made.input_names == ["x", "y"]
    line = clone_model(inner(), input_tensors=[new[0]])
    assert line.input_names == ["x"]
    assert line.predict(X, verbose=0).shape == (12, 4)
    with pytest.raises(ValueError, match="expected one tensor"):
        clone_model(inner(), input_tensors=new)
    with pytest.raises(ValueError, match="expected 2 arrays, got 1"):
        clone_model(functional(), input_tensors=new[:1])
    with pytest.raises(ValueError, match="expected input_tensors made by Input, got"):
        clone_model(functional(), input_tensors=[X, X])


def test_models_within_are_cloned_by_the_same_functions_if_asked():
    seen = []

    def clone(layer):
        seen.append(layer.name)
        return type(layer).from_config(layer.get_config())

    x = layers.Input((4,))
    model = Model(x, layers.Dense(2, name="out")(inner()(x)))
    clone_model(model, clone_function=clone)
    assert sorted(seen) == ["inner", "out"]
    seen.clear()
    made = clone_model(model, clone_function=clone, recursive=True)
    assert {"deep", "out"} < set(seen)
    assert "inner" not in seen
    made.set_weights(model.get_weights())
    np.testing.assert_array_equal(made.predict(X, verbose=0), model.predict(X, verbose=0))


class Own(Model):
    def __init__(self, units=2, **kwargs):
        super().__init__(**kwargs)
        self.units, self.last = units, layers.Dense(units)

    def call(self, inputs):
        return self.last(inputs)


def test_classes_of_ones_own_are_cloned_by_their_config_alone():
    model = Own(3)
    model(X)
    assert clone_model(model)(X).shape == (12, 3)
    with pytest.raises(ValueError, match=r"of class Own; leave out all but it"):
        clone_model(model, clone_function=made_to_share)


class Mine(metrics.Mean):
    def update_state(self, y_true, y_pred, sample_weight=None):
        super().update_state(y_pred)


def test_a_compiled_model_gives_a_compiled_clone_whose_training_is_its_own():
    model = inner()
    rate = schedules.ExponentialDecay(0.1, 3, 0.5)
    model.compile(optimizers.Adam(rate, beta_1=0.7), lambda y, p: abs(y - p), metrics=[Mine(name="mine"), "mae"])
    model.fit(X, X, verbose=0)
    made = clone_model(model)
    assert made.optimizer.get_config() == model.optimizer.get_config()
    assert (model.optimizer.iterations, made.optimizer.iterations) == (1, 0)
    assert made.fit(X, X, verbose=0).history.keys() == {"loss", "mae", "mine"}
    assert not {id(m) for m in made._compiled.metrics} & {id(m) for m in model._compiled.metrics}
    assert made.optimizer is not model.optimizer
    assert not clone_model(inner()).compiled


@saving.register_serializable("cloning", "Twofold")
class Doubled(layers.Layer):
    def call(self, inputs):
        return inputs * 2


@saving.register_serializable("cloning")
def halved(x):
    return x * 0.5


def test_names_under_which_things_are_registered():
    assert saving.get_registered_name(Doubled) == "cloning>Twofold"
    assert saving.get_registered_object("cloning>Twofold") is Doubled
    assert saving.get_registered_name(halved) == "cloning>halved"
    assert saving.get_registered_name(Own) == "Own"
    assert saving.get_registered_object("cloning>Nothing") is None
    saving.register_serializable("cloning", "Renamed")(Doubled)
    assert saving.get_registered_name(Doubled) == "cloning>Renamed", "the last of its names"
    saving.register_serializable("cloning", "Twofold")(Doubled)
    with pytest.raises(ValueError, match="expected a class with get_config, or a function, got"):
        saving.register_serializable("cloning")(str)
    model = Sequential([layers.Input((4,)), Doubled(), layers.Dense(2, activation=halved)])
    text = model.to_json(indent=1, sort_keys=True)
    assert '"cloning>Twofold"' in text
    assert text.startswith("{\n ")
    assert json.loads(text) == json.loads(model.to_json())
    made = fastmlp.models.model_from_json(text)
    made.set_weights(model.get_weights())
    np.testing.assert_array_equal(made.predict(X, verbose=0), model.predict(X, verbose=0))


def test_every_layer_loss_and_metric_that_can_be_made_comes_back_from_json():
    made = 0
    for module, base in ((layers, layers.Layer), (losses, losses.Loss), (metrics, metrics.Metric)):
        for name in sorted(module.__all__):
            kind = getattr(module, name)
            if not isinstance(kind, type) or not issubclass(kind, base):
                continue
            try:
                thing = kind()
            except (TypeError, ValueError):
                try:
                    thing = kind(0.5)
                except (TypeError, ValueError):
                    continue
            try:
                text = json.dumps(saving.serialize_keras_object(thing))
            except (AttributeError, TypeError):
                assert kind in (losses.base.KernelLoss,) or "Kernel" in name or name in ("Loss", "Metric"), name
                continue
            back = saving.deserialize_keras_object(json.loads(text))
            assert type(back) is kind
            assert json.dumps(saving.serialize_keras_object(back)) == text
            made += 1
    assert made > 90
