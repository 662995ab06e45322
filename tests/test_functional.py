"""Graphs of layers: shared, nested, cut into parts, in files and copies; and what a summary says of them."""

from __future__ import annotations

import pickle

import fastmlp
import numpy as np
import pytest
from fastmlp import layers, ops
from fastmlp.autodiff import GradientTape
from fastmlp.models import Model, Sequential

RNG = np.random.default_rng(8)
X = RNG.normal(size=(30, 4)).astype("f")
OTHER = RNG.normal(size=(30, 4)).astype("f")
Y = RNG.normal(size=(30, 1)).astype("f")
QUIET = {"verbose": 0, "shuffle": False, "batch_size": 8}


def siamese():
    """Two inputs, one layer that both go through, operations between layers, two outputs."""
    a, b = layers.Input(shape=(4,), name="a"), layers.Input(shape=(4,), name="b")
    shared = layers.Dense(5, activation="tanh", name="shared")
    u, v = shared(a), shared(b)
    difference = ops.abs(u - v) * 2.0
    joined = layers.Concatenate(name="joined")([difference, u[:, :2], v])
    return Model([a, b], [layers.Dense(1, name="score")(joined), layers.Dense(2, name="kind")(u)], name="siamese")


def block(x, width, name):
    return layers.Add(name=f"{name}_add")([x, layers.Dense(width, activation="relu", name=name)(x)])


def by_hand(model, a, b):
    k, c = model.get_layer("shared").get_weights()
    u, v = np.tanh(a @ k + c), np.tanh(b @ k + c)
    joined = np.concatenate([np.abs(u - v) * 2, u[:, :2], v], axis=1)
    (k1, c1), (k2, c2) = model.get_layer("score").get_weights(), model.get_layer("kind").get_weights()
    return joined @ k1 + c1, u @ k2 + c2


# ---- what it computes


def test_a_shared_layer_is_one_layer_with_one_set_of_weights():
    model = siamese()
    assert [layer.name for layer in model.layers] == ["a", "b", "shared", "joined", "score", "kind"]
    assert len(model.weights) == 6
    assert model.input_names == ["a", "b"]
    assert model.output_names == ["score", "kind"]
    for found, want in zip(model.predict([X, OTHER], verbose=0), by_hand(model, X, OTHER), strict=True):
        np.testing.assert_allclose(found, want, atol=1e-5)
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit([X, OTHER], [Y, np.hstack([Y, Y])], **QUIET)
    assert all(np.abs(old - new).max() > 0 for old, new in zip(before, model.get_weights(), strict=True))


def test_gradients_of_a_shared_layer_come_from_both_calls():
    fastmlp.set_random_seed(3)  # a corner of abs within the step would be in the difference
    model = siamese()
    with GradientTape() as tape:
        loss = ops.sum(model([X, OTHER])[0])
    kernel = model.get_layer("shared").kernel
    found = tape.gradient(loss, kernel).numpy()
    step, place = 1e-2, (2, 3)
    values = kernel.numpy()

    def at(change):
        moved = values.copy()
        moved[place] += change
        kernel.assign(moved)
        return float(by_hand(model, X.astype("d"), OTHER.astype("d"))[0].sum())

    np.testing.assert_allclose(found[place], (at(step) - at(-step)) / (2 * step), rtol=2e-2, atol=2e-2)


@pytest.mark.parametrize("form", [list, tuple, dict])
def test_inputs_by_place_and_by_name(form):
    model = siamese()
    want = model.predict([X, OTHER], verbose=0)
    given = {"b": OTHER, "a": X} if form is dict else form([X, OTHER])
    for found, one in zip(model.predict(given, verbose=0), want, strict=True):
        np.testing.assert_array_equal(found, one)
    for found, one in zip(model(given), want, strict=True):
        np.testing.assert_array_equal(found, one)


def test_a_dict_of_inputs():
    a, b = layers.Input(shape=(4,), name="a"), layers.Input(shape=(1,), name="b")
    model = Model({"b": b, "a": a}, layers.Concatenate()([a, b]))
    found = model.predict({"a": X, "b": Y[:, 0]}, verbose=0)  # a column for (None, 1)
    np.testing.assert_array_equal(found, np.hstack([X, Y]))
    np.testing.assert_array_equal(model.predict([X, Y], verbose=0), found)  # by sorted keys


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([X], "expected 2 arrays"),
        ([X, OTHER, X], "expected 2 arrays"),
        ([X, OTHER[:, :3]], "rows of shape"),
        ({"a": X}, "by the names"),
        ([X, OTHER[:7]], "as many rows"),
    ],
)
def test_wrong_inputs(given, words):
    with pytest.raises(ValueError, match=words):
        siamese().predict(given, verbose=0)


def test_one_input_in_a_list_or_by_name():
    x = layers.Input(shape=(4,), name="x")
    model = Model([x], [layers.Dense(2)(x)])
    assert model.input_shape == (None, 4)
    assert model.output_shape == (None, 2)
    assert model.why_taped == ""
    want = model.predict(X, verbose=0)
    for given in ([X], {"x": X}):
        np.testing.assert_array_equal(model.predict(given, verbose=0), want)


