"""Object headers: the messages that say what an object is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from fastmlp.saving.hdf5.source import Cursor, Source, bad

DATASPACE, LINK_INFO, DATATYPE, OLD_FILL_VALUE, FILL_VALUE, LINK, EXTERNAL_FILES, LAYOUT = range(1, 9)
FILTERS, ATTRIBUTE, CONTINUATION, SYMBOL_TABLE, ATTRIBUTE_INFO = 0x0B, 0x0C, 0x10, 0x11, 0x15

_SHARED = 2  # the flag of a message that stands elsewhere


class Message(NamedTuple):
    """One message: what it is about, its flags, what it says."""

    kind: int
    flags: int
    body: bytes


class Header:
    """All messages of the object whose header is at an address."""

    def __init__(self, source: Source, address: int) -> None:
        self.messages = list(_messages(source, address))

    def all(self, kind: int) -> list[Cursor]:
        """Every message of a kind."""
        found = [message for message in self.messages if message.kind == kind]
        if any(message.flags & _SHARED for message in found):
            bad("types and attributes that stand where they are used", f"a shared message of kind {kind}",
                "fastmlp reads no types with names of their own")  # fmt: skip
        return [Cursor(message.body) for message in found]

    def first(self, kind: int) -> Cursor | None:
        """The message of a kind, None if there is none."""
        return next(iter(self.all(kind)), None)

    def need(self, kind: int) -> Cursor:
        """The message of a kind, which must be there."""
        found = self.first(kind)
        if found is None:
            bad(f"an object that says all it is, a message of kind {kind} too", sorted(self.kinds))
        return found

    @property
    def kinds(self) -> set[int]:
        """Of which kinds there are messages."""
        return {message.kind for message in self.messages}


def _messages(source: Source, address: int) -> Iterator[Message]:
    return _second(source, address) if source.block(address, 4) == b"OHDR" else _first(source, address)


def _first(source: Source, address: int) -> Iterator[Message]:
    """Those of a header of version 1."""
    cursor = Cursor(source.block(address, 16))
    version = cursor.number(1)
    if version != 1:
        bad("the header of an object of version 1 or 2", version)
    cursor.take(7)
    parts = [(address + 16, cursor.number(4))]
    while parts:
        cursor = Cursor(source.block(*parts.pop(0)))
        while cursor.left >= 8:
            kind, size, flags = cursor.number(2), cursor.number(2), cursor.number(1)
            cursor.take(3)
            message = Message(kind, flags, cursor.take(size))
            if kind == CONTINUATION:
                parts.append(_next_part(message))
            yield message


def _second(source: Source, address: int) -> Iterator[Message]:
    """Those of a header of version 2."""
    prefix = Cursor(source.block(address, min(34, source.size - address)))
    prefix.expect(b"OHDR")
    version, flags = prefix.number(1), prefix.number(1)
    if version != 2:
        bad("the header of an object of version 1 or 2", version)
    prefix.take(16 * (flags >> 5 & 1) + 4 * (flags >> 4 & 1))  # times; when attributes are stored apart
    size = prefix.number(1 << (flags & 3))
    parts = [(address, prefix.at + size + 4, b"OHDR", prefix.at)]
    ordered = flags >> 2 & 1
    while parts:
        place, length, signature, start = parts.pop(0)
        cursor = source.signed(place, length, signature)
        cursor.at = start
        while cursor.left >= 4 + 2 * ordered:
            kind, size, flags = cursor.number(1), cursor.number(2), cursor.number(1)
            cursor.take(2 * ordered)
            message = Message(kind, flags, cursor.take(size))
            if kind == CONTINUATION:
                parts.append((*_next_part(message), b"OCHK", 4))
            yield message


def _next_part(message: Message) -> tuple[int, int]:
    cursor = Cursor(message.body)
    return cursor.number(8), cursor.number(8)
