#include "services/quotas/quota_store.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "services/common/pg/pg.h"
#include "services/common/testing/testing.h"
#include "services/quotas/sql/migrations.h"

static struct call *call;

static int open_all(void **state)
{
    (void)state;
    testing_migrate("quotas", quotas_migrations, quotas_n_migrations);
    call = testing_call_new("quotas");
    list_set_key((const uint8_t *)"0123456789abcdef0123456789abcdef", 32);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    testing_call_free(call);
    return 0;
}

static int start_empty(void **state)
{
    (void)state;
    testing_truncate("quotas");
    testing_call_next(call);
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
    assert_non_null(err);
    assert_string_equal(err->reason, reason);
}

static void selects(const char *sql, const char *wanted)
{
    char *found = testing_select("quotas", sql);
    assert_string_equal(found, wanted);
    free(found);
}

/* -1: not given. */
static const struct error *set_domain(int64_t id, int64_t quota, int64_t default_quota)
{
    Roost__Quotas__V1__SetDomainQuotaRequest req =
        ROOST__QUOTAS__V1__SET_DOMAIN_QUOTA_REQUEST__INIT;
    Roost__Quotas__V1__DomainQuota *domain;
    req.domain_id = id;
    if (quota != -1) {
        req._quota_case = ROOST__QUOTAS__V1__SET_DOMAIN_QUOTA_REQUEST___QUOTA_QUOTA;
        req.quota = quota;
    }
    if (default_quota != -1) {
        req._default_mailbox_quota_case =
            ROOST__QUOTAS__V1__SET_DOMAIN_QUOTA_REQUEST___DEFAULT_MAILBOX_QUOTA_DEFAULT_MAILBOX_QUOTA;
        req.default_mailbox_quota = default_quota;
    }
    return domain_quota_store_set(call, &req, &domain);
}

/* quota -1: the domain's default. */
static const struct error *set_mailbox(struct call *caller, int64_t id, int64_t domain_id,
                                       int64_t quota)
{
    Roost__Quotas__V1__SetMailboxQuotaRequest req =
        ROOST__QUOTAS__V1__SET_MAILBOX_QUOTA_REQUEST__INIT;
    req.mailbox_id = id;
    req.domain_id = domain_id;
    req.address = arena_printf(caller->arena, "m%d@example.test", (int)id);
    req.use_domain_quota = quota == -1;
    req.quota = quota == -1 ? 0 : quota;
    return mailbox_quota_store_set(caller, &req);
}

static void add_active(int64_t id, int64_t domain_id, int64_t quota)
{
    ok(set_mailbox(call, id, domain_id, quota));
    ok(mailbox_quota_store_confirm(call, id));
}

static void domain_quota_is_set_and_kept_where_not_given(void **state)
{
    (void)state;
    ok(set_domain(1, 100, 5));
    ok(set_domain(1, 200, -1));
    selects("SELECT quota_mb || ' ' || default_mailbox_quota_mb FROM domain_quota", "200 5");
    ok(set_domain(1, -1, 6));
    ok(set_domain(1, -1, 6));
    selects("SELECT quota_mb || ' ' || default_mailbox_quota_mb FROM domain_quota", "200 6");
    refused(set_domain(1, -1, 201), "DEFAULT_QUOTA_EXCEEDS_DOMAIN");
    refused(set_domain(1, -1, -2), "QUOTA_INVALID");
    refused(set_domain(1, INT64_MAX, -1), "QUOTA_INVALID");
    selects("SELECT quota_mb || ' ' || default_mailbox_quota_mb FROM domain_quota", "200 6");
    refused(set_domain(2, 1, 2), "DEFAULT_QUOTA_EXCEEDS_DOMAIN");
    selects("SELECT count(*) FROM domain_quota", "1");
}

