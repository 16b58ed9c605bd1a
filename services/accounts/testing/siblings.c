#include "services/accounts/testing/siblings.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "proto/roost/domains/v1/domains.client.h"
#include "proto/roost/mailboxes/v1/mailboxes.client.h"
#include "proto/roost/quotas/v1/quotas.client.h"
#include "services/common/message/message.h"

enum { MAX_ROWS = 256, MAX_METHODS = 32, TEXT_BYTES = 256, DEFAULT_QUOTA = 5, DOMAIN_QUOTA = 100 };

static const struct {
    int64_t id;
    const char *name;
    const char *type;
    bool is_alias;
} domains[] = {
    {1, "example.test", "domain", false},
    {2, "other.test", "domain", false},
    {3, "relay.test", "relaydomain", false},
    {1, "alias.test", "domain", true},
};

struct mailbox {
    int64_t id, account_id, domain_id;
    char local_part[TEXT_BYTES];
    char address[TEXT_BYTES];
    bool is_active;
};

struct quota {
    int64_t mailbox_id, domain_id, megabytes;
    char address[TEXT_BYTES];
    bool use_domain_quota, is_active;
};

static struct {
    struct mailbox mailboxes[MAX_ROWS];
    struct quota quotas[MAX_ROWS];
    int64_t last_mailbox_id;
    const char *broken;
    bool breaks_after;
    bool is_renaming;
    const char *called[MAX_METHODS];
    int n_calls[MAX_METHODS];
} world;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct mailbox *mailbox_of(int64_t account_id)
{
    for (int i = 0; i < MAX_ROWS; i++) {
        if (world.mailboxes[i].account_id == account_id && account_id) {
            return &world.mailboxes[i];
        }
    }
    return NULL;
}

static struct mailbox *mailbox_at(int64_t domain_id, const char *local_part)
{
    for (int i = 0; i < MAX_ROWS; i++) {
        if (world.mailboxes[i].account_id && world.mailboxes[i].domain_id == domain_id &&
            strcmp(world.mailboxes[i].local_part, local_part) == 0) {
            return &world.mailboxes[i];
        }
    }
    return NULL;
}

static struct quota *quota_of(int64_t mailbox_id)
{
    for (int i = 0; i < MAX_ROWS; i++) {
        if (world.quotas[i].mailbox_id == mailbox_id && mailbox_id) {
            return &world.quotas[i];
        }
    }
    return NULL;
}

static const struct error *unavailable(struct call *call)
{
    return error_new(call->arena, REASON_SERVICE_UNAVAILABLE, "The service cannot be reached.");
}

static void count_call(const char *method)
{
    int i = 0;
    while (world.called[i] && strcmp(world.called[i], method) != 0) {
        i++;
        check(i < MAX_METHODS);
    }
    world.called[i] = method;
    world.n_calls[i]++;
}

static char *text_copy(struct call *call, const char *text)
{
    return arena_strdup(call->arena, text);
}

/* Domains */

static const struct error *resolve_domains(struct call *call, const ProtobufCMessage *request,
                                           ProtobufCMessage **ret)
{
    const Roost__Domains__V1__ResolveDomainsRequest *req = (const void *)request;
    Roost__Domains__V1__ResolveDomainsResponse *resp =
        message_new(call->arena, &roost__domains__v1__resolve_domains_response__descriptor);
    resp->domains = arena_alloc(call->arena, (req->n_names + 1) * sizeof *resp->domains);
    for (size_t i = 0; i < req->n_names; i++) {
        for (size_t d = 0; d < sizeof domains / sizeof *domains; d++) {
            if (strcmp(domains[d].name, req->names[i]) != 0) {
                continue;
            }
            Roost__Domains__V1__ResolvedDomain *domain =
                message_new(call->arena, &roost__domains__v1__resolved_domain__descriptor);
            domain->id = domains[d].id;
            domain->name = (char *)domains[d].name;
            domain->asked_name = domain->name;
            domain->enabled = true;
            domain->type = (char *)domains[d].type;
            domain->is_alias = domains[d].is_alias;
            domain->rename_in_progress = world.is_renaming && domain->id == 1;
            resp->domains[resp->n_domains++] = domain;
        }
    }
    *ret = &resp->base;
    return NULL;
}

