#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "services/domains/testing/fake_peers.h"
#include "services/domains/testing/fixture.h"

static void deleted_domain_is_gone_with_all_it_had(void **state)
{
    Roost__Domains__V1__Domain *domain;
    Roost__Domains__V1__DomainAlias *alias;
    (void)state;
    int64_t id = create("example.test");
    int64_t longer_id = create("example.test.br");
    int64_t sub_id = create("sub.example.test");
    ok(try_create_alias("alias.test", id, &alias));
    fake_peers_add_mailbox(7, id, "bob@example.test");
    fake_peers_add_mailbox(8, longer_id, "bob@example.test.br");
    fake_peers_add_mailbox(9, sub_id, "bob@sub.example.test");
    ok(try_delete(id, "", ""));
    refused(try_get(id, &domain), "DOMAIN_NOT_FOUND");
    refused(try_delete(id, "", ""), "DOMAIN_NOT_FOUND");
    mailboxes_are("7   , 8 bob@example.test.br bob@example.test.br bob@example.test.br, "
                  "9 bob@sub.example.test bob@sub.example.test bob@sub.example.test");
    quota_is(id, "");
    selects("SELECT string_agg(name, ' ' ORDER BY name) FROM domain_name",
            "example.test.br sub.example.test");
    selects("SELECT string_agg(event_type || ' ' || object_id || ' ' || (before->>'name'), ', ' "
            "ORDER BY id) FROM outbox WHERE after IS NULL",
            "DomainAliasDeleted 1 alias.test, DomainDeleted 1 example.test");
    selects("SELECT count(*) FROM saga", "0");
    selects(
        "SELECT string_agg(kind || ' ' || n, ', ' ORDER BY kind) FROM (SELECT kind, sum(n) AS n "
        "FROM tally GROUP BY kind) AS t",
        "alias 0, domain 2");
}

static void own_domain_stays(void **state)
{
    Roost__Domains__V1__Domain *domain;
    (void)state;
    int64_t id = create("example.test");
    fake_peers_add_mailbox(1, id, "admin@example.test");
    const struct error *err = try_delete(id, "", "");
    refused(err, "OWN_DOMAIN");
    assert_string_equal(err->detail, "You can't delete your own domain");
    ok(try_get(id, &domain));
}

static void same_request_is_answered_again(void **state)
{
    (void)state;
    int64_t id = create("example.test");
    ok(try_delete(id, "r1", ""));
    ok(try_delete(id, "r1", ""));
    refused(try_delete(id, "r2", ""), "DOMAIN_NOT_FOUND");
    selects("SELECT count(*) FROM outbox WHERE event_type = 'DomainDeleted'", "1");
}

static void removal_goes_on_after_a_failure(void **state)
{
    static const char *const rpcs[] = {"RemoveDomainQuota", "RemoveDomain", "RemoveDomainAccounts"};
    Roost__Domains__V1__Domain *domain;
    (void)state;
    for (size_t i = 0; i < sizeof rpcs / sizeof rpcs[0]; i++) {
        fixture_reset(state);
        int64_t id = create("example.test");
        fake_peers_add_mailbox(7, id, "bob@example.test");
        fake_peers_fail(rpcs[i], REASON_SERVICE_UNAVAILABLE, 1, true);
        ok(try_delete(id, "", ""));
        refused(try_get(id, &domain), "DOMAIN_NOT_FOUND");
        /* Taken until nothing of it is left. */
        refused(try_create(&(struct new_domain){.name = "example.test"}, &domain), "DOMAIN_EXISTS");
        finish_sagas();
        mailboxes_are("7   ");
        selects("SELECT count(*) FROM domain", "0");
        selects("SELECT count(*) FROM saga", "0");
        create("example.test");
    }
}

static void large_domain_is_removed_in_the_background(void **state)
{
    Roost__Domains__V1__Domain *domain;
    (void)state;
    int64_t id = create("example.test");
    fake_peers_add_mailbox(7, id, "bob@example.test");
    fake_peers_pretend_mailboxes(1000);
    ok(try_delete(id, "", ""));
    refused(try_get(id, &domain), "DOMAIN_NOT_FOUND");
    mailboxes_are("7 bob@example.test bob@example.test bob@example.test");
    finish_sagas();
    mailboxes_are("7   ");
}

static void nothing_is_written_to_a_domain_that_goes(void **state)
{
    Roost__Domains__V1__Domain *domain;
    Roost__Domains__V1__DomainAlias *alias;
    (void)state;
    int64_t id = create("example.test");
    fake_peers_pretend_mailboxes(1000);
    ok(try_delete(id, "", ""));
    refused(rename_to(id, "b.test", &domain), "DOMAIN_NOT_FOUND");
    const struct error *err = try_create_alias("alias.test", id, &alias);
    refused_on(err, "DOMAIN_NOT_FOUND", "domain_alias.target");
    assert_int_equal(err->code, ERROR_INVALID_ARGUMENT);
    selects("SELECT sum(n) FROM tally", "0");
}

#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(deleted_domain_is_gone_with_all_it_had),
        TEST(own_domain_stays),
        TEST(same_request_is_answered_again),
        TEST(removal_goes_on_after_a_failure),
        TEST(large_domain_is_removed_in_the_background),
        TEST(nothing_is_written_to_a_domain_that_goes),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
