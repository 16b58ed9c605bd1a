#include "services/common/address/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define TEN      "abcdefghij"
#define SIXTY    TEN TEN TEN TEN TEN TEN
#define LABEL_63 SIXTY "abc"

/* `wanted` NULL: refused. */
struct name_case {
    const char *given;
    const char *wanted;
};

static const struct name_case domain_cases[] = {
    {"example.com", "example.com"},
    {"EXAMPLE.Com", "example.com"},
    {"a.b.c.d.example", "a.b.c.d.example"},
    {"3com.com", "3com.com"},
    {"r3---sn-x.example.com", "r3---sn-x.example.com"},
    {LABEL_63 ".com", LABEL_63 ".com"},
    {LABEL_63 "." LABEL_63 "." LABEL_63 "." SIXTY "x",
     LABEL_63 "." LABEL_63 "." LABEL_63 "." SIXTY "x"},
    /* One canonical form for U-labels, A-labels, upper case, full width and decomposed text. */
    {"m\xc3\xbcnchen.example", "xn--mnchen-3ya.example"},
    {"M\xc3\x9cNCHEN.example", "xn--mnchen-3ya.example"},
    {"mu\xcc\x88nchen.example", "xn--mnchen-3ya.example"},
    {"XN--MNCHEN-3YA.example", "xn--mnchen-3ya.example"},
    {"xn--mnchen-3ya.example", "xn--mnchen-3ya.example"},
    {"\xef\xbd\x85xample\xe3\x80\x82"
     "com",
     "example.com"},
    {"fa\xc3\x9f.de", "xn--fa-hia.de"},
    {"\xd7\x93\xd7\x95\xd7\x90\xd7\xa8.example", "xn--4dbfg1f.example"},
    /* Not host names. */
    {"", NULL},
    {".", NULL},
    {"..", NULL},
    {"com", NULL},
    {"localhost", NULL},
    {".example.com", NULL},
    {"example.com.", NULL},
    {"a..tld", NULL},
    {"-a.example", NULL},
    {"a-.example", NULL},
    {"a_b.example", NULL},
    {"1.2.3.4", NULL},
    {"[1.2.3.4]", NULL},
    {"::1", NULL},
    {"example.com:25", NULL},
    {"user@example.com", NULL},
    {LABEL_63 "d.com", NULL},
    {LABEL_63 "." LABEL_63 "." LABEL_63 "." SIXTY "xy", NULL},
    /* Paths. */
    {"../x", NULL},
    {"./x.tld", NULL},
    {"..%2fx", NULL},
    {"/etc/passwd", NULL},
    {"/etc/x.tld", NULL},
    {"a/b", NULL},
    {"a/b.tld", NULL},
    {"a\\b.tld", NULL},
    {"\xef\xbc\x8f"
     "etc.tld",
     NULL},
    /* Syntax of something else. */
    {"example.com\n", NULL},
    {"example.com\r\nevil.com", NULL},
    {"exa mple.com", NULL},
    {"example.com;id", NULL},
    {"a|b.example", NULL},
    {"`id`.example", NULL},
    {"$(id).example", NULL},
    {"{{7*7}}.example", NULL},
    {"%s.example", NULL},
    {"${jndi}.example", NULL},
    {"' OR 1=1--.example", NULL},
    {"<script>.example", NULL},
    {"*.example", NULL},
    /* IDNA: malformed, not the A-label of anything, invisible characters, not UTF-8. */
    {"xn--.example", NULL},
    {"xn--a.example", NULL},
    {"xn--zzzzzzzz99999.example", NULL},
    {"xn--example-.com", NULL},
    {"exam\xe2\x80\x8dple.com", NULL},
    {"exam\xe2\x80\x8cple.com", NULL},
    {"exam\xe2\x80\x8fple.com", NULL},
    {"exam\xe2\x80\xaeple.com", NULL},
    {"exam\xc2\xadple.com", NULL},
    {"\xef\xbb\xbf"
     "example.com",
     NULL},
    {"exam\xc2\x85ple.com", NULL},
    {"exam\xc2\xa0ple.com", NULL},
    {"\xff\xfe.com", NULL},
    {"\xc0\xaf.com", NULL},
    {"\xf0\x9f\x92\xa9.example", NULL},
};

