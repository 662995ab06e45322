"""What fit, evaluate and predict print: on a terminal a line that moves, in a pipe plain lines."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
import threading

import numpy as np
import pytest
from fastmlp.layers import Dense, Input
from fastmlp.models import Sequential
from interrupted import TEXT
from isolated import PRELUDE

BAR = "━" * 20
CLOCK = re.compile(r"\d+(?::\d\d)*s \d+[mu]?s/step")  # of a bar
PLAIN = re.compile(r"\d+s - \d+[mu]?s/step")  # of verbose=2
NUMBER = re.compile(r"\d+\.\d{4}(?:e-\d\d)?")


def made():
    model = Sequential([Input(shape=(3,)), Dense(4, "relu"), Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


@pytest.fixture
def rows(rng):
    return rng.normal(size=(100, 3)), np.arange(100) % 2


def masked(text):
    """Clocks as T, numbers as N."""
    return NUMBER.sub("N", PLAIN.sub("T", CLOCK.sub("T", text))).splitlines()


SHOWN = " - accuracy: N - loss: N"
HELD = " - val_accuracy: N - val_loss: N"


@pytest.mark.parametrize(
    ("verbose", "line"), [("auto", f"4/4 {BAR} T{SHOWN}"), (1, f"4/4 {BAR} T{SHOWN}"), (2, f"4/4 - T{SHOWN}")]
)
def test_fit_in_a_pipe(capsys, rows, verbose, line):
    made().fit(*rows, epochs=2, verbose=verbose)
    text = capsys.readouterr().out
    assert not [c for c in text if ord(c) < 32 and c != "\n"], "no control characters"
    assert masked(text) == ["Epoch 1/2", line, "Epoch 2/2", line]


def test_silence(capsys, rows):
    model = made()
    model.fit(*rows, epochs=2, verbose=0, validation_data=rows)
    model.evaluate(*rows, verbose=0)
    model.predict(rows[0], verbose=0)
    model.train_on_batch(*rows)
    model.predict_on_batch(rows[0])
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


@pytest.mark.parametrize("verbose", [1, 2])
def test_validation_is_on_the_same_line(capsys, rows, verbose):
    made().fit(*rows, epochs=3, verbose=verbose, validation_data=rows, validation_freq=2)
    line = f"4/4 {BAR} T{SHOWN}" if verbose == 1 else f"4/4 - T{SHOWN}"
    assert masked(capsys.readouterr().out) == ["Epoch 1/3", line, "Epoch 2/3", line + HELD, "Epoch 3/3", line]


def test_what_is_printed_is_what_history_says(capsys, rows):
    history = made().fit(*rows, epochs=2, verbose=2, validation_split=0.5).history
    printed = re.findall(r"(\w+): ([\d.e-]+)", capsys.readouterr().out)
    assert printed == [(name, f"{history[name][e]:.4f}") for e in (0, 1)
                       for name in ("accuracy", "loss", "val_accuracy", "val_loss")]  # fmt: skip


def test_one_epoch_has_no_heading(capsys, rows):
    made().fit(*rows, verbose=2)
    assert masked(capsys.readouterr().out) == [f"4/4 - T{SHOWN}"]


def test_evaluate_and_predict(capsys, rows):
    model = made()
    model.evaluate(*rows, verbose=1)
    model.evaluate(*rows, verbose=2, batch_size=50)
    model.predict(rows[0], verbose=1)
    model.predict(rows[0], verbose=2, steps=2)
    assert masked(capsys.readouterr().out) == [
        f"4/4 {BAR} T{SHOWN}", f"2/2 - T{SHOWN}", f"4/4 {BAR} T", "2/2 - T",
    ]  # fmt: skip


def test_batches_of_unknown_number(capsys, rows):
    def batches():
        for at in range(0, 100, 25):
            yield rows[0][at : at + 25], rows[1][at : at + 25]

    made().fit(batches(), verbose=1)
    assert masked(capsys.readouterr().out) == [f"4/4 {BAR} T{SHOWN}"]


def on_a_terminal(path, text, columns=100, timeout=60):
    """What a script writes to a terminal of its own."""
    path.write_text(PRELUDE + TEXT + text)
    master, slave = pty.openpty()
    import fcntl
    import struct
    import termios

    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    child = subprocess.Popen([sys.executable, str(path)], stdout=slave, stderr=subprocess.PIPE, start_new_session=True)
    os.close(slave)
    pieces = []

    def read():
        try:
            while piece := os.read(master, 4096):
                pieces.append(piece)
        except OSError:  # the other end is closed
            pass

    reader = threading.Thread(target=read)
    reader.start()
    try:
        _, errors = child.communicate(timeout=timeout)
    finally:
        child.kill()
        reader.join(timeout)
        os.close(master)
    assert child.returncode == 0, errors.decode()
    return b"".join(pieces).decode().replace("\r\n", "\n")


# a schedule of more work than 50 ms an epoch, wherever this runs: an epoch ends after 0.6 seconds
LONG = """
from fastmlp.models.hooks import Callback
class Enough(Callback):
    def on_train_begin(self, logs=None):
        self.end = time.perf_counter() + 0.6
    def on_train_chunk_end(self, step, logs=None):
        self.model.stop_training = time.perf_counter() > self.end
