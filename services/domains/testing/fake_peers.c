#include "services/domains/testing/fake_peers.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "google/protobuf/empty.pb-c.h"
#include "proto/roost/accounts/v1/accounts_internal.pb-c.h"
#include "proto/roost/mailboxes/v1/mailboxes_internal.pb-c.h"
#include "proto/roost/quotas/v1/quotas_internal.pb-c.h"
#include "services/common/message/message.h"

enum { MAX = 64, ADDRESS_BYTES = 128 };

struct mailbox {
    int64_t id, domain_id;
    /* As mailboxes, quotas and accounts know it; "" where removed. */
    char at_mailboxes[ADDRESS_BYTES], at_quotas[ADDRESS_BYTES], at_accounts[ADDRESS_BYTES];
};

struct quota {
    int64_t domain_id, quota, default_mailbox_quota, allocated;
};

struct failure {
    const char *rpc;
    enum error_reason reason;
    int n;
    bool is_done;
};

struct tally {
    const char *rpc;
    int n;
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct {
    struct mailbox mailboxes[MAX];
    size_t n_mailboxes;
    struct quota quotas[MAX];
    size_t n_quotas;
    char closed_domain[ADDRESS_BYTES];
    int64_t closed_version;
    char ended[ADDRESS_BYTES];
    struct failure failure;
    struct tally tallies[MAX];
    int64_t pretended;
} world;

void fake_peers_reset(void)
{
    pthread_mutex_lock(&mutex);
    memset(&world, 0, sizeof world);
    pthread_mutex_unlock(&mutex);
}

void fake_peers_fail(const char *rpc, enum error_reason reason, int n, bool is_done)
{
    pthread_mutex_lock(&mutex);
    world.failure = (struct failure){rpc, reason, n, is_done};
    pthread_mutex_unlock(&mutex);
}

static void set_address(char *to, const char *address)
{
    snprintf(to, ADDRESS_BYTES, "%s", address);
}

void fake_peers_add_mailbox(int64_t id, int64_t domain_id, const char *address)
{
    pthread_mutex_lock(&mutex);
    check(world.n_mailboxes < MAX);
    struct mailbox *mailbox = &world.mailboxes[world.n_mailboxes++];
    *mailbox = (struct mailbox){.id = id, .domain_id = domain_id};
    set_address(mailbox->at_mailboxes, address);
    set_address(mailbox->at_quotas, address);
    set_address(mailbox->at_accounts, address);
    pthread_mutex_unlock(&mutex);
}

char *fake_peers_mailboxes(void)
{
    static char text[MAX * 400];
    size_t len = 0;
    text[0] = '\0';
    pthread_mutex_lock(&mutex);
    for (size_t i = 0; i < world.n_mailboxes; i++) {
        const struct mailbox *mailbox = &world.mailboxes[i];
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%" PRId64 " %s %s %s",
                                i ? ", " : "", mailbox->id, mailbox->at_mailboxes,
                                mailbox->at_quotas, mailbox->at_accounts);
    }
    pthread_mutex_unlock(&mutex);
    return strdup(text);
}

char *fake_peers_closed(void)
{
    pthread_mutex_lock(&mutex);
    char *name = strdup(world.closed_domain);
    pthread_mutex_unlock(&mutex);
    return name;
}

char *fake_peers_ended(void)
{
    pthread_mutex_lock(&mutex);
    char *names = strdup(world.ended);
    pthread_mutex_unlock(&mutex);
    return names;
}

static struct quota *find_quota(int64_t domain_id)
{
    for (size_t i = 0; i < world.n_quotas; i++) {
        if (world.quotas[i].domain_id == domain_id) {
            return &world.quotas[i];
        }
    }
    return NULL;
}

char *fake_peers_quota(int64_t domain_id)
{
    char text[64] = "";
    pthread_mutex_lock(&mutex);
    const struct quota *quota = find_quota(domain_id);
    if (quota) {
        snprintf(text, sizeof text, "%" PRId64 " %" PRId64, quota->quota,
                 quota->default_mailbox_quota);
    }
    pthread_mutex_unlock(&mutex);
    return strdup(text);
}

void fake_peers_set_allocated(int64_t domain_id, int64_t megabytes)
{
    pthread_mutex_lock(&mutex);
    struct quota *quota = find_quota(domain_id);
    check(quota);
    quota->allocated = megabytes;
    pthread_mutex_unlock(&mutex);
}

