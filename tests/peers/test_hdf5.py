"""Files that h5py writes, read by it and by fastmlp."""

from __future__ import annotations

import io

import numpy as np
import pytest
from fastmlp.saving import hdf5
from hypothesis import given, settings
from hypothesis import strategies as st

h5py = pytest.importorskip("h5py", reason="h5py writes the files")

VERSIONS = [{}, {"libver": "latest"}, {"libver": "v110"}, {"libver": ("earliest", "v108")}, {"track_order": True}]
NUMBERS = ["i1", "<u2", ">i4", "<i8", "u8", "<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "?"]
CHANGES = settings(max_examples=150, deadline=None)


def written(fill, **options):
    target = io.BytesIO()
    with h5py.File(target, "w", **options) as file:
        fill(file)
    return target.getvalue()


def assert_same(data):
    """The two read the same, down to types and the order of names."""
    with h5py.File(io.BytesIO(data), "r") as file:
        compare(file, hdf5.read(data))


def compare(theirs, ours):
    compare_attributes(theirs.attrs, ours.attrs)
    if isinstance(theirs, h5py.Group):
        assert isinstance(ours, hdf5.Group)
        assert list(ours) == list(theirs)
        for name in ours:
            compare(theirs[name], ours[name])
        return
    expected = theirs[()]
    if isinstance(expected, h5py.Empty):
        assert ours.shape == (0,)
        assert ours.read().dtype == expected.dtype
        return
    found = ours.read()
    assert ours.shape == found.shape == theirs.shape
    assert ours.dtype == found.dtype == theirs.dtype
    np.testing.assert_array_equal(found, expected)
    assert found.flags.writeable
    assert found is not ours.read()


def compare_attributes(theirs, ours):
    assert set(ours) == set(theirs)
    for name, expected in theirs.items():
        if isinstance(expected, h5py.Empty):
            assert ours[name].size == 0
            continue
        assert type(ours[name]) is type(expected), name
        assert getattr(ours[name], "dtype", None) == getattr(expected, "dtype", None)
        np.testing.assert_array_equal(ours[name], expected)


def numbers(kind, shape):
    draw = np.random.default_rng(3)
    return (draw.normal(size=shape) * 50).astype(kind)


def shapes(most):
    return st.lists(st.integers(0, 7), max_size=most).map(tuple)


@CHANGES
@given(st.sampled_from(VERSIONS), st.sampled_from(NUMBERS), shapes(4))
def test_arrays_of_any_type_and_shape(options, kind, shape):
    assert_same(written(lambda file: file.create_dataset("a/x", data=numbers(kind, shape)), **options))


@st.composite
def chunkings(draw):
    """A shape, how it is cut, how far it may grow, which filters it goes through."""
    shape = draw(st.lists(st.integers(1, 12), min_size=1, max_size=3))
    chunks = [draw(st.integers(1, n)) for n in shape]
    growth = draw(st.sampled_from(["none", "some", "any"]))
    most = {"none": None, "some": [n + draw(st.integers(0, 9)) for n in shape], "any": [None] * len(shape)}[growth]
    filters = {"compression": draw(st.sampled_from([None, "gzip"])), "shuffle": draw(st.booleans()),
               "fletcher32": draw(st.booleans())}  # fmt: skip
    return tuple(shape), {"chunks": tuple(chunks), "maxshape": most and tuple(most), **filters}


@CHANGES
@given(st.sampled_from(VERSIONS), st.sampled_from(NUMBERS), chunkings())
def test_chunks_of_any_shape_through_any_filter(options, kind, chunking):
    shape, how = chunking
    assert_same(written(lambda file: file.create_dataset("x", data=numbers(kind, shape), **how), **options))


@CHANGES
@given(st.sampled_from(VERSIONS), chunkings(), st.sampled_from([None, 7.5]), st.booleans())
def test_what_was_never_written_is_the_fill_value(options, chunking, fill, first):
    shape, how = chunking

    def some(file):
        x = file.create_dataset("x", shape, "f8", fillvalue=fill, **how)
        if first:
            x[tuple(0 for _ in shape)] = 3.0
        file.create_dataset("whole", shape, "f4", fillvalue=fill)

    assert_same(written(some, **options))


VALUES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.booleans(),
    st.tuples(st.sampled_from(NUMBERS), shapes(3)).map(lambda both: numbers(*both)),
    st.lists(st.text("añ漢", max_size=40), min_size=1, max_size=9),
    st.lists(st.binary(min_size=1, max_size=9).map(lambda b: b.replace(b"\0", b"x")), min_size=1).map(np.array),
    st.sampled_from([h5py.Empty("f4"), np.bytes_(b"x" * 3000)]),
)
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0/"), min_size=1, max_size=30)


@CHANGES
@given(st.sampled_from(VERSIONS), st.dictionaries(NAMES, VALUES, max_size=12))
def test_attributes_of_any_kind(options, values):
    def give(file):
        for place in (file, file.create_group("g"), file.create_dataset("d", data=1.0)):
            place.attrs.update(values)

    assert_same(written(give, **options))