/* Mailboxes */

static ProtobufCMessage *show_mailbox(struct call *call, const struct mailbox *mailbox)
{
    Roost__Mailboxes__V1__Mailbox *shown =
        message_new(call->arena, &roost__mailboxes__v1__mailbox__descriptor);
    shown->id = mailbox->id;
    shown->account_id = mailbox->account_id;
    shown->domain_id = mailbox->domain_id;
    shown->full_address = text_copy(call, mailbox->address);
    return &shown->base;
}

static void place(struct mailbox *mailbox, int64_t domain_id, const char *local_part,
                  const char *domain_name)
{
    mailbox->domain_id = domain_id;
    snprintf(mailbox->local_part, sizeof mailbox->local_part, "%s", local_part);
    snprintf(mailbox->address, sizeof mailbox->address, "%s@%s", local_part, domain_name);
}

static const struct error *taken(struct call *call)
{
    return error_new(call->arena, REASON_MAILBOX_EXISTS, "The mailbox already exists.");
}

static const struct error *reserve_mailbox(struct call *call, const ProtobufCMessage *request,
                                           ProtobufCMessage **ret)
{
    const Roost__Mailboxes__V1__ReserveMailboxRequest *req = (const void *)request;
    struct mailbox *mailbox = mailbox_of(req->account_id);
    if (!mailbox) {
        if (mailbox_at(req->domain_id, req->local_part)) {
            return taken(call);
        }
        for (mailbox = world.mailboxes; mailbox->account_id; mailbox++) {
            check(mailbox < world.mailboxes + MAX_ROWS - 1);
        }
        mailbox->id = ++world.last_mailbox_id;
        mailbox->account_id = req->account_id;
        mailbox->is_active = false;
        place(mailbox, req->domain_id, req->local_part, req->domain_name);
    }
    if (mailbox_at(req->domain_id, req->local_part) != mailbox) {
        return error_new(call->arena, REASON_MAILBOX_EXISTS,
                         "The account already has another mailbox.");
    }
    *ret = show_mailbox(call, mailbox);
    return NULL;
}

static const struct error *no_mailbox(struct call *call)
{
    return error_new(call->arena, REASON_MAILBOX_NOT_FOUND, "The account has no mailbox.");
}

static const struct error *confirm_mailbox(struct call *call, const ProtobufCMessage *request,
                                           ProtobufCMessage **ret)
{
    const Roost__Mailboxes__V1__ConfirmMailboxRequest *req = (const void *)request;
    struct mailbox *mailbox = mailbox_of(req->account_id);
    if (!mailbox) {
        return no_mailbox(call);
    }
    mailbox->is_active = true;
    *ret = show_mailbox(call, mailbox);
    return NULL;
}

static const struct error *empty(struct call *call, ProtobufCMessage **ret)
{
    *ret = message_new(call->arena, &google__protobuf__empty__descriptor);
    return NULL;
}

static const struct error *cancel_mailbox(struct call *call, const ProtobufCMessage *request,
                                          ProtobufCMessage **ret)
{
    const Roost__Mailboxes__V1__CancelMailboxRequest *req = (const void *)request;
    struct mailbox *mailbox = mailbox_of(req->account_id);
    if (mailbox && !mailbox->is_active) {
        mailbox->account_id = 0;
    }
    return empty(call, ret);
}

static const struct error *rename_mailbox(struct call *call, const ProtobufCMessage *request,
                                          ProtobufCMessage **ret)
{
    const Roost__Mailboxes__V1__RenameMailboxRequest *req = (const void *)request;
    struct mailbox *mailbox = mailbox_of(req->account_id);
    if (!mailbox || !mailbox->is_active) {
        return no_mailbox(call);
    }
    const struct mailbox *other = mailbox_at(req->domain_id, req->local_part);
    if (other && other != mailbox) {
        return taken(call);
    }
    place(mailbox, req->domain_id, req->local_part, req->domain_name);
    *ret = show_mailbox(call, mailbox);
    return NULL;
}

