/*
 * Lists: page size, ordering, keyset page tokens. A token holds ordering, last key, last id and a
 * hash of the filters and the caller, signed: another caller, other filters or a changed byte make
 * it PAGE_TOKEN_INVALID.
 */
#pragma once

#include "services/common/pg/pg.h"
#include "services/common/rpc/call.h"

enum { LIST_PAGE_SIZE_DEFAULT = 100, LIST_PAGE_SIZE_MAX = 1000 };

struct list_request {
    int32_t page_size; /* 0: default; negative or over the maximum: capped at it, negative is
                          FIELD_INVALID */
    const char *page_token;
    const char *ordering; /* "" default; "-name" descending; unknown: ORDERING_UNKNOWN on field
                             `ordering` */
};

struct list_page {
    size_t n;
    ProtobufCMessage **messages;
    char *next_page_token; /* "" at the end */
};

/* Runs the right variant of `list` with the filters and `limit` bound. The message must have a
 * field `id` (or the one named by the statement's `-- key:`) and one per ordering. */
MUST_USE const struct error *list_run(struct call *call, const struct pg_list *list,
                                      const struct list_request *request,
                                      const struct pg_args *filters,
                                      const ProtobufCMessageDescriptor *descriptor,
                                      struct list_page *ret_page);

/* Where a list goes on: the values of the row before, in the columns of its ordering and its key.
 * PG_TEXT, PG_INT64, PG_BOOL or PG_TIME_US; they need no names. */
struct list_position {
    struct pg_arg key;
    struct pg_arg id;
};
/* As list_run, from a position that the caller knows; the request's page token is passed over.
 * next_page_token says only whether there is more. For lists that are merged from several. */
MUST_USE const struct error *list_run_after(struct call *call, const struct pg_list *list,
                                            const struct list_request *request,
                                            const struct list_position *after,
                                            const struct pg_args *filters,
                                            const ProtobufCMessageDescriptor *descriptor,
                                            struct list_page *ret_page);
/* 1 to 1,000 rows. FIELD_INVALID. */
MUST_USE const struct error *list_page_size(struct call *call, int32_t asked, int64_t *ret_size);
/* Whether somebody could be called so at all: 254 bytes at most, else FIELD_TOO_LONG on `search`.
 */
MUST_USE const struct error *list_check_search(struct call *call, const char *search);
/* Page tokens of lists that are no statement's. `list` is their name; `filters` what the token is
 * bound to beside the caller. *ret_position is NULL where the token is empty. PAGE_TOKEN_INVALID.
 */
MUST_USE const struct error *list_token_read(struct call *call, const char *list,
                                             const struct pg_args *filters, const char *page_token,
                                             const struct list_position **ret_position);
char *list_token_make(struct call *call, const char *list, const struct pg_args *filters,
                      const struct list_position *position);
/* Once in main: the key that signs page tokens (the identity key serves). */
void list_set_key(const uint8_t *key, size_t key_len);
