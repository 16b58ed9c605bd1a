/*
 * The connection of roostctl to the services: their addresses from ROOST_GRPC_ACCOUNTS and its
 * siblings, and who calls: the API token ROOST_TOKEN or ROOST_TOKEN_FILE, else the account
 * ROOST_ADMIN with ROOST_ADMIN_PASSWORD(_FILE), for which a session is started and ended again.
 */
#pragma once

#include "services/common/rpc/client.h"

struct session;

struct session_config {
    char *targets[5]; /* accounts, domains, mailboxes, quotas, dnschecks */
    char *token;
    char *username;
    char *password;
    char *tls_cert, *tls_key, *tls_ca;
};

/* Connects to nothing yet. */
struct session *session_open(const struct session_config *config);
/* Ends the web session, if one was started. */
void session_close(struct session *session);

struct arena *session_arena(struct session *session);
/* One call; logs in before the first one if that is needed. */
MUST_USE const struct error *session_call(struct session *session, const struct rpc_method *method,
                                          const ProtobufCMessage *request,
                                          ProtobufCMessage **ret_response);
