"""from_keras and to_keras beside Keras: the models predict alike, and train on alike."""

from __future__ import annotations

import fastmlp
import numpy as np
import pytest
from fastmlp.neighbours.keras_twins import number_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras_alike import need_alike, need_averages_twice, shaken

keras = pytest.importorskip("keras", reason="Keras is not installed: pip install '.[peers]'", exc_type=ImportError)

L = keras.layers
RNG = np.random.default_rng(5)
X = RNG.normal(size=(37, 4)).astype("f")
Y = RNG.normal(size=(37, 3)).astype("f")
FIT = {"batch_size": 8, "shuffle": False, "verbose": 0}


FEATURE_LAYERS = {
    "Dense": lambda w: L.Dense(w, activation="tanh"),
    "Dense softplus": lambda w: L.Dense(w, "softplus", use_bias=False),
    "Dense by a layer": lambda w: L.Dense(w, activation=L.LeakyReLU(0.1)),
    "BatchNormalization": lambda w: L.BatchNormalization(),
    "BatchNormalization, no scale": lambda w: L.BatchNormalization(scale=False, epsilon=0.1),
    "LayerNormalization": lambda w: L.LayerNormalization(),
    "RMSNormalization": lambda w: L.RMSNormalization(),
    "UnitNormalization": lambda w: L.UnitNormalization(),
    "GroupNormalization": lambda w: L.GroupNormalization(groups=1),
    "Normalization": lambda w: L.Normalization(),
    "Rescaling": lambda w: L.Rescaling(0.5, 0.25),
    "Activation": lambda w: L.Activation("gelu"),
    "Softmax": lambda w: L.Softmax(),
    "ReLU": lambda w: L.ReLU(max_value=2.0, negative_slope=0.1, threshold=0.2),
    "LeakyReLU": lambda w: L.LeakyReLU(),
    "PReLU": lambda w: L.PReLU(),
    "ELU": lambda w: L.ELU(0.5),
    "Dropout": lambda w: L.Dropout(0.5),
    "AlphaDropout": lambda w: L.AlphaDropout(0.5),
    "GaussianNoise": lambda w: L.GaussianNoise(0.5),
    "GaussianDropout": lambda w: L.GaussianDropout(0.5),
    "ActivityRegularization": lambda w: L.ActivityRegularization(0.5),
    "Identity": lambda w: L.Identity(),
    "frozen": lambda w: L.Dense(w, trainable=False),
    "a model": lambda w: keras.Sequential([L.Dense(w, "relu"), L.LayerNormalization(), L.Dense(w)]),
    "a frozen model": lambda w: keras.Sequential([L.Dense(w, "relu"), L.BatchNormalization()], trainable=False),
    "a graph": lambda w: keras.Sequential([L.Dense(w), branches(w)]),
    "there and back": lambda w: keras.Sequential([L.Dense(6), L.Reshape((2, 3)), L.Permute((2, 1)), L.Flatten()]),
    "repeated": lambda w: keras.Sequential([L.RepeatVector(2), L.Flatten()]),
}


def branches(width):
    x = keras.Input((width,))
    return keras.Model(x, L.Add()([x, L.Dense(width, "relu")(x)]))


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(st.sampled_from(sorted(FEATURE_LAYERS)), st.integers(1, 5)), min_size=1, max_size=6),
    st.integers(0, 99),
)
def test_random_models_predict_alike(layers, seed):
    model = keras.Sequential([keras.Input((4,)), *(FEATURE_LAYERS[name](width) for name, width in layers), L.Dense(3)])
    need_alike(shaken(model, seed), X)


MERGES = (L.Add, L.Average, L.Maximum, L.Minimum, L.Multiply, L.Subtract)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_random_graphs_predict_alike(data):
    """Calls of layers, old ones too, on outputs of calls before; some of them the outputs."""
    pick = lambda some: data.draw(st.sampled_from(some))  # noqa: E731
    inputs = [keras.Input((4,), name=f"in{i}") for i in range(data.draw(st.integers(1, 3)))]
    known, shared = list(inputs), [L.Dense(4, "tanh"), branches(4), keras.Sequential([keras.Input((4,)), L.Dense(4)])]
    for _ in range(data.draw(st.integers(1, 6))):
        kind = pick(("new", "shared", "merge", "joined"))
        if kind == "merge":
            known.append(pick(MERGES)()([pick(known), pick(known)]))
        elif kind == "joined":
            known.append(L.Dense(4)(L.Concatenate()([pick(known), pick(known)])))
        else:
            known.append((pick(shared) if kind == "shared" else L.Dense(4, "relu"))(pick(known)))
    outputs = [known[-1], *(pick(known[len(inputs) :]) for _ in range(data.draw(st.integers(0, 2))))]
    form = pick(("one", "list", "dict") if len(outputs) > 1 else ("one", "dict"))
    chosen = {"one": outputs[0], "list": outputs, "dict": {f"{'ba'[i % 2]}{i}": one for i, one in enumerate(outputs)}}[
        form
    ]
    used = keras.Model(inputs if len(inputs) > 1 else inputs[0], chosen)
    x = [RNG.normal(size=(5, 4)).astype("f") for _ in inputs]
    need_alike(shaken(used, data.draw(st.integers(0, 99))), x if len(x) > 1 else x[0], varied=False)  # a - a is 0


