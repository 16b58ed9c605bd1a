/*
 * Password hashes as Dovecot reads them, "{SCHEME}hash"; the only user of libxcrypt. Pure but for
 * the salt's randomness; thread safe. Hashing and verifying take from 1 ms to some 100 ms of
 * processor time: see hashing.h.
 */
#pragma once

#include <stdbool.h>

#include "services/common/arena/arena.h"
#include "services/common/error/error.h"

enum password_scheme {
    PASSWORD_YESCRYPT,
    PASSWORD_BCRYPT,
    PASSWORD_SHA512_CRYPT,
    PASSWORD_SHA256_CRYPT
};
enum { PASSWORD_MAX_BYTES = 256, PASSWORD_BCRYPT_MAX_BYTES = 72 };

/* How new passwords are hashed. */
struct password_method {
    enum password_scheme scheme;
    /* yescrypt 1 to 8, bcrypt 4 to 16, sha*crypt 1,000 to 5,000,000 rounds; 0: the scheme's
     * default. */
    int64_t cost;
};

/* Names of the schemes in the order of the enum, NULL-terminated: "yescrypt" ... */
extern const char *const password_scheme_names[];

/* NULL if the method can be used; else a sentence. */
const char *password_method_fault(struct arena *arena, const struct password_method *method);
MUST_USE const struct error *password_hash(struct arena *arena,
                                           const struct password_method *method, const char *clear,
                                           char **ret_stored);
/* A stored value that no password matches and whose verification costs what the method costs. */
char *password_unmatchable(struct arena *arena, const struct password_method *method);
/* Compares in constant time. False as well where `stored` is malformed or of an unknown scheme. */
bool password_verify(const char *stored, const char *clear);
/* Whether `stored` is of another scheme or cost than the method makes. */
bool password_is_outdated(const char *stored, const struct password_method *method);

/* Whether a text starts with "{SCHEME}", and so is meant as a hash. */
bool password_is_hash(const char *text);
/* NULL if the hash is of a known scheme, complete and of a bearable cost; else a sentence and the
 * reason. */
const char *password_hash_fault(const char *text, enum error_reason *ret_reason);
