/* Whatever the target of a request is: it is refused, or read in one way, and a route that it finds
 * is of its form. */
#include <string.h>

#include "gateway/router.h"
#include "services/common/error/error.h"
#include "services/common/fuzz/fuzz.h"
#include "services/common/message/utf8.h"

static void check_path(const struct url_path *path)
{
    check(path->n_segments <= URL_SEGMENTS_MAX);
    for (size_t i = 0; i < path->n_segments; i++) {
        const char *segment = path->segments[i];
        check(segment[0] && !strpbrk(segment, "/\\\r\n") && strcmp(segment, "..") != 0 &&
              strcmp(segment, ".") != 0);
        check(utf8_check(segment, strlen(segment)) == UTF8_OK);
    }
}

static void try_path(struct arena *arena, const char *text)
{
    struct url_path path;
    if (!url_split_path(arena, text, &path)) {
        return;
    }
    check_path(&path);
    struct router_match match = router_match(&path);
    check(!match.any || match.any->n_segments == path.n_segments);
    const struct route *route = router_route(&match, "GET");
    check(!route || (match.any && strlen(router_allow(arena, &match)) > 0));
    for (size_t i = 0; route && i < route->n_segments; i++) {
        check(!route->segments[i].literal ||
              strcmp(route->segments[i].literal, path.segments[i]) == 0);
    }
}

static void try_query(struct arena *arena, const char *text)
{
    struct url_query query;
    struct url_query again;
    if (!url_split_query(arena, text, &query)) {
        return;
    }
    for (size_t i = 0; i < query.n_parameters; i++) {
        const char *value = query.parameters[i].value;
        check(utf8_check(value, strlen(value)) == UTF8_OK);
        check(
            url_split_query(arena, arena_printf(arena, "x=%s", url_escape(arena, value)), &again));
        check(strcmp(url_parameter(&again, "x"), value) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(16384);
    char *text = arena_strndup(arena, (const char *)data, size);
    char *query = strchr(text, '?');
    if (query) {
        *query++ = '\0';
    }
    try_path(arena, text);
    try_query(arena, query);
    arena_free(arena);
    return 0;
}
