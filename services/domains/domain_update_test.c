#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "services/domains/testing/fake_peers.h"
#include "services/domains/testing/fixture.h"

static char a_name[] = "a.test";
static char b_name[] = "b.test";
static char c_name[] = "c.test";
static char relaydomain[] = "relaydomain";

static void masked_fields_change_and_others_stay(void **state)
{
    Roost__Domains__V1__Domain given = ROOST__DOMAINS__V1__DOMAIN__INIT;
    Roost__Domains__V1__Domain *domain;
    (void)state;
    int64_t id = create("a.test");
    given.name = b_name;
    given.type = relaydomain;
    set_enabled(&given, false);
    ok(try_update(id, &given, "enabled", &domain));
    assert_string_equal(domain->name, "a.test");
    assert_string_equal(domain->type, "domain");
    assert_false(domain->enabled);
    assert_string_equal(domain->etag, "2");
    selects("SELECT (before->>'enabled') || ' ' || (after->>'enabled') FROM outbox "
            "WHERE event_type = 'DomainModified'",
            "true false");
    /* Named by the mask, not given: its default. */
    given.type = relaydomain;
    given._enabled_case = 0;
    ok(try_update(id, &given, "enabled type", &domain));
    assert_true(domain->enabled);
    assert_string_equal(domain->type, "relaydomain");
}

static void absent_mask_changes_what_is_given(void **state)
{
    Roost__Domains__V1__Domain given = ROOST__DOMAINS__V1__DOMAIN__INIT;
    Roost__Domains__V1__Domain *domain;
    (void)state;
    ok(try_create(&(struct new_domain){.name = "a.test", .quota = 9, .default_quota = 3}, &domain));
    int64_t id = domain->id;
    set_enabled(&given, false);
    ok(try_update(id, &given, NULL, &domain));
    assert_false(domain->enabled);
    assert_int_equal(domain->quota, 9);
    refused_on(try_update(id, &given, "*", &domain), "FIELD_REQUIRED", "domain.name");
    given.name = a_name;
    given._enabled_case = 0;
    ok(try_update(id, &given, "*", &domain));
    assert_false(domain->enabled);
    assert_int_equal(domain->quota, 9);
    selects("SELECT count(*) FROM outbox", "2");
}

static void output_only_fields_are_passed_over(void **state)
{
    Roost__Domains__V1__Domain given = ROOST__DOMAINS__V1__DOMAIN__INIT;
    Roost__Domains__V1__Domain *domain;
    (void)state;
    int64_t id = create("a.test");
    given.id = 77;
    given.mailbox_count = 99;
    ok(try_update(id, &given, "id mailbox_count creation", &domain));
    assert_int_equal(domain->id, id);
    assert_int_equal(domain->mailbox_count, 0);
    assert_string_equal(domain->etag, "1");
    refused_on(try_update(id, &given, "enabled password", &domain), "FIELD_INVALID", "update_mask");
}

static void stale_etag_is_refused(void **state)
{
    Roost__Domains__V1__Domain given = ROOST__DOMAINS__V1__DOMAIN__INIT;
    Roost__Domains__V1__Domain *domain;
    static char one[] = "1";
    (void)state;
    int64_t id = create("a.test");
    set_enabled(&given, false);
    given.etag = one;
    ok(try_update(id, &given, "enabled", &domain));
    set_enabled(&given, true);
    refused(try_update(id, &given, "enabled", &domain), "ETAG_MISMATCH");
    set_quota(&given, 5);
    refused(try_update(id, &given, "quota", &domain), "ETAG_MISMATCH");
    quota_is(id, "0 0");
    refused(try_delete(id, "", "1"), "ETAG_MISMATCH");
    ok(try_delete(id, "", "2"));
}

