/* team.c: the thread team: an OpenMP region for each fm_team_run, the barrier inside it, the rule for how many threads.
 *
 * Safe when several Python threads call at once (each gets a team of its own, and the rule shares the cores among
 * them) and after fork (see run_region_afresh). */
#define _GNU_SOURCE /* dladdr */
#include "internal.h"
#include <sched.h>
#include <stdatomic.h>
#if defined(_OPENMP)
#include <dlfcn.h>
#include <omp.h>
#include <pthread.h>
#endif

/* OpenMP's runtime is not instrumented, so ThreadSanitizer cannot see that a region starts after what came before it
 * and ends before what follows. It is told by two counters, and kept from the compiler's own hand-over of variables. */
#if defined(__SANITIZE_THREAD__)
static atomic_int opened, closed;
#define FM_RELEASE(counter) atomic_fetch_add_explicit(&counter, 1, memory_order_release)
#define FM_ACQUIRE(counter) atomic_load_explicit(&counter, memory_order_acquire)
#define FM_UNWATCHED __attribute__((no_sanitize("thread")))
#else
#define FM_RELEASE(counter)
#define FM_ACQUIRE(counter)
#define FM_UNWATCHED
#endif

enum { SPINS = 2000 };
static const double NS_PER_THREAD = 2500;        /* entering a region costs about 0.5 µs: work for 5 µs pays for two */
static const double NS_PER_FRESH_THREAD = 50000; /* after fork a region starts its threads anew: about 20 µs each */
static const double NS_PER_HAND = 100000;        /* and so does a crew */

typedef struct {
    _Alignas(64) atomic_uint arrived; /* how many barriers this thread has reached */
    unsigned here;                    /* the same, for its owner alone */
} flag;

struct fm_team {
    int size;
    flag *flags;
};

static atomic_int wanted;                 /* set_num_threads; 0: ask OpenMP */
static _Thread_local int wanted_here;     /* the most for calls from this thread; 0: as for all others */
static atomic_int callers;                /* calls computing now */
static atomic_int forked;                 /* this process is a fork's child */
static _Atomic double ns_per_thread = -1; /* < 0: one of the constants above */

void fm_threads_set(int threads) { atomic_store(&wanted, threads > FM_MAX_THREADS ? FM_MAX_THREADS : threads); }
int fm_threads_wanted(void) { return atomic_load(&wanted); }

int fm_threads_set_here(int threads) {
    const int before = wanted_here;
    wanted_here = threads;
    return before;
}

void fm_threads_grain(double ns) { atomic_store(&ns_per_thread, ns); }

int fm_threads_forced(void) { return atomic_load(&ns_per_thread) == 0; }

static int threads_of_all(void) {
#if defined(_OPENMP)
    int n = atomic_load(&wanted);
    if (n < 1) n = omp_get_max_threads();
    return n > FM_MAX_THREADS ? FM_MAX_THREADS : n;
#else
    return 1;
#endif
}

int fm_threads_get(void) {
    const int all = threads_of_all();
    return wanted_here > 0 && wanted_here < all ? wanted_here : all;
}

int fm_openmp_version(void) {
#if defined(_OPENMP)
    return _OPENMP;
#else
    return 0;
#endif
}

const char *fm_openmp_library(void) {
#if defined(_OPENMP)
    Dl_info info;
    if (dladdr((void *)(uintptr_t)omp_get_max_threads, &info) && info.dli_fname) return info.dli_fname;
#endif
    return "";
}

static int threads_worth(double ns, double ns_each) {
    int most = fm_threads_get();
    double grain = atomic_load(&ns_per_thread);
    if (grain < 0) {
        grain = ns_each;
        const int share = threads_of_all() / (1 + atomic_load(&callers));
        if (most > share) most = share;
    }
    if (grain > 0 && ns < grain * most) most = (int)(ns / grain);
    return most < 1 ? 1 : most;
}

int fm_threads_for(double ns) { return threads_worth(ns, atomic_load(&forked) ? NS_PER_FRESH_THREAD : NS_PER_THREAD); }

int fm_threads_for_steps(double ns) { return threads_worth(ns, NS_PER_THREAD); }

int fm_crew_for(double ns) { return threads_worth(ns, NS_PER_HAND); }

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

#if defined(_OPENMP)
typedef struct {
    flag flags[FM_MAX_THREADS];
    int threads;
    fm_body *body;
    void *context;
} region;

static void run_member(region *r, int size, int t) {
    FM_ACQUIRE(opened);
    fm_team team = {size, r->flags};
    uint64_t mode = fm_float_mode_enter();
    r->body(r->context, &team, t);
    fm_float_mode_leave(mode);
    FM_RELEASE(closed);
}

