"""What is saved comes back, and training goes on bit for bit."""

from __future__ import annotations

import json
import subprocess
import sys
import threading

import fastmlp
import numpy as np
import pytest
from fastmlp import config, layers, saving
from fastmlp._objects import find_registered, register_serializable
from fastmlp.callbacks import BackupAndRestore, Callback
from fastmlp.models import Sequential
from fastmlp.optimizers import SGD, Adam
from fastmlp.schedules import ExponentialDecay
from safetensors import safe_open
from safetensors.numpy import load_file
from saving_cases import X, Y, arrays, assert_same, changed, fitted, forget_types, made


@pytest.fixture(scope="module")
def model():
    return fitted(made())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


@pytest.fixture
def saved(model, path):
    saving.save_model(model, path)
    return path


# ---- whole models


def test_a_model_comes_back_as_it_was(model, saved):
    loaded = saving.load_model(saved)
    assert type(loaded) is Sequential
    assert loaded.get_config() == model.get_config()
    assert loaded.get_compile_config() == model.get_compile_config()
    assert_same(model, loaded)
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
    assert loaded.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)


def test_the_file_says_what_it_is(model, saved):
    with safe_open(saved, "numpy") as file:
        metadata = file.metadata()
    assert (metadata["format"], metadata["format_version"]) == ("fastmlp", "1")
    assert metadata["fastmlp_version"] == fastmlp.__version__
    assert metadata["class_name"] == "Sequential"
    assert json.loads(metadata["config"]) == model.get_config()
    tensors = load_file(saved)
    norm = {f"weights/batch_normalization/{name}" for name in ("gamma", "beta", "moving_mean", "moving_variance")}
    dense = {f"weights/{layer}/{name}" for layer in ("dense", "dense_1") for name in ("kernel", "bias")}
    assert {name for name in tensors if name.startswith("weights/")} == dense | norm
    np.testing.assert_array_equal(tensors["weights/dense_1/kernel"], model.layers[-1].kernel.numpy())
    assert tensors["optimizer/0"] == model.optimizer.iterations == 6


def test_equal_models_make_equal_files(model, tmp_path):
    files = [tmp_path / f"{i}.safetensors" for i in range(5)]
    for file in files:
        saving.save_model(model, file)
    assert len({file.read_bytes() for file in files}) == 1


OPTIMIZERS = {
    "adam": lambda: Adam(0.01, amsgrad=True),
    "sgd": lambda: SGD(0.01, momentum=0.9, nesterov=True, weight_decay=0.01),
    "schedule": lambda: Adam(ExponentialDecay(0.01, 5, 0.5)),
    "averaging": lambda: Adam(0.01, use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=4),
    "rmsprop": lambda: "rmsprop",
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_training_goes_on_bit_for_bit(name, path, tmp_path):
    straight = fitted(made(OPTIMIZERS[name]()))
    saving.save_model(straight, path)
    saving.save_state(straight, tmp_path / "state")
    other = fitted(made(OPTIMIZERS[name]()), 2)
    saving.load_state(other, tmp_path / "state")
    from_model = made(OPTIMIZERS[name]())
    saving.load_state(from_model, path)
    fitted(straight, 2)
    for resumed in (saving.load_model(path), other, from_model):
        assert_same(straight, fitted(resumed, 2))


def test_training_goes_on_bit_for_bit_in_another_process(path, tmp_path):
    straight = fitted(made())
    saving.save_model(straight, path)
    np.savez(tmp_path / "data.npz", x=X, y=Y)
    code = (
        "import sys, numpy as np\n"
        "from fastmlp.saving import load_model\n"
        "data, model = np.load(sys.argv[1]), load_model(sys.argv[2])\n"
        "model.fit(data['x'], data['y'], batch_size=16, epochs=2, verbose=0)\n"
        "model.save(sys.argv[2])\n"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "data.npz", path], check=True)
    assert_same(fitted(straight, 2), saving.load_model(path))


def test_a_rate_that_was_changed_comes_back(path):
    model = fitted(made("sgd"))
    model.optimizer.learning_rate = 0.3
    saving.save_model(model, path)
    assert float(saving.load_model(path).optimizer.learning_rate) == 0.3


def test_models_at_any_stage_are_saved(path):
    unbuilt = Sequential([layers.Dense(3)])
    saving.save_model(unbuilt, path)
    loaded = saving.load_model(path)
    assert not loaded.built
    assert not loaded.compiled
    unbuilt.compile("adam", "mse")
    saving.save_model(unbuilt, path)
    assert saving.load_model(path).optimizer.iterations == 0
    unbuilt.build((None, 2))
    saving.save_model(unbuilt, path)
    loaded = fitted_mse = saving.load_model(path)
    np.testing.assert_array_equal(loaded.get_weights()[0], unbuilt.get_weights()[0])
    fitted_mse.fit(np.ones((4, 2)), np.ones((4, 3)), verbose=0)


def test_the_optimizer_may_stay_behind(model, path):
    saving.save_model(model, path, include_optimizer=False)
    loaded = saving.load_model(path)
    assert not loaded.compiled
    assert not [name for name in load_file(path) if not name.startswith("weights/")]
    saving.save_model(model, path)
    assert not saving.load_model(path, compile=False).compiled


