/* Signed caller identity: packed roost.common.v1.Identity, then HMAC-SHA256 over it. Metadata
 * roost-assertion-bin. */
#pragma once

#include "proto/roost/common/v1/identity.pb-c.h"
#include "services/common/error/error.h"

enum {
    ASSERTION_MAX_LIFETIME_MS = 30000,
    ASSERTION_MAX_BYTES = 2048,
    ASSERTION_KEY_MIN_BYTES = 32
};

/* A key that is ready for use: to take one in costs more than to sign with it. Any thread may use
 * it.
 */
struct assertion_key;

/* NULL if the key is too short. */
struct assertion_key *assertion_key_new(const uint8_t *key, size_t key_len);
/* Wipes it. */
void assertion_key_free(struct assertion_key *key);
/* A key for another purpose ("page token"), so that nothing signed for it can pass for an
 * assertion. */
void assertion_derive_key(const uint8_t *key, size_t key_len, const char *purpose,
                          uint8_t ret_key[ASSERTION_KEY_MIN_BYTES]);
/* Signs a copy of `identity` with service and expiry set. */
uint8_t *assertion_sign(struct arena *arena, const struct assertion_key *key,
                        const Roost__Common__V1__Identity *identity, const char *service,
                        size_t *ret_len);
/* Constant time. CREDENTIALS_INVALID if it is malformed, forged, expired or lives too long, or if
 * there is no key (NULL). */
MUST_USE const struct error *assertion_verify(struct arena *arena, const struct assertion_key *key,
                                              const uint8_t *data, size_t len,
                                              const Roost__Common__V1__Identity **ret_identity);
