/* workspace.c: the only file that allocates. */
#define _GNU_SOURCE /* madvise */
#include "internal.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#if defined(__linux__)
#include <sys/mman.h>
#endif

enum { LINE = 64, HUGE_PAGE = 2 << 20 };

static atomic_llong asked, first_refused, last_refused; /* of allocations since tests last said which are to fail */

int64_t fm_alloc_refuse(int64_t first, int64_t last) {
    atomic_store(&first_refused, first);
    atomic_store(&last_refused, last);
    return atomic_exchange(&asked, 0);
}

static int refused(void) {
    const long long now = atomic_fetch_add(&asked, 1) + 1;
    return now >= atomic_load(&first_refused) && now <= atomic_load(&last_refused);
}

void *fm_alloc(int64_t count, int64_t size) {
    int64_t bytes;
    if (count < 0 || size < 0 || __builtin_mul_overflow(count, size, &bytes) || bytes > INT64_MAX - HUGE_PAGE)
        return NULL;
    int64_t unit = bytes >= 2 * HUGE_PAGE ? HUGE_PAGE : LINE;
    bytes = (bytes + unit - 1) / unit * unit;
    if (bytes == 0) bytes = LINE;
    void *p = refused() ? NULL : aligned_alloc((size_t)unit, (size_t)bytes);
    if (!p) return NULL;
#if defined(__linux__)
    if (unit == HUGE_PAGE) madvise(p, (size_t)bytes, MADV_HUGEPAGE); /* a hint: failure costs speed only */
#endif
    memset(p, 0, (size_t)bytes);
    return p;
}

void fm_free(void *p) { free(p); }
