#include "services/accounts/password.h"

#include <crypt.h>
#include <string.h>

#include "services/accounts/secret.h"

struct scheme {
    const char *prefix; /* of what is stored */
    const char *tag;    /* of crypt(5) */
    int64_t default_cost, min_cost, max_cost;
};

/* In the order of the enum. */
static const struct scheme schemes[] = {
    {"{CRYPT}", "$y$", 5, 1, 8},
    {"{BLF-CRYPT}", "$2b$", 12, 4, 16},
    {"{SHA512-CRYPT}", "$6$", 100000, 1000, 5000000},
    {"{SHA256-CRYPT}", "$5$", 110000, 1000, 5000000},
};
const char *const password_scheme_names[] = {"yescrypt", "bcrypt", "sha512crypt", "sha256crypt",
                                             NULL};

/* What a stored hash may look like. `len` is of the last part of the hash, 0: see is_bcrypt. */
struct form {
    const char *prefix;
    const char *tag;
    size_t len;
};

static const struct form forms[] = {
    {"{CRYPT}", "$y$", 43},     {"{CRYPT}", "$2b$", 0},        {"{CRYPT}", "$2y$", 0},
    {"{CRYPT}", "$2a$", 0},     {"{CRYPT}", "$6$", 86},        {"{CRYPT}", "$5$", 43},
    {"{CRYPT}", "$1$", 22},     {"{BLF-CRYPT}", "$2b$", 0},    {"{BLF-CRYPT}", "$2y$", 0},
    {"{BLF-CRYPT}", "$2a$", 0}, {"{SHA512-CRYPT}", "$6$", 86}, {"{SHA256-CRYPT}", "$5$", 43},
    {"{MD5-CRYPT}", "$1$", 22},
};
enum { BCRYPT_BYTES = 60, BCRYPT_COST_AT = 4 };

static const char hash_digits[] =
    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static int64_t cost_of(const struct password_method *method)
{
    return method->cost ? method->cost : schemes[method->scheme].default_cost;
}

const char *password_method_fault(struct arena *arena, const struct password_method *method)
{
    const struct scheme *scheme = &schemes[method->scheme];
    int64_t cost = cost_of(method);
    if (cost >= scheme->min_cost && cost <= scheme->max_cost) {
        return NULL;
    }
    return arena_printf(arena, "The cost of %s is %lld to %lld, or 0 for %lld.",
                        password_scheme_names[method->scheme], (long long)scheme->min_cost,
                        (long long)scheme->max_cost, (long long)scheme->default_cost);
}

/* A salt with its parameters, as crypt takes it. */
static void make_setting(const struct password_method *method,
                         char setting[CRYPT_GENSALT_OUTPUT_SIZE])
{
    const struct scheme *scheme = &schemes[method->scheme];
    check(crypt_gensalt_rn(scheme->tag, (unsigned long)cost_of(method), NULL, 0, setting,
                           CRYPT_GENSALT_OUTPUT_SIZE));
}

/* The length of a setting's part that says scheme and cost. */
static size_t parameters_len(const char *setting)
{
    if (setting[0] == '$' && setting[1] == '2') {
        return strlen("$2b$12$");
    }
    if (starts_with(setting, "$y$")) {
        const char *end = strchr(setting + 3, '$');
        return end ? (size_t)(end + 1 - setting) : strlen(setting);
    }
    const char *rounds = strstr(setting, "$rounds=");
    if (rounds) {
        const char *end = strchr(rounds + 1, '$');
        return end ? (size_t)(end + 1 - setting) : strlen(setting);
    }
    return strlen("$6$");
}

const struct error *password_hash(struct arena *arena, const struct password_method *method,
                                  const char *clear, char **ret_stored)
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    struct crypt_data data = {0};
    make_setting(method, setting);
    const char *hash = crypt_rn(clear, setting, &data, sizeof data);
    char *stored = hash ? arena_printf(arena, "%s%s", schemes[method->scheme].prefix, hash) : NULL;
    explicit_bzero(&data, sizeof data);
    if (!stored) {
        return error_internal(arena, "crypt refused its own setting for %s",
                              password_scheme_names[method->scheme]);
    }
    *ret_stored = stored;
    return NULL;
}

char *password_unmatchable(struct arena *arena, const struct password_method *method)
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    make_setting(method, setting);
    return arena_printf(arena, "%s%s", schemes[method->scheme].prefix, setting);
}

