#include "services/common/address/address.h"

#include <idn2.h>
#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

enum {
    DOMAIN_MAX_BYTES = 253,
    DOMAIN_INPUT_MAX_BYTES = 1024,
    LABEL_MAX_BYTES = 63,
    LOCAL_PART_MAX_BYTES = 64,
    ADDRESS_MAX_BYTES = 254,
};

static const char fault_domain[] = "Enter a valid domain name";
static const char fault_address[] = "Enter a valid email address.";
static const char fault_local_part[] = "The part before the @ is not valid.";
static const char fault_local_part_long[] = "The part before the @ is longer than 64 bytes.";
static const char fault_address_long[] = "The address is longer than 254 bytes.";

static bool is_ascii(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text >= 0x80) {
            return false;
        }
    }
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void lower_ascii(char *text)
{
    for (; *text; text++) {
        if (*text >= 'A' && *text <= 'Z') {
            *text = (char)(*text - 'A' + 'a');
        }
    }
}

/* Letters, digits and inner hyphens: RFC 1123 2.1, in lower case. */
static bool is_label(const char *label, size_t len)
{
    if (len == 0 || len > LABEL_MAX_BYTES || label[0] == '-' || label[len - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        bool is_letter = label[i] >= 'a' && label[i] <= 'z';
        if (!is_letter && !is_digit(label[i]) && label[i] != '-') {
            return false;
        }
    }
    return true;
}

/* At least two labels; the last one is not a number, so that no IPv4 address passes. */
static bool is_host_name(const char *name)
{
    size_t n_labels = 0;
    if (strlen(name) > DOMAIN_MAX_BYTES) {
        return false;
    }
    for (const char *label = name;;) {
        size_t len = strcspn(label, ".");
        if (!is_label(label, len)) {
            return false;
        }
        n_labels++;
        if (label[len] == '\0') {
            return n_labels >= 2 && strspn(label, "0123456789") != len;
        }
        label += len + 1;
    }
}

static bool has_a_label(const char *name)
{
    return strncmp(name, "xn--", 4) == 0 || strstr(name, ".xn--");
}

/* UTS 46 would silently drop or keep these: no name needs them, and they make two names look the
 * same. */
static bool is_invisible(ucs4_t c)
{
    return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Cc | UC_CATEGORY_MASK_Cf |
                                                   UC_CATEGORY_MASK_Cs | UC_CATEGORY_MASK_Co |
                                                   UC_CATEGORY_MASK_Cn | UC_CATEGORY_MASK_Z) ||
           uc_is_property_default_ignorable_code_point(c);
}

/* False as well where the text is not UTF-8. */
static bool is_visible_text(const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len;) {
        ucs4_t c;
        int n = u8_mbtoucr(&c, (const uint8_t *)text + i, len - i);
        if (n <= 0 || is_invisible(c)) {
            return false;
        }
        i += (size_t)n;
    }
    return true;
}

/* NULL if the name is not valid by IDNA 2008. */
static char *to_a_labels(struct arena *arena, const char *text)
{
    uint8_t *found = NULL;
    char *name = NULL;
    /* Without IDN2_USE_STD3_ASCII_RULES: it drops what maps to a slash, and the caller refuses the
     * slash. */
    int flags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL;
    if (idn2_lookup_u8((const uint8_t *)text, &found, flags) == IDN2_OK) {
        name = arena_strdup(arena, (const char *)found);
    }
    idn2_free(found);
    return name;
}

/* Whether A-labels given by the user are the ones that their U-labels lead to: RFC 5891 5.4. */
static bool is_round_trip(struct arena *arena, const char *name)
{
    char *unicode = NULL;
    bool is_same = false;
    if (idn2_to_unicode_8z8z(name, &unicode, 0) == IDN2_OK && is_visible_text(unicode)) {
        const char *again = to_a_labels(arena, unicode);
        is_same = again && strcmp(again, name) == 0;
    }
    idn2_free(unicode);
    return is_same;
}

static char *canonical_domain(struct arena *arena, const char *text)
{
    size_t len = strlen(text);
    if (len == 0 || len > DOMAIN_INPUT_MAX_BYTES || !is_visible_text(text)) {
        return NULL;
    }
    char *name = arena_strdup(arena, text);
    lower_ascii(name);
    if (!is_ascii(name)) {
        name = to_a_labels(arena, name);
        if (!name) {
            return NULL;
        }
        lower_ascii(name);
    }
    if (!is_host_name(name) || (has_a_label(name) && !is_round_trip(arena, name))) {
        return NULL;
    }
    return name;
}

char *address_canonical_domain(struct arena *arena, const char *text, const char **ret_fault)
{
    char *name = canonical_domain(arena, text);
    if (!name) {
        *ret_fault = fault_domain;
    }
    return name;
}

