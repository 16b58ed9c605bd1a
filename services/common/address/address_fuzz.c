/* Whatever passes is canonical: passing it again changes nothing, and it can be a map key and a
 * directory name. */
#include <string.h>

#include "services/common/address/address.h"
#include "services/common/fuzz/fuzz.h"

static bool is_safe(const char *text)
{
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c <= ' ' || *c == 0x7f || strchr("/\\\"<>()[]:;,@", *c)) {
            return false;
        }
    }
    return *text && text[0] != '.' && !strstr(text, "..");
}

static void try_domain(struct arena *arena, const char *text)
{
    const char *fault = NULL;
    const char *name = address_canonical_domain(arena, text, &fault);
    check(!name == !!fault);
    if (name) {
        const char *again = address_canonical_domain(arena, name, &fault);
        check(again && strcmp(again, name) == 0);
        check(is_safe(name) && strlen(name) <= 253 && strchr(name, '.'));
    }
}

static void try_local_part(struct arena *arena, const char *text)
{
    const char *fault = NULL;
    const char *local_part = address_canonical_local_part(arena, text, &fault);
    check(!local_part == !!fault);
    if (local_part) {
        const char *again = address_canonical_local_part(arena, local_part, &fault);
        check(again && strcmp(again, local_part) == 0);
        check(is_safe(local_part) && strlen(local_part) <= 64);
        check(*address_without_extension(arena, local_part));
    }
}

static void try_address(struct arena *arena, const char *text)
{
    struct address address, again;
    const char *fault = NULL;
    if (address_parse(arena, text, true, &address, &fault)) {
        check(address_parse(arena, address.full, true, &again, &fault));
        check(strcmp(address.full, again.full) == 0 && strlen(address.full) <= 254);
        check(address_parse(arena, text, false, &again, &fault) == (*address.local_part != '\0'));
    } else {
        check(fault);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(4096);
    const char *text = arena_strndup(arena, (const char *)data, size);
    try_domain(arena, text);
    try_local_part(arena, text);
    try_address(arena, text);
    arena_free(arena);
    return 0;
}
