#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "proto/roost/dnschecks/v1/dnschecks.client.h"
#include "proto/roost/dnschecks/v1/dnschecks.rpc.h"
#include "services/common/list/list.h"
#include "services/common/log/log.h"
#include "services/common/message/message.h"
#include "services/common/testing/testing.h"
#include "services/common/testing/testing_rpc.h"
#include "services/dnschecks/check_store.h"
#include "services/dnschecks/sql/migrations.h"

static struct testing_rpc *rpc;
static struct call *call;
static struct call *store;

static int open_all(void **state)
{
    static const struct rpc_service *const services[] = {&dns_checks_rpc, NULL};
    (void)state;
    log_open("dnschecks", LOG_ERROR, LOG_LOGFMT);
    testing_migrate("dnschecks", dnschecks_migrations, dnschecks_n_migrations);
    list_set_key((const uint8_t *)"0123456789abcdef0123456789abcdef", 32);
    store = testing_call_new("dnschecks");
    rpc =
        testing_rpc_open(&(struct testing_rpc_config){.services = services, .schema = "dnschecks"});
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    testing_rpc_close(rpc);
    testing_call_free(store);
    return 0;
}

static void ok(const struct error *err)
{
    if (err) {
        fail_msg("%s: %s (%s)", err->reason, err->detail, err->cause ? err->cause : "");
    }
}

static void refused(const struct error *err, const char *reason, const char *field)
{
    if (!err) {
        fail_msg("%s was expected", reason);
        return;
    }
    assert_string_equal(err->reason, reason);
    assert_string_equal(err->fields[0].field, field);
}

static char *text(const char *given)
{
    return arena_strdup(call->arena, given);
}

static void save(int64_t domain_id, const char *name, const char *status, int64_t checked_s)
{
    Roost__Dnschecks__V1__DnsCheck check = ROOST__DNSCHECKS__V1__DNS_CHECK__INIT;
    Roost__Dnschecks__V1__RecordCheck mx = ROOST__DNSCHECKS__V1__RECORD_CHECK__INIT;
    Roost__Dnschecks__V1__RecordCheck *checks[] = {&mx};
    Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    time.seconds = checked_s;
    mx.type = text("mx");
    mx.status = check.status = text(status);
    check.domain_id = domain_id;
    check.domain_name = text(name);
    check.checks = checks;
    check.n_checks = 1;
    check.checked_at = check.next_check_at = &time;
    ok(check_store_save(store, &check));
}

static void sweep(size_t n, const int64_t *ids, const char *const *names)
{
    ok(check_store_sweep(
        store, &(struct sweep_page){.last_id = INT64_MAX, .ids = ids, .names = names, .n = n}));
}

/* 1 to 5; 5 is not checked yet. */
static int with_results(void **state)
{
    static const int64_t ids[] = {1, 2, 3, 4, 5};
    static const char *const names[] = {"e.test", "d.test", "c.test", "b.test", "bb.test"};
    (void)state;
    testing_truncate("dnschecks");
    testing_execute("dnschecks", "INSERT INTO sweep DEFAULT VALUES");
    testing_call_next(store);
    call = testing_rpc_call(rpc);
    sweep(5, ids, names);
    save(1, "e.test", "ok", 500);
    save(2, "d.test", "wrong", 400);
    save(3, "c.test", "unknown", 300);
    save(4, "b.test", "ok", 200);
    return 0;
}

struct query {
    const char *search, *ordering, *status, *page_token; /* NULL: empty */
    int page_size;
    int64_t *domains;
    size_t n_domains;
};

static Roost__Dnschecks__V1__ListDnsChecksRequest request(struct query query)
{
    Roost__Dnschecks__V1__ListDnsChecksRequest req =
        ROOST__DNSCHECKS__V1__LIST_DNS_CHECKS_REQUEST__INIT;
    req.search = text(query.search ? query.search : "");
    req.ordering = text(query.ordering ? query.ordering : "");
    req.status = text(query.status ? query.status : "");
    req.page_token = text(query.page_token ? query.page_token : "");
    req.page_size = query.page_size;
    req.domains = query.domains;
    req.n_domains = query.n_domains;
    return req;
}

#define REQUEST(...) request((struct query){__VA_ARGS__})

/* All pages, of two each, as "id:status". */
static void lists(Roost__Dnschecks__V1__ListDnsChecksRequest req, const char *expected)
{
    Roost__Dnschecks__V1__ListDnsChecksResponse *resp;
    char *found = text("");
    size_t n = 0;
    req.page_size = 2;
    req.count = true;
    do {
        ok(dns_checks_client_list_dns_checks(call, &req, &resp));
        for (size_t i = 0; i < resp->n_dns_checks; i++, n++) {
            found = arena_printf(call->arena, "%s%lld:%s ", found,
                                 (long long)resp->dns_checks[i]->domain_id,
                                 resp->dns_checks[i]->status);
        }
        req.page_token = text(resp->next_page_token);
    } while (*req.page_token);
    assert_string_equal(found, expected);
    assert_int_equal(resp->total_size, n);
}

