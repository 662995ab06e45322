"""Copies by pickle and deepcopy: of everything, at any stage; independent, and the same in all they do next."""

from __future__ import annotations

import copy
import pickle
import threading
from types import ModuleType

import numpy as np
import pytest
from fastmlp import Variable, callbacks, layers, metrics, ops, optimizers, random, saving, tf
from fastmlp.data import Dataset
from fastmlp.models import Model, Sequential
from optimizer_cases import SETTINGS
from resume_cases import ARRAYS, CASES, Stop, broken_off, figures, fit, made, state

WAYS = {"deepcopy": copy.deepcopy, "pickle": lambda thing: pickle.loads(pickle.dumps(thing))}
every_way = pytest.mark.parametrize("copied", WAYS.values(), ids=WAYS)


def arrays_of(thing, found=None, seen=None):
    """All arrays that can be reached from it."""
    found, seen = ({} if found is None else found), (set() if seen is None else seen)
    if id(thing) in seen or isinstance(thing, (type, ModuleType)):
        return found
    seen.add(id(thing))
    if isinstance(thing, np.ndarray):
        found[id(thing)] = thing
        return found
    inside = thing.values() if isinstance(thing, dict) else thing if isinstance(thing, (list, tuple, set)) else ()
    for one in (*inside, *vars(thing).values()) if hasattr(thing, "__dict__") else inside:
        arrays_of(one, found, seen)
    return found


def assert_apart(one, other):
    mine, theirs = arrays_of(one), arrays_of(other)
    assert not any(np.shares_memory(a, b) for a in mine.values() for b in theirs.values() if a.size and b.size)
    return len(mine)


# ---- models


@every_way
@pytest.mark.parametrize("case", CASES)
def test_models_of_any_kind_and_at_any_stage(case, copied):
    for stage in (made(case), broken_off(case, 4)):
        twin = copied(stage)
        assert type(twin) is type(stage)
        assert_apart(stage, twin)
        before = [v.numpy().tobytes() for v in stage.variables]
        assert [v.numpy().tobytes() for v in twin.variables] == before
        history = fit(twin, case, epochs=1, resume=True)
        assert [v.numpy().tobytes() for v in stage.variables] == before, "the copy alone is trained"
        if stage.built or case != "own step":  # a model that is not built draws its weights when it is
            found = fit(stage, case, epochs=1, resume=True)
            assert figures(found).keys() == figures(history).keys()
    assert figures(found) == figures(history)
    assert state(stage) == state(twin)


@every_way
def test_a_model_before_compile_and_before_it_is_built(copied):
    for model in (Sequential(), Sequential([layers.Dense(3)]), Sequential([layers.Input((2,)), layers.Dense(3)])):
        twin = copied(model)
        assert [layer.name for layer in twin.layers] == [layer.name for layer in model.layers]
        assert twin.get_config() == model.get_config()
        if model.built:
            x = np.ones((2, 2), "float32")
            np.testing.assert_array_equal(twin(x), model(x))
            assert_apart(model, twin)


@every_way
def test_layers_that_are_shared_stay_shared(copied):
    shared, x = layers.Dense(4), layers.Input((4,))
    model = Model(x, layers.Add()([shared(shared(x)), x]))
    model.also = {"here": [shared]}
    twin = copied(model)
    assert len(twin.weights) == 2
    assert twin.also["here"][0] is twin.layers[1]
    twin.also["here"][0].kernel.assign(np.zeros((4, 4)))
    np.testing.assert_array_equal(twin.predict(np.ones((1, 4)), verbose=0), np.ones((1, 4)))


class Copied(callbacks.Callback):
    """Copies the model while it is trained."""

    def __init__(self, copied):
        self.copied, self.found = copied, None

    def on_train_batch_end(self, batch, logs=None):
        if self.found is None and self.model.optimizer.iterations == 9:
            self.found = self.copied(self.model)


@every_way
@pytest.mark.parametrize("case", ["shuffled", "own step", "several outputs", "data set for ever"])
def test_a_copy_made_within_fit_goes_on_from_there(case, copied):
    model, taker = made(case), Copied(copied)
    history = figures(fit(model, case, taker))
    twin = taker.found
    left = figures(fit(twin, case, resume=True))
    assert left == {name: values[-len(left["loss"]) :] for name, values in history.items()}
    assert state(twin) == state(model)
    assert twin.history.model is twin


