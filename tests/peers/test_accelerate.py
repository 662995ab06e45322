"""accelerate beside Keras itself: the same losses, weights and callbacks, by fastmlp."""

from __future__ import annotations

import fastmlp
import numpy as np
import pytest
from accelerated import FIT, RNG, X, Y, both, need_alike, need_same_history, network, twins
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keras_alike import need_averages_twice

keras = pytest.importorskip("keras", reason="Keras is not installed: pip install '.[peers]'", exc_type=ImportError)

K = keras.callbacks
L = keras.layers


# ---- it trains as Keras does


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"epochs": 3, "initial_epoch": 1},
        {"validation_split": 0.25, "epochs": 2},
        {"validation_data": (X[:11], Y[:11]), "validation_batch_size": 3, "epochs": 2},
        {"validation_data": (X[:11], Y[:11], np.linspace(0, 1, 11))},
        {"validation_split": 0.25, "validation_freq": 2, "epochs": 4},
        {"sample_weight": np.linspace(0.1, 2, 53)},
        {"batch_size": None},
        {"batch_size": 53},
    ],
    ids=str,
)
def test_fits_alike(arguments):
    plain, fast = twins()
    both(plain, fast, X, Y, **arguments)
    need_alike(plain, fast)
    assert type(fast.history) is K.History
    assert fast.history.model is fast


def test_classes_weigh_alike():
    def make():
        model = keras.Sequential([keras.Input((4,)), L.Dense(5, "relu"), L.Dense(3, "softmax")])
        model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"], weighted_metrics=["accuracy"])
        return model

    plain, fast = twins(make)
    both(plain, fast, X, RNG.integers(0, 3, 53), class_weight={0: 2.0, 2: 0.5}, epochs=2)
    need_alike(plain, fast)


OPTIMIZERS = [
    lambda o: o.SGD(0.05, momentum=0.9),
    lambda o: o.Nadam(0.01),
    lambda o: o.AdamW(o.schedules.ExponentialDecay(0.02, 3, 0.5)),
    lambda o: o.SGD(0.05, use_ema=True, ema_momentum=0.5),
    lambda o: o.Adam(0.01, gradient_accumulation_steps=3),
]


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_fit_after_fit_and_by_turns(make):
    """Training by Keras, then here, then by Keras, is training."""
    need_averages_twice(make(keras.optimizers))
    plain, fast = twins(lambda: network(make(keras.optimizers)))
    for on in (True, False, True):
        fastmlp.accelerate(fast, on)
        both(plain, fast, X, Y, epochs=2)
        need_alike(plain, fast)


def test_weights_that_a_user_sets_between_fits_count():
    plain, fast = twins()
    both(plain, fast, X, Y)
    weights = [w * 0.5 for w in plain.get_weights()]
    for model in (plain, fast):
        model.set_weights(weights)
        model.optimizer.learning_rate = 0.05
        model.train_on_batch(X[:9], Y[:9])
    both(plain, fast, X, Y)
    need_alike(plain, fast)


def test_what_is_compiled_or_frozen_anew_counts():
    plain, fast = twins()
    both(plain, fast, X, Y)
    for model in (plain, fast):
        model.layers[0].trainable = False
        model.compile("sgd", "mae", metrics=["mae"])  # without metrics Keras goes on with those from before
    before = fast.layers[0].get_weights()[0].copy()
    both(plain, fast, X, Y)
    need_alike(plain, fast)
    assert np.array_equal(fast.layers[0].get_weights()[0], before)


def graph():
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    shared = L.Dense(5, "tanh")
    joined = L.Concatenate()([shared(a), shared(b), L.BatchNormalization()(a)])
    model = keras.Model([a, b], {"p": L.Dense(2, name="p")(joined), "q": L.Dense(1, "sigmoid", name="q")(joined)})
    model.compile(
        "adam", {"p": "mse", "q": "binary_crossentropy"}, loss_weights={"p": 1.0, "q": 0.5}, metrics={"q": ["accuracy"]}
    )
    return model


def test_graphs_of_several_inputs_and_outputs():
    plain, fast = twins(graph)
    x, y = X[:40], {"p": Y[:40], "q": (Y[:40, :1] > 0).astype("f")}  # whole batches: on TensorFlow Keras's means of an
    # output's losses weigh a smaller one as much as others
    both(plain, fast, [x, x[::-1].copy()], y, epochs=3, validation_split=0.2)
    need_alike(plain, fast)
    both(plain, fast, {"a": x, "b": x}, y)


KINDS = ["", "BatchNormalization", "LayerNormalization", "PReLU", "LeakyReLU"]


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    widths=st.lists(st.integers(1, 6), min_size=1, max_size=3),
    kinds=st.lists(st.sampled_from(KINDS), min_size=3, max_size=3),
    penalty=st.sampled_from([None, "l1", "l2"]),
    batch=st.integers(3, 60),
    optimizer=st.sampled_from(["sgd", "adamax", "adagrad"]),
)
def test_random_networks_fit_alike(widths, kinds, penalty, batch, optimizer):
    def make():
        layers = [keras.Input((4,))]
        for width, kind in zip(widths, kinds):
            layers.append(L.Dense(width, "tanh", kernel_regularizer=penalty, use_bias=kind != "BatchNormalization"))
            layers += [getattr(L, kind)()] if kind else []
        model = keras.Sequential([*layers, L.Dense(2)])
        model.compile(optimizer, "mse")
        return model

    plain, fast = twins(make)
    arguments = {**FIT, "batch_size": batch, "epochs": 2}
    found = [model.fit(X, Y, **arguments).history["loss"] for model in (plain, fast)]
    np.testing.assert_allclose(found[1], found[0], rtol=1e-4)


