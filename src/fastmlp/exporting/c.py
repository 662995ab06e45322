"""C: a trained network as one file of C, weights and all, which computes the bits that `predict` computes."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastmlp._objects import NotLowered, written_anew
from fastmlp._validate import brief
from fastmlp.exporting import c_text
from fastmlp.exporting.c_kernels import needed, own, plain, words_of
from fastmlp.exporting.c_steps import Step, Steps
from fastmlp.lowering import lower
from fastmlp.program import Program
from fastmlp.saving import atomic
from fastmlp.saving.weights import need_built


def write(model: Any, path: Any, *, name: str | None = None) -> None:
    """Write a model that is a chain of layers as C without dependencies: weights, and functions that predict.

    ``model.export("digits.h")`` gives a header that holds the implementation too, taken in where
    ``DIGITS_IMPLEMENTATION`` is defined; ``"digits.c"`` a file to be compiled by itself. In either

        void digits_predict(const float *x, float *y);                      one row
        void digits_predict_rows(const float *x, float *y, size_t rows);

    compute what `predict` does, bit for bit, with the stack's memory alone and without globals. The file says the rest.

    Parameters
    ----------
    model
        Built. Noise and penalties, which only training knows, are left out.
    path
        Ends in .h or .c.
    name
        What the names in the file begin with; the file's own unless given.

    Examples
    --------
    >>> import os, tempfile
    >>> import fastmlp
    >>> from fastmlp.exporting import c
    >>> from fastmlp.layers import Dense, Input
    >>> model = fastmlp.Sequential([Input((4,)), Dense(8, "relu"), Dense(3, "softmax")])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = os.path.join(folder, "iris.h")
    ...     c.write(model, file)
    ...     "void iris_predict(const float *x, float *y);" in open(file).read()
    True
    """
    file = os.path.basename(os.fsdecode(path))
    stem, ending = os.path.splitext(file)
    if ending.lower() not in (".h", ".c"):
        raise ValueError(f"export: expected a name that ends in .h or .c, got {brief(file)}; change the ending")
    text = source(model, ending[1:].lower(), file, _prefix(stem if name is None else name, name is None))
    atomic.write(atomic.target("export", path, True), [text.encode("ascii")])


def _prefix(name: str, made: bool) -> str:
    """The beginning of names in C; what is made of a file's name may differ from it."""
    if made:
        name = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_")
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
        raise ValueError(f"export: expected letters, digits and _, a letter first, for names in C, got {brief(name)}; "
                         "give name='net', for one")  # fmt: skip
    return name


def source(model: Any, form: str, file: str, name: str) -> str:
    """The text of the file; `form` is h or c."""
    need_built("export", model)
    try:
        if (method := written_anew(model, "predict", "predict_step")) is not None:
            raise NotLowered(f"the class {type(model).__name__} has a {method} of its own")
        layers = model.in_line()
        lowered = lower(layers, learns=False)
        program = Program(layers, seed=0, learns=False)  # it draws nothing
        program.push()
    except NotLowered as why:
        raise ValueError(f"export: expected a chain of layers that the engine computes, for C, got '{model.name}': "
                         f"{why}; export the layers before it as a model of their own") from None  # fmt: skip
    rounded = [layer.name for layer in layers if any(op.get("bf16") for op in layer.engine_operations())]
    if rounded:
        raise ValueError(f"export: expected layers that compute in float32 or float64, for C, got '{rounded[0]}' with "
                         "the policy mixed_bfloat16; make it with dtype='float32' and set_weights")  # fmt: skip
    steps = Steps(program, lowered, fused=not model.why_taped)
    return _Text(model, form, file, name, program, steps).whole()


@dataclass
class _Room:
    """Where rows between the steps are kept."""

    places: list[str]  # of what each step gives
    first: int  # numbers in the first of two buffers
    second: int


def _room(steps: list[Step], outputs: int) -> _Room:
    """Two buffers in turns, and the caller's y as soon as no step before the end needs more of it."""
    last = len(steps) - 1  # the step from which on all is in y
    while last > 0 and steps[last].in_place and steps[last - 1].width <= outputs:
        last -= 1
    places: list[str] = []
    sizes, at = [0, 0], 1
    for index, step in enumerate(steps):
        if index >= last:
            places.append("y")
            continue
        if index == 0 or not step.in_place:
            at = 1 - at
        sizes[at] = max(sizes[at], step.width)
        places.append("ab"[at])
    return _Room(places, *sizes)


