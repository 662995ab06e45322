/* probes.h: what the CPU and its memory can do at most: what a share of the limit is a share of. */
#pragma once

/* Independent chains, enough to hide the latency of every unit (some Arm cores have four, of four cycles): where there are
 * 32 registers, as a tile of the product tells, 24 of them; where there are 16, twelve. */
enum { PEAK_CHAINS = 2 * MR >= 24 ? 24 : 12 };

/* As many fused multiply-adds as the CPU can start, on registers alone. */
static double peak(int64_t rounds) {
    vr a[PEAK_CHAINS], x = vr_set((real)0.999), y = vr_set((real)1e-3);
    FM_UNROLL for (int i = 0; i < PEAK_CHAINS; i++) a[i] = vr_set((real)i);
    for (int64_t r = 0; r < rounds; r++) {
        FM_UNROLL for (int i = 0; i < PEAK_CHAINS; i++) a[i] = vr_fma(a[i], x, y);
    }
    vr sum = a[0];
    FM_UNROLL for (int i = 1; i < PEAK_CHAINS; i++) sum = sum + a[i];
    real lanes[VL];
    vr_store(lanes, sum);
    /* the sums settle at finite values, so this is the count: but the compiler cannot know */
    return lanes[0] == lanes[0] ? 2.0 * VL * PEAK_CHAINS * (double)rounds : 0;
}

/* x ← −x, again and again: reads and writes all of x, and computes next to nothing. */
static void sweep(void *memory, int64_t n, int64_t rounds) {
    real *x = memory;
    enum { STRIDE = 4 * VL };
    for (int64_t r = 0; r < rounds; r++) {
        int64_t i = 0;
        for (; i + STRIDE <= n; i += STRIDE) {
            FM_UNROLL for (int v = 0; v < 4; v++) vr_store(x + i + v * VL, vr_neg(vr_load(x + i + v * VL)));
        }
        for (; i < n; i++) x[i] = -x[i];
    }
}
