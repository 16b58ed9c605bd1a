#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "services/domains/testing/fake_peers.h"
#include "services/domains/testing/fixture.h"

static void created_domain_is_seen(void **state)
{
    (void)state;
    Roost__Domains__V1__Domain *domain;
    ok(try_create(&(struct new_domain){.name = "Example.TEST", .quota = 100, .default_quota = 5},
                  &domain));
    assert_string_equal(domain->name, "example.test");
    assert_string_equal(domain->type, "domain");
    assert_true(domain->enabled);
    assert_true(domain->enable_dns_checks);
    assert_string_equal(domain->etag, "1");
    assert_non_null(domain->creation);
    int64_t id = domain->id;
    quota_is(id, "100 5");
    fake_peers_add_mailbox(7, id, "bob@example.test");
    fake_peers_set_allocated(id, 30);
    ok(try_get(id, &domain));
    assert_int_equal(domain->quota, 100);
    assert_int_equal(domain->default_mailbox_quota, 5);
    assert_int_equal(domain->allocated_quota, 30);
    assert_int_equal(domain->allocated_quota_in_percent, 30);
    assert_int_equal(domain->mailbox_count, 1);
    assert_int_equal(domain->mbalias_count, 2);
    assert_int_equal(domain->domainalias_count, 0);
    assert_false(domain->rename_in_progress);
    selects("SELECT event_type || ' ' || object_id || ' ' || (after->>'name') || ' ' || "
            "(after->>'quota') || ' ' || coalesce(before::text, 'none') FROM outbox",
            "DomainCreated 1 example.test 100 none");
    selects("SELECT count(*) FROM saga", "0");
}

static void bad_names_are_refused(void **state)
{
    static const char *const bad[] = {
        "../x",           "a/b",
        "/etc/passwd",    "localhost",
        "a..test",        "-a.test",
        "example.test.",  "a_b.test",
        "1.2.3.4",        "xn--a.test",
        "exam ple.test",  "$(id).test",
        "x@example.test", "exam\xe2\x80\x8dple.test",
        "{{7*7}}.test",   "%s.test",
    };
    Roost__Domains__V1__Domain *domain;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const struct error *err = try_create(&(struct new_domain){.name = bad[i]}, &domain);
        refused_on(err, "DOMAIN_NAME_INVALID", "domain.name");
        assert_string_equal(err->fields[0].message, "Enter a valid domain name");
    }
    refused_on(try_create(&(struct new_domain){.name = ""}, &domain), "FIELD_REQUIRED",
               "domain.name");
    refused_on(try_create(&(struct new_domain){.name = "a.test", .type = "x"}, &domain),
               "DOMAIN_TYPE_UNKNOWN", "domain.type");
    selects("SELECT count(*) FROM domain", "0");
}

static void all_faults_are_told_at_once(void **state)
{
    Roost__Domains__V1__Domain *domain;
    (void)state;
    const struct error *err = try_create(&(struct new_domain){.name = "a/b", .type = "x"}, &domain);
    assert_int_equal(err->n_fields, 2);
}

static void relaydomain_is_a_type(void **state)
{
    Roost__Domains__V1__Domain *domain;
    (void)state;
    ok(try_create(&(struct new_domain){.name = "a.test", .type = "relaydomain"}, &domain));
    assert_string_equal(domain->type, "relaydomain");
}

static void taken_names_are_refused(void **state)
{
    static const char *const same[] = {"xn--mnchen-3ya.test", "m\xc3\xbcnchen.test",
                                       "M\xc3\x9cNCHEN.TEST", "mu\xcc\x88nchen.test"};
    Roost__Domains__V1__Domain *domain;
    Roost__Domains__V1__DomainAlias *alias;
    (void)state;
    int64_t id = create("m\xc3\xbcnchen.test");
    ok(try_create_alias("alias.test", id, &alias));
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        const struct error *err = try_create(&(struct new_domain){.name = same[i]}, &domain);
        refused_on(err, "DOMAIN_EXISTS", "domain.name");
        assert_string_equal(err->detail, "domain with this name already exists.");
        refused_on(try_create_alias(same[i], id, &alias), "DOMAIN_EXISTS", "domain_alias.name");
    }
    const struct error *err = try_create(&(struct new_domain){.name = "ALIAS.test"}, &domain);
    refused_on(err, "DOMAIN_ALIAS_EXISTS", "domain.name");
    assert_string_equal(err->detail, "domain alias with this name already exists");
    refused_on(try_create_alias("alias.test", id, &alias), "DOMAIN_ALIAS_EXISTS",
               "domain_alias.name");
    selects("SELECT count(*) FROM domain", "1");
    selects("SELECT count(*) FROM domain_name", "2");
    selects("SELECT count(*) FROM saga", "0");
}

