#ifndef CALLOCATIONS_H
#define CALLOCATIONS_H

/// Whether memory is counted. Not under a sanitizer, which has an allocator of its own.
int tidegate_counts_allocations(void);

/// Counts what this thread allocates and frees from here on.
void tidegate_begin_counting(void);

/// Ends the counting. Answers with the most bytes that were allocated at one time since it began, above
/// what was allocated then.
long long tidegate_end_counting(void);

#endif
