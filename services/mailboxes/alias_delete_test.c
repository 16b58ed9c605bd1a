/* Deleting aliases so that it can be undone, and many of them at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "services/common/clock/clock.h"
#include "services/common/message/message.h"
#include "services/mailboxes/testing/fixture.h"

typedef Roost__Mailboxes__V1__BulkChangeAliasesRequest BulkRequest;
typedef Roost__Mailboxes__V1__BulkChangeAliasesResponse BulkResponse;

static const struct error *delete_alias(struct fixture *f, int64_t id, int32_t undo_seconds)
{
    Roost__Mailboxes__V1__DeleteAliasRequest req = ROOST__MAILBOXES__V1__DELETE_ALIAS_REQUEST__INIT;
    Google__Protobuf__Empty *empty;
    req.id = id;
    req.undo_seconds = undo_seconds;
    return mailboxes_client_delete_alias(fixture_call(f), &req, &empty);
}

static const struct error *restore_alias(struct fixture *f, int64_t id,
                                         Roost__Mailboxes__V1__Alias **ret_alias)
{
    Roost__Mailboxes__V1__RestoreAliasRequest req =
        ROOST__MAILBOXES__V1__RESTORE_ALIAS_REQUEST__INIT;
    req.id = id;
    return mailboxes_client_restore_alias(fixture_call(f), &req, ret_alias);
}

/* The addresses in the list, and its total. */
static void list_is(struct fixture *f, const char *wanted)
{
    Roost__Mailboxes__V1__ListAliasesRequest req = ROOST__MAILBOXES__V1__LIST_ALIASES_REQUEST__INIT;
    Roost__Mailboxes__V1__ListAliasesResponse *resp;
    struct call *call = fixture_call(f);
    const char *text = "";
    assert_good(mailboxes_client_list_aliases(call, &req, &resp));
    for (size_t i = 0; i < resp->n_aliases; i++) {
        text = arena_printf(call->arena, "%s%s ", text, resp->aliases[i]->address);
    }
    assert_string_equal(arena_printf(call->arena, "%s%d", text, (int)resp->total_size), wanted);
}

/* info and sales name bob; all names info, and only info. */
static int64_t make_aliases(struct fixture *f)
{
    make_mailbox(f, 1, "bob");
    int64_t id = make_alias(f, "info@example.test", "bob@example.test x@else.test")->id;
    make_alias(f, "sales@example.test", "bob@example.test");
    make_alias(f, "all@example.test", "info@example.test");
    return id;
}

static void deleted_alias_is_out_of_sight_and_comes_back(void **state)
{
    struct fixture *f = *state;
    int64_t id = make_aliases(f);
    Roost__Mailboxes__V1__Alias *alias;
    list_is(f, "all@example.test info@example.test sales@example.test 3");
    assert_good(delete_alias(f, id, 60));
    list_is(f, "all@example.test sales@example.test 2");
    assert_string_equal(recipients_of(f, id), "(gone)");
    assert_reason(delete_alias(f, id, 60), "ALIAS_NOT_FOUND");
    /* Its address stays taken, and nobody can name it anew. */
    const struct error *err = create_alias(f, "info@example.test", "bob@example.test", &alias);
    assert_reason(err, "ALIAS_EXISTS");
    assert_string_equal(err->detail,
                        "An alias with this address was deleted and can still be restored.");
    assert_string_equal(err->fields[0].field, "alias.address");
    assert_reason(create_alias(f, "new@example.test", "info@example.test", &alias),
                  "RECIPIENT_NOT_FOUND");
    assert_good(restore_alias(f, id, &alias));
    assert_string_equal(alias->address, "info@example.test");
    assert_string_equal(recipients_of(f, id), "bob@example.test x@else.test");
    assert_string_equal(recipients_of(f, id + 2), "info@example.test");
    list_is(f, "all@example.test info@example.test sales@example.test 3");
    assert_sql("SELECT count(*) FROM saga", "0");
    assert_sql("SELECT string_agg(event_type, ' ' ORDER BY id) FROM outbox WHERE id > 4",
               "MailboxAliasDeleted MailboxAliasRestored");
    /* It is there: nothing happens. */
    assert_good(restore_alias(f, id, &alias));
    assert_sql("SELECT count(*) FROM outbox", "6");
}

static void deleted_alias_goes_when_its_time_is_over(void **state)
{
    struct fixture *f = *state;
    int64_t id = make_aliases(f);
    Roost__Mailboxes__V1__Alias *alias;
    char *before = testing_select("mailboxes", "SELECT clock_timestamp()");
    assert_good(delete_alias(f, id, 86400));
    assert_sql(arena_printf(fixture_call(f)->arena,
                            "SELECT (due_at >= timestamptz '%s' + interval '86400 s')::text "
                            "FROM saga",
                            before),
               "true");
    free(before);
    finish_sagas();
    /* The alias that named nothing else goes along. */
    list_is(f, "sales@example.test 1");
    assert_sql("SELECT count(*) FROM alias", "1");
    assert_sql("SELECT count(*) FROM saga", "0");
    assert_sql("SELECT string_agg(event_type || ' ' || object_id, ', ' ORDER BY id) FROM outbox "
               "WHERE id > 4",
               "MailboxAliasDeleted 1, MailboxAliasDeleted 3");
    assert_reason(restore_alias(f, id, &alias), "ALIAS_NOT_FOUND");
    make_alias(f, "info@example.test", "bob@example.test");
}

