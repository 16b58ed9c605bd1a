#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "proto/roost/accounts/v1/accounts.pb-c.h"
#include "proto/roost/domains/v1/domains.pb-c.h"
#include "proto/roost/mailboxes/v1/mailboxes.pb-c.h"
#include "services/common/message/json.h"
#include "services/common/message/message.h"

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

static const struct error *read_bytes(struct arena *arena, ProtobufCMessage *message,
                                      const char *text, size_t len)
{
    struct json_paths paths = {0};
    return json_read(arena, &(struct json_source){.text = text, .len = len}, message, &paths);
}

static const struct error *read_text(struct arena *arena, ProtobufCMessage *message,
                                     const char *text)
{
    return read_bytes(arena, message, text, strlen(text));
}

/* "field: message; field: message" */
static const char *faults_text(struct arena *arena, const struct error *err)
{
    const char *text = "";
    for (size_t i = 0; i < err->n_fields; i++) {
        text = arena_printf(arena, "%s%s%s: %s", text, i ? "; " : "", err->fields[i].field,
                            err->fields[i].message);
    }
    return text;
}

static void reader_fills_a_message(void **state)
{
    struct json_paths paths = {0};
    Roost__Accounts__V1__Account *account =
        message_new(*state, &roost__accounts__v1__account__descriptor);
    const char *text =
        " { \"username\" : \"bob\\u00e9\\ud83d\\udc13\\n\", \"pk\": 5, \"role\":\"SimpleUsers\", "
        "\"extra\":"
        "{\"a\":[1,{},\"x\"]},\"mailbox\":{\"full_address\":\"b@a.test\",\"quota\":\"10G\","
        "\"use_domain_quota\":false},\"is_active\":true, \"password\":\"s\" , "
        "\"phone_number\":null}\r\n";
    struct json_source source = {.text = text, .len = strlen(text), .check_required = true};
    assert_null(json_read(*state, &source, &account->base, &paths));
    assert_string_equal(account->username, "bob\xc3\xa9\xf0\x9f\x90\x93\n");
    assert_int_equal(account->id, 0);
    assert_true(account->is_active);
    assert_true(
        message_has_field(&account->base, message_field(account->base.descriptor, "is_active")));
    assert_string_equal(account->password, "s");
    assert_string_equal(account->phone_number, "");
    assert_int_equal(account->mailbox->quota, 10240);
    assert_true(
        message_has_field(&account->mailbox->base,
                          message_field(account->mailbox->base.descriptor, "use_domain_quota")));
    static const char *const expected[] = {"username",
                                           "role",
                                           "mailbox.full_address",
                                           "mailbox.quota",
                                           "mailbox.use_domain_quota",
                                           "is_active",
                                           "password",
                                           "phone_number"};
    assert_int_equal(paths.n_paths, sizeof(expected) / sizeof(expected[0]));
    for (size_t i = 0; i < paths.n_paths; i++) {
        assert_string_equal(paths.paths[i], expected[i]);
    }
}

static void reader_fills_lists_and_times(void **state)
{
    Roost__Mailboxes__V1__Alias *alias =
        message_new(*state, &roost__mailboxes__v1__alias__descriptor);
    assert_null(read_text(
        *state, &alias->base,
        "{\"recipients\":[\"a@b\",\"c@d\",\"e@f\"],\"expire_at\":\"2024-02-29T12:30:45.5Z\"}"));
    assert_int_equal(alias->n_recipients, 3);
    assert_string_equal(alias->recipients[0], "a@b");
    assert_string_equal(alias->recipients[2], "e@f");
    assert_int_equal(alias->expire_at->seconds, 1709209845);
    assert_int_equal(alias->expire_at->nanos, 500000000);
}

static void reader_ignores_what_the_server_fills(void **state)
{
    Roost__Accounts__V1__LoginRequest *login =
        message_new(*state, &roost__accounts__v1__login_request__descriptor);
    assert_null(
        read_text(*state, &login->base, "{\"remote_address\":\"1.2.3.4\",\"username\":\"x\"}"));
    assert_string_equal(login->remote_address, "");
    assert_string_equal(login->username, "x");
}

