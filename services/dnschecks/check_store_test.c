#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "services/common/log/log.h"
#include "services/common/message/message.h"
#include "services/common/testing/testing.h"
#include "services/dnschecks/check_store.h"
#include "services/dnschecks/sql/migrations.h"

static struct call *call;

static int open_all(void **state)
{
    (void)state;
    log_open("dnschecks", LOG_ERROR, LOG_LOGFMT);
    testing_migrate("dnschecks", dnschecks_migrations, dnschecks_n_migrations);
    call = testing_call_new("dnschecks");
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    testing_call_free(call);
    return 0;
}

static int empty(void **state)
{
    (void)state;
    testing_truncate("dnschecks");
    testing_execute("dnschecks", "INSERT INTO sweep DEFAULT VALUES");
    testing_call_next(call);
    return 0;
}

static void ok(const struct error *err)
{
    if (err) {
        fail_msg("%s: %s (%s)", err->reason, err->detail, err->cause ? err->cause : "");
    }
}

static void selects(const char *sql, const char *expected)
{
    char *found = testing_select("dnschecks", sql);
    assert_string_equal(found, expected);
    free(found);
}

static void save(int64_t domain_id, const char *name, const char *status)
{
    Roost__Dnschecks__V1__DnsCheck check = ROOST__DNSCHECKS__V1__DNS_CHECK__INIT;
    Google__Protobuf__Timestamp time = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    time.seconds = 1800000000;
    check.domain_id = domain_id;
    check.domain_name = arena_strdup(call->arena, name);
    check.status = arena_strdup(call->arena, status);
    check.checked_at = check.next_check_at = &time;
    ok(check_store_save(call, &check));
}

static void only_a_turn_from_ok_to_wrong_or_back_is_an_event(void **state)
{
    static const struct {
        const char *status, *events;
    } steps[] = {{"unknown", "0"}, {"ok", "0"},      {"ok", "0"},    {"wrong", "1"},
                 {"wrong", "1"},   {"unknown", "1"}, {"wrong", "1"}, {"ok", "2"}};
    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        save(7, "example.test", steps[i].status);
        selects("SELECT count(*) FROM outbox", steps[i].events);
    }
}

/* domain/7 belongs to the service domains, whose relay knows nothing of this one. */
static void event_has_a_subject_of_its_own(void **state)
{
    (void)state;
    save(7, "example.test", "ok");
    save(7, "example.test", "wrong");
    selects("SELECT event_type || ' ' || object_type || '/' || object_id FROM outbox",
            "DnsCheckChanged dnscheck/7");
    selects("SELECT concat_ws(' ', after->>'domain', after->>'name', before->>'status', "
            "after->>'status') FROM outbox",
            "7 example.test ok wrong");
}

static void sweep_follows_the_list_of_domains(void **state)
{
    static const int64_t first[] = {1, 2, 3}, later[] = {1, 3};
    static const char *const names[] = {"a.test", "b.test", "c.test"};
    static const char *const later_names[] = {"a.test", "renamed.test"};
    struct sweep_page page = {.last_id = INT64_MAX, .ids = first, .names = names, .n = 3};
    size_t n;
    struct due_domain *due;
    int64_t position;
    (void)state;
    ok(check_store_sweep(call, &page));
    ok(check_store_claim(call, 10, &n, &due));
    assert_int_equal(n, 3);
    ok(check_store_claim(call, 10, &n, &due));
    assert_int_equal(n, 0);
    page.ids = later;
    page.names = later_names;
    page.n = 2;
    ok(check_store_sweep(call, &page));
    selects("SELECT string_agg(domain_id || domain_name, ' ' ORDER BY domain_id) FROM domain_check",
            "1a.test 3renamed.test");
    ok(check_store_sweep_position(call, &position));
    assert_int_equal(position, 0);
    page.after_id = 5;
    page.n = 0;
    ok(check_store_sweep(call, &page));
    selects("SELECT count(*) FROM domain_check", "2");
}

static void what_was_saved_is_what_is_got(void **state)
{
    Roost__Dnschecks__V1__DnsCheck *check;
    (void)state;
    ok(check_store_get(call, 7, &check));
    assert_null(check);
    save(7, "example.test", "wrong");
    ok(check_store_get(call, 7, &check));
    assert_string_equal(check->domain_name, "example.test");
    assert_string_equal(check->status, "wrong");
    assert_int_equal(check->checked_at->seconds, 1800000000);
}

#define TEST(name) cmocka_unit_test_setup(name, empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(only_a_turn_from_ok_to_wrong_or_back_is_an_event),
        TEST(event_has_a_subject_of_its_own),
        TEST(sweep_follows_the_list_of_domains),
        TEST(what_was_saved_is_what_is_got),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
