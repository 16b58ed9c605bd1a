/* Paths of mail directories below the mail root, as the queue names them: "example.com/bob",
 * "3f/00/63". Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "services/common/arena/arena.h"

enum { MAIL_PATH_MAX_PARTS = 8, MAIL_PATH_MAX_BYTES = 1024, MAIL_PATH_MAX_PART_BYTES = 255 };

struct mail_path {
    const char *text;
    size_t n;
    const char *parts[MAIL_PATH_MAX_PARTS];
};

/* False with a sentence for anything that could mean another place than one directory at least two
 * levels below the root: absolute paths, empty parts, "..", hidden names, control characters. */
bool mail_path_parse(struct arena *arena, const char *text, struct mail_path *ret_path,
                     const char **ret_fault);
