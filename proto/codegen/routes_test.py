import unittest

from proto.codegen import fixture
from proto.codegen import model
from proto.codegen import routes


class Table(unittest.TestCase):
    def setUp(self):
        self.table = routes.table(fixture.birds())

    def route(self, verb, path):
        (found,) = [r for r in self.table if (r.rule.verb, r.rule.path) == (verb, path)]
        return found

    def test_tries_literals_before_variables(self):
        paths = [route.rule.path for route in self.table if route.rule.verb == "GET"]
        self.assertEqual(paths, ["/api/v1/birds/", "/api/v1/birds/count/", "/api/v1/birds/{id}/"])

    def test_success_status(self):
        for verb, path, status in [
            ("POST", "/api/v1/birds/", 201),
            ("GET", "/api/v1/birds/{id}/", 200),
            ("DELETE", "/api/v1/birds/{id}/", 204),
            ("POST", "/api/v1/hide/", 202),
        ]:
            self.assertEqual(self.route(verb, path).success_status, status)

    def test_query_fields_are_what_path_body_and_gateway_leave(self):
        for verb, path, names in [
            ("GET", "/api/v1/birds/", ["page_size", "page_token", "kind"]),
            ("GET", "/api/v1/birds/count/", ["rings"]),
            ("GET", "/api/v1/birds/{id}/", []),
            ("PUT", "/api/v1/birds/{id}/", []),
            ("DELETE", "/api/v1/birds/{id}/", ["keep_feathers"]),
            ("POST", "/api/v1/birds/{id}/delete/", []),
        ]:
            fields = self.route(verb, path).query_fields()
            self.assertEqual([field.name for field in fields], names)

    def test_special_fields(self):
        self.assertEqual(
            self.route("PUT", "/api/v1/birds/{id}/").special_fields(),
            {"update_mask", "request_id", "etag"},
        )

    def test_lists_by_name(self):
        self.assertEqual(self.route("GET", "/api/v1/birds/").list_field, "birds")
        # A repeated field alone makes no list.
        self.assertEqual(self.route("GET", "/api/v1/birds/count/").list_field, "")

    def test_rest_path(self):
        self.assertEqual(
            self.route("POST", "/api/v1/birds/{id}/delete/").rest_path, "/api/v1/birds/{pk}/delete/"
        )


class Refusals(unittest.TestCase):
    def check(self, method, path, expected):
        def change(_, service):
            fixture.set_rule(fixture.method(service, method), path)

        with self.assertRaisesRegex(model.ApiError, expected):
            routes.table(fixture.changed(change))

    def test_same_path_twice(self):
        self.check("CountBirds", "/api/v1/birds/", "is also roost.birds.v1.BirdWatch/")
        self.check("LeaveHide", "/api/v1/birds/{id}/", "is also roost.birds.v1.BirdWatch/")

    def test_path_without_slash(self):
        self.check("CountBirds", "/api/v1/birds", "does not begin and end with a slash")

    def test_unknown_field_in_path(self):
        self.check("GetBird", "/api/v1/birds/{ring}/", "{ring} is no scalar field")

    def test_repeated_field_in_path(self):
        self.check("CountBirds", "/api/v1/birds/{rings}/", "{rings} is no scalar field")

    def test_nested_variable(self):
        self.check("GetBird", "/api/v1/{name=birds/*}/", "neither a name nor")

    def test_type_without_json(self):
        def change(file, _):
            bird = next(message for message in file.message_type if message.name == "Bird")
            bird.field[0].type = model.FieldProto.TYPE_DOUBLE

        with self.assertRaisesRegex(model.ApiError, "Bird.id: this type has no JSON form"):
            routes.table(fixture.changed(change))


class Output(unittest.TestCase):
    def setUp(self):
        self.table = routes.table(fixture.birds())

    def test_golden_line(self):
        golden = routes.golden(self.table).splitlines()
        self.assertIn(
            "POST   /api/v1/birds/  roost.birds.v1.BirdWatch/CreateBird  201  "
            "SuperAdmins,DomainAdmins  body=bird  special=request_id",
            golden,
        )
        self.assertEqual(len(golden), len(self.table))

    def test_row(self):
        source = routes.source(self.table)
        self.assertIn(
            """    {
        .method = ROUTE_PATCH,
        .template = "/api/v1/birds/{pk}/",
        .segments = (const struct route_segment[]){
            {.literal = "api"},
            {.literal = "v1"},
            {.literal = "birds"},
            {.field = &roost__birds__v1__update_bird_request__field_descriptors[0]},
        },
        .n_segments = 4,
        .rpc = &bird_watch_client_update_bird_method,
        .request = &roost__birds__v1__update_bird_request__meta,
        .response = &roost__birds__v1__bird__meta,
        .body = &roost__birds__v1__update_bird_request__field_descriptors[1],
        .update_mask = &roost__birds__v1__update_bird_request__field_descriptors[2],
        .request_id = &roost__birds__v1__update_bird_request__field_descriptors[3],
        .etag = &roost__birds__v1__update_bird_request__field_descriptors[4],
        .list = NULL,
        .next_page_token = NULL,
        .total_size = NULL,
        .success_status = 200,
        .flags = 0,
        .summary = "Changes a bird",
    },
""",
            source,
        )

    def test_flags(self):
        source = routes.source(self.table)
        self.assertIn(".flags = ROUTE_STARTS_SESSION | ROUTE_ANONYMOUS | ROUTE_WHOLE_BODY,", source)
        self.assertIn(".flags = ROUTE_CLEARS_SESSION | ROUTE_WHOLE_BODY,", source)


if __name__ == "__main__":
    unittest.main()
