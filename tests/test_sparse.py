"""Sparse rows (CSR): the bits of the same rows as an array, the float64 twin's course, and bad matrices refused."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from fastmlp import _core
from network_cases import ADAM, CROSS, MSE, SGD, train, train_twin, weights
from reference.network import Network as Twin
from tolerance import assert_close, assert_trained_alike

INPUTS, BATCH = 70, 33
TANH, LINEAR = ("tanh", ()), ("linear", ())
FIRST = {"units": 40, "activation": TANH}
LAST = {"units": 5, "activation": LINEAR}
PENALTIES = {"weights": {"l1": 1e-3, "l2": 1e-2}, "bias": {"l2": 1e-3}}

# what can follow or befall the first layer; no array of these shapes is trained on but plainly
NETWORKS = {
    "two-layers": [FIRST, LAST],
    "wide": [{**FIRST, "units": 65}, {**LAST, "units": 33}],
    "one-layer": [{**LAST, "units": 35}],
    "one-narrow-layer": [LAST],
    "penalties": [{**FIRST, **PENALTIES}, LAST],
    "noise": [{**FIRST, "noise": ("dropout", (0.3,))}, LAST],
    "saves-its-input": [{**FIRST, "activation": ("gelu", ())}, LAST],
    "norm": [{**FIRST, "activation": LINEAR, "use_bias": False}, {"op": "batch_norm", "params": (0.9, 1e-3, 0)}, LAST],
    "row-activation": [FIRST, LAST, {"op": "row_activation", "kernel": ("softmax", ())}],
    "frozen": [{**FIRST, "frozen": True}, LAST],
    "constraint": [{**FIRST, "weights": {"constraint": ("max_norm", (0.9, 1e-7))}}, LAST],
    "without-bias": [{**FIRST, "use_bias": False}, LAST],
}
OPTIMIZERS = {
    "sgd": SGD,
    "momentum": ("momentum", (0.9,), 0.05, {}),
    "adam": ADAM,
    "adam-decay": (*ADAM[:3], {"weight_decay": 0.01}),
    "rmsprop": ("rmsprop", (0.9, 1e-7, 0.0), 1e-2, {}),
    "adagrad": ("adagrad", (0.1, 1e-7, 0.0), 1e-2, {}),
    "clip-norm": (*SGD[:3], {"clip_norm": 0.02}),
    "global-clip-norm": (*ADAM[:3], {"global_clip_norm": 0.02}),
    "clip-value": (*SGD[:3], {"clip_value": 1e-3}),
}


def csr(x, index_type=np.int32):
    """A matrix as SciPy has it, as far as C looks."""
    rows, columns = np.nonzero(x)
    starts = np.searchsorted(rows, np.arange(len(x) + 1))
    return SimpleNamespace(data=x[rows, columns], indices=columns.astype(index_type),
                           indptr=starts.astype(index_type), shape=x.shape)  # fmt: skip


def matrix(rows, dtype, inputs=INPUTS, seed=5):
    """One number in twenty or so, and some rows and columns without any."""
    rng = np.random.default_rng(seed)
    x = np.where(rng.random((rows, inputs)) < 0.05, rng.normal(size=(rows, inputs)), 0).astype(dtype)
    x[::7] = 0
    x[:, 3::11] = 0
    return x


def networks(layers, dtype, loss=MSE, optimizer=ADAM, **options):
    """One for sparse rows, one for arrays, and their twin, with the same weights."""
    sparse, dense = (
        _core.Network(dtype, INPUTS, BATCH, layers, loss, optimizer, seed=3, sparse=yes, **options)
        for yes in (True, False)
    )
    assert sparse.path == dense.path == "plain"
    twin = Twin(INPUTS, layers, loss, optimizer, seed=3, real=np.dtype(dtype).type, **options)
    twin.start(_core.optimizer_slots(*optimizer[:2]))
    rng = np.random.default_rng(4)
    for i, op in enumerate(twin.ops):
        for part, w in op.weights.items():
            values = rng.normal(size=w.shape) * 0.3 + (part == 0 and layers[i].get("op") == "batch_norm")
            for net in (sparse, dense):
                net.set(i, part, values)
            twin.weights[i][part] = dense.get(i, part).astype(np.float64)
    return sparse, dense, twin


def targets(net, rows, dtype):
    rng = np.random.default_rng(6)
    if net.labels:
        return rng.integers(0, net.outputs, rows)
    return rng.uniform(0.1, 0.9, (rows, net.outputs)).astype(dtype)


def bits(arrays):
    return [a.tobytes() for a in arrays]


def state(net):
    """Weights and all that the optimizer remembers."""
    found = []
    for i in range(net.count):
        for part in range(2 + 2 * net.slots):
            try:
                found.append(net.get(i, part))
            except IndexError:
                continue
    return found


def assert_same_course(layers, dtype, optimizer=ADAM, weighted=False, steps=9, **options):
    """By 1 and 3 threads: the bits of the array's course, which is the twin's; the last batch is ragged."""
    x = matrix(BATCH * (steps - 1) + 8, dtype)
    order = np.random.default_rng(7).permutation(len(x))
    weight = np.random.default_rng(8).uniform(0, 2, len(x)) if weighted else None
    _, dense, twin = networks(layers, dtype, optimizer=optimizer, **options)
    y = targets(dense, len(x), dtype)
    start = [w.astype(np.float64) for w in weights(dense)]
    run = train(dense, x, y, order, weight=weight)
    for threads in (1, 3):
        _core.set_threads(threads)
        sparse, _, _ = networks(layers, dtype, optimizer=optimizer, **options)
        found = train(sparse, csr(x), y, order, weight=weight)
        assert found.done == run.done
        assert found.penalty == run.penalty
        assert bits(state(sparse)) == bits(state(dense))
        assert sparse.predict(csr(x)).tobytes() == dense.predict(x).tobytes()
    total = train_twin(twin, x.astype(np.float64), y, order, BATCH, weight)
    np.testing.assert_allclose(run.done[2], total, rtol={4: 1e-4, 8: 1e-10}[np.dtype(dtype).itemsize])
    exact = [w for op in twin.weights for _, w in sorted(op.items())]
    for got, want, before in zip(weights(dense), exact, start, strict=True):
        if np.any(want != before):
            assert_trained_alike(got, want, before)


@pytest.mark.parametrize("layers", NETWORKS)
def test_course_of_each_network(layers, dtype, every_thread):
    assert_same_course(NETWORKS[layers], dtype)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("layers", ["penalties", "one-layer"])
def test_course_of_each_optimizer(layers, optimizer, dtype, every_thread):
    assert_same_course(NETWORKS[layers], dtype, OPTIMIZERS[optimizer], weighted=True)


@pytest.mark.parametrize("reduction", ["sum", "mean_with_sample_weight", "mean_with_penalty"])
def test_course_of_each_reduction(reduction, every_thread):
    assert_same_course(NETWORKS["penalties"], "float64", weighted=True, reduction=reduction)


def test_course_with_labels_and_averages(dtype, every_thread):
    assert_same_course(NETWORKS["two-layers"], dtype, weighted=True, loss=CROSS, logits=True, output=("softmax", ()),
                       ema=(0.9, 3))  # fmt: skip


def test_rows_that_no_batch_has_move_by_penalties_alone():
    """A column of zeros has no gradient, yet its weights shrink, and those of Adam's memory go on."""
    sparse, dense, _ = networks(NETWORKS["penalties"], "float64", optimizer=SGD)
    x = matrix(BATCH, "float64")
    before = sparse.get(0, 0)
    train(sparse, csr(x), targets(sparse, BATCH, "float64"), None)
    after, empty = sparse.get(0, 0), ~x.any(axis=0)
    assert empty.any()
    rule = PENALTIES["weights"]
    np.testing.assert_allclose(
        after[empty], before[empty] - 0.1 * (rule["l1"] * np.sign(before[empty]) + 2 * rule["l2"] * before[empty])
    )


