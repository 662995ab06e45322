/* metric.c: adds batches to the state of metrics. One thread, in the order of the rows: the same bits however many
 * threads computed the predictions. */
#include "internal.h"

int64_t fm_metric_size(int kind, const double *params, int64_t threshold_count, int64_t k) {
    switch (fm_table(FM_F32)->metrics[kind].state) {
    case FM_STATE_BINS: return (params[3] != 0 ? k : 1) * 2 * (threshold_count + 1);
    case FM_STATE_CLASSES: return 4 * k;
    case FM_STATE_MOMENTS: return 1 + 4 * k;
    default: return 2;
    }
}

void fm_metric_rows(int type, const fm_metric *m, const void *prediction, const void *target, const int32_t *labels,
                    const double *weights, const fm_rows *shape, void *scratch) {
    const fm_metric_batch batch = {prediction, target, labels, m->weighted ? weights : 0, shape, scratch};
    const uint64_t mode = fm_float_mode_enter();
    fm_table(type)->metrics[m->kind].add(m, &batch);
    fm_float_mode_leave(mode);
}
