"""Files of models that mean ill, beside those in test_saving_odd_files.py, test_keras_files.py and test_hdf5.py.

Each is refused with the reason, in memory in proportion to the file.
"""

from __future__ import annotations

import json
import stat
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest
from fastmlp import layers, saving
from fastmlp.callbacks import BackupAndRestore
from fastmlp.models import Sequential
from keras_written import written
from saving_cases import X, Y, changed, fitted, made, note
from test_keras_files import members, with_config, zipped

BIG = [2**31 - 1, 2**31, 2**32, 2**62, 2**63 - 1, 2**63, 2**64, 10**400]
DEEP = "[" * 10**5 + "]" * 10**5


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "m.safetensors"
    saving.save_model(fitted(made()), path)
    return path


def refused(path, reason, most=2e6):
    """It is said which file and why; little memory is taken."""
    tracemalloc.start()
    with pytest.raises(ValueError, match=f"(?s)load_model: expected .*{path.name}.*{reason}"):
        saving.load_model(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < most + 64 * path.stat().st_size


def rewrite_header(path, change):
    """Another text in the place of the header."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = change(data[8 : 8 + size].decode()).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + data[8 + size :])


# ---- our own format


def test_a_tensor_that_is_there_twice(path):
    def twice(text):
        return text.replace('"weights/dense/bias":', '"weights/dense/kernel":', 1)

    rewrite_header(path, twice)
    refused(path, "each name once in an object, got 'weights/dense/kernel' again")


@pytest.mark.parametrize("key", ["config", "compile_config", "training_state"])
def test_settings_that_are_there_twice(path, key):
    """Readers differ on which one counts: what one program checks another would not use."""
    text = json.dumps(note(path, key))
    name = next(iter(json.loads(text)))
    changed(path, **{key: text[:-1] + f', "{name}": 1}}'})
    refused(path, f"each name once in an object, got '{name}' again")


@pytest.mark.parametrize("key", ["config", "compile_config", "training_state"])
def test_deep_settings(path, key):
    changed(path, **{key: f'{{"a": {DEEP}}}'})
    refused(path, "at most 64 levels", most=3e7)


def test_a_deep_header(path):
    rewrite_header(path, lambda text: f'{{"a": {DEEP}, {text[1:]}')
    refused(path, "RecursionError|a type that is known", most=3e7)


@pytest.mark.parametrize("big", BIG, ids=str)
def test_shapes_beyond_the_file(path, big):
    for shape in ([big], [big, big], [big, 0], [0, big]):
        entry = json.dumps({"dtype": "F32", "shape": shape, "data_offsets": [0, 0]})
        rewrite_header(path, lambda text, entry=entry: f'{{"weights/a": {entry}, {text[1:]}')
        refused(path, "in a row with the others|whole numbers|each name once|is not in the model")


NO_NUMBER = ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"]


@pytest.mark.parametrize("number", NO_NUMBER)
def test_numbers_that_are_none(path, number):
    """JSON has no such numbers, but Python reads and writes them: each setting says that it takes none."""
    for key, old in (("config", '"units": 5'), ("config", '"rate": 0.25'), ("config", '"momentum": 0.99'),
                     ("compile_config", '"learning_rate": 0.001'), ("training_state", '"epoch": 1')):  # fmt: skip
        kept = json.dumps(note(path, key))
        assert old in kept, kept
        changed(path, **{key: kept.replace(old, f"{old.split(':')[0]}: {number}")})
        refused(path, "")
        changed(path, **{key: kept})
    saving.load_model(path)


def test_every_cut_is_noticed(path):
    saving.save_weights(Sequential([layers.Input((2,)), layers.Dense(1)]), path)
    whole, model = path.read_bytes(), Sequential([layers.Input((2,)), layers.Dense(1)])
    before = model.get_weights()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="load_weights: expected"):
            model.load_weights(path)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_memory_is_in_proportion(path):
    """At most 200 MB and 64 times the file."""
    model = Sequential([layers.Input((1000,)), layers.Dense(500), layers.BatchNormalization(), layers.Dense(10)])
    model.compile("adam", "mse")
    saving.save_model(model, path)
    tracemalloc.start()
    saving.load_model(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * path.stat().st_size


# ---- Keras's


def test_members_are_never_written_anywhere(tmp_path):
    """Names that lead elsewhere, and links, are passed over: members are looked up by name."""
    folder = tmp_path / "there"
    folder.mkdir()
    path = folder / "x.keras"
    path.write_bytes(written("keras_3.keras"))
    link = zipfile.ZipInfo("assets/link")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        for name in ("../above", str(tmp_path / "absolute"), "C:\\drive", "assets/../../up", link):
            archive.writestr(name, "/etc/passwd")
    saving.load_model(path)
    assert [one.name for one in tmp_path.iterdir()] == ["there"]
    assert [one.name for one in folder.iterdir()] == ["x.keras"]


@pytest.mark.parametrize("name", ["config.json", "model.weights.h5"])
def test_members_that_lie_elsewhere_are_not_there(tmp_path, name):
    parts = members(written("keras_3.keras"))
    path = tmp_path / "x.keras"
    for other in (f"../{name}", f"/{name}", f"./{name}", name.upper()):
        path.write_bytes(zipped({**{key: one for key, one in parts.items() if key != name}, other: parts[name]}))
        refused(path, f"no {name} in it")


def test_a_link_in_the_place_of_a_member(tmp_path):
    parts = members(written("keras_3.keras"))
    path = tmp_path / "x.keras"
    path.write_bytes(zipped({key: one for key, one in parts.items() if key != "config.json"}))
    link = zipfile.ZipInfo("config.json")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    refused(path, "JSONDecodeError")


def test_bombs_that_are_modest_each(tmp_path):
    """All that is unpacked is counted together."""
    parts = members(written("keras_3.keras"))
    path = tmp_path / "x.keras"
    blank = b" " * (15 << 20)
    texts = {name: parts[name] + blank for name in ("config.json", "metadata.json")}
    path.write_bytes(zipped({**texts, "model.weights.h5": bytes(40 << 20)}, zipfile.ZIP_DEFLATED))
    refused(path, "packed into .*: pack it less", most=1.2e8)


@pytest.mark.parametrize(("text", "reason"), [
    ('{"config": 1, "config": 2}', "each name once in an object, got 'config' again"),
    (f'{{"config": {DEEP}}}', "at most 64 levels"),
    ('{"module": "keras", "class_name": "Sequential", "config": NaN}', ""),
])  # fmt: skip
def test_settings(tmp_path, text, reason):
    path = tmp_path / "x.keras"
    parts = members(written("keras_3.keras"))
    path.write_bytes(zipped({**parts, "config.json": text}))
    refused(path, reason, most=3e7)
    if reason:
        path.write_bytes(zipped({**parts, "metadata.json": text}))
        refused(path, reason, most=3e7)


@pytest.mark.parametrize("number", NO_NUMBER)
def test_sizes_that_are_no_numbers(tmp_path, number):
    path = tmp_path / "x.keras"
    parts = members(with_config(lambda config: None))
    text = parts["config.json"].decode()
    assert '"units": 3' in text
    path.write_bytes(zipped({**parts, "config.json": text.replace('"units": 3', f'"units": {number}')}))
    refused(path, "units")


@pytest.mark.parametrize("name", ["keras_3.keras", "keras_3.h5", "keras_2_10.h5"])
def test_cuts_are_noticed(tmp_path, name):
    whole, path = written(name), tmp_path / f"x.{name.rpartition('.')[2]}"
    for length in [*range(300), *range(300, len(whole), 499), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with warnings.catch_warnings(), pytest.raises(ValueError, match="load_model: expected"):  # noqa: PT012
            warnings.simplefilter("ignore")
            saving.load_model(path)


# ---- backups


@pytest.mark.parametrize("text", [
    "[]", "3", "{", DEEP, '{"epoch": 1}', '{"epoch": "1", "state": "state-1"}', '{"epoch": -1, "state": "state-1"}',
    '{"epoch": NaN, "state": "state-1"}', '{"epoch": 1, "state": "../state-1"}', '{"epoch": 1, "state": "/dev/zero"}',
    '{"epoch": 1, "epoch": 2, "state": "state-1"}', '{"epoch": 1, "state": ["state-1"]}', "\xff",
], ids=lambda text: text[:40])  # fmt: skip
def test_notes_of_backups(tmp_path, text):
    model = fitted(made())
    saving.save_state(model, tmp_path / "state-1")
    saving.save_state(model, tmp_path.parent / "state-1")
    (tmp_path / "training_metadata.json").write_bytes(text.encode("latin-1"))
    before = [array.tobytes() for array in model.get_weights()]
    with pytest.raises(RuntimeError, match="expected a backup that can be read"):
        model.fit(X, Y, epochs=1, verbose=0, callbacks=[BackupAndRestore(tmp_path)])
    assert [array.tobytes() for array in model.get_weights()] == before
