"""The tape: what it watches, what it forgets, gradients of gradients, and the words it has when there are none."""

import threading
import warnings
import weakref
from typing import NamedTuple

import numpy as np
import pytest
from fastmlp import ops
from fastmlp.autodiff import GradientTape, constant
from fastmlp.variables import Variable

draw = np.random.default_rng(2)


def variable(*shape, **says):
    return Variable(draw.normal(size=shape), dtype="float64", **says)


def quiet(function, *args, **says):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*args, **says)


# ---- what is watched


def test_variables_are_watched_and_tensors_are_not():
    w, x = Variable(3.0), constant(2.0)
    with GradientTape() as tape:
        y = w * x * x
    with pytest.warns(UserWarning, match=r"does not watch it: a tensor, not a variable; call tape\.watch"):
        found = tape.gradient(y, [w, x])
    assert float(found[0]) == 4
    assert found[1] is None


def test_a_watched_tensor_has_a_gradient():
    x = constant(2.0)
    with GradientTape() as tape:
        tape.watch(x)
        y = x * x * x
    assert float(tape.gradient(y, x)) == 12


def test_watching_by_hand_alone():
    v, w = Variable(2.0, name="v"), Variable(3.0, name="w")
    with GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(w)
        y = v * w
    assert quiet(tape.gradient, y, [v, w])[0] is None
    with GradientTape(watch_accessed_variables=False) as tape:
        tape.watch([{"it": w}])
        y = v * w
    assert float(tape.gradient(y, w)) == 2


def test_watched_variables_come_in_the_order_in_which_they_are_read():
    v, w, fixed = Variable(2.0), Variable(3.0), Variable(1.0, trainable=False)
    with GradientTape() as tape:
        _ = w * fixed * v * w
    assert [id(one) for one in tape.watched_variables()] == [id(w), id(v)]


def test_whole_numbers_are_not_worth_watching():
    with GradientTape() as tape, pytest.warns(UserWarning, match="expected numbers of a float type"):
        tape.watch(constant(3))
    with GradientTape() as tape, pytest.raises(TypeError, match="watch: expected a tensor or a variable"):
        tape.watch(3.0)


def test_nothing_is_recorded_within_stop_recording():
    w = Variable(3.0)
    with GradientTape(persistent=True) as tape:
        y = w * w
        with tape.stop_recording():
            z = w * w
        u = y + z
    assert float(tape.gradient(u, w)) == 6
    assert quiet(tape.gradient, z, w) is None
    with pytest.raises(ValueError, match="stop_recording: expected a tape that records"), tape.stop_recording():
        pass


def test_reset_forgets():
    w = Variable(3.0)
    with GradientTape(persistent=True) as tape:
        y = w * w
        tape.reset()
        z = w * w * w
    assert float(tape.gradient(z, w)) == 27
    assert quiet(tape.gradient, y, w) is None


def test_a_tape_that_records_cannot_be_started_again():
    tape = GradientTape()
    with tape, pytest.raises(ValueError, match="expected a tape that does not record yet"):
        tape.__enter__()


# ---- once, or often


def test_a_tape_gives_its_gradients_once():
    w = Variable(3.0)
    with GradientTape() as tape:
        y = w * w
    tape.gradient(y, w)
    with pytest.raises(RuntimeError, match=r"make it GradientTape\(persistent=True\)"):
        tape.gradient(y, w)


def test_a_persistent_tape_gives_them_often():
    w = Variable(3.0)
    with GradientTape(persistent=True) as tape:
        y = w * w
        z = y * w
    assert [float(tape.gradient(t, w)) for t in (y, z, y)] == [6, 27, 6]
    assert float(tape.gradient([y, z], w)) == 33


def test_gradients_and_updates_inside_the_block():
    w = Variable(3.0)
    for expected in (3 - 0.6, 2.4 - 0.48):
        with GradientTape() as tape:
            y = w * w
            g = tape.gradient(y, w)
            w.assign_sub(0.1 * g)
        assert float(w) == pytest.approx(expected)


def test_a_variable_assigned_between_two_reads():
    w = Variable(3.0)
    with GradientTape() as tape:
        a = w * w  # at 3
        w.assign(5.0)
        b = w * w  # at 5
        y = a + b
    assert float(y) == 34
    assert float(tape.gradient(y, w)) == 6 + 10