@CHANGES
@given(st.sampled_from(VERSIONS), st.lists(st.lists(NAMES, min_size=1, max_size=4), max_size=40))
def test_groups_of_any_names(options, paths):
    def give(file):
        for path in paths:
            if all(name != "." for name in path):
                file.require_group("/".join(path))

    assert_same(written(give, **options))


@pytest.mark.parametrize("options", VERSIONS, ids=str)
@pytest.mark.parametrize("count", [1, 8, 9, 100, 3000])
def test_groups_of_many(count, options):
    """Names in headers, in nodes, in trees of several levels."""

    def give(file):
        for i in range(count):
            file[f"layers/dense_{i:04d}_{'x' * (i % 50)}"] = i
        if options.get("libver") in ("latest", "v110"):
            file.attrs.update({f"a{i}": np.full(i % 900, i) for i in range(count)})

    assert_same(written(give, **options))


@pytest.mark.parametrize("options", VERSIONS, ids=str)
@pytest.mark.parametrize("count", [1, 100, 1500])
@pytest.mark.parametrize("compression", [None, "gzip"])
@pytest.mark.parametrize("most", [None, (None, None), (None, 3), (6000, None)])
def test_datasets_of_many_chunks(count, compression, most, options):
    """Lists of chunks in one piece, in pages and in trees of several levels."""
    x = np.arange(count * 3).reshape(count, 3)
    how = {"chunks": (1, 3), "compression": compression, "maxshape": most}
    assert_same(written(lambda file: file.create_dataset("x", data=x, **how), **options))


@pytest.mark.parametrize("options", VERSIONS, ids=str)
def test_trees_of_three_levels(options):
    x = np.arange(5000)
    for most in (None, (None,)):
        assert_same(
            written(lambda file, most=most: file.create_dataset("x", data=x, chunks=(1,), maxshape=most), **options)
        )


def test_lists_of_chunks_that_come_in_pages():
    """As they do behind the first 131,060 entries."""
    x = np.arange(136_000) % 100
    assert_same(written(lambda file: file.create_dataset("x", data=x, chunks=(1,), dtype="i1", maxshape=(None,)),
                        libver="latest"))  # fmt: skip


def test_texts():
    def give(file):
        file["one"] = "né"
        file["many"] = [["a", "", "漢" * 900], ["b", "a", "c" * 70_000]]
        file["fixed"] = np.array([b"ab", b"c"])
        file["opaque"] = np.array([b"ab", b"cd"]).astype("V2")
        file.attrs["config"] = "{}" * 200_000  # which Keras writes so

    for options in VERSIONS:
        assert_same(written(give, **options))


@pytest.mark.parametrize("options", VERSIONS, ids=str)
def test_links(options):
    def give(file):
        file["a/x"] = np.ones(3)
        file["b/again"] = file["a/x"]
        file["b/soft"] = h5py.SoftLink("/a/x")
        file["a/near"] = h5py.SoftLink("x")

    assert_same(written(give, **options))


@pytest.mark.parametrize("options", VERSIONS, ids=str)
@pytest.mark.parametrize(
    ("give", "message"),
    [
        (lambda file: file.update(x=h5py.ExternalLink("f.h5", "y")), "links within the file"),
        (lambda file: file.update(x=h5py.SoftLink("/nothing")), "links that lead to a dataset"),
        (lambda file: file.update(x=h5py.SoftLink(file.create_group("g").name)), "one name for each group"),
        (lambda file: file.update(x=file), "one name for each group"),
        (lambda file: file.update(a=file.create_group("b")), "one name for each group"),
    ],
    ids=["external", "dangling", "soft", "cycle", "twice"],
)
def test_links_that_are_refused(options, give, message):
    with pytest.raises(ValueError, match=f"HDF5: expected {message}"):
        hdf5.read(written(give, **options))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"data": np.zeros(3, [("a", "f4"), ("b", "i4")])}, "numbers, texts or truth values, got .*compound"),
        ({"data": np.zeros(3, "c8")}, "numbers, texts or truth values"),
        ({"data": np.zeros(9), "chunks": (3,), "compression": "lzf"}, "filters gzip, shuffle and fletcher32.*lzf"),
        ({"data": np.zeros(9), "chunks": (3,), "scaleoffset": 2, "dtype": "i4"}, "filters gzip.*scaleoffset"),
        ({"shape": (3,), "dtype": h5py.vlen_dtype(np.int32)}, "numbers, texts or truth values, got .*variable-length"),
        ({"shape": (3,), "dtype": h5py.ref_dtype}, "numbers, texts or truth values, got .*reference"),
    ],
)
def test_values_that_are_refused_leave_the_others(value, message):
    def give(file):
        file.create_dataset("x", **value)
        file["y"] = 1.0

    for options in VERSIONS:
        found = hdf5.read(written(give, **options))
        with pytest.raises(ValueError, match=f"HDF5: expected {message}"):
            found["x"].read()
        assert found["y"].read() == 1.0
