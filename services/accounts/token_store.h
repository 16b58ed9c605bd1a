/* API tokens in the database. The key itself is never stored. */
#pragma once

#include "proto/roost/accounts/v1/accounts.pb-c.h"
#include "services/common/list/list.h"
#include "services/common/rpc/call.h"

enum { TOKEN_KEY_BYTES = 20 }; /* 40 hex digits */

/* Whom a key belongs to. */
struct token_owner {
    int64_t token_id;
    int64_t account_id;
    const char *username;
    const char *role;
    bool is_active;
    bool is_expired;
    bool is_unseen; /* last_used_at is over a minute old */
};

MUST_USE const struct error *token_store_list(struct call *call, int64_t account_id,
                                              const struct list_request *request,
                                              struct list_page *ret_page);

struct token_creation {
    const Roost__Accounts__V1__CreateApiTokenRequest *req;
    int64_t account_id;
    const char *key;
    int64_t limit; /* tokens that an account may have */
    Roost__Accounts__V1__ApiToken
        *replayed; /* of an earlier request with this request_id: without the key */
    Roost__Accounts__V1__ApiToken *created;
};
/* One transaction, with event and request log. TOKEN_LIMIT_REACHED, ACCOUNT_NOT_FOUND. */
MUST_USE const struct error *token_store_create(struct call *call, struct token_creation *creation);
/* One transaction, with event. TOKEN_NOT_FOUND. */
MUST_USE const struct error *token_store_delete(struct call *call, int64_t account_id, int64_t id);

/* *ret_is_found is false if the key opens nothing at all. */
MUST_USE const struct error *token_store_find_owner(struct call *call, const char *key,
                                                    struct token_owner *ret_owner,
                                                    bool *ret_is_found);
MUST_USE const struct error *token_store_touch(struct call *call, int64_t id);
