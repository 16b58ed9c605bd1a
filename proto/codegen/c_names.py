"""Names in C: ours, and those that protobuf-c gives to what it generates."""

import re


def snake(name):
    """CamelCase to snake_case: DnsChecks becomes dns_checks."""
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    return re.sub(r"([A-Z])([A-Z][a-z])", r"\1_\2", name).lower()


def pbc_type(full_name):
    """roost.accounts.v1.ApiToken becomes Roost__Accounts__V1__ApiToken."""
    return "__".join(_camel(part) for part in full_name.split("."))


def pbc_symbol(full_name):
    """roost.accounts.v1.ApiToken becomes roost__accounts__v1__api_token."""
    return "__".join(_lower(part) for part in full_name.split("."))


def pbc_descriptor(full_name):
    return pbc_symbol(full_name) + "__descriptor"


def pbc_header(proto_file):
    """How a file of ours includes the header of this proto."""
    path = proto_file[: -len(".proto")] + ".pb-c.h"
    return "proto/" + path if proto_file.startswith("roost/") else path


def meta_symbol(full_name):
    return pbc_symbol(full_name) + "__meta"


def method_symbol(service, method):
    """The rpc_method that the client stub of this method calls."""
    return f"{snake(service.name)}_client_{snake(method.name)}_method"


def handler_symbol(service, method):
    return f"{snake(service.name)}_{snake(method.name)}"


def short_package(package):
    """roost.accounts.v1 becomes accounts."""
    return package.split(".")[1]


def _camel(part):
    return "".join(word[:1].upper() + word[1:] for word in part.split("_"))


def _lower(part):
    result = ""
    was_upper = True
    for char in part:
        if char.isupper() and not was_upper:
            result += "_"
        result += char.lower()
        was_upper = char.isupper()
    return result
