// The files of the web page, as they stand in the folder `page`.
#ifndef TIDEGATE_CPAGE_H
#define TIDEGATE_CPAGE_H

#include <stddef.h>

// The file of that number: 0 index.html, 1 page.css, 2 page.js, 3 icon.svg; and how many bytes it has. They live as long
// as the program.
const unsigned char *tidegate_page_file(int number, size_t *length);

#endif
