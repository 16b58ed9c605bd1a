/* Aliases and their recipients in the database. The functions without "in a transaction" open their
 * own. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "proto/roost/mailboxes/v1/mailboxes.pb-c.h"
#include "services/common/list/list.h"
#include "services/common/pg/pg.h"
#include "services/common/rpc/call.h"
#include "services/mailboxes/mailbox.h"
#include "services/mailboxes/recipient_store.h"

/* With recipients, by id. Ids without an alias are left out. */
MUST_USE const struct error *alias_store_batch_get(struct call *call, const int64_t *ids, size_t n,
                                                   size_t *ret_n,
                                                   Roost__Mailboxes__V1__Alias ***ret_aliases);

struct alias_filter {
    struct mailbox_range range;
    int64_t domain_id;  /* 0: all */
    int64_t mailbox_id; /* only those that name it as a recipient; 0: all */
    bool has_enabled;
    bool enabled;
};
MUST_USE const struct error *alias_store_list(struct call *call, const struct list_request *request,
                                              const struct alias_filter *filter,
                                              struct list_page *ret_page);
/* The same from a known alias on, without recipients. `after` NULL: from the request's token on. */
MUST_USE const struct error *alias_store_list_after(struct call *call,
                                                    const struct list_request *request,
                                                    const struct list_position *after,
                                                    const struct alias_filter *filter,
                                                    struct list_page *ret_page);
/* Rows of alias, recipient and number of recipients: the first three of each alias, by alias. */
MUST_USE const struct error *alias_store_first_recipients(struct call *call, const int64_t *ids,
                                                          size_t n, struct pg_rows *ret_rows);
/* The next ids by id; filter->mailbox_id does not count. */
MUST_USE const struct error *alias_store_select(struct call *call,
                                                const struct alias_filter *filter, int64_t after_id,
                                                int64_t limit, int64_t **ret_ids, size_t *ret_n);
MUST_USE const struct error *alias_store_count(struct call *call, const struct alias_filter *filter,
                                               int64_t *ret_count);

enum alias_write_field {
    ALIAS_ADDRESS = 1,
    ALIAS_ENABLED = 2,
    ALIAS_RECIPIENTS = 4,
    ALIAS_DESCRIPTION = 8,
    ALIAS_EXPIRE_AT = 16,
    ALIAS_ALL = 31,
};

struct alias_write {
    int64_t id;                      /* 0: create */
    const ProtobufCMessage *request; /* what the request log compares */
    const char *request_id;
    const char *etag; /* "": any */
    unsigned fields;  /* of enum alias_write_field: what to take from `alias`, the rest stays */
    const Roost__Mailboxes__V1__Alias *alias;
    /* With ALIAS_ADDRESS: */
    int64_t domain_id;
    const char *domain_name;
    const char *local_part;
    /* With ALIAS_RECIPIENTS: */
    const struct recipient *recipients;
    size_t n_recipients;
};

/* Creates or changes an alias with its recipients, event and request log. */
MUST_USE const struct error *alias_store_write(struct call *call, const struct alias_write *write,
                                               Roost__Mailboxes__V1__Alias **ret_alias);
