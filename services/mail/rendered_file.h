/*
 * Configuration files that are written again and again, next to an operator who may edit them. A list of checksums
 * (<name>.chk, lines "file:sha256") tells what was written last: a file that has changed since is left alone.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "services/common/arena/arena.h"

struct rendering;

/* Makes the folder if it is missing and reads the list. NULL, with the fault printed, if that fails. */
struct rendering *rendering_begin(struct arena *arena, const char *folder, const char *list_name, bool force, FILE *report);

/* The value of "key = value" in an existing file, for credentials that stay over a new rendering; NULL if there is none,
 * or with force. */
const char *rendering_kept_value(struct rendering *rendering, const char *file, const char *key);

/* Writes the file whole (a new one, renamed into place) unless it was edited by hand. False if it cannot be written. */
bool rendering_write(struct rendering *rendering, const char *file, const char *content);

/* Writes the list. */
bool rendering_end(struct rendering *rendering);

/* Whether a value can stand in a line of a configuration file: no control characters, no blanks at its ends. */
bool rendering_is_plain(const char *value);
