/* What text may hold, wherever it comes from. Pure. */
#pragma once

#include <stddef.h>

enum utf8_fault {
    UTF8_OK,
    UTF8_MALFORMED, /* not UTF-8: a bad byte, an overlong form, a surrogate, beyond U+10FFFF */
    UTF8_CONTROL,   /* UTF-8 with a C0 or C1 control character other than tab and newline, or DEL */
};

/* Malformed text is reported even where a control character comes first. */
enum utf8_fault utf8_check(const char *text, size_t len);