static void clean_up_that_has_begun_is_final(void **state)
{
    struct fixture *f = *state;
    int64_t id = make_aliases(f);
    Roost__Mailboxes__V1__Alias *alias;
    assert_good(delete_alias(f, id, 60));
    testing_execute("mailboxes",
                    "UPDATE saga SET attempts = 1, claimed_until = now() + interval '15 s'");
    assert_reason(restore_alias(f, id, &alias), "DELETE_FINAL");
    assert_sql("SELECT state FROM alias WHERE id = 1", "deleting");
    finish_sagas();
    assert_reason(restore_alias(f, id, &alias), "ALIAS_NOT_FOUND");
}

static void nothing_is_restored_without_a_recipient(void **state)
{
    struct fixture *f = *state;
    make_aliases(f);
    Roost__Mailboxes__V1__Alias *alias;
    assert_good(delete_alias(f, 2, 60));
    delete_mailbox(f, 1, false);
    assert_reason(restore_alias(f, 2, &alias), "DELETE_FINAL");
    assert_sql("SELECT count(*) FROM saga", "1");
    finish_sagas();
    list_is(f, "all@example.test info@example.test 2");
}

static void deleted_alias_follows_renames_and_its_domain(void **state)
{
    struct fixture *f = *state;
    int64_t id = make_aliases(f);
    Roost__Mailboxes__V1__Alias *alias;
    Roost__Mailboxes__V1__RemoveDomainRequest req =
        ROOST__MAILBOXES__V1__REMOVE_DOMAIN_REQUEST__INIT;
    Roost__Mailboxes__V1__RemoveDomainResponse *resp;
    assert_good(delete_alias(f, id, 60));
    assert_good(rename_mailbox(f, 1, "rob"));
    assert_good(restore_alias(f, id, &alias));
    assert_string_equal(recipients_of(f, id), "rob@example.test x@else.test");
    assert_good(delete_alias(f, id, 60));
    req.domain_id = 1;
    req.limit = 1000;
    do {
        assert_good(mailboxes_internal_client_remove_domain(fixture_call(f), &req, &resp));
        if (resp->n_mailbox_ids) {
            req.after_mailbox_id = resp->mailbox_ids[resp->n_mailbox_ids - 1];
        }
    } while (!resp->done);
    assert_sql("SELECT count(*) FROM alias", "0");
    assert_reason(restore_alias(f, id, &alias), "ALIAS_NOT_FOUND");
    finish_sagas();
    assert_sql("SELECT count(*) FROM saga", "0");
    assert_sql("SELECT count(*) FROM outbox WHERE object_id = 1 AND object_type = 'alias' AND "
               "event_type = 'MailboxAliasDeleted'",
               "2");
    assert_sql("SELECT sum(aliases) FROM counter", "0");
}

static void undo_has_a_limit(void **state)
{
    struct fixture *f = *state;
    int64_t id = make_aliases(f);
    assert_reason(delete_alias(f, id, -1), "FIELD_INVALID");
    assert_reason(delete_alias(f, id, 86401), "FIELD_INVALID");
    assert_reason(delete_alias(f, 99, 60), "ALIAS_NOT_FOUND");
    list_is(f, "all@example.test info@example.test sales@example.test 3");
}

/* "id name outcome reason, ..." and whether there is more. */
static const char *change(struct fixture *f, BulkRequest *req, BulkResponse **ret_resp)
{
    struct call *call = fixture_call(f);
    const char *text = "";
    clock_set_monotonic_for_test(clock_monotonic_us()); /* a page ends early after 4 s */
    const struct error *err = mailboxes_client_bulk_change_aliases(call, req, ret_resp);
    clock_set_monotonic_for_test(0);
    assert_good(err);
    for (size_t i = 0; i < (*ret_resp)->n_results; i++) {
        const Roost__Common__V1__BulkResult *result = (*ret_resp)->results[i];
        text =
            arena_printf(call->arena, "%s%s%d %s %s%s%s", text, i ? ", " : "", (int)result->id,
                         result->name, result->outcome, *result->reason ? " " : "", result->reason);
    }
    return arena_printf(call->arena, "%s%s", text, *(*ret_resp)->next_page_token ? " ..." : "");
}

