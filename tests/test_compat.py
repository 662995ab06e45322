"""compat: other defaults, other formulas, what is given counts, and all of it survives config, repr and files."""

from __future__ import annotations

import inspect
import json
import warnings
from pathlib import Path

import fastmlp
import numpy as np
import pytest
from fastmlp import Input, Sequential, compat, initializers, layers, optimizers, regularizers
from fastmlp._objects import Configurable, serialize
from fastmlp.optimizers import SGD, Adagrad, Adam, AdamW, Momentum, Nadam, RMSprop
from fastmlp.regularizers import L1, L2

OTHERS = compat.CONVENTIONS[1:]
OPTIMIZERS = [SGD, RMSprop, Adam, AdamW, optimizers.Adamax, Nadam, Adagrad, optimizers.Adadelta]
LAYERS = {
    layers.Dense: {"units": 3}, layers.BatchNormalization: {}, layers.LayerNormalization: {}, layers.LeakyReLU: {},
    layers.PReLU: {},
}  # fmt: skip
EVERYTHING = {**dict.fromkeys([*OPTIMIZERS, Momentum, optimizers.Lion], {}), **LAYERS}


def rows_for(convention):
    return {"rows": 50} if convention in ("sklearn", "lecture") else {}


def knowing():
    """Every class with an ``__init__`` that has conventions."""
    rooms = (optimizers, layers, regularizers)
    classes = {c for room in rooms for c in vars(room).values() if isinstance(c, type) and issubclass(c, Configurable)}
    return sorted((c for c in classes if hasattr(c.__init__, "conventions")), key=lambda c: c.__name__)


def setting(thing, name):
    return serialize(thing._setting(name))


# ---- the switch


def test_every_object_that_knows_compat_is_in_the_table():
    assert {*OPTIMIZERS, *LAYERS, L2} <= set(knowing())
    for cls in knowing():
        assert cls.__name__ in compat.__doc__, f"add {cls.__name__} to the table of fastmlp.compat"


@pytest.mark.parametrize("cls", EVERYTHING, ids=lambda c: c.__name__)
def test_keras_is_the_default_and_changes_nothing(cls):
    plain, named = cls(**EVERYTHING[cls]), cls(**EVERYTHING[cls], compat="keras")
    settings = named.get_config() | {"name": None}
    assert settings == plain.get_config() | {"name": None}
    assert "compat" not in settings
    assert "compat" not in repr(named)
    if issubclass(cls, optimizers.Optimizer):
        assert plain.lower() == named.lower()
        assert plain.clipping()["coupled"] is False


@pytest.mark.parametrize("cls", [*EVERYTHING, L2], ids=lambda c: c.__name__)
@pytest.mark.parametrize("convention", ["pytorch", "Keras", "", None, 3])
def test_other_names_are_refused(cls, convention):
    rule = rf"{cls.__name__}: compat: expected one of 'keras', 'lecture', 'sklearn', 'torch', got {convention!r}"
    with pytest.raises(ValueError, match=rule):
        cls(**EVERYTHING.get(cls, {}), compat=convention)


def test_a_layer_without_conventions_does_not_take_it():
    with pytest.raises(TypeError, match="Flatten: expected arguments among"):
        layers.Flatten(compat="torch")


@pytest.mark.parametrize("cls", knowing(), ids=lambda c: c.__name__)
@pytest.mark.parametrize("convention", OTHERS)
def test_what_is_given_counts_and_what_is_not_is_the_conventions(cls, convention):
    needed = LAYERS.get(cls, {})
    rows = rows_for(convention) if cls is L2 else {}
    arguments = list(inspect.signature(cls.__init__).parameters.values())[1:]
    table = cls.__init__.conventions.get(convention, {})
    for place, argument in enumerate(arguments):
        if argument.name not in table:
            continue
        name, usual, value = argument.name, argument.default, table[argument.name]
        meant = setting(cls(**needed, **{name: usual}), name)
        given = [cls(**needed, **rows, **{name: usual}, compat=convention)]
        if argument.kind == argument.POSITIONAL_OR_KEYWORD:
            before = [needed.get(a.name, a.default) for a in arguments[:place]]
            given.append(cls(*before, usual, **rows, compat=convention))
        assert [setting(one, name) for one in given] == [meant] * len(given)
        found = setting(cls(**needed, **rows, compat=convention), name)
        assert found == (value(needed) if callable(value) else value) != meant


