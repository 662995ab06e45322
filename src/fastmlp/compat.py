"""compat="keras", "torch", "sklearn" or "lecture": whose defaults and whose formulas an object follows.

Libraries and lectures give one name to rules that differ: where an epsilon stands, whether the learning rate is inside
the momentum, what a penalty is divided by. Objects that know `compat` take, for each argument that is not given, the
default of that convention, and where it has another formula, that one. What is given counts, whatever `compat`.
"keras" is the default and changes nothing; a convention that says nothing of an object leaves it as it is.

In the table η is the learning rate, c, α and λ what is given as a factor; a dash is "as in Keras".

=================== ============================ ============================ =================== ======================
object              keras                        torch                        sklearn             lecture
=================== ============================ ============================ =================== ======================
SGD, momentum β     m ← βm − ηg, w ← w + m       v ← βv + g, w ← w − ηv       as in Keras         v ← βv + (1 − β)g,
                                                                                                  w ← w − ηv
SGD, nesterov       w ← w + βm − ηg              w ← w − η(g + βv)            as in Keras         (none: an error)
SGD, defaults       η 0.01, β 0                  η 0.001, β 0                 η 0.001, β 0.9,     η 0.01, β 0.9
                                                                              nesterov
Adam, AdamW         ε̂ 1e-7, before the bias      ε 1e-8, after it:            ε̂ 1e-8, as in       ε 1e-8, as in torch
                    of v is corrected            η·m̂/(√v̂ + ε)                Keras
AdamW, defaults     η 0.001, decay 0.004         η 0.001, decay 0.01          –                   –
RMSprop             √(s + ε), ε 1e-7, ρ 0.9,     √s + ε, ε 1e-8, ρ 0.99,      –                   √s + ε, ε 1e-8
                    η 0.001, η inside the        η 0.01, η outside the
                    momentum                     momentum
Adagrad             √(s + ε), ε 1e-7, s from     √s + ε, ε 1e-10, s from 0,   –                   –
                    0.1, η 0.001                 η 0.01
Adadelta            η 0.001, ρ 0.95, ε 1e-7      η 1, ρ 0.9, ε 1e-6           –                   –
Adamax              u ← max(β₂u, abs(g)), u + ε, u ← max(β₂u, abs(g) + ε),    –                   –
                    ε 1e-7, η 0.001              ε 1e-8, η 0.002
Nadam               uₜ = β₁(1 − ½·0.96ᵗ),        0.96^(0.004·t), ε 1e-8,      –                   –
                    ε 1e-7, η 0.001              η 0.002
weight_decay        w ← w − η·decay·w            g ← g + decay·w after        –                   –
                                                 clipping; AdamW as in Keras
L2(c)               c·Σw²                        ½c·Σw²                       α/(2·rows)·Σw²,     λ/(2·rows)·Σw²,
                                                                              rows of a batch;    rows of the training
                                                                              α 1e-4              set
Dense, kernel       uniform ±√(6/(n_in +         uniform ±1/√n_in             uniform ±√(6/(n_in  normal, √(2/n_in) for
                    n_out))                                                   + n_out)), 2 in     relu and its kin,
                                                                              place of 6 for      √(1/n_in) for others
                                                                              sigmoid
Dense, bias         0                            uniform ±1/√n_in             as the kernel       0
BatchNormalization  momentum 0.99, ε 1e-3,       momentum 0.9 (PyTorch's      –                   –
                    biased moving variance       0.1), ε 1e-5, unbiased
LayerNormalization  ε 1e-3                       ε 1e-5                       –                   –
LeakyReLU           slope 0.3                    slope 0.01                   –                   –
PReLU               α 0, one for each feature    α 0.25, one for all          –                   –
=================== ============================ ============================ =================== ======================

What follows no switch, for another argument or another class says it:

* Means with sample weights w: Keras's Σ w·l / n is the default; scikit-learn, and PyTorch with weights of classes,
  divide by Σ w: ``reduction="mean_with_sample_weight"``.
* ½ Σ (ŷ − y)², the square of scikit-learn and of lectures, is half of ``"mse"``: halve the learning rate of a gradient
  descent, or double the penalty.
* Cross-entropies hold given probabilities to [1e-7, 1 − 1e-7] (PyTorch holds their logarithms to −100 and more,
  scikit-learn probabilities to the float's epsilon). Behind a sigmoid or softmax training works on logits, where none
  of these limits counts and all four agree.
* A learning rate that follows epochs, as lectures have it: `fastmlp.schedules`, the classes with Epoch in their names.
* ELU, GELU, softplus and softmax are the same everywhere. Functions have no `compat`: `activations.leaky_relu` has
  Keras's slope of 0.2.
* A `Dense` looks at its own activation, not at a layer after it. scikit-learn scales all layers, the last one too, by
  the activation of the hidden ones: 2 in place of 6 throughout a logistic network, nowhere in others.
* `amsgrad` takes the greatest of the uncorrected v, as Keras and PyTorch do.
* `clipnorm` and its like clip before torch's weight decay is added, as ``clip_grad_norm_`` does before a step.
* Where lectures take the mean over a mini-batch in place of the training set, `rows` of `L2` is the batch's size.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from fastmlp._validate import unknown

CONVENTIONS = ("keras", "torch", "sklearn", "lecture")

_F = TypeVar("_F", bound=Callable[..., None])
Defaults = Mapping[str, Any]


def conventional(**tables: Defaults) -> Callable[[_F], _F]:
    """Decorator of an ``__init__`` that knows `compat`: which defaults each convention has for what is not given.

    A default that depends on other arguments is a function of those given, by name.

    >>> class Step:
    ...     @conventional(torch={"epsilon": 1e-8})
    ...     def __init__(self, epsilon=1e-7, *, compat="keras"):
    ...         self.epsilon = epsilon
    >>> Step().epsilon, Step(compat="torch").epsilon, Step(1e-7, compat="torch").epsilon
    (1e-07, 1e-08, 1e-07)
    """

    def decorate(init: _F) -> _F:
        names = list(inspect.signature(init).parameters)[1:]

        @functools.wraps(init)
        def filled(self: Any, *args: Any, **kwargs: Any) -> None:
            convention = known(type(self).__name__, kwargs.get("compat", "keras"))
            given = {**dict(zip(names, args, strict=False)), **kwargs}
            for name, value in tables.get(convention, {}).items():
                if name not in given:
                    kwargs[name] = _settled(value, given)
            init(self, *args, **kwargs)

        cast(Any, filled).conventions = tables
        return cast(_F, filled)

    return decorate


def known(where: str, convention: Any) -> str:
    """The convention, which has to be one of those there are."""
    if not isinstance(convention, str) or convention not in CONVENTIONS:
        unknown(f"{where}: compat", convention, CONVENTIONS)
    return convention


def usual(init: Any, convention: str, settings: Defaults) -> dict[str, Any]:
    """Which defaults an ``__init__`` has by that convention that are not those of its signature."""
    table: Defaults = getattr(init, "conventions", {}).get(convention, {})
    return {name: _settled(value, settings) for name, value in table.items()}


def _settled(value: Any, given: Defaults) -> Any:
    return value(given) if inspect.isfunction(value) else value
