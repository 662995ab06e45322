"""Files that Keras has written, read without Keras or h5py; damaged and hostile ones end in a ValueError."""

from __future__ import annotations

import io
import json
import struct
import warnings
import zipfile
from itertools import count

import numpy as np
import pytest
from fastmlp import keras, load_model, saving
from fastmlp.saving import hdf5
from keras_written import FIT, PREDICTED, X, Y, written

NEAR = {"rtol": 0, "atol": 2e-6}


@pytest.fixture
def put(tmp_path):
    """Write bytes to a file of this name."""

    def put(name, data):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return put


@pytest.fixture
def path(put):
    return put("model.keras", written("keras_3.keras"))


def members(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts, method=zipfile.ZIP_STORED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return buffer.getvalue()


def with_config(change):
    """The archive with another config."""
    parts = members(written("keras_3.keras"))
    config = json.loads(parts["config.json"])
    change(config)
    return zipped({**parts, "config.json": json.dumps(config)})


def alike():
    """A model made here like that in the files."""
    x = keras.Input((3,))
    h = keras.layers.Dense(3, activation="tanh")(keras.layers.Normalization()(x))
    part = keras.Sequential([keras.Input((3,)), keras.layers.BatchNormalization(), keras.layers.Dense(3)])
    return keras.Model(x, keras.layers.Dense(1)(keras.layers.Add()([h, part(h)])))


def predicted(model):
    return model.predict(X, verbose=0).ravel()


# ---- what Keras has written


@pytest.mark.parametrize("name", sorted(PREDICTED))
def test_models_predict_and_train_on_as_in_keras(put, name):
    before, after = PREDICTED[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = load_model(put(name.replace("_10", ""), written(name)))
    np.testing.assert_allclose(predicted(model), before, **NEAR)
    assert model.optimizer.iterations == 4
    model.fit(X, Y, **FIT)
    np.testing.assert_allclose(predicted(model), after, rtol=0, atol=1e-5)
    assert np.abs(np.subtract(after, before)).max() > 1e-3


@pytest.mark.parametrize("name", sorted(PREDICTED))
def test_weights_of_whole_models(put, name):
    model = alike()
    model.load_weights(put(name, written(name)))
    np.testing.assert_allclose(predicted(model), PREDICTED[name][0], **NEAR)


def test_files_of_weights_alone(put):
    path = put("x.weights.h5", members(written("keras_3.keras"))["model.weights.h5"])
    model = alike()
    model.load_weights(path)
    np.testing.assert_allclose(predicted(model), PREDICTED["keras_3.keras"][0], **NEAR)
    with pytest.raises(ValueError, match="holds weights alone|weights alone: make the model"):
        load_model(path)


def test_weights_give_the_optimizer_what_it_remembered(path):
    model = alike()
    model.compile("adam", "mse")
    with pytest.warns(UserWarning, match="has nothing for the model's optimizer, adam: 18 variables, .*than its 2"):
        model.load_weights(path)  # as in Keras, whose optimizers, too, are made ready by the first step
    model.fit(X, Y, **FIT)
    model.load_weights(path)
    assert model.optimizer.iterations == 4
    model.fit(X, Y, **FIT)
    np.testing.assert_allclose(predicted(model), PREDICTED["keras_3.keras"][1], rtol=0, atol=1e-5)
    model.compile("rmsprop", "mse")
    model.fit(X, Y, **FIT)
    with pytest.warns(UserWarning, match="nothing for the model's optimizer, rm_sprop"):
        model.load_weights(path)


def test_not_compiled_if_not_asked_for(path):
    model = load_model(path, compile=False)
    assert not model.compiled
    np.testing.assert_allclose(predicted(model), PREDICTED["keras_3.keras"][0], **NEAR)


# ---- what does not fit


def state(model):
    return [*model.get_weights(), *(v.numpy() for v in model.optimizer.variables)]


def other(width):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3), keras.layers.Dense(width)])
    model.compile("adam", "mse")
    return model