FM_UNWATCHED static void *run_region(void *argument) {
    region *r = argument;
#pragma omp parallel num_threads(r->threads)
    run_member(r, omp_get_num_threads(), omp_get_thread_num()); /* may be fewer than asked for */
    return NULL;
}

/* GNU's OpenMP keeps its threads for the thread that started them, and in a fork's child would wait for ever for those
 * that only the parent has (of our regions, or of any library's that shares the runtime). A fresh thread has none. */
static void run_region_afresh(region *r) {
    pthread_t starter;
    if (pthread_create(&starter, NULL, run_region, r) == 0)
        pthread_join(starter, NULL);
    else
        run_alone(r->body, r->context);
}

static void *pass(void *gate) {
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

static _Thread_local int had = 1; /* the most threads that a region of this one has had */

/* GNU's OpenMP ends the process if it cannot start a thread, for want of memory or because of a limit. So who wants more
 * than he had starts as many himself before, all at once, and does with those there are: they leave their stacks to it. */
static int threads_to_be_had(int threads) {
    pthread_t tried[FM_MAX_THREADS];
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    if (threads <= had) return threads;
    int count = had;
    pthread_mutex_lock(&gate);
    while (count < threads && !pthread_create(&tried[count], NULL, pass, &gate)) count++;
    pthread_mutex_unlock(&gate);
    for (int t = had; t < count; t++) pthread_join(tried[t], NULL);
    return had = count;
}

static void after_fork_in_child(void) {
    atomic_store(&callers, 0);
    atomic_store(&forked, 1);
    had = 1;
}
__attribute__((constructor)) static void watch_forks(void) { pthread_atfork(NULL, NULL, after_fork_in_child); }

static void run_together(int threads, fm_body *body, void *context) {
    region r;
    r.threads = threads, r.body = body, r.context = context;
    for (int t = 0; t < threads; t++) {
        atomic_init(&r.flags[t].arrived, 0);
        r.flags[t].here = 0;
    }
    FM_RELEASE(opened);
    if (atomic_load(&forked))
        run_region_afresh(&r);
    else
        run_region(&r);
    FM_ACQUIRE(closed);
}
#endif

void fm_team_run(int threads, fm_body *body, void *context) {
    atomic_fetch_add(&callers, 1);
#if defined(_OPENMP)
    threads = threads_to_be_had(threads < FM_MAX_THREADS ? threads : FM_MAX_THREADS);
    if (threads > 1)
        run_together(threads, body, context);
    else
#endif
        run_alone(body, context);
    atomic_fetch_sub(&callers, 1);
}

/* ---- crews */

typedef struct {
    fm_body *body;
    void *context;
    int size, t;
#if defined(_OPENMP)
    pthread_t thread;
#endif
} hand;

static void *run_hand(void *argument) {
    const hand *h = argument;
    fm_team team = {h->size, NULL};
    uint64_t mode = fm_float_mode_enter();
    h->body(h->context, &team, h->t);
    fm_float_mode_leave(mode);
    return NULL;
}

#if defined(_OPENMP)
/* A new thread begins on the core of the one that starts it, as often as not, and stays there for the milliseconds that
 * it takes the system to see that another one is idle: all the work of a prediction. So it may go anywhere but there. */
static void send_elsewhere(pthread_attr_t *how) {
#if defined(__linux__)
    cpu_set_t cores;
    const int here = sched_getcpu();
    if (here < 0 || here >= CPU_SETSIZE || sched_getaffinity(0, sizeof cores, &cores)) return;
    CPU_CLR(here, &cores);
    if (CPU_COUNT(&cores)) pthread_attr_setaffinity_np(how, sizeof cores, &cores);
#endif
}
#endif

void fm_crew_run(int threads, fm_body *body, void *context) {
    hand hands[FM_MAX_THREADS];
    int hired = 1;
    threads = threads < FM_MAX_THREADS ? threads : FM_MAX_THREADS;
    atomic_fetch_add(&callers, 1);
    for (int t = 0; t < threads; t++) hands[t] = (hand){.body = body, .context = context, .size = threads, .t = t};
#if defined(_OPENMP)
    pthread_attr_t how;
    if (threads > 1 && !pthread_attr_init(&how)) {
        send_elsewhere(&how);
        while (hired < threads && !pthread_create(&hands[hired].thread, &how, run_hand, &hands[hired])) hired++;
        pthread_attr_destroy(&how);
    }
#endif
    run_hand(&hands[0]);
#if defined(_OPENMP)
    while (--hired > 0) pthread_join(hands[hired].thread, NULL);
#endif
    (void)hired;
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
