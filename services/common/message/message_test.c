#include "services/common/message/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "proto/roost/accounts/v1/accounts.pb-c.h"
#include "proto/roost/accounts/v1/accounts_internal.pb-c.h"
#include "services/common/message/wire_check.h"

static int setup(void **state)
{
    *state = arena_new(4096);
    return 0;
}

static int teardown(void **state)
{
    arena_free(*state);
    return 0;
}

static const struct error *unpack(struct arena *arena, const ProtobufCMessageDescriptor *descriptor,
                                  const char *data, size_t len)
{
    ProtobufCMessage *message = NULL;
    return message_unpack(arena, descriptor, (const uint8_t *)data, len, &message);
}

static void unpack_gives_back_what_was_packed(void **state)
{
    Roost__Accounts__V1__AccountMailbox mailbox = ROOST__ACCOUNTS__V1__ACCOUNT_MAILBOX__INIT;
    Roost__Accounts__V1__Account account = ROOST__ACCOUNTS__V1__ACCOUNT__INIT;
    mailbox.full_address = "b@a.test";
    account.username = "bob";
    account.mailbox = &mailbox;
    const Roost__Accounts__V1__Account *copy = (const void *)message_copy(*state, &account.base);
    assert_string_equal(copy->username, "bob");
    assert_string_equal(copy->mailbox->full_address, "b@a.test");
    size_t len;
    const uint8_t *data = message_pack(*state, &account.base, &len);
    ProtobufCMessage *message = NULL;
    assert_null(message_unpack(*state, account.base.descriptor, data, len, &message));
    assert_string_equal(((Roost__Accounts__V1__Account *)message)->username, "bob");
}

/* Field 2 of Account is username, field 12 mailbox, whose field 2 is full_address. */
static const struct {
    const char *name;
    const char *data;
    size_t len;
    enum error_reason reason;
    const char *field;
} refused[] = {
    {"not UTF-8", "\x12\x02\xff\xfe", 4, REASON_FIELD_INVALID, "username"},
    {"NUL",
     "\x12\x03"
     "a\0b",
     5, REASON_FIELD_INVALID, "username"},
    {"control", "\x12\x01\x1b", 3, REASON_FIELD_INVALID, "username"},
    {"too long", "\x52\xff\x01", 3, REASON_REQUEST_INVALID, NULL},
    {"nested", "\x62\x03\x12\x01\x07", 5, REASON_FIELD_INVALID, "mailbox.full_address"},
    {"cut",
     "\x12\x05"
     "ab",
     4, REASON_REQUEST_INVALID, NULL},
    {"group", "\x13\x14", 2, REASON_REQUEST_INVALID, NULL},
    {"field zero", "\x02\x00", 2, REASON_REQUEST_INVALID, NULL},
    {"endless varint", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12,
     REASON_REQUEST_INVALID, NULL},
    {"wrong wire type", "\x10\x01", 2, REASON_REQUEST_INVALID, NULL},
};

static void unpack_refuses_bad_bytes(void **state)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        const struct error *err = unpack(*state, &roost__accounts__v1__account__descriptor,
                                         refused[i].data, refused[i].len);
        if (!error_is(err, refused[i].reason)) {
            fail_msg("%s: %s", refused[i].name, err ? err->reason : "accepted");
            return;
        }
        assert_int_equal(err->n_fields, refused[i].field ? 1 : 0);
        if (refused[i].field) {
            assert_string_equal(err->fields[0].field, refused[i].field);
        }
    }
}

static void unpack_limits_strings(void **state)
{
    Roost__Accounts__V1__Account account = ROOST__ACCOUNTS__V1__ACCOUNT__INIT;
    char name[256];
    size_t len;
    ProtobufCMessage *message = NULL;
    memset(name, 'a', sizeof(name));
    name[254] = '\0';
    account.username = name;
    const uint8_t *data = message_pack(*state, &account.base, &len);
    assert_null(message_unpack(*state, account.base.descriptor, data, len, &message));
    name[254] = 'a';
    name[255] = '\0';
    data = message_pack(*state, &account.base, &len);
    const struct error *err = message_unpack(*state, account.base.descriptor, data, len, &message);
    assert_true(error_is(err, REASON_FIELD_TOO_LONG));
    assert_string_equal(err->fields[0].field, "username");
}