def test_a_model_without_a_shape_takes_that_of_the_data():
    model = keras.Sequential([L.Dense(3, "relu"), L.Dense(2)])
    model.compile("adam", "mse")
    fastmlp.accelerate(model)
    losses = model.fit(X, Y, epochs=3, verbose=0).history["loss"]
    assert losses[0] > losses[-1]
    assert model.built
    assert model.predict(X[:3], verbose=0).shape == (3, 2)


def test_one_seed_makes_shuffles_and_noise_repeatable():
    def fit():
        keras.utils.set_random_seed(3)
        model = keras.Sequential([keras.Input((4,)), L.Dense(6, "relu"), L.Dropout(0.5), L.Dense(2)])
        model.compile("adam", "mse")
        fastmlp.accelerate(model).fit(X, Y, epochs=2, verbose=0)
        again = model.fit(X, Y, epochs=2, verbose=0).history["loss"]
        return again

    first, second = fit(), fit()
    assert first == second
    assert first[0] != first[1]


# ---- data


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 6

    def __getitem__(self, i):
        return X[i * 8 : i * 8 + 8], Y[i * 8 : i * 8 + 8]


def generator():
    while True:
        yield from (Batches()[i] for i in range(6))


def test_batches_of_others():
    plain, fast = twins()
    arguments = {"shuffle": False, "verbose": 0, "epochs": 2}
    need_same_history(plain.fit(Batches(), **arguments), fast.fit(Batches(), **arguments))
    found = [model.fit(generator(), steps_per_epoch=4, **arguments) for model in (plain, fast)]
    need_same_history(*found)
    need_alike(plain, fast)


def test_tensors():
    plain, fast = twins()
    x, y = keras.ops.convert_to_tensor(X), keras.ops.convert_to_tensor(Y)
    fast.fit(x, y, **FIT)
    plain.fit(X, Y, **FIT)
    need_alike(plain, fast)


def test_data_sets_of_tensorflow():
    tf = pytest.importorskip("tensorflow", reason="TensorFlow is not installed", exc_type=ImportError)
    plain, fast = twins()
    batches = tf.data.Dataset.from_tensor_slices((X, Y)).batch(8)
    need_same_history(plain.fit(batches, epochs=2, verbose=0), fast.fit(batches, epochs=2, verbose=0))
    need_alike(plain, fast)


def test_data_loaders_of_torch():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed", exc_type=ImportError)
    plain, fast = twins()
    rows = torch.utils.data.TensorDataset(torch.from_numpy(X), torch.from_numpy(Y))
    loader = torch.utils.data.DataLoader(rows, batch_size=8)
    fast.fit(loader, epochs=2, verbose=0)
    plain.fit(X, Y, epochs=2, **FIT)
    need_alike(plain, fast)


# ---- it says what it cannot do, and changes nothing then


class Doubled(L.Layer):
    def call(self, x):
        return x * 2


def test_what_cannot_be_accelerated_stays_keras():
    model = keras.Sequential([keras.Input((4,)), L.Dense(2), Doubled(name="there")])
    model.compile("adam", "mse")
    with pytest.raises(ValueError, match="Doubled"):
        fastmlp.accelerate(model)
    assert "fit" not in vars(model)
    model.fit(X, Y, **FIT)


def test_what_cannot_be_accelerated_any_more():
    """A layer, a loss that came after `accelerate`: the next fit names it, and leaves the model as it was."""
    model = fastmlp.accelerate(network())
    model.compile("adam", loss=lambda y, p: keras.ops.mean(keras.ops.square(y - p)))
    before = model.get_weights()
    with pytest.raises(ValueError, match="compile: loss"):
        model.fit(X, Y, **FIT)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    model.compile("adam", "mse", run_eagerly=True)
    with pytest.raises(ValueError, match="run_eagerly"):
        model.fit(X, Y, **FIT)
    fastmlp.accelerate(model, False).fit(X[:8], Y[:8], verbose=0)


def test_what_accelerate_wants():
    with pytest.raises(TypeError, match="expected a model of Keras's"):
        fastmlp.accelerate(fastmlp.Sequential())
    with pytest.raises(RuntimeError, match="before compile"):
        fastmlp.accelerate(keras.Sequential([keras.Input((4,)), L.Dense(2)]))
    with pytest.raises(ValueError, match="run_eagerly"):
        fastmlp.accelerate(network(run_eagerly=True))
    model = keras.Sequential([L.Dense(2)])
    model.compile("adam", "mse")
    with pytest.raises(ValueError, match="input shape is known"):
        fastmlp.accelerate(model).fit(generator(), steps_per_epoch=2)


def test_the_way_back():
    plain, fast = twins()
    fastmlp.accelerate(fastmlp.accelerate(fast))  # twice is once
    fastmlp.accelerate(fast, False)
    fastmlp.accelerate(fast, False)
    assert fast.fit.__func__ is plain.fit.__func__


def test_it_is_saved_as_any_model(tmp_path):
    """A copy or a file of it is a model of Keras's that trains by Keras."""
    fast = fastmlp.accelerate(network())
    fast.fit(X, Y, **FIT)
    fast.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(X, verbose=0), fast.predict(X, verbose=0))
    assert int(again.optimizer.iterations) == 7
    assert "fit" not in vars(again)


def test_evaluate_and_predict_are_keras_own():
    plain, fast = twins()
    both(plain, fast, X, Y, epochs=2)
    np.testing.assert_allclose(fast.evaluate(X, Y, verbose=0), plain.evaluate(X, Y, verbose=0), rtol=1e-5)
    np.testing.assert_allclose(fast.predict(X, verbose=0), plain.predict(X, verbose=0), rtol=1e-5, atol=1e-6)
