// #embed is C23, and a clang of 19 or later takes it in every C; it has SwiftPM build this file again
// when a file of the page has changed.
#pragma clang diagnostic ignored "-Wc23-extensions"

#include "CPage.h"

static const unsigned char index_html[] = {
#embed "page/index.html"
};
static const unsigned char page_css[] = {
#embed "page/page.css"
};
static const unsigned char page_js[] = {
#embed "page/page.js"
};
static const unsigned char icon_svg[] = {
#embed "page/icon.svg"
};

const unsigned char *tidegate_page_file(int number, size_t *length) {
    switch (number) {
    case 0: *length = sizeof index_html; return index_html;
    case 1: *length = sizeof page_css; return page_css;
    case 2: *length = sizeof page_js; return page_js;
    default: *length = sizeof icon_svg; return icon_svg;
    }
}
