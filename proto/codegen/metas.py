"""message_metas.{h,c}: JSON names and field options of every message of ours and all they hold."""

from proto.codegen import c_names
from proto.codegen import c_text
from proto.codegen import model

_FILLS = {
    "": "FILL_NONE",
    "remote_address": "FILL_REMOTE_ADDRESS",
    "user_agent": "FILL_USER_AGENT",
    "session": "FILL_SESSION",
}


def _messages(api):
    names = {name for name in api.messages if name.startswith("roost.")}
    for service in api.services:
        for method in service.methods:
            names.update((method.request, method.response))
    return api.reachable(names)


def _headers(api):
    return sorted({c_names.pbc_header(message.file) for message in _messages(api)})


def _flags(options):
    flags = []
    for name in ("secret", "output_only", "required", "megabytes"):
        if getattr(options, name):
            flags.append("FIELD_" + name.upper())
    return " | ".join(flags) or "0"


def _field(message, field):
    options = field.options
    where = f"{message.full_name}.{field.name}"
    if (options.cookie or options.header) and not field.is_text:
        raise model.ApiError(f"{where}: only a string can be a cookie or a header")
    if options.filled_with not in _FILLS:
        raise model.ApiError(f"{where}: nothing fills a field with {options.filled_with}")
    out = "    {\n"
    out += f"        .json_name = {c_text.quoted(field.json_name)},\n"
    out += f"        .flags = {_flags(options)},\n"
    out += f"        .max_bytes = {options.max_bytes or 'MESSAGE_STRING_MAX_BYTES'},\n"
    out += f"        .cookie = {c_text.quoted_or_null(options.cookie)},\n"
    out += f"        .header = {c_text.quoted_or_null(options.header)},\n"
    out += f"        .filled_with = {_FILLS[options.filled_with]},\n"
    if field.is_message:
        out += f"        .child = &{c_names.meta_symbol(field.type_name)},\n"
    out += "    },\n"
    return out


def header(api):
    out = c_text.GENERATED.format(source="all protos")
    out += "#pragma once\n\n" + c_text.includes(["services/common/message/meta.h"]) + "\n"
    for message in _messages(api):
        out += f"extern const struct message_meta {c_names.meta_symbol(message.full_name)};\n"
    return out


def source(api):
    messages = _messages(api)
    out = c_text.GENERATED.format(source="all protos")
    out += c_text.includes(["proto/message_metas.h"]) + "\n" + c_text.includes(_headers(api))
    for message in messages:
        symbol = c_names.meta_symbol(message.full_name)
        fields = "NULL"
        if message.fields:
            fields = f"{symbol}_fields"
            out += f"\nstatic const struct message_field_meta {fields}[] = {{\n"
            out += "".join(_field(message, field) for field in message.fields) + "};\n"
        out += f"\nconst struct message_meta {symbol} = {{\n"
        out += f"    .descriptor = &{c_names.pbc_descriptor(message.full_name)},\n"
        out += f"    .fields = {fields},\n}};\n"
    out += "\nconst struct message_meta *const message_metas[] = {\n"
    for message in messages:
        out += f"    &{c_names.meta_symbol(message.full_name)},\n"
    out += "};\n"
    out += "const size_t n_message_metas = sizeof message_metas / sizeof message_metas[0];\n"
    return out
