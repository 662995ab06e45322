/* simd/avx2.h: the vocabulary on AVX2 + FMA, 32-byte vectors. */
#pragma once
#include <immintrin.h>
#include <stdint.h>

#if FM_BITS == 32
#define VL 8
typedef float real;
typedef int32_t ireal;
typedef __m256 vr;
#define FM_OP(name) _mm256_##name##_ps
#define FM_LANES_MASK(n) _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))
#else
#define VL 4
typedef double real;
typedef int64_t ireal;
typedef __m256d vr;
#define FM_OP(name) _mm256_##name##_pd
#define FM_LANES_MASK(n) _mm256_cmpgt_epi64(_mm256_set1_epi64x(n), _mm256_setr_epi64x(0, 1, 2, 3))
#endif

typedef ireal vi __attribute__((vector_size(32)));
typedef uint64_t vw __attribute__((vector_size(32)));
typedef vi vm; /* a mask: all bits of a lane set, or none */

#define MR 6        /* rows of a micro-kernel tile two vectors wide: 12 accumulators of 16 registers */
#define MR_NARROW 8 /* rows of a tile one vector wide */

FM_INLINE vr vr_load(const real *p) { return FM_OP(loadu)(p); }
FM_INLINE void vr_store(real *p, vr x) { FM_OP(storeu)(p, x); }
FM_INLINE vr vr_load_n(const real *p, int n) { return FM_OP(maskload)(p, FM_LANES_MASK(n)); }
FM_INLINE void vr_store_n(real *p, vr x, int n) { FM_OP(maskstore)(p, FM_LANES_MASK(n), x); }
FM_INLINE vr vr_set(real a) { return FM_OP(set1)(a); }
FM_INLINE vr vr_fma(vr a, vr b, vr c) { return FM_OP(fmadd)(a, b, c); }
FM_INLINE vr vr_sqrt(vr a) { return FM_OP(sqrt)(a); }
FM_INLINE vm vr_gt(vr a, vr b) { return (vm)FM_OP(cmp)(a, b, _CMP_GT_OQ); }
FM_INLINE vm vr_ge(vr a, vr b) { return (vm)FM_OP(cmp)(a, b, _CMP_GE_OQ); }
FM_INLINE vm vr_lt(vr a, vr b) { return (vm)FM_OP(cmp)(a, b, _CMP_LT_OQ); }
FM_INLINE vm vr_le(vr a, vr b) { return (vm)FM_OP(cmp)(a, b, _CMP_LE_OQ); }
FM_INLINE vm vr_eq(vr a, vr b) { return (vm)FM_OP(cmp)(a, b, _CMP_EQ_OQ); }
FM_INLINE vm vm_and(vm a, vm b) { return a & b; }
FM_INLINE vm vm_or(vm a, vm b) { return a | b; }
FM_INLINE vm vm_not(vm a) { return ~a; }
FM_INLINE vr vr_sel(vm m, vr a, vr b) { return FM_OP(blendv)(b, a, (vr)m); }
FM_INLINE vr vr_max(vr a, vr b) { return FM_OP(max)(a, b); }
FM_INLINE vr vr_min(vr a, vr b) { return FM_OP(min)(a, b); }
FM_INLINE vw vw_mul(vw a, vw b) { return (vw)_mm256_mul_epu32((__m256i)a, (__m256i)b); }