static const struct error *delete_mailbox(struct call *call, const ProtobufCMessage *request,
                                          ProtobufCMessage **ret)
{
    const Roost__Mailboxes__V1__DeleteMailboxRequest *req = (const void *)request;
    Roost__Mailboxes__V1__DeleteMailboxResponse *resp =
        message_new(call->arena, &roost__mailboxes__v1__delete_mailbox_response__descriptor);
    struct mailbox *mailbox = mailbox_of(req->account_id);
    if (mailbox) {
        resp->mailbox_id = mailbox->id;
        mailbox->account_id = 0;
    }
    *ret = &resp->base;
    return NULL;
}

/* Being called is all. */
static const struct error *end_sessions(struct call *call, const ProtobufCMessage *request,
                                        ProtobufCMessage **ret)
{
    (void)request;
    return empty(call, ret);
}

static const struct error *batch_get_mailboxes(struct call *call, const ProtobufCMessage *request,
                                               ProtobufCMessage **ret)
{
    const Roost__Mailboxes__V1__BatchGetMailboxesRequest *req = (const void *)request;
    Roost__Mailboxes__V1__BatchGetMailboxesResponse *resp =
        message_new(call->arena, &roost__mailboxes__v1__batch_get_mailboxes_response__descriptor);
    resp->mailboxes = arena_alloc(call->arena, (req->n_account_ids + 1) * sizeof *resp->mailboxes);
    for (size_t i = 0; i < req->n_account_ids; i++) {
        const struct mailbox *mailbox = mailbox_of(req->account_ids[i]);
        if (mailbox && mailbox->is_active) {
            resp->mailboxes[resp->n_mailboxes++] = (void *)show_mailbox(call, mailbox);
        }
    }
    *ret = &resp->base;
    return NULL;
}

/* Quotas */

static ProtobufCMessage *show_quota(struct call *call, const struct quota *quota)
{
    Roost__Quotas__V1__Quota *shown =
        message_new(call->arena, &roost__quotas__v1__quota__descriptor);
    shown->mailbox_id = quota->mailbox_id;
    shown->domain_id = quota->domain_id;
    shown->address = text_copy(call, quota->address);
    shown->use_domain_quota = quota->use_domain_quota;
    shown->quota = quota->megabytes;
    return &shown->base;
}

static int64_t given_away(int64_t domain_id, int64_t except_mailbox_id)
{
    int64_t sum = 0;
    for (int i = 0; i < MAX_ROWS; i++) {
        if (world.quotas[i].mailbox_id && world.quotas[i].domain_id == domain_id &&
            world.quotas[i].mailbox_id != except_mailbox_id) {
            sum += world.quotas[i].megabytes;
        }
    }
    return sum;
}

static const struct error *set_mailbox_quota(struct call *call, const ProtobufCMessage *request,
                                             ProtobufCMessage **ret)
{
    const Roost__Quotas__V1__SetMailboxQuotaRequest *req = (const void *)request;
    int64_t megabytes = req->use_domain_quota ? DEFAULT_QUOTA : req->quota;
    if (given_away(req->domain_id, req->mailbox_id) + megabytes > DOMAIN_QUOTA &&
        !req->override_domain_quota) {
        return error_on_field(call->arena, REASON_QUOTA_EXCEEDS_DOMAIN, "quota",
                              "Domain quota exceeded");
    }
    struct quota *quota = quota_of(req->mailbox_id);
    if (!quota) {
        for (quota = world.quotas; quota->mailbox_id; quota++) {
            check(quota < world.quotas + MAX_ROWS - 1);
        }
        *quota = (struct quota){.mailbox_id = req->mailbox_id};
    }
    quota->domain_id = req->domain_id;
    quota->megabytes = megabytes;
    quota->use_domain_quota = req->use_domain_quota;
    quota->is_active = quota->is_active || req->active;
    snprintf(quota->address, sizeof quota->address, "%s", req->address);
    *ret = show_quota(call, quota);
    return NULL;
}

static const struct error *confirm_mailbox_quota(struct call *call, const ProtobufCMessage *request,
                                                 ProtobufCMessage **ret)
{
    const Roost__Quotas__V1__ConfirmMailboxQuotaRequest *req = (const void *)request;
    struct quota *quota = quota_of(req->mailbox_id);
    if (quota) {
        quota->is_active = true;
    }
    return empty(call, ret);
}

