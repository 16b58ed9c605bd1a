#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "services/common/message/message.h"
#include "services/mailboxes/testing/fixture.h"

static void recipients_are_sorted_and_each_once(void **state)
{
    struct fixture *f = *state;
    make_mailbox(f, 1, "bob");
    Roost__Mailboxes__V1__Alias *alias =
        make_alias(f, "Info@EXAMPLE.test",
                   "z@else.test BOB@example.test bob@alias.test a@else.test z@Else.test");
    assert_string_equal(alias->address, "info@example.test");
    assert_true(alias->enabled);
    assert_string_equal(recipients_of(f, alias->id), "a@else.test bob@example.test z@else.test");
    assert_sql("SELECT string_agg(event_type, ' ' ORDER BY id) FROM outbox",
               "MailboxCreated MailboxAliasCreated");
}

struct refusal {
    const char *address;
    const char *recipients;
    const char *reason;
};

static const struct refusal refusals[] = {
    {"", "x@else.test", "FIELD_REQUIRED"},
    {"no-at", "x@else.test", "ADDRESS_INVALID"},
    {"a b@example.test", "x@else.test", "ADDRESS_INVALID"},
    {"../x@example.test", "x@else.test", "ADDRESS_INVALID"},
    {"stra\xc3\x9f\x65@example.test", "x@else.test", "ADDRESS_INVALID"},
    {"x@nowhere.test", "x@else.test", "DOMAIN_NOT_FOUND"},
    /* An alias belongs to a domain, not to another name of it. */
    {"x@alias.test", "x@else.test", "DOMAIN_NOT_FOUND"},
    {"x@example.test", "", "RECIPIENTS_REQUIRED"},
    {"x@example.test", "nobody", "RECIPIENT_INVALID"},
    {"x@example.test", "@else.test", "RECIPIENT_INVALID"},
    {"x@example.test", "a@b@c", "RECIPIENT_INVALID"},
    {"x@example.test", "nobody@example.test", "RECIPIENT_NOT_FOUND"},
    {"x@example.test", "nobody@alias.test", "RECIPIENT_NOT_FOUND"},
    {"x@example.test", "x@example.test", "RECIPIENT_INVALID"},
    {"x@example.test", "x@example.test y@else.test", "RECIPIENT_INVALID"},
    {"bob@example.test", "bob@example.test", "RECIPIENT_INVALID"},
    {"taken@example.test", "bob@example.test", "ALIAS_EXISTS"},
};

static void wrong_aliases_are_refused(void **state)
{
    struct fixture *f = *state;
    make_mailbox(f, 1, "bob");
    make_alias(f, "taken@example.test", "bob@example.test");
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        Roost__Mailboxes__V1__Alias *alias;
        const struct error *err =
            create_alias(f, refusals[i].address, refusals[i].recipients, &alias);
        if (!err || strcmp(err->reason, refusals[i].reason) != 0) {
            fail_msg("%s -> %s: %s instead of %s", refusals[i].address, refusals[i].recipients,
                     err ? err->reason : "no error", refusals[i].reason);
        }
    }
    assert_sql("SELECT count(*) FROM alias", "1");
}

static void relay_domains_may_have_unknown_recipients(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(recipients_of(f, make_alias(f, "x@example.test", "who@relay.test")->id),
                        "who@relay.test");
}

static void extensions_find_their_mailbox(void **state)
{
    struct fixture *f = *state;
    make_mailbox(f, 1, "bob");
    int64_t id = make_alias(f, "@example.test", "bob+all@alias.test")->id;
    assert_string_equal(recipients_of(f, id), "bob+all@example.test");
    assert_sql("SELECT mailbox_id FROM alias_recipient", "1");
}