static void no_change_is_no_event(void **state)
{
    Roost__Domains__V1__Domain given = ROOST__DOMAINS__V1__DOMAIN__INIT;
    Roost__Domains__V1__Domain *domain;
    (void)state;
    int64_t id = create("a.test");
    given.name = a_name;
    set_enabled(&given, true);
    ok(try_update(id, &given, "name enabled", &domain));
    assert_string_equal(domain->etag, "1");
    selects("SELECT count(*) FROM outbox", "1");
}

static void quota_change_is_one_with_the_rest(void **state)
{
    Roost__Domains__V1__Domain given = ROOST__DOMAINS__V1__DOMAIN__INIT;
    Roost__Domains__V1__Domain *domain;
    (void)state;
    int64_t id = create("a.test");
    set_quota(&given, 50);
    set_enabled(&given, false);
    ok(try_update(id, &given, "quota enabled", &domain));
    assert_int_equal(domain->quota, 50);
    assert_false(domain->enabled);
    quota_is(id, "50 0");
    selects("SELECT (before->>'quota') || ' ' || (after->>'quota') || ' ' || (after->>'enabled') "
            "FROM outbox WHERE event_type = 'DomainModified'",
            "0 50 false");
    selects("SELECT count(*) FROM saga", "0");
    selects("SELECT saga_id IS NULL FROM domain", "t");
}

static void refused_quota_changes_nothing(void **state)
{
    Roost__Domains__V1__Domain given = ROOST__DOMAINS__V1__DOMAIN__INIT;
    Roost__Domains__V1__Domain *domain;
    (void)state;
    int64_t id = create("a.test");
    fake_peers_set_allocated(id, 60);
    given.name = b_name;
    set_enabled(&given, false);
    set_quota(&given, 50);
    refused_on(try_update(id, &given, NULL, &domain), "DOMAIN_QUOTA_BELOW_ALLOCATED",
               "domain.quota");
    ok(try_get(id, &domain));
    assert_string_equal(domain->name, "a.test");
    assert_true(domain->enabled);
    quota_is(id, "0 0");
    selects("SELECT count(*) FROM saga", "0");
    selects("SELECT count(*) FROM outbox", "1");
    create("b.test");
}

static void taken_name_leaves_the_quota(void **state)
{
    Roost__Domains__V1__Domain given = ROOST__DOMAINS__V1__DOMAIN__INIT;
    Roost__Domains__V1__Domain *domain;
    (void)state;
    int64_t id = create("a.test");
    create("b.test");
    given.name = b_name;
    set_quota(&given, 50);
    refused_on(try_update(id, &given, NULL, &domain), "DOMAIN_EXISTS", "domain.name");
    quota_is(id, "0 0");
    selects("SELECT count(*) FROM saga", "0");
}

static void lost_answer_of_quotas_is_carried_through(void **state)
{
    Roost__Domains__V1__UpdateDomainRequest req = ROOST__DOMAINS__V1__UPDATE_DOMAIN_REQUEST__INIT;
    Roost__Domains__V1__Domain given = ROOST__DOMAINS__V1__DOMAIN__INIT;
    Roost__Domains__V1__Domain *domain;
    static char request_id[] = "r1";
    (void)state;
    req.id = create("a.test");
    req.domain = &given;
    req.request_id = request_id;
    given.name = c_name;
    set_quota(&given, 50);
    set_enabled(&given, false);
    fake_peers_fail("SetDomainQuota", REASON_SERVICE_UNAVAILABLE, 1, true);
    refused(domains_client_update_domain(fixture_client(), &req, &domain), "SERVICE_UNAVAILABLE");
    /* Until it is clear what has happened nobody changes or deletes the domain. */
    refused(rename_to(req.id, "d.test", &domain), "REQUEST_IN_PROGRESS");
    refused(try_delete(req.id, "", ""), "REQUEST_IN_PROGRESS");
    refused(try_create(&(struct new_domain){.name = "c.test"}, &domain), "DOMAIN_EXISTS");
    finish_sagas();
    ok(try_get(req.id, &domain));
    assert_string_equal(domain->name, "c.test");
    assert_int_equal(domain->quota, 50);
    assert_false(domain->enabled);
    selects("SELECT string_agg(event_type || ' ' || actor, ', ' ORDER BY id) FROM outbox",
            "DomainCreated admin, DomainModified admin");
    ok(domains_client_update_domain(fixture_client(), &req, &domain));
    assert_string_equal(domain->name, "c.test");
    selects("SELECT count(*) FROM outbox", "2");
    selects("SELECT count(*) FROM saga", "0");
}