def test_models_of_several_outputs_in_models():
    a = keras.Input((3,))
    inner = keras.Model(a, {"p": L.Dense(2)(a), "a": L.Dense(3)(a)})
    x = keras.Input((3,))
    first = inner(x)
    again = inner(first["a"])
    model = keras.Model(x, [first["p"], L.Dense(1)(first["a"]), again["a"]])
    need_alike(shaken(model), RNG.normal(size=(5, 3)).astype("f"))


def test_outputs_of_models_in_models_keep_their_names():
    """Keras counts the outputs of a dict by its sorted keys, whatever their order."""
    f = fastmlp.layers
    a = f.Input((3,), name="a")
    inner = fastmlp.Model(a, {"z": f.Dense(2, name="z")(a), "b": f.Dense(2, name="b")(a)}, name="inner")
    x = f.Input((3,), name="x")
    parts = inner(x)
    mine = shaken(fastmlp.Model(x, f.Subtract(name="difference")([parts["z"], parts["b"]])))
    rows = X[:, :3]
    np.testing.assert_allclose(mine.to_keras().predict(rows, verbose=0), mine.predict(rows, verbose=0), rtol=1e-5)


def test_words_and_pictures():
    words = keras.Sequential([keras.Input((5,), dtype="int32"), L.Embedding(9, 3), L.Flatten(), L.Dense(2)])
    need_alike(shaken(words), RNG.integers(0, 9, (7, 5)))
    a, b = keras.Input((4,)), keras.Input((4,))
    both = keras.Model([a, b], L.Dot(axes=1)([L.Dense(3)(a), L.Dense(3)(b)]))
    need_alike(shaken(both), [X, X[::-1].copy()])
    bins = keras.Sequential([keras.Input((2,)), L.Discretization([0.0, 1.0], output_mode="multi_hot"), L.Dense(2)])
    need_alike(shaken(bins), X[:, :2])
    pictures = keras.Sequential([keras.Input((6, 6, 1)), L.RandomFlip(), L.Flatten(), L.Dense(2)])
    need_alike(shaken(pictures), RNG.normal(size=(3, 6, 6, 1)).astype("f"))


def test_statistics_that_were_adapted_go_along():
    scale = L.Normalization()
    scale.adapt(X * 3 + 1)
    mine, again = need_alike(keras.Sequential([keras.Input((4,)), scale, L.Dense(2)]), X)
    np.testing.assert_allclose(mine.layers[0].mean, np.asarray(keras.ops.convert_to_numpy(scale.mean)), rtol=1e-6)


def test_a_model_that_is_not_built():
    mine = fastmlp.from_keras(keras.Sequential([L.Dense(3, name="a"), L.Dense(2, name="b")], name="later"))
    assert (mine.name, mine.built, [layer.name for layer in mine.layers]) == ("later", False, ["a", "b"])
    again = mine.to_keras()
    assert not again.built
    assert again.predict(X, verbose=0).shape == (37, 2)


def test_a_model_built_by_its_data_takes_batches_of_any_size():
    model = keras.Sequential([L.Dense(3)])
    model(X[:5])  # by which Keras notes a shape of 5 rows
    np.testing.assert_allclose(
        fastmlp.from_keras(model).predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-6, atol=1e-6
    )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_types_go_along(dtype):
    model = keras.Sequential([keras.Input((4,), dtype=dtype), L.Dense(3, dtype=dtype), L.Dense(2, dtype="float32")])
    mine = fastmlp.from_keras(model)
    assert [layer.dtype for layer in mine.layers] == [dtype, "float32"]
    assert [layer.dtype for layer in mine.to_keras().layers] == [dtype, "float32"]
    mixed = fastmlp.from_keras(keras.Sequential([keras.Input((4,)), L.Dense(3, dtype="mixed_bfloat16")]))
    assert mixed.layers[0].dtype_policy.name == "mixed_bfloat16"
    assert mixed.to_keras().layers[0].dtype_policy.name == "mixed_bfloat16"


