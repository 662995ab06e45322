"""The digits that come along, and files a user has: found in order, read safely, refused clearly."""

from __future__ import annotations

import gzip
import importlib.resources
import struct
from pathlib import Path

import numpy as np
import pytest
from fastmlp.data import load_cat_or_not, load_digits, load_mnist


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """No data in any of the places looked at: home, current folder, FASTMLP_DATA."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
    monkeypatch.delenv("FASTMLP_DATA", raising=False)
    return tmp_path


@pytest.fixture(scope="module")
def shared_data():
    """The folder of real data beside the repository, where there is one."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not (folder / "mnist.npz").is_file():
        pytest.skip("no real data sets in ../shared/data, beside the repository")
    return folder


def small(images=(4, 28, 28), labels=(4,), mark=0):
    """Arrays as in mnist.npz, few."""
    pixels = np.arange(np.prod(images)).reshape(images).astype(np.uint8)
    marks = np.full(labels, mark, np.uint8)
    return {"x_train": pixels, "y_train": marks, "x_test": pixels[:2], "y_test": marks[..., :2]}


def write_idx(path, array, zipped=False):
    raw = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(raw) if zipped else raw)


def write_four(folder, arrays, ending="", dot="-"):
    folder.mkdir(exist_ok=True)
    for name, key in (("train", "train"), ("t10k", "test")):
        write_idx(folder / f"{name}-images{dot}idx3-ubyte{ending}", arrays[f"x_{key}"], bool(ending))
        write_idx(folder / f"{name}-labels{dot}idx1-ubyte{ending}", arrays[f"y_{key}"], bool(ending))


# ---- digits