model = made(partial(Dense, 64, "relu"))
many = np.broadcast_to(X[:1], (2_000_000, 64))
"""


def test_on_a_terminal_the_line_is_drawn_over(tmp_path):
    text = on_a_terminal(
        tmp_path / "script.py", LONG + "model.fit(many, np.zeros(len(many)), epochs=2, callbacks=Enough())\n"
    )
    heading, line = text.removesuffix("\n").split("\n")
    assert heading == "Epoch 1/2"
    empty, *drawn = line.split("\r")
    assert empty == ""
    assert 4 <= len(drawn) <= 14, "about every 50 ms"
    steps = [int(re.match(r" *(\d+)/62500 [━─]{4,20} ", part)[1]) for part in drawn]
    assert steps == sorted(steps)
    assert steps[0] < steps[-2]
    assert masked(drawn[-1])[0].rstrip().endswith(f"T{SHOWN}")
    assert max(len(part.rstrip()) for part in drawn[:-1]) < 100


def test_on_a_terminal_short_epochs_are_lines(tmp_path):
    text = on_a_terminal(tmp_path / "script.py", LONG + "model.fit(X[:64], Y[:64], epochs=2)\n")
    assert [line.lstrip("\r").rstrip() for line in masked(text) if line] == [
        "Epoch 1/2", f"2/2 {BAR} T{SHOWN}", "Epoch 2/2", f"2/2 {BAR} T{SHOWN}",
    ]  # fmt: skip


def test_verbose_2_never_draws_over(tmp_path):
    text = on_a_terminal(tmp_path / "script.py", LONG + "model.fit(X, Y, epochs=2, verbose=2)\n")
    assert "\r" not in text
    assert masked(text) == ["Epoch 1/2", f"625/625 - T{SHOWN}", "Epoch 2/2", f"625/625 - T{SHOWN}"]


@pytest.mark.parametrize("use", ["fit", "evaluate", "predict"])
def test_ctrl_c_leaves_the_line_standing(tmp_path, use):
    """What is printed next begins a line of its own."""
    call = "many" if use == "predict" else "many, labels"
    rows = 2_000_000 if use == "fit" else 20_000_000
    text = on_a_terminal(
        tmp_path / "script.py",
        LONG + f"many = np.broadcast_to(X[:1], ({rows}, 64))\nlabels = np.zeros(len(many))\n"
        f"interrupted(0.5, model.{use}, {call})\nprint('next')\n",
    )
    *_, line, last, empty = text.split("\n")
    assert (last, empty) == ("next", "")
    assert re.search(rf"\r *\d+/{rows // 32} ", line)
