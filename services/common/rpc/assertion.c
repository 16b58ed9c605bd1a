#include "services/common/rpc/assertion.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "services/common/clock/clock.h"
#include "services/common/message/message.h"

enum { MAC_BYTES = 32 };
_Static_assert((int)MAC_BYTES == (int)ASSERTION_KEY_MIN_BYTES, "a derived key is one digest");

static void mac(const uint8_t *key, size_t key_len, const uint8_t *data, size_t len,
                uint8_t ret_mac[MAC_BYTES])
{
    unsigned mac_len = 0;
    const uint8_t *done = HMAC(EVP_sha256(), key, (int)key_len, data, len, ret_mac, &mac_len);
    check(done && mac_len == MAC_BYTES);
}

void assertion_derive_key(const uint8_t *key, size_t key_len, const char *purpose,
                          uint8_t ret_key[ASSERTION_KEY_MIN_BYTES])
{
    mac(key, key_len, (const uint8_t *)purpose, strlen(purpose), ret_key);
}

uint8_t *assertion_sign(struct arena *arena, const uint8_t *key, size_t key_len,
                        const Roost__Common__V1__Identity *identity, const char *service,
                        size_t *ret_len)
{
    check(key_len >= ASSERTION_KEY_MIN_BYTES);
    Roost__Common__V1__Identity signed_identity = *identity;
    signed_identity.service = (char *)service;
    signed_identity.expires_at_ms = clock_wall_us() / 1000 + ASSERTION_MAX_LIFETIME_MS;
    size_t len = protobuf_c_message_get_packed_size(&signed_identity.base);
    uint8_t *data = arena_alloc(arena, len + MAC_BYTES);
    protobuf_c_message_pack(&signed_identity.base, data);
    mac(key, key_len, data, len, data + len);
    *ret_len = len + MAC_BYTES;
    return data;
}

const struct error *assertion_verify(struct arena *arena, const uint8_t *key, size_t key_len,
                                     const uint8_t *data, size_t len,
                                     const Roost__Common__V1__Identity **ret_identity)
{
    static const char detail[] = "The identity assertion is not valid.";
    if (len < MAC_BYTES || len > ASSERTION_MAX_BYTES || key_len < ASSERTION_KEY_MIN_BYTES) {
        return error_new(arena, REASON_CREDENTIALS_INVALID, "%s", detail);
    }
    uint8_t expected[MAC_BYTES];
    mac(key, key_len, data, len - MAC_BYTES, expected);
    if (CRYPTO_memcmp(expected, data + len - MAC_BYTES, MAC_BYTES) != 0) {
        return error_new(arena, REASON_CREDENTIALS_INVALID, "%s", detail);
    }
    ProtobufCMessage *message;
    const struct error *err = message_unpack(arena, &roost__common__v1__identity__descriptor, data,
                                             len - MAC_BYTES, &message);
    if (err) {
        return error_with_cause(arena, error_new(arena, REASON_CREDENTIALS_INVALID, "%s", detail),
                                "%s", err->detail);
    }
    const Roost__Common__V1__Identity *identity = (const Roost__Common__V1__Identity *)message;
    /* An assertion names its service: without one it was not made by assertion_sign. The same
     * allowance as its life for clocks that differ between machines would double its life, so there
     * is none beyond a second. */
    int64_t left_ms = identity->expires_at_ms - clock_wall_us() / 1000;
    if (left_ms <= 0 || left_ms > ASSERTION_MAX_LIFETIME_MS + 1000 ||
        identity->service[0] == '\0') {
        return error_with_cause(arena, error_new(arena, REASON_CREDENTIALS_INVALID, "%s", detail),
                                "%lld ms of life left", (long long)left_ms);
    }
    *ret_identity = identity;
    return NULL;
}
