"""Optimizers as users meet them: learning rates, variables, names, settings and their errors."""

from __future__ import annotations

import copy
import json
import pickle

import numpy as np
import pytest
from fastmlp import _core, optimizers
from fastmlp.optimizers import SGD, Adam, AdamW, Ftrl, Lion, RMSprop
from fastmlp.schedules import ExponentialDecay
from fastmlp.variables import Variable
from optimizer_cases import OURS, SETTINGS, label, make, problem, variables

# ---- the learning rate


def test_the_learning_rate_is_read_and_set():
    optimizer = Adam(0.002)
    assert optimizer.learning_rate == 0.002
    assert f"{optimizer.learning_rate:.4f}" == "0.0020"
    assert optimizer.learning_rate.numpy() == np.float32(0.002)
    optimizer.learning_rate = np.float32(0.5)
    assert optimizer.learning_rate == 0.5
    optimizer.learning_rate.assign(0.25)
    assert optimizer.learning_rate == 0.25
    assert optimizer.variables[1].numpy() == 0.25
    v = Variable([1.0])
    optimizer.learning_rate = 0.0
    optimizer.apply([[1.0]], [v])
    assert v.numpy() == 1
    for wrong in ("fast", None, [0.1, 0.2]):
        with pytest.raises(TypeError, match="learning_rate: expected a number"):
            optimizer.learning_rate = wrong
    with pytest.raises(ValueError, match="learning_rate: expected a number at least 0, got nan"):
        Adam(float("nan"))


def test_a_schedule_counts_batches_and_cannot_be_set_to_a_number():
    """Trap 22."""
    schedule = ExponentialDecay(1.0, 1, 0.5)
    optimizer = SGD(schedule)
    assert optimizer.schedule is schedule
    v = Variable([0.0])
    for expected in (1, 0.5, 0.25):
        assert optimizer.learning_rate == expected
        before = v.numpy()
        optimizer.apply([[1.0]], [v])
        assert before - v.numpy() == expected
    with pytest.raises(TypeError, match="make the optimizer with a number"):
        optimizer.learning_rate = 0.1
    optimizer.learning_rate = ExponentialDecay(8.0, 1, 0.5)
    assert optimizer.learning_rate == 1
    gathering = SGD(schedule, gradient_accumulation_steps=2)
    gathering.apply([[1.0]], [v])
    assert gathering.learning_rate == 0.5
    assert gathering.iterations == 0


def test_a_function_gives_the_learning_rate():
    rates = iter([0.5, 0.25])
    optimizer = SGD(lambda: next(rates))
    assert optimizer.schedule is None
    assert [optimizer.learning_rate, optimizer.learning_rate] == [0.5, 0.25]
    optimizer.learning_rate = 0.1
    assert optimizer.learning_rate == 0.1


def test_older_spellings_warn():
    with pytest.warns(DeprecationWarning, match="SGD: lr is the older spelling"):
        optimizer = SGD(lr=0.5)
    assert optimizer.learning_rate == 0.5
    with pytest.warns(DeprecationWarning, match="write learning_rate"):
        optimizer.lr = 0.25
    with pytest.warns(DeprecationWarning, match="write learning_rate"):
        assert optimizer.lr == 0.25
    with pytest.warns(UserWarning, match="decay is ignored"):
        assert Adam(decay=1e-3).weight_decay is None
    with pytest.raises(TypeError, match=r"Adam: expected arguments of this optimizer, got \['momentum'\]"):
        Adam(momentum=0.9)


# ---- variables


def test_variables_and_slots(rng):
    start, _ = problem(rng, "float32")
    moved = variables(start)
    optimizer = Adam(amsgrad=True, use_ema=True, gradient_accumulation_steps=2)
    optimizer.build(moved)
    assert [v.name for v in optimizer.variables] == [
        "iteration", "learning_rate", "kernel_average", "bias_average",
        "kernel_gradient_accumulator", "bias_gradient_accumulator", "kernel_momentum", "kernel_velocity",
        "bias_momentum", "bias_velocity", "kernel_velocity_hat", "bias_velocity_hat",
    ]  # fmt: skip
    assert [s.name for s in optimizer.slots(moved[1])] == ["bias_momentum", "bias_velocity", "bias_velocity_hat"]
    assert {s.dtype for s in optimizer.slots(moved[0])} == {np.dtype("float32")}
    adagrad = optimizers.Adagrad(initial_accumulator_value=0.3)
    adagrad.build(moved)
    np.testing.assert_array_equal(adagrad.slots(moved[0])[0].numpy(), np.full((3, 4), 0.3, "float32"))


