#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "services/common/pg/pg.h"
#include "services/common/testing/testing.h"
#include "services/domains/alias_store.h"
#include "services/domains/domain_store.h"
#include "services/domains/testing/fixture.h"

static char *text(const char *given)
{
    return arena_strdup(fixture_client()->arena, given);
}

static const struct error *get_alias(int64_t id, Roost__Domains__V1__DomainAlias **ret_alias)
{
    Roost__Domains__V1__GetDomainAliasRequest req =
        ROOST__DOMAINS__V1__GET_DOMAIN_ALIAS_REQUEST__INIT;
    req.id = id;
    return domains_client_get_domain_alias(fixture_client(), &req, ret_alias);
}

/* "" and 0: not given. */
static const struct error *update_alias(int64_t id, const char *name, int64_t target,
                                        const char *etag,
                                        Roost__Domains__V1__DomainAlias **ret_alias)
{
    Roost__Domains__V1__UpdateDomainAliasRequest req =
        ROOST__DOMAINS__V1__UPDATE_DOMAIN_ALIAS_REQUEST__INIT;
    Roost__Domains__V1__DomainAlias alias = ROOST__DOMAINS__V1__DOMAIN_ALIAS__INIT;
    req.id = id;
    req.etag = text(etag);
    req.domain_alias = &alias;
    alias.name = text(name);
    alias.target = target;
    return domains_client_update_domain_alias(fixture_client(), &req, ret_alias);
}

static const struct error *delete_alias(int64_t id, const char *request_id, const char *etag)
{
    Roost__Domains__V1__DeleteDomainAliasRequest req =
        ROOST__DOMAINS__V1__DELETE_DOMAIN_ALIAS_REQUEST__INIT;
    Google__Protobuf__Empty *empty;
    req.id = id;
    req.request_id = text(request_id);
    req.etag = text(etag);
    return domains_client_delete_domain_alias(fixture_client(), &req, &empty);
}

static void alias_lives_from_create_to_delete(void **state)
{
    Roost__Domains__V1__DomainAlias *alias;
    Roost__Domains__V1__Domain *domain;
    (void)state;
    int64_t id = create("example.test");
    int64_t other_id = create("other.test");
    ok(try_create_alias("ALIAS.test", id, &alias));
    int64_t alias_id = alias->id;
    ok(get_alias(alias_id, &alias));
    assert_string_equal(alias->name, "alias.test");
    assert_int_equal(alias->target, id);
    assert_true(alias->enabled);
    ok(try_get(id, &domain));
    assert_int_equal(domain->domainalias_count, 1);
    ok(update_alias(alias_id, "second.test", other_id, "1", &alias));
    assert_string_equal(alias->etag, "2");
    ok(try_get(id, &domain));
    assert_int_equal(domain->domainalias_count, 0);
    ok(try_get(other_id, &domain));
    assert_int_equal(domain->domainalias_count, 1);
    selects("SELECT string_agg(name || ' ' || kind, ', ' ORDER BY name) FROM domain_name",
            "example.test domain, other.test domain, second.test alias");
    refused(delete_alias(alias_id, "", "1"), "ETAG_MISMATCH");
    ok(delete_alias(alias_id, "r1", "2"));
    ok(delete_alias(alias_id, "r1", "2"));
    refused(delete_alias(alias_id, "", ""), "DOMAIN_ALIAS_NOT_FOUND");
    refused(get_alias(alias_id, &alias), "DOMAIN_ALIAS_NOT_FOUND");
    selects("SELECT string_agg(event_type, ' ' ORDER BY id) FROM outbox WHERE object_type = "
            "'domain_alias'",
            "DomainAliasCreated DomainAliasModified DomainAliasDeleted");
    selects("SELECT sum(n) FROM tally WHERE kind = 'alias'", "0");
}

static void bad_aliases_are_refused(void **state)
{
    Roost__Domains__V1__DomainAlias *alias;
    (void)state;
    int64_t id = create("example.test");
    refused_on(try_create_alias("../x", id, &alias), "DOMAIN_NAME_INVALID", "domain_alias.name");
    const struct error *err = try_create_alias("alias.test", 99, &alias);
    refused_on(err, "DOMAIN_NOT_FOUND", "domain_alias.target");
    assert_int_equal(err->code, ERROR_INVALID_ARGUMENT);
    err = try_create_alias("", 0, &alias);
    refused(err, "FIELD_REQUIRED");
    assert_int_equal(err->n_fields, 2);
    ok(try_create_alias("alias.test", id, &alias));
    refused(update_alias(alias->id, "alias.test", 99, "", &alias), "DOMAIN_NOT_FOUND");
    refused(update_alias(1, "example.test", 0, "", &alias), "DOMAIN_EXISTS");
    refused(update_alias(1, "other.test", 0, "9", &alias), "ETAG_MISMATCH");
    refused(update_alias(9, "other.test", 0, "", &alias), "DOMAIN_ALIAS_NOT_FOUND");
    ok(update_alias(1, "alias.test", 0, "", &alias));
    assert_string_equal(alias->etag, "1");
}