static void unpack_skips_unknown_fields(void **state)
{
    assert_null(
        unpack(*state, &roost__accounts__v1__account__descriptor, "\xa2\x06\x02\xff\xfe", 5));
}

static void has_field_knows_presence(void **state)
{
    Roost__Accounts__V1__AuthenticateRequest request =
        ROOST__ACCOUNTS__V1__AUTHENTICATE_REQUEST__INIT;
    Roost__Accounts__V1__Account account = ROOST__ACCOUNTS__V1__ACCOUNT__INIT;
    (void)state;
    const ProtobufCMessageDescriptor *descriptor = account.base.descriptor;
    assert_false(message_has_field(&account.base, message_field(descriptor, "username")));
    assert_false(message_has_field(&account.base, message_field(descriptor, "is_active")));
    assert_false(message_has_field(&account.base, message_field(descriptor, "mailbox")));
    assert_false(message_has_field(&account.base, message_field(descriptor, "domains")));
    account.username = "x";
    account._is_active_case = ROOST__ACCOUNTS__V1__ACCOUNT___IS_ACTIVE_IS_ACTIVE;
    account.n_domains = 1;
    assert_true(message_has_field(&account.base, message_field(descriptor, "username")));
    assert_true(message_has_field(&account.base, message_field(descriptor, "is_active")));
    assert_true(message_has_field(&account.base, message_field(descriptor, "domains")));
    assert_null(message_field(descriptor, "nothing"));
    request.credential_case = ROOST__ACCOUNTS__V1__AUTHENTICATE_REQUEST__CREDENTIAL_SESSION;
    request.session = "s";
    assert_false(message_has_field(&request.base, message_field(request.base.descriptor, "token")));
    assert_true(
        message_has_field(&request.base, message_field(request.base.descriptor, "session")));
}

static void mask_names_a_path_or_its_parent(void **state)
{
    char *paths[] = {"mailbox", "name"};
    char *all[] = {"*"};
    (void)state;
    assert_true(message_mask_has(paths, 2, "name"));
    assert_true(message_mask_has(paths, 2, "mailbox.quota"));
    assert_false(message_mask_has(paths, 2, "names"));
    assert_false(message_mask_has(paths, 2, "quota"));
    assert_true(message_mask_has(NULL, 0, "quota"));
    assert_true(message_mask_has(all, 1, "quota"));
}

static void assert_path(struct arena *arena, const char *path, bool is_good)
{
    char *paths[] = {(char *)"is_active", (char *)path};
    const struct error *err =
        message_check_mask(arena, &roost__accounts__v1__account__descriptor, paths, 2);
    if (!is_good != (err && error_is(err, REASON_FIELD_INVALID))) {
        fail_msg("\"%s\" is taken for %s path", path, err ? "no" : "a");
    }
}

static void mask_names_fields_that_are_there(void **state)
{
    static const char *const good[] = {"*", "username", "mailbox", "mailbox.quota"};
    static const char *const bad[] = {"",       "shoe_size",  "mailbox.",        "mailbox.size",
                                      ".quota", "username.a", "mailbox.quota.a", "mailbox.*"};
    struct arena *arena = arena_new(1024);
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_path(arena, good[i], true);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_path(arena, bad[i], false);
    }
    assert_null(message_check_mask(arena, &roost__accounts__v1__account__descriptor, NULL, 0));
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(unpack_gives_back_what_was_packed, setup, teardown),
        cmocka_unit_test_setup_teardown(unpack_refuses_bad_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(unpack_limits_strings, setup, teardown),
        cmocka_unit_test_setup_teardown(unpack_skips_unknown_fields, setup, teardown),
        cmocka_unit_test(has_field_knows_presence),
        cmocka_unit_test(mask_names_a_path_or_its_parent),
        cmocka_unit_test(mask_names_fields_that_are_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
