/* sums.c: Σ|x| and Σx² of long arrays.
 *
 * The array is cut into parts of whole blocks, at most FM_SUM_PARTS of them; a block's sum is the kernel's, a part adds
 * its blocks in order, and the total adds the parts in order, in double. Only n decides where the cuts are. */
#include "internal.h"

static int64_t blocks_of(int64_t n) { return (n + FM_SUM_BLOCK - 1) / FM_SUM_BLOCK; }
int64_t fm_sum_parts(int64_t n) { return fm_min64(blocks_of(n), FM_SUM_PARTS); }

static double block_sum(const fm_sum *s, int64_t at) {
    const char *x = (const char *)s->x + at * fm_element_size(s->type), *w = s->w;
    const fm_kernels *k = fm_table(s->type);
    int64_t n = fm_min64(s->n - at, FM_SUM_BLOCK);
    if (s->absolute) return k->sum_abs(x, n);
    if (s->l1 == 0 && s->l2 == 0) return k->sum_squares(x, n);
    return k->sum_squares_regularized(x, w + at * fm_element_size(s->type), n, s->l1, s->l2);
}

void fm_sum_range(fm_sum *s, int64_t lo, int64_t hi) {
    int64_t blocks = blocks_of(s->n), parts = fm_sum_parts(s->n);
    for (int64_t p = lo; p < hi; p++) {
        double sum = 0;
        for (int64_t b = blocks * p / parts; b < blocks * (p + 1) / parts; b++) sum += block_sum(s, b * FM_SUM_BLOCK);
        s->parts[p] = sum;
    }
}

double fm_sum_total(const fm_sum *s) {
    double sum = 0;
    for (int64_t p = 0; p < fm_sum_parts(s->n); p++) sum += s->parts[p];
    return sum;
}

static void range(void *context, int64_t lo, int64_t hi) { fm_sum_range(context, lo, hi); }
static double run(fm_sum *s) {
    int64_t parts = fm_sum_parts(s->n);
    const double ns = 0.15; /* an element, from beyond the first cache */
    if (parts) fm_parallel(parts, ns * (double)(s->n / parts), range, s);
    const uint64_t mode = fm_float_mode_enter();
    const double total = fm_sum_total(s);
    fm_float_mode_leave(mode);
    return total;
}

double fm_sum_abs(int type, const void *x, int64_t n) {
    return run(&(fm_sum){.type = type, .x = x, .n = n, .absolute = 1});
}
double fm_sum_squares(int type, const void *x, int64_t n) { return run(&(fm_sum){.type = type, .x = x, .n = n}); }
double fm_sum_squares_of_gradient(int type, const void *g, const void *w, int64_t n, double l1, double l2) {
    return run(&(fm_sum){.type = type, .x = g, .w = w, .n = n, .l1 = l1, .l2 = l2});
}
double fm_penalty(int type, const void *w, int64_t n, double l1, double l2) {
    const uint64_t mode = fm_float_mode_enter();
    const double penalty =
        (l1 != 0 ? l1 * fm_sum_abs(type, w, n) : 0) + (l2 != 0 ? l2 * fm_sum_squares(type, w, n) : 0);
    fm_float_mode_leave(mode);
    return penalty;
}
