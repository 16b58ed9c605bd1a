#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "google/protobuf/empty.pb-c.h"
#include "proto/roost/domains/v1/domains_internal.pb-c.h"
#include "proto/roost/quotas/v1/quotas.client.h"
#include "proto/roost/quotas/v1/quotas.rpc.h"
#include "services/common/list/list.h"
#include "services/common/log/log.h"
#include "services/common/message/message.h"
#include "services/common/testing/testing.h"
#include "services/common/testing/testing_rpc.h"
#include "services/quotas/sql/migrations.h"

static struct testing_rpc *rpc;
static struct call *call;

/* domains, as far as it is asked: example.test is domain 1. */
static const struct error *resolve(struct call *server_call, const ProtobufCMessage *request,
                                   ProtobufCMessage **ret_response)
{
    const Roost__Domains__V1__ResolveDomainsRequest *req = (const void *)request;
    Roost__Domains__V1__ResolveDomainsResponse *resp =
        message_new(server_call->arena, &roost__domains__v1__resolve_domains_response__descriptor);
    *ret_response = &resp->base;
    if (req->n_names == 1 && strcmp(req->names[0], "example.test") == 0) {
        resp->domains = arena_alloc(server_call->arena, sizeof *resp->domains);
        resp->domains[0] =
            message_new(server_call->arena, &roost__domains__v1__resolved_domain__descriptor);
        resp->domains[0]->id = 1;
        resp->n_domains = 1;
    }
    return NULL;
}

static const struct rpc_method domains_methods[] = {{
    .path = "/roost.domains.v1.DomainsInternal/ResolveDomains",
    .request = &roost__domains__v1__resolve_domains_request__descriptor,
    .response = &roost__domains__v1__resolve_domains_response__descriptor,
    .access = {.internal = true},
    .handler = resolve,
}};
static const struct rpc_service fake_domains = {"roost.domains.v1.DomainsInternal", true,
                                                domains_methods, 1};

static int open_all(void **state)
{
    static const struct rpc_service *const services[] = {&quotas_rpc, &quotas_internal_rpc,
                                                         &fake_domains, NULL};
    (void)state;
    log_open("quotas", LOG_ERROR, LOG_LOGFMT);
    testing_migrate("quotas", quotas_migrations, quotas_n_migrations);
    list_set_key((const uint8_t *)"0123456789abcdef0123456789abcdef", 32);
    rpc = testing_rpc_open(&(struct testing_rpc_config){.services = services, .schema = "quotas"});
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    testing_rpc_close(rpc);
    return 0;
}

static void ok(const struct error *err)
{
    if (err) {
        fail_msg("%s: %s (%s)", err->reason, err->detail, err->cause ? err->cause : "");
    }
}

static void refused(const struct error *err, const char *reason)
{
    if (!err) {
        fail_msg("%s was expected", reason);
        return;
    }
    assert_string_equal(err->reason, reason);
}

static char *text(const char *given)
{
    return arena_strdup(call->arena, given);
}

static void set_domain(int64_t id, int64_t quota, int64_t default_quota)
{
    Roost__Quotas__V1__SetDomainQuotaRequest req =
        ROOST__QUOTAS__V1__SET_DOMAIN_QUOTA_REQUEST__INIT;
    Roost__Quotas__V1__DomainQuota *domain;
    req.domain_id = id;
    req._quota_case = ROOST__QUOTAS__V1__SET_DOMAIN_QUOTA_REQUEST___QUOTA_QUOTA;
    req.quota = quota;
    req._default_mailbox_quota_case =
        ROOST__QUOTAS__V1__SET_DOMAIN_QUOTA_REQUEST___DEFAULT_MAILBOX_QUOTA_DEFAULT_MAILBOX_QUOTA;
    req.default_mailbox_quota = default_quota;
    ok(quotas_internal_client_set_domain_quota(call, &req, &domain));
    assert_int_equal(domain->quota, quota);
    assert_int_equal(domain->default_mailbox_quota, default_quota);
}