def test_gradient_by_finite_differences():
    layers = [{**FIRST, "units": 4}, {**LAST, "units": 2}]
    net, _, _ = networks(layers, "float64", optimizer=("accumulate", (), 0.0, {}))
    x = matrix(12, "float64")
    x[1] = 0
    rows, y = csr(x), targets(net, 12, "float64")
    train(net, rows, y, None)
    run = _core.Run(net, rows, y)
    for part in (0, 1):
        slope, start, h = net.get(0, 2 + part), net.get(0, part), 1e-6
        for place in np.ndindex(start.shape):
            losses = []
            for sign in (1, -1):
                moved = start.copy()
                moved[place] += sign * h
                net.set(0, part, moved)
                losses.append(net.evaluate(run).mean())
            net.set(0, part, start)
            assert abs((losses[0] - losses[1]) / (2 * h) - slope[place]) < 1e-8, (part, place)
    assert np.all(net.get(0, 2)[~x.any(axis=0)] == 0)


# ---- predict, evaluate, forward


@pytest.mark.parametrize("layers", ["two-layers", "one-narrow-layer", "norm", "row-activation"])
@pytest.mark.parametrize("rows", [0, 1, 400])
def test_predictions_are_those_of_the_array(layers, rows, dtype, every_thread):
    sparse, dense, twin = networks(NETWORKS[layers], dtype)
    x = matrix(rows, dtype)
    for threads in (1, 3):
        _core.set_threads(threads)
        assert sparse.predict(csr(x)).tobytes() == dense.predict(x).tobytes()
    if rows:
        exact = twin.predict(x.astype(np.float64))
        assert_close(sparse.predict(csr(x)), exact, ulps=64, terms=100, scale=np.abs(exact).max() + 1)
        order = np.random.default_rng(1).integers(0, rows, 50)
        assert sparse.predict(csr(x), order).tobytes() == dense.predict(x, order).tobytes()


