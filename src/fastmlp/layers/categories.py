"""Layers of whole numbers that name things: vectors that are learnt for them, marks, and numbers put into bins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastmlp import constraints, initializers, regularizers
from fastmlp._spelling import older_spelling
from fastmlp._validate import brief, number, unknown, whole
from fastmlp.autodiff import shapes
from fastmlp.autodiff.comparisons import greater
from fastmlp.autodiff.picking import one_hot, searchsorted, take
from fastmlp.autodiff.primitive import as_tensor
from fastmlp.layers.base import Layer, Shape, not_here
from fastmlp.layers.preprocessing import batches_of
from fastmlp.variables import Variable


def _numbers(where: str, given: Any, most: int) -> Any:
    """Whole numbers, each below `most`; of others, as in Keras, the whole part."""
    values = as_tensor(given).array
    if values.size and not (values.min() >= 0 and values.max() < most):
        raise ValueError(f"{where}: expected whole numbers from 0 to {most - 1}, got {brief(values)} from "
                         f"{values.min()} to {values.max()}; make room for more, or map them")  # fmt: skip
    return as_tensor(given, np.int32)


class Embedding(Layer):
    """A vector for each of the numbers 0, 1, …: a row of a matrix that is learnt.

    Parameters
    ----------
    input_dim
        How many there are.
    output_dim
        How long vectors are.
    embeddings_initializer, embeddings_regularizer, embeddings_constraint
        What the matrix starts from, its penalty, what it is held to.
    weights
        A matrix to start from.

    Examples
    --------
    >>> Embedding(1000, 8)([[4, 20], [7, 7]]).shape
    (2, 2, 8)
    """

    embeddings: Variable

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **settings: Any,
    ) -> None:
        if settings.pop("input_length", None) is not None:
            older_spelling("Embedding: input_length is of older Keras; leave it out")
        super().__init__(**settings)
        not_here("Embedding", mask_zero=mask_zero, lora_rank=lora_rank, lora_alpha=lora_alpha,
                 quantization_config=quantization_config)  # fmt: skip
        self.input_dim = whole("Embedding: input_dim", input_dim)
        self.output_dim = whole("Embedding: output_dim", output_dim)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.embeddings_initializer = initializers.get(embeddings_initializer)  # last, for it may draw a seed
        if weights is not None:
            self.build((None, None))
            self.set_weights(weights if isinstance(weights, list) and len(weights) == 1 else [weights])

    def build_weights(self, shape: Shape) -> None:
        """Make the matrix."""
        self.embeddings = self.add_weight(
            (self.input_dim, self.output_dim),
            self.embeddings_initializer,
            name="embeddings",
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The rows of the matrix that the numbers name."""
        return take(self.embeddings, _numbers(self.name, inputs, self.input_dim), axis=0)

    def get_config(self) -> dict[str, Any]:
        """The settings."""
        return {key: value for key, value in super().get_config().items() if key != "weights"}


MODES = ("one_hot", "multi_hot", "count")


def encoded(x: Any, mode: str, depth: int, dtype: str, weights: Any = None) -> Any:
    """Numbers as marks: one for each by itself, or those of a row in one row, or how often each stands there."""
    if mode == "one_hot":
        flat = shapes.reshape(x, x.shape[:-1]) if len(x.shape) > 1 and x.shape[-1] == 1 else x
        return one_hot(flat, depth, dtype=dtype)
    marks = one_hot(x, depth, dtype=dtype)
    if not len(x.shape):
        return marks
    if mode == "count":
        return shapes.sum(marks if weights is None else marks * as_tensor(weights, dtype)[..., None], -2)
    return as_tensor(greater(shapes.sum(marks, -2), 0), dtype)


