"""Runs a program of scikit-learn's, unchanged, with its networks in C; all else is as plain Python has it.

usage: python -m fastmlp.sklearn script.py [argument ...]
       python -m fastmlp.sklearn -m module [argument ...]
       python -m fastmlp.sklearn -c code [argument ...]
"""

from __future__ import annotations

import builtins
import os
import runpy
import sys
import zipfile
from importlib.machinery import BuiltinImporter, SourceFileLoader
from types import CodeType, ModuleType, TracebackType
from typing import Any

from fastmlp.sklearn.patching import patch

_NOT_THE_PROGRAM = {__file__, runpy.run_path.__code__.co_filename}


def main() -> None:
    """Run what the command line names."""
    usage, arguments = str(__doc__), sys.argv[1:]
    if arguments[:1] in (["-h"], ["--help"]):
        print(usage.strip())
        return
    flagged = arguments[:1] in (["-m"], ["-c"])
    if len(arguments) < 1 + flagged or (arguments[0].startswith("-") and not flagged):
        print(usage.partition("\n\n")[2].strip(), file=sys.stderr)
        raise SystemExit(2)
    patch()
    try:
        _run(arguments)
    except BaseException as error:
        trace = _of_the_program(error)
        if trace is not None:
            _keep(trace.tb_frame.f_globals)
        elif isinstance(error, ImportError):  # runpy's: there is no such module
            raise SystemExit(f"{sys.executable}: {error}") from None
        _show_without_us(trace)
        raise


def _run(arguments: list[str]) -> None:
    """With the `sys.argv` and ``sys.path[0]`` that the program has without us."""
    name = arguments[0]
    sys.argv = ["-c", *arguments[2:]] if name == "-c" else arguments[name == "-m" :]
    if name == "-m":  # with the same first place to look in as our own -m
        _keep(runpy.run_module(arguments[1], run_name="__main__", alter_sys=True))
    elif name == "-c":
        _look_first_in("")
        _execute(compile(arguments[1], "<string>", "exec", dont_inherit=True), __loader__=BuiltinImporter)
    elif os.path.isdir(name) or zipfile.is_zipfile(name):
        _look_first_in()  # run_path looks there
        _keep(runpy.run_path(name, run_name="__main__"))
    else:
        _run_script(name)


def _run_script(name: str) -> None:
    path = os.path.abspath(name)
    loader = SourceFileLoader("__main__", path)
    try:
        text = loader.get_data(path)
    except OSError as error:
        print(f"{sys.executable}: can't open file {path!r}: [Errno {error.errno}] {error.strerror}", file=sys.stderr)
        raise SystemExit(2) from None
    _look_first_in(os.path.dirname(os.path.realpath(name)))
    code: CodeType = compile(text, path, "exec", dont_inherit=True)
    _execute(code, __file__=path, __loader__=loader, __cached__=None)


def _execute(code: CodeType, **names: Any) -> None:
    module = sys.modules["__main__"] = ModuleType("__main__")
    vars(module).update(names, __builtins__=builtins)
    exec(code, vars(module))


def _look_first_in(*directory: str) -> None:
    """Not where ``python -m fastmlp.sklearn`` was told to; but with ``python -P`` that is nowhere."""
    if not getattr(sys.flags, "safe_path", False):
        sys.path[:1] = directory


def _keep(names: dict[str, Any]) -> None:
    """What threads, functions at exit and ``python -i`` look for in ``__main__``; runpy takes it from there."""
    vars(sys.modules["__main__"]).update(names)


def _of_the_program(error: BaseException) -> TracebackType | None:
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename in _NOT_THE_PROGRAM:
        trace = trace.tb_next
    return trace


def _show_without_us(trace: TracebackType | None) -> None:
    """When Python shows the error that ends the program, its traceback is this."""
    show = sys.excepthook

    def hook(kind: type[BaseException], error: BaseException, _: Any) -> None:
        sys.excepthook = show
        show(kind, error.with_traceback(trace), trace)

    sys.excepthook = hook


if __name__ == "__main__":
    main()
