"""B-trees of version 1 and 2, by which groups, heaps and chunks find what is theirs."""

from __future__ import annotations

from collections.abc import Iterator

from fastmlp.saving.hdf5.source import Cursor, Source, bad

_DEEPEST = 32  # a node of the least size has some entries: 2**32 would be far too many
_EDGE = 10  # of a node of version 2: signature, version, type, checksum


def pairs(source: Source, address: int, kind: int, key_size: int) -> Iterator[tuple[bytes, int]]:
    """What a tree of version 1 leads to: keys and addresses, in order."""
    todo: list[tuple[int, int | None]] = [(address, None)]
    while todo:
        address, expected = todo.pop()
        cursor = Cursor(source.block(address, 24))
        cursor.expect(b"TREE")
        found, level, used = cursor.number(1), cursor.number(1), cursor.number(2)
        if found != kind or level > _DEEPEST or level != (level if expected is None else expected):
            bad(f"a node of type {kind}, one level below the last", f"type {found}, level {level}")
        cursor = Cursor(source.block(address + 24, used * (key_size + 8)))
        entries = [(cursor.take(key_size), cursor.number(8)) for _ in range(used)]
        if level:
            todo += [(child, level - 1) for _, child in reversed(entries)]
        else:
            yield from entries


def records(source: Source, address: int, kind: int, size: int | None = None) -> Iterator[bytes]:
    """The records of a tree of version 2."""
    cursor = source.signed(address, 38, b"BTHD")
    cursor.take(1)
    found, node_size, record_size, depth = (cursor.number(n) for n in (1, 4, 2, 2))
    cursor.take(2)
    root, count = cursor.number(8), cursor.number(2)
    if found != kind or record_size != (size or record_size) or not record_size or depth > _DEEPEST:
        bad(f"a tree of type {kind} with records of {size} bytes", f"type {found}, {record_size} bytes, depth {depth}")
    widths = _widths(node_size, record_size, depth)
    todo = [(root, count, depth)] if count else []
    while todo:
        address, count, depth = todo.pop()
        pointers = (count + 1) * (8 + widths[0] + widths[depth - 1] * (depth > 1)) if depth else 0
        length = _EDGE + count * record_size + pointers
        if length > node_size:
            bad(f"a node of at most {node_size} bytes", length)
        node = source.signed(address, length, b"BTIN" if depth else b"BTLF")
        node.take(2)
        yield from [node.take(record_size) for _ in range(count)]
        for _ in range(count + 1 if depth else 0):
            todo.append((node.number(8), node.number(widths[0]), depth - 1))
            node.take(widths[depth - 1] * (depth > 1))


def _widths(node_size: int, record_size: int, depth: int) -> list[int]:
    """In how many bytes the number of records is stored: of one node at 0, of all below a node of depth d at d."""
    most = (node_size - _EDGE) // record_size
    if most < 1:
        bad("nodes with room for a record", f"{node_size} bytes for records of {record_size}")
    all_of_them, widths = most, [bytes_for(most)]
    for level in range(1, depth + 1):
        pointer = 8 + widths[0] + (widths[level - 1] if level > 1 else 0)
        most = max((node_size - _EDGE - pointer) // (record_size + pointer), 0)
        all_of_them = (most + 1) * all_of_them + most
        widths.append(bytes_for(all_of_them))
    return widths


def bytes_for(most: int) -> int:
    """In how many bytes numbers up to `most` are stored."""
    return (max(most, 1).bit_length() - 1) // 8 + 1
