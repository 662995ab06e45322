"""What the operators of tensors do: +, @, ==, x[…] and so on."""

from __future__ import annotations

from typing import Any

from fastmlp.autodiff import comparisons, tensor
from fastmlp.autodiff.arithmetic import add, divide, multiply, negative, subtract
from fastmlp.autodiff.extremes import absolute
from fastmlp.autodiff.functions import power
from fastmlp.autodiff.primitive import Primitive, as_tensors
from fastmlp.autodiff.products import matmul
from fastmlp.autodiff.rounding import floor_divide, mod
from fastmlp.autodiff.shapes import getitem


def _equal(a: Any, b: Any) -> Any:
    return False if b is None else comparisons.equal(a, b)


def _not_equal(a: Any, b: Any) -> Any:
    return True if b is None else comparisons.not_equal(a, b)


def _logic(truths: Primitive, bits: Primitive) -> Any:
    """Of truth values the logic, of whole numbers that of their bits."""

    def operator(*operands: Any) -> Any:
        return (truths if as_tensors(*operands)[0].dtype == bool else bits)(*operands)

    return operator


tensor.operators(
    **{
        "add": add,
        "sub": subtract,
        "mul": multiply,
        "truediv": divide,
        "floordiv": floor_divide,
        "mod": mod,
        "pow": power,
        "neg": negative,
        "abs": absolute,
        "matmul": matmul,
        "getitem": getitem,
        "eq": _equal,
        "ne": _not_equal,
        "lt": comparisons.less,
        "le": comparisons.less_equal,
        "gt": comparisons.greater,
        "ge": comparisons.greater_equal,
        "and": _logic(comparisons.logical_and, comparisons.bitwise_and),
        "or": _logic(comparisons.logical_or, comparisons.bitwise_or),
        "xor": _logic(comparisons.logical_xor, comparisons.bitwise_xor),
        "invert": _logic(comparisons.logical_not, comparisons.bitwise_not),
    }
)