def test_records_are_freed_after_the_gradients():
    w = Variable(np.ones(4, "float32"))
    with GradientTape() as tape:
        middle = ops.exp(w)
        y = ops.sum(middle * 2.0)
    seen = weakref.ref(middle)
    del middle
    assert seen() is not None  # the tape needs it
    tape.gradient(y, w)
    del y
    assert seen() is None
    with GradientTape(persistent=True) as tape:
        middle = ops.exp(w)
        y = ops.sum(middle * 2.0)
    seen = weakref.ref(middle)
    tape.gradient(y, w)
    del middle, y, tape
    assert seen() is None


def test_what_no_watched_number_leads_to_is_not_kept():
    with GradientTape():
        x = ops.exp(constant([1.0, 2.0]))
        seen = weakref.ref(x)
        del x
        assert seen() is None


# ---- structures


class Pair(NamedTuple):
    a: object
    b: object


def test_gradients_have_the_structure_of_the_sources():
    v, w = Variable(2.0), Variable(3.0)
    with GradientTape(persistent=True) as tape:
        y = v * v * w
    assert float(tape.gradient(y, v)) == 12
    found = tape.gradient(y, {"both": [v, w], "pair": Pair(w, (v,))})
    assert [float(g) for g in found["both"]] == [12, 4]
    assert isinstance(found["pair"], Pair)
    assert (float(found["pair"].a), float(found["pair"].b[0])) == (4, 12)


def test_targets_may_be_structures_and_bring_gradients_of_their_own():
    w = Variable([1.0, 2.0])
    with GradientTape(persistent=True) as tape:
        y, z = w * w, 3.0 * w
    assert tape.gradient({"y": y, "z": z}, w).numpy().tolist() == [5, 7]
    assert tape.gradient(y, w, output_gradients=constant([10.0, 1.0])).numpy().tolist() == [20, 4]
    found = tape.gradient([y, z], w, output_gradients=[constant([1.0, 0.0]), constant([0.0, 1.0])])
    assert found.numpy().tolist() == [2, 3]
    with pytest.raises(ValueError, match="expected output_gradients of the target's shape"):
        tape.gradient(y, w, output_gradients=constant([1.0]))


def test_a_source_may_be_the_target():
    w = Variable(2.0)
    x = constant(1.0)
    with GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = w * x
    assert float(tape.gradient(y, y)) == 1
    assert float(tape.gradient(x, x)) == 1


def test_the_gradient_with_respect_to_something_on_the_way():
    w = Variable(2.0)
    with GradientTape(persistent=True) as tape:
        y = w * w
        z = y * y
    assert float(tape.gradient(z, y)) == 8
    assert [float(g) for g in tape.gradient(z, [y, w])] == [8, 32]


# ---- gradients of gradients


def test_tapes_in_tapes():
    x = constant(2.0)
    with GradientTape() as third:
        third.watch(x)
        with GradientTape() as second:
            second.watch(x)
            with GradientTape() as first:
                first.watch(x)
                y = x * x * x * x
            dy = first.gradient(y, x)
        ddy = second.gradient(dy, x)
    assert [float(v) for v in (dy, ddy, third.gradient(ddy, x))] == [32, 48, 48]


def test_a_gradient_asked_for_inside_another_tape_of_variables():
    w = Variable([1.0, -2.0])
    with GradientTape() as outer:
        with GradientTape() as inner:
            y = ops.sum(w * w * w)
        g = inner.gradient(y, w)
        z = ops.sum(g * g)  # Σ 9w⁴
    assert outer.gradient(z, w).numpy().tolist() == [36, -288]


def test_jacobians_are_differences():
    w, x = variable(3, 2), variable(4, 3)
    with GradientTape() as tape:
        y = ops.tanh(ops.matmul(x, w))
    found = tape.jacobian(y, {"w": w, "x": x})
    for one in (w, x):
        name = "w" if one is w else "x"
        assert found[name].shape == (4, 2, *one.shape)
        before = one.numpy()
        for at in np.ndindex(one.shape):
            parts = []
            for step in (1e-5, -1e-5):
                moved = before.copy()
                moved[at] += step
                one.assign(moved)
                parts.append(np.tanh(x.numpy() @ w.numpy()))
            one.assign(before)
            np.testing.assert_allclose(found[name].numpy()[(..., *at)], (parts[0] - parts[1]) / 2e-5, 1e-6, 1e-8)


