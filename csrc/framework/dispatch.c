/* dispatch.c: which level's tables run. The list below is the registry of levels, best last. */
#include "internal.h"
#include <string.h>

#define FM_NONE(X)
#if defined(FM_BUILD_AVX2)
#define FM_AVX2(X) X(avx2)
#else
#define FM_AVX2 FM_NONE
#endif
#if defined(FM_BUILD_AVX512)
#define FM_AVX512(X) X(avx512)
#else
#define FM_AVX512 FM_NONE
#endif
#if defined(FM_BUILD_NEON)
#define FM_NEON(X) X(neon)
#else
#define FM_NEON FM_NONE
#endif
#define FM_LEVELS(X) X(scalar) FM_NEON(X) FM_AVX2(X) FM_AVX512(X)

#define FM_DECLARE(level) extern const fm_kernels fm_kernels_##level##_32, fm_kernels_##level##_64;
FM_LEVELS(FM_DECLARE)
#define FM_LEVEL_NAME(level) #level,
static const char *const names[] = {FM_LEVELS(FM_LEVEL_NAME)};
#define FM_LEVEL_TABLES(level) {&fm_kernels_##level##_32, &fm_kernels_##level##_64},
static const fm_kernels *const tables[][2] = {FM_LEVELS(FM_LEVEL_TABLES)};

static int chosen, emulates; /* the only state: set at import and by nothing else but tests */

int fm_level_count(void) { return (int)(sizeof names / sizeof *names); }
const char *fm_level_name(int level) { return names[level]; }
int fm_level_chosen(void) { return chosen; }
void fm_level_choose(int level) { chosen = level; }
const fm_kernels *fm_table(int type) { return tables[chosen][type == FM_F64]; }

fm_gemm *fm_pairs_product(const fm_kernels *kern) {
    return kern->gemm_dot && fm_cpu_has_dot() && !emulates ? kern->gemm_dot : kern->gemm_pairs;
}
int fm_dot_used(void) { return fm_pairs_product(fm_table(FM_F32)) != fm_table(FM_F32)->gemm_pairs; }
void fm_dot_emulate(int yes) { emulates = yes; }

int fm_level_usable(int level) {
    const char *name = names[level];
    if (!strcmp(name, "avx2")) return fm_cpu_has_avx2();
    if (!strcmp(name, "avx512")) return fm_cpu_has_avx512();
    return 1; /* the baseline of its architecture */
}

const char *fm_compiler(void) {
#if defined(__clang__)
    return "clang " __clang_version__;
#elif defined(__GNUC__)
    return "gcc " __VERSION__;
#else
    return "unknown";
#endif
}

/* One entry of a family's registry; the tables end with a nameless one. */
#define FM_OP_NAME(name) #name,
int fm_registry(fm_entry *entry, const char *family, int64_t i) {
    const fm_kernels *t = fm_table(FM_F32);
    if (!strcmp(family, "op")) {
        static const char *const names[] = {FM_OPS(FM_OP_NAME) NULL};
        *entry = (fm_entry){names[i], "", 0};
        return names[i] != 0;
    }
#define FM_FAMILY(label, list, text, value)                \
    if (!strcmp(family, label)) {                          \
        *entry = (fm_entry){t->list[i].name, text, value}; \
        return t->list[i].name != 0;                       \
    }
    FM_FAMILY("vmath", vmath, "", 0)
    FM_FAMILY("activation", activations, t->activations[i].params, t->activations[i].saves)
    FM_FAMILY("row_activation", row_activations, t->row_activations[i].params, 0)
    FM_FAMILY("trainable", trainables, t->trainables[i].rows, t->trainables[i].repeats)
    FM_FAMILY("pieces", pieces, "", t->pieces[i].pieces)
    FM_FAMILY("loss", losses, t->losses[i].params, t->losses[i].labels)
    FM_FAMILY("metric", metrics, t->metrics[i].params, t->metrics[i].labels)
    FM_FAMILY("optimizer", optimizers, t->optimizers[i].params, t->optimizers[i].slots)
    FM_FAMILY("constraint", constraints, t->constraints[i].params, 0)
    FM_FAMILY("reduction", reductions, "", t->reductions[i].index)
    FM_FAMILY("fill", fills, t->fills[i].params, 0)
    FM_FAMILY("noise", noises, t->noises[i].params, 0)
    return 0;
}
