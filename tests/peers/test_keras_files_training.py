"""Training goes on from files that Keras has written, or is to read; and scripts that save and load as Keras's do."""

from __future__ import annotations

import contextlib
import io
import json
import zipfile

import fastmlp.keras
import numpy as np
import pytest
from fastmlp.__main__ import main
from keras_rows import ENDINGS, FIT, X, Y, assert_alike, in_a_row, predicted, shaken

keras = pytest.importorskip("keras", reason="Keras is not installed: pip install '.[peers]'", exc_type=ImportError)
h5py = pytest.importorskip("h5py", reason="h5py is not installed: pip install '.[keras]'")

PAIRS = {"Keras's, read here": (keras, fastmlp.keras), "ours, read by Keras": (fastmlp.keras, keras)}

pytestmark = pytest.mark.filterwarnings("ignore:save. .h5 is Keras's older format")
pairs = pytest.mark.parametrize(("one", "other"), list(PAIRS.values()), ids=list(PAIRS))


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
    if one is keras and "averages" in name and keras.config.backend() == "jax":
        pytest.skip("Keras on JAX cannot fit twice with use_ema=True: its weights and their averages share buffers")
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


def test_the_older_word_for_the_format(tmp_path):
    model = compiled(fastmlp.keras, "Adam")
    with pytest.warns(DeprecationWarning, match="save_format is the older spelling"):
        model.save(tmp_path / "x.keras", save_format="keras")
    assert_alike(model, keras.models.load_model(tmp_path / "x.keras"))
    with pytest.raises(ValueError, match=r"ends in \.keras or \.h5 with save_format='tf', got .*add the ending"):
        model.save(tmp_path / "x", save_format="tf")


@pairs
def test_models_before_compile_and_before_build(tmp_path, one, other):
    model = shaken(in_a_row(one, ["dense"]))
    model.save(tmp_path / "x.keras")
    twin = other.models.load_model(tmp_path / "x.keras")
    assert_alike(model, twin)
    assert not twin.compiled
    rough = one.Sequential([one.layers.Dense(3), one.layers.Dense(2)])
    rough.compile("adam", "mse")
    with pytest.warns(UserWarning, match="not yet been built") if one is keras else contextlib.nullcontext():
        rough.save(tmp_path / "y.keras")
    twin = other.models.load_model(tmp_path / "y.keras")
    assert not twin.built
    twin.fit(X, Y, **FIT)
    assert predicted(twin)[0].shape == (37, 2)


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


def test_tables_from_the_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rows = [f"{a:.3f},{b:.3f},{3 * a - b + 1:.3f}" for a, b, *_ in np.random.default_rng(1).normal(size=(60, 4))]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,y", *rows]))
    for name in ("t.keras", "t.safetensors"):
        assert main(["train", "t.csv", "--target", "y", "--epochs", "30", "--hidden", "8", "--model", name]) == 0
        assert main(["predict", name, "t.csv", "--output", f"{name}.csv"]) == 0
    assert (tmp_path / "t.keras.csv").read_text() == (tmp_path / "t.safetensors.csv").read_text()
    assert keras.models.load_model("t.keras").input_shape == (None, 2)
    compiled(fastmlp.keras, "Adam").save("plain.keras")
    assert main(["predict", "plain.keras", "t.csv"]) != 0
    assert "expected a model that 'train' wrote" in capsys.readouterr().err
    assert main(["train", "t.csv", "--target", "y", "--model", "t.h5"]) != 0
    assert "ends in .keras or .safetensors, got 't.h5'" in capsys.readouterr().err
