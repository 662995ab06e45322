/* norm.c: batch normalisation by panels of columns, layer and unit normalisation by rows, moments of data. */
#include "internal.h"
#include <string.h>

typedef fm_norm job;

#define WHAT(type, shape) .k = fm_table(type), .shape = (shape), .size = fm_element_size(type)

/* What a panel of columns is to the kernels: where its block and its part of the vectors start. */
typedef struct {
    int64_t block, vector, cols;
} panel;

static panel panel_of(const job *j, int64_t p) {
    return (panel){p * j->shape->cs * j->size, p * FM_PANEL * j->size, fm_min64(FM_PANEL, j->shape->k - p * FM_PANEL)};
}
static const char *or_null(const char *p, int64_t offset) { return p ? p + offset : NULL; }

static const double NS_ROW_OF_PANEL = 8, NS_ELEMENT = 0.5;

/* ---- batch */

void fm_batch_fwd_range(void *norm, int64_t lo, int64_t hi) {
    const job *j = norm;
    const fm_norm_kernels *f = j->k->norm;
    const int64_t rows = j->shape->n, ld = j->shape->rs;
    const double correction = j->unbiased && rows > 1 ? (double)rows / (double)(rows - 1) : 1;
    for (int64_t i = lo; i < hi; i++) {
        panel p = panel_of(j, i);
        char *mean = j->mean + p.vector, *r = j->r + p.vector;
        char *moving_mean = j->moving_mean + p.vector, *moving_variance = j->moving_variance + p.vector;
        if (j->training) {
            f->batch_moments(mean, r, j->x + p.block, rows, p.cols, ld); /* r holds the variance for a moment */
            f->moving_update(moving_mean, mean, p.cols, j->momentum, 1 - j->momentum);
            f->moving_update(moving_variance, r, p.cols, j->momentum, (1 - j->momentum) * correction);
            f->batch_scale(r, r, p.cols, j->epsilon);
        } else {
            memcpy(mean, moving_mean, (size_t)(p.cols * j->size));
            f->batch_scale(r, moving_variance, p.cols, j->epsilon);
        }
        f->batch_fwd(j->out + p.block, j->x + p.block, mean, r, or_null(j->gamma, p.vector), or_null(j->beta, p.vector),
                     rows, p.cols, ld);
    }
}

void fm_batch_norm_fwd(int type, void *Y, void *mean, void *r, void *moving_mean, void *moving_variance, const void *X,
                       const void *gamma, const void *beta, const fm_rows *shape, double momentum, double epsilon,
                       int unbiased, int training) {
    job j = {WHAT(type, shape),
             .out = Y,
             .mean = mean,
             .r = r,
             .moving_mean = moving_mean,
             .moving_variance = moving_variance,
             .x = X,
             .gamma = gamma,
             .beta = beta,
             .momentum = momentum,
             .epsilon = epsilon,
             .unbiased = unbiased,
             .training = training};
    fm_parallel(fm_panels(shape->k), NS_ROW_OF_PANEL * (double)shape->n, fm_batch_fwd_range, &j);
}

void fm_batch_bwd_range(void *norm, int64_t lo, int64_t hi) {
    const job *j = norm;
    const fm_norm_kernels *f = j->k->norm;
    const int64_t rows = j->shape->n, ld = j->shape->rs;
    for (int64_t i = lo; i < hi; i++) {
        panel p = panel_of(j, i);
        const char *x = j->x + p.block, *dy = j->dy + p.block, *mean = j->mean + p.vector, *r = j->r + p.vector;
        char *dgamma = j->dgamma + p.vector, *dbeta = j->dbeta + p.vector;
        f->batch_sums(dgamma, dbeta, dy, x, mean, r, rows, p.cols, ld);
        if (j->out)
            f->batch_bwd(j->out + p.block, dy, x, mean, r, or_null(j->gamma, p.vector), dgamma, dbeta, rows, p.cols, ld,
                         j->training ? rows : 0);
    }
}

void fm_batch_norm_bwd(int type, void *dX, void *dgamma, void *dbeta, const void *dY, const void *X, const void *mean,
                       const void *r, const void *gamma, const fm_rows *shape, int training) {
    job j = {WHAT(type, shape),
             .out = dX,
             .mean = (char *)mean,
             .r = (char *)r,
             .dgamma = dgamma,
             .dbeta = dbeta,
             .x = X,
             .dy = dY,
             .gamma = gamma,
             .training = training};
    fm_parallel(fm_panels(shape->k), NS_ROW_OF_PANEL * (double)shape->n, fm_batch_bwd_range, &j);
}

/* ---- layer and unit: by rows */

static fm_rows rows_of(const job *j, int64_t lo, int64_t hi, int64_t *block) {
    fm_rows part = *j->shape;
    part.n = hi - lo;
    *block = lo * part.rs * j->size;
    return part;
}

static void layer_fwd_range(void *context, int64_t lo, int64_t hi) {
    const job *j = context;
    int64_t o, v = lo * j->size;
    fm_rows part = rows_of(j, lo, hi, &o);
    j->k->norm->layer_fwd(j->out + o, j->mean + v, j->r + v, j->x + o, j->gamma, j->beta, &part, j->epsilon);
}

void fm_layer_norm_fwd(int type, void *Y, void *mean, void *r, const void *X, const void *gamma, const void *beta,
                       const fm_rows *shape, double epsilon) {
    job j = {WHAT(type, shape), .out = Y,     .mean = mean,      .r = r, .x = X,
             .gamma = gamma,    .beta = beta, .epsilon = epsilon};
    fm_parallel(shape->n, NS_ELEMENT * (double)shape->k, layer_fwd_range, &j);
}

