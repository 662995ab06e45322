"""Autodiff: eager tensors, the operations on them, and the tape that gives gradients."""

from fastmlp.autodiff import operators as operators  # tensors have them from here on
from fastmlp.autodiff.control import custom_gradient
from fastmlp.autodiff.primitive import Primitive, as_tensor, as_tensors, cast, primitive
from fastmlp.autodiff.tape import GradientTape
from fastmlp.autodiff.tensor import Tensor, constant

__all__ = [
    "GradientTape",
    "Primitive",
    "Tensor",
    "as_tensor",
    "as_tensors",
    "cast",
    "constant",
    "custom_gradient",
    "primitive",
]
