"""The two estimators by their names and parameters."""

from __future__ import annotations

from typing import Any, ClassVar

from sklearn import neural_network

from fastmlp.sklearn import settings
from fastmlp.sklearn.mlp import InC


class MLPClassifier(InC, neural_network.MLPClassifier):  # type: ignore[misc]
    """scikit-learn's MLPClassifier, trained in C.

    The parameters up to `max_fun`, all attributes, warnings and errors are scikit-learn's. Those below have no effect
    unless given.

    Parameters
    ----------
    activation
        Any activation of fastmlp's by name, as a function or as a layer, or a list with one for each hidden layer.
    verbose
        Also "bar": a line that shows how far an epoch is, as Keras has it.
    loss
        Any loss of fastmlp's that fits the output, averaged over a batch with the penalty: one sigmoid for two classes
        and for each of several labels, a softmax for more classes. "log_loss" is scikit-learn's.
    optimizer
        Any optimizer of fastmlp's, in place of `solver` and its parameters. Each fit begins with a new one of the same
        settings; `partial_fit` goes on with it. With `use_ema` a fit ends with the averages, and `early_stopping`
        judges them.
    dropout
        The share of each hidden layer's outputs that a training step leaves out, or a list of such shares.
    class_weight
        ``{label: weight}`` or "balanced": what the samples of a class count, times their `sample_weight`. Of several
        labels a list of such dicts.
    callbacks
        Callbacks of fastmlp's. They see the model that is trained; logs are ``loss`` and, with `early_stopping`,
        ``val_score``. What they note can be read off them afterwards. A learning rate that they set lasts, but for
        ``learning_rate="invscaling"``, by which each epoch has its own.
    dtype
        "float32" or "float64", to compute in that whatever the data is. float32 is twice as fast; ``solver="lbfgs"``
        computes in float64 always, and rounds what it has found.
    n_threads
        The most threads a call uses. The numbers do not depend on it.

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> X, y = make_classification(n_samples=200, random_state=1)
    >>> MLPClassifier(random_state=1, max_iter=300, tol=1e-3).fit(X, y).score(X, y)
    0.985
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **neural_network.MLPClassifier._parameter_constraints, **settings.CONSTRAINTS,
    }  # fmt: skip

    def __init__(
        self,
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: Any = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        loss: Any = "log_loss",
        optimizer: Any = None,
        dropout: Any = 0.0,
        class_weight: Any = None,
        callbacks: Any = None,
        dtype: Any = None,
        n_threads: int | None = None,
    ) -> None:
        settings.take(self, locals())


class MLPRegressor(InC, neural_network.MLPRegressor):  # type: ignore[misc]
    """scikit-learn's MLPRegressor, trained in C.

    The parameters up to `max_fun`, all attributes, warnings and errors are scikit-learn's. Those below have no effect
    unless given.

    Parameters
    ----------
    loss
        "squared_error", "poisson", or any loss of fastmlp's, averaged over a batch with the penalty.
    activation
        Any activation of fastmlp's by name, as a function or as a layer, or a list with one for each hidden layer.
    verbose
        Also "bar": a line that shows how far an epoch is, as Keras has it.
    optimizer
        Any optimizer of fastmlp's, in place of `solver` and its parameters. Each fit begins with a new one of the same
        settings; `partial_fit` goes on with it. With `use_ema` a fit ends with the averages, and `early_stopping`
        judges them.
    dropout
        The share of each hidden layer's outputs that a training step leaves out, or a list of such shares.
    callbacks
        Callbacks of fastmlp's. They see the model that is trained; logs are ``loss`` and, with `early_stopping`,
        ``val_score``. What they note can be read off them afterwards. A learning rate that they set lasts, but for
        ``learning_rate="invscaling"``, by which each epoch has its own.
    dtype
        "float32" or "float64", to compute in that whatever the data is. float32 is twice as fast; ``solver="lbfgs"``
        computes in float64 always, and rounds what it has found.
    n_threads
        The most threads a call uses. The numbers do not depend on it.

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> X, y = make_regression(n_samples=200, n_features=5, random_state=1)
    >>> MLPRegressor(solver="lbfgs", random_state=1, max_iter=500).fit(X, y).score(X, y) > 0.99
    True
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        **neural_network.MLPRegressor._parameter_constraints,
        **{name: rule for name, rule in settings.CONSTRAINTS.items() if name != "class_weight"},
    }
    class_weight = None  # there are no classes

    def __init__(
        self,
        loss: Any = "squared_error",
        hidden_layer_sizes: Any = (100,),
        activation: Any = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: Any = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: Any = None,
        tol: float = 1e-4,
        verbose: Any = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        optimizer: Any = None,
        dropout: Any = 0.0,
        callbacks: Any = None,
        dtype: Any = None,
        n_threads: int | None = None,
    ) -> None:
        settings.take(self, locals())
