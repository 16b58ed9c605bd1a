/* What a domain's rename or removal does to the accounts in it. */
#include "services/accounts/account.h"
#include "services/accounts/account_check.h"
#include "services/accounts/account_event.h"
#include "services/accounts/account_store.h"
#include "services/accounts/account_write.h"
#include "services/common/pg/pg.h"

struct batch_tx {
    struct call *call;
    const Roost__Accounts__V1__RewriteAddressesRequest *req;
    const int64_t *ids;
    size_t n_ids;
};

/* The account's state before, as the events tell it; NULL if the row is not active. */
static const Roost__Accounts__V1__Account *find(Roost__Accounts__V1__Account *const *accounts,
                                                size_t n, int64_t id)
{
    for (size_t i = 0; i < n; i++) {
        if (accounts[i]->id == id) {
            return accounts[i];
        }
    }
    return NULL;
}

static const struct error *rewrite_in_tx(struct pg *pg, void *ctx)
{
    (void)pg;
    const struct batch_tx *tx = ctx;
    struct call *call = tx->call;
    const char **old_addresses = arena_alloc(call->arena, (tx->n_ids + 1) * sizeof *old_addresses);
    const char **new_addresses = arena_alloc(call->arena, (tx->n_ids + 1) * sizeof *new_addresses);
    for (size_t i = 0; i < tx->n_ids; i++) {
        old_addresses[i] = tx->req->items[i]->old_address;
        new_addresses[i] = tx->req->items[i]->new_address;
    }
    size_t n_before;
    size_t n_after;
    Roost__Accounts__V1__Account **before;
    Roost__Accounts__V1__Account **after;
    const struct error *err = account_store_lock_some(call, tx->ids, tx->n_ids, &n_before, &before);
    if (!err) {
        err = account_check_no_guard(call, tx->ids, tx->n_ids);
    }
    if (!err) {
        err = account_store_rewrite(call,
                                    &(struct account_rewrites){.n = tx->n_ids,
                                                               .ids = tx->ids,
                                                               .old_addresses = old_addresses,
                                                               .new_addresses = new_addresses},
                                    &n_after, &after);
    }
    for (size_t i = 0; !err && i < n_after; i++) {
        const Roost__Accounts__V1__Account *was = find(before, n_before, after[i]->id);
        err = was ? account_event_modified(call, was, after[i]) : NULL;
    }
    return err;
}

const struct error *account_write_rewrite(struct call *call,
                                          const Roost__Accounts__V1__RewriteAddressesRequest *req)
{
    int64_t *ids = arena_alloc(call->arena, (req->n_items + 1) * sizeof *ids);
    for (size_t i = 0; i < req->n_items; i++) {
        ids[i] = req->items[i]->account_id;
    }
    struct batch_tx tx = {.call = call, .req = req, .ids = ids, .n_ids = req->n_items};
    return pg_transact(call->pg, rewrite_in_tx, &tx);
}

static const struct error *remove_in_tx(struct pg *pg, void *ctx)
{
    (void)pg;
    const struct batch_tx *tx = ctx;
    struct call *call = tx->call;
    size_t n;
    Roost__Accounts__V1__Account **before;
    const struct error *err = account_store_lock_some(call, tx->ids, tx->n_ids, &n, &before);
    if (!err) {
        err = account_store_remove_simple(call, tx->ids, tx->n_ids);
    }
    if (!err) {
        err = account_store_detach_mailboxes(call, tx->ids, tx->n_ids);
    }
    for (size_t i = 0; !err && i < n; i++) {
        if (account_is_simple(before[i])) {
            err = account_event_deleted(call, before[i]);
        } else if (*before[i]->email) {
            Roost__Accounts__V1__Account *after;
            err = account_store_get(call, before[i]->id, &after);
            err = err ? err : account_event_modified(call, before[i], after);
        }
    }
    return err;
}

const struct error *account_write_remove_domain(struct call *call, const int64_t *ids, size_t n_ids)
{
    struct batch_tx tx = {.call = call, .ids = ids, .n_ids = n_ids};
    return pg_transact(call->pg, remove_in_tx, &tx);
}
