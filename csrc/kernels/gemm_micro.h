/* gemm_micro.h: the matrix product's inner kernels. C[i][j] is one chain of fused multiply-adds over ascending k for
 * every tile shape, so results do not depend on the tile, and tiles stay a matter of speed alone.
 *
 * Stamped for 1 … MR_NARROW rows × ½ or 1 vector and 1 … MR rows × 1½ or 2, by two ways of addressing A (see kernels.h);
 * the accumulators live in registers from the first k to the last. A kind of product says what one k does to them
 * (kind_STEP), how many elements of a row of A lie together (kind_ROW), and its shapes (kind_SHAPES): FLOAT below, those of
 * bf16.h. */
#pragma once
#include <assert.h>

#define FM_PREFETCH(p) __builtin_prefetch(p)
#define FM_PREFETCH_W(p) __builtin_prefetch(p, 1)
#define FM_LINE (64 / (FM_BITS / 8)) /* elements in a cache line */

typedef void micro_fn(real *C, const real *A, int64_t a_stride, const real *B, int64_t k, int resume,
                      const fm_ahead *ahead);

/* Shapes: how many whole vectors, and whether half of one follows (levels that have no half take a whole one). */
#define FULL_h 0
#define HALF_h 1
#define FULL_1 1
#define HALF_1 0
#define FULL_1h 1
#define HALF_1h 1
#define FULL_2 2
#define HALF_2 0
#define FULL_all FM_PANEL / VL
#define HALF_all 0

