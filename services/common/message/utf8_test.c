#include "services/common/message/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *name;
    const char *text;
    size_t len;
    enum utf8_fault fault;
} cases[] = {
    {"empty", "", 0, UTF8_OK},
    {"ascii", "plain text, longer than eight bytes", 35, UTF8_OK},
    {"tab and newline", "a\tb\nc", 5, UTF8_OK},
    {"two to four bytes", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x93", 9, UTF8_OK},
    {"last code point", "\xf4\x8f\xbf\xbf", 4, UTF8_OK},
    {"U+00A0 is no control", "\xc2\xa0", 2, UTF8_OK},
    {"NUL", "a\0b", 3, UTF8_CONTROL},
    {"carriage return", "12345678\r12345678", 17, UTF8_CONTROL},
    {"control within a word",
     "1234\x01"
     "678",
     8, UTF8_CONTROL},
    {"delete within a word",
     "1234\x7f"
     "678",
     8, UTF8_CONTROL},
    {"C1", "\xc2\x85", 2, UTF8_CONTROL},
    {"ff", "\xff\xfe", 2, UTF8_MALFORMED},
    {"overlong slash", "\xc0\xaf", 2, UTF8_MALFORMED},
    {"overlong in three", "\xe0\x80\xaf", 3, UTF8_MALFORMED},
    {"overlong in four", "\xf0\x80\x80\xaf", 4, UTF8_MALFORMED},
    {"surrogate", "\xed\xa0\x80", 3, UTF8_MALFORMED},
    {"beyond the last", "\xf4\x90\x80\x80", 4, UTF8_MALFORMED},
    {"cut short", "abc\xe2\x82", 5, UTF8_MALFORMED},
    {"continuation alone", "\x80", 1, UTF8_MALFORMED},
    {"malformed after control", "\x01\xff", 2, UTF8_MALFORMED},
    {"high byte in a word",
     "1234\xff"
     "678",
     8, UTF8_MALFORMED},
};

static void utf8_check_tells_clean_control_and_malformed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (utf8_check(cases[i].text, cases[i].len) != cases[i].fault) {
            fail_msg("%s", cases[i].name);
        }
    }
}

static void utf8_check_agrees_for_every_byte_at_every_place(void **state)
{
    (void)state;
    for (int byte = 0; byte < 128; byte++) {
        enum utf8_fault alone = utf8_check(&(char){(char)byte}, 1);
        for (int place = 0; place < 8; place++) {
            char word[8];
            memset(word, 'a', sizeof(word));
            word[place] = (char)byte;
            assert_int_equal(utf8_check(word, sizeof(word)), alone);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_check_tells_clean_control_and_malformed),
        cmocka_unit_test(utf8_check_agrees_for_every_byte_at_every_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
