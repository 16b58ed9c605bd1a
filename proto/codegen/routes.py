"""The gateway's route table from google.api.http: routes.{h,c} and the text of routes.golden.

A row is everything that the gateway knows about an operation; gateway/route.h says what each
member means.
"""

import dataclasses
import re

from proto.codegen import c_names
from proto.codegen import c_text
from proto.codegen import model

_EMPTY = "google.protobuf.Empty"
_VARIABLE = re.compile(r"\{([a-z][a-z0-9_]*)\}$")
_LITERAL = re.compile(r"[A-Za-z0-9._~-]+$")
_TEXT_TYPES = {
    model.FieldProto.TYPE_STRING,
    model.FieldProto.TYPE_INT32,
    model.FieldProto.TYPE_INT64,
    model.FieldProto.TYPE_UINT32,
    model.FieldProto.TYPE_UINT64,
    model.FieldProto.TYPE_BOOL,
    model.FieldProto.TYPE_ENUM,
}
# The transcoder has no JSON form for these (services/common/message/json.h).
_NO_JSON_TYPES = {
    model.FieldProto.TYPE_BYTES,
    model.FieldProto.TYPE_DOUBLE,
    model.FieldProto.TYPE_FLOAT,
    model.FieldProto.TYPE_GROUP,
}


@dataclasses.dataclass
class Route:
    service: model.Service
    method: model.Method
    rule: model.HttpRule
    request: model.Message
    response: model.Message
    segments: list  # (literal, "") or ("", request field name)
    list_field: str  # of the response; "" if it is no list

    @property
    def where(self):
        return f"{self.service.full_name}/{self.method.name}"

    @property
    def path_fields(self):
        return [field for _, field in self.segments if field]

    @property
    def is_additional(self):
        return self.rule is not self.method.http_rules[0]

    @property
    def success_status(self):
        if self.method.rest.success_status:
            return self.method.rest.success_status
        if self.response.full_name == _EMPTY:
            return 204
        return 201 if self.method.name.startswith("Create") else 200

    @property
    def rest_path(self):
        """The template with REST names: {id} is {pk}."""
        parts = []
        for literal, name in self.segments:
            parts.append(literal or "{" + self.request.field(name)[0].json_name + "}")
        return "/" + "/".join(parts) + "/"

    @property
    def summary(self):
        """The first sentence of the comment, without its full stop."""
        text = model.joined(self.method.comment)
        return re.split(r"(?<=[.])\s", text, maxsplit=1)[0].rstrip(".")

    def special_fields(self):
        """Request fields that have a place of their own in HTTP: neither query nor body."""
        names = {"update_mask", "request_id", "etag"} - set(self.path_fields)
        return {field.name for field in self.request.fields if field.name in names}

    def query_fields(self):
        """Request fields that a client gives in the query."""
        if self.rule.body == "*":
            return []
        taken = {self.rule.body, *self.path_fields} | self.special_fields()
        return [
            field
            for field in self.request.fields
            if field.name not in taken and not field.options.filled_with
        ]


def table(api):
    """All routes, in the order in which the gateway tries them."""
    found = [
        _route(api, service, method, rule)
        for service in api.services
        for method in service.methods
        for rule in method.http_rules
    ]
    found.sort(key=_sort_key)
    shapes = {}
    for route in found:
        shape = (route.rule.verb, *(literal for literal, _ in route.segments))
        if shape in shapes:
            raise model.ApiError(f"{route.where}: {route.rule.path} is also {shapes[shape]}")
        shapes[shape] = route.where
    return found


def _sort_key(route):
    shape = [(bool(field), literal) for literal, field in route.segments]
    return (shape, route.rule.verb)


def _route(api, service, method, rule):
    request = api.messages[method.request]
    response = api.messages[method.response]
    route = Route(
        service=service,
        method=method,
        rule=rule,
        request=request,
        response=response,
        segments=_segments(rule.path, f"{service.full_name}/{method.name}"),
        list_field=_list_field(method, response),
    )
    _check(api, route)
    return route


def _segments(path, where):
    if not (path.startswith("/") and path.endswith("/")):
        raise model.ApiError(f"{where}: {path} does not begin and end with a slash")
    segments = []
    for text in path[1:-1].split("/"):
        variable = _VARIABLE.match(text)
        if not variable and not _LITERAL.match(text):
            raise model.ApiError(f"{where}: {path}: {text!r} is neither a name nor {{field}}")
        segments.append(("", variable[1]) if variable else (text, ""))
    return segments


def _list_field(method, response):
    """The one repeated field of a List* response."""
    if not method.name.startswith("List"):
        return ""
    repeated = [field.name for field in response.fields if field.is_repeated]
    if len(repeated) != 1:
        raise model.ApiError(f"{response.full_name}: a list response has one repeated field")
    return repeated[0]


