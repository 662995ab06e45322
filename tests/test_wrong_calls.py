"""Wrong calls across the API: each raises what it should, in three parts, and leaves all that the user has as it was.

A case is code on the objects of `wrong_calls.world`, the exception, and what its message has to say: what was expected,
what was got, how to mend it. Before and after a table a fingerprint is taken of every array, model, object, setting and
file; if it differs, after each case, to name the one that did it.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import tempfile
import warnings
from collections import Counter
from pathlib import Path

import fastmlp
import numpy as np
import pytest
import wrong_calls
from fastmlp import random
from wrong_calls.world import belongings, fingerprint

HOUSE = re.compile(r"(?s)expected .+, got .+; .+")
OWN = {"commands", "estimators"}  # some of whose messages argparse and scikit-learn write
NO_TABLES = {"world", "sklearn_world"}
TABLES = {
    name: importlib.import_module(f"wrong_calls.{name}")
    for _, name, _ in pkgutil.iter_modules(wrong_calls.__path__)
    if name not in NO_TABLES
}
# a model or a layer that is made within the call draws its seeds before what is wrong with it can be seen
MAKES = re.compile(r"\bSequential\(")


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    return tmp_path_factory.mktemp("worlds")


class World:
    """What the calls are made with, made anew when one of them has changed it."""

    def __init__(self, places, more):
        self.places, self.more = places, more
        self.anew()

    def anew(self):
        self.things = belongings(Path(tempfile.mkdtemp(dir=self.places)) / "home")
        self.things |= self.more(self.things)
        self.before = fingerprint(self.things)

    def changed(self):
        after = fingerprint(self.things)
        return [name for name in self.before if self.before[name] != after[name]]


def run(code, things):
    """What it raises; the names that it makes are its own."""
    seeds, count = random._everyone, random._everyone._count
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exec(compile(code, "<wrong call>", "exec"), dict(things))
        except Exception as error:
            if MAKES.search(code):
                seeds._count = count
            return error
    return None


def faults(error, kind, words, others):
    """What is wrong with the way it was refused, in words."""
    if error is None:
        yield "it was taken"
        return
    if not isinstance(error, kind):
        yield f"expected {kind.__name__}, got {error!r}"
    text = str(error)
    if len(words) == 3:
        expected, got, mend = words
        if not HOUSE.search(text):
            yield f"no 'expected …, got …; mend' in: {text}"
        for word, part in (("expected ", expected), (", got ", got), ("; ", mend)):
            if part not in text.partition(word)[2]:
                yield f"no {part!r} behind {word!r} in: {text}"
    elif not (others and words[0] in text):
        yield f"no {words[0]!r}, or no reason for words of others, in: {text}"


def gone_through(table, world, closely):
    """What is wrong with the cases of a table, one after the other; looking `closely` at what each has changed."""
    wrong = []
    for title, cases in table.CASES.items():
        for code, kind, *words in cases:
            found = list(faults(run(code, world.things), kind, words, getattr(table, "OTHERS_WORDS", "")))
            if closely and (changed := world.changed()):
                found.append(f"changed: {changed}")
                world.anew()
            if found:
                wrong.append(f"{title}: {code}\n    " + "\n    ".join(found))
    return wrong


@pytest.mark.parametrize("name", sorted(TABLES))
def test_wrong_calls_are_refused_and_change_nothing(name, places, monkeypatch):
    more = dict
    if name == "estimators":
        pytest.importorskip("sklearn", reason="fastmlp.sklearn is built on scikit-learn")
        pytest.importorskip("scipy")
        from wrong_calls.sklearn_world import more as of_sklearn

        more = of_sklearn
    table, world = TABLES[name], World(places, more)
    assert bool(getattr(table, "OTHERS_WORDS", "")) is (name in OWN)
    monkeypatch.chdir(world.things["folder"])
    wrong = gone_through(table, world, closely=False)
    if world.changed():
        world.anew()
        wrong = gone_through(table, world, closely=True)
    assert not wrong, "\n".join(wrong)


def test_the_fingerprint_sees_what_changes(places):
    """Each kind of change by a hand that does it, so that the test above can fail."""
    for code, name in {
        "x[0, 0] = 7": "x",
        "y.flags.writeable = False": "y",
        "numbers.append(4)": "numbers",
        "config_of_dense['units'] = 4": "config_of_dense",
        "frame.loc[0, 'u'] = 7": "frame",
        "masked.mask = True": "masked",
        "model.fit(x, y, verbose=0)": "model",
        "model.weights[0].assign_add(1)": "model",
        "model.compile('sgd', 'mse')": "model",
        "model.optimizer.learning_rate = 0.5": "model",
        "model.history = None": "model",
        "graph.layers[-1].trainable = False": "graph",
        "weight.assign_add(1)": "weight",
        "adam.apply([weight * 1.0])": "adam",
        "auc.reset_state()": "auc",
        "random.next_seed()": "settings",
        "np.random.rand()": "settings",
        "config.set_epsilon(1e-3)": "settings",
        "fastmlp.set_num_threads(1 if fastmlp.get_num_threads() > 1 else 2)": "settings",
        "(folder / 'new').touch()": "files",
        "(folder / 'table.csv').write_text('')": "files",
    }.items():
        world = World(places, dict)
        threads, epsilon = fastmlp.get_num_threads(), fastmlp.config.epsilon()
        try:
            assert run(code, world.things) is None, code
            assert fingerprint(world.things)[name] != world.before[name], code
        finally:
            fastmlp.set_num_threads(threads)
            fastmlp.config.set_epsilon(epsilon)


def test_arrays_of_any_layout_are_no_wrong_calls(places):
    """Views, swapped bytes, read-only and other number types: the same predictions as of plain rows, and training."""
    world = World(places, dict)
    model, x, y = (world.things[name] for name in ("model", "x", "y"))
    plain = model.predict(x, verbose=0)
    still = x.copy()
    still.flags.writeable = False
    wide = np.repeat(x, 2, axis=1)
    for like in (x[::-1][::-1], np.asfortranarray(x), wide[:, ::2], x.astype(">f4"), still, x.astype("f8"), x.tolist(),
                 world.things["frame"], np.ma.masked_array(x), x.astype("f4").astype(">f8")):  # fmt: skip
        before = np.array(like, copy=True)
        np.testing.assert_array_equal(model.predict(like, verbose=0), plain)
        model.evaluate(like, y[::-1][::-1], verbose=0)
        np.testing.assert_array_equal(np.asarray(like), before)
    state = model.get_weights()
    model.fit(x.astype(">f4"), np.asfortranarray(y), epochs=1, verbose=0)
    assert any((a != b).any() for a, b in zip(state, model.get_weights(), strict=True))


def test_there_are_many_and_every_room_has_some():
    cases = [code for table in TABLES.values() for rows in table.CASES.values() for code, *_ in rows]
    assert len(cases) >= 300
    assert not [code for code, count in Counter(cases).items() if count > 1]
    text = "\n".join(cases)
    rooms = [name for name in fastmlp.__all__ if not name.startswith("__")]
    quiet = {"Tensor": "constant makes one",
             "get_num_threads": "it takes nothing", "compat": "it is asked by the classes it has words for",
             "accelerate": "it needs Keras", "from_keras": "it needs Keras", "to_keras": "it needs Keras",
             "from_torch": "it needs PyTorch", "load_model": "as models.load_model",
             "set_random_seed": "as random.set_random_seed"}  # fmt: skip
    assert not [name for name in rooms if name not in quiet and not re.search(rf"\b{name}\b", text)]
