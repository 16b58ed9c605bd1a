/*
 * Bulk changes: one action on many objects, named by ids or by a filter, one page per call. A page
 * is worked through in the order of the ids, each object in a transaction of its own; the client
 * repeats with the page token until it is empty, and may stop at any time.
 *
 *     err = bulk_page(call, &request, select, change, &bulk);
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/roost/common/v1/bulk.pb-c.h"
#include "services/common/rpc/call.h"

enum {
    BULK_IDS_MAX = 1000,
    BULK_PAGE_DEFAULT = 100,
    BULK_PAGE_MAX = 500,
    BULK_UNDO_MAX_S = 86400,
};

enum bulk_action { BULK_ENABLE, BULK_DISABLE, BULK_DELETE };

struct bulk_request {
    const char *list;                /* names the page tokens: "bulk_aliases" */
    const ProtobufCMessage *message; /* the request: tokens are bound to it */
    const char *action;
    const int64_t *ids;
    size_t n_ids;
    bool has_filter;
    int32_t page_size;
    const char *page_token;
    int32_t undo_seconds;
};

struct bulk {
    const struct bulk_request *request;
    enum bulk_action action;
    /* The page: at most `limit` objects with ids above this. */
    int64_t after_id;
    int64_t limit;
    bool is_first; /* the page without token: the one that says how many there are */
    /* Set by bulk_take_ids or by the caller: the page's ids, ascending, and perhaps one more. */
    const int64_t *ids;
    size_t n_ids;
    int64_t total; /* of the whole selection; only on the first page */
    /* Set by bulk_run. */
    Roost__Common__V1__BulkResult **results;
    size_t n_results;
    char *next_page_token;
};

/* Does it to one object, in a transaction of its own. Sets result->name, and result->outcome where
 * that is not "done". A refusal becomes the object's outcome; any other error ends the page. */
typedef const struct error *bulk_change_fn(struct call *call, void *ctx, int64_t id,
                                           Roost__Common__V1__BulkResult *result);

/* Checks the request. FIELD_INVALID, FIELD_TOO_LONG, PAGE_TOKEN_INVALID. The request must outlive
 * the bulk. */
MUST_USE const struct error *bulk_open(struct call *call, const struct bulk_request *request,
                                       struct bulk *ret_bulk);
/* Takes the page from the request's ids. Returns how many different ones the request has. */
int64_t bulk_take_ids(struct call *call, struct bulk *bulk);
/* Works through the page. Ends early, with a token that goes on from there, after some seconds and
 * where something is away. */
MUST_USE const struct error *bulk_run(struct call *call, struct bulk *bulk, bulk_change_fn *change,
                                      void *ctx);
/* By the request's filter: sets up to bulk->limit + 1 ids above bulk->after_id and, on the first
 * page, the total. */
typedef const struct error *bulk_select_fn(struct call *call, struct bulk *bulk);
/* All of a call: opens, selects by `select` or from the ids, and runs. `change` gets the bulk as
 * its ctx. */
MUST_USE const struct error *bulk_page(struct call *call, const struct bulk_request *request,
                                       bulk_select_fn *select, bulk_change_fn *change,
                                       struct bulk *ret_bulk);
/* FIELD_INVALID on `undo_seconds` unless it is between 0 and BULK_UNDO_MAX_S. */
MUST_USE const struct error *bulk_check_undo(struct call *call, int32_t undo_seconds);
/* The callee has refused and changed nothing. */
bool bulk_is_refusal(const struct error *err);