static void refusal_of_quotas_leaves_nothing(void **state)
{
    Roost__Domains__V1__Domain *domain;
    (void)state;
    refused_on(
        try_create(&(struct new_domain){.name = "a.test", .quota = 5, .default_quota = 6}, &domain),
        "DEFAULT_QUOTA_EXCEEDS_DOMAIN", "domain.default_mailbox_quota");
    selects("SELECT count(*) FROM domain", "0");
    selects("SELECT count(*) FROM domain_name", "0");
    selects("SELECT count(*) FROM saga", "0");
    selects("SELECT count(*) FROM outbox", "0");
    create("a.test");
}

static void domain_without_quotas_is_taken_back(void **state)
{
    Roost__Domains__V1__Domain *domain;
    (void)state;
    /* Done, but the answer is lost. */
    fake_peers_fail("SetDomainQuota", REASON_SERVICE_UNAVAILABLE, 1, true);
    struct new_domain given = {.name = "a.test", .request_id = "r1", .quota = 7};
    refused(try_create(&given, &domain), "SERVICE_UNAVAILABLE");
    selects("SELECT state FROM domain", "pending");
    refused(try_get(1, &domain), "DOMAIN_NOT_FOUND");
    refused(try_create(&given, &domain), "REQUEST_IN_PROGRESS");
    refused(try_create(&(struct new_domain){.name = "a.test"}, &domain), "REQUEST_IN_PROGRESS");
    selects("SELECT coalesce(sum(n), 0) FROM tally", "0");
    finish_sagas();
    selects("SELECT count(*) FROM domain", "0");
    selects("SELECT count(*) FROM saga", "0");
    selects("SELECT count(*) FROM outbox", "0");
    quota_is(1, "");
    ok(try_create(&given, &domain));
    selects("SELECT count(*) FROM outbox", "1");
}

static void abort_goes_on_where_it_failed(void **state)
{
    Roost__Domains__V1__Domain *domain;
    (void)state;
    fake_peers_fail("SetDomainQuota", REASON_SERVICE_UNAVAILABLE, 1, true);
    refused(try_create(&(struct new_domain){.name = "a.test"}, &domain), "SERVICE_UNAVAILABLE");
    fake_peers_fail("RemoveDomainQuota", REASON_SERVICE_UNAVAILABLE, 1, false);
    finish_sagas();
    selects("SELECT state FROM domain", "deleting");
    finish_sagas();
    selects("SELECT count(*) FROM domain", "0");
}

static void same_request_is_executed_once(void **state)
{
    Roost__Domains__V1__Domain *first;
    Roost__Domains__V1__Domain *second;
    (void)state;
    ok(try_create(&(struct new_domain){.name = "a.test", .request_id = "r1"}, &first));
    ok(try_create(&(struct new_domain){.name = "a.test", .request_id = "r1"}, &second));
    assert_int_equal(first->id, second->id);
    assert_string_equal(first->etag, second->etag);
    refused_on(try_create(&(struct new_domain){.name = "b.test", .request_id = "r1"}, &first),
               "REQUEST_ID_REUSED", "request_id");
    selects("SELECT count(*) FROM domain", "1");
    selects("SELECT count(*) FROM outbox", "1");
}

static void unknown_id_is_not_found(void **state)
{
    Roost__Domains__V1__Domain *domain;
    (void)state;
    refused(try_get(0, &domain), "DOMAIN_NOT_FOUND");
    refused(try_get(-1, &domain), "DOMAIN_NOT_FOUND");
    refused(try_get(INT64_MAX, &domain), "DOMAIN_NOT_FOUND");
}

#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(created_domain_is_seen),
        TEST(bad_names_are_refused),
        TEST(all_faults_are_told_at_once),
        TEST(relaydomain_is_a_type),
        TEST(taken_names_are_refused),
        TEST(refusal_of_quotas_leaves_nothing),
        TEST(domain_without_quotas_is_taken_back),
        TEST(abort_goes_on_where_it_failed),
        TEST(same_request_is_executed_once),
        TEST(unknown_id_is_not_found),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