@pytest.mark.parametrize("case", SETTINGS + OURS, ids=label)
def test_lowering_is_in_the_order_of_the_kernel(case):
    optimizer = make(*case)
    kernel, parameters = optimizer.lower()
    entry = _core.registry("optimizer")[kernel]
    paper = getattr(optimizer, "epsilon_mode", "") == "paper" or (kernel == "adamax" and optimizer.compat == "keras")
    for name, value in zip(entry.params, parameters, strict=True):
        if name in ("epsilon_inside", "epsilon_hat"):
            assert value == (0 if paper else optimizer.epsilon)
        elif name == "epsilon_outside" or (name == "epsilon" and "epsilon_hat" in entry.params):
            assert value == (optimizer.epsilon if paper else 0)
        else:
            own = "momentum" if name == "beta" and isinstance(optimizer, SGD) else name
            assert value == getattr(optimizer, own)
    assert sum(len(group) for group in optimizer.slot_names()) == entry.traits


def test_every_kernel_has_a_class():
    no_optimizer = {"accumulate"}  # it moves nothing
    assert {make(*case).lower()[0] for case in SETTINGS + OURS} == set(_core.registry("optimizer")) - no_optimizer


def test_an_optimizer_keeps_to_its_variables(rng):
    """Trap 23."""
    start, (g,) = problem(rng, steps=1)
    moved = variables(start)
    optimizer = Adam()
    with pytest.raises(RuntimeError, match="give them or call build"):
        optimizer.apply(g)
    optimizer.apply(g, moved)
    optimizer.apply(g)
    optimizer.apply(g[:1], moved[:1])
    assert optimizer.iterations == 3
    with pytest.raises(ValueError, match="adam: expected the variables it was built with, got 'kernel'"):
        optimizer.apply(g, variables(start))
    with pytest.raises(ValueError, match="make a new optimizer for another model"):
        optimizer.build(variables(start))


def test_gradients_that_are_missing_or_wrong(rng):
    start, (g,) = problem(rng, steps=1)
    moved = variables(start)
    optimizer = SGD(1.0)
    assert optimizer.apply_gradients([]) == 0
    with pytest.warns(UserWarning, match=r"\['bias'\] have no gradient"):
        optimizer.apply([g[0], None], moved)
    np.testing.assert_array_equal(moved[1].numpy(), start[1])
    np.testing.assert_allclose(moved[0].numpy(), start[0] - g[0])
    with pytest.raises(ValueError, match="got None for all"):
        optimizer.apply([None, None], moved)
    with pytest.raises(ValueError, match="a gradient for each of 2 variables, got 1"):
        optimizer.apply(g[:1], moved)
    with pytest.raises(ValueError, match=r"a gradient of shape \(3, 4\) for 'kernel', got \(4,\)"):
        optimizer.apply(g[::-1], moved)
    assert optimizer.iterations == 1


def test_iterations_are_set_by_who_trains():
    optimizer = Adam(gradient_accumulation_steps=4)
    optimizer.iterations = 3
    assert optimizer.iterations == 3
    assert optimizer.variables[0].numpy() == 12
    with pytest.raises(ValueError, match="iterations: expected a whole number of at least 0"):
        optimizer.iterations = -1


def test_copies_go_on_where_the_original_is(rng):
    start, gradients = problem(rng)
    moved = variables(start)
    optimizer = Adam(0.1, use_ema=True)
    optimizer.exclude_from_weight_decay(var_list=moved[1:])
    optimizer.apply(gradients[0], moved)
    for twin_optimizer, twins in (copy.deepcopy((optimizer, moved)), pickle.loads(pickle.dumps((optimizer, moved)))):
        assert not twin_optimizer.decays(twins[1])
        twin_optimizer.apply(gradients[1], twins)
        again, same = copy.deepcopy((optimizer, moved))
        again.apply(gradients[1], same)
        np.testing.assert_array_equal(twins[0].numpy(), same[0].numpy())
        assert twin_optimizer.iterations == 2
    assert optimizer.iterations == 1


