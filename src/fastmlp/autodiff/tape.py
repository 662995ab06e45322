"""GradientTape: writes operations down, and works gradients out of them, backwards."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from fastmlp._validate import brief, flag, unknown, user_level
from fastmlp.autodiff import tensor as listeners
from fastmlp.autodiff.arithmetic import add
from fastmlp.autodiff.primitive import Record, as_tensor
from fastmlp.autodiff.reading import READ
from fastmlp.autodiff.shapes import reshape, stack
from fastmlp.autodiff.tensor import Tensor


class GradientTape:
    """Records the operations inside its ``with`` block, and gives gradients of results with respect to sources.

    Trainable variables are watched by themselves, tensors when `watch` says so. Tapes may stand in one another:
    the outer one records what the inner one computes, which is how there are gradients of gradients.

    Parameters
    ----------
    persistent
        Whether gradients may be asked for more than once.
    watch_accessed_variables
        Whether trainable variables that are read are watched by themselves.

    Examples
    --------
    >>> x = Tensor(np.float32(3))
    >>> with GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = x * x
    >>> float(tape.gradient(y, x))
    6.0
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self.persistent = flag("GradientTape: persistent", persistent)
        self.watch_accessed_variables = flag("GradientTape: watch_accessed_variables", watch_accessed_variables)
        self._active = self._used = False
        self.reset()

    def __enter__(self) -> GradientTape:
        self._start()
        return self

    def __exit__(self, *error: Any) -> None:
        self._stop()

    def _start(self) -> None:
        if self._active:
            raise ValueError("GradientTape: expected a tape that does not record yet, got one that does; make another")
        listeners.begin(self)
        self._active = True

    def _stop(self) -> None:
        listeners.end(self)
        self._active = False

    # ---- recording

    def reset(self) -> None:
        """Forget all."""
        self._records: list[Record] = []
        self._watched: dict[int, Any] = {}  # by id, and held, so that ids stay theirs
        self._used = False

    def watch(self, tensor: Any) -> None:
        """Follow what becomes of a tensor, a variable, or each of a structure of them."""
        for one in _leaves(tensor):
            if not isinstance(one, Tensor) and not hasattr(one, "__tensor__"):
                raise TypeError(f"watch: expected a tensor or a variable, got {brief(one)}; make it one with constant")
            if np.dtype(one.dtype).kind != "f":
                warnings.warn(f"watch: expected numbers of a float type, got {one.dtype}, which have no gradient; "
                              "cast to float32", UserWarning, stacklevel=user_level())  # fmt: skip
            self._watched[id(one)] = one

    def note(self, record: Record) -> None:
        """An operation has been computed."""
        watched = self._watched
        if record.primitive is READ:
            variable = record.inputs[0]
            if self.watch_accessed_variables and variable.trainable and variable.dtype.kind == "f":
                watched[id(variable)] = variable
            if id(record.output) in watched:  # read before, and the same still
                return
        if any(id(t) in watched for t in record.inputs):
            self._records.append(record)
            watched[id(record.output)] = record.output

    def looked(self, tensor: Any) -> None:
        """It does not matter to a tape."""

    def watched_variables(self) -> tuple[Any, ...]:
        """The variables it follows, in the order in which it met them."""
        return tuple(v for v in self._watched.values() if hasattr(v, "__tensor__"))

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Within, nothing is recorded."""
        if not self._active:
            raise ValueError(
                "stop_recording: expected a tape that records, got one that does not; call it inside `with`"
            )
        self._stop()
        try:
            yield
        finally:
            self._start()

    # ---- gradients

    def gradient(
        self, target: Any, sources: Any, output_gradients: Any = None, unconnected_gradients: Any = "none"
    ) -> Any:
        """∂ Σ target / ∂ source for each source, in the structure of `sources`.

        Where there is none, it is None, and a warning says why; `unconnected_gradients` "zero" asks for zeros instead.

        Parameters
        ----------
        target
            A tensor, or a structure of them.
        sources
            A tensor or variable, or a list, tuple or dict of them.
        output_gradients
            The gradient with respect to `target` of what comes after it; ones unless given.
        """
        zeros = _wants_zeros(unconnected_gradients)
        self._use()
        targets, wanted = [_as_target(t) for t in _leaves(target)], list(_leaves(sources))
        for one in wanted:
            if not isinstance(one, Tensor) and not hasattr(one, "__tensor__"):
                raise TypeError(f"gradient: expected tensors or variables as sources, got {brief(one)}; take those "
                                "that went into the target")  # fmt: skip
        seeds = _seeds(targets, output_gradients)
        if self._active and not self.persistent:
            self._stop_for_good()
        totals = _backwards(self._records, targets, seeds, self._followed(wanted))
        found = [totals.get(id(one)) for one in wanted]
        missing = [one for one, g in zip(wanted, found) if g is None]
        if zeros:
            found = [as_tensor(np.zeros(one.shape, one.dtype)) if g is None else g for one, g in zip(wanted, found)]
        elif missing:
            self._explain(targets, missing)
        if not self.persistent:
            self._forget()
        return _filled(sources, iter(found))

    def jacobian(
        self, target: Any, sources: Any, unconnected_gradients: Any = "none", parallel_iterations: Any = None,
        experimental_use_pfor: bool = True,
    ) -> Any:  # fmt: skip
        """∂ target / ∂ source, of shape target.shape + source.shape, row by row; for small targets."""
        zeros = _wants_zeros(unconnected_gradients)
        self._use()
        (y,), wanted = [_as_target(t) for t in _leaves(target)], list(_leaves(sources))
        for one in wanted:
            if not hasattr(one, "shape"):
                raise TypeError(f"jacobian: expected tensors or variables as sources, got {brief(one)}; take those "
                                "that went into the target")  # fmt: skip
        if self._active and not self.persistent:
            self._stop_for_good()
        rows: list[dict[int, Any]] = []
        for i in range(y.size):
            seed = np.zeros(y.size, y.dtype)
            seed[i] = 1
            seeds = [as_tensor(seed.reshape(y.shape))]
            rows.append(_backwards(self._records, [y], seeds, self._followed(wanted)))
        found: list[Any] = []
        for one in wanted:
            parts = [row.get(id(one)) for row in rows]
            empty = as_tensor(np.zeros(one.shape, one.dtype))
            connected = any(part is not None for part in parts)
            if not connected and not zeros:
                self._explain([y], [one])
            filled = [empty if part is None else part for part in parts]
            shape = (*y.shape, *one.shape)
            whole = reshape(stack(filled), shape) if filled else as_tensor(np.zeros(shape, one.dtype))
            found.append(whole if connected or zeros else None)
        if not self.persistent:
            self._forget()
        return _filled(sources, iter(found))

    def batch_jacobian(self, target: Any, source: Any, unconnected_gradients: Any = "none", **_: Any) -> Any:
        """∂ target[i] / ∂ source[i] for each row i, of shape (rows, …target, …source)."""
        if not getattr(target, "shape", ()) or not hasattr(source, "shape"):
            raise TypeError(f"batch_jacobian: expected a target of rows and one source, got {brief(target)} and "
                            f"{brief(source)}; give tensors")  # fmt: skip
        n = target.shape[0]
        whole = self.jacobian(target, source, unconnected_gradients)
        if whole is None:
            return None
        at, middle = len(target.shape), (slice(None),) * (len(target.shape) - 1)
        assert len(whole.shape) == at + len(source.shape)
        return stack([whole[(i, *middle, i)] for i in range(n)])

    def _forget(self) -> None:
        """Let go of all that was computed; which variables it met, it still tells."""
        self._records = []
        self._watched = {id(v): v for v in self.watched_variables()}

    def _use(self) -> None:
        if self._used and not self.persistent:
            raise RuntimeError("gradient: expected a tape that was not asked yet, got one that gave its gradients; "
                               "make it GradientTape(persistent=True), or ask for all sources at once")  # fmt: skip
        self._used = True

    def _followed(self, sources: list[Any]) -> set[int]:
        """The ids of those that it watches, or has come across on the way: others have no gradient."""
        return {id(one) for one in sources} & self._watched.keys()

    def _stop_for_good(self) -> None:
        """Asked inside its own block: what the gradients are made of is not for itself."""
        listeners.end(self)

    def _explain(self, targets: list[Any], missing: list[Any]) -> None:
        names = ", ".join(str(getattr(one, "path", None) or brief(one)) for one in missing[:3])
        names += ", …" * (len(missing) > 3)
        recorded = {id(r.output) for r in self._records}
        unwatched = any(isinstance(one, Tensor) and id(one) not in self._watched for one in missing)
        if not any(id(t) in recorded or id(t) in self._watched for t in targets) and not unwatched:
            reason = ("the target was not computed inside this tape from anything it watches; compute predictions and "
                      "loss inside `with GradientTape()`, by operations on tensors and not by NumPy")  # fmt: skip
        elif unwatched:
            reason = ("the tape does not watch it: a tensor, not a variable; call tape.watch(it) before it is used. A "
                      "variable that was rebound (w = w - …) is one no more: write w.assign_sub(…)")  # fmt: skip
        elif any(not getattr(one, "trainable", True) and id(one) not in self._watched for one in missing):
            reason = "it is a variable with trainable=False; call tape.watch(it) if you want its gradient all the same"
        else:
            reason = ("the target does not depend on it by differentiable operations: it was not used, or its way goes "
                      "through whole numbers, argmax, comparisons, or stop_gradient")  # fmt: skip
        warnings.warn(f"gradient: None for {names}: {reason}", UserWarning, stacklevel=user_level())


def _backwards(records: list[Record], targets: list[Any], seeds: list[Any], wanted: set[int]) -> dict[int, Any]:
    """The gradients with respect to all that led to the targets, by id; those of others than `wanted` are dropped."""
    totals: dict[int, Any] = {}

    def add_to(one: Any, g: Any) -> None:
        before = totals.get(id(one))
        totals[id(one)] = g if before is None else add(before, g)

    for t, seed in zip(targets, seeds, strict=True):
        add_to(t, seed)
    needed = _leading_from(records, wanted)
    for record in reversed(records):
        g = totals.get(id(record.output))
        if g is None:
            continue
        if id(record.output) not in wanted:
            del totals[id(record.output)]
        want = [id(t) in needed for t in record.inputs]
        if any(want):
            for one, part in zip(record.inputs, record.primitive.gradients(want, g, record), strict=True):
                if part is not None and id(one) in needed:
                    add_to(one, part)
    return totals


def _leading_from(records: list[Record], wanted: set[int]) -> set[int]:
    """The ids of all that depends on what is wanted: no other gradient need be computed."""
    found = set(wanted)
    for record in records:
        if any(id(t) in found for t in record.inputs):
            found.add(id(record.output))
    return found


def _as_target(target: Any) -> Any:
    if isinstance(target, Tensor) or hasattr(target, "__tensor__"):
        return target
    raise TypeError(f"gradient: expected a tensor as target, got {brief(target)}: a number without a history; compute "
                    "the loss by operations of fastmlp, inside `with GradientTape()`")  # fmt: skip


def _seeds(targets: list[Any], given: Any) -> list[Any]:
    if given is None:
        return [as_tensor(np.ones(t.shape, t.dtype)) for t in targets]
    seeds = [as_tensor(g, t.dtype) for g, t in zip(_leaves(given), targets, strict=True)]
    for seed, t in zip(seeds, targets):
        if tuple(seed.shape) != tuple(t.shape):
            raise ValueError(f"gradient: expected output_gradients of the target's shape {tuple(t.shape)}, got "
                             f"{tuple(seed.shape)}; reshape them")  # fmt: skip
    return seeds


def _wants_zeros(choice: Any) -> bool:
    name = str(getattr(choice, "value", choice)).lower()
    if name not in ("none", "zero"):
        unknown("gradient: unconnected_gradients", choice, ["none", "zero"])
    return name == "zero"


# ---- structures of tensors


def _leaves(tree: Any) -> Iterator[Any]:
    if isinstance(tree, Mapping):
        for value in tree.values():
            yield from _leaves(value)
    elif isinstance(tree, (list, tuple)):
        for value in tree:
            yield from _leaves(value)
    else:
        yield tree


def _filled(tree: Any, values: Iterator[Any]) -> Any:
    """The structure of a tree with other leaves."""
    if isinstance(tree, Mapping):
        return {key: _filled(value, values) for key, value in tree.items()}
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*[_filled(value, values) for value in tree])
    if isinstance(tree, (list, tuple)):
        return type(tree)(_filled(value, values) for value in tree)
    return next(values)
