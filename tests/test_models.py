"""Models change: layers are shared, frozen, added and taken away; models are compiled anew, copied, pickled."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from fastmlp import Input, Sequential, losses, optimizers
from fastmlp.layers import BatchNormalization, Dense, Dropout, Flatten, PReLU, Reshape
from fastmlp.saving import load_state, save_state


def data(rng, outputs=2, rows=40):
    return rng.normal(size=(rows, 3)).astype("float32"), rng.normal(size=(rows, outputs)).astype("float32")


def made(*more, optimizer="adam", dtype=None):
    model = Sequential([Input((3,)), Dense(5, "tanh", dtype=dtype), *more, Dense(2, dtype=dtype)])
    model.compile(optimizer, "mse", metrics=["mae"])
    return model


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def test_models_that_share_layers_see_each_others_training(rng):
    x, y = data(rng)
    body = [Dense(5, "tanh"), BatchNormalization()]
    one, two = (Sequential([Input((3,)), *body, Dense(2)]) for _ in "ab")
    features = Sequential([Input((3,)), *body])
    for model in (one, two):
        model.compile(optimizers.SGD(0.1), "mse")
    for turn in range(4):
        model, other = ((one, two), (two, one))[turn % 2]
        before = features.predict(x, verbose=0), other.predict(x, verbose=0)
        model.fit(x, y, verbose=0)
        assert same(one.get_weights()[:-2], two.get_weights()[:-2])
        assert same(one.get_weights()[:-2], features.get_weights())
        assert np.any(features.predict(x, verbose=0) != before[0])
        assert np.any(other.predict(x, verbose=0) != before[1])
    w = one.get_weights()
    h = (np.tanh(x @ w[0] + w[1]) - w[4]) / np.sqrt(w[5] + 1e-3) * w[2] + w[3]
    np.testing.assert_allclose(features.predict(x, verbose=0), h, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(one.predict(x, verbose=0), h @ w[6] + w[7], rtol=1e-4, atol=1e-5)


def test_a_head_on_a_frozen_body(rng):
    x, y = data(rng)
    body = Sequential([Input((3,)), Dense(5, "tanh"), BatchNormalization()])
    body.trainable = False
    model = Sequential([*body.layers, Dense(2)])
    model.build((None, 3))
    model.compile("adam", "mse")
    before = model.get_weights()
    assert len(model.trainable_weights) == 2
    model.fit(x, y, verbose=0)
    after = model.get_weights()
    assert same(before[:6], after[:6])
    assert not np.array_equal(before[-2], after[-2])
    body.trainable = True
    model.compile("adam", "mse")
    assert len(model.trainable_weights) == 6
    model.fit(x, y, verbose=0)
    assert not any(np.array_equal(a, b) for a, b in zip(after, model.get_weights(), strict=True))


def test_a_layer_frozen_after_compiling_stays_when_compiled_again(rng):
    x, y = data(rng)
    model = made()
    model.fit(x, y, verbose=0)
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(x, y, verbose=0)
    after = model.get_weights()
    assert same(before[:2], after[:2])
    assert not same(before[2:], after[2:])


@pytest.mark.parametrize("first", [True, False])
def test_layers_frozen_or_thawed_since_want_another_compile(first, rng):
    x, y = data(rng)
    model = made()
    model.layers[0].trainable = first
    model.compile("sgd", "mse")
    model.fit(x, y, verbose=0)
    model.layers[0].trainable = not first
    now = "frozen" if first else "trainable"
    for call in (lambda: model.fit(x, y, verbose=0), lambda: model.train_on_batch(x, y)):
        with pytest.raises(RuntimeError, match=f"'{model.layers[0].name}', which is {now} since"):
            call()
    model.evaluate(x, y, verbose=0)
    model(x, training=True)
    model.layers[0].trainable = first
    model.fit(x, y, verbose=0)
    model.layers[0].trainable = not first
    model.compile("sgd", "mse")
    model.fit(x, y, verbose=0)


def test_layers_frozen_between_compile_and_fit_stay(rng):
    x, y = data(rng)
    model = made()
    before = model.get_weights()
    model.evaluate(x, y, verbose=0)
    model.layers[0].trainable = False
    model.fit(x, y, verbose=0)
    assert same(before[:2], model.get_weights()[:2])
    assert not same(before[2:], model.get_weights()[2:])


def test_a_state_read_back_does_not_hide_that_layers_are_frozen_since(rng, tmp_path):
    x, y = data(rng)
    model = made()
    model.fit(x, y, verbose=0)
    save_state(model, tmp_path / "state")
    load_state(model, tmp_path / "state")
    model.layers[0].trainable = False
    with pytest.raises(RuntimeError, match="which is frozen since; compile the model again"):
        model.fit(x, y, verbose=0)
    model.layers[0].trainable = True
    model.fit(x, y, verbose=0)


def test_layers_frozen_for_an_evaluation_only_are_trained(rng):
    x, y = data(rng)
    model, twin = made(), made()
    twin.set_weights(model.get_weights())
    twin._program_seed, twin._shuffle_seed = model._program_seed, model._shuffle_seed
    model.trainable = False
    assert model.evaluate(x, y, verbose=0) == twin.evaluate(x, y, verbose=0)
    model.trainable = True
    assert model.fit(x, y, verbose=0).history == twin.fit(x, y, verbose=0).history
    assert same(model.get_weights(), twin.get_weights())


@pytest.mark.parametrize("alone", [True, False])
def test_a_frozen_layer_infers_in_training_as_well(alone, rng):
    x, _ = data(rng)
    layer = BatchNormalization()
    call = layer if alone else Sequential([Input((3,)), layer])
    for learns in (True, False, True):
        layer.trainable = learns
        before = layer.moving_mean.numpy() if layer.built else np.zeros(3)
        given = call(x, training=True)
        assert np.array_equal(layer.moving_mean.numpy(), before) != learns
        assert np.array_equal(given, call(x)) != learns


def test_compiling_again_changes_the_loss_and_forgets_momentum(rng):
    x, y = data(rng)
    model, fresh = made(), made()
    model.fit(x, y, epochs=2, verbose=0)
    fresh.set_weights(model.get_weights())
    fresh._epoch, fresh._shuffle_seed = model._epoch, model._shuffle_seed
    for one in (model, fresh):
        one.compile("adam", "mae")
    assert model.fit(x, y, verbose=0).history == fresh.fit(x, y, verbose=0).history
    assert same(model.get_weights(), fresh.get_weights())


def test_the_same_optimizer_goes_on_when_compiled_again(rng):
    x, y = data(rng)
    model = made()
    model.fit(x, y, verbose=0)
    model.compile(model.optimizer, "mse")
    assert model.optimizer.iterations == 2
    model.fit(x, y, verbose=0)
    assert model.optimizer.iterations == 4


def test_layers_are_taken_away_and_added(rng):
    x, y = data(rng)
    model = made()
    model.fit(x, y, verbose=0)
    kept = model.get_weights()[:2]
    last = model.layers[-1]
    assert model.pop() is last
    assert model.output_shape == (None, 5)
    np.testing.assert_allclose(model.predict(x, verbose=0), np.tanh(x @ kept[0] + kept[1]), rtol=1e-5, atol=1e-6)
    model.add(PReLU())
    model.add(Dense(1))
    assert model.output_shape == (None, 1)
    assert same(model.get_weights()[:2], kept)
    with pytest.raises(ValueError, match="make a new optimizer"):  # that of compile knows other variables
        model.fit(x, y[:, :1], verbose=0)
    model.compile("sgd", losses.Huber(), metrics=["mae"])
    before = model.get_weights()
    assert [w.shape for w in before] == [(3, 5), (5,), (5,), (5, 1), (1,)]
    assert set(model.fit(x, y[:, :1], verbose=0).history) == {"loss", "mae"}
    assert not any(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


def test_a_model_without_a_shape_takes_that_of_the_data(rng):
    x, y = data(rng)
    model = Sequential([Dense(4, "relu"), Dense(2)])
    model.compile("sgd", "mse")
    assert not model.built
    model.fit(x, y, verbose=0)
    assert model.input_shape == (None, 3)
    assert [w.shape for w in model.get_weights()] == [(3, 4), (4,), (4, 2), (2,)]
    with pytest.raises(ValueError, match="3 columns"):
        model.predict(x[:, :2], verbose=0)


def test_after_a_shape_that_does_not_fit_another_may(rng):
    x, _ = data(rng, outputs=1)
    model = Sequential([BatchNormalization(), Reshape((2, 2)), Flatten(), Dense(1)])
    for _ in range(2):
        with pytest.raises(ValueError, match="reshape"):
            model.predict(x, verbose=0)
    assert not model.built
    assert model.predict(np.concatenate([x, x[:, :1]], 1), verbose=0).shape == (40, 1)
    assert model.input_shape == (None, 4)


@pytest.mark.filterwarnings("ignore:.*older spelling")
@pytest.mark.parametrize("error", [ValueError, MemoryError])
def test_what_cannot_be_added_leaves_the_model_as_it_was(error):
    def fail(shape, dtype=None):
        raise error

    empty, full = Sequential(), Sequential([Input((3,)), Dense(2)])
    wrong = Dense(2, kernel_initializer=fail)
    first = Dense(2, kernel_initializer=fail, input_shape=(3,))
    for model, more in ((empty, first), (full, wrong), (full, Sequential([Dense(2), wrong]))):
        before = model.layers
        with pytest.raises(error):
            model.add(more)
        assert model._layers[-1:] == model.layers[-1:] == before[-1:]
    full.add(Dense(1))
    assert full.output_shape == (None, 1)


COPIES = {
    "deepcopy": copy.deepcopy,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
}


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_copies_go_on_as_the_model_would_have(way, dtype, rng):
    x, y = data(rng)
    more = (BatchNormalization(dtype=dtype), Dropout(0.2), PReLU(dtype=dtype))
    model = made(*more, optimizer=optimizers.Adam(0.01, use_ema=True), dtype=dtype)
    model.fit(x, y, epochs=2, verbose=0)
    twin = COPIES[way](model)
    assert twin is not model
    assert same(model.get_weights(), twin.get_weights())
    before = model.get_weights()
    history = twin.fit(x, y, epochs=2, verbose=0).history
    assert same(before, model.get_weights())
    assert model.fit(x, y, epochs=2, verbose=0).history == history
    assert same(model.get_weights(), twin.get_weights())
    assert twin.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)


@pytest.mark.parametrize("way", COPIES)
def test_models_are_copied_at_any_stage(way):
    for model in (Sequential(), Sequential([Dense(2)]), Sequential([Input((3,)), Dense(2)])):
        twin = COPIES[way](model)
        assert [layer.name for layer in twin.layers] == [layer.name for layer in model.layers]
        assert twin.built == model.built
        if model.built:
            twin.set_weights([np.ones((3, 2)), np.ones(2)])
            assert not same(model.get_weights(), twin.get_weights())


def test_float64_models_train_in_float64(rng):
    x, y = rng.normal(size=(40, 3)), rng.normal(size=(40, 2))
    model = made(optimizer=optimizers.SGD(0.1), dtype="float64")
    k, b, v, c = model.get_weights()
    for at in range(0, 40, 32):
        p, t = x[at : at + 32], y[at : at + 32]
        h = np.tanh(p @ k + b)
        e = 2 * (h @ v + c - t) / t.size
        d = (e @ v.T) * (1 - h * h)
        k, b, v, c = k - 0.1 * p.T @ d, b - 0.1 * d.sum(0), v - 0.1 * h.T @ e, c - 0.1 * e.sum(0)
    model.fit(x, y, shuffle=False, verbose=0)
    for got, want in zip(model.get_weights(), (k, b, v, c), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-14)


def test_weights_set_between_steps_are_those_that_train(rng):
    x, y = data(rng)
    model = made(optimizer=optimizers.SGD(0.1))
    first = model.get_weights()
    model.train_on_batch(x, y)
    once = model.get_weights()
    model.set_weights(first)
    model.train_on_batch(x, y)
    assert same(once, model.get_weights())
    model.layers[0].kernel.assign(np.zeros((3, 5)))
    assert not model.get_weights()[0].any()
    want = np.tanh(once[1]) @ once[2] + once[3]
    np.testing.assert_allclose(model.predict(x, verbose=0), np.broadcast_to(want, (40, 2)), rtol=1e-5, atol=1e-6)