static const struct name_case local_part_cases[] = {
    {"bob", "bob"},
    {"BOB", "bob"},
    {"bob.smith", "bob.smith"},
    {"a+b", "a+b"},
    {"-a", "-a"},
    {"!#$%&'*+-=?^_`{|}~", "!#$%&'*+-=?^_`{|}~"},
    {SIXTY "abcd", SIXTY "abcd"},
    {"\xc3\x84rger", "\xc3\xa4rger"},
    {"A\xcc\x88rger", "\xc3\xa4rger"},
    {"\xe7\x94\xa8\xe6\x88\xb7", "\xe7\x94\xa8\xe6\x88\xb7"},
    {"%s", "%s"},
    {"{{7*7}}", "{{7*7}}"},
    {"", NULL},
    {".", NULL},
    {"..", NULL},
    {".bob", NULL},
    {"bob.", NULL},
    {"b..b", NULL},
    {SIXTY "abcde", NULL},
    /* 64 bytes, the last of them a letter of which the lower case is longer. */
    {SIXTY "ab\xc8\xba", NULL},
    {"\"a b\"", NULL},
    {"\"../x\"", NULL},
    {"\"a@b\"", NULL},
    {"a b", NULL},
    {"../x", NULL},
    {"a/b", NULL},
    {"a\\b", NULL},
    {"a@b", NULL},
    {"a\nb", NULL},
    {"bob\n", NULL},
    {"a\r\nb", NULL},
    {"a\tb", NULL},
    {"a\x7f", NULL},
    {"a;b", NULL},
    {"$(id)", NULL},
    {"<script>", NULL},
    {"a,b", NULL},
    {"bo\xe2\x80\x8d"
     "b",
     NULL},
    {"bo\xe2\x80\x8f"
     "b",
     NULL},
    {"bo\xe2\x80\xae"
     "b",
     NULL},
    {"bo\xc2\x85"
     "b",
     NULL},
    {"bo\xc2\xa0"
     "b",
     NULL},
    {"bo\xe2\x80\xa8"
     "b",
     NULL},
    {"\xff", NULL},
    {"\xc0\xaf", NULL},
    {"\xed\xa0\x80", NULL},
};

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

static void expect(const struct name_case *one, const char *found, const char *fault)
{
    if (one->wanted) {
        if (!found) {
            fail_msg("\"%s\" was refused: %s", one->given, fault);
        }
        assert_string_equal(found, one->wanted);
    } else if (found) {
        fail_msg("\"%s\" was accepted as \"%s\"", one->given, found);
    } else {
        assert_non_null(fault);
    }
}

static void domain_has_one_canonical_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof domain_cases / sizeof domain_cases[0]; i++) {
        const char *fault = NULL;
        const char *found = address_canonical_domain(arena, domain_cases[i].given, &fault);
        expect(&domain_cases[i], found, fault);
    }
}

static void local_part_has_one_canonical_form(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof local_part_cases / sizeof local_part_cases[0]; i++) {
        const char *fault = NULL;
        const char *found = address_canonical_local_part(arena, local_part_cases[i].given, &fault);
        expect(&local_part_cases[i], found, fault);
    }
}

static void address_is_split_and_joined(void **state)
{
    (void)state;
    struct address address;
    const char *fault = NULL;
    assert_true(address_parse(arena, "Bob@M\xc3\x9cNCHEN.example", false, &address, &fault));
    assert_string_equal(address.local_part, "bob");
    assert_string_equal(address.domain, "xn--mnchen-3ya.example");
    assert_string_equal(address.full, "bob@xn--mnchen-3ya.example");
}

