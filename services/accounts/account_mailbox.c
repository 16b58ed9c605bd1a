#include "services/accounts/account_mailbox.h"

#include <stdlib.h>
#include <string.h>

#include "proto/roost/domains/v1/domains.client.h"
#include "proto/roost/mailboxes/v1/mailboxes.client.h"
#include "proto/roost/quotas/v1/quotas.client.h"
#include "services/common/message/message.h"

/* What the two services know about a number of mailboxes. */
struct facts {
    Roost__Mailboxes__V1__Mailbox **mailboxes; /* by account id */
    size_t n_mailboxes;
    Roost__Quotas__V1__Quota **quotas; /* by mailbox id */
    size_t n_quotas;
};

static int compare_ids(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_mailboxes(const void *a, const void *b)
{
    return compare_ids((*(Roost__Mailboxes__V1__Mailbox *const *)a)->account_id,
                       (*(Roost__Mailboxes__V1__Mailbox *const *)b)->account_id);
}

static int compare_quotas(const void *a, const void *b)
{
    return compare_ids((*(Roost__Quotas__V1__Quota *const *)a)->mailbox_id,
                       (*(Roost__Quotas__V1__Quota *const *)b)->mailbox_id);
}

static const struct error *ask(struct call *call, int64_t *account_ids, size_t n_accounts,
                               struct facts *ret_facts)
{
    struct facts facts = {0};
    Roost__Mailboxes__V1__BatchGetMailboxesRequest mailboxes_req =
        ROOST__MAILBOXES__V1__BATCH_GET_MAILBOXES_REQUEST__INIT;
    mailboxes_req.account_ids = account_ids;
    mailboxes_req.n_account_ids = n_accounts;
    Roost__Mailboxes__V1__BatchGetMailboxesResponse *mailboxes;
    const struct error *err =
        mailboxes_internal_client_batch_get_mailboxes(call, &mailboxes_req, &mailboxes);
    if (err) {
        return err;
    }
    facts.mailboxes = mailboxes->mailboxes;
    facts.n_mailboxes = mailboxes->n_mailboxes;
    if (facts.n_mailboxes > 0) {
        int64_t *ids = arena_alloc(call->arena, facts.n_mailboxes * sizeof *ids);
        for (size_t i = 0; i < facts.n_mailboxes; i++) {
            ids[i] = facts.mailboxes[i]->id;
        }
        Roost__Quotas__V1__BatchGetQuotasRequest quotas_req =
            ROOST__QUOTAS__V1__BATCH_GET_QUOTAS_REQUEST__INIT;
        quotas_req.mailbox_ids = ids;
        quotas_req.n_mailbox_ids = facts.n_mailboxes;
        Roost__Quotas__V1__BatchGetQuotasResponse *quotas;
        err = quotas_internal_client_batch_get_quotas(call, &quotas_req, &quotas);
        if (err) {
            return err;
        }
        facts.quotas = quotas->quotas;
        facts.n_quotas = quotas->n_quotas;
        qsort(facts.mailboxes, facts.n_mailboxes, sizeof *facts.mailboxes, compare_mailboxes);
        if (facts.n_quotas > 0) {
            qsort(facts.quotas, facts.n_quotas, sizeof *facts.quotas, compare_quotas);
        }
    }
    *ret_facts = facts;
    return NULL;
}

static const Roost__Mailboxes__V1__Mailbox *find_mailbox(const struct facts *facts,
                                                         int64_t account_id)
{
    Roost__Mailboxes__V1__Mailbox wanted = {.account_id = account_id};
    const Roost__Mailboxes__V1__Mailbox *key = &wanted;
    Roost__Mailboxes__V1__Mailbox *const *found =
        facts->n_mailboxes == 0
            ? NULL
            : bsearch(&key, facts->mailboxes, facts->n_mailboxes, sizeof key, compare_mailboxes);
    return found ? *found : NULL;
}

static const Roost__Quotas__V1__Quota *find_quota(const struct facts *facts, int64_t mailbox_id)
{
    Roost__Quotas__V1__Quota wanted = {.mailbox_id = mailbox_id};
    const Roost__Quotas__V1__Quota *key = &wanted;
    Roost__Quotas__V1__Quota *const *found =
        facts->n_quotas == 0
            ? NULL
            : bsearch(&key, facts->quotas, facts->n_quotas, sizeof key, compare_quotas);
    return found ? *found : NULL;
}

/* quota NULL: as `before` has it. */
static Roost__Accounts__V1__AccountMailbox *make_mailbox(struct arena *arena, int64_t id,
                                                         char *full_address,
                                                         const Roost__Quotas__V1__Quota *quota)
{
    Roost__Accounts__V1__AccountMailbox *mailbox =
        message_new(arena, &roost__accounts__v1__account_mailbox__descriptor);
    mailbox->id = id;
    mailbox->full_address = full_address;
    mailbox->_use_domain_quota_case =
        ROOST__ACCOUNTS__V1__ACCOUNT_MAILBOX___USE_DOMAIN_QUOTA_USE_DOMAIN_QUOTA;
    mailbox->_quota_case = ROOST__ACCOUNTS__V1__ACCOUNT_MAILBOX___QUOTA_QUOTA;
    if (quota) {
        mailbox->use_domain_quota = quota->use_domain_quota;
        mailbox->quota = quota->quota;
        mailbox->quota_usage = quota->quota_usage;
    }
    return mailbox;
}

static const struct error *attach(struct call *call, Roost__Accounts__V1__Account *const *accounts,
                                  size_t n_accounts, int64_t *ret_last_domain_id)
{
    int64_t *ids = arena_alloc(call->arena, (n_accounts + 1) * sizeof *ids);
    size_t n_ids = 0;
    for (size_t i = 0; i < n_accounts; i++) {
        if (*accounts[i]->email) {
            ids[n_ids++] = accounts[i]->id;
        }
    }
    struct facts facts = {0};
    const struct error *err = n_ids > 0 ? ask(call, ids, n_ids, &facts) : NULL;
    if (err) {
        return err;
    }
    *ret_last_domain_id = 0;
    for (size_t i = 0; i < n_accounts; i++) {
        const Roost__Mailboxes__V1__Mailbox *mailbox = find_mailbox(&facts, accounts[i]->id);
        if (mailbox) {
            accounts[i]->mailbox = make_mailbox(call->arena, mailbox->id, mailbox->full_address,
                                                find_quota(&facts, mailbox->id));
            *ret_last_domain_id = mailbox->domain_id;
        }
    }
    return NULL;
}

const struct error *account_mailbox_attach(struct call *call,
                                           Roost__Accounts__V1__Account *const *accounts,
                                           size_t n_accounts)
{
    int64_t ignored;
    return attach(call, accounts, n_accounts, &ignored);
}

const struct error *account_mailbox_attach_one(struct call *call,
                                               Roost__Accounts__V1__Account *account,
                                               int64_t *ret_domain_id)
{
    return attach(call, &account, 1, ret_domain_id);
}

/* The domain that a new address lies in. */
static const struct error *resolve(struct call *call, const struct address *address,
                                   Roost__Domains__V1__ResolvedDomain **ret_domain)
{
    Roost__Domains__V1__ResolveDomainsRequest req =
        ROOST__DOMAINS__V1__RESOLVE_DOMAINS_REQUEST__INIT;
    char *name = address->domain;
    req.names = &name;
    req.n_names = 1;
    Roost__Domains__V1__ResolveDomainsResponse *resp;
    const struct error *err = domains_internal_client_resolve_domains(call, &req, &resp);
    if (err) {
        return err;
    }
    if (resp->n_domains == 0 || resp->domains[0]->is_alias) {
        return error_new(call->arena, REASON_DOMAIN_NOT_FOUND, "Domain does not exist");
    }
    if (strcmp(resp->domains[0]->type, "relaydomain") == 0) {
        return error_on_field(call->arena, REASON_FIELD_INVALID, "account.mailbox.full_address",
                              "%s is a relay domain and holds no mailboxes.", address->domain);
    }
    if (resp->domains[0]->rename_in_progress) {
        err = error_new(call->arena, REASON_RENAME_IN_PROGRESS,
                        "%s is being renamed; try again in a few seconds.", address->domain);
        return error_with_retry_after(call->arena, err, 2000);
    }
    *ret_domain = resp->domains[0];
    return NULL;
}

const struct error *account_mailbox_plan(struct call *call,
                                         const struct account_mailbox_state *state,
                                         const struct account_draft *draft,
                                         Roost__Accounts__V1__MailboxChange **ret_change)
{
    const struct account_mailbox_wish *wish = &draft->mailbox;
    const Roost__Accounts__V1__AccountMailbox *before =
        state->before ? state->before->mailbox : NULL;
    if (!wish->is_wanted) {
        *ret_change = NULL;
        return NULL;
    }
    bool is_moved = !before || strcmp(before->full_address, wish->address.full) != 0;
    bool is_sized = !before || before->use_domain_quota != wish->use_domain_quota ||
                    (!wish->use_domain_quota && before->quota != wish->quota);
    if (!is_moved && !is_sized) {
        *ret_change = NULL;
        return NULL;
    }
    Roost__Accounts__V1__MailboxChange *change =
        message_new(call->arena, &roost__accounts__v1__mailbox_change__descriptor);
    change->create = !before;
    change->domain_id = state->domain_id;
    if (is_moved) {
        Roost__Domains__V1__ResolvedDomain *domain;
        const struct error *err = resolve(call, &wish->address, &domain);
        if (err) {
            return err;
        }
        change->domain_id = domain->id;
    }
    change->local_part = wish->address.local_part;
    change->domain_name = wish->address.domain;
    change->use_domain_quota = wish->use_domain_quota;
    change->quota = wish->use_domain_quota ? 0 : wish->quota;
    if (before) {
        change->mailbox_id = before->id;
        change->old_domain_id = state->domain_id;
        change->old_address = before->full_address;
        change->old_use_domain_quota = before->use_domain_quota;
        change->old_quota = before->use_domain_quota ? 0 : before->quota;
    }
    change->set_quota = is_sized || change->domain_id != change->old_domain_id;
    *ret_change = change;
    return NULL;
}

char *account_mailbox_address(struct arena *arena, const Roost__Accounts__V1__MailboxChange *change)
{
    return arena_printf(arena, "%s@%s", change->local_part, change->domain_name);
}

bool account_mailbox_is_refusal(const struct error *err)
{
    switch (err->code) {
    case ERROR_INVALID_ARGUMENT:
    case ERROR_NOT_FOUND:
    case ERROR_ALREADY_EXISTS:
    case ERROR_FAILED_PRECONDITION:
    case ERROR_PERMISSION_DENIED:
        return true;
    default:
        return false;
    }
}

static const struct error *set_quota(struct call *call,
                                     Roost__Quotas__V1__SetMailboxQuotaRequest *req,
                                     Roost__Quotas__V1__Quota **ret_quota)
{
    const struct error *err = quotas_internal_client_set_mailbox_quota(call, req, ret_quota);
    return err ? error_prefix_fields(call->arena, err, "account.mailbox") : NULL;
}

static const struct error *reserve(struct call *call, int64_t account_id,
                                   const Roost__Accounts__V1__MailboxChange *change,
                                   Roost__Mailboxes__V1__Mailbox **ret_mailbox)
{
    Roost__Mailboxes__V1__ReserveMailboxRequest req =
        ROOST__MAILBOXES__V1__RESERVE_MAILBOX_REQUEST__INIT;
    req.account_id = account_id;
    req.domain_id = change->domain_id;
    req.local_part = change->local_part;
    req.domain_name = change->domain_name;
    return mailboxes_internal_client_reserve_mailbox(call, &req, ret_mailbox);
}

static const struct error *create(struct call *call, int64_t account_id,
                                  const Roost__Accounts__V1__MailboxChange *change,
                                  Roost__Accounts__V1__AccountMailbox **ret_mailbox)
{
    Roost__Mailboxes__V1__Mailbox *mailbox;
    const struct error *err = reserve(call, account_id, change, &mailbox);
    if (err) {
        return err;
    }
    Roost__Quotas__V1__SetMailboxQuotaRequest req =
        ROOST__QUOTAS__V1__SET_MAILBOX_QUOTA_REQUEST__INIT;
    req.mailbox_id = mailbox->id;
    req.domain_id = change->domain_id;
    req.address = account_mailbox_address(call->arena, change);
    req.use_domain_quota = change->use_domain_quota;
    req.quota = change->quota;
    Roost__Quotas__V1__Quota *quota;
    err = set_quota(call, &req, &quota);
    if (err && account_mailbox_is_refusal(err)) {
        const struct error *release_err = account_mailbox_release(call, account_id, change);
        return release_err ? release_err : err;
    }
    if (err) {
        return err;
    }
    *ret_mailbox = make_mailbox(call->arena, mailbox->id, req.address, quota);
    return NULL;
}

/* The mailbox as it is, whether or not that is what the account's row says. */
static const struct error *look_up(struct call *call, int64_t account_id,
                                   Roost__Mailboxes__V1__Mailbox **ret_mailbox)
{
    Roost__Mailboxes__V1__BatchGetMailboxesRequest req =
        ROOST__MAILBOXES__V1__BATCH_GET_MAILBOXES_REQUEST__INIT;
    Roost__Mailboxes__V1__BatchGetMailboxesResponse *resp;
    req.account_ids = &account_id;
    req.n_account_ids = 1;
    const struct error *err = mailboxes_internal_client_batch_get_mailboxes(call, &req, &resp);
    if (err) {
        return err;
    }
    *ret_mailbox = resp->n_mailboxes > 0 ? resp->mailboxes[0] : NULL;
    return NULL;
}

static bool is_at(const Roost__Mailboxes__V1__Mailbox *mailbox,
                  const Roost__Accounts__V1__MailboxChange *change)
{
    size_t len = strlen(change->local_part);
    return mailbox && mailbox->domain_id == change->domain_id &&
           strncmp(mailbox->full_address, change->local_part, len) == 0 &&
           mailbox->full_address[len] == '@';
}

static const struct error *rename_mailbox(struct call *call, int64_t account_id,
                                          const Roost__Accounts__V1__MailboxChange *change,
                                          char **ret_address)
{
    Roost__Mailboxes__V1__RenameMailboxRequest req =
        ROOST__MAILBOXES__V1__RENAME_MAILBOX_REQUEST__INIT;
    req.account_id = account_id;
    req.domain_id = change->domain_id;
    req.local_part = change->local_part;
    req.domain_name = change->domain_name;
    Roost__Mailboxes__V1__Mailbox *mailbox;
    const struct error *err = mailboxes_internal_client_rename_mailbox(call, &req, &mailbox);
    if (err && account_mailbox_is_refusal(err)) {
        /* Asked again after a crash, it may be there already, in a domain that has got another name
         * since. */
        const struct error *look_up_err = look_up(call, account_id, &mailbox);
        if (look_up_err || !is_at(mailbox, change)) {
            return look_up_err ? look_up_err : err;
        }
        err = NULL;
    }
    if (err) {
        return err;
    }
    *ret_address = mailbox->full_address;
    return NULL;
}

/* Renames mailbox and quota. */
static const struct error *move(struct call *call, int64_t account_id,
                                const Roost__Accounts__V1__MailboxChange *change,
                                char **ret_address)
{
    const struct error *err = rename_mailbox(call, account_id, change, ret_address);
    if (err) {
        return err;
    }
    Roost__Quotas__V1__RewriteQuotaAddressesRequest__Item item =
        ROOST__QUOTAS__V1__REWRITE_QUOTA_ADDRESSES_REQUEST__ITEM__INIT;
    Roost__Quotas__V1__RewriteQuotaAddressesRequest__Item *items[] = {&item};
    item.mailbox_id = change->mailbox_id;
    item.new_address = *ret_address;
    item.new_domain_id = change->domain_id != change->old_domain_id ? change->domain_id : 0;
    Roost__Quotas__V1__RewriteQuotaAddressesRequest rewrite =
        ROOST__QUOTAS__V1__REWRITE_QUOTA_ADDRESSES_REQUEST__INIT;
    rewrite.items = items;
    rewrite.n_items = 1;
    Google__Protobuf__Empty *empty;
    return quotas_internal_client_rewrite_quota_addresses(call, &rewrite, &empty);
}

/* Quota first: it may refuse. Its address follows when the mailbox has moved. */
static const struct error *alter(struct call *call, int64_t account_id,
                                 const Roost__Accounts__V1__MailboxChange *change,
                                 const Roost__Accounts__V1__AccountMailbox *before,
                                 Roost__Accounts__V1__AccountMailbox **ret_mailbox)
{
    Roost__Accounts__V1__AccountMailbox *mailbox =
        arena_memdup(call->arena, before, sizeof *before);
    const char *address = account_mailbox_address(call->arena, change);
    Roost__Quotas__V1__Quota *quota;
    Roost__Quotas__V1__SetMailboxQuotaRequest req =
        ROOST__QUOTAS__V1__SET_MAILBOX_QUOTA_REQUEST__INIT;
    req.mailbox_id = change->mailbox_id;
    req.domain_id = change->domain_id;
    req.address = change->old_address;
    req.use_domain_quota = change->use_domain_quota;
    req.quota = change->quota;
    req.active = true;
    if (change->set_quota) {
        const struct error *err = set_quota(call, &req, &quota);
        if (err) {
            return err;
        }
        mailbox->use_domain_quota = quota->use_domain_quota;
        mailbox->quota = quota->quota;
        mailbox->quota_usage = quota->quota_usage;
    }
    if (strcmp(address, change->old_address) != 0) {
        const struct error *err = move(call, account_id, change, &mailbox->full_address);
        if (err && account_mailbox_is_refusal(err) && change->set_quota) {
            /* Back to what it was, whatever the domain has given away in between. */
            req.domain_id = change->old_domain_id;
            req.use_domain_quota = change->old_use_domain_quota;
            req.quota = change->old_quota;
            req.override_domain_quota = true;
            const struct error *undo_err = set_quota(call, &req, &quota);
            return undo_err && !account_mailbox_is_refusal(undo_err) ? undo_err : err;
        }
        if (err) {
            return err;
        }
    }
    *ret_mailbox = mailbox;
    return NULL;
}

const struct error *account_mailbox_change(struct call *call, int64_t account_id,
                                           const Roost__Accounts__V1__MailboxChange *change,
                                           const Roost__Accounts__V1__AccountMailbox *before,
                                           Roost__Accounts__V1__AccountMailbox **ret_mailbox)
{
    return change->create ? create(call, account_id, change, ret_mailbox)
                          : alter(call, account_id, change, before, ret_mailbox);
}

static const struct error *unless_not_found(const struct error *err)
{
    return err && err->code == ERROR_NOT_FOUND ? NULL : err;
}

const struct error *account_mailbox_confirm(struct call *call, int64_t account_id,
                                            int64_t mailbox_id)
{
    Roost__Mailboxes__V1__ConfirmMailboxRequest req =
        ROOST__MAILBOXES__V1__CONFIRM_MAILBOX_REQUEST__INIT;
    req.account_id = account_id;
    Roost__Mailboxes__V1__Mailbox *mailbox;
    /* Not found: the account and its mailbox have been deleted since. */
    const struct error *err =
        unless_not_found(mailboxes_internal_client_confirm_mailbox(call, &req, &mailbox));
    if (err) {
        return err;
    }
    Roost__Quotas__V1__ConfirmMailboxQuotaRequest quota_req =
        ROOST__QUOTAS__V1__CONFIRM_MAILBOX_QUOTA_REQUEST__INIT;
    quota_req.mailbox_id = mailbox_id;
    Google__Protobuf__Empty *empty;
    return unless_not_found(quotas_internal_client_confirm_mailbox_quota(call, &quota_req, &empty));
}

const struct error *account_mailbox_confirm_reserved(struct call *call, int64_t account_id)
{
    Roost__Mailboxes__V1__ConfirmMailboxRequest req =
        ROOST__MAILBOXES__V1__CONFIRM_MAILBOX_REQUEST__INIT;
    req.account_id = account_id;
    Roost__Mailboxes__V1__Mailbox *mailbox;
    const struct error *err = mailboxes_internal_client_confirm_mailbox(call, &req, &mailbox);
    return err ? unless_not_found(err) : account_mailbox_confirm(call, account_id, mailbox->id);
}

static const struct error *delete_quota(struct call *call, int64_t mailbox_id)
{
    Roost__Quotas__V1__DeleteMailboxQuotaRequest req =
        ROOST__QUOTAS__V1__DELETE_MAILBOX_QUOTA_REQUEST__INIT;
    req.mailbox_id = mailbox_id;
    Google__Protobuf__Empty *empty;
    return unless_not_found(quotas_internal_client_delete_mailbox_quota(call, &req, &empty));
}

const struct error *account_mailbox_release(struct call *call, int64_t account_id,
                                            const Roost__Accounts__V1__MailboxChange *change)
{
    /* Reserving is idempotent and tells the id under which the quota is. Who is refused here has
     * reserved nothing. */
    Roost__Mailboxes__V1__Mailbox *mailbox;
    const struct error *err = reserve(call, account_id, change, &mailbox);
    if (err) {
        return account_mailbox_is_refusal(err) ? NULL : err;
    }
    err = delete_quota(call, mailbox->id);
    if (err) {
        return err;
    }
    Roost__Mailboxes__V1__CancelMailboxRequest req =
        ROOST__MAILBOXES__V1__CANCEL_MAILBOX_REQUEST__INIT;
    req.account_id = account_id;
    Google__Protobuf__Empty *empty;
    return mailboxes_internal_client_cancel_mailbox(call, &req, &empty);
}

const struct error *account_mailbox_end_sessions(struct call *call, int64_t account_id)
{
    Google__Protobuf__Empty *empty;
    Roost__Mailboxes__V1__EndSessionsRequest req = ROOST__MAILBOXES__V1__END_SESSIONS_REQUEST__INIT;
    req.account_id = account_id;
    return mailboxes_internal_client_end_sessions(call, &req, &empty);
}

const struct error *account_mailbox_delete(struct call *call, int64_t account_id, bool keepdir)
{
    /* A mailbox whose confirmation was lost is confirmed, so that its end is that of every mailbox.
     * The answer tells the id under which the quota is; the quota goes first, so that a retry still
     * finds the way. */
    Roost__Mailboxes__V1__ConfirmMailboxRequest confirm =
        ROOST__MAILBOXES__V1__CONFIRM_MAILBOX_REQUEST__INIT;
    confirm.account_id = account_id;
    Roost__Mailboxes__V1__Mailbox *mailbox;
    const struct error *err = mailboxes_internal_client_confirm_mailbox(call, &confirm, &mailbox);
    if (err) {
        return unless_not_found(err);
    }
    err = delete_quota(call, mailbox->id);
    if (err) {
        return err;
    }
    Roost__Mailboxes__V1__DeleteMailboxRequest req =
        ROOST__MAILBOXES__V1__DELETE_MAILBOX_REQUEST__INIT;
    req.account_id = account_id;
    req.keep_directory = keepdir;
    Roost__Mailboxes__V1__DeleteMailboxResponse *resp;
    return mailboxes_internal_client_delete_mailbox(call, &req, &resp);
}
