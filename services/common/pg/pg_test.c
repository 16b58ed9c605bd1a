#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <google/protobuf/timestamp.pb-c.h>
#include <string.h>

#include "services/common/pg/pg.h"
#include "services/common/pg/pg_test.pb-c.h"
#include "services/common/testing/testing.h"

typedef Roost__Pg__Test__Row Row;

#define ROW roost__pg__test__row__descriptor
#define PARAMS(...)                               \
    .params = (const char *const[]){__VA_ARGS__}, \
    .n_params = sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)

static const struct pg_statement around = {
    .name = "around",
    .sql = "SELECT $1::int8 AS id, $2::text AS name, $3::int8 AS quota, $4::bool AS is_active, "
           "$5::int4 AS small, "
           "$6::bytea AS data, $7::timestamptz AS created_at, $8::text[] AS tags, $9::int8[] AS "
           "numbers, "
           "$10::text AS note, $11::float8 AS ratio, $12::int4[] AS small_numbers, $13::text AS "
           "colour",
    PARAMS("id", "name", "quota", "is_active", "small", "data", "created_at", "tags", "numbers",
           "note", "ratio", "small_numbers", "colour"),
};

static const struct pg_statement extras = {
    .name = "extras",
    .sql =
        "SELECT $1::int8 AS id, $2::text AS name, $3::bytea AS data, $4::text[] AS tags, "
        "$5::timestamptz AS created_at, $6::int8[] AS numbers, $7::bool AS flag, $8::text AS note",
    PARAMS("id", "name", "data", "tags", "time", "numbers", "flag", "nothing"),
};

static const struct pg_statement empty_bytes = {
    .name = "empty_bytes",
    .sql = "SELECT $1::bytea IS NULL AS flag, '{}'::text[] AS tags",
    PARAMS("data"),
};

static const struct pg_statement series = {
    .name = "series",
    .sql = "SELECT n::int8 AS id, 'row ' || n AS name FROM generate_series(1, $1::int4) n",
    PARAMS("n"),
};

static Row *get(struct call *call, const struct pg_statement *stmt, const struct pg_args *args)
{
    ProtobufCMessage *message = NULL;
    const struct error *err = pg_get(call->pg, stmt, args, &ROW, &message);

    if (err) {
        fail_msg("%s: %s", stmt->sql, err->cause);
    }
    assert_non_null(message);
    return (Row *)message;
}

static const struct error *get_error(struct call *call, const struct pg_statement *stmt)
{
    ProtobufCMessage *message = NULL;

    return pg_get(call->pg, stmt, NULL, &ROW, &message);
}

static void row_fills_every_kind_of_field(void **state)
{
    static const struct pg_statement stmt = {
        .name = "every_kind",
        .sql = "SELECT 9007199254740993 AS id, 'ünïcode' AS name, 0::int8 AS quota, false AS "
               "is_active, true AS flag, "
               "-7::int2 AS small, 4294967295 AS positive, '\\x00ff41'::bytea AS data, "
               "'2024-02-29 23:59:59.123456+00'::timestamptz AS created_at, ARRAY['a', '', 'b\"c'] "
               "AS tags, "
               "'{-1,2}'::int8[] AS numbers, '{3}'::int4[] AS small_numbers, 0.5::float8 AS ratio, "
               "'{\"a\": 1}'::jsonb AS document, 7::int8 AS \"inner.quota\", 'COLOUR_RED' AS "
               "colour, ''::text AS note, "
               "'1969-12-31 23:59:59.5+00'::timestamptz AS seen_at",
    };
    Row *row = get(*state, &stmt, NULL);

    assert_int_equal(row->id, 9007199254740993);
    assert_string_equal(row->name, "ünïcode");
    assert_int_equal(row->_quota_case, ROOST__PG__TEST__ROW___QUOTA_QUOTA);
    assert_int_equal(row->quota, 0);
    assert_int_equal(row->_is_active_case, ROOST__PG__TEST__ROW___IS_ACTIVE_IS_ACTIVE);
    assert_false(row->is_active);
    assert_true(row->flag);
    assert_int_equal(row->small, -7);
    assert_true(row->positive == 4294967295u);
    assert_int_equal(row->data.len, 3);
    assert_memory_equal(row->data.data,
                        "\0\xff"
                        "A",
                        3);
    assert_int_equal(row->created_at->seconds, 1709251199);
    assert_int_equal(row->created_at->nanos, 123456000);
    assert_int_equal(row->n_tags, 3);
    assert_string_equal(row->tags[1], "");
    assert_string_equal(row->tags[2], "b\"c");
    assert_int_equal(row->n_numbers, 2);
    assert_int_equal(row->numbers[0], -1);
    assert_int_equal(row->small_numbers[0], 3);
    assert_true(row->ratio > 0.49 && row->ratio < 0.51);
    assert_string_equal(row->document, "{\"a\": 1}");
    assert_int_equal(row->inner->quota, 7);
    assert_int_equal(row->inner->_note_case, 0);
    assert_int_equal(row->colour, ROOST__PG__TEST__COLOUR__COLOUR_RED);
    assert_string_equal(row->note, "");
    assert_int_equal(row->seen_at->seconds, -1);
    assert_int_equal(row->seen_at->nanos, 500000000);
}

