"""NaN among the numbers that callbacks watch: it is never the best so far."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from fastmlp.callbacks import EarlyStopping, ModelCheckpoint, ReduceLROnPlateau
from scripted import Scripted

NAN = math.nan


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize(
    ("scores", "ran", "kept"),
    [
        ([NAN, 3, 2, 1, 0], 5, 5),
        ([NAN, NAN, 1, 0], 2, 2),
        ([NAN, NAN, NAN], 2, 2),
        ([3, NAN, NAN, 1], 3, 1),
        ([3, NAN, 2, 3, 3, 3], 5, 3),
    ],
)
def test_early_stopping(mode, scores, ran, kept):
    model = Scripted()
    stopping = EarlyStopping(patience=2, mode=mode, restore_best_weights=True)
    model.fit(stopping, val_loss=[score if mode == "min" else -score for score in scores])
    assert (len(model.history.epoch), model.weight) == (ran, kept)


@pytest.mark.parametrize(("scores", "ran"), [([NAN, 2, 1, 1], 4), ([NAN, NAN, 1], 2), ([NAN, 1, NAN, 0], 3)])
def test_without_patience_it_does_not_stop_in_the_first_epoch(scores, ran):
    model = Scripted()
    model.fit(EarlyStopping(), val_loss=scores)
    assert len(model.history.epoch) == ran


def test_early_stopping_with_a_baseline():
    model = Scripted()
    model.fit(EarlyStopping(baseline=5, patience=2), val_loss=[4.0, NAN, NAN, 1.0])
    assert len(model.history.epoch) == 3


def test_only_numbers_are_saved_as_the_best(tmp_path):
    model = Scripted()
    model.fit(ModelCheckpoint(tmp_path / "{epoch}.h5", save_best_only=True), val_loss=[NAN, 3.0, NAN, 2.0, 2.5])
    assert [Path(saved).stem for saved in model.saved] == ["2", "4"]
    model.fit(ModelCheckpoint(tmp_path / "all-{epoch}.h5"), val_loss=[NAN, 3.0])
    assert [Path(saved).stem for saved in model.saved[2:]] == ["all-1", "all-2"], "all is all"


def test_a_plateau_of_nan_reduces_the_rate():
    model = Scripted()
    model.fit(ReduceLROnPlateau(patience=2, factor=0.5), val_loss=[NAN, 3.0, NAN, NAN, 2.0, 1.0])
    assert model.history.history["learning_rate"] == [0.5, 0.5, 0.5, 0.5, 0.25, 0.25]
