#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "services/common/testing/testing.h"
#include "services/domains/testing/fake_peers.h"
#include "services/domains/testing/fixture.h"

static char *text(const char *given)
{
    return arena_strdup(fixture_client()->arena, given);
}

static int with_domains(void **state)
{
    fixture_reset(state);
    create("beta.test");
    create("alpha.test");
    create("alpine.test");
    create("xn--mnchen-3ya.test");
    testing_execute("domains",
                    "UPDATE domain SET creation = 'epoch'::timestamptz + id * interval '1 us',"
                    " last_modification = 'epoch'::timestamptz - id * interval '1 us';"
                    "UPDATE domain SET enabled = false WHERE name = 'alpha.test';"
                    "UPDATE domain SET type = 'relaydomain' WHERE name = 'beta.test'");
    return 0;
}

struct list_case {
    const char *ordering, *search, *type;
    int enabled; /* -1: both */
    bool count;
    const char *wanted;
    int64_t total; /* -1: not counted */
};

static const struct list_case cases[] = {
    {"", "", "", -1, false, "alpha alpine beta xn--mnchen-3ya", 4},
    {"-name", "", "", -1, false, "xn--mnchen-3ya beta alpine alpha", 4},
    {"creation", "", "", -1, false, "beta alpha alpine xn--mnchen-3ya", 4},
    {"-creation", "", "", -1, false, "xn--mnchen-3ya alpine alpha beta", 4},
    {"last_modification", "", "", -1, false, "xn--mnchen-3ya alpine alpha beta", 4},
    {"name", "AL", "", -1, true, "alpha alpine", 2},
    {"name", "al", "", -1, false, "alpha alpine", -1},
    {"name", "pha", "", -1, true, "", 0},
    {"name", "al%", "", -1, true, "", 0},
    {"name", "_lpha", "", -1, true, "", 0},
    {"name", "al\\", "", -1, true, "", 0},
    {"name", "'", "", -1, true, "", 0},
    {"name", "", "relaydomain", -1, true, "beta", 1},
    {"name", "", "", 0, true, "alpha", 1},
    {"name", "", "", 1, true, "alpine beta xn--mnchen-3ya", 3},
    {"name", "", "no such type", -1, true, "", 0},
};

/* The names without ".test", two to a page. */
static char *list_all(const struct list_case *c, int64_t *ret_total)
{
    Roost__Domains__V1__ListDomainsRequest req = ROOST__DOMAINS__V1__LIST_DOMAINS_REQUEST__INIT;
    Roost__Domains__V1__ListDomainsResponse *resp;
    char *found = text("");
    req.page_size = 2;
    req.ordering = text(c->ordering);
    req.search = text(c->search);
    req.type = text(c->type);
    req.count = c->count;
    if (c->enabled != -1) {
        req._enabled_case = ROOST__DOMAINS__V1__LIST_DOMAINS_REQUEST___ENABLED_ENABLED;
        req.enabled = c->enabled;
    }
    do {
        ok(domains_client_list_domains(fixture_client(), &req, &resp));
        assert_true(resp->n_domains <= 2);
        *ret_total = resp->_total_size_case ? resp->total_size : -1;
        for (size_t i = 0; i < resp->n_domains; i++) {
            int len = (int)strlen(resp->domains[i]->name) - 5;
            found = arena_printf(fixture_client()->arena, "%s%s%.*s", found, *found ? " " : "", len,
                                 resp->domains[i]->name);
        }
        req.page_token = resp->next_page_token;
    } while (*resp->next_page_token);
    return found;
}

static void lists_are_ordered_filtered_and_paged(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t total;
        assert_string_equal(list_all(&cases[i], &total), cases[i].wanted);
        assert_int_equal(total, cases[i].total);
    }
}

static void page_is_completed_by_one_call_each(void **state)
{
    Roost__Domains__V1__ListDomainsRequest req = ROOST__DOMAINS__V1__LIST_DOMAINS_REQUEST__INIT;
    Roost__Domains__V1__ListDomainsResponse *resp;
    (void)state;
    int before = fake_peers_n_calls("BatchGetDomainQuotas");
    fake_peers_set_allocated(2, 30);
    fake_peers_add_mailbox(7, 2, "bob@alpha.test");
    ok(domains_client_list_domains(fixture_client(), &req, &resp));
    assert_int_equal(resp->n_domains, 4);
    assert_int_equal(resp->domains[0]->allocated_quota, 30);
    assert_int_equal(resp->domains[0]->mailbox_count, 1);
    assert_int_equal(resp->domains[1]->mailbox_count, 0);
    assert_int_equal(fake_peers_n_calls("BatchGetDomainQuotas") - before, 1);
    assert_int_equal(fake_peers_n_calls("BatchGetDomainCounters"), 1);
}

static void bad_paging_is_refused(void **state)
{
    Roost__Domains__V1__ListDomainsRequest req = ROOST__DOMAINS__V1__LIST_DOMAINS_REQUEST__INIT;
    Roost__Domains__V1__ListDomainsResponse *resp;
    (void)state;
    req.ordering = text("quota");
    refused_on(domains_client_list_domains(fixture_client(), &req, &resp), "ORDERING_UNKNOWN",
               "ordering");
    req.ordering = text("");
    req.page_token = text("AAAA");
    refused_on(domains_client_list_domains(fixture_client(), &req, &resp), "PAGE_TOKEN_INVALID",
               "page_token");
}