/* RFC 5322 atext without the slash, or RFC 6531 UTF-8. */
static bool is_atom_byte(char c)
{
    unsigned char byte = (unsigned char)c;
    if (byte >= 0x80 || is_digit(c) || (byte >= 'a' && byte <= 'z') ||
        (byte >= 'A' && byte <= 'Z')) {
        return true;
    }
    return byte != '\0' && strchr("!#$%&'*+-=?^_`{|}~", c);
}

static bool is_dot_string(const char *text)
{
    bool after_dot = true;
    for (; *text; text++) {
        if (*text == '.' ? after_dot : !is_atom_byte(*text)) {
            return false;
        }
        after_dot = *text == '.';
    }
    return !after_dot;
}

/* Lower case by the Unicode rules of no particular language, then NFC. */
static char *lower_nfc(struct arena *arena, const char *text)
{
    size_t len = 0;
    char *lower = NULL;
    uint8_t *found = u8_tolower((const uint8_t *)text, strlen(text), NULL, UNINORM_NFC, NULL, &len);
    if (found) {
        lower = arena_strndup(arena, (const char *)found, len);
    }
    free(found);
    return lower;
}

char *address_canonical_local_part(struct arena *arena, const char *text, const char **ret_fault)
{
    if (strlen(text) > LOCAL_PART_MAX_BYTES) {
        *ret_fault = fault_local_part_long;
        return NULL;
    }
    if (!is_dot_string(text) || !is_visible_text(text)) {
        *ret_fault = fault_local_part;
        return NULL;
    }
    char *lower;
    if (is_ascii(text)) {
        lower = arena_strdup(arena, text);
        lower_ascii(lower);
        return lower;
    }
    lower = lower_nfc(arena, text);
    if (!lower || !is_dot_string(lower)) {
        *ret_fault = fault_local_part;
        return NULL;
    }
    if (strlen(lower) > LOCAL_PART_MAX_BYTES) {
        *ret_fault = fault_local_part_long;
        return NULL;
    }
    return lower;
}

bool address_parse(struct arena *arena, const char *text, bool allow_catch_all,
                   struct address *ret_address, const char **ret_fault)
{
    struct address address;
    const char *at = strchr(text, '@');
    if (!at || strchr(at + 1, '@') || (at == text && !allow_catch_all)) {
        *ret_fault = fault_address;
        return false;
    }
    if (at == text) {
        address.local_part = arena_strdup(arena, "");
    } else {
        const char *local_part = arena_strndup(arena, text, (size_t)(at - text));
        address.local_part = address_canonical_local_part(arena, local_part, ret_fault);
        if (!address.local_part) {
            return false;
        }
    }
    address.domain = address_canonical_domain(arena, at + 1, ret_fault);
    if (!address.domain) {
        return false;
    }
    address.full = arena_printf(arena, "%s@%s", address.local_part, address.domain);
    if (strlen(address.full) > ADDRESS_MAX_BYTES) {
        *ret_fault = fault_address_long;
        return false;
    }
    *ret_address = address;
    return true;
}

char *address_fold(struct arena *arena, const char *text)
{
    char *lower = is_ascii(text) ? NULL : lower_nfc(arena, text);
    if (!lower) {
        lower = arena_strdup(arena, text);
        lower_ascii(lower);
    }
    return lower;
}

/* Postfix asks for what Unicode's full case folding makes of an address, which is not always its
 * lower case: a sharp s becomes ss, a final sigma a sigma. Another's mailbox may be called that. */
const char *address_alias_fault(struct arena *arena, const char *local_part)
{
    if (is_ascii(local_part)) {
        return NULL;
    }
    size_t len = 0;
    uint8_t *found =
        u8_casefold((const uint8_t *)local_part, strlen(local_part), NULL, UNINORM_NFC, NULL, &len);
    check(found);
    const char *folded = arena_strndup(arena, (const char *)found, len);
    free(found);
    return strcmp(folded, local_part) == 0
               ? NULL
               : arena_printf(arena, "Mail servers take the part before the @ for \"%s\".", folded);
}

/* Postfix takes a + for the beginning of an extension, reads % and ! as routes through other hosts
 * and refuses a hyphen in front; for Dovecot * and ? stand for any user. */
const char *address_mailbox_fault(struct arena *arena, const char *local_part)
{
    if (strchr(local_part, '+')) {
        return "The address of a mailbox cannot have a + before the @.";
    }
    if (local_part[0] == '-') {
        return "The address of a mailbox cannot begin with a hyphen.";
    }
    if (strpbrk(local_part, "%!*?")) {
        return "The address of a mailbox cannot have one of % ! * ?";
    }
    return address_alias_fault(arena, local_part);
}

char *address_without_extension(struct arena *arena, const char *local_part)
{
    const char *plus = strchr(local_part, '+');
    /* As Postfix does it: nothing is split off where nothing would remain. */
    if (!plus || plus == local_part) {
        return arena_strdup(arena, local_part);
    }
    return arena_strndup(arena, local_part, (size_t)(plus - local_part));
}
