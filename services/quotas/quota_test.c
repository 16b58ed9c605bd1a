#include "services/quotas/quota.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct arena *arena;

static int open_arena(void **state)
{
    (void)state;
    arena = arena_new(4096);
    return 0;
}

static int close_arena(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

/* `reason` NULL: accepted. */
static void expect(const char *name, const struct error *err, const char *reason, const char *field)
{
    if (!reason) {
        if (err) {
            fail_msg("%s: refused: %s", name, err->detail);
        }
        return;
    }
    if (!err) {
        fail_msg("%s: not refused", name);
    }
    assert_string_equal(err->reason, reason);
    assert_int_equal(err->n_fields, 1);
    assert_string_equal(err->fields[0].field, field);
}

static void range_is_0_to_2_to_the_31(void **state)
{
    (void)state;
    static const struct {
        int64_t given;
        bool is_good;
    } cases[] = {
        {0, true},           {1, true},   {2147483647, true},        {2147483648, true},
        {2147483649, false}, {-1, false}, {9007199254740993, false}, {INT64_MAX, false},
        {INT64_MIN, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect("range", quota_check_range(arena, "quota", cases[i].given),
               cases[i].is_good ? NULL : "QUOTA_INVALID", "quota");
    }
}

struct domain_case {
    const char *name;
    int64_t quota, default_quota, allocated; /* before */
    int64_t new_quota, new_default, new_allocated, n_unlimited;
    const char *reason, *field;
};

static const struct domain_case domain_cases[] = {
    {"new", 0, 0, 0, 100, 5, 0, 0, NULL, NULL},
    {"default as large as the quota", 0, 0, 0, 100, 100, 0, 0, NULL, NULL},
    {"default over the quota", 0, 0, 0, 100, 101, 0, 0, "DEFAULT_QUOTA_EXCEEDS_DOMAIN",
     "default_mailbox_quota"},
    {"any default without a quota", 0, 0, 0, 0, 101, 0, 0, NULL, NULL},
    {"shrunk to what is given", 100, 5, 50, 50, 5, 50, 0, NULL, NULL},
    {"shrunk below what is given", 100, 5, 50, 49, 5, 50, 0, "DOMAIN_QUOTA_BELOW_ALLOCATED",
     "quota"},
    {"limited below what is given", 0, 5, 50, 49, 5, 50, 0, "DOMAIN_QUOTA_BELOW_ALLOCATED",
     "quota"},
    {"default raised over the quota", 100, 5, 50, 100, 20, 200, 0, "DOMAIN_QUOTA_BELOW_ALLOCATED",
     "default_mailbox_quota"},
    {"made unlimited", 100, 5, 50, 0, 5, 50, 0, NULL, NULL},
    {"limited with unlimited mailboxes", 0, 0, 0, 100, 0, 0, 2, "DOMAIN_QUOTA_BELOW_ALLOCATED",
     "quota"},
    {"default makes mailboxes unlimited", 100, 5, 50, 100, 0, 0, 10, "DOMAIN_QUOTA_BELOW_ALLOCATED",
     "default_mailbox_quota"},
    {"grown though still below what is given", 40, 5, 50, 45, 5, 50, 0, NULL, NULL},
    {"negative", 0, 0, 0, -1, 0, 0, 0, "QUOTA_INVALID", "quota"},
    {"negative default", 0, 0, 0, 0, -1, 0, 0, "QUOTA_INVALID", "default_mailbox_quota"},
    {"too large", 0, 0, 0, 2147483649, 0, 0, 0, "QUOTA_INVALID", "quota"},
};

static void domain_quota_holds_what_is_given(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof domain_cases / sizeof domain_cases[0]; i++) {
        const struct domain_case *c = &domain_cases[i];
        Roost__Quotas__V1__DomainQuota before = ROOST__QUOTAS__V1__DOMAIN_QUOTA__INIT;
        Roost__Quotas__V1__DomainQuota after = ROOST__QUOTAS__V1__DOMAIN_QUOTA__INIT;
        before.quota = c->quota;
        before.default_mailbox_quota = c->default_quota;
        before.allocated_quota = c->allocated;
        after.quota = c->new_quota;
        after.default_mailbox_quota = c->new_default;
        after.allocated_quota = c->new_allocated;
        expect(c->name, quota_check_domain(arena, &before, &after, c->n_unlimited), c->reason,
               c->field);
    }
}

struct mailbox_case {
    const char *name;
    int64_t domain_quota, allocated, present, asked;
    const char *reason;
};

static const struct mailbox_case mailbox_cases[] = {
    {"the last megabytes", 100, 95, -1, 5, NULL},
    {"one too many", 100, 96, -1, 5, "QUOTA_EXCEEDS_DOMAIN"},
    {"unlimited domain", 0, 1000000, -1, 1000000, NULL},
    {"unlimited in an unlimited domain", 0, 0, -1, 0, NULL},
    {"unlimited in a limited domain", 100, 0, -1, 0, "QUOTA_REQUIRED"},
    {"becomes unlimited", 100, 5, 5, 0, "QUOTA_REQUIRED"},
    {"grows into the rest", 100, 95, 5, 10, NULL},
    {"grows over the rest", 100, 95, 5, 11, "QUOTA_EXCEEDS_DOMAIN"},
    {"stays in a full domain", 100, 120, 20, 20, NULL},
    {"shrinks in a full domain", 100, 120, 20, 19, NULL},
    {"grows in a full domain", 100, 120, 20, 21, "QUOTA_EXCEEDS_DOMAIN"},
    {"unlimited stays", 100, 120, 0, 0, NULL},
    {"negative", 0, 0, -1, -1, "QUOTA_INVALID"},
    {"negative as before", 0, 0, -1, -1, "QUOTA_INVALID"},
    {"too large", 0, 0, -1, 2147483649, "QUOTA_INVALID"},
    {"the largest", 0, 0, -1, 2147483648, NULL},
};

static void mailbox_quota_fits_into_the_domain(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mailbox_cases / sizeof mailbox_cases[0]; i++) {
        const struct mailbox_case *c = &mailbox_cases[i];
        Roost__Quotas__V1__DomainQuota domain = ROOST__QUOTAS__V1__DOMAIN_QUOTA__INIT;
        domain.quota = c->domain_quota;
        domain.allocated_quota = c->allocated;
        struct quota_share share = {"bob@example.test", c->present, c->asked};
        expect(c->name, quota_check_mailbox(arena, &domain, &share), c->reason, "quota");
    }
}