class CategoryEncoding(Layer):
    """Whole numbers as marks: 1 in the column of a number's name.

    Parameters
    ----------
    num_tokens
        How many numbers there are, from 0.
    output_mode
        ``"multi_hot"``: a row of marks for all numbers of a row. ``"one_hot"``: a row for each number. ``"count"``: how
        often each stands in a row, or the sum of `count_weights`, which a call may be given besides.

    Examples
    --------
    >>> CategoryEncoding(num_tokens=4)([[0, 2, 2]]).numpy().tolist()
    [[1.0, 0.0, 1.0, 0.0]]
    """

    def __init__(
        self, num_tokens: int | None = None, output_mode: str = "multi_hot", sparse: bool = False, **settings: Any
    ) -> None:
        super().__init__(**settings)
        not_here("CategoryEncoding", sparse=sparse)
        mode = "multi_hot" if output_mode == "binary" else output_mode
        if mode not in MODES:
            unknown("CategoryEncoding: output_mode", output_mode, MODES)
        if num_tokens is None:
            raise ValueError("CategoryEncoding: expected num_tokens, got None; say how many numbers there are")
        self.num_tokens, self.output_mode = whole("CategoryEncoding: num_tokens", num_tokens), mode

    def call(self, inputs: Any, count_weights: Any = None, training: bool = False) -> Any:  # type: ignore[override]
        """The marks."""
        if count_weights is not None and self.output_mode != "count":
            raise ValueError(f"{self.name}: expected count_weights with output_mode='count' alone, got them with "
                             f"{self.output_mode!r}; leave them out")  # fmt: skip
        x = _numbers(self.name, inputs, self.num_tokens)
        return encoded(x, self.output_mode, self.num_tokens, self.variable_dtype, count_weights)


class Discretization(Layer):
    """Numbers put into bins: how many of the boundaries a number has reached.

    Parameters
    ----------
    bin_boundaries
        Where bins begin, rising; the first begins at minus infinity.
    num_bins
        Instead of them: how many bins `adapt` is to make, of as many numbers each.
    epsilon
        Keras's, which estimates these boundaries; they are exact here.
    output_mode
        ``"int"``: the number of the bin. Otherwise that as marks, see `CategoryEncoding`.

    Examples
    --------
    >>> Discretization(bin_boundaries=[0.0, 1.0, 2.0])([[-1.5, 1.0, 3.4]]).numpy().tolist()
    [[0, 2, 3]]
    """

    def __init__(
        self,
        bin_boundaries: Sequence[float] | None = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        not_here("Discretization", sparse=sparse)
        if output_mode not in ("int", *MODES):
            unknown("Discretization: output_mode", output_mode, ("int", *MODES))
        if (bin_boundaries is None) == (num_bins is None):
            raise ValueError(f"Discretization: expected either bin_boundaries or num_bins, got {brief(bin_boundaries)} "
                             f"and {brief(num_bins)}; give one of them")  # fmt: skip
        self.num_bins = None if num_bins is None else whole("Discretization: num_bins", num_bins)
        self.epsilon, self.output_mode = number("Discretization: epsilon", epsilon, 0), output_mode
        self.bin_boundaries = None if bin_boundaries is None else _rising(bin_boundaries)

    def adapt(self, data: Any) -> None:
        """Choose boundaries such that bins hold as many of the numbers in data each; earlier calls are forgotten.

        Parameters
        ----------
        data
            An array, or batches of them: a list of arrays, a generator, a dataset, of x or of (x, y).
        """
        if self.num_bins is None:
            raise ValueError(f"{self.name}: expected no call of adapt, got one though bin_boundaries were given; give "
                             "num_bins instead")  # fmt: skip
        values = np.sort(np.concatenate([np.ravel(batch).astype(np.float32) for batch in batches_of(data)]))
        if not values.size:
            raise ValueError(f"{self.name}: expected numbers to choose boundaries from, got none; give more")
        shares = np.arange(1, values.size + 1) / values.size
        self.bin_boundaries = np.interp(np.arange(1, self.num_bins) / self.num_bins, shares, values).tolist()

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The bins."""
        if self.bin_boundaries is None:
            raise RuntimeError(f"{self.name}: expected boundaries, got none; give bin_boundaries, or call adapt first")
        bins = searchsorted(np.asarray(self.bin_boundaries, np.float32), as_tensor(inputs, np.float32), side="right")
        if self.output_mode == "int":
            return bins
        return encoded(bins, self.output_mode, len(self.bin_boundaries) + 1, self.variable_dtype)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """A new layer with these settings; boundaries that `adapt` has chosen among them."""
        if config.get("num_bins") is None or config.get("bin_boundaries") is None:
            return super().from_config(config)
        made = super().from_config({**config, "bin_boundaries": None})
        made.bin_boundaries = list(config["bin_boundaries"])
        return made


def _rising(given: Sequence[float]) -> list[float]:
    found = [number("Discretization: bin_boundaries", one) for one in given]
    if sorted(found) != found:
        raise ValueError(f"Discretization: expected rising bin_boundaries, got {brief(given)}; sort them")
    return found
