/* random.h: counter-based random numbers: Philox 4×32-10 (Salmon, Moraes, Dror and Shaw, 2011).
 *
 * A number is a pure function of where it stands, so any tile can be drawn by any thread, and drawn again by backward:
 *
 *   key      seed's low word · seed's high word ^ (stream · 0x9E3779B1 mod 2^32)
 *   counter  row / 4 · column · step's low word · step's high word   →   four words, for rows 4g … 4g + 3
 *
 * Masks take a word an element in either element type, so that float32 and float64 drop the same units. Reals take a
 * word in float32 and two in float64, where the first counter is row / 2 and rows 2g, 2g + 1 take words 0, 1 and 2, 3:
 *
 *   uniform  float32 (w >> 8) · 2^-24 · float64 (w1 · 2^32 + w0 >> 11) · 2^-53: in [0, 1), as NumPy makes them
 *   normal   Box–Muller on the uniforms u, v of two rows: √(-2 ln(1 - u)) · cos 2πv, then · sin 2πv
 *   truncated normal: a normal beyond ±2 is replaced by attempt 1, 2, … at its place, in whose counters the attempt is
 *            xor-ed into the top byte of step (so steps stay below 2^56)
 *
 * Two registries: FM_FILLS, X(name, "parameters"), and FM_NOISES, X(name, what is drawn, "parameters"), whose entries
 * are linear in x:  y = name_fwd(x, drawn),  dx = name_bwd(dy, drawn),  constants from name_prepare. */
#pragma once

enum {
    PHILOX_ROUNDS = 10,
    HALVES = 64 / FM_BITS, /* vectors of 64-bit lanes that hold one word for each lane of a vr */
    MASKS = 4,             /* rows one counter serves */
    REALS = 4 / (FM_BITS / 32),
};
#define FM_LOW 0xffffffffu

typedef struct philox_key {
    uint64_t k[PHILOX_ROUNDS][2], step[2];
} philox_key;

/* Out of line, so that the rounds read the keys as broadcast operands: there are more than registers. */
static __attribute__((noinline)) philox_key philox_prepare(const fm_draw *at, int attempt) {
    philox_key key = {.step = {at->step & FM_LOW, at->step >> 32 ^ (uint64_t)attempt << 24}};
    uint32_t k0 = (uint32_t)at->seed, k1 = (uint32_t)(at->seed >> 32) ^ at->stream * 0x9E3779B1u;
    for (int r = 0; r < PHILOX_ROUNDS; r++, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
        key.k[r][0] = k0;
        key.k[r][1] = k1;
    }
    return key;
}

/* The words of VL neighbouring columns from `column` on, each in its lane of a vu. The rounds run on 64-bit lanes, in
 * float32 on even and odd columns side by side. What stands in the high half of a lane is noise that no operation
 * reads: products take low halves, and a shift brings down a product's own high half. */
FM_INLINE void draw_words(vu w[4], const philox_key *key, uint64_t group, int64_t column) {
    const vw zero = {0}, m0 = zero + (uint64_t)0xD2511F53u, m1 = zero + (uint64_t)0xCD9E8D57u;
    vw c[HALVES][4], lane;
    FM_UNROLL for (int i = 0; i < VL / HALVES; i++) lane[i] = (uint64_t)(i * HALVES);
    FM_UNROLL for (int h = 0; h < HALVES; h++) {
        c[h][0] = zero + group;
        c[h][1] = lane + (uint64_t)(column + h);
        c[h][2] = zero + key->step[0];
        c[h][3] = zero + key->step[1];
    }
    FM_UNROLL for (int r = 0; r < PHILOX_ROUNDS; r++) {
        FM_UNROLL for (int h = 0; h < HALVES; h++) {
            vw p = vw_mul(c[h][0], m0), q = vw_mul(c[h][2], m1);
            c[h][0] = (q >> 32) ^ c[h][1] ^ key->k[r][0];
            c[h][2] = (p >> 32) ^ c[h][3] ^ key->k[r][1];
            c[h][1] = q;
            c[h][3] = p;
        }
    }
    FM_UNROLL for (int q = 0; q < 4; q++) {
        vw low = c[0][q] & FM_LOW;
        w[q] = (vu)(HALVES == 2 ? low | c[HALVES - 1][q] << 32 : low);
    }
}

/* A word's low 23 bits as the mantissa of a number in [1, 2): compared with 1 + rate, no conversion is needed. */
FM_INLINE void draw_masks(vr u[MASKS], const philox_key *key, uint64_t group, int64_t column) {
    vu w[4];
    draw_words(w, key, group, column);
    FM_UNROLL for (int q = 0; q < MASKS; q++)
        u[q] = (vr)((vi)(w[q] & 0x7fffff) << (FM_MANTISSA - 23) | (ireal)FM_EXP_BIAS << FM_MANTISSA);
}