static const struct error *set_mailbox(int64_t id, int64_t domain_id, const char *address,
                                       int64_t quota)
{
    Roost__Quotas__V1__SetMailboxQuotaRequest req =
        ROOST__QUOTAS__V1__SET_MAILBOX_QUOTA_REQUEST__INIT;
    Roost__Quotas__V1__Quota *mailbox;
    req.mailbox_id = id;
    req.domain_id = domain_id;
    req.address = text(address);
    req.quota = quota;
    req.active = true;
    const struct error *err = quotas_internal_client_set_mailbox_quota(call, &req, &mailbox);
    if (!err) {
        assert_int_equal(mailbox->mailbox_id, id);
        assert_int_equal(mailbox->quota, quota);
    }
    return err;
}

static int with_mailboxes(void **state)
{
    (void)state;
    testing_truncate("quotas");
    call = testing_rpc_call(rpc);
    set_domain(1, 100, 5);
    set_domain(2, 0, 0);
    ok(set_mailbox(10, 1, "bob@example.test", 10));
    ok(set_mailbox(11, 1, "eve@example.test", 20));
    ok(set_mailbox(12, 2, "bob@other.test", 0));
    testing_execute("quotas",
                    "UPDATE usage SET bytes = 5 * 1048576, messages = 3 WHERE mailbox_id "
                    "= 10; UPDATE usage SET bytes = -5, messages = -1 WHERE mailbox_id = 11");
    return 0;
}

static const struct error *get(int64_t id, Roost__Quotas__V1__Quota **ret_quota)
{
    Roost__Quotas__V1__GetQuotaRequest req = ROOST__QUOTAS__V1__GET_QUOTA_REQUEST__INIT;
    req.mailbox_id = id;
    return quotas_client_get_quota(call, &req, ret_quota);
}

static void quota_shows_usage(void **state)
{
    Roost__Quotas__V1__Quota *quota;
    (void)state;
    ok(get(10, &quota));
    assert_string_equal(quota->address, "bob@example.test");
    assert_int_equal(quota->quota, 10);
    assert_int_equal(quota->bytes, 5 * 1048576);
    assert_int_equal(quota->messages, 3);
    assert_int_equal(quota->quota_usage, 50);
    assert_int_equal(quota->domain_id, 1);
    assert_non_null(quota->updated_at);
    ok(get(11, &quota));
    assert_int_equal(quota->bytes, 0);
    assert_int_equal(quota->messages, 0);
    refused(get(99, &quota), "MAILBOX_NOT_FOUND");
}

static void quotas_are_listed(void **state)
{
    Roost__Quotas__V1__ListQuotasRequest req = ROOST__QUOTAS__V1__LIST_QUOTAS_REQUEST__INIT;
    Roost__Quotas__V1__ListQuotasResponse *resp;
    (void)state;
    ok(quotas_client_list_quotas(call, &req, &resp));
    assert_int_equal(resp->n_quotas, 3);
    assert_int_equal(resp->total_size, 3);
    assert_string_equal(resp->quotas[0]->address, "bob@example.test");
    assert_int_equal(resp->quotas[0]->quota_usage, 50);
    req.ordering = text("-usage");
    req.domain = text("Example.TEST");
    req.count = true;
    ok(quotas_client_list_quotas(call, &req, &resp));
    assert_int_equal(resp->n_quotas, 2);
    assert_int_equal(resp->total_size, 2);
    assert_int_equal(resp->quotas[0]->mailbox_id, 10);
    static const char *const none[] = {"nowhere.test", "../x", "%"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        req.domain = text(none[i]);
        ok(quotas_client_list_quotas(call, &req, &resp));
        assert_int_equal(resp->n_quotas, 0);
        assert_int_equal(resp->total_size, 0);
    }
    req.domain = text("");
    req.search = text("bob@");
    req.count = false;
    ok(quotas_client_list_quotas(call, &req, &resp));
    assert_int_equal(resp->n_quotas, 2);
    assert_int_equal(resp->_total_size_case, 0);
}

