"""What models as estimators have in common: parameters, the building of the model, its training."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from fastmlp import random
from fastmlp._validate import brief, whole
from fastmlp.sklearn import ends, routing, settings, stopping

_TOLD = ("n_features_in_", "feature_names_in_", "X_shape_", "X_dtype_", "target_type_", "y_ndim_", "y_dtype_",
         "n_outputs_", "classes_", "n_classes_")  # fmt: skip
_GIVEN = ("x", "y", "sample_weight", "class_weight", "callbacks", "initial_epoch", "resume")  # to fit, by the estimator


class ModelEstimator(BaseEstimator):  # type: ignore[misc]
    """What the two have in common."""

    class_weight: Any = None

    def __init__(
        self,
        model: Any = None,
        *,
        optimizer: Any = None,
        loss: Any = None,
        metrics: Any = None,
        epochs: int = 1,
        batch_size: int | None = None,
        validation_split: float = 0.0,
        callbacks: Any = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: int = 0,
        **model__and_others: Any,  # a name that it takes itself: scikit-learn tries all that stand in a signature
    ) -> None:
        settings.take(self, {name: value for name, value in locals().items() if name != "model__and_others"})
        for name, value in model__and_others.items():
            if not routing.is_routed(name):
                raise TypeError(f"{type(self).__name__}: expected one of {', '.join(self._get_param_names())}, or what "
                                f"is behind {'__, '.join(routing.PREFIXES)}__, got {name!r}; an argument of the "
                                f"function that builds the model is model__{name}")  # fmt: skip
            setattr(self, name, value)

    # ---- parameters

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All parameters, the routed ones that were given included."""
        return {**super().get_params(deep), **self._all_routed()}

    def set_params(self, **params: Any) -> Any:
        """Change parameters."""
        routed = {name: value for name, value in params.items() if routing.is_routed(name)}
        for name, value in routed.items():
            setattr(self, name, value)
        return super().set_params(**{name: value for name, value in params.items() if name not in routed})

    def _all_routed(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if routing.is_routed(name)}

    def _routed(self, prefix: str) -> dict[str, Any]:
        return routing.within(prefix, self._all_routed())

    # ---- fit

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Build the model, unless `warm_start` goes on with the one there is, and train it.

        Parameters
        ----------
        X
            Rows of features, or of anything of the shape that the model takes.
        y
            A target for each row.
        sample_weight
            What each row's loss is multiplied by.
        """
        return self._fit(X, y, sample_weight)

    def initialize(self, X: Any, y: Any) -> Any:
        """Build and compile the model for such data, without training it: to load weights into `model_`, say."""
        self._prepare(X, y, None)
        return self

    def _fit(self, X: Any, y: Any, sample_weight: Any, partial: bool = False) -> Any:
        """All epochs of a fit, or the one of a part."""
        goes_on = (partial or self.warm_start) and hasattr(self, "model_")
        with settings.kept_without_memory(self, unless=goes_on):
            return self._fit_epochs(X, y, sample_weight, partial)

    def _fit_epochs(self, X: Any, y: Any, sample_weight: Any, partial: bool) -> Any:
        X, y, weights = self._prepare(X, y, sample_weight, partial or self.warm_start, partial)
        given = {"epochs": self.epochs, "batch_size": self.batch_size, "verbose": self.verbose,
                 "validation_split": self.validation_split, **self._routed("fit")}  # fmt: skip
        routing.need_names("fit", given, routing.arguments_of(type(self.model_).fit, *_GIVEN))
        epochs = whole("epochs", given.pop("epochs"), 0)
        last = self.n_iter_ + (1 if partial else epochs)
        if isinstance(given.get("validation_data"), (tuple, list)):
            held, targets, *rest = given["validation_data"]
            given["validation_data"] = (held, self._targets(np.asarray(targets)), *rest)
        history = self.model_.fit(
            X, self._targets(y), sample_weight=weights, epochs=last, initial_epoch=self.n_iter_,
            callbacks=[*routing.callbacks_of(self.callbacks, self._routed("callbacks")), *stopping.looks()], **given,
        )  # fmt: skip
        for name, values in history.history.items():
            self.history_.setdefault(name, []).extend(values)
        self.n_iter_ += len(history.epoch)
        return self

    def _prepare(
        self, X: Any, y: Any, sample_weight: Any, goes_on: bool = False, partial: bool = False
    ) -> tuple[Any, ...]:
        """Data that is checked, and weights; the model is there then."""
        goes_on = goes_on and hasattr(self, "model_")
        X, y = self._checked(X, y, goes_on, partial)
        weights = None if sample_weight is None else _check_sample_weight(sample_weight, X)
        weights = settings.weigh_classes(self, y, weights, partial)
        if not goes_on:
            self.X_shape_, self.X_dtype_, self.y_ndim_, self.y_dtype_ = X.shape, X.dtype, y.ndim, y.dtype
            self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]
            self.model_ = self._new_model(X)
            self.history_: dict[str, list[Any]] = {}
            self.n_iter_ = 0
        elif y.ndim != self.y_ndim_ or (y.ndim == 2 and y.shape[1] != self.n_outputs_):
            raise ValueError(f"fit: expected y of {self.n_outputs_} columns and {self.y_ndim_} axes as before, got "
                             f"{brief(y)}; fit with warm_start=False begins anew")  # fmt: skip
        return X, y, weights

    def _new_model(self, X: np.ndarray) -> Any:
        """The model, built and compiled, all its random numbers from the random state, if there is one."""
        state = self.random_state
        seed = random.next_seed() if state is None else int(check_random_state(state).randint(2**31))
        told = {name: getattr(self, name) for name in _TOLD if hasattr(self, name)} | {"n_outputs_expected_": 1}
        compiling = routing.Compiling(
            {"optimizer": self.optimizer, "loss": self.loss, "metrics": self.metrics, **self._routed("compile")},
            self._routed("optimizer"), self._routed("loss"),
        )  # fmt: skip
        with random.seeds_from(random.SeedGenerator(seed)):
            model = routing.model_of(self.model, self._routed("model"), told, compiling)
            model._rows_of("fit", X[:2])  # builds what was waiting for the shape of its input
            units = ends.units_of(model)
            self._need_units(units)
            compiling.compile(model, lambda: self._usual_loss(model, units))
        self._need_loss(model, model._compiled.loss, units)
        return model

    def _answers(self, X: Any) -> np.ndarray:
        """What the model says to rows."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype="numeric", allow_nd=True)
        return ends.answers(self.model_, self.model_.predict(X, **{"verbose": 0, **self._routed("predict")}))

    # ---- what the two have each their own of

    def _checked(self, X: Any, y: Any, goes_on: bool, partial: bool) -> tuple[np.ndarray, np.ndarray]:
        """Rows and targets as arrays, and what is known by them."""
        raise NotImplementedError

    def _targets(self, y: np.ndarray) -> np.ndarray:
        """Targets as the loss takes them."""
        raise NotImplementedError

    def _usual_loss(self, model: Any, units: int) -> Any:
        raise NotImplementedError

    def _need_units(self, units: int) -> None:
        raise NotImplementedError

    def _need_loss(self, model: Any, loss: Any, units: int) -> None:
        raise NotImplementedError