static void reader_checks_required_fields_only_when_asked(void **state)
{
    struct json_paths paths = {0};
    Roost__Accounts__V1__Account *account =
        message_new(*state, &roost__accounts__v1__account__descriptor);
    struct json_source source = {.text = "{\"mailbox\":{}}", .len = 14, .check_required = true};
    const struct error *err = json_read(*state, &source, &account->base, &paths);
    assert_string_equal(faults_text(*state, err),
                        "username: This field is required.; role: This field is required.");
    assert_true(error_is(err, REASON_FIELD_REQUIRED));
    source.check_required = false;
    assert_null(json_read(*state, &source, &account->base, &paths));
    assert_int_equal(paths.n_paths, 0);
    assert_non_null(account->mailbox);
}

static const struct {
    const char *text;
    const char *faults;
} domain_faults[] = {
    {"{\"name\":5}", "name: Not a valid string."},
    {"{\"name\":null}", "name: This field may not be null."},
    {"{\"name\":\"\"}", "name: This field may not be blank."},
    {"{\"name\":\"a\\u0000b\"}", "name: Control characters are not allowed."},
    {"{\"name\":\"a\\r\"}", "name: Control characters are not allowed."},
    {"{\"name\":\"a\xc2\x85\"}", "name: Control characters are not allowed."},
    {"{\"type\":\"123456789012345678901\"}", "type: Ensure this field has no more than 20 bytes."},
    {"{\"enabled\":\"true\"}", "enabled: Must be a valid boolean."},
    {"{\"enabled\":1}", "enabled: Must be a valid boolean."},
    {"{\"quota\":1.5}", "quota: A valid integer is required."},
    {"{\"quota\":1e3}", "quota: A valid integer is required."},
    {"{\"quota\":true}", "quota: A valid integer is required."},
    {"{\"quota\":9223372036854775808}", "quota: The number is out of range."},
    {"{\"quota\":-9223372036854775809}", "quota: The number is out of range."},
    {"{\"quota\":99999999999999999999999}", "quota: The number is out of range."},
    {"{\"quota\":\"9223372036854775807G\"}", "quota: The number is out of range."},
    {"{\"quota\":\"10K\"}",
     "quota: A number of megabytes is required, such as 500, \"500M\", \"10G\" or \"1T\"."},
    {"{\"quota\":\"\"}",
     "quota: A number of megabytes is required, such as 500, \"500M\", \"10G\" or \"1T\"."},
    {"{\"quota\":\"1 G\"}",
     "quota: A number of megabytes is required, such as 500, \"500M\", \"10G\" or \"1T\"."},
    {"{\"quota\":[1],\"name\":{},\"enabled\":0}",
     "quota: A valid integer is required.; name: Not a valid string.; enabled: Must be a valid "
     "boolean."},
};

static void reader_reports_all_faulty_fields(void **state)
{
    for (size_t i = 0; i < sizeof(domain_faults) / sizeof(domain_faults[0]); i++) {
        ProtobufCMessage *domain = message_new(*state, &roost__domains__v1__domain__descriptor);
        const struct error *err = read_text(*state, domain, domain_faults[i].text);
        if (!err) {
            fail_msg("accepted: %s", domain_faults[i].text);
            return;
        }
        assert_int_equal(err->code, ERROR_INVALID_ARGUMENT);
        assert_string_equal(faults_text(*state, err), domain_faults[i].faults);
    }
}

static const struct {
    const char *text;
    int64_t quota;
} numbers[] = {
    {"0", 0},
    {"-0", 0},
    {"9223372036854775807", INT64_MAX},
    {"-9223372036854775808", INT64_MIN},
    {"9007199254740993", 9007199254740993},
    {"5.0", 5},
    {"\"12\"", 12},
    {"\"500M\"", 500},
    {"\"10G\"", 10240},
    {"\"1t\"", 1048576},
};

static void reader_keeps_integers_exact(void **state)
{
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        Roost__Domains__V1__Domain *domain =
            message_new(*state, &roost__domains__v1__domain__descriptor);
        assert_null(read_text(*state, &domain->base,
                              arena_printf(*state, "{\"quota\":%s}", numbers[i].text)));
        assert_true(domain->quota == numbers[i].quota);
    }
}