static void row_leaves_null_absent(void **state)
{
    static const struct pg_statement stmt = {
        .name = "nulls",
        .sql = "SELECT NULL::int8 AS id, NULL::text AS name, NULL::int8 AS quota, "
               "NULL::timestamptz AS created_at, "
               "NULL::text[] AS tags, NULL::int8 AS \"inner.quota\", NULL::text AS note, "
               "'infinity'::timestamptz AS seen_at",
    };
    Row *row = get(*state, &stmt, NULL);

    assert_int_equal(row->id, 0);
    assert_string_equal(row->name, "");
    assert_int_equal(row->_quota_case, 0);
    assert_null(row->created_at);
    assert_int_equal(row->n_tags, 0);
    assert_null(row->inner);
    assert_int_equal(row->_note_case, 0);
    assert_int_equal(row->_seen_at_case, 0);
}

/* Everything once around: the message as parameters, the row as a message. */
static void message_binds_by_name(void **state)
{
    char *tags[] = {(char *)"a,b", (char *)"q\"\\", (char *)"", (char *)"NULL"};
    int64_t numbers[] = {INT64_MIN, INT64_MAX};
    int32_t small_numbers[] = {5};
    Google__Protobuf__Timestamp at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Row in = ROOST__PG__TEST__ROW__INIT;
    Row *out;

    at.seconds = -62135596800; /* 0001-01-01 */
    at.nanos = 1000;
    in.id = INT64_MIN;
    in.name = (char *)"o'; DROP TABLE x --";
    in._is_active_case = ROOST__PG__TEST__ROW___IS_ACTIVE_IS_ACTIVE;
    in.is_active = 1;
    in.small = -1;
    in.data = (ProtobufCBinaryData){.len = 2, .data = (uint8_t *)"\0\x01"};
    in.created_at = &at;
    in.n_tags = 4;
    in.tags = tags;
    in.n_numbers = 2;
    in.numbers = numbers;
    in.n_small_numbers = 1;
    in.small_numbers = small_numbers;
    in.ratio = 1.0 / 3;
    in.colour = ROOST__PG__TEST__COLOUR__COLOUR_RED;
    out = get(*state, &around, PG_MESSAGE(&in.base));

    assert_true(out->id == INT64_MIN);
    assert_string_equal(out->name, in.name);
    assert_int_equal(out->_quota_case, 0);
    assert_true(out->is_active);
    assert_int_equal(out->small, -1);
    assert_int_equal(out->data.len, 2);
    assert_memory_equal(out->data.data, "\0\x01", 2);
    assert_int_equal(out->created_at->seconds, -62135596800);
    assert_int_equal(out->created_at->nanos, 1000);
    assert_int_equal(out->n_tags, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(out->tags[i], tags[i]);
    }
    assert_true(out->numbers[0] == INT64_MIN && out->numbers[1] == INT64_MAX);
    assert_int_equal(out->small_numbers[0], 5);
    assert_int_equal(out->_note_case, 0);
    assert_true(out->ratio > 0.3333333333333333 - 1e-16 && out->ratio < 0.3333333333333333 + 1e-16);
    assert_int_equal(out->colour, ROOST__PG__TEST__COLOUR__COLOUR_RED);
}

