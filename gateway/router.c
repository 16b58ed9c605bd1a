#include "gateway/router.h"

#include <string.h>

#include "gateway/routes.h"

static const char *const method_names[ROUTER_METHODS] = {[ROUTE_GET] = "GET",
                                                         [ROUTE_POST] = "POST",
                                                         [ROUTE_PUT] = "PUT",
                                                         [ROUTE_PATCH] = "PATCH",
                                                         [ROUTE_DELETE] = "DELETE"};

static bool matches(const struct route *route, const struct url_path *path)
{
    if (route->n_segments != path->n_segments) {
        return false;
    }
    for (size_t i = 0; i < route->n_segments; i++) {
        const char *literal = route->segments[i].literal;
        if (literal && strcmp(literal, path->segments[i]) != 0) {
            return false;
        }
    }
    return true;
}

/* Whether two routes are one path: the same literals at the same places. */
static bool is_same_path(const struct route *a, const struct route *b)
{
    if (a->n_segments != b->n_segments) {
        return false;
    }
    for (size_t i = 0; i < a->n_segments; i++) {
        const char *left = a->segments[i].literal;
        const char *right = b->segments[i].literal;
        if (!left != !right || (left && strcmp(left, right) != 0)) {
            return false;
        }
    }
    return true;
}

struct router_match router_match(const struct url_path *path)
{
    struct router_match match = {0};
    for (size_t i = 0; i < n_routes; i++) {
        const struct route *route = &routes[i];
        /* The table has literals first, so the first match is the best; the others must be the same
         * path. */
        if (match.any ? is_same_path(match.any, route) : matches(route, path)) {
            match.any = match.any ? match.any : route;
            match.by_method[route->method] = route;
        }
    }
    return match;
}

const struct route *router_route(const struct router_match *match, const char *method)
{
    if (strcmp(method, "HEAD") == 0) {
        return match->by_method[ROUTE_GET];
    }
    for (size_t i = 0; i < ROUTER_METHODS; i++) {
        if (strcmp(method, method_names[i]) == 0) {
            return match->by_method[i];
        }
    }
    return NULL;
}

const char *router_allow(struct arena *arena, const struct router_match *match)
{
    const char *allow = match->by_method[ROUTE_GET] ? "GET, HEAD, OPTIONS" : "OPTIONS";
    for (size_t i = ROUTE_GET + 1; i < ROUTER_METHODS; i++) {
        if (match->by_method[i]) {
            allow = arena_printf(arena, "%s, %s", allow, method_names[i]);
        }
    }
    return allow;
}

const char *router_value(const struct route *route, const struct url_path *path, size_t segment)
{
    return route->segments[segment].literal ? NULL : path->segments[segment];
}
