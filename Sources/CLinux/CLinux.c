#include "CLinux.h"

#include <string.h>

const char *tidegate_error_words(int code) { return strerrordesc_np(code); }
