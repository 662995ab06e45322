"""The house rules, read off the sources: who may import whom, what may stand where, how long a file gets."""

from __future__ import annotations

import ast
import graphlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
if not (ROOT / "csrc").is_dir():
    pytest.skip("the sources are not beside the tests", allow_module_level=True)

PACKAGE = ROOT / "src" / "fastmlp"
PYTHON = sorted(PACKAGE.rglob("*.py"))
C = sorted((ROOT / "csrc").rglob("*.[ch]"))
OWN_TEXT = [
    path
    for folder in ("src", "csrc", "tests", "benchmarks", ".ci")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.is_file()
    and path.suffix in {"", ".py", ".pyi", ".pyx", ".pxi", ".c", ".h", ".supp"}
    and not path.parent.name.endswith(".egg-info")  # a build leaves it
] + [path for path in sorted(ROOT.iterdir()) if path.suffix in {".py", ".toml", ".md"}]

# The storeys of src/fastmlp, ground floor first. A module may import from its own storey and from those below.
STOREYS = [
    "_interpreter _locks _validate _spelling compat _objects _room _warp _arrays _core config mixed_precision",
    "random autodiff",
    "variables activations ops initializers regularizers constraints losses metrics optimizers schedules runtime",
    "lowering program eager",
    "layers",
    "saving neighbours exporting",
    "models",
    "callbacks data utils",
    "sklearn keras tf distributed visual lectures bench acceleration",
    "cli",
    "__main__",
]
STOREY = {name: i for i, names in enumerate(STOREYS) for name in names.split()}


def relative(path):
    return path.relative_to(ROOT).as_posix()


def without_comments(path):
    """The text of a C file, its comments blanked and its lines kept."""
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m[0].count("\n"), path.read_text(), flags=re.DOTALL)
    return re.sub(r"//.*", "", text)


def lines_with(pattern, paths):
    """``file:line: text`` wherever a pattern occurs in C code."""
    found = re.compile(pattern)
    return [
        f"{relative(path)}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(without_comments(path).splitlines(), 1)
        if found.search(line)
    ]


# ---- Python


def is_for_type_checkers(node):
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def imported(tree, package, everywhere=True):
    """Full names a module imports; what only type checkers see is left out, as is (if asked) what functions import."""
    names = []
    for node in tree.body if isinstance(tree, ast.Module) else ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parent = package.rsplit(".", node.level - 1)[0] if node.level > 1 else package
            base = ".".join(filter(None, [parent if node.level else "", node.module or ""]))
            names += [f"{base}.{alias.name}" for alias in node.names]
        elif not is_for_type_checkers(node) and (everywhere or not isinstance(node, (ast.FunctionDef, ast.ClassDef))):
            names += imported(node, package, everywhere)
    return names


def module_name(path):
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def package_of(path):
    return ".".join(path.relative_to(PACKAGE.parent).parts[:-1])


def top(name):
    """The room under fastmlp a full name lies in, '' for names of the package itself."""
    parts = name.split(".")
    return parts[1] if parts[0] == "fastmlp" and len(parts) > 1 and parts[1] in STOREY else ""


@pytest.mark.parametrize("path", PYTHON, ids=relative)
def test_nothing_imports_upward(path):
    room = module_name(path).split(".")[1:2]
    if not room:  # fastmlp/__init__.py: exports from everywhere
        return
    assert room[0] in STOREY, f"add '{room[0]}' to its storey in tests/test_layout.py"
    names = imported(ast.parse(path.read_text()), package_of(path))
    upward = [name for name in names if top(name) and STOREY[top(name)] > STOREY[room[0]]]
    assert not upward, f"{relative(path)} may import from its own storey and below only, not {upward}"


def test_no_import_cycles():
    modules = {module_name(path): path for path in PYTHON}
    graph = {}
    for module, path in modules.items():
        if path.name == "__init__.py":  # importing one is importing what it exports, in that order
            continue
        names = imported(ast.parse(path.read_text()), package_of(path), everywhere=False)
        graph[module] = {m for name in names for m in (name, name.rpartition(".")[0]) if m in modules and m != module}
    assert graph
    list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError, which names the cycle


def test_src_imports_neither_tests_nor_benchmarks():
    outside = {"tests", "benchmarks", "conftest", "pytest", "reference"}
    outside |= {path.stem for path in (ROOT / "tests").glob("*.py")} - {"random"}
    found = {
        (relative(path), name)
        for path in PYTHON
        for name in imported(ast.parse(path.read_text()), package_of(path))
        if name.split(".")[0] in outside
    }
    assert not found


@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "reference").glob("*.py")), ids=relative)
def test_references_import_numpy_only(path):
    roots = {name.split(".")[0] for name in imported(ast.parse(path.read_text()), "reference")}
    assert roots <= {"numpy", "__future__", "reference", "math"}, "a twin is written independently of what it checks"


