"""Files of Keras, written by one library and read by the other: models predict alike, and train on alike."""

from __future__ import annotations

import io
import json
import random
import zipfile

import fastmlp.keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

keras = pytest.importorskip("keras", reason="Keras is not installed: pip install '.[peers]'", exc_type=ImportError)
h5py = pytest.importorskip("h5py", reason="h5py is not installed: pip install '.[keras]'")

RNG = np.random.default_rng(23)
X = RNG.normal(size=(37, 4)).astype("f")
Y = RNG.normal(size=(37, 2)).astype("f")
FIT = {"epochs": 2, "batch_size": 8, "shuffle": False, "verbose": 0}
PAIRS = {"Keras's, read here": (keras, fastmlp.keras), "ours, read by Keras": (fastmlp.keras, keras)}
ENDINGS = [".keras", ".h5"]

pytestmark = pytest.mark.filterwarnings("ignore:save. .h5 is Keras's older format")
pairs = pytest.mark.parametrize(("one", "other"), list(PAIRS.values()), ids=list(PAIRS))
random_models = settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


def predicted(model, x=X):
    found = model.predict(x, verbose=0)
    return [np.asarray(one) for one in (found if isinstance(found, list) else [found])]


def assert_alike(a, b, x=X, near=1e-6):
    for p, q in zip(predicted(a, x), predicted(b, x), strict=True):
        np.testing.assert_allclose(p, q, rtol=near, atol=near * (1 + np.abs(p).max()))
        assert np.ptp(p) > 0


def shaken(model, seed=0):
    """The model with weights none of which is as at the beginning; variances stay positive."""
    rng = np.random.default_rng(seed)
    for v in model.weights:
        value = rng.uniform(0.2, 0.7, tuple(v.shape))
        sign = 1 if "variance" in v.name or not v.trainable else rng.choice([-1, 1], size=tuple(v.shape))
        v.assign((sign * value).astype("float32") if "count" not in v.name else np.zeros((), "int32"))
    return model


def groups(path):
    """All groups and arrays of a file of weights, by path, with shapes."""
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, one: found.setdefault(name, getattr(one, "shape", None)))
    return {name: shape for name, shape in found.items() if not name.startswith("optimizer")}


# ---- all kinds of layers, in a row and in graphs

KINDS = {
    "dense": lambda k: k.layers.Dense(4, activation="tanh"),
    "no bias": lambda k: k.layers.Dense(4, use_bias=False),
    "batch": lambda k: k.layers.BatchNormalization(),
    "batch without scale": lambda k: k.layers.BatchNormalization(scale=False),
    "layer": lambda k: k.layers.LayerNormalization(),
    "rms": lambda k: k.layers.RMSNormalization(),
    "moments": lambda k: k.layers.Normalization(),
    "given moments": lambda k: k.layers.Normalization(mean=[0.5] * 4, variance=[2.0] * 4),
    "prelu": lambda k: k.layers.PReLU(),
    "dropout": lambda k: k.layers.Dropout(0.5, seed=3),
    "noise": lambda k: k.layers.GaussianNoise(0.5),
    "relu": lambda k: k.layers.ReLU(negative_slope=0.1),
    "rescaling": lambda k: k.layers.Rescaling(0.5, 0.1),
    "frozen": lambda k: k.layers.Dense(4, trainable=False),
    "row": lambda k: k.Sequential([k.layers.Dense(3), k.layers.BatchNormalization(), k.layers.Dense(4)]),
    "row of rows": lambda k: k.Sequential([k.Sequential([k.layers.Dense(4)]), k.layers.Dense(4)]),
    "graph": lambda k: branches(k),
}


def branches(k):
    x = k.Input((4,))
    return k.Model(x, k.layers.Add()([x, k.layers.Dense(4)(k.layers.Dense(5, activation="relu")(x))]))


def in_a_row(k, kinds):
    return k.Sequential([k.Input((4,)), *(KINDS[kind](k) for kind in kinds), k.layers.Dense(2)])


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


# ---- training goes on

OPTIMIZERS = {
    "SGD": {"learning_rate": 0.05},
    "SGD with momentum": {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True},
    "RMSprop": {"momentum": 0.5, "centered": True},
    "Adam": {},
    "Adam with amsgrad": {"amsgrad": True},
    "Adam with averages": {"use_ema": True},
    "AdamW": {},
    "Adamax": {},
    "Nadam": {},
    "Adagrad": {"learning_rate": 0.05},
    "Adadelta": {"learning_rate": 1.0},
    "Ftrl": {"learning_rate": 0.05},
    "Lion": {},
}