void fake_peers_pretend_mailboxes(int64_t n)
{
    pthread_mutex_lock(&mutex);
    world.pretended = n;
    pthread_mutex_unlock(&mutex);
}

static struct tally *tally_of(const char *rpc)
{
    size_t i = 0;
    while (world.tallies[i].rpc && strcmp(world.tallies[i].rpc, rpc) != 0) {
        i++;
        check(i < MAX);
    }
    return &world.tallies[i];
}

int fake_peers_n_calls(const char *rpc)
{
    pthread_mutex_lock(&mutex);
    int n = tally_of(rpc)->n;
    pthread_mutex_unlock(&mutex);
    return n;
}

typedef const struct error *body_fn(struct call *call, const ProtobufCMessage *request,
                                    ProtobufCMessage *response);

/* Runs a body under the lock, unless this call is to fail before it, and then maybe fails. */
static const struct error *answer(struct call *call, const char *rpc, body_fn *body,
                                  const ProtobufCMessage *request, ProtobufCMessage *response)
{
    const struct error *err = NULL;
    pthread_mutex_lock(&mutex);
    struct tally *tally = tally_of(rpc);
    tally->rpc = rpc;
    tally->n++;
    struct failure *failure = &world.failure;
    bool fails = failure->n > 0 && strcmp(failure->rpc, rpc) == 0;
    if (!fails || failure->is_done) {
        err = body(call, request, response);
    }
    if (!err && fails) {
        failure->n--;
        err = error_on_field(call->arena, failure->reason, "quota", "made to fail");
    }
    pthread_mutex_unlock(&mutex);
    return err;
}

static const struct error *set_domain_quota(struct call *call, const ProtobufCMessage *request,
                                            ProtobufCMessage *response)
{
    const Roost__Quotas__V1__SetDomainQuotaRequest *req = (const void *)request;
    Roost__Quotas__V1__DomainQuota *resp = (void *)response;
    struct quota *quota = find_quota(req->domain_id);
    struct quota wanted = {.domain_id = req->domain_id};
    wanted = quota ? *quota : wanted;
    wanted.quota = req->_quota_case ? req->quota : wanted.quota;
    wanted.default_mailbox_quota = req->_default_mailbox_quota_case ? req->default_mailbox_quota
                                                                    : wanted.default_mailbox_quota;
    if (wanted.quota && wanted.default_mailbox_quota > wanted.quota) {
        return error_on_field(call->arena, REASON_DEFAULT_QUOTA_EXCEEDS_DOMAIN,
                              "default_mailbox_quota", "Cannot be greater than domain quota");
    }
    if (wanted.quota && wanted.allocated > wanted.quota) {
        return error_on_field(call->arena, REASON_DOMAIN_QUOTA_BELOW_ALLOCATED, "quota",
                              "too small");
    }
    if (!quota) {
        check(world.n_quotas < MAX);
        quota = &world.quotas[world.n_quotas++];
    }
    *quota = wanted;
    resp->domain_id = quota->domain_id;
    resp->quota = quota->quota;
    resp->default_mailbox_quota = quota->default_mailbox_quota;
    resp->allocated_quota = quota->allocated;
    return NULL;
}

static const struct error *get_domain_quotas(struct call *call, const ProtobufCMessage *request,
                                             ProtobufCMessage *response)
{
    const Roost__Quotas__V1__BatchGetDomainQuotasRequest *req = (const void *)request;
    Roost__Quotas__V1__BatchGetDomainQuotasResponse *resp = (void *)response;
    resp->domain_quotas =
        arena_alloc(call->arena, (req->n_domain_ids + 1) * sizeof *resp->domain_quotas);
    for (size_t i = 0; i < req->n_domain_ids; i++) {
        const struct quota *quota = find_quota(req->domain_ids[i]);
        if (quota) {
            Roost__Quotas__V1__DomainQuota *item =
                message_new(call->arena, &roost__quotas__v1__domain_quota__descriptor);
            item->domain_id = quota->domain_id;
            item->quota = quota->quota;
            item->default_mailbox_quota = quota->default_mailbox_quota;
            item->allocated_quota = quota->allocated;
            resp->domain_quotas[resp->n_domain_quotas++] = item;
        }
    }
    return NULL;
}

