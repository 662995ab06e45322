"""``bench``: what this machine allows, and how fast networks train on it, by fastmlp and by the peers it finds."""

from __future__ import annotations

import argparse

from fastmlp import runtime
from fastmlp._validate import whole

HELP = "how fast networks train on this machine, beside the peers that are installed; takes less than a minute"


def options(parser: argparse.ArgumentParser) -> None:
    """What is compared, how long, and where the results go."""
    parser.add_argument("--peers", nargs="+", metavar="NAME", help="some of all contestants, or none; the default are "
                        "those installed of NumPy, scikit-learn, PyTorch and JAX")  # fmt: skip
    parser.add_argument("--full", action="store_true", help="all workloads, which takes many minutes")
    parser.add_argument("--threads", type=int, nargs="+", help="how many (default: all)")
    parser.add_argument("--seconds", type=float, default=0.5, help="how long to time epochs of each (default: 0.5)")
    parser.add_argument("--data", help="the folder with mnist.npz, else $FASTMLP_DATA; without, data are random")
    parser.add_argument("--json", metavar="FILE", help="also keep the results in this file")


def run(arguments: argparse.Namespace) -> None:
    """Measure and print a table for each number of threads."""
    from fastmlp.bench import contestants, results, workloads
    from fastmlp.bench.peers import Comparison

    threads = [whole("--threads", count) for count in arguments.threads or [runtime.get_num_threads()]]
    if not arguments.seconds > 0:
        raise ValueError(f"--seconds: expected a number above 0, got {arguments.seconds}; give some tenths")
    workloads.use_data(arguments.data)
    names = [contestants.OURS, *_peers(arguments.peers)]
    chosen = list(workloads.WORKLOADS) if arguments.full else workloads.SMALL
    record = results.Record(names, arguments.json)
    for table, rows in Comparison(chosen, names, threads, arguments.seconds).tables():
        record.add(table, rows)


def _peers(given: list[str] | None) -> list[str]:
    """Those asked for; or of the ones that start quickly those that are installed."""
    from fastmlp.bench import contestants

    if given is None:
        return [name for name in contestants.QUICK[1:] if not contestants.missing(name)]
    known = [name for name in contestants.CONTESTANTS if name != contestants.OURS]
    if given == ["none"]:
        return []
    if unknown := [name for name in given if name not in known]:
        raise ValueError(f"--peers: expected none or some of {', '.join(known)}, got {unknown[0]}; use one of these")
    return given
