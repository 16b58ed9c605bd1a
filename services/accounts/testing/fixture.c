#include "services/accounts/testing/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/roost/accounts/v1/accounts.rpc.h"
#include "services/accounts/account_saga.h"
#include "services/accounts/accounts_config.h"
#include "services/accounts/authentication.h"
#include "services/accounts/sql/migrations.h"
#include "services/common/list/list.h"
#include "services/common/message/message.h"
#include "services/common/pg/pg.h"
#include "services/common/redis/redis.h"
#include "services/common/testing/testing.h"
#include "services/common/testing/testing_rpc.h"

static const struct accounts_config config = {
    .password_scheme = PASSWORD_YESCRYPT,
    .password_cost = 1,
    .password_at_once = 4,
    .policy = {.min_bytes = 8, .min_upper = 1, .min_lower = 1, .min_digits = 1},
    .session = {.idle_s = 3600, .max_s = 86400},
    .throttle = {.account_tries = 3,
                 .address_tries = 100,
                 .first_wait_ms = 60000,
                 .max_wait_ms = 60000},
    .tokens_per_account = 2,
};
static struct arena *arena;
static struct testing_rpc *rpc;
static struct call *task_call;
static struct accounts *accounts;
static char *admin_hash;

int fixture_open(void **state)
{
    static const struct rpc_service *const services[] = {&accounts_rpc,     &accounts_internal_rpc,
                                                         &siblings_domains, &siblings_mailboxes,
                                                         &siblings_quotas,  NULL};
    const char *fault;
    (void)state;
    arena = arena_new(16384);
    accounts = accounts_new(arena, &config, 4, &fault);
    assert_non_null(accounts);
    if (password_hash(arena, &accounts->hashing.method, "Admin1234", &admin_hash)) {
        return -1;
    }
    testing_migrate("accounts", accounts_migrations, accounts_n_migrations);
    list_set_key((const uint8_t *)"0123456789abcdef0123456789abcdef", 32);
    saga_register(account_saga_kinds, ACCOUNT_N_SAGAS);
    rpc = testing_rpc_open(&(struct testing_rpc_config){.services = services,
                                                        .schema = "accounts",
                                                        .uses_redis = true,
                                                        .service = accounts,
                                                        .authenticate = authentication_by_token});
    task_call = testing_call_new("accounts");
    testing_call_use_redis(task_call);
    return 0;
}

int fixture_close(void **state)
{
    (void)state;
    testing_call_free(task_call);
    testing_rpc_close(rpc);
    arena_free(arena);
    return 0;
}

int fixture_reset(void **state)
{
    struct redis_reply reply;
    (void)state;
    testing_truncate("accounts");
    testing_call_next(task_call);
    siblings_reset();
    arena_reset(testing_rpc_call(rpc)->arena);
    fixture_execute(arena_printf(
        task_call->arena,
        "INSERT INTO account (username, role, password_hash) VALUES ('admin', 'SuperAdmins', "
        "'%s')",
        admin_hash));
    return REDIS_COMMAND(task_call->redis, &reply, "FLUSHALL") ? -1 : 0;
}

struct call *fixture_call(void)
{
    return testing_rpc_call(rpc);
}

struct call *fixture_call_as(int64_t id, const char *username, const char *role)
{
    struct call *call = testing_rpc_call(rpc);
    Roost__Common__V1__Identity *identity =
        message_new(call->arena, &roost__common__v1__identity__descriptor);
    identity->account_id = id;
    identity->username = (char *)username;
    identity->role = (char *)role;
    call->identity = identity;
    return call;
}

void fixture_finish(void)
{
    const Roost__Common__V1__Identity nobody = ROOST__COMMON__V1__IDENTITY__INIT;
    testing_call_next(task_call);
    fixture_execute("UPDATE saga SET due_at = now() - interval '1 second', claimed_until = NULL");
    task_call->peers = fixture_call()->peers;
    task_call->service = accounts;
    task_call->identity = &nobody;
    task_call->method = "task/saga";
    fixture_ok(saga_finish_due(task_call));
}

