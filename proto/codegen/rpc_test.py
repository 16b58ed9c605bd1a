import unittest

from proto.codegen import fixture
from proto.codegen import metas
from proto.codegen import rpc

PACKAGE = "roost.birds.v1"


class Server(unittest.TestCase):
    def setUp(self):
        api = fixture.birds()
        self.header = rpc.rpc_header(api, PACKAGE)
        self.source = rpc.rpc_source(api, PACKAGE)

    def test_prototype_has_the_comment_of_the_proto(self):
        self.assertIn(
            """/* Reads one bird. Fails with NOT_FOUND. */
MUST_USE const struct error *bird_watch_get_bird(
    struct call *call, const Roost__Birds__V1__GetBirdRequest *req,
    Roost__Birds__V1__Bird **ret_resp);
""",
            self.header,
        )

    def test_declares_both_services_and_the_descriptor_set(self):
        self.assertIn("extern const struct rpc_service bird_watch_rpc;", self.header)
        self.assertIn("extern const struct rpc_service bird_watch_internal_rpc;", self.header)
        self.assertIn("extern const uint8_t birds_descriptor_set[];", self.header)

    def test_includes_messages_of_other_files(self):
        self.assertIn('#include "google/protobuf/empty.pb-c.h"', self.header)
        self.assertIn('#include "proto/roost/birds/v1/birds.pb-c.h"', self.header)

    def test_method_table(self):
        self.assertIn(
            """    {
        .path = "/roost.birds.v1.BirdWatch/CreateBird",
        .request = &roost__birds__v1__create_bird_request__descriptor,
        .response = &roost__birds__v1__bird__descriptor,
        .access = {.roles = RPC_SUPER_ADMINS | RPC_DOMAIN_ADMINS},
        .handler = call_bird_watch_create_bird,
    },
""",
            self.source,
        )
        self.assertIn(".access = {.anonymous = true},", self.source)
        self.assertIn(".access = {.internal = true},", self.source)

    def test_only_what_says_so_is_without_side_effects(self):
        self.assertEqual(1, self.source.count(".no_side_effects = true,"))
        self.assertIn(
            ".access = {.authenticated = true},\n        .no_side_effects = true,\n        .handler = call_bird_watch_get_bird,",
            self.source,
        )

    def test_no_function_pointer_is_cast(self):
        self.assertNotIn("rpc_handler_fn", self.source)
        self.assertNotIn("(void *)", self.source)


class Client(unittest.TestCase):
    def test_stub(self):
        source = rpc.client_source(fixture.birds(), PACKAGE)
        self.assertIn(
            """const struct error *bird_watch_internal_client_read_ring(
    struct call *call, const Roost__Birds__V1__GetBirdRequest *req,
    Roost__Birds__V1__Bird **ret_resp)
{
    ProtobufCMessage *response = NULL;
    const struct error *err = rpc_call(call, &bird_watch_internal_client_read_ring_method, &req->base, &response);
    if (err) {
        return err;
    }
    *ret_resp = (Roost__Birds__V1__Bird *)response;
    return NULL;
}
""",
            source,
        )
        self.assertNotIn(".handler", source)


class Metas(unittest.TestCase):
    def setUp(self):
        self.source = metas.source(fixture.birds())

    def test_field(self):
        self.assertIn(
            """    {
        .json_name = "pk",
        .flags = FIELD_OUTPUT_ONLY,
        .max_bytes = MESSAGE_STRING_MAX_BYTES,
        .cookie = NULL,
        .header = NULL,
        .filled_with = FILL_NONE,
    },
""",
            self.source,
        )

    def test_options(self):
        self.assertIn('.cookie = "hide",', self.source)
        self.assertIn('.header = "X-Feather",', self.source)
        self.assertIn(".filled_with = FILL_USER_AGENT,", self.source)
        self.assertIn(".flags = FIELD_SECRET,\n        .max_bytes = 9,", self.source)

    def test_child(self):
        self.assertIn(".child = &roost__birds__v1__bird__nest__meta,", self.source)
        self.assertIn(".child = &google__protobuf__timestamp__meta,", self.source)

    def test_table_is_sorted(self):
        table = self.source[self.source.index("message_metas[] = {") :]
        rows = [line.strip(" &,") for line in table.splitlines() if line.startswith("    &")]
        self.assertEqual(rows[0], "google__protobuf__empty__meta")
        self.assertIn("roost__birds__v1__bird__meta", rows)
        self.assertEqual(len(rows), len(set(rows)))


if __name__ == "__main__":
    unittest.main()