def test_evaluation_is_that_of_the_array(dtype, every_thread):
    found = {}
    for threads in (1, 3):
        _core.set_threads(threads)
        sparse, dense, _ = networks(NETWORKS["two-layers"], dtype)
        x = matrix(300, dtype)
        y = targets(dense, 300, dtype)
        for kind, net, rows in (("sparse", sparse, csr(x)), ("dense", dense, x)):
            run = _core.Run(net, rows, y)
            run.start(np.arange(300)[::-1], BATCH)
            found[kind, threads] = net.evaluate(run).tobytes()
    assert len(set(found.values())) == 1


def test_metrics_see_the_predictions_of_training(dtype):
    states = []
    for sparse in (True, False):
        net = _core.Network(dtype, INPUTS, BATCH, NETWORKS["two-layers"], MSE, SGD, shows=True, sparse=sparse)
        x = matrix(100, dtype)
        y = targets(net, 100, dtype)
        state = np.zeros(_core.metric_size("mean_squared_error", (), None, net.outputs))
        run = _core.Run(net, csr(x) if sparse else x, y, None, [("mean_squared_error", (), None, state, True)])
        net.train(run, 1 << 40, 0)
        net.evaluate(run)
        states.append((state.tobytes(), net.shown(1).tobytes()))
    assert states[0] == states[1]


def test_forward_is_that_of_the_array(dtype):
    sparse, dense, _ = networks(NETWORKS["noise"], dtype)
    x = matrix(BATCH, dtype)
    assert sparse.forward(csr(x)).tobytes() == dense.forward(x).tobytes()
    assert sparse.forward(csr(x)).tobytes() != dense.predict(x).tobytes()


# ---- matrices of all sorts


@pytest.mark.parametrize("index_type", ["int32", "int64", "uint16", ">i8"])
@pytest.mark.parametrize("data_type", ["float32", "float64", "float16", "int8", "bool", ">f8"])
def test_types_are_converted(index_type, data_type, dtype):
    net, dense, _ = networks(NETWORKS["two-layers"], dtype)
    x = (matrix(40, np.float64) * 4).astype(data_type)
    assert net.predict(csr(x, index_type)).tobytes() == dense.predict(x.astype(dtype)).tobytes()


