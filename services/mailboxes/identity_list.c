#include "services/mailboxes/identity_list.h"

#include <string.h>

#include "proto/roost/accounts/v1/accounts.client.h"
#include "proto/roost/quotas/v1/quotas.client.h"
#include "services/common/list/list.h"
#include "services/common/message/message.h"
#include "services/common/pg/pg.h"
#include "services/mailboxes/alias_store.h"
#include "services/mailboxes/domain_names.h"
#include "services/mailboxes/identity.h"
#include "services/mailboxes/mailbox_store.h"

/* A page token holds the address and the id of the last identity, an alias's negative. */
static const char list_name[] = "identities";

/* What the request means. */
struct plan {
    const Roost__Mailboxes__V1__ListIdentitiesRequest *req;
    int64_t limit;
    bool is_descending;
    bool has_accounts, has_aliases;
    bool is_counted;
    struct alias_filter aliases;
    const struct list_position *after; /* NULL: the list begins */
};

/* One part of the page, and what is known of the rest. */
struct part {
    struct identities page;
    bool has_more;
    int64_t total;
};

/* Tokens are bound to the ordering too. */
#define TOKEN_ARGS(plan) \
    PG_ARGS(&(plan)->req->base, pg_text("ordering", (plan)->is_descending ? "-" : ""))

static const struct error *read_kind(struct call *call, struct plan *plan)
{
    const char *kind = plan->req->kind;
    bool is_account = strcmp(kind, "account") == 0;
    bool is_alias = strcmp(kind, "alias") == 0;
    if (*kind && !is_account && !is_alias) {
        return error_on_field(call->arena, REASON_FIELD_INVALID, "kind",
                              "The kind is account or alias.");
    }
    plan->has_accounts = !is_alias;
    plan->has_aliases = !is_account && !*plan->req->role;
    return NULL;
}

static const struct error *read_ordering(struct call *call, struct plan *plan)
{
    const char *ordering = plan->req->ordering;
    plan->is_descending = strcmp(ordering, "-address") == 0;
    if (!*ordering || plan->is_descending || strcmp(ordering, "address") == 0) {
        return NULL;
    }
    return error_on_field(call->arena, REASON_ORDERING_UNKNOWN, "ordering",
                          "This list cannot be ordered by that.");
}

static const struct error *make_plan(struct call *call,
                                     const Roost__Mailboxes__V1__ListIdentitiesRequest *req,
                                     struct plan *plan)
{
    *plan = (struct plan){
        .req = req,
        .aliases = {.range = mailbox_range_of_prefix(call->arena, req->search),
                    .has_enabled = req->_enabled_case,
                    .enabled = req->enabled},
    };
    plan->is_counted =
        req->count || (!*req->search && !*req->domain && !*req->role && !req->_enabled_case);
    const struct error *err = list_check_search(call, req->search);
    if (!err) {
        err = read_kind(call, plan);
    }
    if (!err) {
        err = read_ordering(call, plan);
    }
    if (!err) {
        err = list_page_size(call, req->page_size, &plan->limit);
    }
    if (!err) {
        err = list_token_read(call, list_name, TOKEN_ARGS(plan), req->page_token, &plan->after);
    }
    if (!err) {
        err = domain_names_filter(call, req->domain, &plan->aliases.domain_id);
    }
    return err;
}

/* Behind an alias, the account of the same address is passed (ascending) or still to come
 * (descending); the largest id says both. */
static void set_account_position(const struct list_position *after,
                                 Roost__Accounts__V1__ListIdentityAccountsRequest *req)
{
    if (!after) {
        return;
    }
    req->_after_username_case =
        ROOST__ACCOUNTS__V1__LIST_IDENTITY_ACCOUNTS_REQUEST___AFTER_USERNAME_AFTER_USERNAME;
    req->after_username = (char *)after->key.data;
    req->after_id = after->id.number > 0 ? after->id.number : INT64_MAX;
}