static void change_that_quotas_has_not_seen_is_tried_again(void **state)
{
    Roost__Domains__V1__Domain given = ROOST__DOMAINS__V1__DOMAIN__INIT;
    Roost__Domains__V1__Domain *domain;
    (void)state;
    int64_t id = create("a.test");
    set_quota(&given, 50);
    set_enabled(&given, false);
    fake_peers_fail("SetDomainQuota", REASON_SERVICE_UNAVAILABLE, 1, false);
    refused(try_update(id, &given, NULL, &domain), "SERVICE_UNAVAILABLE");
    fake_peers_set_allocated(id, 60);
    finish_sagas();
    ok(try_get(id, &domain));
    assert_true(domain->enabled);
    assert_int_equal(domain->quota, 0);
    selects("SELECT count(*) FROM saga", "0");
    set_quota(&given, 70);
    ok(try_update(id, &given, NULL, &domain));
    assert_int_equal(domain->quota, 70);
}

static void rename_reaches_every_address(void **state)
{
    Roost__Domains__V1__Domain *domain;
    Roost__Domains__V1__DomainAlias *alias;
    (void)state;
    int64_t id = create("a.test");
    int64_t other_id = create("xa.test");
    ok(try_create_alias("alias.test", id, &alias));
    fake_peers_add_mailbox(1, id, "bob@a.test");
    fake_peers_add_mailbox(2, id, "eve@a.test");
    fake_peers_add_mailbox(3, other_id, "bob@xa.test");
    ok(rename_to(id, "b.test", &domain));
    assert_string_equal(domain->name, "b.test");
    assert_false(domain->rename_in_progress);
    mailboxes_are("1 bob@b.test bob@b.test bob@b.test, 2 eve@b.test eve@b.test eve@b.test, "
                  "3 bob@xa.test bob@xa.test bob@xa.test");
    selects("SELECT target_id FROM domain_alias", "1");
    selects("SELECT name || ' ' || domain_id || ' ' || (until > now() + interval '4 days') "
            "FROM former_name",
            "a.test 1 true");
    selects("SELECT (before->>'name') || ' ' || (after->>'name') FROM outbox WHERE event_type = "
            "'DomainModified'",
            "a.test b.test");
    selects("SELECT count(*) FROM saga", "0");
    /* The name is free, and whoever takes it gets its mail. */
    create("a.test");
    selects("SELECT count(*) FROM former_name", "0");
}

static void rename_goes_on_after_a_failure(void **state)
{
    Roost__Domains__V1__Domain *domain;
    Roost__Domains__V1__DomainAlias *alias;
    (void)state;
    int64_t id = create("a.test");
    fake_peers_add_mailbox(1, id, "bob@a.test");
    fake_peers_add_mailbox(2, id, "eve@a.test");
    fake_peers_fail("RewriteAddresses", REASON_SERVICE_UNAVAILABLE, 1, false);
    ok(rename_to(id, "b.test", &domain));
    assert_true(domain->rename_in_progress);
    mailboxes_are("1 bob@b.test bob@b.test bob@a.test, 2 eve@a.test eve@a.test eve@a.test");
    refused(rename_to(id, "c.test", &domain), "RENAME_IN_PROGRESS");
    refused(rename_to(id, "a.test", &domain), "RENAME_IN_PROGRESS");
    refused(try_create(&(struct new_domain){.name = "a.test"}, &domain), "DOMAIN_EXISTS");
    refused(try_create_alias("a.test", id, &alias), "DOMAIN_EXISTS");
    finish_sagas();
    mailboxes_are("1 bob@b.test bob@b.test bob@b.test, 2 eve@b.test eve@b.test eve@b.test");
    ok(try_get(id, &domain));
    assert_false(domain->rename_in_progress);
    ok(rename_to(id, "a.test", &domain));
    selects("SELECT string_agg(name || ' ' || kind, ', ') FROM domain_name", "a.test domain");
    selects("SELECT string_agg(name, ' ') FROM former_name", "b.test");
}

