"""Compares the bits of every kernel at every level, on this CPU, on AArch64 and on older x86-64 CPUs.

Builds bits.c for this CPU and, if a cross compiler is there, for AArch64; runs it here and under qemu. Run as
``python tests/cross/compare.py``; ends with 1 when bits differ or a CPU chooses other levels than it should.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# As in setup.py, but for -O1: how well code is optimised must not change a bit either.
FLAGS = ["-std=c11", "-O1", "-ffp-contract=off", "-fno-math-errno", "-w"]
AVX2 = ["-mavx2", "-mfma", "-mbmi2"]
AVX512 = [*AVX2, *["-mavx512f", "-mavx512vl", "-mavx512dq", "-mavx512bw"]]
NATIVE = {"x86_64": {"scalar": [], "avx2": AVX2, "avx512": AVX512}, "aarch64": {"scalar": [], "neon": []}}
# What qemu is asked to be, and the levels that CPU runs. Nothing above the baseline may be touched on the first.
OLDER = {"Nehalem": ["scalar"], "Haswell": ["scalar", "avx2"]}


def build(compiler, levels, folder, static):
    """The program for one kind of CPU with all its levels."""
    jobs = [
        (
            f"{level}_{bits}.o",
            ["csrc/kernels/table.c", *flags, f"-DFM_LEVEL_{level.upper()}", f"-DFM_BITS={bits}"]
            + [f"-DFM_TABLE=fm_kernels_{level}_{bits}"],
        )
        for level, flags in levels.items()
        for bits in (32, 64)
    ]
    built = [f"-DFM_BUILD_{level.upper()}" for level in levels]
    sources = ["tests/cross/bits.c", *(str(path.relative_to(ROOT)) for path in (ROOT / "csrc/framework").glob("*.c"))]
    jobs += [(f"{Path(source).stem}.o", [source, *built]) for source in sources]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in [
            pool.submit(subprocess.run, [compiler, *FLAGS, "-c", *job, "-o", folder / name], cwd=ROOT, check=True)
            for name, job in jobs
        ]:
            done.result()
    program = folder / "bits"
    objects = [folder / name for name, _ in jobs]
    subprocess.run([compiler, *objects, *(["-static"] if static else []), "-lm", "-o", program], check=True)
    return program


def run(*command):
    """``{level: {kernel: hash}}`` as the program prints it."""
    out = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout
    hashes = {}
    for line in out.splitlines():
        level, name = line.split()[0], line.split(maxsplit=1)[1].rsplit(maxsplit=1)[0]
        hashes.setdefault(level, {})[name] = line.split()[-1]
    return hashes


def main():
    """Build, run, compare, tell."""
    machine = platform.machine()
    results, wrong = {}, []
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder, "here")
        here.mkdir()
        program = build(os.environ.get("CC", "gcc"), NATIVE[machine], here, static=False)
        for level, hashes in run(program).items():
            results[f"{level} here"] = hashes
        qemu, cross = shutil.which("qemu-aarch64"), shutil.which("aarch64-linux-gnu-gcc")
        if machine == "x86_64" and qemu and cross:
            arm = Path(folder, "arm")
            arm.mkdir()
            for level, hashes in run(qemu, build(cross, NATIVE["aarch64"], arm, static=True)).items():
                results[f"{level} on AArch64"] = hashes
        else:
            print("AArch64: left out, for qemu-aarch64 or aarch64-linux-gnu-gcc is missing")
        emulator = shutil.which("qemu-x86_64")
        for cpu, levels in OLDER.items() if machine == "x86_64" and emulator else ():
            found = run(emulator, "-cpu", cpu, program)
            results |= {f"{level} on {cpu}": hashes for level, hashes in found.items()}
            if list(found) != levels:
                wrong.append(f"{cpu}: expected levels {levels}, got {list(found)}")
        if not emulator:
            print("older x86-64 CPUs: left out, for qemu-x86_64 is missing")
    first = next(iter(results.values()))
    for place, hashes in results.items():
        names = first.keys() | hashes.keys()
        wrong += [f"{place}: {name} differs" for name in names if first.get(name) != hashes.get(name)]
    print(*sorted(wrong), sep="\n")
    print(f"{len(first)} kernels on {', '.join(results)}: {'DIFFERENT' if wrong else 'the same bits'}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