static void listed_over(int32_t usage_over, const char *domain, const char *ordering,
                        const char *expected)
{
    Roost__Quotas__V1__ListQuotasRequest req = ROOST__QUOTAS__V1__LIST_QUOTAS_REQUEST__INIT;
    Roost__Quotas__V1__ListQuotasResponse *resp;
    char *found = text("");
    size_t n = 0;
    req.usage_over = usage_over;
    req.domain = text(domain);
    req.ordering = text(ordering);
    req.page_size = 1;
    req.count = true;
    do {
        ok(quotas_client_list_quotas(call, &req, &resp));
        for (size_t i = 0; i < resp->n_quotas; i++, n++) {
            found =
                arena_printf(call->arena, "%s%lld:%d ", found,
                             (long long)resp->quotas[i]->mailbox_id, resp->quotas[i]->quota_usage);
        }
        req.page_token = text(resp->next_page_token);
    } while (*req.page_token);
    assert_string_equal(found, expected);
    assert_int_equal(resp->total_size, n);
}

static void full_mailboxes_are_listed(void **state)
{
    (void)state;
    listed_over(1, "", "", "10:50 ");
    testing_execute("quotas", "UPDATE usage SET bytes = 20 * 1048576 - 1 WHERE mailbox_id = 11;"
                              "UPDATE usage SET bytes = 900 * 1048576 WHERE mailbox_id = 12");
    listed_over(50, "", "", "10:50 11:99 ");
    listed_over(50, "", "-usage", "11:99 10:50 ");
    listed_over(51, "", "usage", "11:99 ");
    listed_over(100, "", "", "");
    listed_over(50, "example.test", "-address", "11:99 10:50 ");
    listed_over(50, "nowhere.test", "", "");
    /* A quota that changes counts at once, and so does a limit that was none. */
    ok(set_mailbox(10, 1, "bob@example.test", 20));
    ok(set_mailbox(12, 2, "bob@other.test", 1000));
    listed_over(50, "", "", "12:90 11:99 ");
    ok(set_mailbox(12, 2, "bob@other.test", 0));
    listed_over(50, "", "", "11:99 ");
    Roost__Quotas__V1__ListQuotasRequest req = ROOST__QUOTAS__V1__LIST_QUOTAS_REQUEST__INIT;
    Roost__Quotas__V1__ListQuotasResponse *resp;
    req.usage_over = -1;
    const struct error *err = quotas_client_list_quotas(call, &req, &resp);
    refused(err, "FIELD_INVALID");
    assert_string_equal(err->fields[0].field, "usage_over");
}

/* Beyond what is collected first the order is followed. */
static void many_full_mailboxes_are_listed_in_order(void **state)
{
    Roost__Quotas__V1__ListQuotasRequest req = ROOST__QUOTAS__V1__LIST_QUOTAS_REQUEST__INIT;
    Roost__Quotas__V1__ListQuotasResponse *resp;
    (void)state;
    testing_execute("quotas",
                    "INSERT INTO mailbox_quota SELECT i, 2, i || '@other.test', false, 10, 'active'"
                    " FROM generate_series(1001, 12000) AS i;"
                    "INSERT INTO usage (mailbox_id, username, bytes, messages) SELECT i, i || "
                    "'@other.test', i * 80, 1 FROM generate_series(1001, 12000) AS i");
    req.usage_over = 8;
    req.ordering = text("-usage");
    req.page_size = 2;
    req.count = true;
    ok(quotas_client_list_quotas(call, &req, &resp));
    assert_int_equal(resp->total_size, 1516);
    assert_int_equal(resp->quotas[0]->mailbox_id, 10);
    assert_int_equal(resp->quotas[1]->mailbox_id, 12000);
    req.usage_over = 1;
    req.ordering = text("usage");
    ok(quotas_client_list_quotas(call, &req, &resp));
    assert_int_equal(resp->total_size, 10691);
    assert_int_equal(resp->quotas[0]->mailbox_id, 1311);
    assert_int_equal(resp->quotas[0]->quota_usage, 1);
    req.page_token = resp->next_page_token;
    ok(quotas_client_list_quotas(call, &req, &resp));
    assert_int_equal(resp->quotas[0]->mailbox_id, 1313);
    req.usage_over = 2;
    refused(quotas_client_list_quotas(call, &req, &resp), "PAGE_TOKEN_INVALID");
}