static void reader_names_nested_faults(void **state)
{
    ProtobufCMessage *account = message_new(*state, &roost__accounts__v1__account__descriptor);
    const struct error *err =
        read_text(*state, account, "{\"mailbox\":{\"quota\":\"x\",\"full_address\":1}}");
    assert_string_equal(faults_text(*state, err),
                        "mailbox.quota: A number of megabytes is required, such as 500, \"500M\", "
                        "\"10G\" or \"1T\".; "
                        "mailbox.full_address: Not a valid string.");
    err = read_text(*state, account, "{\"mailbox\":[]}");
    assert_string_equal(faults_text(*state, err), "mailbox: Expected an object.");
}

static void reader_reports_a_list_once(void **state)
{
    ProtobufCMessage *alias = message_new(*state, &roost__mailboxes__v1__alias__descriptor);
    assert_string_equal(faults_text(*state, read_text(*state, alias, "{\"recipients\":[1,2,3]}")),
                        "recipients: Not a valid string.");
    assert_string_equal(faults_text(*state, read_text(*state, alias, "{\"recipients\":\"x\"}")),
                        "recipients: Expected a list of items.");
    assert_string_equal(faults_text(*state, read_text(*state, alias, "{\"recipients\":[]}")),
                        "recipients: This list may not be empty.");
    assert_string_equal(faults_text(*state, read_text(*state, alias, "{\"recipients\":[null]}")),
                        "recipients: Not a valid string.");
    assert_string_equal(
        faults_text(*state, read_text(*state, alias, "{\"expire_at\":\"today\"}")),
        "expire_at: Datetime has wrong format. Use RFC 3339, such as 2024-01-31T12:00:00Z.");
}

static const char *const malformed[] = {
    "",
    " ",
    "[]",
    "null",
    "5",
    "{",
    "{}x",
    "{} {}",
    "{,}",
    "{\"name\"}",
    "{\"name\":}",
    "{\"name\":\"x\",}",
    "{\"name\":\"x\" \"type\":\"y\"}",
    "{name:1}",
    "{'name':1}",
    "{\"name\":\"x",
    "{\"name\":\"x\\\"}",
    "{\"name\":\"\\x\"}",
    "{\"name\":\"\\u12\"}",
    "{\"name\":\"\\ud800\"}",
    "{\"name\":\"\\ud800\\u0041\"}",
    "{\"name\":\"\\udc00\"}",
    "{\"name\":\"a\nb\"}",
    "{\"quota\":01}",
    "{\"quota\":-}",
    "{\"quota\":1.}",
    "{\"quota\":.5}",
    "{\"quota\":1e}",
    "{\"quota\":+1}",
    "{\"quota\":NaN}",
    "{\"enabled\":tru}",
    "{\"enabled\":True}",
    "{\"a\":[1,]}",
    "{\"a\":[1 2]}",
    "{\"a\":[1}",
    "{\"name\":\"a\",\"name\":\"b\"}",
    "{\"name\":\"a\",\"n\\u0061me\":\"b\"}",
    "{\"a\":{\"b\":1,\"b\":2}}",
    "{\"name\":\"\xff\"}",
    "\xef\xbb\xbf{}",
    "{\"name\":\"x\"}//",
};

static void reader_refuses_what_is_no_json_object(void **state)
{
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        ProtobufCMessage *domain = message_new(*state, &roost__domains__v1__domain__descriptor);
        const struct error *err = read_text(*state, domain, malformed[i]);
        if (!error_is(err, REASON_REQUEST_INVALID) || err->n_fields != 0) {
            fail_msg("%s", malformed[i]);
        }
    }
}

static void reader_refuses_nul_bytes(void **state)
{
    ProtobufCMessage *domain = message_new(*state, &roost__domains__v1__domain__descriptor);
    assert_non_null(read_bytes(*state, domain, "{\"name\":\"a\0b\"}", 14));
    assert_non_null(read_bytes(*state, domain, "{}\0", 3));
    /* A key that goes on after a NUL is another key. */
    assert_null(read_text(*state, domain, "{\"quota\\u0000\":true}"));
}

