/* ahead.c: the rows of the next batch are fetched while this one is computed.
 *
 * The order is known long before its rows are read, but no hardware foresees a shuffled one. */
#include "dense.h"

enum { LINE = 64, MOST_BYTES = 1 << 19, LEAST_BYTES = 1 << 18 }; /* more would leave L2 unread, less is in it */

fm_upcoming fm_upcoming_rows(const fm_run *run, const fm_view *x, int64_t lo, int64_t hi, int64_t c0, int64_t c1) {
    const int64_t at = run->at + run->batch, stride = x->row_stride, bytes = (c1 - c0) * x->col_stride;
    const int64_t rows = fm_min64(hi, run->n - at) - lo;
    fm_upcoming next = {(const char *)x->data + c0 * x->col_stride, NULL, stride, 0, 0};
    if (rows <= 0 || bytes <= 0 || rows * bytes > MOST_BYTES || stride * x->rows < LEAST_BYTES) return next;
    next.rows = rows;
    next.lines = (bytes + LINE - 1) / LINE;
    if (run->index)
        next.index = run->index + at + lo;
    else
        next.data += (at + lo) * stride;
    return next;
}

void fm_fetch(const fm_upcoming *next, int64_t i, int64_t parts) {
    if (!next || !next->rows) return;
    const int64_t each = next->rows * next->lines, hi = each * (i + 1) / parts;
    int64_t at = each * i / parts, row = at / next->lines, line = at % next->lines;
    for (; at < hi; row++, line = 0) {
        const char *start = next->data + (next->index ? next->index[row] : row) * next->row_stride;
        for (; line < next->lines && at < hi; line++, at++) __builtin_prefetch(start + line * LINE, 0, 2);
    }
}