def test_who_learns_goes_along():
    """A layer that learns in a model that does not, and one that does not in a model that does."""
    inner = keras.Sequential([keras.Input((4,)), L.Dense(3, name="a"), L.Dense(3, name="b")], name="inner")
    inner.trainable = False
    inner.layers[1].trainable = True
    model = keras.Sequential([keras.Input((4,)), inner, L.Dense(2, trainable=False, name="c"), L.Dense(2, name="d")])
    mine, again = need_alike(model, X)
    for other in (mine, again):
        part = other.get_layer("inner")  # which learns, for one of its layers does, whatever was said of it
        assert [part.trainable, *(layer.trainable for layer in part.layers)] == [True, False, True]
        assert [layer.trainable for layer in other.layers] == [True, False, True]
        learn = [v.path.split("/")[-2:] for v in other.trainable_weights]
        assert learn == [["b", "kernel"], ["b", "bias"], ["d", "kernel"], ["d", "bias"]]
    model.trainable = False
    inner.layers[0].trainable = True
    mine, again = need_alike(model, X)
    assert mine.trainable_weights == again.trainable_weights == model.trainable_weights == []
    assert mine.get_layer("inner").layers[0].trainable


def test_a_weight_frozen_by_itself_is_named():
    model = keras.Sequential([keras.Input((4,)), L.Dense(3, name="there")])
    model.layers[0].bias.trainable = False
    with pytest.raises(ValueError, match="there/bias"):
        fastmlp.from_keras(model)


# ---- training goes on

