"""CSV files as tables, and tables as what a network learns from."""

from __future__ import annotations

import json
import math
import sys

import numpy as np
import pytest
from fastmlp.cli import reading
from fastmlp.cli.plain import read_plain
from fastmlp.cli.reading import CsvFile, Table, Words, read_chunks, read_table
from fastmlp.cli.tabular import MOST_CATEGORIES, TablePreparation
from fastmlp.cli.target import Target, find_target
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture
def csv_file(tmp_path):
    """A file with this text (or these bytes), open as a `CsvFile`."""

    def make(text, separator=","):
        path = tmp_path / "data.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return CsvFile(path, separator)

    return make


def words_of(column):
    return [column.words[code] for code in column.codes]


def as_words(*cells):
    words = list(dict.fromkeys(cells))
    return Words(np.array([words.index(cell) for cell in cells], np.int64), words)


def table(**columns):
    made = {
        name: as_words(*cells) if any(isinstance(cell, str) for cell in cells) else np.array(cells, np.float64)
        for name, cells in columns.items()
    }
    return Table(made, len(next(iter(columns.values()))))


# ---- reading

ODD = ["", " 1 ", "NA", "nan", "None", "True", "FALSE", "yes", "1_0", "0x1", "1e999", "1.", ".5", "+3", "Rome ", " é"]
CELLS = st.one_of(
    st.floats().map(repr),
    st.integers(-(2**70), 2**70).map(str),
    st.sampled_from(ODD),
    st.text("1.e-+ aTru", max_size=5),
)


@st.composite
def csv_texts(draw):
    """Columns each of a few kinds of cells, in rows of which one is now and then too long or too short."""
    kinds = draw(st.lists(st.lists(CELLS, min_size=1, max_size=3), min_size=2, max_size=4))
    rows = [[draw(st.sampled_from(kind)) for kind in kinds] for _ in range(draw(st.integers(1, 6)))]
    if draw(st.integers(0, 4)) == 0:
        rows[draw(st.integers(0, len(rows) - 1))] = draw(st.lists(CELLS, max_size=6))
    return "\n".join(map(",".join, [[f"c{i}" for i in range(len(kinds))], *rows])) + "\n"


def table_or_error(text, path):
    path.write_text(text, encoding="utf-8")
    try:
        found = read_table(CsvFile(path), words={"c0"}).columns
    except ValueError as error:
        return str(error)
    return {name: words_of(c) if isinstance(c, Words) else c.tobytes() for name, c in found.items()}


@settings(deadline=None)  # the first example imports pandas
@given(csv_texts())
def test_pandas_reads_what_the_csv_module_reads(tmp_path_factory, text):
    pytest.importorskip("pandas")
    path = tmp_path_factory.mktemp("csv") / "data.csv"
    found = table_or_error(text, path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "pandas", None)
        assert table_or_error(text, path) == found


def test_plain_files_are_read_by_pandas(tmp_path):
    pytest.importorskip("pandas")
    path = tmp_path / "data.csv"
    path.write_text("a,b\n1,x\n2,01\n")
    numbers, cells = read_plain(path, ",", 2, [])
    assert numbers.tolist() == [1.0, 2.0]
    assert cells == ["x", "01"]
    for text in ('a,b\n1,"x"\n', "a,b\n1\n", "a,b\n1,2,3\n4\n", "a,b\n"):
        path.write_text(text)
        assert read_plain(path, ",", 2, []) is None


def test_columns_are_numbers_or_words(csv_file):
    found = read_table(csv_file("a,b,c\n1,x,\n-2.5e1, y ,NA\n,x,inf\n"))
    np.testing.assert_array_equal(found.columns["a"], [1, -25, np.nan])
    assert words_of(found.columns["b"]) == ["x", "y", "x"]
    np.testing.assert_array_equal(found.columns["c"], [np.nan] * 3)
    assert found.rows == 3


