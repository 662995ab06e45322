/* pack.h: between a user's matrix and panels, and the tile transpose.
 *
 * A matrix of `batch` rows in panels: element (i, j) at  (j/32)·batch·32 + i·32 + j%32.  Lanes past the last column
 * are written as zero, always: a stale number there would reach the sums. */
#pragma once
#include <string.h>

/* IEEE half to float, by bits: no CPU below AVX2 has an instruction for it. */
FM_INLINE float half_to_float(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, magnitude = h & 0x7fff, bits;
    float f;
    if (magnitude >= 0x7c00) /* infinity, NaN */
        bits = sign | 0x7f800000 | (magnitude & 0x3ff) << 13;
    else if (magnitude >= 0x400)
        bits = sign | ((magnitude << 13) + (112u << 23));
    else { /* zero and subnormal: a whole multiple of 2^-24 */
        f = (float)(int)magnitude * 5.9604644775390625e-8f;
        memcpy(&bits, &f, 4);
        bits |= sign;
    }
    memcpy(&f, &bits, 4);
    return f;
}

#define TAKE_LOOP(T, bytes_apart, convert)             \
    for (int j = 0; j < cols; j++) {                   \
        T v;                                           \
        memcpy(&v, src + j * (bytes_apart), sizeof v); \
        dst[j] = (real)(convert);                      \
    }
#define TAKE(T, convert)                          \
    if (apart == (int64_t)sizeof(T))              \
        TAKE_LOOP(T, (int64_t)sizeof(T), convert) \
    else                                          \
        TAKE_LOOP(T, apart, convert)              \
    break
#define TAKE_SWAPPED(T, U, swap)               \
    for (int j = 0; j < cols; j++) {           \
        U u;                                   \
        T v;                                   \
        memcpy(&u, src + j * apart, sizeof u); \
        u = swap(u);                           \
        memcpy(&v, &u, sizeof v);              \
        dst[j] = (real)v;                      \
    }                                          \
    break

/* cols ≤ 32 elements, `apart` bytes from each other, of any type and either byte order */
static void take(real *restrict dst, const char *restrict src, int cols, int64_t apart, int type, int swapped) {
    if (swapped) {
        switch (type) {
        case FM_F16:
            for (int j = 0; j < cols; j++) {
                uint16_t u;
                memcpy(&u, src + j * apart, 2);
                dst[j] = (real)half_to_float(__builtin_bswap16(u));
            }
            return;
        case FM_F32: TAKE_SWAPPED(float, uint32_t, __builtin_bswap32);
        case FM_F64: TAKE_SWAPPED(double, uint64_t, __builtin_bswap64);
        case FM_U16: TAKE_SWAPPED(uint16_t, uint16_t, __builtin_bswap16);
        case FM_I16: TAKE_SWAPPED(int16_t, uint16_t, __builtin_bswap16);
        case FM_U32: TAKE_SWAPPED(uint32_t, uint32_t, __builtin_bswap32);
        case FM_I32: TAKE_SWAPPED(int32_t, uint32_t, __builtin_bswap32);
        case FM_U64: TAKE_SWAPPED(uint64_t, uint64_t, __builtin_bswap64);
        case FM_I64: TAKE_SWAPPED(int64_t, uint64_t, __builtin_bswap64);
        }
        return;
    }
    switch (type) {
    case FM_F32: TAKE(float, v);
    case FM_F64: TAKE(double, v);
    case FM_F16: TAKE(uint16_t, half_to_float(v));
    case FM_U8: TAKE(uint8_t, v);
    case FM_I8: TAKE(int8_t, v);
    case FM_U16: TAKE(uint16_t, v);
    case FM_I16: TAKE(int16_t, v);
    case FM_U32: TAKE(uint32_t, v);
    case FM_I32: TAKE(int32_t, v);
    case FM_U64: TAKE(uint64_t, v);
    case FM_I64: TAKE(int64_t, v);
    }
}