static const struct error *delete_mailbox_quota(struct call *call, const ProtobufCMessage *request,
                                                ProtobufCMessage **ret)
{
    const Roost__Quotas__V1__DeleteMailboxQuotaRequest *req = (const void *)request;
    struct quota *quota = quota_of(req->mailbox_id);
    if (quota) {
        quota->mailbox_id = 0;
    }
    return empty(call, ret);
}

static const struct error *batch_get_quotas(struct call *call, const ProtobufCMessage *request,
                                            ProtobufCMessage **ret)
{
    const Roost__Quotas__V1__BatchGetQuotasRequest *req = (const void *)request;
    Roost__Quotas__V1__BatchGetQuotasResponse *resp =
        message_new(call->arena, &roost__quotas__v1__batch_get_quotas_response__descriptor);
    resp->quotas = arena_alloc(call->arena, (req->n_mailbox_ids + 1) * sizeof *resp->quotas);
    for (size_t i = 0; i < req->n_mailbox_ids; i++) {
        const struct quota *quota = quota_of(req->mailbox_ids[i]);
        if (quota && quota->is_active) {
            resp->quotas[resp->n_quotas++] = (void *)show_quota(call, quota);
        }
    }
    *ret = &resp->base;
    return NULL;
}

static const struct error *rewrite_quota_addresses(struct call *call,
                                                   const ProtobufCMessage *request,
                                                   ProtobufCMessage **ret)
{
    const Roost__Quotas__V1__RewriteQuotaAddressesRequest *req = (const void *)request;
    for (size_t i = 0; i < req->n_items; i++) {
        struct quota *quota = quota_of(req->items[i]->mailbox_id);
        if (quota) {
            snprintf(quota->address, sizeof quota->address, "%s", req->items[i]->new_address);
            quota->domain_id =
                req->items[i]->new_domain_id ? req->items[i]->new_domain_id : quota->domain_id;
        }
    }
    return empty(call, ret);
}

/* One handler per method: it is counted, may be broken, and has the world for itself. */
#define METHOD(name)                                                                            \
    static const struct error *serve_##name(struct call *call, const ProtobufCMessage *request, \
                                            ProtobufCMessage **ret)                             \
    {                                                                                           \
        return serve(call, request, ret, name);                                                 \
    }

static const struct error *serve(struct call *call, const ProtobufCMessage *request,
                                 ProtobufCMessage **ret, rpc_handler_fn *handler)
{
    const char *method = strrchr(call->method, '/') + 1;
    const struct error *err = NULL;
    check(pthread_mutex_lock(&lock) == 0);
    bool is_broken = world.broken && strcmp(world.broken, method) == 0;
    count_call(method);
    if (!is_broken || world.breaks_after) {
        err = handler(call, request, ret);
    }
    check(pthread_mutex_unlock(&lock) == 0);
    return is_broken ? unavailable(call) : err;
}

METHOD(resolve_domains)
METHOD(reserve_mailbox)
METHOD(confirm_mailbox)
METHOD(cancel_mailbox)
METHOD(rename_mailbox)
METHOD(delete_mailbox)
METHOD(end_sessions)
METHOD(batch_get_mailboxes)
METHOD(set_mailbox_quota)
METHOD(confirm_mailbox_quota)
METHOD(delete_mailbox_quota)
METHOD(batch_get_quotas)
METHOD(rewrite_quota_addresses)

#define ENTRY(package, service, method, req, resp, fn)                                            \
    {                                                                                             \
        .path = "/roost." #package ".v1." #service "/" #method,                                   \
        .request = &roost__##package##__v1__##req##__descriptor, .response = &resp##__descriptor, \
        .access = {.internal = true}, .handler = serve_##fn,                                      \
    }
