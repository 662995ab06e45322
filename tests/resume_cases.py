"""Trainings to break off and to go on with: each a model, and what fit is given."""

from __future__ import annotations

import functools
import sys
from pathlib import Path

import fastmlp
import numpy as np
from fastmlp import _core, callbacks, layers, metrics, optimizers, saving, schedules
from fastmlp.data import Dataset
from fastmlp.models import Model, Sequential

RNG = np.random.default_rng(11)
ROWS, BATCH, EPOCHS = 43, 8, 3  # 6 batches an epoch, the last of 3 rows
X = RNG.normal(size=(ROWS, 6)).astype("float32")
Y = RNG.integers(0, 3, ROWS)
T = (X[:, :2] ** 2).astype("float32")
W = RNG.uniform(0.1, 2, ROWS)
ARRAYS = {"x": X, "y": Y, "batch_size": BATCH}


def of_layers(*more, optimizer="adam", loss="sparse_categorical_crossentropy", dtype=None, **compiled):
    compiled = {"metrics": ["accuracy"], **compiled}
    kind = {"dtype": dtype}
    model = Sequential([layers.Input((6,)), layers.Dense(7, "relu", **kind), layers.Dropout(0.3, **kind),
                        layers.BatchNormalization(**kind), *more, layers.Dense(3, "softmax", **kind)])  # fmt: skip
    model.compile(optimizer, loss, **compiled)
    return model


@saving.register_serializable("resume")
class Spread(metrics.Metric):
    """In Python: the largest probability so far, kept in a variable, and the mean of a metric inside."""

    def __init__(self, name="spread", **kwargs):
        super().__init__(name=name, **kwargs)
        self.largest = self.add_weight(name="largest", initializer="zeros")
        self.mean = metrics.Mean()

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.largest.assign(max(self.largest.numpy(), np.max(y_pred)))
        self.mean.update_state(np.asarray(y_pred)[:, 0])

    def result(self):
        return float(self.largest.numpy()) + float(self.mean.result())


@saving.register_serializable("resume")
class Noisy(layers.Layer):
    """Draws by a generator of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.generator = fastmlp.random.SeedGenerator(5)

    def call(self, inputs, training=False):
        if not training:
            return inputs
        return inputs + fastmlp.random.normal(inputs.shape, stddev=0.1, dtype="float32", seed=self.generator)


@saving.register_serializable("resume")
class OwnStep(Model):
    """A training step of its own, which counts in metrics of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.hidden, self.last = layers.Dense(5, "tanh"), layers.Dense(2)
        self.noise = layers.Dropout(0.2)
        self.loss_tracker, self.far = metrics.Mean(name="loss"), metrics.MeanAbsoluteError(name="far")

    def call(self, inputs, training=False):
        return self.last(self.noise(self.hidden(inputs), training=training))

    def train_step(self, data):
        x, y = data
        with fastmlp.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred)
        self.optimizer.apply(tape.gradient(loss, self.trainable_weights), self.trainable_weights)
        self.loss_tracker.update_state(loss)
        self.far.update_state(y, y_pred)
        return {"loss": self.loss_tracker.result(), "far": self.far.result()}

    @property
    def metrics(self):
        return [self.loss_tracker, self.far]


def own_step():
    model = OwnStep()
    model.compile(optimizers.SGD(0.05, momentum=0.9), "mse")
    return model


def of_two_outputs():
    left, right = layers.Input((3,), name="left"), layers.Input((3,), name="right")
    both = layers.Dropout(0.2)(layers.Concatenate()([layers.Dense(4, "relu")(left), right]))
    model = Model([left, right], {"kind": layers.Dense(3, "softmax", name="kind")(both),
                                  "size": layers.Dense(2, name="size")(both)})  # fmt: skip
    model.compile("rmsprop", {"kind": "sparse_categorical_crossentropy", "size": "mse"},
                  loss_weights={"kind": 1.0, "size": 0.5}, metrics={"kind": ["accuracy"], "size": ["mae"]})  # fmt: skip
    return model


class Pieces:
    """Batches by number, as Keras's PyDataset gives them."""

    def __len__(self):
        return 6

    def __getitem__(self, i):
        return X[i * BATCH :][:BATCH], Y[i * BATCH :][:BATCH]


def dataset(*, prefetched=False, cached=False, seed=3):
    found = Dataset.from_tensor_slices((X, Y)).shuffle(20, seed=seed)
    found = (found.cache() if cached else found).batch(BATCH)
    return found.prefetch(2) if prefetched else found


def cubes():
    """Rows that C cannot read where they lie."""
    return np.ascontiguousarray(X.reshape(ROWS, 2, 3).transpose(0, 2, 1)).transpose(0, 2, 1)


