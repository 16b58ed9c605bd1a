#include "services/accounts/password_policy.h"

#include <string.h>
#include <strings.h>

static int64_t count(const char *text, const char *characters)
{
    int64_t n = 0;
    for (; *text; text++) {
        n += strchr(characters, *text) != NULL;
    }
    return n;
}

/* Modoboa's order and wording: shown to people, read by scripts. */
static const char *missing_character(struct arena *arena, const struct password_policy *policy,
                                     const char *password)
{
    const struct {
        const char *characters;
        int64_t min;
        const char *name;
    } rules[] = {
        {"0123456789", policy->min_digits, "digit"},
        {"abcdefghijklmnopqrstuvwxyz", policy->min_lower, "lowercase letter"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZ", policy->min_upper, "uppercase letter"},
        {" ~!@#$%^&*()_+{}\":;,'[]-.<>?/\\|`=", policy->min_special, "special character"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (count(password, rules[i].characters) < rules[i].min) {
            return arena_printf(arena, "Password must contain at least %lld %s%s.",
                                (long long)rules[i].min, rules[i].name,
                                rules[i].min == 1 ? "" : "s");
        }
    }
    return NULL;
}

/* The user name, or its part before the @, in any case. */
static bool is_username(const char *password, const char *username)
{
    size_t len = strcspn(username, "@");
    return strcasecmp(password, username) == 0 ||
           (len > 0 && strlen(password) == len && strncasecmp(password, username, len) == 0);
}

const char *password_policy_fault(struct arena *arena, const struct password_policy *policy,
                                  const char *password, const char *username)
{
    int64_t len = (int64_t)strlen(password);
    if (len < policy->min_bytes) {
        return arena_printf(arena,
                            "This password is too short. It must contain at least %lld characters.",
                            (long long)policy->min_bytes);
    }
    if (len > policy->max_bytes) {
        return arena_printf(arena, "This password is too long. It must contain at most %lld bytes.",
                            (long long)policy->max_bytes);
    }
    const char *fault = missing_character(arena, policy, password);
    if (fault) {
        return fault;
    }
    return is_username(password, username) ? "The password is too similar to the username." : NULL;
}