/* All pages, as "10 11 12". The caller frees it. */
static char *ids(Roost__Quotas__V1__ListQuotasRequest req)
{
    Roost__Quotas__V1__ListQuotasResponse *resp;
    char *found = NULL;
    size_t len = 0;
    size_t n = 0;
    FILE *out = open_memstream(&found, &len);
    assert_non_null(out);
    req.page_size = 97;
    req.count = true;
    do {
        ok(quotas_client_list_quotas(call, &req, &resp));
        assert_true(resp->n_quotas <= 97);
        for (size_t i = 0; i < resp->n_quotas; i++, n++) {
            fprintf(out, "%s%lld", n ? " " : "", (long long)resp->quotas[i]->mailbox_id);
        }
        assert_true(n < 9700);
        req.page_token = text(resp->next_page_token);
    } while (*req.page_token);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(resp->total_size, n);
    return found;
}

static void is_complete(const char *search, int32_t usage_over)
{
    static const char *const orderings[] = {"usage", "-usage"};
    for (size_t i = 0; i < 2; i++) {
        Roost__Quotas__V1__ListQuotasRequest req = ROOST__QUOTAS__V1__LIST_QUOTAS_REQUEST__INIT;
        const char *direction = i ? "DESC" : "ASC";
        req.search = text(search);
        req.ordering = text(orderings[i]);
        req.usage_over = usage_over;
        print_message("%s %s %d\n", search, orderings[i], (int)usage_over);
        char *wanted = testing_select(
            "quotas",
            arena_printf(call->arena,
                         "SELECT coalesce(string_agg(mailbox_id::text, ' ' ORDER BY bytes %s, "
                         "mailbox_id %s), '') FROM usage JOIN mailbox_quota USING (mailbox_id) "
                         "WHERE state = 'active' AND address LIKE '%s%%' AND percent >= %d",
                         direction, direction, search, (int)usage_over));
        char *found = ids(req);
        assert_string_equal(found, wanted);
        free(found);
        free(wanted);
    }
}

/* Up to 1,000 mailboxes (f) are found by their addresses, more (g) among the next 40,000 in the
 * order of usage: which begins with as many of others (x). */
static void a_search_by_usage_is_complete_whichever_way_it_goes(void **state)
{
    (void)state;
    testing_execute(
        "quotas",
        "INSERT INTO mailbox_quota (mailbox_id, domain_id, address, use_domain_quota, quota_mb, "
        "state) SELECT i, 2, CASE WHEN i <= 53000 THEN 'x' WHEN i <= 54000 THEN 'f' ELSE 'g' END "
        "|| i || '@other.test', false, 10, CASE WHEN i % 10 = 0 THEN 'pending' ELSE 'active' END "
        "FROM generate_series(1001, 55001) AS i;"
        "INSERT INTO usage (mailbox_id, username, bytes, messages) SELECT mailbox_id, address, "
        "CASE WHEN mailbox_id <= 42000 THEN 0 ELSE mailbox_id % 7 * 1048576 END, 1 "
        "FROM mailbox_quota WHERE mailbox_id > 1000;"
        /* Kept under another name for now; one of them under somebody else's former one. */
        "UPDATE usage SET username = '#' || mailbox_id, is_astray = true "
        "WHERE mailbox_id > 42000 AND mailbox_id % 50 = 7;"
        "UPDATE usage SET username = 'gone@other.test' WHERE mailbox_id = 42007");
    is_complete("f", 0);
    is_complete("g", 0);
    is_complete("g5", 0);
    is_complete("g54", 60);
    is_complete("f", 10);
    is_complete("g", 10);
    is_complete("bob", 0);
    is_complete("nobody", 0);
}

static void refusal_reaches_the_caller_with_its_field(void **state)
{
    (void)state;
    const struct error *err = set_mailbox(13, 1, "x@example.test", 71);
    refused(err, "QUOTA_EXCEEDS_DOMAIN");
    assert_string_equal(err->fields[0].field, "quota");
    assert_int_equal(err->code, ERROR_INVALID_ARGUMENT);
    refused(set_mailbox(13, 1, "x@example.test", 0), "QUOTA_REQUIRED");
    refused(set_mailbox(13, 1, "x@example.test", -1), "QUOTA_INVALID");
    refused(set_mailbox(13, 2, "x@example.test", INT64_MAX), "QUOTA_INVALID");
    refused(set_mailbox(13, 9, "x@example.test", 1), "DOMAIN_NOT_FOUND");
}

