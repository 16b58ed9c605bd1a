/*
 * A small backend for the gateway's tests: a real gRPC server with a few methods of Domains and
 * Accounts, made up answers and no database. Usage: backend ADDRESS KEY. Serves until standard
 * input ends.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "google/protobuf/empty.pb-c.h"
#include "proto/roost/accounts/v1/accounts.pb-c.h"
#include "proto/roost/accounts/v1/accounts_internal.pb-c.h"
#include "proto/roost/domains/v1/domains.pb-c.h"
#include "services/common/log/log.h"
#include "services/common/message/message.h"
#include "services/common/rpc/server.h"

/* Ids that mean something. */
enum {
    DOMAINS = 2500,
    MANY_DOMAINS = 60000,
    ID_MISSING = 4040,
    ID_FLAKY = 5030,  /* unavailable twice, then well */
    ID_DOWN = 5031,   /* always unavailable */
    ID_SLOW = 5040,   /* longer than any deadline of the tests */
    ID_BROKEN = 5000, /* an error inside, with a cause */
    ARENA_BYTES = 4096,
};

static atomic_int flaky_calls;

static char *copy_of(struct call *call, const char *text)
{
    return arena_strdup(call->arena, text);
}

static Roost__Domains__V1__Domain *make_domain(struct call *call, int64_t id)
{
    Roost__Domains__V1__Domain *domain =
        message_new(call->arena, &roost__domains__v1__domain__descriptor);
    domain->id = id;
    domain->name = arena_printf(call->arena, "domain%lld.test", (long long)id);
    domain->type = "domain";
    domain->_quota_case = ROOST__DOMAINS__V1__DOMAIN___QUOTA_QUOTA;
    domain->quota = 9007199254740993;
    domain->etag = arena_printf(call->arena, "etag%lld", (long long)id);
    return domain;
}

static const struct error *fail(struct call *call, int64_t id)
{
    switch (id) {
    case ID_MISSING:
        return error_new(call->arena, REASON_DOMAIN_NOT_FOUND, "There is no such domain.");
    case ID_FLAKY:
        if (atomic_fetch_add(&flaky_calls, 1) % 3 < 2) {
            return error_new(call->arena, REASON_DATABASE_UNAVAILABLE,
                             "The database is not available.");
        }
        return NULL;
    case ID_DOWN:
        return error_new(call->arena, REASON_DATABASE_UNAVAILABLE,
                         "The database is not available.");
    case ID_SLOW:
        while (!call_is_cancelled(call)) {
            nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        }
        return error_new(call->arena, REASON_DEADLINE_EXCEEDED, "Too slow.");
    case ID_BROKEN:
        return error_internal(call->arena, "the secret cause");
    default:
        return NULL;
    }
}

static const struct error *get_domain(struct call *call, const ProtobufCMessage *request,
                                      ProtobufCMessage **ret)
{
    const Roost__Domains__V1__GetDomainRequest *req = (const void *)request;
    const struct error *err = fail(call, req->id);
    if (err) {
        return err;
    }
    *ret = &make_domain(call, req->id)->base;
    return NULL;
}

static const struct error *create_domain(struct call *call, const ProtobufCMessage *request,
                                         ProtobufCMessage **ret)
{
    const Roost__Domains__V1__CreateDomainRequest *req = (const void *)request;
    if (strcmp(req->domain->name, "taken.test") == 0) {
        return error_on_field(call->arena, REASON_DOMAIN_EXISTS, "domain.name",
                              "domain with this name already exists.");
    }
    Roost__Domains__V1__Domain *domain = make_domain(call, 7);
    domain->name = req->domain->name;
    /* Shows what came with the request. */
    domain->type = arena_printf(call->arena, "id:%s", req->request_id);
    *ret = &domain->base;
    return NULL;
}

static const struct error *update_domain(struct call *call, const ProtobufCMessage *request,
                                         ProtobufCMessage **ret)
{
    const Roost__Domains__V1__UpdateDomainRequest *req = (const void *)request;
    const char *mask = "";
    if (req->etag[0] && strcmp(req->etag, "etag1") != 0) {
        return error_new(call->arena, REASON_ETAG_MISMATCH, "The domain was changed in between.");
    }
    for (size_t i = 0; req->update_mask && i < req->update_mask->n_paths; i++) {
        mask = arena_printf(call->arena, "%s%s%s", mask, i ? "," : "", req->update_mask->paths[i]);
    }
    Roost__Domains__V1__Domain *domain = make_domain(call, req->id);
    domain->type = copy_of(call, mask);
    *ret = &domain->base;
    return NULL;
}

