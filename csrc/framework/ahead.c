/* ahead.c: the rows of the next batch are fetched while this one is computed.
 *
 * The order is known long before its rows are read, but no hardware foresees a shuffled one. */
#include "dense.h"

enum { LINE = 64, MOST_BYTES = 1 << 19 /* what may stay in L2 until it is read */ };

fm_upcoming fm_upcoming_rows(const fm_run *run, int64_t lo, int64_t hi, int64_t c0, int64_t c1) {
    const int64_t at = run->at + run->batch, stride = run->x.row_stride, bytes = (c1 - c0) * run->x.col_stride;
    const int64_t rows = fm_min64(hi, run->n - at) - lo;
    fm_upcoming next = {(const char *)run->x.data + c0 * run->x.col_stride, NULL, stride, 0, 0};
    if (rows <= 0 || bytes <= 0 || rows * bytes > MOST_BYTES) return next;
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
    int64_t at = each * i / parts;
    while (at < hi) {
        const int64_t row = at / next->lines, end = fm_min64(hi, (row + 1) * next->lines);
        const char *line = next->data + (next->index ? next->index[row] : row) * next->row_stride;
        for (line += at % next->lines * LINE; at < end; at++, line += LINE) __builtin_prefetch(line, 0, 2);
    }
}