def test_batch_jacobians_are_the_blocks_of_jacobians():
    x = constant(draw.normal(size=(4, 3)))
    w = draw.normal(size=(3, 2))
    with GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = ops.tanh(ops.matmul(x, w))
    whole, rows = tape.jacobian(y, x).numpy(), tape.batch_jacobian(y, x).numpy()
    assert rows.shape == (4, 2, 3)
    for i in range(4):
        assert (rows[i] == whole[i, :, i]).all()
        np.testing.assert_allclose(rows[i], (1 - np.tanh(x.numpy()[i] @ w) ** 2)[:, None] * w.T)


def test_the_jacobian_of_nothing_connected():
    w, v = Variable([1.0, 2.0]), Variable([1.0])
    with GradientTape(persistent=True) as tape:
        y = w * w
    assert quiet(tape.jacobian, y, v) is None
    assert tape.jacobian(y, v, unconnected_gradients="zero").numpy().tolist() == [[0], [0]]


# ---- None, and why


def reason(make, words):
    w = Variable(3.0, name="weight")
    with GradientTape() as tape:
        target = make(w)
    with pytest.warns(UserWarning, match=words) as told:
        assert tape.gradient(target, w) is None
    assert len(told) == 1
    assert told[0].filename == __file__


def test_a_forward_pass_outside_the_tape_is_told():
    w = Variable(3.0, name="weight")
    y = w * w
    with GradientTape() as tape:
        pass
    with pytest.warns(UserWarning, match="None for weight: the target was not computed inside this tape"):
        assert tape.gradient(y, w) is None


def test_a_rebound_variable_is_told():
    w = Variable(3.0, name="weight")
    w = w - 0.1 * w
    with GradientTape() as tape:
        y = w * w
    with pytest.warns(UserWarning, match=r"rebound \(w = w - …\) is one no more: write w\.assign_sub"):
        assert tape.gradient(y, w) is None


def test_whole_numbers_comparisons_and_stops_are_told():
    words = "its way goes through whole numbers, argmax, comparisons, or stop_gradient"
    reason(lambda w: ops.cast(ops.cast(w, "int32"), "float32") + 0.0 * ops.stop_gradient(w), words)
    reason(lambda w: ops.cast(w > 0, "float32"), words)
    reason(lambda w: ops.stop_gradient(w * w), words)
    reason(lambda w: ops.floor(w), words)


def test_a_variable_that_is_not_trained_is_told():
    v, w = Variable(2.0, trainable=False, name="fixed"), Variable(3.0)
    with GradientTape(persistent=True) as tape:
        y = v * w
    with pytest.warns(UserWarning, match="None for fixed: it is a variable with trainable=False"):
        assert tape.gradient(y, v) is None
    with GradientTape() as tape:
        tape.watch(v)
        y = v * w
    assert float(tape.gradient(y, v)) == 3


def test_zeros_instead_of_none():
    v, w = Variable([1.0, 2.0]), Variable(3.0)
    with GradientTape(persistent=True) as tape:
        y = w * w
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert tape.gradient(y, v, unconnected_gradients="zero").numpy().tolist() == [0, 0]
    with pytest.raises(ValueError, match="unconnected_gradients"):
        tape.gradient(y, v, unconnected_gradients="nought")


def test_numbers_have_no_history():
    w = Variable(3.0)
    with GradientTape() as tape:
        y = (w * w).numpy()
    with pytest.raises(TypeError, match="a number without a history"):
        tape.gradient(y, w)
    with GradientTape() as tape:
        y = w * w
    with pytest.raises(TypeError, match="expected tensors or variables as sources"):
        tape.gradient(y, [3.0])


# ---- threads


def test_each_thread_has_a_tape_of_its_own():
    w, found, gate = Variable(3.0), {}, threading.Barrier(2)

    def work(k):
        for _ in range(200):
            gate.wait()
            with GradientTape() as tape:
                y = w * float(k)
                gate.wait()
                y = y * w
            found.setdefault(k, set()).add((len(tape._records), float(tape.gradient(y, w))))

    workers = [threading.Thread(target=work, args=(k,)) for k in (1, 2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert {k: len(v) for k, v in found.items()} == {1: 1, 2: 1}
    assert {g for v in found.values() for _, g in v} == {6.0, 12.0}
