"""scikit-learn: a fitted MLPClassifier or MLPRegressor made a model, and a model made one."""

from __future__ import annotations

import copy
import importlib
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

import numpy as np

from fastmlp._objects import NotLowered
from fastmlp._validate import brief, need_package
from fastmlp.layers.core import Dense, Input, InputLayer
from fastmlp.layers.regularization import Dropout
from fastmlp.neighbours import sklearn_training as training
from fastmlp.saving.weights import need_built
from fastmlp.variables import Variable

_HIDDEN = {"identity": "linear", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu"}
_OUT = {"identity": "linear", "logistic": "sigmoid", "softmax": "softmax", "exp": "exponential"}


def _networks(where: str) -> Any:
    return need_package(where, "sklearn.neural_network", "scikit-learn", "pip install 'fastmlp[sklearn]'")


# ---- from scikit-learn


def from_sklearn(estimator: Any) -> Any:
    """A Sequential that predicts what a fitted network of scikit-learn does; the estimator stays as it is.

    It predicts what ``predict_proba`` gives, columns in the order of ``estimator.classes_``; of two classes the one
    column of ``classes_[1]``, as its one sigmoid has it; of a regressor what ``predict`` gives, as columns. Train it on
    labels 0, 1, …, places in ``classes_``: ``np.searchsorted(estimator.classes_, y)``.

    With the solver "adam", or "sgd" at a constant learning rate, it is compiled so that ``fit`` goes on with the
    estimator's steps from where that is; others have no equal here: call ``compile``. Of a regressor and of several
    labels, whose losses are sums there and means here, penalty and learning rate (or Adam's ε) differ by that factor.
    Those of `fastmlp.sklearn` bring their activations and dropout along; with an `optimizer` or a `loss` of their own
    they are not compiled, and `class_weight` is ``fit``'s to take.

    Parameters
    ----------
    estimator
        A fitted MLPClassifier or MLPRegressor.
    """
    where, networks = "from_sklearn", _networks("from_sklearn")
    if not isinstance(estimator, networks._multilayer_perceptron.BaseMultilayerPerceptron):  # under a patch, too
        raise TypeError(f"{where}: expected an MLPClassifier or MLPRegressor, got {type(estimator).__name__}; of a "
                        "pipeline give the last step, of a search best_estimator_")  # fmt: skip
    if not hasattr(estimator, "coefs_"):
        raise RuntimeError(f"{where}: expected a fitted {type(estimator).__name__}, got one before fit; fit it first")
    coefs, intercepts = estimator.coefs_, estimator.intercepts_
    task = training.task_of(estimator.out_activation_, hasattr(estimator, "classes_"), estimator.n_outputs_)
    dtype = np.dtype(coefs[0].dtype).name
    hidden = len(coefs) - 1
    names = [_HIDDEN.get(one, one) if isinstance(one, str) else copy.deepcopy(one)
             for one in _each(estimator.activation, hidden)]  # fmt: skip
    rates = _each(getattr(estimator, "dropout", 0.0), hidden)
    made: list[Any] = [Input((coefs[0].shape[0],), dtype=dtype)]
    for coef, name, rate in zip(coefs, [*names, _OUT[estimator.out_activation_]], [*rates, 0.0]):
        made.append(Dense(coef.shape[1], name, kernel_regularizer=training.penalty(estimator, task), dtype=dtype))
        made += [Dropout(rate, dtype=dtype)] if rate else []
    model = importlib.import_module("fastmlp.models").Sequential(made)  # of the storey above
    model.set_weights([array for pair in zip(coefs, intercepts) for array in pair])
    if training.has_equal(estimator):
        training.compile_as(model, estimator, task)
    return model


def _each(given: Any, layers: int) -> list[Any]:
    """One for each hidden layer: estimators of fastmlp's may have a list."""
    return list(given) if isinstance(given, (list, tuple)) else [given] * layers


# ---- to scikit-learn


class Stage(NamedTuple):
    """One product and what follows it."""

    layer: Any
    kernel: Variable
    bias: Variable | None
    activation: str


def to_sklearn(model: Any, classes: Sequence[Any] | None = None) -> Any:
    """A fitted MLPClassifier or MLPRegressor that predicts what the model predicts; the model stays as it is.

    A sigmoid or a softmax at the end makes a classifier, several sigmoids one of several labels, nothing or an
    exponential a regressor. A softmax over two classes becomes the one sigmoid that scikit-learn has for them, of the
    difference of their weights. What acts in training alone, dropout, noise and penalties but ``L2(compat="sklearn")``,
    stays behind.

    ``partial_fit`` goes on from where the model's optimizer is, if that is Adam or SGD as scikit-learn has them and the
    loss is the one it has for this output; else the estimator has its own usual settings, and begins with them.

    Parameters
    ----------
    model
        A built chain of Dense, with one activation of relu, tanh, sigmoid or none between them.
    classes
        The labels of the output's columns, in their order; of one sigmoid those of 0 and of 1. 0, 1, … unless given.
    """
    networks = _networks("to_sklearn")
    need_built("to_sklearn", model)
    stages = _stages(model)
    hidden, out = _activations(stages)
    coefs, intercepts = model._turn.take("to_sklearn", lambda: _numbers(stages))
    classifies = out in ("sigmoid", "softmax")
    labels = None
    if classifies:
        labels = _labels(classes, out, coefs[-1].shape[1])
        coefs[-1], intercepts[-1] = _in_order(out, labels, coefs[-1], intercepts[-1])
    elif classes is not None:
        raise ValueError(f"to_sklearn: expected no classes, for a last activation {out!r} makes a regressor, got "
                         f"{brief(classes)}; leave them out")  # fmt: skip
    theirs = {ours: name for name, ours in _OUT.items()}[out]
    theirs = "logistic" if classifies and coefs[-1].shape[1] == 1 else theirs
    task = training.task_of(theirs, classifies, coefs[-1].shape[1])
    steps = training.settings_of(model, task) if out != "softmax" or theirs == out else {}
    settings = {**steps, **training.alpha_of([stage.layer.kernel_regularizer for stage in stages], task)}
    settings |= {"hidden_layer_sizes": tuple(coef.shape[1] for coef in coefs[:-1]), "activation": hidden}
    settings |= {"loss": "poisson"} if theirs == "exp" else {}
    if theirs == "exp" and "loss" not in networks.MLPRegressor().get_params():
        _refuse(stages[-1].layer, "exponential at the end", "install scikit-learn 1.7 or newer, which has it")
    estimator = (networks.MLPClassifier if classifies else networks.MLPRegressor)(**settings)
    _fitted(estimator, coefs, intercepts, theirs, labels)
    estimator.n_iter_ = model._epoch
    if steps and all(stage.bias is not None for stage in stages):
        history = model.history.history.get("loss", ()) if model.history is not None else ()
        if history and not (task.loss == "mse" and estimator.n_outputs_ > 1):  # whose mean is no gradient's there
            estimator.loss_ = history[-1] / task.factor
        if labels is None or list(labels) == sorted(labels):
            training.give_state(estimator, model, [s.kernel for s in stages], [s.bias for s in stages], task)
    return estimator


def _refuse(layer: Any, got: str, mend: str) -> NoReturn:
    raise ValueError(f"to_sklearn: {layer.name}: {type(layer).__name__}: expected what scikit-learn's networks have, "
                     f"got {got}; {mend}")  # fmt: skip


def _stages(model: Any) -> list[Stage]:
    """The products of the model, each with its activation."""
    try:
        line = model.in_line()
    except NotLowered as why:
        raise ValueError(f"to_sklearn: expected layers one after the other, got a model that is no chain: {why}; "
                         "scikit-learn has no other") from None  # fmt: skip
    stages: list[Stage] = []
    for layer in line:
        if len(layer.output_shape) != 2:
            _refuse(layer, f"rows of shape {tuple(layer.output_shape[1:])}", "give rows of features")
        if isinstance(layer, InputLayer):
            continue
        if layer.has_own_call():
            _refuse(layer, "a layer whose call is Python", "leave it out")
        for operation in layer.lower():
            _add(stages, layer, operation)
    if not stages:
        raise ValueError("to_sklearn: expected a Dense, got none; add one")
    if len({stage.kernel.dtype for stage in stages}) > 1:
        raise ValueError("to_sklearn: expected layers of one type, got float32 and float64; make them alike")
    return stages


def _add(stages: list[Stage], layer: Any, operation: dict[str, Any]) -> None:
    """Take in one operation of a layer."""
    kind, name = operation["op"], str(operation.get("name", operation["op"]))
    if kind in ("noise", "activity"):
        return  # of training alone
    if kind == "dense":
        if operation["bf16"]:
            _refuse(layer, "products of mixed_bfloat16", "set its dtype_policy to 'float32', which leaves the weights")
        stages.append(Stage(layer, operation["kernel"], operation["bias"], "linear"))
    elif kind in ("activation", "row_activation") and name in {*_HIDDEN.values(), *_OUT.values()}:
        if not stages or stages[-1].activation != "linear":
            _refuse(layer, f"the activation {name} behind {'another' if stages else 'the input'}", "leave it out")
        stages[-1] = stages[-1]._replace(activation=name)
    elif kind in ("activation", "row_activation", "trainable"):
        _refuse(layer, name.replace("_", " "), "take relu, tanh, sigmoid or linear, the outputs' softmax too")
    else:
        _refuse(layer, name.replace("_", " "), "do it before the network, in a pipeline, or leave it out")


def _activations(stages: list[Stage]) -> tuple[str, str]:
    """scikit-learn's name of the activation between products, and ours of the last."""
    *between, last = stages
    names = {ours: theirs for theirs, ours in _HIDDEN.items()}
    for stage in between:
        if stage.activation not in names:
            _refuse(stage.layer, f"{stage.activation} between layers", f"take one of {', '.join(names)}")
        if stage.activation != between[0].activation:
            _refuse(stage.layer, f"{stage.activation} after {between[0].activation} in '{between[0].layer.name}'",
                    "take one activation for all")  # fmt: skip
    if last.activation not in _OUT.values():
        _refuse(last.layer, f"{last.activation} at the end", f"take one of {', '.join(_OUT.values())}")
    if last.activation == "softmax" and last.kernel.shape[1] == 1:
        _refuse(last.layer, "a softmax of one number, which is always 1", "take sigmoid")
    return (names[between[0].activation] if between else "relu"), last.activation


def _numbers(stages: list[Stage]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Copies of kernels and biases; zeros where there is no bias."""
    kernels = [stage.kernel.numpy() for stage in stages]
    biases = [np.zeros(kernel.shape[1], kernel.dtype) if stage.bias is None else stage.bias.numpy()
              for stage, kernel in zip(stages, kernels)]  # fmt: skip
    return kernels, biases


def _labels(classes: Sequence[Any] | None, out: str, units: int) -> np.ndarray:
    """The labels of the columns, those of a single sigmoid being two."""
    count = 2 if units == 1 else units
    usual = np.arange(count)
    if classes is None:
        return usual
    labels = np.asarray(classes)
    if labels.shape != (count,) or len(set(labels.tolist())) < count:
        raise ValueError(f"to_sklearn: expected {count} different classes, got {brief(classes)}; one for each column")
    if out == "sigmoid" and units > 1 and labels.tolist() != usual.tolist():
        raise ValueError(f"to_sklearn: expected no classes, for several sigmoids make a classifier of several labels, "
                         f"whose names are 0, 1, …, got {brief(classes)}; leave them out")  # fmt: skip
    return labels


def _in_order(out: str, labels: np.ndarray, coef: np.ndarray, intercept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The last weights such that columns follow sorted labels, as scikit-learn keeps them; two classes have one."""
    order = np.argsort(labels, kind="stable")
    if coef.shape[1] == 1:
        return (coef, intercept) if order[0] == 0 else (-coef, -intercept)
    coef, intercept = coef[:, order], intercept[order]
    if out == "softmax" and coef.shape[1] == 2:
        return coef[:, 1:] - coef[:, :1], intercept[1:] - intercept[:1]
    return coef, intercept


def _fitted(estimator: Any, coefs: list[np.ndarray], intercepts: list[np.ndarray], out: str, labels: Any) -> None:
    """Let the estimator be as its own fit leaves it, but for what it remembers of that."""
    estimator.coefs_, estimator.intercepts_ = coefs, [np.ascontiguousarray(one) for one in intercepts]
    estimator.n_features_in_, estimator.n_outputs_ = coefs[0].shape[0], coefs[-1].shape[1]
    estimator.n_layers_, estimator.out_activation_ = len(coefs) + 1, out
    if labels is not None:
        from sklearn.preprocessing import LabelBinarizer

        several = out == "logistic" and len(coefs[-1].T) > 1
        marks = np.eye(len(labels), dtype=int) if several else np.sort(labels)
        estimator._label_binarizer = LabelBinarizer().fit(marks)
        estimator.classes_ = estimator._label_binarizer.classes_
    estimator.t_, estimator.loss_, estimator.best_loss_, estimator.loss_curve_ = 0, np.nan, np.inf, []
    estimator.validation_scores_ = estimator.best_validation_score_ = None
    estimator._no_improvement_count = 0
    estimator._best_coefs = [one.copy() for one in coefs]
    estimator._best_intercepts = [one.copy() for one in intercepts]