def test_an_optimizer_of_other_weights_begins_anew(path):
    model = fitted(made())
    model.layers[0].trainable = False  # after compile: the optimizer still has its slots
    saving.save_model(model, path)
    with pytest.warns(UserWarning, match="begins anew"):
        loaded = saving.load_model(path)
    assert loaded.optimizer.iterations == 0
    np.testing.assert_array_equal(loaded.get_weights()[0], model.get_weights()[0])


@pytest.mark.parametrize("older", [lambda path: path, forget_types])
def test_float64_comes_back_whatever_is_usual_then(older, path):
    config.set_floatx("float64")
    try:
        model = Sequential([layers.Input((2,)), layers.Dense(3), layers.BatchNormalization()])
        saving.save_model(model, path)
    finally:
        config.set_floatx("float32")
    loaded = saving.load_model(older(path))
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        assert other.dtype == np.float64
        np.testing.assert_array_equal(one, other)


# ---- weights


def test_weights_go_by_what_layers_are_not_by_names(model, path):
    saving.save_weights(model, path)
    other = made()
    assert [layer.name for layer in other.layers] != [layer.name for layer in model.layers]
    saving.load_weights(other, path)
    for one, same in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(one, same)


def test_weights_come_from_files_of_models_and_states_too(model, saved, tmp_path):
    saving.save_state(model, tmp_path / "state")
    for file in (saved, tmp_path / "state"):
        other = made()
        saving.load_weights(other, str(file))
        np.testing.assert_array_equal(other.get_weights()[-2], model.get_weights()[-2])


def test_weights_that_differ_are_listed_and_none_is_changed(model, path):
    saving.save_weights(model, path)
    other = Sequential([layers.Input((6,)), layers.Dense(5), layers.Dense(4), layers.LayerNormalization()])
    before = other.get_weights()
    with pytest.raises(ValueError, match="load_weights: expected") as failure:
        saving.load_weights(other, path)
    for part in (
        "weights/dense_1/kernel has shape (5, 3) in the file and (5, 4) in the model",
        "weights/layer_normalization/gamma of shape (4,) is not in the file",
        "weights/batch_normalization/moving_mean of shape (5,) is not in the model",
        str(path),
        "skip_mismatch=True",
    ):
        assert part in str(failure.value)
    for one, same in zip(before, other.get_weights(), strict=True):
        np.testing.assert_array_equal(one, same)


def test_layers_that_differ_can_be_skipped(model, path):
    saving.save_weights(model, path)
    other = Sequential([layers.Input((6,)), layers.Dense(5), layers.Dense(3, use_bias=False), layers.Dense(2)])
    before = other.get_weights()
    with pytest.warns(UserWarning, match="weights/dense_1.*weights/dense_2") as caught:
        other.load_weights(path, skip_mismatch=True)
    assert caught[0].filename == __file__
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0])
    np.testing.assert_array_equal(other.get_weights()[1], model.get_weights()[1])
    for i in (2, 3, 4):  # dense_1 as a whole: it has no bias here
        np.testing.assert_array_equal(other.get_weights()[i], before[i])


def test_weights_of_the_other_real_type_are_converted(path):
    wide = Sequential([layers.Input((2,)), layers.Dense(3, dtype="float64")])
    narrow = Sequential([layers.Input((2,)), layers.Dense(3)])
    saving.save_weights(wide, path)
    saving.load_weights(narrow, path)
    np.testing.assert_array_equal(narrow.get_weights()[0], wide.get_weights()[0].astype("float32"))
    changed(path, {"weights/dense/kernel": np.zeros((2, 3), np.int64)})
    with pytest.raises(ValueError, match="type I64 in the file and F32"):
        saving.load_weights(narrow, path)


def test_variables_of_one_name_have_paths_of_their_own(path):
    class Twice(layers.Dense):
        def build_weights(self, shape):
            super().build_weights(shape)
            self.again = self.add_weight((2,), "ones", name="kernel")

    twice = Sequential([layers.Input((2,)), Twice(1), Twice(1)])
    saving.save_weights(twice, path)
    assert sorted(load_file(path)) == [
        f"weights/{layer}/{name}" for layer in ("twice", "twice_1") for name in ("bias", "kernel", "kernel_1")
    ]


def test_weights_need_a_built_model(path):
    for call in (saving.save_weights, saving.load_weights, saving.save_state, saving.load_state):
        with pytest.raises(RuntimeError, match="expected a built model"):
            call(Sequential([layers.Dense(2)]), path)
    assert not path.exists()


# ---- states


def test_states_carry_what_else_is_given(model, path):
    saving.save_state(model, path, {"wait": 3, "best": 0.25, "seen": [1, 2]})
    assert saving.load_state(made(), path) == {"wait": 3, "best": 0.25, "seen": [1, 2]}
    saving.save_state(model, path)
    assert saving.load_state(made(), path) == {}
    with pytest.raises(ValueError, match="that JSON can hold"):
        saving.save_state(model, path, {"model": model})


