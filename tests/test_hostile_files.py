"""Files that mean ill, of data and tables: each refused with the reason, in memory in proportion to it.

Those of models are in test_saving_odd_files.py, test_saving_sizes.py and test_hostile_models.py.
"""

from __future__ import annotations

import gzip
import io
import os
import stat
import struct
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest
from fastmlp.cli import reading
from fastmlp.cli.tabular import TablePreparation
from fastmlp.data import load_mnist

NAMES = ("x_train", "y_train", "x_test", "y_test")
MOST_UNPACKED = 64 << 20  # bytes, or 100 times the file


def npy(array=None, header=None, numbers=b"\1\2\3\4\5\6"):
    """An array as NumPy saves it, or with such a header."""
    if header is None:
        target = io.BytesIO()
        np.save(target, np.arange(6, dtype="u1").reshape(2, 3) if array is None else array)
        return target.getvalue()
    return b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header.encode() + numbers


def shaped(shape, kind="|u1"):
    return npy(header=f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n")


def archive(pack=zipfile.ZIP_STORED, more=(), **members):
    """An .npz of four small arrays, some of them other bytes, and more members."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", pack) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that are there twice
        sound = {name: npy(np.zeros((2, 2)[: 2 - (name[0] == "y")], "u1")) for name in NAMES}
        for name, data in (*{**sound, **members}.items(), *more):
            if data is not None:
                file.writestr(name if isinstance(name, zipfile.ZipInfo) else f"{name}.npy", data)
    return target.getvalue()


def link():
    """A member that is a symbolic link to a file outside."""
    info = zipfile.ZipInfo("x_train.npy")
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return archive(x_train=None, more=[(info, "/etc/passwd")])


def overlapping():
    """The second member of the directory lies where the first one does."""
    data = bytearray(archive())
    second = data.index(b"PK\1\2", data.index(b"PK\1\2") + 4)
    data[second + 42 : second + 46] = bytes(4)
    return bytes(data)


class Bomb:
    def __reduce__(self):
        return (os.mkdir, ("went-off",))


def pickled():
    target = io.BytesIO()
    np.save(target, np.array([Bomb()], object), allow_pickle=True)
    return target.getvalue()


NO_ARRAY = "expected an array as NumPy saves it"
NO_NUMBERS = "expected type, order and shape of an array of numbers"
NPZ = {
    "a bomb": (lambda: archive(zipfile.ZIP_DEFLATED, x_train=bytes(100 << 20)), "packed into .*: pack it less"),
    "bombs that are modest each": (
        lambda: archive(zipfile.ZIP_DEFLATED, **{name: bytes(20 << 20) for name in NAMES}),
        f"{NO_ARRAY}|packed into",
    ),
    "above": (lambda: archive(x_train=None, more=[("../x_train", npy())]), "no x_train.npy in it"),
    "absolute": (lambda: archive(x_train=None, more=[("/x_train", npy())]), "no x_train.npy in it"),
    "a link": (link, NO_ARRAY),
    "twice": (lambda: archive(more=[("x_train", npy())]), "5 members, .* each once"),
    "many members": (lambda: archive(more=[(f"{i}", b"") for i in range(5000)]), "5004 members"),
    "overlapping": (overlapping, "BadZipFile: "),
    "packed by LZMA": (lambda: archive(zipfile.ZIP_LZMA), "packed by method 14"),
    "no array": (lambda: archive(x_train=b"PK"), NO_ARRAY),
    "nothing": (lambda: archive(x_train=b""), NO_ARRAY),
    "a pickle": (lambda: archive(x_train=pickled()), NO_NUMBERS),
    "a plain pickle": (lambda: archive(x_train=b"cos\nsystem\n(S'true'\ntR."), NO_ARRAY),
    "words": (lambda: archive(x_train=npy(np.array(["a"]))), NO_NUMBERS),
    "records": (lambda: archive(x_train=npy(np.zeros(2, [("a", "f4")]))), NO_NUMBERS),
    "words of 2**31 letters": (lambda: archive(x_train=shaped("(2,)", "<U2147483647")), NO_NUMBERS),
    "2**31 rows": (lambda: archive(x_train=shaped(f"({2**31}, 3)")), f"expected {3 * 2**31} bytes"),
    "2**63 rows": (lambda: archive(x_train=shaped(f"({2**63},)")), f"expected {2**63} bytes"),
    "2**64 + 6 numbers": (lambda: archive(x_train=shaped(f"({2**63 + 3}, 2)")), f"expected {2**64 + 6} bytes"),
    "6 numbers in 100 axes": (lambda: archive(x_train=shaped(f"({'1, ' * 99} 6)")), "dimension"),
    "no row of 2**63": (
        lambda: archive(x_train=npy(header=shaped(f"(0, {2**63})")[10:-6].decode(), numbers=b"")),
        "dim",
    ),
    "fewer than no rows": (lambda: archive(x_train=shaped("(-2, -3)")), NO_NUMBERS),
    "a length of 5000 digits": (lambda: archive(x_train=shaped(f"({'9' * 5000},)")), "ValueError: "),
    "code as header": (lambda: archive(x_train=npy(header="__import__('os').mkdir('went-off')")), NO_NUMBERS),
    "code as shape": (lambda: archive(x_train=shaped("(__import__('os').mkdir('went-off'),)")), NO_NUMBERS),
    "a deep header": (lambda: archive(x_train=npy(header="(" * 9000)), NO_NUMBERS),
    "a header of signs": (lambda: archive(x_train=npy(header="-" * 9000 + "1")), NO_NUMBERS),
    "a long header": (lambda: archive(x_train=npy(header=" " * 60_000)), "a header of at most 10000 bytes"),
    "a header of 4 GB": (lambda: archive(x_train=b"\x93NUMPY\2\0\xff\xff\xff\xff{}"), "a header of at most"),
    "another version": (lambda: archive(x_train=b"\x93NUMPY\4\0" + npy()[8:]), NO_ARRAY),
    "no archive": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(90), "BadZipFile"),
    "no file": (lambda: b"", "BadZipFile"),
}


def idx(*shape, kind=8, numbers=b"", rank=None):
    rank = len(shape) if rank is None else rank
    return struct.pack(f">BBBB{len(shape)}I", 0, 0, kind, rank, *shape) + numbers


HUGE = 2**32 - 1
IDX = {
    "2**31 rows": (lambda: idx(2**31, numbers=b"1"), f"expected {2**31} bytes .*, got a file with room for 9"),
    "2**64 numbers": (lambda: idx(2**31, 2**31, 4), f"expected {2**64} bytes"),
    "2**96 numbers": (lambda: idx(HUGE, HUGE, HUGE, kind=14), f"expected {8 * HUGE**3} bytes"),
    "no row of 2**96": (lambda: idx(0, HUGE, HUGE, HUGE), "too big"),
    "one number in 100 axes": (lambda: idx(*[1] * 100, numbers=b"1"), "dimension"),
    "a rank without lengths": (lambda: idx(1, rank=255), "expected an IDX file"),
    "more numbers": (lambda: idx(2, numbers=b"123"), r"expected 2 bytes for shape \(2,\), got more"),
    "another type": (lambda: idx(2, kind=10, numbers=b"12"), "expected an IDX file"),
    "a pickle": (lambda: b"cos\nsystem\n(S'true'\ntR.", "expected an IDX file"),
    "a bomb": (lambda: gzip.compress(idx(100 << 20, numbers=bytes(100 << 20)), 1), "got a file with room for"),
    "a bomb behind little": (
        lambda: gzip.compress(idx(2, numbers=bytes(100 << 20)), 1),
        "expected 2 bytes .* got more",
    ),
    "little in gzip": (lambda: gzip.compress(idx(60 << 20, numbers=b"1")), "expected 62914560 bytes .*, got 1"),
    "gzip in gzip": (lambda: gzip.compress(gzip.compress(idx(1, numbers=b"1"))), "expected an IDX file"),
    "a wrong sum": (lambda: gzip.compress(idx(1, numbers=b"1"))[:-8] + bytes(8), "BadGzipFile"),
    "no file": (lambda: b"", "expected an IDX file"),
}


def files_of_idx(folder, first):
    """The four files of MNIST, two pictures of one point each, and in the first such bytes."""
    labels, pictures = idx(2, numbers=b"12"), idx(2, 1, 1, numbers=b"12")
    rest = {"train-labels-idx1": labels, "t10k-images-idx3": pictures, "t10k-labels-idx1": labels}
    for name, data in {"train-images-idx3": first, **rest}.items():
        (folder / f"{name}-ubyte").write_bytes(data)


@pytest.fixture
def refused(monkeypatch, tmp_path):
    """Whether it is said which file and why, within the memory stated, and nothing else happens."""

    def check(read, path, reason):
        monkeypatch.chdir(tmp_path)
        size, before = path.stat().st_size, sorted(tmp_path.iterdir())
        tracemalloc.start()
        with pytest.raises(ValueError, match=f"load_mnist: expected a whole data set, got .*{path.name}.*({reason})"):
            read()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 3 * max(MOST_UNPACKED, 100 * size)
        if size < 10_000 and path.read_bytes()[:2] != b"\x1f\x8b":  # no room for a bomb
            assert peak < 1e6
        assert sorted(tmp_path.iterdir()) == before

    return check


@pytest.mark.parametrize("case", NPZ)
@pytest.mark.filterwarnings("error")
def test_npz(case, refused, tmp_path):
    make, reason = NPZ[case]
    path = tmp_path / "mnist.npz"
    path.write_bytes(make())
    refused(lambda: load_mnist(path), path, reason)


@pytest.mark.parametrize("case", IDX)
def test_idx(case, refused, tmp_path):
    make, reason = IDX[case]
    files_of_idx(tmp_path, make())
    refused(lambda: load_mnist(tmp_path / "t10k-labels-idx1-ubyte"), tmp_path / "train-images-idx3-ubyte", reason)


def test_members_that_nobody_asks_for_are_left_alone(tmp_path):
    path = tmp_path / "mnist.npz"
    path.write_bytes(archive(more=[("../above", pickled()), (str(tmp_path / "absolute"), b"")], x_test=npy()))
    assert load_mnist(path)[1][0].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert os.listdir(tmp_path) == ["mnist.npz"]
    assert not (tmp_path.parent / "above.npy").exists()


def test_every_cut_is_noticed(tmp_path):
    path, whole = tmp_path / "mnist.npz", archive()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="load_mnist: expected a whole data set"):
            load_mnist(path)
    whole = idx(2, 2, 2, numbers=bytes(8))
    for data in (whole, gzip.compress(whole)):
        for length in range(len(data)):
            files_of_idx(tmp_path, data[:length])
            with pytest.raises(ValueError, match="load_mnist: expected a whole data set"):
                load_mnist(tmp_path / "train-images-idx3-ubyte")


def test_what_is_no_file_is_no_data(tmp_path):
    os.mkfifo(tmp_path / "mnist.npz")
    for path in (tmp_path, tmp_path / "mnist.npz", "/dev/zero", tmp_path / "nothing"):
        with pytest.raises(FileNotFoundError, match="load_mnist: expected mnist.npz"):
            load_mnist(path)


# ---- tables

TABLES = {
    "zeros": (bytes(5000), "rows below the header|NUL"),
    "a zip": (archive(), "text in UTF-8, got other bytes in line 1"),
    "a cell beyond reason": (b"a\n" + b"x" * 200_000 + b"\n1", "larger than field limit"),
    "a quote without end": (b'a,b\n1,"' + b"x\n" * 500, "a quote that is not closed"),
    "one name 20,000 times": (b",".join([b"a"] * 20_000) + b"\n1", "different column names, got 'a' 20000 times"),
    "20,000 names": (b",".join(b"%d" % i for i in range(20_000)) + b"\n1", "20000 cells in each row"),
}


@pytest.mark.parametrize("case", TABLES)
def test_tables(case, tmp_path):
    data, reason = TABLES[case]
    path = tmp_path / "it.csv"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=f"it.csv: expected .*({reason})"):
        reading.read_table(reading.CsvFile(path))


def test_what_is_no_file_is_no_table(tmp_path):
    """Not even a pipe: a table is read several times."""
    os.mkfifo(tmp_path / "pipe")
    for path, what in ((tmp_path / "pipe", "a pipe, a device"), ("/dev/zero", "a pipe, a device"),
                       (tmp_path, "a folder"), (tmp_path / "nothing", "No such file")):  # fmt: skip
        with pytest.raises(ValueError, match=f"expected a file that can be read, got {what}"):
            reading.CsvFile(path)


def test_names_of_tables_are_no_addresses_and_no_archives(tmp_path, monkeypatch):
    """Pandas, where it is installed, gets the bytes alone: it would fetch and unpack what the name says."""
    monkeypatch.chdir(tmp_path)
    os.makedirs("http:/127.0.0.1")
    for name in ("http://127.0.0.1/it.csv", "it.csv.gz", "it.zip"):
        with open(name, "w") as file:
            file.write("a,b\n1,2\n3,4\n")
        table = reading.read_table(reading.CsvFile(name))
        assert table.columns["b"].tolist() == [2.0, 4.0]


@pytest.mark.parametrize("text", [
    ",".join(map(str, range(2000))) + "\n" + ",".join(["1"] * 2000),
    "," * 2000 + "\n" + "," * 2000,
    "a\n" + "\n".join(f"x{i:x}" for i in range(5000)),
    "a\n" + "x\n" * 20_000,
    "a,b\n" + ",\n" * 20_000,
    "a\n" + "1\n" * 10_000 + "x\n" * 10_000,
], ids=["wide", "nameless", "words", "one word", "gaps", "late text"])  # fmt: skip
def test_tables_take_memory_in_proportion(text, tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "read_plain", lambda *_: None)  # pandas has memory of its own
    path = tmp_path / "it.csv"
    path.write_text(text)
    tracemalloc.start()
    reading.read_table(reading.CsvFile(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 600 * len(text)


@pytest.mark.parametrize("row", ["  ", "\t\t", " \t "])
def test_rows_of_spaces_are_read_alike_with_pandas_and_without(row, tmp_path, monkeypatch):
    path = tmp_path / "it.csv"
    for separator, header in ((",", "a"), ("tab", "a\tb\tc")):
        path.write_text(f"{header}\n{row}\n" + header.replace("a", "1") + "\n")
        tables = []
        for read in (reading.read_plain, lambda *_: None):
            with monkeypatch.context() as patch:
                patch.setattr(reading, "read_plain", read)
                try:
                    tables.append(reading.read_table(reading.CsvFile(path, separator)).rows)
                except ValueError as error:
                    tables.append(str(error))
        assert tables[0] == tables[1]


def test_rows_behind_a_mere_return_are_read_alike(tmp_path):
    path = tmp_path / "it.csv"
    path.write_bytes(b"\r,\r,-inf\r,")
    assert reading.read_table(reading.CsvFile(path)).rows == 2


def test_a_model_has_no_more_categories_than_training_makes():
    """Their one-hot rows are a square matrix."""
    feature = {"kind": "word", "name": "city", "categories": [str(i) for i in range(51)], "other": False}
    with pytest.raises(ValueError, match="from_json: expected what to_json gives"):
        TablePreparation.from_json({"features": [feature], "dropped": {}})
    feature["categories"].pop()
    assert len(TablePreparation.from_json({"features": [feature], "dropped": {}}).names) == 50