static void batches_answer_what_is_there(void **state)
{
    Roost__Quotas__V1__BatchGetDomainQuotasRequest domains =
        ROOST__QUOTAS__V1__BATCH_GET_DOMAIN_QUOTAS_REQUEST__INIT;
    Roost__Quotas__V1__BatchGetDomainQuotasResponse *found_domains;
    Roost__Quotas__V1__BatchGetQuotasRequest mailboxes =
        ROOST__QUOTAS__V1__BATCH_GET_QUOTAS_REQUEST__INIT;
    Roost__Quotas__V1__BatchGetQuotasResponse *found_mailboxes;
    int64_t ids[1001] = {1, 10, 99};
    (void)state;
    domains.n_domain_ids = mailboxes.n_mailbox_ids = 3;
    domains.domain_ids = mailboxes.mailbox_ids = ids;
    ok(quotas_internal_client_batch_get_domain_quotas(call, &domains, &found_domains));
    assert_int_equal(found_domains->n_domain_quotas, 1);
    assert_int_equal(found_domains->domain_quotas[0]->allocated_quota, 30);
    ok(quotas_internal_client_batch_get_quotas(call, &mailboxes, &found_mailboxes));
    assert_int_equal(found_mailboxes->n_quotas, 1);
    assert_int_equal(found_mailboxes->quotas[0]->quota_usage, 50);
    domains.n_domain_ids = mailboxes.n_mailbox_ids = 1001;
    refused(quotas_internal_client_batch_get_domain_quotas(call, &domains, &found_domains),
            "FIELD_TOO_LONG");
    refused(quotas_internal_client_batch_get_quotas(call, &mailboxes, &found_mailboxes),
            "FIELD_TOO_LONG");
}

static void searches_have_a_limit(void **state)
{
    Roost__Quotas__V1__ListQuotasRequest req = ROOST__QUOTAS__V1__LIST_QUOTAS_REQUEST__INIT;
    Roost__Quotas__V1__ListQuotasResponse *resp;
    char search[256] = "";
    (void)state;
    memset(search, 'x', sizeof search - 1);
    req.search = search;
    refused(quotas_client_list_quotas(call, &req, &resp), "FIELD_TOO_LONG");
    search[254] = '\0';
    ok(quotas_client_list_quotas(call, &req, &resp));
}

static void removal_is_idempotent(void **state)
{
    Roost__Quotas__V1__RemoveDomainQuotaRequest domain =
        ROOST__QUOTAS__V1__REMOVE_DOMAIN_QUOTA_REQUEST__INIT;
    Roost__Quotas__V1__RemoveDomainQuotaResponse *resp;
    Roost__Quotas__V1__DeleteMailboxQuotaRequest mailbox =
        ROOST__QUOTAS__V1__DELETE_MAILBOX_QUOTA_REQUEST__INIT;
    Roost__Quotas__V1__ConfirmMailboxQuotaRequest confirm =
        ROOST__QUOTAS__V1__CONFIRM_MAILBOX_QUOTA_REQUEST__INIT;
    Google__Protobuf__Empty *empty;
    Roost__Quotas__V1__Quota *quota;
    (void)state;
    for (int i = 0; i < 2; i++) {
        mailbox.mailbox_id = 12;
        ok(quotas_internal_client_delete_mailbox_quota(call, &mailbox, &empty));
        domain.domain_id = 1;
        ok(quotas_internal_client_remove_domain_quota(call, &domain, &resp));
        assert_true(resp->done);
        confirm.mailbox_id = 10;
        ok(quotas_internal_client_confirm_mailbox_quota(call, &confirm, &empty));
    }
    refused(get(10, &quota), "MAILBOX_NOT_FOUND");
    refused(get(12, &quota), "MAILBOX_NOT_FOUND");
}

#define TEST(name) cmocka_unit_test_setup(name, with_mailboxes)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(quota_shows_usage),
        TEST(quotas_are_listed),
        TEST(full_mailboxes_are_listed),
        TEST(many_full_mailboxes_are_listed_in_order),
        TEST(a_search_by_usage_is_complete_whichever_way_it_goes),
        TEST(searches_have_a_limit),
        TEST(refusal_reaches_the_caller_with_its_field),
        TEST(batches_answer_what_is_there),
        TEST(removal_is_idempotent),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