def test_a_chain_is_the_program_that_the_same_sequential_is():
    x = layers.Input(shape=(4,))
    chain = Model(x, layers.Dense(1)(layers.Dense(6, activation="relu")(x)))
    same = Sequential([layers.Input(shape=(4,)), layers.Dense(6, activation="relu"), layers.Dense(1)])
    same.set_weights(chain.get_weights())
    histories = []
    for model in (chain, same):
        model.compile("adam", "mse")
        histories.append(model.fit(X, Y, epochs=3, **QUIET).history)
        assert model.why_taped == ""
    assert histories[0] == histories[1]


def test_a_residual_block_learns():
    fastmlp.set_random_seed(3)
    x = layers.Input(shape=(4,))
    model = Model(x, layers.Dense(1)(block(block(x, 4, "one"), 4, "two")))
    model.compile(fastmlp.optimizers.Adam(0.01), "mse")
    history = model.fit(X, X.sum(axis=1), epochs=60, **QUIET).history["loss"]
    assert history[-1] < 0.3 * history[0]
    assert "more than the output of the one before" in model.why_taped


# ---- parts of it


def test_features_of_a_layer():
    model = siamese()
    features = Model(model.inputs, model.get_layer("joined").output)
    found = features.predict([X, OTHER], verbose=0)
    assert found.shape == (30, 12)
    k, c = model.get_layer("score").get_weights()
    np.testing.assert_allclose(found @ k + c, model.predict([X, OTHER], verbose=0)[0], atol=1e-5)
    assert features.get_layer("shared") is model.get_layer("shared")
    assert model.get_layer("shared").input is model.inputs[0]


def test_features_of_a_sequential():
    model = Sequential([layers.Input(shape=(4,)), layers.Dense(3, "relu", name="h"), layers.Dense(1, name="out")])
    assert model.output is model.get_layer("out").output
    assert model.inputs == [model.input]
    features = Model(model.inputs, model.get_layer("h").output)
    both = Model(model.input, [layer.output for layer in model.layers])
    found = features.predict(X, verbose=0)
    k, c = model.layers[0].get_weights()
    np.testing.assert_allclose(found, np.maximum(X @ k + c, 0), atol=1e-6)
    np.testing.assert_allclose(both.predict(X, verbose=0)[1], model.predict(X, verbose=0), atol=1e-6)
    model.add(layers.Dense(2, name="more"))
    assert model.output is model.get_layer("more").output
    model.pop()
    assert model.output is model.get_layer("out").output
    copied = pickle.loads(pickle.dumps(model))
    assert Model(copied.inputs, copied.get_layer("h").output).predict(X, verbose=0).shape == (30, 3)
    late = Sequential([layers.Dense(3), layers.Dense(2)])
    with pytest.raises(AttributeError, match="output"):
        late.layers[0].output  # noqa: B018
    late(X)
    assert Model(late.inputs, late.layers[0].output).predict(X, verbose=0).shape == (30, 3)


def test_a_layer_of_ones_own_may_have_attributes_of_these_names():
    class Own(layers.Layer):
        def __init__(self):
            super().__init__()
            self.output, self.input = layers.Dense(2), 3

        def call(self, inputs):
            return self.output(inputs)

    assert Own()(X).shape == (30, 2)


def test_a_model_that_begins_in_the_midst_of_another():
    model = siamese()
    tail = Model(model.get_layer("joined").output, model.outputs[0])
    joined = Model(model.inputs, model.get_layer("joined").output).predict([X, OTHER], verbose=0)
    np.testing.assert_allclose(tail.predict(joined, verbose=0), model.predict([X, OTHER], verbose=0)[0], atol=1e-6)
    assert [type(layer).__name__ for layer in tail.layers] == ["InputLayer", "Dense"]
    assert [layer.name for layer in model.layers][:2] == ["a", "b"]  # which is as it was


# ---- models within models


def nested():
    x = layers.Input(shape=(4,))
    inner = Sequential([layers.Input(shape=(4,)), layers.Dense(5, "tanh"), layers.Dense(3)], name="inner")
    part = Model(z := layers.Input(shape=(3,)), layers.Dense(2, "relu")(z), name="part")
    return Model(x, layers.Dense(1)(part(inner(x))))


def flat(model):
    twin = Sequential([layers.Input(shape=(4,)), layers.Dense(5, "tanh"), layers.Dense(3), layers.Dense(2, "relu"),
                       layers.Dense(1)])  # fmt: skip
    twin.set_weights(model.get_weights())
    return twin


def test_a_chain_of_chains_is_one_program():
    model = nested()
    assert [layer.name for layer in model.layers[1:3]] == ["inner", "part"]
    assert model.why_taped == ""
    twin = flat(model)
    for one in (model, twin):
        one.compile("adam", "mse")
    assert model.fit(X, Y, epochs=2, **QUIET).history == twin.fit(X, Y, epochs=2, **QUIET).history
    np.testing.assert_array_equal(model.get_layer("inner").predict(X, verbose=0), twin_part(twin).predict(X, verbose=0))


