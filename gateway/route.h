/*
 * The REST routes: generated from google.api.http and roost.common.v1.Rest by the build. The
 * gateway and roostctl work from this table; neither has code for one operation.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "services/common/message/meta.h"
#include "services/common/rpc/method.h"

enum route_method { ROUTE_GET, ROUTE_POST, ROUTE_PUT, ROUTE_PATCH, ROUTE_DELETE };

/* One path segment: a literal, or a scalar field of the request. */
struct route_segment {
    const char *literal;                   /* NULL for a field */
    const ProtobufCFieldDescriptor *field; /* NULL for a literal */
};

enum route_flag {
    ROUTE_STARTS_SESSION = 1,
    ROUTE_CLEARS_SESSION = 2,
    ROUTE_ANONYMOUS = 4,
    ROUTE_WHOLE_BODY = 8, /* body: "*": the body is the request itself */
};

struct route {
    enum route_method method;
    const char *template; /* "/api/v1/domains/{pk}/" with REST names, for documents and logs */
    const struct route_segment *segments;
    size_t n_segments;
    const struct rpc_method *rpc; /* without handler */
    const struct message_meta *request;
    const struct message_meta *response;
    const ProtobufCFieldDescriptor
        *body; /* the request's field that is the body; NULL: none, or the whole request */
    const ProtobufCFieldDescriptor *update_mask; /* of the request, NULL if it has none */
    const ProtobufCFieldDescriptor *request_id;  /* likewise: string request_id */
    const ProtobufCFieldDescriptor *etag;        /* likewise: string etag */
    const ProtobufCFieldDescriptor *list; /* the response's repeated field, NULL if it is no list */
    const ProtobufCFieldDescriptor *next_page_token; /* of the response; set where list is */
    const ProtobufCFieldDescriptor *total_size;      /* of the response, NULL if it has none */
    int success_status;
    unsigned flags;      /* of enum route_flag */
    const char *summary; /* the first sentence of the rpc's comment */
};

/* Literal paths come before templates that also match. */
extern const struct route routes[];
extern const size_t n_routes;