def test_numbers_of_one_place_add_up_in_any_order(dtype):
    """And what is held beyond the last row is not looked at, nor are zeros that are held a difference."""
    net, dense, _ = networks(NETWORKS["two-layers"], dtype)
    x = np.zeros((3, INPUTS), dtype)
    x[0, 9], x[0, 2], x[2, 69] = 3, 4, -1
    rows = SimpleNamespace(data=np.array([1.0, 4, 2, 0, -1, 99]), indices=np.array([9, 2, 9, 5, 69, 10**6]),
                           indptr=np.array([0, 4, 4, 5]), shape=(3, INPUTS))  # fmt: skip
    np.testing.assert_allclose(net.predict(rows), dense.predict(x), rtol=1e-5)
    ends = []
    for one, data in ((net, rows), (dense, x)):
        train(one, data, targets(one, 3, dtype), None)
        ends.append(one.get(0, 0))
    np.testing.assert_allclose(*ends, rtol={4: 1e-3, 8: 1e-9}[dtype.itemsize])


def test_an_array_is_taken_by_its_numbers(dtype):
    net, dense, _ = networks(NETWORKS["two-layers"], dtype)
    x = matrix(50, dtype)
    assert net.predict(x).tobytes() == dense.predict(x).tobytes()
    assert net.predict(np.asfortranarray(x)[::2]).tobytes() == dense.predict(x[::2]).tobytes()
    y = targets(net, 50, dtype)
    train(net, x, y, None), train(dense, x, y, None)
    assert bits(state(net)) == bits(state(dense))


def test_nan_is_not_a_zero(dtype):
    net, _, _ = networks(NETWORKS["two-layers"], dtype)
    x = matrix(9, dtype)
    x[4, 0] = np.nan
    for rows in (x, csr(x)):
        assert np.isnan(net.predict(rows)).any(axis=1).tolist() == [i == 4 for i in range(9)]


def test_a_run_stays_as_checked(dtype):
    """Whoever writes into the matrix later changes no place that C reads or writes."""
    net, dense, _ = networks(NETWORKS["two-layers"], dtype)
    x = matrix(70, dtype)
    rows, y = csr(x), targets(net, 70, dtype)
    run = _core.Run(net, rows, y)
    rows.indices[:] = 2**31 - 1
    rows.indptr[1:] = 2**30
    net.train(run, 1 << 40, 0)
    train(dense, x, y, None)
    assert bits(state(net)) == bits(state(dense))


def test_no_batch_has_room_as_an_array(dtype):
    """Weights, a slot and a gradient of theirs, no rows of so many columns."""
    inputs, batch = 100_000, 2048
    net = _core.Network(dtype, inputs, batch, [{**LAST, "units": 1}], MSE, ("momentum", (0.9,), 0.1, {}), sparse=True)
    x = csr(np.zeros((1, 1)))
    x.shape, x.data, x.indices, x.indptr = (1, inputs), np.ones(1), np.array([inputs - 1]), np.array([0, 1])
    net.predict(x)
    assert net.bytes < 3 * inputs * 32 * dtype.itemsize + (8 << 20)
    train(net, x, np.ones((1, 1)), None)
    moved = np.flatnonzero(net.get(0, 0))
    assert moved.tolist() == [inputs - 1]


# ---- bad ones