static void layer_sums_range(void *context, int64_t lo, int64_t hi) {
    const job *j = context;
    for (int64_t i = lo; i < hi; i++) {
        panel p = panel_of(j, i);
        j->k->norm->layer_sums(j->dgamma + p.vector, j->dbeta + p.vector, j->dy + p.block, j->x + p.block, j->mean,
                               j->r, j->shape->n, p.cols, j->shape->rs);
    }
}
static void layer_bwd_range(void *context, int64_t lo, int64_t hi) {
    const job *j = context;
    int64_t o, v = lo * j->size;
    fm_rows part = rows_of(j, lo, hi, &o);
    j->k->norm->layer_bwd(j->out + o, j->dy + o, j->x + o, j->mean + v, j->r + v, j->gamma, &part);
}

void fm_layer_norm_bwd(int type, void *dX, void *dgamma, void *dbeta, const void *dY, const void *X, const void *mean,
                       const void *r, const void *gamma, const fm_rows *shape) {
    job j = {WHAT(type, shape),
             .out = dX,
             .mean = (char *)mean,
             .r = (char *)r,
             .dgamma = dgamma,
             .dbeta = dbeta,
             .x = X,
             .dy = dY,
             .gamma = gamma};
    fm_parallel(fm_panels(shape->k), NS_ROW_OF_PANEL * (double)shape->n, layer_sums_range, &j);
    fm_parallel(shape->n, NS_ELEMENT * (double)shape->k, layer_bwd_range, &j);
}

static void unit_fwd_range(void *context, int64_t lo, int64_t hi) {
    const job *j = context;
    int64_t o;
    fm_rows part = rows_of(j, lo, hi, &o);
    j->k->norm->unit_fwd(j->out + o, j->x + o, &part, j->epsilon);
}
static void unit_bwd_range(void *context, int64_t lo, int64_t hi) {
    const job *j = context;
    int64_t o;
    fm_rows part = rows_of(j, lo, hi, &o);
    j->k->norm->unit_bwd(j->out + o, j->dy + o, j->x + o, &part, j->epsilon);
}

void fm_unit_norm_fwd(int type, void *Y, const void *X, const fm_rows *shape, double epsilon) {
    job j = {WHAT(type, shape), .out = Y, .x = X, .epsilon = epsilon};
    fm_parallel(shape->n, NS_ELEMENT * (double)shape->k, unit_fwd_range, &j);
}
void fm_unit_norm_bwd(int type, void *dX, const void *dY, const void *X, const fm_rows *shape, double epsilon) {
    job j = {WHAT(type, shape), .out = dX, .x = X, .dy = dY, .epsilon = epsilon};
    fm_parallel(shape->n, NS_ELEMENT * (double)shape->k, unit_bwd_range, &j);
}

/* ---- moments of data: chunks of rows × panels of columns, whose partial sums are added in order of the chunks */

enum { CHUNK = 4096, STRIP = 64 }; /* rows; CHUNK is part of the order of the sums */

typedef struct {
    const fm_kernels *k;
    const fm_view *x;
    const double *centre; /* NULL: sum x; else (x - centre)² */
    double *partial;      /* [chunk][column] */
} moments_job;

static void moments_range(void *context, int64_t lo, int64_t hi) {
    const moments_job *j = context;
    const int64_t panels = fm_panels(j->x->cols);
    double strip[STRIP * FM_PANEL];
    for (int64_t unit = lo; unit < hi; unit++) {
        const int64_t chunk = unit / panels, column = unit % panels * FM_PANEL;
        const int64_t first = chunk * CHUNK, last = fm_min64(first + CHUNK, j->x->rows);
        double *out = j->partial + chunk * j->x->cols + column;
        fm_view part = *j->x;
        part.cols = fm_min64(FM_PANEL, j->x->cols - column);
        for (int64_t row = first; row < last; row += STRIP) {
            part.rows = fm_min64(STRIP, last - row);
            part.data = (const char *)j->x->data + row * part.row_stride + column * part.col_stride;
            j->k->gather(strip, STRIP, &part, NULL, 0, part.rows);
            if (j->centre)
                j->k->column_squares(out, strip, j->centre + column, part.rows, part.cols, FM_PANEL, row > first);
            else
                j->k->column_sum(out, strip, part.rows, part.cols, FM_PANEL, row > first);
        }
    }
}

static void column_means(double *out, moments_job *j, int64_t chunks) {
    const int64_t k = j->x->cols;
    fm_parallel(chunks * fm_panels(k), 40.0 * CHUNK, moments_range, j);
    const uint64_t mode = fm_float_mode_enter();
    for (int64_t c = 0; c < k; c++) {
        double sum = 0;
        for (int64_t chunk = 0; chunk < chunks; chunk++) sum += j->partial[chunk * k + c];
        out[c] = sum / (double)j->x->rows;
    }
    fm_float_mode_leave(mode);
}

fm_status fm_feature_moments(double *mean, double *variance, const fm_view *X) {
    const int64_t chunks = (X->rows + CHUNK - 1) / CHUNK;
    moments_job j = {fm_table(FM_F64), X, NULL, fm_alloc(chunks * X->cols, sizeof(double))};
    if (!j.partial) return FM_NO_MEMORY;
    column_means(mean, &j, chunks);
    j.centre = mean;
    column_means(variance, &j, chunks);
    fm_free(j.partial);
    return FM_OK;
}
