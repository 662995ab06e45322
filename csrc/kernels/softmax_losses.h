/* softmax_losses.h: cross-entropies that take the logits z of the classes.
 *
 * -Σ t log softmax(z) = Σ t (m - z) + (Σ t) log Σ exp(z - m),  m the greatest logit: every term is positive, none
 * overflows. The derivative is (Σ t) softmax(z) - t. */
#pragma once

/* Sixteen rows at a time, so that they share one logarithm and one division; up to 16 classes (`narrow`) they are
 * turned over, so that they share the exponentials too and no sum runs across lanes. */
typedef struct {
    int64_t lo;
    int rows, narrow;
    real top[LANES], sum[LANES], cost[LANES], weight[LANES]; /* m, Σ exp(z - m), Σ t (m - z), Σ t */
    real scale[LANES], factor[LANES];                        /* factor = scale · weight / sum */
    real z[LANES * FM_PANEL], t[LANES * FM_PANEL];           /* the rows turned over, class by class */
} softmax_tile;

FM_INLINE void start_tile(softmax_tile *tile, const void *pred, const void *scale, const fm_rows *shape, int64_t lo) {
    tile->lo = lo;
    tile->rows = shape->n - lo < LANES ? (int)(shape->n - lo) : LANES;
    tile->narrow = shape->k <= LANES;
    if (tile->narrow) read_turned(tile->z, pred, shape, lo, tile->rows);
    for (int r = 0; r < LANES; r++) {
        tile->scale[r] = r < tile->rows ? row_scale(scale, lo + r) : 0;
        tile->sum[r] = tile->cost[r] = tile->weight[r] = 1;
    }
}
FM_INLINE void finish_tile(softmax_tile *tile, real *loss) {
    FM_UNROLL_GROUP
    for (int r = 0; r < LANES; r += VL) {
        vr sum = vr_load(tile->sum + r), weight = vr_load(tile->weight + r);
        vr_store(tile->factor + r, vr_load(tile->scale + r) * weight / sum);
        vr_store(tile->cost + r, vr_fma(weight, vr_log(sum), vr_load(tile->cost + r)));
    }
    for (int r = 0; r < tile->rows; r++) loss[tile->lo + r] = tile->cost[r];
}

FM_INLINE void tile_max(softmax_tile *tile, int64_t k) {
    FM_UNROLL_GROUP
    for (int r = 0; r < LANES; r += VL) {
        vr top = vr_load(tile->z + r);
        for (int64_t j = 1; j < k; j++) top = vr_max(top, vr_load(tile->z + j * FM_PANEL + r));
        vr_store(tile->top + r, top);
    }
}

/* exp(z - m) into e (unless NULL; may be z), their sum returned */
FM_INLINE real exp_row(void *e, const void *z, const fm_rows *shape, int64_t i, real m) {
    vr sum[NV] = {{0}};
    FM_FOR_GROUPS(shape, i, o, n, v, {
        vr x = vr_exp(first_lanes(read_row(z, o, n), n, vr_set(-INFINITY)) - vr_set(m));
        sum[v] = sum[v] + x;
        if (e) store_row((real *)e + o, x, n, shape);
    });
    return fm_tree_sum(sum);
}
FM_INLINE void exp_tile(softmax_tile *tile, int64_t k) {
    FM_UNROLL_GROUP
    for (int r = 0; r < LANES; r += VL) {
        vr top = vr_load(tile->top + r), sum = vr_zero();
        for (int64_t j = 0; j < k; j++) {
            real *x = tile->z + j * FM_PANEL + r;
            vr e = vr_exp(vr_load(x) - top);
            sum = sum + e;
            vr_store(x, e);
        }
        vr_store(tile->sum + r, sum);
    }
}

