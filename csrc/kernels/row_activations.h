/* row_activations.h */
#pragma once
static const fm_row_activation_kernel row_activation_table[] = {{0}};
