#include "services/roostctl/session.h"

#include <stdlib.h>

#include "google/protobuf/empty.pb-c.h"
#include "proto/roost/accounts/v1/accounts.pb-c.h"
#include "services/common/clock/clock.h"
#include "services/common/message/message.h"
#include "services/common/rpc/tls.h"

enum { DEADLINE_US = 60000000 };

static const char *const peer_names[] = {"accounts", "domains", "mailboxes", "quotas", "dnschecks"};
enum { N_PEERS = sizeof peer_names / sizeof *peer_names };

struct session {
    struct session_config config;
    struct call call;
    Roost__Common__V1__Identity identity;
    const char *authorization;
    bool logged_in;
};

struct session *session_open(const struct session_config *config)
{
    struct session *session = calloc(1, sizeof *session);
    check(session != NULL);
    struct rpc_peer_config peers[N_PEERS];
    for (size_t i = 0; i < N_PEERS; i++) {
        peers[i] = (struct rpc_peer_config){peer_names[i], config->targets[i]};
    }
    struct arena *arena = arena_new(4096);
    struct rpc_tls *tls = NULL;
    if (*config->tls_ca) {
        tls = arena_alloc(arena, sizeof *tls);
        *tls = (struct rpc_tls){
            .cert = config->tls_cert, .key = config->tls_key, .ca = config->tls_ca};
    }
    session->config = *config;
    roost__common__v1__identity__init(&session->identity);
    session->call = (struct call){
        .arena = arena,
        .identity = &session->identity,
        .method = "roostctl",
        .peers = rpc_peers_new("roostctl", NULL, 0, tls, peers, N_PEERS),
    };
    return session;
}

struct arena *session_arena(struct session *session)
{
    return session->call.arena;
}

static const struct error *call_as(struct session *session, const struct rpc_method *method,
                                   const ProtobufCMessage *request, ProtobufCMessage **ret_response)
{
    const char *const names[] = {session->authorization ? "authorization" : NULL, NULL};
    const char *const values[] = {session->authorization, NULL};
    session->call.deadline_us = clock_monotonic_us() + DEADLINE_US;
    return rpc_call_with_metadata(&session->call, method, names, values, request, ret_response);
}

static const struct error *log_in(struct session *session)
{
    static const struct rpc_method method = {
        .path = "/roost.accounts.v1.Accounts/Login",
        .request = &roost__accounts__v1__login_request__descriptor,
        .response = &roost__accounts__v1__login_response__descriptor,
    };
    struct arena *arena = session->call.arena;
    Roost__Accounts__V1__LoginRequest request = ROOST__ACCOUNTS__V1__LOGIN_REQUEST__INIT;
    request.username = session->config.username;
    request.password = session->config.password;
    request.user_agent = "roostctl";
    ProtobufCMessage *response;
    const struct error *err = call_as(session, &method, &request.base, &response);
    if (err) {
        return err;
    }
    const Roost__Accounts__V1__LoginResponse *login =
        (const Roost__Accounts__V1__LoginResponse *)response;
    session->authorization = arena_printf(arena, "Bearer %s", login->session);
    session->logged_in = true;
    return NULL;
}

static const struct error *authorize(struct session *session)
{
    if (session->authorization) {
        return NULL;
    }
    if (*session->config.token) {
        session->authorization =
            arena_printf(session->call.arena, "Token %s", session->config.token);
        return NULL;
    }
    if (*session->config.username) {
        return log_in(session);
    }
    return error_new(session->call.arena, REASON_CREDENTIALS_MISSING,
                     "Set ROOST_TOKEN, or ROOST_ADMIN and ROOST_ADMIN_PASSWORD.");
}

const struct error *session_call(struct session *session, const struct rpc_method *method,
                                 const ProtobufCMessage *request, ProtobufCMessage **ret_response)
{
    const struct error *err = authorize(session);
    return err ? err : call_as(session, method, request, ret_response);
}

static void log_out(struct session *session)
{
    static const struct rpc_method method = {
        .path = "/roost.accounts.v1.Accounts/Logout",
        .request = &roost__accounts__v1__logout_request__descriptor,
        .response = &google__protobuf__empty__descriptor,
    };
    Roost__Accounts__V1__LogoutRequest request = ROOST__ACCOUNTS__V1__LOGOUT_REQUEST__INIT;
    ProtobufCMessage *response;
    /* A session that stays behind ends by itself; the command has done its work. */
    const struct error *err = call_as(session, &method, &request.base, &response);
    (void)err;
}

void session_close(struct session *session)
{
    if (session->logged_in) {
        log_out(session);
    }
    rpc_peers_free((struct rpc_peers *)session->call.peers);
    arena_free(session->call.arena);
    free(session);
}