static void unavailable_peer_is_told(void **state)
{
    Roost__Domains__V1__ListDomainsRequest req = ROOST__DOMAINS__V1__LIST_DOMAINS_REQUEST__INIT;
    Roost__Domains__V1__ListDomainsResponse *resp;
    Roost__Domains__V1__Domain *domain;
    (void)state;
    fake_peers_fail("BatchGetDomainCounters", REASON_SERVICE_UNAVAILABLE, 2, false);
    refused(domains_client_list_domains(fixture_client(), &req, &resp), "SERVICE_UNAVAILABLE");
    refused(try_get(1, &domain), "SERVICE_UNAVAILABLE");
    ok(try_get(1, &domain));
}

static void names_and_ids_are_resolved(void **state)
{
    Roost__Domains__V1__ResolveDomainsRequest req =
        ROOST__DOMAINS__V1__RESOLVE_DOMAINS_REQUEST__INIT;
    Roost__Domains__V1__ResolveDomainsResponse *resp;
    Roost__Domains__V1__DomainAlias *alias;
    (void)state;
    ok(try_create_alias("alias.test", 3, &alias));
    req.n_names = 3;
    req.names = (char *[]){text("alias.test"), text("alpha.test"), text("nowhere.test")};
    ok(domains_internal_client_resolve_domains(fixture_client(), &req, &resp));
    assert_int_equal(resp->n_domains, 2);
    assert_string_equal(resp->domains[0]->name, "alpha.test");
    assert_string_equal(resp->domains[0]->asked_name, "alpha.test");
    assert_false(resp->domains[0]->enabled);
    assert_false(resp->domains[0]->is_alias);
    assert_string_equal(resp->domains[1]->name, "alpine.test");
    assert_string_equal(resp->domains[1]->asked_name, "alias.test");
    assert_true(resp->domains[1]->is_alias);
    assert_true(resp->domains[1]->enabled);
    int64_t ids[] = {1, 99};
    req.n_names = 0;
    req.n_ids = 2;
    req.ids = ids;
    ok(domains_internal_client_resolve_domains(fixture_client(), &req, &resp));
    assert_int_equal(resp->n_domains, 1);
    assert_string_equal(resp->domains[0]->type, "relaydomain");
}

static void checked_domains_are_walked_by_id(void **state)
{
    Roost__Domains__V1__ListCheckedDomainsRequest req =
        ROOST__DOMAINS__V1__LIST_CHECKED_DOMAINS_REQUEST__INIT;
    Roost__Domains__V1__ResolveDomainsResponse *resp;
    (void)state;
    testing_execute("domains", "UPDATE domain SET enable_dns_checks = false WHERE id = 3");
    req.limit = 1;
    ok(domains_internal_client_list_checked_domains(fixture_client(), &req, &resp));
    assert_int_equal(resp->n_domains, 1);
    assert_int_equal(resp->domains[0]->id, 1);
    req.after_id = 1;
    ok(domains_internal_client_list_checked_domains(fixture_client(), &req, &resp));
    assert_int_equal(resp->domains[0]->id, 4);
    req.limit = 0;
    refused_on(domains_internal_client_list_checked_domains(fixture_client(), &req, &resp),
               "FIELD_INVALID", "limit");
}

/* In each of the lists, and in what a bulk change selects. */
static void searches_have_a_limit(void **state)
{
    Roost__Domains__V1__ListDomainsRequest domains = ROOST__DOMAINS__V1__LIST_DOMAINS_REQUEST__INIT;
    Roost__Domains__V1__ListDomainsResponse *domains_resp;
    Roost__Domains__V1__ListDomainAliasesRequest aliases =
        ROOST__DOMAINS__V1__LIST_DOMAIN_ALIASES_REQUEST__INIT;
    Roost__Domains__V1__ListDomainAliasesResponse *aliases_resp;
    Roost__Domains__V1__DomainFilter filter = ROOST__DOMAINS__V1__DOMAIN_FILTER__INIT;
    Roost__Domains__V1__BulkChangeDomainsRequest bulk =
        ROOST__DOMAINS__V1__BULK_CHANGE_DOMAINS_REQUEST__INIT;
    Roost__Domains__V1__BulkChangeDomainsResponse *bulk_resp;
    char search[256];
    (void)state;
    memset(search, 'x', sizeof search - 1);
    search[sizeof search - 1] = '\0';
    domains.search = aliases.search = filter.search = search;
    bulk.action = text("disable");
    bulk.filter = &filter;
    refused_on(domains_client_list_domains(fixture_client(), &domains, &domains_resp),
               "FIELD_TOO_LONG", "search");
    refused_on(domains_client_list_domain_aliases(fixture_client(), &aliases, &aliases_resp),
               "FIELD_TOO_LONG", "search");
    refused_on(domains_client_bulk_change_domains(fixture_client(), &bulk, &bulk_resp),
               "FIELD_TOO_LONG", "filter.search");
    search[254] = '\0';
    ok(domains_client_list_domains(fixture_client(), &domains, &domains_resp));
    ok(domains_client_list_domain_aliases(fixture_client(), &aliases, &aliases_resp));
}

#define TEST(name) cmocka_unit_test_setup(name, with_domains)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lists_are_ordered_filtered_and_paged),
        TEST(page_is_completed_by_one_call_each),
        TEST(bad_paging_is_refused),
        TEST(unavailable_peer_is_told),
        TEST(names_and_ids_are_resolved),
        TEST(checked_domains_are_walked_by_id),
        TEST(searches_have_a_limit),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
