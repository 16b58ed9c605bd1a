import unittest

from proto.codegen import sql


def one(text):
    (statement,) = sql.parse("-- name: it\n" + text)
    return statement


class Parameters(unittest.TestCase):
    def check(self, text, expected, params):
        statement = one(text)
        self.assertEqual(statement.sql, expected)
        self.assertEqual(statement.params, params)

    def test_are_numbered_in_order_of_appearance(self):
        self.check(
            "SELECT a FROM t WHERE b = :b AND c = :c OR d = :b;",
            "SELECT a FROM t WHERE b = $1 AND c = $2 OR d = $1",
            ["b", "c"],
        )

    def test_may_be_cast(self):
        self.check("SELECT :a::text, b::int8;", "SELECT $1::text, b::int8", ["a"])

    def test_are_not_found_in_texts(self):
        self.check("SELECT 'it''s :a', :b;", "SELECT 'it''s :a', $1", ["b"])
        self.check(r"SELECT E'\':a', :b;", r"SELECT E'\':a', $1", ["b"])
        self.check('SELECT ":a" FROM t;', 'SELECT ":a" FROM t', [])
        self.check("DO $$ x := :a $$;", "DO $$ x := :a $$", [])
        self.check("DO $t$ ';' $$ :a $t$;", "DO $t$ ';' $$ :a $t$", [])

    def test_are_not_found_in_comments(self):
        self.check("SELECT 1 -- not :a;\n, :b /* :c; */;", "SELECT 1\n, $1", ["b"])

    def test_may_not_be_written_by_position(self):
        with self.assertRaisesRegex(sql.SqlError, r"it: write :name, not \$1"):
            one("SELECT $1;")

    def test_leave_other_colons_alone(self):
        self.check("SELECT a[1:2], f(b := 1);", "SELECT a[1:2], f(b := 1)", [])


class Files(unittest.TestCase):
    def test_hold_statements_in_order(self):
        parsed = sql.parse("-- Of birds.\n\n-- name: a\nSELECT 1;\n\n-- name: b\nSELECT\n  2;\n")
        self.assertEqual([(item.name, item.sql) for item in parsed], [("a", "SELECT 1"), ("b", "SELECT\n  2")])

    def check_refusal(self, text, expected):
        with self.assertRaisesRegex(sql.SqlError, expected):
            sql.parse(text)

    def test_refuse_what_is_no_statement(self):
        self.check_refusal("SELECT 1;", "line 1: SQL before")
        self.check_refusal("-- name: a\n", "a: is empty")
        self.check_refusal("-- name: a\n-- only words;\n", "a: is empty")
        self.check_refusal("-- name: a\nSELECT 1\n", "a: does not end with a semicolon")
        self.check_refusal("-- name: a\nSELECT 1; SELECT 2;\n", "a: holds more than one")
        self.check_refusal("-- name: Birds\nSELECT 1;\n", "Birds: a statement's name is snake_case")

    def test_allow_a_comment_behind_the_end(self):
        self.assertEqual(one("SELECT 1; -- done\n").sql, "SELECT 1")

    def test_refuse_a_name_twice(self):
        self.check_refusal("-- name: a\nSELECT 1;\n-- name: a\nSELECT 2;\n", "a: defined twice")

    def test_refuse_a_name_that_postgresql_would_cut(self):
        self.check_refusal(f"-- name: {'a' * 64}\nSELECT 1;\n", "longer than 63 bytes")

    def test_refuse_unknown_words(self):
        self.check_refusal("-- name: a :many\nSELECT 1;\n", "a: :many is not known")
        self.check_refusal("-- name: a\n-- key: id\nSELECT 1;\n", "a: orderings and key are for")
        self.check_refusal("-- name: a\nSELECT {order};\n", "a: {order} and {after} are for")


LIST = """
-- name: bird_list :list
-- orderings: ring seen=b.seen_at
-- key: id
SELECT id FROM bird WHERE kind = :kind {after} ORDER BY {order} LIMIT :limit;
"""


