"""``python -m fastmlp``: the command line."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys

import fastmlp

COMMANDS = (
    "info",
    "bench",
    "demo",
    "train",
    "predict",
    "landscape",
)  # modules of fastmlp.cli: HELP, options(parser), run(arguments)


def main(arguments: list[str] | None = None) -> int:
    """Run the command the arguments name; returns 0, 2 for what the user can mend, 130 when interrupted."""
    parser = argparse.ArgumentParser(prog="python -m fastmlp", description=(fastmlp.__doc__ or "").split("\n")[0])
    parser.add_argument("--version", action="version", version=f"fastmlp {fastmlp.__version__}")
    parser.set_defaults(run=lambda _: parser.print_help())
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name in COMMANDS:
        module = importlib.import_module(f"fastmlp.cli.{name}")
        command = commands.add_parser(name, help=module.HELP, description=module.HELP)
        module.options(command)
        command.set_defaults(run=module.run)
    chosen = parser.parse_args(arguments)
    try:
        chosen.run(chosen)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130
    except (ValueError, OSError, ImportError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # R² is R? where it cannot be shown
    sys.exit(main())
