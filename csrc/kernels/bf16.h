/* bf16.h: products of bfloat16 numbers with float32 sums.
 *
 * A bfloat16 is the upper half of a float32. Products read pairs of them, neighbours along the sum, the first in the
 * lower half of an element as wide as a float. A pair adds to a sum as AVX512_BF16's dot product does, the second number
 * first: c = fma(a1, b1, c); c = fma(a0, b0, c), each rounded to nearest, with denormals flushed. Our threads flush them
 * anyhow (cpu.c), so two fused multiply-adds give the same bits where there is no such instruction. */
#pragma once

#if FM_BITS == 32
enum { PAIRS_ROW = FM_PANEL / 2, DOT_ROW = PAIRS_ROW };
#define FM_UPPER_HALF 0xffff0000u

FM_INLINE vr second_of_pair(vr pair) { return (vr)((vu)pair & FM_UPPER_HALF); }
FM_INLINE vr first_of_pair(vr pair) { return (vr)((vu)pair << 16); }

#define PAIRS_SHAPES MICRO_WHOLE_SHAPES
/* The second numbers of all rows before the first ones: fewer registers at a time. */
#define PAIRS_STEP(rows, a_at_i)                 \
    {                                            \
        PAIRS_HALF(rows, a_at_i, second_of_pair) \
        PAIRS_HALF(rows, a_at_i, first_of_pair)  \
        B += FM_PANEL;                           \
    }
#define PAIRS_HALF(rows, a_at_i, half)                                                \
    {                                                                                 \
        vr b[V];                                                                      \
        FM_UNROLL for (int v = 0; v < V; v++) b[v] = half(vr_load(B + v * VL));       \
        FM_UNROLL for (int i = 0; i < rows; i++) {                                    \
            vr a = half(vr_set(a_at_i));                                              \
            FM_UNROLL for (int v = 0; v < V; v++) c[i][v] = vr_fma(a, b[v], c[i][v]); \
        }                                                                             \
    }
GEMM(gemm_pairs, PAIRS, , VL)
#define GEMM_PAIRS gemm_pairs

#if defined(FM_DOT_TARGET)
#define DOT_SHAPES MICRO_WHOLE_SHAPES
#define DOT_STEP(rows, a_at_i)                                                        \
    {                                                                                 \
        vr b[V];                                                                      \
        FM_UNROLL for (int v = 0; v < V; v++) b[v] = vr_load(B + v * VL);             \
        FM_UNROLL for (int i = 0; i < rows; i++) {                                    \
            vr a = vr_set(a_at_i);                                                    \
            FM_UNROLL for (int v = 0; v < V; v++) c[i][v] = vr_dot(a, b[v], c[i][v]); \
        }                                                                             \
        B += FM_PANEL;                                                                \
    }
GEMM(gemm_dot, DOT, FM_DOT_TARGET, VL)
#define GEMM_DOT gemm_dot
#else
#define GEMM_DOT NULL
#endif

/* The nearest bfloat16, of two equally near the even one, in the upper half of each lane. A NaN stays one. */
FM_INLINE vu rounded_half(vr x) {
    const vu bits = (vu)x, nearest = bits + (0x7fff + (bits >> 16 & 1)), quiet = bits | 0x00400000;
    return (vu)vr_sel(vr_isnan(x), (vr)quiet, (vr)nearest) & FM_UPPER_HALF;
}

typedef uint16_t v16 __attribute__((vector_size(2 * VL)));

static void round_pairs(void *plain, void *pairs, const void *x, int64_t rows, int64_t cols) {
    for (int j = 0; j < FM_PANEL; j += VL) {
        const int n = cols - j < 0 ? 0 : cols - j < VL ? (int)(cols - j) : VL;
        for (int64_t i = 0; i < rows; i += 2) {
            const real *from = (const real *)x + i * FM_PANEL + j;
            const vu first = rounded_half(load_lanes(from, n));
            const vu second = i + 1 < rows ? rounded_half(load_lanes(from + FM_PANEL, n)) : (vu)vr_zero();
            if (pairs) vr_store((real *)pairs + i / 2 * FM_PANEL + j, (vr)(first >> 16 | second));
            if (!plain) continue;
            const v16 lower[2] = {__builtin_convertvector(first >> 16, v16),
                                  __builtin_convertvector(second >> 16, v16)};
            uint16_t *to = (uint16_t *)plain + i * FM_PANEL + j;
            memcpy(to, &lower[0], sizeof(v16));
            if (i + 1 < rows) memcpy(to + FM_PANEL, &lower[1], sizeof(v16));
        }
    }
}
#define ROUND_PAIRS round_pairs
#else
#define GEMM_PAIRS NULL
#define GEMM_DOT NULL
#define ROUND_PAIRS NULL
#endif
