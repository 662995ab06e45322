"""Files of Keras, written by one library and read by the other: models predict alike, and train on alike."""

from __future__ import annotations

import random

import fastmlp.keras
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras_rows import ENDINGS, FIT, KINDS, RNG, X, Y, assert_alike, branches, in_a_row, shaken

keras = pytest.importorskip("keras", reason="Keras is not installed: pip install '.[peers]'", exc_type=ImportError)
h5py = pytest.importorskip("h5py", reason="h5py is not installed: pip install '.[keras]'")

PAIRS = {"Keras's, read here": (keras, fastmlp.keras), "ours, read by Keras": (fastmlp.keras, keras)}

pytestmark = pytest.mark.filterwarnings("ignore:save. .h5 is Keras's older format")
pairs = pytest.mark.parametrize(("one", "other"), list(PAIRS.values()), ids=list(PAIRS))
random_models = settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def groups(path):
    """All groups and arrays of a file of weights, by path, with shapes."""
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, one: found.setdefault(name, getattr(one, "shape", None)))
    return {name: shape for name, shape in found.items() if not name.startswith("optimizer")}


# ---- all kinds of layers, in a row and in graphs


@pairs
@pytest.mark.parametrize("ending", ENDINGS)
@random_models
@given(st.lists(st.sampled_from(sorted(KINDS)), max_size=5), st.integers(0, 99))
def test_random_rows_of_layers(tmp_path_factory, one, other, ending, kinds, seed):
    folder = tmp_path_factory.mktemp("files")
    model = shaken(in_a_row(one, kinds), seed)
    model.save(folder / f"x{ending}")
    assert_alike(model, other.models.load_model(folder / f"x{ending}"))
    model.save_weights(folder / "x.weights.h5")
    twin = in_a_row(other, kinds)
    twin.load_weights(folder / "x.weights.h5")
    assert_alike(model, twin)
    twin.save_weights(folder / "y.weights.h5")
    assert groups(folder / "x.weights.h5") == groups(folder / "y.weights.h5")


def called(k, kind, shared, r, a, b):
    """What a layer of some kind makes of outputs before."""
    layers = k.layers
    if kind in ("add", "join"):
        return layers.Add()([a, b]) if kind == "add" else layers.Dense(4)(layers.Concatenate()([a, b]))
    if kind == "shared":
        return r.choice(shared)(a)
    if kind == "norm":
        return layers.BatchNormalization()(a)
    if kind == "new":
        return layers.Dense(4, activation=r.choice(["relu", "tanh"]))(a)
    return k.Sequential([layers.Dense(4), layers.LayerNormalization()])(a)


def graph(k, seed):
    """Layers, old ones too, on outputs before; several inputs and outputs."""
    r, layers = random.Random(seed), k.layers
    inputs = [k.Input((4,), name=f"in{i}") for i in range(r.randint(1, 3))]
    known, shared = list(inputs), [layers.Dense(4, activation="tanh"), branches(k)]
    for _ in range(r.randint(2, 8)):
        kind, a, b = r.choice(["new", "shared", "add", "join", "norm", "row"]), r.choice(known), r.choice(known)
        known.append(called(k, kind, shared, r, a, b))
    outputs = [layers.Concatenate()([known[-1], *(layers.Dense(2)(one) for one in inputs)])]
    return k.Model(inputs, [*outputs, r.choice(known[len(inputs) :])])


@pairs
@pytest.mark.parametrize("seed", range(12))
def test_random_graphs(tmp_path, one, other, seed):
    model = shaken(graph(one, seed), seed)
    x = [RNG.normal(size=(5, 4)).astype("f") for _ in model.inputs]
    for ending in ENDINGS:
        model.save(tmp_path / f"x{ending}")
        assert_alike(model, other.models.load_model(tmp_path / f"x{ending}"), x)
        twin = graph(other, seed)
        twin.load_weights(tmp_path / f"x{ending}")
        assert_alike(model, twin, x)


# ---- classes of one's own


def classes(k):
    @k.saving.register_keras_serializable(f"files of {k.__name__}")
    class Block(k.layers.Layer):
        def __init__(self, width=4, **settings):
            super().__init__(**settings)
            self.width, dense = width, k.layers.Dense
            self.z, self.a, self._own = dense(width), dense(width), dense(width)
            self.many = [dense(width), k.layers.Dropout(0.1), [dense(width)]]
            self.by_name = {"b": dense(width), "a": dense(width)}
            self.features = k.Sequential([dense(width)])

        @property
        def alias(self):
            return self.by_name["a"]

        @property
        def broken(self):
            raise KeyError

        def build(self, shape):
            self.fixed = self.add_weight(shape=(3,), name="fixed", trainable=False, initializer="ones")
            self.learned = self.add_weight(shape=(2,), name="learned", initializer="ones")
            for one in self.all():
                one.build(shape)

        def all(self):
            return [self.z, self.a, self._own, self.many[0], self.many[2][0], *self.by_name.values(), self.features]

        def call(self, x):
            for one in self.all():
                x = one(x)
            return x * self.learned[0] + self.fixed[1]

        def get_config(self):
            return {**super().get_config(), "width": self.width}

    @k.saving.register_keras_serializable(f"files of {k.__name__}")
    class Whole(k.Model):
        def __init__(self, width=4, **settings):
            super().__init__(**settings)
            self.width = width
            self.out, self.block, self.dense1 = k.layers.Dense(2), Block(width), k.layers.Dense(4)
            self.zz = k.Sequential([k.layers.Dense(4), k.layers.BatchNormalization()])

        def call(self, x):
            return self.out(self.zz(self.dense1(self.block(x))))

        def get_config(self):
            return {"width": self.width}

    return Whole, Block


CLASSES = {k.__name__: classes(k) for k in (keras, fastmlp.keras)}


@pairs
def test_a_model_with_a_call_of_its_own(tmp_path, one, other):
    (mine, _), (theirs, block) = CLASSES[one.__name__], CLASSES[other.__name__]
    model, twin = mine(), theirs()
    for each in (model, twin):
        each.compile("adam", "mse")
        each.fit(X, Y, **FIT)
    shaken(model)
    model.save_weights(tmp_path / "x.weights.h5")
    twin.load_weights(tmp_path / "x.weights.h5")
    twin.save_weights(tmp_path / "y.weights.h5")
    assert_alike(model, twin)
    assert groups(tmp_path / "x.weights.h5") == groups(tmp_path / "y.weights.h5")
    model.save(tmp_path / "x.keras")
    names = {"Whole": theirs, "Block": block}
    assert_alike(model, other.models.load_model(tmp_path / "x.keras", custom_objects=_registered(one, names)))


def _registered(k, names):
    """The classes by the names under which the other library has registered its own."""
    return {**names, **{f"files of {k.__name__}>{name}": cls for name, cls in names.items()}}


@pairs
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_layer_of_ones_own_in_a_row(tmp_path, one, other, ending):
    block = CLASSES[one.__name__][1]
    model = shaken(one.Sequential([one.Input((4,)), block(4), one.layers.Dense(2)]))
    model.save(tmp_path / f"x{ending}")
    names = _registered(one, {"Block": CLASSES[other.__name__][1]})
    assert_alike(model, other.models.load_model(tmp_path / f"x{ending}", custom_objects=names))


def test_older_files_are_for_what_they_can_hold(tmp_path):
    model = CLASSES["fastmlp.keras"][0]()
    model.predict(X, verbose=0)
    with pytest.raises(ValueError, match=r"save: expected a Sequential model .*save it as \.keras"):
        model.save(tmp_path / "x.h5")
