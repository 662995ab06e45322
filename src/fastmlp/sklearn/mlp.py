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
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer
from sklearn.utils.validation import validate_data

from fastmlp import runtime
from fastmlp._validate import user_level
from fastmlp.models.hooks import CallbackList
from fastmlp.sklearn import settings, stopping
from fastmlp.sklearn.network import Objective, OwnOptimizer, Predictor, Trainer, forget, is_sparse, kept, weights_of


class InC:
    """What takes the place of scikit-learn's loops; comes before its class."""

    # ---- fit

    def _fit(self: Any, X: Any, y: Any, sample_weight: Any = None, incremental: bool = False) -> Any:
        settings.check(self)
        sample_weight = settings.weigh_classes(self.class_weight, y, sample_weight, incremental)
        with runtime.threads_here(self.n_threads):
            return super()._fit(X, y, sample_weight, incremental)  # type: ignore[misc]

    def _initialize(self: Any, y: Any, layer_units: Any, dtype: Any) -> None:
        super()._initialize(y, layer_units, settings.dtype_of(self, dtype))  # type: ignore[misc]

    # ---- adam, sgd, and optimizers of one's choice

    def _fit_stochastic(self: Any, X: Any, y: Any, sample_weight: Any, *rest: Any) -> None:
        *_, units, incremental = rest
        if self.early_stopping and incremental:
            raise ValueError("partial_fit does not support early_stopping=True")
        if not incremental or not hasattr(self, "_optimizer"):
            self._optimizer = self._new_optimizer()
        held = (None, None, None)
        if self.early_stopping:
            X, y, sample_weight, *held = self._split(X, y, sample_weight)
        trainer = self._trainer(units, self._batch_of(X.shape[0]), incremental, is_sparse(X))
        trainer.take_all(self)
        trainer.see(X, y, sample_weight)
        try:
            self._epochs(trainer, X.shape[0], held, incremental)
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=user_level())
        finally:
            trainer.give_all(self)
            trainer.see_nothing()
        if self.early_stopping:
            self.coefs_, self.intercepts_ = self._best_coefs, self._best_intercepts

    def _new_optimizer(self: Any) -> Any:
        parameters, rate = self.coefs_ + self.intercepts_, self.learning_rate_init
        if self.optimizer is not None:
            return OwnOptimizer(rate)
        if self.solver == "adam":
            return AdamOptimizer(parameters, rate, self.beta_1, self.beta_2, self.epsilon)
        return SGDOptimizer(parameters, rate, self.learning_rate, self.momentum, self.nesterovs_momentum, self.power_t)

    def _batch_of(self: Any, rows: int) -> int:
        if self.batch_size == "auto":
            return min(200, rows)
        if self.batch_size > rows:
            message = "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped"
            warnings.warn(message, stacklevel=user_level())
        return int(np.clip(self.batch_size, 1, rows))

    def _trainer(self: Any, units: Any, batch: int, incremental: bool, sparse: bool) -> Trainer:
        """For a part of a fit the one of the part before, if nothing has changed."""
        seed = int(self._random_state.randint(2**31)) if settings.drops(self) and not incremental else 0

        def make() -> Trainer:
            return Trainer(self, units, batch, seed, sparse)

        if not incremental:
            forget(self, Trainer)
            return make()
        asked = {**self.get_params(deep=False), "random_state": None, "hidden_layer_sizes": None, "verbose": None,
                 "callbacks": None}  # fmt: skip # which may know the estimator: it would never go
        key = [asked, list(units), batch, self.coefs_[0].dtype, self.out_activation_, sparse]
        trainer: Trainer = kept(self, Trainer, key, make)
        return trainer

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
        order = np.arange(rows)
        says = self.verbose and self.verbose != "bar"
        hooks = CallbackList([self.callbacks, stopping.looks()], add_progbar=self.verbose == "bar", model=trainer.model,
                             verbose=1, epochs=1 if incremental else self.max_iter,
                             steps=-(-rows // trainer.batch))  # fmt: skip
        logs: dict[str, Any] = {}
        self.n_iter_, trainer.model.stop_training = 0, False
        hooks.on_train_begin()
        for number in range(self.max_iter):
            hooks.on_epoch_begin(number)
            if self.shuffle:
                drawn = np.arange(rows)
                self._random_state.shuffle(drawn)
                order = order[drawn]
            rate = None if self.optimizer is not None or self.solver == "adam" else self._optimizer.learning_rate
            self.loss_ = trainer.epoch(order if self.shuffle else None, hooks, rate)
            self.n_iter_ += 1
            self.t_ += rows
            self.loss_curve_.append(self.loss_)
            if says:
                print(f"Iteration {self.n_iter_}, loss = {self.loss_:.8f}")
            if self.early_stopping:
                trainer.give(self)
            self._update_no_improvement_count(self.early_stopping, *held)
            logs = {"loss": self.loss_, **({"val_score": self.validation_scores_[-1]} if self.early_stopping else {})}
            hooks.on_epoch_end(number, logs)
            self._optimizer.iteration_ends(self.t_)
            if self._no_improvement_count > self.n_iter_no_change:
                if self._optimizer.trigger_stopping(self._why_stopping(), says):
                    break
                self._no_improvement_count = 0
            if incremental or trainer.model.stop_training:
                break
            if self.n_iter_ == self.max_iter:
                message = (f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the optimization "
                           "hasn't converged yet.")  # fmt: skip
                warnings.warn(message, ConvergenceWarning, stacklevel=user_level())
        hooks.on_train_end(logs)

    def _why_stopping(self: Any) -> str:
        watched = "Validation score" if self.early_stopping else "Training loss"
        return f"{watched} did not improve more than tol={self.tol:f} for {self.n_iter_no_change} consecutive epochs."

    # ---- lbfgs

    def _fit_lbfgs(self: Any, X: Any, y: Any, sample_weight: Any, *rest: Any) -> None:
        units = rest[-1]
        self._objective = Objective(self, units, X, y, sample_weight)
        try:
            super()._fit_lbfgs(X, y, sample_weight, *rest)  # type: ignore[misc] # which calls the next
        finally:
            del self._objective

    def _loss_grad_lbfgs(self: Any, packed_coef_inter: Any, X: Any, y: Any, sample_weight: Any, *rest: Any) -> Any:
        self._unpack(packed_coef_inter)
        objective = vars(self).get("_objective")
        if objective is None:
            units = [X.shape[1], *(coef.shape[1] for coef in self.coefs_)]
            objective = Objective(self, units, X, y, sample_weight)
        return objective(self)

    # ---- predict

    def _forward_pass_fast(self: Any, X: Any, check_input: bool = True) -> np.ndarray:
        if check_input:
            X = validate_data(self, X, accept_sparse=["csr", "csc"], reset=False)
        weights = weights_of(self)
        coefs = weights[: len(self.coefs_)]
        dtype = weights[0].dtype if self.dtype is not None else np.result_type(X.dtype, *(w.dtype for w in coefs))
        dtype = dtype if dtype == np.float32 else np.dtype(np.float64)
        units = [coefs[0].shape[0], *(w.shape[1] for w in coefs)]
        key = [units, dtype, self.activation, self.out_activation_, is_sparse(X)]
        predict: Predictor = kept(self, Predictor, key, lambda: Predictor(self, units, dtype, is_sparse(X)))
        with runtime.threads_here(self.n_threads):
            return predict(weights, X)
