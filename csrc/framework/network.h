/* network.h: a program for a chain of dense layers: everything a step needs, laid out once. */
#pragma once
#include "dense.h"

enum { FM_SHARD_CHUNKS = 4 };

/* pace.c: what the trials of one thread against the team have shown */
typedef struct fm_pace {
    enum { FM_PACE_TEAM, FM_PACE_ALONE, FM_PACE_STRETCH } phase; /* trying either, or keeping to the winner */
    int team_wins;
    double team;           /* seconds a step */
    int64_t left, stretch; /* steps until the next trial, and from the last one */
} fm_pace;
int64_t fm_pace_next(fm_pace *pace, int most, int *threads); /* how many steps with how many threads */
void fm_pace_note(fm_pace *pace, int64_t steps, double seconds);

struct fm_network {
    int type, output, loss, fused, clips, constrains, logits;
    int64_t size, inputs, batch, count, infer_rows;
    const fm_kernels *kern;
    fm_program_layer *spec; /* count of them */
    fm_dense *layers;       /* in training */
    fm_dense *infer;        /* the same weights with buffers of their own, and the true last activation */
    fm_hyper *hyper;        /* for W and b of each layer, of the step under way */
    double loss_params[FM_PARAMS], output_params[FM_PARAMS];
    fm_optimizer optimizer;
    uint64_t seed;
    int64_t step; /* steps done: part of the state a user saves */

    char *X, *target, *row_loss, *scale, *infer_X, *infer_target;
    char *prediction; /* after the output; NULL: what the last layer gives, whose backward may want it as it is */
    int32_t *labels, *infer_labels;
    fm_sum *squares; /* of dW and db of each layer; NULL when no norm is asked for */
    char *arena;

    char *shard_sums; /* [2][FM_SHARD_CHUNKS][batch][32] */
    fm_network *replicas;

    enum { FM_PLAIN, FM_TINY, FM_SHARDED } path; /* by shapes alone: the paths add in different orders */
    fm_pace pace;
    double step_ns; /* one thread's estimate for a whole batch */
};

/* What one step reads of a run, for rows lo … hi-1 of the batch at run->at. */
void fm_step_gather(const fm_network *net, const fm_run *run, int64_t n, int64_t lo, int64_t hi);
/* The labels and the loss's scale (weight / n) of rows lo … hi-1. */
void fm_step_scale(const fm_network *net, const fm_run *run, int64_t n, int64_t lo, int64_t hi);
/* Thread 0, before the first barrier: this step's hyperparameters. */
void fm_step_prepare(fm_network *net);
/* Output activation, loss and dZ of the last layer, for rows lo … hi-1. */
void fm_step_loss(const fm_network *net, int64_t lo, int64_t hi);
/* Thread 0, after the losses are in: adds them to the run's. */
void fm_step_sum_loss(const fm_network *net, fm_run *run, int64_t n);

void fm_step_plain(fm_network *net, const fm_run *run, int64_t n, fm_team *team, int t);
int fm_tiny_fits(const fm_network *net);
void fm_step_tiny(fm_network *net, const fm_run *run, int64_t n, fm_team *team, int t);

int fm_shard_fits(const fm_network *net);
void fm_shard_layout(fm_network *net, fm_arena *arena);
void fm_train_sharded(fm_network *net, fm_run *run, int threads, double deadline);
int fm_late(double deadline, const fm_network *net, const fm_run *run);
double fm_now(void); /* seconds, monotonic */