void fixture_execute(const char *sql)
{
    testing_execute("accounts", sql);
}

void fixture_ok(const struct error *err)
{
    if (err) {
        fail_msg("%s: %s (%s)", err->reason, err->detail, err->cause ? err->cause : "");
    }
}

void fixture_refused(const struct error *err, const char *reason)
{
    assert_non_null(err);
    assert_string_equal(err->reason, reason);
}

void fixture_refused_field(const struct error *err, const char *reason, const char *field,
                           const char *message)
{
    fixture_refused(err, reason);
    assert_int_equal(err->n_fields, 1);
    assert_string_equal(err->fields[0].field, field);
    assert_string_equal(err->fields[0].message, message);
}

void fixture_selects(const char *sql, const char *wanted)
{
    char *found = testing_select("accounts", sql);
    assert_string_equal(found, wanted);
    free(found);
}

void fixture_events(const char *wanted)
{
    fixture_selects("SELECT string_agg(event_type, ' ' ORDER BY id) FROM outbox", wanted);
}

static Roost__Accounts__V1__Account *create(struct call *call,
                                            Roost__Accounts__V1__Account *account)
{
    Roost__Accounts__V1__CreateAccountRequest req =
        ROOST__ACCOUNTS__V1__CREATE_ACCOUNT_REQUEST__INIT;
    Roost__Accounts__V1__Account *created;
    req.account = account;
    account->password = (char *)"Secret123";
    fixture_ok(accounts_client_create_account(call, &req, &created));
    return created;
}

Roost__Accounts__V1__Account *fixture_create_simple(const char *address)
{
    Roost__Accounts__V1__Account account = ROOST__ACCOUNTS__V1__ACCOUNT__INIT;
    account.username = (char *)address;
    account.role = (char *)"SimpleUsers";
    return create(fixture_call(), &account);
}

Roost__Accounts__V1__Account *fixture_create_admin(const char *username, const char *role)
{
    Roost__Accounts__V1__Account account = ROOST__ACCOUNTS__V1__ACCOUNT__INIT;
    account.username = (char *)username;
    account.role = (char *)role;
    return create(fixture_call(), &account);
}

Roost__Accounts__V1__Account *fixture_get(int64_t id)
{
    Roost__Accounts__V1__GetAccountRequest req = ROOST__ACCOUNTS__V1__GET_ACCOUNT_REQUEST__INIT;
    Roost__Accounts__V1__Account *account;
    req.id = id;
    fixture_ok(accounts_client_get_account(fixture_call(), &req, &account));
    return account;
}

const struct error *fixture_try_get(int64_t id)
{
    Roost__Accounts__V1__GetAccountRequest req = ROOST__ACCOUNTS__V1__GET_ACCOUNT_REQUEST__INIT;
    Roost__Accounts__V1__Account *account;
    req.id = id;
    return accounts_client_get_account(fixture_call(), &req, &account);
}

const struct error *fixture_update(int64_t id, const Roost__Accounts__V1__Account *account,
                                   const char *paths, Roost__Accounts__V1__Account **ret_account)
{
    struct call *call = fixture_call();
    Roost__Accounts__V1__UpdateAccountRequest req =
        ROOST__ACCOUNTS__V1__UPDATE_ACCOUNT_REQUEST__INIT;
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    char *list[16];
    mask.paths = list;
    for (const char *path = paths; *path;) {
        size_t len = strcspn(path, " ");
        list[mask.n_paths++] = arena_strndup(call->arena, path, len);
        path += len + (path[len] == ' ');
    }
    req.id = id;
    req.account = (Roost__Accounts__V1__Account *)account;
    req.update_mask = &mask;
    return accounts_client_update_account(call, &req, ret_account);
}

const struct error *fixture_delete(int64_t id)
{
    Roost__Accounts__V1__DeleteAccountRequest req =
        ROOST__ACCOUNTS__V1__DELETE_ACCOUNT_REQUEST__INIT;
    Google__Protobuf__Empty *empty;
    req.id = id;
    return accounts_client_delete_account(fixture_call(), &req, &empty);
}