#define MICRO_START(rows, shape)                                                                                 \
    enum { V = FULL_##shape, H = HALF_##shape };                                                                 \
    vr c[rows][V + !V];                                                                                          \
    vh h[rows];                                                                                                  \
    FM_UNROLL for (int i = 0; i < rows; i++) {                                                                   \
        FM_UNROLL for (int v = 0; v < V; v++) c[i][v] = resume ? vr_load(C + i * FM_PANEL + v * VL) : vr_zero(); \
        if (H) h[i] = resume ? vh_load(C + i * FM_PANEL + V * VL) : vh_set(0);                                   \
    }
#define FLOAT_ROW FM_PANEL
#define FLOAT_STEP(rows, a_at_i)                                                              \
    {                                                                                         \
        vr b[V + !V];                                                                         \
        vh bh;                                                                                \
        FM_UNROLL for (int v = 0; v < V; v++) b[v] = vr_load(B + v * VL);                     \
        if (H) bh = vh_load(B + V * VL);                                                      \
        FM_UNROLL for (int i = 0; i < rows; i++) {                                            \
            const real a = a_at_i;                                                            \
            FM_UNROLL for (int v = 0; v < V; v++) c[i][v] = vr_fma(vr_set(a), b[v], c[i][v]); \
            if (H) h[i] = vh_fma(vh_set(a), bh, h[i]);                                        \
        }                                                                                     \
        B += FM_PANEL;                                                                        \
    }
#define MICRO_END(rows)                                                                     \
    FM_UNROLL for (int i = 0; i < rows; i++) {                                              \
        FM_UNROLL for (int v = 0; v < V; v++) vr_store(C + i * FM_PANEL + v * VL, c[i][v]); \
        if (H) vh_store(C + i * FM_PANEL + V * VL, h[i]);                                   \
    }

#define MICRO(kind, target, rows, shape)                                                                             \
    target static void micro_rows_##kind##rows##x##shape(real *C, const real *A, int64_t a_stride, const real *B,    \
                                                         int64_t k, int resume, const fm_ahead *ahead) {             \
        MICRO_START(rows, shape)                                                                                     \
        for (; k > 0; k -= kind##_ROW, A += a_stride) {                                                              \
            if (k > kind##_ROW) /* the next chunk of A lies far away: fetch it during this one */                    \
                for (int i = 0; i < rows; i++)                                                                       \
                    for (int l = 0; l < kind##_ROW; l += FM_LINE) FM_PREFETCH(A + a_stride + i * kind##_ROW + l);    \
            int chunk = k < kind##_ROW ? (int)k : kind##_ROW;                                                        \
            for (int q = 0; q < chunk; q++) kind##_STEP(rows, A[i * kind##_ROW + q])                                 \
        }                                                                                                            \
        MICRO_END(rows)                                                                                              \
    }                                                                                                                \
    target static void micro_columns_##kind##rows##x##shape(real *C, const real *A, int64_t a_stride, const real *B, \
                                                            int64_t k, int resume, const fm_ahead *ahead) {          \
        MICRO_START(rows, shape)                                                                                     \
        int64_t q = 0;                                                                                               \
        if (ahead) { /* the weights and slots this tile will update */                                               \
            int64_t lines = ahead->lines < k ? ahead->lines : k;                                                     \
            for (; q < lines; q++) {                                                                                 \
                FM_UNROLL for (int p = 0; p < FM_SLOTS; p++) FM_PREFETCH_W(ahead->p[p] + q * 64);                    \
                kind##_STEP(rows, A[i]) A += FM_PANEL;                                                               \
            }                                                                                                        \
        }                                                                                                            \
        for (; q < k; q++) {                                                                                         \
            kind##_STEP(rows, A[i]) A += FM_PANEL;                                                                   \
        }                                                                                                            \
        MICRO_END(rows)                                                                                              \
    }

// clang-format off
#define MICRO_6(X, kind, target, shape)                                                                           \
    X(kind, target, 1, shape) X(kind, target, 2, shape) X(kind, target, 3, shape)                                 \
    X(kind, target, 4, shape) X(kind, target, 5, shape) X(kind, target, 6, shape)
#define MICRO_8(X, kind, target, shape)                                                                           \
    MICRO_6(X, kind, target, shape) X(kind, target, 7, shape) X(kind, target, 8, shape)
#define MICRO_12(X, kind, target, shape)                                                                          \
    MICRO_8(X, kind, target, shape) X(kind, target, 9, shape) X(kind, target, 10, shape)                          \
    X(kind, target, 11, shape) X(kind, target, 12, shape)
#define MICRO_14(X, kind, target, shape)                                                                          \
    MICRO_12(X, kind, target, shape) X(kind, target, 13, shape) X(kind, target, 14, shape)
#define MICRO_16(X, kind, target, shape)                                                                          \
    MICRO_14(X, kind, target, shape) X(kind, target, 15, shape) X(kind, target, 16, shape)
/* The most rows of a shape. */
#define MOST_h MR_NARROW
#define MOST_1 MR_NARROW
#define MOST_1h MR
#define MOST_2 MR
#define MICRO_UP_TO_(most, X, kind, target, shape) MICRO_##most(X, kind, target, shape)
#define MICRO_UP_TO(most, X, kind, target, shape) MICRO_UP_TO_(most, X, kind, target, shape)
#define MICRO_COUNTS(X, kind, target, shape) MICRO_UP_TO(MOST_##shape, X, kind, target, shape)
#define MICRO_WHOLE_SHAPES(X, kind, target) X(kind, target, 1) X(kind, target, 2)
#if VH < VL
#define FLOAT_SHAPES(X, kind, target) X(kind, target, h) X(kind, target, 1) X(kind, target, 1h) X(kind, target, 2)
#else
#define FLOAT_SHAPES MICRO_WHOLE_SHAPES
#endif
#define MICRO_KERNELS(kind, target, shape) MICRO_COUNTS(MICRO, kind, target, shape)
#define MICRO_ROWS_NAME(kind, target, rows, shape) micro_rows_##kind##rows##x##shape,
#define MICRO_COLUMNS_NAME(kind, target, rows, shape) micro_columns_##kind##rows##x##shape,
#define MICRO_ALL_ROWS(kind, target, shape) {MICRO_COUNTS(MICRO_ROWS_NAME, kind, target, shape)},
#define MICRO_ALL_COLUMNS(kind, target, shape) {MICRO_COUNTS(MICRO_COLUMNS_NAME, kind, target, shape)},

/* step: the columns that each shape has more than the one before */
#define GEMM(name, kind, target, step)                                                                            \
    kind##_SHAPES(MICRO_KERNELS, kind, target)                                                                    \
    static micro_fn *const name##_table[2][2 * VL / step][MR_NARROW] = {                                          \
        {kind##_SHAPES(MICRO_ALL_ROWS, kind, target)},                                                            \
        {kind##_SHAPES(MICRO_ALL_COLUMNS, kind, target)},                                                         \
    };                                                                                                            \
    static void name(int a_layout, void *C, const void *A, int64_t a_stride, const void *B, int64_t rows,         \
                     int64_t cols, int64_t k, int resume, const fm_ahead *ahead) {                                \
        int64_t j = 0;                                                                                            \
        assert(rows <= (cols > VL ? MR : MR_NARROW)); /* others are not stamped */                                \
        while (j < cols) {                                                                                        \
            const int64_t steps = cols - j < 2 * VL ? (cols - j + step - 1) / step : 2 * VL / step;               \
            name##_table[a_layout][steps - 1][rows - 1]((real *)C + j, A, a_stride, (const real *)B + j, k,       \
                                                        resume, j == 0 ? ahead : 0);                              \
            j += steps * step;                                                                                    \
        }                                                                                                         \
        for (; j % LANES; j += VH) /* whole lanes are looked at */                                                \
            for (int64_t i = 0; i < rows; i++) vh_store((real *)C + i * FM_PANEL + j, vh_set(0));                 \
    }
// clang-format on
GEMM(gemm_tiles, FLOAT, , VH)

/* One row: two vectors would spend the time waiting for their last addition. All of a panel at once. */
MICRO(FLOAT, , 1, all)
static void gemm(int a_layout, void *C, const void *A, int64_t a_stride, const void *B, int64_t rows, int64_t cols,
                 int64_t k, int resume, const fm_ahead *ahead) {
    static micro_fn *const one_row[] = {micro_rows_FLOAT1xall, micro_columns_FLOAT1xall};
    if (rows == 1 && cols == FM_PANEL)
        one_row[a_layout](C, A, a_stride, B, k, resume, ahead);
    else
        gemm_tiles(a_layout, C, A, a_stride, B, rows, cols, k, resume, ahead);
}
