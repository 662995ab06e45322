/* dense_row.h: the product of one row, in loops that any compiler understands: that of networks exported to C, which have no
 * panels and no tiles. */
#pragma once

enum { COLUMNS = 32 }; /* worked together, so that the compiler may put them into vectors */

/* n <= COLUMNS columns of y = xW, or xW + b: each a chain of fused multiply-adds over ascending k from 0 on, as
 * gemm_micro.h has it, and the bias after it */
FM_INLINE void dense_columns(real *y, const real *x, const real *W, const real *b, int64_t k, int64_t m, int64_t n) {
    real c[COLUMNS] = {0};
    for (int64_t i = 0; i < k; i++)
        for (int64_t j = 0; j < n; j++) c[j] = vr_fma(x[i], W[i * m + j], c[j]);
    for (int64_t j = 0; j < n; j++) y[j] = b ? c[j] + b[j] : c[j];
}
static void dense_row(real *y, const real *x, const real *W, const real *b, int64_t k, int64_t m) {
    int64_t j = 0;
    for (; j + COLUMNS <= m; j += COLUMNS) dense_columns(y + j, x, W + j, b ? b + j : b, k, m, COLUMNS);
    if (j < m) dense_columns(y + j, x, W + j, b ? b + j : b, k, m, m - j);
}
