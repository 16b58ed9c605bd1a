/* A token that is taken is the one encoding of what it says. Signed bodies reach the reader behind
 * the signature. */
#include <string.h>

#include "services/common/fuzz/fuzz.h"
#include "services/common/list/page_token.h"

static void try_token(struct arena *arena, const char *text)
{
    struct page_token token;

    if (page_token_decode(arena, "list", text, &token)) {
        check(strcmp(page_token_encode(arena, "list", &token), text) == 0);
        check(!page_token_decode(arena, "other", text, &token));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(65536);

    try_token(arena, arena_strndup(arena, (const char *)data, size));
    try_token(arena, page_token_seal(arena, "list", data, size));
    arena_free(arena);
    return 0;
}
