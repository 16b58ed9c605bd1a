import unittest

from google.protobuf import descriptor_pb2

from proto.codegen import fixture
from proto.codegen import model


class Reading(unittest.TestCase):
    def setUp(self):
        self.api = fixture.birds()
        self.bird = self.api.messages["roost.birds.v1.Bird"]

    def field(self, name):
        return self.bird.field(name)[0]

    def test_sorts_fields_by_number(self):
        numbers = [field.number for field in self.bird.fields]
        self.assertEqual(numbers, sorted(numbers))
        self.assertEqual(self.bird.field("seen_at")[1], 7)

    def test_rest_names(self):
        self.assertEqual(self.field("id").json_name, "pk")
        self.assertEqual(self.field("ring_code").json_name, "ring_code")

    def test_options(self):
        self.assertTrue(self.field("id").options.output_only)
        self.assertTrue(self.field("call").options.secret)
        self.assertEqual(self.field("ring_code").options.max_bytes, 12)

    def test_comments(self):
        self.assertEqual(self.bird.comment, "A bird.")
        self.assertEqual(self.field("seen_at").comment, "Declared out of the order of the numbers.")
        nest = self.api.messages["roost.birds.v1.Bird.Nest"]
        self.assertEqual(nest.fields[1].comment, "A nest may be in another's eaves.")

    def test_presence(self):
        self.assertTrue(self.field("is_shy").is_optional)
        self.assertTrue(self.field("songs").is_repeated)
        self.assertFalse(self.field("call").is_optional)

    def test_services(self):
        public, internal = self.api.services_of("roost.birds.v1")
        self.assertEqual(public.full_name, "roost.birds.v1.BirdWatch")
        self.assertFalse(public.is_internal)
        self.assertTrue(internal.is_internal)
        self.assertEqual(public.methods[0].comment, "Rings a bird. Fails with ALREADY_EXISTS. Event: BirdCreated.")
        self.assertEqual(list(public.methods[0].access.roles), ["SuperAdmins", "DomainAdmins"])

    def test_additional_bindings(self):
        update = self.api.services_of("roost.birds.v1")[0].methods[4]
        self.assertEqual([rule.verb for rule in update.http_rules], ["PUT", "PATCH"])

    def test_reaches_nested_and_recursive_messages(self):
        names = [message.full_name for message in self.api.reachable(["roost.birds.v1.Bird"])]
        self.assertEqual(
            names,
            ["google.protobuf.Timestamp", "roost.birds.v1.Bird", "roost.birds.v1.Bird.Nest"],
        )

    def test_descriptor_set_is_whole_and_without_comments(self):
        data = self.api.descriptor_set("roost.birds.v1")
        files = descriptor_pb2.FileDescriptorSet.FromString(data).file
        names = [file.name for file in files]
        self.assertIn(fixture.FILE, names)
        self.assertIn("google/protobuf/descriptor.proto", names)
        self.assertFalse(any(file.HasField("source_code_info") for file in files))
        for file in files:
            for dependency in file.dependency:
                self.assertLess(names.index(dependency), names.index(file.name))


class Rules(unittest.TestCase):
    def check_refusal(self, change, expected):
        with self.assertRaisesRegex(model.ApiError, expected):
            fixture.changed(change)

    def test_access_is_declared(self):
        def clear(_, service):
            fixture.method(service, "GetBird").ClearField("options")

        self.check_refusal(clear, "GetBird: .* must say exactly one thing")

    def test_internal_methods_are_in_internal_services(self):
        def rename(_, service):
            service.name = "WatchInternal"

        self.check_refusal(rename, "CreateBird: internal methods live in services named")

    def test_streams_are_refused(self):
        def stream(_, service):
            fixture.method(service, "GetBird").server_streaming = True

        self.check_refusal(stream, "GetBird: streams are not supported")


if __name__ == "__main__":
    unittest.main()
