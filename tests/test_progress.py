"""The progress line: on a screen, in a notebook, in a file, with nowhere to go; and what it costs."""

from __future__ import annotations

import io
import os
import pty
import re
import sys
import time
from types import SimpleNamespace

import pytest
from fastmlp.models import progress
from fastmlp.models.hooks import CallbackList
from fastmlp.models.progress import ProgbarLogger, ProgressLine, format_metrics, format_pace, format_wait

LOGS = {"loss": 0.27, "accuracy": 0.92, "val_loss": 0.3}
TEXT = " - accuracy: 0.9200 - loss: 0.2700 - val_loss: 0.3000"


class Clock:
    """A time.perf_counter that goes when told to."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(progress.time, "perf_counter", clock)
    return clock


class Screen(io.StringIO):
    """A terminal of so many columns (0: it does not say)."""

    def __init__(self, columns=0, encoding="utf-8"):
        super().__init__()
        self.columns, self._encoding = columns, encoding

    encoding = property(lambda self: self._encoding)

    def isatty(self):
        return True

    def fileno(self):
        return 99

    def lines(self):
        """What is seen in the end: after a carriage return, characters cover those before."""
        seen = []
        for line in self.getvalue().split("\n"):
            shown = ""
            for part in line.split("\r"):
                shown = part + shown[len(part) :]
            seen.append(shown.rstrip())
        return seen


@pytest.fixture
def screen(monkeypatch):
    made = Screen(200)
    monkeypatch.setattr(progress.os, "get_terminal_size", lambda fd: os.terminal_size((made.columns, 24)))
    return made


def epoch(line, clock, steps=1875, given=None, seconds=1.0, updates=20):
    """An epoch that takes so long, heard of now and then."""
    line.epoch_begin(0, steps if given is None else given)
    for i in range(1, updates + 1):
        clock.now += seconds / updates
        line.update(steps * i // updates, {"loss": 1.0 / i, "accuracy": 0.5})
    line.epoch_end(steps, LOGS)


def test_steps_done_before_take_no_time(clock, screen):
    line = ProgressLine(stream=screen)
    line.epoch_begin(0, 100, begun=60)
    clock.now += 2.0
    line.update(80, {})
    assert " 2s 100ms/step" in screen.lines()[0], "20 steps in 2 s, 20 to go"
    clock.now += 2.0
    line.epoch_end(100, {})
    assert screen.lines()[0].endswith(" 4s 100ms/step")


def test_in_a_file_there_is_one_line_an_epoch(clock):
    out = io.StringIO()
    epoch(ProgressLine(5, stream=out), clock)
    assert out.getvalue() == f"Epoch 1/5\n1875/1875 {'━' * 20} 1s 533us/step{TEXT}\n"


def test_verbose_2_has_no_bar(clock, screen):
    for out in (io.StringIO(), screen):
        epoch(ProgressLine(5, verbose=2, stream=out), clock)
        assert out.getvalue() == f"Epoch 1/5\n1875/1875 - 1s - 533us/step{TEXT}\n"


def test_verbose_0_is_silent(clock):
    out = Screen()
    epoch(ProgressLine(5, verbose=0, stream=out), clock)
    assert out.getvalue() == ""


@pytest.mark.parametrize(("verbose", "text"), [(True, "━"), ("auto", "━"), (1, "━"), (False, ""), (3, "")])
def test_other_words_for_verbose(clock, verbose, text):
    out = io.StringIO()
    epoch(ProgressLine(1, verbose=verbose, stream=out), clock)
    assert text in out.getvalue()
    assert bool(text) == bool(out.getvalue())


@pytest.mark.parametrize("verbose", ["loud", 1.5, None, -1])
def test_what_verbose_cannot_be(verbose):
    with pytest.raises((TypeError, ValueError), match="ProgressLine: verbose: expected"):
        ProgressLine(verbose=verbose)


def test_one_epoch_evaluate_and_predict_have_no_heading(clock):
    out = io.StringIO()
    line = ProgressLine(1, stream=out)
    line.epoch_begin(0, 8)
    clock.now += 2.0
    line.epoch_end(8)
    assert out.getvalue() == f"8/8 {'━' * 20} 2s 250ms/step\n"


def test_on_a_screen_the_line_moves(clock, screen):
    line = ProgressLine(2, stream=screen)
    line.epoch_begin(0, 200)
    clock.now += 0.5
    line.update(50, {"loss": 0.5})
    assert screen.lines() == ["Epoch 1/2", f" 50/200 {'━' * 5}{'─' * 15} 1s 10ms/step - loss: 0.5000"]
    clock.now += 0.5
    line.update(100, {"loss": 0.25})
    assert screen.lines()[-1] == f"100/200 {'━' * 10}{'─' * 10} 1s 10ms/step - loss: 0.2500"
    line.epoch_end(200, {})
    assert screen.lines() == ["Epoch 1/2", f"200/200 {'━' * 20} 1s 5ms/step", ""], "no leftovers of the longer line"


def test_it_draws_at_most_every_50_ms(clock, screen):
    line = ProgressLine(1, stream=screen)
    line.epoch_begin(0, 1000)
    for step in range(1, 1001):
        clock.now += 0.001
        line.update(step, {"loss": 0.5})
    assert 15 <= screen.getvalue().count("\r") <= 20


@pytest.mark.parametrize("columns", [20, 40, 60, 80])
def test_what_is_drawn_over_fits_a_narrow_screen(clock, screen, columns):
    screen.columns = columns
    epoch(ProgressLine(2, stream=screen), clock)
    *drawn, last = screen.getvalue().split("\n")[1].split("\r")[1:]
    assert len(drawn) >= 15
    assert max(len(text.rstrip()) for text in drawn) < columns
    assert all(re.match(r"\d+/1875", text.strip()) for text in drawn)
    assert last.rstrip().endswith(TEXT), "what stays is whole"


def test_on_a_narrow_screen_the_bar_gives_way_first(clock, screen):
    screen.columns = 42
    line = ProgressLine(1, stream=screen)
    line.epoch_begin(0, 200)
    clock.now += 1.0
    line.update(100, {"loss": 0.5})
    assert screen.lines() == ["100/200 ━━─── 1s 10ms/step - loss: 0.5000"]
    screen.columns = 30
    clock.now += 1.0
    line.update(150, {"loss": 0.5})
    assert screen.getvalue().split("\r")[-1].rstrip() == "150/200 0s 13ms/step - los..."


def test_an_unknown_number_of_steps(clock, screen):
    line = ProgressLine(1, stream=screen)
    line.epoch_begin(0, None)
    clock.now += 3.0
    line.update(12, {"loss": 0.5})
    assert screen.lines() == ["     12/Unknown 3s 250ms/step - loss: 0.5000"]
    line.epoch_end(12, {"loss": 0.5})
    assert screen.lines()[0] == f"12/12 {'━' * 20} 3s 250ms/step - loss: 0.5000"


def test_no_steps_at_all(clock):
    out = io.StringIO()
    for steps in (0, None):
        line = ProgressLine(1, stream=out)
        line.epoch_begin(0, steps)
        line.epoch_end(0)
    assert out.getvalue().count("0s/step") == 2


def test_an_epoch_cut_short_says_where(clock):
    out = io.StringIO()
    line = ProgressLine(1, stream=out)
    line.epoch_begin(0, 100)
    line.epoch_end(50)
    assert out.getvalue().startswith(f" 50/100 {'━' * 10}{'─' * 10} ")


def test_closing_leaves_the_line_standing(clock, screen):
    line = ProgressLine(1, stream=screen)
    line.epoch_begin(0, 100)
    line.close()
    assert screen.getvalue() == "", "nothing was drawn"
    line.epoch_begin(0, 100)
    clock.now += 1
    line.update(50)
    line.close()
    line.close()
    assert screen.lines() == [f" 50/100 {'━' * 10}{'─' * 10} 1s 20ms/step", ""]


def test_other_encodings_get_plain_signs(clock):
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    line = ProgressLine(1, stream=out)
    line.epoch_begin(0, 4)
    line.epoch_end(2, {"précision": 1.0})
    assert raw.getvalue() == b"2/4 ==========.......... 0s 0s/step - pr?cision: 1.0000\n"


class Broken(io.StringIO):
    def write(self, text):
        raise BrokenPipeError


def closed():
    stream = io.StringIO()
    stream.close()
    return stream


@pytest.mark.parametrize("stream", [None, closed(), Broken(), object()], ids=["none", "closed", "broken", "odd"])
def test_nowhere_to_print_does_not_stop_training(monkeypatch, clock, stream):
    monkeypatch.setattr(sys, "stdout", stream)
    epoch(ProgressLine(3), clock)
    assert progress.say("hello") is False


def test_a_stream_that_closes_halfway(clock, screen):
    line = ProgressLine(1, stream=screen)
    line.epoch_begin(0, 10)
    screen.close()
    clock.now += 1
    line.update(5)
    line.epoch_end(10)


class ZMQInteractiveShell:
    """What IPython's shell of notebooks is called."""


