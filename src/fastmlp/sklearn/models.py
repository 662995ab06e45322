"""Models as estimators of scikit-learn: what a function builds, or a model, with a `fit` that takes labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import _check_partial_fit_first_call, check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d, validate_data

from fastmlp import losses
from fastmlp._validate import brief
from fastmlp.sklearn import ends
from fastmlp.sklearn.wrapping import ModelEstimator


class ModelClassifier(ClassifierMixin, ModelEstimator):  # type: ignore[misc]
    """A model as a classifier of scikit-learn.

    Labels may be anything: what the loss takes is made of them. The model ends with one sigmoid for two classes, with
    a softmax over all classes, or, where y has a column for each label, with as many sigmoids; or with as many logits.

    Parameters
    ----------
    model
        A function that builds and returns a Sequential or Model, compiled or not; or a model, of which each fit takes
        a clone with new weights. The function gets ``model__hidden=64`` as its argument `hidden`. An argument `meta` is
        a dict of what is known of the data: ``n_features_in_``, ``X_shape_``, ``target_type_``, ``classes_``,
        ``n_classes_``, ``n_outputs_`` and others; an argument `compile_kwargs` what compile is going to be given.
    optimizer, loss, metrics
        As for `Model.compile`; ``optimizer__learning_rate=0.01``, ``loss__from_logits=True`` are settings of these,
        ``compile__…`` other arguments. What is not given is what the model is compiled with, else "adam" and the
        cross-entropy that goes with its last activation.
    epochs, batch_size, validation_split, verbose
        As for `Model.fit`; ``fit__…`` and ``predict__…`` are other arguments. The last share of the rows is that for
        validation, as in Keras.
    callbacks
        Classes or objects of callbacks, one, or a list or dict of them; each fit makes its own or takes copies.
        ``callbacks__patience=3``, ``callbacks__0__patience`` or ``callbacks__name__patience`` are settings of classes.
    class_weight
        ``{label: weight}`` or "balanced": what the samples of a class count, times their `sample_weight`.
    warm_start
        Let `fit` go on with the model there is. It stays as it was built and compiled; epochs are counted on.
    random_state
        Makes initial weights, shuffles and noise the same for each fit. The global seeds stay as they are; where None
        is given, `fastmlp.set_random_seed` determines them.

    Attributes
    ----------
    model_
        The trained model.
    history_
        A list of each number that training reports, by epoch.
    n_iter_
        How many epochs there were.
    classes_, n_classes_
        The labels, in the order of the columns of `predict_proba`.
    target_type_, n_outputs_, X_shape_, X_dtype_, y_ndim_, y_dtype_, n_features_in_, feature_names_in_
        What the data was.

    Examples
    --------
    >>> import numpy as np
    >>> from fastmlp import Sequential
    >>> from fastmlp.layers import Dense
    >>> def build(meta, hidden=16):
    ...     return Sequential([Dense(hidden, "relu"), Dense(meta["n_classes_"], "softmax")])
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]] * 8)
    >>> y = np.where(X[:, 0] > 1.5, "much", "little")
    >>> classifier = ModelClassifier(build, model__hidden=32, epochs=100, optimizer__learning_rate=0.05, random_state=0)
    >>> classifier.fit(X, y).predict([[0.5], [2.5]]).tolist()
    ['little', 'much']
    """

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
        class_weight: Any = None,
        warm_start: bool = False,
        random_state: Any = None,
        verbose: int = 0,
        **model__and_others: Any,
    ) -> None:
        super().__init__(
            model, optimizer=optimizer, loss=loss, metrics=metrics, epochs=epochs, batch_size=batch_size,
            validation_split=validation_split, callbacks=callbacks, warm_start=warm_start, random_state=random_state,
            verbose=verbose, **model__and_others,
        )  # fmt: skip
        self.class_weight = class_weight

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Any:
        """Train the model one epoch more on these rows, all others of its parameters as for `fit`.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        classes
            All labels there are; the first call needs them, unless y has a column for each.
        """
        if classes is not None or np.ndim(y) != 2 or np.shape(y)[1] == 1:
            _check_partial_fit_first_call(self, classes)
        return self._fit(X, y, sample_weight, partial=True)

    def predict(self, X: Any) -> np.ndarray:
        """The most probable label of each row; of several labels a row 1 for each that is more probable than not."""
        shares = self.predict_proba(X)
        if not self._has_columns:
            return np.asarray(self.classes_[shares.argmax(axis=1)])
        if ends.shares(self.model_, self.model_._compiled.loss) == "softmax":
            return np.asarray(np.eye(self.n_classes_)[shares.argmax(axis=1)], self.y_dtype_)
        return np.asarray(shares > 0.5, self.y_dtype_)

    def predict_proba(self, X: Any) -> np.ndarray:
        """How probable each label is, a column for each of `classes_`."""
        found: np.ndarray = self._answers(X)
        if found.shape[1] == 1 and not self._has_columns:
            found = np.hstack([1 - found, found])
        return found

    @property
    def _has_columns(self) -> bool:
        return bool(self.y_ndim_ == 2)

    def _checked(self, X: Any, y: Any, goes_on: bool, partial: bool) -> tuple[np.ndarray, np.ndarray]:
        X, y = validate_data(self, X, y, reset=not goes_on, dtype="numeric", allow_nd=True, multi_output=True)
        y = y.toarray() if hasattr(y, "toarray") else y
        check_classification_targets(y)
        if y.ndim == 2 and y.shape[1] == 1:
            y = column_or_1d(y, warn=True)
        kind = type_of_target(y)
        if kind == "multiclass-multioutput":
            raise ValueError(f"fit: expected labels, or a column of 0 and 1 for each label, got {kind} of "
                             f"{y.shape[1]} columns; fit one for each column by MultiOutputClassifier")  # fmt: skip
        if not goes_on and not (partial and y.ndim == 1):  # then partial_fit was told them
            self.classes_ = np.arange(y.shape[1]) if y.ndim == 2 else np.unique(y)
        self.n_classes_ = len(self.classes_)
        if self.n_classes_ < 2:
            raise ValueError(
                f"fit: expected at least 2 classes, got 1 class, {self.classes_[0]!r}; give rows of others"
            )
        if y.ndim == 2:
            self.target_type_ = kind
        else:
            self.target_type_ = "binary" if self.n_classes_ == 2 else "multiclass"
            self._codes(y)
        return X, y

    def _codes(self, y: np.ndarray) -> np.ndarray:
        """The places of labels in `classes_`."""
        new = np.setdiff1d(y, self.classes_)
        if len(new):
            raise ValueError(f"fit: expected labels that are among classes_, got {brief(new.tolist())} besides "
                             f"{brief(self.classes_.tolist())}; fit with warm_start=False, or give partial_fit all "
                             "classes at first")  # fmt: skip
        return np.searchsorted(self.classes_, y)

    def _targets(self, y: np.ndarray) -> np.ndarray:
        loss = self.model_._compiled.loss
        if y.ndim == 2:
            return ends.column_targets(self.model_, loss, y)
        return ends.class_targets(loss, self._codes(y), self.n_classes_, ends.units_of(self.model_))

    def _usual_loss(self, model: Any, units: int) -> Any:
        return ends.usual_loss(model, units, not self._has_columns)

    def _need_units(self, units: int) -> None:
        ends.need_units(units, self.n_classes_, not self._has_columns)

    def _need_loss(self, model: Any, loss: Any, units: int) -> None:
        ends.need_shares(model, loss, units, not self._has_columns)


class ModelRegressor(RegressorMixin, ModelEstimator):  # type: ignore[misc]
    """A model as a regressor of scikit-learn.

    The model ends with a unit for each column of y, without an activation, or with one whose values the targets have.

    Parameters
    ----------
    model, optimizer, metrics, epochs, batch_size, validation_split, verbose, callbacks, warm_start, random_state
        As for `ModelClassifier`, routed parameters included.
    loss
        As for `Model.compile`. Unless given that which the model is compiled with, else "mse".

    Attributes
    ----------
    model_, history_, n_iter_, target_type_, n_outputs_, X_shape_, X_dtype_, y_ndim_, y_dtype_, n_features_in_, \
