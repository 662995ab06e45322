# runtime.pxi: levels, threads and memory.

import os

cdef extern from "fastmlp.h" nogil:
    int fm_level_count()
    const char *fm_level_name(int level)
    int fm_level_usable(int level)
    int fm_level_chosen()
    void fm_level_choose(int level)
    int fm_dot_used()
    void fm_dot_emulate(int yes)
    const char *fm_compiler()
    void *fm_alloc(int64_t count, int64_t size)
    void fm_free(void *p)
    int64_t fm_alloc_refuse(int64_t first, int64_t last)
    int fm_openmp_version()
    const char *fm_openmp_library()
    void fm_threads_set(int threads)
    int fm_threads_wanted()
    int fm_threads_set_here(int threads)
    int fm_threads_get()
    void fm_threads_grain(double ns)


def levels():
    """The levels that were built, plainest first: ``{name: usable on this CPU}``."""
    return {fm_level_name(i).decode(): bool(fm_level_usable(i)) for i in range(fm_level_count())}


def level():
    """The level in use."""
    return fm_level_name(fm_level_chosen()).decode()


def choose_level(str name):
    """Makes a level the one in use; it must be built and usable."""
    built = levels()
    if not built.get(name, False):
        state = "this CPU cannot run it" if name in built else "it was not built"
        usable = ", ".join(n for n, ok in built.items() if ok)
        raise ValueError(f"level: expected one of {usable}, got {name!r} ({state}); set FASTMLP_ISA to one of these")
    fm_level_choose(list(built).index(name))


def bf16_by_instruction():
    """Whether the level in use multiplies bfloat16 by an instruction of this CPU: else by one that is emulated."""
    return bool(fm_dot_used())


def emulate_bf16(bint yes):
    """Whether that instruction is left alone where there is one: the bits are the same. For networks to come."""
    fm_dot_emulate(yes)


def compiler():
    """The compiler that built this module."""
    return fm_compiler().decode().strip()


def openmp_version():
    """The OpenMP date the build saw, 0 without OpenMP."""
    return fm_openmp_version()


def openmp_library():
    """The file the OpenMP runtime was loaded from, empty when it cannot be told."""
    return os.fsdecode(fm_openmp_library())


def set_threads(int threads):
    """The most threads a call uses; 0 follows OMP_NUM_THREADS and the machine."""
    fm_threads_set(threads)


def wanted_threads():
    """What `set_threads` was last given."""
    return fm_threads_wanted()


def set_threads_here(int threads):
    """At most so many threads for calls from this Python thread; 0: as for those from others. What it was before."""
    return fm_threads_set_here(threads)


def get_threads():
    """The most threads a call would use now."""
    return fm_threads_get()


def set_thread_grain(double nanoseconds):
    """The least work a thread is started for; negative: the default. Tests set 0 to make small cases parallel."""
    fm_threads_grain(nanoseconds)


def refuse_allocations(int64_t first, int64_t last):
    """Lets the first to last of the engine's allocations to come fail, counted from 1; 0, 0: none. For tests.

    How many were asked for since the last such call.
    """
    return fm_alloc_refuse(first, last)