#define MAILBOXES(method, fn, resp) \
    ENTRY(mailboxes, MailboxesInternal, method, fn##_request, resp, fn)
#define QUOTAS(method, fn, resp) ENTRY(quotas, QuotasInternal, method, fn##_request, resp, fn)

static const struct rpc_method domains_methods[] = {
    ENTRY(domains, DomainsInternal, ResolveDomains, resolve_domains_request,
          roost__domains__v1__resolve_domains_response, resolve_domains),
};
static const struct rpc_method mailboxes_methods[] = {
    MAILBOXES(ReserveMailbox, reserve_mailbox, roost__mailboxes__v1__mailbox),
    MAILBOXES(ConfirmMailbox, confirm_mailbox, roost__mailboxes__v1__mailbox),
    MAILBOXES(CancelMailbox, cancel_mailbox, google__protobuf__empty),
    MAILBOXES(RenameMailbox, rename_mailbox, roost__mailboxes__v1__mailbox),
    MAILBOXES(DeleteMailbox, delete_mailbox, roost__mailboxes__v1__delete_mailbox_response),
    MAILBOXES(EndSessions, end_sessions, google__protobuf__empty),
    MAILBOXES(BatchGetMailboxes, batch_get_mailboxes,
              roost__mailboxes__v1__batch_get_mailboxes_response),
};
static const struct rpc_method quotas_methods[] = {
    QUOTAS(SetMailboxQuota, set_mailbox_quota, roost__quotas__v1__quota),
    QUOTAS(ConfirmMailboxQuota, confirm_mailbox_quota, google__protobuf__empty),
    QUOTAS(DeleteMailboxQuota, delete_mailbox_quota, google__protobuf__empty),
    QUOTAS(BatchGetQuotas, batch_get_quotas, roost__quotas__v1__batch_get_quotas_response),
    QUOTAS(RewriteQuotaAddresses, rewrite_quota_addresses, google__protobuf__empty),
};

#define COUNT(array) (sizeof(array) / sizeof *(array))
const struct rpc_service siblings_domains = {"roost.domains.v1.DomainsInternal", true,
                                             domains_methods, COUNT(domains_methods)};
const struct rpc_service siblings_mailboxes = {"roost.mailboxes.v1.MailboxesInternal", true,
                                               mailboxes_methods, COUNT(mailboxes_methods)};
const struct rpc_service siblings_quotas = {"roost.quotas.v1.QuotasInternal", true, quotas_methods,
                                            COUNT(quotas_methods)};

void siblings_reset(void)
{
    memset(&world, 0, sizeof world);
}

void siblings_break(const char *method, bool after_effect)
{
    world.broken = method;
    world.breaks_after = after_effect;
}

int siblings_calls(const char *method)
{
    for (int i = 0; i < MAX_METHODS && world.called[i]; i++) {
        if (strcmp(world.called[i], method) == 0) {
            return world.n_calls[i];
        }
    }
    return 0;
}

void siblings_set_renaming(bool is_renaming)
{
    world.is_renaming = is_renaming;
}

const char *siblings_mailbox_state(int64_t account_id)
{
    const struct mailbox *mailbox = mailbox_of(account_id);
    return !mailbox ? "" : mailbox->is_active ? "active" : "pending";
}

const char *siblings_mailbox_address(int64_t account_id)
{
    const struct mailbox *mailbox = mailbox_of(account_id);
    return mailbox ? mailbox->address : "";
}

static const struct quota *quota_of_account(int64_t account_id)
{
    const struct mailbox *mailbox = mailbox_of(account_id);
    return mailbox ? quota_of(mailbox->id) : NULL;
}

const char *siblings_quota_state(int64_t account_id)
{
    const struct quota *quota = quota_of_account(account_id);
    return !quota ? "" : quota->is_active ? "active" : "pending";
}

int64_t siblings_quota(int64_t account_id)
{
    const struct quota *quota = quota_of_account(account_id);
    return quota ? quota->megabytes : -1;
}

const char *siblings_quota_address(int64_t account_id)
{
    const struct quota *quota = quota_of_account(account_id);
    return quota ? quota->address : "";
}

int siblings_n_mailboxes(void)
{
    int n = 0;
    for (int i = 0; i < MAX_ROWS; i++) {
        n += world.mailboxes[i].account_id != 0;
    }
    return n;
}

int siblings_n_quotas(void)
{
    int n = 0;
    for (int i = 0; i < MAX_ROWS; i++) {
        n += world.quotas[i].mailbox_id != 0;
    }
    return n;
}
