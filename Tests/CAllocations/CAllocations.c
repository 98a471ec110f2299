#include "CAllocations.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif

#ifndef HAS_SANITIZER

// The C library's own allocator, behind the names that a program may define for itself.
// Source: glibc manual, "Replacing malloc".
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

// Of each thread, so that what others do at the same time changes nothing.
static _Thread_local struct {
    int counts;
    long long now, most;
} meter;

static void *took(void *block) {
    if (meter.counts && block) {
        meter.now += (long long)malloc_usable_size(block);
        if (meter.now > meter.most) meter.most = meter.now;
    }
    return block;
}

static void gave(void *block) {
    if (meter.counts && block) meter.now -= (long long)malloc_usable_size(block);
}

void *malloc(size_t size) { return took(__libc_malloc(size)); }

void *calloc(size_t count, size_t size) { return took(__libc_calloc(count, size)); }

void free(void *block) {
    gave(block);
    __libc_free(block);
}

void *realloc(void *block, size_t size) {
    long long before = meter.counts && block ? (long long)malloc_usable_size(block) : 0;
    void *moved = __libc_realloc(block, size);
    // Both are there while one is copied into the other.
    if (moved) took(moved);
    if (meter.counts && (moved || size == 0)) meter.now -= before;
    return moved;
}

void *memalign(size_t alignment, size_t size) {
    return took(__libc_memalign(alignment, size));
}

void *aligned_alloc(size_t alignment, size_t size) {
    return took(__libc_memalign(alignment, size));
}

int posix_memalign(void **block, size_t alignment, size_t size) {
    void *made = __libc_memalign(alignment, size);
    if (!made) return ENOMEM;
    *block = took(made);
    return 0;
}

int tidegate_counts_allocations(void) { return 1; }

void tidegate_begin_counting(void) {
    meter.counts = 1;
    meter.now = 0;
    meter.most = 0;
}

long long tidegate_end_counting(void) {
    meter.counts = 0;
    return meter.most;
}

#else

int tidegate_counts_allocations(void) { return 0; }
void tidegate_begin_counting(void) {}
long long tidegate_end_counting(void) { return 0; }

#endif