static void extra_goes_before_message(void **state)
{
    static const char *const tags[] = {"x"};
    static const int64_t numbers[] = {4};
    Row in = ROOST__PG__TEST__ROW__INIT;
    Row *out;

    in.id = 1;
    in.name = (char *)"from the message";
    out = get(*state, &extras,
              PG_ARGS(&in.base, pg_int64("id", 2), pg_bytes("data", "ab", 2),
                      pg_texts("tags", tags, 1), pg_time_us("time", -1),
                      pg_int64s("numbers", numbers, 1), pg_bool("flag", true),
                      pg_text_or_null("nothing", "")));
    assert_int_equal(out->id, 2);
    assert_string_equal(out->name, "from the message");
    assert_memory_equal(out->data.data, "ab", 2);
    assert_string_equal(out->tags[0], "x");
    assert_int_equal(out->created_at->seconds, -1);
    assert_int_equal(out->created_at->nanos, 999999000);
    assert_int_equal(out->numbers[0], 4);
    assert_true(out->flag);
    assert_int_equal(out->_note_case, 0);
}

static void empty_bytes_are_not_null(void **state)
{
    Row in = ROOST__PG__TEST__ROW__INIT;

    assert_false(get(*state, &empty_bytes, PG_MESSAGE(&in.base))->flag);
}

static void get_wants_one_row(void **state)
{
    static const struct pg_statement none = {.name = "none",
                                             .sql = "SELECT 1::int8 AS id WHERE false"};
    static const struct pg_statement two = {.name = "two",
                                            .sql = "SELECT generate_series(1, 2)::int8 AS id"};
    struct call *call = *state;
    ProtobufCMessage *message = (ProtobufCMessage *)call;

    assert_null(pg_get(call->pg, &none, NULL, &ROW, &message));
    assert_null(message);
    assert_true(error_is(get_error(call, &two), REASON_INTERNAL));
}

static void all_gives_rows_in_order(void **state)
{
    static const struct {
        const char *name;
        int64_t n;
    } cases[] = {{"none", 0}, {"one", 1}, {"many", 3000}};
    struct call *call = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ProtobufCMessage **messages = NULL;
        size_t n = 99;

        assert_null(pg_all(call->pg, &series, PG_ARGS(NULL, pg_int64("n", cases[i].n)), &ROW, &n,
                           &messages));
        assert_int_equal(n, cases[i].n);
        if (n > 0) {
            assert_int_equal(((Row *)messages[n - 1])->id, cases[i].n);
        }
    }
}

static void column_that_does_not_fit_is_internal(void **state)
{
    static const struct pg_statement cases[] = {
        {.name = "no_such_field", .sql = "SELECT 1 AS nonsense"},
        {.name = "no_such_inner", .sql = "SELECT 1 AS \"inner.nonsense\""},
        {.name = "no_message", .sql = "SELECT 1 AS \"name.quota\""},
        {.name = "wrong_type", .sql = "SELECT 'x' AS id"},
        {.name = "numeric", .sql = "SELECT 1.5 AS ratio"},
        {.name = "too_big", .sql = "SELECT 2147483648 AS small"},
        {.name = "negative", .sql = "SELECT -1 AS positive"},
        {.name = "two_dimensions", .sql = "SELECT ARRAY[ARRAY['a']] AS tags"},
        {.name = "null_element", .sql = "SELECT ARRAY['a', NULL] AS tags"},
        {.name = "unknown_colour", .sql = "SELECT 'COLOUR_PINK' AS colour"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct error *err = get_error(*state, &cases[i]);

        if (!error_is(err, REASON_INTERNAL) || !strstr(err->cause, cases[i].name)) {
            fail_msg("%s", cases[i].name);
        }
    }
}

static void run_counts_rows(void **state)
{
    static const struct {
        struct pg_statement stmt;
        int64_t n_rows;
    } cases[] = {
        {{.name = "insert", .sql = "INSERT INTO thing (name) VALUES ('a'), ('b')"}, 2},
        {{.name = "update", .sql = "UPDATE thing SET name = name || '1' WHERE name = 'a'"}, 1},
        {{.name = "delete_none", .sql = "DELETE FROM thing WHERE name = 'zzz'"}, 0},
        {{.name = "returning", .sql = "DELETE FROM thing RETURNING id"}, 2},
    };
    struct call *call = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t n_rows = -1;

        assert_null(pg_run(call->pg, &cases[i].stmt, NULL, &n_rows));
        assert_int_equal(n_rows, cases[i].n_rows);
    }
}

