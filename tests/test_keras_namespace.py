"""fastmlp.keras: Keras's paths and names, older spellings with a warning, and what is left to Keras."""

from __future__ import annotations

import importlib
import subprocess
import sys
import warnings

import fastmlp
import numpy as np
import pytest
from fastmlp import keras
from fastmlp.keras import _names

X = np.linspace(-1, 1, 24, dtype="float32").reshape(8, 3)
Y = (X.sum(axis=1, keepdims=True) > 0).astype("float32")

OUTSIDE = "it is not in fastmlp: use Keras for this"


def run(code):
    """The names that a piece of code makes."""
    made = {}
    exec(code, made)
    return made


def module(path):
    return importlib.import_module("fastmlp.keras" + ("." + path if path else ""))


def model(outputs=1, loss="binary_crossentropy", **compiled):
    made = keras.Sequential([keras.Input((3,)), keras.layers.Dense(outputs, "sigmoid")])
    made.compile("sgd", loss, **compiled)
    return made


# ---- names


def test_a_script_changes_its_imports_and_nothing_else():
    made = run(
        "from fastmlp.keras.models import Sequential\n"
        "from fastmlp.keras.layers import Dense, Dropout\n"
        "from fastmlp.keras.optimizers import SGD\n"
        "from fastmlp.keras.optimizers.schedules import ExponentialDecay\n"
        "from fastmlp.keras.callbacks import EarlyStopping\n"
        "from fastmlp.keras.utils import to_categorical\n"
        "import fastmlp.keras.backend as K\n"
    )
    assert made["Dense"] is fastmlp.layers.Dense
    assert made["SGD"] is fastmlp.optimizers.SGD
    assert made["ExponentialDecay"] is fastmlp.schedules.ExponentialDecay
    assert made["K"].epsilon() == 1e-7


def test_the_top_has_what_scripts_take_from_it():
    assert keras.Sequential is fastmlp.models.Sequential
    assert keras.Model is fastmlp.models.Model
    assert keras.Layer is fastmlp.layers.Layer
    assert keras.Metric is fastmlp.metrics.Metric
    assert keras.Loss is fastmlp.losses.Loss
    assert keras.version() == keras.__version__ == fastmlp.__version__
    assert keras.optimizers.schedules is sys.modules["fastmlp.keras.optimizers.schedules"]
    with keras.device("cpu:0"):
        assert keras.ops.add(1.0, 2.0).numpy() == 3
    with pytest.raises(ValueError, match="expected a CPU, got 'gpu:0'"), keras.device("gpu:0"):
        pass


@pytest.mark.parametrize("path", sorted({*_names.NAMES, *_names.NAMES_BEFORE, *_names.MODULES_BEFORE}))
def test_every_module_of_keras_can_be_imported(path):
    """And is found below its parent."""
    found = keras
    for part in path.split(".") if path else ():
        found = getattr(found, part)
    assert found is module(path)


TABLES = {**_names.NAMES_BEFORE, **{path: _names.NAMES[path] for path in _names.NAMES}}


@pytest.mark.parametrize("path", sorted(TABLES))
def test_every_name_of_keras_is_there_or_refused(path):
    here, refused = module(path), 0
    for name in {*_names.NAMES.get(path, "").split(), *_names.NAMES_BEFORE.get(path, "").split()}:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            if hasattr(here, name):
                made = run(f"from {here.__name__} import {name}")
                assert made[name] is getattr(here, name)
                continue
        refused += 1
        with pytest.raises(AttributeError, match=rf"got '{name}'; {OUTSIDE}"):
            getattr(here, name)
        with pytest.raises(ImportError, match=rf"got '{name}'; {OUTSIDE}"):
            run(f"from {here.__name__} import {name}")
    assert refused or path not in _names.NAMES_BEFORE, "nothing of older Keras is listed that is here"


HOMES = (
    "activations callbacks config constraints initializers layers losses metrics mixed_precision models ops optimizers "
    "random regularizers saving utils"
)


def test_what_home_has_under_a_name_of_keras_is_here_too():
    for path in HOMES.split():
        home = importlib.import_module(f"fastmlp.{path}")
        names = [name for name in _names.NAMES[path].split() if name in vars(home) and name != "schedules"]
        assert names
        for name in names:
            assert getattr(module(path), name) is getattr(home, name), f"{path}.{name}"


@pytest.mark.parametrize("form", ["attribute", "import"])
def test_what_nobody_has_is_answered_with_the_nearest_name(form):
    with pytest.raises(AttributeError if form == "attribute" else ImportError, match="got Dence; did you mean Dense?"):
        _ = keras.layers.Dence if form == "attribute" else run("from fastmlp.keras.layers import Dence")
    with pytest.raises(ModuleNotFoundError):
        run("import fastmlp.keras.nothing")
    assert not hasattr(keras, "__wrapped__")


def test_importing_fastmlp_does_not_load_it():
    code = "import sys, fastmlp; print('fastmlp.keras' in sys.modules); fastmlp.keras.layers.Dense(1); print('ok')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["False", "ok"], done.stderr


