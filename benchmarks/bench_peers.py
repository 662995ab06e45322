"""Milliseconds that an epoch of training takes: fastmlp beside its peers, on networks of many sizes.

    python benchmarks/bench_peers.py [--threads 1 2] [--workloads tiny …] [--contestants fastmlp jax …] [--seconds 5]
    python benchmarks/bench_peers.py --table FILE.json [--plot FILE.png]

`fastmlp.bench.peers` says how it is measured. The second form measures nothing: it makes the compact table, and the
picture, of what `--json` has kept, which is written after every workload.
"""

from __future__ import annotations

import argparse

from fastmlp import get_num_threads
from fastmlp.bench import contestants, plot, results
from fastmlp.bench.peers import Comparison
from fastmlp.bench.workloads import WORKLOADS, use_data


def options() -> argparse.Namespace:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, nargs="+", default=sorted({1, min(2, get_num_threads())}))
    parser.add_argument("--workloads", nargs="+", choices=WORKLOADS, default=list(WORKLOADS), metavar="NAME")
    known = contestants.CONTESTANTS
    parser.add_argument("--contestants", nargs="+", choices=known, default=known, metavar="NAME")
    parser.add_argument("--seconds", type=float, default=5, help="how long to time epochs of each; one at least")
    parser.add_argument("--rounds", type=int, default=1, help="how often all take their turn; the best one counts")
    parser.add_argument("--timeout", type=float, default=900, help="seconds after which a contestant is given up")
    parser.add_argument("--data", help="the folder with mnist.npz, else $FASTMLP_DATA; without, data are random")
    parser.add_argument("--json", help="also keep the results in this file")
    parser.add_argument("--plot", help="also draw them into this file, by matplotlib")
    parser.add_argument("--table", metavar="FILE.json", help="the compact table of results that were kept")
    return parser.parse_args()


def main() -> None:
    """Measure all and print a table for each number of threads; or the compact one."""
    given = options()
    if given.plot:
        plot.need_matplotlib()
    if given.table:
        found = results.read(given.table)
        print(results.summary(found))
    else:
        use_data(given.data)
        record = results.Record(given.contestants, given.json)
        how = (given.seconds, given.timeout, given.rounds)
        compared = Comparison(given.workloads, given.contestants, given.threads, *how)
        for table, rows in compared.tables():
            record.add(table, rows)
        found = record.found
    if given.plot:
        plot.draw(found["tables"], given.plot)


if __name__ == "__main__":
    main()