class Lists(unittest.TestCase):
    def setUp(self):
        (self.list,) = sql.parse(LIST)

    def test_know_their_orderings_and_key(self):
        self.assertEqual(self.list.orderings, ["ring", "seen"])
        self.assertEqual(self.list.key, "id")

    def test_have_a_variant_per_ordering_direction_and_start(self):
        self.assertEqual(
            [variant.name for variant in self.list.variants],
            [
                "bird_list_ring",
                "bird_list_ring_after",
                "bird_list_ring_desc",
                "bird_list_ring_desc_after",
                "bird_list_seen",
                "bird_list_seen_after",
                "bird_list_seen_desc",
                "bird_list_seen_desc_after",
            ],
        )

    def test_order_by_column_and_key(self):
        first = self.list.variants[0]
        self.assertEqual(first.sql, "SELECT id FROM bird WHERE kind = $1  ORDER BY ring, id LIMIT $2")
        self.assertEqual(first.params, ["kind", "limit"])

    def test_continue_after_a_row(self):
        after = self.list.variants[3]
        self.assertEqual(
            after.sql,
            "SELECT id FROM bird WHERE kind = $1 AND (ring, id) < ($2, $3) "
            "ORDER BY ring DESC, id DESC LIMIT $4",
        )
        self.assertEqual(after.params, ["kind", "after_key", "after_id", "limit"])

    def test_take_an_expression(self):
        self.assertIn("(b.seen_at, id) > ($2, $3) ORDER BY b.seen_at, id", self.list.variants[5].sql)

    def test_ordered_by_the_key_compare_it_alone(self):
        (by_id,) = sql.parse(LIST.replace("ring seen=b.seen_at", "id"))
        self.assertIn("AND id > $2 ORDER BY id LIMIT $3", by_id.variants[1].sql)
        self.assertIn("ORDER BY id DESC LIMIT", by_id.variants[2].sql)

    def test_need_their_parts(self):
        for part, expected in {
            "-- orderings: ring seen=b.seen_at\n": "needs `-- orderings:`",
            "{after}": "has {after} at least once",
            "{order}": "has {order} at least once",
        }.items():
            with self.assertRaisesRegex(sql.SqlError, expected):
                sql.parse(LIST.replace(part, ""))


class Output(unittest.TestCase):
    def test_declares_every_statement(self):
        header = sql.header("birds", sql.parse(LIST + "-- name: bird_get\nSELECT 1;\n"))
        self.assertIn("extern const struct pg_list birds_sql_bird_list;", header)
        self.assertIn("extern const struct pg_statement birds_sql_bird_get;", header)

    def test_lists_all_that_is_prepared(self):
        source = sql.source("birds", sql.parse(LIST + "-- name: bird_get\nSELECT 1;\n"), "x.h")
        table = source[source.index("birds_sql_all[]") :]
        self.assertEqual(table.count("&"), 9)
        self.assertTrue(table.rstrip().endswith("NULL,\n};"))

    def test_escapes_sql(self):
        source = sql.source("birds", sql.parse("-- name: a\nSELECT '\"\\?é'\nFROM t;\n"), "x.h")
        self.assertIn(r'"SELECT ' + r"'\"\\\?\303\251'\n" + '"\n', source)


class Migrations(unittest.TestCase):
    def test_are_sorted(self):
        self.assertEqual(
            sql.migrations([("0002_b", "B"), ("0001_a", "A")]), [("0001_a", "A"), ("0002_b", "B")]
        )

    def test_have_no_gaps(self):
        with self.assertRaisesRegex(sql.SqlError, "0003_b: expected 0002_"):
            sql.migrations([("0001_a", "A"), ("0003_b", "B")])

    def test_become_a_table(self):
        source = sql.migrations_source("birds", [("0001_a", "CREATE TABLE bird ();\n")], "x.h")
        self.assertIn('.name = "0001_a",', source)
        self.assertIn(r'.sql = "CREATE TABLE bird ();\n",', source)


if __name__ == "__main__":
    unittest.main()
