"""Recording: what a built model computes, as a list of operations for any number of rows.

The model is called twice, on other numbers and on another number of rows. What is the same both times belongs to the
model; sizes that grow with the rows are `Rows`. Whatever else differs cannot be written down, and an error says so.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fastmlp.autodiff.primitive import Primitive, Record, as_tensor
from fastmlp.autodiff.reading import READ
from fastmlp.autodiff.tensor import Tensor, listening
from fastmlp.exporting.both import Differs, Rows, Shape, array_of_both, setting_of_both, shape_of_both
from fastmlp.exporting.ends import Spec, inputs_of, outputs_of
from fastmlp.layers.calls import calls_around
from fastmlp.program import dtype_of

_ROWS = (3, 5)  # of the two calls: neither is a multiple of the other


@dataclass(eq=False)
class Value:
    """An array that is an input, a constant, or what an operation makes."""

    shape: Shape
    dtype: np.dtype[Any]
    name: str = ""
    array: np.ndarray | None = None  # of a constant; where its shape has Rows, one row that stands for all


@dataclass(eq=False)
class Operation:
    """A primitive called once: `key` is ``"arithmetic.add"``, of a kernel with a name ``"kernels.activation/relu"``."""

    key: str
    inputs: list[Value]
    settings: dict[str, Any]
    output: Value
    where: str  # the layers around it, "block/dense"


@dataclass
class Recording:
    """Operations in an order in which they can run, those alone that outputs need."""

    inputs: list[Value]
    operations: list[Operation]
    outputs: list[tuple[str, Value]]


@dataclass
class _Call:
    """Listens to one call: which operations there were, and what is made of the inputs."""

    inputs: list[Tensor]
    native: Collection[str]
    records: list[tuple[str, str, Record]] = field(default_factory=list)  # key, where
    variables: dict[int, Any] = field(default_factory=dict)  # by the id of the tensor that was read
    kept: list[Any] = field(default_factory=list)  # so that ids stay theirs

    def __post_init__(self) -> None:
        self.places = {id(one): place for place, one in enumerate(self.inputs)}

    def looked(self, tensor: Any) -> None:
        """Python may do otherwise for other numbers."""
        if id(tensor) in self.places:
            raise ValueError(f"export: expected a model that does the same whatever the numbers, got the call of "
                             f"'{_inmost()}', which looks at them in Python; say it in operations, such as "
                             "where")  # fmt: skip

    def note(self, record: Record) -> None:
        """An operation has been computed; of weights and constants alone it is a constant."""
        self.kept.append(record)
        if record.primitive is READ:
            self.variables[id(record.output)] = record.inputs[0]
        elif any(id(one) in self.places for one in record.inputs):
            key, definition = _key(record), record.primitive.definition
            if definition is None or key in self.native:
                self.places[id(record.output)] = len(self.inputs) + len(self.records)
                self.records.append((key, "/".join(calls_around()[1:]), record))
            else:
                self._expand(record, definition)

    def _expand(self, record: Record, definition: Callable[..., Any]) -> None:
        """What it is made of, in its stead."""
        with listening(self):
            made = definition(*record.inputs, **record.settings)
        self.kept.append(made)
        if id(made) in self.places:
            self.places[id(record.output)] = self.places[id(made)]


def quoted(where: str) -> str:
    """Layers as an error names them."""
    return f"'{where}'" if where else "the model"


def _inmost() -> str:
    return (calls_around() or ("the model",))[-1]


def _key(record: Record) -> str:
    """Where a primitive is at home, and its name; `own.` are those that are not fastmlp's."""
    primitive = record.primitive
    package, _, home = primitive.forward.__module__.rpartition(".")
    known = package == "fastmlp.autodiff" and type(primitive) is Primitive
    key = f"{home if known else 'own'}.{primitive.name}"
    named = home == "kernels" and "name" in record.settings
    return f"{key}/{record.settings['name']}" if named else key


def record(model: Any, native: Collection[str], signature: Any = None) -> Recording:
    """What the model computes for these inputs, in `native` operations where a kernel has a definition in others."""
    tree, specs = inputs_of(model, signature)
    with _as_before(model):
        calls, trees = zip(*(_called(model, tree, specs, native, rows, seed) for seed, rows in enumerate(_ROWS)))
    few, more = calls
    if [key for key, _, _ in few.records] != [key for key, _, _ in more.records]:
        raise ValueError(f"export: expected a model that does the same for any number of rows, got '{model.name}', "
                         "whose call goes other ways; take operations that do not ask for it")  # fmt: skip
    return _Both(few, more, specs).recording(outputs_of(model, trees[0]), outputs_of(model, trees[1]))