static const struct error *remove_domain_quota(struct call *call, const ProtobufCMessage *request,
                                               ProtobufCMessage *response)
{
    const Roost__Quotas__V1__RemoveDomainQuotaRequest *req = (const void *)request;
    struct quota *quota = find_quota(req->domain_id);
    (void)call;
    if (quota) {
        *quota = world.quotas[--world.n_quotas];
    }
    for (size_t i = 0; i < world.n_mailboxes; i++) {
        if (world.mailboxes[i].domain_id == req->domain_id) {
            world.mailboxes[i].at_quotas[0] = '\0';
        }
    }
    ((Roost__Quotas__V1__RemoveDomainQuotaResponse *)response)->done = true;
    return NULL;
}

static struct mailbox *find_mailbox(int64_t id)
{
    for (size_t i = 0; i < world.n_mailboxes; i++) {
        if (world.mailboxes[i].id == id) {
            return &world.mailboxes[i];
        }
    }
    check(false);
    return NULL;
}

static const struct error *rewrite_quotas(struct call *call, const ProtobufCMessage *request,
                                          ProtobufCMessage *response)
{
    const Roost__Quotas__V1__RewriteQuotaAddressesRequest *req = (const void *)request;
    (void)call;
    (void)response;
    for (size_t i = 0; i < req->n_items; i++) {
        set_address(find_mailbox(req->items[i]->mailbox_id)->at_quotas, req->items[i]->new_address);
    }
    return NULL;
}

static const struct error *rewrite_accounts(struct call *call, const ProtobufCMessage *request,
                                            ProtobufCMessage *response)
{
    const Roost__Accounts__V1__RewriteAddressesRequest *req = (const void *)request;
    (void)call;
    (void)response;
    for (size_t i = 0; i < req->n_items; i++) {
        set_address(find_mailbox(req->items[i]->account_id)->at_accounts,
                    req->items[i]->new_address);
    }
    return NULL;
}

static const struct error *remove_accounts(struct call *call, const ProtobufCMessage *request,
                                           ProtobufCMessage *response)
{
    const Roost__Accounts__V1__RemoveDomainAccountsRequest *req = (const void *)request;
    (void)call;
    (void)response;
    for (size_t i = 0; i < req->n_account_ids; i++) {
        find_mailbox(req->account_ids[i])->at_accounts[0] = '\0';
    }
    return NULL;
}

static const struct error *close_domain(struct call *call, const ProtobufCMessage *request,
                                        ProtobufCMessage *response)
{
    const Roost__Accounts__V1__SetDomainClosedRequest *req = (const void *)request;
    (void)call;
    (void)response;
    if (req->version > world.closed_version) {
        world.closed_version = req->version == INT64_MAX ? 0 : req->version;
        set_address(world.closed_domain, req->closed ? req->name : "");
    }
    return NULL;
}

static const struct error *get_mailboxes(struct call *call, const ProtobufCMessage *request,
                                         ProtobufCMessage *response)
{
    const Roost__Mailboxes__V1__BatchGetMailboxesRequest *req = (const void *)request;
    Roost__Mailboxes__V1__BatchGetMailboxesResponse *resp = (void *)response;
    resp->mailboxes = arena_alloc(call->arena, MAX * sizeof *resp->mailboxes);
    for (size_t i = 0; i < world.n_mailboxes; i++) {
        if (req->n_account_ids == 1 && world.mailboxes[i].id == req->account_ids[0]) {
            Roost__Mailboxes__V1__Mailbox *item =
                message_new(call->arena, &roost__mailboxes__v1__mailbox__descriptor);
            item->id = item->account_id = world.mailboxes[i].id;
            item->domain_id = world.mailboxes[i].domain_id;
            resp->mailboxes[resp->n_mailboxes++] = item;
        }
    }
    return NULL;
}

static const struct error *get_counters(struct call *call, const ProtobufCMessage *request,
                                        ProtobufCMessage *response)
{
    const Roost__Mailboxes__V1__BatchGetDomainCountersRequest *req = (const void *)request;
    Roost__Mailboxes__V1__BatchGetDomainCountersResponse *resp = (void *)response;
    resp->counters = arena_alloc(call->arena, (req->n_domain_ids + 1) * sizeof *resp->counters);
    for (size_t i = 0; i < req->n_domain_ids; i++) {
        Roost__Mailboxes__V1__DomainCounters *item =
            message_new(call->arena, &roost__mailboxes__v1__domain_counters__descriptor);
        item->domain_id = req->domain_ids[i];
        item->mailbox_count = world.pretended;
        item->alias_count = 2;
        for (size_t k = 0; k < world.n_mailboxes; k++) {
            item->mailbox_count += world.mailboxes[k].domain_id == item->domain_id;
        }
        resp->counters[resp->n_counters++] = item;
    }
    return NULL;
}