static const struct error *update(struct fixture *f, int64_t id, const char *path,
                                  const char *value, const char *etag,
                                  Roost__Mailboxes__V1__Alias **ret_alias)
{
    struct call *call = fixture_call(f);
    Roost__Mailboxes__V1__UpdateAliasRequest req = ROOST__MAILBOXES__V1__UPDATE_ALIAS_REQUEST__INIT;
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    char *paths[] = {(char *)path};
    mask.paths = paths;
    mask.n_paths = 1;
    req.id = id;
    req.etag = (char *)etag;
    req.update_mask = &mask;
    req.alias = message_new(call->arena, &roost__mailboxes__v1__alias__descriptor);
    if (strcmp(path, "address") == 0) {
        req.alias->address = (char *)value;
    } else if (strcmp(path, "description") == 0) {
        req.alias->description = (char *)value;
    } else if (strcmp(path, "enabled") == 0) {
        req.alias->_enabled_case = ROOST__MAILBOXES__V1__ALIAS___ENABLED_ENABLED;
        req.alias->enabled = strcmp(value, "true") == 0;
    } else {
        req.alias->recipients = arena_alloc(call->arena, sizeof(char *));
        req.alias->recipients[0] = (char *)value;
        req.alias->n_recipients = 1;
    }
    return mailboxes_client_update_alias(call, &req, ret_alias);
}

static void update_changes_what_the_mask_names(void **state)
{
    struct fixture *f = *state;
    Roost__Mailboxes__V1__Alias *alias;
    make_mailbox(f, 1, "bob");
    int64_t id = make_alias(f, "info@example.test", "bob@example.test")->id;
    int64_t other = make_alias(f, "news@example.test", "info+news@example.test")->id;
    assert_good(update(f, id, "enabled", "false", "", &alias));
    assert_false(alias->enabled);
    assert_string_equal(alias->address, "info@example.test");
    assert_string_equal(alias->etag, "2");
    assert_reason(update(f, id, "description", "x", "1", &alias), "ETAG_MISMATCH");
    assert_good(update(f, id, "description", "it's \"100%\"", "2", &alias));
    assert_string_equal(alias->description, "it's \"100%\"");
    /* Whoever names it follows. */
    assert_good(update(f, id, "address", "contact@example.test", "", &alias));
    assert_string_equal(recipients_of(f, other), "contact+news@example.test");
    assert_reason(update(f, id, "address", "news@example.test", "", &alias), "ALIAS_EXISTS");
    /* A circle, through the other one. */
    assert_reason(update(f, id, "recipients", "news@example.test", "", &alias),
                  "RECIPIENT_INVALID");
    assert_reason(update(f, id, "recipients", "nobody@example.test", "", &alias),
                  "RECIPIENT_NOT_FOUND");
    assert_good(update(f, id, "recipients", "x@else.test", "", &alias));
    assert_string_equal(recipients_of(f, id), "x@else.test");
    assert_reason(update(f, id, "home", "x", "", &alias), "FIELD_INVALID");
    assert_reason(update(f, 99, "description", "x", "", &alias), "ALIAS_NOT_FOUND");
}

static void ends_are_times_that_can_be_told(void **state)
{
    struct fixture *f = *state;
    static const struct {
        int64_t seconds;
        int32_t nanos;
    } bad[] = {{253402300800, 0}, {-62135596801, 0}, {0, -1}, {0, 1000000000}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Google__Protobuf__Timestamp end = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
        end.seconds = bad[i].seconds;
        end.nanos = bad[i].nanos;
        Roost__Mailboxes__V1__Alias *made;
        Roost__Mailboxes__V1__Alias alias = ROOST__MAILBOXES__V1__ALIAS__INIT;
        alias.address = (char *)"end@example.test";
        alias.recipients = (char *[]){(char *)"x@else.test"};
        alias.n_recipients = 1;
        alias.expire_at = &end;
        Roost__Mailboxes__V1__CreateAliasRequest req =
            ROOST__MAILBOXES__V1__CREATE_ALIAS_REQUEST__INIT;
        req.alias = &alias;
        assert_reason(mailboxes_client_create_alias(fixture_call(f), &req, &made), "FIELD_INVALID");
    }
    assert_sql("SELECT count(*) FROM alias", "0");
}

