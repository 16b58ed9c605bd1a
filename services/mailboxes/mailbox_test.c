#include "services/mailboxes/mailbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "services/mailboxes/testing/fixture.h"

static void pauses_grow_to_the_limit(void **state)
{
    (void)state;
    assert_int_equal(mailbox_operation_pause_ms(1, 5000, 300000), 5000);
    assert_int_equal(mailbox_operation_pause_ms(2, 5000, 300000), 10000);
    assert_int_equal(mailbox_operation_pause_ms(7, 5000, 300000), 300000);
    assert_int_equal(mailbox_operation_pause_ms(1000, 5000, 300000), 300000);
}

static void reservation_is_invisible_and_idempotent(void **state)
{
    struct fixture *f = *state;
    Roost__Mailboxes__V1__Mailbox *first;
    Roost__Mailboxes__V1__Mailbox *again;
    Roost__Mailboxes__V1__GetMailboxRequest get = ROOST__MAILBOXES__V1__GET_MAILBOX_REQUEST__INIT;
    assert_good(reserve(f, 7, "bob", &first));
    assert_string_equal(first->full_address, "bob@example.test");
    assert_string_equal(first->home, "01/00/1");
    assert_good(reserve(f, 7, "bob", &again));
    assert_int_equal(again->id, first->id);
    get.id = first->id;
    assert_reason(mailboxes_client_get_mailbox(fixture_call(f), &get, &again), "MAILBOX_NOT_FOUND");
    /* Taken all the same: by the account and by the address. */
    assert_reason(reserve(f, 7, "other", &again), "MAILBOX_EXISTS");
    assert_reason(reserve(f, 8, "bob", &again), "MAILBOX_EXISTS");
    assert_reason(reserve(f, 9, "bob+x", &again), "ADDRESS_INVALID");
    assert_sql("SELECT count(*) FROM outbox", "0");
}

static void cancel_drops_reservations_only(void **state)
{
    struct fixture *f = *state;
    Roost__Mailboxes__V1__Mailbox *mailbox;
    Google__Protobuf__Empty *empty;
    Roost__Mailboxes__V1__CancelMailboxRequest req =
        ROOST__MAILBOXES__V1__CANCEL_MAILBOX_REQUEST__INIT;
    make_mailbox(f, 1, "bob");
    assert_good(reserve(f, 2, "ann", &mailbox));
    for (req.account_id = 1; req.account_id <= 3; req.account_id++) {
        assert_good(mailboxes_internal_client_cancel_mailbox(fixture_call(f), &req, &empty));
    }
    assert_sql("SELECT string_agg(local_part, ' ') FROM mailbox", "bob");
}

static void confirm_counts_once_and_tells(void **state)
{
    struct fixture *f = *state;
    Roost__Mailboxes__V1__Mailbox *mailbox = make_mailbox(f, 1, "bob");
    Roost__Mailboxes__V1__ConfirmMailboxRequest req =
        ROOST__MAILBOXES__V1__CONFIRM_MAILBOX_REQUEST__INIT;
    req.account_id = 1;
    assert_good(mailboxes_internal_client_confirm_mailbox(fixture_call(f), &req, &mailbox));
    assert_string_equal(mailbox->etag, "2");
    assert_sql("SELECT string_agg(event_type, ' ') FROM outbox", "MailboxCreated");
    assert_sql("SELECT sum(mailboxes) FROM counter WHERE domain_id = 1", "1");
    assert_sql("SELECT sum(mailboxes) FROM counter WHERE domain_id = 0", "1");
    req.account_id = 2;
    assert_reason(mailboxes_internal_client_confirm_mailbox(fixture_call(f), &req, &mailbox),
                  "MAILBOX_NOT_FOUND");
}

static void external_recipient_becomes_local(void **state)
{
    struct fixture *f = *state;
    int64_t id = make_alias(f, "x@other.test", "bob@relay.test")->id;
    assert_sql("SELECT count(*) FROM alias_recipient WHERE mailbox_id IS NULL", "1");
    testing_execute("mailboxes", "UPDATE alias_recipient SET address = 'bob@example.test'");
    make_mailbox(f, 1, "bob");
    assert_good(rename_mailbox(f, 1, "robert"));
    assert_string_equal(recipients_of(f, id), "robert@example.test");
}

