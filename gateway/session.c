#include "gateway/session.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gateway/retry.h"
#include "proto/roost/accounts/v1/accounts.client.h"
#include "services/common/clock/clock.h"
#include "services/common/message/message.h"

enum {
    CACHE_ENTRIES = 16,
    CACHE_LIFE_US = 2000000,
    CACHED_BYTES_MAX = 640, /* larger answers are not kept */
    CREDENTIAL_MAX_BYTES = 256,
};

enum credential_kind {
    CREDENTIAL_NONE,
    CREDENTIAL_TOKEN,
    CREDENTIAL_SESSION,
    CREDENTIAL_MALFORMED
};

struct credential {
    enum credential_kind kind;
    const char *text;
};

struct cached {
    uint8_t digest[SHA256_DIGEST_LENGTH]; /* of kind and credential, which is not kept itself */
    int64_t until_us;
    size_t len;
    uint8_t answer[CACHED_BYTES_MAX]; /* packed AuthenticateResponse */
};

struct session_cache {
    struct cached *entries; /* NULL until a request comes: most threads never see one */
};

struct session_cache *session_cache_new(void)
{
    struct session_cache *cache = calloc(1, sizeof(*cache));
    check(cache);
    return cache;
}

void session_cache_free(struct session_cache *cache)
{
    if (cache && cache->entries) {
        explicit_bzero(cache->entries, CACHE_ENTRIES * sizeof(*cache->entries));
        free(cache->entries);
    }
    free(cache);
}

static bool is_printable(const char *text)
{
    size_t len = 0;
    for (; text[len]; len++) {
        if (text[len] <= ' ' || text[len] > '~') {
            return false;
        }
    }
    return len > 0 && len <= CREDENTIAL_MAX_BYTES;
}

/* The key of "Token <key>" or "Bearer <key>". Another scheme is none of ours. */
static struct credential from_authorization(const char *value)
{
    static const char *const schemes[] = {"Token", "Bearer"};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t len = strlen(schemes[i]);
        if (strncasecmp(value, schemes[i], len) == 0 && (value[len] == ' ' || value[len] == '\0')) {
            const char *key = value + len + strspn(value + len, " ");
            return (struct credential){is_printable(key) ? CREDENTIAL_TOKEN : CREDENTIAL_MALFORMED,
                                       key};
        }
    }
    return (struct credential){CREDENTIAL_NONE, ""};
}

static struct credential find_credential(struct arena *arena, const struct http_request *request)
{
    const char *authorization = http_header(request, "authorization");
    if (authorization) {
        struct credential credential = from_authorization(authorization);
        if (credential.kind != CREDENTIAL_NONE) {
            return credential;
        }
    }
    const char *cookie = http_cookie(arena, request, SESSION_COOKIE);
    if (cookie) {
        return (struct credential){is_printable(cookie) ? CREDENTIAL_SESSION : CREDENTIAL_MALFORMED,
                                   cookie};
    }
    return (struct credential){CREDENTIAL_NONE, ""};
}

static struct cached *cache_slot(struct session_cache *cache, const struct credential *credential,
                                 uint8_t ret_digest[SHA256_DIGEST_LENGTH])
{
    uint8_t text[CREDENTIAL_MAX_BYTES + 1];
    size_t len = strlen(credential->text);
    text[0] = (uint8_t)credential->kind;
    memcpy(text + 1, credential->text, len);
    SHA256(text, len + 1, ret_digest);
    if (!cache->entries) {
        cache->entries = calloc(CACHE_ENTRIES, sizeof(*cache->entries));
        check(cache->entries);
    }
    return &cache->entries[ret_digest[0] % CACHE_ENTRIES];
}

static const struct error *ask(struct call *call, const struct credential *credential,
                               Roost__Accounts__V1__AuthenticateResponse **ret_answer)
{
    static const Roost__Common__V1__Identity gateway = ROOST__COMMON__V1__IDENTITY__INIT;
    Roost__Accounts__V1__AuthenticateRequest request =
        ROOST__ACCOUNTS__V1__AUTHENTICATE_REQUEST__INIT;
    if (credential->kind == CREDENTIAL_TOKEN) {
        request.credential_case = ROOST__ACCOUNTS__V1__AUTHENTICATE_REQUEST__CREDENTIAL_TOKEN;
        request.token = (char *)credential->text;
    } else {
        request.credential_case = ROOST__ACCOUNTS__V1__AUTHENTICATE_REQUEST__CREDENTIAL_SESSION;
        request.session = (char *)credential->text;
    }
    call->identity = &gateway;
    const struct error *err;
    int tries = 0;
    do {
        err = accounts_internal_client_authenticate(call, &request, ret_answer);
    } while (retry_after(err, &tries, call->deadline_us));
    if (!err && !(*ret_answer)->identity) {
        return error_internal(call->arena, "an answer of Authenticate without identity");
    }
    return err;
}

