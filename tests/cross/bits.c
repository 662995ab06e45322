/* bits.c: one line a kernel × level × element type, with a hash of what it computes from fixed inputs. Compiled for
 * several CPUs, the lines must be the same but for the level's name (compare.py builds, runs and compares).
 *
 * Inputs come from integers alone, so that they are the same bits everywhere. NaN counts as one value: which of its bits
 * are set is the CPU's choice. */
#include "../../csrc/framework/internal.h"
#include <stdio.h>
#include <string.h>

enum { ROWS = 19, COLS = 45, PANELS = 2, N = ROWS * PANELS * FM_PANEL };

static int type;
static uint64_t seed, hash;

static uint64_t next(void) { /* splitmix64 */
    uint64_t z = seed += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static void put(void *a, int64_t i, double x) {
    if (type == FM_F32)
        ((float *)a)[i] = (float)x;
    else
        ((double *)a)[i] = x;
}
static int is_nan(const void *a, int64_t i) {
    double x = type == FM_F32 ? ((const float *)a)[i] : ((const double *)a)[i];
    return x != x;
}

/* Numbers in lo … hi, a few of them special: zeros of both signs, a denormal, large ones. */
static void fill(void *a, int64_t n, double lo, double hi) {
    for (int64_t i = 0; i < n; i++) put(a, i, lo + (hi - lo) * (double)(next() >> 11) / 9007199254740992.0);
    if (lo < 0) {
        put(a, 3, 0.0), put(a, 4, -0.0);
        const uint64_t denormal = 12345; /* as bits: arithmetic would flush it */
        memcpy((char *)a + 5 * (type == FM_F32 ? 4 : 8), &denormal, type == FM_F32 ? 4 : 8);
        put(a, 6, 1e4), put(a, 7, -1e4);
    }
}

static void take_in(const void *a, int64_t n) { /* FNV-1a over the values' bits */
    for (int64_t i = 0; i < n; i++) {
        uint64_t bits = 0;
        memcpy(&bits, (const char *)a + i * (type == FM_F32 ? 4 : 8), type == FM_F32 ? 4 : 8);
        if (is_nan(a, i)) bits = 1;
        for (int b = 0; b < 8; b++, bits >>= 8) hash = (hash ^ (bits & 255)) * 0x100000001b3u;
    }
}

static _Alignas(64) double x[N], y[N], z[N], w[N], slot[FM_SLOTS][N];
static const double params[FM_PARAMS] = {0.25, 0.75, 0.5, 0.125, 0.375, 0.625, 0.875, 0.0625};

static void begin(double lo, double hi) {
    seed = 42, hash = 0xcbf29ce484222325u;
    fill(x, N, lo, hi), fill(y, N, lo, hi), fill(z, N, lo, hi), fill(w, N, lo, hi);
    for (int s = 0; s < FM_SLOTS; s++) fill(slot[s], N, 0.01, 1);
}
static void end(const fm_kernels *k, const char *family, const char *name) {
    const char *level = fm_level_name(fm_level_chosen());
    printf("%s f%d %s/%s %016llx\n", level, k->bits, family, name, (unsigned long long)hash);
}

static void elementwise(const fm_kernels *k) {
    for (const fm_vmath_kernel *f = k->vmath; f->name; f++) {
        begin(-20, 20);
        f->fn(y, x, N - 5);
        take_in(y, N);
        end(k, "vmath", f->name);
    }
    for (const fm_activation_kernel *f = k->activations; f->name; f++) {
        begin(-6, 6);
        f->fwd(y, x, ROWS, COLS - FM_PANEL, FM_PANEL, params);
        take_in(y, N);
        f->bwd(z, f->saves == FM_SAVES_INPUT ? x : y, w, ROWS, COLS - FM_PANEL, FM_PANEL, params);
        take_in(z, N);
        end(k, "activation", f->name);
    }
}

static void by_columns(const fm_kernels *k) {
    for (const fm_trainable_kernel *f = k->trainables; f->name; f++) {
        int names = 1;
        for (const char *c = f->rows; *c; c++) names += *c == ',';
        const fm_parameters shape = {f->repeats ? 3 * names : names, FM_PANEL, FM_PANEL, 0};
        begin(-2, 2);
        f->fwd(y, x, w, &shape, ROWS, FM_PANEL, FM_PANEL);
        f->bwd(z, slot[0], x, y, w, &shape, ROWS, FM_PANEL, FM_PANEL);
        take_in(y, ROWS * FM_PANEL), take_in(z, ROWS * FM_PANEL), take_in(slot[0], shape.rows * FM_PANEL);
        end(k, "trainable", f->name);
    }
    for (const fm_constraint_kernel *f = k->constraints; f->name; f++) {
        const fm_rows shape = {ROWS, COLS, COLS, FM_PANEL};
        begin(-2, 2);
        f->columns(x, ROWS, COLS, COLS, params);
        f->rows(y, &shape, params);
        take_in(x, N), take_in(y, N);
        end(k, "constraint", f->name);
    }
}

static void by_rows(const fm_kernels *k) {
    const fm_rows shapes[] = {{ROWS, COLS, COLS, FM_PANEL}, {ROWS, COLS, FM_PANEL, FM_PANEL * ROWS}};
    for (const fm_row_activation_kernel *f = k->row_activations; f->name; f++) {
        begin(-6, 6);
        for (int s = 0; s < 2; s++) {
            f->fwd(y, x, &shapes[s], params);
            f->bwd(z, y, w, &shapes[s], params);
            take_in(y, ROWS * COLS), take_in(z, ROWS * COLS);
        }
        end(k, "row_activation", f->name);
    }
    const fm_rows wide = {ROWS, 30, 30, FM_PANEL}, narrow = {ROWS, 15, 15, FM_PANEL};
    for (const fm_pieces_kernel *f = k->pieces; f->name; f++) {
        begin(-6, 6);
        f->fwd(y, &narrow, x, &wide);
        f->bwd(z, &wide, x, w, &narrow);
        take_in(y, ROWS * narrow.k), take_in(z, ROWS * wide.k);
        end(k, "pieces", f->name);
    }
    for (const fm_loss_kernel *f = k->losses; f->name; f++) {
        int32_t labels[ROWS];
        begin(0.01, 0.99);
        for (int i = 0; i < ROWS; i++) labels[i] = (int32_t)(next() % COLS);
        for (int s = 0; s < 2; s++) {
            f->rows(z, y, x, f->labels ? 0 : w, f->labels ? labels : 0, slot[0], &shapes[s], params);
            take_in(z, ROWS), take_in(y, ROWS * COLS);
            if (f->block) f->block(z, y, x, w, slot[0], ROWS, COLS, COLS, params), take_in(z, COLS), take_in(y, N / 2);
        }
        end(k, "loss", f->name);
    }
}

static void optimizers(const fm_kernels *k) {
    for (const fm_optimizer_kernel *f = k->optimizers; f->name; f++) {
        void *slots[FM_SLOTS];
        for (int s = 0; s < FM_SLOTS; s++) slots[s] = slot[s];
        begin(-1, 1);
        for (int general = 0; general < 2; general++) {
            fm_hyper h = {.grad_scale = 1, .clip_value = INFINITY};
            if (general) h.grad_scale = 0.5, h.l1 = 0.01, h.l2 = 0.02, h.clip_value = 0.4, h.decay = 0.001;
            fm_hyper_settle(&h);
            for (int64_t step = 1; step <= 3; step++) {
                f->prepare(h.c, params, 0.01, step);
                f->step(w, x, slots, ROWS, FM_PANEL, FM_PANEL, &h);
            }
            take_in(w, N);
            for (int s = 0; s < f->slots; s++) take_in(slot[s], N);
        }
        end(k, "optimizer", f->name);
    }
}

static void products(const fm_kernels *k) {
    const int64_t rows[] = {1, 5, 6}, cols[] = {3, 16, 32}, depth[] = {1, 32, 37};
    for (int layout = FM_A_ROWS; layout <= FM_A_COLUMNS; layout++) {
        begin(-1, 1);
        for (int c = 0; c < 27; c++) {
            int64_t i = rows[c % 3], j = cols[c / 3 % 3], d = depth[c / 9];
            fill(y, N, -1, 1); /* lanes past the last column hold what the level's vector left there */
            k->gemm(layout, y, x, FM_PANEL * ROWS, w, i <= k->mr ? i : k->mr, j, d, c % 2, 0);
            for (int r = 0; r < i; r++) take_in((char *)y + r * FM_PANEL * (k->bits / 8), j);
        }
        end(k, "gemm", layout == FM_A_ROWS ? "rows" : "columns");
    }
    begin(-1, 1);
    k->transpose(y, x, FM_PANEL, FM_PANEL), take_in(y, FM_PANEL * FM_PANEL);
    k->add_row(y, w, ROWS, FM_PANEL), take_in(y, FM_PANEL * FM_PANEL);
    k->add_column(y, w, ROWS, FM_PANEL), take_in(y, FM_PANEL * FM_PANEL);
    k->column_sum(z, y, ROWS, FM_PANEL, FM_PANEL, 0), take_in(z, FM_PANEL);
    k->column_squares(z, y, x, ROWS, FM_PANEL, FM_PANEL, 1), take_in(z, FM_PANEL);
    k->sum_chunks(y, x, FM_PANEL * ROWS, 2, ROWS, FM_PANEL), take_in(y, FM_PANEL * ROWS);
    end(k, "tile", "transpose and sums");
    begin(-1, 1);
    double sums[] = {k->sum_abs(x, N - 3), k->sum_squares(x, N - 3), k->sum_squares_regularized(x, y, N - 3, 0.1, 0.2)};
    for (int i = 0; i < 3; i++) put(x, i, sums[i]);
    take_in(x, 3);
    end(k, "sums", "of one block");
    begin(-1, 1);
    k->to_panels(y, ROWS, x, COLS, ROWS, COLS), take_in(y, N);
    k->from_panels(z, COLS, y, ROWS, ROWS, COLS), take_in(z, ROWS * COLS);
    end(k, "panels", "there and back");
}

static void products_of_pairs(const fm_kernels *k) {
    if (!k->round_pairs) return; /* float64 */
    begin(-1, 1);
    k->round_pairs(z, y, x, ROWS, FM_PANEL - 3), take_in(z, ROWS * FM_PANEL / 2), take_in(y, (ROWS + 1) / 2 * FM_PANEL);
    for (int layout = FM_A_ROWS; layout <= FM_A_COLUMNS; layout++) {
        fm_pairs_product(k)(layout, w, layout == FM_A_ROWS ? z : y, 0, y, 6, FM_PANEL, (ROWS + 1) / 2, layout, 0);
        take_in(w, 6 * FM_PANEL);
    }
    end(k, "gemm", "pairs of bfloat16");
}

static void draws(const fm_kernels *k) {
    const fm_draw at = {1234567890123, 7, 99, 3, 5};
    for (const fm_fill_kernel *f = k->fills; f->name; f++) {
        begin(-1, 1);
        f->fill(y, ROWS, COLS, COLS, params, &at);
        take_in(y, ROWS * COLS);
        end(k, "fill", f->name);
    }
    for (const fm_noise_kernel *f = k->noises; f->name; f++) {
        begin(-1, 1);
        f->fwd(y, x, ROWS, COLS, COLS, params, &at);
        f->bwd(z, x, ROWS, COLS, COLS, params, &at);
        take_in(y, ROWS * COLS), take_in(z, ROWS * COLS);
        end(k, "noise", f->name);
    }
}

static void norms(const fm_kernels *k) {
    const fm_norm_kernels *f = k->norm;
    const fm_rows shape = {ROWS, COLS, COLS, FM_PANEL};
    void *mean = slot[0], *r = slot[1], *gamma = slot[2], *beta = slot[3];
    begin(-2, 2);
    f->batch_moments(mean, r, x, ROWS, COLS, COLS);
    f->batch_scale(r, r, COLS, 1e-3);
    f->moving_update(w, mean, COLS, 0.9, 1 - 0.9), take_in(w, COLS);
    f->batch_fwd(y, x, mean, r, gamma, beta, ROWS, COLS, COLS), take_in(y, ROWS * COLS);
    f->batch_sums(gamma, beta, w, x, mean, r, ROWS, COLS, COLS), take_in(gamma, COLS), take_in(beta, COLS);
    f->batch_bwd(z, w, x, mean, r, y, gamma, beta, ROWS, COLS, COLS, ROWS), take_in(z, ROWS * COLS);
    end(k, "norm", "batch");
    begin(-2, 2);
    f->layer_fwd(y, mean, r, x, gamma, beta, &shape, 1e-3), take_in(y, ROWS * COLS);
    f->layer_bwd(z, w, x, mean, r, gamma, &shape), take_in(z, ROWS * COLS);
    f->layer_sums(gamma, beta, w, x, mean, r, ROWS, COLS, COLS), take_in(gamma, COLS), take_in(beta, COLS);
    end(k, "norm", "layer");
    begin(-2, 2);
    f->unit_fwd(y, x, &shape, 1e-3), f->unit_bwd(z, w, x, &shape, 1e-3);
    take_in(y, ROWS * COLS), take_in(z, ROWS * COLS);
    end(k, "norm", "unit");
    for (const fm_reduction_kernel *g = k->reductions; g->name; g++) {
        begin(-2, 2);
        g->rows(y, x, &shape), take_in(y, g->index ? 8 * ROWS / (k->bits / 8) : ROWS);
        end(k, "reduction", g->name);
    }
}

static void everything(void *context, fm_team *team, int t) {
    for (type = FM_F32; type <= FM_F64; type++) {
        const fm_kernels *k = fm_table(type);
        elementwise(k);
        by_rows(k);
        by_columns(k);
        optimizers(k);
        products(k);
        products_of_pairs(k);
        draws(k);
        norms(k);
    }
}

int main(void) {
    for (int level = 0; level < fm_level_count(); level++) {
        if (!fm_level_usable(level)) continue;
        fm_level_choose(level);
        fm_team_run(1, everything, NULL); /* flush-to-zero is on inside */
    }
    return 0;
}