def test_scalars_and_float32(rng):
    v = Variable(2.0, dtype="float32")
    assert SGD(0.5).apply_gradients([(1.0, v)]) == 1
    assert v.numpy() == np.float32(1.5)
    assert v.dtype == np.float32


# ---- names and settings


def test_get():
    for name in (
        "sgd",
        "SGD",
        "Adam",
        "adamw",
        "RMSprop",
        "RMSProp",
        "rmsprop",
        "ADAGRAD",
        "nadam",
        "lion",
        "momentum",
    ):
        assert type(optimizers.get(name)).__name__.lower() == name.lower()
    optimizer = Adam()
    assert optimizers.get(optimizer) is optimizer
    assert type(optimizers.get(AdamW)) is AdamW
    assert optimizers.get(None) is None
    assert optimizers.RMSProp is RMSprop
    assert optimizers.get({"class_name": "adam", "config": {"learning_rate": 0.5}}).learning_rate == 0.5
    with pytest.raises(ValueError, match="did you mean 'adam'"):
        optimizers.get("adan")
    for wrong in (3, print, dict):
        with pytest.raises(TypeError, match="optimizer: expected"):
            optimizers.get(wrong)


@pytest.mark.parametrize("name", ["LossScaleOptimizer", "Lamb", "adafactor", "Muon", "ScheduleFreeAdamW"])
def test_what_is_outside_says_so(name):
    with pytest.raises(ValueError, match=f"'{name}'; it is not in fastmlp: use Keras"):
        optimizers.get(name)
    with pytest.raises(ValueError, match="not in fastmlp"):
        optimizers.get({"class_name": name, "config": {}})
    with pytest.raises(AttributeError, match=f"'{name}'; it is not in fastmlp: use Keras"):
        getattr(optimizers, name)
    with pytest.raises(ImportError, match=f"'{name}'; it is not in fastmlp: use Keras"):
        exec(f"from fastmlp.optimizers import {name}")
    assert not hasattr(optimizers, "Adaam")


@pytest.mark.parametrize("case", SETTINGS + OURS, ids=label)
def test_config_makes_the_same_optimizer(case):
    optimizer = make(*case)
    config = json.loads(json.dumps(optimizers.serialize(optimizer)))
    again = optimizers.deserialize(config)
    assert type(again) is type(optimizer)
    assert again.lower() == optimizer.lower()
    assert again.get_config() == optimizer.get_config() == config["config"]


def test_config_of_a_schedule():
    optimizer = Adam(ExponentialDecay(0.5, 10, 0.9), clipnorm=1.0, use_ema=True)
    again = Adam.from_config(json.loads(json.dumps(optimizer.get_config())))
    assert again.schedule is not optimizer.schedule
    assert again.schedule.get_config() == optimizer.schedule.get_config()
    assert (again.clipnorm, again.use_ema) == (1, True)


@pytest.mark.parametrize(
    ("cls", "settings", "message"),
    [
        (SGD, {"momentum": 1.5}, "SGD: momentum: expected a number at least 0"),
        (Adam, {"beta_1": -0.1}, "Adam: beta_1"),
        (AdamW, {"beta_2": 2}, "AdamW: beta_2"),
        (RMSprop, {"epsilon_mode": "inside"}, "epsilon_mode: expected one of 'keras', 'paper'"),
        (Ftrl, {"learning_rate_power": 0.5}, "learning_rate_power"),
        (Ftrl, {"l1_regularization_strength": -1}, "l1_regularization_strength"),
        (Lion, {"beta_1": 0}, "Lion: beta_1: expected a number above 0"),
        (SGD, {"ema_momentum": 1.5}, "ema_momentum"),
        (SGD, {"gradient_accumulation_steps": 1}, "gradient_accumulation_steps"),
        (SGD, {"ema_overwrite_frequency": -1}, "ema_overwrite_frequency"),
        (SGD, {"clipnorm": -1}, "clipnorm"),
        (SGD, {"loss_scale_factor": 0}, "loss_scale_factor"),
    ],
)
def test_wrong_values(cls, settings, message):
    with pytest.raises(ValueError, match=message):
        cls(**settings)


@pytest.mark.parametrize(
    ("cls", "settings"), [(SGD, {"nesterov": 2}), (AdamW, {"weight_decay": None}), (Adam, {"use_ema": "yes"})]
)
def test_wrong_types(cls, settings):
    with pytest.raises(TypeError, match=next(iter(settings))):
        cls(**settings)
