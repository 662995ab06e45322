"""Builds the one extension module: the kernels once per level and element type, everything else once.

What varies is read from the environment, so that a plain ``pip install .`` needs no flags:

FASTMLP_LEVELS     comma-separated subset of the levels to build, for a quicker developer's build
FASTMLP_OPENMP=0   build single-threaded
FASTMLP_DEBUG=1    C assertions, -O1, debug symbols
FASTMLP_SANITIZE   'address,undefined' or 'thread'; implies FASTMLP_DEBUG
FASTMLP_WERROR=1   a warning in our own C ends the build
"""

from __future__ import annotations

import ast
import hashlib
import os
import platform
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

X86 = platform.machine().lower() in {"x86_64", "amd64"}
ARM = platform.machine().lower() in {"aarch64", "arm64"}

# A level: the flags that let the compiler use its instructions. GCC 12 knows no recent AMD by name: features are named.
LEVELS: dict[str, list[str]] = {"scalar": ["-O1"]}  # for completeness, not for speed: half the time to compile
if X86:
    LEVELS["avx2"] = ["-mavx2", "-mfma", "-mbmi2"]
    LEVELS["avx512"] = [
        *LEVELS["avx2"],
        *("-mavx512f", "-mavx512vl", "-mavx512dq", "-mavx512bw", "-mprefer-vector-width=512"),
    ]
elif ARM:
    LEVELS["neon"] = []

SANITIZE = os.environ.get("FASTMLP_SANITIZE", "")
DEBUG = bool(SANITIZE) or os.environ.get("FASTMLP_DEBUG") == "1"
WERROR = ["-Werror"] if os.environ.get("FASTMLP_WERROR") == "1" else []

# No fast-math of any kind and no contraction: the bits must not depend on the level, so every fused multiply-add is
# written out. -fno-math-errno only spares sqrt() a branch.
STRICT = ["-std=c11", "-fno-fast-math", "-ffp-contract=off", "-fno-math-errno", "-fvisibility=hidden"]
SPEED = ["-O1", "-g1" if SANITIZE else "-g", "-UNDEBUG"] if DEBUG else ["-O3", "-g0", "-DNDEBUG"]
# One kernel signature serves kernels that need less, each table uses its share of the vocabulary, and a build without
# OpenMP or with Clang meets pragmas that are not for it.
WARN = ["-Wall", "-Wextra", "-Wno-unused-parameter", "-Wno-unused-function", "-Wno-unknown-pragmas"]
WARN += ["-Wvla"]  # memory comes from workspace.c, which can say that there is none
KERNELS_ONLY = ["-Werror=aggressive-loop-optimizations"]  # GCC: this warning has come with wrong results before

# What is in a wheel bears one date, so that two builds of the same sources by the same compiler give the same bytes.
os.environ.setdefault("SOURCE_DATE_EPOCH", "1767225600")  # the first second of 2026

TABLE = "csrc/kernels/table.c"
DOOR = "src/fastmlp/_core.pyx"


def files(pattern: str) -> list[str]:
    """The project's files that match, in the same order everywhere."""
    return sorted(path.as_posix() for path in Path().glob(pattern))


HEADERS = files("csrc/**/*.h")
FRAMEWORK = files("csrc/framework/*.c")