static void rename_takes_aliases_and_forward_along(void **state)
{
    struct fixture *f = *state;
    make_mailbox(f, 1, "bob");
    int64_t info =
        make_alias(f, "info@example.test", "bob@example.test bob+info@example.test x@else.test")
            ->id;
    int64_t forward = make_alias(f, "bob@example.test", "bob@example.test y@else.test")->id;
    assert_good(rename_mailbox(f, 1, "robert"));
    assert_string_equal(recipients_of(f, info),
                        "robert+info@example.test robert@example.test x@else.test");
    assert_string_equal(recipients_of(f, forward), "robert@example.test y@else.test");
    assert_sql("SELECT address FROM alias WHERE local_part = 'robert'", "robert@example.test");
    assert_sql("SELECT address || ' ' || mailbox_id FROM former_address", "bob@example.test 1");
    assert_sql("SELECT home FROM mailbox", "01/00/1");
    assert_sql("SELECT count(*) FROM operation", "0");
    assert_sql("SELECT string_agg(event_type, ' ' ORDER BY id) FROM outbox WHERE id > 3",
               "MailboxAliasModified MailboxAliasModified MailboxModified");
    /* Again: nothing more happens. */
    assert_good(rename_mailbox(f, 1, "robert"));
    assert_sql("SELECT count(*) FROM outbox", "6");
    make_mailbox(f, 2, "bob");
    assert_sql("SELECT count(*) FROM former_address", "0");
    assert_reason(rename_mailbox(f, 1, "bob"), "MAILBOX_EXISTS");
    assert_reason(rename_mailbox(f, 3, "tim"), "MAILBOX_NOT_FOUND");
}

static void delete_cleans_aliases(void **state)
{
    struct fixture *f = *state;
    make_mailbox(f, 1, "bob");
    int64_t both = make_alias(f, "both@example.test", "bob@example.test x@else.test")->id;
    int64_t only = make_alias(f, "only@example.test", "bob@example.test")->id;
    int64_t chain = make_alias(f, "chain@example.test", "only@example.test")->id;
    int64_t keeps = make_alias(f, "keeps@example.test", "only@example.test y@else.test")->id;
    int64_t forward = make_alias(f, "bob@example.test", "z@else.test")->id;
    int64_t to_forward = make_alias(f, "late@example.test", "bob@example.test")->id;
    assert_int_equal(delete_mailbox(f, 1, false), 1);
    assert_string_equal(recipients_of(f, both), "bob@example.test x@else.test");
    assert_string_equal(recipients_of(f, only), "bob@example.test");
    assert_string_equal(recipients_of(f, forward), "z@else.test");
    assert_string_equal(recipients_of(f, to_forward), "bob@example.test");
    /* With the forward the address goes, and what leads to nothing but it. */
    Google__Protobuf__Empty *empty;
    Roost__Mailboxes__V1__DeleteAliasRequest req = ROOST__MAILBOXES__V1__DELETE_ALIAS_REQUEST__INIT;
    req.id = forward;
    assert_good(mailboxes_client_delete_alias(fixture_call(f), &req, &empty));
    assert_string_equal(recipients_of(f, both), "x@else.test");
    assert_string_equal(recipients_of(f, only), "(gone)");
    assert_string_equal(recipients_of(f, chain), "(gone)");
    assert_string_equal(recipients_of(f, keeps), "y@else.test");
    assert_string_equal(recipients_of(f, to_forward), "(gone)");
    assert_sql("SELECT type || ' ' || argument || ' ' || full_address FROM operation",
               "delete 01/00/1 bob@example.test");
    assert_sql("SELECT sum(mailboxes) || ' ' || sum(aliases) FROM counter WHERE domain_id = 1",
               "0 2");
    assert_int_equal(delete_mailbox(f, 1, false), 0);
    make_mailbox(f, 2, "tim");
    assert_int_equal(delete_mailbox(f, 2, true), 2);
    assert_sql("SELECT count(*) FROM operation", "1");
}