static const char *nested(struct arena *arena, int depth)
{
    char *text = arena_alloc(arena, (size_t)depth * 2 + 16);
    char *at = text;
    memcpy(at, "{\"a\":", 5);
    at += 5;
    for (int i = 1; i < depth; i++) {
        *at++ = '[';
    }
    for (int i = 1; i < depth; i++) {
        *at++ = ']';
    }
    *at = '}';
    return text;
}

static void reader_limits_depth(void **state)
{
    ProtobufCMessage *domain = message_new(*state, &roost__domains__v1__domain__descriptor);
    assert_null(read_text(*state, domain, nested(*state, JSON_DEPTH_MAX)));
    assert_true(error_is(read_text(*state, domain, nested(*state, JSON_DEPTH_MAX + 1)),
                         REASON_REQUEST_INVALID));
    assert_true(
        error_is(read_text(*state, domain, nested(*state, 100000)), REASON_REQUEST_INVALID));
}

static void reader_limits_keys(void **state)
{
    for (int n = JSON_KEYS_MAX; n <= JSON_KEYS_MAX + 1; n++) {
        struct json_writer writer = {.arena = *state};
        json_object_begin(&writer);
        for (int i = 0; i < n; i++) {
            json_key(&writer, arena_printf(*state, "k%d", i));
            json_null(&writer);
        }
        json_object_end(&writer);
        ProtobufCMessage *domain = message_new(*state, &roost__domains__v1__domain__descriptor);
        const struct error *err = read_bytes(*state, domain, writer.data, writer.len);
        assert_int_equal(err != NULL, n > JSON_KEYS_MAX);
    }
}

static void text_sets_fields_by_type(void **state)
{
    Roost__Accounts__V1__ListAccountsRequest *list =
        message_new(*state, &roost__accounts__v1__list_accounts_request__descriptor);
    const ProtobufCMessageDescriptor *descriptor = list->base.descriptor;
    assert_null(
        json_set_from_text(*state, &list->base, message_field(descriptor, "page_size"), "50"));
    assert_null(json_set_from_text(*state, &list->base, message_field(descriptor, "search"), "b%"));
    assert_null(
        json_set_from_text(*state, &list->base, message_field(descriptor, "is_active"), "false"));
    assert_int_equal(list->page_size, 50);
    assert_string_equal(list->search, "b%");
    assert_true(message_has_field(&list->base, message_field(descriptor, "is_active")));
    assert_false(list->is_active);
    const struct error *err = json_set_from_text(
        *state, &list->base, message_field(descriptor, "page_size"), "99999999999");
    assert_string_equal(faults_text(*state, err), "page_size: The number is out of range.");
    err = json_set_from_text(*state, &list->base, message_field(descriptor, "is_active"), "yes");
    assert_string_equal(faults_text(*state, err), "is_active: Must be a valid boolean.");
    assert_int_equal(list->page_size, 50);
    static const char *const no_numbers[] = {"", "-", "1.0", "05", "+1", " 1", "0x1", "1e1"};
    for (size_t i = 0; i < sizeof(no_numbers) / sizeof(no_numbers[0]); i++) {
        err = json_set_from_text(*state, &list->base, message_field(descriptor, "page_size"),
                                 no_numbers[i]);
        assert_true(error_is(err, REASON_FIELD_INVALID));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reader_fills_a_message, setup, teardown),
        cmocka_unit_test_setup_teardown(reader_fills_lists_and_times, setup, teardown),
        cmocka_unit_test_setup_teardown(reader_ignores_what_the_server_fills, setup, teardown),
        cmocka_unit_test_setup_teardown(reader_checks_required_fields_only_when_asked, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(reader_reports_all_faulty_fields, setup, teardown),
        cmocka_unit_test_setup_teardown(reader_keeps_integers_exact, setup, teardown),
        cmocka_unit_test_setup_teardown(reader_names_nested_faults, setup, teardown),
        cmocka_unit_test_setup_teardown(reader_reports_a_list_once, setup, teardown),
        cmocka_unit_test_setup_teardown(reader_refuses_what_is_no_json_object, setup, teardown),
        cmocka_unit_test_setup_teardown(reader_refuses_nul_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(reader_limits_depth, setup, teardown),
        cmocka_unit_test_setup_teardown(reader_limits_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(text_sets_fields_by_type, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