def twin_part(twin):
    return Sequential([layers.Input(shape=(4,)), *twin.layers[:2]])


def test_a_sequential_within_a_sequential_is_one_layer():
    inner = Sequential([layers.Dense(5, "tanh"), layers.Dense(3)], name="inner")
    model = Sequential([layers.Input(shape=(4,)), inner, layers.Dense(1)])
    assert model.layers[0] is inner
    assert inner.built
    assert model.count_params() == 4 * 5 + 5 + 5 * 3 + 3 + 3 + 1
    assert model.why_taped == ""
    model.compile("sgd", "mse")
    before = inner.get_weights()
    model.fit(X, Y, **QUIET)
    assert all(np.abs(a - b).max() > 0 for a, b in zip(before, inner.get_weights(), strict=True))
    inner.trainable = False
    model.compile("sgd", "mse")
    before, last = inner.get_weights(), model.layers[1].get_weights()
    model.fit(X, Y, **QUIET)
    assert all(np.array_equal(a, b) for a, b in zip(before, inner.get_weights(), strict=True))
    assert not np.array_equal(last[0], model.layers[1].get_weights()[0])
    inner.layers[0].trainable = True  # which its model does not let it be
    model.compile("sgd", "mse")
    model.fit(X, Y, **QUIET)
    assert "'inner' are trainable, and it is not" in model.why_taped
    assert all(np.array_equal(a, b) for a, b in zip(before, inner.get_weights(), strict=True))


def test_a_failed_build_of_a_model_in_a_model_can_be_done_again():
    inner = Sequential([layers.Dense(3)])
    model = Sequential([inner, layers.Reshape((2, 2))])
    with pytest.raises(ValueError, match="target_shape"):
        model.build((None, 4))
    assert not inner.built
    inner.add(layers.Dense(4))
    model.build((None, 5))
    assert inner.layers[0].kernel.shape == (5, 3)


def test_a_graph_that_is_no_chain_within_a_sequential():
    z = layers.Input(shape=(4,))
    model = Sequential([layers.Input(shape=(4,)), Model(z, block(z, 4, "one")), layers.Dense(1)])
    model.compile("adam", "mse")
    losses = model.fit(X, Y, epochs=20, **QUIET).history["loss"]
    assert losses[-1] < losses[0]
    assert model.why_taped


# ---- what does not hang together


def test_what_is_not_connected():
    a, b = layers.Input(shape=(4,), name="a"), layers.Input(shape=(4,), name="b")
    with pytest.raises(ValueError, match="disconnected"):
        Model(a, layers.Add()([a, b]))
    with pytest.raises(TypeError, match="made by Input"):
        Model(X, layers.Dense(1)(a))
    with pytest.raises(TypeError, match="neither"):
        Model(inputs=a)
    with pytest.raises(ValueError, match=r"different names.*'same'"):
        Model(a, [layers.Dense(1, name="same")(a), layers.Dense(1, name="same")(a)])
    unused = Model([a, b], layers.Dense(1)(a))
    assert unused.predict([X, OTHER], verbose=0).shape == (30, 1)


# ---- its table


def table(model, **settings):
    lines = []
    model.summary(print_fn=lines.append, line_length=100, **settings)
    return "\n".join(lines)


def test_a_summary_says_what_is_connected_to_what():
    text = table(siamese())
    rows = {line.split("│")[1].split()[0]: line.split("│") for line in text.splitlines() if line.startswith("│ ")
            and line.split("│")[1].strip()}  # fmt: skip
    assert "Connected to" in text
    assert rows["shared"][4].split() == ["a[0][0],", "b[0][0]"]
    assert rows["score"][4].split() == ["joined[0][0]"]
    assert rows["kind"][4].split() == ["shared[0][0]"]
    assert rows["a"][4].split() == ["-"]
    assert "(None, 12)" in rows["joined"][2]
    assert any("Abs" in row[1] or "Absolute" in row[1] for row in rows.values())
    old = table(siamese(), style="keras2", show_trainable=True)
    assert "joined[0][0]" in old


def test_a_summary_of_chains_has_three_columns_and_shows_what_is_within():
    model = nested()
    assert "Connected to" not in table(model)
    assert "└ " not in table(model)
    expanded = table(model, expand_nested=True)
    assert expanded.count("└ dense") == 3
    assert "inner (Sequential)" in expanded


def test_a_summary_of_models_of_several_outputs_within():
    x = layers.Input(shape=(4,))
    inner = Model(z := layers.Input(shape=(4,)), [layers.Dense(1)(z), layers.Dense(2)(z)], name="inner")
    a, b = inner(x)
    text = table(Model(x, layers.Concatenate()([a, b])))
    assert "inner[0][0]" in text
    assert "inner[0][1]" in text
    assert "[(None, 1)" in text
