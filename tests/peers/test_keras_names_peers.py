"""fastmlp.keras beside real Keras: every public name, and the arguments of what both have."""

from __future__ import annotations

import importlib
import inspect
import types

import pytest
from fastmlp.autodiff import Primitive
from fastmlp.keras import _names

keras = pytest.importorskip("keras", reason="Keras is not installed: pip install '.[peers]'", exc_type=ImportError)
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

IMPLEMENTATION = "src"  # keras.src: what Keras says nobody should import


def public_modules(module, path=""):
    """The modules of Keras by their path, itself as ''."""
    found = {path: module}
    for name in dir(module):
        inner = getattr(module, name)
        if name[0] == "_" or name == IMPLEMENTATION or not isinstance(inner, types.ModuleType):
            continue
        if inner.__name__.startswith("keras.") and not inner.__name__.startswith(f"keras.{IMPLEMENTATION}"):
            found |= public_modules(inner, f"{path}.{name}".strip("."))
    return found


THEIRS = public_modules(keras)


def names_of(module):
    return sorted(name for name in dir(module) if name[0] != "_" and name != IMPLEMENTATION)


def ours(path):
    return importlib.import_module("fastmlp.keras" + ("." + path if path else ""))


def of_tested_version():
    return keras.__version__.startswith("3.15.")


def test_the_modules_are_those_of_keras():
    assert len(THEIRS) > 50
    assert set(THEIRS) - set(_names.NAMES) == set()
    if of_tested_version():
        assert set(_names.NAMES) == set(THEIRS)


@pytest.mark.parametrize("path", sorted(THEIRS))
def test_every_public_name_is_there_or_refused_by_name(path):
    here = ours(path)
    for name in names_of(THEIRS[path]):
        refused = None
        try:
            getattr(here, name)
        except AttributeError as error:
            refused = str(error)
        if refused is None:
            exec(f"from {here.__name__} import {name}", {})
            continue
        assert refused.endswith(f"got '{name}'; it is not in fastmlp: use Keras for this")
        with pytest.raises(ImportError, match=f"got '{name}'; it is not in fastmlp: use Keras for this"):
            exec(f"from {here.__name__} import {name}", {})
    if of_tested_version():
        assert _names.NAMES[path].split() == names_of(THEIRS[path])


# ---- arguments

OTHERWISE = {
    "KerasTensor": "made by Input and by layers, not by users",
    "Variable": "takes what tf.Variable does, whose order is another: initial_value, trainable, …",
    "Metric": "the name first, as in tf.keras and as all metrics of Keras have it; Keras's base class has dtype first",
    "metrics.Metric": "the same",
    "losses.deserialize": "the config goes by place: Keras calls it name here, and config elsewhere",
    "models.save_model": "there is one form of file, so nothing to say by zipped",
    "saving.save_model": "there is one form of file, so nothing to say by zipped",
    "ops.scatter_update": "writes, and does not reduce",
    "saving.save_weights": "there is one file, so nothing to say by max_shard_size",
}


def positional(parameters):
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [name for name, parameter in parameters.items() if parameter.kind in kinds]


def named(parameters):
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [name for name, parameter in parameters.items() if parameter.kind not in kinds]


def parameters_of(thing):
    """The parameters, those passed on by ``**kwargs`` to a base class of ours included."""
    function = thing.__init__ if inspect.isclass(thing) else thing
    parameters = dict(inspect.signature(function).parameters)
    if inspect.isclass(thing):
        parameters.pop("self", None)
    if hasattr(thing, "_settings"):
        for name, parameter in thing._settings().items():
            parameters.setdefault(name, parameter)
    return parameters


def accepts(path, mine, theirs):
    """Raises unless what may be given to theirs may be given to ours."""
    have, want = parameters_of(mine), dict(inspect.signature(theirs).parameters)
    missing = [name for name in named(want) if name not in have]
    assert not missing, f"{path}: no arguments {missing}"
    common = min(len(positional(have)), len(positional(want)))
    assert positional(have)[:common] == positional(want)[:common], f"{path}: another order"


def both(path):
    for name in _names.NAMES[path].split():
        mine, theirs = getattr(ours(path), name, None), getattr(THEIRS[path], name, None)
        if callable(mine) and callable(theirs) and not isinstance(mine, Primitive):  # which have tests of their own
            yield f"{path}.{name}".strip("."), mine, theirs


@pytest.mark.parametrize("path", sorted(set(THEIRS) - set(_names.SECOND_MODULES)))
def test_what_both_have_takes_the_same_arguments(path):
    for name, mine, theirs in both(path):
        if name in OTHERWISE or name.split(".")[-1] == "serialize":  # whose one argument goes by place
            continue
        accepts(name, mine, theirs)


def test_the_exceptions_are_ones():
    everything = {name: (mine, theirs) for path in THEIRS for name, mine, theirs in both(path)}
    for name in OTHERWISE:
        with pytest.raises(AssertionError):
            accepts(name, *everything[name])


METHODS = {
    "Model": "compile fit evaluate predict train_on_batch test_on_batch predict_on_batch load_weights get_layer "
    "compute_loss compute_metrics reset_metrics to_json count_params add_loss",
    "Sequential": "add pop build",
    "Layer": "build add_loss count_params get_weights set_weights",
    "Loss": "__call__ call",
    "Metric": "add_variable reset_state",
    "Optimizer": "add_variable add_variable_from_reference add_optimizer_variables apply apply_gradients assign "
    "assign_add assign_sub build exclude_from_weight_decay finalize_variable_values scale_loss update_step",
    "Variable": "assign assign_add assign_sub numpy",
}


@pytest.mark.parametrize(("cls", "method"), [(cls, name) for cls in METHODS for name in METHODS[cls].split()])
def test_methods_take_the_same_arguments(cls, method):
    mine, theirs = getattr(getattr(ours(""), cls), method), getattr(getattr(keras, cls), method)
    accepts(f"{cls}.{method}", mine, theirs)