feature_names_in_
        As for `ModelClassifier`.

    Examples
    --------
    >>> import numpy as np
    >>> from fastmlp import Sequential
    >>> from fastmlp.layers import Dense
    >>> X = np.linspace(-1, 1, 64)[:, None]
    >>> regressor = ModelRegressor(Sequential([Dense(32, "relu"), Dense(1)]), epochs=200, random_state=0)
    >>> regressor.fit(X, np.abs(X[:, 0])).score(X, np.abs(X[:, 0])) > 0.99
    True
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Train the model one epoch more on these rows, all others of its parameters as for `fit`."""
        return self._fit(X, y, sample_weight, partial=True)

    def predict(self, X: Any) -> np.ndarray:
        """A number for each row, or as many as y had columns."""
        found = self._answers(X)
        return found[:, 0] if self.y_ndim_ == 1 else found

    def _checked(self, X: Any, y: Any, goes_on: bool, partial: bool) -> tuple[np.ndarray, np.ndarray]:
        X, y = validate_data(self, X, y, reset=not goes_on, dtype="numeric", allow_nd=True, multi_output=True,
                             y_numeric=True)  # fmt: skip
        self.target_type_ = "continuous" if y.ndim == 1 else "continuous-multioutput"
        return X, y

    def _targets(self, y: np.ndarray) -> np.ndarray:
        return y

    def _usual_loss(self, model: Any, units: int) -> Any:
        return losses.as_loss("mse")

    def _need_units(self, units: int) -> None:
        if units != self.n_outputs_:
            raise ValueError(f"fit: expected a model with as many outputs as y has columns, {self.n_outputs_}, got "
                             f"{units}; give its last layer as many units: a function finds them in its argument meta, "
                             "meta['n_outputs_']")  # fmt: skip

    def _need_loss(self, model: Any, loss: Any, units: int) -> None:
        if loss.sparse or getattr(loss, "activation", None) == "softmax":
            raise ValueError(f"loss: expected one of numbers, got '{loss.name}', which is of classes; take 'mse', or a "
                             "ModelClassifier")  # fmt: skip