/* The domain's next mailbox: one at a time, so that paging is seen. */
static struct mailbox *next_mailbox(int64_t domain_id, int64_t after_id)
{
    for (size_t i = 0; i < world.n_mailboxes; i++) {
        if (world.mailboxes[i].domain_id == domain_id && world.mailboxes[i].id > after_id) {
            return &world.mailboxes[i];
        }
    }
    return NULL;
}

static const struct error *rewrite_domain(struct call *call, const ProtobufCMessage *request,
                                          ProtobufCMessage *response)
{
    const Roost__Mailboxes__V1__RewriteDomainRequest *req = (const void *)request;
    Roost__Mailboxes__V1__RewriteDomainResponse *resp = (void *)response;
    struct mailbox *mailbox = next_mailbox(req->domain_id, req->after_mailbox_id);
    resp->done = !mailbox;
    if (!mailbox) {
        return NULL;
    }
    Roost__Mailboxes__V1__RewrittenMailbox *item =
        message_new(call->arena, &roost__mailboxes__v1__rewritten_mailbox__descriptor);
    int local_len = (int)strcspn(mailbox->at_mailboxes, "@");
    item->mailbox_id = item->account_id = mailbox->id;
    item->old_address =
        arena_printf(call->arena, "%.*s@%s", local_len, mailbox->at_mailboxes, req->old_name);
    item->new_address =
        arena_printf(call->arena, "%.*s@%s", local_len, mailbox->at_mailboxes, req->new_name);
    set_address(mailbox->at_mailboxes, item->new_address);
    resp->mailboxes = arena_alloc(call->arena, sizeof *resp->mailboxes);
    resp->mailboxes[resp->n_mailboxes++] = item;
    return NULL;
}

static const struct error *remove_domain(struct call *call, const ProtobufCMessage *request,
                                         ProtobufCMessage *response)
{
    const Roost__Mailboxes__V1__RemoveDomainRequest *req = (const void *)request;
    Roost__Mailboxes__V1__RemoveDomainResponse *resp = (void *)response;
    struct mailbox *mailbox = next_mailbox(req->domain_id, req->after_mailbox_id);
    resp->done = !mailbox;
    if (mailbox) {
        mailbox->at_mailboxes[0] = '\0';
        resp->mailbox_ids = arena_memdup(call->arena, &mailbox->id, sizeof mailbox->id);
        resp->account_ids = resp->mailbox_ids;
        resp->n_mailbox_ids = resp->n_account_ids = 1;
    }
    return NULL;
}

static const struct error *end_sessions(struct call *call, const ProtobufCMessage *request,
                                        ProtobufCMessage *response)
{
    const Roost__Mailboxes__V1__EndSessionsRequest *req = (const void *)request;
    size_t len = strlen(world.ended);
    (void)call;
    (void)response;
    check(req->account_id == 0);
    snprintf(world.ended + len, sizeof world.ended - len, "%s%s", len ? " " : "", req->domain);
    return NULL;
}