static void query_gives_text(void **state)
{
    static const struct pg_statement stmt = {
        .name = "query",
        .sql = "SELECT 42, NULL::text, true, '\\x00fe'::bytea, current_schema",
    };
    struct call *call = *state;
    const uint8_t *bytes;
    struct pg_rows rows;
    size_t len;

    assert_null(pg_query(call->pg, &stmt, NULL, &rows));
    assert_int_equal(rows.n_rows, 1);
    assert_int_equal(pg_value_int64(&rows, 0, 0), 42);
    assert_true(pg_is_null(&rows, 0, 1));
    assert_string_equal(pg_value(&rows, 0, 1), "");
    assert_true(pg_value_bool(&rows, 0, 2));
    bytes = pg_value_bytes(call->pg, &rows, 0, 3, &len);
    assert_int_equal(len, 2);
    assert_memory_equal(bytes, "\0\xfe", 2);
    assert_string_equal(pg_value(&rows, 0, 4), "accounts");
}

static void violation_names_its_constraint(void **state)
{
    static const struct {
        struct pg_statement stmt;
        enum error_reason reason;
        const char *constraint;
    } cases[] = {
        {{.name = "unique", .sql = "INSERT INTO thing (name) VALUES ('same'), ('same')"},
         REASON_CONSTRAINT_VIOLATED,
         "thing_name_key"},
        {{.name = "check", .sql = "INSERT INTO thing (name) VALUES ('')"},
         REASON_CONSTRAINT_VIOLATED,
         "thing_name_check"},
        {{.name = "foreign", .sql = "INSERT INTO thing (name, parent_id) VALUES ('x', 77)"},
         REASON_CONSTRAINT_VIOLATED,
         "thing_parent_id_fkey"},
        {{.name = "not_null", .sql = "INSERT INTO thing (name) VALUES (NULL)"},
         REASON_CONSTRAINT_VIOLATED,
         "name"},
        {{.name = "range", .sql = "SELECT 9223372036854775807 + 1 AS id"},
         REASON_REQUEST_INVALID,
         NULL},
        {{.name = "syntax", .sql = "SELEC 1"}, REASON_INTERNAL, NULL},
        {{.name = "privilege", .sql = "SELECT checksum AS name FROM migration"},
         REASON_INTERNAL,
         NULL},
        {{.name = "serialization", .sql = "SELECT raise_error('40001')"},
         REASON_SERIALIZATION_FAILED,
         NULL},
        {{.name = "deadlock", .sql = "SELECT raise_error('40P01')"},
         REASON_SERIALIZATION_FAILED,
         NULL},
        {{.name = "full", .sql = "SELECT raise_error('53100')"}, REASON_DATABASE_UNAVAILABLE, NULL},
        {{.name = "canceled", .sql = "SELECT raise_error('57014')"},
         REASON_DEADLINE_EXCEEDED,
         NULL},
    };
    struct call *call = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct error *err = pg_run(call->pg, &cases[i].stmt, NULL, NULL);

        if (!error_is(err, cases[i].reason)) {
            fail_msg("%s: %s %s", cases[i].stmt.name, err ? err->reason : "none",
                     err ? err->cause : "");
        }
        if (cases[i].constraint) {
            assert_string_equal(err->constraint, cases[i].constraint);
        } else {
            assert_null(err->constraint);
        }
        assert_non_null(strstr(err->cause, cases[i].stmt.name));
    }
}

