"""Nothing in the package goes to a network: neither at import nor at work."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import fastmlp
import pytest

PACKAGE = Path(fastmlp.__file__).parent
NETWORK = {"asyncio", "ftplib", "http", "requests", "smtplib", "socket", "ssl", "urllib", "urllib3", "webbrowser"}
KNOWN = {"cli/landscape.py": {"webbrowser"}}  # shows a file that it has written

GUARD = """
import sys
def guard(event, arguments):
    if event.partition(".")[0] in {"socket", "urllib", "http", "ftplib", "smtplib", "poplib", "imaplib"}:
        print("the network was asked for:", event, arguments)
sys.addaudithook(guard)
"""

LIFE = """
import fastmlp, numpy as np
x = np.random.default_rng(0).random((64, 4), dtype="float32")
model = fastmlp.Sequential([fastmlp.layers.Dense(3, activation="softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, np.arange(64) % 3, epochs=2, validation_split=0.25, verbose=0)
model.save("model.safetensors")
assert (fastmlp.load_model("model.safetensors").predict(x, verbose=0) == model.predict(x, verbose=0)).all()
fastmlp.data.load_digits()
try:
    fastmlp.data.load_mnist("nowhere")
except FileNotFoundError:
    print("not fetched")
"""

COMMAND = """
import runpy
sys.argv = ["fastmlp", "COMMAND"]
runpy.run_module("fastmlp", run_name="__main__", alter_sys=True)
"""


def guarded(text, folder):
    command = [sys.executable, "-c", GUARD + text]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, timeout=300, check=False)
    return done.returncode, done.stdout, done.stderr


def imported(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0]


def test_no_module_that_could_is_imported():
    found = {path.relative_to(PACKAGE).as_posix(): set(imported(path)) & NETWORK for path in PACKAGE.rglob("*.py")}
    assert len(found) > 200
    assert {name: modules for name, modules in found.items() if modules} == KNOWN


def test_nothing_is_asked_of_it_while_a_model_lives(tmp_path):
    assert guarded(LIFE, tmp_path) == (0, "not fetched\n", "")


@pytest.mark.parametrize("command", ["demo", "info"])
def test_nothing_is_asked_of_it_by_commands(command, tmp_path):
    status, printed, error = guarded(COMMAND.replace("COMMAND", command), tmp_path)
    assert (status, error) == (0, "")
    assert len(printed) > 100
    assert "the network" not in printed


def test_the_guard_sees_what_asks(tmp_path):
    _, printed, _ = guarded("import socket\nsocket.socket().connect_ex(('127.0.0.1', 9))", tmp_path)
    assert "socket.connect" in printed
