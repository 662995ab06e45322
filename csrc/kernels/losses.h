/* losses.h */
#pragma once
static const fm_loss_kernel loss_table[] = {{0}};
