"""Elements of a dataset: arrays in tuples and dicts, and what their shapes and types are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastmlp._arrays import regular
from fastmlp._validate import brief, whole

Tree: TypeAlias = Any  # an array, or a tuple or dict of trees
# what TensorFlow makes of Python's numbers; NumPy's keep their types
_NARROW = {np.dtype(np.float64): np.dtype(np.float32), np.dtype(np.int64): np.dtype(np.int32)}


class TensorSpec:
    """Shape (None where a length varies, None altogether where the rank does) and type of an array.

    >>> TensorSpec((None, 784), "float32")
    TensorSpec(shape=(None, 784), dtype=float32)
    """

    def __init__(
        self, shape: Sequence[int | None] | None, dtype: DTypeLike = np.float32, name: str | None = None
    ) -> None:
        self.shape = (
            None if shape is None else tuple(None if n is None else whole("TensorSpec: shape", n, 0) for n in shape)
        )
        try:
            self.dtype = np.dtype(dtype)
        except TypeError:
            raise TypeError(
                f"TensorSpec: expected the type of numbers, got {brief(dtype)}; 'float32', for one"
            ) from None
        self.name = name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorSpec) and (self.shape, self.dtype) == (other.shape, other.dtype)

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype))

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self.shape}, dtype={self.dtype.name})"

    def conform(self, value: Any, where: str) -> NDArray[Any]:
        """The value as an array of this type, its shape checked."""
        try:
            array = np.asarray(value, self.dtype)
        except (TypeError, ValueError):
            raise TypeError(f"{where}: expected elements of {self.dtype.name}, got {brief(value)}; mend the generator "
                            "or the signature") from None  # fmt: skip
        wrong = self.shape is not None and (
            len(self.shape) != array.ndim or any(n not in (None, m) for n, m in zip(self.shape, array.shape))
        )
        if wrong:
            raise ValueError(f"{where}: expected elements of shape {self.shape}, got {array.shape}; mend the generator "
                             "or the signature")  # fmt: skip
        return array

    def joined(self, other: TensorSpec) -> TensorSpec:
        """What holds for both, or a TypeError."""
        if self.dtype != other.dtype:
            raise TypeError(f"concatenate: expected elements of one type, got {self} and {other}; map one to the other")
        if self.shape is None or other.shape is None or len(self.shape) != len(other.shape):
            return TensorSpec(None, self.dtype)
        return TensorSpec([n if n == m else None for n, m in zip(self.shape, other.shape)], self.dtype)


@dataclass(frozen=True)
class Rows:
    """Arrays of one length: the elements are their rows."""

    arrays: Tree
    count: int

    def __getitem__(self, rows: Any) -> Tree:
        """One row (a view) or, for an array of row numbers, those rows (a copy)."""
        return each(lambda array: array[rows], self.arrays)


def each(apply: Callable[..., Any], first: Tree, *rest: Tree, loose: bool = False) -> Tree:
    """`apply` on every array (on those in the same place of several trees), in a tree of the same form.

    If `loose`, the other trees may go on where the first has an array: `apply` gets what they have there.
    """
    for other in rest:
        if not (_same_branch(first, other) or (loose and not isinstance(first, (Mapping, tuple)))):
            raise TypeError(f"Dataset: expected elements of one form, got {form(first)} and {form(other)}; "
                            "map them to one")  # fmt: skip
    if isinstance(first, Mapping):
        return {key: each(apply, first[key], *(other[key] for other in rest), loose=loose) for key in first}
    if isinstance(first, tuple):
        parts = (each(apply, *parts, loose=loose) for parts in zip(first, *rest))
        make: Callable[..., Tree] = getattr(type(first), "_make", tuple)  # named tuples stay such
        return make(parts)
    return apply(first, *rest)


def _same_branch(a: Tree, b: Tree) -> bool:
    if isinstance(a, Mapping):
        return isinstance(b, Mapping) and a.keys() == b.keys()
    if isinstance(a, tuple):
        return isinstance(b, tuple) and len(a) == len(b)
    return not isinstance(b, (Mapping, tuple))


def form(tree: Tree) -> str:
    """A tree as an error quotes it, arrays as dots."""
    if isinstance(tree, Mapping):
        return "{" + ", ".join(f"{key!r}: {form(part)}" for key, part in tree.items()) + "}"
    if isinstance(tree, tuple):
        return "(" + ", ".join(form(part) for part in tree) + ")"
    return "·"


def leaves(tree: Tree) -> Iterator[Any]:
    """The arrays of a tree, from left to right."""
    if isinstance(tree, Mapping):
        tree = tuple(tree.values())
    if isinstance(tree, tuple):
        for part in tree:
            yield from leaves(part)
    else:
        yield tree


def filled(tree: Tree, values: Iterator[Any]) -> Tree:
    """A tree of the same form with these leaves."""
    return each(lambda _: next(values), tree)


def as_array(value: Any) -> Any:
    """NumPy's arrays and numbers as they are, anything else as an array; Python's numbers become float32 and int32."""
    if isinstance(value, (np.ndarray, np.generic)):
        array: Any = value
    else:
        array = regular("Dataset", value)
        narrow = _NARROW.get(array.dtype)
        if narrow is not None and _made_of_python_numbers(value):
            fits = narrow.kind == "f" or not array.size or bool(np.abs(array).max() < 2**31)
            array = array.astype(narrow) if fits else array
    if array.dtype == object:
        raise TypeError(
            f"Dataset: expected numbers, text or arrays, got {brief(value)}; give arrays of one type and shape"
        )
    return array


def _made_of_python_numbers(value: Any) -> bool:
    while isinstance(value, (list, tuple)):
        value = value[0] if value else 0.0
    return isinstance(value, (int, float)) and not isinstance(value, np.generic)


def as_tree(value: Any) -> Tree:
    """What a function or generator gave, as an element: a list becomes an array, tuples and dicts stay."""
    return each(as_array, value)


def sliced(where: str, tensors: Any) -> Rows:
    """Arrays whose rows shall be elements; read-only views, so that no element changes the user's array."""
    arrays = each(_read_only, as_tree(tensors))
    shapes = [array.shape for array in leaves(arrays)]
    if not shapes or any(not shape for shape in shapes) or len({shape[0] for shape in shapes}) > 1:
        raise ValueError(
            f"{where}: expected arrays of one length, got shapes {shapes}; the first axis counts the elements"
        )
    return Rows(arrays, shapes[0][0])


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view


def stack(elements: Sequence[Tree]) -> Tree:
    """Elements as one batch: their arrays one upon the other."""
    return each(_stacked, *elements)


def _stacked(*arrays: Any) -> NDArray[Any]:
    shapes = {np.shape(array) for array in arrays}
    if len(shapes) > 1:
        raise ValueError(f"batch: expected elements of one shape, got {sorted(shapes)}; map them to one shape first")
    return np.stack(arrays)


def spec_of(tree: Tree) -> Tree:
    """The specs of a tree's arrays."""
    return each(lambda array: TensorSpec(np.shape(array), array.dtype), tree)


def row_spec(spec: Tree) -> Tree:
    """The spec of one row of what `spec` describes."""
    return each(lambda s: TensorSpec(None if s.shape is None else s.shape[1:], s.dtype), spec)


def batch_spec(spec: Tree, size: int | None) -> Tree:
    """The spec of `size` elements (None: as many as come) in one batch."""
    return each(lambda s: TensorSpec(None if s.shape is None else (size, *s.shape), s.dtype), spec)