def test_words_for_missing_truth_and_what_only_looks_like_a_number(csv_file):
    text = "yes,code,gap\n" + "TRUE,1_000,None\nno,1_001,NaN\nY,1_002,?\nf,7,3\n"
    found = read_table(csv_file(text)).columns
    np.testing.assert_array_equal(found["yes"], [1, 0, 1, 0])
    assert words_of(found["code"]) == ["1_000", "1_001", "1_002", "7"]
    np.testing.assert_array_equal(found["gap"], [np.nan, np.nan, np.nan, 3])


def test_a_mark_quotes_separators_and_line_ends(csv_file):
    text = '\ufeffa;"b;c"\r\n1;"two\r\nlines"\r\n\r\n3;"a ""quote"""\r\n'
    found = read_table(csv_file(text, ";")).columns
    assert list(found) == ["a", "b;c"]
    np.testing.assert_array_equal(found["a"], [1, 3])
    assert words_of(found["b;c"]) == ["two\r\nlines", 'a "quote"']
    assert list(read_table(csv_file("a\tb\n1\t2\n", "tab")).columns) == ["a", "b"]


def test_text_that_comes_late_is_read_again(csv_file, monkeypatch):
    monkeypatch.setattr(reading, "CHUNK", 2)
    found = read_table(csv_file("a,b\n01,1\n02,2\n03,3\nx,4\n05,5\n")).columns
    assert words_of(found["a"]) == ["01", "02", "03", "x", "05"]
    np.testing.assert_array_equal(found["b"], [1, 2, 3, 4, 5])


def test_words_where_asked_for(csv_file):
    assert words_of(read_table(csv_file("a\n1\n2\n1\n"), words={"a"}).columns["a"]) == ["1", "2", "1"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty file"),
        ("a,b\n", "rows below the header, got none"),
        ("a,b\n1,2\n3\n", "expected 2 cells in each row, as in the header, got 1 in line 3"),
        ("a,b\n1,2\n\n3,4,5\n", "got 3 in line 4"),
        ("a,b,a\n1,2,3\n", "'a' 2 times"),
        ('a,b\n1,2\n3,"' + "x" * 200_000, "in the row after line 2"),
        ("ä,b\nRome,2\n".encode("latin-1"), "text in UTF-8, got other bytes in line 1; save the file as UTF-8"),
        (b"a,b\r\n\xef\xbf\xbd,1\r\n" + b"1,2\r\n" * 5000 + b"Z\xfcrich,2\r\n", "got other bytes in line 5003"),
        ('a,b\n1,2\n3,"4\n5,6\n', "unexpected end of data in the row after line 2"),
    ],
)
def test_what_is_wrong_with_a_file(csv_file, text, says):
    with pytest.raises(ValueError, match="data.csv: expected") as error:
        read_table(csv_file(text))
    assert says in str(error.value)
    assert str(error.value).count("\n") == 0


@pytest.mark.parametrize("separator", ["", ",,", '"', "\n"])
def test_separators_that_are_none(csv_file, separator):
    with pytest.raises(ValueError, match="--separator: expected one character"):
        csv_file("a\n", separator)


def test_a_missing_column_says_what_may_be_wrong(csv_file):
    with pytest.raises(ValueError, match="try --separator ';'"):
        csv_file("a;b\n1;2\n").place("b", "the target")
    with pytest.raises(ValueError, match="put one with the column names above it"):
        csv_file("5.1,3.5,setosa\n").place("species", "the target")
    with pytest.raises(ValueError, match=r"column 'c' \(the target\), got 'a', 'b'; check the spelling"):
        csv_file("a,b\n1,2\n").place("c", "the target")