static void share_is_taken_and_given_back(void **state)
{
    (void)state;
    ok(set_domain(1, 100, 5));
    ok(set_mailbox(call, 10, 1, 60));
    selects("SELECT allocated_mb FROM domain_quota", "60");
    ok(set_mailbox(call, 10, 1, 60));
    selects("SELECT allocated_mb FROM domain_quota", "60");
    ok(set_mailbox(call, 11, 1, -1));
    selects("SELECT allocated_mb FROM domain_quota", "65");
    refused(set_mailbox(call, 12, 1, 36), "QUOTA_EXCEEDS_DOMAIN");
    ok(set_mailbox(call, 12, 1, 35));
    ok(mailbox_quota_store_remove(call, 10));
    ok(mailbox_quota_store_remove(call, 10));
    selects("SELECT allocated_mb FROM domain_quota", "40");
    selects("SELECT count(*) FROM usage", "2");
    refused(set_mailbox(call, 13, 2, 1), "DOMAIN_NOT_FOUND");
}

static void default_follows_into_mailboxes(void **state)
{
    (void)state;
    ok(set_domain(1, 100, 5));
    add_active(10, 1, -1);
    add_active(11, 1, -1);
    add_active(12, 1, 20);
    ok(set_domain(1, -1, 40));
    selects("SELECT string_agg(quota_mb::text, ' ' ORDER BY mailbox_id) FROM mailbox_quota",
            "40 40 20");
    selects("SELECT allocated_mb FROM domain_quota", "100");
    const struct error *err = set_domain(1, -1, 41);
    refused(err, "DOMAIN_QUOTA_BELOW_ALLOCATED");
    assert_string_equal(err->fields[0].field, "default_mailbox_quota");
    selects("SELECT allocated_mb || ' ' || default_mailbox_quota_mb FROM domain_quota", "100 40");
    selects("SELECT max(quota_mb) FROM mailbox_quota", "40");
    refused(set_domain(1, 99, -1), "DOMAIN_QUOTA_BELOW_ALLOCATED");
    refused(set_domain(1, -1, 0), "DOMAIN_QUOTA_BELOW_ALLOCATED");
    ok(set_domain(1, 0, 0));
    selects("SELECT allocated_mb FROM domain_quota", "20");
    refused(set_domain(1, 100, -1), "DOMAIN_QUOTA_BELOW_ALLOCATED");
    ok(set_domain(1, 100, 10));
}

static void pending_is_unseen_but_counts(void **state)
{
    (void)state;
    Roost__Quotas__V1__Quota *quota;
    struct quota_filter filter = {.search = ""};
    struct list_page page;
    int64_t n;
    ok(set_domain(1, 10, 10));
    ok(set_mailbox(call, 10, 1, -1));
    ok(quota_store_get(call, 10, false, &quota));
    assert_null(quota);
    ok(quota_store_list(call, &(struct list_request){.ordering = ""}, &filter, &page));
    assert_int_equal(page.n, 0);
    refused(set_mailbox(call, 11, 1, 1), "QUOTA_EXCEEDS_DOMAIN");
    ok(mailbox_quota_store_confirm(call, 10));
    ok(mailbox_quota_store_confirm(call, 10));
    ok(mailbox_quota_store_confirm(call, 99));
    ok(quota_store_get(call, 10, false, &quota));
    assert_string_equal(quota->address, "m10@example.test");
    assert_int_equal(quota->quota, 10);
    assert_int_equal(quota->bytes, 0);
    assert_true(quota->use_domain_quota);
    ok(quota_store_count(call, &filter, &n));
    assert_int_equal(n, 1);
    ok(mailbox_quota_store_remove(call, 10));
    ok(quota_store_count(call, &filter, &n));
    assert_int_equal(n, 0);
}

struct contender {
    pthread_t thread;
    struct call *call;
    int64_t mailbox_id;
    const struct error *err;
};

static void *contend(void *ctx)
{
    struct contender *contender = ctx;
    contender->err = set_mailbox(contender->call, contender->mailbox_id, 1, 5);
    return NULL;
}

static void one_place_left_goes_to_one_of_fifty(void **state)
{
    enum { N = 50 };
    static struct contender contenders[N];
    int n_won = 0;
    (void)state;
    ok(set_domain(1, 14, 5));
    ok(set_mailbox(call, 1, 1, 5));
    for (int i = 0; i < N; i++) {
        contenders[i] =
            (struct contender){.call = testing_call_new("quotas"), .mailbox_id = 100 + i};
        /* They contend for the place, not for connections. */
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
        if (contenders[i].err) {
            refused(contenders[i].err, "QUOTA_EXCEEDS_DOMAIN");
        } else {
            n_won++;
        }
        testing_call_free(contenders[i].call);
    }
    assert_int_equal(n_won, 1);
    selects("SELECT allocated_mb FROM domain_quota", "10");
    selects("SELECT count(*) FROM mailbox_quota", "2");
}

