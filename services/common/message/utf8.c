#include "services/common/message/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define REPEAT(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Eight bytes of 0x20..0x7e: the common case, in a few instructions. Never true for any other byte.
 */
static bool is_plain8(const unsigned char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    uint64_t below_space = (word - REPEAT(0x20)) & ~word;
    uint64_t del = word ^ REPEAT(0x7f);
    uint64_t is_del = (del - REPEAT(0x01)) & ~del;
    return ((word | below_space | is_del) & REPEAT(0x80)) == 0;
}

/* The length of the multi-byte sequence at `at`, 0 if it is malformed. RFC 3629, section 4. */
static size_t sequence_len(const unsigned char *at, size_t left)
{
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    size_t len;
    if (at[0] >= 0xc2 && at[0] <= 0xdf) {
        len = 2;
    } else if (at[0] >= 0xe0 && at[0] <= 0xef) {
        len = 3;
        low = at[0] == 0xe0 ? 0xa0 : 0x80;
        high = at[0] == 0xed ? 0x9f : 0xbf;
    } else if (at[0] >= 0xf0 && at[0] <= 0xf4) {
        len = 4;
        low = at[0] == 0xf0 ? 0x90 : 0x80;
        high = at[0] == 0xf4 ? 0x8f : 0xbf;
    } else {
        return 0;
    }
    if (left < len || at[1] < low || at[1] > high) {
        return 0;
    }
    for (size_t i = 2; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return len;
}

enum utf8_fault utf8_check(const char *text, size_t len)
{
    const unsigned char *at = (const unsigned char *)text;
    const unsigned char *end = at + len;
    enum utf8_fault fault = UTF8_OK;
    while (at < end) {
        if (end - at >= 8 && is_plain8(at)) {
            at += 8;
            continue;
        }
        if (*at < 0x80) {
            if ((*at < 0x20 && *at != '\t' && *at != '\n') || *at == 0x7f) {
                fault = UTF8_CONTROL;
            }
            at++;
            continue;
        }
        size_t n = sequence_len(at, (size_t)(end - at));
        if (n == 0) {
            return UTF8_MALFORMED;
        }
        if (at[0] == 0xc2 && at[1] < 0xa0) {
            fault = UTF8_CONTROL;
        }
        at += n;
    }
    return fault;
}