def test_chunks_hold_the_columns_asked_for_alone(csv_file, monkeypatch):
    monkeypatch.setattr(reading, "CHUNK", 1)
    monkeypatch.setattr(reading, "_CHUNKS", 2)
    file = csv_file("w,x,n\nu,9,1\nv,9,\nu,9,3\n")
    chunks = list(read_chunks(file, {"n": "number", "w": "word"}, "the model needs it"))
    assert [chunk.rows for chunk in chunks] == [2, 1]
    assert [list(chunk.columns) for chunk in chunks] == [["n", "w"]] * 2
    np.testing.assert_array_equal(np.concatenate([chunk.columns["n"] for chunk in chunks]), [1, np.nan, 3])
    assert [word for chunk in chunks for word in words_of(chunk.columns["w"])] == ["u", "v", "u"]
    bad = csv_file("n\n1\n2\n3\nabc\n")
    with pytest.raises(ValueError, match="expected numbers in column 'n', got 'abc' in line 5"):
        list(read_chunks(bad, {"n": "number"}, ""))
    with pytest.raises(ValueError, match="got '2,98' in line 3; write decimal points"):
        list(read_chunks(csv_file("n;m\n1;2\n2,98;3\n", ";"), {"n": "number"}, ""))


# ---- preparation


def test_numbers_are_scaled_and_gaps_told():
    values = [4.0, np.nan, 1.0, 10.0]
    preparation = TablePreparation().fit(table(a=values, b=[1.0, 2.0, 4.0, 9.0]))
    filled = np.array([4.0, 4.0, 1.0, 10.0])  # 4 is the median of 1, 4, 10
    b = np.array([1.0, 2.0, 4.0, 9.0])
    want = np.stack([(filled - filled.mean()) / filled.std(), [0, 1, 0, 0], (b - b.mean()) / b.std()], axis=1)
    got = preparation.transform(table(a=values, b=b.tolist()))
    np.testing.assert_allclose(got, want, rtol=1e-6)
    assert got.dtype == np.float32
    assert preparation.names == ["a", "a is missing", "b"]
    # what is missing for the first time is the median, without a column that would tell
    assert preparation.transform(table(a=[1.0], b=[np.nan]))[0, 2] == np.float32((3.0 - b.mean()) / b.std())


def test_the_statistics_are_those_of_the_rows_given_to_fit():
    whole = table(a=[0.0, 2.0, 1000.0])
    for preparation in (
        TablePreparation().fit(whole.take(np.array([0, 1]))),
        TablePreparation().fit(whole, np.arange(2)),
    ):
        np.testing.assert_array_equal(preparation.transform(whole), [[-1], [1], [999]])


def test_what_numbers_the_rows_the_whole_table_shows():
    whole = table(a=list(range(30)), b=[np.nan] * 20 + [1.0] * 10, good=list(np.linspace(0, 1, 30)))
    preparation = TablePreparation().fit(whole, np.array([17, 3, 5, 11, 2]))
    assert preparation.dropped == {"a": "the number of the row", "b": "empty"}


def test_categories_rare_ones_and_new_ones():
    column = ["a"] * 5 + ["b"] * 4 + ["c"]
    preparation = TablePreparation().fit(table(w=column))
    assert preparation.names == ["w = a", "w = b", "w = other"]
    got = preparation.transform(table(w=["c", "a", "b", "new", ""]))
    np.testing.assert_array_equal(got, [[0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 0, 1]])
    full = TablePreparation().fit(table(w=["a", "a", "b", "b", "", ""]))
    assert full.names == ["w = (missing)", "w = a", "w = b"]
    np.testing.assert_array_equal(full.transform(table(w=["", "new"])), [[1, 0, 0], [0, 0, 0]])


def test_at_most_so_many_categories():
    many = [f"{i:03d}x" for i in range(MOST_CATEGORIES + 20) for _ in range(3)]
    preparation = TablePreparation().fit(table(w=many))
    assert len(preparation.names) == MOST_CATEGORIES + 1
    assert preparation.names[0] == "w = 000x"


