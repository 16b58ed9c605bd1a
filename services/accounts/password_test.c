#include "services/accounts/password.h"

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

/* The last three were made by `doveadm pw`. */
static void verify_knows_all_schemes(void **state)
{
    static const char *const stored[] = {
        "{CRYPT}$y$j9T$abcdefghijklmnop$Y.Dy7YuBTxgI96q3dHQjPw6/ehCykesPoNZVJdNzx9C",
        "{BLF-CRYPT}$2y$05$wMRe79fIwx.t/nYZzAWIseRyugTTcD1S9RMhPfvmVHmslBQ2a5yrm",
        "{CRYPT}$2y$05$mAyxxYjO.x/xjhz4c7dVpecsP70mtJrYU3yEYhvHfVt6xxwqDBbsS",
        ("{SHA512-CRYPT}$6$pmgteCXREtAL1AIN$"
         "KE1QOWOKKWpzgFxYRj0RGBXWBvbuQoDl4ImGeQXbXtk0CGQk3DyQpvRMr6r."
         "uzYHV4DddX3OhIJf8x/Lmno3D."),
        "{SHA256-CRYPT}$5$E/pNszRQXW0AIh0R$a7RWvpVgDu6Rc852/chjMz18JReOAwXVU1V2ubY0Zj4",
        "{MD5-CRYPT}$1$LiyRRpKg$lxDNO7hxnDkSN8wI5HfFd/",
    };
    (void)state;
    for (size_t i = 0; i < sizeof stored / sizeof *stored; i++) {
        enum error_reason reason;
        print_message("%s\n", stored[i]);
        assert_true(password_is_hash(stored[i]));
        assert_null(password_hash_fault(stored[i], &reason));
        assert_true(password_verify(stored[i], "Secret123"));
        assert_false(password_verify(stored[i], "Secret124"));
        assert_false(password_verify(stored[i], ""));
    }
}

static void malformed_hashes_are_refused_and_match_nothing(void **state)
{
    static const struct {
        const char *text;
        enum error_reason reason;
    } cases[] = {
        {"{PLAIN}Secret123", REASON_PASSWORD_SCHEME_UNKNOWN},
        {"{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$c2FsdA$aGFzaA", REASON_PASSWORD_SCHEME_UNKNOWN},
        {"{CRYPT}", REASON_PASSWORD_SCHEME_UNKNOWN},
        {"{CRYPT}abJnggxhB/yWI", REASON_PASSWORD_SCHEME_UNKNOWN},
        {"{SHA512-CRYPT}$5$E/pNszRQXW0AIh0R$a7RWvpVgDu6Rc852/chjMz18JReOAwXVU1V2ubY0Zj4",
         REASON_PASSWORD_SCHEME_UNKNOWN},
        {"{CRYPT}$y$j9T$abcdefghijklmnop$", REASON_FIELD_INVALID},
        {"{CRYPT}$y$j9T$abcdefghijklmnop", REASON_FIELD_INVALID},
        {"{CRYPT}$y$j9T$abcdefghijklmnop$Y.Dy7YuBTxgI96q3dHQjPw6/ehCykesPoNZVJdNzx9",
         REASON_FIELD_INVALID},
        {"{CRYPT}$y$j9T$abcdefghijklmnop$Y.Dy7YuBTxgI96q3dHQjPw6/ehCykesPoNZVJdNzx9:",
         REASON_FIELD_INVALID},
        {"{SHA512-CRYPT}$6$salt$short", REASON_FIELD_INVALID},
        {"{BLF-CRYPT}$2y$05$wMRe79fIwx.t/nYZzAWIseRyugTTcD1S9RMhPfvmVHmslBQ2a5yr",
         REASON_FIELD_INVALID},
        {"{MD5-CRYPT}$1$", REASON_FIELD_INVALID},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum error_reason reason = REASON_COUNT;
        print_message("%s\n", cases[i].text);
        assert_true(password_is_hash(cases[i].text));
        assert_non_null(password_hash_fault(cases[i].text, &reason));
        assert_int_equal(reason, cases[i].reason);
        assert_false(password_verify(cases[i].text, "Secret123"));
    }
}

/* Whoever may create an account must not be able to make each of its logins take minutes. */
static void costs_beyond_bearing_are_refused(void **state)
{
    static const char *const hashes[] = {
        "{CRYPT}$y$jFT$abcdefghijklmnop$Y.Dy7YuBTxgI96q3dHQjPw6/ehCykesPoNZVJdNzx9C",
        "{CRYPT}$y$j9TZZ$abcdefghijklmnop$Y.Dy7YuBTxgI96q3dHQjPw6/ehCykesPoNZVJdNzx9C",
        "{BLF-CRYPT}$2y$31$wMRe79fIwx.t/nYZzAWIseRyugTTcD1S9RMhPfvmVHmslBQ2a5yrm",
        ("{SHA512-CRYPT}$6$rounds=999999999$pmgteCXREtAL1AIN$"
         "KE1QOWOKKWpzgFxYRj0RGBXWBvbuQoDl4ImGeQXbXtk0CGQk3DyQpvRMr"
         "6r.uzYHV4DddX3OhIJf8x/Lmno3D."),
    };
    (void)state;
    for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++) {
        enum error_reason reason;
        print_message("%s\n", hashes[i]);
        assert_non_null(password_hash_fault(hashes[i], &reason));
        assert_int_equal(reason, REASON_FIELD_INVALID);
    }
}

