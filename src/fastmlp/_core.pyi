"""What the door offers, one section a part of it (``_door/<part>.pxi``)."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, TypeGuard

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

_Real: TypeAlias = NDArray[np.floating[Any]]  # float32 or float64, as what went in
_Out: TypeAlias = NDArray[Any] | None
_Rows: TypeAlias = Any  # an array, or a CSR matrix of SciPy's, which has no types
_Params: TypeAlias = Sequence[float]
_Choice: TypeAlias = tuple[str, _Params]  # a kernel's name and its parameters
_Place: TypeAlias = tuple[int, int, int, int, int]  # seed, stream, step, row, col of a random draw

# -- arrays.pxi
class Kernel(NamedTuple):
    kind: int
    params: tuple[str, ...]
    traits: int

def registry(family: str) -> dict[str, Kernel]: ...
def is_rows(x: Any, shape: tuple[int, ...]) -> TypeGuard[NDArray[Any]]: ...

# -- runtime.pxi
def levels() -> dict[str, bool]: ...
def level() -> str: ...
def choose_level(name: str) -> None: ...
def bf16_by_instruction() -> bool: ...
def emulate_bf16(yes: bool) -> None: ...
def compiler() -> str: ...
def openmp_version() -> int: ...
def openmp_library() -> str: ...
def set_threads(threads: int) -> None: ...
def wanted_threads() -> int: ...
def set_threads_here(threads: int) -> int: ...
def get_threads() -> int: ...
def set_thread_grain(nanoseconds: float) -> None: ...
def refuse_allocations(first: int, last: int) -> int: ...

# -- elementwise.pxi
def vmath(name: str, x: ArrayLike, out: _Out = None) -> _Real: ...
def activation_fwd(name: str, z: ArrayLike, params: _Params = (), out: _Out = None) -> _Real: ...
def activation_bwd(name: str, saved: ArrayLike, dy: ArrayLike, params: _Params = (), out: _Out = None) -> _Real: ...

# -- optimizers.pxi
def optimizer_slots(name: str, params: _Params) -> tuple[float, ...]: ...
def optimizer_step(
    name: str,
    w: NDArray[Any],
    g: ArrayLike,
    slots: Sequence[NDArray[Any]],
    step: int,
    learning_rate: float,
    params: _Params,
    *,
    weight_decay: float = 0,
    clip_value: float = 0,
    clip_norm: float = 0,
    l1: float = 0,
    l2: float = 0,
    grad_scale: float = 1,
    coupled: bool = False,
) -> None: ...
def sum_abs(x: ArrayLike) -> float: ...
def sum_squares(x: ArrayLike) -> float: ...
def gradient_sum_squares(g: ArrayLike, w: ArrayLike, l1: float, l2: float) -> float: ...
def penalty(w: ArrayLike, l1: float, l2: float) -> float: ...
def clip_scale(sum_squares: float, limit: float) -> float: ...
def global_clip_scale(sum_squares: float, limit: float) -> float: ...

# -- constraints.pxi
def constrain(name: str, w: NDArray[Any], axis: int, params: _Params) -> None: ...

# -- dense.pxi
class Dense:
    dtype: np.dtype[Any]
    activation: str
    optimizer: str | None
    def __init__(
        self,
        batch: int,
        k: int,
        m: int,
        dtype: DTypeLike = "float32",
        activation: str = "linear",
        params: _Params = (),
        use_bias: bool = True,
        optimizer: str | None = None,
        bf16: bool = False,
    ) -> None: ...
    def set(self, part: int, values: ArrayLike) -> None: ...
    def get(self, part: int) -> _Real: ...
    def forward(self, x: NDArray[Any], index: ArrayLike | None = None) -> _Real: ...
    def backward(self, dy: ArrayLike, data: bool = True) -> tuple[_Real | None, _Real, _Real | None]: ...
    def backward_update(self, dy: ArrayLike, step: int, learning_rate: float, params: _Params) -> _Real: ...
    def repeat(self, phase: int, n: int, times: int, learning_rate: float = 0.0, params: _Params = ()) -> None: ...

# -- probes.pxi
def peak(dtype: DTypeLike, threads: int, rounds: int) -> float: ...
def sweep(x: NDArray[Any], threads: int, rounds: int) -> int: ...

# -- network.pxi
PARTS: dict[str, int]

class Network:
    dtype: np.dtype[Any]
    inputs: int
    outputs: int
    batch: int
    count: int
    labels: bool
    shows: bool
    sparse: bool
    slots: int
    step: int
    def __init__(
        self,
        dtype: DTypeLike,
        inputs: int,
        batch: int,
        ops: Sequence[Mapping[str, Any]],
        loss: _Choice,
        optimizer: tuple[str, _Params, float, Mapping[str, float]],
        output: _Choice | None = None,
        logits: bool = False,
        seed: int = 0,
        reduction: str = "sum_over_batch_size",
        shows: bool = False,
        ema: tuple[float, int] = (0.0, 0),
        sparse: bool = False,
    ) -> None: ...
    @property
    def path(self) -> str: ...
    @property
    def bytes(self) -> int: ...
    def set_learning_rate(self, learning_rate: float) -> None: ...
    def set(self, op: int, part: int | str, values: ArrayLike) -> None: ...
    def get(self, op: int, part: int | str) -> _Real: ...
    def penalty(self) -> float: ...
    def train(self, run: Run, most_steps: int, seconds: float) -> bool: ...
    def evaluate(self, run: Run, prices: NDArray[np.float64] | None = None) -> _Real: ...
    def forward(self, x: _Rows) -> _Real: ...
    def shown(self, n: int) -> _Real: ...
    def predict(self, x: _Rows, index: ArrayLike | None = None) -> _Real: ...

# -- run.pxi
class Run:
    network: Network
    def __init__(
        self,
        network: Network,
        x: _Rows,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        metrics: Sequence[tuple[str, _Params, ArrayLike | None, NDArray[np.float64], bool]] = (),
    ) -> None: ...
    def start(self, index: ArrayLike | None, batch: int, rates: ArrayLike | None = None, loss: float = 0.0) -> None: ...
    @property
    def done(self) -> tuple[int, int, float]: ...
    @property
    def penalty(self) -> float: ...

# -- losses.pxi
def loss(
    name: str,
    pred: ArrayLike,
    target: ArrayLike,
    params: _Params = (),
    scale: ArrayLike | None = None,
    gradient: bool | NDArray[Any] = True,
    columns: int | None = None,
    out: _Out = None,
) -> tuple[_Real, _Real | None]: ...
def loss_block(
    name: str,
    pred: ArrayLike,
    target: ArrayLike,
    params: _Params = (),
    scale: ArrayLike | None = None,
    gradient: bool | NDArray[Any] = True,
    out: _Out = None,
    samples: int | None = None,
) -> tuple[_Real, _Real | None]: ...
def loss_reduce(losses: ArrayLike, reduction: str, weights: ArrayLike | None = None) -> float: ...
def loss_weigh(losses: ArrayLike, weights: ArrayLike) -> _Real: ...

# -- metrics.pxi
def metric_size(name: str, params: _Params, thresholds: ArrayLike | None, columns: int) -> int: ...
def metric_update(
    name: str,
    params: _Params,
    thresholds: ArrayLike | None,
    state: NDArray[np.float64],
    y_true: ArrayLike,
    y_pred: ArrayLike,
    sample_weight: ArrayLike | None = None,
    columns: int | None = None,
) -> None: ...

# -- row_activations.pxi
def row_activation_fwd(
    name: str, z: ArrayLike, params: _Params = (), columns: int | None = None, out: _Out = None
) -> _Real: ...
def row_activation_bwd(
    name: str, y: ArrayLike, dy: ArrayLike, params: _Params = (), columns: int | None = None, out: _Out = None
) -> _Real: ...
def pieces_fwd(name: str, x: ArrayLike, pieces: int, columns: int | None = None, out: _Out = None) -> _Real: ...
def pieces_bwd(
    name: str, x: ArrayLike, dy: ArrayLike, pieces: int, columns: int | None = None, out: _Out = None
) -> _Real: ...

# -- norm.pxi
def batch_norm_fwd(
    x: ArrayLike,
    gamma: ArrayLike | None,
    beta: ArrayLike | None,
    moving_mean: NDArray[Any],
    moving_variance: NDArray[Any],
    momentum: float,
    epsilon: float,
    training: bool,
    columns: int | None = None,
    out: _Out = None,
    unbiased: bool = False,
) -> tuple[_Real, _Real, _Real]: ...
def batch_norm_bwd(
    dy: ArrayLike,
    x: ArrayLike,
    mean: ArrayLike,
    r: ArrayLike,
    gamma: ArrayLike | None,
    training: bool,
    columns: int | None = None,
    out: _Out = None,
) -> tuple[_Real, _Real, _Real]: ...
def layer_norm_fwd(
    x: ArrayLike,
    gamma: ArrayLike | None,
    beta: ArrayLike | None,
    epsilon: float,
    columns: int | None = None,
    out: _Out = None,
) -> tuple[_Real, _Real, _Real]: ...
def layer_norm_bwd(
    dy: ArrayLike,
    x: ArrayLike,
    mean: ArrayLike,
    r: ArrayLike,
    gamma: ArrayLike | None,
    columns: int | None = None,
    out: _Out = None,
) -> tuple[_Real, _Real, _Real]: ...
def unit_norm_fwd(x: ArrayLike, epsilon: float, columns: int | None = None, out: _Out = None) -> _Real: ...
def unit_norm_bwd(
    dy: ArrayLike, x: ArrayLike, epsilon: float, columns: int | None = None, out: _Out = None
) -> _Real: ...
def feature_moments(x: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]: ...

# -- random.pxi
def random_words(rows: int, cols: int, at: _Place) -> NDArray[np.uint32]: ...
def fill(name: str, out: NDArray[Any], params: _Params, at: _Place, columns: int | None = None) -> _Real: ...
def noise_fwd(
    name: str, x: ArrayLike, params: _Params, at: _Place, columns: int | None = None, out: _Out = None
) -> _Real: ...
def noise_bwd(
    name: str, dy: ArrayLike, params: _Params, at: _Place, columns: int | None = None, out: _Out = None
) -> _Real: ...
def random_integers(n: int, below: int, at: _Place) -> NDArray[np.int64]: ...
def random_permutation(n: int, at: _Place) -> NDArray[np.int64]: ...

# -- reduce.pxi
def reduce_rows(name: str, x: ArrayLike, columns: int | None = None) -> NDArray[Any]: ...
def reduce_all(name: str, x: ArrayLike) -> float: ...
def column_sums(x: ArrayLike, columns: int | None = None) -> _Real: ...

# -- trainable.pxi
def trainable_fwd(
    name: str, x: ArrayLike, theta: ArrayLike, shared: bool = False, columns: int | None = None, out: _Out = None
) -> _Real: ...
def trainable_bwd(
    name: str,
    x: ArrayLike,
    dy: ArrayLike,
    theta: ArrayLike,
    shared: bool = False,
    columns: int | None = None,
    out: _Out = None,
) -> tuple[_Real, _Real]: ...
