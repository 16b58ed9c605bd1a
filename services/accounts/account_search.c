#include "services/accounts/account_search.h"

#include <string.h>

#include "services/accounts/account.h"
#include "services/accounts/sql/accounts.sql.h"
#include "services/common/list/list.h"
#include "services/common/message/message.h"

enum { N_FILTERS = 6 };

struct search {
    const Roost__Accounts__V1__ListAccountsRequest *req;
    const struct list_position *after; /* instead of the request's token; NULL: that counts */
    const char *low, *high; /* what begins with the search, folded, lies between them; NULL: none */
    const char *domain;     /* canonical, NULL: any */
    bool is_filtered;
    const struct pg_list *quick; /* tried first: right if it fills the page; NULL: none */
    const struct pg_list *sure;
};

static const struct error *fold(struct call *call, const char *text, const char **ret_folded)
{
    char *folded = arena_strdup(call->arena, text);
    for (char *c = folded; *c; c++) {
        if ((unsigned char)*c >= 0x80) {
            struct pg_rows rows;
            const struct error *err = pg_query(call->pg, &accounts_sql_search_fold,
                                               PG_ARGS(NULL, pg_text("search", text)), &rows);
            if (err) {
                return err;
            }
            *ret_folded = pg_value(&rows, 0, 0);
            return NULL;
        }
        if (*c >= 'A' && *c <= 'Z') {
            *c = (char)(*c - 'A' + 'a');
        }
    }
    *ret_folded = folded;
    return NULL;
}

static const struct error *read_filters(struct call *call,
                                        const Roost__Accounts__V1__ListAccountsRequest *req,
                                        struct search *search)
{
    *search = (struct search){.req = req};
    search->is_filtered = *req->search || *req->domain || *req->role || req->_is_active_case;
    if (*req->role && !account_role_is_known(req->role)) {
        return error_on_field(call->arena, REASON_ROLE_UNKNOWN, "role",
                              "\"%s\" is not a valid choice.", req->role);
    }
    const struct error *err = list_check_search(call, req->search);
    if (err) {
        return err;
    }
    if (*req->domain) {
        const char *fault;
        search->domain = address_canonical_domain(call->arena, req->domain, &fault);
        if (!search->domain) {
            return error_on_field(call->arena, REASON_DOMAIN_NAME_INVALID, "domain", "%s", fault);
        }
    }
    if (*req->search) {
        err = fold(call, req->search, &search->low);
        if (err) {
            return err;
        }
        /* Behind all that begins with it: the last code point. */
        search->high = arena_printf(call->arena, "%s\xF4\x8F\xBF\xBF", search->low);
    }
    return NULL;
}

static bool is_ordered_by_username(const Roost__Accounts__V1__ListAccountsRequest *req)
{
    return *req->ordering == '\0' || strcmp(req->ordering, "username") == 0 ||
           strcmp(req->ordering, "-username") == 0;
}

static const struct error *ask(struct call *call, const struct pg_statement *stmt,
                               const struct search *search, bool *ret_answer)
{
    struct pg_rows rows;
    const struct error *err =
        pg_query(call->pg, stmt,
                 PG_ARGS(NULL, pg_text("low", search->low), pg_text("high", search->high),
                         pg_text("domain", search->domain), pg_text("role", search->req->role)),
                 &rows);
    if (err) {
        return err;
    }
    *ret_answer = pg_value_bool(&rows, 0, 0);
    return NULL;
}

/* Chooses by the filter that is likely to leave the least. */
static const struct error *choose_ways(struct call *call, struct search *search)
{
    const Roost__Accounts__V1__ListAccountsRequest *req = search->req;
    const struct pg_statement *are_few = NULL;
    search->sure = &accounts_sql_account_list;
    search->quick = search->is_filtered ? &accounts_sql_account_list_near : NULL;
    if (search->domain) {
        search->sure = &accounts_sql_account_list_by_domain;
        are_few = &accounts_sql_few_by_domain;
    } else if (search->low && is_ordered_by_username(req)) {
        search->sure = &accounts_sql_account_list_by_value;
        search->quick = NULL;
        are_few = &accounts_sql_few_by_value;
    } else if (search->low) {
        search->sure = &accounts_sql_account_list_by_search;
        are_few = &accounts_sql_few_by_search;
    } else if (*req->role && strcmp(req->role, "SimpleUsers") != 0) {
        search->sure = &accounts_sql_account_list_by_role;
        are_few = &accounts_sql_few_by_role;
    } else if (req->_is_active_case && !req->is_active) {
        search->sure = &accounts_sql_account_list_disabled;
        are_few = &accounts_sql_few_disabled;
    }
    bool few = false;
    const struct error *err = are_few ? ask(call, are_few, search, &few) : NULL;
    if (err) {
        return err;
    }
    if (few) {
        search->quick = NULL;
    } else if (search->sure == &accounts_sql_account_list_by_value) {
        search->quick = &accounts_sql_account_list_by_key;
        search->sure = &accounts_sql_account_list_by_search;
    }
    return NULL;
}

