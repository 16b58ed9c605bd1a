"""openapi.json: the REST API as OpenAPI 3.1, from the same routes as the gateway's table."""

import json

from proto.codegen import model
from proto.codegen import openapi_errors
from proto.codegen import routes

_TIMESTAMP = "google.protobuf.Timestamp"
_FIELD_MASK = "google.protobuf.FieldMask"
_EMPTY = "google.protobuf.Empty"

_INTEGERS = {
    model.FieldProto.TYPE_INT32: {"type": "integer", "format": "int32"},
    model.FieldProto.TYPE_INT64: {"type": "integer", "format": "int64"},
    model.FieldProto.TYPE_UINT32: {"type": "integer", "format": "int64", "minimum": 0},
    model.FieldProto.TYPE_UINT64: {"type": "integer", "format": "int64", "minimum": 0},
}

# Three shapes of a message. An answer has no secrets. A request has no output-only fields and in
# a PATCH nothing is required.
ANSWER = ""
INPUT = "Input"
PATCH = "Patch"


class Schemas:
    """Component schemas, made when they are first referred to."""

    def __init__(self, api):
        self._api = api
        self.components = dict(openapi_errors.SCHEMAS)

    def reference(self, message_name, shape):
        name = message_name.split(".v1.")[-1].replace(".", "") + shape
        if name not in self.components:
            self.components[name] = None  # a message may hold itself
            message = self._api.messages[message_name]
            self.components[name] = self.of_fields(message.fields, shape, message.comment)
        return {"$ref": f"#/components/schemas/{name}"}

    def of_fields(self, fields, shape, comment=""):
        shown = [field for field in fields if _is_shown(field, shape)]
        schema = {"type": "object"}
        if comment:
            schema["description"] = model.joined(comment)
        schema["properties"] = {field.json_name: self.of_field(field, shape) for field in shown}
        required = [field.json_name for field in shown if field.options.required]
        if required and shape == INPUT:
            schema["required"] = required
        if shape == ANSWER:
            schema["required"] = [field.json_name for field in shown]
        return schema

    def of_field(self, field, shape):
        schema = self._of_value(field, shape)
        if field.is_repeated:
            schema = {"type": "array", "items": schema}
        elif shape == ANSWER and (field.is_optional or field.is_message):
            schema = _or_null(schema)
        if field.comment:
            schema = {**schema, "description": model.joined(field.comment)}
        if field.options.secret:
            schema = {**schema, "writeOnly": True}
        return schema

    def _of_value(self, field, shape):
        if field.type_name == _TIMESTAMP:
            return {"type": "string", "format": "date-time"}
        if field.type_name == _FIELD_MASK:
            return {"type": "string"}
        if field.is_message:
            return self.reference(field.type_name, shape)
        if field.type == model.FieldProto.TYPE_ENUM:
            return {"type": "string", "enum": self._api.enums[field.type_name]}
        if field.type == model.FieldProto.TYPE_BOOL:
            return {"type": "boolean"}
        if field.type == model.FieldProto.TYPE_STRING:
            limit = field.options.max_bytes
            return {"type": "string", "maxLength": limit} if limit and shape else {"type": "string"}
        schema = dict(_INTEGERS[field.type])
        if field.options.megabytes and shape:
            text = {"type": "string", "pattern": "^[0-9]+[MGT]?$", "examples": ["500M", "10G"]}
            return {"oneOf": [schema, text]}
        return schema


def _is_shown(field, shape):
    options = field.options
    if shape == ANSWER:
        return not options.secret and not options.cookie
    return not options.output_only and not options.filled_with


def _or_null(schema):
    if "type" in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"oneOf": [schema, {"type": "null"}]}


def _operation_id(route):
    name = route.method.name[0].lower() + route.method.name[1:]
    return name + (route.rule.verb.capitalize() if route.is_additional else "")


