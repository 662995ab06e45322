/* metrics.h: what a batch adds to the state of a metric, in double and in the order of the rows.
 *
 * FM_METRICS lists X(name, target, state, "parameters"); for an entry write a function add_name(), a twin of that name
 * in tests/reference/metrics.py, and nothing more: the result is worked out of the state by whoever holds it. Every loss
 * is a metric too, the mean of its rows.
 *
 *   MEAN      total, count: Σ w·v and Σ w, with v a row's value
 *   BINS      for each label (one if they are put together) the weight of positives, then of negatives, by the number
 *             of thresholds that a prediction is above: 0 … threshold_count
 *   CLASSES   true positives, false positives, false negatives, positives: a row of k each
 *   MOMENTS   how many elements, then Σ w·y, Σ w·y², Σ w·(y - p)², Σ w: a row of k each
 */
#pragma once

// clang-format off
#define FM_METRICS(X)                                                            \
    X(accuracy, DENSE, MEAN, "")                                                 \
    X(binary_accuracy, DENSE, MEAN, "threshold")                                 \
    X(categorical_accuracy, DENSE, MEAN, "")                                     \
    X(sparse_categorical_accuracy, LABELS, MEAN, "")                             \
    X(top_k_categorical_accuracy, DENSE, MEAN, "k")                              \
    X(sparse_top_k_categorical_accuracy, LABELS, MEAN, "k")                      \
    X(pearson_correlation, DENSE, MEAN, "")                                      \
    X(concordance_correlation, DENSE, MEAN, "")                                  \
    X(threshold_counts, DENSE, BINS, "even,class_id,top_k,per_label")            \
    X(fbeta_counts, DENSE, CLASSES, "threshold")                                 \
    X(r2_sums, DENSE, MOMENTS, "")