# ---- older spellings

OLDER = {
    "optimizers.RMSProp": "optimizers.RMSprop",
    "optimizer.SGD": "optimizers.SGD",
    "optimizers.legacy.Adam": "optimizers.Adam",
    "optimizers.experimental.Adam": "optimizers.Adam",
    "losses.MSE": "losses.mean_squared_error",
    "losses.bce": "losses.binary_crossentropy",
    "losses.kullback_leibler_divergence": "losses.kl_divergence",
    "layers.core.Dense": "layers.Dense",
    "layers.advanced_activations.LeakyReLU": "layers.LeakyReLU",
    "layers.experimental.preprocessing.Normalization": "layers.Normalization",
    "utils.np_utils.to_categorical": "utils.to_categorical",
    "engine.topology.Layer": "layers.Layer",
    "backend.square": "ops.square",
    "backend.permute_dimensions": "ops.transpose",
    "backend.get_value": "ops.convert_to_numpy",
    "backend.variable": "Variable",
}


@pytest.mark.parametrize("older", OLDER)
def test_older_spellings_work_and_name_the_newer_one(older):
    path, _, name = older.rpartition(".")
    newer_path, _, newer = OLDER[older].rpartition(".")
    message = f"{older} is the older spelling; write keras.{OLDER[older]}$"
    with pytest.warns(DeprecationWarning, match=message) as caught:
        found = getattr(module(path), name)
    assert caught[0].filename == __file__
    assert found is getattr(module(newer_path), newer)
    with pytest.warns(DeprecationWarning, match=older):
        assert run(f"from fastmlp.keras.{path} import {name}")[name] is found


def test_older_paths_refuse_what_the_newer_ones_do():
    with pytest.raises(ImportError, match=f"layers: .* got 'LSTM'; {OUTSIDE}"):
        run("from fastmlp.keras.layers.core import LSTM")
    with pytest.raises(AttributeError, match=f"got 'RandomHue'; {OUTSIDE}"):
        _ = keras.layers.experimental.preprocessing.RandomHue


def test_the_newer_spellings_do_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for path in ("losses", "optimizers", "layers", "metrics", "backend", "utils"):
            for name in _names.NAMES[path].split():
                hasattr(module(path), name)


def test_older_arguments_of_models():
    made, older = model(), model()
    older.set_weights(made.get_weights())
    made.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    with pytest.warns(DeprecationWarning, match="fit: nb_epoch= is the older spelling; write epochs=") as caught:
        older.fit(X, Y, nb_epoch=2, shuffle=False, verbose=0)
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(older.get_weights()[0], made.get_weights()[0])
    with pytest.warns(DeprecationWarning, match="workers= is of older Keras"):
        assert older.evaluate(X, Y, workers=4, verbose=0) == made.evaluate(X, Y, verbose=0)
    with pytest.raises(TypeError, match="nb_epochs"):
        older.fit(X, Y, nb_epochs=2)


def test_generators_of_older_scripts():
    def batches():
        while True:
            yield X[:4], Y[:4]
            yield X[4:], Y[4:]

    made, older = model(metrics=["accuracy"]), model(metrics=["accuracy"])
    older.set_weights(made.get_weights())
    made.fit(X, Y, batch_size=4, epochs=3, shuffle=False, verbose=0)
    with pytest.warns(DeprecationWarning, match=r"write fit\(generator"):
        history = older.fit_generator(batches(), 2, epochs=3, verbose=0, workers=2, validation_data=(X, Y))
    assert len(history.history["val_loss"]) == 3
    np.testing.assert_array_equal(older.get_weights()[0], made.get_weights()[0])
    with pytest.warns(DeprecationWarning, match=r"write evaluate\(generator"):
        found = older.evaluate_generator(batches(), steps=2)
    np.testing.assert_allclose(found, made.evaluate(X, Y, verbose=0), rtol=1e-6)
    with pytest.warns(DeprecationWarning, match=r"write predict\(generator"):
        found = older.predict_generator(batches(), steps=2)
    np.testing.assert_array_equal(found, made.predict(X, verbose=0))


def test_arguments_that_lectures_write():
    with pytest.warns(DeprecationWarning, match="write l2="):
        assert keras.regularizers.l2(l=0.02).l2 == 0.02
    with pytest.warns(DeprecationWarning, match="write rate="):
        assert keras.layers.Dropout(p=0.5).rate == 0.5
    with pytest.warns(DeprecationWarning, match="write learning_rate"):
        assert keras.optimizers.SGD(lr=0.25).learning_rate == 0.25
    with pytest.warns(UserWarning, match="decay is ignored"):
        keras.optimizers.Adam(0.1, decay=1e-6)
    with pytest.warns(DeprecationWarning, match="write reset_state"):
        keras.metrics.Mean().reset_states()
    y, predicted = keras.ops.convert_to_tensor([[1.0], [0.0]]), keras.ops.convert_to_tensor([[0.5], [0.5]])
    with pytest.warns(DeprecationWarning, match="write binary_crossentropy"):
        loss = keras.ops.mean(keras.losses.BinaryCrossentropy(y, predicted))
    assert float(loss) == pytest.approx(np.log(2), rel=1e-6)