static const struct error *delete_domain(struct call *call, const ProtobufCMessage *request,
                                         ProtobufCMessage **ret)
{
    const Roost__Domains__V1__DeleteDomainRequest *req = (const void *)request;
    *ret = message_new(call->arena, &google__protobuf__empty__descriptor);
    return req->keep_folder ? error_new(call->arena, REASON_OWN_DOMAIN, "It is yours.")
                            : fail(call, req->id);
}

static const struct error *list_domains(struct call *call, const ProtobufCMessage *request,
                                        ProtobufCMessage **ret)
{
    const Roost__Domains__V1__ListDomainsRequest *req = (const void *)request;
    Roost__Domains__V1__ListDomainsResponse *resp =
        message_new(call->arena, &roost__domains__v1__list_domains_response__descriptor);
    int64_t n = strcmp(req->search, "few") == 0    ? 3
                : strcmp(req->search, "many") == 0 ? MANY_DOMAINS
                                                   : DOMAINS;
    int64_t from = strtoll(req->page_token, NULL, 10);
    int64_t size = req->page_size > 0 ? req->page_size : 100;
    int64_t until = from + size < n ? from + size : n;
    if (strcmp(req->search, "breaks") == 0 && from >= 1000) {
        return error_new(call->arena, REASON_DATABASE_UNAVAILABLE,
                         "The database is not available.");
    }
    resp->domains = arena_alloc(call->arena, (size_t)size * sizeof(*resp->domains));
    for (int64_t i = from; i < until; i++) {
        resp->domains[resp->n_domains++] = make_domain(call, i + 1);
    }
    resp->next_page_token = until < n ? arena_printf(call->arena, "%lld", (long long)until) : "";
    resp->_total_size_case = ROOST__DOMAINS__V1__LIST_DOMAINS_RESPONSE___TOTAL_SIZE_TOTAL_SIZE;
    resp->total_size = n;
    *ret = &resp->base;
    return NULL;
}

static const struct error *authenticate(struct call *call, const ProtobufCMessage *request,
                                        ProtobufCMessage **ret)
{
    const Roost__Accounts__V1__AuthenticateRequest *req = (const void *)request;
    Roost__Accounts__V1__AuthenticateResponse *resp =
        message_new(call->arena, &roost__accounts__v1__authenticate_response__descriptor);
    bool is_session =
        req->credential_case == ROOST__ACCOUNTS__V1__AUTHENTICATE_REQUEST__CREDENTIAL_SESSION;
    const char *key = is_session ? req->session : req->token;
    resp->identity = message_new(call->arena, &roost__common__v1__identity__descriptor);
    resp->identity->account_id = 1;
    resp->identity->username = "admin";
    resp->identity->role = strcmp(key, "user") == 0 ? "SimpleUsers" : "SuperAdmins";
    if (is_session) {
        resp->identity->session_id = "public-id";
        resp->csrf_token = "csrf-1";
    }
    *ret = &resp->base;
    if (strcmp(key, "disabled") == 0) {
        return error_new(call->arena, REASON_ACCOUNT_DISABLED, "The account is disabled.");
    }
    if (strcmp(key, is_session ? "session-1" : "admin") != 0 && strcmp(key, "user") != 0) {
        return error_new(call->arena, REASON_CREDENTIALS_INVALID, "They open nothing.");
    }
    return NULL;
}

static const struct error *login(struct call *call, const ProtobufCMessage *request,
                                 ProtobufCMessage **ret)
{
    const Roost__Accounts__V1__LoginRequest *req = (const void *)request;
    Roost__Accounts__V1__LoginResponse *resp =
        message_new(call->arena, &roost__accounts__v1__login_response__descriptor);
    if (strcmp(req->username, "throttled") == 0) {
        return error_with_retry_after(
            call->arena, error_new(call->arena, REASON_LOGIN_THROTTLED, "Too many attempts."),
            2500);
    }
    if (strcmp(req->password, "right") != 0) {
        return error_new(call->arena, REASON_LOGIN_FAILED,
                         "The user name or the password is wrong.");
    }
    resp->account = message_new(call->arena, &roost__accounts__v1__account__descriptor);
    resp->account->username = req->username;
    /* Shows what the gateway filled in. */
    resp->account->first_name = req->remote_address;
    resp->account->last_name = req->user_agent;
    resp->csrf_token = "csrf-1";
    resp->session = "session-1";
    *ret = &resp->base;
    return NULL;
}

static const struct error *logout(struct call *call, const ProtobufCMessage *request,
                                  ProtobufCMessage **ret)
{
    (void)request;
    *ret = message_new(call->arena, &google__protobuf__empty__descriptor);
    return NULL;
}