#define FM_METRIC(name) static void add_##name(const fm_metric *m, const fm_metric_batch *b)
/* A mean over rows: the function gives a row's value. */
#define FM_MEAN_METRIC(name)                                                                  \
    static double name##_of_row(const fm_metric *m, const fm_metric_batch *b, int64_t i);     \
    FM_METRIC(name) {                                                                         \
        for (int64_t i = 0; i < b->shape->n; i++) add_mean(m, b, i, name##_of_row(m, b, i));  \
    }                                                                                         \
    static double name##_of_row(const fm_metric *m, const fm_metric_batch *b, int64_t i)
// clang-format on

FM_INLINE double row_weight(const fm_metric_batch *b, int64_t i) { return b->weights ? b->weights[i] : 1; }
FM_INLINE void add_mean(const fm_metric *m, const fm_metric_batch *b, int64_t i, double value) {
    const double w = row_weight(b, i);
    m->state[0] += w * value;
    m->state[1] += w;
}
FM_INLINE real predicted(const fm_metric_batch *b, int64_t i, int64_t j) {
    return ((const real *)b->prediction)[place(b->shape, i, j)];
}
FM_INLINE real wanted(const fm_metric_batch *b, int64_t i, int64_t j) {
    return ((const real *)b->target)[place(b->shape, i, j)];
}

/* ---- accuracies ---- */

FM_MEAN_METRIC(accuracy) {
    int64_t right = 0;
    for (int64_t j = 0; j < b->shape->k; j++) right += predicted(b, i, j) == wanted(b, i, j);
    return (double)right / (double)b->shape->k;
}

FM_MEAN_METRIC(binary_accuracy) {
    const real threshold = (real)m->params[0];
    int64_t right = 0;
    for (int64_t j = 0; j < b->shape->k; j++) right += (predicted(b, i, j) > threshold) == wanted(b, i, j);
    return (double)right / (double)b->shape->k;
}

FM_MEAN_METRIC(categorical_accuracy) {
    return argmax_in_row(b->prediction, b->shape, i) == argmax_in_row(b->target, b->shape, i);
}

FM_MEAN_METRIC(sparse_categorical_accuracy) { return argmax_in_row(b->prediction, b->shape, i) == b->labels[i]; }

/* Fewer than `most` classes are above that of the label: what ties with it does not push it out. A NaN is above none. */
FM_INLINE double within_top(const fm_metric_batch *b, int64_t i, int64_t label, double most) {
    if (label < 0 || label >= b->shape->k) return 0;
    const real given = predicted(b, i, label), own = given != given ? (real)-INFINITY : given;
    int64_t above = 0;
    for (int64_t j = 0; j < b->shape->k; j++) above += predicted(b, i, j) > own;
    return (double)above < most;
}

FM_MEAN_METRIC(top_k_categorical_accuracy) {
    return within_top(b, i, argmax_in_row(b->target, b->shape, i), m->params[0]);
}

FM_MEAN_METRIC(sparse_top_k_categorical_accuracy) { return within_top(b, i, b->labels[i], m->params[0]); }

/* ---- correlations of a row with its target ---- */

typedef struct {
    double p, y, pp, yy, py; /* means, variances, covariance */
} moments;

static moments moments_of_row(const fm_metric_batch *b, int64_t i) {
    const double k = (double)b->shape->k;
    moments s = {0};
    for (int64_t j = 0; j < b->shape->k; j++) {
        s.p += predicted(b, i, j);
        s.y += wanted(b, i, j);
    }
    s.p /= k;
    s.y /= k;
    for (int64_t j = 0; j < b->shape->k; j++) {
        const double p = predicted(b, i, j) - s.p, y = wanted(b, i, j) - s.y;
        s.pp += p * p;
        s.yy += y * y;
        s.py += p * y;
    }
    return (moments){s.p, s.y, s.pp / k, s.yy / k, s.py / k};
}

FM_MEAN_METRIC(pearson_correlation) {
    const moments s = moments_of_row(b, i);
    return s.py / (sqrt(s.pp) * sqrt(s.yy));
}

FM_MEAN_METRIC(concordance_correlation) {
    const moments s = moments_of_row(b, i);
    return 2 * s.py / (s.pp + s.yy + (s.y - s.p) * (s.y - s.p) + LOSS_EPSILON);
}

/* ---- losses ---- */

#define FM_LOSS_INDEX(name, ...) LOSS_##name,
#define FM_METRIC_INDEX(name, ...) METRIC_##name,
enum { FM_ELEMENT_LOSSES(FM_LOSS_INDEX) FM_ROW_LOSSES(FM_LOSS_INDEX) LOSSES };
enum { FM_METRICS(FM_METRIC_INDEX) FIRST_LOSS_METRIC };

/* Targets of a batch that are all 0 or 1 stand for -1 and 1. */
static void add_hinge(const fm_metric *m, const fm_metric_batch *b, int squared) {
    const int64_t k = b->shape->k;
    int binary = 1;
    for (int64_t i = 0; i < b->shape->n && binary; i++)
        for (int64_t j = 0; j < k && binary; j++) binary = wanted(b, i, j) == 0 || wanted(b, i, j) == 1;
    for (int64_t i = 0; i < b->shape->n; i++) {
        double sum = 0;
        for (int64_t j = 0; j < k; j++) {
            const double y = wanted(b, i, j), margin = 1 - (binary ? 2 * y - 1 : y) * predicted(b, i, j);
            const double missing = margin <= 0 ? 0 : margin;
            sum += squared ? missing * missing : missing;
        }
        add_mean(m, b, i, sum / (double)k);
    }
}

static void add_loss(const fm_metric *m, const fm_metric_batch *b) {
    const int loss = m->kind - FIRST_LOSS_METRIC;
    if (loss == LOSS_hinge || loss == LOSS_squared_hinge) {
        add_hinge(m, b, loss == LOSS_squared_hinge);
        return;
    }
    const fm_loss_kernel *kernel = &loss_table[loss];
    const double sign = loss == LOSS_cosine_similarity ? -1 : 1; /* as a metric it is the similarity itself */
    kernel->rows(b->scratch, 0, b->prediction, b->target, b->labels, 0, b->shape, m->params);
    for (int64_t i = 0; i < b->shape->n; i++) {
        /* As in Keras, weights leave a row with the ignored label out; without weights it counts, with a loss of 0. */
        if (kernel->labels && b->weights && b->labels[i] == m->params[0]) continue;
        add_mean(m, b, i, sign * ((const real *)b->scratch)[i]);
    }
}

/* ---- thresholds ---- */

/* The order of the top k: NaN above all, the first of equals above the others. */
FM_INLINE int above(real a, real c) { return a > c || (a != a && c == c); }
typedef struct {
    real value;
    int64_t index;
} candidate;
FM_INLINE int outranks(candidate a, candidate c) {
    return above(a.value, c.value) || (!above(c.value, a.value) && a.index < c.index);
}

static candidate last_of_top(const fm_metric_batch *b, int64_t i, int64_t top_k) {
    candidate last = {0, -1};
    for (int64_t t = 0; t < top_k; t++) {
        candidate next = {0, -1};
        for (int64_t j = 0; j < b->shape->k; j++) {
            const candidate c = {predicted(b, i, j), j};
            if ((last.index < 0 || outranks(last, c)) && (next.index < 0 || outranks(c, next))) next = c;
        }
        last = next;
    }
    return last;
}

/* How many thresholds p is above; a NaN is above none. Evenly spread from 0 to 1 they are found by multiplication, p
 * being held to that range; as ends beyond it (by an ε) they let 0 pass the first. */
FM_INLINE int64_t bin_of(const fm_metric *m, real p) {
    const int64_t count = m->threshold_count;
    if (p != p) return 0;
    if (m->params[0] != 0) {
        const real x = (p < 0 ? 0 : p > 1 ? 1 : p) * (real)(count - 1);
        const int64_t whole = (int64_t)x, bin = whole + ((real)whole < x);
        return bin == 0 && m->thresholds[0] < 0 ? 1 : bin;
    }
    int64_t lo = 0, hi = count; /* thresholds before lo are below p, those from hi on are not */
    while (lo < hi) {
        const int64_t middle = (lo + hi) / 2;
        if (p > (real)m->thresholds[middle])
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

FM_METRIC(threshold_counts) {
    const int64_t only = (int64_t)m->params[1], top_k = (int64_t)m->params[2], bins = m->threshold_count + 1;
    const int64_t lo = only < 0 ? 0 : only, hi = only < 0 ? b->shape->k : only + 1;
    const real outside = (real)-1e10; /* what Keras puts in place of predictions that are not among the top k */
    for (int64_t i = 0; i < b->shape->n; i++) {
        const double w = row_weight(b, i);
        const candidate last = top_k ? last_of_top(b, i, top_k) : (candidate){0, 0};
        for (int64_t j = lo; j < hi; j++) {
            const candidate c = {predicted(b, i, j), j};
            const int64_t bin = bin_of(m, top_k && outranks(last, c) ? outside : c.value);
            const int64_t label = m->params[3] != 0 ? j : 0, negative = wanted(b, i, j) == 0;
            m->state[(2 * label + negative) * bins + bin] += w;
        }
    }
}

/* ---- classes and columns ---- */

/* Predicted are all that are above the threshold; with none (NaN) those of the row's largest, if it is not 0. */
FM_METRIC(fbeta_counts) {
    const int64_t k = b->shape->k;
    const real threshold = (real)m->params[0];
    for (int64_t i = 0; i < b->shape->n; i++) {
        const double w = row_weight(b, i);
        const real top = threshold != threshold ? largest_in_row(b->prediction, b->shape, i) : 0;
        for (int64_t j = 0; j < k; j++) {
            const real p = predicted(b, i, j);
            const int some = p > (real)1e-9 || p < (real)-1e-9;
            const double hit = threshold != threshold ? p >= top && some : p > threshold, y = wanted(b, i, j);
            m->state[j] += w * (hit * y);
            m->state[k + j] += w * (hit * (1 - y));
            m->state[2 * k + j] += w * ((1 - hit) * y);
            m->state[3 * k + j] += w * y;
        }
    }
}

FM_METRIC(r2_sums) {
    const int64_t k = b->shape->k;
    double *sums = m->state + 1;
    m->state[0] += (double)(b->shape->n * k);
    for (int64_t i = 0; i < b->shape->n; i++) {
        const double w = row_weight(b, i);
        for (int64_t j = 0; j < k; j++) {
            const double y = wanted(b, i, j), e = y - predicted(b, i, j);
            sums[j] += w * y;
            sums[k + j] += y * (w * y);
            sums[2 * k + j] += w * (e * e);
            sums[3 * k + j] += w;
        }
    }
}

#define FM_METRIC_ENTRY(name, target, state, names) {#name, names, FM_LABELS_##target, FM_STATE_##state, add_##name},
#define FM_ELEMENT_LOSS_METRIC(name, join, names) {#name, names, 0, FM_STATE_MEAN, add_loss},
#define FM_ROW_LOSS_METRIC(name, target, names) {#name, names, FM_LABELS_##target, FM_STATE_MEAN, add_loss},
static const fm_metric_kernel metric_table[] = {FM_METRICS(FM_METRIC_ENTRY) FM_ELEMENT_LOSSES(FM_ELEMENT_LOSS_METRIC)
                                                    FM_ROW_LOSSES(FM_ROW_LOSS_METRIC){0}};