@pytest.mark.parametrize("name", ["keras_3.keras", "keras_3.h5"])
def test_a_file_that_does_not_fit_changes_nothing(put, name):
    path, model = put(name, written(name)), other(2)
    before = state(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(ValueError, match="load_weights: expected") as error:
            model.load_weights(path)
    if name.endswith(".keras"):
        for line in (
            "layers/dense_1/vars/0 has shape (3, 1) in the file and (3, 2) in the model",
            "layers/normalization/vars/0 of shape (3,) is not in the model",
            "layers/sequential/layers/dense/vars/1 of shape (3,) is not in the model",
            "build the model alike, or say skip_mismatch=True",
        ):
            assert line in str(error.value)
    else:
        assert "4 layers with weights, ['normalization', 'dense', " in str(error.value)
    for a, b in zip(before, state(model), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("nth", [0, 5, 10, 25, 30])
def test_an_array_that_cannot_be_read_changes_nothing(path, nth, monkeypatch):
    model = alike()
    model.compile("adam", "mse")
    model.fit(X, Y, **FIT)
    before, calls, read = state(model), count(), hdf5.Dataset.read

    def failing(dataset):
        if next(calls) == nth:
            raise ValueError("HDF5: expected a number, got a scratch")
        return read(dataset)

    monkeypatch.setattr(hdf5.Dataset, "read", failing)
    with pytest.raises(ValueError, match="load_weights: .* got a scratch"):
        model.load_weights(path)
    for a, b in zip(before, state(model), strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_differs_can_be_skipped(path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(3), keras.layers.Dense(2)])
    bias = model.layers[1].bias.numpy()
    with pytest.warns(UserWarning, match="layers/dense_1/vars.*stay as they are"):
        model.load_weights(path, skip_mismatch=True)
    whole = alike()
    whole.load_weights(path)
    np.testing.assert_array_equal(model.layers[0].kernel.numpy(), whole.layers[2].kernel.numpy())
    np.testing.assert_array_equal(model.layers[1].bias.numpy(), bias)


def test_layers_of_older_files_by_name(put):
    path = put("x.h5", written("keras_3.h5"))
    model = keras.Sequential(
        [keras.Input((3,)), keras.layers.Dense(3, name="dense"), keras.layers.Dense(3, name="mine")]
    )
    mine = model.get_layer("mine").kernel.numpy()
    model.load_weights(path, by_name=True)
    whole = alike()
    whole.load_weights(path)
    np.testing.assert_array_equal(model.get_layer("dense").kernel.numpy(), whole.layers[2].kernel.numpy())
    np.testing.assert_array_equal(model.get_layer("mine").kernel.numpy(), mine)
    wide = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, name="dense")])
    with pytest.raises(ValueError, match=r"dense/0 kernel has shape \(3, 3\) in the file and \(3, 4\) in the model"):
        wide.load_weights(path, by_name=True)


def test_by_name_is_for_older_files(put, path):
    with pytest.raises(ValueError, match="no names of layers to go by"):
        alike().load_weights(path, by_name=True)


# ---- no code, no bombs, no surprises


def replaced(config, find, by):
    """Put something in the place of each layer of a class."""
    for layer in config["config"]["layers"]:
        if layer["class_name"] == find:
            layer.update(by)


CODE = {"class_name": "__lambda__", "config": {"code": "4wEAAAA=", "defaults": None, "closure": None}}


@pytest.mark.parametrize("safe_mode", [True, False])
def test_code_is_never_run(put, safe_mode):
    by = {"class_name": "Lambda", "config": {"name": "code", "function": CODE}}
    path = put("x.keras", with_config(lambda config: replaced(config, "Add", by)))
    with pytest.raises(ValueError, match="expected settings that are no code, got __lambda__"):
        load_model(path, safe_mode=safe_mode)


def test_nothing_is_imported(put):
    by = {"module": "os", "class_name": "system", "registered_name": "system", "config": {"name": "add"}}
    path = put("x.keras", with_config(lambda config: replaced(config, "Add", by)))
    with pytest.raises(ValueError, match="system"):
        load_model(path)


def test_a_config_cannot_ask_for_more_than_the_file_holds(put):
    def enlarge(config):
        replaced(config, "Dense", {"config": {"name": "dense", "units": 10**9}})

    with pytest.raises(ValueError, match="expected sizes that the file has numbers for"):
        load_model(put("x.keras", with_config(enlarge)))


def crc_off(data):
    """The archive with one byte of a weight changed."""
    at = data.index(b"\x89HDF") + 3000
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def encrypted(data):
    """The archive that says its members are encrypted."""
    for start, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        place = -1
        while (place := data.find(start, place + 1)) >= 0:
            data = data[: place + at] + struct.pack("<H", 1) + data[place + at + 2 :]
    return data


def with_a_second_config(data):
    buffer = io.BytesIO(data)
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("config.json", "{}")
    return buffer.getvalue()