static void hash_makes_what_verify_takes(void **state)
{
    static const struct {
        struct password_method method;
        const char *start;
    } cases[] = {
        {{PASSWORD_YESCRYPT, 1}, "{CRYPT}$y$j75$"},
        {{PASSWORD_YESCRYPT, 0}, "{CRYPT}$y$j9T$"},
        {{PASSWORD_BCRYPT, 4}, "{BLF-CRYPT}$2b$04$"},
        {{PASSWORD_SHA512_CRYPT, 1000}, "{SHA512-CRYPT}$6$rounds=1000$"},
        {{PASSWORD_SHA256_CRYPT, 1000}, "{SHA256-CRYPT}$5$rounds=1000$"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *stored;
        char *again;
        enum error_reason reason;
        assert_null(password_hash(arena, &cases[i].method, "Grüße Straße 1", &stored));
        assert_null(password_hash(arena, &cases[i].method, "Grüße Straße 1", &again));
        print_message("%s\n", stored);
        assert_memory_equal(stored, cases[i].start, strlen(cases[i].start));
        assert_string_not_equal(stored, again);
        assert_null(password_hash_fault(stored, &reason));
        assert_true(password_verify(stored, "Grüße Straße 1"));
        assert_false(password_verify(stored, "Grüße Straße 2"));
        assert_false(password_is_outdated(stored, &cases[i].method));
    }
}

static void outdated_is_another_scheme_or_cost(void **state)
{
    const struct password_method yescrypt = {PASSWORD_YESCRYPT, 0};
    const struct password_method bcrypt = {PASSWORD_BCRYPT, 5};
    (void)state;
    assert_false(password_is_outdated(
        "{CRYPT}$y$j9T$abcdefghijklmnop$Y.Dy7YuBTxgI96q3dHQjPw6/ehCykesPoNZVJdNzx9C", &yescrypt));
    assert_true(password_is_outdated(
        "{CRYPT}$y$j75$abcdefghijklmnop$Y.Dy7YuBTxgI96q3dHQjPw6/ehCykesPoNZVJdNzx9C", &yescrypt));
    assert_true(password_is_outdated("{MD5-CRYPT}$1$LiyRRpKg$lxDNO7hxnDkSN8wI5HfFd/", &yescrypt));
    assert_false(password_is_outdated(
        "{BLF-CRYPT}$2b$05$wMRe79fIwx.t/nYZzAWIseRyugTTcD1S9RMhPfvmVHmslBQ2a5yrm", &bcrypt));
    assert_true(password_is_outdated(
        "{BLF-CRYPT}$2b$04$wMRe79fIwx.t/nYZzAWIseRyugTTcD1S9RMhPfvmVHmslBQ2a5yrm", &bcrypt));
}

static void unmatchable_matches_nothing(void **state)
{
    const struct password_method method = {PASSWORD_YESCRYPT, 1};
    (void)state;
    const char *stored = password_unmatchable(arena, &method);
    assert_false(password_verify(stored, ""));
    assert_false(password_verify(stored, "Secret123"));
}

static void costs_are_checked(void **state)
{
    (void)state;
    assert_null(password_method_fault(arena, &(struct password_method){PASSWORD_BCRYPT, 0}));
    assert_null(password_method_fault(arena, &(struct password_method){PASSWORD_YESCRYPT, 8}));
    assert_string_equal(
        password_method_fault(arena, &(struct password_method){PASSWORD_YESCRYPT, 9}),
        "The cost of yescrypt is 1 to 8, or 0 for 5.");
    assert_non_null(
        password_method_fault(arena, &(struct password_method){PASSWORD_SHA512_CRYPT, 999}));
}

static void clear_passwords_are_no_hashes(void **state)
{
    (void)state;
    assert_false(password_is_hash("Secret123"));
    assert_false(password_is_hash("{abc}Secret1"));
    assert_false(password_is_hash("{A}Secret1"));
    assert_false(password_is_hash("{CRYPT"));
    assert_false(password_is_hash("{}"));
    assert_false(password_is_hash(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verify_knows_all_schemes),
        cmocka_unit_test(malformed_hashes_are_refused_and_match_nothing),
        cmocka_unit_test(costs_beyond_bearing_are_refused),
        cmocka_unit_test(hash_makes_what_verify_takes),
        cmocka_unit_test(outdated_is_another_scheme_or_cost),
        cmocka_unit_test(unmatchable_matches_nothing),
        cmocka_unit_test(costs_are_checked),
        cmocka_unit_test(clear_passwords_are_no_hashes),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