@pytest.mark.parametrize(
    ("name", "cells", "why"),
    [
        ("a", [2.0] * 30, "the same everywhere"),
        ("a", [np.nan] * 30, "empty"),
        ("a", ["x"] * 30, "the same everywhere"),
        ("a", list(range(30)), "the number of the row"),
        ("a", list(range(1, 31)), "the number of the row"),
        ("customer_id", [100.0 + i * 7 % 31 for i in range(30)], "an identifier"),
        ("a", [f"name {i}" for i in range(30)], "30 different words"),
        ("a", [f"2024-01-{i:02d}" for i in range(1, 31)], "dates"),
        ("a", [f"{i % 28 + 1}/12/2023 10:00" for i in range(30)], "dates"),
        ("a", [*map(str, range(60)), "n.b."], "numbers, but also 'n.b.'"),
        ("a", [f"2,{i:02d}" for i in range(30)], "numbers with commas, such as '2,00': write decimal points"),
        ("a", [f"2,{i:02d}" for i in range(60)] * 40, "numbers with commas"),  # most could be categories, but are none
        ("a", [f"{i * 50:,}" for i in range(60)], "numbers with commas, such as '1,000'"),
    ],
)
def test_columns_that_tell_nothing_are_left_out_and_said_why(name, cells, why):
    good = list(np.linspace(0, 1, len(cells)))
    preparation = TablePreparation().fit(table(**{name: cells, "good": good}))
    assert why in preparation.dropped[name]
    assert preparation.names == ["good"]


@pytest.mark.parametrize(
    "cells",
    [
        [0.0] * 29 + [1.0],
        [5.0] * 29 + [np.nan],  # that it is missing may tell something
        [100.0 + i * 7 % 31 for i in range(30)],  # different in each row, but its name is no identifier's
        [i + 0.5 for i in range(30)],
        ["x"] * 28 + ["", ""],
        ["0,5", "1,5"] * 15,  # few enough to be categories
    ],
)
def test_columns_that_may_tell_something_stay(cells):
    preparation = TablePreparation().fit(table(a=cells, good=list(np.linspace(0, 1, 30))))
    assert not preparation.dropped
    assert np.ptp(preparation.transform(table(a=cells, good=[0.0] * 30)), axis=0).any()


def test_a_table_of_nothing_useful_is_an_error():
    with pytest.raises(ValueError, match="expected a column to learn from beside the target, got .*same everywhere"):
        TablePreparation().fit(table(a=[1.0, 1.0]))
    assert TablePreparation().fit(table(x=list(range(30)))).names == ["x"]  # the only column may count rows


def test_a_table_that_does_not_fit_is_an_error():
    preparation = TablePreparation().fit(table(a=[1.0, 2.0], b=["x", "x", "y", "y"][:4]).take(np.array([0, 1])))
    with pytest.raises(ValueError, match="none named 'a'"):
        preparation.transform(table(z=[1.0]))
    with pytest.raises(ValueError, match="expected column 'a' to hold numbers"):
        preparation.transform(table(a=["x"]))


def test_json_and_back():
    made = table(a=[4.1, np.nan, 1 / 3, 10.0], w=["ü", "ü", "b", "b"], same=[1.0] * 4)
    preparation = TablePreparation().fit(made)
    copy = TablePreparation.from_json(json.loads(json.dumps(preparation.to_json())))
    np.testing.assert_array_equal(copy.transform(made), preparation.transform(made))
    assert copy.dropped == preparation.dropped == {"same": "the same everywhere"}
    assert copy.kinds == {"a": "number", "w": "word"}


@pytest.mark.parametrize("value", [None, {}, [], {"features": 3, "dropped": {}}, {"features": [{}], "dropped": {}}])
def test_json_of_something_else(value):
    with pytest.raises(ValueError, match="from_json: expected"):
        TablePreparation.from_json(value)


WRONG = [("scale", 0), ("scale", math.nan), ("mean", "x"), ("kind", "date"), ("name", 3)]