FM_INLINE void draw_uniforms(vr u[REALS], const philox_key *key, uint64_t group, int64_t column) {
    vu w[4];
    draw_words(w, key, group, column);
#if FM_BITS == 32
    FM_UNROLL for (int q = 0; q < REALS; q++) u[q] = __builtin_convertvector((vi)(w[q] >> 8), vr) * vr_set(0x1p-24f);
#else
    FM_UNROLL for (int q = 0; q < REALS; q++)
        u[q] = __builtin_convertvector((vi)((w[2 * q + 1] << 32 | w[2 * q]) >> 11), vr) * vr_set(0x1p-53);
#endif
}

FM_INLINE void draw_normals(vr z[REALS], const philox_key *key, uint64_t group, int64_t column) {
    draw_uniforms(z, key, group, column);
    FM_UNROLL for (int q = 0; q < REALS; q += 2) {
        vr radius = vr_sqrt(vr_set(-2) * vr_log(vr_set(1) - z[q])), cosine, sine = vr_sincos2pi(z[q + 1], &cosine);
        z[q] = radius * cosine;
        z[q + 1] = radius * sine;
    }
}

/* Runs BODY for each vector of a block, with `o` its offset, `n` its valid lanes and `u` what `draw` gives for it. */
#define FM_FOR_DRAWN(draw, per, key, at, rows, cols, ld, o, n, u, ...)         \
    do {                                                                       \
        for (int64_t i_ = -((at)->row % (per)); i_ < (rows); i_ += (per)) {    \
            const uint64_t group_ = (uint64_t)(((at)->row + i_) / (per));      \
            int64_t j_ = 0;                                                    \
            for (; j_ + VL <= (cols); j_ += VL) {                              \
                enum { n = VL };                                               \
                FM_DRAWN_ROWS(draw, per, key, at, rows, ld, o, u, __VA_ARGS__) \
            }                                                                  \
            if (j_ < (cols)) {                                                 \
                const int n = (int)((cols) - j_);                              \
                FM_DRAWN_ROWS(draw, per, key, at, rows, ld, o, u, __VA_ARGS__) \
            }                                                                  \
        }                                                                      \
    } while (0)
#define FM_DRAWN_ROWS(draw, per, key, at, rows, ld, o, u, ...)                                \
    vr drawn_[per];                                                                           \
    draw(drawn_, key, group_, (at)->col + j_);                                                \
    FM_UNROLL                                                                                 \
    for (int q_ = 0; q_ < (per); q_++) {                                                      \
        if (i_ + q_ < 0 || i_ + q_ >= (rows)) continue; /* a group cut by the block's edge */ \
        int64_t o = (i_ + q_) * (ld) + j_;                                                    \
        vr u = drawn_[q_];                                                                    \
        __VA_ARGS__                                                                           \
    }

/* ---- raw words */
static void random_words(uint32_t *out, int64_t rows, int64_t cols, int64_t ld, const fm_draw *at) {
    philox_key key = philox_prepare(at, 0);
    for (int64_t i = -(at->row % 4); i < rows; i += 4)
        for (int64_t j = 0; j < cols; j += VL) {
            vu w[4];
            draw_words(w, &key, (uint64_t)((at->row + i) / 4), at->col + j);
            for (int q = 0; q < 4; q++)
                for (int64_t lane = 0; i + q >= 0 && i + q < rows && lane < VL && j + lane < cols; lane++)
                    out[(i + q) * ld + j + lane] = (uint32_t)w[q][lane];
        }
}

/* ---- fills */
#define FM_FILLS(X)          \
    X(uniform, "low,high")   \
    X(normal, "mean,stddev") \
    X(truncated_normal, "mean,stddev")

static void uniform_fill(void *x, int64_t rows, int64_t cols, int64_t ld, const double *params, const fm_draw *at) {
    const philox_key key = philox_prepare(at, 0);
    const vr low = vr_set((real)params[0]), width = vr_set((real)(params[1] - params[0]));
    FM_FOR_DRAWN(draw_uniforms, REALS, &key, at, rows, cols, ld, o, n, u,
                 store_lanes((real *)x + o, vr_fma(u, width, low), n););
}

static void standard_normals(real *x, int64_t rows, int64_t cols, int64_t ld, const fm_draw *at, int attempt) {
    const philox_key key = philox_prepare(at, attempt);
    FM_FOR_DRAWN(draw_normals, REALS, &key, at, rows, cols, ld, o, n, z, store_lanes(x + o, z, n););
}

static void scale_block(real *x, int64_t rows, int64_t cols, int64_t ld, const double *params) {
    const vr mean = vr_set((real)params[0]), stddev = vr_set((real)params[1]);
    FM_FOR_BLOCK(rows, cols, ld, o, n, store_lanes(x + o, vr_fma(load_lanes(x + o, n), stddev, mean), n););
}

static void normal_fill(void *x, int64_t rows, int64_t cols, int64_t ld, const double *params, const fm_draw *at) {
    standard_normals(x, rows, cols, ld, at, 0);
    scale_block(x, rows, cols, ld, params);
}