static void aliases_are_listed_by_target(void **state)
{
    Roost__Domains__V1__ListDomainAliasesRequest req =
        ROOST__DOMAINS__V1__LIST_DOMAIN_ALIASES_REQUEST__INIT;
    Roost__Domains__V1__ListDomainAliasesResponse *resp;
    Roost__Domains__V1__DomainAlias *alias;
    (void)state;
    int64_t id = create("example.test");
    int64_t other_id = create("other.test");
    ok(try_create_alias("b.test", id, &alias));
    ok(try_create_alias("a.test", id, &alias));
    ok(try_create_alias("c.test", other_id, &alias));
    ok(domains_client_list_domain_aliases(fixture_client(), &req, &resp));
    assert_int_equal(resp->n_domain_aliases, 3);
    assert_int_equal(resp->total_size, 3);
    assert_string_equal(resp->domain_aliases[0]->name, "a.test");
    req.domain = text("EXAMPLE.test");
    req.ordering = text("-name");
    req.count = true;
    ok(domains_client_list_domain_aliases(fixture_client(), &req, &resp));
    assert_int_equal(resp->n_domain_aliases, 2);
    assert_int_equal(resp->total_size, 2);
    assert_string_equal(resp->domain_aliases[0]->name, "b.test");
    req.domain = text("nowhere.test");
    ok(domains_client_list_domain_aliases(fixture_client(), &req, &resp));
    assert_int_equal(resp->n_domain_aliases, 0);
    req.domain = text("");
    req.search = text("B");
    ok(domains_client_list_domain_aliases(fixture_client(), &req, &resp));
    assert_int_equal(resp->n_domain_aliases, 1);
}

struct contender {
    pthread_t thread;
    struct call *call;
    bool is_alias;
    const struct error *err;
};

static const struct error *insert_domain(struct pg *pg, void *ctx)
{
    Roost__Domains__V1__Domain domain = ROOST__DOMAINS__V1__DOMAIN__INIT;
    static char name[] = "contended.test", type[] = "domain";
    int64_t id;
    (void)pg;
    domain.name = name;
    domain.type = type;
    set_enabled(&domain, true);
    domain._enable_dns_checks_case =
        ROOST__DOMAINS__V1__DOMAIN___ENABLE_DNS_CHECKS_ENABLE_DNS_CHECKS;
    return domain_store_insert(ctx, &domain, &id);
}

static void *contend(void *ctx)
{
    struct contender *contender = ctx;
    Roost__Domains__V1__CreateDomainAliasRequest req =
        ROOST__DOMAINS__V1__CREATE_DOMAIN_ALIAS_REQUEST__INIT;
    Roost__Domains__V1__DomainAlias alias = ROOST__DOMAINS__V1__DOMAIN_ALIAS__INIT;
    Roost__Domains__V1__DomainAlias *answer;
    static char name[] = "contended.test";
    alias.name = name;
    alias.target = 1;
    alias._enabled_case = ROOST__DOMAINS__V1__DOMAIN_ALIAS___ENABLED_ENABLED;
    alias.enabled = true;
    contender->err = contender->is_alias
                         ? alias_store_create(contender->call, &req, &alias, &answer)
                         : pg_transact(contender->call->pg, insert_domain, contender->call);
    return NULL;
}

static void name_goes_to_one_of_many(void **state)
{
    enum { N = 20 };
    static struct contender contenders[N];
    int n_won = 0;
    (void)state;
    create("example.test");
    for (int i = 0; i < N; i++) {
        contenders[i] =
            (struct contender){.call = testing_call_new("domains"), .is_alias = i % 2 == 0};
        /* They contend for the name, not for connections. */
        ok(pg_execute_sql(contenders[i].call->pg, "SELECT 1"));
    }
    for (int i = 0; i < N; i++) {
        testing_call_next(contenders[i].call);
    }
    for (int i = 0; i < N; i++) {
        assert_int_equal(pthread_create(&contenders[i].thread, NULL, contend, &contenders[i]), 0);
    }
    for (int i = 0; i < N; i++) {
        pthread_join(contenders[i].thread, NULL);
        n_won += !contenders[i].err;
        if (contenders[i].err) {
            /* ALREADY_EXISTS of either kind, or the winner's domain is pending. */
            assert_true(contenders[i].err->code == ERROR_ALREADY_EXISTS ||
                        contenders[i].err->code == ERROR_ABORTED);
        }
        testing_call_free(contenders[i].call);
    }
    assert_int_equal(n_won, 1);
    selects("SELECT (SELECT count(*) FROM domain WHERE name = 'contended.test') + "
            "(SELECT count(*) FROM domain_alias WHERE name = 'contended.test')",
            "1");
}

#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(alias_lives_from_create_to_delete),
        TEST(bad_aliases_are_refused),
        TEST(aliases_are_listed_by_target),
        TEST(name_goes_to_one_of_many),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
