"""NaN and infinity, as fastmlp.models.divergence promises: what is refused, what goes on, what fit says of it."""

from __future__ import annotations

import math
import re
import warnings

import fastmlp
import numpy as np
import pytest
from fastmlp import Input, Model, Sequential, callbacks, layers, losses, optimizers
from fastmlp.data import Dataset
from fastmlp.layers import Dense
from fastmlp.models import divergence
from small_nets import network, pairs

NAN, INF = math.nan, math.inf


@pytest.fixture
def data(rng):
    return pairs(rng, 40)


class Taped(Model):
    """The same layers with a train_step of their own, so that the tape runs them."""

    def __init__(self):
        super().__init__()
        self.hidden, self.last = Dense(8, "tanh"), Dense(2)

    def call(self, inputs):
        return self.last(self.hidden(inputs))

    def train_step(self, data):
        return super().train_step(data)


def taped(optimizer="adam", **compiled):
    fastmlp.set_random_seed(4)
    model = Taped()
    model.compile(optimizer, "mse", **compiled)
    return model


def half(optimizer="adam"):
    fastmlp.config.set_dtype_policy("mixed_bfloat16")
    try:
        return network(optimizer=optimizer)
    finally:
        fastmlp.config.set_dtype_policy(None)


def told(model, *args, **options):
    """What fit warns of as RuntimeWarning, and the losses of its epochs."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        history = model.fit(*args, **{"verbose": 0, **options}).history
    assert {w.filename for w in caught} <= {__file__}, "a warning points at the line that called fit"
    return [str(w.message) for w in caught if w.category is RuntimeWarning], history["loss"]


def with_one(array, at, value, dtype=None):
    spoilt = array.astype(dtype or array.dtype)
    spoilt[at] = value
    return spoilt


# ---- what fit says


@pytest.mark.parametrize("make", [network, taped, half])
@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_a_number_of_x_that_is_none_is_named_once_and_fit_goes_on(make, value, data):
    x, y = data
    messages, loss = told(make(), with_one(x, (25, 1), value), y, epochs=3, batch_size=8)
    assert [len(loss), *np.isfinite(loss)] == [3, False, False, False]
    assert messages == [f"fit: the loss is {loss[0]} since epoch 1: x holds {value}, first in row 25, column 1; "
                        "fill or drop such rows"]  # fmt: skip


def test_it_is_told_at_the_end_of_the_epoch_in_which_it_came_up(data):
    model = network(optimizer="sgd")

    def spoil(epoch, _):
        if epoch == 2:
            model.layers[1].bias.assign([NAN, 0])

    (message,), loss = told(model, *data, epochs=5, callbacks=[callbacks.LambdaCallback(on_epoch_begin=spoil)])
    assert np.isfinite(loss).tolist() == [True, True, False, False, False]
    assert "the loss is nan since epoch 3: " in message


def test_infinite_targets_and_numbers_beyond_the_type(data):
    x, y = data
    (message,), _ = told(network(), x, with_one(y, (3, 0), INF))
    assert ": y holds inf, first in row 3, column 0; fill" in message
    for name, given in {
        "x": {"x": with_one(x, (7, 2), 1e300, float)},
        "y": {"y": with_one(y, (7, 1), -1e300, float)},
        "sample_weight": {"sample_weight": np.where(np.arange(40) == 7, 1e300, 1)},
    }.items():
        (message,), _ = told(network(), **{"x": x, "y": y, **given})
        assert re.search(rf": {name} holds -?1e\+300, too much for float32, in row 7(, column [12])?; scale", message)
    wide = Sequential([Input((3,), dtype="float64"), Dense(2, dtype="float64")])
    wide.compile("sgd", "mse")
    (message,), _ = told(wide, with_one(x, (7, 2), 1e200, float), y)
    assert "x holds" not in message, "it is a number of that type"


def test_the_place_is_said_in_the_words_of_the_data(rng):
    one = Input((1,))
    several = Model({"a": one, "b": (two := Input((3,)))}, Dense(1)(layers.Concatenate()([one, two])))
    several.compile("sgd", "mse")
    x, y = {"a": np.ones((9, 1)), "b": np.ones((9, 3))}, np.ones(9)
    (message,), _ = told(several, {**x, "b": with_one(x["b"], (4, 2), NAN)}, y)
    assert ": x['b'] holds nan, first in row 4, column 2;" in message
    (message,), _ = told(several, {**x, "a": with_one(x["a"], 5, NAN)}, y)
    assert ": x['a'] holds nan, first in row 5;" in message
    pictures = Sequential([Input((2, 2, 3)), layers.Flatten(), Dense(1)])
    pictures.compile("sgd", "mse")
    (message,), _ = told(pictures, with_one(np.ones((9, 2, 2, 3)), (8, 0, 1, 2), NAN), y)
    assert ": x holds nan, first in row 8, place (0, 1, 2);" in message


def test_a_validation_split_keeps_the_numbers_of_rows(data):
    x, y = data
    (message,), _ = told(network(), with_one(x, (31, 0), NAN), y, validation_split=0.2)
    assert "first in row 31" in message
    assert told(network(), with_one(x, (32, 0), NAN), y, validation_split=0.2)[0] == [], "it is the loss that counts"


@pytest.mark.parametrize("make", [lambda optimizer: network(optimizer=optimizer), taped, half])
def test_divergence_names_the_first_weights_and_what_helps(make, data):
    model = make(optimizers.SGD(1e30))
    (message,), loss = told(model, *data, epochs=3, batch_size=8)
    assert not np.isfinite(loss[-1])
    first = next(v.path for v in model.weights)
    assert f"4 of 4 weights hold NaN or infinity, in the order of layers '{first}' first; " in message
    for advice in ("scale x and y", "lower the learning rate", "clipnorm", "float64", "from_logits=True"):
        assert advice in message


@pytest.mark.parametrize(("layer", "name"), [(0, "bias"), (1, "kernel")])
def test_of_the_weights_the_first_layer_is_named(layer, name, data):
    model = network(optimizer="sgd")
    for one in model.layers:
        one.trainable = False  # so that the gradient spoils no others
    model.layers[1].trainable = model.layers[0].trainable = True
    model.compile(optimizers.SGD(0.0), "mse")
    weights = getattr(model.layers[layer], name)
    weights.assign(np.full(weights.shape, INF))
    model.layers[1].bias.assign([NAN, NAN])
    found = divergence.source(model, None)
    assert f"2 of 4 weights hold NaN or infinity, in the order of layers '{weights.path}' first" in found
    assert weights.path.split("/")[0] == model.layers[layer].name


def test_an_overflow_on_the_way(rng):
    """A loss of negative numbers' logarithms, whose gradient is a number all the same."""
    model = Sequential([Input((1,)), Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "poisson")
    (message,), _ = told(model, np.float32([[-1], [-2]]), np.float32([1, 2]))
    assert ": x, y and the weights are finite, but a number computed from them was not; scale" in message


@pytest.mark.parametrize("once", [True, False])
def test_batches_are_not_asked_for_again(once, data):
    x, y = data
    asked = []

    def batches():
        for at in range(0, 40, 10):
            asked.append(at)
            yield with_one(x, (25, 1), NAN)[at : at + 10], y[at : at + 10]

    source = batches() if once else Dataset.from_generator(batches)
    (message,), _ = told(network(), source, epochs=1)
    assert asked == [0, 10, 20, 30]
    assert "look for NaN and huge numbers in the batches, which are not read again; else scale" in message


def test_a_loss_that_grows_beyond_measure_is_told_while_it_is_finite(data):
    model = network(optimizer=optimizers.SGD(0.0))
    kernel = model.layers[1].kernel
    grow = callbacks.LambdaCallback(on_epoch_begin=lambda epoch, _: kernel.assign(kernel.numpy() * 100))
    (message,), loss = told(model, *data, epochs=6, callbacks=[grow])
    assert np.isfinite(loss).all()
    by = int(np.argmax(np.array(loss) > 1e6 * loss[0])) + 1
    assert 1 < by < 6
    assert re.search(rf"has grown from .* to .* by epoch {by}: training diverges; .*lower the learning rate", message)


@pytest.mark.parametrize(("size", "jump"), [(1e-10, 1e-5), (1e-4, 100.0), (1e8, 1e10)])
def test_a_run_with_bumps_is_told_nothing(size, jump, data):
    """However small its loss was at first, and however large its numbers are."""
    model = Sequential([Input((3,)), Dense(2, kernel_initializer="zeros")])
    model.compile(optimizers.SGD(0.0), "mse")
    x, y = data
    bump = callbacks.LambdaCallback(on_epoch_begin=lambda e, _: model.layers[0].bias.assign([(e == 2) * jump, 0]))
    messages, loss = told(model, x, y * size, epochs=4, callbacks=[bump])
    assert messages == []
    assert loss[2] > 1000 * loss[0]


@pytest.mark.parametrize("make", [network, taped])
def test_nothing_is_searched_while_the_loss_is_finite(make, data, monkeypatch):
    def never(*_):
        raise AssertionError("searched")

    monkeypatch.setattr(divergence, "source", never)
    assert told(make(), *data, epochs=3)[0] == []
    with pytest.raises(AssertionError, match="searched"):
        make().fit(data[0] * np.float32(NAN), data[1], verbose=0)


def test_the_search_copies_no_data_and_finds_the_first_anywhere(monkeypatch):
    monkeypatch.setattr(divergence, "_PIECE", 64)
    x = np.zeros((50, 7), ">f4")[::-1]
    for row, column in ((0, 0), (8, 6), (9, 0), (49, 6)):
        x[row:, column] = INF
        assert divergence.first_not_finite(x, np.dtype("float32"))[0] == f"row {row}, column {column}"
        x[:] = 0
    assert divergence.first_not_finite(x, np.dtype("float32")) is None
    largest = []

    class Watched(np.ndarray):
        def __getitem__(self, index):
            largest.append(np.asarray(super().__getitem__(index)).size)
            return super().__getitem__(index)

    divergence.first_not_finite(np.zeros((1000, 7)).view(Watched), np.dtype("float32"))
    assert sum(largest) == 7000
    assert max(largest) <= 64
    assert divergence.first_not_finite(np.ones((3, 200)), np.dtype("float32")) is None, "a row wider than a piece"
    assert divergence.first_not_finite(np.full((3, 2), 2**63, np.uint64), np.dtype("float32")) is None


@pytest.mark.parametrize("make", [network, taped])
def test_as_an_error_it_stops_training_with_the_epoch_and_the_model_goes_on(make, data):
    x, y = data
    model = make()
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "fit: the loss", RuntimeWarning)
        with pytest.raises(RuntimeWarning, match="x holds nan"):
            model.fit(with_one(x, (0, 0), NAN), y, epochs=4, verbose=0)
    assert model.optimizer.iterations == 2
    model.set_weights([np.ones_like(w) for w in model.get_weights()])
    model.compile("sgd", "mse")
    assert told(model, x, y, epochs=2)[0] == []


