"""Nothing a file says is run: the sources neither evaluate, unpickle nor import by a name that is not their own."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import fastmlp
import pytest

PACKAGE = Path(fastmlp.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
ROOT = Path(__file__).resolve().parents[1]

MODULES = {
    "pickle",
    "cPickle",
    "_pickle",
    "marshal",
    "shelve",
    "dill",
    "cloudpickle",
    "joblib",
    "yaml",
    "runpy",
    "code",
}
CALLS = {"eval", "exec", "compile", "__import__", "import_module", "read_pickle", "execfile"}

# Where such a call stands, and why that is no door: what is named comes from no file.
ALLOWED = {
    ("__init__.py", "import_module"): "a module of ours, by a table of names here",
    ("__main__.py", "import_module"): "a module of ours, by the command line",
    ("_interpreter.py", "import_module"): "a module of CPython's, by two names here",
    ("_validate.py", "import_module"): "a package that the caller names, a literal everywhere",
    ("autodiff/primitive.py", "import_module"): "a function of ours, for pickle, which whoever reads a pickle trusts",
    ("bench/contestants/__init__.py", "import_module"): "a module of ours, by a table of names here",
    ("exporting/__init__.py", "import_module"): "a module of ours, by the format that the user says",
    ("lectures/__init__.py", "import_module"): "a module of ours, by a list of names here",
    ("models/wiring.py", "import_module"): "a module of ours, one of those that lie in fastmlp.autodiff",
    (
        "neighbours/keras_names.py",
        "import_module",
    ): "a module of ours, by a literal: classes are looked up in it",
    ("sklearn/__main__.py", "compile"): "the user's own script, as python runs it",
    ("sklearn/__main__.py", "exec"): "the user's own script, as python runs it",
    ("sklearn/__main__.py", "runpy"): "the user's own script, as python runs it",
    ("tf/_spelling.py", "eval"): "names of parameters of our own functions, when the module is imported",
}


def name_of(function):
    """The last part of what is called: eval, import_module."""
    return getattr(function, "id", None) or getattr(function, "attr", "")


def is_method_of_its_own(call):
    """``re.compile``, ``model.compile``, ``module.eval``: not the built-in function."""
    return isinstance(call.func, ast.Attribute) and call.func.attr in {"compile", "eval", "exec"}


def found_in(text):
    """What a source does that could run what a file holds, as words."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES and not node.level:
            found.append(node.module)
        elif isinstance(node, ast.Call):
            name = name_of(node.func)
            literal = bool(node.args) and isinstance(node.args[0], ast.Constant)
            imports = name in {"import_module", "__import__"}
            if name in CALLS and not is_method_of_its_own(node) and not (imports and literal):
                found.append(name)
            if name == "need_package" and not isinstance(node.args[1], ast.Constant):
                found.append(name)
            found += [
                "allow_pickle" for word in node.keywords if word.arg == "allow_pickle" and not is_false(word.value)
            ]
            is_numpys = (
                name == "load" and isinstance(node.func, ast.Attribute) and name_of(node.func.value) in {"np", "numpy"}
            )
            if is_numpys and not any(word.arg == "allow_pickle" for word in node.keywords):
                found.append("np.load")
    return found


def is_false(node):
    return isinstance(node, ast.Constant) and node.value is False


@pytest.mark.parametrize(("text", "what"), [
    ("eval('1')", "eval"), ("exec(code)", "exec"), ("compile(a, b, c)", "compile"), ("import pickle", "pickle"),
    ("from marshal import loads", "marshal"), ("import json, shelve", "shelve"), ("__import__(name)", "__import__"),
    ("importlib.import_module(f'a.{name}')", "import_module"), ("import_module(name)", "import_module"),
    ("np.load(path)", "np.load"), ("np.load(path, allow_pickle=True)", "allow_pickle"),
    ("np.load(path, allow_pickle=yes)", "allow_pickle"), ("pandas.read_pickle(path)", "read_pickle"),
    ("need_package('x', name, name, '')", "need_package"), ("import yaml", "yaml"),
])  # fmt: skip
def test_what_is_looked_for_is_found(text, what):
    assert found_in(text) == [what]


@pytest.mark.parametrize("text", [
    "re.compile('a')", "model.eval()", "import_module('fastmlp.models')", "np.load(path, allow_pickle=False)",
    "from fastmlp.code import x", "json.loads(text)", "need_package('x', 'h5py', 'h5py', '')",
])  # fmt: skip
def test_what_is_harmless_is_not(text):
    assert found_in(text) == []


def test_the_sources_run_nothing_that_a_file_says():
    found = {(path.relative_to(PACKAGE).as_posix(), what) for path in SOURCES for what in found_in(path.read_text())}
    assert found
    assert found - set(ALLOWED) == set(), "read data, not code; or say in ALLOWED why no file gets there"
    assert set(ALLOWED) - found == set(), "allowed for nothing: take it out"


def test_rooms_that_read_files_import_by_literal_names_alone():
    rooms = ("saving", "data", "cli", "callbacks")
    assert not [place for place, _ in ALLOWED if place.split("/")[0] in rooms]


def test_c_reads_no_files():
    """Bytes of files come to C as numbers in arrays, which the door has checked."""
    if not (ROOT / "csrc").is_dir():
        pytest.skip("the sources are not beside the tests")
    calls = re.compile(r"\b(f?open|openat|fdopen|fread|fgets|fscanf|mmap|popen|system|dlopen|exec\w+)\s*\(")
    texts = [*(ROOT / "csrc").rglob("*.[ch]"), *(ROOT / "src").rglob("*.px[id]"), *(ROOT / "src").rglob("*.pyx")]
    assert len(texts) > 20
    without = {path: re.sub(r"/\*.*?\*/|//.*", "", path.read_text(), flags=re.DOTALL) if path.suffix in {".c", ".h"}
               else path.read_text() for path in texts}  # fmt: skip
    assert not [path.name for path, text in without.items() if calls.search(text)]
    assert calls.search("x = fopen (name)")
