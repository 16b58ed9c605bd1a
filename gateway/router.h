/* Finds the route of a request in the generated table. Pure. */
#pragma once

#include "gateway/route.h"
#include "gateway/url.h"

enum { ROUTER_METHODS = ROUTE_DELETE + 1 };

/* The routes of one path, by method. */
struct router_match {
    const struct route *by_method[ROUTER_METHODS]; /* NULL where the method is not allowed */
    const struct route *any;                       /* NULL: no such path */
};

/* A literal segment goes before a field. The trailing slash is not looked at. */
struct router_match router_match(const struct url_path *path);
/* The route for "GET" ..., HEAD as GET; NULL if the path does not allow it. */
const struct route *router_route(const struct router_match *match, const char *method);
/* "GET, HEAD, OPTIONS, POST" */
const char *router_allow(struct arena *arena, const struct router_match *match);
/* The value of field `segment` of the route in the path. */
const char *router_value(const struct route *route, const struct url_path *path, size_t segment);
