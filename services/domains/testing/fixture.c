#include "services/domains/testing/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/roost/domains/v1/domains.rpc.h"
#include "services/common/list/list.h"
#include "services/common/log/log.h"
#include "services/common/testing/testing.h"
#include "services/common/testing/testing_rpc.h"
#include "services/domains/domain_write.h"
#include "services/domains/sql/migrations.h"
#include "services/domains/testing/fake_peers.h"

static struct testing_rpc *rpc;
static struct call *client;
static struct call *finisher;

int fixture_open(void **state)
{
    static const struct rpc_service *const services[] = {
        &domains_rpc, &domains_internal_rpc, &fake_accounts, &fake_mailboxes, &fake_quotas, NULL,
    };
    (void)state;
    testing_migrate("domains", domains_migrations, domains_n_migrations);
    list_set_key((const uint8_t *)"0123456789abcdef0123456789abcdef", 32);
    log_open("domains", LOG_ERROR, LOG_LOGFMT);
    domain_sagas_register();
    rpc = testing_rpc_open(&(struct testing_rpc_config){.services = services, .schema = "domains"});
    return 0;
}

int fixture_close(void **state)
{
    (void)state;
    testing_call_free(finisher);
    testing_rpc_close(rpc);
    return 0;
}

int fixture_reset(void **state)
{
    (void)state;
    testing_truncate("domains");
    fake_peers_reset();
    testing_call_free(finisher);
    client = testing_rpc_call(rpc);
    finisher = testing_call_new("domains");
    finisher->peers = client->peers;
    return 0;
}

struct call *fixture_client(void)
{
    return client;
}

void ok(const struct error *err)
{
    if (err) {
        fail_msg("%s: %s (%s)", err->reason, err->detail, err->cause ? err->cause : "");
    }
}

void refused(const struct error *err, const char *reason)
{
    if (!err) {
        fail_msg("%s was expected", reason);
        return;
    }
    assert_string_equal(err->reason, reason);
}

void refused_on(const struct error *err, const char *reason, const char *field)
{
    refused(err, reason);
    assert_int_equal(err->n_fields, 1);
    assert_string_equal(err->fields[0].field, field);
}

void selects(const char *sql, const char *wanted)
{
    char *found = testing_select("domains", sql);
    assert_string_equal(found, wanted);
    free(found);
}

void finish_sagas(void)
{
    testing_execute("domains", "UPDATE saga SET due_at = 'epoch', claimed_until = NULL");
    testing_call_next(finisher);
    ok(saga_finish_due(finisher));
}

void mailboxes_are(const char *wanted)
{
    char *found = fake_peers_mailboxes();
    assert_string_equal(found, wanted);
    free(found);
}

void closed_is(const char *wanted)
{
    char *found = fake_peers_closed();
    assert_string_equal(found, wanted);
    free(found);
}

void ended_are(const char *wanted)
{
    char *found = fake_peers_ended();
    assert_string_equal(found, wanted);
    free(found);
}

void quota_is(int64_t domain_id, const char *wanted)
{
    char *found = fake_peers_quota(domain_id);
    assert_string_equal(found, wanted);
    free(found);
}

void set_quota(Roost__Domains__V1__Domain *domain, int64_t quota)
{
    domain->_quota_case = ROOST__DOMAINS__V1__DOMAIN___QUOTA_QUOTA;
    domain->quota = quota;
}

void set_default_quota(Roost__Domains__V1__Domain *domain, int64_t quota)
{
    domain->_default_mailbox_quota_case =
        ROOST__DOMAINS__V1__DOMAIN___DEFAULT_MAILBOX_QUOTA_DEFAULT_MAILBOX_QUOTA;
    domain->default_mailbox_quota = quota;
}

void set_enabled(Roost__Domains__V1__Domain *domain, bool enabled)
{
    domain->_enabled_case = ROOST__DOMAINS__V1__DOMAIN___ENABLED_ENABLED;
    domain->enabled = enabled;
}

