"""Weights of rows and what learns, where fit, validation and evaluation must agree."""

from __future__ import annotations

import numpy as np
import pytest
from fastmlp import Sequential, losses, optimizers
from fastmlp.layers import Dense, Input


def test_class_weights_weigh_in_training_only():
    model = Sequential([Input((1,)), Dense(1)])
    model.set_weights([[[0.0]], [0.0]])
    model.compile(optimizers.SGD(0.0), "mse", weighted_metrics=["mae"])
    y = np.array([0, 1, 1, 1.0])
    history = model.fit(np.ones((4, 1)), y, verbose=0, validation_split=0.5, class_weight={1: 5.0}).history
    assert history["loss"] == [2.5]  # (0 + 5) / 2
    assert history["val_loss"] == [1.0]


def test_ignored_rows_weigh_nothing_in_any_reduction():
    x, y = np.ones((4, 1)), np.array([0, 1, -1, -1])
    for reduction in ("mean_with_sample_weight", "sum_over_batch_size"):
        model = Sequential([Input((1,)), Dense(2)])
        model.set_weights([[[0.0, 0]], [0.0, 0]])
        loss = losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1, reduction=reduction)
        model.compile(optimizers.SGD(0.0), loss)
        assert model.fit(x, y, verbose=0).history["loss"] == pytest.approx([np.log(2)])
        assert model.evaluate(x, y, verbose=0) == pytest.approx(np.log(2))
        weights = np.array([1, 1, 6, 6.0])
        trained = model.fit(x, y, sample_weight=weights, verbose=0).history["loss"]
        assert model.evaluate(x, y, sample_weight=weights, verbose=0) == pytest.approx(trained[0])


def test_nothing_learns_in_a_model_that_does_not():
    model = Sequential([Input((6,)), Dense(5), Dense(2)])
    model.trainable = False
    model.layers[1].trainable = True
    assert model.trainable_weights == []
    assert len(model.non_trainable_weights) == 4
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(np.ones((8, 6)), np.ones((8, 2)), verbose=0)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("reduction", [None, "none"])
def test_a_loss_that_is_no_number_is_refused(reduction):
    model = Sequential([Input((6,)), Dense(5)])
    with pytest.raises(ValueError, match="one number"):
        model.compile("sgd", losses.MeanSquaredError(reduction=reduction))
