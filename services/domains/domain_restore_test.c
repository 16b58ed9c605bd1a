/* Deleting domains so that it can be undone, and many of them at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "services/common/clock/clock.h"
#include "services/common/testing/testing.h"
#include "services/domains/testing/fake_peers.h"
#include "services/domains/testing/fixture.h"

typedef Roost__Domains__V1__BulkChangeDomainsRequest BulkRequest;
typedef Roost__Domains__V1__BulkChangeDomainsResponse BulkResponse;

static const struct error *delete_for(int64_t id, int32_t undo_seconds)
{
    Roost__Domains__V1__DeleteDomainRequest req = ROOST__DOMAINS__V1__DELETE_DOMAIN_REQUEST__INIT;
    Google__Protobuf__Empty *empty;
    req.id = id;
    req.undo_seconds = undo_seconds;
    return domains_client_delete_domain(fixture_client(), &req, &empty);
}

static const struct error *try_restore(int64_t id, const char *request_id,
                                       Roost__Domains__V1__Domain **ret_domain)
{
    Roost__Domains__V1__RestoreDomainRequest req = ROOST__DOMAINS__V1__RESTORE_DOMAIN_REQUEST__INIT;
    req.id = id;
    req.request_id = (char *)request_id;
    return domains_client_restore_domain(fixture_client(), &req, ret_domain);
}

/* With an alias, a mailbox and a quota. */
static int64_t create_full(void)
{
    Roost__Domains__V1__Domain *domain;
    Roost__Domains__V1__DomainAlias *alias;
    ok(try_create(&(struct new_domain){.name = "example.test", .quota = 100, .default_quota = 10},
                  &domain));
    ok(try_create_alias("alias.test", domain->id, &alias));
    fake_peers_add_mailbox(7, domain->id, "bob@example.test");
    return domain->id;
}

static void deleted_domain_is_out_of_sight_and_comes_back(void **state)
{
    Roost__Domains__V1__Domain *domain;
    Roost__Domains__V1__DomainAlias *alias;
    (void)state;
    int64_t id = create_full();
    ok(delete_for(id, 60));
    closed_is("example.test");
    ended_are("example.test");
    refused(try_get(id, &domain), "DOMAIN_NOT_FOUND");
    refused(delete_for(id, 60), "DOMAIN_NOT_FOUND");
    refused(rename_to(id, "b.test", &domain), "DOMAIN_NOT_FOUND");
    /* Both names stay taken, and nothing is cleaned up. */
    refused(try_create(&(struct new_domain){.name = "example.test"}, &domain), "DOMAIN_EXISTS");
    refused(try_create(&(struct new_domain){.name = "alias.test"}, &domain), "DOMAIN_EXISTS");
    selects("SELECT count(*) FROM domain_alias", "0");
    selects("SELECT sum(n) FROM tally", "0");
    mailboxes_are("7 bob@example.test bob@example.test bob@example.test");
    quota_is(id, "100 10");
    ok(try_restore(id, "", &domain));
    closed_is("");
    assert_string_equal(domain->name, "example.test");
    assert_int_equal(domain->quota, 100);
    assert_int_equal(domain->mailbox_count, 1);
    assert_int_equal(domain->domainalias_count, 1);
    ok(try_get(id, &domain));
    selects("SELECT id || ' ' || name || ' ' || target_id || ' ' || version FROM domain_alias",
            "1 alias.test 1 1");
    selects("SELECT string_agg(name || ' ' || kind, ', ' ORDER BY name) FROM domain_name",
            "alias.test alias, example.test domain");
    selects("SELECT count(*) FROM saga", "0");
    selects("SELECT count(*) FROM deleted_alias", "0");
    selects("SELECT sum(n) FROM tally", "2");
    selects("SELECT string_agg(event_type, ' ' ORDER BY id) FROM outbox WHERE id > 2",
            "DomainAliasDeleted DomainDeleted DomainAliasCreated DomainRestored");
    selects("SELECT after ->> 'mailbox_count' FROM outbox WHERE event_type = 'DomainRestored'",
            "1");
    refused(try_create_alias("alias.test", id, &alias), "DOMAIN_ALIAS_EXISTS");
    finish_sagas();
    ok(try_get(id, &domain));
}

static void restoring_again_changes_nothing(void **state)
{
    Roost__Domains__V1__Domain *domain;
    (void)state;
    int64_t id = create_full();
    ok(try_restore(id, "", &domain));
    ok(delete_for(id, 60));
    ok(try_restore(id, "r1", &domain));
    ok(try_restore(id, "r1", &domain));
    ok(try_restore(id, "", &domain));
    assert_int_equal(domain->mailbox_count, 1);
    selects("SELECT count(*) FROM outbox WHERE event_type = 'DomainRestored'", "1");
    refused(try_restore(99, "", &domain), "DOMAIN_NOT_FOUND");
}

