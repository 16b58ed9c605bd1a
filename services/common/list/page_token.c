#include "services/common/list/page_token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <string.h>

#include "services/common/list/list.h"

enum {
    VERSION = 1,
    KEY_BYTES = 32,
    MAC_BYTES = 16,
    TOKEN_MAX_CHARS = 16384,
};

/* Set once, before there are threads; without list_set_key random, which serves one process. */
static uint8_t signing_key[KEY_BYTES];
static bool has_signing_key;
static pthread_once_t random_key_once = PTHREAD_ONCE_INIT;

void list_set_key(const uint8_t *key, size_t key_len)
{
    static const char purpose[] = "roost page token";
    unsigned len = 0;

    /* A key of its own, so that a token can never pass for something else that is signed. */
    check(HMAC(EVP_sha256(), key, (int)key_len, (const uint8_t *)purpose, sizeof(purpose) - 1,
               signing_key, &len));
    has_signing_key = true;
}

static void make_random_key(void)
{
    if (!has_signing_key) {
        check(RAND_bytes(signing_key, sizeof(signing_key)) == 1);
    }
}

/* What the MAC covers: the list's name with its NUL, then the body. */
static void sign(struct arena *arena, const char *list, const uint8_t *body, size_t len,
                 uint8_t mac[static MAC_BYTES])
{
    size_t name_len = strlen(list) + 1;
    uint8_t *input = arena_alloc(arena, name_len + len);
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned digest_len = 0;

    pthread_once(&random_key_once, make_random_key);
    memcpy(input, list, name_len);
    memcpy(input + name_len, body, len);
    check(HMAC(EVP_sha256(), signing_key, KEY_BYTES, input, name_len + len, digest, &digest_len));
    memcpy(mac, digest, MAC_BYTES);
}

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static char *to_base64url(struct arena *arena, const uint8_t *data, size_t len)
{
    char *text = arena_alloc(arena, (len + 2) / 3 * 4 + 1);
    char *at = text;

    for (size_t i = 0; i < len; i += 3) {
        uint32_t bits = (uint32_t)data[i] << 16;
        size_t left = len - i;

        bits |= left > 1 ? (uint32_t)data[i + 1] << 8 : 0;
        bits |= left > 2 ? data[i + 2] : 0;
        *at++ = digits[bits >> 18];
        *at++ = digits[bits >> 12 & 63];
        if (left > 1) {
            *at++ = digits[bits >> 6 & 63];
        }
        if (left > 2) {
            *at++ = digits[bits & 63];
        }
    }
    return text;
}

/* NULL if it is not the one encoding of some bytes. */
static uint8_t *from_base64url(struct arena *arena, const char *text, size_t *ret_len)
{
    size_t n_chars = strlen(text);
    uint8_t *data;
    uint32_t bits = 0;
    size_t n_bits = 0;
    size_t len = 0;

    if (n_chars > TOKEN_MAX_CHARS) {
        return NULL;
    }
    data = arena_alloc(arena, n_chars * 3 / 4 + 1);
    for (size_t i = 0; i < n_chars; i++) {
        const char *digit = strchr(digits, text[i]);

        if (!digit) {
            return NULL;
        }
        bits = bits << 6 | (uint32_t)(digit - digits);
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            data[len++] = (uint8_t)(bits >> n_bits);
        }
    }
    if (n_bits >= 6 || (bits & ((1u << n_bits) - 1)) != 0) {
        return NULL;
    }
    *ret_len = len;
    return data;
}

/* Kind, length, bytes; numbers as eight bytes. */
static uint8_t *put_value(uint8_t *at, const struct pg_arg *value)
{
    size_t len = value->kind == PG_TEXT ? strlen(value->data) : 8;

    *at++ = (uint8_t)value->kind;
    *at++ = (uint8_t)(len >> 8);
    *at++ = (uint8_t)len;
    if (value->kind == PG_TEXT) {
        memcpy(at, value->data, len);
        return at + len;
    }
    for (int shift = 56; shift >= 0; shift -= 8) {
        *at++ = (uint8_t)((uint64_t)value->number >> shift);
    }
    return at;
}

static const uint8_t *take_value(struct arena *arena, const uint8_t *at, const uint8_t *end,
                                 const char *name, struct pg_arg *value)
{
    uint64_t number = 0;
    size_t len;

    if (end - at < 3) {
        return NULL;
    }
    *value = (struct pg_arg){.name = name, .kind = (enum pg_arg_kind)at[0]};
    len = (size_t)at[1] << 8 | at[2];
    at += 3;
    if (len > (size_t)(end - at)) {
        return NULL;
    }
    if (value->kind == PG_TEXT) {
        if (len > PAGE_TOKEN_KEY_MAX_BYTES || memchr(at, '\0', len)) {
            return NULL;
        }
        value->data = arena_strndup(arena, (const char *)at, len);
        return at + len;
    }
    if (len != 8 ||
        (value->kind != PG_INT64 && value->kind != PG_BOOL && value->kind != PG_TIME_US)) {
        return NULL;
    }
    for (size_t i = 0; i < len; i++) {
        number = number << 8 | at[i];
    }
    value->number = (int64_t)number;
    return at + len;
}

char *page_token_seal(struct arena *arena, const char *list, const uint8_t *body, size_t len)
{
    uint8_t *sealed = arena_alloc(arena, len + MAC_BYTES);

    memcpy(sealed, body, len);
    sign(arena, list, body, len, sealed + len);
    return to_base64url(arena, sealed, len + MAC_BYTES);
}

char *page_token_encode(struct arena *arena, const char *list, const struct page_token *token)
{
    uint8_t *body = arena_alloc(arena, 64 + 2 * PAGE_TOKEN_KEY_MAX_BYTES);
    uint8_t *at = body;

    *at++ = VERSION;
    *at++ = token->ordering;
    *at++ = token->is_descending;
    memcpy(at, token->fingerprint, sizeof(token->fingerprint));
    at += sizeof(token->fingerprint);
    at = put_value(at, &token->key);
    at = put_value(at, &token->id);
    return page_token_seal(arena, list, body, (size_t)(at - body));
}

bool page_token_decode(struct arena *arena, const char *list, const char *text,
                       struct page_token *ret_token)
{
    uint8_t mac[MAC_BYTES];
    struct page_token token;
    const uint8_t *end;
    const uint8_t *at;
    size_t len;
    const uint8_t *body = from_base64url(arena, text, &len);

    if (!body || len < 3 + sizeof(token.fingerprint) + MAC_BYTES) {
        return false;
    }
    end = body + len - MAC_BYTES;
    sign(arena, list, body, (size_t)(end - body), mac);
    if (CRYPTO_memcmp(mac, end, MAC_BYTES) != 0 || body[0] != VERSION) {
        return false;
    }
    token.ordering = body[1];
    token.is_descending = body[2];
    memcpy(token.fingerprint, body + 3, sizeof(token.fingerprint));
    at = take_value(arena, body + 3 + sizeof(token.fingerprint), end, "after_key", &token.key);
    at = at ? take_value(arena, at, end, "after_id", &token.id) : NULL;
    if (at != end) {
        return false;
    }
    *ret_token = token;
    return true;
}
