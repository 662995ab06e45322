"""``python -m fastmlp.lectures``: the list of lectures, or one of them."""

from __future__ import annotations

import sys

from fastmlp._validate import unknown
from fastmlp.lectures import COURSE, load, names, show


def contents() -> str:
    """What there is, a line each."""
    lines = [__doc__.split(":")[0].strip("`") + " NAME [--plot FILE] runs one of these."]
    for part, members in COURSE.items():
        lines += ["", part]
        lines += [f"  {name:22} {(load(name).__doc__ or '').splitlines()[0]}" for name in members.split()]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Run the lecture that is named first; without a name, list them. Returns 2 for a name that is none."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(contents())
        return 0
    name, *rest = arguments
    try:
        if name not in names():
            unknown("lectures", name, names())
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    module = load(name)
    show(module.lecture, module.picture, rest, f"python -m fastmlp.lectures {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