def bad(**changes):
    rows = csr(matrix(10, np.float64))
    for name, value in changes.items():
        setattr(rows, name, value)
    return rows


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        (bad(format="csc"), TypeError, r"expected sparse rows in CSR format, got csc; convert with tocsr"),
        (bad(shape=(10, 71)), ValueError, r"expected shape \(rows, 70\), got shape \(10, 71\)"),
        (bad(shape=(700,)), ValueError, r"expected shape \(rows, 70\)"),
        (bad(shape=(9, 70)), ValueError, r"expected indptr of 10 integers, one more than rows, got shape \(11,\)"),
        (bad(indptr=np.zeros(11)), ValueError, "expected indptr of 11 integers"),
        (bad(indptr=np.arange(11) + 1), ValueError, "expected indptr to ascend from 0"),
        (bad(indptr=np.array([0, 2, 1, *range(2, 10)])), ValueError, "expected indptr to ascend from 0"),
        (bad(indptr=np.arange(11) * 1000), ValueError, r"expected indptr to ascend from 0 to at most the \d+ numbers"),
        (bad(data=np.zeros(2)), ValueError, "at most the 2 numbers there are"),
        (bad(indices=np.zeros(2, int)), ValueError, "at most the 2 numbers there are"),
        (bad(indices=np.full(200, 70)), IndexError, r"expected columns 0 to 69 in indices, got 70 to 70"),
        (bad(indices=np.full(200, -1)), IndexError, r"expected columns 0 to 69 in indices, got -1 to -1"),
        (bad(indices=np.full(200, 2**32)), IndexError, "expected columns 0 to 69"),
        (bad(indices=np.zeros(200)), ValueError, "expected indices as one list of integers"),
        (bad(indices=np.zeros((200, 1), int)), ValueError, "expected indices as one list of integers"),
        (bad(data=np.zeros((200, 1))), ValueError, "and data as one of numbers"),
        (bad(data=np.full(200, "a")), TypeError, "expected numbers"),
        (bad(data=np.full(200, 1j)), TypeError, "expected numbers"),
    ],
)
def test_bad_matrices_are_refused(rows, error, message):
    net, _, _ = networks(NETWORKS["two-layers"], "float64")
    y = np.zeros((10, 5))
    for call in (lambda: net.predict(rows), lambda: net.forward(rows), lambda: _core.Run(net, rows, y)):
        with pytest.raises(error, match=message):
            call()


class Changing(SimpleNamespace):
    """Rows whose indices become fewer once they have been asked for so often."""

    @property
    def indices(self):
        self.times -= 1
        return self.all if self.times >= 0 else self.all[:1]


def test_what_is_checked_is_what_is_read():
    net, _, _ = networks(NETWORKS["two-layers"], "float64")
    rows = bad()
    expected = net.predict(rows).tobytes()
    found = set()
    for times in range(9):
        try:
            x = Changing(data=rows.data, indptr=rows.indptr, shape=rows.shape, all=rows.indices, times=times)
            found.add(net.predict(x).tobytes() == expected)
        except ValueError:
            found.add("refused")
    assert found == {"refused", True}


def test_other_networks_refuse_sparse_rows():
    _, net, _ = networks(NETWORKS["two-layers"], "float32")
    rows = csr(matrix(10, np.float32))
    for call in (lambda: net.predict(rows), lambda: net.forward(rows), lambda: _core.Run(net, rows, np.zeros((10, 5)))):
        with pytest.raises(TypeError, match="expected an array, as the network was made for, got a sparse matrix"):
            call()


@pytest.mark.parametrize(
    ("first", "got"),
    [({"op": "batch_norm", "params": (0.9, 1e-3, 0)}, "batch_norm"), ({**FIRST, "bf16": True}, "dense in bf16")],
)
def test_only_a_dense_layer_reads_sparse_rows(first, got):
    with pytest.raises(ValueError, match=f"sparse: expected a dense layer first, not in bf16.*got {got}"):
        _core.Network("float32", INPUTS, BATCH, [first, LAST], MSE, SGD, sparse=True)


def test_targets_and_weights_are_as_many_as_rows():
    net, _, _ = networks(NETWORKS["two-layers"], "float32")
    rows = csr(matrix(10, np.float32))
    with pytest.raises(ValueError, match="y: expected 10 rows as x has, got 9"):
        _core.Run(net, rows, np.zeros((9, 5)))
    with pytest.raises(ValueError, match=r"sample_weight: expected shape \(10,\)"):
        _core.Run(net, rows, np.zeros((10, 5)), np.ones(9))