/* The same for elements of our own type, side by side */
FM_INLINE void take_plain(real *dst, const real *src, int cols) {
    if (cols == FM_PANEL) {
    FM_UNROLL for (int j = 0; j < FM_PANEL; j += VL) vr_store(dst + j, vr_load(src + j));
        return;
    }
    for (int j = 0; j < FM_PANEL; j += VL) {
        int n = cols - j < 0 ? 0 : cols - j < VL ? cols - j : VL;
        vr_store(dst + j, load_lanes(src + j, n));
    }
}

/* Whether rows are elements of our own type, side by side. */
FM_INLINE int is_plain(const fm_view *x) {
    return x->type == (FM_BITS == 32 ? FM_F32 : FM_F64) && x->col_stride == (int64_t)sizeof(real) && !x->swapped &&
           ((uintptr_t)x->data | (uintptr_t)x->row_stride) % sizeof(real) == 0;
}

/* Rows index[lo … hi-1] of x (or lo … hi-1 themselves) into rows lo … hi-1 of the panels; the row after is fetched
 * meanwhile, for no hardware foresees where it lies. */
static void gather(void *panels, int64_t batch, const fm_view *x, const int64_t *index, int64_t lo, int64_t hi) {
    const int plain = is_plain(x);
    for (int64_t i = lo; i < hi; i++) {
        const char *row = (const char *)x->data + (index ? index[i] : i) * x->row_stride;
        const char *next = i + 1 < hi ? (const char *)x->data + (index ? index[i + 1] : i + 1) * x->row_stride : row;
        real *d = (real *)panels + i * FM_PANEL;
        for (int64_t j = 0; j < x->cols; j += FM_PANEL, d += batch * FM_PANEL) {
            int cols = x->cols - j < FM_PANEL ? (int)(x->cols - j) : FM_PANEL;
            const char *src = row + j * x->col_stride;
            if (plain) {
                for (int l = 0; l < FM_PANEL; l += FM_LINE) FM_PREFETCH(next + (j + l) * (int64_t)sizeof(real));
                take_plain(d, (const real *)src, cols);
            } else {
                take(d, src, cols, x->col_stride, x->type, x->swapped);
                for (int q = cols; q < FM_PANEL; q++) d[q] = 0;
            }
        }
    }
}

static void to_panels(void *panels, int64_t batch, const void *x, int64_t ldx, int64_t rows, int64_t cols) {
    fm_view v = {.data = x,
                 .rows = rows,
                 .cols = cols,
                 .row_stride = ldx * (int64_t)sizeof(real),
                 .col_stride = sizeof(real),
                 .type = FM_BITS == 32 ? FM_F32 : FM_F64};
    gather(panels, batch, &v, 0, 0, rows);
}

static void from_panels(void *x, int64_t ldx, const void *panels, int64_t batch, int64_t rows, int64_t cols) {
    for (int64_t i = 0; i < rows; i++) {
        const real *s = (const real *)panels + i * FM_PANEL;
        real *d = (real *)x + i * ldx;
        for (int64_t j = 0; j < cols; j += FM_PANEL, s += batch * FM_PANEL)
            memcpy(d + j, s, sizeof(real) * (size_t)(cols - j < FM_PANEL ? cols - j : FM_PANEL));
    }
}

static void add_row(void *y, const void *row, int64_t rows, int64_t cols) {
    for (int64_t j = 0; j < cols; j += VL) {
        vr b = vr_load((const real *)row + j);
        for (int64_t i = 0; i < rows; i++) {
            real *p = (real *)y + i * FM_PANEL + j;
            vr_store(p, vr_load(p) + b);
        }
    }
}

/* y = ((c0 + c1) + c2) + … over chunks `apart` elements from each other */
static void sum_chunks(void *y, const void *chunks, int64_t apart, int64_t count, int64_t rows, int64_t cols) {
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j += VL) {
            const real *p = (const real *)chunks + i * FM_PANEL + j;
            vr s = vr_load(p);
            for (int64_t c = 1; c < count; c++) s = s + vr_load(p + c * apart);
            vr_store((real *)y + i * FM_PANEL + j, s);
        }
}

