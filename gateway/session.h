/*
 * Who sends a request: an API token, or a web session by its cookie. A request with the cookie that
 * changes something must prove that it comes from our own pages: by the session's CSRF token and by
 * what the browser says of its origin.
 */
#pragma once

#include "gateway/http.h"
#include "services/common/rpc/call.h"

#define SESSION_COOKIE "roost_session"

/* What accounts answered in the last two seconds. One per thread. */
struct session_cache;

struct session_cache *session_cache_new(void);
void session_cache_free(struct session_cache *cache);

struct session_policy {
    const char *public_url; /* "https://mail.example.org", "" if it is not known */
};

struct session_caller {
    Roost__Common__V1__Identity identity;
    const char *csrf_token; /* NULL without a web session */
};

/* Fills *ret_caller, asking accounts over `call` unless the cache knows. CREDENTIALS_MISSING
 * without credentials. */
MUST_USE const struct error *session_identify(struct session_cache *cache, struct call *call,
                                              const struct http_request *request,
                                              struct session_caller *ret_caller);
/* Forgets what is known of this request's credentials: the session has ended. */
void session_forget(struct session_cache *cache, struct arena *arena,
                    const struct http_request *request);
/* NULL if a caller with a web session may make this request. */
MUST_USE const struct error *session_check_csrf(struct arena *arena,
                                                const struct session_policy *policy,
                                                const struct http_request *request,
                                                const struct session_caller *caller);
/* NULL unless a browser says that another site makes this request. */
MUST_USE const struct error *session_check_origin(struct arena *arena,
                                                  const struct session_policy *policy,
                                                  const struct http_request *request);
/* Sets an HttpOnly cookie; value NULL expires it. */
void session_set_cookie(struct http_exchange *exchange, const struct session_policy *policy,
                        const char *name, const char *value);