static void deleted_domain_goes_when_its_time_is_over(void **state)
{
    Roost__Domains__V1__Domain *domain;
    (void)state;
    int64_t id = create_full();
    char *before = testing_select("domains", "SELECT clock_timestamp()");
    ok(delete_for(id, 86400));
    selects(arena_printf(fixture_client()->arena,
                         "SELECT kind || ' ' || (due_at >= timestamptz '%s' + interval '86400 s') "
                         "FROM saga",
                         before),
            "remove_domain_later true");
    free(before);
    closed_is("example.test");
    finish_sagas();
    closed_is("");
    mailboxes_are("7   ");
    quota_is(id, "");
    selects("SELECT count(*) FROM domain", "0");
    selects("SELECT count(*) FROM domain_name", "0");
    selects("SELECT count(*) FROM deleted_alias", "0");
    selects("SELECT count(*) FROM saga", "0");
    refused(try_restore(id, "", &domain), "DOMAIN_NOT_FOUND");
    create("example.test");
    create("alias.test");
}

static void people_are_kept_out_though_accounts_was_away(void **state)
{
    Roost__Domains__V1__Domain *domain;
    (void)state;
    int64_t id = create_full();
    fake_peers_fail("SetDomainClosed", REASON_SERVICE_UNAVAILABLE, 1, false);
    ok(delete_for(id, 60));
    closed_is("");
    selects("SELECT count(*) FROM saga WHERE kind = 'close_domain'", "1");
    testing_execute("domains", "UPDATE saga SET kind = 'held' WHERE kind = 'remove_domain_later'");
    finish_sagas();
    closed_is("example.test");
    testing_execute(
        "domains",
        "UPDATE saga SET kind = 'remove_domain_later', attempts = 0 WHERE kind = 'held'");
    fake_peers_fail("SetDomainClosed", REASON_SERVICE_UNAVAILABLE, 1, false);
    ok(try_restore(id, "", &domain));
    finish_sagas();
    closed_is("");
    selects("SELECT count(*) FROM saga", "0");
    ok(try_get(id, &domain));
}

static void clean_up_that_has_begun_is_final(void **state)
{
    Roost__Domains__V1__Domain *domain;
    (void)state;
    int64_t id = create_full();
    ok(delete_for(id, 60));
    fake_peers_fail("RemoveDomain", REASON_SERVICE_UNAVAILABLE, 1, false);
    finish_sagas();
    refused(try_restore(id, "", &domain), "DELETE_FINAL");
    finish_sagas();
    mailboxes_are("7   ");
    refused(try_restore(id, "", &domain), "DOMAIN_NOT_FOUND");
    /* The same where the delete was for good. */
    id = create_full();
    fake_peers_fail("RemoveDomain", REASON_SERVICE_UNAVAILABLE, 1, false);
    ok(delete_for(id, 0));
    refused(try_restore(id, "", &domain), "DELETE_FINAL");
}

static void creation_that_was_abandoned_is_not_restored(void **state)
{
    Roost__Domains__V1__Domain *domain;
    (void)state;
    fake_peers_fail("SetDomainQuota", REASON_SERVICE_UNAVAILABLE, 1, true);
    refused(try_create(&(struct new_domain){.name = "example.test"}, &domain),
            "SERVICE_UNAVAILABLE");
    refused(try_restore(1, "", &domain), "DOMAIN_NOT_FOUND");
    testing_execute("domains", "UPDATE domain SET state = 'deleting'");
    refused(try_restore(1, "", &domain), "DOMAIN_NOT_FOUND");
    selects("SELECT state FROM domain", "deleting");
}

static void undo_is_refused_where_it_could_not_be_kept(void **state)
{
    Roost__Domains__V1__Domain *domain;
    (void)state;
    int64_t id = create_full();
    refused_on(delete_for(id, -1), "FIELD_INVALID", "undo_seconds");
    refused_on(delete_for(id, 86401), "FIELD_INVALID", "undo_seconds");
    fake_peers_pretend_mailboxes(1000);
    ok(rename_to(id, "new.test", &domain));
    assert_true(domain->rename_in_progress);
    refused(delete_for(id, 60), "RENAME_IN_PROGRESS");
    finish_sagas();
    ok(delete_for(id, 60));
}

