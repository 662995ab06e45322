"""A model trains by the tape as it does as a program in C, whatever its layers, loss, optimizer and arguments."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from fastmlp import (
    GradientTape,
    Model,
    Sequential,
    callbacks,
    constraints,
    layers,
    losses,
    metrics,
    ops,
    optimizers,
    schedules,
    utils,
)
from fastmlp.layers import Dense, Input
from fastmlp.regularizers import L1, L1L2, L2
from fastmlp.saving import load_state, save_state
from fastmlp.variables import Variable

# name: the loss, the last activation, and targets for so many rows and outputs
LOSSES = {
    "mse": (losses.MeanSquaredError, "linear", lambda rng, n, m: rng.normal(size=(n, m))),
    "huber": (losses.Huber, "linear", lambda rng, n, m: rng.normal(size=(n, m))),
    "poisson": (losses.Poisson, "softplus", lambda rng, n, m: rng.random((n, m))),
    "binary": (losses.BinaryCrossentropy, "sigmoid", lambda rng, n, m: rng.integers(0, 2, (n, m)).astype("float32")),
    "classes": (losses.CategoricalCrossentropy, "softmax", lambda rng, n, m: np.eye(m)[rng.integers(0, m, n)]),
    "labels": (losses.SparseCategoricalCrossentropy, "softmax", lambda rng, n, m: rng.integers(0, m, n)),
}
RATES = [lambda: 0.02, lambda: schedules.ExponentialDecay(0.05, 3, 0.7), lambda: schedules.CosineDecay(0.05, 9)]
RULES = [{}, {"clipnorm": 0.3}, {"global_clipnorm": 0.4}, {"clipvalue": 0.1}, {"weight_decay": 0.02},
         {"use_ema": True, "ema_momentum": 0.8}, {"use_ema": True, "ema_overwrite_frequency": 3},
         {"loss_scale_factor": 8.0}]  # fmt: skip
OPTIMIZERS = ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Nadam", "Lion"]


def hidden(draw):
    """A few layers of all kinds, made anew each time this is called with a draw of the same seed."""
    some = lambda: draw.choice([None, L2(0.01), L1(0.005), L1L2(0.01, 0.02)])  # noqa: E731
    for _ in range(draw.randint(1, 3)):
        yield Dense(draw.randint(2, 6), draw.choice(["relu", "tanh", "gelu", "softmax"]), kernel_regularizer=some(),
                    bias_regularizer=some(), activity_regularizer=some(), trainable=draw.random() < 0.8,
                    kernel_constraint=draw.choice([None, None, constraints.MaxNorm(0.8)]))  # fmt: skip
        yield draw.choice([
            lambda: layers.BatchNormalization(momentum=0.7, gamma_regularizer=L2(0.1)),
            lambda: layers.BatchNormalization(trainable=False, activity_regularizer=L2(0.1)),
            lambda: layers.LayerNormalization(),
            lambda: layers.PReLU(alpha_regularizer=L1(0.01)),
            lambda: layers.Rescaling(0.5, 0.1),
            lambda: layers.ActivityRegularization(l1=0.01, l2=0.02),
        ])()  # fmt: skip


def trained(seed, way):
    """All that there is to see of a model drawn with this seed, after training."""
    draw, rng = random.Random(seed), np.random.default_rng(seed)
    utils.set_random_seed(seed)
    name = draw.choice(list(LOSSES))
    loss, last, target = LOSSES[name]
    n, k, m = draw.randint(12, 60), draw.randint(1, 6), draw.randint(2, 4)
    x, y, held = rng.normal(size=(n, k)), target(rng, n, m), rng.normal(size=(17, k))
    inputs = outputs = Input((k,))
    for layer in (*hidden(draw), Dense(m, last, kernel_regularizer=L2(0.01))):
        outputs = layer(outputs)
    model = Model(inputs, outputs)
    reduction = draw.choice(["sum_over_batch_size", "sum", "mean_with_sample_weight"])
    rule = getattr(optimizers, draw.choice(OPTIMIZERS))(draw.choice(RATES)(), **draw.choice(RULES))
    told = "accuracy" if name == "labels" else "mse"
    model.compile(rule, loss(reduction=reduction), metrics=[told], weighted_metrics=[metrics.get(told)])
    assert model.why_taped == ""
    if way == "tape":
        model._why = "to compare"
    weights = draw.choice([None, rng.random(n)])
    classes = {i: 0.5 + i for i in range(m)} if weights is None and name in ("classes", "labels") else None
    validation = draw.choice([{}, {"validation_split": 0.25}, {"validation_data": (held, target(rng, 17, m))}])
    stop = callbacks.EarlyStopping("loss", patience=0, min_delta=0.02, restore_best_weights=True)
    history = model.fit(
        x, y, batch_size=draw.choice([4, 7, n, n + 5]), epochs=draw.randint(1, 4), verbose=0, sample_weight=weights,
        class_weight=classes, shuffle=draw.choice([True, False, "batch"]), callbacks=draw.choice([[], [stop]]),
        steps_per_epoch=draw.choice([None, None, draw.randint(1, 7)]), **validation,
    )  # fmt: skip
    return {
        "history": history.history,
        "weights": model.get_weights(),
        "optimizer": [v.numpy() for v in model.optimizer.variables],
        "evaluate": model.evaluate(x, y, batch_size=5, verbose=0, sample_weight=weights, return_dict=True),
        "some steps": model.evaluate(x, y, batch_size=5, steps=2, verbose=0),
        "predict": model.predict(held, batch_size=4, verbose=0),
        "a batch": model.train_on_batch(x[:5], y[:5], return_dict=True),
    }


def compare(a, b, where=""):
    """Whether both hold the same, in the same order."""
    if isinstance(a, dict):
        assert list(a) == list(b), where
        a, b = list(a.values()), list(b.values())
    if isinstance(a, list):
        assert len(a) == len(b), where
        for i, (one, other) in enumerate(zip(a, b)):
            compare(one, other, f"{where}/{i}")
        return
    np.testing.assert_allclose(a, b, rtol=2e-3, atol=2e-4, err_msg=where)


@pytest.mark.parametrize("seed", range(16))
def test_a_model_trains_by_the_tape_as_it_does_as_a_program(seed):
    program, tape = trained(seed, "program"), trained(seed, "tape")
    for what in program:
        compare(program[what], tape[what], what)


@pytest.mark.parametrize("optimizer", ["sgd", lambda: optimizers.SGD(0.1, gradient_accumulation_steps=2)])
def test_each_step_by_the_tape_draws_noise_of_its_own(optimizer):
    seen = []

    class Watched(Model):
        def __init__(self):
            super().__init__()
            self.drop, self.last = layers.Dropout(0.5), Dense(1)

        def call(self, x, training=False):
            h = self.drop(x, training=training)
            seen.append(np.asarray(h) == 0)
            return self.last(h)

    model = Watched()
    model.compile(optimizer() if callable(optimizer) else optimizer, "mse")
    x = np.ones((24, 20), "float32")
    model.fit(x, x[:, :1], batch_size=4, verbose=0)
    masks = [mask for mask in seen if len(mask) == 4]
    assert len(masks) == 6
    assert len({mask.tobytes() for mask in masks}) == 6


def test_steps_of_ones_own_with_optimizers_of_ones_own_draw_new_noise_and_go_on_with_it(tmp_path):
    class Own(Model):
        def __init__(self):
            super().__init__()
            self.drop, self.last = layers.Dropout(0.5), Dense(1)
            self.seen = []

        def call(self, x, training=False):
            return self.last(self.drop(x, training=training))

        def train_step(self, data):
            x, y = data
            self.seen.append(np.asarray(self.drop(x, training=True)).tobytes())
            with GradientTape() as tape:
                loss = ops.mean((self(x, training=True) - y) ** 2)
            mover = optimizers.SGD(0.1)
            mover.apply_gradients(zip(tape.gradient(loss, self.trainable_weights), self.trainable_weights))
            return {"loss": loss}

    def made():
        model = Own()
        model.compile()
        model(x)
        return model

    x = np.ones((24, 20), "float32")
    model, twin = made(), made()
    model.fit(x, x[:, :1], batch_size=4, verbose=0)
    assert len(set(model.seen)) == 6
    save_state(model, tmp_path / "state")
    load_state(twin, tmp_path / "state")
    for one in (model, twin):
        one.fit(x, x[:, :1], batch_size=4, verbose=0)
    assert model.seen[6:] == twin.seen
    assert len(set(model.seen)) == 12
    for a, b in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_predict_gives_is_nobody_elses():
    class Weight(Model):
        def __init__(self):
            super().__init__()
            self.w = self.add_weight(shape=(4, 3), initializer="ones")

        def call(self, x):
            return x, self.w.value

    model, x = Weight(), np.zeros((4, 3), "float32")
    for predict in (lambda: model.predict(x, verbose=0), lambda: model.predict_on_batch(x)):
        for output in predict():
            output += 7
    assert not x.any()
    assert (model.w.numpy() == 1).all()


WAYS = [ops.convert_to_tensor, lambda x: ops.cast(x, "float32"), lambda x: ops.reshape(x, (3,))]


@pytest.mark.parametrize("make", WAYS)
def test_a_tensor_stays_as_it_is_when_the_array_it_is_made_of_is_written(make):
    x = np.ones(3, "float32")
    tensor, part = make(x), ops.convert_to_tensor(x[:2])
    x[:] = 5
    assert tensor.numpy().tolist() == [1, 1, 1]
    assert part.numpy().tolist() == [1, 1]


def test_a_gradient_is_that_of_the_numbers_that_were_there():
    x, w = np.ones((2, 2), "float32"), Variable(np.ones((2, 2), "float32"))
    with GradientTape() as tape:
        y = ops.sum(ops.matmul(x, w))
    x[:] = 100  # a buffer for the next batch
    assert tape.gradient(y, w).numpy().tolist() == [[2, 2], [2, 2]]


def test_threads_take_turns_with_a_model_that_runs_by_the_tape():
    inputs = Input((3,))
    model = Model(inputs, layers.Add()([Dense(3)(inputs), inputs]))
    assert model.why_taped
    x = np.random.default_rng(1).normal(size=(200, 3)).astype("float32")
    ways = [lambda: model.predict(x, verbose=0), lambda: model.predict_on_batch(x), lambda: model(x).numpy()]
    with ThreadPoolExecutor(4) as pool:
        found = [made.result() for made in [pool.submit(way) for way in ways * 20]]
    for one in found:
        np.testing.assert_allclose(one, found[0], atol=1e-5)


def test_what_shared_layers_add_to_the_loss_counts_once():
    shared = Dense(3, kernel_regularizer=L2(1.0), activity_regularizer=L2(1.0), kernel_initializer="ones")
    left, right = (Sequential([Input((3,)), shared]) for _ in range(2))
    inputs = Input((3,))
    model = Model(inputs, layers.Add()([left(inputs), right(inputs)]))
    x = np.ones((2, 3), "float32")
    model(x, training=True)
    assert sorted(map(float, model.losses)) == [9.0, 27.0, 27.0]  # the kernel's, and that of two calls


def test_a_tape_rounds_no_more_than_the_program():
    """Layers of another type than the usual one, whose input says that it is of theirs."""
    x = np.random.default_rng(0).normal(size=(5, 6))
    model = Sequential([Input((6,), dtype="float64"), Dense(3, dtype="float64")])
    assert model.why_taped == ""
    with GradientTape():
        taped = model(x)
    np.testing.assert_array_equal(taped.numpy(), model.predict(x, verbose=0))
