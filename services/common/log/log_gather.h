/* Where finished lines go. Private to log. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Writes a line, at once or together with others. Lines are written in the order in which they were
 * put. */
void gather_put(const char *line, size_t len, bool at_once);
