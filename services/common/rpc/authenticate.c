#include "services/common/rpc/authenticate.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "services/common/clock/clock.h"
#include "services/common/message/message.h"
#include "services/common/rpc/assertion.h"

enum {
    CACHE_ENTRIES = 256, /* by the digest's first byte: a token takes the place of another there */
    CACHE_LIFE_US = 2000000,
    MAX_CACHED_IDENTITY_BYTES = 320,
    MAX_TOKEN_BYTES = 256,
};

struct cached {
    uint8_t token_hash[SHA256_DIGEST_LENGTH];
    int64_t until_us;
    size_t len;
    uint8_t identity[MAX_CACHED_IDENTITY_BYTES];
};

struct authenticator {
    struct assertion_key *key; /* NULL: nobody's assertion is believed */
    rpc_authenticate_fn *ask;
    EVP_MD *sha256;       /* to look it up costs more than a digest of a token */
    pthread_mutex_t lock; /* of the cache */
    struct cached cache[CACHE_ENTRIES];
};

static const Roost__Common__V1__Identity nobody = ROOST__COMMON__V1__IDENTITY__INIT;

struct authenticator *authenticator_new(const uint8_t *key, size_t key_len,
                                        rpc_authenticate_fn *ask)
{
    struct authenticator *authenticator = calloc(1, sizeof(*authenticator));
    check(authenticator);
    authenticator->key = assertion_key_new(key, key_len);
    authenticator->ask = ask;
    authenticator->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    check(authenticator->sha256);
    check(pthread_mutex_init(&authenticator->lock, NULL) == 0);
    return authenticator;
}

void authenticator_free(struct authenticator *authenticator)
{
    assertion_key_free(authenticator->key);
    EVP_MD_free(authenticator->sha256);
    pthread_mutex_destroy(&authenticator->lock);
    explicit_bzero(authenticator, sizeof(*authenticator));
    free(authenticator);
}

/* The key of "Token <key>" or "Bearer <key>"; NULL if it is neither. */
static const char *token_of(struct arena *arena, const char *text, size_t len)
{
    static const char *const schemes[] = {"Token ", "Bearer "};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t scheme_len = strlen(schemes[i]);
        if (len <= scheme_len || len > scheme_len + MAX_TOKEN_BYTES ||
            strncasecmp(text, schemes[i], scheme_len) != 0) {
            continue;
        }
        for (size_t c = scheme_len; c < len; c++) {
            if (text[c] <= ' ' || text[c] > '~') {
                return NULL;
            }
        }
        return arena_strndup(arena, text + scheme_len, len - scheme_len);
    }
    return NULL;
}

/* NULL if the token is not there. */
static const Roost__Common__V1__Identity *cache_get(struct authenticator *authenticator,
                                                    const uint8_t *hash, struct arena *arena)
{
    const struct cached *cached = &authenticator->cache[hash[0]];
    Roost__Common__V1__Identity *identity = NULL;
    pthread_mutex_lock(&authenticator->lock);
    if (cached->until_us > clock_monotonic_us() &&
        memcmp(cached->token_hash, hash, SHA256_DIGEST_LENGTH) == 0) {
        identity = (Roost__Common__V1__Identity *)protobuf_c_message_unpack(
            &roost__common__v1__identity__descriptor, arena_allocator(arena), cached->len,
            cached->identity);
    }
    pthread_mutex_unlock(&authenticator->lock);
    return identity;
}

static void cache_put(struct authenticator *authenticator, const uint8_t *hash,
                      const Roost__Common__V1__Identity *identity)
{
    struct cached *cached = &authenticator->cache[hash[0]];
    size_t len = protobuf_c_message_get_packed_size(&identity->base);
    if (len > MAX_CACHED_IDENTITY_BYTES) {
        return;
    }
    pthread_mutex_lock(&authenticator->lock);
    memcpy(cached->token_hash, hash, SHA256_DIGEST_LENGTH);
    cached->len = protobuf_c_message_pack(&identity->base, cached->identity);
    cached->until_us = clock_monotonic_us() + CACHE_LIFE_US;
    pthread_mutex_unlock(&authenticator->lock);
}

static const struct error *by_token(struct authenticator *authenticator, struct call *call,
                                    const char *text, size_t len, bool *ret_must_ask)
{
    const char *token = token_of(call->arena, text, len);
    if (!token || !authenticator->ask) {
        return error_new(call->arena, REASON_CREDENTIALS_INVALID, "Invalid token.");
    }
    uint8_t hash[SHA256_DIGEST_LENGTH];
    check(EVP_Digest(token, strlen(token), hash, NULL, authenticator->sha256, NULL));
    const Roost__Common__V1__Identity *identity = cache_get(authenticator, hash, call->arena);
    if (!identity && ret_must_ask) {
        *ret_must_ask = true;
        return NULL;
    }
    if (!identity) {
        const struct error *err = authenticator->ask(call, token, &identity);
        if (err) {
            return err;
        }
        /* A token is a person's: whatever answered, it gives nobody the rights of a service. */
        if (identity->account_id <= 0 || identity->service[0] != '\0') {
            return error_internal(call->arena, "a token gave the identity of a service");
        }
        cache_put(authenticator, hash, identity);
    }
    call->identity = identity;
    call->credential = token;
    return NULL;
}

const struct error *authenticate(struct authenticator *authenticator, struct call *call,
                                 const struct credentials *credentials, bool anonymous,
                                 bool *ret_must_ask)
{
    call->identity = &nobody;
    call->credential = NULL;
    if (credentials->assertion_len > 0) {
        const Roost__Common__V1__Identity *identity;
        const struct error *err =
            assertion_verify(call->arena, authenticator->key, credentials->assertion,
                             credentials->assertion_len, &identity);
        if (err) {
            return err;
        }
        if (anonymous) {
            Roost__Common__V1__Identity *vouched =
                message_new(call->arena, &roost__common__v1__identity__descriptor);
            vouched->remote_address = identity->remote_address;
            identity = vouched;
        }
        call->identity = identity;
        return NULL;
    }
    if (credentials->authorization_len > 0 && !anonymous) {
        return by_token(authenticator, call, credentials->authorization,
                        credentials->authorization_len, ret_must_ask);
    }
    return NULL;
}