OPTIMIZERS = {
    "sgd": lambda o: o.SGD(0.05),
    "momentum": lambda o: o.SGD(0.05, momentum=0.9),
    "nesterov": lambda o: o.SGD(0.05, momentum=0.9, nesterov=True),
    "adam": lambda o: o.Adam(0.01),
    "amsgrad": lambda o: o.Adam(0.01, amsgrad=True),
    "adamw": lambda o: o.AdamW(0.01, weight_decay=0.1),
    "rmsprop": lambda o: o.RMSprop(0.01, momentum=0.3, centered=True),
    "adagrad": lambda o: o.Adagrad(0.05),
    "adadelta": lambda o: o.Adadelta(0.5),
    "adamax": lambda o: o.Adamax(0.01),
    "nadam": lambda o: o.Nadam(0.01),
    "ftrl": lambda o: o.Ftrl(0.05),
    "lion": lambda o: o.Lion(0.001),
    "a schedule": lambda o: o.Adam(o.schedules.CosineDecay(0.02, 12)),
    "averages": lambda o: o.SGD(0.05, momentum=0.5, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=4),
    "gathered": lambda o: o.Adam(0.01, gradient_accumulation_steps=2),
    "clipped": lambda o: o.SGD(0.1, global_clipnorm=0.1),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_goes_on_where_it_was(name):
    """Two epochs by Keras, then two more by both libraries and by Keras again after the detour."""
    keras.utils.set_random_seed(1)
    need_averages_twice(OPTIMIZERS[name](keras.optimizers))
    model = keras.Sequential([
        keras.Input((4,)), L.Dense(6, activation="tanh", kernel_regularizer="l2"), L.BatchNormalization(), L.PReLU(),
        keras.Sequential([L.Dense(5, activation="tanh", bias_constraint="max_norm")]), L.Dense(3),
    ])  # fmt: skip
    model.compile(OPTIMIZERS[name](keras.optimizers), "mse", metrics=["mae"])
    model.fit(X, Y, epochs=2, **FIT)
    mine = fastmlp.from_keras(model)
    again = mine.to_keras()
    assert int(mine.optimizer.iterations) == int(again.optimizer.iterations) == int(model.optimizer.iterations) > 0
    for a, b in zip(model.optimizer.variables, again.optimizer.variables, strict=True):
        assert a.name == b.name or "product" in name or a.shape == b.shape
        np.testing.assert_allclose(number_of(b), number_of(a), rtol=1e-6)
    want = model.fit(X, Y, epochs=2, **FIT).history
    for other in (mine, again):
        found = other.fit(X, Y, epochs=2, **FIT).history
        assert list(found) == list(want) == ["loss", "mae"]
        for key, values in want.items():
            np.testing.assert_allclose(found[key], values, rtol=2e-5)


@pytest.mark.parametrize("optimizer", ["sgd", "adagrad"])
def test_a_model_that_keras_has_saved_as_h5_keeps_its_optimizer(optimizer, tmp_path):
    """Saving a .h5, Keras takes the optimizer out of what it remembers of compile: RMSprop would be the usual one."""
    model = keras.Sequential([keras.Input((4,)), L.Dense(3)])
    model.compile(optimizer, "mse")
    model.fit(X, Y, **FIT)
    model.save(tmp_path / "model.h5")
    mine = fastmlp.from_keras(model)
    assert type(mine.optimizer).__name__.lower() == optimizer
    want = model.fit(X, Y, **FIT).history["loss"]
    np.testing.assert_allclose(mine.fit(X, Y, **FIT).history["loss"], want, rtol=2e-5)


def test_what_shall_not_decay_goes_along():
    model = keras.Sequential([keras.Input((4,)), L.Dense(3, bias_initializer="ones")])
    optimizer = keras.optimizers.SGD(0.0, weight_decay=0.5)
    optimizer.learning_rate = 0.1
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    model.compile(optimizer, "mse")
    mine = fastmlp.from_keras(model)
    again = mine.to_keras()
    for other in (mine, again):
        assert other.optimizer is not optimizer
    want = model.fit(X, Y, **FIT).history["loss"]
    for other in (mine, again):
        np.testing.assert_allclose(other.fit(X, Y, **FIT).history["loss"], want, rtol=1e-5)
        np.testing.assert_allclose(other.get_weights()[1], model.get_weights()[1], rtol=1e-5)


COMPILED = {
    "a name": {"loss": "mse", "metrics": ["mae", "mse"]},
    "an object": {"loss": keras.losses.Huber(delta=0.5), "metrics": [keras.metrics.MeanAbsoluteError(name="off")]},
    "functions": {"loss": keras.losses.mean_squared_error, "metrics": [keras.metrics.mean_absolute_error]},
    "a wrapper": {"metrics": [keras.metrics.MeanMetricWrapper(keras.metrics.mean_squared_error)], "loss": "mae"},
    "a list": {"loss": ["mse"], "metrics": [["mae"]]},
    "weighted": {"loss": "mse", "weighted_metrics": ["mae", keras.metrics.MeanSquaredError()]},
    "no loss": {"loss": None},
    "ways of running": {"loss": "mse", "run_eagerly": False, "jit_compile": False, "auto_scale_loss": False},
}  # fmt: skip


@pytest.mark.parametrize("name", COMPILED)
def test_what_compile_was_given_goes_along(name):
    model = keras.Sequential([keras.Input((4,)), L.Dense(3)])
    model.compile("adam", **COMPILED[name])
    mine = fastmlp.from_keras(model)
    again = mine.to_keras()
    if name == "no loss":
        assert mine.compiled
        assert again.compiled
        assert mine.loss is None
        return
    weights = np.linspace(0.5, 2, 37)
    want = model.evaluate(X, Y, sample_weight=weights, verbose=0, return_dict=True)
    for other in (mine, again):
        found = other.evaluate(X, Y, sample_weight=weights, verbose=0, return_dict=True)
        assert sorted(found) == sorted(want)
        np.testing.assert_allclose([found[key] for key in sorted(want)], [want[key] for key in sorted(want)], rtol=1e-5)


@pytest.mark.parametrize("form", ["list", "dict"])
def test_what_several_outputs_were_compiled_with_goes_along(form):
    x = keras.Input((4,))
    h = L.Dense(5, "tanh")(x)
    heads = {"b": L.Dense(3, name="b")(h), "a": L.Dense(1, "sigmoid", name="a")(h)}
    rows = slice(32)  # whole batches: on TensorFlow Keras's means of an output's losses weigh all batches alike
    y = {"b": Y[rows], "a": (X[rows, :1] > 0).astype("f")}
    losses = {"b": "mse", "a": keras.losses.BinaryCrossentropy()}
    measured = {"b": ["mae"], "a": ["accuracy", keras.metrics.AUC(num_thresholds=9)]}
    factors = {"b": 0.25, "a": 2.0}
    one = dict if form == "dict" else lambda tree: [tree["b"], tree["a"]]
    model = keras.Model(x, one(heads))
    model.compile("sgd", loss=one(losses), metrics=one(measured), loss_weights=one(factors))
    mine = fastmlp.from_keras(model)
    again = mine.to_keras()
    for _ in range(2):
        want = model.fit(X[rows], one(y), **FIT).history
        for other in (mine, again):
            found = other.fit(X[rows], one(y), **FIT).history
            assert list(found) == list(want)
            np.testing.assert_allclose(list(found.values()), list(want.values()), rtol=1e-5)


def test_without_compile():
    model = keras.Sequential([keras.Input((4,)), L.Dense(3)])
    model.compile("adam", "mse")
    assert not fastmlp.from_keras(model, compile=False).compiled
    assert not fastmlp.from_keras(model, compile=False).to_keras().compiled


def test_what_is_given_stays_as_it_is():
    model = keras.Sequential([keras.Input((4,)), L.Dense(3)])
    model.compile("adam", "mse")
    model.fit(X, Y, **FIT)
    before = [w.copy() for w in model.get_weights()]
    mine = fastmlp.from_keras(model)
    mine.fit(X, Y, **FIT)
    again = mine.to_keras()
    here = [w.copy() for w in mine.get_weights()]
    again.fit(X, Y, **FIT)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights()))
    assert all(np.array_equal(a, b) for a, b in zip(here, mine.get_weights()))
    assert not any(np.array_equal(a, b) for a, b in zip(before, here))
