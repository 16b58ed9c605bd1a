/* Paths and queries of URLs, strictly: what could be read in two ways is refused. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "services/common/arena/arena.h"

enum { URL_SEGMENTS_MAX = 16, URL_PARAMETERS_MAX = 256 };

struct url_path {
    const char *segments[URL_SEGMENTS_MAX]; /* decoded, in the arena */
    size_t n_segments;
    bool has_trailing_slash; /* true for "/" */
};

/* False for a path that does not begin with '/', has an empty segment, "." or "..", a bad percent
 * escape, an escaped '/',
 * '\' or control character, bytes that are not UTF-8, or more than URL_SEGMENTS_MAX segments. */
bool url_split_path(struct arena *arena, const char *path, struct url_path *ret_path);

struct url_parameter {
    const char *name;
    const char *value;
};

struct url_query {
    struct url_parameter parameters[URL_PARAMETERS_MAX];
    size_t n_parameters;
};

/* NULL is an empty query. False for a bad percent escape, an escaped control character, bytes that
 * are not UTF-8, or more than URL_PARAMETERS_MAX parameters. '+' is a space. */
bool url_split_query(struct arena *arena, const char *query, struct url_query *ret_query);
/* The last value of this name; NULL if there is none. */
const char *url_parameter(const struct url_query *query, const char *name);
/* The value, escaped for use in a query. */
char *url_escape(struct arena *arena, const char *value);
