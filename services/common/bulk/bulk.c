#include "services/common/bulk/bulk.h"

#include <stdlib.h>
#include <string.h>

#include "services/common/clock/clock.h"
#include "services/common/list/list.h"
#include "services/common/message/message.h"
#include "services/common/pg/pg.h"

enum { PAGE_MAX_US = 4000000 };

const struct error *bulk_check_undo(struct call *call, int32_t undo_seconds)
{
    if (undo_seconds >= 0 && undo_seconds <= BULK_UNDO_MAX_S) {
        return NULL;
    }
    return error_on_field(call->arena, REASON_FIELD_INVALID, "undo_seconds",
                          "Must be between 0 and %d.", BULK_UNDO_MAX_S);
}

static const struct error *read_action(struct call *call, const char *text,
                                       enum bulk_action *ret_action)
{
    static const char *const actions[] = {"enable", "disable", "delete"};

    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        if (strcmp(actions[i], text) == 0) {
            *ret_action = (enum bulk_action)i;
            return NULL;
        }
    }
    return error_on_field(call->arena, REASON_FIELD_INVALID, "action",
                          "\"%s\" is not a valid choice.", text);
}

static const struct error *check_selection(struct call *call, const struct bulk_request *request)
{
    if (request->n_ids > BULK_IDS_MAX) {
        return error_on_field(call->arena, REASON_FIELD_TOO_LONG, "ids", "At most %d at once.",
                              BULK_IDS_MAX);
    }
    if ((request->n_ids > 0) == request->has_filter) {
        return error_on_field(call->arena, REASON_FIELD_INVALID, "ids",
                              "Either ids or a filter must be given.");
    }
    return NULL;
}

static const struct error *choose_size(struct call *call, int32_t asked, int64_t *ret_limit)
{
    const struct error *err = list_page_size(call, asked, ret_limit);

    if (!err && asked == 0) {
        *ret_limit = BULK_PAGE_DEFAULT;
    } else if (!err && *ret_limit > BULK_PAGE_MAX) {
        *ret_limit = BULK_PAGE_MAX;
    }
    return err;
}

const struct error *bulk_open(struct call *call, const struct bulk_request *request,
                              struct bulk *ret_bulk)
{
    struct bulk bulk = {.request = request, .next_page_token = arena_strdup(call->arena, "")};
    const struct list_position *after = NULL;
    const struct error *err = read_action(call, request->action, &bulk.action);

    if (!err) {
        err = check_selection(call, request);
    }
    if (!err) {
        err = bulk_check_undo(call, request->undo_seconds);
    }
    if (!err) {
        err = choose_size(call, request->page_size, &bulk.limit);
    }
    if (!err) {
        err = list_token_read(call, request->list, PG_MESSAGE(request->message),
                              request->page_token, &after);
    }
    if (err) {
        return err;
    }
    bulk.is_first = !after;
    bulk.after_id = after ? after->id.number : 0;
    *ret_bulk = bulk;
    return NULL;
}

static int compare_ids(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

int64_t bulk_take_ids(struct call *call, struct bulk *bulk)
{
    size_t n_asked = bulk->request->n_ids;
    int64_t *sorted =
        arena_memdup(call->arena, bulk->request->ids, n_asked * sizeof(*bulk->request->ids));
    int64_t *page = arena_alloc(call->arena, n_asked * sizeof(*page));
    int64_t n_different = 0;

    qsort(sorted, n_asked, sizeof(*sorted), compare_ids);
    bulk->ids = page;
    for (size_t i = 0; i < n_asked; i++) {
        if (i > 0 && sorted[i] == sorted[i - 1]) {
            continue;
        }
        n_different++;
        if (bulk->is_first || sorted[i] > bulk->after_id) {
            page[bulk->n_ids++] = sorted[i];
        }
    }
    return n_different;
}

bool bulk_is_refusal(const struct error *err)
{
    switch (err->code) {
    case ERROR_INVALID_ARGUMENT:
    case ERROR_NOT_FOUND:
    case ERROR_ALREADY_EXISTS:
    case ERROR_PERMISSION_DENIED:
    case ERROR_FAILED_PRECONDITION:
    case ERROR_ABORTED:
    case ERROR_OUT_OF_RANGE:
        return true;
    default:
        return false;
    }
}

static char *copy(struct call *call, const char *text)
{
    return arena_strdup(call->arena, text);
}

static const struct error *change_one(struct call *call, struct bulk *bulk, int64_t id,
                                      bulk_change_fn *change, void *ctx)
{
    Roost__Common__V1__BulkResult *result =
        message_new(call->arena, &roost__common__v1__bulk_result__descriptor);
    const struct error *err;

    result->id = id;
    result->outcome = copy(call, "done");
    err = change(call, ctx, id, result);
    if (err && !bulk_is_refusal(err)) {
        return err;
    }
    if (err) {
        result->outcome = copy(call, "refused");
        result->reason = copy(call, err->reason);
        result->detail = copy(call, err->detail);
    }
    bulk->results[bulk->n_results++] = result;
    return NULL;
}

const struct error *bulk_run(struct call *call, struct bulk *bulk, bulk_change_fn *change,
                             void *ctx)
{
    int64_t limit_us = clock_monotonic_us() + PAGE_MAX_US;
    size_t n = bulk->n_ids < (size_t)bulk->limit ? bulk->n_ids : (size_t)bulk->limit;

    bulk->results = arena_alloc(call->arena, (n + 1) * sizeof(*bulk->results));
    for (size_t i = 0; i < n && (i == 0 || clock_monotonic_us() < limit_us); i++) {
        const struct error *err = change_one(call, bulk, bulk->ids[i], change, ctx);

        if (err && bulk->n_results == 0) {
            return err;
        }
        if (err) {
            break;
        }
    }
    if (bulk->n_results < bulk->n_ids) {
        struct pg_arg last = pg_int64("id", bulk->ids[bulk->n_results - 1]);

        bulk->next_page_token =
            list_token_make(call, bulk->request->list, PG_MESSAGE(bulk->request->message),
                            &(struct list_position){.key = last, .id = last});
    }
    return NULL;
}

const struct error *bulk_page(struct call *call, const struct bulk_request *request,
                              bulk_select_fn *select, bulk_change_fn *change, struct bulk *ret_bulk)
{
    const struct error *err = bulk_open(call, request, ret_bulk);

    if (!err && request->has_filter) {
        err = select(call, ret_bulk);
    } else if (!err) {
        ret_bulk->total = bulk_take_ids(call, ret_bulk);
    }
    return err ? err : bulk_run(call, ret_bulk, change, ret_bulk);
}
