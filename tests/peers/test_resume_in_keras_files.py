"""Training that was broken off goes on out of Keras's files, too, from the middle of an epoch and to the same bits."""

from __future__ import annotations

import pytest
from fastmlp import saving
from resume_cases import broken_off, figures, fit, made, state

pytest.importorskip("h5py", reason="h5py writes Keras's files")


@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.parametrize("case", ["shuffled", "tape", "rows of figures", "validation", "data set for ever"])
@pytest.mark.filterwarnings("ignore:.*h5 is Keras's older format:UserWarning")
def test_training_goes_on_out_of_files_of_keras(case, ending, tmp_path):
    model, path = made(case), tmp_path / f"model.{ending}"
    history, end = figures(fit(model, case)), state(model)
    broken_off(case, 9).save(path)
    found = saving.load_model(path)
    left = figures(fit(found, case, resume=True))
    assert left == {name: values[-len(left["loss"]) :] for name, values in history.items()}
    assert state(found) == end