static char *text(const char *given)
{
    return arena_strdup(client->arena, given ? given : "");
}

const struct error *try_create(const struct new_domain *given,
                               Roost__Domains__V1__Domain **ret_domain)
{
    Roost__Domains__V1__CreateDomainRequest req = ROOST__DOMAINS__V1__CREATE_DOMAIN_REQUEST__INIT;
    Roost__Domains__V1__Domain domain = ROOST__DOMAINS__V1__DOMAIN__INIT;
    domain.name = text(given->name);
    domain.type = text(given->type);
    if (given->quota != -1) {
        set_quota(&domain, given->quota);
    }
    if (given->default_quota != -1) {
        set_default_quota(&domain, given->default_quota);
    }
    req.domain = &domain;
    req.request_id = text(given->request_id);
    return domains_client_create_domain(client, &req, ret_domain);
}

int64_t create(const char *name)
{
    Roost__Domains__V1__Domain *domain;
    ok(try_create(&(struct new_domain){.name = name}, &domain));
    return domain->id;
}

const struct error *try_get(int64_t id, Roost__Domains__V1__Domain **ret_domain)
{
    Roost__Domains__V1__GetDomainRequest req = ROOST__DOMAINS__V1__GET_DOMAIN_REQUEST__INIT;
    req.id = id;
    return domains_client_get_domain(client, &req, ret_domain);
}

static void read_mask(const char *paths, Google__Protobuf__FieldMask *mask)
{
    char *rest = text(paths);
    mask->paths = arena_alloc(client->arena, 16 * sizeof *mask->paths);
    for (char *path = strsep(&rest, " "); path; path = strsep(&rest, " ")) {
        mask->paths[mask->n_paths++] = path;
    }
}

const struct error *try_update(int64_t id, const Roost__Domains__V1__Domain *domain,
                               const char *mask, Roost__Domains__V1__Domain **ret_domain)
{
    Roost__Domains__V1__UpdateDomainRequest req = ROOST__DOMAINS__V1__UPDATE_DOMAIN_REQUEST__INIT;
    Google__Protobuf__FieldMask paths = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    Roost__Domains__V1__Domain copy = *domain;
    req.id = id;
    req.domain = &copy;
    /* A test gives the request's own fields by those of the domain that are output only. */
    req.etag = domain->etag;
    copy.etag = text("");
    if (mask) {
        read_mask(mask, &paths);
        req.update_mask = &paths;
    }
    return domains_client_update_domain(client, &req, ret_domain);
}

const struct error *rename_to(int64_t id, const char *name, Roost__Domains__V1__Domain **ret_domain)
{
    Roost__Domains__V1__Domain domain = ROOST__DOMAINS__V1__DOMAIN__INIT;
    domain.name = text(name);
    return try_update(id, &domain, "name", ret_domain);
}

const struct error *try_delete(int64_t id, const char *request_id, const char *etag)
{
    Roost__Domains__V1__DeleteDomainRequest req = ROOST__DOMAINS__V1__DELETE_DOMAIN_REQUEST__INIT;
    Google__Protobuf__Empty *empty;
    req.id = id;
    req.request_id = text(request_id);
    req.etag = text(etag);
    return domains_client_delete_domain(client, &req, &empty);
}

const struct error *try_create_alias(const char *name, int64_t target,
                                     Roost__Domains__V1__DomainAlias **ret_alias)
{
    Roost__Domains__V1__CreateDomainAliasRequest req =
        ROOST__DOMAINS__V1__CREATE_DOMAIN_ALIAS_REQUEST__INIT;
    Roost__Domains__V1__DomainAlias alias = ROOST__DOMAINS__V1__DOMAIN_ALIAS__INIT;
    alias.name = text(name);
    alias.target = target;
    req.domain_alias = &alias;
    return domains_client_create_domain_alias(client, &req, ret_alias);
}