def _check(api, route):
    for name in route.path_fields:
        field, _ = route.request.field(name)
        if field is None or field.is_repeated or field.type not in _TEXT_TYPES:
            raise model.ApiError(f"{route.where}: {{{name}}} is no scalar field of the request")
    if len(set(route.path_fields)) != len(route.path_fields):
        raise model.ApiError(f"{route.where}: {route.rule.path} binds a field twice")
    if route.rule.body not in ("", "*"):
        field, _ = route.request.field(route.rule.body)
        if field is None or field.is_repeated or not field.is_message:
            raise model.ApiError(f"{route.where}: body {route.rule.body} is no message field")
    if route.rule.body and route.rule.verb in ("GET", "DELETE"):
        raise model.ApiError(f"{route.where}: a {route.rule.verb} has no body")
    for field in route.query_fields():
        if field.type not in _TEXT_TYPES:
            raise model.ApiError(f"{route.where}: {field.name} cannot be given in a query")
    for message in api.reachable([route.request.full_name, route.response.full_name]):
        for field in message.fields:
            if field.type in _NO_JSON_TYPES or message.is_map_entry:
                raise model.ApiError(f"{message.full_name}.{field.name}: this type has no JSON form")


def header():
    out = c_text.GENERATED.format(source="google.api.http in the protos")
    return out + '#pragma once\n\n#include "gateway/route.h"\n'


def source(routes):
    packages = sorted({route.service.package for route in routes})
    clients = []
    for package in packages:
        short = c_names.short_package(package)
        clients.append(f"proto/{package.replace('.', '/')}/{short}.client.h")
    out = c_text.GENERATED.format(source="google.api.http in the protos")
    out += c_text.includes(["gateway/routes.h"]) + "\n"
    out += c_text.includes([*clients, "proto/message_metas.h"]) + "\n"
    messages = {message.full_name for route in routes for message in (route.request, route.response)}
    for name in sorted(messages):
        out += f"extern const ProtobufCFieldDescriptor {_fields_symbol(name)}[];\n"
    out += "\nconst struct route routes[] = {\n"
    out += "".join(_row(route) for route in routes)
    return out + "};\nconst size_t n_routes = sizeof routes / sizeof routes[0];\n"


def _fields_symbol(message_name):
    return c_names.pbc_symbol(message_name) + "__field_descriptors"


def _pointer(message, name):
    """The address of a field's descriptor, NULL if there is no such field."""
    _, index = message.field(name)
    return "NULL" if index < 0 else f"&{_fields_symbol(message.full_name)}[{index}]"


def _special(route, name):
    return _pointer(route.request, name) if name in route.special_fields() else "NULL"


def _segment(route, literal, field):
    if literal:
        return f"{{.literal = {c_text.quoted(literal)}}}"
    return f"{{.field = {_pointer(route.request, field)}}}"


def _flags(route):
    flags = []
    if route.method.rest.starts_session:
        flags.append("ROUTE_STARTS_SESSION")
    if route.method.rest.clears_session:
        flags.append("ROUTE_CLEARS_SESSION")
    if route.method.access.anonymous:
        flags.append("ROUTE_ANONYMOUS")
    if route.rule.body == "*":
        flags.append("ROUTE_WHOLE_BODY")
    return " | ".join(flags) or "0"


def _row(route):
    segments = "".join(
        f"            {_segment(route, *segment)},\n" for segment in route.segments
    )
    is_list = bool(route.list_field)
    members = {
        "method": "ROUTE_" + route.rule.verb,
        "template": c_text.quoted(route.rest_path),
        "segments": f"(const struct route_segment[]){{\n{segments}        }}",
        "n_segments": len(route.segments),
        "rpc": "&" + c_names.method_symbol(route.service, route.method),
        "request": "&" + c_names.meta_symbol(route.request.full_name),
        "response": "&" + c_names.meta_symbol(route.response.full_name),
        "body": _pointer(route.request, route.rule.body),
        "update_mask": _special(route, "update_mask"),
        "request_id": _special(route, "request_id"),
        "etag": _special(route, "etag"),
        "list": _pointer(route.response, route.list_field),
        "next_page_token": _pointer(route.response, "next_page_token" if is_list else ""),
        "total_size": _pointer(route.response, "total_size" if is_list else ""),
        "success_status": route.success_status,
        "flags": _flags(route),
        "summary": c_text.quoted(route.summary),
    }
    lines = "".join(f"        .{name} = {value},\n" for name, value in members.items())
    return f"    {{\n{lines}    }},\n"


def golden(routes):
    """One line per route, for people to review."""
    return "".join(_golden_line(route) for route in routes)


def _golden_line(route):
    access = route.method.access
    who = ",".join(access.roles) or ("anonymous" if access.anonymous else "authenticated")
    words = [f"{route.rule.verb:6} {route.rule.path}", route.where, str(route.success_status), who]
    if route.rule.body:
        words.append(f"body={route.rule.body}")
    query = ",".join(field.json_name for field in route.query_fields())
    if query:
        words.append(f"query={query}")
    headers = ",".join(sorted(route.special_fields()))
    if headers:
        words.append(f"special={headers}")
    if route.list_field:
        words.append(f"list={route.list_field}")
    if route.method.rest.starts_session:
        words.append("starts_session")
    if route.method.rest.clears_session:
        words.append("clears_session")
    return "  ".join(words) + "\n"
