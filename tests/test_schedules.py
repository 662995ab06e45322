"""Learning-rate schedules: Keras's values, the lectures' figures, many steps at once."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from fastmlp import Sequential, schedules
from fastmlp.callbacks import LambdaCallback
from fastmlp.layers import Dense, Input
from fastmlp.optimizers import SGD
from fastmlp.schedules import (
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    ExponentialEpochDecay,
    InverseEpochDecay,
    InverseTimeDecay,
    LearningRateSchedule,
    PiecewiseConstantDecay,
    PolynomialDecay,
    SqrtEpochDecay,
)

STEPS = [0, 1, 3, 4, 9, 10, 11, 14, 27]
KERAS = [  # computed by Keras 3.15 in float32
    (
        ExponentialDecay(0.1, 7, 0.5),
        [0.1, 0.09057236, 0.07429972, 0.06729501, 0.04101677, 0.03714986, 0.0336475, 0.025, 0.00690056],
    ),
    (ExponentialDecay(0.1, 7, 0.5, staircase=True), [0.1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025, 0.0125]),
    (
        InverseTimeDecay(0.1, 7, 0.5),
        [0.1, 0.09333334, 0.08235294, 0.07777778, 0.06086957, 0.05833333, 0.056, 0.05, 0.03414634],
    ),
    (
        InverseTimeDecay(0.1, 7, 0.5, staircase=True),
        [0.1, 0.1, 0.1, 0.1, 0.06666667, 0.06666667, 0.06666667, 0.05, 0.04],
    ),
    (PiecewiseConstantDecay([3, 9], [1.0, 0.5, 0.1]), [1, 1, 1, 0.5, 0.5, 0.1, 0.1, 0.1, 0.1]),
    (PolynomialDecay(0.1, 10), [0.1, 0.09001, 0.07003, 0.06004, 0.01009, 0.0001, 0.0001, 0.0001, 0.0001]),
    (
        PolynomialDecay(0.1, 10, 0.01, power=2, cycle=True),
        [0.1, 0.0829, 0.0541, 0.0424, 0.0109, 0.01, 0.028225, 0.0181, 0.0109],
    ),
    (
        CosineDecay(0.1, 10, alpha=0.2),
        [0.1, 0.09804226, 0.08351141, 0.07236068, 0.02195774, 0.02, 0.02, 0.02, 0.02],
    ),
    (
        CosineDecay(0.1, 10, alpha=0.2, warmup_target=0.3, warmup_steps=4),
        [0.1, 0.15, 0.25, 0.3, 0.18, 0.14291795, 0.10946579, 0.06, 0.06],
    ),
    (
        CosineDecayRestarts(0.1, 4),
        [0.1, 0.08535534, 0.01464466, 0.1, 0.03086582, 0.01464466, 0.00380602, 0.09619398, 0.00096073],
    ),
    (
        CosineDecayRestarts(0.1, 4, t_mul=1, m_mul=0.5, alpha=0.1),
        [0.1, 0.08681981, 0.0231802, 0.055, 0.02920495, 0.02125, 0.01329505, 0.015625, 0.01020594],
    ),
    (
        CosineDecayRestarts(0.1, 3, t_mul=1.5, m_mul=0.8, alpha=0.1),
        [0.1, 0.0775, 0.082, 0.0735776, 0.06086208, 0.0502071, 0.03712542, 0.01019474, 0.04421287],
    ),
]
EPOCHS = [InverseEpochDecay(0.2, steps_per_epoch=3), ExponentialEpochDecay(0.2, steps_per_epoch=3)]
EPOCHS += [SqrtEpochDecay(0.2, k=2, steps_per_epoch=3)]


@pytest.mark.parametrize(("schedule", "expected"), KERAS, ids=lambda v: repr(v) if callable(v) else "")
def test_equals_keras(schedule, expected):
    assert [schedule(step) for step in STEPS] == pytest.approx(expected, rel=1e-6, abs=2e-8)


@pytest.mark.parametrize("schedule", [s for s, _ in KERAS] + EPOCHS, ids=repr)
def test_many_at_once_are_each_one(schedule):
    rates = schedule.rates(5, 30)
    assert rates.dtype == np.float64
    assert rates.tolist() == [schedule(step) for step in range(5, 35)]
    assert schedule.rates(5, 0).shape == (0,)
    assert isinstance(schedule(np.int64(3)), float)
    assert len(set(rates)) > 1


@pytest.mark.parametrize("schedule", [s for s, _ in KERAS] + EPOCHS, ids=repr)
def test_config_leads_back(schedule):
    copy = schedules.deserialize(schedules.serialize(schedule))
    assert type(copy) is type(schedule)
    assert copy.get_config() == schedule.get_config()
    assert copy.rates(0, 20).tolist() == schedule.rates(0, 20).tolist()


def test_default_names_and_settings_are_those_of_keras():
    assert ExponentialDecay(0.1, 1, 1).get_config()["name"] == "ExponentialDecay"
    assert InverseTimeDecay(0.1, 1, 1).get_config()["name"] == "InverseTimeDecay"
    assert PiecewiseConstantDecay([1], [1, 2]).get_config() == {
        "boundaries": [1],
        "values": [1, 2],
        "name": "PiecewiseConstant",
    }
    assert CosineDecayRestarts(0.1, 4).get_config() == {
        "initial_learning_rate": 0.1,
        "first_decay_steps": 4,
        "t_mul": 2,
        "m_mul": 1,
        "alpha": 0,
        "name": "SGDRDecay",
    }


@pytest.mark.parametrize("t", [1, 1.001, 1.1, 1.5, 2, 3, 5, 7, 10])
def test_each_restart_starts_at_the_top(t):
    """Also where a logarithm or a power comes out a hair too small or too large."""
    first = 1000
    schedule = CosineDecayRestarts(0.1, first, t_mul=t)
    start = Fraction(0)
    for n in range(8):
        step = math.ceil(start)
        assert schedule(step) == pytest.approx(0.1, rel=1e-4), n
        assert n == 0 or schedule(step - 1) < 0.001, n
        start += first * Fraction(str(t)) ** n


def test_cosine_warms_up_without_a_division_by_zero():
    schedule = CosineDecay(0.1, 10, warmup_target=0.3)
    with np.errstate(all="raise"):
        assert schedule(0) == pytest.approx(0.3)


# ---- by epochs


def by_epoch(schedule, epochs):
    schedule.steps_per_epoch = 5
    rates = schedule.rates(0, 5 * epochs).reshape(epochs, 5)
    assert np.all(rates == rates[:, :1]), "the same all through an epoch"
    return rates[:, 0].tolist()


def test_lectures_figures():
    assert by_epoch(InverseEpochDecay(0.2, decay_rate=1), 4) == pytest.approx([0.1, 0.2 / 3, 0.05, 0.04], rel=1e-14)
    assert by_epoch(ExponentialEpochDecay(1), 3) == pytest.approx([0.95, 0.9025, 0.857375], rel=1e-14)
    assert by_epoch(SqrtEpochDecay(0.3, k=2), 4) == pytest.approx([0.6, 0.6 / 2**0.5, 0.6 / 3**0.5, 0.3], rel=1e-14)


def test_epochs_may_count_from_zero_where_the_formula_allows():
    assert by_epoch(InverseEpochDecay(0.2, first_epoch=0), 2) == pytest.approx([0.2, 0.1])
    assert by_epoch(ExponentialEpochDecay(0.2, first_epoch=0), 2) == pytest.approx([0.2, 0.19])
    with pytest.raises(ValueError, match="SqrtEpochDecay: first_epoch: expected a whole number of at least 1, got 0"):
        SqrtEpochDecay(0.2, first_epoch=0)


@pytest.mark.parametrize("kind", [InverseEpochDecay, ExponentialEpochDecay, SqrtEpochDecay])
def test_without_steps_per_epoch(kind):
    with pytest.raises(RuntimeError, match="expected steps_per_epoch before the first rate"):
        kind(0.1)(0)


def test_fit_says_how_many_steps_an_epoch_has():
    rates = []
    watch = LambdaCallback(on_train_batch_begin=lambda batch, logs: rates.append(float(model.optimizer.learning_rate)))
    model = Sequential([Input(shape=(2,)), Dense(1)])
    model.compile(SGD(InverseEpochDecay(0.2)), "mse")
    x, y = np.zeros((10, 2), np.float32), np.zeros((10, 1), np.float32)
    model.fit(x, y, batch_size=5, epochs=2, verbose=0, callbacks=[watch])
    assert rates == pytest.approx([0.1, 0.1, 0.2 / 3, 0.2 / 3])
    rates.clear()
    model.fit(x, y, batch_size=10, epochs=1, verbose=0, callbacks=[watch])  # batches of another size
    assert rates == pytest.approx([0.2 / 6])


def test_a_model_is_evaluated_before_fit_has_said_how_many_steps_an_epoch_has():
    model = Sequential([Input(shape=(2,)), Dense(1, use_bias=False)])
    model.compile(SGD(InverseEpochDecay(0.2)), "mse")
    x, y = np.zeros((3, 2), np.float32), np.ones((3, 1), np.float32)
    assert model.evaluate(x, y, verbose=0) == 1
    with pytest.raises(RuntimeError, match="expected steps_per_epoch"):
        model.train_on_batch(x, y)


# ---- of one's own, and mistakes


def test_a_schedule_of_ones_own():
    class Rising(LearningRateSchedule):
        def __call__(self, step):
            return 0.1 if step < 2 else 0.2

    assert Rising().rates(0, 4).tolist() == [0.1, 0.1, 0.2, 0.2]
    with pytest.raises(NotImplementedError, match="expected a method __call__"):
        LearningRateSchedule()(0)


def test_a_changed_call_counts_for_many_too():
    class Doubled(CosineDecay):
        def __call__(self, step):
            return 2 * super().__call__(step)

    plain, doubled = CosineDecay(0.1, 10), Doubled(0.1, 10)
    assert doubled.rates(0, 10).tolist() == (2 * plain.rates(0, 10)).tolist()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ExponentialDecay(0.1, 0, 0.5), "decay_steps: expected a number above 0, got 0"),
        (lambda: InverseTimeDecay(0.1, -1, 0.5), "decay_steps: expected a number above 0"),
        (lambda: PolynomialDecay(0.1, 0), "decay_steps: expected a number above 0"),
        (lambda: CosineDecay(0.1, 0), "decay_steps: expected a number above 0"),
        (lambda: CosineDecayRestarts(0.1, 0), "first_decay_steps: expected a number above 0"),
        (lambda: CosineDecayRestarts(0.1, 1, t_mul=0.5), "t_mul: expected a number at least 1"),
        (lambda: PiecewiseConstantDecay([1, 2], [1, 2]), "expected one value more than boundaries, got 2 and 2"),
        (lambda: PiecewiseConstantDecay([2, 1], [1, 2, 3]), "expected boundaries that rise"),
        (lambda: ExponentialDecay(float("nan"), 1, 1), "initial_learning_rate: expected"),
    ],
)
def test_settings_out_of_range(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_schedules_are_where_keras_has_them():
    from fastmlp.optimizers.schedules import ExponentialDecay

    assert ExponentialDecay is schedules.ExponentialDecay