@pytest.mark.parametrize("loss", [[1.0, NAN], [[2.0, INF]], [3.0, 4.0]])
def test_a_train_step_of_ones_own_may_give_several_losses_at_once(loss, data):
    class Odd(Taped):
        def train_step(self, data):
            return {"loss": np.array(loss)}

    model = Odd()
    model.compile("sgd", "mse")
    for more in ([], [callbacks.TerminateOnNaN()]):
        messages, seen = told(model, *data, epochs=2, callbacks=more)
        assert len(messages) == (not np.isfinite(loss).all())
        assert len(seen) == (1 if more and messages else 2)


def test_the_other_methods_say_nothing_and_give_what_comes(data):
    x, y = data
    model = network(metrics=["mae"])
    spoilt = with_one(x, (3, 0), NAN)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clean = model.predict(x, verbose=0)
        shown = model.predict(spoilt, verbose=0)
        assert np.isnan(model.evaluate(spoilt, y, verbose=0)).all()
        assert np.isnan(model.test_on_batch(spoilt, y)).all()
        assert np.isnan(model.train_on_batch(spoilt, y)).all()
    assert np.isnan(shown[3]).all()
    rest = np.arange(40) != 3
    assert shown[rest].tobytes() == clean[rest].tobytes()
    assert all(np.isnan(w).all() for w in model.get_weights()[-1:])


