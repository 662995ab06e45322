"""C steps: what each operation of a network is in an exported one: some C on the engine's kernels, and its numbers.

The C is in the vocabulary of the kernels' texts (`c_kernels`); ``{y}`` and ``{x}`` stand for the row that a step gives
and for the one it takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fastmlp import _core
from fastmlp.exporting.c_kernels import definitions
from fastmlp.lowering import Lowered, Operation

Array = np.ndarray


@dataclass
class Step:
    """One operation on a row."""

    what: str  # as a reader is told
    width: int  # of what it gives
    code: list[str]
    in_place: bool = True  # whether {y} may be {x}
    arrays: list[tuple[str, Array, str]] = field(default_factory=list)  # name, numbers, what they are

    def lines(self, in_place: bool) -> list[str]:
        """Its code; a mere copy is none in place."""
        return [line for line in self.code if not (in_place and line.endswith("{y}[j] = {x}[j];"))]


class Steps:
    """The steps of a program, one after the other.

    Parameters
    ----------
    program
        Of built layers, in step with their variables.
    lowered
        What it was made of.
    fused
        Whether `predict` runs it; by the tape, NumPy shifts and scales, with a rounding more.
    """

    def __init__(self, program: Any, lowered: Lowered, fused: bool) -> None:
        self.fused = fused
        self.network, self.dtype = program.network, np.dtype(program.dtype)
        self.bits = 8 * self.dtype.itemsize
        self.paths = {(place.op, place.part): variable.path for variable, place in lowered.places}
        self.steps: list[Step] = []
        self.width: int = program.inputs
        for index, operation in enumerate(lowered.ops):
            _STEPS[operation["op"]](self, index, operation)
        if lowered.output is not None:
            self.row_activation(len(lowered.ops), {"kernel": lowered.output})

    def add(self, index: int, what: str, width: int, code: Sequence[str], in_place: bool = True) -> Step:
        """One more."""
        step = Step(f"{what}: {self.width} -> {width}", width, list(code), in_place)
        self.steps.append(step)
        self.width = width
        return step

    def array(self, step: Step, index: int, letter: str, part: int | str, use: bool = True) -> str:
        """The name of a part of an operation among the numbers; 0 for one it has not."""
        if not use:
            return "0"
        return self.given(step, index, letter, self.network.get(index, part), self.paths.get((index, part), ""))

    def given(self, step: Step, index: int, letter: str, values: Any, what: str = "") -> str:
        """The same of numbers that stand nowhere."""
        name = f"{letter}_{index + 1}"
        step.arrays.append((name, np.asarray(values, self.dtype), what))
        return name

    # ---- the kinds

    def dense(self, index: int, operation: Operation) -> None:
        """A product, a bias, an activation."""
        k, m = self.width, operation["units"]
        step = self.add(index, "dense", m, (), in_place=False)
        weights = self.array(step, index, "kernel", 0)
        bias = self.array(step, index, "bias", 1, operation["use_bias"])
        step.code = [f"dense_row({{y}}, {{x}}, {weights}, {bias}, {k}, {m});"]
        if operation["activation"][0] != "linear":
            self.activation(index, {"kernel": operation["activation"]})

    def activation(self, index: int, operation: Operation) -> None:
        """A function of single numbers."""
        (name, params), m = operation["kernel"], self.width
        step = self.add(index, name, m, ())
        if params:
            p = self.given(step, index, "params", params, f"of {name}: {_core.registry('activation')[name].params}")
            step.code = [f"const real *p = {p};", "HIDE(p);"]
        call = f"{name}_fwd({{x}}[j], {'p' if params else '0'})"
        step.code += [f"for (int64_t j = 0; j < {m}; j++) {{y}}[j] = {call};"]

    def trainable(self, index: int, operation: Operation) -> None:
        """A function of single numbers and of parameters of their columns."""
        name, count, m = operation["kernel"][0], operation["count"], self.width
        step = self.add(index, name, m, ())
        theta = self.array(step, index, "theta", 0)
        at = "r" if operation["shared"] else f"r * {m} + j"
        step.code = [
            f"const real *theta = {theta};",
            "HIDE(theta);",
            f"for (int64_t j = 0; j < {m}; j++) {{",
            f"    real q[{count}];",
            f"    for (int64_t r = 0; r < {count}; r++) q[r] = theta[{at}];",
            f"    {{y}}[j] = {name}_fwd({{x}}[j], q, {count});",
            "}",
        ]

    def pieces(self, index: int, operation: Operation) -> None:
        """One column of several."""
        name, pieces = operation["kernel"][0], operation["pieces"]
        m = self.width // pieces
        self.add(index, name, m, [
            f"for (int64_t j = 0; j < {m}; j++) {{",
            f"    real piece[{pieces}];",
            f"    for (int64_t p = 0; p < {pieces}; p++) piece[p] = {{x}}[p * {m} + j];",
            f"    {{y}}[j] = {name}_fwd(piece, {pieces});",
            "}",
        ])  # fmt: skip

    def row_activation(self, index: int, operation: Operation) -> None:
        """A function of whole rows; of few columns the engine takes another way than of many."""
        (name, _), m = operation["kernel"], self.width
        few = re.search(r"FEW = (\d+)", definitions(self.bits)["FEW"].code)
        assert few is not None
        if m > int(few[1]):
            code = [self.shape(), f"{name}_fwd_row({{y}}, {{x}}, &s, 0);"]
        else:
            code = [f"for (int64_t j = 0; j < {m}; j++) {{y}}[j] = {{x}}[j];", f"{name}_fwd_few({{y}}, {m});"]
        self.add(index, name, m, code)

    def shape(self) -> str:
        """One row, as kernels of rows are told of it."""
        return f"const fm_rows s = {{1, {self.width}, {self.width}, FM_PANEL}};"

    def batch_norm(self, index: int, operation: Operation) -> None:
        """By the moving moments; the engine itself says what becomes of the variance."""
        _, epsilon, _ = operation["params"]
        mean, variance = (self.network.get(index, part) for part in ("moving_mean", "moving_variance"))
        found = _core.batch_norm_fwd(mean[None], None, None, mean, variance, 0.5, epsilon, False)
        step = self.add(index, "batch normalization", self.width, ())
        r = self.given(step, index, "r", found[2], "1 / sqrt(variance + epsilon)")
        self._scaled(step, index, r, self.array(step, index, "gamma", 0, operation["use_weights"]),
                     self.array(step, index, "beta", 1, operation["use_bias"]))  # fmt: skip

    def affine(self, index: int, operation: Operation) -> None:
        """(x - shift) * scale + offset, which is what batch normalisation does."""
        step = self.add(index, "shift and scale", self.width, ())
        r = self.given(step, index, "scale", self.network.get(index, "moving_variance"))
        offset = self.given(step, index, "offset", self.network.get(index, 1))
        self._scaled(step, index, r, "0", offset)
        if not self.fused:
            terms = f"({{x}}[j] - mean_{index + 1}[j]) * {r}[j] + {offset}[j]"
            step.code = [f"for (int64_t j = 0; j < {self.width}; j++) {{y}}[j] = {terms};"]

    def _scaled(self, step: Step, index: int, r: str, gamma: str, beta: str) -> None:
        mean, m = self.array(step, index, "mean", "moving_mean"), self.width
        step.code = [f"batch_norm_fwd({{y}}, {{x}}, {mean}, {r}, {gamma}, {beta}, 1, {m}, {m});"]

    def layer_norm(self, index: int, operation: Operation) -> None:
        """By the moments of the row."""
        step = self.add(index, "layer normalization", self.width, ())
        gamma = self.array(step, index, "gamma", 0, operation["use_weights"])
        beta = self.array(step, index, "beta", 1, operation["use_bias"])
        moments = f"&mean, &r, {{x}}, {gamma}, {beta}, &s, {operation['params'][0]!r}"
        step.code = ["real mean, r;", self.shape(), f"layer_norm_fwd({{y}}, {moments});"]

    def unit_norm(self, index: int, operation: Operation) -> None:
        """By the length of the row."""
        epsilon = operation["params"][0]
        self.add(index, "unit length", self.width, [self.shape(), f"unit_norm_fwd({{y}}, {{x}}, &s, {epsilon!r});"])

    def nothing(self, index: int, operation: Operation) -> None:
        """Noise and penalties: what only training knows."""


_STEPS: Mapping[str, Callable[[Steps, int, Operation], None]] = {
    "dense": Steps.dense,
    "activation": Steps.activation,
    "noise": Steps.nothing,
    "row_activation": Steps.row_activation,
    "trainable": Steps.trainable,
    "pieces": Steps.pieces,
    "batch_norm": Steps.batch_norm,
    "layer_norm": Steps.layer_norm,
    "unit_norm": Steps.unit_norm,
    "affine": Steps.affine,
    "activity": Steps.nothing,
}