@every_way
def test_no_copy_is_made_while_another_thread_trains(copied):
    model, begun, go = made("shuffled"), threading.Event(), threading.Event()

    class Wait(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            begun.set()
            assert go.wait(60)

    thread = threading.Thread(target=fit, args=(model, "shuffled", Wait()))
    thread.start()
    assert begun.wait(60)
    with pytest.raises(RuntimeError, match="copy: expected a model that no other thread trains"):
        copied(model)
    go.set()
    thread.join()
    assert state(copied(model)) == state(model), "now it can be"


def test_a_shallow_copy_has_the_same_weights():
    model = made("shuffled")
    twin = copy.copy(model)
    fit(twin, "shuffled", epochs=1)
    assert [a is b for a, b in zip(twin.weights, model.weights)] == [True] * len(model.weights)
    np.testing.assert_array_equal(twin.predict(ARRAYS["x"], verbose=0), model.predict(ARRAYS["x"], verbose=0))


# ---- what models are made of


@every_way
@pytest.mark.parametrize("operation", [ops.exp, ops.equal, ops.relu, tf.nn.relu, tf.math.sin, tf.add, ops.logical_not])
def test_operations_are_copied_as_themselves(operation, copied):
    assert copied(operation) is operation


@every_way
def test_models_with_operations_within(copied, tmp_path):
    x = layers.Input((3,))
    model = Model(x, layers.Dense(2, activation=tf.math.sin)(layers.Lambda(ops.square)(ops.exp(x) * 2)))
    want = model.predict(np.ones((2, 3)), verbose=0)
    np.testing.assert_array_equal(copied(model).predict(np.ones((2, 3)), verbose=0), want)
    line = Sequential([layers.Input((3,)), layers.Dense(2, activation=ops.sin)])
    line.save(tmp_path / "it")
    found = saving.load_model(tmp_path / "it")
    np.testing.assert_array_equal(found.predict(np.ones((2, 3)), verbose=0), line.predict(np.ones((2, 3)), verbose=0))


@every_way
def test_metrics_in_the_middle_of_their_batches(copied):
    rng = np.random.default_rng(3)
    scores = rng.uniform(size=(20, 3)).astype("float32")
    rows, tried = np.eye(3, dtype="float32")[scores.argmax(1)], 0
    for name in metrics.__all__:
        kind = getattr(metrics, name)
        if not (isinstance(kind, type) and issubclass(kind, metrics.Metric)):
            continue
        for arguments, given in (((), (rows, scores)), ((), (scores.argmax(1), scores)), ((0.5,), (rows, scores))):
            try:
                metric = kind(*arguments)
                metric.update_state(*given)
            except (TypeError, ValueError, NotImplementedError):
                continue
            twin = copied(metric)
            assert_apart(metric, twin)
            before = np.array(metric.result())
            twin.update_state(*given)
            np.testing.assert_array_equal(metric.result(), before)
            metric.update_state(*given)
            np.testing.assert_array_equal(metric.result(), twin.result())
            tried += 1
            break
    assert tried > 30


@every_way
@pytest.mark.parametrize("settings", [{}, {"use_ema": True}, {"gradient_accumulation_steps": 2}])
def test_optimizers_between_two_steps(settings, copied):
    gradients = [np.full(2, 0.3, "float32"), np.full((2, 2), 0.2, "float32")]
    for name in sorted({name for name, _ in SETTINGS}):
        optimizer = getattr(optimizers, name)(**settings)
        variables = [Variable([1.0, 2.0], dtype="float32"), Variable(np.ones((2, 2)), dtype="float32")]
        optimizer.apply(gradients, variables)
        twin, theirs = copied((optimizer, variables))
        assert assert_apart((optimizer, variables), (twin, theirs)) > 2
        for one, its in ((optimizer, variables), (twin, theirs)):
            one.apply(gradients, its)
        pairs = zip([*variables, *optimizer.variables], [*theirs, *twin.variables], strict=True)
        assert all(a.numpy().tobytes() == b.numpy().tobytes() for a, b in pairs), name


@every_way
def test_variables_and_tensors_and_what_draws(copied):
    model = made("shuffled")
    fit(model, "shuffled", epochs=1)  # the network holds the values now
    for variable in (model.weights[0], Variable([1.0, 2.0])):
        twin = copied(variable)
        assert (twin.name, twin.dtype, twin.trainable) == (variable.name, variable.dtype, variable.trainable)
        before = variable.numpy()
        twin.assign(before + 1)
        np.testing.assert_array_equal(variable.numpy(), before)
        tensor = variable * 2
        np.testing.assert_array_equal(copied(tensor).numpy(), tensor.numpy())
    generator, dropout = random.SeedGenerator(3), layers.Dropout(0.5, seed=3)
    generator.next(), dropout(np.ones((2, 8)), training=True)
    assert copied(generator).next() == generator.next()
    np.testing.assert_array_equal(
        copied(dropout)(np.ones((2, 8)), training=True), dropout(np.ones((2, 8)), training=True)
    )


@every_way
def test_callbacks_and_histories(copied):
    model = made("validation")
    stopping, plateau = callbacks.EarlyStopping(patience=9, restore_best_weights=True), callbacks.ReduceLROnPlateau()
    history = fit(model, "validation", stopping, plateau)
    twin = copied(stopping)
    assert (twin.best, twin.wait, twin.best_epoch) == (stopping.best, stopping.wait, stopping.best_epoch)
    assert all((a == b).all() for a, b in zip(twin.best_weights, stopping.best_weights, strict=True))
    assert_apart(twin.best_weights, stopping.best_weights)
    assert copied(history).history == history.history
    assert copied(model).history.epoch == [0, 1, 2]
    assert vars(copied(plateau)).keys() == vars(plateau).keys()


def test_data_sets_are_copied_as_themselves_and_not_pickled():
    dataset = Dataset.range(5).shuffle(5)
    assert copy.deepcopy(dataset) is copy.copy(dataset) is dataset
    with pytest.raises(TypeError, match="expected what can be pickled, got a Dataset"):
        pickle.dumps(dataset)


def test_a_turn_of_a_copy_is_free():
    model = made("shuffled")
    with pytest.raises(KeyboardInterrupt):
        fit(model, "shuffled", Stop(2))
    for copied in WAYS.values():
        assert copied(model)._turn is not model._turn
