#include "services/accounts/password_policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void policy_names_the_first_broken_rule(void **state)
{
    static const struct password_policy usual = {8, 1, 1, 1, 0, 256};
    static const struct password_policy special = {8, 1, 1, 2, 1, 72};
    static const struct {
        const struct password_policy *policy;
        const char *password;
        const char *fault; /* NULL: strong */
    } cases[] = {
        {&usual, "Secret123", NULL},
        {&usual, "Secret1", "This password is too short. It must contain at least 8 characters."},
        {&usual, "", "This password is too short. It must contain at least 8 characters."},
        {&usual, "SecretWord", "Password must contain at least 1 digit."},
        {&usual, "SECRET123", "Password must contain at least 1 lowercase letter."},
        {&usual, "secret123", "Password must contain at least 1 uppercase letter."},
        {&usual, "Secret 123 äöü", NULL},
        {&usual, "Bob.Miller9", "The password is too similar to the username."},
        {&usual, "BOB.miller9@Example.test", "The password is too similar to the username."},
        {&special, "Secret1!", "Password must contain at least 2 digits."},
        {&special, "Secret12", "Password must contain at least 1 special character."},
        {&special, "Secret12!", NULL},
        {&special, "Secret12!0000000000000000000000000000000000000000000000000000000000000000",
         "This password is too long. It must contain at most 72 bytes."},
    };
    struct arena *arena = arena_new(1024);
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *fault = password_policy_fault(arena, cases[i].policy, cases[i].password,
                                                  "bob.miller9@example.test");
        print_message("%s\n", cases[i].password);
        if (cases[i].fault) {
            assert_non_null(fault);
            assert_string_equal(fault, cases[i].fault);
        } else {
            assert_null(fault);
        }
    }
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(policy_names_the_first_broken_rule)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