/* From the cache, or from accounts and into the cache. */
static const struct error *authenticate(struct session_cache *cache, struct call *call,
                                        const struct credential *credential,
                                        Roost__Accounts__V1__AuthenticateResponse **ret_answer)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    struct cached *cached = cache_slot(cache, credential, digest);
    if (cached->until_us > clock_monotonic_us() &&
        CRYPTO_memcmp(cached->digest, digest, sizeof(digest)) == 0) {
        *ret_answer = (Roost__Accounts__V1__AuthenticateResponse *)protobuf_c_message_unpack(
            &roost__accounts__v1__authenticate_response__descriptor, arena_allocator(call->arena),
            cached->len, cached->answer);
        check(*ret_answer);
        return NULL;
    }
    const struct error *err = ask(call, credential, ret_answer);
    if (err) {
        return err;
    }
    size_t len = protobuf_c_message_get_packed_size(&(*ret_answer)->base);
    if (len <= sizeof(cached->answer)) {
        protobuf_c_message_pack(&(*ret_answer)->base, cached->answer);
        memcpy(cached->digest, digest, sizeof(digest));
        cached->len = len;
        cached->until_us = clock_monotonic_us() + CACHE_LIFE_US;
    }
    return NULL;
}

const struct error *session_identify(struct session_cache *cache, struct call *call,
                                     const struct http_request *request,
                                     struct session_caller *ret_caller)
{
    struct credential credential = find_credential(call->arena, request);
    Roost__Accounts__V1__AuthenticateResponse *answer = NULL;
    if (credential.kind == CREDENTIAL_NONE) {
        return error_new(call->arena, REASON_CREDENTIALS_MISSING,
                         "Authentication credentials were not provided.");
    }
    if (credential.kind == CREDENTIAL_MALFORMED) {
        return error_new(call->arena, REASON_CREDENTIALS_INVALID, "Invalid token.");
    }
    const struct error *err = authenticate(cache, call, &credential, &answer);
    if (err) {
        return err;
    }
    ret_caller->identity = *answer->identity;
    ret_caller->identity.remote_address = (char *)request->remote_address;
    ret_caller->csrf_token = credential.kind == CREDENTIAL_SESSION ? answer->csrf_token : NULL;
    return NULL;
}

void session_forget(struct session_cache *cache, struct arena *arena,
                    const struct http_request *request)
{
    struct credential credential = find_credential(arena, request);
    uint8_t digest[SHA256_DIGEST_LENGTH];
    if (credential.kind == CREDENTIAL_TOKEN || credential.kind == CREDENTIAL_SESSION) {
        cache_slot(cache, &credential, digest)->until_us = 0;
    }
}

/* Whether `origin` is where this server is reached: at its public URL, or at the host that the
 * browser asked. */
static bool is_own_origin(const struct session_policy *policy, const struct http_request *request,
                          const char *origin)
{
    size_t public_len = strlen(policy->public_url);
    while (public_len > 0 && policy->public_url[public_len - 1] == '/') {
        public_len--;
    }
    if (public_len > 0) {
        return strlen(origin) == public_len &&
               strncasecmp(origin, policy->public_url, public_len) == 0;
    }
    const char *host = strstr(origin, "://");
    return host && strcasecmp(host + 3, http_header(request, "host")) == 0;
}

const struct error *session_check_origin(struct arena *arena, const struct session_policy *policy,
                                         const struct http_request *request)
{
    const char *site = http_header(request, "sec-fetch-site");
    const char *origin = http_header(request, "origin");
    bool is_foreign_site = site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0;
    if (is_foreign_site || (origin && !is_own_origin(policy, request, origin))) {
        return error_new(arena, REASON_CSRF_TOKEN_INVALID,
                         "Requests from other sites are refused.");
    }
    return NULL;
}

const struct error *session_check_csrf(struct arena *arena, const struct session_policy *policy,
                                       const struct http_request *request,
                                       const struct session_caller *caller)
{
    const char *token = http_header(request, "x-csrf-token");
    size_t len = strlen(caller->csrf_token);
    const struct error *err = session_check_origin(arena, policy, request);
    if (err) {
        return err;
    }
    if (!token || len == 0 || strlen(token) != len ||
        CRYPTO_memcmp(token, caller->csrf_token, len) != 0) {
        return error_new(arena, REASON_CSRF_TOKEN_INVALID, "CSRF token missing or incorrect.");
    }
    return NULL;
}

void session_set_cookie(struct http_exchange *exchange, const struct session_policy *policy,
                        const char *name, const char *value)
{
    bool is_secure = exchange->request.is_tls || strncasecmp(policy->public_url, "https:", 6) == 0;
    if (value && (!is_printable(value) || strpbrk(value, "\",;\\"))) {
        return;
    }
    http_add_header(exchange, "Set-Cookie",
                    arena_printf(exchange->arena, "%s=%s; Path=/; HttpOnly; SameSite=Strict%s%s",
                                 name, value ? value : "", is_secure ? "; Secure" : "",
                                 value ? "" : "; Max-Age=0"));
}
