"""The API of testdata/birds.proto, and changed copies of it, for the tests of the generator."""

import os
import pathlib

from google.protobuf import descriptor_pb2

from proto.codegen import model

_SET = pathlib.Path(os.environ.get("TEST_SRCDIR", ".")) / "roost/proto/codegen/birds_set.pb"
FILE = "roost/birds/v1/birds.proto"


def birds():
    return model.Api(_SET.read_bytes())


def changed(change):
    """The API after change(file, service): file and service are the descriptors of BirdWatch."""
    files = descriptor_pb2.FileDescriptorSet.FromString(_SET.read_bytes())
    file = next(file for file in files.file if file.package == "roost.birds.v1")
    change(file, file.service[0])
    return model.Api(files.SerializeToString())


def method(service, name):
    return next(method for method in service.method if method.name == name)


def set_rule(proto, text):
    """Replaces google.api.http of a method by a GET of this path. 72295728 is its field number."""
    path = text.encode()
    rule = b"\x12" + bytes([len(path)]) + path
    tag = b"\x82\xd3\xe4\x93\x02"
    proto.options.ParseFromString(_without_rule(proto) + tag + bytes([len(rule)]) + rule)


def _without_rule(proto):
    """The options but google.api.http, which is an unknown field here."""
    data = proto.options.SerializeToString()
    start = data.find(b"\x82\xd3\xe4\x93\x02")
    if start < 0:
        return data
    end = start + 6 + data[start + 5]
    return data[:start] + data[end:]
