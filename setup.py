"""Builds the one extension module: the kernels once per level and element type, everything else once.

What varies is read from the environment, so that a plain ``pip install .`` needs no flags:

FASTMLP_LEVELS     comma-separated subset of the levels to build, for a quicker developer's build
FASTMLP_OPENMP=0   build single-threaded
FASTMLP_DEBUG=1    C assertions, -O1, debug symbols
FASTMLP_SANITIZE   'address,undefined' or 'thread'
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

X86 = platform.machine().lower() in {"x86_64", "amd64"}
ARM = platform.machine().lower() in {"aarch64", "arm64"}

# A level: the flags that let the compiler use its instructions. GCC 12 knows no recent AMD by name: features are named.
LEVELS = {"scalar": []}
if X86:
    LEVELS["avx2"] = ["-mavx2", "-mfma", "-mbmi2"]
    LEVELS["avx512"] = [
        *LEVELS["avx2"],
        *("-mavx512f", "-mavx512vl", "-mavx512dq", "-mavx512bw", "-mprefer-vector-width=512"),
    ]
elif ARM:
    LEVELS["neon"] = []

DEBUG = os.environ.get("FASTMLP_DEBUG") == "1"
SANITIZE = os.environ.get("FASTMLP_SANITIZE", "")

# No fast-math of any kind and no contraction: the bits must not depend on the level, so every fused multiply-add is
# written out. -fno-math-errno only spares sqrt() a branch.
STRICT = ["-std=c11", "-ffp-contract=off", "-fno-math-errno", "-fvisibility=hidden"]
WARN = ["-Wall", "-Wextra", "-Wno-unused-parameter", "-Wno-unused-function", "-Wno-unknown-pragmas"]
SPEED = ["-O1", "-g", "-UNDEBUG"] if DEBUG or SANITIZE else ["-O3", "-g0", "-DNDEBUG"]
KERNELS_ONLY = ["-Werror=aggressive-loop-optimizations"]  # this warning has come with wrong results before

FRAMEWORK = sorted(str(p) for p in Path("csrc/framework").glob("*.c"))
TABLE = "csrc/kernels/table.c"
DOOR = "src/fastmlp/_core.pyx"


class BuildExt(build_ext):
    """Compiles table.c per level and element type beside the ordinary sources."""

    def build_extension(self, ext: Extension) -> None:
        """Find out what the compiler can do, build the tables, hand the objects to the extension."""
        if self.compiler.compiler_type != "unix":
            raise SystemExit("fastmlp: expected GCC or Clang, got an MSVC-style compiler; build with one of those two")
        flags = STRICT + SPEED
        link: list[str] = []
        if SANITIZE:
            flags += [f"-fsanitize={SANITIZE}", "-fno-omit-frame-pointer", "-fno-sanitize-recover=undefined"]
            link += [f"-fsanitize={SANITIZE}"]
        openmp = self._openmp()
        flags += openmp
        link += openmp

        levels = list(LEVELS)
        if os.environ.get("FASTMLP_LEVELS"):
            wanted = os.environ["FASTMLP_LEVELS"].split(",")
            if unknown := [name for name in wanted if name not in LEVELS]:
                raise SystemExit(f"fastmlp: FASTMLP_LEVELS: expected a subset of {','.join(LEVELS)}, got {unknown}")
            levels = ["scalar", *(name for name in LEVELS if name in wanted and name != "scalar")]
        ext.define_macros += [(f"FM_BUILD_{name.upper()}", "1") for name in levels]
        ext.extra_compile_args += flags
        ext.extra_link_args += link
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            jobs = [pool.submit(self._table, name, bits, flags) for name in levels for bits in (32, 64)]
            ext.extra_objects = [job.result() for job in jobs]
        super().build_extension(ext)

    def _table(self, level: str, bits: int, flags: list[str]) -> str:
        """Compile the kernels for one level and element type into an object of their own folder."""
        (obj,) = self.compiler.compile(
            [TABLE],
            output_dir=str(Path(self.build_temp, f"{level}_{bits}")),
            macros=[
                (f"FM_LEVEL_{level.upper()}", "1"),
                ("FM_LEVEL", level),
                ("FM_BITS", str(bits)),
                ("FM_TABLE", f"fm_kernels_{level}_{bits}"),
            ],
            extra_postargs=[*flags, *WARN, *KERNELS_ONLY, *LEVELS[level]],
            depends=HEADERS,
        )
        return str(obj)

    def _openmp(self) -> list[str]:
        """The OpenMP flag, if a program using it compiles and links; none, with a word about it, otherwise."""
        if os.environ.get("FASTMLP_OPENMP") == "0":
            print("fastmlp: building single-threaded, as FASTMLP_OPENMP=0 asks", file=sys.stderr)
            return []
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "probe.c")
            source.write_text("#include <omp.h>\nint main(void) { return omp_get_max_threads() < 1; }\n")
            command = [*self.compiler.compiler_so, "-fopenmp", str(source), "-o", str(Path(folder, "probe"))]
            try:
                subprocess.run(command, check=True, capture_output=True)
            except (OSError, subprocess.CalledProcessError):
                print("fastmlp: no OpenMP (a program using it did not build): single-threaded", file=sys.stderr)
                return []
        return ["-fopenmp"]


HEADERS = sorted(str(p) for p in Path("csrc").rglob("*.h"))
DOOR_PARTS = sorted(str(p) for p in Path("src/fastmlp/_door").glob("*.pxi"))


def extension() -> list[Extension]:
    """The extension: Cython gets the .pyx alone, for it would copy C sources into its build folder."""
    ext = Extension(
        "fastmlp._core",
        [DOOR],
        include_dirs=["csrc", numpy.get_include()],
        define_macros=[("NPY_NO_DEPRECATED_API", "NPY_1_7_API_VERSION")],
        depends=[DOOR, *DOOR_PARTS, *HEADERS, TABLE],
    )
    (ext,) = cythonize([ext], build_dir="build", language_level=3)
    ext.sources += FRAMEWORK
    return [ext]


options: dict[str, Any] = {"ext_modules": extension(), "cmdclass": {"build_ext": BuildExt}}
setup(**options)