def test_reductions_of_older_scripts():
    each = keras.losses.MeanSquaredError(reduction=keras.losses.Reduction.NONE)
    assert each([[1.0], [2.0]], [[0.0], [0.0]]).numpy().tolist() == [1, 4]
    assert keras.losses.MeanSquaredError(keras.losses.Reduction.AUTO)([[1.0], [2.0]], [[0.0], [0.0]]).numpy() == 2.5


# ---- what has a word of its own here


def test_backend():
    K = keras.backend
    assert (K.backend(), K.image_data_format(), K.floatx()) == ("fastmlp", "channels_last", "float32")
    assert K.is_float_dtype("float32")
    assert not K.is_float_dtype("int32")
    assert K.is_int_dtype(np.uint8)
    assert K.result_type("int32", "float64") == "float64"
    assert K.standardize_dtype(int) == "int32"
    assert K.is_keras_tensor(keras.Input((2,)))
    assert not K.is_keras_tensor(np.ones(2))
    v = keras.Variable([1.0, 2.0])
    with pytest.warns(DeprecationWarning, match=r"write x.assign\(value\)"):
        K.set_value(v, [3.0, 4.0])
    assert v.numpy().tolist() == [3, 4]
    K.set_image_data_format("channels_last")
    with pytest.raises(ValueError, match="channels_last"):
        K.set_image_data_format("channels_first")
    with pytest.raises(ValueError, match="expected a tensor"):
        K.is_keras_tensor(3)


def test_clear_session_begins_names_anew():
    keras.backend.clear_session()
    assert keras.layers.Dense(1).name == "dense"
    assert keras.layers.Dense(1).name == "dense_1"
    assert keras.metrics.AUC().name == "auc"
    keras.utils.clear_session()
    assert keras.layers.Dense(1).name == "dense"
    assert keras.metrics.AUC().name == "auc"


def test_custom_objects():
    class Twice(keras.layers.Layer):
        def call(self, inputs):
            return inputs * 2

    keras.utils.get_custom_objects()["Twice"] = Twice
    try:
        config = keras.saving.serialize_keras_object(Twice(name="two"))
        again = keras.saving.deserialize_keras_object(config)
        assert type(again) is Twice
        assert again.name == "two"
        assert keras.saving.get_registered_object("Twice") is Twice
    finally:
        keras.utils.get_custom_objects().clear()
    with pytest.raises(ValueError, match="Twice"):
        keras.saving.deserialize_keras_object(config)
    assert type(keras.saving.deserialize_keras_object(config, custom_objects={"Twice": Twice})) is Twice
    assert type(keras.layers.deserialize(config, custom_objects={"Twice": Twice})) is Twice
    with keras.utils.CustomObjectScope({"Twice": Twice}):
        assert type(keras.layers.deserialize(config)) is Twice
    assert keras.saving.get_registered_name(Twice) in ("Twice", "Custom>Twice")
    assert keras.saving.get_registered_object("Twice") is None


def test_mnist_comes_from_a_file(tmp_path, monkeypatch):
    arrays = {"x_train": np.zeros((3, 28, 28), "u1"), "y_train": np.arange(3, dtype="u1"),
              "x_test": np.ones((2, 28, 28), "u1"), "y_test": np.arange(2, dtype="u1")}  # fmt: skip
    np.savez(tmp_path / "mnist.npz", **arrays)
    monkeypatch.setenv("FASTMLP_DATA", str(tmp_path))
    for found in (keras.datasets.mnist.load_data(), keras.datasets.mnist.load_data(path="mnist.npz"),
                  keras.datasets.mnist.load_data(tmp_path / "mnist.npz")):  # fmt: skip
        (x_train, y_train), (x_test, y_test) = found
        assert (x_train.shape, y_train.tolist(), x_test.shape, y_test.tolist()) == ((3, 28, 28), [0, 1, 2],
                                                                                    (2, 28, 28), [0, 1])  # fmt: skip
    monkeypatch.setenv("FASTMLP_DATA", str(tmp_path / "nowhere"))
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"\.keras.*datasets.*FASTMLP_DATA"):
        keras.datasets.mnist.load_data()


def test_policies_of_types():
    assert keras.dtype_policies.get("mixed_bfloat16").compute_dtype == "bfloat16"
    policy = keras.dtype_policies.get("float64")
    assert keras.dtype_policies.deserialize(keras.dtype_policies.serialize(policy)) == policy
    assert keras.FloatDTypePolicy is keras.DTypePolicy


def test_seeds_of_dropout_with_a_noise_shape():
    y = keras.random.dropout(np.ones((50, 4)), 0.5, noise_shape=(50, 1), seed=1)
    assert set(np.unique(y)) == {0.0, 2.0}
    assert (y == y[:, :1]).all()
