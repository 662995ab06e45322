"""Groups and datasets: what a file holds, by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from fastmlp.saving.hdf5 import headers
from fastmlp.saving.hdf5.heaps import FractalHeap, GlobalHeap, LocalHeap
from fastmlp.saving.hdf5.source import UNDEFINED, Cursor, Source, bad
from fastmlp.saving.hdf5.storage import Storage
from fastmlp.saving.hdf5.trees import pairs, records
from fastmlp.saving.hdf5.types import Space, Type, dataspace, datatype, size_of

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_DEEPEST = 64  # a layer in a model in a model takes some 6 levels
_GROUPS, _LINK_NAMES, _ATTRIBUTE_NAMES = 0, 5, 8  # types of trees
_HARD, _SOFT = 0, 1


class Attributes(Mapping[str, Any]):
    """The attributes of a group or dataset, as h5py gives them.

    A single value is one of NumPy's or a str; several are an array, of str if they are texts of any length.
    """

    def __init__(self, source: Source, heap: GlobalHeap, header: headers.Header) -> None:
        self._source, self._heap, self._values = source, heap, {}  # type: Source, GlobalHeap, dict[str, Any]
        self._parts = {_text(part.name): part for part in map(_attribute, self._messages(header))}

    def __getitem__(self, name: str) -> Any:
        if name not in self._values:
            self._values[name] = self._value(self._parts[name])
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    def _messages(self, header: headers.Header) -> Iterator[Cursor]:
        yield from header.all(headers.ATTRIBUTE)
        info = header.first(headers.ATTRIBUTE_INFO)
        if info is None:
            return
        info.expect(b"\0")
        info.take(2 * (info.number(1) & 1))
        heap, names = info.number(8), info.number(8)
        if heap == UNDEFINED:
            return
        dense = FractalHeap(self._source, heap)
        for record in records(self._source, names, _ATTRIBUTE_NAMES, 17):
            if record[8] & 2:
                bad("attributes that stand where they are used", "a shared one", "save them anew")
            yield Cursor(dense.get(record[:8]))

    def _value(self, part: _Part) -> Any:
        kind, space = datatype(part.kind), dataspace(part.space)
        if space.shape is None:
            return np.empty(0, kind.dtype)
        raw = part.data.take(size_of(space.shape, kind))
        value = kind.value(raw, space.shape, self._heap.text)
        return value if value.ndim else value[()]


class _Part(NamedTuple):
    """An attribute as it is stored."""

    name: bytes
    kind: Cursor
    space: Cursor
    data: Cursor


def _attribute(cursor: Cursor) -> _Part:
    version, flags = cursor.number(1), cursor.number(1)
    if version not in (1, 2, 3):
        bad("an attribute of version 1 to 3", version)
    if flags & 3 and version > 1:
        bad("types that stand where they are used", "an attribute with a shared one", "save it anew")
    sizes = [cursor.number(2) for _ in range(3)]
    cursor.take(1 if version == 3 else 0)
    parts = []
    for size in sizes:
        parts.append(cursor.take(size))
        cursor.take(-size % 8 if version == 1 else 0)
    name, kind, space = parts
    return _Part(name.split(b"\0")[0], Cursor(kind), Cursor(space), Cursor(cursor.take(cursor.left)))


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


class Dataset:
    """An array in a file."""

    def __init__(self, source: Source, heap: GlobalHeap, header: headers.Header) -> None:
        self._source, self._heap, self._header = source, heap, header

    @cached_property
    def attrs(self) -> Attributes:
        """Its attributes by name."""
        return Attributes(self._source, self._heap, self._header)

    @cached_property
    def _kind(self) -> Type:
        return datatype(self._header.need(headers.DATATYPE))

    @cached_property
    def _space(self) -> Space:
        return dataspace(self._header.need(headers.DATASPACE))

    @cached_property
    def _storage(self) -> Storage:
        return Storage(self._source, self._header, self._kind, self._space)

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape, which the file does hold numbers for; (0,) if it holds nothing whatever."""
        return self._storage.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of its elements; object for texts of any length, which are given as bytes."""
        return self._kind.dtype

    @property
    def nbytes(self) -> int:
        """In how many bytes it is stored, unless compressed."""
        return size_of(self.shape, self._kind)

    def read(self) -> np.ndarray:
        """A new array of its values."""
        return self._storage.read(self._heap.get)


class Group(Mapping[str, Any]):
    """Groups and datasets by name, in the order that h5py gives; ``group["a/b"]`` is ``group["a"]["b"]``."""

    def __init__(self, attrs: Attributes, members: dict[str, Any]) -> None:
        self.attrs, self._members = attrs, members

    def __getitem__(self, path: str) -> Any:
        name, _, rest = path.strip("/").partition("/")
        found = self._members[name]
        if not rest:
            return found
        if not isinstance(found, Group):
            raise KeyError(path)
        return found[rest]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)


def read(data: bytes | memoryview, packed: int | None = None) -> Group:
    """The root group of a file.

    Parameters
    ----------
    data
        All bytes of the file. Datasets are read out of them when they are asked for.
    packed
        How many they were before they were unpacked, if they were: these bound what is unpacked further.
    """
    source = Source(data, packed)
    address = _root(source)
    return _Walk(source).whole(address)


def _root(source: Source) -> int:
    """Where the header of the root group is."""
    cursor = Cursor(bytes(source.data[:96]))
    if bytes(source.data[:8]) != _SIGNATURE:
        bad("the signature of HDF5", bytes(source.data[:8]), "this is a file of another kind")
    cursor.take(8)
    version = cursor.number(1)
    if version > 3:
        bad("a file of version 0 to 3", version, "a newer fastmlp may read it")
    cursor.take(4 if version < 2 else 0)
    sizes = cursor.number(1), cursor.number(1)
    if sizes != (8, 8):
        bad("addresses and lengths of 8 bytes", sizes, "write the file anew with h5py")
    cursor.take((9, 13, 1, 1)[version])
    base, _, end = (cursor.number(8) for _ in range(3))
    if base:
        bad("no block of a user's own before it", f"one of {base} bytes", "write the file anew with h5py")
    if end > source.size:
        bad(f"a whole file of {end} bytes", source.size, "it was cut short")
    if version < 2:
        cursor.take(16)
        return cursor.number(8)
    root = cursor.number(8)
    source.signed(0, 48, _SIGNATURE)
    return root


class _Link(NamedTuple):
    """A name in a group; where it leads: an address or, if soft, a path."""

    name: str
    target: int | str
    number: int = 0  # in the order of creation


class _Walk:
    """Reads the groups of a file into a tree, in which each group has one name only."""

    def __init__(self, source: Source) -> None:
        self._source, self._heap = source, GlobalHeap(source)
        self._seen: dict[int, Any] = {}
        self._soft: list[tuple[Group, dict[str, Any], str, str]] = []  # a group, its members, a name, a path

    def whole(self, address: int) -> Group:
        """The root group, all links followed."""
        root = self._object(address, "/", 0)
        if not isinstance(root, Group):
            bad("a group at the root", "a dataset")
        for group, members, name, path in self._soft:
            found = (root if path.startswith("/") else group).get(path)
            if found is None:
                bad(f"links that lead to a dataset, {name!r} too", path, "save the file without this link")
            members[name] = self._again(found, name)
        return root

    def _object(self, address: int, name: str, depth: int) -> Any:
        if address in self._seen:
            return self._again(self._seen[address], name)
        if depth > _DEEPEST:
            bad(f"at most {_DEEPEST} groups within each other", name)
        header = headers.Header(self._source, address)
        if headers.LAYOUT in header.kinds:
            self._seen[address] = Dataset(self._source, self._heap, header)
            return self._seen[address]
        if not header.kinds & {headers.SYMBOL_TABLE, headers.LINK_INFO, headers.LINK}:
            bad(f"a group or dataset as {name!r}", "neither")
        members: dict[str, Any] = {}
        self._seen[address] = group = Group(Attributes(self._source, self._heap, header), members)
        for link in _links(self._source, header):
            if not link.name or "/" in link.name or link.name in members:
                bad(f"names in {name!r}, each once", link.name)
            members[link.name] = None
            if isinstance(link.target, str):
                self._soft.append((group, members, link.name, link.target))
            else:
                members[link.name] = self._object(link.target, link.name, depth + 1)
        return group

    def _again(self, found: Any, name: str) -> Any:
        """What is met by a second name; for groups there might be no end of it."""
        if not isinstance(found, Dataset):
            bad("one name for each group", f"a second one, {name!r}", "save the file without links to groups")
        self._source.spend("numbers that are not stored", found.nbytes)
        return found


# ---- links


def _links(source: Source, header: headers.Header) -> list[_Link]:
    """Those of a group: by name or, if that was noted, in the order of creation."""
    table, info = header.first(headers.SYMBOL_TABLE), header.first(headers.LINK_INFO)
    if table is not None:
        return list(_old_links(source, table))
    found = [_link(cursor) for cursor in header.all(headers.LINK)]
    ordered = 0
    if info is not None:
        info.expect(b"\0")
        ordered = info.number(1) & 1
        info.take(8 * ordered)
        heap, names = info.number(8), info.number(8)
        if heap != UNDEFINED:
            dense = FractalHeap(source, heap)
            found += [_link(Cursor(dense.get(record[4:]))) for record in records(source, names, _LINK_NAMES, 11)]
    key = lambda link: link.number if ordered else link.name.encode("utf-8", "surrogateescape")
    return sorted(found, key=key)


def _link(cursor: Cursor) -> _Link:
    cursor.expect(b"\1")
    flags = cursor.number(1)
    kind = cursor.number(1) if flags & 8 else _HARD
    number = cursor.number(8) if flags & 4 else 0
    cursor.take(flags >> 4 & 1)  # how the name is encoded
    name = _text(cursor.take(cursor.number(1 << (flags & 3))))
    if kind == _HARD:
        return _Link(name, cursor.number(8), number)
    if kind == _SOFT:
        return _Link(name, _text(cursor.take(cursor.number(2))), number)
    return bad("links within the file", f"{name!r}, which leads out of it", "put all into one file")


def _old_links(source: Source, table: Cursor) -> Iterator[_Link]:
    """The links of a group of the first version."""
    tree, heap = table.number(8), table.number(8)
    names = LocalHeap(source, heap)
    for _, address in pairs(source, tree, _GROUPS, 8):
        cursor = Cursor(source.block(address, 8))
        cursor.expect(b"SNOD\1\0")
        count = cursor.number(2)
        cursor = Cursor(source.block(address + 8, 40 * count))
        for _ in range(count):
            name, target, kind, _ = (cursor.number(n) for n in (8, 8, 4, 4))
            value = cursor.take(16)
            if kind == 2:
                yield _Link(_text(names.text(name)), _text(names.text(int.from_bytes(value[:4], "little"))))
            else:
                yield _Link(_text(names.text(name)), target)