static void requests_are_answered_again(void **state)
{
    struct fixture *f = *state;
    struct call *call = fixture_call(f);
    Roost__Mailboxes__V1__Alias *first;
    Roost__Mailboxes__V1__Alias *again;
    char *recipients[] = {"x@else.test"};
    Roost__Mailboxes__V1__CreateAliasRequest req = ROOST__MAILBOXES__V1__CREATE_ALIAS_REQUEST__INIT;
    Roost__Mailboxes__V1__Alias alias = ROOST__MAILBOXES__V1__ALIAS__INIT;
    alias.address = "info@example.test";
    alias.recipients = recipients;
    alias.n_recipients = 1;
    req.alias = &alias;
    req.request_id = "4711";
    assert_good(mailboxes_client_create_alias(call, &req, &first));
    assert_good(mailboxes_client_create_alias(call, &req, &again));
    assert_int_equal(again->id, first->id);
    alias.description = "another";
    assert_reason(mailboxes_client_create_alias(call, &req, &again), "REQUEST_ID_REUSED");
    Google__Protobuf__Empty *empty;
    Roost__Mailboxes__V1__DeleteAliasRequest delete =
        ROOST__MAILBOXES__V1__DELETE_ALIAS_REQUEST__INIT;
    delete.id = first->id;
    delete.request_id = "4712";
    assert_good(mailboxes_client_delete_alias(call, &delete, &empty));
    assert_good(mailboxes_client_delete_alias(call, &delete, &empty));
    delete.request_id = "";
    assert_reason(mailboxes_client_delete_alias(call, &delete, &empty), "ALIAS_NOT_FOUND");
    assert_sql("SELECT string_agg(event_type, ' ' ORDER BY id) FROM outbox",
               "MailboxAliasCreated MailboxAliasDeleted");
}

static void lists_have_recipients(void **state)
{
    struct fixture *f = *state;
    make_alias(f, "b@example.test", "y@else.test x@else.test");
    make_alias(f, "a@other.test", "z@else.test");
    Roost__Mailboxes__V1__ListAliasesResponse *resp;
    Roost__Mailboxes__V1__ListAliasesRequest req = ROOST__MAILBOXES__V1__LIST_ALIASES_REQUEST__INIT;
    assert_good(mailboxes_client_list_aliases(fixture_call(f), &req, &resp));
    assert_int_equal(resp->n_aliases, 2);
    assert_int_equal(resp->total_size, 2);
    assert_string_equal(resp->aliases[0]->address, "a@other.test");
    assert_string_equal(resp->aliases[0]->recipients[0], "z@else.test");
    assert_string_equal(resp->aliases[1]->recipients[1], "y@else.test");
    req.domain = "other.test";
    assert_good(mailboxes_client_list_aliases(fixture_call(f), &req, &resp));
    assert_int_equal(resp->n_aliases, 1);
    req.domain = "";
    req._enabled_case = ROOST__MAILBOXES__V1__LIST_ALIASES_REQUEST___ENABLED_ENABLED;
    req.enabled = false;
    assert_good(mailboxes_client_list_aliases(fixture_call(f), &req, &resp));
    assert_int_equal(resp->n_aliases, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fixture_reset)
    const struct CMUnitTest tests[] = {
        TEST(recipients_are_sorted_and_each_once),
        TEST(wrong_aliases_are_refused),
        TEST(relay_domains_may_have_unknown_recipients),
        TEST(extensions_find_their_mailbox),
        TEST(update_changes_what_the_mask_names),
        TEST(ends_are_times_that_can_be_told),
        TEST(requests_are_answered_again),
        TEST(lists_have_recipients),
    };
    return cmocka_run_group_tests(tests, fixture_open, fixture_close);
}