static void refusal_says_rule_limit_present_and_asked(void **state)
{
    (void)state;
    Roost__Quotas__V1__DomainQuota domain = ROOST__QUOTAS__V1__DOMAIN_QUOTA__INIT;
    domain.quota = 100;
    domain.allocated_quota = 96;
    struct quota_share share = {"bob@example.test", -1, 5};
    const struct error *err = quota_check_mailbox(arena, &domain, &share);
    assert_string_equal(err->detail,
                        "example.test: domain quota exceeded: the domain has 100 MB, its other "
                        "mailboxes have 96 MB, 5 MB were asked.");
}

static void usage_is_a_percentage_rounded_down(void **state)
{
    (void)state;
    static const struct {
        int64_t bytes, quota;
        int32_t wanted;
    } cases[] = {
        {0, 5, 0},
        {5 * 1048576, 5, 100},
        {5 * 1048576 - 1, 5, 99},
        {1, 5, 0},
        {52429, 5, 1},
        {52428, 5, 0},
        {6 * 1048576, 5, 120},
        {1000, 0, 0},
        {-1, 5, 0},
        {INT64_MAX, 1, INT32_MAX},
        {INT64_MAX, 2147483648, 409599},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(quota_usage_percent(cases[i].bytes, cases[i].quota), cases[i].wanted);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(range_is_0_to_2_to_the_31),
        cmocka_unit_test(domain_quota_holds_what_is_given),
        cmocka_unit_test(mailbox_quota_fits_into_the_domain),
        cmocka_unit_test(refusal_says_rule_limit_present_and_asked),
        cmocka_unit_test(usage_is_a_percentage_rounded_down),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
