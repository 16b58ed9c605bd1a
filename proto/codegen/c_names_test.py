import unittest

from proto.codegen import c_names
from proto.codegen import c_text


class Names(unittest.TestCase):
    def test_snake(self):
        for name, expected in {
            "DnsChecks": "dns_checks",
            "GetDnsCheck": "get_dns_check",
            "ListApiTokens": "list_api_tokens",
            "AccountsInternal": "accounts_internal",
            "RunDKIMCheck": "run_dkim_check",
            "Ipv6Only": "ipv6_only",
        }.items():
            self.assertEqual(c_names.snake(name), expected)

    def test_protobuf_c_type(self):
        self.assertEqual(
            c_names.pbc_type("roost.accounts.v1.ApiToken"), "Roost__Accounts__V1__ApiToken"
        )
        self.assertEqual(
            c_names.pbc_type("google.protobuf.FieldMask"), "Google__Protobuf__FieldMask"
        )

    def test_protobuf_c_descriptor(self):
        self.assertEqual(
            c_names.pbc_descriptor("roost.accounts.v1.ApiToken"),
            "roost__accounts__v1__api_token__descriptor",
        )
        # As protobuf-c does it, which is not snake().
        self.assertEqual(c_names.pbc_symbol("roost.x.v1.DKIMKey"), "roost__x__v1__dkimkey")

    def test_header(self):
        self.assertEqual(
            c_names.pbc_header("roost/a/v1/a.proto"), "proto/roost/a/v1/a.pb-c.h"
        )
        self.assertEqual(
            c_names.pbc_header("google/protobuf/empty.proto"), "google/protobuf/empty.pb-c.h"
        )


class Text(unittest.TestCase):
    def test_string_literal(self):
        self.assertEqual(c_text.quoted('a"b\\c\n\t??=é'), r'"a\"b\\c\n\t\?\?=\303\251"')

    def test_octal_does_not_run_into_a_digit(self):
        self.assertEqual(c_text.quoted("\x011"), r'"\0011"')

    def test_comment_cannot_end_early(self):
        self.assertEqual(c_text.block_comment("a */ b"), "/* a * / b */\n")
        self.assertEqual(c_text.block_comment("a\n\nb"), "/*\n * a\n *\n * b\n */\n")
        self.assertEqual(c_text.block_comment(""), "")


if __name__ == "__main__":
    unittest.main()