@pytest.mark.parametrize("cls", OPTIMIZERS, ids=lambda c: c.__name__)
@pytest.mark.parametrize("convention", compat.CONVENTIONS)
def test_optimizers_survive_config_and_repr(cls, convention):
    for settings in ({}, {"weight_decay": 0.25}, {"learning_rate": 0.001}, {"learning_rate": 0.01}):
        optimizer = cls(**settings, compat=convention)
        config = json.loads(json.dumps(optimizers.serialize(optimizer)))
        shown = eval(repr(optimizer), vars(optimizers))
        for again in (optimizers.deserialize(config), cls.from_config(optimizer.get_config()), shown):
            assert again.get_config() == optimizer.get_config()
            assert again.lower() == optimizer.lower()
            assert again.clipping() == optimizer.clipping()
            assert again.compat == convention


def test_what_equals_keras_default_is_in_the_config_of_another_convention():
    adam = Adam(epsilon=1e-7, epsilon_mode="keras", compat="torch")
    assert Adam.from_config(adam.get_config()).lower() == adam.lower() == Adam().lower()
    assert "epsilon=1e-07" in repr(adam)
    assert "epsilon_mode='keras'" in repr(adam)
    assert "epsilon" not in repr(Adam(epsilon=1e-8, compat="torch"))


@pytest.mark.parametrize("convention", compat.CONVENTIONS)
def test_layers_survive_config_and_repr(convention):
    for cls, needed in LAYERS.items():
        for settings in ({}, {"units": 4, "activation": "relu"} if cls is layers.Dense else {"trainable": False}):
            layer = cls(**{**needed, **settings}, compat=convention)
            config = json.loads(json.dumps(layer.get_config()))
            shown = eval(repr(layer), {**vars(layers), **vars(initializers)})
            assert cls.from_config(config).get_config() == layer.get_config() == shown.get_config()
    assert "kernel_initializer" not in repr(layers.Dense(3, "relu", compat=convention))
    explicit = layers.Dense(3, kernel_initializer="glorot_uniform", compat="torch")
    assert "kernel_initializer=GlorotUniform()" in repr(explicit)


def test_a_class_of_ones_own_passes_it_on():
    class Mine(Adam):
        def __init__(self, learning_rate=0.5, **options):
            super().__init__(learning_rate, **options)

    mine = Mine(compat="torch")
    assert (float(mine.learning_rate), mine.epsilon, mine.epsilon_mode) == (0.5, 1e-8, "paper")
    assert repr(mine) == "Mine(learning_rate=0.5, name='mine', compat='torch')"
    assert Mine(compat="torch", epsilon=1e-7).epsilon == 1e-7


def test_older_spellings_beat_it_and_warn_where_the_user_wrote_them():
    for make, read in (
        (lambda: SGD(lr=0.5, compat="torch"), lambda o: float(o.learning_rate)),
        (lambda: AdamW(lr=0.5, compat="torch"), lambda o: float(o.learning_rate)),
        (lambda: L2(l=0.5), lambda o: o.l2),
        (lambda: layers.LeakyReLU(alpha=0.5, compat="torch"), lambda o: o.negative_slope),
    ):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert read(make()) == 0.5
        assert [Path(w.filename).name for w in caught] == ["test_compat.py"]


def assert_same(found, exact):
    np.testing.assert_allclose(found, exact, rtol=1e-12, atol=1e-13)


# ---- penalties


def test_penalties_of_each_convention():
    w = np.array([3.0, -4.0])
    assert L2(0.1)(w) == pytest.approx(0.1 * 25)
    assert L2(0.1, compat="torch")(w) == pytest.approx(0.1 / 2 * 25)
    assert L2(0.1, compat="sklearn", rows=8)(w) == pytest.approx(0.1 / 2 / 8 * 25)
    assert L2(0.7, compat="lecture", rows=209)(w) == pytest.approx(0.7 / 2 / 209 * 25)
    assert L2(compat="sklearn", rows=1).l2 == 1e-4 / 2
    assert not hasattr(L1(0.1), "compat")  # no other convention for it