/* The part behind the scheme's prefix, NULL if the scheme is not known. */
static const char *hash_of(const char *stored)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        size_t len = strlen(forms[i].prefix);
        if (strncmp(stored, forms[i].prefix, len) == 0 && starts_with(stored + len, forms[i].tag)) {
            return stored + len;
        }
    }
    return NULL;
}

bool password_verify(const char *stored, const char *clear)
{
    const char *hash = hash_of(stored);
    if (!hash || strlen(clear) > PASSWORD_MAX_BYTES) {
        return false;
    }
    struct crypt_data data = {0};
    const char *found = crypt_rn(clear, hash, &data, sizeof data);
    bool is_equal = found && secret_is_equal(found, hash);
    explicit_bzero(&data, sizeof data);
    return is_equal;
}

bool password_is_outdated(const char *stored, const struct password_method *method)
{
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    const char *prefix = schemes[method->scheme].prefix;
    if (!starts_with(stored, prefix)) {
        return true;
    }
    make_setting(method, setting);
    return strncmp(stored + strlen(prefix), setting, parameters_len(setting)) != 0;
}

bool password_is_hash(const char *text)
{
    size_t len = text[0] == '{' ? strspn(text + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") : 0;
    return len >= 2 && text[1 + len] == '}';
}

static bool is_bcrypt(const char *hash)
{
    const char *cost = hash + BCRYPT_COST_AT;
    return strlen(hash) == BCRYPT_BYTES && strspn(cost, "0123456789") == 2 && cost[2] == '$' &&
           strspn(cost + 3, hash_digits) == BCRYPT_BYTES - BCRYPT_COST_AT - 3 &&
           (cost[0] - '0') * 10 + (cost[1] - '0') <= schemes[PASSWORD_BCRYPT].max_cost;
}

/* "$y$jXT$": a hash of the largest admitted cost has X = C. */
static bool is_bearable_yescrypt(const char *hash)
{
    const char *parameters = hash + 3;
    return parameters[0] == 'j' && parameters[1] && strchr("789ABC", parameters[1]) &&
           parameters[2] && strchr("5T", parameters[2]) && parameters[3] == '$';
}

/* "$5$rounds=N$": libxcrypt takes up to 999,999,999. */
static bool is_bearable_sha(const char *hash)
{
    const char *text = hash + 3;
    if (!starts_with(text, "rounds=")) {
        return true;
    }
    text += strlen("rounds=");
    int64_t rounds = 0;
    size_t n = strspn(text, "0123456789");
    for (size_t i = 0; i < n && i < 10; i++) {
        rounds = rounds * 10 + (text[i] - '0');
    }
    return n > 0 && n < 10 && text[n] == '$' && rounds <= schemes[PASSWORD_SHA512_CRYPT].max_cost;
}

/* Whether a whole hash stands there, not only a setting: everything behind the last "$" is the
 * digest. */
static bool is_complete(const char *hash, const struct form *form)
{
    if (crypt_checksalt(hash) == CRYPT_SALT_INVALID) {
        return false;
    }
    if (form->len == 0) {
        return is_bcrypt(hash);
    }
    const char *digest = strrchr(hash, '$') + 1;
    return strspn(digest, hash_digits) == form->len && digest[form->len] == '\0' &&
           digest - hash > (ptrdiff_t)strlen(form->tag);
}

static bool is_bearable(const char *hash)
{
    switch (hash[1]) {
    case 'y':
        return is_bearable_yescrypt(hash);
    case '5':
    case '6':
        return is_bearable_sha(hash);
    default:
        return true;
    }
}

const char *password_hash_fault(const char *text, enum error_reason *ret_reason)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        size_t len = strlen(forms[i].prefix);
        if (strncmp(text, forms[i].prefix, len) != 0 || !starts_with(text + len, forms[i].tag)) {
            continue;
        }
        if (strlen(text) <= PASSWORD_MAX_BYTES && is_complete(text + len, &forms[i]) &&
            is_bearable(text + len)) {
            return NULL;
        }
        *ret_reason = REASON_FIELD_INVALID;
        return "The password hash is malformed or too costly to verify.";
    }
    *ret_reason = REASON_PASSWORD_SCHEME_UNKNOWN;
    return "The scheme of the password hash is not known.";
}
