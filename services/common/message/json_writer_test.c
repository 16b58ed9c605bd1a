#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "google/protobuf/any.pb-c.h"
#include "proto/roost/accounts/v1/accounts.pb-c.h"
#include "proto/roost/mailboxes/v1/mailboxes.pb-c.h"
#include "services/common/message/json.h"
#include "services/common/message/message.h"
#include "services/common/message/meta.h"

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

static const char *text_of(struct json_writer *writer)
{
    json_raw(writer, "", 1);
    return writer->data;
}

static void writer_escapes_and_separates(void **state)
{
    struct json_writer writer = {.arena = *state};
    json_object_begin(&writer);
    json_key(&writer, "a");
    json_string(&writer, "\"\\/\b\f\n\r\t\x01\x1f\x7f \xc3\xa9");
    json_key(&writer, "b");
    json_array_begin(&writer);
    json_int(&writer, INT64_MIN);
    json_uint(&writer, UINT64_MAX);
    json_array_begin(&writer);
    json_array_end(&writer);
    json_object_begin(&writer);
    json_object_end(&writer);
    json_bool(&writer, true);
    json_null(&writer);
    json_array_end(&writer);
    json_key(&writer, "c");
    json_bool(&writer, false);
    json_object_end(&writer);
    assert_string_equal(
        text_of(&writer),
        "{\"a\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f \xc3\xa9\","
        "\"b\":[-9223372036854775808,18446744073709551615,[],{},true,null],\"c\":false}");
}

static void writer_grows(void **state)
{
    struct json_writer writer = {.arena = *state};
    char text[5000];
    memset(text, '\x02', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    json_string(&writer, text);
    assert_int_equal(writer.len, 6 * (sizeof(text) - 1) + 2);
}

static void message_shows_rest_names_nulls_and_no_secrets(void **state)
{
    Google__Protobuf__Timestamp joined = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Roost__Accounts__V1__AccountMailbox mailbox = ROOST__ACCOUNTS__V1__ACCOUNT_MAILBOX__INIT;
    Roost__Accounts__V1__Account account = ROOST__ACCOUNTS__V1__ACCOUNT__INIT;
    char *domains[] = {"a.test", "b.test"};
    joined.seconds = 1709209845;
    mailbox.id = INT64_MAX;
    mailbox._quota_case = ROOST__ACCOUNTS__V1__ACCOUNT_MAILBOX___QUOTA_QUOTA;
    account.id = 7;
    account.username = "bob";
    account.password = "secret";
    account.mailbox = &mailbox;
    account.domains = domains;
    account.n_domains = 2;
    account.date_joined = &joined;
    static const char *const parts[] = {
        "{\"pk\":7,\"username\":\"bob\",\"first_name\":\"\",",
        "\"is_active\":null,\"master_user\":false,",
        "\"domains\":[\"a.test\",\"b.test\"],\"mailbox\":{\"pk\":9223372036854775807,\"full_"
        "address\":\"\","
        "\"use_domain_quota\":null,\"quota\":0,\"quota_usage\":0},",
        "\"date_joined\":\"2024-02-29T12:30:45Z\",\"last_login\":null,",
    };
    const char *text = message_to_json(*state, &account.base);
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        assert_non_null(strstr(text, parts[i]));
    }
    assert_null(strstr(text, "password"));
    assert_null(strstr(text, "secret"));
}

static void message_leaves_out_what_travels_as_a_cookie(void **state)
{
    Roost__Accounts__V1__LoginResponse login = ROOST__ACCOUNTS__V1__LOGIN_RESPONSE__INIT;
    login.session = "secret";
    login.csrf_token = "token";
    assert_string_equal(message_to_json(*state, &login.base),
                        "{\"account\":null,\"csrf_token\":\"token\",\"expires_at\":null}");
}

static void message_mask_is_one_string(void **state)
{
    char *paths[] = {"name", "mailbox.quota"};
    Google__Protobuf__FieldMask mask = GOOGLE__PROTOBUF__FIELD_MASK__INIT;
    mask.paths = paths;
    mask.n_paths = 2;
    assert_string_equal(message_to_json(*state, &mask.base), "\"name,mailbox.quota\"");
}

static void no_message_has_types_that_json_cannot_show(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_message_metas; i++) {
        const ProtobufCMessageDescriptor *descriptor = message_metas[i]->descriptor;
        for (unsigned f = 0; f < descriptor->n_fields; f++) {
            ProtobufCType type = descriptor->fields[f].type;
            if (type == PROTOBUF_C_TYPE_FLOAT || type == PROTOBUF_C_TYPE_DOUBLE ||
                type == PROTOBUF_C_TYPE_BYTES) {
                fail_msg("%s.%s", descriptor->name, descriptor->fields[f].name);
            }
        }
        assert_ptr_equal(message_meta_find(descriptor), message_metas[i]);
    }
    assert_null(message_meta_find(&google__protobuf__any__descriptor));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(writer_escapes_and_separates, setup, teardown),
        cmocka_unit_test_setup_teardown(writer_grows, setup, teardown),
        cmocka_unit_test_setup_teardown(message_shows_rest_names_nulls_and_no_secrets, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(message_leaves_out_what_travels_as_a_cookie, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(message_mask_is_one_string, setup, teardown),
        cmocka_unit_test(no_message_has_types_that_json_cannot_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