def test_states_are_for_models_compiled_alike(model, path):
    saving.save_state(model, path)
    for other, message in (
        (made("sgd"), "optimizer Adam|got one with 'Adam'"),
        (made(Adam(amsgrad=True)), "optimizer/14 of shape .* is not in the file"),
        (made(width=4), "weights/dense/kernel has shape"),
    ):
        before = arrays(other)
        with pytest.raises(ValueError, match=message):
            saving.load_state(other, path)
        for one, same in zip(before, arrays(other), strict=False):
            np.testing.assert_array_equal(one, same)
    with pytest.raises(RuntimeError, match="before compile"):
        saving.load_state(Sequential([layers.Input((2,)), layers.Dense(1)]), path)
    saving.save_weights(model, path)
    with pytest.raises(ValueError, match="training_state"):
        saving.load_state(made(), path)


class Interrupt(Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt


def test_an_interrupted_fit_goes_on_bit_for_bit(tmp_path):
    first, straight = made(), made()
    saving.save_state(first, tmp_path / "start")
    saving.load_state(straight, tmp_path / "start")
    fitted(straight, 4)
    with pytest.raises(KeyboardInterrupt):
        fitted(first, 4, callbacks=[BackupAndRestore(tmp_path / "backup"), Interrupt()])
    second = fitted(made(), 4, callbacks=[BackupAndRestore(tmp_path / "backup")])
    assert_same(straight, second)


# ---- custom objects


class Half(layers.Dense):
    """Registered nowhere."""


@register_serializable("mine")
class Known(layers.Dense):
    """Registered."""


def test_registered_classes_come_back(path):
    saving.save_model(Sequential([layers.Input((2,)), Known(3)]), path)
    assert type(saving.load_model(path).layers[0]) is Known


def test_classes_that_are_not_registered_are_given(path):
    model = Sequential([layers.Input((2,)), Half(3)])
    saving.save_model(model, path)
    with pytest.raises(ValueError, match=r"custom_objects=\{'Half'.*register_serializable"):
        saving.load_model(path)
    assert type(saving.load_model(path, custom_objects={"Half": Half}).layers[0]) is Half
    with saving.custom_object_scope({"Half": Half}):
        assert type(saving.load_model(path).layers[0]) is Half
        assert type(saving.model_from_json(model.to_json()).layers[0]) is Half
    with pytest.raises(ValueError, match="custom_objects"):
        saving.model_from_json(model.to_json())
    assert type(saving.clone_model(model).layers[0]) is Half


def test_custom_objects_are_classes_and_functions(saved):
    with pytest.raises(TypeError, match="custom_objects: expected classes"):
        saving.load_model(saved, custom_objects={"Half": 3})


def test_scopes_nest_end_and_are_of_one_thread():
    seen = []
    with saving.custom_object_scope({"A": int, "B": int}):
        with saving.custom_object_scope({"A": float}):
            assert (find_registered("A"), find_registered("Custom>A"), find_registered("B")) == (float, float, int)
        assert find_registered("A") is int

        def look():
            try:
                find_registered("A")
            except ValueError as error:
                seen.append(error)

        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert len(seen) == 1
    with pytest.raises(ValueError, match="from_config: expected one of"):
        find_registered("A")


def test_functions_without_a_name_are_not_saved(path):
    model = Sequential([layers.Input((2,)), layers.Dense(3)])
    model.compile("sgd", "mse", metrics=[lambda y_true, y_pred: 0.0])
    with pytest.raises(ValueError, match="register_serializable"):
        saving.save_model(model, path)
    assert not path.exists()


def distance(y_true, y_pred):
    return np.abs(y_true - y_pred).mean(-1)


def test_metrics_that_are_functions_come_back(path):
    model = Sequential([layers.Input((2,)), layers.Dense(3)])
    model.compile("sgd", "mse", metrics=[distance])
    saving.save_model(model, path)
    loaded = saving.load_model(path, custom_objects={"distance": distance})
    x, y = np.ones((4, 2), "float32"), np.ones((4, 3), "float32")
    assert loaded.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)


# ---- JSON and clones


def test_json_holds_all_but_weights(model):
    text = saving.model_to_json(model, indent=1)
    again = saving.model_from_json(text)
    assert again.get_config() == model.get_config()
    assert again.get_compile_config() == model.get_compile_config()
    assert not np.array_equal(again.get_weights()[0], model.get_weights()[0])
    model = Sequential([layers.Dense(2)])
    assert not saving.model_from_json(model.to_json()).compiled
    for bad in ("", "[]", "{}", '{"class_name": "Dense", "config": {"units": 3}}', "[" * 100000, "[" * 99 + "]" * 99):
        with pytest.raises(ValueError, match=".+"):
            saving.model_from_json(bad)
    with pytest.raises(TypeError, match="expected text"):
        saving.model_from_json({})


def test_clones_have_weights_of_their_own(model):
    clone = saving.clone_model(model)
    assert clone.get_config() == model.get_config()
    assert clone.get_compile_config() == model.get_compile_config()
    assert not np.array_equal(clone.get_weights()[0], model.get_weights()[0])
    assert not {id(v) for v in clone.weights} & {id(v) for v in model.weights}
