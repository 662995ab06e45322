"""Keras's descriptions of models, read and written without Keras: those of Keras 3, of Keras 2 and damaged ones."""

from __future__ import annotations

import json
import sys

import fastmlp
import numpy as np
import pytest
from fastmlp.layers import Add, Dense, Input, LeakyReLU, Maxout
from fastmlp.neighbours.keras_config import compile_as, description_of, model_of
from fastmlp.neighbours.keras_weights import kerass_array, optimizer_variables


def policy(name="float32"):
    return {"module": "keras", "class_name": "DTypePolicy", "config": {"name": name}, "registered_name": None}


def layer(name, class_name="Dense", module="keras.layers", **settings):
    """A layer as Keras 3 writes it."""
    config = {"name": name, "trainable": True, "dtype": policy(), **settings}
    return {"module": module, "class_name": class_name, "config": config, "registered_name": None}


def entry(name, shape=(None, 4), **settings):
    config = {
        "batch_shape": list(shape),
        "dtype": "float32",
        "sparse": False,
        "ragged": False,
        "name": name,
        **settings,
    }
    return {"module": "keras.layers", "class_name": "InputLayer", "config": config, "registered_name": None}


def in_a_row(*layers, **settings):
    config = {"name": "row", "trainable": True, "dtype": policy(), "layers": list(layers), **settings}
    return {"module": "keras", "class_name": "Sequential", "config": config, "registered_name": None}


def tensor(*place):
    return {
        "class_name": "__keras_tensor__",
        "config": {"shape": [None, 4], "dtype": "float32", "keras_history": place},
    }


def called(description, *calls):
    nodes = [{"args": [call], "kwargs": {}} for call in calls]
    return {**description, "name": description["config"]["name"], "inbound_nodes": nodes}


def graph(layers, inputs, outputs):
    config = {"name": "graph", "trainable": True, "layers": layers, "input_layers": inputs, "output_layers": outputs}
    return {
        "module": "keras.src.models.functional",
        "class_name": "Functional",
        "config": config,
        "registered_name": "Functional",
    }


def test_keras_3():
    kernel = {"module": "keras.initializers", "class_name": "HeNormal", "config": {"seed": 3}, "registered_name": None}
    penalty = {"module": "keras.regularizers", "class_name": "L2", "config": {"l2": 0.5}, "registered_name": None}
    model = model_of(
        in_a_row(
            entry("x"),
            layer(
                "a",
                units=3,
                activation="relu",
                kernel_initializer=kernel,
                kernel_regularizer=penalty,
                quantization_config=None,
                trainable=False,
            ),
            layer("b", "BatchNormalization", momentum=0.5, synchronized=False, renorm=False, renorm_momentum=0.99),
            layer("c", units=2, activation=layer("d", "LeakyReLU", negative_slope=0.25), dtype=policy("float32")),
        )
    )
    assert [one.name for one in model.layers] == ["a", "b", "c"]
    assert [one.trainable for one in model.layers] == [False, True, True]
    a, b, c = model.layers
    assert (repr(a.kernel_initializer), repr(a.kernel_regularizer)) == ("HeNormal(seed=3)", "L2(l2=0.5)")
    assert b.momentum == 0.5
    assert isinstance(c.activation, LeakyReLU)
    assert c.activation.negative_slope == 0.25
    assert model.built
    assert not model.compiled


def test_keras_2():
    """Shapes at the first layer, no modules, older words."""
    dense = {
        "name": "a",
        "trainable": True,
        "batch_input_shape": [None, 4],
        "dtype": "float32",
        "units": 3,
        "activation": "linear",
        "kernel_initializer": {"class_name": "GlorotUniform", "config": {"seed": None}},
    }
    leaky = {"name": "b", "alpha": 0.25, "dtype": {"class_name": "Policy", "config": {"name": "float32"}}}
    layers = [{"class_name": "Dense", "config": dense}, {"class_name": "LeakyReLU", "config": leaky}]
    model = model_of({"class_name": "Sequential", "config": {"name": "old", "layers": layers}})
    assert (model.input_shape, model.output_shape) == ((None, 4), (None, 3))
    assert model.layers[1].negative_slope == 0.25
    compile_as(
        model,
        {
            "optimizer_config": {
                "class_name": "SGD",
                "config": {
                    "name": "SGD",
                    "lr": 0.5,
                    "decay": 0.25,
                    "momentum": 0.0,
                    "jit_compile": True,
                    "is_legacy_optimizer": False,
                },
            },
            "loss": {
                "class_name": "MeanSquaredError",
                "config": {"reduction": "auto", "name": "m", "fn": "mean_squared_error"},
            },
            "metrics": [
                [
                    {
                        "class_name": "MeanMetricWrapper",
                        "config": {"name": "off", "dtype": "float32", "fn": "mean_absolute_error"},
                    }
                ]
            ],
            "weighted_metrics": None,
            "loss_weights": None,
            "sample_weight_mode": None,
        },
    )
    rates = [model.optimizer.schedule(step) for step in (0, 1, 4)]
    assert rates == [0.5, 0.5 / 1.25, 0.5 / 2]
    assert model.loss.reduction == "sum_over_batch_size"
    assert sorted(model.evaluate(np.ones((5, 4)), np.ones((5, 3)), verbose=0, return_dict=True)) == ["loss", "off"]


