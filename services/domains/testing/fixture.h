/* What the tests of the handlers share: the server with its fakes, a client, requests in a line. */
#pragma once

#include "proto/roost/domains/v1/domains.client.h"
#include "services/common/rpc/call.h"

int fixture_open(void **state);
int fixture_close(void **state);
/* Before each test: empty tables, empty fakes. */
int fixture_reset(void **state);

/* A client's call. */
struct call *fixture_client(void);

void ok(const struct error *err);
void refused(const struct error *err, const char *reason);
void refused_on(const struct error *err, const char *reason, const char *field);
/* The first column of the first row. */
void selects(const char *sql, const char *wanted);
/* Runs all sagas, due or not. */
void finish_sagas(void);
void mailboxes_are(const char *wanted);
/* The domain whose accounts are kept out. */
void closed_is(const char *wanted);
/* The domains' names whose sessions were ended, separated by spaces. */
void ended_are(const char *wanted);
void quota_is(int64_t domain_id, const char *wanted);

/* quota and default -1: not given. */
struct new_domain {
    const char *name, *type, *request_id;
    int64_t quota, default_quota;
};
const struct error *try_create(const struct new_domain *given,
                               Roost__Domains__V1__Domain **ret_domain);
/* An unlimited one. */
int64_t create(const char *name);
const struct error *try_get(int64_t id, Roost__Domains__V1__Domain **ret_domain);
/* `mask` NULL: none; its paths are separated by spaces. */
const struct error *try_update(int64_t id, const Roost__Domains__V1__Domain *domain,
                               const char *mask, Roost__Domains__V1__Domain **ret_domain);
const struct error *rename_to(int64_t id, const char *name,
                              Roost__Domains__V1__Domain **ret_domain);
const struct error *try_delete(int64_t id, const char *request_id, const char *etag);
const struct error *try_create_alias(const char *name, int64_t target,
                                     Roost__Domains__V1__DomainAlias **ret_alias);
void set_quota(Roost__Domains__V1__Domain *domain, int64_t quota);
void set_default_quota(Roost__Domains__V1__Domain *domain, int64_t quota);
void set_enabled(Roost__Domains__V1__Domain *domain, bool enabled);
