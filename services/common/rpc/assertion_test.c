#include "services/common/rpc/assertion.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "services/common/clock/clock.h"
#include "services/common/message/message.h"

static const uint8_t key[] = "0123456789abcdef0123456789abcdef";
static const uint8_t other_key[] = "0123456789abcdef0123456789abcdeX";
enum { KEY_LEN = sizeof(key) - 1, MAC_BYTES = 32 };

static const int64_t noon_us = 1700000000000000;

static struct assertion_key *signing_key;

static int set_up(void **state)
{
    signing_key = assertion_key_new(key, KEY_LEN);
    clock_set_for_test(noon_us);
    *state = arena_new(4096);
    return 0;
}

static int tear_down(void **state)
{
    clock_set_for_test(0);
    assertion_key_free(signing_key);
    arena_free(*state);
    return 0;
}

static const Roost__Common__V1__Identity *bob(void)
{
    static Roost__Common__V1__Identity identity = ROOST__COMMON__V1__IDENTITY__INIT;
    identity.account_id = 7;
    identity.username = (char *)(uintptr_t) "bob@example.test";
    identity.role = (char *)(uintptr_t) "SimpleUsers";
    identity.session_id = (char *)(uintptr_t) "s-1";
    return &identity;
}

static void refuses(struct arena *arena, const uint8_t *data, size_t len)
{
    const Roost__Common__V1__Identity *identity = NULL;
    const struct error *err = assertion_verify(arena, signing_key, data, len, &identity);
    assert_non_null(err);
    assert_true(error_is(err, REASON_CREDENTIALS_INVALID));
    assert_null(identity);
}

static void verify_gives_back_what_was_signed(void **state)
{
    size_t len;
    uint8_t *data = assertion_sign(*state, signing_key, bob(), "gateway", &len);
    const Roost__Common__V1__Identity *identity;
    assert_null(assertion_verify(*state, signing_key, data, len, &identity));
    assert_int_equal(identity->account_id, 7);
    assert_string_equal(identity->username, "bob@example.test");
    assert_string_equal(identity->role, "SimpleUsers");
    assert_string_equal(identity->session_id, "s-1");
    assert_string_equal(identity->service, "gateway");
    assert_int_equal(identity->expires_at_ms, noon_us / 1000 + ASSERTION_MAX_LIFETIME_MS);
}

static void verify_refuses_every_changed_byte(void **state)
{
    size_t len;
    uint8_t *data = assertion_sign(*state, signing_key, bob(), "gateway", &len);
    for (size_t i = 0; i < len; i++) {
        data[i] ^= 1;
        refuses(*state, data, len);
        data[i] ^= 1;
    }
}

static void key_must_be_long_enough(void **state)
{
    const Roost__Common__V1__Identity *identity = NULL;
    size_t len;
    uint8_t *data = assertion_sign(*state, signing_key, bob(), "gateway", &len);
    assert_null(assertion_key_new(key, ASSERTION_KEY_MIN_BYTES - 1));
    const struct error *err = assertion_verify(*state, NULL, data, len, &identity);
    assert_non_null(err);
    assert_true(error_is(err, REASON_CREDENTIALS_INVALID));
    assert_null(identity);
}

static void verify_refuses_other_lengths(void **state)
{
    size_t len;
    uint8_t *data = assertion_sign(*state, signing_key, bob(), "gateway", &len);
    for (size_t shorter = 0; shorter < len; shorter++) {
        refuses(*state, data, shorter);
    }
    uint8_t *longer = arena_alloc(*state, ASSERTION_MAX_BYTES + 1);
    memcpy(longer, data, len);
    refuses(*state, longer, len + 1);
    refuses(*state, longer, ASSERTION_MAX_BYTES + 1);
}

static void verify_refuses_another_key(void **state)
{
    size_t len;
    struct assertion_key *other = assertion_key_new(other_key, KEY_LEN);
    uint8_t *data = assertion_sign(*state, other, bob(), "gateway", &len);
    refuses(*state, data, len);
    assertion_key_free(other);
}

static void verify_refuses_what_another_purpose_signed(void **state)
{
    uint8_t derived[ASSERTION_KEY_MIN_BYTES];
    assertion_derive_key(key, KEY_LEN, "page token", derived);
    struct assertion_key *other = assertion_key_new(derived, sizeof(derived));
    size_t len;
    uint8_t *data = assertion_sign(*state, other, bob(), "gateway", &len);
    refuses(*state, data, len);
    assertion_key_free(other);
}

static void verify_refuses_after_30_seconds(void **state)
{
    size_t len;
    uint8_t *data = assertion_sign(*state, signing_key, bob(), "gateway", &len);
    const Roost__Common__V1__Identity *identity;
    clock_set_for_test(noon_us + 29999000);
    assert_null(assertion_verify(*state, signing_key, data, len, &identity));
    clock_set_for_test(noon_us + 30000000);
    refuses(*state, data, len);
}

static void verify_refuses_a_life_that_is_too_long(void **state)
{
    /* As made by somebody with the key, or with a clock that is ahead. */
    clock_set_for_test(noon_us + 2000000);
    size_t len;
    uint8_t *data = assertion_sign(*state, signing_key, bob(), "gateway", &len);
    clock_set_for_test(noon_us);
    refuses(*state, data, len);
}

static void verify_refuses_without_a_service(void **state)
{
    size_t len;
    uint8_t *data = assertion_sign(*state, signing_key, bob(), "", &len);
    refuses(*state, data, len);
}

static void derived_keys_differ_by_purpose(void **state)
{
    uint8_t one[ASSERTION_KEY_MIN_BYTES], two[ASSERTION_KEY_MIN_BYTES];
    (void)state;
    assertion_derive_key(key, KEY_LEN, "one", one);
    assertion_derive_key(key, KEY_LEN, "two", two);
    assert_memory_not_equal(one, two, sizeof(one));
    assertion_derive_key(key, KEY_LEN, "one", two);
    assert_memory_equal(one, two, sizeof(one));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verify_gives_back_what_was_signed),
        cmocka_unit_test(verify_refuses_every_changed_byte),
        cmocka_unit_test(key_must_be_long_enough),
        cmocka_unit_test(verify_refuses_other_lengths),
        cmocka_unit_test(verify_refuses_another_key),
        cmocka_unit_test(verify_refuses_what_another_purpose_signed),
        cmocka_unit_test(verify_refuses_after_30_seconds),
        cmocka_unit_test(verify_refuses_a_life_that_is_too_long),
        cmocka_unit_test(verify_refuses_without_a_service),
        cmocka_unit_test(derived_keys_differ_by_purpose),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