static void address_refuses_what_is_none(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "@",
        "bob",
        "bob@",
        "@example.com",
        "a@b@example.com",
        "bob@example",
        "bob@@example.com",
        "\"a@b\"@example.com",
        "bob@../x",
        " bob@example.com",
        "bob@example.com ",
        "bob@example.com\n",
        /* 255 bytes in all. */
        SIXTY "@" LABEL_63 "." LABEL_63 "." SIXTY "123456",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct address address = {.full = NULL};
        const char *fault = NULL;
        if (address_parse(arena, bad[i], false, &address, &fault)) {
            fail_msg("\"%s\" was accepted as \"%s\"", bad[i], address.full);
        }
        assert_non_null(fault);
        assert_null(address.full);
    }
}

static void address_admits_254_bytes(void **state)
{
    (void)state;
    struct address address;
    const char *fault = NULL;
    const char *longest = SIXTY "@" LABEL_63 "." LABEL_63 "." SIXTY "abc.ab";
    assert_int_equal(strlen(longest), 255);
    assert_false(address_parse(arena, longest, false, &address, &fault));
    assert_string_equal(fault, "The address is longer than 254 bytes.");
    assert_true(address_parse(arena, longest + 1, false, &address, &fault));
    assert_int_equal(strlen(address.full), 254);
}

static void address_is_a_catch_all_only_where_allowed(void **state)
{
    (void)state;
    struct address address;
    const char *fault = NULL;
    assert_true(address_parse(arena, "@Example.com", true, &address, &fault));
    assert_string_equal(address.local_part, "");
    assert_string_equal(address.full, "@example.com");
    assert_false(address_parse(arena, "@Example.com", false, &address, &fault));
    assert_string_equal(fault, "Enter a valid email address.");
}

static void search_text_is_folded(void **state)
{
    (void)state;
    assert_string_equal(address_fold(arena, ""), "");
    assert_string_equal(address_fold(arena, "Bob@EX"), "bob@ex");
    assert_string_equal(address_fold(arena, "A\xcc\x88R"), "\xc3\xa4r");
    assert_string_equal(address_fold(arena, "100%_\\"), "100%_\\");
}

static void mailbox_has_no_name_that_mail_misreads(void **state)
{
    (void)state;
    static const char *const good[] = {"bob", "o'brien", "a-b", "a=b", "#$&'=^_`{|}~", "\xc3\xa4"};
    static const char *const bad[] = {"a+b", "+", "-a", "-", "a%b", "a!b", "*", "a?", "%u"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_null(address_mailbox_fault(arena, good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_non_null(address_mailbox_fault(arena, bad[i]));
        assert_null(address_alias_fault(arena, bad[i]));
    }
}

static void name_is_the_one_that_postfix_asks_for(void **state)
{
    (void)state;
    static const char *const good[] = {"bob", "\xc3\xa4rger", "\xcf\x83\xce\xb1", "\xce\x90"};
    /* stra\xdfe, a final sigma, the ligature fi. */
    static const struct name_case bad[] = {{"stra\xc3\x9f\x65", "strasse"},
                                           {"\xce\xb1\xcf\x82", "\xce\xb1\xcf\x83"},
                                           {"\xef\xac\x81", "fi"}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_null(address_alias_fault(arena, good[i]));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_string_equal(address_alias_fault(arena, bad[i].given),
                            arena_printf(arena,
                                         "Mail servers take the part before the @ for \"%s\".",
                                         bad[i].wanted));
        assert_non_null(address_mailbox_fault(arena, bad[i].given));
    }
}

static void extension_is_cut_off(void **state)
{
    (void)state;
    assert_string_equal(address_without_extension(arena, "bob"), "bob");
    assert_string_equal(address_without_extension(arena, "bob+lists+x"), "bob");
    assert_string_equal(address_without_extension(arena, "+lists"), "+lists");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(domain_has_one_canonical_form),
        cmocka_unit_test(local_part_has_one_canonical_form),
        cmocka_unit_test(address_is_split_and_joined),
        cmocka_unit_test(address_refuses_what_is_none),
        cmocka_unit_test(address_admits_254_bytes),
        cmocka_unit_test(address_is_a_catch_all_only_where_allowed),
        cmocka_unit_test(search_text_is_folded),
        cmocka_unit_test(mailbox_has_no_name_that_mail_misreads),
        cmocka_unit_test(name_is_the_one_that_postfix_asks_for),
        cmocka_unit_test(extension_is_cut_off),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