static void many_are_changed_by_id(void **state)
{
    static int64_t ids[] = {3, 1, 99, 1};
    struct fixture *f = *state;
    BulkRequest req = ROOST__MAILBOXES__V1__BULK_CHANGE_ALIASES_REQUEST__INIT;
    BulkResponse *resp;
    make_aliases(f);
    req.action = "disable";
    req.ids = ids;
    req.n_ids = 4;
    assert_string_equal(change(f, &req, &resp), "1 info@example.test done, "
                                                "3 all@example.test done, "
                                                "99  refused ALIAS_NOT_FOUND");
    assert_int_equal(resp->total_size, 3);
    assert_sql("SELECT string_agg(enabled::text, ' ' ORDER BY id) FROM alias", "false true false");
    assert_sql("SELECT string_agg(event_type || ' ' || object_id, ', ' ORDER BY id) FROM outbox "
               "WHERE id > 4",
               "MailboxAliasModified 1, MailboxAliasModified 3");
    req.n_ids = 1;
    assert_string_equal(change(f, &req, &resp), "3 all@example.test unchanged");
    req.action = "enable";
    assert_string_equal(change(f, &req, &resp), "3 all@example.test done");
    req.action = "delete";
    req.undo_seconds = 60;
    assert_string_equal(change(f, &req, &resp), "3 all@example.test done");
    assert_string_equal(change(f, &req, &resp), "3  refused ALIAS_NOT_FOUND");
    assert_sql("SELECT state FROM alias WHERE id = 3", "deleting");
    req.undo_seconds = 0;
    ids[0] = 2;
    assert_string_equal(change(f, &req, &resp), "2 sales@example.test done");
    assert_sql("SELECT count(*) FROM alias WHERE id = 2", "0");
}

static void many_are_changed_by_filter_page_by_page(void **state)
{
    struct fixture *f = *state;
    BulkRequest req = ROOST__MAILBOXES__V1__BULK_CHANGE_ALIASES_REQUEST__INIT;
    Roost__Mailboxes__V1__AliasFilter filter = ROOST__MAILBOXES__V1__ALIAS_FILTER__INIT;
    BulkResponse *resp;
    make_aliases(f);
    make_alias(f, "info@other.test", "bob@example.test");
    make_alias(f, "a2@example.test", "bob@example.test");
    req.action = "disable";
    req.filter = &filter;
    req.page_size = 2;
    filter.domain = "example.test";
    /* What a page changes does not shift the next. */
    filter._enabled_case = ROOST__MAILBOXES__V1__ALIAS_FILTER___ENABLED_ENABLED;
    filter.enabled = true;
    assert_string_equal(change(f, &req, &resp),
                        "1 info@example.test done, 2 sales@example.test done ...");
    assert_int_equal(resp->total_size, 4);
    req.page_token = resp->next_page_token;
    assert_string_equal(change(f, &req, &resp), "3 all@example.test done, 5 a2@example.test done");
    assert_int_equal(resp->_total_size_case, 0);
    req.page_token = "";
    filter.domain = "";
    filter._enabled_case = 0;
    filter.search = "INFO";
    req.action = "enable";
    assert_string_equal(change(f, &req, &resp),
                        "1 info@example.test done, 4 info@other.test unchanged");
    filter.search = "nobody";
    assert_string_equal(change(f, &req, &resp), "");
    assert_int_equal(resp->total_size, 0);
}

static void wrong_bulk_changes_are_refused(void **state)
{
    static int64_t id = 1;
    struct fixture *f = *state;
    BulkRequest req = ROOST__MAILBOXES__V1__BULK_CHANGE_ALIASES_REQUEST__INIT;
    Roost__Mailboxes__V1__AliasFilter filter = ROOST__MAILBOXES__V1__ALIAS_FILTER__INIT;
    BulkResponse *resp;
    make_aliases(f);
    req.action = "purge";
    req.ids = &id;
    req.n_ids = 1;
    assert_reason(mailboxes_client_bulk_change_aliases(fixture_call(f), &req, &resp),
                  "FIELD_INVALID");
    req.action = "delete";
    req.filter = &filter;
    assert_reason(mailboxes_client_bulk_change_aliases(fixture_call(f), &req, &resp),
                  "FIELD_INVALID");
    req.n_ids = 0;
    filter.domain = "nowhere.test";
    const struct error *err = mailboxes_client_bulk_change_aliases(fixture_call(f), &req, &resp);
    assert_reason(err, "DOMAIN_NOT_FOUND");
    assert_string_equal(err->fields[0].field, "filter.domain");
    list_is(f, "all@example.test info@example.test sales@example.test 3");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)
    const struct CMUnitTest tests[] = {
        TEST(deleted_alias_is_out_of_sight_and_comes_back),
        TEST(deleted_alias_goes_when_its_time_is_over),
        TEST(clean_up_that_has_begun_is_final),
        TEST(nothing_is_restored_without_a_recipient),
        TEST(deleted_alias_follows_renames_and_its_domain),
        TEST(undo_has_a_limit),
        TEST(many_are_changed_by_id),
        TEST(many_are_changed_by_filter_page_by_page),
        TEST(wrong_bulk_changes_are_refused),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
