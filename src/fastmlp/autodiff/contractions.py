"""Sums of products over named axes: einsum, tensordot, dot, outer."""

# mypy: disable-error-code="has-type,no-any-return"
# A primitive's gradient is made of primitives, itself among them: mypy cannot tell the type of one before the other.
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastmlp._validate import brief, whole
from fastmlp.autodiff.arithmetic import multiply
from fastmlp.autodiff.primitive import Record, as_tensors, primitive_of_many
from fastmlp.autodiff.products import matmul, product
from fastmlp.autodiff.shapes import axes_of, broadcast_to, expand_dims, put, reshape, transpose

__all__ = ["dot", "einsum", "inner", "outer", "tensordot", "vdot"]  # what Keras has of it

# ---- einsum


def _pair(words: Sequence[str], result: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Two operands without diagonals, as stacks of products of matrices by the engine's kernels."""
    kept = ["".join(c for c in w if c in result or c in other) for w, other in zip(words, words[::-1])]
    a, b = (np.einsum(f"{w}->{k}", x) for w, k, x in zip(words, kept, (a, b)))
    both = [c for c in kept[0] if c in kept[1]]
    stack, inner = "".join(c for c in both if c in result), "".join(c for c in both if c not in result)
    left, right = ("".join(c for c in k if c not in both) for k in kept)
    size = {**dict(zip(kept[0], a.shape)), **dict(zip(kept[1], b.shape))}
    n, k = (int(np.prod([size[c] for c in letters], dtype=int)) for letters in (stack, inner))
    x = np.einsum(f"{kept[0]}->{stack}{left}{inner}", a).reshape(n, -1, k) if a.size else np.zeros((n, 0, k), a.dtype)
    y = np.einsum(f"{kept[1]}->{stack}{inner}{right}", b).reshape(n, k, -1) if b.size else np.zeros((n, k, 0), b.dtype)
    found = np.stack([product(p, q) for p, q in zip(x, y)]).reshape([size[c] for c in stack + left + right])
    return np.einsum(f"{stack}{left}{right}->{result}", found)


def _einsum_back(wanted: Sequence[bool], g: Any, record: Record) -> list[Any]:
    words, result = record.settings["words"], record.settings["result"]
    return [_for_one(i, words, result, g, record.inputs) if want else None for i, want in enumerate(wanted)]


def _for_one(i: int, words: Sequence[str], result: str, g: Any, inputs: Sequence[Any]) -> Any:
    """The gradient with respect to operand i: the same sum, its letters and those of the result changed over."""
    own, others = words[i], [*words[:i], *words[i + 1 :]]
    letters = "".join(dict.fromkeys(own))  # of a diagonal once
    known = set(result).union(*others)
    found = einsum(",".join([result, *others]) + "->" + "".join(c for c in letters if c in known), g,
                   *inputs[:i], *inputs[i + 1 :])  # fmt: skip
    size = dict(zip(own, inputs[i].shape))
    for at, c in enumerate(letters):
        found = found if c in known else expand_dims(found, at)
    found = broadcast_to(found, [size[c] for c in letters])
    if letters == own:
        return found
    places = [np.arange(size[c]).reshape([-1 if c == d else 1 for d in letters]) for c in own]
    return put(found, inputs[i].shape, tuple(places))


@primitive_of_many(_einsum_back)
def _einsum(*operands: np.ndarray, words: Sequence[str], result: str) -> np.ndarray:
    plain = len(operands) == 2 and all(len(set(w)) == len(w) for w in words) and all(x.size for x in operands)
    if plain and operands[0].dtype.kind == "f":
        return np.ascontiguousarray(_pair(words, result, *operands))
    return np.asarray(np.einsum(",".join(words) + "->" + result, *operands))


def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Any:
    """The sum of products over letters that name axes: "ij,jk->ik" is the product of matrices.

    >>> einsum("ij,j->i", np.ones((2, 3)), np.arange(3.0)).numpy().tolist()
    [3.0, 3.0]
    """
    if not isinstance(subscripts, str):
        raise TypeError(f"einsum: expected letters, got {brief(subscripts)}; 'ij,jk->ik', for one")
    tensors = as_tensors(*operands)
    words, result = _letters(subscripts, [len(t.shape) for t in tensors])
    return _einsum(*tensors, words=words, result=result)


def _letters(subscripts: str, ndims: Sequence[int]) -> tuple[tuple[str, ...], str]:
    """The letters of each operand and of the result; dots as letters of their own."""
    given, arrow, result = subscripts.replace(" ", "").partition("->")
    words = given.split(",")
    if len(words) != len(ndims):
        raise ValueError(f"einsum: expected an operand for each of {words}, got {len(ndims)}; give as many")
    free = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in subscripts]
    most = max([n - len(w) + 3 for w, n in zip(words, ndims) if "..." in w], default=0)
    full = [w.replace("...", "".join(free[most - (n - len(w) + 3) : most])) for w, n in zip(words, ndims)]
    for w, n in zip(full, ndims):
        if len(w) != n or not (w.isalpha() or not w):
            raise ValueError(
                f"einsum: expected a letter for each of {n} axes, got '{w}' in {brief(subscripts)}; mend it"
            )
    dots = "".join(free[:most])
    if not arrow:
        every = "".join(full)
        result = "..." * bool(most) + "".join(sorted(c for c in set(every) if every.count(c) == 1 and c not in dots))
    result = result.replace("...", dots)
    if not set(result) <= set("".join(full)) or len(set(result)) < len(result):
        raise ValueError(f"einsum: expected letters of the operands, each once, got '{result}' in "
                         f"{brief(subscripts)}; mend it")  # fmt: skip
    return tuple(full), result


