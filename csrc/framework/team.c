/* team.c: the thread team: one OpenMP region a call, the barrier inside it, the rule for how many threads.
 *
 * Safe when several Python threads call at once (each gets a team of its own, and the rule shares the cores among
 * them) and after fork (a child cannot revive its parent's OpenMP threads: it computes on one, with the same bits). */
#include "internal.h"
#include <sched.h>
#include <stdatomic.h>
#if defined(_OPENMP)
#include <omp.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

/* OpenMP's runtime is not instrumented, so ThreadSanitizer cannot see that a region starts after what came before it
 * and ends before what follows: tell it by a release and an acquire on each side. */
#if defined(__SANITIZE_THREAD__)
#define FM_HANDOVER_START atomic_int handover = 0; atomic_fetch_add_explicit(&handover, 1, memory_order_release);
#define FM_HANDOVER_BEGIN atomic_fetch_add_explicit(&handover, 0, memory_order_acquire);
#define FM_HANDOVER_END atomic_fetch_add_explicit(&handover, 1, memory_order_release);
#define FM_HANDOVER_FINISH atomic_fetch_add_explicit(&handover, 0, memory_order_acquire);
#else
#define FM_HANDOVER_START
#define FM_HANDOVER_BEGIN
#define FM_HANDOVER_END
#define FM_HANDOVER_FINISH
#endif

enum { MAX_THREADS = 64, SPINS = 2000 };
static const double NS_PER_THREAD = 2500; /* entering a region costs about 0.5 µs: work for 5 µs pays for two */

typedef struct {
    _Alignas(64) atomic_uint arrived; /* how many barriers this thread has reached */
    unsigned here;                    /* the same, for its owner alone */
} flag;

struct fm_team {
    int size;
    flag *flags;
};

static atomic_int wanted;              /* set_num_threads; 0: ask OpenMP */
static atomic_int callers;             /* calls computing now */
static atomic_int had_region, forked;
static _Atomic double ns_per_thread = -1; /* < 0: NS_PER_THREAD */

void fm_threads_set(int threads) { atomic_store(&wanted, threads > MAX_THREADS ? MAX_THREADS : threads); }
int fm_threads_wanted(void) { return atomic_load(&wanted); }
int fm_threads_forked(void) { return atomic_load(&forked); }
void fm_threads_grain(double ns) { atomic_store(&ns_per_thread, ns); }

int fm_threads_forced(void) { return atomic_load(&ns_per_thread) == 0; }

int fm_threads_get(void) {
#if defined(_OPENMP)
    int n = atomic_load(&wanted);
    if (n < 1) n = omp_get_max_threads();
    return n > MAX_THREADS ? MAX_THREADS : n;
#else
    return 1;
#endif
}

int fm_openmp_version(void) {
#if defined(_OPENMP)
    return _OPENMP;
#else
    return 0;
#endif
}

int fm_threads_for(double ns) {
    int most = fm_threads_get();
    if (most == 1 || atomic_load(&forked)) return 1;
    double grain = atomic_load(&ns_per_thread);
    if (grain < 0) {
        grain = NS_PER_THREAD;
        int others = atomic_load(&callers);
        if (others > 1) most = most / others > 1 ? most / others : 1;
    }
    if (grain > 0 && ns < grain * most) most = (int)(ns / grain);
    return most < 1 ? 1 : most;
}

#if defined(_OPENMP) && (defined(__unix__) || defined(__APPLE__))
static void after_fork_in_child(void) {
    atomic_store(&callers, 0);
    if (atomic_load(&had_region)) atomic_store(&forked, 1);
}
__attribute__((constructor)) static void watch_forks(void) { pthread_atfork(NULL, NULL, after_fork_in_child); }
#endif

int fm_team_size(const fm_team *team) { return team ? team->size : 1; }

/* Every thread raises its own flag, then waits for all others to reach the same count. After a while it lends its core
 * to whoever else wants it: beside a busy process, spinning on would make each step wait for a time slice. */
void fm_barrier(fm_team *team, int t) {
    if (fm_team_size(team) == 1) return;
    unsigned now = ++team->flags[t].here;
    atomic_store_explicit(&team->flags[t].arrived, now, memory_order_release);
    for (int other = 0; other < team->size; other++) {
        if (other == t) continue;
        int spins = 0;
        while ((int)(atomic_load_explicit(&team->flags[other].arrived, memory_order_acquire) - now) < 0) {
            if (++spins < SPINS)
                fm_pause();
            else
                sched_yield();
        }
    }
}

static void run_alone(fm_body *body, void *context) {
    fm_team team = {1, NULL};
    uint64_t mode = fm_float_mode_enter();
    body(context, &team, 0);
    fm_float_mode_leave(mode);
}

void fm_team_run(int threads, fm_body *body, void *context) {
    atomic_fetch_add(&callers, 1);
#if defined(_OPENMP)
    if (threads > 1) {
        flag flags[MAX_THREADS];
        for (int t = 0; t < threads; t++) {
            atomic_init(&flags[t].arrived, 0);
            flags[t].here = 0;
        }
        atomic_store(&had_region, 1);
        FM_HANDOVER_START
#pragma omp parallel num_threads(threads)
        {
            fm_team team = {omp_get_num_threads(), flags}; /* may be fewer than asked for */
            FM_HANDOVER_BEGIN
            uint64_t mode = fm_float_mode_enter();
            body(context, &team, omp_get_thread_num());
            fm_float_mode_leave(mode);
            FM_HANDOVER_END
        }
        FM_HANDOVER_FINISH
    } else
#endif
        run_alone(body, context);
    (void)threads;
    atomic_fetch_sub(&callers, 1);
}

typedef struct {
    int64_t n;
    fm_range_fn *fn;
    void *context;
} range_job;

static void range_body(void *context, fm_team *team, int t) {
    const range_job *job = context;
    int64_t lo, hi;
    fm_share(job->n, t, team->size, &lo, &hi);
    if (lo < hi) job->fn(job->context, lo, hi);
}

void fm_parallel(int64_t n, double ns_each, fm_range_fn *fn, void *context) {
    range_job job = {n, fn, context};
    int threads = fm_threads_for(ns_each * (double)n);
    fm_team_run(n < threads ? (int)(n > 0 ? n : 1) : threads, range_body, &job);
}
