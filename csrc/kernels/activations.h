/* activations.h: elementwise activations, forward and backward.
 *
 * FM_ACTIVATIONS is the registry: X(name, what backward needs, "parameters"). For an entry write
 *
 *   vr name_fwd(vr z, const vr *p)              y = f(z)
 *   vr name_bwd(vr s, vr dy, const vr *p)       dz = f' · dy, with s the saved output y or input z
 *
 * and, in tests/reference/activations.py, name(z, …) and name_grad(z, …). Nothing else: names, loops, the Python door
 * and the parity tests follow from the list. */
#pragma once

#define FM_ACTIVATIONS(X)            \
    X(linear, OUTPUT, "")            \
    X(relu, OUTPUT, "")              \
    X(sigmoid, OUTPUT, "")           \
    X(tanh, OUTPUT, "")

FM_INLINE vr linear_fwd(vr z, const vr *p) { return z; }
FM_INLINE vr linear_bwd(vr y, vr dy, const vr *p) { return dy; }

/* max(z, 0), with NaN kept: the comparison is false for it */
FM_INLINE vr relu_fwd(vr z, const vr *p) { return vr_sel(vr_le(z, vr_zero()), vr_zero(), z); }
/* the derivative at 0 is 0 */
FM_INLINE vr relu_bwd(vr y, vr dy, const vr *p) { return vr_sel(vr_le(y, vr_zero()), vr_zero(), dy); }

FM_INLINE vr sigmoid_fwd(vr z, const vr *p) { return vr_sigmoid(z); }
FM_INLINE vr sigmoid_bwd(vr y, vr dy, const vr *p) { return dy * (y * (vr_set(1) - y)); }

FM_INLINE vr tanh_fwd(vr z, const vr *p) { return vr_tanh(z); }
FM_INLINE vr tanh_bwd(vr y, vr dy, const vr *p) { return dy * vr_fma(vr_neg(y), y, vr_set(1)); }

/* ---- the loops stamped from the list ---- */

#define FM_ACTIVATION_LOOPS(name, saves, names)                                                                 \
    static void name##_fwd_block(void *y, const void *z, int64_t rows, int64_t cols, int64_t ld,                \
                                 const double *params) {                                                        \
        vr p[FM_PARAMS];                                                                                        \
        spread_params(p, params, names);                                                                        \
        FM_FOR_BLOCK(rows, cols, ld, o, n,                                                                      \
                     store_lanes((real *)y + o, name##_fwd(load_lanes((const real *)z + o, n), p), n););        \
    }                                                                                                           \
    static void name##_bwd_block(void *dz, const void *saved, const void *dy, int64_t rows, int64_t cols,       \
                                 int64_t ld, const double *params) {                                            \
        vr p[FM_PARAMS];                                                                                        \
        spread_params(p, params, names);                                                                        \
        FM_FOR_BLOCK(rows, cols, ld, o, n, {                                                                    \
            vr s = load_lanes((const real *)saved + o, n), d = load_lanes((const real *)dy + o, n);             \
            store_lanes((real *)dz + o, name##_bwd(s, d, p), n);                                                \
        });                                                                                                     \
    }
FM_ACTIVATIONS(FM_ACTIVATION_LOOPS)

#define FM_ACTIVATION_ENTRY(name, saves, names) {#name, names, FM_SAVES_##saves, name##_fwd_block, name##_bwd_block},
static const fm_activation_kernel activation_table[] = {FM_ACTIVATIONS(FM_ACTIVATION_ENTRY){0}};