def _parameters(schemas, route):
    result = []
    for name in route.path_fields:
        field, _ = route.request.field(name)
        result.append(_parameter(schemas, field, "path"))
    for field in route.query_fields():
        result.append(_parameter(schemas, field, "query"))
    special = route.special_fields()
    if "request_id" in special:
        result.append({"$ref": "#/components/parameters/IdempotencyKey"})
    if "etag" in special:
        result.append({"$ref": "#/components/parameters/IfMatch"})
    return result


def _parameter(schemas, field, place):
    schema = schemas.of_field(field, INPUT)
    description = schema.pop("description", None)
    parameter = {"name": field.json_name, "in": place, "required": place == "path"}
    if description:
        parameter["description"] = description
    return {**parameter, "schema": schema}


def _request_body(schemas, route):
    shape = PATCH if route.rule.verb == "PATCH" else INPUT
    if route.rule.body == "*":
        taken = set(route.path_fields) | route.special_fields()
        fields = [field for field in route.request.fields if field.name not in taken]
        schema = schemas.of_fields(fields, shape)
    else:
        field, _ = route.request.field(route.rule.body)
        schema = schemas.reference(field.type_name, shape)
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _success(schemas, route):
    response = {"description": "Success."}
    headers = {}
    if route.list_field:
        field, _ = route.response.field(route.list_field)
        schema = schemas.of_field(field, ANSWER)
        for name in ("Link", "X-Total-Count"):
            headers[name] = {"$ref": f"#/components/headers/{name}"}
    elif route.response.full_name == _EMPTY:
        schema = None
    else:
        schema = schemas.reference(route.response.full_name, ANSWER)
        if route.response.field("etag")[0]:
            headers["ETag"] = {"$ref": "#/components/headers/ETag"}
    if any(field.options.cookie for field in route.response.fields):
        headers["Set-Cookie"] = {"$ref": "#/components/headers/Set-Cookie"}
    for field in route.response.fields:
        if field.options.header:
            headers[field.options.header] = {"description": f"As `{field.json_name}`.", "schema": {"type": "string"}}
    if headers:
        response["headers"] = headers
    if schema:
        response["content"] = {"application/json": {"schema": schema}}
    return response


def _operation(schemas, route):
    operation = {
        "operationId": _operation_id(route),
        "tags": [route.service.name],
        "summary": route.summary,
        "description": model.joined(route.method.comment) + "\n\n" + _access_text(route.method.access),
    }
    parameters = _parameters(schemas, route)
    if parameters:
        operation["parameters"] = parameters
    if route.rule.body:
        operation["requestBody"] = _request_body(schemas, route)
    operation["responses"] = {
        str(route.success_status): _success(schemas, route),
        **openapi_errors.responses_of(route),
    }
    if route.method.access.anonymous:
        operation["security"] = []
    return operation


def _access_text(access):
    if access.anonymous:
        return "No credentials are needed."
    if access.authenticated:
        return "Any enabled account may call it."
    return "Roles: " + ", ".join(access.roles) + "."


def document(api):
    schemas = Schemas(api)
    paths = {}
    ids = set()
    table = routes.table(api)
    for route in table:
        operation = _operation(schemas, route)
        if operation["operationId"] in ids:
            raise model.ApiError(f"{route.where}: operationId {operation['operationId']} is taken")
        ids.add(operation["operationId"])
        paths.setdefault(route.rest_path, {})[route.rule.verb.lower()] = operation
    tags = {route.service.name: route.service.comment for route in table}
    result = {
        "openapi": "3.1.0",
        "info": {
            "title": "Roost",
            "version": "v1",
            "description": "The control plane of a mail platform. The same operations are there "
            "as gRPC; this document and that API are made from the same declarations.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}, {"session": []}],
        "tags": [{"name": name, "description": model.joined(text)} for name, text in sorted(tags.items())],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.components.items())),
            "parameters": openapi_errors.PARAMETERS,
            "headers": openapi_errors.HEADERS,
            "responses": openapi_errors.RESPONSES,
            "securitySchemes": openapi_errors.SECURITY_SCHEMES,
        },
    }
    return json.dumps(result, indent=1, ensure_ascii=False) + "\n"