@pytest.mark.parametrize("convention", compat.CONVENTIONS)
def test_penalties_survive_config_and_repr(convention):
    penalty = L2(0.7, compat=convention, **rows_for(convention))
    for again in (regularizers.get(regularizers.serialize(penalty)), eval(repr(penalty), {"L2": L2})):
        assert (again.l2, again.compat, again.rows) == (penalty.l2, convention, penalty.rows)
    assert "l2=0.7" in repr(penalty)


def test_penalties_need_rows_where_they_are_divided_by_them():
    for convention in ("sklearn", "lecture"):
        with pytest.raises(ValueError, match=rf"L2: expected rows, .* with compat='{convention}', got rows=None"):
            L2(0.1, compat=convention)
    for convention in ("keras", "torch"):
        with pytest.raises(ValueError, match=rf"L2: expected no rows with compat='{convention}', got rows=5"):
            L2(0.1, compat=convention, rows=5)
    with pytest.raises(ValueError, match="L2: rows: expected a whole number of at least 1"):
        L2(0.1, compat="lecture", rows=0)


def test_a_step_with_the_penalty_of_lectures_decays_weights(rng):
    """W ← (1 − αλ/m)·W − α·{from backprop}; biases are not penalised; the loss holds the penalty."""
    x, y, alpha, strength = rng.normal(size=(20, 3)), rng.normal(size=(20, 1)), 0.1, 2.0
    dense = layers.Dense(1, kernel_regularizer=L2(strength, compat="lecture", rows=20), dtype="float64")
    model = Sequential([Input((3,)), dense])
    model.compile(SGD(alpha), "mse")
    w, b = model.get_weights()
    error = x @ w + b - y
    loss = np.mean(error**2) + strength / 2 / 20 * np.sum(w**2)
    history = model.fit(x, y, batch_size=20, epochs=1, verbose=0).history
    after_w, after_b = model.get_weights()
    assert history["loss"][0] == pytest.approx(loss, rel=1e-12)
    assert_same(after_w, (1 - alpha * strength / 20) * w - alpha * 2 / 20 * x.T @ error)
    assert_same(after_b, b - alpha * 2 / 20 * error.sum(0))


# ---- what weights start from


def started(units=40, features=60, **settings):
    layer = layers.Dense(units, **settings)
    layer.build((None, features))
    return layer.kernel.numpy(), layer.bias.numpy()


def assert_uniform(values, bound):
    assert np.abs(values).max() <= bound
    assert np.abs(values).max() > 0.85 * bound
    assert np.sqrt(np.mean(values**2)) == pytest.approx(bound / np.sqrt(3), rel=0.25)


def test_dense_of_torch_is_uniform_by_the_inputs():
    for values in started(compat="torch"):
        assert_uniform(values, 1 / np.sqrt(60))


@pytest.mark.parametrize(("activation", "factor"), [(None, 6), ("relu", 6), ("tanh", 6), ("sigmoid", 2)])
def test_dense_of_sklearn_is_uniform_by_inputs_and_outputs(activation, factor):
    for values in started(activation=activation, compat="sklearn"):
        assert_uniform(values, np.sqrt(factor / (60 + 40)))


@pytest.mark.parametrize(
    ("activation", "scale"),
    [(None, 1), ("tanh", 1), ("sigmoid", 1), ("relu", 2), (fastmlp.activations.relu, 2), (layers.LeakyReLU(0.1), 2),
     (layers.ReLU, 2), ("leaky_relu", 2), ("softmax", 1)],
)  # fmt: skip
def test_dense_of_lectures_is_normal(activation, scale):
    kernel, bias = started(200, 100, activation=activation, compat="lecture")
    assert kernel.std() == pytest.approx(np.sqrt(scale / 100), rel=0.03)
    assert abs(kernel.mean()) < 0.003
    assert np.abs(kernel).max() > 3 * kernel.std()  # not cut off
    assert not bias.any()


