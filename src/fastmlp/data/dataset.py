"""Datasets: elements that come one after another, reordered, grouped and transformed on the way, as in ``tf.data``."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, count, islice
from typing import Any, NoReturn

import numpy as np

from fastmlp._validate import brief, flag, whole
from fastmlp.data import _stream, _structure
from fastmlp.data._structure import Rows, TensorSpec, Tree, each

INFINITE_CARDINALITY = -1
UNKNOWN_CARDINALITY = -2
AUTOTUNE = -1
_AHEAD = 2  # elements that `prefetch(AUTOTUNE)` makes in advance

Start = Callable[[], Iterator[Any]]


def _known(size: int, change: Callable[[int], int]) -> int:
    return change(size) if size >= 0 else size


class Dataset:
    """A sequence of elements, made anew (and lazily) each time it is iterated over.

    An element is an array or a tuple or dict of arrays. Every method gives a new dataset and leaves this one as it is:

    >>> dataset = Dataset.range(10).shuffle(4, seed=1).map(lambda n: n * n).batch(4)
    >>> sorted(len(batch) for batch in dataset), len(dataset)
    ([2, 4, 4], 3)

    Datasets come from `from_tensor_slices`, `range`, `from_generator`, `zip`; they are not constructed directly.
    Python's numbers become float32 and int32, as in TensorFlow; NumPy's keep their types.
    """

    # Inside: `start` begins a stream. Where `table` is None the stream's items are the elements, otherwise they are
    # row numbers of that table. So reordering rows costs no copies, and a batch of rows is one indexing.
    def __init__(
        self, start: Start, size: int, spec: Tree, history: str, table: Rows | None = None, turns: Sequence[Any] = ()
    ) -> None:
        self._start, self._size, self._spec, self._history, self._table = start, size, spec, history, table
        self._turns = tuple(turns)  # of all that draws on the way

    # ---- sources

    @classmethod
    def from_tensor_slices(cls, tensors: Any, name: str | None = None) -> Dataset:
        """The rows of an array; of arrays of one length, in tuples and dicts, the rows together.

        >>> x, y = np.zeros((5, 3), np.float32), np.arange(5)
        >>> for features, label in Dataset.from_tensor_slices((x, y)).batch(2):
        ...     print(features.shape, label)
        (2, 3) [0 1]
        (2, 3) [2 3]
        (1, 3) [4]

        The arrays are not copied: what is written into them later, later iterations see.
        """
        table = _structure.sliced("from_tensor_slices", tensors)
        spec = _structure.row_spec(_structure.spec_of(table.arrays))
        return cls(lambda: iter(range(table.count)), table.count, spec, "from_tensor_slices", table)

    @classmethod
    def range(cls, *bounds: int, output_type: Any = np.int64, name: str | None = None) -> Dataset:
        """The numbers of ``range(*bounds)``."""
        if not 1 <= len(bounds) <= 3:
            raise TypeError(f"range: expected 1 to 3 whole numbers, got {bounds}; give stop, or start, stop, step")
        numbers = _range(*(whole("range", bound, -(2**63)) for bound in bounds))
        kind = np.dtype(output_type).type
        history = f"range({', '.join(map(str, bounds))})"
        return cls(lambda: map(kind, numbers), len(numbers), TensorSpec((), kind), history)

    @classmethod
    def from_generator(
        cls,
        generator: Callable[..., Iterable[Any]],
        output_types: Any = None,
        output_shapes: Any = None,
        args: tuple[Any, ...] | None = None,
        output_signature: Tree = None,
        name: str | None = None,
    ) -> Dataset:
        """What ``generator(*args)`` yields; it is called anew for every iteration.

        With `output_signature`, a `TensorSpec` or a tuple or dict of them (or, as formerly, `output_types` and
        `output_shapes`), elements get these types and their shapes are checked.
        """
        if not callable(generator):
            raise TypeError(f"from_generator: expected a function that returns an iterable, got {brief(generator)}; "
                            "give the function, not what it returned")  # fmt: skip
        spec = output_signature
        if spec is None and output_types is not None:
            shapes = each(lambda _: None, output_types) if output_shapes is None else output_shapes
            spec = each(lambda dtype, shape: TensorSpec(shape, dtype), output_types, shapes, loose=True)

        if spec is not None and not all(isinstance(one, TensorSpec) for one in _structure.leaves(spec)):
            raise TypeError(f"from_generator: expected TensorSpecs as output_signature, got {brief(spec)}; "
                            "TensorSpec((784,), 'float32'), for one")  # fmt: skip
        if args is not None and not isinstance(args, (tuple, list)):
            raise TypeError(f"from_generator: expected args as a tuple, got {brief(args)}; write (…,)")

        def start() -> Iterator[Tree]:
            made = generator(*(args or ()))
            if not isinstance(made, Iterable):
                raise TypeError(f"from_generator: expected a function that gives an iterable, got {brief(made)}; "
                                "let it yield elements")  # fmt: skip
            for element in made:
                if spec is None:
                    yield _structure.as_tree(element)
                else:
                    yield each(lambda s, value: s.conform(value, "from_generator"), spec, element, loose=True)

        return cls(start, UNKNOWN_CARDINALITY, spec, "from_generator")

    @classmethod
    def zip(cls, *datasets: Any, name: str | None = None) -> Dataset:
        """Elements of several datasets side by side, as many as the shortest has.

        ``zip(a, b)`` and ``zip((a, b))`` yield tuples; dicts of datasets yield dicts.
        """
        tree: Tree = datasets[0] if len(datasets) == 1 else datasets
        parts = list(_structure.leaves(tree))
        if not parts or not all(isinstance(part, Dataset) for part in parts):
            raise TypeError(f"zip: expected datasets, got {brief(tree)}; make one by Dataset.from_tensor_slices")
        sizes = [part._size for part in parts]
        finite = [size for size in sizes if size != INFINITE_CARDINALITY]
        size = UNKNOWN_CARDINALITY if UNKNOWN_CARDINALITY in sizes else min(finite, default=INFINITE_CARDINALITY)
        known = all(part._spec is not None for part in parts)
        spec = each(lambda part: part._spec, tree) if known else None

        def start() -> Iterator[Tree]:
            for together in zip(*map(iter, parts)):
                yield _structure.filled(tree, iter(together))

        turns = [one for part in parts for one in part._turns]
        return cls(start, size, spec, f"zip({', '.join(part._history for part in parts)})", turns=turns)

    # ---- order: what only reorders, drops or repeats elements works on row numbers alike

    def _reordered(self, step: str, start: Start, size: int, turns: Sequence[Any] | None = None) -> Dataset:
        turns = self._turns if turns is None else turns
        return type(self)(start, size, self._spec, f"{self._history}.{step}", self._table, turns)

    def shuffle(
        self,
        buffer_size: int,
        seed: int | None = None,
        reshuffle_each_iteration: bool | None = True,
        name: str | None = None,
    ) -> Dataset:
        """Elements in random order, as far as a window of `buffer_size` reaches.

        The window is filled with the first elements; then one of it, drawn at random, is yielded and the next element
        takes its place. A full shuffle thus needs a window as large as the dataset. Each iteration (each turn of
        `repeat` too) has an order of its own unless `reshuffle_each_iteration` is False; a seed fixes them all.
        """
        window = whole("shuffle: buffer_size", buffer_size)
        anew = reshuffle_each_iteration is None or flag("shuffle: reshuffle_each_iteration", reshuffle_each_iteration)
        turns, inner = _stream.Turns("shuffle: seed", seed), self._start

        def start() -> Iterator[Any]:
            return _stream.shuffled(inner(), window, turns.seed, turns.next() if anew else 0)

        return self._reordered(f"shuffle({window})", start, self._size, (*self._turns, turns))

    def take(self, count: int, name: str | None = None) -> Dataset:
        """The first `count` elements; all of them if it is -1."""
        stop = _all_or("take", count)
        least = stop if self._size == INFINITE_CARDINALITY else _known(self._size, lambda n: min(n, stop))
        size = self._size if stop == _ALL else least
        return self._reordered(f"take({count})", lambda: islice(self._start(), stop), size)

    def skip(self, count: int, name: str | None = None) -> Dataset:
        """All but the first `count` elements; none if it is -1."""
        first = _all_or("skip", count)
        if first == _ALL:
            return self._reordered("skip(-1)", lambda: iter(()), 0)
        return self._reordered(
            f"skip({count})",
            lambda: islice(self._start(), first, None),
            _known(self._size, lambda n: max(n - first, 0)),
        )

    def repeat(self, count: int | None = None, name: str | None = None) -> Dataset:
        """The dataset `count` times over; without end if it is None or -1."""
        times = -1 if count is None else whole("repeat: count", count, -1)
        if times == -1:
            size = 0 if self._size == 0 else INFINITE_CARDINALITY
        else:
            size = 0 if times == 0 else _known(self._size, lambda n: n * times)
        step = f"repeat({'' if times == -1 else times})"
        return self._reordered(step, lambda: _stream.repeated(self._start, times), size)

    def shard(self, num_shards: int, index: int, name: str | None = None) -> Dataset:
        """Every `num_shards`-th element, from the `index`-th on: the part of one of several workers."""
        shards, first = whole("shard: num_shards", num_shards), whole("shard: index", index, 0)
        if first >= shards:
            raise ValueError(f"shard: expected index below num_shards={shards}, got {index}; workers count from 0")
        size = _known(self._size, lambda n: (n - first + shards - 1) // shards)
        return self._reordered(f"shard({shards}, {first})", lambda: islice(self._start(), first, None, shards), size)

    def cache(self, filename: str = "", name: str | None = None) -> Dataset:
        """Keeps what the first complete iteration yields; later ones yield it again, in its order."""
        if filename:
            raise ValueError(f"cache: expected no filename, got {filename!r}; elements are kept in memory")
        memory = _stream.Memory(self._start, self._turns)
        return self._reordered("cache()", memory, self._size, (memory,))

    # ---- elements

    def _then(self, step: str, start: Start, size: int, spec: Tree, more: Sequence[Any] = ()) -> Dataset:
        return type(self)(start, size, spec, f"{self._history}.{step}", turns=(*self._turns, *more))

    def batch(
        self,
        batch_size: int,
        drop_remainder: bool = False,
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> Dataset:
        """`batch_size` consecutive elements as one, along a new first axis; the last batch is shorter, or dropped."""
        size, inner, table = whole("batch: batch_size", batch_size), self._start, self._table
        flag("batch: drop_remainder", drop_remainder)
        glue = _structure.stack if table is None else lambda rows: table[_stream.row_numbers(rows)]
        total = _known(self._size, lambda n: n // size if drop_remainder else -(-n // size))
        spec = None if self._spec is None else _structure.batch_spec(self._spec, size if drop_remainder else None)
        step = f"batch({size}{', drop_remainder=True' if drop_remainder else ''})"
        return self._then(step, lambda: map(glue, _stream.grouped(inner(), size, drop_remainder)), total, spec)

    def unbatch(self, name: str | None = None) -> Dataset:
        """The rows of every element, one by one."""

        def start() -> Iterator[Tree]:
            for element in self:
                table = _structure.sliced("unbatch", element)
                yield from (table[row] for row in range(table.count))

        spec = None if self._spec is None else _structure.row_spec(self._spec)
        return self._then("unbatch()", start, 0 if self._size == 0 else UNKNOWN_CARDINALITY, spec)

    def map(
        self,
        map_func: Callable[..., Any],
        num_parallel_calls: int | None = None,
        deterministic: bool | None = None,
        name: str | None = None,
    ) -> Dataset:
        """``map_func(element)`` for every element; tuples are passed as several arguments.

        A list it returns becomes an array, a tuple stays an element of several parts. Calls are made one after
        another, whatever `num_parallel_calls` says: put `prefetch` behind to let them run beside the training.
        """
        call = _called(map_func, "map")
        more = [one for one in [getattr(map_func, "turns", None)] if isinstance(one, _stream.Turns)]
        return self._then("map(…)", lambda: (_structure.as_tree(call(e)) for e in self), self._size, None, more)

    def filter(self, predicate: Callable[..., Any], name: str | None = None) -> Dataset:
        """The elements for which ``predicate(element)`` is true; tuples are passed as several arguments."""
        call = _decided(_called(predicate, "filter"))
        size = 0 if self._size == 0 else UNKNOWN_CARDINALITY
        return self._then("filter(…)", lambda: (e for e in self if call(e)), size, self._spec)

    def enumerate(self, start: int = 0, name: str | None = None) -> Dataset:
        """Pairs (number, element)."""
        first = whole("enumerate: start", start, -(2**63))
        spec = None if self._spec is None else (TensorSpec((), np.int64), self._spec)
        return self._then("enumerate()", lambda: zip(map(np.int64, count(first)), self), self._size, spec)

    def concatenate(self, dataset: Dataset, name: str | None = None) -> Dataset:
        """The elements of this dataset, then those of the other."""
        if not isinstance(dataset, Dataset):
            raise TypeError(f"concatenate: expected a Dataset, got {brief(dataset)}; make one by from_tensor_slices")
        sizes, spec = (self._size, dataset._size), None
        size = min(sizes) if min(sizes) < 0 else sum(sizes)
        if INFINITE_CARDINALITY in sizes:
            size = INFINITE_CARDINALITY
        if self._spec is not None and dataset._spec is not None:
            spec = each(TensorSpec.joined, self._spec, dataset._spec)
        step, more = f"concatenate({dataset._history})", dataset._turns
        return self._then(step, lambda: chain(self, dataset), size, spec, more)

    def prefetch(self, buffer_size: int, name: str | None = None) -> Dataset:
        """Elements are made up to `buffer_size` ahead by a thread, which ends with the iteration.

        AUTOTUNE (-1) stands for two elements. What goes wrong in the thread is raised where elements are taken.
        """
        ahead = whole("prefetch: buffer_size", buffer_size, AUTOTUNE)
        ahead = _AHEAD if ahead == AUTOTUNE else ahead
        start = (lambda: _stream.prefetched(self.__iter__, ahead)) if ahead else self.__iter__
        return self._then(f"prefetch({buffer_size})", start, self._size, self._spec)

    # ---- reading

    def __iter__(self) -> Iterator[Any]:
        return self._start() if self._table is None else map(self._table.__getitem__, self._start())

    def turns(self) -> list[Any]:
        """How far its shuffles are (and an `Augment` that is mapped over it), as JSON can hold it, for `turn_to`.

        A feed of your own that draws may have these two methods as well: a fit that goes on asks for them.

        >>> dataset = Dataset.range(10).shuffle(10, seed=1)
        >>> before, first = dataset.turns(), list(dataset)
        >>> list(dataset) == first
        False
        >>> dataset.turn_to(before)
        >>> list(dataset) == first
        True
        """
        return [one.tell() for one in self._turns]

    def turn_to(self, turns: Sequence[Any]) -> None:
        """Let the next iteration draw what one from there did."""
        if len(turns) != len(self._turns):
            raise ValueError(f"turn_to: expected what turns() of a dataset made alike gave, {len(self._turns)} places, "
                             f"got {len(turns)}; make the dataset as it was")  # fmt: skip
        for one, place in zip(self._turns, turns):
            one.go_to(place)

    def as_numpy_iterator(self) -> Iterator[Any]:
        """The elements; they are NumPy's already."""
        return iter(self)

    def get_single_element(self, name: str | None = None) -> Any:
        """The one element that there is."""
        first = list(islice(self, 2))
        if len(first) != 1:
            found = "none" if not first else "more"
            raise ValueError(f"get_single_element: expected one element, got {found}; put take(1) before it")
        return first[0]

    def cardinality(self) -> int:
        """How many elements there are, INFINITE_CARDINALITY (-1) or UNKNOWN_CARDINALITY (-2)."""
        return self._size

    def __len__(self) -> int:
        if self._size < 0:
            what = "infinite" if self._size == INFINITE_CARDINALITY else "of unknown length"
            raise TypeError(f"len: expected a dataset that knows its length, got one that is {what}; ask cardinality()")
        return self._size

    def __bool__(self) -> bool:
        return True

    def __deepcopy__(self, memo: dict[int, Any]) -> Dataset:
        return self  # it is never changed: every method gives a new one

    def __copy__(self) -> Dataset:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("pickle: expected what can be pickled, got a Dataset, which is made of functions; pickle the "
                        "arrays it is made of, and make it where they are read")  # fmt: skip

    @property
    def element_spec(self) -> Tree:
        """A `TensorSpec` for each array of an element; None where only iterating would tell (behind `map`)."""
        return self._spec

    def __repr__(self) -> str:
        size = {INFINITE_CARDINALITY: "infinite", UNKNOWN_CARDINALITY: "unknown"}.get(self._size, self._size)
        return f"<Dataset {self._history}: cardinality {size}, element_spec={self._spec}>"


def _range(*bounds: int) -> range:
    if len(bounds) == 3 and not bounds[2]:
        raise ValueError(f"range: expected a step but 0, got {bounds}; change the third")
    return range(*bounds)


def _decided(call: Callable[[Tree], Any]) -> Callable[[Tree], bool]:
    """What a predicate says, which is one yes or no."""

    def says(element: Tree) -> bool:
        found = np.asarray(call(element))
        if found.size != 1 or found.dtype.kind not in "biuf":
            raise TypeError(f"filter: expected True or False, got {brief(found)}; reduce it, by .all() for one")
        return bool(found.item())

    return says


_ALL = 2**62  # more elements than there are


def _all_or(where: str, count: int) -> int:
    number = whole(f"{where}: count", count, -1)
    return _ALL if number == -1 else number


def _called(function: Callable[..., Any], where: str) -> Callable[[Tree], Any]:
    if not callable(function):
        raise TypeError(f"{where}: expected a function, got {brief(function)}; give one of an element's parts")
    return lambda element: function(*element) if isinstance(element, tuple) else function(element)