static void explain_turns_constraint_into_reason(void **state)
{
    static const struct pg_statement stmt = {
        .name = "duplicate",
        .sql = "INSERT INTO thing (name) VALUES ('same'), ('same')",
    };
    static const struct pg_constraint known[] = {
        {"other_key", REASON_DOMAIN_EXISTS, NULL, "Never."},
        {"thing_name_key", REASON_ACCOUNT_EXISTS, "account.username", "This name is taken."},
    };
    struct call *call = *state;
    const struct error *err = pg_run(call->pg, &stmt, NULL, NULL);
    const struct error *explained = pg_explain(call->arena, err, known, 2);

    assert_true(error_is(explained, REASON_ACCOUNT_EXISTS));
    assert_int_equal(explained->code, ERROR_ALREADY_EXISTS);
    assert_int_equal(explained->n_fields, 1);
    assert_string_equal(explained->fields[0].field, "account.username");
    assert_string_equal(explained->detail, "This name is taken.");
    assert_ptr_equal(pg_explain(call->arena, err, known, 1), err);
    assert_null(pg_explain(call->arena, NULL, known, 2));
}

static void prefix_pattern_escapes(void **state)
{
    static const struct {
        const char *text;
        const char *pattern;
    } cases[] = {{"bob", "bob%"}, {"50%_\\", "50\\%\\_\\\\%"}, {"", NULL}, {NULL, NULL}};
    struct call *call = *state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *pattern = pg_prefix_pattern(call->arena, cases[i].text);

        if (cases[i].pattern) {
            assert_string_equal(pattern, cases[i].pattern);
        } else {
            assert_null(pattern);
        }
    }
}

static void many_statements_stay_prepared(void **state)
{
    struct call *call = *state;
    static struct pg_statement stmts[100];
    struct pg_rows rows;

    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < 100; i++) {
            stmts[i].name = "many";
            stmts[i].sql = "SELECT 1";
            assert_null(pg_query(call->pg, &stmts[i], NULL, &rows));
        }
    }
    stmts[0].sql = "SELECT count(*) FROM pg_prepared_statements WHERE name LIKE '%many'";
    assert_null(pg_query(call->pg, &stmts[0], NULL, &rows));
    assert_int_equal(pg_value_int64(&rows, 0, 0), 101);
}

static int set_up(void **state)
{
    testing_migrate("accounts", NULL, 0);
    testing_execute(
        "accounts",
        "CREATE TABLE thing (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
        "name text NOT NULL CONSTRAINT thing_name_key UNIQUE "
        "CONSTRAINT thing_name_check CHECK (name <> ''), parent_id bigint REFERENCES thing);"
        "GRANT ALL ON thing TO roost_accounts;"
        "CREATE FUNCTION raise_error(state text) RETURNS int LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'raised' USING ERRCODE = state; END $$");
    *state = testing_call_new("accounts");
    return 0;
}

static int tear_down(void **state)
{
    testing_call_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(row_fills_every_kind_of_field),
        cmocka_unit_test(row_leaves_null_absent),
        cmocka_unit_test(message_binds_by_name),
        cmocka_unit_test(extra_goes_before_message),
        cmocka_unit_test(empty_bytes_are_not_null),
        cmocka_unit_test(get_wants_one_row),
        cmocka_unit_test(all_gives_rows_in_order),
        cmocka_unit_test(column_that_does_not_fit_is_internal),
        cmocka_unit_test(run_counts_rows),
        cmocka_unit_test(query_gives_text),
        cmocka_unit_test(violation_names_its_constraint),
        cmocka_unit_test(explain_turns_constraint_into_reason),
        cmocka_unit_test(prefix_pattern_escapes),
        cmocka_unit_test(many_statements_stay_prepared),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
