/* Small work on secrets: randomness, digests, comparing, wiping. Pure but for the randomness;
 * thread safe. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "services/common/arena/arena.h"

enum { SECRET_SHA256_BYTES = 32 };

/* n_bytes of randomness as lower-case hex, twice as long. */
char *secret_random_hex(struct arena *arena, size_t n_bytes);
/* n_bytes of randomness as base64url without padding. */
char *secret_random_base64url(struct arena *arena, size_t n_bytes);
void secret_sha256(const void *data, size_t len, uint8_t ret_digest[SECRET_SHA256_BYTES]);
/* The digest of a text as lower-case hex. */
char *secret_sha256_hex(struct arena *arena, const char *text);
/* In a time that depends on the lengths only. */
bool secret_is_equal(const char *a, const char *b);
/* Overwrites the text where it is. NULL is allowed. */
void secret_wipe(char *text);
