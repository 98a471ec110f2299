#include "CTestWidth.h"

#include <stdlib.h>

// How many tests are under way at one time, however they are started. Without a bound all begin at
// once, and the time limit of each counts what the thousand others take.
// Source: swift-testing 6.3, Configuration.maximumParallelizationWidth.
__attribute__((constructor)) static void bound_tests(void) {
    setenv("SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH", "8", 0);
}