/* HANDLER(SetDomainQuota, set_domain_quota, response's descriptor) */
#define HANDLER(rpc, body, descriptor)                                                            \
    static const struct error *body##_handler(struct call *call, const ProtobufCMessage *request, \
                                              ProtobufCMessage **ret_response)                    \
    {                                                                                             \
        *ret_response = message_new(call->arena, &descriptor);                                    \
        return answer(call, #rpc, body, request, *ret_response);                                  \
    }

HANDLER(SetDomainQuota, set_domain_quota, roost__quotas__v1__domain_quota__descriptor)
HANDLER(BatchGetDomainQuotas, get_domain_quotas,
        roost__quotas__v1__batch_get_domain_quotas_response__descriptor)
HANDLER(RemoveDomainQuota, remove_domain_quota,
        roost__quotas__v1__remove_domain_quota_response__descriptor)
HANDLER(RewriteQuotaAddresses, rewrite_quotas, google__protobuf__empty__descriptor)
HANDLER(BatchGetMailboxes, get_mailboxes,
        roost__mailboxes__v1__batch_get_mailboxes_response__descriptor)
HANDLER(BatchGetDomainCounters, get_counters,
        roost__mailboxes__v1__batch_get_domain_counters_response__descriptor)
HANDLER(RewriteDomain, rewrite_domain, roost__mailboxes__v1__rewrite_domain_response__descriptor)
HANDLER(EndSessions, end_sessions, google__protobuf__empty__descriptor)
HANDLER(RemoveDomain, remove_domain, roost__mailboxes__v1__remove_domain_response__descriptor)
HANDLER(RewriteAddresses, rewrite_accounts, google__protobuf__empty__descriptor)
HANDLER(RemoveDomainAccounts, remove_accounts, google__protobuf__empty__descriptor)
HANDLER(SetDomainClosed, close_domain, google__protobuf__empty__descriptor)

#define METHOD(service, rpc, req, resp, fn)                              \
    {                                                                    \
        .path = "/" service "/" rpc, .request = &req, .response = &resp, \
        .access = {.internal = true}, .handler = fn##_handler,           \
    }
#define QUOTAS       "roost.quotas.v1.QuotasInternal"
#define MAILBOXES    "roost.mailboxes.v1.MailboxesInternal"
#define ACCOUNTS     "roost.accounts.v1.AccountsInternal"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct rpc_method quotas_methods[] = {
    METHOD(QUOTAS, "SetDomainQuota", roost__quotas__v1__set_domain_quota_request__descriptor,
           roost__quotas__v1__domain_quota__descriptor, set_domain_quota),
    METHOD(QUOTAS, "BatchGetDomainQuotas",
           roost__quotas__v1__batch_get_domain_quotas_request__descriptor,
           roost__quotas__v1__batch_get_domain_quotas_response__descriptor, get_domain_quotas),
    METHOD(QUOTAS, "RemoveDomainQuota", roost__quotas__v1__remove_domain_quota_request__descriptor,
           roost__quotas__v1__remove_domain_quota_response__descriptor, remove_domain_quota),
    METHOD(QUOTAS, "RewriteQuotaAddresses",
           roost__quotas__v1__rewrite_quota_addresses_request__descriptor,
           google__protobuf__empty__descriptor, rewrite_quotas),
};
static const struct rpc_method mailboxes_methods[] = {
    METHOD(MAILBOXES, "BatchGetMailboxes",
           roost__mailboxes__v1__batch_get_mailboxes_request__descriptor,
           roost__mailboxes__v1__batch_get_mailboxes_response__descriptor, get_mailboxes),
    METHOD(MAILBOXES, "BatchGetDomainCounters",
           roost__mailboxes__v1__batch_get_domain_counters_request__descriptor,
           roost__mailboxes__v1__batch_get_domain_counters_response__descriptor, get_counters),
    METHOD(MAILBOXES, "RewriteDomain", roost__mailboxes__v1__rewrite_domain_request__descriptor,
           roost__mailboxes__v1__rewrite_domain_response__descriptor, rewrite_domain),
    METHOD(MAILBOXES, "RemoveDomain", roost__mailboxes__v1__remove_domain_request__descriptor,
           roost__mailboxes__v1__remove_domain_response__descriptor, remove_domain),
    METHOD(MAILBOXES, "EndSessions", roost__mailboxes__v1__end_sessions_request__descriptor,
           google__protobuf__empty__descriptor, end_sessions),
};
static const struct rpc_method accounts_methods[] = {
    METHOD(ACCOUNTS, "RewriteAddresses", roost__accounts__v1__rewrite_addresses_request__descriptor,
           google__protobuf__empty__descriptor, rewrite_accounts),
    METHOD(ACCOUNTS, "RemoveDomainAccounts",
           roost__accounts__v1__remove_domain_accounts_request__descriptor,
           google__protobuf__empty__descriptor, remove_accounts),
    METHOD(ACCOUNTS, "SetDomainClosed", roost__accounts__v1__set_domain_closed_request__descriptor,
           google__protobuf__empty__descriptor, close_domain),
};

const struct rpc_service fake_quotas = {QUOTAS, true, quotas_methods, COUNT(quotas_methods)};
const struct rpc_service fake_mailboxes = {MAILBOXES, true, mailboxes_methods,
                                           COUNT(mailboxes_methods)};
const struct rpc_service fake_accounts = {ACCOUNTS, true, accounts_methods,
                                          COUNT(accounts_methods)};