def test_a_notebook_is_drawn_over(monkeypatch, clock):
    class Cell(io.TextIOBase):
        text = ""
        encoding = "UTF-8"

        def write(self, text):
            self.text += text

    cell = Cell()
    monkeypatch.setattr(sys, "stdout", cell)
    assert not progress.redraws(cell)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=ZMQInteractiveShell))
    assert progress.redraws(cell)
    epoch(ProgressLine(1), clock)
    assert cell.text.count("\r") > 10
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert not progress.redraws(sys.stdout), "redirect_stdout in a notebook"
    monkeypatch.setattr(sys, "stdout", cell)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: None))
    assert not progress.redraws(cell), "IPython is loaded, but this is no notebook"


def test_a_real_terminal():
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as out:
        assert progress.redraws(out)
        line = ProgressLine(1, stream=out)
        line.epoch_begin(0, 2)
        line.epoch_end(2)
        raw = b""
        while not raw.endswith(b"\n"):
            raw += os.read(master, 1000)
    os.close(master)
    text = raw.decode()
    assert text == f"\r2/2 {'━' * 20} 0s {text.split()[-1]}\r\n"


def test_a_call_with_nothing_due_costs_next_to_nothing():
    line = ProgressLine(1, stream=Screen())
    line.epoch_begin(0, 10)
    line._due = float("inf")  # whatever the machine does meanwhile
    costs = []
    for _ in range(20):
        start = time.perf_counter()
        for step in range(500):
            line.update(step, LOGS)
        costs.append((time.perf_counter() - start) / 500)
    assert min(costs) < 2e-6


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.001, "1.0000e-03"), (0.0011, "0.0011"), (0, "0.0000e+00"), (-0.5, "-0.5000"), (1234.5, "1234.5000"),
     (float("nan"), "nan"), (float("inf"), "inf"), ([1.0, 3.0], "2.0000")],
)  # fmt: skip
def test_numbers(value, text):
    assert format_metrics({"m": value}) == f" - m: {text}"