static void add_column(void *y, const void *column, int64_t rows, int64_t cols) {
    for (int64_t i = 0; i < rows; i++) {
        vr b = vr_set(((const real *)column)[i]);
        for (int64_t j = 0; j < cols; j += VL) {
            real *p = (real *)y + i * FM_PANEL + j;
            vr_store(p, vr_load(p) + b);
        }
    }
}

static void copy(void *y, const void *x, int64_t rows, int64_t cols) {
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j += VL) {
            int64_t o = i * FM_PANEL + j;
            vr_store((real *)y + o, vr_load((const real *)x + o));
        }
}

static void zero(void *y, int64_t rows, int64_t cols) {
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j += VL) vr_store((real *)y + i * FM_PANEL + j, vr_zero());
}

/* A VL × VL block in log2(VL) rounds of two-row shuffles: the round for distance d swaps the off-diagonal d × d blocks of
 * every 2d × 2d block. LOW and HIGH name the lanes of the two rows that make the new pair. */
#define LOW(j, d) ((j) & (d) ? VL + (j) - (d) : (j))
#define HIGH(j, d) ((j) & (d) ? VL + (j) : (j) + (d))
#define LANES_2(M, j, d) M(j, d), M(j + 1, d)
#define LANES_4(M, j, d) LANES_2(M, j, d), LANES_2(M, j + 2, d)
#define LANES_8(M, j, d) LANES_4(M, j, d), LANES_4(M, j + 4, d)
#define LANES_16(M, j, d) LANES_8(M, j, d), LANES_8(M, j + 8, d)
#define LANES_VL__(n, M, d) LANES_##n(M, 0, d)
#define LANES_VL_(n, M, d) LANES_VL__(n, M, d)
#define LANES_VL(M, d) LANES_VL_(VL, M, d)
#if defined(__clang__)
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (vi){__VA_ARGS__})
#endif
#define SWAP_ROUND(d)                                \
    FM_UNROLL for (int i = 0; i < VL; i++) {         \
        if (i & d) continue;                         \
        vr a = r[i], b = r[i + d];                   \
        r[i] = SHUFFLE(a, b, LANES_VL(LOW, d));      \
        r[i + d] = SHUFFLE(a, b, LANES_VL(HIGH, d)); \
    }

FM_INLINE void transpose_lanes(vr r[VL]){
#if VL > 8
    SWAP_ROUND(8)
#endif
#if VL > 4
        SWAP_ROUND(4)
#endif
#if VL > 2
            SWAP_ROUND(2)
#endif
                SWAP_ROUND(1)} FM_INLINE void transpose_block(real *dst, const real *src) {
    vr r[VL];
    FM_UNROLL for (int i = 0; i < VL; i++) r[i] = vr_load(src + i * FM_PANEL);
    transpose_lanes(r);
    FM_UNROLL for (int i = 0; i < VL; i++) vr_store(dst + i * FM_PANEL, r[i]);
}
static void transpose(void *dst, const void *src, int64_t rows, int64_t cols) {
    for (int64_t i = 0; i < rows; i += VL)
        for (int64_t j = 0; j < cols; j += VL)
            transpose_block((real *)dst + j * FM_PANEL + i, (const real *)src + i * FM_PANEL + j);
}

/* At most 32 rows of at most 32 columns, turned: a few columns element by element, more by way of a tile of rows. */
static void gather_turned(void *tile, const fm_view *x, const int64_t *index, int64_t rows) {
    if (is_plain(x) && x->cols <= 4) {
        for (int64_t i = 0; i < rows; i++) {
            const real *row = (const real *)((const char *)x->data + (index ? index[i] : i) * x->row_stride);
            for (int64_t j = 0; j < x->cols; j++) ((real *)tile)[j * FM_PANEL + i] = row[j];
        }
        return;
    }
    _Alignas(64) real straight[FM_PANEL * FM_PANEL];
    const int64_t whole = (rows + LANES - 1) / LANES * LANES;
    gather(straight, FM_PANEL, x, index, 0, rows);
    zero(straight + rows * FM_PANEL, whole - rows, FM_PANEL);
    transpose(tile, straight, whole, (x->cols + LANES - 1) / LANES * LANES);
}