def compiled(k, name, rate=None):
    settings = {**OPTIMIZERS[name], **({} if rate is None else {"learning_rate": rate})}
    x = k.Input((4,))
    h = k.layers.Dense(3, activation="tanh")(x)
    h = k.layers.Dense(4)(k.Sequential([k.layers.BatchNormalization(), k.layers.Dense(3)])(h))
    model = k.Model(x, k.layers.Dense(2)(k.layers.Add()([x, h])))
    model.compile(getattr(k.optimizers, name.split()[0])(**settings), "mean_squared_error", metrics=["mae"])
    return model


def by_hand(model, path):
    """What Keras 3 does with a .h5 file, but for the variables that it makes the optimizer ready for: none."""
    model.load_weights(path)
    with h5py.File(path) as file:
        group = file["optimizer_weights"]
        names = [name.decode() for name in group.attrs["weight_names"]]
        model.optimizer.build(model.trainable_variables)
        model.optimizer.set_weights([group[name][()] for name in names])
    return model


@pairs
@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_training_goes_on(tmp_path, one, other, name, ending):
    model = compiled(one, name)
    model.fit(X, Y, **FIT)
    model.save(tmp_path / f"x{ending}")
    twin = other.models.load_model(tmp_path / f"x{ending}")
    if ending == ".h5" and other is keras:
        twin = by_hand(compiled(keras, name), tmp_path / "x.h5")
    assert int(twin.optimizer.iterations) == 10
    before = predicted(model)[0]
    for each in (model, twin):
        each.fit(X, Y, **FIT)
    assert_alike(model, twin, near=2e-5)
    assert np.abs(predicted(model)[0] - before).max() > 5e-4
    assert_same = np.testing.assert_allclose
    assert_same(model.evaluate(X, Y, verbose=0), twin.evaluate(X, Y, verbose=0), rtol=1e-4)


@pairs
def test_schedules_go_on(tmp_path, one, other):
    model = compiled(one, "SGD", one.optimizers.schedules.ExponentialDecay(0.05, 7, 0.5))
    model.fit(X, Y, **FIT)
    model.save(tmp_path / "x.keras")
    twin = other.models.load_model(tmp_path / "x.keras")
    for each in (model, twin):
        each.fit(X, Y, **FIT)
    assert_alike(model, twin, near=1e-5)
    assert float(twin.optimizer.learning_rate) == pytest.approx(0.05 * 0.5 ** (20 / 7))


@pytest.mark.parametrize("ending", ENDINGS)
def test_ours_goes_on_to_the_same_bits(tmp_path, ending):
    """Shuffling and noise included, which Keras knows nothing of; a copy of a copy is the same file."""
    model = in_a_row(fastmlp.keras, ["dense", "dropout", "batch", "noise", "row"])
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(X, Y, epochs=3, verbose=0)
    model.save(tmp_path / f"x{ending}")
    twin = fastmlp.load_model(tmp_path / f"x{ending}")
    twin.save(tmp_path / f"y{ending}")
    assert (tmp_path / f"x{ending}").read_bytes() == (tmp_path / f"y{ending}").read_bytes()
    for each in (model, twin):
        each.fit(X, Y, epochs=2, verbose=0)
    for a, b in zip(
        model.variables + model.optimizer.variables, twin.variables + twin.optimizer.variables, strict=True
    ):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_ours_goes_on_within_an_epoch(tmp_path):
    def stop(epoch, batch):
        path = tmp_path / f"{epoch}-{batch}.keras"
        twin = fastmlp.load_model(path)
        twin.fit(X, Y, epochs=3, batch_size=8, verbose=0, resume=True)
        return twin

    model = in_a_row(fastmlp.keras, ["dense", "dropout"])
    model.compile("adam", "mse")
    keep = fastmlp.callbacks.ModelCheckpoint(tmp_path / "{epoch}-{batch}.keras", save_freq=2)
    model.fit(X, Y, epochs=3, batch_size=8, verbose=0, callbacks=[keep])
    for a, b in zip(model.weights, stop(2, 3).weights, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_what_keras_writes_anew_still_opens(tmp_path):
    model = compiled(fastmlp.keras, "Adam")
    model.fit(X, Y, **FIT)
    model.save(tmp_path / "x.keras")
    keras.models.load_model(tmp_path / "x.keras").save(tmp_path / "y.keras")
    twin = fastmlp.load_model(tmp_path / "y.keras")
    assert_alike(model, twin)
    assert twin.optimizer.iterations == 10


# ---- as scripts for Keras have it


@pytest.mark.parametrize("k", [keras, fastmlp.keras], ids=["Keras", "fastmlp"])
def test_checkpoints(tmp_path, k):
    model = compiled(k, "Adam")
    keep = [
        k.callbacks.ModelCheckpoint(f"{tmp_path}/best.keras", monitor="loss", save_best_only=True),
        k.callbacks.ModelCheckpoint(f"{tmp_path}/{{epoch:02d}}.weights.h5", save_weights_only=True),
        k.callbacks.ModelCheckpoint(f"{tmp_path}/{{epoch}}-{{loss:.2f}}.h5"),
    ]
    history = model.fit(X, Y, **{**FIT, "epochs": 3}, callbacks=keep)
    losses = [f"{i}-{loss:.2f}.h5" for i, loss in enumerate(history.history["loss"], 1)]
    names = ["best.keras", *(f"0{i}.weights.h5" for i in (1, 2, 3)), *losses]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)
    for other in (keras, fastmlp.keras):
        assert_alike(model, other.models.load_model(f"{tmp_path}/best.keras"))
        assert_alike(model, other.models.load_model(tmp_path / losses[-1]))
        twin = compiled(other, "Adam")
        twin.fit(X, Y, **FIT)  # so that there is an optimizer to load
        twin.load_weights(tmp_path / "03.weights.h5")
        assert_alike(model, twin)
        assert int(twin.optimizer.iterations) == 15


