"""The examples in docstrings and in the README run and print what they say."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import pkgutil
import re
from pathlib import Path

import fastmlp
import pytest

README = Path(__file__).resolve().parents[1] / "README.md"
# rooms whose modules need packages that are not installed with fastmlp, or run something when imported
ELSEWHERE = ("fastmlp.__main__", "fastmlp.lectures", "fastmlp.visual", "fastmlp.keras", "fastmlp.tf",
             "fastmlp.bench.contestants.", "fastmlp.neighbours.torch_modules",
             "fastmlp.neighbours.torch_writing")  # fmt: skip
ELSEWHERE += () if importlib.util.find_spec("sklearn") else ("fastmlp.sklearn",)
MODULES = ["fastmlp"] + [
    module.name
    for module in pkgutil.walk_packages(fastmlp.__path__, "fastmlp.")
    if not module.name.startswith(ELSEWHERE) and not module.name.endswith("._core")
]


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_some_docstrings_have_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [t for name in MODULES for t in finder.find(importlib.import_module(name)) if t.examples]
    assert len(found) >= 3


def test_readme_examples(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where an example may save a model
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    assert blocks, "the README shows the package at work"
    for block in blocks:
        exec(compile(block, str(README), "exec"), {})
    capsys.readouterr()
