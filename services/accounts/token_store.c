#include "services/accounts/token_store.h"

#include <string.h>

#include "services/accounts/account_event.h"
#include "services/accounts/secret.h"
#include "services/accounts/sql/accounts.sql.h"
#include "services/common/request_log/request_log.h"

static const ProtobufCMessageDescriptor *const descriptor =
    &roost__accounts__v1__api_token__descriptor;

const struct error *token_store_list(struct call *call, int64_t account_id,
                                     const struct list_request *request, struct list_page *ret_page)
{
    return list_run(call, &accounts_sql_token_list, request,
                    PG_ARGS(NULL, pg_int64("account_id", account_id)), descriptor, ret_page);
}

struct creation_tx {
    struct call *call;
    struct token_creation *creation;
};

static const struct error *check_limit(struct call *call, const struct token_creation *creation)
{
    struct pg_rows rows;
    const struct pg_args *args = PG_ARGS(NULL, pg_int64("account_id", creation->account_id));
    const struct error *err = pg_query(call->pg, &accounts_sql_token_owner_lock, args, &rows);
    if (err) {
        return err;
    }
    if (rows.n_rows == 0) {
        return error_new(call->arena, REASON_ACCOUNT_NOT_FOUND, "There is no account %lld.",
                         (long long)creation->account_id);
    }
    err = pg_query(call->pg, &accounts_sql_token_count, args, &rows);
    if (err) {
        return err;
    }
    int64_t n = pg_value_int64(&rows, 0, 0);
    if (n >= creation->limit) {
        return error_new(call->arena, REASON_TOKEN_LIMIT_REACHED,
                         "The account has %lld API tokens of at most %lld.", (long long)n,
                         (long long)creation->limit);
    }
    return NULL;
}

/* A key that ends, or that is revoked just now, makes none that goes on. */
static const struct error *check_maker(struct call *call, const struct token_creation *creation)
{
    struct pg_rows rows;
    if (call->identity->token_id == 0) {
        return NULL;
    }
    const struct error *err = pg_query(call->pg, &accounts_sql_token_ends_before,
                                       PG_ARGS(&creation->req->api_token->base,
                                               pg_int64("token_id", call->identity->token_id),
                                               pg_int64("account_id", creation->account_id)),
                                       &rows);
    if (err) {
        return err;
    }
    if (rows.n_rows == 0) {
        return error_new(call->arena, REASON_CREDENTIALS_INVALID, "Invalid token.");
    }
    return pg_value_bool(&rows, 0, 0)
               ? error_on_field(call->arena, REASON_FIELD_INVALID, "api_token.expires_at",
                                "Must not be later than the end of the token that makes this one.")
               : NULL;
}

static const struct error *create_in_tx(struct pg *pg, void *ctx)
{
    struct call *call = ((struct creation_tx *)ctx)->call;
    struct token_creation *creation = ((struct creation_tx *)ctx)->creation;
    const Roost__Accounts__V1__CreateApiTokenRequest *req = creation->req;
    ProtobufCMessage *message;
    const struct error *err =
        request_log_begin(call, req->request_id, &req->base, descriptor, &message);
    creation->replayed = err ? NULL : (Roost__Accounts__V1__ApiToken *)message;
    if (err || message) {
        return err;
    }
    err = check_limit(call, creation);
    if (!err) {
        err = check_maker(call, creation);
    }
    if (err) {
        return err;
    }
    uint8_t hash[SECRET_SHA256_BYTES];
    secret_sha256(creation->key, strlen(creation->key), hash);
    err = pg_get(pg, &accounts_sql_token_insert,
                 PG_ARGS(&req->api_token->base, pg_int64("account_id", creation->account_id),
                         pg_bytes("key_hash", hash, sizeof hash)),
                 descriptor, &message);
    if (err) {
        return err;
    }
    creation->created = (Roost__Accounts__V1__ApiToken *)message;
    err = account_event_token(call, NULL, creation->created);
    return err ? err : request_log_end(call, req->request_id, message);
}

const struct error *token_store_create(struct call *call, struct token_creation *creation)
{
    struct creation_tx tx = {.call = call, .creation = creation};
    return pg_transact(call->pg, create_in_tx, &tx);
}

struct deletion_tx {
    struct call *call;
    int64_t account_id;
    int64_t id;
};

static const struct error *delete_in_tx(struct pg *pg, void *ctx)
{
    const struct deletion_tx *tx = ctx;
    ProtobufCMessage *message;
    const struct error *err =
        pg_get(pg, &accounts_sql_token_delete,
               PG_ARGS(NULL, pg_int64("id", tx->id), pg_int64("account_id", tx->account_id)),
               descriptor, &message);
    if (err) {
        return err;
    }
    if (!message) {
        return error_new(tx->call->arena, REASON_TOKEN_NOT_FOUND, "There is no API token %lld.",
                         (long long)tx->id);
    }
    return account_event_token(tx->call, (Roost__Accounts__V1__ApiToken *)message, NULL);
}

const struct error *token_store_delete(struct call *call, int64_t account_id, int64_t id)
{
    struct deletion_tx tx = {.call = call, .account_id = account_id, .id = id};
    return pg_transact(call->pg, delete_in_tx, &tx);
}

const struct error *token_store_find_owner(struct call *call, const char *key,
                                           struct token_owner *ret_owner, bool *ret_is_found)
{
    uint8_t hash[SECRET_SHA256_BYTES];
    struct pg_rows rows;
    secret_sha256(key, strlen(key), hash);
    const struct error *err =
        pg_query(call->pg, &accounts_sql_token_authenticate,
                 PG_ARGS(NULL, pg_bytes("key_hash", hash, sizeof hash)), &rows);
    if (err) {
        return err;
    }
    *ret_is_found = rows.n_rows == 1;
    if (*ret_is_found) {
        *ret_owner = (struct token_owner){.token_id = pg_value_int64(&rows, 0, 0),
                                          .account_id = pg_value_int64(&rows, 0, 1),
                                          .username = pg_value(&rows, 0, 2),
                                          .role = pg_value(&rows, 0, 3),
                                          .is_active = pg_value_bool(&rows, 0, 4),
                                          .is_expired = pg_value_bool(&rows, 0, 5),
                                          .is_unseen = pg_value_bool(&rows, 0, 6)};
    }
    return NULL;
}

const struct error *token_store_touch(struct call *call, int64_t id)
{
    return pg_run(call->pg, &accounts_sql_token_touch, PG_ARGS(NULL, pg_int64("id", id)), NULL);
}
