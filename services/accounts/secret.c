#include "services/accounts/secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/random.h>

#include "services/common/error/error.h"

enum { RANDOM_MAX_BYTES = 64 };

static void fill_random(uint8_t *bytes, size_t len)
{
    check(len <= RANDOM_MAX_BYTES);
    /* Up to 256 bytes come whole and uninterrupted once the system's pool is ready: getrandom(2).
     */
    check(getrandom(bytes, len, 0) == (ssize_t)len);
}

static char *to_hex(struct arena *arena, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    char *text = arena_alloc(arena, 2 * len + 1);
    for (size_t i = 0; i < len; i++) {
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    return text;
}

char *secret_random_hex(struct arena *arena, size_t n_bytes)
{
    uint8_t bytes[RANDOM_MAX_BYTES];
    fill_random(bytes, n_bytes);
    char *text = to_hex(arena, bytes, n_bytes);
    explicit_bzero(bytes, sizeof bytes);
    return text;
}

char *secret_random_base64url(struct arena *arena, size_t n_bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t bytes[RANDOM_MAX_BYTES];
    fill_random(bytes, n_bytes);
    char *text = arena_alloc(arena, (n_bytes * 8 + 5) / 6 + 1);
    unsigned buffer = 0;
    int n_bits = 0;
    size_t n = 0;
    for (size_t i = 0; i < n_bytes; i++) {
        buffer = buffer << 8 | bytes[i];
        n_bits += 8;
        while (n_bits >= 6) {
            n_bits -= 6;
            text[n++] = digits[buffer >> n_bits & 63];
        }
    }
    if (n_bits > 0) {
        text[n] = digits[buffer << (6 - n_bits) & 63];
    }
    explicit_bzero(bytes, sizeof bytes);
    return text;
}

void secret_sha256(const void *data, size_t len, uint8_t ret_digest[SECRET_SHA256_BYTES])
{
    unsigned n = 0;
    check(EVP_Digest(data, len, ret_digest, &n, EVP_sha256(), NULL) == 1 &&
          n == SECRET_SHA256_BYTES);
}

char *secret_sha256_hex(struct arena *arena, const char *text)
{
    uint8_t digest[SECRET_SHA256_BYTES];
    secret_sha256(text, strlen(text), digest);
    return to_hex(arena, digest, sizeof digest);
}

bool secret_is_equal(const char *a, const char *b)
{
    size_t len = strlen(a);
    return len == strlen(b) && CRYPTO_memcmp(a, b, len) == 0;
}

void secret_wipe(char *text)
{
    if (text) {
        explicit_bzero(text, strlen(text));
    }
}