/* d = scale · softmax; the label's own share is still to be taken off */
FM_INLINE void store_softmax(softmax_tile *tile, void *d, const fm_rows *shape) {
    if (!tile->narrow) {
        for (int r = 0; r < tile->rows; r++)
            FM_FOR_GROUPS(shape, tile->lo + r, o, n, v,
                          { store_row((real *)d + o, read_row(d, o, n) * vr_set(tile->factor[r]), n, shape); });
        return;
    }
    FM_UNROLL_GROUP
    for (int r = 0; r < LANES; r += VL)
        for (int64_t j = 0; j < shape->k; j++) {
            real *x = tile->z + j * FM_PANEL + r;
            vr_store(x, vr_load(x) * vr_load(tile->factor + r));
        }
    write_turned(d, tile->z, shape, tile->lo, tile->rows);
}

FM_ROW_LOSS(sparse_categorical_crossentropy_logits) {
    for (int64_t lo = 0; lo < shape->n; lo += LANES) {
        softmax_tile tile;
        start_tile(&tile, pred, scale, shape, lo);
        if (tile.narrow) {
            tile_max(&tile, shape->k);
            exp_tile(&tile, shape->k);
        }
        for (int r = 0; r < tile.rows; r++) {
            const int64_t i = lo + r;
            if (!tile.narrow) tile.top[r] = max_of_row(pred, shape, i);
            tile.weight[r] = labels[i] != params[0];
            const real own = tile.weight[r] ? ((const real *)pred)[place(shape, i, labels[i])] : 0;
            tile.cost[r] = tile.weight[r] ? tile.top[r] - own : 0;
            if (!tile.narrow) tile.sum[r] = exp_row(d, pred, shape, i, tile.top[r]);
            if (!tile.weight[r]) tile.sum[r] = 1; /* whatever the predictions are */
        }
        finish_tile(&tile, loss);
        if (!d) continue;
        store_softmax(&tile, d, shape);
        for (int r = 0; r < tile.rows; r++) {
            if (tile.weight[r])
                ((real *)d)[place(shape, lo + r, labels[lo + r])] -= tile.scale[r];
            else
                zero_row(d, shape, lo + r);
        }
    }
}

/* The same, with what a row costs bounded as scikit-learn bounds it: the derivative knows of no bound. */
FM_ROW_LOSS(sparse_log_loss_logits) {
    const real most = (real)LOG_LOSS_MOST;
    real *cost = loss;
    sparse_categorical_crossentropy_logits_rows(loss, d, pred, target, labels, scale, shape, params);
    for (int64_t i = 0; i < shape->n; i++) cost[i] = cost[i] > most ? most : cost[i];
}

/* An infinite logit of a class that is not asked for costs nothing; a NaN does. */
FM_INLINE vr absent(vr t, vr x) { return vr_sel(vr_eq(t, vr_zero()), vr_min(vr_set(FM_HUGE), x), x); }

FM_INLINE void target_tile(softmax_tile *tile, const void *target, const fm_rows *shape, smoothing soft) {
    read_turned(tile->t, target, shape, tile->lo, tile->rows);
    FM_UNROLL_GROUP
    for (int r = 0; r < LANES; r += VL) {
        vr top = vr_load(tile->top + r), cost = vr_zero(), weight = vr_zero();
        for (int64_t j = 0; j < shape->k; j++) {
            const int64_t o = j * FM_PANEL + r;
            vr t = vr_fma(vr_load(tile->t + o), soft.keep, soft.add);
            cost = vr_fma(t, absent(t, top - vr_load(tile->z + o)), cost);
            weight = weight + t;
            vr_store(tile->t + o, t);
        }
        vr_store(tile->cost + r, cost);
        vr_store(tile->weight + r, weight);
    }
}
FM_INLINE void target_row(softmax_tile *tile, int r, const void *pred, const void *target, const fm_rows *shape,
                          smoothing soft) {
    vr cost[NV] = {{0}}, weight[NV] = {{0}};
    FM_FOR_GROUPS(shape, tile->lo + r, o, n, v, {
        vr t = smooth(target, o, n, soft);
        cost[v] = vr_fma(t, absent(t, vr_set(tile->top[r]) - read_row(pred, o, n)), cost[v]);
        weight[v] = weight[v] + t;
    });
    tile->cost[r] = fm_tree_sum(cost);
    tile->weight[r] = fm_tree_sum(weight);
}

