/* The service in a test: its handlers behind gRPC on a real PostgreSQL, with a domains service that
 * knows a few names: example.test (1), other.test (2), the relay domain relay.test (3), and
 * alias.test, an alias of 1; and with accounts and quotas as of fake_siblings.h. */
#pragma once

#include "proto/roost/mailboxes/v1/mailboxes.client.h"
#include "services/common/testing/testing.h"
#include "services/common/testing/testing_rpc.h"
#include "services/mailboxes/mailboxes_config.h"

struct fixture {
    struct testing_rpc *rpc;
    struct mailboxes_config config;
    const char *domain_name; /* of domain 1 */
};

int fixture_open(void **state);
int fixture_close(void **state);
/* Before each test: empty tables, layout `id`. */
int fixture_reset(void **state);
/* The same with layout `address`. */
int fixture_reset_by_address(void **state);

struct call *fixture_call(struct fixture *fixture);
/* Ends the test unless `err` is NULL. */
void assert_good(const struct error *err);
/* Ends the test unless `err` has this reason. */
void assert_reason(const struct error *err, const char *reason);
/* The first column of the first row. */
void assert_sql(const char *sql, const char *wanted);

/* Runs all sagas, due or not. */
void finish_sagas(void);

/* A mailbox in domain 1, reserved and confirmed; its account has the id `account_id`. */
Roost__Mailboxes__V1__Mailbox *make_mailbox(struct fixture *fixture, int64_t account_id,
                                            const char *local_part);
const struct error *reserve(struct fixture *fixture, int64_t account_id, const char *local_part,
                            Roost__Mailboxes__V1__Mailbox **ret_mailbox);
const struct error *rename_mailbox(struct fixture *fixture, int64_t account_id,
                                   const char *local_part);
int64_t delete_mailbox(struct fixture *fixture, int64_t account_id, bool keep_directory);
/* Recipients are separated by spaces. */
const struct error *create_alias(struct fixture *fixture, const char *address,
                                 const char *recipients, Roost__Mailboxes__V1__Alias **ret_alias);
Roost__Mailboxes__V1__Alias *make_alias(struct fixture *fixture, const char *address,
                                        const char *recipients);
/* The recipients of the alias, joined by spaces; "(gone)". */
const char *recipients_of(struct fixture *fixture, int64_t id);
/* By the agent "test". */
size_t claim(struct fixture *fixture, Roost__Mailboxes__V1__MailboxOperation ***ret_operations);
size_t claim_as(struct fixture *fixture, const char *agent,
                Roost__Mailboxes__V1__MailboxOperation ***ret_operations);
void finish(struct fixture *fixture, int64_t operation_id, const char *error, bool permanent);