static const struct error *run(struct call *call, const struct pg_list *way,
                               const struct search *search, const struct pg_args *filters,
                               struct list_page *ret_page)
{
    const struct list_request request = {.page_size = search->req->page_size,
                                         .page_token = search->req->page_token,
                                         .ordering = search->req->ordering};
    struct pg_list list = *way;
    /* To the caller it is one list, whichever way each of its pages is found. */
    list.name = accounts_sql_account_list.name;
    if (search->after) {
        return list_run_after(call, &list, &request, search->after, filters,
                              &roost__accounts__v1__account__descriptor, ret_page);
    }
    return list_run(call, &list, &request, filters, &roost__accounts__v1__account__descriptor,
                    ret_page);
}

static const struct error *find_page(struct call *call, const struct search *search,
                                     const struct pg_args *filters, struct list_page *ret_page)
{
    if (search->quick) {
        const struct error *err = run(call, search->quick, search, filters, ret_page);
        if (err || *ret_page->next_page_token) {
            return err;
        }
    }
    return run(call, search->sure, search, filters, ret_page);
}

const struct error *account_search_count(struct call *call, const struct account_filters *filters,
                                         int64_t *ret_n)
{
    struct pg_rows rows;
    const struct error *err = pg_query(
        call->pg, filters->is_filtered ? &accounts_sql_account_count : &accounts_sql_account_tally,
        &filters->args, &rows);
    if (err) {
        return err;
    }
    *ret_n = pg_value_int64(&rows, 0, 0);
    return NULL;
}

static struct account_filters bind(struct call *call, const struct search *search)
{
    const Roost__Accounts__V1__ListAccountsRequest *req = search->req;
    const struct pg_arg extra[N_FILTERS] = {
        pg_text("pattern", pg_prefix_pattern(call->arena, search->low)),
        pg_text("low", search->low),
        pg_text("high", search->high),
        pg_text("domain", search->domain),
        pg_text_or_null("role", req->role),
        req->_is_active_case ? pg_bool("is_active", req->is_active) : pg_null("is_active"),
    };
    return (struct account_filters){
        .args = {.extra = arena_memdup(call->arena, extra, sizeof extra), .n_extra = N_FILTERS},
        .is_filtered = search->is_filtered};
}

const struct error *account_search_filters(struct call *call,
                                           const Roost__Accounts__V1__ListAccountsRequest *req,
                                           struct account_filters *ret_filters)
{
    struct search search;
    const struct error *err = read_filters(call, req, &search);
    if (err) {
        return err;
    }
    *ret_filters = bind(call, &search);
    return NULL;
}

const struct error *account_search(struct call *call,
                                   const Roost__Accounts__V1__ListAccountsRequest *req,
                                   Roost__Accounts__V1__ListAccountsResponse **ret_resp)
{
    return account_search_after(call, req, NULL, ret_resp);
}

const struct error *account_search_after(struct call *call,
                                         const Roost__Accounts__V1__ListAccountsRequest *req,
                                         const struct list_position *after,
                                         Roost__Accounts__V1__ListAccountsResponse **ret_resp)
{
    struct search search;
    const struct error *err = read_filters(call, req, &search);
    if (!err) {
        search.after = after;
        err = choose_ways(call, &search);
    }
    if (err) {
        return err;
    }
    const struct account_filters filters = bind(call, &search);
    struct list_page page;
    err = find_page(call, &search, &filters.args, &page);
    if (err) {
        return err;
    }
    Roost__Accounts__V1__ListAccountsResponse *resp =
        message_new(call->arena, &roost__accounts__v1__list_accounts_response__descriptor);
    resp->accounts = (Roost__Accounts__V1__Account **)page.messages;
    resp->n_accounts = page.n;
    resp->next_page_token = page.next_page_token;
    if (!search.is_filtered || req->count) {
        resp->_total_size_case =
            ROOST__ACCOUNTS__V1__LIST_ACCOUNTS_RESPONSE___TOTAL_SIZE_TOTAL_SIZE;
        err = account_search_count(call, &filters, &resp->total_size);
        if (err) {
            return err;
        }
    }
    *ret_resp = resp;
    return NULL;
}