FM_INLINE void store_softmax_less_target(softmax_tile *tile, void *d, const void *target, const fm_rows *shape,
                                         smoothing soft) {
    if (!tile->narrow) {
        for (int r = 0; r < tile->rows; r++)
            FM_FOR_GROUPS(shape, tile->lo + r, o, n, v, {
                vr t = vr_set(tile->scale[r]) * smooth(target, o, n, soft);
                store_row((real *)d + o, vr_fma(read_row(d, o, n), vr_set(tile->factor[r]), vr_neg(t)), n, shape);
            });
        return;
    }
    FM_UNROLL_GROUP
    for (int r = 0; r < LANES; r += VL)
        for (int64_t j = 0; j < shape->k; j++) {
            const int64_t o = j * FM_PANEL + r;
            vr t = vr_load(tile->scale + r) * vr_load(tile->t + o);
            vr_store(tile->z + o, vr_fma(vr_load(tile->z + o), vr_load(tile->factor + r), vr_neg(t)));
        }
    write_turned(d, tile->z, shape, tile->lo, tile->rows);
}

FM_ROW_LOSS(categorical_crossentropy_logits) {
    const smoothing soft = smoothing_of(params[0], shape->k);
    for (int64_t lo = 0; lo < shape->n; lo += LANES) {
        softmax_tile tile;
        start_tile(&tile, pred, scale, shape, lo);
        if (tile.narrow) {
            tile_max(&tile, shape->k);
            target_tile(&tile, target, shape, soft);
            exp_tile(&tile, shape->k);
        } else {
            for (int r = 0; r < tile.rows; r++) {
                tile.top[r] = max_of_row(pred, shape, lo + r);
                target_row(&tile, r, pred, target, shape, soft);
                tile.sum[r] = exp_row(d, pred, shape, lo + r, tile.top[r]);
            }
        }
        finish_tile(&tile, loss);
        if (d) store_softmax_less_target(&tile, d, target, shape, soft);
    }
}

/* A class's part of α t (1 - p)^γ (-log p) with l = log p;  *g = ∂/∂l. What is multiplied by p = 0 or log p = 0 has
 * vanished, whatever the slope: with γ < 1 that of p = 1 is infinite. */
FM_INLINE vr focal_class_logits(vr l, vr t, const vr *c, vr *g) {
    vr p = vr_exp(l), slope, power = focal_power(vr_set(1) - p, c[1], &slope), weight = c[0] * t;
    vr finite = vr_neg(absent(t, vr_neg(l))), pull = slope * p * finite;
    const vm vanished = vm_or(vr_eq(p, vr_zero()), vr_eq(finite, vr_zero()));
    *g = weight * (vr_sel(vanished, vr_zero(), pull) - power);
    return vr_neg(weight * power * finite);
}

/* Unlike the form on probabilities nothing is clipped: a class given up altogether is still pulled back. */
FM_ROW_LOSS(categorical_focal_crossentropy_logits) {
    const smoothing soft = smoothing_of(params[2], shape->k);
    vr c[FM_PARAMS];
    spread_params(c, params, "alpha,gamma,label_smoothing");
    for (int64_t i = 0; i < shape->n; i++) {
        const vr m = vr_set(max_of_row(pred, shape, i)), norm = vr_log(vr_set(exp_row(0, pred, shape, i, m[0])));
        vr sum[NV] = {{0}}, all[NV] = {{0}};
        FM_FOR_GROUPS(shape, i, o, n, v, {
            vr g, l = first_lanes(read_row(pred, o, n) - m - norm, n, vr_zero());
            sum[v] = sum[v] + focal_class_logits(l, smooth(target, o, n, soft), c, &g);
            all[v] = all[v] + g;
        });
        ((real *)loss)[i] = fm_tree_sum(sum);
        if (!d) continue;
        const vr s = vr_set(row_scale(scale, i)), total = vr_set(fm_tree_sum(all));
        FM_FOR_GROUPS(shape, i, o, n, v, {
            vr g, l = read_row(pred, o, n) - m - norm;
            focal_class_logits(l, smooth(target, o, n, soft), c, &g);
            store_row((real *)d + o, s * vr_fma(vr_neg(vr_exp(l)), total, g), n, shape);
        });
    }
}