static void truncated_normal_fill(void *x_, int64_t rows, int64_t cols, int64_t ld, const double *params,
                                  const fm_draw *at) {
    real *x = x_;
    standard_normals(x, rows, cols, ld, at, 0);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++) {
            fm_draw here = *at;
            here.row += i;
            here.col += j;
            real *z = x + i * ld + j;
            for (int attempt = 1; *z < -2 || *z > 2; attempt++) standard_normals(z, 1, 1, 1, &here, attempt);
        }
    scale_block(x, rows, cols, ld, params);
}

#define FM_FILL_ENTRY(name, names) {#name, names, name##_fill},
static const fm_fill_kernel fill_table[] = {FM_FILLS(FM_FILL_ENTRY){0}};

/* ---- dropout and noise */
// clang-format off
#define FM_NOISES(X)                              \
    X(dropout,          masks,   MASKS, "rate")   \
    X(alpha_dropout,    masks,   MASKS, "rate")   \
    X(gaussian_dropout, normals, REALS, "rate")   \
    X(gaussian_noise,   normals, REALS, "stddev")
// clang-format on

/* A unit is dropped where draw_masks gives less than this: 1 + rate, to the 2^-23 both element types can hold. */
static vr drop_below(double rate) {
    const double to_integer = 0x1.8p52; /* adding it rounds */
    return vr_set((real)(1 + (rate * 0x1p23 + to_integer - to_integer) * 0x1p-23));
}

/* inverted: what is kept grows, so that the mean stays */
static void dropout_prepare(vr *p, double rate) {
    p[0] = drop_below(rate);
    p[1] = vr_set((real)(1 / (1 - rate)));
}
FM_INLINE vr dropout_fwd(vr x, vr u, const vr *p) { return vr_sel(vr_lt(u, p[0]), vr_zero(), x * p[1]); }
FM_INLINE vr dropout_bwd(vr dy, vr u, const vr *p) { return dropout_fwd(dy, u, p); }

/* What is dropped takes selu's value at -∞, and a·x + b restores mean 0 and variance 1 of what follows selu. */
static void alpha_dropout_prepare(vr *p, double rate) {
    const double floor = -1.6732632423543772848 * 1.0507009873554804934;
    const double a = 1 / __builtin_sqrt((1 - rate) * (1 + rate * floor * floor)), b = -a * floor * rate;
    p[0] = drop_below(rate);
    p[1] = vr_set((real)a);
    p[2] = vr_set((real)b);
    p[3] = vr_set((real)(a * floor + b));
}
FM_INLINE vr alpha_dropout_fwd(vr x, vr u, const vr *p) { return vr_sel(vr_lt(u, p[0]), p[3], vr_fma(x, p[1], p[2])); }
FM_INLINE vr alpha_dropout_bwd(vr dy, vr u, const vr *p) { return vr_sel(vr_lt(u, p[0]), vr_zero(), dy * p[1]); }

static void gaussian_dropout_prepare(vr *p, double rate) { p[0] = vr_set((real)__builtin_sqrt(rate / (1 - rate))); }
FM_INLINE vr gaussian_dropout_fwd(vr x, vr z, const vr *p) { return x * vr_fma(z, p[0], vr_set(1)); }
FM_INLINE vr gaussian_dropout_bwd(vr dy, vr z, const vr *p) { return gaussian_dropout_fwd(dy, z, p); }

static void gaussian_noise_prepare(vr *p, double stddev) { p[0] = vr_set((real)stddev); }
FM_INLINE vr gaussian_noise_fwd(vr x, vr z, const vr *p) { return vr_fma(z, p[0], x); }
FM_INLINE vr gaussian_noise_bwd(vr dy, vr z, const vr *p) { return dy; }

#define FM_NOISE_LOOP(name, way, draws, per)                                                                  \
    static void name##_##way##_block(void *y, const void *x, int64_t rows, int64_t cols, int64_t ld,          \
                                     const double *params, const fm_draw *at) {                               \
        const philox_key key = philox_prepare(at, 0);                                                         \
        vr p[FM_PARAMS];                                                                                      \
        name##_prepare(p, params[0]);                                                                         \
        FM_FOR_DRAWN(draw_##draws, per, &key, at, rows, cols, ld, o, n, u,                                    \
                     store_lanes((real *)y + o, name##_##way(load_lanes((const real *)x + o, n), u, p), n);); \
    }
#define FM_NOISE_LOOPS(name, draws, per, names) \
    FM_NOISE_LOOP(name, fwd, draws, per)        \
    FM_NOISE_LOOP(name, bwd, draws, per)
FM_NOISES(FM_NOISE_LOOPS)

#define FM_NOISE_ENTRY(name, draws, per, names) {#name, names, name##_fwd_block, name##_bwd_block},
static const fm_noise_kernel noise_table[] = {FM_NOISES(FM_NOISE_ENTRY){0}};
