/* constraints.h: what weights are held to after each update.
 *
 * FM_CONSTRAINTS is the registry: X(name, what it looks at, "parameters"). For an entry write
 *
 *   vr name_limit(vr x, const vr *p)    NORM: the factor for a vector whose 2-norm is x;  ELEMENT: the new weight
 *
 * and, in tests/reference/constraints.py, name(w, axis, …). A norm runs down a column of W (all inputs of one output)
 * or along a row. Epsilon keeps a zero vector zero: it is never below the smallest normal number. */
#pragma once

// clang-format off
#define FM_CONSTRAINTS(X)                                     \
    X(max_norm, NORM, "epsilon,max_value")                    \
    X(min_max_norm, NORM, "epsilon,min_value,max_value,rate") \
    X(unit_norm, NORM, "epsilon")                             \
    X(non_neg, ELEMENT, "")
// clang-format on

/* a / (ε + norm), finite unless a or the norm is not */
FM_INLINE vr per_norm(vr a, vr norm, vr epsilon) {
    return vr_min(vr_set(FM_HUGE), a / (vr_max(vr_set(FM_TINY), epsilon) + norm));
}

FM_INLINE vr max_norm_limit(vr norm, const vr *p) { return per_norm(vr_min(p[1], norm), norm, p[0]); }
/* rate·clip(norm, min, max) + (1 − rate)·norm */
FM_INLINE vr min_max_norm_limit(vr norm, const vr *p) {
    vr inside = vr_min(p[2], vr_max(p[1], norm));
    return per_norm(vr_fma(p[3], inside, (vr_set(1) - p[3]) * norm), norm, p[0]);
}
FM_INLINE vr unit_norm_limit(vr norm, const vr *p) { return per_norm(vr_set(1), norm, p[0]); }
FM_INLINE vr non_neg_limit(vr w, const vr *p) { return vr_sel(vr_le(w, vr_zero()), vr_zero(), w); }

/* ---- the loops stamped from the list ---- */

/* n ≤ VL columns of a block, each summed from row 0 down */
FM_INLINE vr column_norms(const real *w, int64_t rows, int64_t ld, int n) {
    vr sum = vr_zero();
    for (int64_t i = 0; i < rows; i++) sum = add_square(sum, load_lanes(w + i * ld, n));
    return vr_sqrt(sum);
}
FM_INLINE vr row_norm(const real *w, const fm_rows *shape, int64_t i) {
    vr acc[NV];
    FM_UNROLL
    for (int v = 0; v < NV; v++) acc[v] = vr_zero();
    FM_FOR_GROUPS(shape, i, o, n, v, acc[v] = add_square(acc[v], load_lanes(w + o, n)););
    return vr_sqrt(vr_set(fm_tree_sum(acc)));
}

// clang-format off
#define FM_LIMIT_COLUMNS_NORM(name)                                                                           \
    for (int64_t j = 0; j < cols; j += VL) {                                                                  \
        const int n = cols - j < VL ? (int)(cols - j) : VL;                                                   \
        vr factor = name##_limit(column_norms(w + j, rows, ld, n), p);                                        \
        for (int64_t o = j; o < j + rows * ld; o += ld) store_lanes(w + o, load_lanes(w + o, n) * factor, n); \
    }
#define FM_LIMIT_COLUMNS_ELEMENT(name) \
    FM_FOR_BLOCK(rows, cols, ld, o, n, store_lanes(w + o, name##_limit(load_lanes(w + o, n), p), n););
#define FM_LIMIT_ROWS_NORM(name)                         \
    vr factor = name##_limit(row_norm(w, shape, i), p);  \
    FM_FOR_GROUPS(shape, i, o, n, v, store_lanes(w + o, load_lanes(w + o, n) * factor, n););
#define FM_LIMIT_ROWS_ELEMENT(name) \
    FM_FOR_GROUPS(shape, i, o, n, v, store_lanes(w + o, name##_limit(load_lanes(w + o, n), p), n););

#define FM_CONSTRAINT_LOOPS(name, looks_at, names)                                                                  \
    static void name##_columns(void *w_, int64_t rows, int64_t cols, int64_t ld, const double *params) {            \
        real *w = w_;                                                                                               \
        vr p[FM_PARAMS];                                                                                            \
        spread_params(p, params, names);                                                                            \
        FM_LIMIT_COLUMNS_##looks_at(name)                                                                           \
    }                                                                                                               \
    static void name##_rows(void *w_, const fm_rows *shape, const double *params) {                                 \
        real *w = w_;                                                                                               \
        vr p[FM_PARAMS];                                                                                            \
        spread_params(p, params, names);                                                                            \
        for (int64_t i = 0; i < shape->n; i++) {                                                                    \
            FM_LIMIT_ROWS_##looks_at(name)                                                                          \
        }                                                                                                           \
    }
FM_CONSTRAINTS(FM_CONSTRAINT_LOOPS)
// clang-format on

#define FM_CONSTRAINT_ENTRY(name, looks_at, names) {#name, names, name##_columns, name##_rows},
static const fm_constraint_kernel constraint_table[] = {FM_CONSTRAINTS(FM_CONSTRAINT_ENTRY){0}};
