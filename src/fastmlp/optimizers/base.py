"""What optimizers have in common: clipping and decay, averages, and steps on variables."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fastmlp import _core
from fastmlp._arrays import numbers
from fastmlp._objects import snake_case
from fastmlp._validate import brief, flag, number, title, user_level, whole
from fastmlp.compat import known
from fastmlp.optimizers.own import OwnSteps
from fastmlp.optimizers.pace import legacy_rate
from fastmlp.variables import Variable, all_or_nothing

Array = NDArray[Any]


class Optimizer(OwnSteps):
    """Moves variables against their gradients. Subclasses say by which kernel, or how, in `update_step`.

    In order a step divides by `loss_scale_factor`, gathers gradients, clips them, takes `weight_decay` times the
    learning rate off the weights, moves them, and averages them.

    Parameters
    ----------
    learning_rate
        A number, a schedule, or a function without arguments that gives one.
    weight_decay
        Share of each weight that a step at learning rate 1 takes off it, whatever the gradient; no `l2` penalty.
        With ``compat="torch"`` the clipped gradient gains that share instead, but for `AdamW` and `Lion`.
    clipnorm, clipvalue, global_clipnorm
        The greatest norm of a variable's gradient, size of an element, norm of all gradients together; one of them.
    use_ema, ema_momentum, ema_overwrite_frequency
        Whether to keep the means m·mean + (1 − m)·w of weights, the m, and after how many steps weights become theirs
        (None: when training ends).
    loss_scale_factor
        What the loss was multiplied with (see `scale_loss`).
    gradient_accumulation_steps
        Make one step of the mean of this many gradients.
    name
        What it is called.
    compat
        Whose defaults and whose formulas it has, see `fastmlp.compat`: "keras", "torch", "sklearn" or "lecture".
    """

    couples_decay: ClassVar[bool] = False  # whether PyTorch's optimizer of this kind adds weight decay to the gradient

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        *,
        compat: str = "keras",
        **legacy: Any,
    ) -> None:
        where = type(self).__name__
        self.compat = known(where, compat)
        clips = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        given = [name for name, value in clips.items() if value is not None]
        if len(given) > 1:
            raise ValueError(
                f"{where}: expected one of {', '.join(clips)}, got {' and '.join(given)}; leave out the others"
            )
        self.clipnorm, self.clipvalue, self.global_clipnorm = (
            None if value is None else number(f"{where}: {key}", value, 0) for key, value in clips.items()
        )
        self.weight_decay = None if weight_decay is None else number(f"{where}: weight_decay", weight_decay, 0)
        self.use_ema = flag(f"{where}: use_ema", use_ema)
        self.ema_momentum = number(f"{where}: ema_momentum", ema_momentum, 0, 1)
        self.ema_overwrite_frequency = _count(f"{where}: ema_overwrite_frequency", ema_overwrite_frequency, 1)
        self.loss_scale_factor = loss_scale_factor
        if loss_scale_factor is not None:
            self.loss_scale_factor = number(f"{where}: loss_scale_factor", loss_scale_factor, above=0)
        self.gradient_accumulation_steps = _count(
            f"{where}: gradient_accumulation_steps", gradient_accumulation_steps, 2
        )
        self.name = snake_case(where) if name is None else title(where, name)
        self.built = False
        self._start(legacy_rate(where, learning_rate, legacy))
        self._excluded: set[Variable] = set()
        self._excluded_names: re.Pattern[str] | None = None
        self._trained: list[Variable] = []
        self._slots: dict[Variable, list[Variable]] = {}
        self._averages: list[Variable] = []
        self._gathered: list[Variable] = []
        self._state: list[Variable] = []  # all of these in Keras's order
        self._added: list[Variable] = []  # by a class of a user's own

    # ---- what a kind of optimizer says about itself

    def slot_names(self) -> tuple[tuple[str, ...], ...]:
        """What it remembers of each variable, in the kernel's order; a group's are listed variable by variable."""
        return ()

    def clipping(self) -> dict[str, Any]:
        """Decay and clipping as the engine takes them: 0 is none."""
        return {
            "weight_decay": self.weight_decay or 0.0,
            "coupled": self.couples_decay and self.compat == "torch",
            "clip_value": self.clipvalue or 0.0,
            "clip_norm": self.clipnorm or 0.0,
            "global_clip_norm": self.global_clipnorm or 0.0,
        }

    def get_config(self) -> dict[str, Any]:
        """The settings; `compat`, which Keras does not know, only when it is not Keras's."""
        config = super().get_config()
        if self.compat == "keras":
            del config["compat"]
        return config

    # ---- variables

    @property
    def variables(self) -> list[Variable]:
        """The count of batches, the learning rate unless it follows a schedule, and what is remembered of weights."""
        return [self._batches, *([] if self._follow is not None else [self._rate]), *self._state, *self._added]

    def slots(self, variable: Variable) -> list[Variable]:
        """What it remembers of a variable, in the kernel's order."""
        self._check_known([variable])
        return self._slots[variable]

    def build(self, variables: Iterable[Variable]) -> None:
        """Bind it to the variables that it will move; for others than before only if it has not made a step."""
        trained = _listed("build", variables, "variables")
        for v in trained:
            if not isinstance(v, Variable):
                raise TypeError(f"{self.name}: expected variables to move, got {brief(v)}; give apply_gradients pairs "
                                "(gradient, variable), and apply the gradients first")  # fmt: skip
        if self.built and (self._batches.numpy() or trained == self._trained):
            self._check_known(trained)
            if self.use_ema and trained != self._trained:
                raise ValueError(f"{self.name}: expected the {len(self._trained)} variables whose averages it keeps, "
                                 f"got {len(trained)} of them; make a new optimizer")  # fmt: skip
            return
        state: list[Variable] = []

        def remember(variable: Variable, name: str, start: float) -> Variable:
            path = getattr(variable, "path", None) or variable.name
            value = np.full(variable.shape, start, variable.dtype)
            state.append(Variable(value, name=f"{path.replace('/', '_')}_{name}", trainable=False))
            return state[-1]

        averages = [remember(v, "average", 0.0) for v in trained] if self.use_ema else []
        gathered = [remember(v, "gradient_accumulator", 0.0) for v in trained if self.gradient_accumulation_steps]
        starts = iter(_core.optimizer_slots(*self.lower()) if self.slot_names() else ())
        slots: dict[Variable, list[Variable]] = {v: [] for v in trained}
        for group in self.slot_names():
            named = [(name, next(starts)) for name in group]
            for v in trained:
                slots[v] += [remember(v, name, start) for name, start in named]
        if not (self.built and trained == self._trained):  # else a signal's handler, which trained meanwhile, did it
            self._trained, self._state, self._slots = trained, state, slots
            self._averages, self._gathered = averages, gathered
            self.built = True

    @property
    def averages(self) -> list[Variable]:
        """With `use_ema`, the means of the variables it was built with, in their order."""
        return self._averages

    def _check_known(self, variables: Sequence[Variable]) -> None:
        for v in variables:
            if v not in self._slots:
                raise ValueError(f"{self.name}: expected the variables it was built with, got {brief(v.name)} of shape "
                                 f"{tuple(v.shape)}; make a new optimizer for another model")  # fmt: skip

    def exclude_from_weight_decay(
        self, var_list: Sequence[Variable] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Let these, and those with one of the words in their name, not decay; before the first step."""
        if self.built:
            raise RuntimeError("exclude_from_weight_decay: expected an optimizer before its first step, got one "
                               "that is built; call it earlier")  # fmt: skip
        self._excluded = set(var_list or ())
        self._excluded_names = re.compile("|".join(var_names)) if var_names else None

    def decays(self, variable: Variable) -> bool:
        """Whether weight decay is for this variable."""
        named = self._excluded_names is not None and self._excluded_names.search(variable.name)
        return self.weight_decay is not None and variable not in self._excluded and not named

    # ---- steps

    def scale_loss(self, loss: Any) -> Any:
        """The loss times `loss_scale_factor`, to take gradients of."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> int:
        """One step from pairs of a gradient and its variable; returns how many were made.

        >>> from fastmlp.optimizers import SGD
        >>> w = Variable([1.0, 2.0], dtype="float32")
        >>> SGD(0.5).apply_gradients([([1.0, -1.0], w)])
        1
        >>> w.numpy()
        array([0.5, 2.5], dtype=float32)
        """
        pairs = _listed("apply_gradients", grads_and_vars, "pairs (gradient, variable)")
        if any(not isinstance(pair, (list, tuple)) or len(pair) != 2 for pair in pairs):
            raise TypeError(f"apply_gradients: expected pairs (gradient, variable), got {brief(pairs)}; zip them")
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self.iterations

    @all_or_nothing()
    def apply(self, grads: Sequence[Any], trainable_variables: Iterable[Variable] | None = None) -> None:
        """One step from gradients of these variables, or of those it was built with; None is left out."""
        grads = _listed("apply", grads, "gradients")
        if not grads:
            return
        if trainable_variables is None:
            if not self.built:
                raise RuntimeError(
                    "apply: expected variables with the first gradients, got none; give them or call build"
                )
            variables = self._trained
        else:
            variables = list(trainable_variables)
            self.build(variables)
        if len(grads) != len(variables):
            raise ValueError(f"apply: expected a gradient for each of {len(variables)} variables, got {len(grads)}; "
                             "put None where there is none")  # fmt: skip
        pairs = [(self._gradient(g, v), v) for g, v in zip(grads, variables) if g is not None]
        if not pairs:
            raise ValueError("apply: expected a gradient of at least one variable, got None for all; "
                             "does the loss depend on them?")  # fmt: skip
        missing = [v.path for g, v in zip(grads, variables) if g is None]
        if missing:
            message = f"apply: {missing} have no gradient and stay as they are"
            warnings.warn(message, UserWarning, stacklevel=user_level())
        pairs = self._gather(pairs)
        if pairs:
            self._step(pairs)
        if self.use_ema:
            self._average()
        for g, v in zip(grads, variables):
            if g is not None and getattr(v, "constraint", None) is not None:
                v.assign(v.constraint(v.numpy()))
        self._batches.assign_add(1)

    def _gradient(self, gradient: Any, variable: Variable) -> Array:
        g = numbers(f"apply: gradient of '{variable.name}'", gradient).astype(variable.dtype, copy=False)
        if g.shape != tuple(variable.shape):
            raise ValueError(f"apply: expected a gradient of shape {tuple(variable.shape)} for '{variable.name}', got "
                             f"{g.shape}; give it the variable's shape")  # fmt: skip
        return g if self.loss_scale_factor is None else g / variable.dtype.type(self.loss_scale_factor)

    def _gather(self, pairs: list[tuple[Array, Variable]]) -> list[tuple[Array, Variable]]:
        """The gradients to step with: their means when the last of a round has come, none before."""
        every = self.gradient_accumulation_steps
        if not every:
            return pairs
        held = dict(zip(self._trained, self._gathered))
        for g, v in pairs:
            held[v].assign_add(g)
        if (int(self._batches.numpy()) + 1) % every:
            return []
        means = [(held[v].numpy() / v.dtype.type(every), v) for _, v in pairs]
        for gathered in self._gathered:
            gathered.assign(np.zeros(gathered.shape))
        return means

    def _step(self, pairs: list[tuple[Array, Variable]]) -> None:
        if self.steps_in_python():
            self._step_in_python(pairs)
            return
        kernel, parameters = self.lower()
        settings = self.clipping()
        limit, decay = settings.pop("global_clip_norm"), settings.pop("weight_decay")
        scale = 1.0
        if limit:
            scale = _core.global_clip_scale(sum(_core.sum_squares(g) for g, _ in pairs), limit)
        rate, step = float(self.learning_rate), self.iterations + 1
        for g, v in pairs:
            w, slots = v.numpy(), [slot.numpy() for slot in self._slots[v]]
            _core.optimizer_step(
                kernel, w, g, slots, step, rate, parameters,
                weight_decay=decay if self.decays(v) else 0.0, grad_scale=scale, **settings,
            )  # fmt: skip
            v.assign(w)
            for slot, value in zip(self._slots[v], slots):
                slot.assign(value)

    def _average(self) -> None:
        """The means take in the weights, and all of them at the first step; when it is time weights become them."""
        momentum = self.ema_momentum if self.iterations else 0.0
        for v, mean in zip(self._trained, self._averages):
            mean.assign(momentum * mean.numpy() + (1 - momentum) * v.numpy())
        every = self.ema_overwrite_frequency
        if every and (self.iterations + 1) % every == 0:
            self.finalize_variable_values(self._trained)

    @all_or_nothing()
    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """At the end of training: with `use_ema` the weights become their means."""
        if not self.use_ema:
            return
        if len(var_list) != len(self._averages):
            raise ValueError(f"finalize_variable_values: expected the {len(self._averages)} variables it was built "
                             f"with, got {len(var_list)}; give all of them")  # fmt: skip
        for v, mean in zip(var_list, self._averages):
            v.assign(mean.numpy())


def _listed(where: str, given: Any, what: str) -> list[Any]:
    if not isinstance(given, Iterable):
        raise TypeError(f"{where}: expected a list of {what}, got {brief(given)}; put it into one")
    return list(given)


def _count(where: str, value: int | None, low: int) -> int | None:
    return None if value in (None, 0) else whole(where, value, low)