static const struct error *get_me(struct call *call, const ProtobufCMessage *request,
                                  ProtobufCMessage **ret)
{
    Roost__Accounts__V1__Account *account =
        message_new(call->arena, &roost__accounts__v1__account__descriptor);
    (void)request;
    account->username = call->identity->username;
    account->role = call->identity->role;
    account->first_name = call->identity->remote_address;
    account->last_name = copy_of(call, call->trace_id);
    *ret = &account->base;
    return NULL;
}

/* Direct gRPC clients may come too: what the gateway costs is measured against them. */
static const struct error *authenticate_client(struct call *call, const char *token,
                                               const Roost__Common__V1__Identity **ret_identity)
{
    if (strcmp(token, "admin") != 0) {
        return error_new(call->arena, REASON_CREDENTIALS_INVALID, "It opens nothing.");
    }
    Roost__Common__V1__Identity *identity =
        message_new(call->arena, &roost__common__v1__identity__descriptor);
    identity->account_id = 1;
    identity->username = "admin";
    identity->role = "SuperAdmins";
    *ret_identity = identity;
    return NULL;
}

#define METHOD(service, name, input, output, fn, ...)                                 \
    {                                                                                 \
        .path = "/roost." service "/" name, .request = &roost__##input##__descriptor, \
        .response = &output##__descriptor, .access = {__VA_ARGS__}, .handler = fn     \
    }

#define ADMINS .roles = RPC_SUPER_ADMINS

static const struct rpc_method domains_methods[] = {
    METHOD("domains.v1.Domains", "GetDomain", domains__v1__get_domain_request,
           roost__domains__v1__domain, get_domain, ADMINS),
    METHOD("domains.v1.Domains", "CreateDomain", domains__v1__create_domain_request,
           roost__domains__v1__domain, create_domain, ADMINS),
    METHOD("domains.v1.Domains", "UpdateDomain", domains__v1__update_domain_request,
           roost__domains__v1__domain, update_domain, ADMINS),
    METHOD("domains.v1.Domains", "DeleteDomain", domains__v1__delete_domain_request,
           google__protobuf__empty, delete_domain, ADMINS),
    METHOD("domains.v1.Domains", "ListDomains", domains__v1__list_domains_request,
           roost__domains__v1__list_domains_response, list_domains, ADMINS),
};

static const struct rpc_method accounts_methods[] = {
    METHOD("accounts.v1.Accounts", "Login", accounts__v1__login_request,
           roost__accounts__v1__login_response, login, .anonymous = true),
    METHOD("accounts.v1.Accounts", "Logout", accounts__v1__logout_request, google__protobuf__empty,
           logout, .authenticated = true),
    METHOD("accounts.v1.Accounts", "GetMe", accounts__v1__get_me_request,
           roost__accounts__v1__account, get_me, .authenticated = true),
};

static const struct rpc_method internal_methods[] = {
    METHOD("accounts.v1.AccountsInternal", "Authenticate", accounts__v1__authenticate_request,
           roost__accounts__v1__authenticate_response, authenticate, .internal = true),
};

#define SERVICE(full_name, table, is_internal)                        \
    {                                                                 \
        .name = full_name, .internal = is_internal, .methods = table, \
        .n_methods = sizeof(table) / sizeof(table[0])                 \
    }

static const struct rpc_service domains_service =
    SERVICE("roost.domains.v1.Domains", domains_methods, false);
static const struct rpc_service accounts_service =
    SERVICE("roost.accounts.v1.Accounts", accounts_methods, false);
static const struct rpc_service internal_service =
    SERVICE("roost.accounts.v1.AccountsInternal", internal_methods, true);

int main(int argc, char **argv)
{
    const struct rpc_service *const services[] = {&domains_service, &accounts_service,
                                                  &internal_service, NULL};
    const char *fault = NULL;
    char byte;
    if (argc != 3) {
        fprintf(stderr, "usage: backend ADDRESS KEY\n");
        return 2;
    }
    log_open("backend", LOG_WARN, LOG_LOGFMT);
    const struct rpc_server_config config = {
        .name = "backend",
        .listen = argv[1],
        .services = services,
        .key = (const uint8_t *)argv[2],
        .key_len = strlen(argv[2]),
        .authenticate = authenticate_client,
        .workers = 4,
        .internal_workers = 2,
    };
    struct arena *arena = arena_new(ARENA_BYTES);
    struct rpc_server *server = rpc_server_open(&config, arena, &fault);
    if (!server) {
        fprintf(stderr, "backend: %s\n", fault);
        return 1;
    }
    rpc_server_set_serving(server, true);
    printf("serving\n");
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0) {
    }
    rpc_server_close(server, 100);
    arena_free(arena);
    return 0;
}
