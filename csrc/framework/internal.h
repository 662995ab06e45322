/* internal.h: what the framework's files share. */
#pragma once
#include "../kernels.h"
#include <stddef.h>

/* ---- cpu.c */
int fm_cpu_has_avx2(void);
int fm_cpu_has_avx512(void);
int fm_cpu_has_dot(void);           /* of bfloat16 */
uint64_t fm_float_mode_enter(void); /* flush denormals to zero on this thread */
void fm_float_mode_leave(uint64_t old);
void fm_pause(void);

/* ---- team.c: fm_team_run opens one parallel region */
enum { FM_MAX_THREADS = 64 };
typedef struct fm_team fm_team;
typedef void fm_body(void *context, fm_team *team, int t);
void fm_team_run(int threads, fm_body *body, void *context);
int fm_team_size(const fm_team *team); /* NULL: one thread on its own */
void fm_barrier(fm_team *team, int t); /* all writes before it are seen by all after it */

/* Thread t's share of n units: contiguous, in order, the same rule everywhere. */
static inline void fm_share(int64_t n, int64_t t, int64_t threads, int64_t *lo, int64_t *hi) {
    *lo = n * t / threads;
    *hi = n * (t + 1) / threads;
}

/* The same with threads of this call's own, for bodies without barriers that share their work while they run: some of the
 * threads may come late, or not at all. Dearer to start than a team, but nobody spins: OpenMP's threads do when they have
 * nothing to do, and its regions wait until each has been on a core, which beside a busy process takes milliseconds. */
void fm_crew_run(int threads, fm_body *body, void *context);
int fm_crew_for(double ns);

/* How many threads pay for work that takes one of them `ns` nanoseconds. Free of risk: results do not depend on it. */
int fm_threads_for(double ns);
int fm_threads_for_steps(double ns); /* of which a region has many */
int fm_threads_forced(void);         /* tests want threads however little they help */

/* Calls fn(context, lo, hi) for shares of n units that take ns_each nanoseconds. */
typedef void fm_range_fn(void *context, int64_t lo, int64_t hi);
void fm_parallel(int64_t n, double ns_each, fm_range_fn *fn, void *context);

static inline int64_t fm_element_size(int type) { return type == FM_F64 ? 8 : 4; }
static inline void fm_set_element(int type, void *array, int64_t i, double value) {
    if (type == FM_F64)
        ((double *)array)[i] = value;
    else
        ((float *)array)[i] = (float)value;
}
static inline double fm_get_element(int type, const void *array, int64_t i) {
    return type == FM_F64 ? ((const double *)array)[i] : ((const float *)array)[i];
}
static inline int64_t fm_min64(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t fm_panels(int64_t columns) { return (columns + FM_PANEL - 1) / FM_PANEL; }

/* ---- sums.c: for use inside a running team: share 0 … fm_sum_parts(n) among the threads, wait, ask for the total */
enum { FM_SUM_PARTS = 512 };
typedef struct fm_sum {
    int type;
    const void *x, *w; /* w is read only with l1 or l2: the sum is then of (x + l1·sign(w) + 2·l2·w)² */
    int64_t n;
    double l1, l2;
    int absolute; /* Σ|x| instead of Σx² */
    double parts[FM_SUM_PARTS];
} fm_sum;
int64_t fm_sum_parts(int64_t n);
void fm_sum_range(fm_sum *s, int64_t lo, int64_t hi);
double fm_sum_total(const fm_sum *s);

/* ---- norm.c: what a normalisation works on, row-major or in panels, forward or backward */
typedef struct fm_norm {
    const fm_kernels *k;
    const fm_rows *shape;
    int64_t size;
    char *out, *mean, *r, *dgamma, *dbeta, *moving_mean, *moving_variance;
    const char *x, *dy, *gamma, *beta;
    double momentum, epsilon;
    int unbiased, training; /* unbiased: the moving variance takes in n/(n-1) times the batch's, for n > 1 rows */
} fm_norm;
/* Batch normalisation of panels lo … hi-1 of columns. Backward, out may be NULL: dX is not wanted. */
void fm_batch_fwd_range(void *norm, int64_t lo, int64_t hi);
void fm_batch_bwd_range(void *norm, int64_t lo, int64_t hi);

/* ---- optimizer.c */
void fm_optimizer_prepare(int type, const fm_optimizer *o, int64_t step, fm_hyper *h); /* l1, l2 = 0, grad_scale = 1 */
