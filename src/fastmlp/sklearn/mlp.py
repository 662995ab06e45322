"""MLPClassifier and MLPRegressor: scikit-learn's own, whose numbers come from C.

All that is not numbers, parameters, checks, messages, attributes, is inherited: it is what the installed scikit-learn
has. Random numbers are drawn from the `RandomState` in its order, and every step is its step.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import _multilayer_perceptron as theirs
from sklearn.utils.validation import validate_data

from fastmlp import runtime
from fastmlp.models.hooks import CallbackList
from fastmlp.sklearn import settings, solvers, stopping
from fastmlp.sklearn.network import Objective, Predictor, Trainer, forget, is_sparse, kept, weights_of


def _warn(message: str, category: type[Warning] = UserWarning) -> None:
    """As from scikit-learn's own line: programs filter by its module, and see a line's warning once."""
    line = theirs.BaseMultilayerPerceptron._fit_stochastic.__code__.co_firstlineno
    seen = vars(theirs).setdefault("__warningregistry__", {})
    warnings.warn_explicit(message, category, theirs.__file__, line, theirs.__name__, seen)


class InC:
    """What takes the place of scikit-learn's loops; comes before its class."""

    # ---- fit

    def _fit(self: Any, X: Any, y: Any, sample_weight: Any = None, incremental: bool = False) -> Any:
        settings.check(self)
        sample_weight = settings.weigh_classes(self, y, sample_weight, incremental)
        goes_on = (incremental or self.warm_start) and hasattr(self, "coefs_")
        with runtime.threads_here(self.n_threads), settings.kept_without_memory(self, unless=goes_on):
            return super()._fit(X, y, sample_weight, incremental)  # type: ignore[misc]

    def _validate_input(self: Any, *rest: Any, **named: Any) -> Any:
        found = super()._validate_input(*rest, **named)  # type: ignore[misc]
        settings.loss_of(self, settings.ends_with(self))  # while nothing has changed but classes_
        return found

    def _initialize(self: Any, y: Any, layer_units: Any, dtype: Any) -> None:
        super()._initialize(y, layer_units, settings.dtype_of(self, dtype))  # type: ignore[misc]

    def _init_coef(self: Any, fan_in: int, fan_out: int, dtype: Any) -> Any:
        """By the activation of the layer; of the last one by that before it, as scikit-learn does."""
        given = self.activation
        if isinstance(given, (list, tuple)) and given:
            given = given[min(len(self.coefs_), len(given) - 1)]
        with settings.instead(self, activation="logistic" if settings.is_logistic(given) else "relu"):
            return super()._init_coef(fan_in, fan_out, dtype)  # type: ignore[misc]

    # ---- adam, sgd, and optimizers of one's choice

    def _fit_stochastic(self: Any, X: Any, y: Any, sample_weight: Any, *rest: Any) -> None:
        *_, incremental = rest
        units = [X.shape[1], *(coef.shape[1] for coef in weights_of(self)[0])]  # a warm start keeps the layers it has
        if not incremental or not solvers.goes_on(self):
            self._optimizer = solvers.new(self)
        if self.early_stopping and incremental:
            raise ValueError("partial_fit does not support early_stopping=True")
        held = (None, None, None)
        if self.early_stopping:
            X, y, sample_weight, *held = self._split(X, y, sample_weight)
        trainer = self._trainer(units, self._batch_of(X.shape[0]), incremental, is_sparse(X))
        trainer.take_all(self)
        trainer.see(X, y, sample_weight)
        try:
            self._epochs(trainer, X.shape[0], held, incremental)
        except KeyboardInterrupt:
            _warn("Training interrupted by user.")
        finally:
            trainer.give_all(self)
            trainer.see_nothing()
        if self.early_stopping:
            self.coefs_, self.intercepts_ = self._best_coefs, self._best_intercepts

    def _batch_of(self: Any, rows: int) -> int:
        if self.batch_size == "auto":
            return min(200, rows)
        if self.batch_size > rows:
            _warn("Got `batch_size` less than 1 or larger than sample size. It is going to be clipped")
        return int(np.clip(self.batch_size, 1, rows))

    def _trainer(self: Any, units: Any, batch: int, incremental: bool, sparse: bool) -> Trainer:
        """For a part of a fit the one of the part before, if nothing has changed."""
        seed = self._seed(incremental)

        def make() -> Trainer:
            return Trainer(self, units, batch, seed, sparse)

        if not incremental:
            forget(self, Trainer)
            return make()
        activations, rates = (each(self, len(units) - 2) for each in (settings.each_activation, settings.dropout_rates))
        key = [list(units), batch, seed, weights_of(self)[1], self.out_activation_, activations, rates, self.alpha,
               self.loss, solvers.settings_of(self._optimizer), sparse]  # fmt: skip
        trainer: Trainer = kept(self, Trainer, key, make)
        return trainer

    def _seed(self: Any, incremental: bool) -> int:
        """Of dropout's masks: drawn once for a fit, and all its parts."""
        if not settings.drops(self):
            return 0
        if not incremental or not hasattr(self, "_dropout_seed"):
            self._dropout_seed = int(self._random_state.randint(2**31))
        return int(self._dropout_seed)

    def _split(self: Any, X: Any, y: Any, sample_weight: Any) -> tuple[Any, ...]:
        """Rows to train on and rows to score, each X, y and weights."""
        one_column = is_classifier(self) and self.n_outputs_ == 1
        arrays = [X, y] if sample_weight is None else [X, y, sample_weight]
        parts = train_test_split(*arrays, random_state=self._random_state, test_size=self.validation_fraction,
                                 stratify=y if one_column else None)  # fmt: skip
        train, held = [*parts[::2], None][:3], [*parts[1::2], None][:3]
        if held[0].shape[0] < 2:
            raise ValueError("The validation set is too small. Increase 'validation_fraction' or the size of your "
                             "dataset.")  # fmt: skip
        if is_classifier(self):
            held[1] = self._label_binarizer.inverse_transform(held[1])
        return *train, *held

    def _epochs(self: Any, trainer: Trainer, rows: int, held: Any, incremental: bool) -> None:
        steps = -(-rows // trainer.batch)
        hooks = CallbackList([self.callbacks, stopping.looks()], add_progbar=self.verbose == "bar", model=trainer.model,
                             verbose=1, epochs=1 if incremental else self.max_iter, steps=steps)  # fmt: skip
        if incremental:
            solvers.need_no_end(trainer.model.optimizer)
        self.n_iter_, trainer.model.stop_training = 0, False
        trainer.model._tell_schedule(steps)
        try:
            with hooks.running():
                hooks.on_train_begin()
                logs = self._until_done(trainer, rows, held, incremental, hooks)
                if not incremental:
                    trainer.end()
                hooks.on_train_end(logs)
        finally:
            for callback in hooks.callbacks:
                callback.model = None  # it is not copied and pickled with the estimator

    def _until_done(self: Any, trainer: Trainer, rows: int, held: Any, incremental: bool, hooks: Any) -> dict[str, Any]:
        order, logs = np.arange(rows), dict[str, Any]()
        for number in range(self.max_iter):
            solvers.take_rate(trainer.model.optimizer, self._optimizer)
            hooks.on_epoch_begin(number)
            if self.shuffle:
                drawn = np.arange(rows)
                self._random_state.shuffle(drawn)
                order = order[drawn]
            loss, seen = trainer.epoch(order if self.shuffle else None, hooks)
            if not seen:  # a callback has stopped training
                break
            self._note(trainer, loss, seen, held)
            logs = {"loss": loss, **({"val_score": self.validation_scores_[-1]} if self.early_stopping else {})}
            hooks.on_epoch_end(number, logs)
            solvers.give_rate(trainer.model.optimizer, self._optimizer)
            self._optimizer.iteration_ends(self.t_)
            if self._no_improvement_count > self.n_iter_no_change:
                if self._optimizer.trigger_stopping(self._why_stopping(), self._says()):
                    break
                self._no_improvement_count = 0
            if incremental or trainer.model.stop_training:
                break
            if self.n_iter_ == self.max_iter:
                message = (f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the optimization "
                           "hasn't converged yet.")  # fmt: skip
                _warn(message, ConvergenceWarning)
        return logs

    def _note(self: Any, trainer: Trainer, loss: float, seen: int, held: Any) -> None:
        """What an epoch has come to."""
        self.loss_ = np.float64(loss)
        self.n_iter_ += 1
        self.t_ += seen
        self.loss_curve_.append(self.loss_)
        if self._says():
            print(f"Iteration {self.n_iter_}, loss = {loss:.8f}")
        if self.early_stopping:
            trainer.give_scored(self)
        with settings.instead(self, verbose=self._says()):
            self._update_no_improvement_count(self.early_stopping, *held)

    def _score(self: Any, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Of one label a row a comparison: scikit-learn's function looks at its arguments for longer than an epoch."""
        if not is_classifier(self) or y.ndim != 1:
            return super()._score(X, y, sample_weight=sample_weight)  # type: ignore[misc]
        return float(np.average(self._predict(X, check_input=False) == y, weights=sample_weight))

    def _says(self: Any) -> Any:
        """Whether to print as scikit-learn does: not beside a bar."""
        return self.verbose and self.verbose != "bar"

    def _why_stopping(self: Any) -> str:
        watched = "Validation score" if self.early_stopping else "Training loss"
        return f"{watched} did not improve more than tol={self.tol:f} for {self.n_iter_no_change} consecutive epochs."

    # ---- lbfgs

    def _fit_lbfgs(self: Any, X: Any, y: Any, sample_weight: Any, *rest: Any) -> None:
        units = rest[-1]
        self._objective = Objective(self, units, X, y, sample_weight)
        try:
            super()._fit_lbfgs(X, y, sample_weight, *rest)  # type: ignore[misc] # which calls the next
            if self.dtype is not None:  # the solver's numbers are float64
                dtype = settings.dtype_of(self, None)
                self.coefs_ = [coef.astype(dtype, copy=False) for coef in self.coefs_]
                self.intercepts_ = [intercept.astype(dtype, copy=False) for intercept in self.intercepts_]
        finally:
            del self._objective

    def _loss_grad_lbfgs(self: Any, packed_coef_inter: Any, X: Any, y: Any, sample_weight: Any, *rest: Any) -> Any:
        self._unpack(packed_coef_inter)
        objective = vars(self).get("_objective")
        if objective is None:
            units = [X.shape[1], *(coef.shape[1] for coef in weights_of(self)[0])]
            objective = Objective(self, units, X, y, sample_weight)
        return objective(self)

    # ---- predict

    def _forward_pass_fast(self: Any, X: Any, check_input: bool = True) -> np.ndarray:
        if check_input:
            X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        coefs, dtype = weights_of(self)
        if self.dtype is None and np.result_type(X.dtype, dtype) != np.float32:  # as NumPy's product has it
            dtype = np.float64
        units = [coefs[0].shape[0], *(w.shape[1] for w in coefs)]
        key = [units, dtype, settings.each_activation(self, len(units) - 2), self.out_activation_, is_sparse(X)]

        def make() -> Predictor:
            return Predictor(self, units, dtype, is_sparse(X))

        predict: Predictor = kept(self, Predictor, key, make)
        if predict.asked_here():
            predict = make()
        with runtime.threads_here(self.n_threads):
            return predict(self, X)
