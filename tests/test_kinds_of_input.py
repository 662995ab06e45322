"""Settings in the kinds in which scripts hold them: flags that are 1 or of NumPy, shapes that are tensors, None."""

from __future__ import annotations

import os

import fastmlp
import numpy as np
import pytest
from fastmlp import activations, callbacks, initializers, layers, models, schedules, tf
from fastmlp.autodiff.primitive import primitive
from fastmlp.autodiff.tensor import constant
from fastmlp.data import Dataset
from fastmlp.models.epochs import Epochs

X = np.linspace(-1, 1, 64, dtype=np.float32).reshape(16, 4)
Y = X[:, :1]


def made() -> models.Sequential:
    """A small model, compiled."""
    model = models.Sequential([layers.Input((4,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize("yes", [True, 1, np.True_, np.int64(1), np.array(True)], ids=repr)
def test_flags(yes):
    """What is one of two is True or False from then on."""
    assert layers.Dense(3, use_bias=yes).use_bias is True
    assert layers.Dense(3, trainable=1 - np.asarray(yes, int)).trainable is False
    assert isinstance(made().evaluate(X, Y, verbose=0, return_dict=yes), dict)
    made().compile("sgd", "mse", run_eagerly=yes)


def test_shapes():
    """They may be tensors, and one number that of NumPy."""
    assert initializers.Zeros()(constant([2, 3])).shape == (2, 3)
    assert initializers.Zeros()(np.int64(3)).shape == (3,)
    assert tf.constant(0.0, shape=np.int64(3)).shape == (3,)
    assert tf.constant(0.0, shape=tf.shape(X)).shape == X.shape


def test_axes():
    """Those of NumPy count, one or several."""
    for axis in (np.int64(0), [np.int64(0), np.int64(1)]):
        plain = int(axis) if np.ndim(axis) == 0 else [int(i) for i in axis]
        np.testing.assert_array_equal(activations.softmax(X, axis=axis), activations.softmax(X, axis=plain))


@pytest.mark.parametrize("boundaries", [range(1, 3), np.array([1, 2]), constant([1, 2])], ids=repr)
def test_boundaries_of_a_schedule(boundaries):
    """Whatever holds numbers in a row."""
    assert schedules.PiecewiseConstantDecay(boundaries, (1, 0.5, 0.1)).boundaries == [1.0, 2.0]


def test_data_sets():
    """None is TensorFlow's way of True; a column's entry is one answer."""
    rows = Dataset.range(50).shuffle(50, seed=1, reshuffle_each_iteration=None)
    assert list(rows) != list(rows)
    assert len(list(Dataset.from_tensor_slices((X, Y)).filter(lambda x, y: y > 0))) == (Y > 0).sum()


def test_patience_without_end():
    """Training is never stopped, and its best weights come back."""
    stop = callbacks.EarlyStopping("loss", patience=float("inf"), restore_best_weights=True, mode="max")
    assert len(made().fit(X, Y, epochs=4, verbose=0, callbacks=[stop]).epoch) == 4
    assert stop.best_epoch == 0


def test_names():
    """One of NumPy is text like any other."""
    assert type(layers.Dense(3, name=np.str_("first")).name) is str


def test_a_tensor_in_a_weights_place():
    """Where it was worked out of other weights; the gradient goes to these."""
    layer, scale = layers.Dense(1), fastmlp.Variable(2.0)
    layer.build((None, 4))
    direction = layer.kernel
    with tf.GradientTape() as tape:
        layer.kernel = direction * scale
        y = tf.reduce_sum(layer(X))
    np.testing.assert_allclose(tape.gradient(y, scale), (X @ direction.numpy()).sum(), rtol=1e-4, atol=1e-6)


def test_a_backup_where_we_are(tmp_path, monkeypatch):
    """A folder that only "." is the name of; it is not removed."""
    monkeypatch.chdir(tmp_path)
    made().fit(X, Y, epochs=2, verbose=0, callbacks=[callbacks.BackupAndRestore(".")])
    assert os.listdir(tmp_path) == []


def test_what_is_refused_is_not_its_own_cause():
    """Programs look for the first cause of an error by going from one to the next."""

    @primitive(None)
    def refuses(x):
        raise ValueError("refuses: expected another, got this; change it")

    with pytest.raises(ValueError, match="expected another") as caught:
        refuses(X)
    assert caught.value.__cause__ is None


def test_broken_off_before_the_first_place(monkeypatch):
    """It is what broke it off that is raised, in a model that stands nowhere yet."""

    def broken_off(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(Epochs, "_feed", broken_off)
    with pytest.raises(KeyboardInterrupt):
        made().fit(X, Y, verbose=0)
