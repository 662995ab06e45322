/* lane.c: what threads predict by. Predictions only read the network, so any number may run at once if each has buffers of
 * its own. A lane is made when all there are are taken, and kept: there are as many as threads have ever predicted at
 * once. No lock is held at any time, so a fork leaves none behind; in its child, a lane that another thread had taken
 * stays taken: it is lost to predictions, as memory goes back with the network. */
#include "network.h"

/* At most so many rows, which are whole tiles of 14, 12 or 6 (AVX-512, NEON, AVX2); even shares of threads may be fewer.
 * What a slice needs stays in a core's own cache; weights that do not are read again for every slice, so these are then
 * larger. */
enum { SLICE = 84, LARGE_SLICE = 252, CACHED_WEIGHTS = 4 << 20 };

int64_t fm_lane_rows(const fm_network *net) {
    double weights = 0; /* bytes */
    for (int64_t l = 0; l < net->count; l++)
        weights += (double)net->ops[l].depth * (double)net->ops[l].width * (double)net->size;
    return weights > CACHED_WEIGHTS ? LARGE_SLICE : SLICE;
}

/* The same weights; no noise, and the true last activation. */
static void lay_out(const fm_network *net, fm_lane *lane, fm_arena *arena) {
    const int64_t size = net->size, rows = net->lane_rows, outputs = fm_panels(net->spec[net->count - 1].units);
    lane->ops = fm_arena_take(arena, net->count, 1, 1, sizeof *lane->ops);
    lane->X = net->sparse ? NULL : fm_arena_take(arena, fm_panels(net->inputs), rows, FM_PANEL, size);
    lane->target = fm_arena_take(arena, outputs, rows, FM_PANEL, size);
    lane->shown = net->shows ? fm_arena_take(arena, outputs, rows, FM_PANEL, size) : NULL;
    lane->labels = fm_arena_take(arena, rows, 1, 1, sizeof *lane->labels);
    char *before = lane->X;
    for (int64_t l = 0; l < net->count; l++) {
        fm_op op = net->ops[l];
        op.noise = -1;
        op.batch = rows;
        if (op.op == FM_OP_dense) {
            op.activation = net->spec[l].kind;
            op.Z = NULL;
            op.Y = op.out = fm_arena_take(arena, fm_panels(op.m), rows, FM_PANEL, size);
            if (op.bf16) fm_bf16_layout(&op, arena, 0);
        } else
            fm_op_layout(&op, arena, before, 0);
        before = op.out;
        if (arena->base) lane->ops[l] = op;
    }
}

static fm_lane *make(const fm_network *net) {
    fm_lane measured;
    fm_arena arena = {.used = sizeof(fm_lane)};
    lay_out(net, &measured, &arena);
    fm_lane *lane = arena.overflow ? NULL : fm_alloc(arena.used, 1);
    if (!lane) return NULL;
    lane->bytes = arena.used;
    arena = (fm_arena){.base = (char *)lane, .used = sizeof *lane};
    lay_out(net, lane, &arena);
    atomic_init(&lane->taken, 1);
    return lane;
}

fm_lane *fm_lane_take(fm_network *net) {
    for (fm_lane *lane = atomic_load(&net->lanes); lane; lane = lane->next)
        if (!atomic_exchange(&lane->taken, 1)) return lane;
    fm_lane *lane = make(net);
    if (!lane) return NULL;
    lane->next = atomic_load(&net->lanes);
    while (!atomic_compare_exchange_weak(&net->lanes, &lane->next, lane)) continue;
    return lane;
}

void fm_lane_give(fm_lane *lane) { atomic_store(&lane->taken, 0); }

int64_t fm_lanes_bytes(const fm_network *net) {
    int64_t bytes = 0;
    for (fm_lane *lane = atomic_load(&net->lanes); lane; lane = lane->next) bytes += lane->bytes;
    return bytes;
}

void fm_lanes_free(fm_network *net) {
    for (fm_lane *lane = atomic_load(&net->lanes), *next; lane; lane = next) {
        next = lane->next;
        fm_free(lane);
    }
}
