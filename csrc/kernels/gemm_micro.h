/* gemm_micro.h: the matrix product's inner kernels. C[i][j] is one chain of fused multiply-adds over ascending k for
 * every tile shape, so results do not depend on the tile, and tiles stay a matter of speed alone.
 *
 * Stamped for 1 … MR_NARROW rows × 1 or 2 vectors × two ways of addressing A (see kernels.h); the accumulators
 * live in registers from the first k to the last. */
#pragma once

#define FM_PREFETCH(p) __builtin_prefetch(p)
#define FM_PREFETCH_W(p) __builtin_prefetch(p, 1)
#define FM_LINE (64 / (FM_BITS / 8)) /* elements in a cache line */

typedef void micro_fn(real *C, const real *A, int64_t a_stride, const real *B, int64_t k, int resume,
                      const fm_ahead *ahead);

#define MICRO_START(rows, vecs)                                                                 \
    vr c[rows][vecs];                                                                           \
    FM_UNROLL for (int i = 0; i < rows; i++) FM_UNROLL for (int v = 0; v < vecs; v++) c[i][v] = \
        resume ? vr_load(C + i * FM_PANEL + v * VL) : vr_zero();
#define MICRO_STEP(rows, vecs, a_at_i)                                                   \
    {                                                                                    \
        vr b[vecs];                                                                      \
        FM_UNROLL for (int v = 0; v < vecs; v++) b[v] = vr_load(B + v * VL);             \
        FM_UNROLL for (int i = 0; i < rows; i++) {                                       \
            vr a = vr_set(a_at_i);                                                       \
            FM_UNROLL for (int v = 0; v < vecs; v++) c[i][v] = vr_fma(a, b[v], c[i][v]); \
        }                                                                                \
        B += FM_PANEL;                                                                   \
    }
#define MICRO_END(rows, vecs)                                                         \
    FM_UNROLL for (int i = 0; i < rows; i++) FM_UNROLL for (int v = 0; v < vecs; v++) \
        vr_store(C + i * FM_PANEL + v * VL, c[i][v]);

#define MICRO(rows, vecs)                                                                                         \
    static void micro_rows_##rows##x##vecs(real *C, const real *A, int64_t a_stride, const real *B, int64_t k,    \
                                           int resume, const fm_ahead *ahead) {                                   \
        (void)ahead;                                                                                              \
        MICRO_START(rows, vecs)                                                                                   \
        for (; k > 0; k -= FM_PANEL, A += a_stride) {                                                             \
            if (k > FM_PANEL) /* the next chunk of A lies far away: fetch it during this one */                   \
                for (int i = 0; i < rows; i++)                                                                    \
                    for (int l = 0; l < FM_PANEL; l += FM_LINE) FM_PREFETCH(A + a_stride + i * FM_PANEL + l);     \
            int chunk = k < FM_PANEL ? (int)k : FM_PANEL;                                                         \
            for (int q = 0; q < chunk; q++) MICRO_STEP(rows, vecs, A[i * FM_PANEL + q])                           \
        }                                                                                                         \
        MICRO_END(rows, vecs)                                                                                     \
    }                                                                                                             \
    static void micro_columns_##rows##x##vecs(real *C, const real *A, int64_t a_stride, const real *B, int64_t k, \
                                              int resume, const fm_ahead *ahead) {                                \
        (void)a_stride;                                                                                           \
        MICRO_START(rows, vecs)                                                                                   \
        int64_t q = 0;                                                                                            \
        if (ahead) { /* the weights and slots this tile will update */                                            \
            int64_t lines = ahead->lines < k ? ahead->lines : k;                                                  \
            for (; q < lines; q++) {                                                                              \
                FM_UNROLL for (int p = 0; p < FM_SLOTS; p++) FM_PREFETCH_W(ahead->p[p] + q * 64);                 \
                MICRO_STEP(rows, vecs, A[i])                                                                      \
                A += FM_PANEL;                                                                                    \
            }                                                                                                     \
        }                                                                                                         \
        for (; q < k; q++) {                                                                                      \
            MICRO_STEP(rows, vecs, A[i])                                                                          \
            A += FM_PANEL;                                                                                        \
        }                                                                                                         \
        MICRO_END(rows, vecs)                                                                                     \
    }

// clang-format off
#if MR_NARROW == 16
#define MICRO_COUNTS(X, vecs)                                                                                     \
    X(1, vecs) X(2, vecs) X(3, vecs) X(4, vecs) X(5, vecs) X(6, vecs) X(7, vecs) X(8, vecs)                       \
    X(9, vecs) X(10, vecs) X(11, vecs) X(12, vecs) X(13, vecs) X(14, vecs) X(15, vecs) X(16, vecs)
#elif MR_NARROW == 8
#define MICRO_COUNTS(X, vecs)                                                                                     \
    X(1, vecs) X(2, vecs) X(3, vecs) X(4, vecs) X(5, vecs) X(6, vecs) X(7, vecs) X(8, vecs)
#endif
// clang-format on
MICRO_COUNTS(MICRO, 1)
MICRO_COUNTS(MICRO, 2)

#define MICRO_ROWS_NAME(rows, vecs) micro_rows_##rows##x##vecs,
#define MICRO_COLUMNS_NAME(rows, vecs) micro_columns_##rows##x##vecs,
static micro_fn *const micro_table[2][2][MR_NARROW] = {
    {{MICRO_COUNTS(MICRO_ROWS_NAME, 1)}, {MICRO_COUNTS(MICRO_ROWS_NAME, 2)}},
    {{MICRO_COUNTS(MICRO_COLUMNS_NAME, 1)}, {MICRO_COUNTS(MICRO_COLUMNS_NAME, 2)}},
};

static void gemm(int a_layout, void *C, const void *A, int64_t a_stride, const void *B, int64_t rows, int64_t cols,
                 int64_t k, int resume, const fm_ahead *ahead) {
    for (int64_t j = 0; j < cols; j += 2 * VL) {
        int vecs = cols - j > VL ? 2 : 1;
        micro_table[a_layout][vecs - 1][rows - 1]((real *)C + j, A, a_stride, (const real *)B + j, k, resume,
                                                  j == 0 ? ahead : 0);
    }
}
