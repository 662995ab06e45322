"""Subinterpreters are refused, in words, and harm nobody; the GIL stays where it could be left out."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from isolated import run_script

HEAD = """
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
TRY = '''
try:
    import fastmlp
except ImportError as error:
    with open(FILE, "a") as file:
        file.write(str(error) + chr(10))
'''.replace("FILE", repr(__file__ + ".txt"))
for kind in {"isolated": True}, {"isolated": False}:
    try:
        one = interpreters.create(**kind)
    except TypeError:  # from Python 3.13 on
        one = interpreters.create("isolated" if kind["isolated"] else "legacy")
    interpreters.run_string(one, TRY)
    interpreters.destroy(one)
told = open(__file__ + ".txt").read().splitlines()
assert len(told) == 2, told
assert all("expected to be imported into the main interpreter, got a subinterpreter; use" in one for one in told), told
"""


def need_subinterpreters():
    if sys.implementation.name != "cpython":
        pytest.skip("subinterpreters are CPython's")
    name = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
    pytest.importorskip(name, reason="this Python has no subinterpreters")


def test_one_beside_the_main_interpreter(script):
    need_subinterpreters()
    assert script(HEAD + "assert compute(2) == ONE\nprint('refused')") == "refused"


def test_one_before_the_main_interpreter(tmp_path, monkeypatch):
    """Which imports it after that as if nothing had been."""
    need_subinterpreters()
    monkeypatch.setattr("isolated.PRELUDE", "")
    text = HEAD + "import fastmlp\nprint(fastmlp.Sequential().name)"
    assert run_script(tmp_path / "script.py", text) == "sequential"


def test_the_door_wants_the_gil():
    """A free-threaded Python puts it back, and says so; unless the build told it that it need not."""
    root = Path(__file__).parent.parent
    asked = [path.name for path in [root / "setup.py", *(root / "src/fastmlp").rglob("*.p[yx][xi]")]
             if "freethreading_compatible" in path.read_text().lower()]  # fmt: skip
    assert asked == []
