"""<svc>.rpc.{h,c}: what a service implements, and <svc>.client.{h,c}: stubs to call it."""

from proto.codegen import c_names
from proto.codegen import c_text

_ROLE_FLAGS = {
    "SuperAdmins": "RPC_SUPER_ADMINS",
    "Resellers": "RPC_RESELLERS",
    "DomainAdmins": "RPC_DOMAIN_ADMINS",
    "SimpleUsers": "RPC_SIMPLE_USERS",
}


def _header_name(package, kind):
    folder = package.replace(".", "/")
    return f"proto/{folder}/{c_names.short_package(package)}.{kind}.h"


def _message_headers(api, package):
    """The package's own messages and those of other packages in its signatures."""
    files = set(api.files_of(package))
    for service in api.services_of(package):
        for method in service.methods:
            files.add(api.messages[method.request].file)
            files.add(api.messages[method.response].file)
    return sorted(c_names.pbc_header(file) for file in files)


def _signature(name, method):
    return (
        f"const struct error *{name}(\n"
        f"    struct call *call, const {c_names.pbc_type(method.request)} *req,\n"
        f"    {c_names.pbc_type(method.response)} **ret_resp)"
    )


def _access(access):
    if access.roles:
        flags = " | ".join(_ROLE_FLAGS[role] for role in access.roles)
        return f"{{.roles = {flags}}}"
    for name in ("anonymous", "authenticated", "internal"):
        if getattr(access, name):
            return f"{{.{name} = true}}"
    return "{0}"


def _method_fields(service, method, indent):
    """The initialisers that servers and clients share."""
    margin = " " * indent
    return (
        f'{margin}.path = "/{service.full_name}/{method.name}",\n'
        f"{margin}.request = &{c_names.pbc_descriptor(method.request)},\n"
        f"{margin}.response = &{c_names.pbc_descriptor(method.response)},\n"
        f"{margin}.access = {_access(method.access)},\n"
        + (f"{margin}.no_side_effects = true,\n" if method.no_side_effects else "")
    )


def rpc_header(api, package):
    short = c_names.short_package(package)
    out = c_text.GENERATED.format(source=package)
    out += "/* What the service implements: one function per rpc, called with the access checked. */\n"
    out += "#pragma once\n\n#include <stddef.h>\n#include <stdint.h>\n\n"
    out += c_text.includes([*_message_headers(api, package), "services/common/rpc/method.h"])
    for service in api.services_of(package):
        out += f"\nextern const struct rpc_service {c_names.snake(service.name)}_rpc;\n"
        for method in service.methods:
            out += "\n" + c_text.block_comment(method.comment)
            out += f"MUST_USE {_signature(c_names.handler_symbol(service, method), method)};\n"
    out += "\n/* The FileDescriptorSet of the package with its imports, for server reflection. */\n"
    out += f"extern const uint8_t {short}_descriptor_set[];\n"
    out += f"extern const size_t {short}_descriptor_set_len;\n"
    return out


def _trampoline(service, method):
    name = c_names.handler_symbol(service, method)
    return (
        f"static const struct error *call_{name}(struct call *call,\n"
        "    const ProtobufCMessage *request, ProtobufCMessage **ret_response)\n"
        "{\n"
        f"    {c_names.pbc_type(method.response)} *response = NULL;\n"
        "    const struct error *err =\n"
        f"        {name}(call, (const {c_names.pbc_type(method.request)} *)request, &response);\n"
        "    if (err) {\n"
        "        return err;\n"
        "    }\n"
        "    *ret_response = (ProtobufCMessage *)response;\n"
        "    return NULL;\n"
        "}\n"
    )


def _service_table(service):
    name = c_names.snake(service.name)
    out = f"static const struct rpc_method {name}_methods[] = {{\n"
    for method in service.methods:
        out += "    {\n" + _method_fields(service, method, 8)
        out += f"        .handler = call_{c_names.handler_symbol(service, method)},\n    }},\n"
    out += "};\n\n"
    out += f"const struct rpc_service {name}_rpc = {{\n"
    out += f'    .name = "{service.full_name}",\n'
    out += f"    .internal = {'true' if service.is_internal else 'false'},\n"
    out += f"    .methods = {name}_methods,\n"
    out += f"    .n_methods = sizeof {name}_methods / sizeof {name}_methods[0],\n}};\n"
    return out


def rpc_source(api, package):
    short = c_names.short_package(package)
    out = c_text.GENERATED.format(source=package)
    out += c_text.includes([_header_name(package, "rpc")])
    for service in api.services_of(package):
        for method in service.methods:
            out += "\n" + _trampoline(service, method)
        out += "\n" + _service_table(service)
    out += f"\nconst uint8_t {short}_descriptor_set[] = {{\n"
    out += c_text.byte_array(api.descriptor_set(package))
    out += "\n};\n"
    out += f"const size_t {short}_descriptor_set_len = sizeof {short}_descriptor_set;\n"
    return out


def _stub_name(service, method):
    return f"{c_names.snake(service.name)}_client_{c_names.snake(method.name)}"


def client_header(api, package):
    out = c_text.GENERATED.format(source=package)
    out += "/* Calls to the service: rpc_call() of services/common/rpc/client.h with types. */\n"
    out += "#pragma once\n\n"
    out += c_text.includes([*_message_headers(api, package), "services/common/rpc/method.h"])
    for service in api.services_of(package):
        for method in service.methods:
            out += "\n" + c_text.block_comment(method.comment)
            out += f"MUST_USE {_signature(_stub_name(service, method), method)};\n"
            out += f"extern const struct rpc_method {c_names.method_symbol(service, method)};\n"
    return out


def client_source(api, package):
    out = c_text.GENERATED.format(source=package)
    out += c_text.includes([_header_name(package, "client")])
    out += "\n" + c_text.includes(["services/common/rpc/client.h"])
    for service in api.services_of(package):
        for method in service.methods:
            symbol = c_names.method_symbol(service, method)
            out += f"\nconst struct rpc_method {symbol} = {{\n"
            out += _method_fields(service, method, 4) + "};\n\n"
            out += _signature(_stub_name(service, method), method) + "\n{\n"
            out += "    ProtobufCMessage *response = NULL;\n"
            out += f"    const struct error *err = rpc_call(call, &{symbol}, &req->base, &response);\n"
            out += "    if (err) {\n        return err;\n    }\n"
            out += f"    *ret_resp = ({c_names.pbc_type(method.response)} *)response;\n"
            out += "    return NULL;\n}\n"
    return out
