/* sparse.c: the first layer of a network that reads sparse rows. They are never made dense: its sums are of rows of W, and dW
 * gets what a batch's numbers add, from rows that are zero before the step and after it. The update goes over all of dW,
 * for penalties, decay and what optimizers remember move weights whose inputs were zero, too. */
#include "dense.h"

enum { P = FM_PANEL, TILE_ROWS = 16 };

/* The numbers of one row. */
typedef struct {
    const char *values;
    const int32_t *columns;
    int64_t count;
} entries;

static entries entries_of(const fm_op *layer, const fm_run *run, int64_t position) {
    const fm_view *x = &run->x;
    const int64_t row = run->index ? run->index[position] : position, start = x->starts[row];
    return (entries){(const char *)x->data + start * layer->size, x->columns + start, x->starts[row + 1] - start};
}

void fm_sparse_forward_rows(const fm_op *layer, const fm_run *run, int64_t from, int64_t r0, int64_t r1) {
    const int64_t size = layer->size;
    _Alignas(64) char Z[TILE_ROWS * P * sizeof(double)];
    for (int64_t p = 0; p < fm_panels(layer->m); p++) {
        const int64_t columns = fm_whole_lanes(fm_panel_columns(layer->m, p));
        const char *W = layer->W + p * layer->k * P * size;
        for (int64_t lo = r0; lo < r1; lo += TILE_ROWS) {
            const int64_t hi = fm_min64(lo + TILE_ROWS, r1);
            for (int64_t i = lo; i < hi; i++) {
                const entries e = entries_of(layer, run, from + i);
                layer->kern->sparse_row(Z + (i - lo) * P * size, W, e.values, e.columns, e.count, columns);
            }
            fm_dense_finish_rows(layer, Z, p, lo, hi);
        }
    }
}

void fm_sparse_gradient(const fm_op *layer, const fm_run *run, int64_t n, const fm_team *team, int t) {
    const int64_t size = layer->size, panels = fm_panels(layer->m);
    int64_t lo, hi;
    fm_share(layer->k, t, fm_team_size(team), &lo, &hi);
    for (int64_t p = 0; p < panels; p++)
        for (int64_t i = 0; i < n; i++) {
            const entries e = entries_of(layer, run, run->at + i);
            layer->kern->sparse_outer(layer->dW + p * layer->k * P * size,
                                      layer->dZ + (p * layer->batch + i) * P * size, e.values, e.columns, e.count, lo,
                                      hi, fm_whole_lanes(fm_panel_columns(layer->m, p)));
        }
    fm_share(panels, t, fm_team_size(team), &lo, &hi);
    for (int64_t p = lo; layer->use_bias && p < hi; p++) fm_dense_bias(layer, p, n, NULL, NULL);
}

void fm_sparse_clear(const fm_op *layer, const fm_run *run, int64_t n, const fm_team *team, int t) {
    int64_t lo, hi;
    fm_share(layer->k, t, fm_team_size(team), &lo, &hi);
    for (int64_t p = 0; p < fm_panels(layer->m); p++)
        for (int64_t i = 0; i < n; i++) {
            const entries e = entries_of(layer, run, run->at + i);
            layer->kern->sparse_clear(layer->dW + p * layer->k * P * layer->size, e.columns, e.count, lo, hi,
                                      fm_whole_lanes(fm_panel_columns(layer->m, p)));
        }
}