def test_inputs_of_keras_2():
    first = {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 4], "dtype": "float32", "name": "x"}}
    second = {"class_name": "Dense", "config": {"name": "a", "units": 3}}
    settings = {"name": "old", "layers": [first, second], "build_input_shape": [None, 4]}
    model = model_of({"class_name": "Sequential", "config": settings})
    assert (model.input_names, model.count_params()) == (["x"], 15)
    compile_as(model, {"optimizer_config": {"class_name": "Custom>Adam", "config": {"weight_decay": 0}}, "loss": "mse"})
    assert type(model.optimizer) is fastmlp.optimizers.Adam


def test_keras_1_had_lists():
    layers = [{"class_name": "Dense", "config": {"name": "a", "batch_input_shape": [None, 4], "units": 3}}]
    assert model_of({"class_name": "Sequential", "config": layers}).count_params() == 15


def shared(legacy):
    """Two inputs through one layer, and what it makes of them added; as Keras 2 or 3 writes it."""
    x, y, dense, add = entry("x"), entry("y"), layer("d", units=4), layer("s", "Add")
    if not legacy:
        layers = [
            called(add, [tensor("d", 0, 0), tensor("d", 1, 0)]),
            called(dense, tensor("x", 0, 0), tensor("y", 0, 0)),
            called(x),
            called(y),
        ]
        return graph(layers, [["x", 0, 0], ["y", 0, 0]], ["s", 0, 0])
    calls = {"d": [[["x", 0, 0, {}]], [["y", 0, 0, {}]]], "s": [[["d", 0, 0, {}], ["d", 1, 0, {}]]]}
    layers = [
        {**one, "name": one["config"]["name"], "inbound_nodes": calls.get(one["config"]["name"], [])}
        for one in (x, y, dense, add)
    ]
    found = graph(layers, [["x", 0, 0], ["y", 0, 0]], [["s", 0, 0]])
    return {"class_name": "Functional", "config": found["config"]}


@pytest.mark.parametrize("legacy", [False, True])
def test_graphs(legacy):
    model = model_of(shared(legacy))
    assert model.count_params() == 20
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 3, 4)).astype("f")
    kernel, bias = model.get_layer("d").get_weights()
    np.testing.assert_allclose(model.predict([x, y], verbose=0), (x + y) @ kernel + 2 * bias, rtol=1e-5)


@pytest.mark.parametrize("first", [0, 1])
def test_calls_of_models_may_be_counted_from_one(first):
    """Keras counts the making of a graph as a call: among outputs today, everywhere in Keras 2."""
    inner = shared(False)
    inner["config"]["name"] = "inner"
    a, b = entry("a"), entry("b")
    layers = [
        called(a),
        called(b),
        called(inner, [tensor("a", 0, 0), tensor("b", 0, 0)], [tensor("b", 0, 0), tensor("b", 0, 0)]),
        called(layer("last", "Subtract"), [tensor("inner", first, 0), tensor("inner", first + 1, 0)]),
    ]
    model = model_of(graph(layers, [["a", 0, 0], ["b", 0, 0]], {"d": ["last", 0, 0], "i": ["inner", 2, 0]}))
    x, y = np.eye(4, dtype="f"), np.full((4, 4), 2, "f")
    kernel, bias = model.get_layer("inner").get_layer("d").get_weights()
    found = model.predict([x, y], verbose=0)
    np.testing.assert_allclose(found["d"], (x - y) @ kernel, atol=1e-5)
    np.testing.assert_allclose(found["i"], 2 * (y @ kernel + bias), rtol=1e-5)


def two_inputs():
    a, b = Input((3,), name="a"), Input((3,), name="b")
    line = Dense(2, "relu", name="line")
    model = fastmlp.Model([a, b], {"z": Add(name="z")([line(a), line(b)]), "y": line(a)}, name="two")
    model.compile(
        fastmlp.optimizers.Adam(fastmlp.schedules.CosineDecay(0.1, 9)),
        {"z": "mse", "y": fastmlp.losses.Huber(0.5)},
        loss_weights={"z": 1.0, "y": 2.0},
        metrics={"z": ["mae", fastmlp.metrics.MeanSquaredError(name="m")]},
    )
    return model