def of_cubes():
    model = Sequential([layers.Input((2, 3)), layers.Flatten(), layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def mixed(**settings):
    return of_layers(metrics=["accuracy", Spread(), metrics.SparseTopKCategoricalAccuracy(2)],
                     weighted_metrics=["accuracy"], **settings)  # fmt: skip


def one_hot(**settings):
    three = [metrics.AUC(multi_label=True, num_labels=3, name="auc"), metrics.F1Score(average=None), metrics.R2Score()]
    return of_layers(loss="categorical_crossentropy", metrics=three, **settings)


def slower():
    return [callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5)]


decay = functools.partial(schedules.ExponentialDecay, 0.01, 4, 0.8)
# name: (a function that makes the model, one that makes the arguments of fit)
CASES = {
    "shuffled": (of_layers, lambda: ARRAYS),
    "in order": (of_layers, lambda: {**ARRAYS, "shuffle": False}),
    "by batches": (of_layers, lambda: {**ARRAYS, "shuffle": "batch"}),
    "float64": (functools.partial(of_layers, dtype="float64"), lambda: ARRAYS),
    "classes weighed": (mixed, lambda: {**ARRAYS, "class_weight": {0: 0.5, 2: 3.0}}),
    "rows weighed": (mixed, lambda: {**ARRAYS, "sample_weight": W}),
    "validation": (of_layers, lambda: {**ARRAYS, "validation_split": 0.2}),
    "rows of figures": (one_hot, lambda: {**ARRAYS, "y": np.eye(3, dtype="float32")[Y]}),
    "fewer steps": (of_layers, lambda: {**ARRAYS, "steps_per_epoch": 4}),
    "more steps": (of_layers, lambda: {**ARRAYS, "steps_per_epoch": 9}),
    "rates by epoch": (of_layers, lambda: {**ARRAYS, "callbacks": slower()}),
    "rates by step": (lambda: of_layers(optimizer=optimizers.Adam(decay())), lambda: ARRAYS),
    "averages": (lambda: of_layers(optimizer=optimizers.SGD(0.1, use_ema=True, nesterov=True, momentum=0.9)),
                 lambda: ARRAYS),
    "gathered": (lambda: of_layers(optimizer=optimizers.Adam(0.01, gradient_accumulation_steps=4)), lambda: ARRAYS),
    "copied rows": (of_cubes, lambda: {**ARRAYS, "x": cubes()}),
    "tape": (lambda: mixed(optimizer=optimizers.Adam(0.01, gradient_accumulation_steps=2)), lambda: ARRAYS),
    "own layer": (lambda: of_layers(Noisy()), lambda: ARRAYS),
    "own step": (own_step, lambda: {**ARRAYS, "y": T, "validation_data": (X[:9], T[:9])}),
    "several outputs": (of_two_outputs, lambda: {**ARRAYS, "x": [X[:, :3], X[:, 3:]], "y": {"kind": Y, "size": T}}),
    "data set": (of_layers, lambda: {"x": dataset()}),
    "data set ahead": (of_layers, lambda: {"x": dataset(prefetched=True, cached=True)}),
    "data set for ever": (of_layers, lambda: {"x": dataset().repeat(), "steps_per_epoch": 4}),
    "numbered batches": (of_layers, lambda: {"x": Pieces(), "shuffle": True}),
    "numbered batches for ever": (of_layers, lambda: {"x": Pieces(), "steps_per_epoch": 9}),
}  # fmt: skip


class Stop(callbacks.Callback):
    """Ctrl-C after so many batches; notes their numbers."""

    def __init__(self, after):
        self.after, self.numbers = after, []

    def on_train_batch_begin(self, batch, logs=None):
        self.numbers.append(batch)

    def on_train_batch_end(self, batch, logs=None):
        self.after -= 1
        if not self.after:
            raise KeyboardInterrupt


def made(case):
    fastmlp.random.set_random_seed(9)
    return CASES[case][0]()


def fit(model, case, *more, **settings):
    given = CASES[case][1]()
    return model.fit(**{"epochs": EPOCHS, "verbose": 0, **given, **settings,
                        "callbacks": [*given.get("callbacks", []), *more]})  # fmt: skip


def broken_off(case, after):
    """The model as Ctrl-C leaves it."""
    model = made(case)
    try:
        fit(model, case, Stop(after))
    except KeyboardInterrupt:
        return model
    raise AssertionError("it ended by itself")


def state(model):
    """All that training changes, as bytes."""
    found = [v.numpy().tobytes() for v in (*model.weights, *model.optimizer.variables)]
    return [*found, model._epoch, model._steps, model._place.epoch, model._place.feed]


def figures(history):
    """By epoch."""
    return {name: [np.asarray(value).tobytes() for value in values] for name, values in history.history.items()}


if __name__ == "__main__":  # goes on with the files of a folder, in a process of its own, with one thread and with two
    folder = Path(sys.argv[1])
    _core.set_thread_grain(0.0)
    for number, name in enumerate(CASES):
        with fastmlp.threads(1 + number % 2):
            resumed = saving.load_model(folder / f"{number}.safetensors")
            found = fit(resumed, name, resume=True)
        np.savez(folder / f"{number}.npz", *[np.frombuffer(one, "u1") for one in state(resumed)[:-4]])
        np.savez(folder / f"{number}-figures.npz", **{key: np.array(v) for key, v in found.history.items()})