static void lists_page_in_each_ordering(void **state)
{
    (void)state;
    static const struct {
        const char *ordering, *search, *wanted;
        int64_t domain_id;
    } cases[] = {
        {"", "", "10 11 12 13 20", 0},
        {"-address", "", "20 13 12 11 10", 0},
        {"usage", "", "13 10 20 12 11", 0},
        {"-usage", "", "11 12 20 10 13", 0},
        {"address", "M1", "10 11 12 13", 0},
        {"usage", "m1", "13 10 12 11", 0},
        {"usage", "", "13 10 12 11", 1},
        {"address", "", "20", 2},
        {"address", "m_", "", 0},
        {"address", "%", "", 0},
    };
    ok(set_domain(1, 0, 0));
    ok(set_domain(2, 0, 0));
    for (int64_t id = 10; id < 14; id++) {
        add_active(id, 1, 0);
    }
    add_active(20, 2, 0);
    testing_execute("quotas", "UPDATE usage SET bytes = CASE mailbox_id WHEN 10 THEN 5 WHEN 11 "
                              "THEN 9 WHEN 12 THEN 7 WHEN 20 THEN 6 ELSE 0 END");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct list_request request = {2, "", cases[i].ordering};
        struct quota_filter filter = {cases[i].search, cases[i].domain_id, 0};
        struct list_page page;
        const char *found = "";
        do {
            ok(quota_store_list(call, &request, &filter, &page));
            assert_true(page.n <= 2);
            for (size_t k = 0; k < page.n; k++) {
                int id = (int)((Roost__Quotas__V1__Quota *)page.messages[k])->mailbox_id;
                found = arena_printf(call->arena, "%s%s%d", found, *found ? " " : "", id);
            }
            request.page_token = page.next_page_token;
        } while (*page.next_page_token);
        assert_string_equal(found, cases[i].wanted);
    }
}

static void unknown_ordering_is_refused(void **state)
{
    (void)state;
    struct quota_filter filter = {.search = ""};
    struct list_page page;
    static const char *const bad[] = {"bytes", "quota", "-", "address DESC", "usage;--"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        refused(quota_store_list(call, &(struct list_request){.ordering = bad[i]}, &filter, &page),
                "ORDERING_UNKNOWN");
    }
}

static const struct error *rename_one(int64_t id, const char *address, int64_t domain_id)
{
    Roost__Quotas__V1__RewriteQuotaAddressesRequest__Item item =
        ROOST__QUOTAS__V1__REWRITE_QUOTA_ADDRESSES_REQUEST__ITEM__INIT;
    Roost__Quotas__V1__RewriteQuotaAddressesRequest req =
        ROOST__QUOTAS__V1__REWRITE_QUOTA_ADDRESSES_REQUEST__INIT;
    item.mailbox_id = id;
    item.new_address = arena_strdup(call->arena, address);
    item.new_domain_id = domain_id;
    req.n_items = 1;
    req.items = (Roost__Quotas__V1__RewriteQuotaAddressesRequest__Item *[]){&item};
    return mailbox_quota_store_rename(call, &req);
}

static void rename_carries_usage_along(void **state)
{
    (void)state;
    ok(set_domain(1, 0, 0));
    add_active(10, 1, 0);
    testing_execute("quotas", "UPDATE usage SET bytes = 77");
    ok(rename_one(10, "robert@example.test", 0));
    ok(rename_one(10, "robert@example.test", 0));
    ok(rename_one(99, "nobody@example.test", 0));
    selects("SELECT address || ' ' || username || ' ' || bytes FROM mailbox_quota JOIN usage USING "
            "(mailbox_id)",
            "robert@example.test robert@example.test 77");
}

static void rename_takes_an_address_over(void **state)
{
    (void)state;
    ok(set_domain(1, 0, 0));
    add_active(10, 1, 0);
    add_active(11, 1, 0);
    testing_execute("quotas", "UPDATE usage SET bytes = mailbox_id");
    ok(rename_one(10, "m11@example.test", 0));
    selects("SELECT mailbox_id FROM usage WHERE username = 'm11@example.test'", "10");
    ok(rename_one(11, "m10@example.test", 0));
    selects("SELECT string_agg(username || ' ' || bytes, ', ' ORDER BY mailbox_id) FROM usage",
            "m11@example.test 10, m10@example.test 11");
}