def test_there_and_back():
    model = two_inputs()
    description = json.loads(json.dumps(description_of(model)))
    again = model_of(description)
    compile_as(again, description["compile_config"])
    assert again.get_config() == model.get_config()
    assert again.get_compile_config() == model.get_compile_config()
    assert json.loads(json.dumps(description_of(again))) == description
    assert description["compile_config"]["loss"]["y"]["module"] == "keras.losses"
    assert description["compile_config"]["metrics"]["z"][1]["module"] == "keras.metrics"


def test_what_is_not_compiled_is_not_compiled():
    model = fastmlp.Sequential([Input((3,)), Dense(2)])
    assert "compile_config" not in description_of(model)
    compile_as(model, {})
    compile_as(model, None)
    assert not model.compiled


CODE = {"class_name": "__lambda__", "config": {"value": "4w=="}}
LOOP = [
    called(layer("a", "Identity"), tensor("b", 0, 0)),
    called(layer("b", "Identity"), tensor("a", 0, 0)),
]
REFUSED = {
    "a class": (in_a_row(entry("x"), layer("there", "Conv2D", filters=1)), "'there'.*'Conv2D'"),
    "fastmlp's alone": (in_a_row(entry("x"), layer("there", "Maxout", units=2)), "'there'.*'Maxout'"),
    "a setting": (in_a_row(entry("x"), layer("there", units=2, sharpness=3)), "'there'.*sharpness=3"),
    "a known one": (in_a_row(entry("x"), layer("there", units=2, lora_rank=3)), "'there'.*lora_rank"),
    "nonsense": (in_a_row(entry("x"), layer("there", units="many")), "'there'.*units"),
    "ragged": (in_a_row(entry("there", ragged=True), layer("a", units=2)), "'there'.*ragged"),
    "code": (in_a_row(entry("x"), layer("there", "Lambda", function=CODE)), "no code"),
    "a module": (in_a_row(entry("x"), layer("there", "system", module="os", registered_name="system")), "system"),
    "a loop": (graph(LOOP, [], ["a", 0, 0]), "wait for each other"),
    "no settings": (in_a_row(entry("x"), {"class_name": "Dense", "config": 3}), "settings by name"),
    "no layers": ({"class_name": "Sequential", "config": {"name": "x"}}, "list of layers"),
    "no graph": ({"class_name": "Functional", "config": {"name": "x"}}, "input_layers"),
    "a layer": (layer("there", units=3), "class of models"),
    "nothing": ({}, "class_name and config"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_named(name):
    description, message = REFUSED[name]
    with pytest.raises(ValueError, match=f"(?s){message}"):
        model_of(description)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"optimizer": "adam", "loss": {"class_name": "Dice", "config": {}}}, "compile: loss.*'Dice'"),
        (
            {"optimizer": {"module": "keras.optimizers", "class_name": "Muon", "config": {}}, "loss": "mse"},
            "optimizer.*Muon",
        ),
        (
            {"optimizer": "adam", "loss": {"module": "builtins", "class_name": "function", "config": "mine"}},
            "compile: loss",
        ),
        ({"optimizer": "adam", "loss": "mse", "tempo": 3}, "tempo"),
    ],
)
def test_what_compile_cannot_take_is_named(config, message):
    with pytest.raises(ValueError, match=message):
        compile_as(fastmlp.Sequential([Input((3,)), Dense(2)]), config)


def test_what_keras_has_not_is_named():
    with pytest.raises(ValueError, match="layer 'there'.*Maxout.*fastmlp's alone"):
        description_of(fastmlp.Sequential([Input((3,)), Maxout(2, name="there")]))
    x = Input((3,))
    with pytest.raises(ValueError, match="operation add"):
        description_of(fastmlp.Model(x, Dense(2)(x) + 1))


def test_variables_in_the_order_of_keras():
    model = fastmlp.Sequential([Input((3,)), fastmlp.layers.BatchNormalization(), Dense(2)])
    assert [v.name for v in model.layers[0].own_variables()] == ["gamma", "beta", "moving_mean", "moving_variance"]
    model.compile(fastmlp.optimizers.Nadam(0.5, beta_1=0.5), "mse")
    model.fit(np.ones((6, 3)), np.ones((6, 2)), batch_size=2, verbose=0)
    found = optimizer_variables(model.optimizer)
    assert len(found) == 2 + 2 * 4 + 1
    assert kerass_array(found[0]).dtype == np.int32
    assert kerass_array(found[0]) == 3
    assert kerass_array(found[1]).dtype == np.float32
    momenta = [0.5 * (1 - 0.5 * 0.96**step) for step in (1, 2, 3)]
    np.testing.assert_allclose(kerass_array(found[-1]), np.prod(momenta), rtol=1e-6)


@pytest.mark.parametrize("name", ["from_keras", "to_keras", "accelerate"])
def test_without_keras_the_extra_is_named(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(ImportError, match=rf"{name}: expected keras 3.*pip install 'fastmlp\[keras\]'"):
        getattr(fastmlp, name)(fastmlp.Sequential([Input((3,)), Dense(2)]))
