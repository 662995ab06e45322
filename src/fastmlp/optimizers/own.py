"""Optimizers of one's own: what Keras gives to a class that says in `update_step` how a variable moves."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from fastmlp import _core, initializers
from fastmlp._objects import NotLowered, written_anew
from fastmlp._spelling import older_spelling
from fastmlp._validate import brief, whole
from fastmlp.autodiff.primitive import as_tensor
from fastmlp.autodiff.tape import GradientTape
from fastmlp.optimizers.pace import Paced
from fastmlp.variables import Variable


class OwnSteps(Paced):
    """The part of an optimizer for classes derived from it: state, helpers, and steps by their `update_step`.

    >>> from fastmlp.optimizers import Optimizer
    >>> class Signs(Optimizer):
    ...     def update_step(self, gradient, variable, learning_rate):
    ...         self.assign_sub(variable, learning_rate * np.sign(gradient))
    >>> w = Variable([1.0, 2.0])
    >>> Signs(0.5).apply_gradients([([3.0, -0.1], w)])
    1
    >>> w.numpy().tolist()
    [0.5, 2.5]
    """

    name: str
    weight_decay: float | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    decays: Callable[[Variable], bool]
    apply_gradients: Callable[[Iterable[tuple[Any, Variable]]], int]
    _trained: list[Variable]
    _added: list[Variable]

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Move one variable against its gradient."""
        raise NotImplementedError(f"{type(self).__name__}: expected a method update_step(gradient, variable, "
                                  "learning_rate), got none; define how a variable moves")  # fmt: skip

    def steps_in_python(self) -> bool:
        """Whether its class, and no kernel, makes the steps."""
        return type(self).lower is OwnSteps.lower or written_anew(self, "update_step") is not None

    def lower(self) -> tuple[str, tuple[float, ...]]:
        """The kernel that makes its steps, and the parameters."""
        raise NotLowered(f"the optimizer '{self.name}' makes its steps in Python")

    # ---- state

    def add_variable(
        self,
        shape: Sequence[int] = (),
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str | None = "none",
        layout: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Something to remember. `aggregation` and `layout` tell Keras what to do on several devices."""
        shape = tuple(whole(f"{self.name}: shape", n, 0) for n in shape)
        value = initializers.get(initializer)(shape, dtype=np.dtype(dtype or "float32"))
        variable = Variable(value, name=name or "variable", trainable=False)
        self._added.append(variable)
        return variable

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """Something to remember of a variable, of its shape and type."""
        if not hasattr(reference_variable, "shape"):
            raise TypeError(f"{self.name}: expected a variable to remember something of, got "
                            f"{brief(reference_variable)}; give a layer's")  # fmt: skip
        path = str(getattr(reference_variable, "path", None) or getattr(reference_variable, "name", "variable"))
        name = f"{path.replace('/', '_')}_{name or 'variable'}"
        return self.add_variable(reference_variable.shape, initializer, reference_variable.dtype, name=name)

    def add_optimizer_variables(
        self, trainable_variables: Iterable[Variable], name: str | Sequence[str], initializer: Any = "zeros"
    ) -> Any:
        """Something to remember of each of these; for several names as many lists."""
        variables = list(trainable_variables)
        if isinstance(name, str):
            return [self.add_variable_from_reference(v, name, initializer) for v in variables]
        starts = initializer if isinstance(initializer, (list, tuple)) else [initializer] * len(name)
        return tuple(self.add_optimizer_variables(variables, one, start) for one, start in zip(name, starts))

    def _get_variable_index(self, variable: Variable) -> int:
        """The place of a variable among those it was built with."""
        for place, known in enumerate(self._trained):
            if known is variable:
                return place
        raise ValueError(f"{self.name}: expected one of the {len(self._trained)} variables it was built with, got "
                         f"{brief(variable)}; let build call super().build(variables)")  # fmt: skip

    def assign(self, variable: Variable, value: Any) -> None:
        """Write it."""
        if not hasattr(variable, "assign"):
            raise TypeError(f"{self.name}: expected a variable to write, got {brief(variable)}; give a layer's")
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """Add to it."""
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """Subtract from it."""
        variable.assign_sub(value)

    # ---- steps

    def _step_in_python(self, pairs: Sequence[tuple[np.ndarray, Variable]]) -> None:
        """Clip, let weights decay, and move each variable by `update_step`."""
        rate = self.learning_rate
        scale = self._scale([g for g, _ in pairs], self.global_clipnorm)
        takes_rate = len(inspect.signature(self.update_step).parameters) > 2  # older Keras asked the optimizer for it
        for g, v in pairs:
            if self.clipvalue is not None:
                g = np.clip(g, -self.clipvalue, self.clipvalue)
            g = g * g.dtype.type(scale * self._scale([g], self.clipnorm))
            if self.weight_decay and self.decays(v):
                v.assign_sub(v.numpy() * v.dtype.type(self.weight_decay * rate))
            self.update_step(as_tensor(g), v, *([rate] if takes_rate else []))

    @staticmethod
    def _scale(gradients: Sequence[np.ndarray], limit: float | None) -> float:
        """What makes their norm at most the limit."""
        return 1.0 if limit is None else _core.global_clip_scale(sum(_core.sum_squares(g) for g in gradients), limit)

    def minimize(self, loss: Any, var_list: Any, tape: GradientTape | None = None) -> int:
        """One step, as older Keras has it: `loss` is a function, or what a `tape` has seen computed."""
        older_spelling("minimize is of older Keras; write optimizer.apply_gradients(zip(tape.gradient(loss, w), w))")
        if callable(loss):
            tape = tape or GradientTape()
            with tape:
                loss = loss()
        elif tape is None:
            raise ValueError(f"minimize: expected the tape under which the loss was computed, got none for "
                             f"{brief(loss)}; give tape=, or a function that computes it")  # fmt: skip
        variables = list(var_list() if callable(var_list) else var_list)
        return self.apply_gradients(zip(tape.gradient(loss, variables), variables))