# ---- what is refused, before anything has changed


BOTH, TRAINING = ("fit", "train_on_batch", "evaluate", "test_on_batch"), ("fit", "train_on_batch")


@pytest.mark.parametrize(
    ("name", "value", "methods", "says"),
    [
        ("y", np.float32([0, 0, 0, NAN]), BOTH, "expected y without NaN, got one in row 3"),
        ("sample_weight", [1, 1, 1, NAN], BOTH, "expected finite numbers in sample_weight, got nan"),
        ("sample_weight", [1, INF, 1, 1], BOTH, "expected finite numbers in sample_weight, got inf"),
        ("class_weight", {0: NAN}, TRAINING, "class_weight of class 0: expected a number that is finite, got nan"),
    ],
)
def test_targets_without_a_number_and_weights_of_rows_are_refused(name, value, methods, says, rng):
    model = network(widths=(4, 1))
    before = [w.tobytes() for w in model.get_weights()]
    x, y = pairs(rng, 4, outputs=1)
    for method in methods:
        with pytest.raises(ValueError, match=f"{method}: .*{says}|{method}: {says}"):
            getattr(model, method)(**{"x": x, "y": y, name: value})
    assert [w.tobytes() for w in model.get_weights()] == before
    assert model.optimizer.iterations == 0


