"""What a measurement was made on, and with."""

from __future__ import annotations

import datetime
import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import fastmlp
from fastmlp import _core
from fastmlp.bench import contestants
from fastmlp.bench.workloads import mnist_file


def cpu_name() -> str:
    """As the system calls it."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def versions(names: list[str]) -> dict[str, str]:
    """Of the packages that these contestants need, as far as they are installed."""
    packages = dict.fromkeys(package for name in names for package in contestants.packages(name))
    distributions = metadata.packages_distributions()  # the name to install is another than that to import, for some
    found = {package: metadata.version(distributions[package][0]) for package in packages if package in distributions}
    return {**found, "fastmlp": fastmlp.__version__}


def description(names: list[str]) -> dict[str, Any]:
    """Machine, versions, command, date: what stands at the head of every file of results."""
    return {
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "level": _core.level(),
        "compiler": _core.compiler(),
        "python": platform.python_version(),
        "versions": versions(names),
        "data": "MNIST and random data" if mnist_file() else "random data",
        "command": " ".join(sys.argv),
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
    }


def text(machine: dict[str, Any]) -> list[str]:
    """In words, a line each."""
    found = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return [
        f"{machine['cpu']}, {machine['cores']} cores, {machine['level']}; {machine['compiler']}",
        f"{found}; Python {machine['python']}; {machine['data']}",
    ]