@pytest.mark.parametrize(("key", "wrong"), WRONG)
def test_json_with_a_wrong_setting(key, wrong):
    value = TablePreparation().fit(table(a=[1.0, 2.0])).to_json()
    value["features"][0][key] = wrong
    with pytest.raises(ValueError, match="from_json: expected"):
        TablePreparation.from_json(value)


@given(st.lists(st.one_of(st.floats(), st.just(math.nan)), min_size=2, max_size=30), st.floats())
def test_rows_are_always_finite(cells, new):
    column = reading.numbers([repr(cell) for cell in cells])
    if np.isnan(column).all() or (not np.isnan(column).any() and np.ptp(column) == 0):
        return
    preparation = TablePreparation().fit(Table({"a": column}, len(column)))
    for values in (column, reading.numbers([repr(new)])):
        assert np.isfinite(preparation.transform(Table({"a": values}, len(values)))).all()


# ---- target


def test_the_task_is_told_from_the_target():
    def task(*cells, given="auto"):
        return find_target("y", as_words(*cells), given)[0].task

    assert task("a", "b", "a", "b") == "classification"
    assert task(*["0", "1"] * 5) == "classification"
    assert task(*[str(i) for i in range(10)] * 5) == "classification"
    assert task(*[str(i) for i in range(10)] * 4) == "regression"  # too few rows of each
    assert task(*[str(i) for i in range(21)] * 50) == "regression"
    assert task("0.5", "1.5", *["0.5"] * 20) == "regression"
    assert task(*["0", "1"] * 5, given="regression") == "regression"
    assert task(*["1,2", "3"] * 5, given="classification") == "classification"
    assert "such as 'b'" in find_target("y", as_words("1", "b", "1", "b"))[1]


def test_classes_are_sorted_and_equal_numbers_are_one():
    target, _ = find_target("y", as_words(*["10", "9", "9.0", "10"] * 3))
    assert target.classes == ("9", "10")
    assert target.labels(as_words("9.0", "10", "9")).tolist() == [0, 1, 0]
    text, _ = find_target("y", as_words(*["b", "a"] * 3))
    assert text.classes == ("a", "b")
    assert text.outputs == 2


def test_gaps_among_the_words_do_not_matter():
    column = as_words("", *["b", "a"] * 3)[np.arange(1, 7)]
    target, _ = find_target("y", column)
    assert target.labels(column).tolist() == [1, 0] * 3
    numbers = as_words("", "1.5", "2.5", "7")[np.arange(1, 4)]
    assert Target("y", "regression").values(numbers).tolist() == [1.5, 2.5, 7]


@pytest.mark.parametrize(
    ("cells", "task", "says"),
    [
        (["a"] * 9, "auto", "two classes or more, got 'a' in all rows"),
        (["2"] * 9, "regression", "that varies, got '2'"),
        (["1,5", "2", "2,98"], "auto", "numbers with commas such as '1,5'; write decimal points"),
        (["1,5", "2", "2,98"], "regression", "numbers with commas such as '1,5'; write decimal points"),
        (["1.5", "x", "2"], "regression", "expected numbers in the target 'y', got 'x'"),
        ([f"{i}.5" for i in range(20)] + ["x"], "auto", "got 21 in 21 rows, 'x' for one"),
    ],
)
def test_targets_nothing_can_be_learnt_about(cells, task, says):
    with pytest.raises(ValueError, match="train: expected") as error:
        find_target("y", as_words(*cells), task)
    assert says in str(error.value)


def test_a_target_in_json_and_back():
    for target in (Target("y", "classification", ("a", "b")), Target("y", "regression", (), 0.1, 3.0)):
        assert Target.from_json(json.loads(json.dumps(target.to_json()))) == target
    for wrong in (None, {}, {**Target("y", "regression").to_json(), "task": "ranking"}):
        with pytest.raises(ValueError, match="from_json: expected"):
            Target.from_json(wrong)
