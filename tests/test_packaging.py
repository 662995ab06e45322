"""What is installed: exports, stubs, marker files, version, the command line, the time an import takes."""

from __future__ import annotations

import ast
import importlib.metadata
import importlib.resources
import inspect
import os
import shutil
import subprocess
import sys
from pathlib import Path

import fastmlp
import fastmlp.__main__
import numpy as np
import pytest
from fastmlp import _core

SANITIZED = "san" in os.environ.get("LD_PRELOAD", "")


def run(*arguments, **environment):
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_the_version_is_one():
    assert importlib.metadata.version("fastmlp") == fastmlp.__version__


def test_only_the_module_s_entry_is_exported():
    nm = shutil.which("nm")
    if not nm or sys.platform != "linux":
        pytest.skip("needs nm, and the symbol tables of Linux")
    listing = subprocess.run([nm, "-D", "--defined-only", _core.__file__], capture_output=True, text=True, check=True)
    names = {line.split()[-1] for line in listing.stdout.splitlines()}
    names = {name for name in names if not name.startswith(("__asan", "__odr_asan", "__ubsan", "__tsan"))}
    assert names == {"PyInit__core"}, "a symbol of ours could meet another library's"


def test_types_are_shipped():
    package = importlib.resources.files("fastmlp")
    assert (package / "py.typed").is_file()
    assert (package / "_core.pyi").is_file()


def public(names):
    return {name for name in names if not name.startswith("_")}


def stub_members(node):
    """What a class of the stub offers: its methods, properties and attributes."""
    targets = [item.target.id for item in node.body if isinstance(item, ast.AnnAssign)]
    return public([*targets, *(item.name for item in node.body if isinstance(item, ast.FunctionDef))])


def test_stub_and_door_name_the_same():
    """Every public name of the door stands in _core.pyi, with the same parameters or members, and the reverse."""
    tree = ast.parse((importlib.resources.files("fastmlp") / "_core.pyi").read_text())
    stub = {node.name: node for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    own = {name: value for name, value in vars(_core).items() if getattr(value, "__module__", "") == "fastmlp._core"}
    assert public(own)
    missing, gone = public(own.keys() - stub.keys()), stub.keys() - own.keys()
    assert not missing, f"add to src/fastmlp/_core.pyi: {sorted(missing)}"
    assert not gone, f"remove from src/fastmlp/_core.pyi: {sorted(gone)}"
    for name, node in stub.items():
        if isinstance(node, ast.ClassDef):
            inherited = set(dir(tuple)) if issubclass(own[name], tuple) else set()
            assert stub_members(node) == public(vars(own[name])) - inherited, name
        else:
            arguments = [a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            assert arguments == list(inspect.signature(own[name]).parameters), name


def test_info_tells_what_runs(capsys):
    fastmlp.__main__.main(["info"])
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert fastmlp.__version__ in rows["fastmlp"]
    assert np.__version__ in rows["NumPy"]
    assert f"in use {_core.level()} " in rows["levels"]
    assert all(name in rows["levels"] for name in _core.levels())
    assert str(fastmlp.get_num_threads()) in rows["threads"]
    assert _core.compiler() in rows["compiler"]
    if _core.openmp_version():
        assert str(_core.openmp_version()) in rows["OpenMP"]
        assert Path(_core.openmp_library()).exists()
    else:
        assert "built without" in rows["OpenMP"]


def test_info_as_a_command():
    code, out, err = run("-m", "fastmlp", "info", FASTMLP_ISA="scalar")
    assert code == 0, err
    assert "in use scalar (FASTMLP_ISA)" in out


def test_the_command_line_names_its_commands():
    code, out, _ = run("-m", "fastmlp", "--help")
    assert code == 0
    assert "info" in out
    code, _, err = run("-m", "fastmlp", "dance")
    assert code == 2
    assert "'dance'" in err


@pytest.mark.skipif(SANITIZED, reason="a sanitizer's build is slow by design")
def test_import_is_quick():
    """At most 20 ms beyond NumPy's own import: the best of nine fresh processes, for a neighbour may disturb some."""
    code = "import numpy, time; t = time.perf_counter(); import fastmlp; print(time.perf_counter() - t)"
    times = [float(run("-c", code)[1]) for _ in range(9)]
    assert min(times) <= 0.020, f"{sorted(times)}"


def test_the_extension_stays_small():
    """A wheel is about half its extension: 3 MB is the bound, 8 unpacked."""
    if SANITIZED:
        pytest.skip("a sanitizer's build is large by design")
    assert Path(_core.__file__).stat().st_size < 8e6
