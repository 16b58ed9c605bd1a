"""The API as Python objects, read from a descriptor set with all imports and source info.

Our options (roost.common.v1) and google.api.http are read through message classes that are built
from the descriptor set itself, so no generated Python is needed.
"""

import dataclasses
import re

from google.protobuf import descriptor_pb2
from google.protobuf import descriptor_pool
from google.protobuf import message_factory

FieldProto = descriptor_pb2.FieldDescriptorProto

ROLES = ("SuperAdmins", "Resellers", "DomainAdmins", "SimpleUsers")


class ApiError(Exception):
    """The protos break a rule; the text names the element and the rule."""


@dataclasses.dataclass
class Field:
    name: str
    number: int
    json_name: str
    type: int
    type_name: str  # without the leading dot; empty for scalars
    is_repeated: bool
    is_optional: bool  # proto3 `optional`
    options: object  # roost.common.v1.Field
    comment: str

    @property
    def is_message(self):
        return self.type == FieldProto.TYPE_MESSAGE

    @property
    def is_text(self):
        return self.type == FieldProto.TYPE_STRING and not self.is_repeated


@dataclasses.dataclass
class Message:
    full_name: str
    file: str
    fields: list  # by number, as protobuf-c sorts them
    comment: str
    is_map_entry: bool

    def field(self, name):
        """The field of this name and its index; (None, -1) if there is none."""
        for index, field in enumerate(self.fields):
            if field.name == name:
                return field, index
        return None, -1


@dataclasses.dataclass
class HttpRule:
    verb: str  # "GET"
    path: str
    body: str  # "", "*" or a request field


@dataclasses.dataclass
class Method:
    name: str
    request: str
    response: str
    access: object  # roost.common.v1.Access
    rest: object  # roost.common.v1.Rest
    http_rules: list
    comment: str
    no_side_effects: bool = False  # idempotency_level


@dataclasses.dataclass
class Service:
    name: str
    full_name: str
    package: str
    file: str
    methods: list
    comment: str

    @property
    def is_internal(self):
        return self.name.endswith("Internal")