class BuildExt(build_ext):
    """Compiles our own C beside the door: table.c per level and element type, the framework once."""

    def build_extension(self, ext: Extension) -> None:
        """Find out what the compiler can do, compile, hand the objects to the extension."""
        if self.compiler.compiler_type != "unix":
            raise SystemExit("fastmlp: expected GCC or Clang, got an MSVC-style compiler; build with one of those two")
        self.force = True  # the flags come from the environment, whose changes no file's time shows
        flags = STRICT + SPEED
        if SANITIZE:
            flags += [f"-fsanitize={SANITIZE}", "-fno-omit-frame-pointer"]
            flags += ["-fno-sanitize-recover=undefined"] if "undefined" in SANITIZE else []
        flags += self._openmp()
        own = [*flags, *WARN, *WERROR]
        kernels = own + [flag for flag in KERNELS_ONLY if self._builds("int main(void) { return 0; }", "-Werror", flag)]
        levels = self._levels()
        built = [(f"FM_BUILD_{level.upper()}", "1") for level in levels]

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            jobs = [
                pool.submit(self._object, TABLE, f"{level}_{bits}", macros(level, bits), [*kernels, *LEVELS[level]])
                for level in reversed(levels)
                for bits in (32, 64)
            ]
            jobs += [pool.submit(self._object, source, Path(source).stem, built, own) for source in FRAMEWORK]
            ext.extra_objects = [job.result() for job in jobs]
        ext.extra_compile_args += flags
        ext.extra_link_args += [flag for flag in flags if flag.startswith(("-fsanitize", "-fopenmp"))]
        super().build_extension(ext)

    def _levels(self) -> list[str]:
        """The levels to build, plainest first; the scalar one is never left out."""
        wanted = [name for name in os.environ.get("FASTMLP_LEVELS", "").split(",") if name] or list(LEVELS)
        if unknown := [name for name in wanted if name not in LEVELS]:
            raise SystemExit(
                f"fastmlp: FASTMLP_LEVELS: expected some of {','.join(LEVELS)}, got {','.join(unknown)}; "
                "leave it unset to build all"
            )
        return [name for name in LEVELS if name == "scalar" or name in wanted]

    def _object(self, source: str, name: str, macros: list[tuple[str, str]], flags: list[str]) -> str:
        """One source compiled into a folder of its own, or what the last build left there if nothing changed since."""
        folder = Path("build", "objects", name)
        target, stamp = folder / Path(source).with_suffix(".o"), folder / "stamp"
        content = hashlib.sha256(repr((self.compiler.compiler_so, macros, flags)).encode())
        for path in [source, *HEADERS]:
            content.update(Path(path).read_bytes())
        if not (target.exists() and stamp.exists() and stamp.read_text() == content.hexdigest()):
            stamp.unlink(missing_ok=True)
            self.compiler.compile([source], output_dir=str(folder), macros=macros, extra_postargs=flags)
            stamp.write_text(content.hexdigest())
        return str(target)

    def _openmp(self) -> list[str]:
        """The OpenMP flag, if a program using it compiles and links; none, with a word about it, otherwise."""
        if os.environ.get("FASTMLP_OPENMP") == "0":
            print("fastmlp: building single-threaded, as FASTMLP_OPENMP=0 asks", file=sys.stderr)
            return []
        if self._builds("#include <omp.h>\nint main(void) { return omp_get_max_threads() < 1; }", "-fopenmp"):
            return ["-fopenmp"]
        print("fastmlp: no OpenMP (a program using it did not build): single-threaded", file=sys.stderr)
        return []

    def _builds(self, program: str, *flags: str) -> bool:
        """Whether the compiler makes a program of this text with these flags."""
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "probe.c")
            source.write_text(program + "\n")
            command = [*self.compiler.compiler_so, *flags, str(source), "-o", str(Path(folder, "probe"))]
            try:
                return subprocess.run(command, capture_output=True, check=False).returncode == 0
            except OSError:
                return False


def macros(level: str, bits: int) -> list[tuple[str, str]]:
    """What table.c is told about the level and element type it is compiled for."""
    return [
        (f"FM_LEVEL_{level.upper()}", "1"),
        ("FM_BITS", str(bits)),
        ("FM_TABLE", f"fm_kernels_{level}_{bits}"),
    ]


class BuildPy(build_py):
    """Takes the kernels' texts along, of which networks exported to C are made; a checkout has them where they are."""

    def run(self) -> None:
        """Copy what exporting/c_kernels.py reads to beside it."""
        super().run()
        for name in [] if self.editable_mode else kernel_texts():
            target = Path(self.build_lib, "fastmlp", "exporting", "csrc", name)
            target.parent.mkdir(parents=True, exist_ok=True)
            self.copy_file(str(Path("csrc", name)), str(target))


def kernel_texts() -> list[str]:
    """Those that the package names itself."""
    tree = ast.parse(Path("src/fastmlp/exporting/c_kernels.py").read_text("utf-8"))
    (texts,) = [one.value for one in tree.body if isinstance(one, ast.Assign) and one.targets[0].id == "TEXTS"]
    return ast.literal_eval(texts)


class SourceDistribution(sdist):
    """Takes the whole tests folder along, so that whoever packages the source can test what they built."""

    def make_distribution(self) -> None:
        """Add the tests to what setuptools found by itself."""
        self.filelist.extend([*files("tests/**/*.py"), *files("tests/**/*.[ch]"), "CHANGELOG.md", "CONTRIBUTING.md"])
        super().make_distribution()


def extension() -> Extension:
    """The extension: Cython gets the .pyx alone, for it would copy C sources and headers into its build folder."""
    ext = Extension(
        "fastmlp._core",
        [DOOR],
        include_dirs=["csrc", numpy.get_include()],
        define_macros=[("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")],
    )
    (ext,) = cythonize([ext], build_dir="build", language_level=3)
    ext.depends = [DOOR, *files("src/fastmlp/_door/*.pxi"), *HEADERS, TABLE, *FRAMEWORK]  # what the sdist takes along
    return ext


setup(ext_modules=[extension()], cmdclass={"build_ext": BuildExt, "build_py": BuildPy, "sdist": SourceDistribution})
