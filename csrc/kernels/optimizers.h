/* optimizers.h */
#pragma once
static const fm_optimizer_kernel optimizer_table[] = {{0}};