def test_digits_are_the_1797_of_uci():
    (x_train, y_train), (x_test, y_test) = load_digits()
    assert (x_train.shape, y_train.shape) == ((1437, 8, 8), (1437,))
    assert (x_test.shape, y_test.shape) == ((360, 8, 8), (360,))
    x, y = np.concatenate([x_train, x_test]), np.concatenate([y_train, y_test])
    assert {x.dtype.name, y.dtype.name} == {"uint8"}
    assert (x.min(), x.max()) == (0, 16)
    assert np.bincount(y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert x[0].ravel()[:8].tolist() == [0, 0, 5, 13, 9, 1, 0, 0]  # the first line of the file at UCI
    assert y[:10].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_digits_are_scikit_learn_s():
    datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn has a copy to compare with")
    images, labels = (datasets.load_digits()[key] for key in ("images", "target"))
    (x_train, y_train), (x_test, y_test) = load_digits()
    assert (np.concatenate([x_train, x_test]) == images).all()
    assert (np.concatenate([y_train, y_test]) == labels).all()


def test_digits_are_shipped_small_and_with_their_licence():
    folder = importlib.resources.files("fastmlp.data")
    assert len((folder / "digits.npz").read_bytes()) < 60_000
    text = (folder / "DIGITS.md").read_text()
    assert all(word in text for word in ("Alpaydin", "Kaynak", "UCI", "CC BY 4.0"))


def test_digits_can_be_learnt():
    """The nearest training image tells a test image's digit, as the set's history has it (~96-97 %)."""
    (x_train, y_train), (x_test, y_test) = load_digits()
    a, b = (x.reshape(len(x), -1).astype(float) for x in (x_test, x_train))
    distances = (a**2).sum(1)[:, None] - 2 * a @ b.T + (b**2).sum(1)
    assert (y_train[distances.argmin(axis=1)] == y_test).mean() > 0.95


# ---- where files are looked for


def test_npz_by_file_by_folder_and_in_order(nowhere):
    places = [nowhere / "given", nowhere / "variable", nowhere / "home/.keras/datasets", nowhere / "data"]
    for mark, place in enumerate(places):
        place.mkdir(parents=True)
        np.savez(place / "mnist.npz", **small(mark=mark))

    def found(path=None):
        return load_mnist(path)[0][1][0]

    assert found(places[0]) == found(str(places[0] / "mnist.npz")) == 0
    assert found() == 2
    (places[2] / "mnist.npz").unlink()
    assert found() == 3
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTMLP_DATA", str(places[1]))
        assert found() == 1
    with pytest.raises(FileNotFoundError):
        found(nowhere)  # a path that was given is the only place


def test_what_is_missing_names_every_place(nowhere, monkeypatch):
    monkeypatch.setenv("FASTMLP_DATA", str(nowhere / "variable"))
    with pytest.raises(FileNotFoundError) as error:
        load_mnist()
    text = str(error.value)
    places = ("variable", str(Path("home", ".keras", "datasets")), "data", "mnist.npz", "train-images-idx3-ubyte")
    assert all(place in text for place in places), text
    with pytest.raises(FileNotFoundError, match=r"expected catvnoncat.npz in .*elsewhere"):
        load_cat_or_not("elsewhere")


@pytest.mark.parametrize(("ending", "dot"), [("", "-"), (".gz", "-"), ("", "."), (".gz", ".")])
def test_the_original_files(nowhere, ending, dot):
    arrays = small(mark=6)
    write_four(nowhere / "idx", arrays, ending, dot)
    first = nowhere / "idx" / f"train-images{dot}idx3-ubyte{ending}"
    for path in (nowhere / "idx", first):
        (x_train, y_train), (x_test, y_test) = load_mnist(path)
        for got, key in zip((x_train, y_train, x_test, y_test), ("x_train", "y_train", "x_test", "y_test")):
            assert got.dtype == np.uint8
            assert got.flags.writeable
            assert (got == arrays[key]).all()
    (nowhere / "idx").rename(nowhere / "data")
    assert load_mnist()[0][1].tolist() == [6, 6, 6, 6]


def test_an_original_file_that_is_missing_or_broken(nowhere):
    folder = nowhere / "idx"
    write_four(folder, small())
    labels = folder / "t10k-labels-idx1-ubyte"
    good = labels.read_bytes()
    labels.write_bytes(good[:-1])
    with pytest.raises(ValueError, match=r"got .*t10k-labels.*: expected 2 bytes for shape \(2,\), got 1;"):
        load_mnist(folder)
    labels.write_bytes(b"<html>")
    with pytest.raises(ValueError, match="expected an IDX file"):
        load_mnist(folder)
    labels.unlink()
    with pytest.raises(FileNotFoundError, match="got all but t10k-labels-idx1-ubyte"):
        load_mnist(folder)


def test_files_of_another_content(nowhere):
    np.savez(nowhere / "mnist.npz", x=np.zeros(3))
    with pytest.raises(ValueError, match=r"got .*mnist.npz.*no x_train.npy and no y_train.npy and"):
        load_mnist(nowhere)
    np.savez(nowhere / "mnist.npz", **small(labels=(3,)))
    with pytest.raises(ValueError, match="a label for each image"):
        load_mnist(nowhere)
    (nowhere / "catvnoncat.npz").write_text("no archive")
    with pytest.raises(ValueError, match=r"got .*catvnoncat.npz.* not a zip file"):
        load_cat_or_not(nowhere)


class Bomb:
    def __reduce__(self):
        return (Path.touch, (Path("went-off"),))


def test_nothing_is_unpickled(nowhere):
    arrays = small()
    arrays["y_test"] = np.array([Bomb(), Bomb()], object)
    np.savez(nowhere / "mnist.npz", **arrays)
    with pytest.raises(ValueError, match="expected type, order and shape of an array of numbers, got .*O"):
        load_mnist(nowhere)
    assert not (nowhere / "went-off").exists()


def test_cats(nowhere):
    np.savez(nowhere / "catvnoncat.npz", **small((4, 64, 64, 3), (1, 4), mark=1))
    (x_train, y_train), (x_test, _) = load_cat_or_not(nowhere / "catvnoncat.npz")
    assert (x_train.shape, y_train.tolist(), x_test.shape) == ((4, 64, 64, 3), [1, 1, 1, 1], (2, 64, 64, 3))


# ---- the real ones


def test_the_real_mnist(shared_data):
    (x_train, y_train), (x_test, y_test) = load_mnist(shared_data)
    assert (x_train.shape, x_test.shape) == ((60000, 28, 28), (10000, 28, 28))
    assert np.bincount(y_train).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert {a.dtype.name for a in (x_train, y_train, x_test, y_test)} == {"uint8"}


def test_the_real_cats(shared_data):
    (x_train, y_train), (x_test, y_test) = load_cat_or_not(shared_data)
    assert (x_train.shape, x_test.shape) == ((209, 64, 64, 3), (50, 64, 64, 3))
    assert (int(y_train.sum()), int(y_test.sum())) == (72, 33)
