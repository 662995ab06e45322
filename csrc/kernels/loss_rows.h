/* loss_rows.h: how losses reach the elements of a row, and what they do with rows of one element. */
#pragma once

/* Stores the first n lanes; in panels (their rows are FM_PANEL apart) the padding is there and becomes zero. */
FM_INLINE void store_row(real *d, vr x, int n, const fm_rows *shape) {
    if (n == VL)
        vr_store(d, x);
    else if (shape->rs == FM_PANEL)
        vr_store(d, first_lanes(x, n, vr_zero()));
    else
        vr_store_n(d, x, n);
}

FM_INLINE real row_scale(const void *scale, int64_t i) { return scale ? ((const real *)scale)[i] : 1; }

/* Rows of one element are worked 64 at a time as one row of a block: a vector a row would leave its lanes idle. */
typedef void loss_block(void *loss, void *d, const void *pred, const void *target, const void *scale, int64_t rows,
                        int64_t cols, int64_t ld, const double *params);

static void one_column(loss_block *block, real *loss, real *d, const real *pred, const real *target, const real *scale,
                       const fm_rows *shape, const double *params) {
    enum { CHUNK = 64 };
    if (shape->rs == 1) {
        block(loss, d, pred, target, scale, 1, shape->n, shape->n, params);
        return;
    }
    for (int64_t lo = 0; lo < shape->n; lo += CHUNK) {
        real p[CHUNK], y[CHUNK];
        const int rows = shape->n - lo < CHUNK ? (int)(shape->n - lo) : CHUNK;
        for (int r = 0; r < rows; r++) {
            p[r] = pred[(lo + r) * shape->rs];
            y[r] = target[(lo + r) * shape->rs];
        }
        block(loss + lo, d ? p : 0, p, y, scale ? scale + lo : 0, 1, rows, rows, params);
        if (!d) continue;
        for (int r = 0; r < rows; r++) FM_FOR_GROUPS(shape, lo + r, o, n, v, store_row(d + o, vr_set(p[r]), n, shape););
    }
}

/* Sixteen rows of at most 16 elements turned over, tile[j·32 + r] = x(lo + r, j), and back. */
FM_INLINE void turn(real *dst, const real *src) {
    for (int i = 0; i < LANES; i += VL)
        for (int j = 0; j < LANES; j += VL) transpose_block(dst + j * FM_PANEL + i, src + i * FM_PANEL + j);
}
static void read_turned(real *tile, const real *x, const fm_rows *shape, int64_t lo, int rows) {
    if (shape->rs == FM_PANEL && rows == LANES) {
        turn(tile, x + lo * FM_PANEL);
        return;
    }
    real copy[LANES * FM_PANEL] = {0};
    for (int r = 0; r < rows; r++)
        FM_FOR_GROUPS(shape, lo + r, o, n, v, vr_store(copy + r * FM_PANEL + v * VL, load_lanes(x + o, n)););
    turn(tile, copy);
}
static void write_turned(real *x, real *tile, const fm_rows *shape, int64_t lo, int rows) {
    for (int64_t j = shape->k; j < LANES; j++)
        for (int r = 0; r < LANES; r += VL) vr_store(tile + j * FM_PANEL + r, vr_zero());
    if (shape->rs == FM_PANEL && rows == LANES) {
        turn(x + lo * FM_PANEL, tile);
        return;
    }
    real copy[LANES * FM_PANEL];
    turn(copy, tile);
    for (int r = 0; r < rows; r++)
        FM_FOR_GROUPS(shape, lo + r, o, n, v, store_row(x + o, vr_load(copy + r * FM_PANEL + v * VL), n, shape););
}