def _called(
    model: Any, tree: Any, specs: Sequence[Spec], native: Collection[str], rows: int, seed: int
) -> tuple[_Call, Any]:
    """The model called on so many rows, and what it gave. Numbers are from 0 to 1: whole ones are 0, a first class."""
    draw = np.random.default_rng(seed)
    sizes = [tuple(rows if n is None else n for n in spec.shape) for spec in specs]
    given = [Tensor(draw.uniform(size=shape).astype(spec.dtype)) for spec, shape in zip(specs, sizes)]
    call, program = _Call(given, native), not model.why_taped
    with listening(call):
        if program:  # in C, which takes floats
            given = [as_tensor(one, dtype_of(model.in_line())) for one in given]
        found = model(tree(given), training=False)
    return call, found


@contextmanager
def _as_before(model: Any) -> Iterator[None]:
    """Refuse calls that change variables, and put those back; the losses that layers have added, too."""
    variables = [(one, one.version, one.numpy()) for one in model.variables]
    losses = [(layer, layer._losses) for layer in model.with_inner()]
    try:
        yield
    finally:
        for layer, added in losses:
            layer._losses = added
        changed = [one.path for one, version, _ in variables if one.version != version]
        for one, version, value in variables:
            if one.version != version:
                one.assign(value)
    if changed:
        raise ValueError(f"export: expected calls that leave variables as they are, got one that changes {changed}; "
                         "a file cannot: change them in training alone")  # fmt: skip


class _Both:
    """Two calls of a model as one, with the rows left open."""

    def __init__(self, few: _Call, more: _Call, specs: Sequence[Spec]) -> None:
        self.few, self.more = few, more
        self.entries = [Value(tuple(Rows(1) if n is None else n for n in s.shape), s.dtype, s.name) for s in specs]
        self.made = dict(enumerate(self.entries))  # by its place
        self.constants: dict[tuple[int, int], Value] = {}

    def recording(self, few: list[tuple[str, Any]], more: list[tuple[str, Any]]) -> Recording:
        """Its operations, and these outputs of either call."""
        operations = [self._operation(place) for place in self._needed([one for _, one in few])]
        outputs = [(name, self._value(as_tensor(a), as_tensor(b), name)) for (name, a), (_, b) in zip(few, more)]
        return Recording(self.entries, operations, outputs)

    def _needed(self, outputs: Sequence[Any]) -> list[int]:
        """The places of operations that lead to the outputs, in the order in which they ran."""
        places, first = self.few.places, len(self.entries)
        needed = {places.get(id(one)) for one in outputs}
        for place in range(first + len(self.few.records) - 1, first - 1, -1):
            if place in needed:
                needed |= {places.get(id(one)) for one in self.few.records[place - first][2].inputs}
        return sorted(place for place in needed if place is not None and place >= first)

    def _operation(self, place: int) -> Operation:
        key, where, a = self.few.records[place - len(self.entries)]
        b = self.more.records[place - len(self.entries)][2]
        if key not in self.few.native:
            raise ValueError(f"export: expected operations that the format has, got {key.partition('.')[2]} in "
                             f"{quoted(where)}, which cannot be written in them; leave it out, or say it in "
                             "others")  # fmt: skip
        with _said(where, key):
            inputs = [self._value(x, y, where) for x, y in zip(a.inputs, b.inputs, strict=True)]
            settings = {name: setting_of_both(value, b.settings[name], _ROWS) for name, value in a.settings.items()}
            shape = shape_of_both(a.output.shape, b.output.shape, _ROWS)
        output = self.made[place] = Value(shape, a.output.dtype)
        return Operation(key, inputs, settings, output, where)

    def _value(self, few: Any, more: Any, where: str) -> Value:
        place = self.few.places.get(id(few))
        if place != self.more.places.get(id(more)):
            raise Differs("of other operations the second time")
        return self._constant(few, more, where) if place is None else self.made[place]

    def _constant(self, few: Any, more: Any, where: str) -> Value:
        key = id(few), id(more)
        if key not in self.constants:
            variable = self.few.variables.get(id(few))
            shape, array = array_of_both(few.array, more.array, _ROWS)
            name = f"{where}/constant" if variable is None else variable.path
            self.constants[key] = Value(shape, few.dtype, name.strip("/"), array)
        return self.constants[key]


@contextmanager
def _said(where: str, key: str) -> Iterator[None]:
    """What differs from call to call, as an error that says where."""
    try:
        yield
    except Differs as error:
        raise ValueError("export: expected a model that does the same in each call, got "
                         f"{quoted(where)}, where {key.rpartition('.')[2]} takes {error}; draw no numbers, and take "
                         "operations that do not ask for the number of rows") from None  # fmt: skip
