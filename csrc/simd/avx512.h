/* simd/avx512.h: the vocabulary on AVX-512 (F, VL, DQ, BW), 64-byte vectors and mask registers. */
#pragma once
#include <immintrin.h>
#include <stdint.h>

#if FM_BITS == 32
#define VL 16
typedef float real;
typedef int32_t ireal;
typedef __m512 vr;
typedef __mmask16 vm;
#define FM_OP(name) _mm512_##name##_ps
#define FM_CMP _mm512_cmp_ps_mask
#else
#define VL 8
typedef double real;
typedef int64_t ireal;
typedef __m512d vr;
typedef __mmask8 vm;
#define FM_OP(name) _mm512_##name##_pd
#define FM_CMP _mm512_cmp_pd_mask
#endif

typedef ireal vi __attribute__((vector_size(64)));
typedef uint64_t vw __attribute__((vector_size(64)));

#define MR 14        /* rows of a micro-kernel tile two vectors wide: 28 accumulators of 32 registers */
#define MR_NARROW 16 /* rows of a tile one vector wide */

FM_INLINE vr vr_load(const real *p) { return FM_OP(loadu)(p); }
FM_INLINE void vr_store(real *p, vr x) { FM_OP(storeu)(p, x); }
FM_INLINE vr vr_load_n(const real *p, int n) { return FM_OP(maskz_loadu)((vm)((1u << n) - 1), p); }
FM_INLINE void vr_store_n(real *p, vr x, int n) { FM_OP(mask_storeu)(p, (vm)((1u << n) - 1), x); }
FM_INLINE vr vr_set(real a) { return FM_OP(set1)(a); }
FM_INLINE vr vr_fma(vr a, vr b, vr c) { return FM_OP(fmadd)(a, b, c); }
FM_INLINE vr vr_sqrt(vr a) { return FM_OP(sqrt)(a); }
FM_INLINE vm vr_gt(vr a, vr b) { return FM_CMP(a, b, _CMP_GT_OQ); }
FM_INLINE vm vr_ge(vr a, vr b) { return FM_CMP(a, b, _CMP_GE_OQ); }
FM_INLINE vm vr_lt(vr a, vr b) { return FM_CMP(a, b, _CMP_LT_OQ); }
FM_INLINE vm vr_le(vr a, vr b) { return FM_CMP(a, b, _CMP_LE_OQ); }
FM_INLINE vm vr_eq(vr a, vr b) { return FM_CMP(a, b, _CMP_EQ_OQ); }
FM_INLINE vm vm_and(vm a, vm b) { return a & b; }
FM_INLINE vm vm_or(vm a, vm b) { return a | b; }
FM_INLINE vm vm_not(vm a) { return (vm)~a; }
FM_INLINE vr vr_sel(vm m, vr a, vr b) { return FM_OP(mask_blend)(m, b, a); }
FM_INLINE vr vr_max(vr a, vr b) { return FM_OP(max)(a, b); }
FM_INLINE vr vr_min(vr a, vr b) { return FM_OP(min)(a, b); }
FM_INLINE vw vw_mul(vw a, vw b) { return (vw)_mm512_mul_epu32((__m512i)a, (__m512i)b); }

/* Half a vector: where the CPU works 64 bytes in two goes, as some do, it costs half as much. */
#define VH (VL / 2)
#if FM_BITS == 32
typedef __m256 vh;
#define FM_HALF(name) _mm256_##name##_ps
#else
typedef __m256d vh;
#define FM_HALF(name) _mm256_##name##_pd
#endif
FM_INLINE vh vh_load(const real *p) { return FM_HALF(loadu)(p); }
FM_INLINE void vh_store(real *p, vh x) { FM_HALF(storeu)(p, x); }
FM_INLINE vh vh_set(real a) { return FM_HALF(set1)(a); }
FM_INLINE vh vh_fma(vh a, vh b, vh c) { return FM_HALF(fmadd)(a, b, c); }

/* A pair of bfloat16 in each lane: c + a1·b1, + a0·b0 (bf16.h). Not part of the level: who calls it has asked the CPU. */
#if FM_BITS == 32 && (defined(__clang__) || __GNUC__ >= 12)
#define FM_DOT_TARGET __attribute__((target("avx512bf16")))
FM_INLINE FM_DOT_TARGET vr vr_dot(vr a, vr b, vr c) { return _mm512_dpbf16_ps(c, (__m512bh)a, (__m512bh)b); }
#endif