static const struct error *find_accounts(struct call *call, const struct plan *plan,
                                         struct part *part)
{
    Roost__Accounts__V1__ListIdentityAccountsRequest req =
        ROOST__ACCOUNTS__V1__LIST_IDENTITY_ACCOUNTS_REQUEST__INIT;
    Roost__Accounts__V1__ListAccountsRequest list =
        ROOST__ACCOUNTS__V1__LIST_ACCOUNTS_REQUEST__INIT;
    Roost__Accounts__V1__ListAccountsResponse *resp;
    list.page_size = (int32_t)plan->limit;
    list.search = plan->req->search;
    list.ordering = plan->is_descending ? "-username" : "username";
    list.domain = plan->req->domain;
    list.role = plan->req->role;
    if (plan->req->_enabled_case) {
        list._is_active_case = ROOST__ACCOUNTS__V1__LIST_ACCOUNTS_REQUEST___IS_ACTIVE_IS_ACTIVE;
        list.is_active = plan->req->enabled;
    }
    list.count = plan->is_counted;
    req.list = &list;
    set_account_position(plan->after, &req);
    const struct error *err = accounts_internal_client_list_identity_accounts(call, &req, &resp);
    if (err) {
        return err;
    }
    part->page.items = arena_alloc(call->arena, (resp->n_accounts + 1) * sizeof(void *));
    part->page.n = resp->n_accounts;
    for (size_t i = 0; i < resp->n_accounts; i++) {
        part->page.items[i] = identity_of_account(call->arena, resp->accounts[i]);
    }
    part->has_more = *resp->next_page_token;
    part->total = resp->total_size;
    return NULL;
}

static const struct error *find_aliases(struct call *call, const struct plan *plan,
                                        struct part *part)
{
    const struct list_request request = {(int32_t)plan->limit, "",
                                         plan->is_descending ? "-address" : "address"};
    const struct list_position *after = plan->after;
    struct list_position position;
    struct list_page page;
    if (after) {
        /* Behind an account, its forward is still to come (ascending) or passed (descending). */
        int64_t id = after->id.number < 0 ? -after->id.number : 0;
        position = (struct list_position){after->key, pg_int64("id", id)};
        after = &position;
    }
    const struct error *err = alias_store_list_after(call, &request, after, &plan->aliases, &page);
    if (!err && plan->is_counted) {
        err = alias_store_count(call, &plan->aliases, &part->total);
    }
    if (err) {
        return err;
    }
    part->page.items = arena_alloc(call->arena, (page.n + 1) * sizeof(void *));
    part->page.n = page.n;
    for (size_t i = 0; i < page.n; i++) {
        part->page.items[i] =
            identity_of_alias(call->arena, (const Roost__Mailboxes__V1__Alias *)page.messages[i]);
    }
    part->has_more = *page.next_page_token;
    return NULL;
}

/* The ids of the accounts, or of the aliases, of a page. */
static size_t ids_of(struct call *call, const struct identities *page, bool of_accounts,
                     int64_t **ret_ids)
{
    int64_t *ids = arena_alloc(call->arena, (page->n + 1) * sizeof *ids);
    size_t n = 0;
    for (size_t i = 0; i < page->n; i++) {
        if (identity_is_account(page->items[i]) == of_accounts) {
            ids[n++] = page->items[i]->id;
        }
    }
    *ret_ids = ids;
    return n;
}

static const struct error *complete_quotas(struct call *call, const struct identities *page,
                                           int64_t *mailbox_ids, size_t n)
{
    Roost__Quotas__V1__BatchGetQuotasRequest req =
        ROOST__QUOTAS__V1__BATCH_GET_QUOTAS_REQUEST__INIT;
    Roost__Quotas__V1__BatchGetQuotasResponse *resp;
    req.n_mailbox_ids = n;
    req.mailbox_ids = mailbox_ids;
    const struct error *err = quotas_internal_client_batch_get_quotas(call, &req, &resp);
    if (err) {
        return err;
    }
    for (size_t i = 0; i < page->n; i++) {
        for (size_t k = 0; page->items[i]->mailbox_id && k < resp->n_quotas; k++) {
            if (resp->quotas[k]->mailbox_id == page->items[i]->mailbox_id) {
                page->items[i]->quota = resp->quotas[k]->quota;
                page->items[i]->quota_usage = resp->quotas[k]->quota_usage;
            }
        }
    }
    return NULL;
}