static void results_are_listed_in_each_ordering(void **state)
{
    (void)state;
    lists(REQUEST(.search = ""), "4:ok 5:pending 3:unknown 2:wrong 1:ok ");
    lists(REQUEST(.ordering = "-name"), "1:ok 2:wrong 3:unknown 5:pending 4:ok ");
    lists(REQUEST(.ordering = "checked_at"), "5:pending 4:ok 3:unknown 2:wrong 1:ok ");
    lists(REQUEST(.ordering = "-checked_at"), "1:ok 2:wrong 3:unknown 4:ok 5:pending ");
}

static void results_are_filtered(void **state)
{
    int64_t domains[] = {2, 4, 99};
    (void)state;
    lists(REQUEST(.status = "ok"), "4:ok 1:ok ");
    lists(REQUEST(.status = "pending"), "5:pending ");
    lists(REQUEST(.search = "B"), "4:ok 5:pending ");
    lists(REQUEST(.search = "%"), "");
    lists(REQUEST(.n_domains = 3, .domains = domains), "4:ok 2:wrong ");
    lists(REQUEST(.n_domains = 3, .domains = domains, .status = "wrong",
                  .ordering = text("-checked_at")),
          "2:wrong ");
}

static void item_is_the_whole_result(void **state)
{
    Roost__Dnschecks__V1__ListDnsChecksRequest req = REQUEST(.search = "d.");
    Roost__Dnschecks__V1__ListDnsChecksResponse *resp;
    (void)state;
    ok(dns_checks_client_list_dns_checks(call, &req, &resp));
    assert_int_equal(resp->n_dns_checks, 1);
    assert_int_equal(resp->_total_size_case, 0);
    assert_string_equal(resp->dns_checks[0]->domain_name, "d.test");
    assert_string_equal(resp->dns_checks[0]->checks[0]->type, "mx");
    assert_int_equal(resp->dns_checks[0]->checked_at->seconds, 400);
    req = REQUEST(.search = "bb.");
    ok(dns_checks_client_list_dns_checks(call, &req, &resp));
    assert_int_equal(resp->dns_checks[0]->n_checks, 0);
    assert_null(resp->dns_checks[0]->checked_at);
}

static void renamed_domain_is_pending_and_a_removed_one_is_gone(void **state)
{
    static const int64_t ids[] = {1, 2};
    static const char *const names[] = {"e.test", "new.test"};
    (void)state;
    sweep(2, ids, names);
    lists(REQUEST(.search = ""), "1:ok 2:pending ");
    save(2, "new.test", "ok", 600);
    lists(REQUEST(.search = ""), "1:ok 2:ok ");
    char *events = testing_select("dnschecks", "SELECT count(*) FROM outbox");
    assert_string_equal(events, "0");
    free(events);
}

static void bad_requests_are_refused(void **state)
{
    int64_t many[1001] = {1};
    Roost__Dnschecks__V1__ListDnsChecksResponse *resp;
    Roost__Dnschecks__V1__ListDnsChecksRequest req = REQUEST(.status = "disabled");
    (void)state;
    refused(dns_checks_client_list_dns_checks(call, &req, &resp), "FIELD_INVALID", "status");
    req = REQUEST(.ordering = "status");
    refused(dns_checks_client_list_dns_checks(call, &req, &resp), "ORDERING_UNKNOWN", "ordering");
    req = REQUEST(.domains = many, .n_domains = 1001);
    refused(dns_checks_client_list_dns_checks(call, &req, &resp), "FIELD_TOO_LONG", "domains");
    char search[256] = "";
    memset(search, 'x', sizeof search - 1);
    req = REQUEST(.search = search);
    refused(dns_checks_client_list_dns_checks(call, &req, &resp), "FIELD_TOO_LONG", "search");
    req = REQUEST(.page_size = -1);
    refused(dns_checks_client_list_dns_checks(call, &req, &resp), "FIELD_INVALID", "page_size");
    req = REQUEST(.page_size = 1);
    ok(dns_checks_client_list_dns_checks(call, &req, &resp));
    req = REQUEST(.page_size = 1, .page_token = resp->next_page_token, .status = text("ok"));
    refused(dns_checks_client_list_dns_checks(call, &req, &resp), "PAGE_TOKEN_INVALID",
            "page_token");
}

static void only_administrators_may_list(void **state)
{
    Roost__Dnschecks__V1__ListDnsChecksRequest req = REQUEST(.search = "");
    Roost__Dnschecks__V1__ListDnsChecksResponse *resp;
    Roost__Common__V1__Identity identity = *call->identity;
    const Roost__Common__V1__Identity *admin = call->identity;
    (void)state;
    identity.role = text("SimpleUsers");
    call->identity = &identity;
    const struct error *err = dns_checks_client_list_dns_checks(call, &req, &resp);
    call->identity = admin;
    assert_non_null(err);
    assert_int_equal(err->code, ERROR_PERMISSION_DENIED);
}

#define TEST(name) cmocka_unit_test_setup(name, with_results)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(results_are_listed_in_each_ordering),
        TEST(results_are_filtered),
        TEST(item_is_the_whole_result),
        TEST(renamed_domain_is_pending_and_a_removed_one_is_gone),
        TEST(bad_requests_are_refused),
        TEST(only_administrators_may_list),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
