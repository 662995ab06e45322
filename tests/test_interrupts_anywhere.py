"""A signal's handler comes wherever Python enters a function of ours: it may raise, use the model, and change it."""

from __future__ import annotations

import pytest
from interrupted import TEXT

# What comes at the n-th entry is a function that is called there, as Python would call the handler of a signal.
ANYWHERE = """
from pathlib import Path
from fastmlp import saving
HOME = str(Path(fastmlp.__file__).parent)
FILE = str(Path(__file__).with_name("weights.safetensors"))
x, y = X[:64], Y[:64, None].astype(np.float32)

def fresh():
    return made(partial(Dense, 6, "relu"), BatchNormalization, partial(Dropout, 0.1), metrics=("accuracy", Own()))

class Own(fastmlp.metrics.MeanSquaredError):
    "Which Python computes."
    def update_state(self, *given):
        super().update_state(*given)

def at_entry(number, act, call):
    "How many entries there were, and what came of the call."
    entries = 0
    def trace(frame, event, arg):
        nonlocal entries
        if frame.f_code.co_filename.startswith(HOME):
            entries += 1
            if entries == number:
                sys.settrace(None)
                act()
    sys.settrace(trace)
    try:
        return entries, call()
    finally:
        sys.settrace(None)

def fit(model):
    model.fit(x, y, batch_size=20, epochs=2, verbose=0)

def entries():
    count = 0
    def trace(frame, event, arg):
        nonlocal count
        count += frame.f_code.co_filename.startswith(HOME)
    model = fresh()
    sys.settrace(trace)
    try:
        fit(model)
    finally:
        sys.settrace(None)
    return count

def need_whole(model, number):
    turn = model._turn
    assert (len(turn.queue), turn.writer, turn.fitting, turn.own.seat.inside) == (0, None, None, False), number
    model.fit(x, y, verbose=0)
    twin = fresh()
    twin.set_weights(model.get_weights())
    assert twin.predict(x, verbose=0).tobytes() == model.predict(x, verbose=0).tobytes(), number

alone = fresh()
alone.save_weights(FILE)
fit(alone)
fastmlp.random.set_random_seed(0)
numbers = range(1, entries(), EVERY)
assert len(numbers) > 20
"""

RAISES = """
def act():
    raise KeyboardInterrupt
ended = 0
for number in numbers:
    model = fresh()
    try:
        at_entry(number, act, lambda: fit(model))
        ended += 1  # where nobody hears of it, as in a generator that is thrown away
    except KeyboardInterrupt:
        pass
    steps = int(model.optimizer.iterations)
    need_whole(model, number)
assert ended < len(numbers) / 10, ended
print("whole")
"""

LOOKS = {
    "predict": "model.predict(x[:50], verbose=0)",
    "call": "model(x[:5])",
    "save_state": "saving.save_state(model, FILE + 's')",
    "get_weights": "model.get_weights()",
}

LOOKED = """
for number in numbers:
    model = fresh()
    at_entry(number, lambda: ACT, lambda: fit(model))
    assert state(model) == state(alone), number
    need_whole(model, number)
print("whole")
"""

CHANGES = {
    "evaluate": "model.evaluate(x[:50], y[:50], verbose=0)",
    "fit": "model.fit(x, y, batch_size=50, verbose=0)",
    "train_on_batch": "model.train_on_batch(x, y)",
    "set_weights": "model.set_weights([w / 2 for w in model.get_weights()])",
    "load_weights": "model.load_weights(FILE)",
    "compile": "model.compile('sgd', 'mse')",
}

CHANGED = """
for number in numbers:
    model = fresh()
    at_entry(number, lambda: ACT, lambda: fit(model))
    need_whole(model, number)
print("whole")
"""


def every(count):
    """So many entries apart: a sample, or, which takes minutes, one after the other."""
    return pytest.mark.parametrize("every", [count, pytest.param(1, marks=pytest.mark.slow)])


@every(29)
def test_it_raises(script, every):
    """As Ctrl-C does, from the first line of a first fit on: the model can be trained, by itself or by anybody."""
    assert script(TEXT + ANYWHERE.replace("EVERY", str(every)) + RAISES, timeout=600) == "whole"


@every(83)
@pytest.mark.parametrize("act", LOOKS)
def test_it_looks(script, act, every):
    """What is trained is what would be without it."""
    text = ANYWHERE.replace("EVERY", str(every)) + LOOKED.replace("ACT", LOOKS[act])
    assert script(TEXT + text, timeout=600) == "whole"


@every(47)
@pytest.mark.parametrize("act", CHANGES)
def test_it_changes_the_model(script, act, every):
    """The fit goes on with what it finds."""
    text = ANYWHERE.replace("EVERY", str(every)) + CHANGED.replace("ACT", CHANGES[act])
    assert script(TEXT + text, timeout=600) == "whole"
