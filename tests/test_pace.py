"""One thread or the team, chosen on imagined machines whose times are known: csrc/framework/pace.c by itself."""

from __future__ import annotations

import ctypes
import itertools
import shutil
import subprocess
from pathlib import Path

import pytest

FRAMEWORK = Path(__file__).parent.parent / "csrc" / "framework"
ALONE = 1e-4  # seconds of one thread's step
TEAM, HINDERED = ALONE / 2, 10 * ALONE  # with all cores free; with one that a neighbour keeps


def compiled(folder, forced):
    """pace.c as a library, where the number of threads is forced or not."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not FRAMEWORK.is_dir() or compiler is None:
        pytest.skip("needs the sources beside the tests, and a C compiler")
    stub, library = folder / "forced.c", folder / "pace.so"
    stub.write_text(f"int fm_threads_forced(void);\nint fm_threads_forced(void) {{ return {forced}; }}\n")
    command = [compiler, "-std=c11", "-shared", "-fPIC", f"-I{FRAMEWORK.parent}", str(FRAMEWORK / "pace.c"), str(stub)]
    subprocess.run([*command, "-o", str(library)], check=True)
    return ctypes.CDLL(str(library))


@pytest.fixture(scope="module")
def pace(tmp_path_factory):
    return compiled(tmp_path_factory.mktemp("pace"), forced=0)


def stretches(pace, team_step, most=2, call=10**6):
    """(when, threads, seconds of each step) for ever, at most `call` steps each.

    On this machine a step that the team begins at `when` takes it `team_step(when)`.
    """
    state, threads, now = ctypes.create_string_buffer(256), ctypes.c_int(), 0.0
    pace.fm_pace_next.restype = ctypes.c_int64
    pace.fm_pace_start(state, ctypes.c_double(ALONE * 1e9))
    while True:
        steps, begin, seconds = min(pace.fm_pace_next(state, most, ctypes.byref(threads)), call), now, []
        for _ in range(steps):
            seconds.append(team_step(now) if threads.value > 1 else ALONE)
            now += seconds[-1]
        yield begin, threads.value, seconds
        pace.fm_pace_note(state, most, ctypes.c_int64(steps), ctypes.c_double(now - begin))


def cost(pace, team_step, until, **options):
    """The seconds that were taken, for each second of one who knows at each step which is quicker."""
    taken = best = 0.0
    for _, _, seconds in stretches(pace, team_step, **options):
        for second in seconds:
            best += min(ALONE, team_step(taken))
            taken += second
        if taken > until:
            return taken / best
    return None


def test_a_team_that_helps_is_kept(pace):
    assert cost(pace, lambda when: TEAM, until=10) < 1.02


def test_a_team_that_waits_for_its_slowest_is_not(pace):
    assert cost(pace, lambda when: HINDERED, until=10) < 1.06


def test_neighbours_that_come_cost_little(pace):
    assert cost(pace, lambda when: TEAM if when < 5 else HINDERED, until=10) < 1.06


def test_neighbours_that_go_are_noticed_within_a_second_or_so(pace):
    free_at = 5.0
    seen = (when for when, threads, _ in stretches(pace, lambda when: HINDERED if when < free_at else TEAM)
            if when >= free_at and threads == 2)  # fmt: skip
    assert next(seen) < free_at + 1.1
    assert cost(pace, lambda when: HINDERED if when < free_at else TEAM, until=10) < 1.2


@pytest.mark.parametrize(("spins_for", "most"), [(0.03, 1.2), (0.08, 1.3)])
def test_threads_that_spin_after_another_librarys_last_product_cost_little(pace, spins_for, most):
    """In a fit of a tenth of a second."""
    spinning = lambda when: 30 * ALONE if when < spins_for else TEAM  # noqa: E731
    assert cost(pace, spinning, until=0.15) < most


def test_a_team_that_is_far_behind_is_seen_through_after_few_steps(pace):
    assert cost(pace, lambda when: 50 * ALONE, until=10) < 1.16


@pytest.mark.parametrize("period", [0.005, 0.05, 0.5])
def test_neighbours_that_come_and_go(pace, period):
    """Who never takes the team, has a cost of up to 2."""
    come_and_go = lambda when: HINDERED if int(when / period) % 2 else TEAM  # noqa: E731
    assert cost(pace, come_and_go, until=20) < 2.2


@pytest.mark.parametrize("team_step", [TEAM, HINDERED])
def test_calls_of_one_step_are_tried_as_long(pace, team_step):
    """The first step, in which threads wake up, does not decide."""
    waking = lambda when: team_step + (0 if when else 3 * ALONE)  # noqa: E731
    found = [threads for _, threads, _ in itertools.islice(stretches(pace, waking, call=1), 5000)]
    assert (found.count(2) > 4000) if team_step == TEAM else (found.count(2) < 1000)


def test_a_hiccup_of_the_team_is_soon_forgotten(pace):
    hiccup = lambda when: TEAM if int(when * 1e4) % 10_000 else 80 * ALONE  # noqa: E731
    assert cost(pace, hiccup, until=10) < 1.04


def test_threads_that_are_slow_to_wake_up_win_nevertheless(pace):
    """After one thread has run for a second, as a neighbour wanted it, the first steps of the team take longer."""
    state = {"last": 0.0, "woken": 0.0}

    def waking(when):
        if when > state["last"] + 20 * ALONE:
            state["woken"] = when
        state["last"] = when
        return HINDERED if when < 3 else TEAM + (3 * ALONE if when < state["woken"] + 20 * ALONE else 0)

    taken = itertools.takewhile(lambda stretch: stretch[0] < 10, stretches(pace, waking))
    found = [threads for when, threads, seconds in taken for _ in seconds if when > 5]
    assert found.count(2) > 0.9 * len(found)


def test_one_thread_needs_no_trial(pace):
    _, threads, seconds = next(stretches(pace, lambda when: TEAM, most=1))
    assert (threads, len(seconds)) == (1, 10**6)


def test_what_one_thread_did_without_a_choice_says_nothing(pace):
    state, threads = ctypes.create_string_buffer(256), ctypes.c_int()
    pace.fm_pace_start(state, ctypes.c_double(ALONE * 1e9))
    fresh = state.raw
    pace.fm_pace_note(state, 1, ctypes.c_int64(100), ctypes.c_double(1))
    assert state.raw == fresh
    pace.fm_pace_next(state, 2, ctypes.byref(threads))
    assert threads.value == 2


def test_threads_that_are_forced_are_not_tried(tmp_path):
    _, threads, seconds = next(stretches(compiled(tmp_path, forced=1), lambda when: HINDERED))
    assert (threads, len(seconds)) == (2, 10**6)
