/* random.c: fills, dropout and noise over tiles of a matrix; integers and permutations in sequence. */
#include "internal.h"

/* ---- tiles: whole groups of rows that share a counter, about TILE elements each */

enum { GROUP = 4, TILE = 4096 };

typedef void tile_fn(void *out, const void *in, int64_t rows, int64_t cols, int64_t ld, const double *params,
                     const fm_draw *at);

typedef struct {
    const fm_fill_kernel *fill; /* or: */
    tile_fn *noise;
    char *out;
    const char *in;
    const fm_rows *shape;
    const double *params;
    const fm_draw *at;
    int64_t size, tall, wide, across;
} job;

static void tiles_range(void *context, int64_t lo, int64_t hi) {
    const job *j = context;
    const fm_rows *s = j->shape;
    for (int64_t tile = lo; tile < hi; tile++) {
        const int64_t row = tile / j->across * j->tall, col = tile % j->across * j->wide;
        const int64_t rows = fm_min64(j->tall, s->n - row), cols = fm_min64(j->wide, s->k - col);
        const int64_t o = (row * s->rs + col / FM_PANEL * s->cs) * j->size;
        fm_draw at = *j->at;
        at.row += row;
        at.col += col;
        if (j->fill)
            j->fill->fill(j->out + o, rows, cols, s->rs, j->params, &at);
        else
            j->noise(j->out + o, j->in + o, rows, cols, s->rs, j->params, &at);
    }
}

static void run_tiles(int type, job *j, double ns_element) {
    const fm_rows *s = j->shape;
    if (s->n == 0 || s->k == 0) return;
    j->size = fm_element_size(type);
    j->wide = s->cs == FM_PANEL ? TILE / GROUP : FM_PANEL; /* row-major, or one panel */
    if (j->wide > s->k) j->wide = s->k;
    j->tall = (TILE / GROUP + j->wide - 1) / j->wide * GROUP;
    j->across = (s->k + j->wide - 1) / j->wide;
    fm_parallel((s->n + j->tall - 1) / j->tall * j->across, ns_element * TILE, tiles_range, j);
}

void fm_fill(int type, int kind, void *X, const fm_rows *shape, const double *params, const fm_draw *at) {
    job j = {&fm_table(type)->fills[kind], NULL, X, NULL, shape, params, at, 0, 0, 0, 0};
    run_tiles(type, &j, 1.5);
}
void fm_noise_fwd(int type, int kind, void *Y, const void *X, const fm_rows *shape, const double *params,
                  const fm_draw *at) {
    job j = {NULL, fm_table(type)->noises[kind].fwd, Y, X, shape, params, at, 0, 0, 0, 0};
    run_tiles(type, &j, 0.5);
}
void fm_noise_bwd(int type, int kind, void *dX, const void *dY, const fm_rows *shape, const double *params,
                  const fm_draw *at) {
    job j = {NULL, fm_table(type)->noises[kind].bwd, dX, dY, shape, params, at, 0, 0, 0, 0};
    run_tiles(type, &j, 0.5);
}

void fm_random_words(uint32_t *out, int64_t rows, int64_t cols, const fm_draw *at) {
    fm_table(FM_F32)->random_words(out, rows, cols, cols, at);
}

/* ---- in sequence: 64-bit numbers 2c and 2c + 1 of a stream are words 0, 1 and 2, 3 of column c (low word first) */

enum { COLUMNS = 128 };

typedef struct {
    const fm_kernels *k;
    fm_draw at;
    int64_t column, next;
    uint32_t word[4][COLUMNS];
} source;

static source source_at(const fm_draw *at) {
    return (source){.k = fm_table(FM_F32), .at = *at, .column = -COLUMNS, .next = 2 * COLUMNS};
}

static uint64_t next_number(source *s) {
    if (s->next == 2 * COLUMNS) {
        s->column += COLUMNS;
        s->next = 0;
        s->at.row = GROUP * (s->column >> 32); /* a counter holds 32 bits of the column */
        s->at.col = s->column;
        s->k->random_words(s->word[0], GROUP, COLUMNS, COLUMNS, &s->at);
    }
    const int64_t c = s->next / 2, w = s->next % 2 * 2;
    s->next++;
    return (uint64_t)s->word[w + 1][c] << 32 | s->word[w][c];
}

/* The high half of x · n spreads [0, 2^64) over [0, n). Each result has the same number of x, but for the first
 * 2^64 mod n values of the low half: those are drawn again. */
static uint64_t below(source *s, uint64_t n) {
    unsigned __int128 product = (unsigned __int128)next_number(s) * n;
    if ((uint64_t)product < n) {
        const uint64_t surplus = -n % n;
        while ((uint64_t)product < surplus) product = (unsigned __int128)next_number(s) * n;
    }
    return (uint64_t)(product >> 64);
}

void fm_random_integers(int64_t *out, int64_t n, int64_t limit, const fm_draw *at) {
    source s = source_at(at);
    for (int64_t i = 0; i < n; i++) out[i] = (int64_t)below(&s, (uint64_t)limit);
}

void fm_random_permutation(int64_t *out, int64_t n, const fm_draw *at) {
    source s = source_at(at);
    for (int64_t i = 0; i < n; i++) out[i] = i;
    for (int64_t i = n - 1; i > 0; i--) {
        const int64_t j = (int64_t)below(&s, (uint64_t)i + 1), kept = out[i];
        out[i] = out[j];
        out[j] = kept;
    }
}