static void lists_by_prefix_and_domain(void **state)
{
    struct fixture *f = *state;
    static const char *const names[] = {"ann", "anna", "bob", "an_x"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        make_mailbox(f, (int64_t)i + 1, names[i]);
    }
    Roost__Mailboxes__V1__ListMailboxesResponse *resp;
    Roost__Mailboxes__V1__ListMailboxesRequest req =
        ROOST__MAILBOXES__V1__LIST_MAILBOXES_REQUEST__INIT;
    req.search = "ANN";
    req.page_size = 1;
    req.count = true;
    assert_good(mailboxes_client_list_mailboxes(fixture_call(f), &req, &resp));
    assert_int_equal(resp->n_mailboxes, 1);
    assert_string_equal(resp->mailboxes[0]->full_address, "ann@example.test");
    assert_int_equal(resp->total_size, 2);
    req.page_token = resp->next_page_token;
    assert_good(mailboxes_client_list_mailboxes(fixture_call(f), &req, &resp));
    assert_string_equal(resp->mailboxes[0]->full_address, "anna@example.test");
    assert_string_equal(resp->next_page_token, "");
    req = (Roost__Mailboxes__V1__ListMailboxesRequest)
        ROOST__MAILBOXES__V1__LIST_MAILBOXES_REQUEST__INIT;
    req.search = "a%";
    assert_good(mailboxes_client_list_mailboxes(fixture_call(f), &req, &resp));
    assert_int_equal(resp->n_mailboxes, 0);
    req.search = "an_";
    req.domain = "EXAMPLE.test";
    req.ordering = "-creation";
    assert_good(mailboxes_client_list_mailboxes(fixture_call(f), &req, &resp));
    assert_int_equal(resp->n_mailboxes, 1);
    req.domain = "nowhere.test";
    const struct error *err = mailboxes_client_list_mailboxes(fixture_call(f), &req, &resp);
    assert_reason(err, "DOMAIN_NOT_FOUND");
    assert_int_equal(err->code, ERROR_INVALID_ARGUMENT);
    req.domain = "";
    req.ordering = "home";
    assert_reason(mailboxes_client_list_mailboxes(fixture_call(f), &req, &resp),
                  "ORDERING_UNKNOWN");
}

/* In each of the lists, and in what a bulk change selects. */
static void searches_have_a_limit(void **state)
{
    struct fixture *f = *state;
    Roost__Mailboxes__V1__ListMailboxesRequest mailboxes =
        ROOST__MAILBOXES__V1__LIST_MAILBOXES_REQUEST__INIT;
    Roost__Mailboxes__V1__ListMailboxesResponse *mailboxes_resp;
    Roost__Mailboxes__V1__ListAliasesRequest aliases =
        ROOST__MAILBOXES__V1__LIST_ALIASES_REQUEST__INIT;
    Roost__Mailboxes__V1__ListAliasesResponse *aliases_resp;
    Roost__Mailboxes__V1__ListIdentitiesRequest identities =
        ROOST__MAILBOXES__V1__LIST_IDENTITIES_REQUEST__INIT;
    Roost__Mailboxes__V1__ListIdentitiesResponse *identities_resp;
    Roost__Mailboxes__V1__AliasFilter filter = ROOST__MAILBOXES__V1__ALIAS_FILTER__INIT;
    Roost__Mailboxes__V1__BulkChangeAliasesRequest bulk =
        ROOST__MAILBOXES__V1__BULK_CHANGE_ALIASES_REQUEST__INIT;
    Roost__Mailboxes__V1__BulkChangeAliasesResponse *bulk_resp;
    char text[256];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    mailboxes.search = aliases.search = identities.search = filter.search = text;
    bulk.action = (char *)"disable";
    bulk.filter = &filter;
    assert_reason(mailboxes_client_list_mailboxes(fixture_call(f), &mailboxes, &mailboxes_resp),
                  "FIELD_TOO_LONG");
    assert_reason(mailboxes_client_list_aliases(fixture_call(f), &aliases, &aliases_resp),
                  "FIELD_TOO_LONG");
    assert_reason(mailboxes_client_list_identities(fixture_call(f), &identities, &identities_resp),
                  "FIELD_TOO_LONG");
    const struct error *err =
        mailboxes_client_bulk_change_aliases(fixture_call(f), &bulk, &bulk_resp);
    assert_reason(err, "FIELD_TOO_LONG");
    assert_string_equal(err->fields->field, "filter.search");
    text[254] = '\0';
    assert_good(mailboxes_client_list_mailboxes(fixture_call(f), &mailboxes, &mailboxes_resp));
    assert_good(mailboxes_client_list_aliases(fixture_call(f), &aliases, &aliases_resp));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)
    const struct CMUnitTest tests[] = {
        TEST(pauses_grow_to_the_limit),
        TEST(reservation_is_invisible_and_idempotent),
        TEST(cancel_drops_reservations_only),
        TEST(confirm_counts_once_and_tells),
        TEST(external_recipient_becomes_local),
        TEST(rename_takes_aliases_and_forward_along),
        TEST(delete_cleans_aliases),
        TEST(lists_by_prefix_and_domain),
        TEST(searches_have_a_limit),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