@pytest.mark.parametrize("name", ["x.keras", "x.h5", "x.hdf5"])
def test_names_that_weights_alone_may_not_have(tmp_path, name):
    for k in (keras, fastmlp.keras):
        with pytest.raises(ValueError, match=r"\.weights\.h5"):
            compiled(k, "Adam").save_weights(tmp_path / name)


def test_older_files_are_warned_of(tmp_path):
    with pytest.warns(UserWarning, match=r"save: \.h5 is Keras's older format; write a \.keras file"):
        compiled(fastmlp.keras, "Adam").save(tmp_path / "x.hdf5")


@pairs
def test_models_before_compile_and_before_build(tmp_path, one, other):
    model = shaken(in_a_row(one, ["dense"]))
    model.save(tmp_path / "x.keras")
    twin = other.models.load_model(tmp_path / "x.keras")
    assert_alike(model, twin)
    assert not twin.compiled
    rough = one.Sequential([one.layers.Dense(3), one.layers.Dense(2)])
    rough.compile("adam", "mse")
    with pytest.warns(UserWarning, match="not yet been built") if one is keras else _nothing():
        rough.save(tmp_path / "y.keras")
    twin = other.models.load_model(tmp_path / "y.keras")
    assert not twin.built
    twin.fit(X, Y, **FIT)
    assert predicted(twin)[0].shape == (37, 2)


def _nothing():
    import contextlib

    return contextlib.nullcontext()


def test_what_the_optimizer_knows_can_be_left_out(tmp_path):
    model = compiled(fastmlp.keras, "Adam")
    model.fit(X, Y, **FIT)
    for ending in ENDINGS:
        model.save(tmp_path / f"x{ending}", include_optimizer=False)
        assert not keras.models.load_model(tmp_path / f"x{ending}").compiled
        assert not fastmlp.load_model(tmp_path / f"x{ending}").compiled
        with pytest.raises(FileExistsError, match="overwrite=True"):
            model.save(tmp_path / f"x{ending}", overwrite=False)


@pytest.mark.parametrize("name", ["float64", "mixed_bfloat16"])
def test_other_types(tmp_path, name):
    layers = fastmlp.keras.layers
    model = fastmlp.keras.Sequential([layers.Input((4,)), layers.Dense(3, dtype=name), layers.Dense(2, dtype=name)])
    model.save(tmp_path / "x.keras")
    twin = fastmlp.load_model(tmp_path / "x.keras")
    assert [layer.dtype_policy.name for layer in twin.layers] == [name, name]
    for a, b in zip(model.weights, twin.weights, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    theirs = keras.models.load_model(tmp_path / "x.keras")
    assert_alike(theirs, model, near=1e-6 if name == "float64" else 0.02)


def test_many_layers_of_long_names(tmp_path):
    """More names than one attribute of HDF5 has room for."""
    layers = fastmlp.keras.layers
    names = [f"{'a' * 900}_{i}" for i in range(90)]
    model = fastmlp.keras.Sequential([layers.Input((4,)), *(layers.Dense(4, name=name) for name in names)])
    model.save(tmp_path / "x.h5")
    with h5py.File(tmp_path / "x.h5") as file:
        assert "layer_names" not in file["model_weights"].attrs
        assert "layer_names1" in file["model_weights"].attrs
    for a, b in zip(model.get_weights(), fastmlp.load_model(tmp_path / "x.h5").get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(model.get_weights(), keras.models.load_model(tmp_path / "x.h5").get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_archive_is_as_keras_writes_it(tmp_path):
    model = compiled(fastmlp.keras, "Adam")
    model.save(tmp_path / "x.keras")
    with zipfile.ZipFile(tmp_path / "x.keras") as archive:
        assert archive.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}
        assert json.loads(archive.read("metadata.json"))["keras_version"]
        with h5py.File(io.BytesIO(archive.read("model.weights.h5"))) as file:
            assert file["layers/dense/vars"].attrs["name"] == model.layers[1].name
            assert list(file["optimizer/vars"]) == ["0", "1"]
