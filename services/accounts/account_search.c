#include "services/accounts/account_search.h"

#include <string.h>

#include "services/accounts/account.h"
#include "services/accounts/sql/accounts.sql.h"
#include "services/common/list/list.h"
#include "services/common/message/message.h"

/* The statements of the candidates read one row more than this. */
enum { CANDIDATES_MAX = 2000, SEARCH_MAX_BYTES = 254, N_FILTERS = 5 };

struct search {
    const Roost__Accounts__V1__ListAccountsRequest *req;
    const char *prefix; /* of the search, folded; NULL: none */
    const char *domain; /* canonical, NULL: any */
    bool is_filtered;
    bool has_candidates;
    int64_t *candidates;
    size_t n_candidates;
};

static const struct error *fold(struct call *call, const char *text, const char **ret_folded)
{
    char *folded = arena_strdup(call->arena, text);
    for (char *c = folded; *c; c++) {
        if ((unsigned char)*c >= 0x80) {
            struct pg_rows rows;
            const struct error *err =
                pg_query(call->pg, &accounts_sql_search_fold, PG_ARGS(NULL, pg_text("search", text)), &rows);
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

static const struct error *read_filters(struct call *call, const Roost__Accounts__V1__ListAccountsRequest *req,
                                        struct search *search)
{
    *search = (struct search){.req = req};
    search->is_filtered = *req->search || *req->domain || *req->role || req->_is_active_case;
    if (*req->role && !account_role_is_known(req->role)) {
        return error_on_field(call->arena, REASON_ROLE_UNKNOWN, "role", "\"%s\" is not a valid choice.", req->role);
    }
    if (strlen(req->search) > SEARCH_MAX_BYTES) {
        return error_on_field(call->arena, REASON_FIELD_TOO_LONG, "search", "At most %d bytes.", SEARCH_MAX_BYTES);
    }
    if (*req->domain) {
        const char *fault;
        search->domain = address_canonical_domain(call->arena, req->domain, &fault);
        if (!search->domain) {
            return error_on_field(call->arena, REASON_DOMAIN_NAME_INVALID, "domain", "%s", fault);
        }
    }
    return *req->search ? fold(call, req->search, &search->prefix) : NULL;
}

/* Keeps what a statement finds, unless it is too much. */
static const struct error *try_candidates(struct call *call, const struct pg_statement *stmt,
                                          const struct pg_args *args, struct search *search)
{
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg, stmt, args, &rows);
    if (err || rows.n_rows > CANDIDATES_MAX) {
        return err;
    }
    search->has_candidates = true;
    search->n_candidates = (size_t)rows.n_rows;
    search->candidates = arena_alloc(call->arena, (search->n_candidates + 1) * sizeof *search->candidates);
    for (int i = 0; i < rows.n_rows; i++) {
        search->candidates[i] = pg_value_int64(&rows, i, 0);
    }
    return NULL;
}

/* The filters in the order in which they are likely to leave little. */
static const struct error *find_candidates(struct call *call, struct search *search)
{
    const Roost__Accounts__V1__ListAccountsRequest *req = search->req;
    const struct error *err = NULL;
    if (search->domain) {
        err = try_candidates(call, &accounts_sql_candidates_by_domain,
                             PG_ARGS(NULL, pg_text("domain", search->domain)), search);
    }
    if (!err && !search->has_candidates && search->prefix) {
        /* Behind all that begins with the prefix: the last code point. */
        const char *high = arena_printf(call->arena, "%s\xF4\x8F\xBF\xBF", search->prefix);
        err = try_candidates(call, &accounts_sql_candidates_by_search,
                             PG_ARGS(NULL, pg_text("low", search->prefix), pg_text("high", high)), search);
    }
    if (!err && !search->has_candidates && *req->role && strcmp(req->role, "SimpleUsers") != 0) {
        err = try_candidates(call, &accounts_sql_candidates_by_role, PG_ARGS(NULL, pg_text("role", req->role)),
                             search);
    }
    if (!err && !search->has_candidates && req->_is_active_case && !req->is_active) {
        err = try_candidates(call, &accounts_sql_candidates_disabled, NULL, search);
    }
    return err;
}

static const struct error *count(struct call *call, const struct search *search, const struct pg_args *filters,
                                 int64_t *ret_n)
{
    const struct pg_statement *stmt = !search->is_filtered    ? &accounts_sql_account_tally
                                      : search->has_candidates ? &accounts_sql_account_count_among
                                                               : &accounts_sql_account_count;
    struct pg_rows rows;
    const struct error *err = pg_query(call->pg, stmt, filters, &rows);
    if (err) {
        return err;
    }
    *ret_n = pg_value_int64(&rows, 0, 0);
    return NULL;
}

const struct error *account_search(struct call *call, const Roost__Accounts__V1__ListAccountsRequest *req,
                                   Roost__Accounts__V1__ListAccountsResponse **ret_resp)
{
    struct search search;
    const struct error *err = read_filters(call, req, &search);
    if (!err) {
        err = find_candidates(call, &search);
    }
    if (err) {
        return err;
    }
    const struct pg_arg extra[N_FILTERS] = {
        pg_text("pattern", pg_prefix_pattern(call->arena, search.prefix)),
        pg_text("domain", search.domain),
        pg_text_or_null("role", req->role),
        req->_is_active_case ? pg_bool("is_active", req->is_active) : pg_null("is_active"),
        pg_int64s("ids", search.candidates, search.n_candidates),
    };
    const struct pg_args filters = {.extra = extra, .n_extra = N_FILTERS};
    /* One list to the caller, whichever way each of its pages is found. */
    struct pg_list list = search.has_candidates ? accounts_sql_account_list_among : accounts_sql_account_list;
    list.name = accounts_sql_account_list.name;
    const struct list_request request = {
        .page_size = req->page_size, .page_token = req->page_token, .ordering = req->ordering};
    struct list_page page;
    err = list_run(call, &list, &request, &filters, &roost__accounts__v1__account__descriptor, &page);
    if (err) {
        return err;
    }
    Roost__Accounts__V1__ListAccountsResponse *resp =
        message_new(call->arena, &roost__accounts__v1__list_accounts_response__descriptor);
    resp->accounts = (Roost__Accounts__V1__Account **)page.messages;
    resp->n_accounts = page.n;
    resp->next_page_token = page.next_page_token;
    if (!search.is_filtered || req->count) {
        resp->_total_size_case = ROOST__ACCOUNTS__V1__LIST_ACCOUNTS_RESPONSE___TOTAL_SIZE_TOTAL_SIZE;
        err = count(call, &search, &filters, &resp->total_size);
        if (err) {
            return err;
        }
    }
    *ret_resp = resp;
    return NULL;
}
