/* probes.c: what all threads together can do at most, in products and in memory traffic. */
#include "internal.h"

typedef struct {
    const fm_kernels *k;
    int64_t rounds;
    double operations; /* of all threads */
} peak_job;

static void peak_body(void *context, fm_team *team, int t) {
    peak_job *j = context;
    fm_barrier(team, t);
    const double own = j->k->peak(j->rounds);
    if (t == 0) j->operations = own * fm_team_size(team);
}

double fm_peak(int type, int threads, int64_t rounds) {
    peak_job j = {fm_table(type), rounds, 0};
    fm_team_run(threads, peak_body, &j);
    return j.operations;
}

typedef struct {
    const fm_kernels *k;
    char *x;
    int64_t n, size, rounds;
} sweep_job;

enum { LINE = 64 };

static void sweep_body(void *context, fm_team *team, int t) {
    const sweep_job *j = context;
    const int64_t whole = LINE / j->size; /* no two threads write into one cache line of an aligned array */
    int64_t lo, hi;
    fm_share((j->n + whole - 1) / whole, t, fm_team_size(team), &lo, &hi);
    fm_barrier(team, t);
    if (lo < hi) j->k->sweep(j->x + lo * LINE, fm_min64(hi * whole, j->n) - lo * whole, j->rounds);
}

void fm_sweep(int type, void *x, int64_t n, int threads, int64_t rounds) {
    fm_team_run(threads, sweep_body, &(sweep_job){fm_table(type), x, n, fm_element_size(type), rounds});
}
