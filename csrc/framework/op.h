/* op.h: the operations of a program that are not dense layers.
 *
 * Most work row by row: a thread takes its rows through them without asking anybody. Batch normalisation in training
 * and trainable activations going back sum over the batch: threads share their panels of columns. */
#pragma once
#include "dense.h"

/* Buffers for one direction or both; `before` is what the operation reads. */
void fm_op_layout(fm_op *op, fm_arena *arena, char *before, int train);
/* Rows r0 … r1-1 of what it gives; `training` draws noise. Not for batch normalisation in training. */
void fm_op_forward_rows(const fm_op *op, const char *X, int64_t r0, int64_t r1, int training);
/* All of it in training, by the team. */
void fm_op_forward(const fm_op *op, const char *X, int64_t n, const fm_team *team, int t);
/* Batch normalisation, before inference: 1/√(moving variance + epsilon). */
void fm_op_settle(const fm_op *op);
/* dX (NULL: not wanted), and the gradients of its weights into dW and db, from op->dZ, which here is dJ/d(out). */
void fm_op_backward(const fm_op *op, const char *X, char *dX, int64_t n, const fm_team *team, int t);
/* After a barrier, by one thread: brings dW of shared parameters into one column. */
void fm_op_fold(const fm_op *op);
/* l1·Σ|x| + l2·Σx² of rows r0 … r1-1 that an `activity` passes on. */
double fm_op_activity(const fm_op *op, int64_t r0, int64_t r1);
/* Does it learn? */
static inline int fm_op_learns(const fm_op *op) { return !op->frozen && (op->use_weights || op->use_bias); }