/* "id name outcome reason, ..." and whether there is more. */
static const char *change(BulkRequest *req, BulkResponse **ret_resp)
{
    struct call *call = fixture_client();
    const char *text = "";
    clock_set_monotonic_for_test(clock_monotonic_us()); /* a page ends early after 4 s */
    const struct error *err = domains_client_bulk_change_domains(call, req, ret_resp);
    clock_set_monotonic_for_test(0);
    ok(err);
    for (size_t i = 0; i < (*ret_resp)->n_results; i++) {
        const Roost__Common__V1__BulkResult *result = (*ret_resp)->results[i];
        text =
            arena_printf(call->arena, "%s%s%d %s %s%s%s", text, i ? ", " : "", (int)result->id,
                         result->name, result->outcome, *result->reason ? " " : "", result->reason);
    }
    return arena_printf(call->arena, "%s%s", text, *(*ret_resp)->next_page_token ? " ..." : "");
}

static void many_are_changed_by_id(void **state)
{
    static int64_t ids[] = {3, 1, 99, 2};
    BulkRequest req = ROOST__DOMAINS__V1__BULK_CHANGE_DOMAINS_REQUEST__INIT;
    BulkResponse *resp;
    Roost__Domains__V1__Domain *domain;
    (void)state;
    create("a.test");
    int64_t own_id = create("b.test");
    create("c.test");
    fake_peers_add_mailbox(1, own_id, "admin@b.test");
    req.action = "disable";
    req.ids = ids;
    req.n_ids = 4;
    assert_string_equal(change(&req, &resp), "1 a.test done, 2 b.test done, 3 c.test done, "
                                             "99  refused DOMAIN_NOT_FOUND");
    assert_int_equal(resp->total_size, 4);
    assert_string_equal(change(&req, &resp), "1 a.test unchanged, 2 b.test unchanged, "
                                             "3 c.test unchanged, 99  refused DOMAIN_NOT_FOUND");
    selects("SELECT count(*) FROM outbox WHERE event_type = 'DomainModified'", "3");
    req.action = "delete";
    req.undo_seconds = 60;
    req.n_ids = 2;
    assert_string_equal(change(&req, &resp), "1 a.test done, 3 c.test done");
    ok(try_restore(1, "", &domain));
    req.ids = &own_id;
    req.n_ids = 1;
    assert_string_equal(change(&req, &resp), "2 b.test refused OWN_DOMAIN");
    assert_string_equal(resp->results[0]->detail, "You can't delete your own domain");
}

static void many_are_changed_by_filter_page_by_page(void **state)
{
    BulkRequest req = ROOST__DOMAINS__V1__BULK_CHANGE_DOMAINS_REQUEST__INIT;
    Roost__Domains__V1__DomainFilter filter = ROOST__DOMAINS__V1__DOMAIN_FILTER__INIT;
    BulkResponse *resp;
    (void)state;
    create("xa.test");
    create("b.test");
    create("xc.test");
    create("xd.test");
    req.action = "disable";
    req.filter = &filter;
    req.page_size = 2;
    filter.search = "X";
    filter._enabled_case = ROOST__DOMAINS__V1__DOMAIN_FILTER___ENABLED_ENABLED;
    filter.enabled = true;
    assert_string_equal(change(&req, &resp), "1 xa.test done, 3 xc.test done ...");
    assert_int_equal(resp->total_size, 3);
    req.page_token = resp->next_page_token;
    assert_string_equal(change(&req, &resp), "4 xd.test done");
    req.page_token = "";
    filter.search = "";
    req.page_size = 0;
    req.action = "delete";
    assert_string_equal(change(&req, &resp), "2 b.test done");
    selects("SELECT count(*) FROM domain", "3");
}

static void failure_of_another_service_stops_the_page(void **state)
{
    static int64_t ids[] = {1, 2};
    BulkRequest req = ROOST__DOMAINS__V1__BULK_CHANGE_DOMAINS_REQUEST__INIT;
    BulkResponse *resp;
    (void)state;
    create("a.test");
    create("b.test");
    req.action = "disable";
    req.ids = ids;
    req.n_ids = 2;
    fake_peers_fail("BatchGetDomainQuotas", REASON_SERVICE_UNAVAILABLE, 1, false);
    refused(domains_client_bulk_change_domains(fixture_client(), &req, &resp),
            "SERVICE_UNAVAILABLE");
    assert_string_equal(change(&req, &resp), "1 a.test done, 2 b.test done");
    req.action = "destroy";
    refused_on(domains_client_bulk_change_domains(fixture_client(), &req, &resp), "FIELD_INVALID",
               "action");
}

#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(deleted_domain_is_out_of_sight_and_comes_back),
        TEST(restoring_again_changes_nothing),
        TEST(deleted_domain_goes_when_its_time_is_over),
        TEST(people_are_kept_out_though_accounts_was_away),
        TEST(clean_up_that_has_begun_is_final),
        TEST(creation_that_was_abandoned_is_not_restored),
        TEST(undo_is_refused_where_it_could_not_be_kept),
        TEST(many_are_changed_by_id),
        TEST(many_are_changed_by_filter_page_by_page),
        TEST(failure_of_another_service_stops_the_page),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
