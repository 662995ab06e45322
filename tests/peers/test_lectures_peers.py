"""The code on the slides gives the numbers that TensorFlow gives; only the line that imports it differs."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import fastmlp.tf
import numpy as np
import pytest
from lecture_blocks import ACCEPTED
from lecture_slips import REFUSED

CODE = "import sys; sys.path.insert(0, sys.argv[1]); import tensorflow as tf, lecture_blocks\n"
CODE += "lecture_blocks.run(tf, sys.argv[2])"
HERE = str(Path(__file__).resolve().parents[1])
FAILS = {
    "layer_with_named_weights": {"ValueError", "TypeError"},
    "loss_class_given_data": {"ValueError", "TypeError"},
    "l2_network": {"TypeError"},
    "dropout_by_p": {"TypeError"},
    "random_variable_without_shape": {"TypeError"},
    "optimizer_module_in_the_singular": {"AttributeError"},
    "rmsprop_in_capitals": {"AttributeError"},
}


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """What TensorFlow gives, in a process of its own: Keras may run on something else in this one."""
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("no TensorFlow: pip install tensorflow")
    file = tmp_path_factory.mktemp("blocks") / "real.npz"
    env = os.environ | {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
    subprocess.run([sys.executable, "-c", CODE, HERE, str(file)], check=True, env=env, capture_output=True, timeout=300)
    with np.load(file) as found:
        return dict(found)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("block", ACCEPTED, ids=lambda block: block.__name__)
def test_block_gives_the_numbers_of_tensorflow(block, real):
    ours, theirs = np.asarray(block(fastmlp.tf)), real[block.__name__]
    assert (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
    assert ours == pytest.approx(theirs, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("block", REFUSED, ids=lambda block: block.__name__)
def test_tensorflow_refuses_what_runs_here(block, real):
    assert str(real[block.__name__]) in FAILS[block.__name__]
