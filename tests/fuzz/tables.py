"""Fuzzes the reader of CSV files, and what is made of the tables. See harness.py.

The first byte of an input says what separates cells, whether pandas may read the file, and whether all columns are
words; what follows is the file.
"""

from __future__ import annotations

import os
import random

import atheris
import harness
import numpy as np

with atheris.instrument_imports(include=["fastmlp.cli"]):
    from fastmlp.cli import reading, tabular, target

PLACE = harness.place("it.csv")
SEPARATORS = ",,,;\t|é,"  # the lowest three bits say which
PANDAS, WORDS = 7 << 3, 1 << 6  # pandas is slow: bits that are seldom all set
PARTS = [b'"', b'""', b"\n", b"\r", b"\r\n", b",", b";", b"\xef\xbb\xbf", b"\xc3\xa9", b"\xff", b"\0", b" "]
PARTS += [b"1e400", b"nan", b"-inf", b"1_0", b"9" * 40, b"0x1p3", b"1e-400", b"2024-01-31", b"1,234", b"yes"]
PARTS += [b"\xd9\xa3", b"\xc2\xa0", b"\xe2\x80\xa8", b"\x1c", b"\x0b", b"a,a", b"TRUE", b"#", b"'", b"\\"]


def seeds():
    for first in (0, PANDAS, WORDS, PANDAS | WORDS):
        for separator in (0, 3, 4, 6):
            sign = SEPARATORS[separator].encode()
            for lines in (["a,b", "1,x", "2,y", "3,x"], ["a", "1", "2", "", "3"], ['"a ""b""",c', '"1\n2", 3', "na,4"]):
                text = "\n".join(lines).encode().replace(b",", sign)
                yield bytes([first | separator]) + text
    yield b"\0" + b"id,when,n,yes\n" + b"".join(b"%d,2024-01-%02d,%d.5,no\n" % (i, i, i % 3) for i in range(1, 20))
    yield b"\0" + b",".join(b"%d" % i for i in range(300)) + b"\n" + b",".join([b"1"] * 300)


def look(data):
    first = data[0] if data else 0
    PLACE.write_bytes(data[1:])
    file = reading.CsvFile(PLACE, SEPARATORS[first & 7])
    words = file.names if first & WORDS else ()
    if first & PANDAS == PANDAS:
        whatever_reads_it(file, words)
    table = read(file, words, lambda *_: None)
    assert list(table.columns) == file.names
    size = 0
    for column in table.columns.values():
        assert len(column) == table.rows
        size += (
            column.codes.nbytes + sum(map(len, column.words)) if isinstance(column, reading.Words) else column.nbytes
        )
    assert size <= 16 * len(data)
    kinds = {name: "word" if isinstance(one, reading.Words) else "number" for name, one in table.columns.items()}
    assert sum(chunk.rows for chunk in reading.read_chunks(file, kinds, "all")) == table.rows
    learn(table, file.names[-1])


def read(file, words, read_plain):
    plain_or_not, reading.read_plain = reading.read_plain, read_plain
    try:
        return reading.read_table(file, words)
    finally:
        reading.read_plain = plain_or_not


def whatever_reads_it(file, words):
    """By pandas or without, it is the same table."""
    try:
        one = read(file, words, reading.read_plain)
    except ValueError:
        one = None
    try:
        other = read(file, words, lambda *_: None)
    except ValueError:
        other = None
    assert (one is None) == (other is None)
    if one is not None:
        assert one.columns.keys() == other.columns.keys()
        for name, column in one.columns.items():
            assert plainly(column) == plainly(other.columns[name])


def plainly(column):
    return [column.words[code] for code in column.codes] if isinstance(column, reading.Words) else column.tobytes()


def learn(table, last):
    """What train makes of a table."""
    column = table.columns[last]
    if isinstance(column, reading.Words) and "" not in column.words:
        made = target.Target.from_json(target.find_target(last, column)[0].to_json())
        assert len(made.labels(column) if made.task == target.CLASSIFICATION else made.values(column)) == table.rows
    preparation = tabular.TablePreparation().fit(table)
    again = tabular.TablePreparation.from_json(preparation.to_json())
    rows = again.transform(table)
    assert rows.shape == (table.rows, len(preparation.names))
    assert np.isfinite(rows).all()


def mutated(data, max_size, seed):
    """Bytes changed anywhere, cells and lines put in twice, left out or made others."""
    draw = random.Random(seed)
    if len(data) < 3 or draw.random() < 0.5:
        return atheris.Mutate(data, max_size)
    new = data
    for _ in range(draw.choice((1, 1, 2, 4))):
        a, b = sorted(draw.randrange(1, len(new) + 1) for _ in range(2))
        b = min(b, a + draw.choice((0, 1, 5, 50)))
        put = draw.choice((draw.choice(PARTS), new[a:b] * 2, b"", new[b : b + 9]))
        new = new[:a] + put + new[b:]
    return new[:max_size]


if __name__ == "__main__":
    try:
        harness.run(look, seeds(), mutated, longest=2048)
    finally:
        os.remove(PLACE)