def test_metrics_are_in_alphabetical_order_validation_next_rates_last():
    names = ["zed", "val_loss", "learning_rate", "loss", "val_acc", "acc"]
    order = re.findall(r"(\w+):", format_metrics(dict.fromkeys(names, 1.0)))
    assert order == ["acc", "loss", "zed", "val_acc", "val_loss", "learning_rate"]
    assert format_metrics(None) == ""


def test_times():
    assert [format_wait(s) for s in (0, 59.9, 60, 185, 7207)] == ["0s", "59s", "1:00", "3:05", "2:00:07"]
    paces = [format_pace(s) for s in (0, 2e-6, 999.4e-6, 1e-3, 0.5, 1.0, 75.0)]
    assert paces == ["0s/step", "2us/step", "999us/step", "1ms/step", "500ms/step", "1s/step", "75s/step"]


def test_the_callback_prints_what_fit_prints(capsys):
    fit = CallbackList([], add_history=True, add_progbar=True, model=SimpleNamespace(), verbose=2, epochs=2, steps=3)
    assert [fit.batch_hooks, fit.test_batch_hooks, fit.predict_batch_hooks] == [False] * 3
    fit.on_train_begin()
    for epoch in range(2):
        fit.on_epoch_begin(epoch)
        fit.on_train_chunk_end(3, {"loss": 1.0})
        fit.on_test_begin()
        fit.on_test_chunk_end(1, {"loss": 2.0})
        fit.on_test_end({"loss": 2.0})
        fit.on_epoch_end(epoch, {"loss": 1.0, "val_loss": 2.0})
    fit.on_train_end()
    lines = capsys.readouterr().out.splitlines()
    line = "3/3 - T - loss: 1.0000 - val_loss: 2.0000"
    assert [re.sub(r"\d+s - .*/step", "T", text) for text in lines] == ["Epoch 1/2", line, "Epoch 2/2", line]


def test_the_callback_in_evaluate_and_predict(capsys):
    logger = ProgbarLogger()
    calls = CallbackList(logger, model=SimpleNamespace(), verbose=1, epochs=1, steps=None)
    calls.on_test_begin()
    calls.on_test_batch_end(0, {"loss": 1.0})
    calls.on_test_batch_end(1, {"loss": 1.0})
    calls.on_test_end({"loss": 1.0})
    calls.on_predict_begin()
    calls.on_predict_chunk_end(1, {"outputs": 3})
    calls.on_predict_end({})
    lines = capsys.readouterr().out.splitlines()
    assert [re.sub(r" \d+s .*/step", " T", line) for line in lines] == [
        f"2/2 {'━' * 20} T - loss: 1.0000", f"1/1 {'━' * 20} T",
    ]  # fmt: skip


def test_a_pipe_gets_no_control_characters(capsys):
    assert not progress.redraws(sys.stdout)
    epoch(ProgressLine(2), Clock())
    text = capsys.readouterr().out
    assert not [c for c in text if ord(c) < 32 and c != "\n"]
    assert text.count("\n") == 2


def test_it_agrees_with_keras(capsys, monkeypatch):
    keras = pytest.importorskip("keras")
    monkeypatch.setenv("NO_COLOR", "1")
    logs = {"acc": 0.5, "loss": 0.0004, "val_loss": 12.0}
    bar = keras.utils.Progbar(12, verbose=2)
    bar.update(12, list(logs.items()), finalize=True)
    theirs = capsys.readouterr().out
    line = ProgressLine(1, verbose=2)
    line.epoch_begin(0, 12)
    line.epoch_end(12, logs)
    mask = re.compile(r"\d+s - .*/step")
    assert mask.sub("T", capsys.readouterr().out) == mask.sub("T", theirs)
    bar = keras.utils.Progbar(12, verbose=1)
    bar.update(12, list(logs.items()), finalize=True)
    theirs = re.sub(r"\x1b\[\d+m|[\b\r]", "", capsys.readouterr().out)
    line = ProgressLine(1)
    line.epoch_begin(0, 12)
    line.epoch_end(12, logs)
    mask = re.compile(r" \d+s .*/step")
    assert mask.sub("T", capsys.readouterr().out) == mask.sub("T", theirs).lstrip("\n")