class _Text:
    """One file in the making."""

    def __init__(self, model: Any, form: str, file: str, name: str, program: Program, found: Steps) -> None:
        self.form, self.name, self.found, self.program, self.model = form, name, found, program, model
        self.bits, self.outputs = found.bits, found.width
        if not found.steps:  # nothing but noise
            found.activation(0, {"kernel": ("linear", ())})
        self.room = _room(found.steps, self.outputs)
        arrays = [values for step in found.steps for _, values, _ in step.arrays]
        size, room = self.bits // 8, self.room.first + self.room.second
        self.facts = {
            "file": file,
            "model": model.name,
            "name": name,
            "NAME": name.upper(),
            "fma": "fmaf" if self.bits == 32 else "fma",
            "type": "float" if self.bits == 32 else "double",
            "inputs": program.inputs,
            "outputs": self.outputs,
            "room": room,
            "scratch": room * size,
            "kib": f"{sum(values.nbytes for values in arrays) / 1024:.1f} KiB",
        }

    def whole(self) -> str:
        """All of it: head, declarations, implementation."""
        implementation = "\n".join(
            [self.own(self.kernels()), self.numbers(), self.own(self.row() + "\n" + self.calls())]
        )
        NAME = self.facts["NAME"]  # noqa: N806 - as in C
        opened = f"#ifdef {NAME}_IMPLEMENTATION\n" if self.form == "h" else ""
        closed = "#endif\n" if self.form == "h" else ""
        rules = c_text.RULES.format(**self.facts)
        head = c_text.head(self.form, [step.what for step in self.found.steps], **self.facts)
        parts = [head, c_text.DECLARATIONS.format(**self.facts), opened + rules, implementation + closed]
        return c_text.plain_ascii("\n".join(parts))

    def kernels(self) -> str:
        """What of the engine it needs."""
        texts = [plain(one, self.bits) for one in needed(words_of(self.row() + self.calls()), self.bits)]
        kept = f"#if defined({self.facts['NAME']}_KEEP_FLOAT_MODE)\n" + c_text.NO_MODE
        texts[-1] = texts[-1].replace("#if ", kept + "#elif ", 1)
        hidden = "HIDE" in words_of("\n".join([*texts, self.row()]))
        return "\n".join([*[c_text.HIDE] * hidden, *texts, ""])

    def own(self, text: str) -> str:
        """A text in which all names are this network's."""
        names = [array for step in self.found.steps for array, _, _ in step.arrays]
        return own(text, self.name, self.bits, [*names, "HIDE"])

    def numbers(self) -> str:
        """The weights."""
        arrays = [array for step in self.found.steps for array in step.arrays]
        return "\n".join(
            self.own(c_text.title_of(name, values, what)) + c_text.lines_of(values, self.bits) + "\n};\n"
            for name, values, what in arrays
        )

    def row(self) -> str:
        """The function that takes one row through all steps."""
        room = self.room
        lines = ["#if defined(__GNUC__)", "__attribute__((noinline))", "#endif",
                 f"static void {self.name}_row(const real *x, real *y, real *scratch) {{"]  # fmt: skip
        lines += ["    real *const a = scratch;"] if room.first else ["    (void)scratch;"]
        lines += [f"    real *const b = scratch + {room.first};"] if room.second else []
        x = "x"
        for step, y in zip(self.found.steps, room.places):
            code = [line.replace("{y}", y).replace("{x}", x) for line in step.lines(in_place=x == y)]
            lines.append(f"    /* {step.what} */")
            lines += [f"    {code[0]}"] if len(code) == 1 else ["    {", *(f"        {line}" for line in code), "    }"]
            x = y
        return "\n".join([*lines, "}\n"])

    def calls(self) -> str:
        """The functions one calls."""
        return c_text.CALLS.format(want=self.want(), **self.facts)

    def want(self) -> str:
        """What `predict` makes of the row of test."""
        i = np.arange(self.program.inputs, dtype=np.uint32)
        x = (i * np.uint32(40503) % 512 / 256 - 1).astype(self.found.dtype)
        x = x.reshape(1, *self.program.input_shape)
        y = self.program.outputs(x) if self.found.fused else self.model.predict(x, verbose=0)
        return c_text.lines_of(y, self.bits, " " * 8)
