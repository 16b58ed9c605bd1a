/* A running accounts service on a private PostgreSQL and Redis, with stand-ins for the other
 * services. */
#pragma once

#include "proto/roost/accounts/v1/accounts.client.h"
#include "services/accounts/testing/siblings.h"
#include "services/common/rpc/call.h"

/* For cmocka_run_group_tests. The hashes are cheap; 3 free tries, 2 tokens for each account. */
int fixture_open(void **state);
int fixture_close(void **state);
/* For cmocka_unit_test_setup: account 1 is "admin", SuperAdmins, password "Admin1234"; nothing
 * else. */
int fixture_reset(void **state);

/* The client's call, as "admin" unless its identity is changed. */
struct call *fixture_call(void);
/* The same as another account, without a session. */
struct call *fixture_call_as(int64_t id, const char *username, const char *role);
/* Runs the finisher as if its time had come. */
void fixture_finish(void);
void fixture_execute(const char *sql);

/* Asserts. */
void fixture_ok(const struct error *err);
void fixture_refused(const struct error *err, const char *reason);
void fixture_refused_field(const struct error *err, const char *reason, const char *field,
                           const char *message);
void fixture_selects(const char *sql, const char *wanted);
/* The types of the events, in order, "A B C". */
void fixture_events(const char *wanted);

/* A new SimpleUsers account with mailbox and password "Secret123". */
Roost__Accounts__V1__Account *fixture_create_simple(const char *address);
/* A new account without mailbox. */
Roost__Accounts__V1__Account *fixture_create_admin(const char *username, const char *role);
Roost__Accounts__V1__Account *fixture_get(int64_t id);
const struct error *fixture_try_get(int64_t id);
/* UpdateAccount with the paths of a mask, separated by spaces. */
const struct error *fixture_update(int64_t id, const Roost__Accounts__V1__Account *account,
                                   const char *paths, Roost__Accounts__V1__Account **ret_account);
const struct error *fixture_delete(int64_t id);
