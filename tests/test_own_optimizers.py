"""Optimizers of a user's own, written as for Keras, beside ours with the same rule."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import Input, Sequential, ops, optimizers, saving
from fastmlp.autodiff import GradientTape
from fastmlp.layers import Dense
from fastmlp.variables import Variable

X = np.linspace(-1, 1, 96, dtype="float32").reshape(32, 3) ** 3
Y = X.sum(axis=1, keepdims=True)


class Heavy(optimizers.Optimizer):
    """Gradient descent with momentum."""

    def __init__(self, learning_rate=0.01, momentum=0.9, name="heavy", **kwargs):
        super().__init__(learning_rate=learning_rate, name=name, **kwargs)
        self.momentum = momentum

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.momentums = [self.add_variable_from_reference(v, name="momentum") for v in variables]

    def update_step(self, gradient, variable, learning_rate):
        rate = ops.cast(learning_rate, variable.dtype)
        m = self.momentums[self._get_variable_index(variable)]
        self.assign(m, m * self.momentum - gradient * rate)
        self.assign_add(variable, m)


class Plain(optimizers.Optimizer):
    """As Keras 2.11 to 2.15 had it: the learning rate is the optimizer's to tell."""

    def update_step(self, gradient, variable):
        variable.assign_sub(self.learning_rate * gradient)


class Adam(optimizers.Optimizer):
    """With two lists at once, and the count of steps."""

    def build(self, variables):
        if not self.built:
            super().build(variables)
            self.m, self.v = self.add_optimizer_variables(variables, ["m", "v"])

    def update_step(self, gradient, variable, learning_rate):
        i, t = self._get_variable_index(variable), ops.cast(self.iterations + 1, variable.dtype)
        m, v = self.m[i], self.v[i]
        self.assign_add(m, (gradient - m) * 0.1)
        self.assign_add(v, (ops.square(gradient) - v) * 0.001)
        alpha = learning_rate * ops.sqrt(1 - ops.power(0.999, t)) / (1 - ops.power(0.9, t))
        self.assign_sub(variable, alpha * m / (ops.sqrt(v) + 1e-7))


def trained(optimizer, epochs=4):
    model = Sequential([Input((3,)), Dense(4, "tanh"), Dense(1)])
    model.set_weights([np.linspace(-1, 1, w.size, dtype="float32").reshape(w.shape) for w in model.get_weights()])
    model.compile(optimizer, "mse")
    model.fit(X, Y, batch_size=8, epochs=epochs, shuffle=False, verbose=0)
    return model


PAIRS = {
    "momentum": (Heavy, lambda **k: optimizers.SGD(momentum=0.9, **k)),
    "plain": (Plain, lambda **k: optimizers.SGD(**k)),
    "adam": (Adam, lambda **k: optimizers.Adam(**k)),
}
SETTINGS = {
    "as it is": {},
    "clipnorm": {"clipnorm": 0.05},
    "clipvalue": {"clipvalue": 0.02},
    "global_clipnorm": {"global_clipnorm": 0.05},
    "weight_decay": {"weight_decay": 0.1},
    "ema": {"use_ema": True, "ema_momentum": 0.5},
    "accumulation": {"gradient_accumulation_steps": 2},
    "scaled": {"loss_scale_factor": 8.0},
    "schedule": {"learning_rate": optimizers.schedules.ExponentialDecay(0.05, 3, 0.5)},
}


@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("pair", PAIRS)
def test_beside_ours(pair, settings):
    settings = {"learning_rate": 0.05, **settings}
    mine, ours = trained(PAIRS[pair][0](**settings)), trained(PAIRS[pair][1](**settings))
    assert "update_step" in mine.why_taped or "gathers" in mine.why_taped
    before = np.linspace(-1, 1, 12).reshape(3, 4)
    assert np.abs(ours.get_weights()[0] - before).max() > 1e-3
    for a, b in zip(mine.get_weights(), ours.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-6)


def test_what_it_remembers():
    optimizer = Heavy(0.1)
    w = Variable(np.ones((2, 3)), dtype="float64", name="w")
    optimizer.apply_gradients([(np.ones((2, 3)), w)])
    assert optimizer.iterations == 1
    assert [v.name for v in optimizer.variables] == ["iteration", "learning_rate", "w_momentum"]
    np.testing.assert_allclose(optimizer.momentums[0], -0.1)
    assert optimizer.momentums[0].dtype == np.float64
    extra = optimizer.add_variable((2,), "ones", "float32", name="extra")
    assert optimizer.variables[-1] is extra
    assert extra.numpy().tolist() == [1, 1]
    with pytest.raises(ValueError, match="expected one of the 1 variables it was built with"):
        optimizer.apply_gradients([(np.ones(2), Variable(np.ones(2)))])


def test_training_goes_on_from_a_file(tmp_path):
    whole = trained(Heavy(0.05), epochs=6)
    half = trained(Heavy(0.05), epochs=3)
    saving.save_state(half, tmp_path / "state.safetensors")
    again = trained(Heavy(0.05), epochs=1)
    saving.load_state(again, tmp_path / "state.safetensors")
    again.fit(X, Y, batch_size=8, epochs=6, initial_epoch=3, shuffle=False, verbose=0)
    for a, b in zip(again.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_settings():
    class Configured(Heavy):
        def get_config(self):
            return {**super().get_config(), "momentum": self.momentum}

    again = Configured.from_config(Configured(0.2, 0.5, clipnorm=1.0).get_config())
    assert (float(again.learning_rate), again.momentum, again.clipnorm) == (0.2, 0.5, 1.0)


def test_no_rule():
    with pytest.raises(NotImplementedError, match="expected a method update_step"):
        optimizers.Optimizer(0.1).apply_gradients([(1.0, Variable(1.0))])


def test_minimize_of_older_keras():
    w, optimizer = Variable(3.0), optimizers.SGD(0.25)
    with pytest.warns(DeprecationWarning, match="minimize is of older Keras"):
        assert optimizer.minimize(lambda: w * w, [w]) == 1
    assert w.numpy() == 1.5
    with GradientTape() as tape:
        loss = w * w
    with pytest.warns(DeprecationWarning, match="minimize"):
        optimizer.minimize(loss, var_list=lambda: [w], tape=tape)
    assert w.numpy() == 0.75
    with pytest.warns(DeprecationWarning, match="minimize"), pytest.raises(ValueError, match="expected the tape"):
        optimizer.minimize(loss, [w])


def test_a_step_that_is_broken_off_moves_nothing():
    class Fails(optimizers.Optimizer):
        def update_step(self, gradient, variable, learning_rate):
            if variable.name == "second":
                raise MemoryError
            self.assign_sub(variable, learning_rate * gradient)

    pair = [Variable([1.0, 2.0], name=name) for name in ("first", "second")]
    optimizer = Fails(0.5)
    with pytest.raises(MemoryError):
        optimizer.apply_gradients([([1.0, 1.0], v) for v in pair])
    assert [v.numpy().tolist() for v in pair] == [[1.0, 2.0]] * 2
    assert optimizer.iterations == 0
