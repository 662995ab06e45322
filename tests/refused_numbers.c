/* A memory handler of NumPy's that lets allocations first … last fail, counted from 1. */
#include <stdlib.h>

static long asked, first, last;

long refuse(long from, long to) {
    const long before = asked;
    asked = 0, first = from, last = to;
    return before;
}

static int refused(void) {
    asked++;
    return asked >= first && asked <= last;
}

static void *take(void *context, size_t bytes) { return refused() ? NULL : malloc(bytes); }
static void *take_zeros(void *context, size_t count, size_t size) { return refused() ? NULL : calloc(count, size); }
static void *take_more(void *context, void *p, size_t bytes) { return refused() ? NULL : realloc(p, bytes); }
static void give(void *context, void *p, size_t bytes) { free(p); }

struct { /* PyDataMem_Handler of NumPy's C API */
    char name[127];
    unsigned char version;
    void *context;
    void *(*take)(void *, size_t);
    void *(*take_zeros)(void *, size_t, size_t);
    void *(*take_more)(void *, void *, size_t);
    void (*give)(void *, void *, size_t);
} handler = {"refused", 1, NULL, take, take_zeros, take_more, give};
