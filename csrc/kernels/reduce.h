/* reduce.h: sums and maxima, by columns and by rows.
 *
 * Down a column: one after the other from row 0. Along a row: 16 virtual lanes, then fm_tree_sum or fm_tree_max. So no
 * order depends on the level or on the layout.
 *
 * FM_REDUCTIONS is the registry of what is done to rows: X(name, what comes out: VALUE or INDEX). */
#pragma once
#include <math.h>

#define FM_REDUCTIONS(X) \
    X(sum, VALUE)        \
    X(max, VALUE)        \
    X(argmax, INDEX)

/* ---- columns: out[j] = Σ_i x[i][j], or out[j] + Σ when `resume` */

FM_INLINE void sum_down(real *out, const real *x, int64_t rows, int64_t ld, int resume, const int vectors, int n) {
    vr sum[FM_PANEL / VL];
    FM_UNROLL for (int v = 0; v < vectors; v++) sum[v] = resume ? load_lanes(out + v * VL, n) : vr_zero();
    for (int64_t i = 0; i < rows; i++) {
        FM_UNROLL for (int v = 0; v < vectors; v++) sum[v] += load_lanes(x + i * ld + v * VL, n);
    }
    FM_UNROLL for (int v = 0; v < vectors; v++) store_lanes(out + v * VL, sum[v], n);
}

/* Whole panels have all their vectors in flight: one chain of additions would wait for itself. */
static void column_sum(void *out_, const void *x_, int64_t rows, int64_t cols, int64_t ld, int resume) {
    real *out = out_;
    const real *x = x_;
    int64_t j = 0;
    for (; j + FM_PANEL <= cols; j += FM_PANEL) sum_down(out + j, x + j, rows, ld, resume, FM_PANEL / VL, VL);
    for (; j + VL <= cols; j += VL) sum_down(out + j, x + j, rows, ld, resume, 1, VL);
    if (j < cols) sum_down(out + j, x + j, rows, ld, resume, 1, (int)(cols - j));
}

/* out[j] = Σ_i (x[i][j] - centre[j])², or out[j] + Σ when `resume` */
static void column_squares(void *out_, const void *x_, const void *centre, int64_t rows, int64_t cols, int64_t ld,
                           int resume) {
    real *out = out_;
    const real *x = x_;
    FM_FOR_COLUMNS(cols, j, n, {
        vr middle = load_lanes((const real *)centre + j, n), sum = resume ? load_lanes(out + j, n) : vr_zero();
        for (int64_t i = 0; i < rows; i++) {
            vr d = load_lanes(x + i * ld + j, n) - middle;
            sum = vr_fma(d, d, sum);
        }
        store_lanes(out + j, sum, n);
    });
}

/* ---- rows */

static void sum_rows(void *out, const void *x, const fm_rows *s) {
    for (int64_t i = 0; i < s->n; i++) {
        vr acc[NV] = {vr_zero()};
        FM_FOR_GROUPS(s, i, o, n, v, acc[v] += load_lanes((const real *)x + o, n););
        ((real *)out)[i] = fm_tree_sum(acc);
    }
}

/* -∞ for a row of nothing; NaN if there is one */
static real largest_in_row(const real *x, const fm_rows *s, int64_t i) {
    const vr lowest = vr_set((real)-INFINITY);
    vr acc[NV];
    FM_UNROLL for (int v = 0; v < NV; v++) acc[v] = lowest;
    FM_FOR_GROUPS(s, i, o, n, v, {
        const vr z = first_lanes(load_lanes(x + o, n), n, lowest);
        acc[v] = vr_sel(vm_or(vr_gt(acc[v], z), vr_isnan(acc[v])), acc[v], z);
    });
    return fm_tree_max(acc);
}

static void max_rows(void *out, const void *x, const fm_rows *s) {
    for (int64_t i = 0; i < s->n; i++) ((real *)out)[i] = largest_in_row(x, s, i);
}

/* The first of equals; a NaN counts as the largest, as in NumPy. */
static int64_t argmax_in_row(const real *x, const fm_rows *s, int64_t i) {
    const real largest = largest_in_row(x, s, i);
    int64_t j = 0;
    for (; j < s->k; j++) {
        const real z = x[place(s, i, j)];
        if (z == largest || z != z) break;
    }
    return j;
}

static void argmax_rows(void *out, const void *x, const fm_rows *s) {
    for (int64_t i = 0; i < s->n; i++) ((int64_t *)out)[i] = argmax_in_row(x, s, i);
}

enum { VALUE, INDEX };
#define FM_REDUCTION_ENTRY(name, result) {#name, result, name##_rows},
static const fm_reduction_kernel reduction_table[] = {FM_REDUCTIONS(FM_REDUCTION_ENTRY){0}};
