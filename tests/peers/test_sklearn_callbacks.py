"""Callbacks of fastmlp's MLPClassifier and MLPRegressor: what they see, change, stop and break off."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="fastmlp.sklearn is built on scikit-learn")

from fastmlp import callbacks, optimizers
from sklearn.exceptions import ConvergenceWarning
from sklearn_cases import (
    BATCH,
    EPOCHS,
    NUMBERS,
    ROWS,
    TWO,
    X,
    assert_equal_weights,
    make,
)

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


# ---- callbacks


@pytest.mark.parametrize(("solver", "rate"), [("adam", 0.01), ("sgd", 0.1)])
def test_learning_rates_that_callbacks_set(solver, rate):
    """Each epoch has its rate, as by hand; the parts of a fit go on with the last, from a pickle too."""
    schedule = callbacks.LearningRateScheduler(lambda epoch, now: now if epoch < 2 else now * 0.25)
    estimator = make("two", solver=solver, learning_rate_init=rate, callbacks=[schedule], shuffle=False).fit(X, TWO)
    assert estimator.learning_rate_init == rate  # a parameter stays what it was
    parts = make("two", solver=solver, learning_rate_init=rate, shuffle=False)
    for epoch in range(EPOCHS):
        parts.partial_fit(X, TWO, classes=["no", "yes"])
        if epoch in (1, 2):
            name = "learning_rate_init" if solver == "adam" else "learning_rate"
            setattr(parts._optimizer, name, getattr(parts._optimizer, name) * 0.25)
            parts = pickle.loads(pickle.dumps(parts))
    assert_equal_weights(estimator, parts)
    own = make("two", optimizer=optimizers.SGD(0.3), callbacks=[schedule]).fit(X, TWO)
    assert own._optimizer.learning_rate == 0.3 / 16
    assert copy.deepcopy(own).set_params(callbacks=None).partial_fit(X, TWO)._optimizer.learning_rate == 0.3 / 16


def test_reduce_on_plateau_and_sgds_own_ways():
    flat = callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=1e9)
    estimator = make("two", solver="sgd", learning_rate_init=0.4, callbacks=[flat]).fit(X, TWO)
    assert estimator._optimizer.learning_rate == 0.4 * 0.5 ** (EPOCHS - 1)
    adaptive = make("two", solver="sgd", learning_rate="adaptive", tol=1e9, n_iter_no_change=1, callbacks=[flat],
                    learning_rate_init=0.4).fit(X, TWO)  # fmt: skip
    assert adaptive._optimizer.learning_rate == pytest.approx(0.4 * 0.5**3 / 5)
    scaled = make("two", solver="sgd", learning_rate="invscaling", learning_rate_init=0.4, callbacks=[flat]).fit(X, TWO)
    assert scaled._optimizer.learning_rate == 0.4 / (EPOCHS * ROWS + 1) ** 0.5


def test_early_stopping_callbacks():
    stop = callbacks.EarlyStopping("loss", min_delta=1e9, patience=2, restore_best_weights=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        estimator = make("two", callbacks=[stop], max_iter=3).fit(X, TWO)
    assert estimator.n_iter_ == 3
    assert stop.stopped_epoch == 2
    assert estimator.t_ == 3 * ROWS
    assert_equal_weights(estimator, make("two", max_iter=1).fit(X, TWO))  # those of the best epoch
    scored = callbacks.EarlyStopping("val_score", patience=1, min_delta=2.0)  # a score is to rise
    held = make("two", callbacks=[scored], early_stopping=True, max_iter=50).fit(X, TWO)
    assert held.n_iter_ == 2
    assert scored.best == held.validation_scores_[0]


def test_batch_hooks_logs_and_stopping_between_batches():
    seen = []
    noted = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append((batch, logs["loss"])),
                                     on_epoch_end=lambda epoch, logs: seen.append(("epoch", logs["loss"])))  # fmt: skip
    estimator = make("numbers", callbacks=[noted], alpha=0.5).fit(X, NUMBERS)
    assert [batch for batch, _ in seen] == [0, 1, 2, "epoch"] * EPOCHS
    losses_ = [loss for batch, loss in seen if batch in (2, "epoch")]
    np.testing.assert_array_equal(losses_[::2], losses_[1::2])  # of all batches, told in the same way
    np.testing.assert_array_equal(losses_[1::2], estimator.loss_curve_)
    assert_equal_weights(estimator, make("numbers", alpha=0.5).fit(X, NUMBERS))
    sparse = pytest.importorskip("scipy.sparse", reason="scikit-learn brings it")
    told = list(seen)
    make("numbers", callbacks=[noted], alpha=0.5).fit(sparse.csr_array(X), NUMBERS)
    np.testing.assert_allclose([loss for _, loss in seen[len(told) :]], [loss for _, loss in told])

    class Stop(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 1

    stopped = make("two", callbacks=[Stop()]).fit(X, TWO)
    assert stopped.n_iter_ == 1
    assert stopped.t_ == 2 * BATCH
    at_once = callbacks.LambdaCallback()
    at_once.on_train_begin = lambda logs: setattr(at_once.model, "stop_training", True)
    assert make("two", callbacks=[at_once]).fit(X, TWO).loss_curve_ == []


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
@pytest.mark.parametrize("early", [False, True])
def test_an_exception_in_a_callback_leaves_the_last_whole_step(error, early):
    told = []

    class Breaks(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 1:
                told.append(self.model.get_weights())
                raise error

        def on_abort(self, logs=None):
            told.append("abort")

    estimator = make("two", callbacks=[Breaks()], early_stopping=early, validation_fraction=0.2)
    if error is KeyboardInterrupt:
        with pytest.warns(UserWarning, match="Training interrupted by user"):
            estimator.fit(X, TWO)
    else:
        with pytest.raises(ZeroDivisionError):
            estimator.fit(X, TWO)
    assert told[1] == "abort"
    if not (early and error is KeyboardInterrupt):  # which ends with the best weights so far, as in scikit-learn
        np.testing.assert_array_equal(estimator.coefs_[0], told[0][0])
    assert estimator._optimizer.t == 2
    assert estimator.predict(X).shape == (ROWS,)
    if not early:  # scikit-learn cannot go on without it
        estimator.set_params(callbacks=None).partial_fit(X, TWO)
        assert estimator._optimizer.t == 5


def test_callbacks_may_use_the_model():
    """Other batch sizes, evaluation, steps of their own: training goes on with the model as it then is."""
    notes = []

    class Uses(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            target = (TWO == "yes").astype(float)
            notes.append(self.model.evaluate(X, target, batch_size=BATCH, verbose=0))
            self.model.predict(np.repeat(X, 3, axis=0), batch_size=1000, verbose=0)
            rate, self.model.optimizer.learning_rate = float(self.model.optimizer.learning_rate), 0.0
            self.model.train_on_batch(X, target)  # more rows than a batch: what runs is made anew
            self.model.optimizer.learning_rate = rate

    plain = {"alpha": 0.7, "solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.1}
    used = make("two", callbacks=[Uses()], **plain).fit(X, TWO)
    assert_equal_weights(used, make("two", **plain).fit(X, TWO))
    p = used.predict_proba(X)[np.arange(ROWS), (TWO == "yes").astype(int)]
    squares = sum((coef**2).sum() for coef in used.coefs_)
    assert notes[-1] == pytest.approx(-np.log(p).mean() + 0.35 * squares / BATCH, rel=1e-12)


def test_checkpoints_can_be_loaded_without_scikit_learn(tmp_path):
    for loss in ("log_loss", "mse"):
        path = tmp_path / f"{loss}.safetensors"
        saved = make("two", loss=loss, callbacks=[callbacks.ModelCheckpoint(path)]).fit(X, TWO)
        code = ("import sys, fastmlp, numpy as np; m = fastmlp.load_model(sys.argv[1]);"
                "assert 'sklearn' not in sys.modules;"
                "print(repr(m.predict(np.ones((1, 5)), verbose=0).item()))")  # fmt: skip
        run = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stderr
        assert float(run.stdout) == pytest.approx(saved.predict_proba(np.ones((1, 5)))[0, 1], rel=1e-6)


def test_a_bar(capsys):
    estimator = make("two", verbose="bar", early_stopping=True).fit(X, TWO)
    printed = capsys.readouterr().out
    assert printed.count("Epoch ") == EPOCHS
    assert printed.count("val_score: ") == EPOCHS
    assert "Iteration" not in printed
    assert "Validation score" not in printed
    assert estimator.verbose == "bar"
    make("two", verbose="bar").partial_fit(X, TWO, classes=["no", "yes"])
    assert capsys.readouterr().out.startswith("3/3 ")  # one line, for it is one epoch
    make("two", verbose=True).fit(X, TWO)
    assert capsys.readouterr().out.count("Iteration") == EPOCHS
