#include "services/common/rpc/assertion.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

#include "services/common/clock/clock.h"
#include "services/common/message/message.h"

enum { MAC_BYTES = 32 };
_Static_assert((int)MAC_BYTES == (int)ASSERTION_KEY_MIN_BYTES, "a derived key is one digest");

struct assertion_key {
    EVP_MAC_CTX *ctx; /* has taken in the key; copied for each use */
};

static struct assertion_key *key_new(const uint8_t *key, size_t key_len)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"SHA256"}, 0),
        OSSL_PARAM_construct_end(),
    };
    struct assertion_key *ready = calloc(1, sizeof(*ready));
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
    check(ready && hmac);
    ready->ctx = EVP_MAC_CTX_new(hmac);
    check(ready->ctx && EVP_MAC_init(ready->ctx, key, key_len, params) == 1);
    EVP_MAC_free(hmac);
    return ready;
}

struct assertion_key *assertion_key_new(const uint8_t *key, size_t key_len)
{
    return key_len < ASSERTION_KEY_MIN_BYTES ? NULL : key_new(key, key_len);
}

void assertion_key_free(struct assertion_key *key)
{
    if (key) {
        EVP_MAC_CTX_free(key->ctx);
        free(key);
    }
}

static void mac(const struct assertion_key *key, const uint8_t *data, size_t len,
                uint8_t ret_mac[MAC_BYTES])
{
    size_t mac_len = 0;
    EVP_MAC_CTX *ctx = EVP_MAC_CTX_dup(key->ctx);
    check(ctx && EVP_MAC_update(ctx, data, len) == 1);
    check(EVP_MAC_final(ctx, ret_mac, &mac_len, MAC_BYTES) == 1 && mac_len == MAC_BYTES);
    EVP_MAC_CTX_free(ctx);
}

void assertion_derive_key(const uint8_t *key, size_t key_len, const char *purpose,
                          uint8_t ret_key[ASSERTION_KEY_MIN_BYTES])
{
    struct assertion_key *ready = key_new(key, key_len);
    mac(ready, (const uint8_t *)purpose, strlen(purpose), ret_key);
    assertion_key_free(ready);
}

uint8_t *assertion_sign(struct arena *arena, const struct assertion_key *key,
                        const Roost__Common__V1__Identity *identity, const char *service,
                        size_t *ret_len)
{
    check(key);
    Roost__Common__V1__Identity signed_identity = *identity;
    signed_identity.service = (char *)service;
    signed_identity.expires_at_ms = clock_wall_us() / 1000 + ASSERTION_MAX_LIFETIME_MS;
    size_t len = protobuf_c_message_get_packed_size(&signed_identity.base);
    uint8_t *data = arena_alloc(arena, len + MAC_BYTES);
    protobuf_c_message_pack(&signed_identity.base, data);
    mac(key, data, len, data + len);
    *ret_len = len + MAC_BYTES;
    return data;
}

const struct error *assertion_verify(struct arena *arena, const struct assertion_key *key,
                                     const uint8_t *data, size_t len,
                                     const Roost__Common__V1__Identity **ret_identity)
{
    static const char detail[] = "The identity assertion is not valid.";
    if (!key || len < MAC_BYTES || len > ASSERTION_MAX_BYTES) {
        return error_new(arena, REASON_CREDENTIALS_INVALID, "%s", detail);
    }
    uint8_t expected[MAC_BYTES];
    mac(key, data, len - MAC_BYTES, expected);
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
