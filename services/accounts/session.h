/*
 * Web sessions, in Redis. The cookie is 32 random bytes; Redis knows its SHA-256 only, which is the
 * session's public id: roost:session:<public id>    hash: account_id csrf created_ms seen_ms epoch
 * address user_agent roost:sessions:<account id>  set of public ids A session ends when idle, at
 * its absolute limit, by logout, and when the account's session epoch moves on.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "services/common/rpc/call.h"

/* 32 bytes in base64url. */
enum { SESSION_COOKIE_LENGTH = 43, SESSION_LIST_MAX = 1000 };

struct session_limits {
    int64_t idle_s, max_s;
};

struct session {
    int64_t account_id;
    int64_t epoch; /* of the account when it began */
    const char *csrf_token;
    const char *address;
    const char *user_agent;
    int64_t created_ms, seen_ms;
    const char *public_id;
};

/* Begins a session of session->account_id, epoch, address and user_agent; sets the rest. ret_cookie
 * is its secret. */
MUST_USE const struct error *session_begin(struct call *call, const struct session_limits *limits,
                                           struct session *session, char **ret_cookie);
/* The session of a cookie, kept alive by this; *ret_found is false if there is none or it has
 * ended. */
MUST_USE const struct error *session_find(struct call *call, const struct session_limits *limits,
                                          const char *cookie, struct session *ret_session,
                                          bool *ret_found);
/* The account's sessions in this epoch, the one used last first, SESSION_LIST_MAX at most. */
MUST_USE const struct error *session_list(struct call *call, const struct session_limits *limits,
                                          int64_t account_id, int64_t epoch, size_t *ret_n,
                                          struct session **ret_sessions);
/* When it ends if it is not used again. */
int64_t session_expires_ms(const struct session_limits *limits, const struct session *session);
MUST_USE const struct error *session_end(struct call *call, int64_t account_id,
                                         const char *public_id);
/* Ends all sessions of the account but keep_public_id ("": none), which goes on in the new epoch.
 */
MUST_USE const struct error *session_end_others(struct call *call, int64_t account_id,
                                                const char *keep_public_id, int64_t epoch);
