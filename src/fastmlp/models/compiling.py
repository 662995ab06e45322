"""Compiling: what a model is trained with, and the program it runs on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from fastmlp import random
from fastmlp._objects import deserialize, need_as_it_is
from fastmlp._validate import brief
from fastmlp.models.compiled import Compiled, Learning
from fastmlp.models.hooks import History
from fastmlp.models.turns import Turn, in_turn
from fastmlp.program import Program


class Compiling:
    """The part of a model that knows its loss, its optimizer, its metrics and its network."""

    _layers: list[Any]
    name: str
    trainable: bool

    def __init__(self) -> None:
        self._compiled: Compiled | None = None
        self._program: Program | None = None
        self._program_seed = random.next_seed()
        self._shuffle_seed = random.next_seed()
        self._epoch = 0  # passes over data begun: names the next order of rows
        self._initial_epoch: int | None = None  # where a callback wants training to start
        self._turn = Turn()
        self.stop_training = False
        self.history: History | None = None

    # ---- compile

    @in_turn
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Say how to train: by which optimizer, against which loss, and what to report.

        Weights stay, and an optimizer that is given again goes on with all it remembers; one given by name is new.
        The arguments from `run_eagerly` on choose between Keras's ways of running, of which there is one here.

        Parameters
        ----------
        optimizer, loss
            Names or objects.
        loss_weights
            A factor of the loss: 1 or None.
        metrics, weighted_metrics
            Names or objects; the latter take sample weights into account.
        """
        if loss_weights is not None and not np.array_equal(np.ravel(list(_values(loss_weights))), [1]):
            raise ValueError(f"compile: expected loss_weights None for the one output, got {brief(loss_weights)}; "
                             "scale the learning rate, or sample_weight")  # fmt: skip
        need_as_it_is("compile", self, "call", "__call__", "train_step", "test_step", "predict_step", "compute_loss")
        compiled = Compiled(optimizer, loss, metrics, weighted_metrics)
        if compiled.optimizer.gradient_accumulation_steps:
            raise ValueError("compile: expected gradient_accumulation_steps None, got "
                             f"{compiled.optimizer.gradient_accumulation_steps}; take a larger batch_size")  # fmt: skip
        if compiled.loss is not None:
            compiled.loss.lower()  # raises for losses that cannot train
        self._compiled = compiled
        self._forget_programs()

    def _forget_programs(self) -> None:
        self._program = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_program": None}  # made anew when it is wanted

    def _need_compiled(self, where: str) -> Compiled:
        if self._compiled is None:
            raise RuntimeError(f"{where}: expected a compiled model, got '{self.name}' before compile; "
                               "call compile(optimizer, loss)")  # fmt: skip
        if self._compiled.loss is None:
            raise ValueError(f"{where}: expected a loss, got none; give loss= to compile")
        return self._compiled

    @property
    def _learning(self) -> Learning:
        """Which layers training changes now."""
        return [(layer, self.trainable and layer.trainable) for layer in self._layers]

    def _changed(self) -> Learning:
        """Those of them that were otherwise when training began."""
        before = (self._compiled and self._compiled.learning) or []
        return [(layer, learns) for layer, learns in self._learning if (layer, not learns) in before]

    def _need_same_layers(self, where: str) -> None:
        """Layers frozen since training began, or no longer, want another compile."""
        for layer, learns in self._changed():
            raise RuntimeError(f"{where}: expected layers trainable or frozen as they were when training began, got "
                               f"'{layer.name}', which is {'trainable' if learns else 'frozen'} since; "
                               "compile the model again")  # fmt: skip
        self._need_compiled(where).learning = self._learning
        self._follow_layers()

    def _follow_layers(self) -> None:
        """A program made for others to learn is of no use."""
        if self._program is not None and self._program.trainable != self._learning:
            self._forget_programs()

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._compiled is not None

    @property
    def optimizer(self) -> Any:
        """That of compile."""
        return None if self._compiled is None else self._compiled.optimizer

    @property
    def loss(self) -> Any:
        """As given to compile."""
        return None if self._compiled is None else self._compiled.given["loss"]

    @property
    def metrics(self) -> list[Any]:
        """Those of compile, once the outputs are known."""
        return [] if self._compiled is None else list(self._compiled.metrics)

    @property
    def metrics_names(self) -> list[str]:
        """What `evaluate` returns, by name."""
        return ["loss", *([] if self._compiled is None else self._compiled.names)]

    def get_compile_config(self) -> dict[str, Any] | None:
        """What compile was given, as JSON can hold it; None before it."""
        return None if self._compiled is None else self._compiled.get_config()

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compile as another model was."""
        self.compile(**deserialize(config))  # now, while custom objects are in scope

    def _network(self, batch: int = 1) -> Program:
        """The program all of this runs on, with room for steps of so many rows."""
        if self._program is None or not self._program.fits():
            self._program = self._new_program(batch)
        if self._compiled is not None:
            self._compiled.settle(math.prod(self._program.output_shape))
        return self._program

    def _new_program(self, batch: int) -> Program:
        compiled = self._compiled
        if compiled is None or compiled.loss is None:
            return Program(self._layers, batch=batch, seed=self._program_seed, learns=self.trainable)
        optimizer = None if self._changed() else compiled.optimizer  # which knows the weights it is to train
        return Program(self._layers, compiled.loss, optimizer, batch, shows=compiled.any,
                       seed=self._program_seed, learns=self.trainable)  # fmt: skip


def _values(given: Any) -> Any:
    return given.values() if isinstance(given, Mapping) else given if isinstance(given, (list, tuple)) else [given]
