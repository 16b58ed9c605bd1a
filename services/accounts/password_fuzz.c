/* What passes for a hash is one that crypt takes as a setting; what passes for a user name is
 * canonical. */
#include <crypt.h>
#include <string.h>

#include "services/accounts/account.h"
#include "services/accounts/password.h"
#include "services/common/fuzz/fuzz.h"

static void try_hash(const char *text)
{
    enum error_reason reason = REASON_COUNT;
    const char *fault = password_hash_fault(text, &reason);
    check(!fault == (reason == REASON_COUNT));
    if (!fault) {
        check(password_is_hash(text) && strlen(text) <= PASSWORD_MAX_BYTES);
        check(crypt_checksalt(strchr(text, '}') + 1) != CRYPT_SALT_INVALID);
        check(!strpbrk(text, " :\n"));
    }
}

static void try_username(struct arena *arena, const char *text)
{
    const char *fault = NULL;
    const char *name = account_canonical_username(arena, text, &fault);
    check(!name == !!fault);
    if (name) {
        const char *again = account_canonical_username(arena, name, &fault);
        check(again && strcmp(again, name) == 0);
        check(*name && strlen(name) <= 254 && !strpbrk(name, "\t\n\r\x7f"));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(1024);
    const char *text = arena_strndup(arena, (const char *)data, size);
    try_hash(text);
    try_username(arena, text);
    arena_free(arena);
    return 0;
}