static const struct error *complete_accounts(struct call *call, const struct identities *page)
{
    Roost__Mailboxes__V1__BatchGetMailboxesRequest req =
        ROOST__MAILBOXES__V1__BATCH_GET_MAILBOXES_REQUEST__INIT;
    Roost__Mailboxes__V1__BatchGetMailboxesResponse resp =
        ROOST__MAILBOXES__V1__BATCH_GET_MAILBOXES_RESPONSE__INIT;
    req.n_account_ids = ids_of(call, page, true, &req.account_ids);
    if (req.n_account_ids == 0) {
        return NULL;
    }
    const struct error *err = mailbox_store_batch_get_by_account(call, &req, &resp);
    if (err || resp.n_mailboxes == 0) {
        return err;
    }
    int64_t *ids = arena_alloc(call->arena, resp.n_mailboxes * sizeof *ids);
    for (size_t i = 0; i < resp.n_mailboxes; i++) {
        ids[i] = resp.mailboxes[i]->id;
    }
    for (size_t i = 0; i < page->n; i++) {
        Roost__Mailboxes__V1__Identity *identity = page->items[i];
        for (size_t k = 0; identity_is_account(identity) && k < resp.n_mailboxes; k++) {
            if (resp.mailboxes[k]->account_id == identity->id) {
                identity->_mailbox_id_case = ROOST__MAILBOXES__V1__IDENTITY___MAILBOX_ID_MAILBOX_ID;
                identity->mailbox_id = resp.mailboxes[k]->id;
            }
        }
    }
    return complete_quotas(call, page, ids, resp.n_mailboxes);
}

static void add_recipient(struct call *call, Roost__Mailboxes__V1__Identity *alias,
                          const char *address, int64_t count)
{
    enum { SHOWN = 3 };
    if (!alias->recipients) {
        alias->recipients = arena_alloc(call->arena, SHOWN * sizeof *alias->recipients);
    }
    check(alias->n_recipients < SHOWN);
    alias->recipients[alias->n_recipients++] = (char *)address;
    alias->recipient_count = (int32_t)count;
}

static const struct error *complete_aliases(struct call *call, const struct identities *page)
{
    int64_t *ids;
    size_t n = ids_of(call, page, false, &ids);
    if (n == 0) {
        return NULL;
    }
    struct pg_rows rows;
    const struct error *err = alias_store_first_recipients(call, ids, n, &rows);
    if (err) {
        return err;
    }
    for (size_t i = 0; i < page->n; i++) {
        Roost__Mailboxes__V1__Identity *identity = page->items[i];
        for (int row = 0; !identity_is_account(identity) && row < rows.n_rows; row++) {
            if (pg_value_int64(&rows, row, 0) == identity->id) {
                add_recipient(call, identity, pg_value(&rows, row, 1),
                              pg_value_int64(&rows, row, 2));
            }
        }
    }
    return NULL;
}

static char *token_behind(struct call *call, const struct plan *plan,
                          const Roost__Mailboxes__V1__Identity *last)
{
    int64_t id = identity_is_account(last) ? last->id : -last->id;
    const struct list_position position = {pg_text("address", last->address), pg_int64("id", id)};
    return list_token_make(call, list_name, TOKEN_ARGS(plan), &position);
}

const struct error *identity_list(struct call *call,
                                  const Roost__Mailboxes__V1__ListIdentitiesRequest *req,
                                  Roost__Mailboxes__V1__ListIdentitiesResponse **ret_resp)
{
    struct plan plan;
    struct part accounts = {0};
    struct part aliases = {0};
    const struct error *err = make_plan(call, req, &plan);
    if (!err && plan.has_accounts) {
        err = find_accounts(call, &plan, &accounts);
    }
    if (!err && plan.has_aliases) {
        err = find_aliases(call, &plan, &aliases);
    }
    if (err) {
        return err;
    }
    struct identities page = identity_merge(call->arena, &accounts.page, &aliases.page,
                                            (size_t)plan.limit, plan.is_descending);
    err = complete_accounts(call, &page);
    if (!err) {
        err = complete_aliases(call, &page);
    }
    if (err) {
        return err;
    }
    Roost__Mailboxes__V1__ListIdentitiesResponse *resp =
        message_new(call->arena, &roost__mailboxes__v1__list_identities_response__descriptor);
    resp->identities = page.items;
    resp->n_identities = page.n;
    if (accounts.has_more || aliases.has_more || page.n < accounts.page.n + aliases.page.n) {
        resp->next_page_token = token_behind(call, &plan, page.items[page.n - 1]);
    }
    if (plan.is_counted) {
        resp->_total_size_case =
            ROOST__MAILBOXES__V1__LIST_IDENTITIES_RESPONSE___TOTAL_SIZE_TOTAL_SIZE;
        resp->total_size = accounts.total + aliases.total;
    }
    *ret_resp = resp;
    return NULL;
}