WHOLE = written("keras_3.keras")
PARTS = members(WHOLE)
BAD = {
    "packed 1000 times": (
        lambda: zipped({**PARTS, "model.weights.h5": bytes(100 << 20)}, zipfile.ZIP_DEFLATED),
        "packed into",
    ),
    "a long config": (lambda: zipped({**PARTS, "config.json": bytes(1 << 25)}, zipfile.ZIP_DEFLATED), "config.json of"),
    "packed by LZMA": (lambda: zipped(PARTS, zipfile.ZIP_LZMA), "packed by method 14"),
    "many members": (lambda: zipped({**PARTS, **{f"assets/{i}": b"" for i in range(5000)}}), "5003 members"),
    "a member twice": (lambda: with_a_second_config(WHOLE), "4 members, .* each once"),
    "no config": (lambda: zipped({"model.weights.h5": PARTS["model.weights.h5"]}), "no config.json in it"),
    "no weights": (lambda: zipped({"config.json": b"{}"}), "no model.weights.h5 in it"),
    "weights in another format": (lambda: zipped({"config.json": b"{}", "model.weights.npz": b""}), "no model.weights"),
    "a wrong sum": (lambda: crc_off(WHOLE), "BadZipFile.*CRC"),
    "encrypted": (lambda: encrypted(WHOLE), "RuntimeError.*encrypted"),
    "cut short": (lambda: WHOLE[:-100], "BadZipFile"),
    "no archive": (lambda: written("keras_3.h5"), "BadZipFile"),
    "a config that is no object": (lambda: zipped({**PARTS, "config.json": b"[1]"}), "expected a JSON object"),
    "a deep config": (lambda: zipped({**PARTS, "config.json": b"[" * 9999 + b"]" * 9999}), "levels"),
    "no text": (lambda: zipped({**PARTS, "config.json": b"\xff\xfe"}), "Unicode"),
}


@pytest.mark.parametrize("case", sorted(BAD))
def test_archives_that_are_none(put, case):
    make, what = BAD[case]
    path = put("x.keras", make())
    with pytest.raises(ValueError, match=f"(?s)load_model: expected a whole file of a model.*{what}"):
        load_model(path)


def test_no_file_at_all(tmp_path):
    for name in ("x.keras", "x.h5", "x.weights.h5"):
        with pytest.raises(FileNotFoundError, match="load_weights: expected a file, got .*check the path"):
            alike().load_weights(tmp_path / name)


def error_of(load):
    """What it raises, if anything."""
    try:
        load()
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("seed", range(30))
def test_damaged_files_end_in_a_word(put, seed):
    """Or load: many a byte is of no account. A model that is given weights is changed by whole files only."""
    rng = np.random.default_rng(seed)
    name = sorted(PREDICTED)[seed % len(PREDICTED)]
    data = bytearray(written(name))
    if name.endswith(".keras"):
        parts = members(bytes(data))
        data = bytearray(parts["model.weights.h5"])
    for at in rng.integers(0, len(data), 12):
        data[at] = rng.choice([0, 255, rng.integers(256)])
    whole = zipped({**parts, "model.weights.h5": bytes(data)}) if name.endswith(".keras") else bytes(data)
    path, model = put(name, whole), alike()
    before = model.get_weights()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for load in (lambda: load_model(path), lambda: model.load_weights(path)):
            said = error_of(load)
            assert said is None or said.startswith("load_")
    for a, b in zip(before, model.get_weights(), strict=True) if said else ():
        np.testing.assert_array_equal(a, b)


# ---- what they are called


def test_without_h5py_the_extra_is_named(monkeypatch, tmp_path):
    import sys

    monkeypatch.setitem(sys.modules, "h5py", None)
    model = other(2)
    for save in (model.save, model.save_weights):
        with pytest.raises(ImportError, match=r"expected h5py, .*pip install 'fastmlp\[keras\]'"):
            save(tmp_path / ("x.keras" if save == model.save else "x.weights.h5"))
    assert not list(tmp_path.iterdir())


def test_map_is_for_files_of_others(path):
    with pytest.raises(ValueError, match="expected map=None for a file of Keras"):
        alike().load_weights(path, map="torch")


def test_places_are_those_of_keras():
    from fastmlp.saving.keras_layout import places

    class Part(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.z, self._own = keras.layers.Dense(2), keras.layers.Dense(2)
            self.many = [keras.layers.Dense(2), (keras.layers.Dense(2),), {"k": keras.layers.Dropout(0.5)}]
            self.features = self.many[0]

        def call(self, x):
            return self.z(self._own(x))

    class Whole(keras.Model):
        def __init__(self):
            super().__init__()
            self.out, self.a = keras.layers.Dense(2), keras.layers.Dense(2)
            self.part, self.row = Part(), keras.Sequential([keras.layers.Dense(2), keras.layers.Dense(2)])

        @property
        def last(self):
            return self.out

        @property
        def broken(self):
            raise KeyError

        def call(self, x):
            return self.out(self.a(x))

    assert list(places(Whole())) == [
        "", "a", "last", "layers/part", "layers/part/features", "layers/part/many/container/dense",
        "layers/part/many/container_1/dropout", "layers/part/z", "layers/part/_own",
        "layers/sequential", "layers/sequential/layers/dense", "layers/sequential/layers/dense_1",
    ]  # fmt: skip


def test_saving_offers_them():
    assert keras.saving.load_weights is saving.load_weights
    assert keras.models.load_model is load_model