static void large_domain_is_renamed_in_the_background(void **state)
{
    Roost__Domains__V1__Domain *domain;
    (void)state;
    int64_t id = create("a.test");
    fake_peers_add_mailbox(1, id, "bob@a.test");
    fake_peers_pretend_mailboxes(1000);
    ok(rename_to(id, "b.test", &domain));
    assert_true(domain->rename_in_progress);
    mailboxes_are("1 bob@a.test bob@a.test bob@a.test");
    finish_sagas();
    mailboxes_are("1 bob@b.test bob@b.test bob@b.test");
}

static void rename_of_a_domain_that_goes_is_given_up(void **state)
{
    Roost__Domains__V1__Domain *domain;
    (void)state;
    int64_t id = create("a.test");
    fake_peers_add_mailbox(7, id, "bob@a.test");
    fake_peers_pretend_mailboxes(1000);
    ok(rename_to(id, "b.test", &domain));
    ok(try_delete(id, "", ""));
    finish_sagas();
    selects("SELECT count(*) FROM domain", "0");
    selects("SELECT count(*) FROM domain_name", "0");
    selects("SELECT count(*) FROM saga", "0");
    mailboxes_are("7   ");
}

static void sessions_end_with_the_right_to_open_them(void **state)
{
    Roost__Domains__V1__Domain given = ROOST__DOMAINS__V1__DOMAIN__INIT;
    Roost__Domains__V1__Domain *domain;
    (void)state;
    int64_t id = create("a.test");
    given.type = relaydomain;
    ok(try_update(id, &given, "type", &domain));
    ended_are("");
    set_enabled(&given, false);
    ok(try_update(id, &given, "enabled", &domain));
    ended_are("a.test");
    set_enabled(&given, true);
    ok(try_update(id, &given, "enabled", &domain));
    ended_are("a.test");
    ok(rename_to(id, "b.test", &domain));
    ended_are("a.test a.test");
    ok(try_delete(id, "", ""));
    ended_are("a.test a.test b.test");
    selects("SELECT count(*) FROM saga", "0");
}

static void sessions_end_when_mailboxes_is_back(void **state)
{
    Roost__Domains__V1__Domain given = ROOST__DOMAINS__V1__DOMAIN__INIT;
    Roost__Domains__V1__Domain *domain;
    (void)state;
    int64_t id = create("a.test");
    set_enabled(&given, false);
    fake_peers_fail("EndSessions", REASON_SERVICE_UNAVAILABLE, 1, false);
    ok(try_update(id, &given, "enabled", &domain));
    ended_are("");
    finish_sagas();
    ended_are("a.test");
    selects("SELECT count(*) FROM saga", "0");
}

#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(masked_fields_change_and_others_stay),
        TEST(absent_mask_changes_what_is_given),
        TEST(output_only_fields_are_passed_over),
        TEST(stale_etag_is_refused),
        TEST(no_change_is_no_event),
        TEST(quota_change_is_one_with_the_rest),
        TEST(refused_quota_changes_nothing),
        TEST(taken_name_leaves_the_quota),
        TEST(lost_answer_of_quotas_is_carried_through),
        TEST(change_that_quotas_has_not_seen_is_tried_again),
        TEST(rename_reaches_every_address),
        TEST(rename_goes_on_after_a_failure),
        TEST(large_domain_is_renamed_in_the_background),
        TEST(rename_of_a_domain_that_goes_is_given_up),
        TEST(sessions_end_with_the_right_to_open_them),
        TEST(sessions_end_when_mailboxes_is_back),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
