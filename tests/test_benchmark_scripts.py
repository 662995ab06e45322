"""The scripts in benchmarks/: what they find, on small cases."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import fastmlp
import numpy as np
import pytest
from fastmlp import _core

growth = pytest.importorskip("bench_growth", reason="the benchmarks are not beside the tests")
cases = pytest.importorskip("kernel_cases")


@pytest.fixture(autouse=True)
def as_before():
    """The number of threads as it was."""
    yield
    fastmlp.set_num_threads(None)


def run(script, *arguments):
    """What a script prints."""
    command = [sys.executable, str(Path(growth.__file__).with_name(script)), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def grown(*points):
    """Rows of a scan from (value, work, seconds)."""
    return [{"value": value, "work": work, "seconds": {"1": seconds}} for value, work, seconds in points]


def test_a_smaller_size_that_costs_more_is_a_cliff():
    rows = grown((8, 64, 1.0), (16, 256, 8.0), (17, 289, 8.5), (32, 1024, 4.0))
    assert growth.suspects(rows, "1", 1.5) == [
        ("leap", 1, 0),
        ("dearer than larger", 1, 3),
        ("dearer than larger", 2, 3),
    ]


def test_time_that_grows_as_the_work_does_is_none():
    rows = grown((1, 10, 1.0), (2, 20, 1.1), (4, 40, 1.3), (8, 80, 2.6))
    assert growth.suspects(rows, "1", 1.5) == []


def test_growth_scans_what_it_says(tmp_path):
    file = tmp_path / "found.json"
    text = run("bench_growth.py", "--scans", "depth-8", "tiny", "--threads", "1", "--seconds", "0", "--rounds", "1",
               "--json", str(file))  # fmt: skip
    found = json.loads(file.read_text())
    assert [row["value"] for row in found["tiny"]["rows"]] == list(growth.up_to(33))
    assert all(row["seconds"]["1"] > 0 for scan in found.values() for row in scan["rows"])
    assert {row["path"] for row in found["tiny"]["rows"]} == {"tiny", "plain"}
    assert "| 16 | 2-16-16-1 | 32 | tiny |" in text


def test_every_scan_has_networks_of_its_values():
    for name, scan in growth.SCANS.items():
        for value in scan.values:
            widths, batch, rows = scan.at(value)
            assert value in (*widths, batch, rows, len(widths), len(widths) - 1), name
            assert len(widths) >= 2, name


def families():
    """Those of the registry, as the C that offers them names them."""
    source = Path(growth.__file__).parents[1] / "csrc" / "framework" / "dispatch.c"
    return re.findall(r'FM_FAMILY\("(\w+)"', source.read_text())


def test_every_family_of_kernels_is_measured():
    found = families()
    assert len(found) > 8
    assert set(found) <= cases.FAMILIES.keys(), "write a function for it in benchmarks/kernel_cases.py"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("family", cases.FAMILIES)
def test_every_kernel_has_cases_that_run(family, dtype, monkeypatch):
    monkeypatch.setattr(cases, "WIDE", (3, 5))
    monkeypatch.setattr(cases, "NARROW", (6, 4))
    found = list(cases.FAMILIES[family](dtype))
    assert {case.name.split()[0] for case in found} >= set(_core.registry(family))
    for case in found:
        assert case.footprint > 0
        assert case.traffic > 0
        result = case.call()
        for part in result if isinstance(result, tuple) else (result,):
            assert part is None or np.isfinite(part).all(), case.name


def test_bytes_are_those_of_the_arrays(monkeypatch):
    monkeypatch.setattr(cases, "WIDE", (4, 8))
    adam = next(case for case in cases.optimizer("float64") if case.name == "adam")
    assert adam.footprint == 4 * 4 * 8 * 8, "gradient, weights, two slots"
    assert adam.traffic == (4 + 3) * 4 * 8 * 8, "the gradient is only read"


def test_the_kernels_are_held_against_the_machine(tmp_path):
    file = tmp_path / "found.json"
    text = run(
        "bench_kernels.py", "--family", "constraint", "--threads", "1", "--dtype", "float32", "--json", str(file)
    )
    (table,) = json.loads(file.read_text())["tables"]
    assert {row["name"] for row in table["kernels"]} == set(_core.registry("constraint"))
    assert all(row["share"] > 0 and row["rate"] == row["traffic"] / row["seconds"] for row in table["kernels"])
    assert "| constraint | max_norm |" in text