@pytest.mark.parametrize("convention", OTHERS)
def test_starts_are_drawn_anew_seeded_and_not_by_looking(convention):
    def draw(look):
        fastmlp.set_random_seed(3)
        made = [layers.Dense(4, "tanh", compat=convention) for _ in range(2)]
        if look:
            assert all("initializer" not in repr(layer) for layer in made)
        for layer in made:
            layer.build((None, 4))
        return [w for layer in made for w in layer.get_weights()]

    seen, unseen = draw(True), draw(False)
    for a, b in zip(seen, unseen, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(seen[0], seen[2]), "two layers of their own"
    if convention != "lecture":
        assert not np.isin(seen[1], seen[0]).any(), "the bias repeats the kernel"


def test_starts_that_are_given_and_those_of_maxout():
    explicit = {"kernel_initializer": "zeros", "bias_initializer": "ones"}
    kernel, bias = started(**explicit, compat="torch")
    assert not kernel.any()
    assert (bias == 1).all()
    maxout = layers.Maxout(50, 3, compat="torch")
    maxout.build((None, 16))
    for values in maxout.get_weights():
        assert_uniform(values, 0.25)


# ---- the other layers


@pytest.mark.parametrize("rows", [1, 2, 9])
def test_batch_normalization_of_torch_keeps_the_unbiased_variance(rows, rng):
    x = rng.normal(2, 3, (rows, 4))
    layer = layers.BatchNormalization(compat="torch", dtype="float64")
    assert (layer.momentum, layer.epsilon) == (0.9, 1e-5)
    out = layer(x, training=True)
    assert_same(out, (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5))
    assert_same(layer.moving_mean.numpy(), 0.1 * x.mean(0))
    assert_same(layer.moving_variance.numpy(), 0.9 + 0.1 * x.var(0, ddof=min(1, rows - 1)))
    biased = layers.BatchNormalization(momentum=0.9, dtype="float64")
    biased(x, training=True)
    assert_same(biased.moving_variance.numpy(), 0.9 + 0.1 * x.var(0))


def test_batch_normalization_of_torch_in_fit(rng):
    x, y = rng.normal(2, 3, (12, 4)), rng.normal(size=(12, 1))
    normal = layers.BatchNormalization(compat="torch", dtype="float64")
    model = Sequential([Input((4,)), normal, layers.Dense(1, dtype="float64")])
    model.compile("sgd", "mse")
    model.fit(x, y, batch_size=6, epochs=1, shuffle=False, verbose=0)
    mean, variance = np.zeros(4), np.ones(4)
    for batch in (x[:6], x[6:]):
        mean, variance = 0.9 * mean + 0.1 * batch.mean(0), 0.9 * variance + 0.1 * batch.var(0, ddof=1)
    assert_same(normal.moving_mean.numpy(), mean)
    assert_same(normal.moving_variance.numpy(), variance)


def test_small_layers_of_torch(rng):
    x = rng.normal(size=(3, 5))
    assert layers.LayerNormalization(compat="torch").epsilon == 1e-5
    assert_same(layers.LeakyReLU(compat="torch", dtype="float64")(x), np.where(x > 0, x, 0.01 * x))
    prelu = layers.PReLU(compat="torch", dtype="float64")
    assert_same(prelu(x), np.where(x > 0, x, 0.25 * x))
    assert prelu.count_params() == 1
    assert layers.PReLU(compat="torch", shared_axes=None).shared_axes is None


# ---- files


@pytest.mark.parametrize("convention", OTHERS)
def test_a_saved_model_goes_on_as_it_would_have(convention, rng, tmp_path):
    x, y = rng.normal(size=(24, 6)).astype("float32"), rng.normal(size=(24, 1)).astype("float32")
    penalty = L2(0.1, compat=convention, **rows_for(convention))
    model = Sequential(
        [
            Input((6,)),
            layers.Dense(5, "relu", kernel_regularizer=penalty, compat=convention),
            layers.BatchNormalization(compat=convention),
            layers.PReLU(compat=convention),
            layers.Dense(1, compat=convention),
        ]
    )
    model.compile(SGD(0.05, momentum=0.9, weight_decay=0.01, compat=convention), "mse")
    options = {"batch_size": 8, "epochs": 2, "shuffle": False, "verbose": 0}
    model.fit(x, y, **options)
    model.save(tmp_path / "model.safetensors")
    again = fastmlp.models.load_model(tmp_path / "model.safetensors")
    assert again.optimizer.compat == convention
    assert again.optimizer.lower() == model.optimizer.lower()
    assert [getattr(layer, "compat", None) for layer in again.layers] == [convention] * 4
    assert again.layers[0].kernel_regularizer.l2 == penalty.l2
    for trained in (model, again):
        trained.fit(x, y, **options)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
