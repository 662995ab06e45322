"""Compiling: what a model is trained with, and the program it runs on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fastmlp import optimizers, random
from fastmlp._objects import NotLowered, deserialize, need_as_it_is
from fastmlp._validate import brief, flag, whole
from fastmlp.lowering import lower
from fastmlp.models.compiled import Compiled, Learning
from fastmlp.models.hooks import History
from fastmlp.models.outputs import Outputs
from fastmlp.models.resuming import Place
from fastmlp.models.several import Several, are_several, is_config, is_factor
from fastmlp.models.taped import Taped
from fastmlp.models.turns import Turn, in_turn
from fastmlp.program import Program

_NUMBERS = ("epoch", "steps", "shuffle_seed", "program_seed")  # attributes of models, with an underscore before


class Compiling:
    """The part of a model that knows its loss, its optimizer, its metrics and its network."""

    name: str
    trainable: bool
    built: bool
    layers: list[Any]
    generators: Callable[[], list[random.SeedGenerator]]
    loss: Any = None  # as given to compile
    _sparse = False  # whether rows come so

    def _begin(self) -> None:
        """What a model knows before compile."""
        self._compiled: Compiled | None = None
        self._program: Any = None  # a Program, or Taped
        self._loss_tracker: Any = None
        self._why: str | None = None  # it runs by the tape; "" that it does not
        self._program_seed = random.next_seed()
        self._shuffle_seed = random.next_seed()
        self._steps = 0  # batches trained on by the tape: names the noise of the next
        self._epoch = 0  # passes over data begun: names the next order of rows
        self._initial_epoch: int | None = None  # where a callback wants training to start
        self._place: Place | None = None  # where fit stopped
        self._under_way: Any = None  # the Epoch that fit is in
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
            Names or objects. A model of several outputs takes a list of losses, or a dict by the outputs' names, None
            for an output that training leaves alone; one loss by itself is for each of them.
        loss_weights
            The factors of these losses in the sum that training makes small.
        metrics, weighted_metrics
            Names or objects, for several outputs a list or dict with those of each; the latter take sample weights
            into account.
        """
        self._check_ways(run_eagerly, steps_per_execution, jit_compile, auto_scale_loss)
        outputs = self._known_outputs()
        given = (loss, metrics, weighted_metrics)
        several = is_factor(loss_weights) or (are_several(*given) if outputs is None else outputs.several)
        if outputs is not None and not several and are_several(loss):
            outputs.beside("compile: loss", loss, is_one=is_config)
        for what, one in (("metrics", metrics), ("weighted_metrics", weighted_metrics)):
            if outputs is not None and not several and isinstance(one, Mapping) and not is_config(one):
                outputs.beside(f"compile: {what}", one, partly=True)
        kind = Several if several else Compiled
        compiled = kind(optimizer, *given, loss_weights)
        if outputs is not None and isinstance(compiled, Several):
            compiled.settle_outputs(outputs)
        self._compiled, self.loss = compiled, loss
        if self._place is not None:
            self._place = self._place.anew()  # what metrics have seen of an epoch is gone
        self._forget_programs()

    @staticmethod
    def _check_ways(run_eagerly: Any, steps_per_execution: Any, jit_compile: Any, auto_scale_loss: Any) -> None:
        """See that the ways of running are some; None is the usual one, and 'auto', as older scripts write them."""
        if steps_per_execution is not None and steps_per_execution != "auto":
            whole("compile: steps_per_execution", steps_per_execution)
        given = {"run_eagerly": run_eagerly, "jit_compile": jit_compile, "auto_scale_loss": auto_scale_loss}
        for name, value in given.items():
            if value is not None and not (name == "jit_compile" and value == "auto"):
                flag(f"compile: {name}", value)

    def _known_outputs(self) -> Outputs | None:
        """The outputs, if they are known before data come."""
        return None

    def _compiled_for(self, y_pred: Any) -> Any:
        """What compile was given, for outputs such as these."""
        compiled = self._compiled
        if compiled is not None and isinstance(y_pred, (list, tuple, Mapping)) and not isinstance(compiled, Several):
            given = {**compiled.given, "optimizer": compiled.optimizer}
            self._compiled = Several(given["optimizer"], given["loss"], given["metrics"], given["weighted_metrics"],
                                     given["loss_weights"])  # fmt: skip
            self._compiled.learning, self._compiled.waiting = compiled.learning, compiled.waiting
        if isinstance(self._compiled, Several) and self._compiled.outputs is None:
            self._compiled.settle_outputs(Outputs(y_pred))
        return self._compiled

    def _forget_programs(self) -> None:
        self._program = self._why = None

    def _stands(self) -> Place | None:
        """Where fit is, or stopped."""
        return self._place if self._under_way is None else self._under_way.place()

    def _state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """What belongs to training besides variables, as what JSON can hold and arrays by name."""
        place, notes = self._stands(), {name: getattr(self, f"_{name}") for name in _NUMBERS}
        notes["generators"] = [[one._start, one._count] for one in self.generators()]
        if place is None:
            return notes, {}
        notes["place"], arrays = place.written()
        return notes, arrays

    def _checked_state(self, notes: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> dict[str, Any]:
        """The same from a file; the older know neither places nor generators, nor the oldest steps."""
        given = {"steps": 0, **notes}
        found: dict[str, Any] = {name: whole(f"training_state: {name}", given.get(name), 0) for name in _NUMBERS}
        if max(found.values()) >= 1 << 64:
            raise ValueError(f"training_state: expected numbers of 64 bits, got {brief(found)}; the file is damaged")
        pairs = [(whole("generators", start, -(2**64)), whole("generators", count, 0))
                 for start, count in notes.get("generators", [])]  # fmt: skip
        found["generators"] = pairs
        found["place"] = Place.read(notes["place"], arrays) if notes.get("place") else None
        return found

    def _take_state(self, state: Mapping[str, Any]) -> None:
        """Be in that state; what it runs on is made anew from it."""
        for name in (*_NUMBERS, "place"):
            setattr(self, f"_{name}", state[name])
        generators = self.generators()
        if len(generators) == len(state["generators"]):
            for one, (start, count) in zip(generators, state["generators"]):
                one._start, one._count = start, count
        self._forget_programs()

    def __getstate__(self) -> dict[str, Any]:
        """What a copy is made of, at a time when no other thread changes it: by pickle, deepcopy and the like."""
        state: dict[str, Any] = self._turn.take("copy", self._to_copy)
        return state

    def _to_copy(self) -> dict[str, Any]:
        state = {**self.__dict__, "_program": None, "_place": self._stands(), "_under_way": None}  # made anew
        state.pop("_nodes", None)
        return state

    # ---- which way it runs

    def in_line(self) -> list[Any]:
        """Its layers, an `Input` first, one after the other; NotLowered says why it is no chain."""
        raise NotLowered(f"the class {type(self).__name__} has a call of its own")

    def _is_chain(self) -> bool:
        """Whether it may be found to be a program once it is built."""
        try:
            self.in_line()
        except NotLowered:
            return False
        return True

    def own_steps(self) -> str | None:
        """The method by which a class of one's own changes what training does; None if none does."""
        raise NotImplementedError

    @property
    def why_taped(self) -> str:
        """Why it runs by the tape, in Python, and not as a program in C; empty if it is a program."""
        if self._why is None:
            if not self.built and not self.own_steps() and self._is_chain():
                return ""  # as far as one can tell
            try:
                self._look_whether_lowered()
                self._why = ""
            except NotLowered as why:
                self._why = str(why)
        return self._why

    def _look_whether_lowered(self) -> None:
        method = self.own_steps()
        if method is not None:
            raise NotLowered(f"the class {type(self).__name__} has a {method} of its own")
        layers, compiled = self.in_line(), self._compiled
        if compiled is not None and compiled.why_taped:
            raise NotLowered(compiled.why_taped)
        if compiled is None or compiled.loss is None:
            lower(layers)
            return
        optimizer = compiled.optimizer
        if optimizer.gradient_accumulation_steps:
            raise NotLowered("the optimizer gathers the gradients of several steps")
        need_as_it_is(optimizer, "update_step", "apply", "apply_gradients")
        optimizer.lower()
        lower(layers, compiled.loss, optimizer)

    # ---- what it has

    def _need_compiled(self, where: str) -> Compiled:
        if self._compiled is None:
            raise RuntimeError(f"{where}: expected a compiled model, got '{self.name}' before compile; "
                               "call compile(optimizer, loss)")  # fmt: skip
        if self._compiled.loss is None and self.own_steps() is None and not self.why_taped:
            raise ValueError(f"{where}: expected a loss, got none; give loss= to compile")
        return self._compiled

    @property
    def _learning(self) -> Learning:
        """Which layers training changes now."""
        layers = [one for layer in self._lowered_layers() for one in layer.with_inner()]
        return [(layer, self.trainable and layer.trainable) for layer in layers]

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

    @optimizer.setter
    def optimizer(self, value: Any) -> None:
        """Another one for the model, as a `compile` of one's own may choose it."""
        if self._compiled is None:
            raise RuntimeError("optimizer: expected a compiled model, got none; call super().compile() first")
        self._compiled.optimizer = optimizers.get(value)
        self._forget_programs()

    @property
    def metrics_names(self) -> list[str]:
        """What `evaluate` returns, by name."""
        return ["loss", *([] if self._compiled is None else self._compiled.listed)]

    def get_compile_config(self) -> dict[str, Any] | None:
        """What compile was given, as JSON can hold it; None before it."""
        return None if self._compiled is None else self._compiled.get_config()

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """Compile as another model was."""
        if not isinstance(config, Mapping):
            raise TypeError(f"compile_from_config: expected settings by name, got {brief(config)}; take them from "
                            "get_compile_config")  # fmt: skip
        self.compile(**deserialize(config))  # now, while custom objects are in scope

    def _lowered_layers(self) -> list[Any]:
        """The layers of its program; all there are, if it has none."""
        return self.layers if self.why_taped else self.in_line()

    def _network(self, batch: int = 1) -> Any:
        """What all of this runs on, with room for steps of so many rows."""
        if self._program is not None and not self._program.fits():
            self._forget_programs()  # and whether it is one
        program = self._program = self._program or self._new_program(batch)
        if self._compiled is not None and not program.taped:
            self._compiled.settle(math.prod(program.output_shape))
        return program

    def _new_program(self, batch: int) -> Any:
        if self.why_taped:
            return Taped(self, self.why_taped)
        compiled, layers = self._compiled, self.in_line()
        if compiled is None or compiled.loss is None:
            return Program(layers, batch=batch, seed=self._program_seed, learns=self.trainable, sparse=self._sparse)
        optimizer = None if self._changed() else compiled.optimizer  # which knows the weights it is to train
        return Program(layers, compiled.loss, optimizer, batch, shows=compiled.any,
                       seed=self._program_seed, learns=self.trainable, sparse=self._sparse)  # fmt: skip