class Api:
    """All files of a descriptor set."""

    def __init__(self, data):
        plain = descriptor_pb2.FileDescriptorSet.FromString(data)
        pool = descriptor_pool.DescriptorPool()
        for file in plain.file:
            pool.Add(file)
        self._pool = pool
        factory = message_factory.MessageFactory(pool)
        set_type = pool.FindMessageTypeByName("google.protobuf.FileDescriptorSet")
        self._files = factory.GetPrototype(set_type).FromString(data).file
        self._dependencies = {file.name: list(file.dependency) for file in plain.file}
        self._plain_files = list(plain.file)
        self.messages = {}
        self.enums = {}
        self.services = []
        for file in self._files:
            self._read_file(file)
        for service in self.services:
            check_service(service)

    def roost_packages(self):
        return sorted({service.package for service in self.services})

    def services_of(self, package):
        """The public service first."""
        found = [service for service in self.services if service.package == package]
        if not found:
            raise ApiError(f"{package}: no such package, or it has no service")
        return sorted(found, key=lambda service: (service.is_internal, service.name))

    def files_of(self, package):
        """The files that declare services; a file of messages only is the service's own business."""
        return sorted({service.file for service in self.services_of(package)})

    def descriptor_set(self, package):
        """The serialized files that declare services, with all imports, without comments."""
        wanted = set()
        waiting = self.files_of(package)
        while waiting:
            name = waiting.pop()
            if name not in wanted:
                wanted.add(name)
                waiting.extend(self._dependencies[name])
        result = descriptor_pb2.FileDescriptorSet()
        for file in self._plain_files:
            if file.name in wanted:
                copy = result.file.add()
                copy.CopyFrom(file)
                copy.ClearField("source_code_info")
        return result.SerializeToString(deterministic=True)

    def reachable(self, names):
        """These messages and all that they hold, sorted by name."""
        found = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                fields = self.messages[name].fields
                waiting.extend(field.type_name for field in fields if field.is_message)
        return [self.messages[name] for name in sorted(found)]

    def _extension(self, options, name):
        return options.Extensions[self._pool.FindExtensionByName(name)]

    def _read_file(self, file):
        comments = {
            tuple(location.path): clean_comment(location.leading_comments)
            for location in file.source_code_info.location
            if location.leading_comments
        }
        for index, message in enumerate(file.message_type):
            self._read_message(file, message, file.package, (4, index), comments)
        for enum in file.enum_type:
            self.enums[f"{file.package}.{enum.name}"] = [value.name for value in enum.value]
        # The options' own file has services only as fields of options; google's files have none.
        for index, service in enumerate(file.service):
            self.services.append(self._read_service(file, service, (6, index), comments))

    def _read_message(self, file, message, scope, path, comments):
        full_name = f"{scope}.{message.name}"
        fields = [
            self._read_field(field, comments.get(path + (2, index), ""))
            for index, field in enumerate(message.field)
        ]
        self.messages[full_name] = Message(
            full_name=full_name,
            file=file.name,
            fields=sorted(fields, key=lambda field: field.number),
            comment=comments.get(path, ""),
            is_map_entry=message.options.map_entry,
        )
        for index, nested in enumerate(message.nested_type):
            self._read_message(file, nested, full_name, path + (3, index), comments)
        for enum in message.enum_type:
            self.enums[f"{full_name}.{enum.name}"] = [value.name for value in enum.value]

    def _read_field(self, field, comment):
        return Field(
            name=field.name,
            number=field.number,
            json_name=rest_name(field),
            type=field.type,
            type_name=field.type_name.lstrip("."),
            is_repeated=field.label == FieldProto.LABEL_REPEATED,
            is_optional=field.proto3_optional,
            options=self._extension(field.options, "roost.common.v1.field"),
            comment=comment,
        )

    def _read_service(self, file, service, path, comments):
        methods = []
        for index, method in enumerate(service.method):
            if method.client_streaming or method.server_streaming:
                raise ApiError(f"{service.name}.{method.name}: streams are not supported")
            rule = self._extension(method.options, "google.api.http")
            rules = [rule, *rule.additional_bindings] if rule.WhichOneof("pattern") else []
            methods.append(
                Method(
                    name=method.name,
                    request=method.input_type.lstrip("."),
                    response=method.output_type.lstrip("."),
                    access=self._extension(method.options, "roost.common.v1.access"),
                    rest=self._extension(method.options, "roost.common.v1.rest"),
                    http_rules=[read_rule(rule) for rule in rules],
                    comment=comments.get(path + (2, index), ""),
                    no_side_effects=method.options.idempotency_level == method.options.NO_SIDE_EFFECTS,
                )
            )
        return Service(
            name=service.name,
            full_name=f"{file.package}.{service.name}",
            package=file.package,
            file=file.name,
            methods=methods,
            comment=comments.get(path, ""),
        )


def read_rule(rule):
    verb = rule.WhichOneof("pattern")
    if verb not in ("get", "put", "post", "delete", "patch"):
        raise ApiError(f"google.api.http: {verb} is not supported")
    return HttpRule(verb=verb.upper(), path=getattr(rule, verb), body=rule.body)


def rest_name(field):
    """The json_name where the proto gives one, else the field's own name (not lowerCamelCase)."""
    default = re.sub(r"_+([a-z0-9])", lambda match: match.group(1).upper(), field.name)
    return field.name if field.json_name in ("", default) else field.json_name


def clean_comment(text):
    return "\n".join(line[1:] if line.startswith(" ") else line for line in text.splitlines())


def joined(comment):
    """Comments are wrapped in the proto; here a paragraph becomes one line."""
    return re.sub(r"(?<!\n)\n(?!\n)", " ", comment)


def check_service(service):
    """What the server and the gateway take for granted about who may call what."""
    for method in service.methods:
        where = f"{service.full_name}.{method.name}"
        access = method.access
        ways = [access.anonymous, access.authenticated, bool(access.roles), access.internal]
        if sum(ways) != 1:
            raise ApiError(f"{where}: (roost.common.v1.access) must say exactly one thing")
        if access.internal != service.is_internal:
            raise ApiError(f"{where}: internal methods live in services named *Internal, and only they")
        if service.is_internal and method.http_rules:
            raise ApiError(f"{where}: an internal method has no HTTP route")
        for role in access.roles:
            if role not in ROLES:
                raise ApiError(f"{where}: unknown role {role}")