# ---- products without letters


def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Any:
    """The sum of products over the last axes of x1 and the first of x2, so many, or over pairs of axes."""
    a, b = as_tensors(x1, x2)
    n, m = len(a.shape), len(b.shape)
    if np.ndim(axes) == 0:
        if whole("tensordot: axes", np.asarray(axes).item(), 0) > min(n, m):
            raise ValueError(f"tensordot: expected at most {min(n, m)} axes, got {axes}; change axes")
        left, right = tuple(range(n - int(axes), n)), tuple(range(int(axes)))
    else:
        left, right = axes_of("tensordot", axes[0], n), axes_of("tensordot", axes[1], m)
    if [a.shape[i] for i in left] != [b.shape[i] for i in right]:
        raise ValueError(f"tensordot: expected axes of the same lengths, got {left} of {tuple(a.shape)} and {right} of "
                         f"{tuple(b.shape)}; change axes")  # fmt: skip
    free = [i for i in range(n) if i not in left], [i for i in range(m) if i not in right]
    k = int(np.prod([b.shape[i] for i in right], dtype=int))
    rows, columns = ([x.shape[i] for i in f] for x, f in zip((a, b), free))
    x = reshape(transpose(a, [*free[0], *left]), (_product_of(rows), k))
    y = reshape(transpose(b, [*right, *free[1]]), (k, _product_of(columns)))
    return reshape(matmul(x, y), [-1 if n is None else n for n in (*rows, *columns)])


def _product_of(lengths: Sequence[Any]) -> int:
    return -1 if None in lengths else int(np.prod(lengths, dtype=int))


def dot(x1: Any, x2: Any) -> Any:
    """The sum of products over the last axis of x1 and the last but one of x2; with single numbers, the product."""
    a, b = as_tensors(x1, x2)
    if not len(a.shape) or not len(b.shape):
        return multiply(a, b)
    return tensordot(a, b, ((len(a.shape) - 1,), (max(len(b.shape) - 2, 0),)))


def inner(x1: Any, x2: Any) -> Any:
    """The sum of products over the last axes."""
    a, b = as_tensors(x1, x2)
    return tensordot(a, b, ((-1,), (-1,))) if len(a.shape) and len(b.shape) else multiply(a, b)


def vdot(x1: Any, x2: Any) -> Any:
    """The sum of products of all numbers, unrolled."""
    return dot(reshape(x1, -1), reshape(x2, -1))


def outer(x1: Any, x2: Any) -> Any:
    """Each number of x1 times each of x2."""
    a, b = as_tensors(x1, x2)
    return multiply(reshape(a, (-1, 1)), reshape(b, (1, -1)))
