// #embed is C23, and a clang of 19 or later takes it in every C; it has SwiftPM build this file again
// when a profile has changed. `make profiles` writes the two lists.
#pragma clang diagnostic ignored "-Wc23-extensions"

#include "CProfiles.h"

#include <string.h>

static const char *const names[] = {
#include "names.inc"
};

// One text after the other, each with a zero behind it, which no JSON has.
static const char texts[] = {
#include "texts.inc"
};

size_t tidegate_profile_count(void) { return sizeof names / sizeof names[0]; }

const char *tidegate_profile_name(size_t number) { return names[number]; }

const char *tidegate_profile_text(size_t number, size_t *length) {
    const char *text = texts;
    while (number-- > 0) text += strlen(text) + 1;
    *length = strlen(text);
    return text;
}
