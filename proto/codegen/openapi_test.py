import json
import unittest

from proto.codegen import fixture
from proto.codegen import openapi


def references(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield inner
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


class Document(unittest.TestCase):
    def setUp(self):
        self.document = json.loads(openapi.document(fixture.birds()))
        self.schemas = self.document["components"]["schemas"]

    def operation(self, verb, path):
        return self.document["paths"][path][verb]

    def test_every_reference_leads_somewhere(self):
        for reference in references(self.document):
            place = self.document
            for step in reference.removeprefix("#/").split("/"):
                self.assertIn(step, place, reference)
                place = place[step]

    def test_operation_ids_are_unique(self):
        ids = [
            operation["operationId"]
            for verbs in self.document["paths"].values()
            for operation in verbs.values()
        ]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertIn("updateBirdPatch", ids)

    def test_answer_has_no_secrets(self):
        self.assertNotIn("call", self.schemas["Bird"]["properties"])
        self.assertNotIn("session", self.schemas["EnterHideResponse"]["properties"])
        self.assertEqual(self.schemas["Bird"]["properties"]["is_shy"]["type"], ["boolean", "null"])

    def test_field_that_is_also_a_header(self):
        answer = self.operation("post", "/api/v1/hide/")["responses"]["202"]
        self.assertEqual(answer["headers"]["X-Feather"]["schema"], {"type": "string"})
        self.assertIn("feather", self.schemas["EnterHideResponse"]["properties"])

    def test_request_has_no_output_only_fields(self):
        properties = self.schemas["BirdInput"]["properties"]
        self.assertNotIn("pk", properties)
        self.assertTrue(properties["call"]["writeOnly"])
        self.assertEqual(properties["ring_code"]["maxLength"], 12)
        self.assertEqual(self.schemas["BirdInput"]["required"], ["ring_code"])

    def test_patch_requires_nothing(self):
        body = self.operation("patch", "/api/v1/birds/{pk}/")["requestBody"]
        reference = body["content"]["application/json"]["schema"]["$ref"]
        self.assertEqual(reference, "#/components/schemas/BirdPatch")
        self.assertNotIn("required", self.schemas["BirdPatch"])

    def test_recursive_message(self):
        parent = self.schemas["BirdNestInput"]["properties"]["parent"]
        self.assertEqual(parent["$ref"], "#/components/schemas/BirdNestInput")

    def test_megabytes_may_be_written_with_a_unit(self):
        height = self.schemas["BirdNestInput"]["properties"]["height"]
        self.assertEqual([kind["type"] for kind in height["oneOf"]], ["integer", "string"])

    def test_list_is_an_array_with_headers(self):
        answer = self.operation("get", "/api/v1/birds/")["responses"]["200"]
        schema = answer["content"]["application/json"]["schema"]
        self.assertEqual(schema["items"], {"$ref": "#/components/schemas/Bird"})
        self.assertEqual(set(answer["headers"]), {"Link", "X-Total-Count"})

    def test_parameters(self):
        parameters = self.operation("delete", "/api/v1/birds/{pk}/")["parameters"]
        self.assertEqual(
            [parameter.get("name", parameter.get("$ref")) for parameter in parameters],
            ["pk", "keep_feathers", "#/components/parameters/IfMatch"],
        )
        kind = self.operation("get", "/api/v1/birds/")["parameters"][2]
        self.assertEqual(kind["description"], "Only birds of this kind.")
        self.assertEqual(kind["schema"]["enum"], ["KIND_UNSPECIFIED", "KIND_ROBIN"])

    def test_whole_body_lacks_what_is_elsewhere(self):
        delete = self.operation("post", "/api/v1/birds/{pk}/delete/")["requestBody"]
        schema = delete["content"]["application/json"]["schema"]
        self.assertEqual(list(schema["properties"]), ["keep_feathers"])
        enter = self.operation("post", "/api/v1/hide/")["requestBody"]
        schema = enter["content"]["application/json"]["schema"]
        self.assertEqual(list(schema["properties"]), ["password"])

    def test_errors(self):
        self.assertEqual(
            list(self.operation("put", "/api/v1/birds/{pk}/")["responses"]),
            ["200", "400", "401", "403", "404", "409", "412", "429", "503"],
        )
        self.assertNotIn("412", self.operation("get", "/api/v1/birds/")["responses"])

    def test_security(self):
        self.assertEqual(self.operation("get", "/api/v1/birds/")["security"], [])
        self.assertNotIn("security", self.operation("get", "/api/v1/birds/{pk}/"))
        self.assertEqual(set(self.document["components"]["securitySchemes"]), {"token", "session"})


if __name__ == "__main__":
    unittest.main()