def test_importing_fastmlp_loads_numpy_and_nothing_heavier():
    code = (
        "import sys, numpy, contextlib, collections\n"
        "before = set(sys.modules)\n"
        "import fastmlp\n"
        "print(*(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    new = {name.split(".")[0] for name in done.stdout.split()} - set(sys.stdlib_module_names)
    new -= {"_interpreters", "_xxsubinterpreters"}  # CPython's too, though some versions do not list them
    assert "fastmlp" in new
    assert {name for name in new if not name.startswith("_cython")} <= {"fastmlp", "numpy", "cython_runtime"}


# ---- C


def test_c_includes_point_downward():
    """Simd ← kernels ← table.c; the framework sees fastmlp.h, kernels.h and its own headers."""
    allowed = {"csrc": {"fastmlp.h"}, "framework": {"fastmlp.h", "kernels.h"}, "simd": set(), "kernels": set()}
    wrong = []
    for path in C:
        for name in re.findall(r'^\s*#\s*include\s+"([^"]+)"', path.read_text(), flags=re.MULTILINE):
            target = (path.parent / name).resolve().relative_to(ROOT / "csrc")
            below = allowed[path.parent.name] | ({"kernels.h", "simd/simd.h"} if path.name == "table.c" else set())
            if target.as_posix() not in below and target.parent.name != path.parent.name:
                wrong.append(f"{relative(path)} includes {target}")
    assert not wrong
    assert not lines_with(r"#\s*include\s*<.*(fastmlp|kernels|simd|internal)", C), "ours are included with quotes"


def test_the_door_sees_fastmlp_h_alone():
    door = [PACKAGE / "_core.pyx", *(PACKAGE / "_door").glob("*.pxi")]
    headers = {name for path in door for name in re.findall(r'cdef extern from "([^"]+)"', path.read_text())}
    assert headers == {"fastmlp.h"}


def test_kernels_know_no_threads():
    paths = [path for path in C if path.parent.name in {"kernels", "simd"}]
    assert paths
    assert not lines_with(r"\bomp\b|\bomp_|_OPENMP|pthread|stdatomic", paths)


def test_intrinsics_stay_in_simd():
    paths = [path for path in C if path.parent.name != "simd" and path.name not in {"cpu.c", "float_mode.h"}]
    pattern = r"\b_mm\d*_|__m(128|256|512)|__builtin_ia32|immintrin|arm_neon|\bv\w+q_[fsu]\d\d\b|__asm__"
    assert not lines_with(pattern, paths)


def test_only_workspace_allocates_and_nothing_prints_or_ends_the_process():
    names = "[mc]alloc|realloc|reallocarray|free|aligned_alloc|posix_memalign|memalign|valloc|alloca|strn?dup|mmap"
    assert not lines_with(rf"\b(__builtin_)?({names})\s*\(", [path for path in C if path.name != "workspace.c"])
    assert not lines_with(r"\b(f?printf|puts|exit|abort)\s*\(", C)
    door = "".join(path.read_text() for path in [PACKAGE / "_core.pyx", *(PACKAGE / "_door").glob("*.pxi")])
    assert not re.search(rf"libc\.stdlib|PyMem_|PyDataMem|\b({names})\(", door), "the door takes fm_alloc, too"
    assert '"-Wvla"' in (ROOT / "setup.py").read_text(), "nor do arrays of a length known late"


def test_everything_in_kernels_and_simd_is_static():
    """A visible function compiled with AVX-512 could be the copy the linker keeps for every CPU."""
    paths = [path for path in C if path.parent.name in {"kernels", "simd"}]
    stamped = {name for p in paths for name in re.findall(r"#define (\w+)\([^)]*\)\s*\\?\s*static\b", p.read_text())}
    definition = r"^(?!static\b|FM_INLINE\b|typedef\b|struct\b|enum\b|union\b|extern\b|#|\s|\}).*\)\s*\{"
    assert not [line for line in lines_with(definition, paths) if line.split(": ")[1].split("(")[0] not in stamped]


# ---- all


@pytest.mark.parametrize("path", OWN_TEXT, ids=relative)
def test_files_are_short_and_know_no_machine(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 400, "split it by operation"
    homes = "|".join(("root", "home", "work", "Users"))  # spelled apart, so that this line is none of them
    assert not re.search(rf"(?<![\w.$}}])/({homes})/\w", text), "a path of one machine"


def test_build_files_ask_for_no_loose_arithmetic():
    text = "".join((ROOT / name).read_text() for name in ("setup.py", "pyproject.toml"))
    assert not re.search(r"-Ofast|-ffast-math|-funsafe|-march=native|-mtune=native|-ffp-contract=(?!off)", text)
    assert "-ffp-contract=off" in text


def test_the_top_level_is_fixed():
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout")
    found = {name.split("/")[0] for name in listing.stdout.splitlines() if not name.startswith(".")}
    files = {"pyproject.toml", "setup.py", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE"}
    assert found == files | {"src", "csrc", "tests", "benchmarks"} & found, "a new thing at the top level"
