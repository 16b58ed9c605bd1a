/* The page token as bytes: where a list goes on, signed. Private to list. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "services/common/pg/pg.h"

enum { PAGE_TOKEN_FINGERPRINT_BYTES = 16, PAGE_TOKEN_KEY_MAX_BYTES = 4096 };

struct page_token {
    uint8_t ordering;
    uint8_t is_descending;
    /* Of the filters and the caller. */
    uint8_t fingerprint[PAGE_TOKEN_FINGERPRINT_BYTES];
    /* The last row's values: PG_INT64, PG_BOOL, PG_TEXT or PG_TIME_US. */
    struct pg_arg key;
    struct pg_arg id;
};

/* base64url. `list` is the list's name. */
char *page_token_encode(struct arena *arena, const char *list, const struct page_token *token);
/* False if it is malformed, changed, or made for another list. Names of key and id are after_key,
 * after_id. */
bool page_token_decode(struct arena *arena, const char *list, const char *text,
                       struct page_token *ret_token);
/* Signs a body as it is: page_token_encode's last step, and the way of the fuzz target past the
 * signature. */
char *page_token_seal(struct arena *arena, const char *list, const uint8_t *body, size_t len);
