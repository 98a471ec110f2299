// The device profiles that come with Tidegate: the files of the folder `profiles`, byte for byte.
#ifndef TIDEGATE_CPROFILES_H
#define TIDEGATE_CPROFILES_H

#include <stddef.h>

size_t tidegate_profile_count(void);

// The name of the profile of that number, below the count; in the order of the files.
const char *tidegate_profile_name(size_t number);

// What its file says, and how many bytes that is. The text lives as long as the program.
const char *tidegate_profile_text(size_t number, size_t *length);

#endif