static void two_of_a_batch_swap_addresses(void **state)
{
    (void)state;
    Roost__Quotas__V1__RewriteQuotaAddressesRequest__Item items[2] = {
        ROOST__QUOTAS__V1__REWRITE_QUOTA_ADDRESSES_REQUEST__ITEM__INIT,
        ROOST__QUOTAS__V1__REWRITE_QUOTA_ADDRESSES_REQUEST__ITEM__INIT,
    };
    Roost__Quotas__V1__RewriteQuotaAddressesRequest req =
        ROOST__QUOTAS__V1__REWRITE_QUOTA_ADDRESSES_REQUEST__INIT;
    ok(set_domain(1, 0, 0));
    add_active(10, 1, 0);
    add_active(11, 1, 0);
    items[0].mailbox_id = 10;
    items[0].new_address = arena_strdup(call->arena, "m11@example.test");
    items[1].mailbox_id = 11;
    items[1].new_address = arena_strdup(call->arena, "m10@example.test");
    req.n_items = 2;
    req.items = (Roost__Quotas__V1__RewriteQuotaAddressesRequest__Item *[]){&items[0], &items[1]};
    ok(mailbox_quota_store_rename(call, &req));
    selects("SELECT string_agg(username, ' ' ORDER BY mailbox_id) FROM usage",
            "m11@example.test m10@example.test");
}

static void move_takes_the_share_to_another_domain(void **state)
{
    (void)state;
    ok(set_domain(1, 100, 5));
    ok(set_domain(2, 100, 7));
    add_active(10, 1, 30);
    add_active(11, 1, -1);
    ok(rename_one(10, "a@two.test", 2));
    ok(rename_one(11, "b@two.test", 2));
    ok(rename_one(11, "b@two.test", 2));
    selects("SELECT string_agg(allocated_mb::text, ' ' ORDER BY domain_id) FROM domain_quota",
            "0 37");
    /* The other way round, by a reservation. */
    ok(set_mailbox(call, 10, 1, 30));
    selects("SELECT string_agg(allocated_mb::text, ' ' ORDER BY domain_id) FROM domain_quota",
            "30 7");
    selects("SELECT state FROM mailbox_quota WHERE mailbox_id = 10", "active");
    refused(set_mailbox(call, 11, 1, 71), "QUOTA_EXCEEDS_DOMAIN");
}

static void removed_domain_gives_nothing_out(void **state)
{
    (void)state;
    bool is_done;
    ok(set_domain(1, 0, 0));
    for (int64_t id = 10; id < 13; id++) {
        add_active(id, 1, 0);
    }
    ok(domain_quota_store_remove(call, 1, 2, &is_done));
    assert_false(is_done);
    refused(set_mailbox(call, 20, 1, 1), "DOMAIN_NOT_FOUND");
    refused(set_domain(1, 5, 5), "DOMAIN_NOT_FOUND");
    ok(domain_quota_store_remove(call, 1, 2, &is_done));
    assert_true(is_done);
    ok(domain_quota_store_remove(call, 1, 2, &is_done));
    assert_true(is_done);
    selects("SELECT count(*) FROM mailbox_quota", "0");
    selects("SELECT count(*) FROM usage", "0");
    selects("SELECT count(*) FROM domain_quota", "0");
    selects("SELECT sum(mailboxes) FROM tally", "0");
}

#define TEST(name) cmocka_unit_test_setup(name, start_empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(domain_quota_is_set_and_kept_where_not_given),
        TEST(share_is_taken_and_given_back),
        TEST(default_follows_into_mailboxes),
        TEST(pending_is_unseen_but_counts),
        TEST(one_place_left_goes_to_one_of_fifty),
        TEST(lists_page_in_each_ordering),
        TEST(unknown_ordering_is_refused),
        TEST(rename_carries_usage_along),
        TEST(rename_takes_an_address_over),
        TEST(two_of_a_batch_swap_addresses),
        TEST(move_takes_the_share_to_another_domain),
        TEST(removed_domain_gives_nothing_out),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
