/* The pages that are part of the program: a welcome where no UI is installed, and the API's
 * documentation. */
#pragma once

#include "gateway/static_files.h"

enum { BUILTIN_PAGES = 5 };

void builtin_pages_list(struct static_builtin ret_pages[BUILTIN_PAGES]);
