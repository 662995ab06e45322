/* network.h: a program lowered: everything a step needs, laid out once. */
#pragma once
#include "op.h"
#include <stdatomic.h>

enum { FM_SHARD_CHUNKS = 4 };

/* pace.c: what the trials of one thread against the team have shown */
typedef struct fm_pace {
    int by_team, trials;   /* who runs now; how many of the two are still on trial, this one among them */
    int kept;              /* who was better in the last one: the team? */
    double each[2];        /* seconds a step of one thread and of the team, as last seen; 0: not yet */
    int64_t trial;         /* steps */
    int64_t left, stretch; /* steps to go until the next trial, and how many there were since the last one */
    int64_t steps;         /* seen and not judged yet, and their seconds */
    double seconds;
} fm_pace;
void fm_pace_start(fm_pace *pace, double step_ns);
int64_t fm_pace_next(const fm_pace *pace, int most, int *threads); /* how many steps with how many threads */
void fm_pace_note(fm_pace *pace, int most, int64_t steps, double seconds);

/* lane.c: what one thread takes rows through the network by: the network's weights, and buffers for a slice of rows. */
typedef struct fm_lane {
    struct fm_lane *next;
    atomic_int taken;
    int64_t bytes;
    fm_op *ops;               /* without noise, with the true last activation */
    char *X, *target, *shown; /* X: NULL where rows are sparse */
    int32_t *labels;
} fm_lane;

struct fm_network {
    int type, output, loss, reduction, clips, constrains, logits, shows, penalised, sparse;
    int64_t size, inputs, batch, count;
    int64_t first; /* the first operation that learns: nothing before it needs a gradient */
    const fm_kernels *kern;
    fm_program_op *spec; /* count of them */
    fm_op *ops;          /* in training */
    fm_hyper *hyper;     /* for W and b of each operation, of the step under way */
    double loss_params[FM_PARAMS], output_params[FM_PARAMS];
    fm_optimizer optimizer;
    double ema_momentum;
    int64_t ema_overwrite;
    int64_t step; /* steps done: part of the state a user saves */

    char *X; /* NULL where rows are sparse */
    char *dX, *target, *row_loss, *scale;
    char *prediction; /* after the output; NULL: what the last operation gives, whose backward may want it as it is */
    char *shown;      /* what metrics see, where that is a buffer of its own; else NULL */
    char *turned_target;
    double *row_weight; /* of metrics */
    int32_t *labels;
    fm_sum *squares;   /* of dW and db of each operation; NULL when no norm is asked for */
    fm_sum *penalties; /* Σ|W|, ΣW², Σ|b|, Σb² of each operation; NULL when nothing is penalised */
    char *arena;
    int64_t bytes; /* of the arena */

    int64_t lane_rows;      /* of a slice */
    fm_lane *_Atomic lanes; /* all there are, in use or not; none goes before the network does */

    char *shard_sums; /* [2][FM_SHARD_CHUNKS][batch][32] */
    fm_network *replicas;

    enum { FM_PLAIN, FM_TINY, FM_SHARDED } path; /* by the program alone: the paths add in different orders */
    fm_pace pace;
    double step_ns; /* one thread's estimate for a whole batch */
    double row_ns;  /* and for a row, forward alone */
};

/* Does operation l read sparse rows, which are in no buffer? */
static inline int fm_reads_sparse(const fm_network *net, int64_t l) { return net->sparse && l == 0; }

/* What one step reads of a run, for rows lo … hi-1 of the batch at run->at. */
void fm_step_gather(const fm_network *net, const fm_run *run, int64_t n, int64_t lo, int64_t hi);
/* The labels and what each row's loss counts for, of rows lo … hi-1. */
void fm_step_scale(const fm_network *net, const fm_run *run, int64_t n, int64_t lo, int64_t hi);
/* Thread 0, before the first barrier: this step's hyperparameters. */
void fm_step_prepare(fm_network *net, const fm_run *run);
/* Output activation, loss and dZ of the last operation, for rows lo … hi-1. */
void fm_step_loss(const fm_network *net, int64_t lo, int64_t hi);
/* Thread 0, after the losses are in: adds them, the penalties and the metrics to the run's. */
void fm_step_tally(fm_network *net, fm_run *run, int64_t n);
/* Thread 0, when all weights have moved: their moving averages, were they asked for. */
void fm_step_average(fm_network *net);

/* lane.c: every caller of predict or evaluate, and every thread of its team, has a lane to itself. */
int64_t fm_lane_rows(const fm_network *net);   /* of a slice, by the program alone */
fm_lane *fm_lane_take(fm_network *net);        /* one that nobody uses, made if need be; NULL: no memory */
void fm_lane_give(fm_lane *lane);              /* back */
int64_t fm_lanes_bytes(const fm_network *net); /* of all there are */
void fm_lanes_free(fm_network *net);

/* tally.c */
int fm_hides_activation(const fm_network *net);
int fm_shows_apart(const fm_network *net); /* must what metrics see be worked out for them? */
void fm_show_rows(const fm_network *net, char *shown, const char *out, const fm_rows *rows);
void fm_show_in_place(const fm_network *net, char *out, const fm_rows *rows); /* if anything follows what is in out */
const char *fm_shown(const fm_network *net);
void fm_penalty_start(fm_network *net);                                    /* once */
double fm_penalty_total(const fm_network *net, double divisor, int64_t n); /* weights' penalties go by the divisor */
void fm_penalty_share(fm_network *net, const fm_team *team, int t);
void fm_metrics_add(const fm_network *net, const fm_run *run, int64_t from, int64_t n, const char *prediction,
                    const char *target, const int32_t *labels, int64_t capacity);

void fm_step_plain(fm_network *net, const fm_run *run, int64_t n, fm_team *team, int t);
/* Dense layers alone, that all learn, none wider, with nothing that asks for all gradients or weights of a step. */
int fm_plain_chain(const fm_network *net, int64_t widest, int noise);
int fm_tiny_fits(const fm_network *net);
void fm_step_tiny(fm_network *net, const fm_run *run, int64_t n, fm_team *team, int t);

int fm_shard_fits(const fm_network *net);
void fm_shard_layout(fm_network *net, fm_arena *arena);
void fm_train_sharded(fm_network *net, fm_run *run, int threads, double deadline);
int fm_late(double deadline, const fm_network *net, const fm_run *run);
double fm_now(void); /* seconds, monotonic */
