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
/* Once in main: the key that signs page tokens (the identity key serves). */
void list_set_key(const uint8_t *key, size_t key_len);