def test_a_loss_of_ones_own_may_leave_targets_out(data):
    x, y = data

    def of_those_there(truth, predicted):
        there = fastmlp.ops.logical_not(fastmlp.ops.isnan(truth))
        return fastmlp.ops.mean(fastmlp.ops.where(there, truth - predicted, 0.0) ** 2)

    model = network(loss=of_those_there)
    messages, loss = told(model, x, with_one(y, (3, 0), NAN), epochs=2)
    assert messages == []
    assert np.isfinite(loss).all()


def test_weights_may_be_anything_also_from_a_file(tmp_path, data):
    model = network()
    odd = [np.full_like(w, value) for w, value in zip(model.get_weights(), (NAN, INF, -INF, -0.0), strict=True)]
    model.set_weights(odd)
    model.save(tmp_path / "a.safetensors")
    model.save_weights(tmp_path / "b.safetensors")
    other = network()
    other.load_weights(tmp_path / "b.safetensors")
    for one in (model, other, fastmlp.load_model(tmp_path / "a.safetensors")):
        assert [w.tobytes() for w in one.get_weights()] == [w.tobytes() for w in odd]
        assert np.isnan(one.predict(data[0], verbose=0)).all()


# ---- callbacks, which step in


def test_terminate_on_nan_and_the_warning_go_together(data, capsys):
    x, y = data
    (message,), loss = told(network(), with_one(x, (0, 0), NAN), y, epochs=5, callbacks=[callbacks.TerminateOnNaN()])
    assert "x holds nan" in message
    assert len(loss) == 1
    assert "Invalid loss, terminating training" in capsys.readouterr().out
    model = network()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeError, match="TerminateOnNaN: expected a finite loss, got nan"):
            model.fit(with_one(x, (0, 0), NAN), y, verbose=0, callbacks=[callbacks.TerminateOnNaN(raise_error=True)])


@pytest.mark.parametrize("loss", [losses.MeanSquaredError(), "mae"])
def test_what_was_kept_before_it_diverged_is_what_comes_back(loss, data):
    """The use of it all: the best weights of a run that ends in NaN are there after it."""
    model = network(loss=loss)
    bias = model.layers[0].bias
    wreck = callbacks.LambdaCallback(on_epoch_begin=lambda epoch, _: epoch == 3 and bias.assign(np.full(8, NAN)))
    best = callbacks.EarlyStopping("loss", patience=9, restore_best_weights=True)
    _, seen = told(model, *data, epochs=6, callbacks=[wreck, best])
    assert np.isfinite(seen).tolist() == [True] * 3 + [False] * 3
    assert all(np.isfinite(w).all() for w in model.get_weights())
    assert best.best_epoch == int(np.nanargmin(seen))
